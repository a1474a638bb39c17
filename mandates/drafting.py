"""Putting debits into a new batch: which are chosen, and which of them share a payment block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ledger import creditors, cut_offs
from ledger.acts import Act
from ledger.database import expire_rows
from ledger.errors import Rejected
from ledger.identifiers import new_id
from ledger.models import BankAccount
from mandates import debits, pre_notifications
from mandates.models import Batch, Debit, Mandate, PaymentBlock, Scheme
from mandates.putting_off import put_off
from mandates.states import BatchState, DebitState

# What a debit holds only while it is in a batch.
TAKEN_DOWN = (
    "block_id",
    "debtor_iban",
    "mandate_reference",
    "creditor_identifier",
    "creditor_name",
    "debtor_name",
)
_INTO_BLOCK = """
UPDATE debits SET block_id = :block, debtor_iban = mandates.iban, mandate_reference = mandates.reference,
    creditor_identifier = creditors.creditor_identifier, creditor_name = creditors.name,
    debtor_name = mandates.debtor_name
FROM mandates, creditors
WHERE debits.id = ANY(:ids) AND mandates.id = debits.mandate_id AND creditors.id = debits.creditor_id
"""


class NothingToCollect(Rejected):
    """There is no scheduled debit for this batch."""


class _Group(NamedTuple):
    """What debits must have in common to share a payment block."""

    sequence_type: str
    collect_on: date


def accounts_of(
    session: Session, creditor_id: str, scheme: Scheme, bank_account_id: str | None
) -> list[BankAccount]:
    """The accounts that a batch may be for: the one named, else all with scheduled debits, the first due first.

    A file goes to one bank, so a batch is for one account. Raises BankAccountNotFound, NoCollectionAccount or
    NothingToCollect.
    """
    if bank_account_id is not None:
        return [creditors.collection_account(session, creditor_id, bank_account_id)]
    scheduled = session.scalars(
        select(Debit.bank_account_id)
        .join(Mandate, Mandate.id == Debit.mandate_id)
        .where(
            Debit.creditor_id == creditor_id,
            Debit.state == DebitState.SCHEDULED,
            Mandate.scheme == scheme,
        )
        .group_by(Debit.bank_account_id)
        .order_by(func.min(Debit.collect_on), func.min(Debit.id))
    ).all()
    if not scheduled:
        raise NothingToCollect(f"No {scheme} debit is scheduled.", field="creditor_id")
    return [session.get_one(BankAccount, one) for one in scheduled]


def choose(
    session: Session, account: BankAccount, scheme: Scheme, collect_until: date | None, *, act: Act
) -> list[Debit]:
    """The scheduled debits of a scheme into `account` that a file sent now can collect, locked.

    They are those up to `collect_until`, or up to the last day that the bank takes. Dates that can no longer be met
    move to the first possible one. A debit whose notice is not out in time for its day is left out.
    """
    cut_off = cut_offs.of(account)
    last = cut_offs.latest(cut_off, act.at)
    debits.drop_stale(session, creditor_id=account.creditor_id, act=act)
    chosen = list(
        session.scalars(
            select(Debit)
            .join(Mandate, Mandate.id == Debit.mandate_id)
            .where(
                Debit.bank_account_id == account.id,
                Debit.state == DebitState.SCHEDULED,
                Mandate.scheme == scheme,
                Debit.collect_on <= (last if collect_until is None else min(last, collect_until)),
            )
            .order_by(Debit.id)
            .with_for_update(of=Debit)
            .execution_options(populate_existing=True)
        )
    )
    return _announced(session, chosen, cut_offs.earliest(cut_off, act.at), act=act)


def _announced(session: Session, chosen: Sequence[Debit], first_file: date, *, act: Act) -> list[Debit]:
    """Those that can be collected on their day; where the day is gone, another one is announced first."""
    untold = set(pre_notifications.missing(session, chosen))
    late = [debit for debit in chosen if debit.collect_on < first_file or debit.id in untold]
    pre_notifications.announce(session, put_off(session, [debit.id for debit in late], act=act), act=act)
    untold |= pre_notifications.missing(session, late).keys()
    return [debit for debit in chosen if debit.id not in untold]


def new_batch(
    account: BankAccount, scheme: Scheme, chosen: Sequence[Debit], *, one_person: bool, act: Act
) -> Batch:
    """The batch that holds the debits `chosen`, with a message id of its own."""
    batch_id = new_id("bat")
    return Batch(
        id=batch_id, creditor_id=account.creditor_id, bank_account_id=account.id, scheme=scheme,
        state=BatchState.DRAFT, message_id=f"DC{batch_id.removeprefix('bat_').upper()}",
        file_profile=account.file_profile, one_person=one_person,
        debit_count=len(chosen), total_minor=sum(debit.amount_minor for debit in chosen), currency="EUR",
        drafted_by=act.actor, created_at=act.at,
    )  # fmt: skip


def put_into_blocks(session: Session, batch: Batch, account: BankAccount, chosen: Sequence[Debit]) -> None:
    """One payment block for each sequence type and date (EPC130-08: what a PmtInf must share).

    What the file will say of mandate and creditor is taken down on each debit; later changes do not reach it.
    """
    groups: dict[_Group, list[Debit]] = defaultdict(list)
    for debit in chosen:
        groups[_Group(debit.sequence_type, debit.collect_on)].append(debit)
    for group, members in sorted(groups.items()):
        block_id = new_id("blk")
        session.add(
            PaymentBlock(
                id=block_id, batch_id=batch.id, bank_account_id=account.id,
                payment_information_id=f"PI{block_id.removeprefix('blk_').upper()}",
                sequence_type=group.sequence_type, collect_on=group.collect_on,
                batch_booking=account.batch_booking, debit_count=len(members),
                total_minor=sum(debit.amount_minor for debit in members),
            )
        )  # fmt: skip
        session.flush()
        session.execute(text(_INTO_BLOCK), {"block": block_id, "ids": [debit.id for debit in members]})
    expire_rows(session, "debits", [debit.id for debit in chosen], TAKEN_DOWN)
