"""What a bank refuses of a pain.007 beyond its structure: sums, counts, names said twice, dates and check digits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from lxml import etree

from exporters.pain007 import reader
from exporters.pain007.message import Line, LinesOfBlock, ReversalMessage, WholeBlock
from exporters.pain007.reader import every, minor, text
from exporters.pain007.structure import Breach, breaches
from ledger.banking import CreditorIdentifier, Iban
from ledger.errors import Rejected
from mandates.reversals import REVERSAL_DAYS, last_day
from reconciliation.formats import xml
from reconciliation.statement import UnreadableFile

_HEADER, _BLOCK = "/Document/CstmrPmtRvsl/GrpHdr", "/Document/CstmrPmtRvsl/OrgnlPmtInfAndRvsl"


@dataclass(frozen=True, slots=True)
class _File:
    """A file whose structure is sound, as elements and as a message; `today` is None where dates do not matter."""

    root: etree._Element
    message: ReversalMessage
    today: date | None

    def lines(self) -> Iterator[tuple[str, Line]]:
        """Every line with its path."""
        for number, block in enumerate(self.message.blocks, start=1):
            if isinstance(block, LinesOfBlock):
                for place, line in enumerate(block.lines, start=1):
                    yield f"{_BLOCK}[{number}]/TxInf[{place}]", line


def check(content: bytes, *, today: date | None = None) -> tuple[Breach, ...]:
    """Everything a bank would refuse of a pain.007; empty when there is nothing.

    With `today` the reversals must be possible on that day. Content is looked at only where the structure is sound.
    """
    try:
        root = xml.parse(content)
        wrong = tuple(breaches(root))
        if wrong:
            return wrong
        file = _File(root, reader.message_of(root), today)
    except (UnreadableFile, Rejected) as refusal:
        return (Breach("unreadable", "/", refusal.message),)
    return tuple(breach for rule in _RULES for breach in rule(file))


def _counts(file: _File) -> Iterator[Breach]:
    """ISO 20022, GroupReversalAndNumberOfTransactionsGuideline; EPC130-08: the sum is that of what is reversed."""
    if int(text(file.root[0], "GrpHdr/NbOfTxs")) != file.message.count:
        yield Breach("count", f"{_HEADER}/NbOfTxs", "The count is not that of the reversed collections.")
    if minor(file.root[0], "GrpHdr/CtrlSum") != file.message.control_sum_minor:
        yield Breach("sum", f"{_HEADER}/CtrlSum", "The sum is not that of the reversed collections.")


def _whole_or_lines(file: _File) -> Iterator[Breach]:
    """ISO 20022: PmtInfRvsl needs a reason; without it there is at least one TxInf. We never send both."""
    elements = every(file.root[0], "OrgnlPmtInfAndRvsl")
    for number, (block, element) in enumerate(zip(file.message.blocks, elements, strict=True), start=1):
        path, lines = f"{_BLOCK}[{number}]", every(element, "TxInf")
        if not isinstance(block, WholeBlock):
            if not lines:
                yield Breach("no_lines", path, "Neither the whole block is reversed nor a collection of it.")
        elif not block.reason or block.count < 1 or block.control_sum_minor < 1 or lines:
            yield Breach(
                "whole_block",
                path,
                "A whole block is reversed with its count, its sum and a reason, without lines.",
            )


def _said_once(file: _File) -> Iterator[Breach]:
    """The bank finds collections by these names, and tells us of reversals by ours: each stands there once."""
    lines = list(file.lines())
    yield from _twice("RvslId", [(path, line.reversal_id) for path, line in lines])
    yield from _twice("OrgnlEndToEndId", [(path, line.end_to_end_id) for path, line in lines])
    blocks = [
        (f"{_BLOCK}[{n}]", one.payment_information_id) for n, one in enumerate(file.message.blocks, start=1)
    ]
    yield from _twice("OrgnlPmtInfId", blocks)


def _twice(element: str, said: list[tuple[str, str]]) -> Iterator[Breach]:
    often = Counter(name for _, name in said)
    for path, name in said:
        if often[name] > 1:
            yield Breach("unique", f"{path}/{element}", "The same identifier stands there twice.")


def _amounts(file: _File) -> Iterator[Breach]:
    """EPC130-08: EUR, from 0.01 to 999,999,999.99; we reverse a collection whole."""
    for path, element in _line_elements(file):
        currencies = {
            one.get("Ccy") for name in ("OrgnlInstdAmt", "RvsdInstdAmt") for one in every(element, name)
        }
        if currencies != {"EUR"}:
            yield Breach("currency", f"{path}/RvsdInstdAmt", "A reversal is in EUR.")
        reversed_minor = minor(element, "RvsdInstdAmt")
        if reversed_minor < 1:
            yield Breach("amount", f"{path}/RvsdInstdAmt", "A reversal is above zero.")
        if reversed_minor != minor(element, "OrgnlInstdAmt"):
            yield Breach("amount", f"{path}/RvsdInstdAmt", "Another amount is reversed than was collected.")


def _line_elements(file: _File) -> Iterator[tuple[str, etree._Element]]:
    for number, block in enumerate(every(file.root[0], "OrgnlPmtInfAndRvsl"), start=1):
        for place, line in enumerate(every(block, "TxInf"), start=1):
            yield f"{_BLOCK}[{number}]/TxInf[{place}]", line


def _accounts(file: _File) -> Iterator[Breach]:
    """ISO 13616 and EPC262-08: check digits of accounts and creditor identifiers."""
    for path, line in file.lines():
        said = line.collection
        for role, iban in (("Dbtr", said.debtor.iban), ("Cdtr", said.creditor.iban)):
            if not _parses(Iban.parse, iban):
                yield Breach("iban", f"{path}/OrgnlTxRef/{role}Acct", "This is no IBAN that can exist.")
        if not _parses(CreditorIdentifier.parse, said.creditor_id):
            yield Breach(
                "creditor_identifier",
                f"{path}/OrgnlTxRef/CdtrSchmeId",
                "This is no creditor identifier that can exist.",
            )


def _parses(parse: Callable[[str], object], written: str) -> bool:
    try:
        parse(written)
    except Rejected:
        return False
    return True


def _one_scheme(file: _File) -> Iterator[Breach]:
    """A file has one scheme: banks refuse CORE and B2B side by side."""
    if len({line.collection.scheme for _, line in file.lines()}) > 1:
        yield Breach("one_scheme", _BLOCK, "Collections of CORE and B2B stand in one file.")


def _dates(file: _File) -> Iterator[Breach]:
    for path, line in file.lines():
        said = line.collection
        if said.signed_on > said.collect_on:
            yield Breach(
                "signed", f"{path}/OrgnlTxRef/MndtRltdInf", "The mandate was signed after the collection."
            )
        if file.today is None:
            continue
        if not said.collect_on <= file.today <= last_day(said.collect_on):
            yield Breach(
                "window", f"{path}/OrgnlTxRef/ReqdColltnDt",
                f"A collection is reversed from its due date to the {REVERSAL_DAYS}th T2 day after it.",
            )  # fmt: skip


_RULES: tuple[Callable[[_File], Iterable[Breach]], ...] = (
    _counts,
    _whole_or_lines,
    _said_once,
    _amounts,
    _accounts,
    _one_scheme,
    _dates,
)
