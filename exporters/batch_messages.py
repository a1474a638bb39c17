"""What the file of a batch says, from the rows of the database, one transaction after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from exporters.pain008 import message as pain008
from exporters.pain008.message import Amendment, Streamed
from ledger import creditors
from ledger.banking import is_eea_country, same_bank
from ledger.models import BankAccount, Invoice
from ledger.money import Money
from mandates import batches
from mandates.models import Batch, Debit, Mandate, PaymentBlock
from mandates.states import DebitState

_AT_ONCE = 2_000  # rows fetched from the cursor together

_COLUMNS = (
    Debit.end_to_end_id, Debit.amount_minor, Debit.currency, Debit.mandate_reference, Debit.debtor_iban,
    Debit.creditor_identifier, Debit.creditor_name,
    Debit.debtor_name, Mandate.signed_on, Mandate.bic, Mandate.debtor_country, Mandate.debtor_street,
    Mandate.debtor_postcode, Mandate.debtor_town, Mandate.presented_reference, Mandate.presented_iban,
    Mandate.presented_creditor_identifier, Mandate.presented_creditor_name,
    Invoice.number,
)  # fmt: skip


_EARLIER = aliased(Debit)
# What a collection that is at the bank already says of a mandate from which none has been booked yet.
_UNDER_WAY = (
    select(
        _EARLIER.mandate_reference.label("sent_reference"),
        _EARLIER.debtor_iban.label("sent_iban"),
        _EARLIER.creditor_identifier.label("sent_identifier"),
        _EARLIER.creditor_name.label("sent_name"),
    )
    .where(_EARLIER.mandate_id == Debit.mandate_id, _EARLIER.state == DebitState.SUBMITTED)
    .order_by(_EARLIER.collect_on.desc(), _EARLIER.id.desc())
    .limit(1)
    .correlate(Debit)
    .lateral()
)


def message_of(session: Session, batch: Batch) -> pain008.DirectDebitMessage:
    """The content of a batch's file as the database holds it now; only the stored bytes are what left.

    The transactions of each block come from a cursor and can be read once.
    """
    creditor = creditors.get(session, batch.creditor_id)
    account = session.get_one(BankAccount, batch.bank_account_id)
    party = pain008.Party(name=creditor.name, iban=str.__str__(account.iban or ""), bic=account.bic)
    return pain008.DirectDebitMessage(
        message_id=batch.message_id,
        created_at=batch.edited_at or batch.created_at,
        initiating_party=creditor.name,
        blocks=tuple(
            _block(session, batch, block, party, creditor.creditor_identifier or "")
            for block in batches.blocks_of(session, batch.id)
        ),
    )


def _block(
    session: Session, batch: Batch, block: PaymentBlock, party: pain008.Party, creditor_id: str
) -> pain008.PaymentBlock:
    return pain008.PaymentBlock(
        payment_information_id=block.payment_information_id,
        scheme=pain008.Scheme(batch.scheme),
        sequence_type=pain008.SequenceType(block.sequence_type),
        collect_on=block.collect_on,
        creditor=party,
        creditor_id=creditor_id,
        batch_booking=block.batch_booking,
        transactions=Streamed(
            _transactions(session, block.id), count=block.debit_count, control_sum_minor=block.total_minor
        ),
    )


def _transactions(session: Session, block_id: str) -> Iterator[pain008.Transaction]:
    rows = session.execute(
        select(*_COLUMNS, *_UNDER_WAY.c)
        .join(Mandate, Mandate.id == Debit.mandate_id)
        .outerjoin(_UNDER_WAY, Mandate.presented_reference.is_(None))
        .join(Invoice, Invoice.id == Debit.invoice_id)
        .where(Debit.block_id == block_id)
        .order_by(Debit.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    for row in rows:
        yield _transaction(row)


def _transaction(row: Any) -> pain008.Transaction:
    return pain008.Transaction(
        end_to_end_id=row.end_to_end_id,
        amount=Money(row.amount_minor, row.currency),
        mandate_id=row.mandate_reference,
        signed_on=row.signed_on,
        debtor=_debtor(row),
        remittance=row.number,
        amendment=amendment_of(row),
    )


def _debtor(row: Any) -> pain008.Party:
    """The debtor as the mandate names it; BIC and address only where a bank outside the EEA needs them."""
    iban = str.__str__(row.debtor_iban)
    address = bic = None
    if not is_eea_country(iban[:2]):
        bic = row.bic
        if row.debtor_town and row.debtor_country:
            address = pain008.Address(
                country=row.debtor_country, town=row.debtor_town, postcode=row.debtor_postcode,
                street=row.debtor_street,
            )  # fmt: skip
    return pain008.Party(name=row.debtor_name, iban=iban, bic=bic, address=address)


def amendment_of(row: Any) -> Amendment | None:
    """What the file says now and the debtor's bank knows otherwise; None for a mandate it does not know yet.

    It knows what the last collection said that it accepted or, before any, one that is under way. A debtor who moved to
    another bank is told by SMNDA instead of the old account (EPC130-08, AmdmntInfDtls).
    """
    known = _known(row)
    if known is None:
        return None
    reference, known_iban, identifier, name = known
    iban = str.__str__(row.debtor_iban)
    moved = known_iban != iban
    stayed = moved and same_bank(known_iban, iban)
    amendment = Amendment(
        original_mandate_id=_if_other(reference, row.mandate_reference),
        original_creditor_id=_if_other(identifier, row.creditor_identifier),
        original_creditor_name=_if_other(name, row.creditor_name),
        original_debtor_iban=known_iban if stayed else None,
        same_mandate_new_debtor_agent=moved and not stayed,
    )
    return None if amendment == _NOTHING else amendment


def _known(row: Any) -> tuple[str, str, str, str] | None:
    """Reference, IBAN, creditor identifier and creditor name as the debtor's bank knows them, if it knows any."""
    if row.presented_reference is not None:
        facts = (
            row.presented_reference, row.presented_iban, row.presented_creditor_identifier,
            row.presented_creditor_name,
        )  # fmt: skip
    elif row.sent_reference is not None:
        facts = (row.sent_reference, row.sent_iban, row.sent_identifier, row.sent_name)
    else:
        return None
    reference, iban, identifier, name = facts
    return reference, str.__str__(iban), identifier, name


_NOTHING = Amendment()


def _if_other(known: str, now: str) -> str | None:
    return known if known != now else None
