"""Reads one message of an MT940 or MT942 file field by field, and joins the pages of one statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ledger.errors import Rejected
from reconciliation.formats.mt940 import (
    lines,
    pages,
    totals,
    values,
)
from reconciliation.formats.mt940.fields import EXPLANATION
from reconciliation.formats.mt940.oddities import ODDITIES, Oddity
from reconciliation.formats.mt940.pages import Page
from reconciliation.formats.mt940.totals import Total
from reconciliation.formats.refusals import Refusals
from reconciliation.formats.tally import Tally, counted, told
from reconciliation.statement import (
    Account,
    Balance,
    Header,
    Item,
    Line,
    RefusedLine,
    Statement,
    StatementKind,
    UnreadableFile,
)

STATEMENT, INTERIM = "mt940", "mt942"

_AVAILABLE = frozenset({"64", "65"})  # balances by value date, which prove nothing
_UNUSED = frozenset({"21"})


def located(refusal: Rejected, number: int | None) -> UnreadableFile:
    """The refusal with the line of the file, which is the one it names or else `number`."""
    return UnreadableFile(refusal.message, line=getattr(refusal, "line", None) or number)


class Message:
    """The message that is being read; `before` is the one before it in the file.

    `opening` is that of the statement, so of its first page; `page_opening` is that of this message. `strays` counts
    the lines of text around the message that belong to no field.
    """

    def __init__(self, reference: str, before: Message | None, refusals: Refusals, strays: int) -> None:
        self.reference = reference.replace("\n", "").strip() or None
        self.before = before
        self.position: int = before.position if before else 0
        self.refusals = refusals
        self.strays = strays
        self.account: Account | None = None
        self.sequence: str | None = None
        self.currency: str | None = None
        self.page_opening: Balance | None = None
        self.opening: Balance | None = None
        self.closing: Balance | None = None
        self.is_interim = False
        self.is_cut = False
        self.header: Header | None = None
        self.totals: dict[str, Total] = {}
        self.tally = Tally()
        self.oddities: Counter[Oddity] = Counter()
        self.noticed: list[str] = []

    def take(self, tag: str, text: str) -> None:
        """Takes in a field that is no line. Raises Rejected where it is wrong."""
        written = EXPLANATION.split(text, 1)[0]  # a text behind another field is about the statement
        if tag in ("62F", "62M"):
            self._close(tag, written)
        elif tag in ("90D", "90C"):
            self.is_interim = True
            self.totals[tag] = totals.parse(written.split("\n", 1)[0], tag)
        elif tag in _AVAILABLE:
            self._note_stray(tag, written)
        elif tag not in _UNUSED:
            self._head(tag, written)

    # --- before the first line ---

    def _head(self, tag: str, text: str) -> None:
        if self.header is not None:
            raise UnreadableFile(f"The field :{tag}: stands behind the first line of its statement.")
        if tag in ("60F", "60M"):
            self._open(tag, text)
        elif tag in ("25", "25P"):
            self._name_account(tag, text)
        elif tag == "34F":
            self.currency = self.currency or values.floor_currency(text.split("\n", 1)[0])
            self.is_interim = True
        elif tag in ("13", "13D"):
            self.is_interim = True
        else:
            self.sequence = self.sequence or text.replace("\n", "").strip() or None

    def _open(self, tag: str, text: str) -> None:
        if self.opening is not None:
            raise UnreadableFile("A statement has a second opening balance.")
        self.opening = self.page_opening = values.balance(text.split("\n", 1)[0], tag, None)
        self.currency = self.opening.amount.currency
        self._note_stray(tag, text)

    def _name_account(self, tag: str, text: str) -> None:
        if self.account is not None:
            raise UnreadableFile("A statement names its account twice.")
        number, _, bank = text.partition("\n")
        bank = bank.partition("\n")[0]
        if tag == "25P" and bank.strip():
            text = f"{bank.strip()}/{number.strip()}"
        self.account = values.account(text.replace("\n", ""))

    def begin(self) -> Iterator[Item]:
        """The Header, behind what ends the statement before it; nothing where this page goes on with that."""
        before, self.before = self.before, None
        self._settle_currency()
        if before is not None and pages.goes_on(before.page, self.page):
            self._go_on(before)
            return
        if before is not None:
            yield from before.given_up()
        is_interim = self.is_interim and self.opening is None and self.closing is None
        self.header = Header(
            format=INTERIM if is_interim else STATEMENT,
            statement_id=self.reference,
            sequence=self.sequence,
            account=self.account or Account(),
            currency=self.currency,
            kind=StatementKind.REPORT if is_interim else StatementKind.STATEMENT,
        )
        yield self.header

    def _settle_currency(self) -> None:
        self.currency = self.currency or (self.account.currency if self.account else None)
        if self.currency is None and self.account is None:
            raise UnreadableFile("The statement has neither an account nor a balance: it was cut off.")
        if self.currency is None:
            raise UnreadableFile("The statement does not say in which currency its account is kept.")

    @property
    def page(self) -> Page:
        return Page(self.account, self.sequence, self.page_opening, self.closing)

    def _go_on(self, before: Message) -> None:
        """Makes this the next page of the statement that the message before began."""
        if not pages.meets(before.page, self.page) and before.closing and self.page_opening:
            self.noticed.append(
                f"A page begins with {self.page_opening.amount}, "
                f"but the one before it ended with {before.closing.amount}."
            )
        self.header, self.opening, self.tally = before.header, before.opening, before.tally
        self.totals, self.oddities = before.totals | self.totals, before.oddities
        self.noticed = before.noticed + self.noticed
        self.strays += before.strays
        self.is_cut = before.is_cut

    # --- the lines ---

    def line(self, number: int, text: str) -> Line | RefusedLine:
        """The line of a field :61: that begins on line `number` of the file; the message has to have begun.

        It is refused where it cannot be read by itself. Raises UnreadableFile where no line can stand.
        """
        if self.closing is not None:
            raise UnreadableFile("A line stands behind the closing balance of its statement.")
        self.position += 1
        try:
            line, is_credit = lines.line(text, self.currency or "", self.position, self.oddities)
        except Rejected as refusal:
            refused = RefusedLine(position=self.position, reason=refusal.message, line=number)
            return self.refusals.add(refused, self.tally)
        self.tally.add(line, is_credit=is_credit)
        return line

    # --- behind the last line ---

    def _close(self, tag: str, text: str) -> None:
        if self.closing is not None:
            raise UnreadableFile("A statement has a second closing balance.")
        stated = text.split("\n", 1)[0]
        if not values.names_currency(stated):
            self.noticed.append(
                "The closing balance does not name its currency, read as that of the opening."
            )
        opened_in = self.opening.amount.currency if self.opening is not None else None
        self.closing = values.balance(stated, tag, opened_in)
        if self.closing.amount.currency != (self.currency or self.closing.amount.currency):
            raise UnreadableFile("The closing balance is in another currency than the statement.")
        self.currency = self.closing.amount.currency
        self._note_stray(tag, text)

    def _note_stray(self, tag: str, text: str) -> None:
        if text.partition("\n")[2].strip():
            self.noticed.append(
                f"Text behind the balance in field :{tag}: belongs to no field and is left out."
            )

    def end(self, *, is_cut: bool) -> Iterator[Item]:
        """What is to be given when the message is over; `is_cut` if its end mark is missing.

        The Statement of a page that announces another one waits until that has begun, or is `given_up`.
        """
        if self.header is None:
            yield from self.begin()
        self.is_cut = self.is_cut or is_cut
        if not self.page.announces_another:
            yield self._statement()

    def given_up(self) -> Iterator[Item]:
        """The Statement of a page that announced another one, when that did not come."""
        if self.page.announces_another:
            yield self._statement()

    def _statement(self) -> Statement:
        header, currency = self.header, self.currency
        if header is None or currency is None:
            raise UnreadableFile("The statement has neither an account nor a balance: it was cut off.")
        noticed = (
            *self._header_problems(header),
            *self.noticed,
            *pages.missing(self.opening, self.closing),
            *told(self.oddities, ODDITIES),
            *totals.differences(self.totals, self.tally.all(currency), currency),
            *self._strays(),
            *(("The message has no end mark; it may have been cut off.",) if self.is_cut else ()),
        )
        return self.tally.close(
            header, currency=currency, opening=self.opening, closing=self.closing, noticed=noticed
        )

    def _strays(self) -> Iterator[str]:
        if self.strays:
            yield f"{counted(self.strays, 'line')} of text outside of the messages, left out."

    def _header_problems(self, header: Header) -> Iterator[str]:
        if self.account is None or not (self.account.iban or self.account.other):
            yield "The statement does not name its account."
        elif self.account.currency not in (None, self.currency):
            yield f"The account is named as one in {self.account.currency}, but is kept in {self.currency}."
        if header.kind is StatementKind.REPORT:
            yield "An interim report: its lines are provisional until a statement brings them."
