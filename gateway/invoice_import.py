"""Invoices from an ERP's file: CSV or JSON Lines, good rows taken, bad ones reported with line and reason."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from ledger import credit_notes, creditors, customers, invoices, outbox
from ledger.acts import Act
from ledger.business_days import LAST_YEAR
from ledger.credit_notes import CreditNoteFacts
from ledger.customers import CustomerFacts
from ledger.errors import DuecourseError, Rejected
from ledger.invoice_facts import MOST_INSTALMENTS, Instalment, require_sound
from ledger.invoices import InvoiceFacts
from ledger.models import Customer
from reconciliation import matching

CHUNK = 2_000
FIRST_YEAR = 1900

# Texts without characters that nobody sees; a database cannot even hold one of them.
SEEN = r"^[^\x00-\x1f\x7f]*$"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def _day(said: object) -> date:
    """A calendar day in ISO 8601; anything that would have to be interpreted is refused."""
    if not isinstance(said, str) or _DAY.fullmatch(said) is None:
        raise ValueError("A date is written as YYYY-MM-DD.")
    try:
        day = date.fromisoformat(said)
    except ValueError:
        raise ValueError("There is no such day.") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"A date lies between {FIRST_YEAR} and {LAST_YEAR}.")
    return day


def _whole(said: object) -> int:
    """A whole number, as JSON or as the digits of a CSV cell; 120.00 may be euros or cents and is refused."""
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    if isinstance(said, str) and _WHOLE.fullmatch(said):
        return int(said)
    raise ValueError("This is a whole number, such as 12000 minor units for 120.00.")


Day = Annotated[date, BeforeValidator(_day)]
Whole = Annotated[int, BeforeValidator(_whole)]


class UnreadableRow(Rejected):
    """The row is no JSON object, or not a row of the table."""


class InstalmentRow(BaseModel):
    """A part of an invoice that may be paid by itself; JSON Lines alone have them."""

    model_config = ConfigDict(extra="forbid")

    due_on: Day
    amount_minor: Whole


class Row(BaseModel):
    """One invoice or, with a total below zero, one credit note, as ERPs name its fields."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    number: str = Field(min_length=1, max_length=60)
    currency: str = Field(max_length=12)
    total_minor: Whole
    issued_on: Day
    due_on: Day
    external_id: str | None = Field(default=None, max_length=100, pattern=SEEN)
    customer_external_id: str = Field(min_length=1, max_length=100, pattern=SEEN)
    customer_name: str | None = Field(default=None, max_length=140)
    customer_iban: str | None = Field(default=None, max_length=50)
    customer_email: str | None = Field(default=None, max_length=254)
    customer_country: str | None = Field(default=None, max_length=2)
    reference: str | None = Field(default=None, max_length=40)
    purchase_order: str | None = Field(default=None, max_length=60)
    discount_days: Whole | None = Field(default=None, ge=0, le=365)
    discount_percent: Decimal | None = Field(default=None, ge=0, lt=100, decimal_places=2)
    pre_notified_on: Day | None = None
    creditor: str | None = Field(default=None, max_length=40)
    instalments: list[InstalmentRow] | None = Field(default=None, max_length=MOST_INSTALMENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the row on line `row` of the file."""

    row: int
    status: str
    invoice_id: str | None = None
    refusal: DuecourseError | None = None

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"row": self.row, "status": self.status, "invoice_id": self.invoice_id}
        if self.refusal is not None:
            shown |= {
                "code": self.refusal.code, "field": self.refusal.field, "detail": self.refusal.message,
            }  # fmt: skip
        return shown


@dataclass
class ImportReport:
    """All outcomes in the order of the file, and the columns that nobody knows."""

    outcomes: list[Outcome] = field(default_factory=list)
    unknown_columns: set[str] = field(default_factory=set)

    def _count(self, status: str) -> int:
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def created(self) -> int:
        return self._count("created")

    @property
    def unchanged(self) -> int:
        return self._count("unchanged")

    @property
    def refused(self) -> int:
        return self._count("refused")


RawRow = tuple[int, dict[str, Any] | DuecourseError]


def json_lines(content: bytes) -> Iterator[RawRow]:
    """(line number, object) for every line that is not empty; what is no object is an UnreadableRow."""
    for number, line in enumerate(content.removeprefix(codecs.BOM_UTF8).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, parse_float=str)
        except (ValueError, RecursionError):
            found = None
        yield number, found if isinstance(found, dict) else UnreadableRow("The line is no JSON object.")


def delimited(content: bytes) -> Iterator[RawRow]:
    """(line number, row) of a CSV with a header line, comma or semicolon, in UTF-8; empty cells are left out."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield 1, UnreadableRow(f"The file is not UTF-8 (byte {error.start}).")
        return
    head = text.split("\n", 1)[0]
    rows = _cells(text, ";" if head.count(";") > head.count(",") else ",")
    _, names = next(rows, (1, UnreadableRow("The file is empty.")))
    if isinstance(names, list) and len(set(names)) < len(names):
        names = UnreadableRow("The header names a column twice.")
    if isinstance(names, UnreadableRow):
        yield 1, names
        return
    for number, cells in rows:
        yield number, cells if isinstance(cells, UnreadableRow) else _named(names, cells)


def _cells(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | UnreadableRow]]:
    """(line number, cells) of every row that is not empty; a quoted cell may go over several lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield (
                number,
                UnreadableRow("The row cannot be read: a quote is not closed, or a cell is too long."),
            )
            continue
        if cells:
            yield number, cells


def _named(names: list[str], cells: list[str]) -> dict[str, Any] | UnreadableRow:
    if len(cells) > len(names):
        return UnreadableRow("The row has more cells than the header.")
    return {name: cell for name, cell in zip(names, cells, strict=False) if cell}


def rows_of(content: bytes) -> Iterator[RawRow]:
    """The rows of a file, told apart by their first character: JSON objects, or a table."""
    first = content.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    return json_lines(content) if first == b"{" else delimited(content)


def import_rows(session: Session, rows: Iterable[RawRow], *, act: Act) -> ImportReport:
    """Issue what the rows describe; a customer unknown so far is created from its row. One bad row stops nothing."""
    report = ImportReport()
    importer = _Importer(session, act, report)
    for number, raw in rows:
        importer.add(number, raw)
    importer.flush()
    matching.look_again(session)
    report.outcomes.sort(key=lambda outcome: outcome.row)
    return report


class _Importer:
    """Collects invoices into chunks; everything else is decided row by row."""

    def __init__(self, session: Session, act: Act, report: ImportReport) -> None:
        self._session, self._act, self._report = session, act, report
        self._pending: list[tuple[int, InvoiceFacts]] = []
        self._customers: dict[str, str] = {}

    def add(self, number: int, raw: dict[str, Any] | DuecourseError) -> None:
        try:
            if isinstance(raw, DuecourseError):
                raise raw
            self._report.unknown_columns |= raw.keys() - Row.model_fields.keys()
            self._take(number, _validated(raw))
        except DuecourseError as refusal:
            self._report.outcomes.append(Outcome(row=number, status="refused", refusal=refusal))

    def flush(self) -> None:
        issued = invoices.issue_many(self._session, [facts for _, facts in self._pending], act=self._act)
        for (number, _), outcome in zip(self._pending, issued, strict=True):
            status = "refused" if outcome.refusal else "created" if outcome.new else "unchanged"
            self._report.outcomes.append(
                Outcome(row=number, status=status, invoice_id=outcome.invoice_id, refusal=outcome.refusal)
            )
        self._pending = []

    def _take(self, number: int, row: Row) -> None:
        creditor = creditors.only_one(self._session, row.creditor)
        if row.total_minor < 0:
            self._credit(number, row, creditor.id)
            return
        said = row.model_dump(include=set(InvoiceFacts.__dataclass_fields__) - {"instalments"})
        parts = None if row.instalments is None else [one.model_dump() for one in row.instalments]
        facts = InvoiceFacts(
            **said,
            creditor_id=creditor.id,
            customer_id="not yet known",
            instalments=Instalment.several(parts),
        )
        require_sound(facts)  # before a customer is made for it
        self._customers[row.customer_external_id] = self._customer(row)
        self._pending.append((number, replace(facts, customer_id=self._customers[row.customer_external_id])))
        if len(self._pending) >= CHUNK:
            self.flush()

    def _credit(self, number: int, row: Row, creditor_id: str) -> None:
        known = credit_notes.find(self._session, creditor_id, row.external_id)
        with outbox.all_or_nothing(self._session):
            facts = CreditNoteFacts(
                creditor_id=creditor_id, customer_id=self._customer(row), number=row.number,
                currency=row.currency, total_minor=-row.total_minor, issued_on=row.issued_on,
                external_id=row.external_id,
            )  # fmt: skip
            note = credit_notes.issue(self._session, facts, act=self._act)
        self._customers[row.customer_external_id] = facts.customer_id
        status = "created" if known is None else "unchanged"
        self._report.outcomes.append(Outcome(row=number, status=status, invoice_id=note.id))

    def _customer(self, row: Row) -> str:
        """The id of the row's customer, known already or made now."""
        known = self._customers.get(row.customer_external_id)
        if known is not None:
            return known
        found = customers.find(self._session, row.customer_external_id)
        return (found or self._new_customer(row)).id

    def _new_customer(self, row: Row) -> Customer:
        if not row.customer_name:
            raise Rejected("The customer is unknown and the row does not name it.", field="customer_name")
        facts = CustomerFacts(
            external_id=row.customer_external_id, name=row.customer_name, email=row.customer_email,
            iban=row.customer_iban, country=row.customer_country,
        )  # fmt: skip
        return customers.create(self._session, facts, act=self._act)


def _validated(raw: dict[str, Any]) -> Row:
    try:
        return Row.model_validate(raw)
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        raise UnreadableRow(f"{name}: {message}", field=name) from None
