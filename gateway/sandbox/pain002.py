"""Writes pain.002.001.10, the bank's report of the transactions it refused; it is silent about the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from exporters.pain008.message import DirectDebitMessage, PaymentBlock, Transaction
from gateway.sandbox.camt053 import originator
from gateway.sandbox.elements import Elements, document, instant
from reconciliation.statement import Party

FORMAT = "pain.002.001.10"
REPORTED_FORMAT = "pain.008.001.08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One refused transaction: its ISO reason code, and whether the debtor refused it rather than a bank."""

    transaction: Transaction
    reason: str
    by_debtor: bool = False


def write(
    stream: BinaryIO,
    message: DirectDebitMessage,
    rejections: Sequence[tuple[PaymentBlock, Sequence[Rejection]]],
    *,
    message_id: str,
    created_at: datetime,
) -> None:
    """One pain.002.001.10 document naming the `rejections` of each payment block that has some, in UTF-8.

    Only transactions carry a status (RJCT), as banks that send negatives only do it. `created_at` is aware.
    Raises ValueError for text that XML cannot hold.
    """
    with document(stream, message=FORMAT, root="CstmrPmtStsRpt") as xml:
        with xml.inside("GrpHdr"):
            xml.leaf("MsgId", message_id)
            xml.leaf("CreDtTm", instant(created_at))
        with xml.inside("OrgnlGrpInfAndSts"):
            xml.leaf("OrgnlMsgId", message.message_id)
            xml.leaf("OrgnlMsgNmId", REPORTED_FORMAT)
            xml.leaf("OrgnlNbOfTxs", str(message.transaction_count))
        for block, refused in rejections:
            _block(xml, block, refused)


def _block(xml: Elements, block: PaymentBlock, rejections: Sequence[Rejection]) -> None:
    with xml.inside("OrgnlPmtInfAndSts"):
        xml.leaf("OrgnlPmtInfId", block.payment_information_id)
        xml.leaf("OrgnlNbOfTxs", str(len(block.transactions)))
        for rejection in rejections:
            _transaction(xml, block, rejection)


def _transaction(xml: Elements, block: PaymentBlock, rejection: Rejection) -> None:
    transaction = rejection.transaction
    debtor = transaction.debtor
    with xml.inside("TxInfAndSts"):
        xml.leaf("OrgnlInstrId", transaction.instruction_id)
        xml.leaf("OrgnlEndToEndId", transaction.end_to_end_id)
        xml.leaf("TxSts", "RJCT")
        with xml.inside("StsRsnInf"):
            originator(xml, Party(name=debtor.name, bic=debtor.bic), debtor=rejection.by_debtor)
            with xml.inside("Rsn"):
                xml.leaf("Cd", rejection.reason)
        with xml.inside("OrgnlTxRef"):
            with xml.inside("Amt"):
                xml.amount("InstdAmt", transaction.amount)
            xml.leaf("ReqdColltnDt", block.collect_on.isoformat())
            with xml.inside("MndtRltdInf"):
                xml.leaf("MndtId", transaction.mandate_id)
            with xml.inside("Dbtr", "Pty"):
                xml.leaf("Nm", debtor.name)
            with xml.inside("DbtrAcct", "Id"):
                xml.leaf("IBAN", debtor.iban)
