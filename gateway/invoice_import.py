"""Invoices from an ERP's file: CSV or JSON Lines, good rows taken, bad ones reported with line and reason."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from ledger import credit_notes, creditors, customers, invoices
from ledger.acts import Act
from ledger.credit_notes import CreditNoteFacts
from ledger.customers import CustomerFacts
from ledger.errors import DuecourseError, Rejected
from ledger.invoices import InvoiceFacts
from ledger.models import Customer

CHUNK = 2_000


class UnreadableRow(Rejected):
    """The row is no JSON object, or not a row of the table."""


class Row(BaseModel):
    """One invoice or, with a total below zero, one credit note; the names are those of contract.md."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    number: str = Field(min_length=1, max_length=60)
    currency: str = Field(max_length=12)
    total_minor: int
    issued_on: date
    due_on: date
    external_id: str | None = Field(default=None, max_length=100)
    customer_external_id: str = Field(min_length=1, max_length=100)
    customer_name: str | None = Field(default=None, max_length=140)
    customer_iban: str | None = Field(default=None, max_length=50)
    customer_email: str | None = Field(default=None, max_length=254)
    customer_country: str | None = Field(default=None, max_length=2)
    reference: str | None = Field(default=None, max_length=40)
    purchase_order: str | None = Field(default=None, max_length=60)
    discount_days: int | None = Field(default=None, ge=0, le=365)
    discount_percent: Decimal | None = Field(default=None, ge=0, lt=100, decimal_places=2)
    creditor: str | None = Field(default=None, max_length=40)


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
    for number, line in enumerate(content.splitlines(), start=1):
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
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    for row in reader:
        if None in row:
            yield reader.line_num, UnreadableRow("The row has more cells than the header.")
        else:
            yield reader.line_num, {name: cell for name, cell in row.items() if cell not in (None, "")}


def rows_of(content: bytes) -> Iterator[RawRow]:
    """The rows of a file, told apart by their first character: JSON objects, or a table."""
    return json_lines(content) if content.lstrip()[:1] == b"{" else delimited(content)


def import_rows(session: Session, rows: Iterable[RawRow], *, act: Act) -> ImportReport:
    """Issue what the rows describe; a customer unknown so far is created from its row. One bad row stops nothing."""
    report = ImportReport()
    importer = _Importer(session, act, report)
    for number, raw in rows:
        importer.add(number, raw)
    importer.flush()
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
        said = row.model_dump(include=set(InvoiceFacts.__dataclass_fields__))
        facts = InvoiceFacts(**said, creditor_id=creditor.id, customer_id=self._customer(row))
        self._pending.append((number, facts))
        if len(self._pending) >= CHUNK:
            self.flush()

    def _credit(self, number: int, row: Row, creditor_id: str) -> None:
        known = credit_notes.find(self._session, creditor_id, row.external_id)
        facts = CreditNoteFacts(
            creditor_id=creditor_id, customer_id=self._customer(row), number=row.number,
            currency=row.currency, total_minor=-row.total_minor, issued_on=row.issued_on,
            external_id=row.external_id,
        )  # fmt: skip
        note = credit_notes.issue(self._session, facts, act=self._act)
        status = "created" if known is None else "unchanged"
        self._report.outcomes.append(Outcome(row=number, status=status, invoice_id=note.id))

    def _customer(self, row: Row) -> str:
        external_id = row.customer_external_id
        if external_id not in self._customers:
            found = customers.find(self._session, external_id)
            self._customers[external_id] = (found or self._new_customer(row)).id
        return self._customers[external_id]

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
        raise UnreadableRow(f"{name}: {fault['msg']}", field=name) from None
