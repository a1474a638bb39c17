"""Customers: who owes us money."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import audit, outbox
from ledger.acts import Act
from ledger.banking import Iban
from ledger.database import among, violated
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.models import Customer
from ledger.texts import check_optional, checked_text


class CustomerNotFound(NotFound):
    """There is no such customer."""


class ExternalIdTaken(Conflict):
    """Another customer already has this external id."""


class NotStopped(Conflict):
    """Collecting from this customer was not stopped."""


class NoNoticeDays(Rejected):
    """A customer is told of a debit 0 to 90 calendar days before."""


class NoCountry(Rejected):
    """A country is written as two capital letters (ISO 3166-1)."""


_LONGEST = {"external_id": 100, "email": 254, "street": 70, "postcode": 16, "town": 35}
LONGEST_NOTICE_DAYS = 90
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """What the ERP says of a customer.

    `notice_days` are the calendar days agreed between the notice of a debit and the debit (EPC016-06, section 4.3);
    None where the creditor's terms hold.
    """

    name: str
    external_id: str | None = None
    email: str | None = None
    iban: str | None = None
    country: str | None = None
    street: str | None = None
    postcode: str | None = None
    town: str | None = None
    notice_days: int | None = None


def create(session: Session, facts: CustomerFacts, *, act: Act) -> Customer:
    """A new customer. Raises UnreadableText, NoCountry, NoNoticeDays, InvalidIban or ExternalIdTaken.

    Nothing is changed then.
    """
    sound = _sound(facts)
    customer = Customer(id=new_id("cus"), **asdict(sound), created_at=act.at)
    try:
        with session.begin_nested():
            session.add(customer)
    except IntegrityError as error:
        raise _explained(error) from error
    audit.record(session, "customer.created", customer.id, act=act)
    return customer


def _sound(facts: CustomerFacts) -> CustomerFacts:
    """The facts as they are kept; raises for what cannot be meant."""
    name = checked_text(facts.name.strip(), field="name", longest=140)
    check_optional(asdict(facts), _LONGEST)
    if facts.country is not None and _COUNTRY.fullmatch(facts.country) is None:
        raise NoCountry("A country is written as two capital letters.", field="country")
    if facts.notice_days is not None and not 0 <= facts.notice_days <= LONGEST_NOTICE_DAYS:
        raise NoNoticeDays("A customer is told of a debit 0 to 90 days before.", field="notice_days")
    iban = Iban.parse(facts.iban).compact if facts.iban is not None else None
    return replace(facts, name=name, iban=iban)


def _explained(error: IntegrityError) -> Exception:
    if violated(error) != "uq_customers_external_id":
        return error
    return ExternalIdTaken("Another customer already has this external id.", field="external_id")


def change(session: Session, customer_id: str, *, act: Act, **facts: Any) -> Customer:
    """Change some of what is known of a customer, named as the fields of CustomerFacts; None takes a fact away.

    Mandates keep the address they were signed with until they are amended. Raises CustomerNotFound, UnreadableText,
    NoCountry, InvalidIban, ExternalIdTaken or what else `create` raises; nothing is changed then.
    """
    customer = get(session, customer_id)
    before = {one.name: _plain(getattr(customer, one.name)) for one in fields(CustomerFacts)}
    after = asdict(_sound(replace(CustomerFacts(**before), **facts)))
    changed = sorted(name for name, value in after.items() if value != before[name])
    try:
        with session.begin_nested():
            for name in changed:
                setattr(customer, name, after[name])
            customer.version += 1 if changed else 0
    except IntegrityError as error:
        raise _explained(error) from error
    if changed:
        audit.record(session, "customer.changed", customer.id, act=act, changed=changed)
    return customer


def _plain(value: Any) -> Any:
    return str.__str__(value) if isinstance(value, str) else value


def get(session: Session, customer_id: str) -> Customer:
    """Raises CustomerNotFound."""
    found = session.get(Customer, customer_id)
    if found is None:
        raise CustomerNotFound(f"There is no customer {customer_id[:40]}.", field="customer_id")
    return found


def find(session: Session, external_id: str) -> Customer | None:
    """The customer with the ERP's own id, if there is one."""
    return session.scalars(select(Customer).where(Customer.external_id == external_id)).first()


def stop_automatic(session: Session, customer_ids: Iterable[str], *, because: str, act: Act) -> None:
    """Nothing is collected from these customers without a person any more; who is stopped already stays so.

    Raises UnreadableText for the reason.
    """
    checked_text(because, field="because", longest=200)
    going = session.scalars(
        select(Customer)
        .where(among(Customer.id, customer_ids), Customer.automatic_stopped_at.is_(None))
        .order_by(Customer.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for customer in going:
        customer.automatic_stopped_at, customer.automatic_stopped_because = act.at, because
        _tell(session, customer, "customer.automatic_stopped", because, act)
    session.flush()


def resume_automatic(session: Session, customer_id: str, *, reason: str, act: Act) -> Customer:
    """A person found that collecting may go on by itself. Raises CustomerNotFound or NotStopped."""
    get(session, customer_id)
    customer = session.scalars(
        select(Customer)
        .where(Customer.id == customer_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if customer.automatic_stopped_at is None:
        raise NotStopped(f"Nothing is stopped for customer {customer_id}.", field="customer_id")
    customer.automatic_stopped_at = customer.automatic_stopped_because = None
    session.flush()
    _tell(session, customer, "customer.automatic_resumed", reason, act)
    return customer


def _tell(session: Session, customer: Customer, kind: str, why: str, act: Act) -> None:
    audit.record(session, kind, customer.id, act=act, why=why)
    outbox.emit(session, outbox.NewEvent(type=kind, object_id=customer.id, act=act))
