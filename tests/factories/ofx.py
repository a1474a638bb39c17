"""Writes small OFX files, as SGML with open leaves or as XML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from xml.sax.saxutils import escape

# A leaf has its text, an aggregate its elements.
Element: TypeAlias = tuple[str, "str | Sequence[Element]"]

KEYS = (
    "OFXHEADER:100",
    "DATA:OFXSGML",
    "VERSION:102",
    "SECURITY:NONE",
    "ENCODING:USASCII",
    "CHARSET:1252",
    "COMPRESSION:NONE",
    "OLDFILEUID:NONE",
    "NEWFILEUID:NONE",
)
SGML_HEADER = "\r\n".join((*KEYS, "", ""))
XML_HEADER = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
)

SUCCESS: Element = ("STATUS", [("CODE", "0"), ("SEVERITY", "INFO")])


def transaction(
    amount: str = "12.50",
    *,
    kind: str = "CREDIT",
    posted: str = "20261120",
    number: str = "F-1",
    name: str | None = "Anna Amsel",
    memo: str | None = "Rechnung RE-1",
    more: Sequence[Element] = (),
) -> Element:
    """A STMTTRN as most banks write it, with `more` behind its usual elements."""
    leaves: list[Element] = [
        ("TRNTYPE", kind),
        ("DTPOSTED", posted),
        ("TRNAMT", amount),
        ("FITID", number),
    ]
    leaves += [(tag, text) for tag, text in (("NAME", name), ("MEMO", memo)) if text is not None]
    return ("STMTTRN", [*leaves, *more])


def pending(amount: str = "-7.00") -> Element:
    """A STMTTRNP (OFX 2.2), which has neither a booking date nor a number of the bank."""
    return (
        "STMTTRNP",
        [("TRNTYPE", "DEBIT"), ("DTTRAN", "20261121"), ("TRNAMT", amount), ("NAME", "Kiosk")],
    )


@dataclass(frozen=True, kw_only=True)
class Stated:
    """One statement; what is None is left out."""

    entries: Sequence[Element] = ()
    account: str | None = "0532013000"
    bank: str | None = "37040044"
    currency: str | None = "EUR"
    start: str | None = "20261101"
    end: str | None = "20261130"
    balance: str | None = "1000.00"
    balance_on: str | None = "20261130"
    pending: Sequence[Element] = ()
    is_card: bool = False
    status: Element = SUCCESS
    has_statement: bool = True

    def element(self) -> Element:
        prefix = "CC" if self.is_card else ""
        response: list[Element] = [("TRNUID", "1"), self.status]
        if self.has_statement:
            response.append((f"{prefix}STMTRS", list(self._inside())))
        return (f"{prefix}STMTTRNRS", response)

    def _inside(self) -> Iterator[Element]:
        yield from _leaves(("CURDEF", self.currency))
        account = _leaves(("BANKID", None if self.is_card else self.bank), ("ACCTID", self.account))
        yield ("CCACCTFROM" if self.is_card else "BANKACCTFROM", account)
        yield ("BANKTRANLIST", [*_leaves(("DTSTART", self.start), ("DTEND", self.end)), *self.entries])
        if self.pending:
            yield ("BANKTRANLISTP", [("DTASOF", "20261130"), *self.pending])
        if self.balance is not None:
            yield ("LEDGERBAL", _leaves(("BALAMT", self.balance), ("DTASOF", self.balance_on)))
            yield ("AVAILBAL", [("BALAMT", "9999.99"), ("DTASOF", "20261130")])


def _leaves(*pairs: tuple[str, str | None]) -> list[Element]:
    return [(name, text) for name, text in pairs if text is not None]


def investments(*, trades: int = 2, cash: Sequence[Element] = ()) -> Element:
    """The answer for an investment account with `trades` bought shares and bookings of `cash`."""
    bought = [("BUYSTOCK", [("INVBUY", [("INVTRAN", [("FITID", f"B-{n}")])])]) for n in range(trades)]
    booked = [("INVBANKTRAN", [one, ("SUBACCTFUND", "CASH")]) for one in cash]
    inside: list[Element] = [
        ("DTASOF", "20261130"),
        ("CURDEF", "EUR"),
        ("INVACCTFROM", [("BROKERID", "depot.example"), ("ACCTID", "D-77")]),
        ("INVTRANLIST", [("DTSTART", "20261101"), ("DTEND", "20261130"), *bought, *booked]),
        ("INVPOSLIST", [("POSSTOCK", [("INVPOS", [("UNITS", "5")])])]),
    ]
    return ("INVSTMTTRNRS", [("TRNUID", "1"), SUCCESS, ("INVSTMTRS", inside)])


def tree(*statements: Stated, more: Sequence[Element] = (), sign_on: Element = SUCCESS) -> Element:
    """The whole file as elements: bank accounts, then cards, then what is `more`."""
    sets: list[Element] = [("SIGNONMSGSRSV1", [("SONRS", [sign_on, ("LANGUAGE", "GER")])])]
    banks = [one.element() for one in statements if not one.is_card]
    cards = [one.element() for one in statements if one.is_card]
    sets += [("BANKMSGSRSV1", banks)] if banks else []
    sets += [("CREDITCARDMSGSRSV1", cards)] if cards else []
    return ("OFX", [*sets, *more])


def markup(element: Element, *, is_closed: bool, line_end: str = "\n") -> str:
    """An element with all within it; leaves are closed only if `is_closed`."""
    name, inside = element
    if isinstance(inside, str):
        return f"<{name}>{escape(inside)}" + (f"</{name}>" if is_closed else "") + line_end
    within = "".join(markup(one, is_closed=is_closed, line_end=line_end) for one in inside)
    return f"<{name}>{line_end}{within}</{name}>{line_end}"


def sgml(
    *statements: Stated, header: str = SGML_HEADER, encoding: str = "cp1252", line_end: str = "\r\n"
) -> bytes:
    """An OFX 1.0.2 file with open leaves."""
    return (header + markup(tree(*statements), is_closed=False, line_end=line_end)).encode(encoding)


def xml(
    *statements: Stated, header: str = XML_HEADER, encoding: str = "utf-8", line_end: str = "\n"
) -> bytes:
    """An OFX 2.2 file."""
    return (header + markup(tree(*statements), is_closed=True, line_end=line_end)).encode(encoding)
