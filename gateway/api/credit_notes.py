"""/v1/credit-notes: what we owe customers back."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import Day, Id, Minor
from gateway.session import CurrentSession, Reader, SellerOnce, TransactionalRoute
from ledger import credit_notes, creditors
from ledger.credit_notes import CreditNoteFacts
from ledger.models import CreditNote
from reconciliation import matching

router = APIRouter(prefix="/v1/credit-notes", tags=["invoices"], route_class=TransactionalRoute)


class CreditNoteIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: str = Field(min_length=1, max_length=60)
    customer_id: Id
    creditor_id: Id | None = None
    external_id: str | None = Field(default=None, min_length=1, max_length=100)
    currency: str = Field(default="EUR", max_length=12)
    total_minor: Minor
    issued_on: Day


class CreditNoteOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    external_id: str | None
    number: str
    creditor_id: str
    customer_id: str
    currency: str
    total_minor: int
    open_minor: int
    issued_on: date
    created_at: datetime


@router.post("", status_code=201)
def issue_credit_note(body: CreditNoteIn, session: CurrentSession, act: SellerOnce) -> CreditNoteOut:
    creditor = creditors.only_one(session, body.creditor_id)
    facts = CreditNoteFacts(**body.model_dump(exclude={"creditor_id"}), creditor_id=creditor.id)
    issued = credit_notes.issue(session, facts, act=act)
    matching.look_again(session)
    return CreditNoteOut.model_validate(issued)


@router.get("")
def list_credit_notes(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[CreditNoteOut]:
    return page(session, select(CreditNote), CreditNote.id, cursor, CreditNoteOut.model_validate)


@router.get("/{credit_note_id}")
def get_credit_note(credit_note_id: Id, session: CurrentSession, act: Reader) -> CreditNoteOut:
    return CreditNoteOut.model_validate(credit_notes.get(session, credit_note_id))
