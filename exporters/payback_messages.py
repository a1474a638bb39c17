"""What the file of a payback batch says: refunds from the database, reversals from the very file they take back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from io import BytesIO

from sqlalchemy.orm import Session

from exporters import pain001, stored_files
from exporters.pain007 import message as pain007
from exporters.pain007.writer import write
from exporters.pain008 import message as pain008
from exporters.pain008 import reader
from ledger import creditors
from ledger.errors import Conflict
from ledger.models import BankAccount, Payment, Refund
from ledger.money import Money
from mandates import batches, paybacks, reversals
from mandates.payback_models import DebitReversal, PaybackBatch, PaybackKind

# Where banks take a reversal only line by line: the German subset of pain.007 requires OrgnlTxRef, which only a
# line has.
LINE_BY_LINE = frozenset({"DE"})


class NotInFile(Conflict):
    """The collection does not stand in the file it is said to have left with."""


def content_of(session: Session, payback: PaybackBatch) -> bytes:
    """The bytes of the file of a payback batch. Raises Unwritable or NotInFile."""
    if payback.kind == PaybackKind.REFUNDS:
        return pain001.write(transfers_of(session, payback))
    out = BytesIO()
    write(reversals_of(session, payback), out=out)
    return out.getvalue()


def transfers_of(session: Session, payback: PaybackBatch) -> pain001.TransferMessage:
    """The refunds of a batch as transfers from our account to their payees."""
    creditor = creditors.get(session, payback.creditor_id)
    account = session.get_one(BankAccount, payback.bank_account_id)
    return pain001.TransferMessage(
        message_id=payback.message_id,
        created_at=payback.created_at,
        payment_information_id=str(payback.payment_information_id),
        execute_on=_day(payback.execute_on),
        payer=pain001.Party(name=creditor.name, iban=str(account.iban or ""), bic=account.bic),
        batch_booking=account.batch_booking,
        transfers=tuple(_transfer(session, refund) for refund in paybacks.refunds_of(session, payback.id)),
    )


def _transfer(session: Session, refund: Refund) -> pain001.Transfer:
    payment = session.get_one(Payment, refund.payment_id)
    return pain001.Transfer(
        end_to_end_id=refund.end_to_end_id,
        amount=Money(refund.amount_minor, refund.currency),
        payee=pain001.Party(
            name=str(refund.payee_name or ""), iban=str(refund.payee_iban or ""), bic=refund.payee_bic
        ),
        remittance=f"Refund {payment.reference or refund.end_to_end_id}",
    )


def reversals_of(session: Session, payback: PaybackBatch) -> pain007.ReversalMessage:
    """The reversals of a batch; what each says of its collection is read out of the bytes that left.

    Raises NotInFile, FileDamaged or UnreadableFile.
    """
    batch = batches.get(session, str(payback.batch_id))
    original = reader.read(stored_files.content_of(session, stored_files.of_batch(session, batch.id).id))
    account = session.get_one(BankAccount, payback.bank_account_id)
    ordered = {debit.end_to_end_id: reversal for reversal, debit in reversals.of_payback(session, payback.id)}
    by_line = str(account.iban or "")[:2] in LINE_BY_LINE
    blocks = tuple(_blocks(original, ordered, by_line=by_line))
    if sum(block.count for block in blocks) != len(ordered):
        raise NotInFile(
            f"Not every debit of payback batch {payback.id} stands in the file of batch {batch.id}."
        )
    return pain007.ReversalMessage(
        message_id=payback.message_id,
        created_at=payback.created_at,
        initiating_party=original.initiating_party,
        creditor_bic=account.bic,
        original_message_id=original.message_id,
        original_version=batch.file_profile,
        blocks=blocks,
    )


def _blocks(
    original: pain008.DirectDebitMessage, ordered: dict[str, DebitReversal], *, by_line: bool
) -> Iterator[pain007.LinesOfBlock | pain007.WholeBlock]:
    for block in original.blocks:
        found = [one for one in block.transactions if one.end_to_end_id in ordered]
        reasons = {ordered[one.end_to_end_id].reason for one in found}
        if found and len(found) == len(block.transactions) and len(reasons) == 1 and not by_line:
            yield pain007.WholeBlock(
                payment_information_id=block.payment_information_id, count=len(found),
                control_sum_minor=sum(one.amount.minor for one in found), reason=reasons.pop(),
            )  # fmt: skip
        elif found:
            yield pain007.LinesOfBlock(
                payment_information_id=block.payment_information_id,
                lines=tuple(_line(block, one, ordered[one.end_to_end_id]) for one in found),
            )


def _line(block: pain008.PaymentBlock, said: pain008.Transaction, ordered: DebitReversal) -> pain007.Line:
    return pain007.Line(
        reversal_id=ordered.reference,
        end_to_end_id=said.end_to_end_id,
        amount=said.amount,
        reason=ordered.reason,
        collection=pain007.Collection(
            collect_on=block.collect_on,
            creditor_id=block.creditor_id,
            scheme=block.scheme,
            sequence_type=block.sequence_type,
            mandate_id=said.mandate_id,
            signed_on=said.signed_on,
            debtor=_party(said.debtor),
            creditor=_party(block.creditor),
        ),
    )


def _party(said: pain008.Party) -> pain007.Party:
    return pain007.Party(name=said.name, iban=said.iban, bic=said.bic)


def _day(day: date | None) -> date:
    if day is None:
        raise AssertionError("a batch of refunds has a day, as a constraint of its table says")
    return day
