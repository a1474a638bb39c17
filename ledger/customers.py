"""Customers: who owes us money."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import audit
from ledger.acts import Act
from ledger.banking import Iban
from ledger.database import violated
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.models import Customer


class CustomerNotFound(NotFound):
    """There is no such customer."""


class ExternalIdTaken(Conflict):
    """Another customer already has this external id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """What the ERP says of a customer."""

    name: str
    external_id: str | None = None
    email: str | None = None
    iban: str | None = None
    country: str | None = None
    street: str | None = None
    postcode: str | None = None
    town: str | None = None


def create(session: Session, facts: CustomerFacts, *, act: Act) -> Customer:
    """A new customer. Raises InvalidIban, Rejected for an empty name, or ExternalIdTaken."""
    if not facts.name.strip():
        raise Rejected("A customer needs a name.", field="name")
    customer = Customer(
        id=new_id("cus"), external_id=facts.external_id, name=facts.name.strip(), email=facts.email,
        iban=Iban.parse(facts.iban).compact if facts.iban else None, country=facts.country,
        street=facts.street, postcode=facts.postcode, town=facts.town, created_at=act.at,
    )  # fmt: skip
    session.add(customer)
    try:
        session.flush()
    except IntegrityError as error:
        if violated(error) != "uq_customers_external_id":
            raise
        raise ExternalIdTaken(
            "Another customer already has this external id.", field="external_id"
        ) from error
    audit.record(session, "customer.created", customer.id, act=act)
    return customer


def get(session: Session, customer_id: str) -> Customer:
    """Raises CustomerNotFound."""
    found = session.get(Customer, customer_id)
    if found is None:
        raise CustomerNotFound(f"There is no customer {customer_id[:40]}.", field="customer_id")
    return found


def find(session: Session, external_id: str) -> Customer | None:
    """The customer with the ERP's own id, if there is one."""
    return session.scalars(select(Customer).where(Customer.external_id == external_id)).first()
