"""Reads a pain.007 of ours back into a ReversalMessage."""

from __future__ import annotations

from datetime import UTC, date, datetime

from lxml import etree

from exporters.pain007.message import (
    Collection,
    Line,
    LinesOfBlock,
    Party,
    ReversalMessage,
    WholeBlock,
)
from exporters.pain007.structure import breaches
from exporters.pain007.writer import NAMESPACE
from exporters.pain008.message import Scheme, SequenceType
from exporters.pain008.values import cents
from ledger.money import Money
from reconciliation.formats import xml
from reconciliation.statement import UnreadableFile


def read(content: bytes) -> ReversalMessage:
    """The message in `content`; what the writer wrote comes back equal, in the characters it was written in.

    Counts, sums and check digits are not looked at: `exporters.pain007.rules` does that. Raises UnreadableFile
    for what is no pain.007 as the writer writes it.
    """
    root = xml.parse(content)
    first = next(breaches(root), None)
    if first is not None:
        raise UnreadableFile(f"The file is no reversal that can be read: {first.message}", path=first.path)
    return message_of(root)


def message_of(root: etree._Element) -> ReversalMessage:
    """The message of a document whose structure is sound."""
    reversal = root[0]
    return ReversalMessage(
        message_id=text(reversal, "GrpHdr/MsgId"),
        created_at=_instant(text(reversal, "GrpHdr/CreDtTm")),
        initiating_party=text(reversal, "GrpHdr/InitgPty/Nm"),
        creditor_bic=optional(reversal, "GrpHdr/CdtrAgt/FinInstnId/BICFI"),
        original_message_id=text(reversal, "OrgnlGrpInf/OrgnlMsgId"),
        original_version=text(reversal, "OrgnlGrpInf/OrgnlMsgNmId"),
        blocks=tuple(_block(block) for block in every(reversal, "OrgnlPmtInfAndRvsl")),
    )


def every(element: etree._Element, path: str) -> list[etree._Element]:
    """The elements at a path below `element`."""
    return element.findall("/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/")))


def optional(element: etree._Element, path: str) -> str | None:
    """The text of the first element at a path, if there is one."""
    found = every(element, path)
    return found[0].text if found else None


def text(element: etree._Element, path: str) -> str:
    """The text of an element that is there; an empty one where it is not."""
    return optional(element, path) or ""


def minor(element: etree._Element, path: str) -> int:
    """The amount or sum at a path, in cents; -1 where there is none, which equals nothing."""
    found = cents(optional(element, path))
    return -1 if found is None else found


def _block(block: etree._Element) -> LinesOfBlock | WholeBlock:
    name = text(block, "OrgnlPmtInfId")
    if text(block, "PmtInfRvsl") == "true":
        return WholeBlock(
            payment_information_id=name,
            count=int(text(block, "OrgnlNbOfTxs") or 0),
            control_sum_minor=minor(block, "OrgnlCtrlSum"),
            reason=text(block, "RvslRsnInf/Rsn/Cd"),
        )
    return LinesOfBlock(
        payment_information_id=name, lines=tuple(_line(line) for line in every(block, "TxInf"))
    )


def _line(line: etree._Element) -> Line:
    (said,) = every(line, "OrgnlTxRef")
    currency = every(line, "RvsdInstdAmt")[0].get("Ccy", "")
    return Line(
        reversal_id=text(line, "RvslId"),
        end_to_end_id=text(line, "OrgnlEndToEndId"),
        amount=Money(minor(line, "RvsdInstdAmt"), currency),
        reason=text(line, "RvslRsnInf/Rsn/Cd"),
        collection=Collection(
            collect_on=_day(text(said, "ReqdColltnDt")),
            creditor_id=text(said, "CdtrSchmeId/Id/PrvtId/Othr/Id"),
            scheme=Scheme(text(said, "PmtTpInf/LclInstrm/Cd")),
            sequence_type=SequenceType(text(said, "PmtTpInf/SeqTp")),
            mandate_id=text(said, "MndtRltdInf/MndtId"),
            signed_on=_day(text(said, "MndtRltdInf/DtOfSgntr")),
            debtor=_party(said, "Dbtr"),
            creditor=_party(said, "Cdtr"),
        ),
    )


def _party(said: etree._Element, role: str) -> Party:
    return Party(
        name=text(said, f"{role}/Pty/Nm"),
        iban=text(said, f"{role}Acct/Id/IBAN"),
        bic=optional(said, f"{role}Agt/FinInstnId/BICFI"),
    )


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise UnreadableFile("A date in the file does not exist.") from None


def _instant(written: str) -> datetime:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise UnreadableFile("The instant in the head of the file does not exist.") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
