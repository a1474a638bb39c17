"""Mandates from their signature to their end: what makes one, what is refused, who may be debited."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.orm import Session

from ledger import states
from ledger.acts import Act
from ledger.banking import InvalidBic, InvalidIban
from ledger.creditors import CreditorNotFound
from ledger.customers import CustomerNotFound
from ledger.errors import DuecourseError
from ledger.models import Customer, StateChange
from ledger.sepa_text import is_sepa_reference
from ledger.states import IllegalMove
from mandates import cancelling, debits, lifecycle
from mandates.collectable import MandateNotActive, Wish
from mandates.lifecycle import MandateNotFound, MandateRejected, ReferenceTaken, SignedMandate
from mandates.models import Mandate, MandateType, Scheme
from mandates.states import MANDATE, DebitState, MandateState
from tests.factories.books import Books, debtor_iban
from tests.factories.collecting import (
    events,
    invoice_of,
    refused,
    reload,
    schedule,
    scheduled,
    second_creditor,
)

SWISS_IBAN = "CH9300762011623852957"


def signed(books: Books, customer: Customer, **facts: object) -> SignedMandate:
    plain = SignedMandate(
        creditor_id=books.creditor.id, customer_id=customer.id, iban=debtor_iban(77),
        signed_on=date(2026, 3, 1),
    )  # fmt: skip
    return replace(plain, **facts)


def history(session: Session, mandate: Mandate) -> list[str]:
    rows = session.query(StateChange).where(StateChange.object_id == mandate.id).order_by(StateChange.id)
    return [row.to_state for row in rows]


def test_a_core_mandate_can_be_debited_as_soon_as_it_is_signed(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer("Erika Beispiel", country="DE", town="Bonn", street="Weg 1", postcode="53111")
    facts = signed(books, customer, reference="M-2026/1", bic="BYLADEM1001", signed_at_place="Bonn")
    mandate = lifecycle.record_signed(session, facts, act=act)
    session.commit()

    reload(session, mandate)
    assert (mandate.state, mandate.scheme, mandate.type) == ("active", "CORE", "recurrent")
    assert (mandate.reference, mandate.iban, mandate.bic) == ("M-2026/1", debtor_iban(77), "BYLADEM1001")
    assert (mandate.signed_on, mandate.signed_at_place) == (date(2026, 3, 1), "Bonn")
    assert mandate.last_collection_on is None
    address = (mandate.debtor_street, mandate.debtor_postcode, mandate.debtor_town, mandate.debtor_country)
    assert (mandate.debtor_name, *address) == ("Erika Beispiel", "Weg 1", "53111", "Bonn", "DE")
    assert history(session, mandate) == ["signed", "active"]
    assert events(session, mandate.id) == ["mandate.signed", "mandate.activated"]


def test_the_account_number_is_stored_without_blanks_and_shown_masked(
    session: Session, books: Books, act: Act
) -> None:
    facts = signed(books, books.customer(), iban="de02 1203 0000 0000 2020 51")
    mandate = lifecycle.record_signed(session, facts, act=act)
    session.commit()
    reload(session, mandate)
    assert mandate.iban == "DE02120300000000202051"
    assert "120300000000" not in repr(mandate.iban)


def test_without_a_reference_the_mandate_gets_one_that_every_bank_takes(
    session: Session, books: Books, act: Act
) -> None:
    first, second = (
        lifecycle.record_signed(session, signed(books, books.customer()), act=act) for _ in range(2)
    )
    assert is_sepa_reference(first.reference)
    assert first.reference != second.reference
    session.commit()


def test_a_business_mandate_waits_for_the_customers_bank(session: Session, books: Books, act: Act) -> None:
    customer = books.customer("Beispiel AG")
    mandate = lifecycle.record_signed(session, signed(books, customer, scheme=Scheme.B2B), act=act)
    assert mandate.state == "pending_bank"
    with refused(session, MandateNotActive, "mandate_id"):
        schedule(books, books.invoice(customer=customer), mandate)

    lifecycle.activate(session, mandate.id, act=act)
    debit = schedule(books, books.invoice(customer=customer), mandate)
    session.commit()
    assert (mandate.state, debit.state) == ("active", "scheduled")
    assert history(session, mandate) == ["signed", "pending_bank", "active"]
    assert events(session, mandate.id) == ["mandate.signed", "mandate.activated"]


def test_a_business_mandate_that_the_bank_has_confirmed_is_active_at_once(
    session: Session, books: Books, act: Act
) -> None:
    facts = signed(books, books.customer("Beispiel AG"), scheme=Scheme.B2B, confirmed_by_bank=True)
    mandate = lifecycle.record_signed(session, facts, act=act)
    session.commit()
    assert mandate.state == "active"


UNSOUND: tuple[tuple[dict[str, object], type[DuecourseError], str], ...] = (
    ({"iban": "DE02120300000000202052"}, InvalidIban, "iban"),
    ({"iban": "AE070331234567890123456"}, MandateRejected, "iban"),
    ({"iban": SWISS_IBAN}, MandateRejected, "customer_id"),
    ({"bic": "NOBANK"}, InvalidBic, "bic"),
    ({"signed_on": date(2026, 11, 19)}, MandateRejected, "signed_on"),
    ({"reference": ""}, MandateRejected, "reference"),
    ({"reference": "M" * 36}, MandateRejected, "reference"),
    ({"reference": " M5"}, MandateRejected, "reference"),
    ({"reference": "/M5"}, MandateRejected, "reference"),
    ({"reference": "M//5"}, MandateRejected, "reference"),
    ({"reference": "Übertrag-5"}, MandateRejected, "reference"),
    ({"debtor_name": "  "}, MandateRejected, "debtor_name"),
    ({"debtor_name": "x" * 71}, MandateRejected, "debtor_name"),
    ({"signed_at_place": "x" * 71}, MandateRejected, "signed_at_place"),
    ({"creditor_id": "crd_nobody"}, CreditorNotFound, "creditor_id"),
    ({"customer_id": "cus_nobody"}, CustomerNotFound, "customer_id"),
)


def test_an_unsound_mandate_is_refused_and_the_field_named(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    for facts, error, field in UNSOUND:
        with refused(session, error, field):
            lifecycle.record_signed(session, signed(books, customer, **facts), act=act)
    session.commit()
    assert session.query(Mandate).count() == 0


def test_a_mandate_signed_today_with_the_longest_reference_is_sound(
    session: Session, books: Books, act: Act
) -> None:
    facts = signed(books, books.customer(), signed_on=act.today, reference="M" * 35, debtor_name="x" * 70)
    mandate = lifecycle.record_signed(session, facts, act=act)
    session.commit()
    assert mandate.state == "active"


def test_an_account_outside_the_eea_needs_the_customers_address(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer("Urs Beispiel", country="CH", town="Bern")
    mandate = lifecycle.record_signed(session, signed(books, customer, iban=SWISS_IBAN), act=act)
    session.commit()
    assert (mandate.state, mandate.debtor_country, mandate.debtor_town) == ("active", "CH", "Bern")


def test_a_creditor_without_identifier_cannot_be_given_a_mandate(
    session: Session, books: Books, act: Act
) -> None:
    books.creditor.creditor_identifier = None
    customer = books.customer()
    with refused(session, MandateRejected, "creditor_id"):
        lifecycle.record_signed(session, signed(books, customer), act=act)


def test_a_long_customer_name_is_cut_where_sepa_ends_it(session: Session, books: Books, act: Act) -> None:
    customer = books.customer("Eigentümergemeinschaft " + "x" * 60)
    mandate = lifecycle.record_signed(session, signed(books, customer), act=act)
    session.commit()
    assert mandate.debtor_name == customer.name[:70]


def test_a_reference_is_given_once_per_creditor(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    first = lifecycle.record_signed(session, signed(books, customer, reference="M-1"), act=act)
    with refused(session, ReferenceTaken, "reference"):
        lifecycle.record_signed(session, signed(books, customer, reference="M-1"), act=act)
    other, _ = second_creditor(books)
    facts = signed(books, customer, reference="M-1", creditor_id=other.id)
    second = lifecycle.record_signed(session, facts, act=act)
    session.commit()
    assert (first.reference, second.reference) == ("M-1", "M-1")


def test_nothing_can_be_drawn_on_a_cancelled_mandate(session: Session, books: Books, act: Act) -> None:
    invoice, mandate = books.collectable()
    lifecycle.cancel(session, mandate.id, reason="customer left", act=act)
    with refused(session, MandateNotActive, "mandate_id"):
        schedule(books, invoice, mandate)
    with refused(session, IllegalMove):
        lifecycle.cancel(session, mandate.id, reason="again", act=act)
    with refused(session, IllegalMove):
        lifecycle.activate(session, mandate.id, act=act)
    session.commit()
    assert mandate.state == "cancelled"
    assert history(session, mandate) == ["signed", "active", "cancelled"]
    assert events(session, mandate.id) == ["mandate.signed", "mandate.activated", "mandate.cancelled"]


def test_cancelling_a_mandate_ends_what_is_scheduled_on_it_and_frees_the_invoices(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    doomed = [schedule(books, books.invoice(customer=customer), mandate) for _ in range(2)]
    untouched = scheduled(books)
    cancelling.cancel(session, mandate.id, reason="customer left", act=act)
    session.commit()

    reload(session, *doomed, untouched)
    assert [debit.state for debit in doomed] == ["cancelled", "cancelled"]
    assert untouched.state == "scheduled"
    status = [invoice_of(session, debit).collection_status for debit in (*doomed, untouched)]
    assert status == ["overdue", "overdue", "collecting"]


def test_an_unknown_mandate_is_not_found(session: Session, books: Books, act: Act) -> None:
    for ask in (lifecycle.get, lambda s, i: lifecycle.activate(s, i, act=act)):
        with refused(session, MandateNotFound, "mandate_id"):
            ask(session, "mnd_nobody")


def test_the_newest_active_mandate_is_used_and_a_one_off_only_without_another(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer()

    def chosen() -> str | None:
        found = lifecycle.active_for(session, creditor_id=books.creditor.id, customer_id=customer.id)
        return found and found.id

    assert chosen() is None
    one_off = books.mandate(customer, type=MandateType.ONE_OFF)
    assert chosen() == one_off.id
    old = books.mandate(customer)
    new = books.mandate(customer)
    books.mandate(customer, type=MandateType.ONE_OFF)
    books.mandate(books.customer("Jemand anders"))
    assert chosen() == new.id
    lifecycle.cancel(session, new.id, reason="moved", act=act)
    assert chosen() == old.id
    session.commit()


def test_an_invoice_whose_mandate_ended_can_be_collected_on_a_new_one(
    session: Session, books: Books, act: Act
) -> None:
    invoice, mandate = books.collectable()
    debit = schedule(books, invoice, mandate)
    cancelling.cancel(session, mandate.id, reason="customer left", act=act)
    fresh = books.mandate(session.get_one(Customer, invoice.customer_id), iban=debtor_iban(78))
    again = debits.schedule(session, Wish(invoice_id=invoice.id, mandate_id=fresh.id), act=act)
    session.commit()
    assert (debit.state, again.state) == (DebitState.CANCELLED, DebitState.SCHEDULED)
    assert (mandate.state, fresh.state) == (MandateState.CANCELLED, MandateState.ACTIVE)


@pytest.mark.parametrize("state", ["consumed", "suspended"])
def test_a_used_or_resting_mandate_is_not_activated_like_a_new_one(
    session: Session, books: Books, act: Act, state: str
) -> None:
    mandate = books.mandate(books.customer())
    states.move(session, MANDATE, [mandate.id], state, act=act)
    with refused(session, IllegalMove):
        lifecycle.activate(session, mandate.id, act=act)
    reload(session, mandate)
    assert mandate.state == state
