"""Customers: who owes us money."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

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
from ledger.texts import check_optional, checked_text


class CustomerNotFound(NotFound):
    """There is no such customer."""


class ExternalIdTaken(Conflict):
    """Another customer already has this external id."""


class NoCountry(Rejected):
    """A country is written as two capital letters (ISO 3166-1)."""


_LONGEST = {"external_id": 100, "email": 254, "street": 70, "postcode": 16, "town": 35}
_COUNTRY = re.compile(r"[A-Z]{2}")


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
    """A new customer. Raises UnreadableText, NoCountry, InvalidIban or ExternalIdTaken; nothing is changed then."""
    name = checked_text(facts.name.strip(), field="name", longest=140)
    check_optional(asdict(facts), _LONGEST)
    if facts.country is not None and _COUNTRY.fullmatch(facts.country) is None:
        raise NoCountry("A country is written as two capital letters.", field="country")
    customer = Customer(
        id=new_id("cus"), external_id=facts.external_id, name=name, email=facts.email,
        iban=Iban.parse(facts.iban).compact if facts.iban is not None else None, country=facts.country,
        street=facts.street, postcode=facts.postcode, town=facts.town, created_at=act.at,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(customer)
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
