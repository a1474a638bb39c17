"""Collecting what is due: which invoices get a debit, on which mandate, and why others do not."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from credit_control import collecting
from credit_control.collecting import GateSaysNo
from ledger import invoices
from ledger.acts import Act
from ledger.invoices import InvoiceNotFound
from ledger.states import CollectionStatus
from mandates import debits, lifecycle
from mandates.collectable import AlreadyCollecting, MandateNotActive
from mandates.dating import DateImpossible
from mandates.models import Debit, MandateType
from tests.factories.books import Books
from tests.factories.collecting import (
    at_once,
    invoice_of,
    refused,
    reload,
    schedule,
    scheduled,
    second_creditor,
)
from tests.factories.paying import pay


def collect_due(books: Books, due_until: date | None = None) -> collecting.CollectingReport:
    return collecting.collect_due(
        books.session, creditor_id=books.creditor.id, due_until=due_until or books.act.today, act=books.act
    )


def amounts(session: Session, debit_ids: list[str]) -> list[int]:
    return sorted(debits.get(session, debit_id).amount_minor for debit_id in debit_ids)


def test_every_due_invoice_with_a_mandate_is_collected(session: Session, books: Books) -> None:
    books.collectable(100, due_on=date(2026, 11, 18))
    books.collectable(200, due_on=date(2026, 10, 1))
    books.collectable(400, due_on=date(2026, 11, 19))
    books.invoice(800)
    report = collect_due(books)
    session.commit()
    assert (amounts(session, report.debit_ids), report.refused) == ([100, 200], {})
    later = collect_due(books, date(2026, 11, 19))
    session.commit()
    assert amounts(session, later.debit_ids) == [400]
    assert set(later.refused.values()) == {"it is being collected already"}
    assert session.query(Debit).count() == 3


def test_what_must_not_be_collected_is_refused_with_its_reason(
    session: Session, books: Books, act: Act
) -> None:
    disputed, _ = books.collectable(100)
    invoices.hold(session, [disputed.id], CollectionStatus.DISPUTED, act=act, cause="test")
    sleeping, mandate = books.collectable(200)
    mandate.last_collection_on = date(2023, 1, 1)
    fine, _ = books.collectable(400)
    report = collect_due(books)
    session.commit()
    assert amounts(session, report.debit_ids) == [400]
    assert report.refused == {
        disputed.id: "the customer disputes it",
        sleeping.id: f"Mandate {mandate.id} was not used for 36 months; a new one is needed.",
    }
    reload(session, fine)
    assert fine.collection_status == "collecting"


def test_what_cannot_be_debited_at_all_is_left_alone(session: Session, books: Books) -> None:
    paid, _ = books.collectable(100)
    pay(books, paid, 100)
    books.collectable(200, currency="USD")
    customer = books.customer()
    lifecycle.cancel(session, books.mandate(customer).id, reason="moved", act=books.act)
    books.invoice(400, customer=customer)
    report = collect_due(books)
    session.commit()
    assert (report.debit_ids, report.refused) == ([], {})


def test_another_creditors_invoices_and_mandates_stay_apart(session: Session, books: Books) -> None:
    books.collectable(100)
    other, _ = second_creditor(books)
    report = collecting.collect_due(session, creditor_id=other.id, due_until=books.act.today, act=books.act)
    assert (report.debit_ids, report.refused) == ([], {})


def test_the_newest_mandate_is_used_and_a_one_off_only_without_another(
    session: Session, books: Books
) -> None:
    customer = books.customer()
    books.mandate(customer)
    newest = books.mandate(customer)
    books.mandate(customer, type=MandateType.ONE_OFF)
    made = [books.invoice(100 * number, customer=customer) for number in (1, 2)]
    report = collect_due(books)
    session.commit()
    used = {debits.get(session, one).mandate_id for one in report.debit_ids}
    assert (used, len(report.debit_ids), len(made)) == ({newest.id}, 2, 2)


def test_a_one_off_mandate_collects_one_of_two_invoices_and_says_why_not_the_other(
    session: Session, books: Books
) -> None:
    customer = books.customer()
    mandate = books.mandate(customer, type=MandateType.ONE_OFF)
    first, second = (books.invoice(100, customer=customer) for _ in range(2))
    report = collect_due(books)
    session.commit()
    assert [debits.get(session, one).invoice_id for one in report.debit_ids] == [first.id]
    assert report.refused == {second.id: f"Mandate {mandate.id} is good for one debit and has one already."}


def test_an_invoice_partly_paid_while_its_debit_waited_is_collected_for_the_rest(
    session: Session, books: Books
) -> None:
    stale = scheduled(books, 12_000)
    pay(books, invoice_of(session, stale), 4_500)
    report = collect_due(books)
    session.commit()
    reload(session, stale)
    assert (stale.state, amounts(session, report.debit_ids)) == ("cancelled", [7_500])
    assert invoice_of(session, stale).collection_status == "collecting"


def test_more_invoices_than_fit_into_one_go_are_all_collected(
    session: Session, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "CHUNK", 2)
    for number in range(1, 6):
        books.collectable(number)
    report = collect_due(books)
    session.commit()
    assert amounts(session, report.debit_ids) == [1, 2, 3, 4, 5]


@pytest.mark.race
def test_eight_hands_collect_what_is_due_and_every_invoice_gets_one_debit(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    for number in range(1, 21):
        books.collectable(number)
    creditor_id = books.creditor.id
    session.commit()
    done = at_once(
        engine,
        [
            lambda one: (
                collecting.collect_due(one, creditor_id=creditor_id, due_until=act.today, act=act).debit_ids
            )
        ]
        * 8,
    )
    assert sum(len(ids) for ids in done if isinstance(ids, list)) == 20
    assert session.query(Debit).count() == 20


def test_one_invoice_is_collected_on_the_mandate_and_day_asked_for(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer()
    older, _ = books.mandate(customer), books.mandate(customer)
    invoice = books.invoice(12_000, customer=customer)
    debit = collecting.collect_invoice(
        session, invoice_id=invoice.id, mandate_id=older.id, collect_on=date(2026, 12, 5), act=act
    )
    session.commit()
    assert (debit.mandate_id, debit.collect_on, debit.amount_minor) == (
        older.id, date(2026, 12, 7), 12_000,
    )  # fmt: skip


def test_without_a_mandate_named_the_customers_newest_is_used(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer()
    _, newest = books.mandate(customer), books.mandate(customer)
    invoice = books.invoice(customer=customer)
    debit = collecting.collect_invoice(session, invoice_id=invoice.id, act=act)
    session.commit()
    assert debit.mandate_id == newest.id


def test_one_invoice_is_refused_with_the_reason(session: Session, books: Books, act: Act) -> None:
    def collect(invoice_id: str, **wish: object) -> Debit:
        return collecting.collect_invoice(session, invoice_id=invoice_id, act=act, **wish)

    with refused(session, InvoiceNotFound, "invoice_id"):
        collect("inv_nobody")
    with refused(session, MandateNotActive, "mandate_id"):
        collect(books.invoice().id)
    disputed, _ = books.collectable()
    invoices.hold(session, [disputed.id], CollectionStatus.DISPUTED, act=act, cause="test")
    with refused(session, GateSaysNo, "invoice_id") as caught:
        collect(disputed.id)
    assert caught.value.message == (f"Invoice {disputed.id} may not be debited: the customer disputes it.")
    invoice, mandate = books.collectable()
    with refused(session, DateImpossible, "collect_on"):
        collect(invoice.id, collect_on=act.today)
    schedule(books, invoice, mandate)
    with refused(session, AlreadyCollecting, "invoice_id"):
        collect(invoice.id)
    session.commit()
