"""/v1/invoices: what customers owe, one at a time or in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway import invoice_import
from gateway.api.paging import AtCursor, Page, page
from gateway.api.payments import AllocationOut
from gateway.api.shapes import SEEN, Day, Id, Minor
from gateway.session import CurrentSession, Reader, Seller, SellerOnce, SettlerOnce, TransactionalRoute
from ledger import allocations, creditors, grants, invoices
from ledger.grants import Grant
from ledger.invoice_facts import MOST_INSTALMENTS, Instalment
from ledger.invoices import InvoiceFacts
from ledger.models import AllocationKind, Invoice
from ledger.states import CollectionStatus
from mandates import invoice_mails
from reconciliation import matching

router = APIRouter(prefix="/v1/invoices", tags=["invoices"], route_class=TransactionalRoute)


class InstalmentShape(BaseModel):
    """A part of an invoice that may be paid by itself."""

    model_config = ConfigDict(extra="forbid")

    due_on: Day
    amount_minor: Minor


class InvoiceIn(BaseModel):
    """An invoice; `total_minor` is in minor units (cents) of `currency`. Without a creditor the only one is meant."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(min_length=1, max_length=60, examples=["RE-2026-0815"])
    customer_id: Id
    creditor_id: Id | None = None
    external_id: str | None = Field(default=None, min_length=1, max_length=100)
    currency: str = Field(default="EUR", max_length=12)
    total_minor: Minor = Field(examples=[12000])
    issued_on: Day
    due_on: Day
    reference: str | None = Field(
        default=None,
        max_length=40,
        description="A structured reference: RF (ISO 11649), QRR, OGM, KID or OCR, viitenumero, betalingskenmerk.",
    )
    purchase_order: str | None = Field(default=None, max_length=60)
    discount_days: int | None = Field(default=None, ge=0, le=365)
    discount_percent: Decimal | None = Field(default=None, ge=0, lt=100, decimal_places=2)
    pre_notified_on: Day | None = Field(
        default=None, description="The day on which the invoice was mailed, if its text announces the debit."
    )
    instalments: list[InstalmentShape] | None = Field(
        default=None, max_length=MOST_INSTALMENTS,
        description="The parts that it may be paid in: they add up to the total, by day.",
    )  # fmt: skip


class InvoiceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    external_id: str | None
    number: str
    creditor_id: str
    customer_id: str
    currency: str
    total_minor: int
    open_minor: int
    collection_status: str
    reversible_until: date | None = Field(
        default=None, description="The last day on which the bank may take back money that pays it."
    )
    issued_on: date
    due_on: date
    reference: str | None
    purchase_order: str | None
    discount_days: int | None
    discount_percent: Decimal | None
    pre_notified_on: date | None
    instalments: list[InstalmentShape] | None
    created_at: datetime


class MailedIn(BaseModel):
    """The invoice was mailed on that day, and its text announces the debit: amount, due date, creditor, mandate."""

    model_config = ConfigDict(extra="forbid")

    on: Day


class WriteOffIn(BaseModel):
    """Give up a part of an invoice, or all that is open of it."""

    model_config = ConfigDict(extra="forbid")

    amount_minor: Minor
    reason: str = Field(min_length=1, max_length=200, pattern=SEEN)


class BulkOutcome(BaseModel):
    """What became of one row of a bulk."""

    row: int
    status: str = Field(description="`created`, `unchanged` or `refused`")
    invoice_id: str | None = None
    code: str | None = None
    field: str | None = None
    detail: str | None = None


class BulkOut(BaseModel):
    created: int
    unchanged: int
    refused: int
    unknown_columns: list[str] = Field(description="Names in the rows that nobody knows and nobody read.")
    rows: list[BulkOutcome]


@router.post("", status_code=201)
def issue_invoice(body: InvoiceIn, session: CurrentSession, act: SellerOnce) -> InvoiceOut:
    creditor = creditors.only_one(session, body.creditor_id)
    said = body.model_dump(exclude={"creditor_id"})
    said["instalments"] = Instalment.several(said["instalments"])
    facts = InvoiceFacts(**said, creditor_id=creditor.id)
    issued = invoices.issue(session, facts, act=act)
    matching.look_again(session)
    return InvoiceOut.model_validate(issued)


@router.post("/bulk")
async def issue_bulk(request: Request, session: CurrentSession, act: Seller) -> BulkOut:
    """JSON Lines, one invoice a line, with the names of `duecourse invoice import`; each row has its own outcome.

    Invoices with an `external_id` may be sent again: what is there already stays unchanged.
    """
    content = await request.body()
    report: Any = await run_in_threadpool(
        invoice_import.import_rows, session, invoice_import.json_lines(content), act=act
    )
    return BulkOut(
        created=report.created, unchanged=report.unchanged, refused=report.refused,
        unknown_columns=sorted(report.unknown_columns),
        rows=[BulkOutcome(**outcome.as_json()) for outcome in report.outcomes],
    )  # fmt: skip


@router.get("")
def list_invoices(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    external_id: Annotated[str | None, Query(max_length=100, pattern=SEEN)] = None,
    number: Annotated[str | None, Query(max_length=60, pattern=SEEN)] = None,
    customer_id: Id | None = None,
    collection_status: CollectionStatus | None = None,
) -> Page[InvoiceOut]:
    wanted = {
        Invoice.external_id: external_id, Invoice.number: number, Invoice.customer_id: customer_id,
        Invoice.collection_status: collection_status,
    }  # fmt: skip
    query = select(Invoice).where(*(column == value for column, value in wanted.items() if value is not None))
    shown = page(session, query, Invoice.id, cursor, InvoiceOut.model_validate)
    _add_reversible(session, shown.data)
    return shown


@router.get("/{invoice_id}")
def get_invoice(invoice_id: Id, session: CurrentSession, act: Reader) -> InvoiceOut:
    shown = InvoiceOut.model_validate(invoices.get(session, invoice_id))
    _add_reversible(session, [shown])
    return shown


@router.post("/{invoice_id}/pre-notified")
def note_mailed(invoice_id: Id, body: MailedIn, session: CurrentSession, act: Seller) -> InvoiceOut:
    """Where that is enough (the due date, no more than the total, in time) its debit needs no notice of ours."""
    return InvoiceOut.model_validate(invoice_mails.record(session, invoice_id, on=body.on, act=act))


def _add_reversible(session: Session, shown: Sequence[InvoiceOut]) -> None:
    until = invoices.reversible_until(session, [one.id for one in shown])
    for one in shown:
        one.reversible_until = until.get(one.id)


@router.post("/{invoice_id}/write-off", status_code=201)
def write_off(invoice_id: Id, body: WriteOffIn, session: CurrentSession, act: SettlerOnce) -> AllocationOut:
    """Give up what is open of an invoice, or a part of it; reversing the allocation takes that back."""
    wanted = Grant(
        invoice_id=invoice_id, kind=AllocationKind.WRITE_OFF, amount_minor=body.amount_minor,
        granted_on=act.today, decided_by=act.actor, evidence=("A person decided.",), reason=body.reason,
    )  # fmt: skip
    (made,) = grants.grant(session, [wanted], act=act, cause="invoice.by_hand")
    return AllocationOut.model_validate(allocations.get(session, made))
