"""Creditors and their accounts: who is owed the money, and where it arrives."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import creditors
from ledger.acts import Act
from ledger.banking import InvalidBic, InvalidCreditorIdentifier, InvalidIban
from ledger.creditors import (
    AlreadyKnown,
    BankAccountNotFound,
    CreditorNotFound,
    NoCollectionAccount,
    UnknownCountry,
)
from ledger.errors import DuecourseError, Rejected
from ledger.models import BankAccount
from ledger.money import UnknownCurrency
from ledger.texts import UnreadableText
from tests.factories.books import CREDITOR_IDENTIFIER, OUR_IBAN, Books


def test_a_creditor_is_kept_as_it_was_described(session: Session, act: Act) -> None:
    made = creditors.create(
        session, name="Muster Energie GmbH", country="DE", creditor_identifier="de98 zzz0 9999 9999 99",
        street="Beispielweg 1", postcode="10115", town="Berlin", act=act,
    )  # fmt: skip
    session.commit()
    session.expire_all()
    assert made.id.startswith("crd_")
    assert (made.name, made.country, made.currency) == ("Muster Energie GmbH", "DE", "EUR")
    assert made.creditor_identifier == "DE98ZZZ09999999999"
    assert (made.street, made.postcode, made.town) == ("Beispielweg 1", "10115", "Berlin")
    assert made.created_at == act.at
    told = session.scalars(text("SELECT body::jsonb ->> 'action' FROM audit_records")).all()
    assert told == ["creditor.created"]


CREDITORS: list[tuple[dict[str, Any], type[DuecourseError], str]] = [
    ({"name": " "}, UnreadableText, "name"),
    ({"name": "x" * 71}, UnreadableText, "name"),
    ({"name": "Muster\0GmbH"}, UnreadableText, "name"),
    ({"country": "US"}, UnknownCountry, "country"),
    ({"country": "de"}, UnknownCountry, "country"),
    ({"creditor_identifier": "DE00ZZZ09999999999"}, InvalidCreditorIdentifier, "creditor_identifier"),
    ({"creditor_identifier": ""}, InvalidCreditorIdentifier, "creditor_identifier"),
    ({"town": "x" * 36}, UnreadableText, "town"),
    ({"postcode": ""}, UnreadableText, "postcode"),
]


@pytest.mark.parametrize(("facts", "error", "field"), CREDITORS)
def test_an_impossible_creditor_is_refused(
    session: Session, act: Act, facts: dict[str, Any], error: type[DuecourseError], field: str
) -> None:
    with pytest.raises(error) as refused:
        creditors.create(session, **{"name": "Muster Energie GmbH", "country": "DE", **facts}, act=act)
    assert refused.value.field == field
    session.commit()
    assert session.execute(text("SELECT count(*) FROM creditors")).scalar_one() == 0


def test_a_creditor_identifier_belongs_to_one_creditor(session: Session, books: Books, act: Act) -> None:
    with pytest.raises(AlreadyKnown, match="creditor identifier is already there") as refused:
        creditors.create(
            session, name="Zweite GmbH", country="DE", creditor_identifier=CREDITOR_IDENTIFIER, act=act
        )
    assert refused.value.field == "creditor_identifier"
    session.commit()
    assert session.execute(text("SELECT count(*) FROM creditors")).scalar_one() == 1


def test_a_creditor_nobody_knows_is_not_found(session: Session) -> None:
    with pytest.raises(CreditorNotFound, match="There is no creditor crd_nobody"):
        creditors.get(session, "crd_nobody")


def test_the_only_creditor_need_not_be_named(session: Session, act: Act) -> None:
    with pytest.raises(CreditorNotFound, match="there is none yet"):
        creditors.only_one(session)
    first = creditors.create(session, name="Muster Energie GmbH", country="DE", act=act)
    assert creditors.only_one(session) is first
    second = creditors.create(session, name="Zweite GmbH", country="FR", act=act)
    with pytest.raises(CreditorNotFound, match="there are several"):
        creditors.only_one(session)
    assert creditors.only_one(session, second.id) is second


def _account(session: Session, books: Books, **facts: Any) -> BankAccount:
    return creditors.open_bank_account(
        session, **{"creditor_id": books.creditor.id, "name": "Second", **facts}, act=books.act
    )


ACCOUNTS: list[tuple[dict[str, Any], type[DuecourseError], str]] = [
    ({}, Rejected, "iban"),
    ({"iban": "DE03120300000000202051"}, InvalidIban, "iban"),
    ({"iban": ""}, InvalidIban, "iban"),
    ({"other_number": ""}, UnreadableText, "other_number"),
    ({"other_number": "9" * 65}, UnreadableText, "other_number"),
    ({"other_number": "4711", "bic": "TOOSHORT9"}, InvalidBic, "bic"),
    ({"other_number": "4711", "currency": "EUX"}, UnknownCurrency, "currency"),
    ({"other_number": "4711", "name": ""}, UnreadableText, "name"),
    ({"other_number": "4711", "creditor_id": "crd_nobody"}, CreditorNotFound, "creditor_id"),
]


@pytest.mark.parametrize(("facts", "error", "field"), ACCOUNTS)
def test_an_impossible_account_is_refused(
    session: Session, books: Books, facts: dict[str, Any], error: type[DuecourseError], field: str
) -> None:
    with pytest.raises(error) as refused:
        _account(session, books, **facts)
    assert refused.value.field == field
    session.commit()
    assert session.execute(text("SELECT count(*) FROM bank_accounts")).scalar_one() == 1


def test_one_number_has_one_account_in_each_currency(session: Session, books: Books) -> None:
    with pytest.raises(AlreadyKnown, match="this IBAN and currency") as refused:
        _account(session, books, iban=OUR_IBAN)
    assert refused.value.field == "iban"
    francs = _account(session, books, iban=OUR_IBAN, currency="CHF")
    domestic = _account(session, books, other_number="4711", currency="SEK")
    with pytest.raises(AlreadyKnown, match="this number and currency") as refused:
        _account(session, books, other_number="4711", currency="SEK")
    assert refused.value.field == "other_number"
    session.commit()
    assert (francs.currency, domestic.iban, domestic.other_number) == ("CHF", None, "4711")


def test_a_statement_finds_its_account_by_number_and_currency(session: Session, books: Books) -> None:
    domestic = _account(session, books, other_number="4711", currency="SEK")

    def found(iban: str | None, other: str | None, currency: str | None) -> BankAccount | None:
        return creditors.find_bank_account(session, iban=iban, other_number=other, currency=currency)

    assert found(OUR_IBAN, None, "EUR") is books.account
    assert found(OUR_IBAN, None, None) is books.account
    assert found(OUR_IBAN, None, "CHF") is None
    assert found(None, "4711", "SEK") is domestic
    assert found(None, None, "EUR") is None
    francs = _account(session, books, iban=OUR_IBAN, currency="CHF")
    assert found(OUR_IBAN, None, "CHF") is francs
    assert found(OUR_IBAN, None, None) is None


def test_debits_are_credited_to_the_first_euro_account_with_an_iban(
    session: Session, books: Books, act: Act
) -> None:
    other = creditors.create(session, name="Zweite GmbH", country="DE", act=act)
    with pytest.raises(BankAccountNotFound, match="no EUR account with an IBAN"):
        creditors.collection_account(session, other.id)
    assert creditors.collection_account(session, books.creditor.id) is books.account
    second = _account(session, books, iban="DE75512108001245126199")
    assert creditors.collection_account(session, books.creditor.id) is books.account
    assert creditors.collection_account(session, books.creditor.id, second.id) is second
    with pytest.raises(BankAccountNotFound, match="belongs to another creditor"):
        creditors.collection_account(session, other.id, second.id)
    with pytest.raises(BankAccountNotFound, match="There is no bank account bac_nobody"):
        creditors.collection_account(session, books.creditor.id, "bac_nobody")


@pytest.mark.parametrize("facts", [{"iban": OUR_IBAN, "currency": "CHF"}, {"other_number": "4711"}])
def test_debits_are_not_credited_to_an_account_that_cannot_take_them(
    session: Session, books: Books, facts: dict[str, str]
) -> None:
    account = _account(session, books, **facts)
    with pytest.raises(NoCollectionAccount) as refused:
        creditors.collection_account(session, books.creditor.id, account.id)
    assert refused.value.field == "bank_account_id"
