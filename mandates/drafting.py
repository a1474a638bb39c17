"""Putting debits into a new batch: which are chosen, and which of them share a payment block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ledger.acts import Act
from ledger.database import among
from ledger.identifiers import new_id
from ledger.models import BankAccount
from mandates import debits
from mandates.collectable import earliest_collection
from mandates.models import Batch, Debit, Mandate, PaymentBlock, Scheme
from mandates.states import BatchState, DebitState


class _Group(NamedTuple):
    """What debits must have in common to share a payment block."""

    bank_account_id: str
    sequence_type: str
    collect_on: date


def choose(
    session: Session, creditor_id: str, scheme: Scheme, collect_until: date | None, *, act: Act
) -> list[Debit]:
    """The scheduled debits of a creditor and scheme that can be collected, locked, with dates that can be met."""
    debits.drop_stale(session, creditor_id=creditor_id, act=act)
    query = (
        select(Debit)
        .join(Mandate, Mandate.id == Debit.mandate_id)
        .where(
            Debit.creditor_id == creditor_id,
            Debit.state == DebitState.SCHEDULED,
            Mandate.scheme == scheme,
        )
        .order_by(Debit.id)
        .with_for_update(of=Debit)
        .execution_options(populate_existing=True)
    )
    if collect_until is not None:
        query = query.where(Debit.collect_on <= collect_until)
    chosen = list(session.scalars(query))
    earliest = earliest_collection(act.today)
    for debit in chosen:
        debit.collect_on = max(debit.collect_on, earliest)
    return chosen


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


def put_into_blocks(session: Session, batch: Batch, chosen: Sequence[Debit]) -> None:
    """One payment block for each account, sequence type and date (EPC130-08: what a PmtInf must share)."""
    groups: dict[_Group, list[Debit]] = defaultdict(list)
    for debit in chosen:
        groups[_Group(debit.bank_account_id, debit.sequence_type, debit.collect_on)].append(debit)
    for group, members in sorted(groups.items()):
        account = session.get_one(BankAccount, group.bank_account_id)
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
        ids = [debit.id for debit in members]
        session.execute(
            update(Debit).where(among(Debit.id, ids)).values(block_id=block_id),
            execution_options={"synchronize_session": False},
        )
        for debit in members:
            set_committed_value(debit, "block_id", block_id)
