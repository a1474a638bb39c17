"""Writes pain.002, the bank's report on a file of ours, in every version from .03 to .14."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import BinaryIO

from exporters.pain008.message import Transaction
from gateway.sandbox.camt053 import originator
from gateway.sandbox.elements import Elements, document, instant
from ledger.money import Money
from reconciliation.statement import Party

REJECTED = "RJCT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Where one version differs: the tag of a party's BIC, and what the debtor and the mandate are wrapped in."""

    organisation_bic: str = "AnyBIC"
    debtor: tuple[str, ...] = ("Dbtr", "Pty")
    mandate: tuple[str, ...] = ("MndtRltdInf",)


# The schemas of ISO 20022: AnyBIC came with .04, the party as a choice with .09, the mandate as one with .11.
_FLAT = Version(debtor=("Dbtr",))
_CHOICE = Version(mandate=("MndtRltdInf", "DrctDbtMndt"))
VERSIONS: Mapping[str, Version] = {
    "pain.002.001.03": Version(organisation_bic="BICOrBEI", debtor=("Dbtr",)),
    **{f"pain.002.001.{number:02d}": _FLAT for number in range(4, 9)},
    **{f"pain.002.001.{number:02d}": Version() for number in (9, 10)},
    **{f"pain.002.001.{number:02d}": _CHOICE for number in range(11, 15)},
}
FORMAT = "pain.002.001.10"  # what goes with pain.008.001.08 in the rulebooks of 2025


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStatus:
    """What is said of one collection; a rejected one has its `reason`, a code, and who refused it."""

    transaction: Transaction = field(repr=False)
    status: str
    collect_on: date
    reason: str | None = None
    by_debtor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStatus:
    """What is said of one payment block, of its own `status` if it has one, and of some of its collections."""

    payment_information_id: str
    count: int
    status: str | None = None
    reason: str | None = None
    transactions: tuple[TransactionStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report on one file: `totals` are (status, count, sum) of its collections where the bank counts them."""

    message_id: str
    created_at: datetime
    original_message_id: str
    original_name: str
    original_count: int | None = None
    status: str | None = None
    reason: str | None = None
    explanation: str | None = None
    totals: tuple[tuple[str, int, Money], ...] = ()
    blocks: tuple[BlockStatus, ...] = ()


def write(stream: BinaryIO, report: Report, *, version: str = FORMAT) -> None:
    """One document of the `version` in UTF-8; whatever the report leaves out has no element.

    `created_at` is aware. Raises KeyError for a version that is not in VERSIONS, ValueError for text that XML
    cannot hold.
    """
    shape = VERSIONS[version]
    with document(stream, message=version, root="CstmrPmtStsRpt") as xml:
        with xml.inside("GrpHdr"):
            xml.leaf("MsgId", report.message_id)
            xml.leaf("CreDtTm", instant(report.created_at))
        with xml.inside("OrgnlGrpInfAndSts"):
            xml.leaf("OrgnlMsgId", report.original_message_id)
            xml.leaf("OrgnlMsgNmId", report.original_name)
            xml.leaf("OrgnlNbOfTxs", None if report.original_count is None else str(report.original_count))
            xml.leaf("GrpSts", report.status)
            _reason(xml, report.reason, explanation=report.explanation)
            for status, count, amount in report.totals:
                with xml.inside("NbOfTxsPerSts"):
                    xml.leaf("DtldNbOfTxs", str(count))
                    xml.leaf("DtldSts", status)
                    xml.leaf("DtldCtrlSum", amount.decimal())
        for block in report.blocks:
            _block(xml, block, shape)


def _block(xml: Elements, block: BlockStatus, shape: Version) -> None:
    with xml.inside("OrgnlPmtInfAndSts"):
        xml.leaf("OrgnlPmtInfId", block.payment_information_id)
        xml.leaf("OrgnlNbOfTxs", str(block.count))
        xml.leaf("PmtInfSts", block.status)
        _reason(xml, block.reason)
        for one in block.transactions:
            _transaction(xml, one, shape)


def _reason(xml: Elements, reason: str | None, *, explanation: str | None = None) -> None:
    if reason is None:
        return
    with xml.inside("StsRsnInf"):
        with xml.inside("Rsn"):
            xml.leaf("Cd", reason)
        for line in _lines(explanation or ""):
            xml.leaf("AddtlInf", line)


def _lines(text: str) -> Sequence[str]:
    """AddtlInf takes 105 characters (Max105Text)."""
    return [text[start : start + 105] for start in range(0, len(text), 105)]


def _transaction(xml: Elements, one: TransactionStatus, shape: Version) -> None:
    transaction, debtor = one.transaction, one.transaction.debtor
    with xml.inside("TxInfAndSts"):
        xml.leaf("OrgnlInstrId", transaction.instruction_id)
        xml.leaf("OrgnlEndToEndId", transaction.end_to_end_id)
        xml.leaf("TxSts", one.status)
        if one.reason is not None:
            with xml.inside("StsRsnInf"):
                originator(
                    xml, Party(name=debtor.name, bic=debtor.bic), debtor=one.by_debtor,
                    bic_tag=shape.organisation_bic,
                )  # fmt: skip
                with xml.inside("Rsn"):
                    xml.leaf("Cd", one.reason)
        with xml.inside("OrgnlTxRef"):
            with xml.inside("Amt"):
                xml.amount("InstdAmt", transaction.amount)
            xml.leaf("ReqdColltnDt", one.collect_on.isoformat())
            with xml.inside(*shape.mandate):
                xml.leaf("MndtId", transaction.mandate_id)
            with xml.inside(*shape.debtor):
                xml.leaf("Nm", debtor.name)
            with xml.inside("DbtrAcct", "Id"):
                xml.leaf("IBAN", debtor.iban)
