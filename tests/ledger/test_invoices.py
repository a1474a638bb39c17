"""Invoices: what is owed is taken in once, and its status says where its collection stands."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import allocations, creditors, database, invoices
from ledger.acts import Act
from ledger.banking import InvalidReference
from ledger.errors import DuecourseError
from ledger.invoices import InvoiceClash, InvoiceFacts, InvoiceNotFound, InvoiceRejected, Issued, status_of
from ledger.models import AccountKind, Invoice
from ledger.money import LARGEST_MINOR, UnknownCurrency
from ledger.states import CollectionStatus
from ledger.texts import UnreadableText
from tests.factories.books import Books
from tests.factories.money import allocate, balance_minor, receive
from tests.factories.rivals import wait_until_blocked


@pytest.fixture
def facts(books: Books) -> InvoiceFacts:
    """120.00 EUR, due in a week."""
    return InvoiceFacts(
        creditor_id=books.creditor.id, customer_id=books.customer().id, number="RE-2026-00001", currency="EUR",
        total_minor=12_000, issued_on=date(2026, 11, 11), due_on=date(2026, 11, 25), external_id="erp-1",
    )  # fmt: skip


def _count(session: Session, table: str) -> int:
    return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def _events(session: Session, object_id: str) -> list[tuple[str, dict[str, Any]]]:
    rows = session.execute(
        text("SELECT type, data FROM events WHERE object_id = :id ORDER BY sequence"), {"id": object_id}
    )
    return [(row.type, row.data) for row in rows]


def test_a_new_invoice_is_owed_booked_and_told(session: Session, books: Books, facts: InvoiceFacts) -> None:
    invoice = invoices.issue(session, facts, act=books.act)
    session.commit()
    assert (invoice.total_minor, invoice.open_minor, invoice.allocated_minor) == (12_000, 12_000, 0)
    assert invoice.collection_status == "not_due"
    assert balance_minor(books, AccountKind.RECEIVABLE) == 12_000
    assert balance_minor(books, AccountKind.BILLED) == -12_000
    assert _events(session, invoice.id) == [
        (
            "invoice.created",
            {
                "number": "RE-2026-00001", "customer_id": facts.customer_id, "total_minor": 12_000,
                "currency": "EUR", "collection_status": "not_due",
            },
        )
    ]  # fmt: skip
    history = session.execute(text("SELECT object_id, from_state, to_state FROM state_changes")).all()
    assert [tuple(row) for row in history] == [(invoice.id, None, "not_due")]
    actions = session.scalars(
        text("SELECT body::jsonb ->> 'action' FROM audit_records WHERE object_id = :id"), {"id": invoice.id}
    )
    assert actions.all() == ["invoice.created"]


def test_everything_the_erp_said_is_kept(session: Session, books: Books, facts: InvoiceFacts) -> None:
    said = replace(
        facts, reference="RF18 5390 0754 7034", purchase_order="PO-77", discount_days=10,
        discount_percent=Decimal("2.50"),
    )  # fmt: skip
    invoice = invoices.issue(session, said, act=books.act)
    session.commit()
    session.expire_all()
    assert invoice.reference == "RF18539007547034"
    assert (invoice.purchase_order, invoice.discount_days) == ("PO-77", 10)
    assert invoice.discount_percent == Decimal("2.50")
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 11, 11), date(2026, 11, 25))


def test_the_same_invoice_again_is_the_same_invoice(
    session: Session, books: Books, facts: InvoiceFacts
) -> None:
    first = invoices.issue(session, facts, act=books.act)
    session.commit()
    before = [_count(session, table) for table in ("invoices", "events", "journal_entries", "audit_records")]
    assert invoices.issue(session, facts, act=books.act).id == first.id
    assert invoices.issue_many(session, [facts, facts], act=books.act) == [Issued(first.id), Issued(first.id)]
    session.commit()
    assert [
        _count(session, table) for table in ("invoices", "events", "journal_entries", "audit_records")
    ] == before


def test_two_percent_is_two_percent_however_it_is_written(
    session: Session, books: Books, facts: InvoiceFacts
) -> None:
    written = [replace(facts, discount_percent=Decimal(percent)) for percent in ("2", "2.0", "2.00")]
    made = {invoices.issue(session, one, act=books.act).id for one in written}
    assert len(made) == 1


CHANGES: list[dict[str, Any]] = [
    {"total_minor": 12_001},
    {"number": "RE-2026-00002"},
    {"due_on": date(2026, 11, 26)},
    {"issued_on": date(2026, 11, 12)},
    {"currency": "CHF"},
    {"purchase_order": "PO-77"},
    {"discount_days": 10},
]


@pytest.mark.parametrize("change", CHANGES, ids=[next(iter(change)) for change in CHANGES])
def test_other_content_under_a_known_external_id_is_refused(
    session: Session, books: Books, facts: InvoiceFacts, change: dict[str, Any]
) -> None:
    first = invoices.issue(session, facts, act=books.act)
    with pytest.raises(InvoiceClash, match=f"Invoice {first.id} already has this external id") as refused:
        invoices.issue(session, replace(facts, **change), act=books.act)
    assert refused.value.field == "external_id"
    session.commit()
    assert _count(session, "invoices") == 1


def test_a_number_belongs_to_one_invoice_of_a_creditor(
    session: Session, books: Books, facts: InvoiceFacts
) -> None:
    invoices.issue(session, facts, act=books.act)
    for external_id in ("erp-2", None):
        with pytest.raises(InvoiceClash, match="already has this number") as refused:
            invoices.issue(session, replace(facts, external_id=external_id), act=books.act)
        assert refused.value.field == "number"


REFUSED: list[tuple[dict[str, Any], type[DuecourseError], str]] = [
    ({"currency": "EUX"}, UnknownCurrency, "currency"),
    ({"currency": "eur"}, UnknownCurrency, "currency"),
    ({"total_minor": 0}, InvoiceRejected, "total_minor"),
    ({"total_minor": -12_000}, InvoiceRejected, "total_minor"),
    ({"total_minor": LARGEST_MINOR + 1}, InvoiceRejected, "total_minor"),
    ({"customer_id": "cus_nobody"}, InvoiceRejected, "customer_id"),
    ({"customer_id": "cus_\0"}, UnreadableText, "customer_id"),
    ({"creditor_id": "crd_nobody"}, InvoiceRejected, "creditor_id"),
    ({"due_on": date(2026, 11, 10)}, InvoiceRejected, "due_on"),
    ({"number": ""}, UnreadableText, "number"),
    ({"number": " RE-1"}, InvoiceRejected, "number"),
    ({"number": "x" * 61}, UnreadableText, "number"),
    ({"number": "RE\0-1"}, UnreadableText, "number"),
    ({"external_id": ""}, UnreadableText, "external_id"),
    ({"external_id": "x" * 101}, UnreadableText, "external_id"),
    ({"reference": "RF19539007547034"}, InvalidReference, "reference"),
    ({"reference": ""}, InvalidReference, "reference"),
    ({"purchase_order": "x" * 61}, UnreadableText, "purchase_order"),
    ({"discount_days": -1}, InvoiceRejected, "discount_days"),
    ({"discount_days": 366}, InvoiceRejected, "discount_days"),
    ({"discount_percent": Decimal("2.345")}, InvoiceRejected, "discount_percent"),
    ({"discount_percent": Decimal(100)}, InvoiceRejected, "discount_percent"),
    ({"discount_percent": Decimal("-0.01")}, InvoiceRejected, "discount_percent"),
    ({"discount_percent": Decimal("NaN")}, InvoiceRejected, "discount_percent"),
]


def test_an_impossible_invoice_is_refused_with_the_field_at_fault(
    session: Session, books: Books, facts: InvoiceFacts
) -> None:
    for change, error, field in REFUSED:
        with pytest.raises(error) as refused:
            invoices.issue(session, replace(facts, **change), act=books.act)
        assert (type(refused.value), refused.value.field) == (error, field), change
    session.commit()
    assert _count(session, "invoices") == 0
    assert invoices.issue(session, facts, act=books.act).total_minor == 12_000


def test_the_largest_possible_invoice_is_taken(session: Session, books: Books, facts: InvoiceFacts) -> None:
    invoice = invoices.issue(session, replace(facts, total_minor=LARGEST_MINOR), act=books.act)
    session.commit()
    assert invoice.open_minor == 100_000_000_000_000


def test_a_refused_invoice_in_a_bulk_does_not_hinder_the_others(
    session: Session, books: Books, facts: InvoiceFacts
) -> None:
    """Good, repeated, changed, number taken, unsound and then right under the same external id, without any id."""
    known = invoices.issue(session, facts, act=books.act)

    def other(number: int, **change: Any) -> InvoiceFacts:
        return replace(facts, number=f"RE-{number}", external_id=f"erp-{number}", **change)

    many = [
        other(2), other(2), other(2, total_minor=1), replace(other(3), number="RE-2"),
        other(4, total_minor=0), other(4), facts, replace(facts, total_minor=1),
        replace(other(5), external_id=None), other(6, customer_id="cus_nobody"),
    ]  # fmt: skip
    outcomes = invoices.issue_many(session, many, act=books.act)
    session.commit()
    assert [_short(outcome) for outcome in outcomes] == [
        "new", "known", "invoice_clash external_id", "invoice_clash number", "invoice_rejected total_minor", "new",
        "known", "invoice_clash external_id", "new", "invoice_rejected customer_id",
    ]  # fmt: skip
    assert outcomes[0].invoice_id == outcomes[1].invoice_id
    assert outcomes[6].invoice_id == known.id
    assert _count(session, "invoices") == 4
    assert balance_minor(books, AccountKind.RECEIVABLE) == 4 * 12_000


def _short(outcome: Issued) -> str:
    if outcome.refusal is not None:
        return f"{outcome.refusal.code} {outcome.refusal.field}"
    return "new" if outcome.new else "known"


def test_an_empty_bulk_is_no_work(session: Session, books: Books) -> None:
    assert invoices.issue_many(session, [], act=books.act) == []


def test_one_number_may_be_used_by_two_creditors(session: Session, books: Books, facts: InvoiceFacts) -> None:
    other = creditors.create(session, name="Zweite GmbH", country="DE", act=books.act)
    invoices.issue(session, facts, act=books.act)
    invoices.issue(session, replace(facts, creditor_id=other.id), act=books.act)
    session.commit()
    assert _count(session, "invoices") == 2


@pytest.mark.race
def test_eight_who_issue_the_same_invoices_at_once_get_the_same_ids(
    engine: Engine, session: Session, books: Books, facts: InvoiceFacts
) -> None:
    many = [replace(facts, number=f"RE-{number}", external_id=f"erp-{number}") for number in range(50)]
    session.commit()
    start = threading.Barrier(8)

    def issue(_: int) -> list[Issued]:
        start.wait()
        return database.in_transaction(
            database.sessions(engine), lambda own: invoices.issue_many(own, many, act=books.act)
        )

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(issue, range(8)))
    assert len({tuple(outcome.invoice_id for outcome in answer) for answer in answers}) == 1
    assert sum(outcome.new for answer in answers for outcome in answer) == 50
    assert _count(session, "invoices") == 50
    assert balance_minor(books, AccountKind.RECEIVABLE) == 50 * 12_000


@pytest.mark.race
def test_of_two_who_take_the_same_number_at_once_one_is_told_so(
    engine: Engine, session: Session, books: Books, facts: InvoiceFacts
) -> None:
    session.commit()
    start = threading.Barrier(2)

    def issue(external_id: str) -> str:
        mine = replace(facts, external_id=external_id)
        with database.sessions(engine)() as own:
            start.wait()
            outcome = invoices.issue_many(own, [mine], act=books.act)[0]
            own.commit()
            return _short(outcome)

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(issue, ("erp-1", "erp-2"))) == ["invoice_clash number", "new"]
    assert _count(session, "invoices") == 1


def test_an_invoice_nobody_knows_is_not_found(session: Session, books: Books) -> None:
    known = books.invoice()
    assert invoices.get(session, known.id) is known
    for look in (lambda: invoices.get(session, "inv_nobody"), lambda: invoices.lock(session, ["inv_nobody"])):
        with pytest.raises(InvoiceNotFound, match="There is no invoice inv_nobody") as refused:
            look()
        assert refused.value.field == "invoice_id"


TODAY = date(2026, 11, 18)
STATUSES = [
    # open, days until due, hold, provisional -> status
    (12_000, 1, None, False, "not_due"),
    (12_000, 0, None, False, "due"),
    (12_000, -1, None, False, "overdue"),
    (11_999, 1, None, False, "partly_paid"),
    (1, -400, None, True, "partly_paid"),
    (0, 1, None, False, "paid"),
    (0, -1, None, True, "paid_provisional"),
    (12_000, -1, "collecting", False, "collecting"),
    (1, -1, "collecting", False, "collecting"),
    (12_000, 1, "disputed", False, "disputed"),
    (12_000, 1, "promised", False, "promised"),
    (6_000, -1, "in_plan", True, "in_plan"),
    (0, -1, "collecting", False, "paid"),
    (0, -1, "disputed", True, "paid_provisional"),
]


@pytest.mark.parametrize(("open_minor", "days", "hold", "provisional", "status"), STATUSES)
def test_the_status_follows_from_amount_date_and_hold(
    open_minor: int, days: int, hold: str | None, provisional: bool, status: str
) -> None:
    found = status_of(
        total_minor=12_000, open_minor=open_minor, due_on=TODAY + timedelta(days=days), hold=hold,
        provisional=provisional, today=TODAY,
    )  # fmt: skip
    assert found == status


@pytest.mark.parametrize(("days", "status"), [(1, "not_due"), (0, "due"), (-1, "overdue")])
def test_a_new_invoice_begins_where_its_date_stands(
    session: Session, books: Books, facts: InvoiceFacts, days: int, status: str
) -> None:
    due_on = books.act.today + timedelta(days=days)
    invoice = invoices.issue(session, replace(facts, due_on=due_on), act=books.act)
    assert invoice.collection_status == status


def _on(act: Act, today: date) -> Act:
    return Act(actor="job", at=act.at, today=today)


def test_an_invoice_becomes_due_and_then_overdue_as_days_pass(
    session: Session, books: Books, facts: InvoiceFacts
) -> None:
    """Due on 25 November: nothing happens on the 24th, one turn on the 25th, another on the 26th, no third."""
    invoice = invoices.issue(session, facts, act=books.act)
    session.commit()
    seen = []
    for day in (24, 25, 25, 26, 27):
        looked_at = invoices.age(session, act=_on(books.act, date(2026, 11, day)))
        session.commit()
        seen.append((looked_at, invoice.collection_status))
    assert seen == [(0, "not_due"), (1, "due"), (0, "due"), (1, "overdue"), (0, "overdue")]
    assert [kind for kind, _ in _events(session, invoice.id)] == [
        "invoice.created", "invoice.due", "invoice.overdue",
    ]  # fmt: skip


def test_an_invoice_nobody_looked_at_for_days_is_overdue_at_once(
    session: Session, books: Books, facts: InvoiceFacts
) -> None:
    invoice = invoices.issue(session, facts, act=books.act)
    assert invoices.age(session, act=_on(books.act, date(2026, 12, 24))) == 1
    session.commit()
    assert invoice.collection_status == "overdue"
    assert [kind for kind, _ in _events(session, invoice.id)] == ["invoice.created", "invoice.overdue"]


def test_what_is_paid_or_held_does_not_age(session: Session, books: Books) -> None:
    later = books.act.today + timedelta(days=7)
    paid, held, partly = (books.invoice(12_000, due_on=later) for _ in range(3))
    (payment_id,) = receive(books, 20_000)
    allocate(books, (payment_id, paid.id, 12_000), (payment_id, partly.id, 1))
    invoices.hold(session, [held.id], CollectionStatus.DISPUTED, act=books.act, cause="dispute.opened")
    assert invoices.age(session, act=_on(books.act, later + timedelta(days=30))) == 0
    session.commit()
    assert [one.collection_status for one in (paid, held, partly)] == ["paid", "disputed", "partly_paid"]


def test_a_hold_goes_before_the_date_and_gives_way_to_it_when_lifted(session: Session, books: Books) -> None:
    invoice = books.invoice()
    invoices.hold(session, [invoice.id], CollectionStatus.COLLECTING, act=books.act, cause="debit.scheduled")
    assert (invoice.hold, invoice.collection_status) == ("collecting", "collecting")
    invoices.hold(session, [invoice.id], None, act=books.act, cause="debit.cancelled")
    assert (invoice.hold, invoice.collection_status) == (None, "overdue")
    session.commit()
    with pytest.raises(ValueError, match="paid is no hold"):
        invoices.hold(session, [invoice.id], CollectionStatus.PAID, act=books.act, cause="x.y")


def test_a_status_that_did_not_change_is_not_told_again(session: Session, books: Books) -> None:
    invoice = books.invoice()
    invoices.refresh(session, [invoice.id], act=books.act, cause="invoice.aged")
    session.commit()
    assert [kind for kind, _ in _events(session, invoice.id)] == ["invoice.created"]
    assert invoice.version == 1


def test_paying_and_reopening_is_told_with_what_is_open(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    first = allocate(books, (payment_id, invoice.id, 5_000))
    second = allocate(books, (payment_id, invoice.id, 7_000))
    allocations.reverse(
        session, [*first, *second], because="debit came back: AC04", on=books.act.today, act=books.act,
        cause="debit.returned", reason_code="AC04",
    )  # fmt: skip
    session.commit()
    told = _events(session, invoice.id)[1:]
    assert told == [
        ("invoice.partly_paid", {"collection_status": "partly_paid", "open_minor": 7_000, "currency": "EUR"}),
        ("invoice.paid", {"collection_status": "paid", "open_minor": 0, "currency": "EUR"}),
        ("invoice.reopened", {"collection_status": "overdue", "open_minor": 12_000, "currency": "EUR"}),
    ]
    causes = session.execute(
        text("SELECT cause, reason_code FROM events WHERE object_id = :id ORDER BY sequence"),
        {"id": invoice.id},
    )
    assert [tuple(row) for row in causes] == [
        (None, None), ("line.matched", None), ("line.matched", None), ("debit.returned", "AC04"),
    ]  # fmt: skip


@pytest.mark.race
def test_an_invoice_paid_while_the_night_job_runs_stays_paid(
    engine: Engine, session: Session, books: Books
) -> None:
    """The job read it as open; before the job could turn it, the money came. Paid is paid."""
    later = books.act.today + timedelta(days=7)
    invoice = books.invoice(12_000, due_on=later)
    (payment_id,) = receive(books, 12_000)
    session.commit()
    factory = database.sessions(engine)

    def age() -> int:
        with factory() as own:
            looked_at = invoices.age(own, act=_on(books.act, later))
            own.commit()
            return looked_at

    with ThreadPoolExecutor(1) as threads:
        allocate(books, (payment_id, invoice.id, 12_000))
        job = threads.submit(age)
        wait_until_blocked(engine, job)
        session.commit()
        assert job.result(timeout=60) == 1
    session.expire_all()
    assert session.get_one(Invoice, invoice.id).collection_status == "paid"


def test_the_database_refuses_what_the_code_never_does(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    for column, value, constraint in (
        ("allocated_minor", "12001", "ck_invoices_not_over_allocated"),
        ("allocated_minor", "-1", "ck_invoices_not_over_allocated"),
        ("total_minor", "0", "ck_invoices_total_positive"),
        ("collection_status", "'mislaid'", "ck_invoices_collection_status"),
    ):
        savepoint = session.begin_nested()
        with pytest.raises(IntegrityError, match=constraint):
            session.execute(
                text(f"UPDATE invoices SET {column} = {value} WHERE id = :id"), {"id": invoice.id}
            )
        savepoint.rollback()
    session.commit()
