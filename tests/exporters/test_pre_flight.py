"""What speaks against a batch before anybody approves it, debit by debit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from exporters import debit_batches, pre_flight
from exporters.debit_batches import BankWouldRefuse, OtherFile, TotalNotConfirmed
from exporters.pre_flight import Finding
from ledger import invoices
from ledger.acts import Act
from ledger.models import Customer, Invoice
from ledger.states import CollectionStatus
from mandates import lifecycle, terms
from mandates.models import Batch, Debit, Mandate
from tests.factories.books import Books
from tests.factories.collecting import (
    approve,
    days_later,
    drafted,
    on,
    refused,
    release,
    released,
    reload,
    schedule,
    scheduled,
    second,
)


def found(books: Books, batch: Batch, act: Act | None = None) -> list[tuple[str, str, str | None]]:
    return [
        (one.rule, str(one.severity), one.debit_id)
        for one in pre_flight.examine(books.session, batch, act=act or books.act)
    ]


def require_stopped(books: Books, batch: Batch, *, rule: str, debit: Debit | None) -> Finding:
    """Exactly this speaks against the batch, and nobody can approve it."""
    findings = pre_flight.examine(books.session, batch, act=books.act)
    expected = (rule, "error", None if debit is None else debit.id)
    assert [(one.rule, str(one.severity), one.debit_id) for one in findings] == [expected]
    with refused(books.session, BankWouldRefuse) as caught:
        approve(books.session, batch.id, act=second(books.act))
    assert findings[0].message in caught.value.message
    reload(books.session, batch)
    assert (batch.state, batch.approved_by) == ("draft", None)
    return findings[0]


def test_nothing_speaks_against_a_sound_batch(session: Session, books: Books) -> None:
    scheduled(books, 100)
    scheduled(books, 200)
    assert found(books, drafted(books)) == []
    session.commit()


def test_a_mandate_that_ended_since_stands_beside_its_debit(session: Session, books: Books, act: Act) -> None:
    scheduled(books, 100)
    debit = scheduled(books, 200)
    batch = drafted(books)
    lifecycle.cancel(session, debit.mandate_id, reason="moved", act=act)
    require_stopped(books, batch, rule="mandate_not_active", debit=debit)
    session.commit()


def test_a_dormant_mandate_is_found(session: Session, books: Books) -> None:
    debit = scheduled(books)
    batch = drafted(books)
    session.get_one(Mandate, debit.mandate_id).signed_on = date(2023, 11, 20)  # one day short of 36 months
    assert found(books, batch) == []
    session.get_one(Mandate, debit.mandate_id).signed_on = date(2023, 11, 19)
    finding = require_stopped(books, batch, rule="mandate_dormant", debit=debit)
    assert "36 months" in finding.message
    session.commit()


def test_a_mandate_signed_after_the_collection_is_no_signature(session: Session, books: Books) -> None:
    debit = scheduled(books)
    batch = drafted(books)
    session.get_one(Mandate, debit.mandate_id).signed_on = debit.collect_on
    assert found(books, batch) == []
    session.get_one(Mandate, debit.mandate_id).signed_on = date(2026, 11, 20)
    require_stopped(books, batch, rule="mandate_unsigned", debit=debit)
    session.rollback()


def test_an_invoice_that_is_disputed_since_is_not_collected(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books)
    batch = drafted(books)
    invoices.hold(session, [debit.invoice_id], CollectionStatus.DISPUTED, act=act, cause="test")
    require_stopped(books, batch, rule="invoice_changed", debit=debit)
    session.rollback()


def test_a_customer_whose_automatic_is_stopped_is_left_alone(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    batch = drafted(books)
    customer = session.get_one(Customer, session.get_one(Invoice, debit.invoice_id).customer_id)
    customer.automatic_stopped_at, customer.automatic_stopped_because = act.at, "a letter says so"
    require_stopped(books, batch, rule="customer_stopped", debit=debit)
    session.rollback()


def test_a_debtor_outside_the_eea_needs_an_address_in_the_file(session: Session, books: Books) -> None:
    swiss = books.customer("Urs Beispiel", country="CH", town="Bern")
    mandate = books.mandate(swiss, iban="CH9300762011623852957", bic="UBSWCHZH80A")
    debit = schedule(books, books.invoice(500, customer=swiss), mandate)
    mandate.debtor_town = None
    finding = require_stopped(books, drafted(books), rule="address_required", debit=debit)
    assert "address" in finding.message
    session.commit()


def test_a_name_the_bank_cannot_take_is_shown_before_and_after(session: Session, books: Books) -> None:
    customer = books.customer("Žofie Šťastná & synové")
    debit = schedule(books, books.invoice(500, customer=customer), books.mandate(customer))
    batch = drafted(books)
    (finding,) = pre_flight.examine(session, batch, act=books.act)
    assert (finding.rule, finding.severity, finding.debit_id) == ("characters", "warning", debit.id)
    assert (finding.before, finding.after) == ("Žofie Šťastná & synové", "Zofie Stastna + synove")
    approve(session, batch.id, act=second(books.act))
    session.commit()


@pytest.fixture
def limits(session: Session, books: Books, act: Act) -> Iterator[None]:
    """At most 100 EUR a debit, 150 EUR a customer and day, 400 EUR a file."""
    terms.change(
        session, books.creditor.id, largest_debit_minor=10_000, largest_debtor_day_minor=15_000,
        largest_file_minor=40_000, act=act,
    )  # fmt: skip
    yield
    session.commit()


@pytest.mark.usefixtures("limits")
def test_at_every_limit_all_is_well_and_one_cent_above_nothing_goes(session: Session, books: Books) -> None:
    scheduled(books, 10_000)
    assert found(books, drafted(books)) == []
    above = scheduled(books, 10_001)
    finding = require_stopped(books, drafted(books), rule="limit_per_debit", debit=above)
    assert finding.message == "The debit is above the limit of 100.00 EUR for one debit."


@pytest.mark.usefixtures("limits")
def test_the_limit_of_a_customer_and_day_counts_all_its_invoices(session: Session, books: Books) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    first = schedule(books, books.invoice(9_000, customer=customer), mandate)
    schedule(books, books.invoice(6_000, customer=customer), mandate)
    batch = drafted(books)
    assert found(books, batch) == []
    third = schedule(books, books.invoice(1, customer=customer), mandate, collect_on=date(2026, 11, 20))
    assert found(books, drafted(books)) == []  # another day
    assert third.state == "batched"
    debit_batches.take_out(session, batch.id, [first.id], reason="again", act=books.act)
    more = schedule(books, books.invoice(9_001, customer=customer), mandate)
    schedule(books, books.invoice(6_000, customer=customer), mandate)
    again = drafted(books)
    findings = pre_flight.examine(session, again, act=books.act)
    assert [one.rule for one in findings if one.severity == "error"] == ["limit_per_debtor_and_day"]
    assert findings[0].debit_id == min(first.id, more.id)


@pytest.mark.usefixtures("limits")
def test_the_limit_of_a_customer_and_day_holds_over_all_files(session: Session, books: Books) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    schedule(books, books.invoice(9_000, customer=customer), mandate)
    released(books)
    more = schedule(books, books.invoice(6_001, customer=customer), mandate)
    finding = require_stopped(books, drafted(books), rule="limit_per_debtor_and_day", debit=more)
    assert finding.message.startswith("150.01 EUR would be collected from this customer on 2026-11-19")


@pytest.mark.usefixtures("limits")
def test_the_limit_of_a_file_is_for_the_whole_file(session: Session, books: Books) -> None:
    for _ in range(4):
        scheduled(books, 9_999)
    scheduled(books, 5)
    batch = drafted(books)
    assert batch.total_minor == 40_001
    require_stopped(books, batch, rule="limit_per_file", debit=None)


def test_the_same_amount_twice_within_a_week_is_pointed_out(session: Session, books: Books) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    one = schedule(books, books.invoice(700, customer=customer), mandate)
    other = schedule(books, books.invoice(700, customer=customer), mandate, collect_on=date(2026, 11, 26))
    scheduled(books, 700)  # another customer
    batch = drafted(books)
    assert found(books, batch) == [
        ("duplicate_collection", "warning", one.id), ("duplicate_collection", "warning", other.id),
    ]  # fmt: skip
    later = schedule(books, books.invoice(700, customer=customer), mandate, collect_on=date(2026, 11, 30))
    assert found(books, drafted(books)) == [("duplicate_collection", "warning", later.id)]
    session.commit()


def test_a_file_three_times_as_large_as_usual_needs_its_total_typed(
    session: Session, books: Books, act: Act
) -> None:
    for total in (1_000, 2_000, 900_000):  # the median is 20.00 EUR, one outlier does not move it
        scheduled(books, total)
        released(books)
    scheduled(books, 6_000)
    assert found(books, drafted(books)) == []
    scheduled(books, 6_001)
    batch = drafted(books)
    assert found(books, batch) == [("unusual_file", "confirm", None)]
    by = second(act)
    for wrong in (None, 6_000, 60_010):
        with refused(session, TotalNotConfirmed, "confirmed_total_minor"):
            debit_batches.approve(session, batch.id, confirmed_total_minor=wrong, act=by)
    debit_batches.approve(session, batch.id, confirmed_total_minor=6_001, act=by)
    release(session, batch.id, act=by)
    session.commit()


def test_who_looked_at_another_file_approves_nothing(session: Session, books: Books, act: Act) -> None:
    scheduled(books)
    batch = drafted(books)
    with refused(session, OtherFile, "sha256"):
        debit_batches.approve(session, batch.id, sha256="0" * 64, act=second(act))
    session.commit()


def test_a_date_that_can_no_longer_be_met_stands_beside_its_debit(
    session: Session, books: Books, act: Act
) -> None:
    scheduled(books, 100, collect_on=date(2026, 11, 24))
    late = scheduled(books, 200)
    batch = drafted(books)
    assert found(books, batch, days_later(act, 1)) == [("too_late", "error", late.id)]
    assert len(found(books, batch, on(act, date(2026, 11, 24)))) == 2
    session.commit()


def test_paypal_2025_a_check_that_is_away_lets_nothing_out(
    session: Session, books: Books, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fraud filter that was down let a payment service send millions of debits nobody had checked (August 2025)."""
    debit = scheduled(books)
    batch = drafted(books)
    approve(session, batch.id, act=second(act))
    terms.change(session, books.creditor.id, largest_debit_minor=100, act=act)
    with refused(session, BankWouldRefuse):
        release(session, batch.id, act=second(act))
    terms.change(session, books.creditor.id, largest_debit_minor=None, act=act)
    session.commit()
    monkeypatch.setattr(pre_flight, "_TWINS", "SELECT id FROM a_table_that_is_away WHERE :batch = :batch")
    with pytest.raises(ProgrammingError):
        release(session, batch.id, act=second(act))
    session.rollback()
    monkeypatch.undo()
    reload(session, batch, debit)
    assert (batch.state, debit.state) == ("approved", "batched")
    release(session, batch.id, act=second(act))
    session.commit()
    assert (
        session.execute(text("SELECT count(*) FROM stored_files WHERE released_at IS NOT NULL")).scalar() == 1
    )


def test_what_changed_after_the_release_does_not_speak_against_what_has_left(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer("Žofie Šťastná")
    debit = schedule(books, books.invoice(500, customer=customer), books.mandate(customer))
    batch = released(books)
    lifecycle.cancel(session, debit.mandate_id, reason="moved", act=act)
    session.commit()
    assert found(books, batch, days_later(act, 9)) == [("characters", "warning", debit.id)]
