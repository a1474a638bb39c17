"""/v1/mandates: permissions to debit, recorded as signed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import SEEN, Day, Id, Reason
from gateway.session import CurrentSession, Reader, Seller, TransactionalRoute
from ledger import creditors
from mandates import amending, cancelling, lifecycle, suspending
from mandates.amending import Changes
from mandates.lifecycle import SignedMandate
from mandates.models import Mandate, MandateType, Scheme
from mandates.states import MandateState

router = APIRouter(prefix="/v1/mandates", tags=["mandates"], route_class=TransactionalRoute)


class MandateIn(BaseModel):
    """A mandate that the customer has signed; without a reference one is made."""

    model_config = ConfigDict(extra="forbid")

    customer_id: Id
    creditor_id: Id | None = None
    iban: str = Field(max_length=50)
    signed_on: Day
    scheme: Scheme = Scheme.CORE
    type: MandateType = MandateType.RECURRENT
    reference: str | None = Field(default=None, max_length=35)
    debtor_name: str | None = Field(default=None, min_length=1, max_length=70, pattern=SEEN)
    bic: str | None = Field(default=None, max_length=11)
    signed_at_place: str | None = Field(default=None, min_length=1, max_length=70, pattern=SEEN)
    confirmed_by_bank: bool = Field(
        default=False, description="B2B only: the customer's bank has confirmed that it knows the mandate."
    )
    original_reference: str | None = Field(
        default=None, max_length=35,
        description="As the customer's bank knows a mandate that was used before, by another creditor or elsewhere.",
    )  # fmt: skip
    original_creditor_identifier: str | None = Field(default=None, max_length=50)
    original_creditor_name: str | None = Field(default=None, min_length=1, max_length=70, pattern=SEEN)
    original_iban: str | None = Field(default=None, max_length=50)


class AmendmentIn(BaseModel):
    """What the customer asked to change; what is left out stays. The next file tells the customer's bank."""

    model_config = ConfigDict(extra="forbid")

    reference: str | None = Field(default=None, min_length=1, max_length=35)
    iban: str | None = Field(default=None, max_length=50)
    bic: str | None = Field(default=None, max_length=11)
    debtor_name: str | None = Field(default=None, min_length=1, max_length=70, pattern=SEEN)
    confirmed_by_bank: bool = Field(
        default=False, description="B2B only: the customer's bank knows the new account."
    )
    reason: str = Field(
        min_length=1, max_length=200, pattern=SEEN, description="How the customer asked for it, and when."
    )


class AmendmentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    reference_before: str
    debtor_name_before: str
    iban_before: str
    reason: str
    amended_at: datetime
    amended_by: str


class MandateOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    reference: str
    state: str
    scheme: str
    type: str
    creditor_id: str
    customer_id: str
    debtor_name: str
    iban: str
    bic: str | None
    signed_on: date
    signed_at_place: str | None
    last_collection_on: date | None
    failures_in_a_row: int
    created_at: datetime


@router.post("", status_code=201)
def record_mandate(body: MandateIn, session: CurrentSession, act: Seller) -> MandateOut:
    creditor = creditors.only_one(session, body.creditor_id)
    facts = SignedMandate(**body.model_dump(exclude={"creditor_id"}), creditor_id=creditor.id)
    return MandateOut.model_validate(lifecycle.record_signed(session, facts, act=act))


@router.get("")
def list_mandates(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    customer_id: Id | None = None,
    reference: Annotated[str | None, Query(max_length=35, pattern=SEEN)] = None,
    state: MandateState | None = None,
) -> Page[MandateOut]:
    wanted = {Mandate.customer_id: customer_id, Mandate.reference: reference, Mandate.state: state}
    query = select(Mandate).where(*(column == value for column, value in wanted.items() if value is not None))
    return page(session, query, Mandate.id, cursor, MandateOut.model_validate)


@router.get("/{mandate_id}")
def get_mandate(mandate_id: Id, session: CurrentSession, act: Reader) -> MandateOut:
    return MandateOut.model_validate(lifecycle.get(session, mandate_id))


@router.post("/{mandate_id}/activate")
def activate_mandate(mandate_id: Id, session: CurrentSession, act: Seller) -> MandateOut:
    """The customer's bank has confirmed a B2B mandate."""
    return MandateOut.model_validate(lifecycle.activate(session, mandate_id, act=act))


@router.post("/{mandate_id}/cancel")
def cancel_mandate(mandate_id: Id, body: Reason, session: CurrentSession, act: Seller) -> MandateOut:
    """End a mandate; its scheduled debits are cancelled with it."""
    return MandateOut.model_validate(cancelling.cancel(session, mandate_id, reason=body.reason, act=act))


@router.post("/{mandate_id}/suspend")
def suspend_mandate(mandate_id: Id, body: Reason, session: CurrentSession, act: Seller) -> MandateOut:
    """No debit may be drawn on it until it is resumed; its scheduled debits are cancelled."""
    return MandateOut.model_validate(suspending.suspend(session, mandate_id, reason=body.reason, act=act))


@router.post("/{mandate_id}/resume")
def resume_mandate(mandate_id: Id, body: Reason, session: CurrentSession, act: Seller) -> MandateOut:
    """A person found that a suspended mandate may be used again; its failures in a row are forgotten."""
    return MandateOut.model_validate(suspending.resume(session, mandate_id, reason=body.reason, act=act))


@router.post("/{mandate_id}/amend")
def amend_mandate(mandate_id: Id, body: AmendmentIn, session: CurrentSession, act: Seller) -> MandateOut:
    """Another account, reference or name of the debtor; a batch drafted before can no longer be released."""
    changes = Changes(**body.model_dump(exclude={"reason"}))
    return MandateOut.model_validate(
        amending.amend(session, mandate_id, changes, reason=body.reason, act=act)
    )


@router.get("/{mandate_id}/amendments")
def list_amendments(mandate_id: Id, session: CurrentSession, act: Reader) -> list[AmendmentOut]:
    """What the mandate said before each change, the latest last."""
    return [AmendmentOut.model_validate(one) for one in amending.history(session, mandate_id)]
