"""Customers: who owes the money."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import customers
from ledger.acts import Act
from ledger.banking import InvalidIban
from ledger.customers import CustomerFacts, CustomerNotFound, ExternalIdTaken, NoCountry
from ledger.errors import DuecourseError
from ledger.texts import UnreadableText
from tests.factories.books import OUR_IBAN, Books


def test_a_customer_is_kept_as_the_erp_described_it(session: Session, act: Act) -> None:
    facts = CustomerFacts(
        name="  Erika Beispiel ", external_id="K-1", email="erika@example.org", iban="DE02 1203 0000 0000 2020 51",
        country="DE", street="Beispielweg 1", postcode="10115", town="Berlin",
    )  # fmt: skip
    made = customers.create(session, facts, act=act)
    session.commit()
    session.expire_all()
    assert made.id.startswith("cus_")
    assert (made.name, made.external_id, made.email) == ("Erika Beispiel", "K-1", "erika@example.org")
    assert (made.iban, made.country) == (OUR_IBAN, "DE")
    assert (made.street, made.postcode, made.town) == ("Beispielweg 1", "10115", "Berlin")


def test_the_audit_trail_names_no_person(session: Session, act: Act) -> None:
    customers.create(session, CustomerFacts(name="Erika Beispiel", iban=OUR_IBAN), act=act)
    session.commit()
    (body,) = session.scalars(text("SELECT body FROM audit_records")).all()
    assert "customer.created" in body
    assert "Erika" not in body
    assert OUR_IBAN not in body


REFUSED: list[tuple[dict[str, Any], type[DuecourseError], str]] = [
    ({"name": ""}, UnreadableText, "name"),
    ({"name": " \t"}, UnreadableText, "name"),
    ({"name": "x" * 141}, UnreadableText, "name"),
    ({"name": "Erika\0Beispiel"}, UnreadableText, "name"),
    ({"name": "Erika \ud800"}, UnreadableText, "name"),
    ({"external_id": ""}, UnreadableText, "external_id"),
    ({"external_id": "x" * 101}, UnreadableText, "external_id"),
    ({"email": "x" * 255}, UnreadableText, "email"),
    ({"iban": "DE03120300000000202051"}, InvalidIban, "iban"),
    ({"iban": ""}, InvalidIban, "iban"),
    ({"country": "Germany"}, NoCountry, "country"),
    ({"country": "de"}, NoCountry, "country"),
    ({"street": "x" * 71}, UnreadableText, "street"),
    ({"postcode": "x" * 17}, UnreadableText, "postcode"),
    ({"town": "x" * 36}, UnreadableText, "town"),
]


@pytest.mark.parametrize(("facts", "error", "field"), REFUSED)
def test_an_impossible_customer_is_refused_with_the_field_at_fault(
    session: Session, act: Act, facts: dict[str, Any], error: type[DuecourseError], field: str
) -> None:
    with pytest.raises(error) as refused:
        customers.create(session, CustomerFacts(**{"name": "Erika Beispiel", **facts}), act=act)
    assert refused.value.field == field
    assert "Erika" not in refused.value.message
    session.commit()
    assert session.execute(text("SELECT count(*) FROM customers")).scalar_one() == 0


def test_an_external_id_belongs_to_one_customer(session: Session, books: Books, act: Act) -> None:
    first = books.customer(external_id="K-1")
    with pytest.raises(ExternalIdTaken) as refused:
        books.customer("Max Mustermann", external_id="K-1")
    assert refused.value.field == "external_id"
    second = books.customer("Max Mustermann", external_id="K-2")
    session.commit()
    assert session.scalars(text("SELECT id FROM customers ORDER BY id")).all() == [first.id, second.id]
    assert customers.find(session, "K-1") is first
    assert customers.find(session, "K-3") is None


def test_a_customer_nobody_knows_is_not_found(session: Session, books: Books) -> None:
    known = books.customer()
    assert customers.get(session, known.id) is known
    with pytest.raises(CustomerNotFound, match="There is no customer cus_nobody") as refused:
        customers.get(session, "cus_nobody")
    assert refused.value.field == "customer_id"


def test_a_customer_is_changed_fact_by_fact(session: Session, act: Act) -> None:
    facts = CustomerFacts(name="Erika Beispiel", external_id="K-1", iban="DE02120300000000202051")
    customer = customers.create(session, facts, act=act)
    customers.change(session, customer.id, email="erika@example.org", notice_days=5, act=act)
    customers.change(session, customer.id, iban=None, town="Bern", country="CH", act=act)
    session.commit()
    session.refresh(customer)
    assert (customer.name, customer.external_id, customer.email, customer.notice_days) == (
        "Erika Beispiel", "K-1", "erika@example.org", 5,
    )  # fmt: skip
    assert (customer.iban, customer.town, customer.country, customer.version) == (None, "Bern", "CH", 3)


def test_what_no_customer_can_have_changes_nothing(session: Session, act: Act) -> None:
    customer = customers.create(session, CustomerFacts(name="Erika Beispiel", external_id="K-1"), act=act)
    other = customers.create(session, CustomerFacts(name="Max Muster", external_id="K-2"), act=act)
    session.commit()
    for wrong in ({"name": " "}, {"country": "Schweiz"}, {"external_id": "K-2"}, {"notice_days": 91}):
        with pytest.raises(DuecourseError) as caught:
            customers.change(session, customer.id, **wrong, act=act)
        assert [caught.value.field] == list(wrong)
        session.rollback()
    session.refresh(customer)
    assert (customer.name, customer.external_id, other.external_id) == ("Erika Beispiel", "K-1", "K-2")
