"""Which invoice may be collected on which mandate, and on which day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.invoices import InvoiceNotFound
from ledger.models import Invoice
from mandates import debits, lifecycle
from mandates.collectable import (
    AlreadyCollecting,
    InvoiceNotOpen,
    MandateDormant,
    MandateNotActive,
    MandateUsed,
    NotCollectable,
    Wish,
    is_dormant,
)
from mandates.dating import DateImpossible
from mandates.lifecycle import MandateNotFound
from mandates.models import Mandate, MandateType
from mandates.states import MandateState
from tests.factories.books import Books, debtor_iban
from tests.factories.collecting import on, refused, reload, schedule, scheduled, second_creditor
from tests.factories.paying import pay


def test_a_collection_on_a_day_without_banks_moves_to_the_next_bank_day(
    session: Session, books: Books
) -> None:
    moved = {
        date(2026, 11, 19): date(2026, 11, 19),
        date(2026, 11, 28): date(2026, 11, 30),
        date(2026, 11, 29): date(2026, 11, 30),
        date(2026, 12, 25): date(2026, 12, 28),
        date(2027, 3, 27): date(2027, 3, 30),
    }
    made = {wished: scheduled(books, collect_on=wished).collect_on for wished in moved}
    session.commit()
    assert made == moved


def test_without_a_date_the_invoice_is_collected_when_it_is_due_and_the_bank_can(
    session: Session, books: Books
) -> None:
    collected = {
        date(2026, 10, 1): date(2026, 11, 19),
        date(2026, 11, 18): date(2026, 11, 19),
        date(2026, 12, 1): date(2026, 12, 1),
        date(2026, 12, 26): date(2026, 12, 28),
    }
    made = {due_on: scheduled(books, due_on=due_on).collect_on for due_on in collected}
    session.commit()
    assert made == collected


def test_a_date_that_the_bank_cannot_meet_is_refused_and_the_first_possible_one_named(
    session: Session, books: Books, today: date
) -> None:
    invoice, mandate = books.collectable()
    for day in (today - timedelta(days=1), today):
        with refused(session, DateImpossible, "collect_on") as caught:
            schedule(books, invoice, mandate, collect_on=day)
        assert "2026-11-19" in caught.value.message


def mandate_used(last: date | None, signed: date = date(2020, 1, 1)) -> Mandate:
    return Mandate(signed_on=signed, last_collection_on=last)


@pytest.mark.parametrize(
    ("last", "day", "dormant"),
    [
        (date(2023, 11, 19), date(2026, 11, 18), False),
        (date(2023, 11, 19), date(2026, 11, 19), True),
        (date(2023, 11, 19), date(2026, 11, 20), True),
        (date(2024, 2, 29), date(2027, 2, 27), False),
        (date(2024, 2, 29), date(2027, 2, 28), True),
        (date(2023, 12, 31), date(2026, 12, 30), False),
        (date(2023, 12, 31), date(2027, 1, 1), True),
    ],
)
def test_a_mandate_unused_for_36_months_is_dormant_from_that_day_on(
    last: date, day: date, dormant: bool
) -> None:
    assert is_dormant(mandate_used(last), day) is dormant
    assert is_dormant(mandate_used(None, signed=last), day) is dormant


def test_a_collection_keeps_an_old_mandate_alive() -> None:
    assert not is_dormant(mandate_used(date(2025, 1, 1), signed=date(2010, 1, 1)), date(2026, 11, 18))


def test_a_mandate_that_will_be_dormant_on_the_day_of_collection_is_refused(
    session: Session, books: Books
) -> None:
    invoice, mandate = books.collectable()
    mandate.last_collection_on = date(2023, 11, 24)
    with refused(session, MandateDormant, "mandate_id") as caught:
        schedule(books, invoice, mandate, collect_on=date(2026, 11, 24))
    assert "36 months" in caught.value.message
    assert schedule(books, invoice, mandate, collect_on=date(2026, 11, 23)).state == "scheduled"
    session.commit()


def test_a_paid_invoice_is_not_collected(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable(12_000)
    pay(books, invoice, 12_000)
    with refused(session, InvoiceNotOpen, "invoice_id"):
        schedule(books, invoice, mandate)
    session.commit()


def test_only_what_is_still_open_is_collected(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable(12_000)
    pay(books, invoice, 4_500)
    debit = schedule(books, invoice, mandate)
    session.commit()
    assert debit.amount_minor == 7_500


def test_an_invoice_that_was_given_up_is_not_collected(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable()
    for status in ("cancelled", "written_off"):
        session.execute(text("UPDATE invoices SET collection_status = :to"), {"to": status})
        with refused(session, InvoiceNotOpen, "invoice_id"):
            schedule(books, invoice, mandate)


def test_a_second_live_debit_of_an_invoice_is_refused(session: Session, books: Books, act: Act) -> None:
    invoice, mandate = books.collectable()
    first = schedule(books, invoice, mandate)
    with refused(session, AlreadyCollecting, "invoice_id"):
        schedule(books, invoice, mandate)
    debits.cancel(session, first.id, reason="wrong date", act=act)
    assert schedule(books, invoice, mandate).state == "scheduled"
    session.commit()


def test_only_an_active_mandate_is_debited(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable()
    for state in set(MandateState) - {MandateState.ACTIVE}:
        mandate.state = state
        session.flush()
        with refused(session, MandateNotActive, "mandate_id") as caught:
            schedule(books, invoice, mandate)
        assert f"is {state};" in caught.value.message


def test_a_mandate_of_another_customer_is_refused(session: Session, books: Books) -> None:
    invoice, _ = books.collectable()
    with refused(session, NotCollectable, "mandate_id"):
        schedule(books, invoice, books.mandate(books.customer("Jemand anders")))


def test_a_mandate_given_to_another_creditor_is_refused(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    invoice = books.invoice(customer=customer)
    other, _ = second_creditor(books)
    facts = lifecycle.SignedMandate(
        creditor_id=other.id, customer_id=customer.id, iban=debtor_iban(5), signed_on=date(2026, 1, 1)
    )
    mandate = lifecycle.record_signed(session, facts, act=act)
    with refused(session, NotCollectable, "mandate_id"):
        schedule(books, invoice, mandate)


def test_an_invoice_in_another_currency_is_refused(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable(currency="USD")
    with refused(session, NotCollectable, "invoice_id"):
        schedule(books, invoice, mandate)


def test_a_debit_is_never_larger_than_a_bank_takes(session: Session, books: Books) -> None:
    assert scheduled(books, 99_999_999_999).amount_minor == 99_999_999_999
    with refused(session, NotCollectable, "invoice_id"):
        scheduled(books, 100_000_000_000)
    session.commit()


def test_a_one_off_mandate_serves_for_one_debit(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    mandate = books.mandate(customer, type=MandateType.ONE_OFF)
    first = schedule(books, books.invoice(customer=customer), mandate)
    second = books.invoice(customer=customer)
    with refused(session, MandateUsed, "mandate_id"):
        schedule(books, second, mandate)
    debits.cancel(session, first.id, reason="paid by card", act=act)
    debit = schedule(books, second, mandate)
    session.commit()
    assert (debit.sequence_type, debit.state) == ("OOFF", "scheduled")


def test_a_recurrent_mandate_serves_for_many(session: Session, books: Books) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    made = [schedule(books, books.invoice(customer=customer), mandate) for _ in range(3)]
    session.commit()
    assert [debit.sequence_type for debit in made] == ["RCUR", "RCUR", "RCUR"]


def test_what_does_not_exist_is_not_found(session: Session, books: Books, act: Act) -> None:
    invoice, mandate = books.collectable()
    with refused(session, InvoiceNotFound, "invoice_id"):
        debits.schedule(session, Wish(invoice_id="inv_nobody", mandate_id=mandate.id), act=act)
    with refused(session, MandateNotFound, "mandate_id"):
        debits.schedule(session, Wish(invoice_id=invoice.id, mandate_id="mnd_nobody"), act=act)


def test_asking_whether_an_invoice_may_be_collected_changes_nothing(
    session: Session, books: Books, act: Act
) -> None:
    invoice, mandate = books.collectable()
    wish = Wish(invoice_id=invoice.id, mandate_id=mandate.id)
    debits.require_collectable(session, wish, act=act)
    mandate.state = "suspended"
    session.flush()
    with refused(session, MandateNotActive, "mandate_id"):
        debits.require_collectable(session, wish, act=act)
    mandate.state = "active"
    session.commit()
    reload(session, invoice)
    assert (invoice.collection_status, invoice.hold) == ("overdue", None)
    assert session.query(debits.Debit).count() == 0


def test_dates_follow_the_day_on_which_one_asks(session: Session, books: Books, act: Act) -> None:
    invoice, mandate = books.collectable()
    wish = Wish(invoice_id=invoice.id, mandate_id=mandate.id)
    debit = debits.schedule(session, wish, act=on(act, date(2026, 12, 24)))
    session.commit()
    assert debit.collect_on == date(2026, 12, 28)
    assert session.get_one(Invoice, invoice.id).collection_status == "collecting"
