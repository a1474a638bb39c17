"""From a batch to its pain.008: written and checked when the batch is drafted, let go when it is released."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from exporters import stored_files
from exporters.models import StoredFile
from exporters.pain008 import message as pain008
from exporters.pain008.check import Report, check
from exporters.pain008.writer import write
from ledger import creditors
from ledger.acts import Act
from ledger.banking import is_eea_country
from ledger.errors import Rejected
from ledger.models import BankAccount, Creditor, Invoice
from ledger.money import Money
from mandates import batches
from mandates.models import Batch, Debit, Mandate, PaymentBlock, Scheme


class BankWouldRefuse(Rejected):
    """The file of this batch would be refused by a bank; `findings` say where and why."""


def draft(
    session: Session,
    *,
    creditor_id: str,
    scheme: Scheme = Scheme.CORE,
    collect_until: date | None = None,
    act: Act,
) -> tuple[Batch, StoredFile]:
    """A new batch with its file, checked against the schema and every rule before it is stored.

    Raises what `mandates.batches.draft` raises, Unwritable, or BankWouldRefuse.
    """
    batch = batches.draft(
        session, creditor_id=creditor_id, scheme=scheme, collect_until=collect_until, act=act
    )
    out = io.BytesIO()
    write(message_of(session, batch), out=out)
    content = out.getvalue()
    _require_acceptable(check(content, today=act.today))
    file = stored_files.store(
        session, content, kind="pain.008", name=f"{batch.message_id}.xml", batch_id=batch.id, act=act
    )
    return batch, file


def release(session: Session, batch_id: str, *, act: Act) -> tuple[Batch, StoredFile]:
    """Release a batch and its file together, once.

    Raises what `mandates.batches.release` and `stored_files.release` raise.
    """
    batch = batches.release(session, batch_id, act=act)
    file = stored_files.of_batch(session, batch_id)
    return batch, stored_files.release(session, file.id, act=act)


def message_of(session: Session, batch: Batch) -> pain008.DirectDebitMessage:
    """The content of a batch's file as the database holds it now; only the stored bytes are what left."""
    creditor = creditors.get(session, batch.creditor_id)
    return pain008.DirectDebitMessage(
        message_id=batch.message_id,
        created_at=batch.created_at,
        initiating_party=creditor.name,
        blocks=tuple(
            _block(session, creditor, batch, block) for block in batches.blocks_of(session, batch.id)
        ),
    )


def _block(session: Session, creditor: Creditor, batch: Batch, block: PaymentBlock) -> pain008.PaymentBlock:
    account = session.get_one(BankAccount, block.bank_account_id)
    return pain008.PaymentBlock(
        payment_information_id=block.payment_information_id,
        scheme=pain008.Scheme(batch.scheme),
        sequence_type=pain008.SequenceType(block.sequence_type),
        collect_on=block.collect_on,
        creditor=pain008.Party(name=creditor.name, iban=str(account.iban or ""), bic=account.bic),
        creditor_id=creditor.creditor_identifier or "",
        batch_booking=block.batch_booking,
        transactions=tuple(_transactions(session, block.id)),
    )


def _transactions(session: Session, block_id: str) -> Iterator[pain008.Transaction]:
    rows = session.execute(
        select(Debit, Mandate, Invoice.number)
        .join(Mandate, Mandate.id == Debit.mandate_id)
        .join(Invoice, Invoice.id == Debit.invoice_id)
        .where(Debit.block_id == block_id)
        .order_by(Debit.id)
    )
    for debit, mandate, number in rows:
        yield pain008.Transaction(
            end_to_end_id=debit.end_to_end_id,
            amount=Money(debit.amount_minor, debit.currency),
            mandate_id=mandate.reference,
            signed_on=mandate.signed_on,
            debtor=_debtor(mandate),
            remittance=number,
        )


def _debtor(mandate: Mandate) -> pain008.Party:
    """The debtor as the mandate names it; its address only where a bank outside the EEA needs it."""
    country = mandate.iban[:2]
    address = None
    if not is_eea_country(country) and mandate.debtor_town and mandate.debtor_country:
        address = pain008.Address(
            country=mandate.debtor_country, town=mandate.debtor_town,
            postcode=mandate.debtor_postcode, street=mandate.debtor_street,
        )  # fmt: skip
    return pain008.Party(name=mandate.debtor_name, iban=str(mandate.iban), bic=mandate.bic, address=address)


def _require_acceptable(report: Report) -> None:
    if not report.accepted:
        worst = [finding for finding in report.findings if finding.severity == "error"]
        first = worst[0]
        place = f"collection {first.transaction}" if first.transaction else first.path
        raise BankWouldRefuse(
            f"A bank would refuse the file ({len(worst)} findings). First, about {place}: {first.message}",
            findings=[finding.rule for finding in worst],
        )
