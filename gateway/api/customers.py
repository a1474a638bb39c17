"""/v1/customers: who owes us money."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import SEEN, Id, Reason
from gateway.session import CurrentSession, Decider, Reader, Seller, TransactionalRoute
from ledger import customers
from ledger.customers import CustomerFacts
from ledger.models import Customer
from mandates import suspending
from reconciliation import matching

router = APIRouter(prefix="/v1/customers", tags=["customers"], route_class=TransactionalRoute)


class CustomerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=140)
    external_id: str | None = Field(default=None, min_length=1, max_length=100)
    email: str | None = Field(default=None, max_length=254)
    iban: str | None = Field(default=None, max_length=50)
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    street: str | None = Field(default=None, max_length=70)
    postcode: str | None = Field(default=None, max_length=16)
    town: str | None = Field(default=None, max_length=35)
    notice_days: int | None = Field(
        default=None, ge=0, le=90, strict=True,
        description="Calendar days agreed between the notice of a debit and the debit; else the creditor's terms.",
    )  # fmt: skip


class CustomerChange(CustomerIn):
    """What is left out stays as it is; null takes a fact away."""

    name: str = Field(default="", min_length=1, max_length=140)


class CustomerOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    external_id: str | None
    name: str
    email: str | None
    iban: str | None
    country: str | None
    street: str | None
    postcode: str | None
    town: str | None
    notice_days: int | None
    automatic_stopped_at: datetime | None = Field(
        description="Since when nothing is collected from this customer without a person."
    )
    automatic_stopped_because: str | None
    created_at: datetime


@router.post("", status_code=201)
def create_customer(body: CustomerIn, session: CurrentSession, act: Seller) -> CustomerOut:
    made = customers.create(session, CustomerFacts(**body.model_dump()), act=act)
    matching.look_again(session)
    return CustomerOut.model_validate(made)


@router.get("")
def list_customers(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    external_id: Annotated[str | None, Query(max_length=100, pattern=SEEN)] = None,
) -> Page[CustomerOut]:
    query = select(Customer)
    if external_id is not None:
        query = query.where(Customer.external_id == external_id)
    return page(session, query, Customer.id, cursor, CustomerOut.model_validate)


@router.patch("/{customer_id}")
def change_customer(
    customer_id: Id, body: CustomerChange, session: CurrentSession, act: Seller
) -> CustomerOut:
    """What is left out stays as it is; null takes a fact away. A mandate takes a new address when it is amended."""
    changed = customers.change(session, customer_id, **body.model_dump(exclude_unset=True), act=act)
    matching.look_again(session)
    return CustomerOut.model_validate(changed)


@router.get("/{customer_id}")
def get_customer(customer_id: Id, session: CurrentSession, act: Reader) -> CustomerOut:
    return CustomerOut.model_validate(customers.get(session, customer_id))


@router.post("/{customer_id}/stop-automatic")
def stop_automatic(customer_id: Id, body: Reason, session: CurrentSession, act: Seller) -> CustomerOut:
    """Nothing is collected from this customer without a person any more; what is scheduled is cancelled."""
    return CustomerOut.model_validate(
        suspending.stop_customer(session, customer_id, because=body.reason, act=act)
    )


@router.post("/{customer_id}/resume-automatic")
def resume_automatic(customer_id: Id, body: Reason, session: CurrentSession, act: Decider) -> CustomerOut:
    """A person found that collecting may go on by itself."""
    return CustomerOut.model_validate(
        customers.resume_automatic(session, customer_id, reason=body.reason, act=act)
    )
