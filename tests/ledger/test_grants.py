"""Grants: what closes a part of an invoice without money, booked where it belongs and taken back to the cent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import allocations, audit, grants, invoices, payments
from ledger.allocations import Incompatible, InvoiceCancelled, OverAllocated
from ledger.errors import Rejected
from ledger.grants import NoReason
from ledger.invoices import InvoiceNotFound
from ledger.models import AccountKind, Allocation, AllocationKind
from ledger.payments import NotHeld, PaymentNotFound
from ledger.texts import UnreadableText
from tests.factories.books import Books
from tests.factories.granting import grant, granted
from tests.factories.money import allocate, balance_minor, credit_note, receive

DISCOUNT, WRITE_OFF, FEE = AllocationKind.DISCOUNT, AllocationKind.WRITE_OFF, AllocationKind.FEE
BEARERS = {DISCOUNT: AccountKind.DISCOUNT, WRITE_OFF: AccountKind.WRITE_OFF, FEE: AccountKind.FEE}


def _reverse(books: Books, *allocation_ids: str) -> list[Allocation]:
    return allocations.reverse(
        books.session, allocation_ids, because="granted wrongly", on=date(2026, 11, 20), act=books.act,
        cause="match.undone",
    )  # fmt: skip


def _events(session: Session, object_id: str) -> list[tuple[str, dict[str, Any]]]:
    rows = session.execute(
        text("SELECT type, data FROM events WHERE object_id = :id ORDER BY sequence"), {"id": object_id}
    )
    return [(row.type, row.data) for row in rows]


@pytest.mark.parametrize("kind", BEARERS)
def test_a_grant_closes_what_money_left_open_and_its_own_account_bears_it(
    session: Session, books: Books, kind: AllocationKind
) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 11_640)
    allocate(books, (payment_id, invoice.id, 11_640))
    made = grant(books, invoice, kind, 360, beside_payment_id=payment_id)
    session.commit()
    assert (invoice.open_minor, invoice.collection_status) == (0, "paid")
    assert {one: balance_minor(books, account) for one, account in BEARERS.items()} == {
        one: 360 if one == kind else 0 for one in BEARERS
    }
    assert balance_minor(books, AccountKind.RECEIVABLE) == 0
    kept = allocations.get(session, made)
    assert (kept.kind, kept.payment_id, kept.credit_note_id, kept.beside_payment_id) == (
        kind, None, None, payment_id,
    )  # fmt: skip
    assert (kept.amount_minor, kept.currency, kept.allocated_on, kept.decided_by, kept.evidence) == (
        360, "EUR", books.act.today, "treasury", ["A clerk said so."],
    )  # fmt: skip


@pytest.mark.parametrize("kind", BEARERS)
def test_a_grant_is_reversed_to_the_cent(session: Session, books: Books, kind: AllocationKind) -> None:
    invoice = books.invoice(12_000)
    made = grant(books, invoice, kind, 360)
    session.commit()
    assert (invoice.open_minor, invoice.collection_status) == (11_640, "partly_paid")
    _reverse(books, made)
    session.commit()
    assert (invoice.open_minor, invoice.collection_status) == (12_000, "overdue")
    assert balance_minor(books, BEARERS[kind]) == 0
    assert balance_minor(books, AccountKind.RECEIVABLE) == 12_000


def test_what_only_write_offs_closed_is_written_off_and_reopens_when_one_is_reversed(
    session: Session, books: Books
) -> None:
    invoice = books.invoice(12_000)
    grant(books, invoice, WRITE_OFF, 2_000)
    rest = grant(books, invoice, WRITE_OFF, 10_000, reason="insolvent")
    session.commit()
    assert (invoice.open_minor, invoice.collection_status) == (0, "written_off")
    assert balance_minor(books, AccountKind.WRITE_OFF) == 12_000
    _reverse(books, rest)
    session.commit()
    assert (invoice.open_minor, invoice.collection_status) == (10_000, "partly_paid")
    assert [kind for kind, _ in _events(session, invoice.id)] == [
        "invoice.created", "invoice.written_off", "invoice.partly_paid", "invoice.written_off",
        "invoice.reopened",
    ]  # fmt: skip


def test_a_write_off_is_told_with_its_amount_and_why_stands_in_the_audit_trail(
    session: Session, books: Books
) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 11_999)
    allocate(books, (payment_id, invoice.id, 11_999))
    made = grant(books, invoice, WRITE_OFF, 1, reason="one cent")
    session.commit()
    assert _events(session, invoice.id)[-2:] == [
        ("invoice.written_off", {"allocation_id": made, "amount_minor": 1, "currency": "EUR"}),
        ("invoice.paid", {"collection_status": "paid", "open_minor": 0, "currency": "EUR"}),
    ]
    body = session.execute(
        text("SELECT body FROM audit_records WHERE body LIKE :like"), {"like": f"%{made}%"}
    )
    told = json.loads(body.scalar_one())
    assert (told["action"], told["why"], told["kind"], told["amount_minor"]) == (
        "allocation.created", "one cent", "write_off", 1,
    )  # fmt: skip
    assert allocations.get(session, made).reason == "one cent"


@pytest.mark.parametrize("source", ["payment", "credit note", "discount"])
def test_with_anything_but_write_offs_in_it_a_closed_invoice_is_paid(
    session: Session, books: Books, source: str
) -> None:
    customer = books.customer()
    invoice = books.invoice(12_000, customer=customer)
    if source == "payment":
        allocate(books, (*receive(books, 100), invoice.id, 100))
    elif source == "credit note":
        allocate(books, (credit_note(books, 100, customer=customer).id, invoice.id, 100))
    else:
        grant(books, invoice, DISCOUNT, 100)
    grant(books, invoice, WRITE_OFF, 11_900)
    session.commit()
    assert (invoice.open_minor, invoice.collection_status) == (0, "paid")


def test_a_discount_beside_money_that_may_go_back_leaves_the_invoice_paid_provisionally(
    session: Session, books: Books
) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 11_640, reversible_until=date(2027, 1, 15))
    allocate(books, (payment_id, invoice.id, 11_640))
    grant(books, invoice, DISCOUNT, 360, beside_payment_id=payment_id)
    session.commit()
    assert invoice.collection_status == "paid_provisional"


def test_what_was_granted_beside_a_payment_goes_back_with_it(session: Session, books: Books) -> None:
    invoice, other = books.invoice(12_000), books.invoice(12_000)
    (payment_id,) = receive(books, 11_640)
    given = allocate(books, (payment_id, invoice.id, 11_640))
    beside = grant(books, invoice, DISCOUNT, 360, beside_payment_id=payment_id)
    grant(books, other, DISCOUNT, 360)
    assert [one.id for one in allocations.standing_of(session, [payment_id])] == [*given, beside]
    _reverse(books, *given, beside)
    session.commit()
    assert (invoice.open_minor, balance_minor(books, AccountKind.DISCOUNT)) == (12_000, 360)
    assert allocations.standing_of(session, [payment_id]) == []


def test_several_grants_are_made_together_or_not_at_all(session: Session, books: Books) -> None:
    one, two = books.invoice(1_000), books.invoice(500)
    wanted = [granted(books, one, DISCOUNT, 1_000), granted(books, two, FEE, 501)]
    with pytest.raises(OverAllocated):
        grants.grant(session, wanted, act=books.act, cause="test")
    made = grants.grant(session, [wanted[0], granted(books, two, FEE, 500)], act=books.act, cause="test")
    session.commit()
    assert [allocations.get(session, one).kind for one in made] == ["discount", "fee"]
    assert grants.grant(session, [], act=books.act, cause="test") == []


def test_two_grants_of_one_call_never_exceed_what_is_open(session: Session, books: Books) -> None:
    invoice = books.invoice(1_000)
    wanted = [granted(books, invoice, DISCOUNT, 600), granted(books, invoice, WRITE_OFF, 401)]
    with pytest.raises(OverAllocated):
        grants.grant(session, wanted, act=books.act, cause="test")
    session.rollback()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"amount_minor": 0}, Rejected),
        ({"amount_minor": -1}, Rejected),
        ({"amount_minor": 12_001}, OverAllocated),
        ({"reason": None}, NoReason),
        ({"reason": "  "}, UnreadableText),
        ({"reason": "x" * 201}, UnreadableText),
        ({"decided_by": ""}, UnreadableText),
        ({"invoice_id": "inv_00000000000000000000000000"}, InvoiceNotFound),
        ({"beside_payment_id": "pay_00000000000000000000000000"}, PaymentNotFound),
        ({"kind": AllocationKind.PAYMENT}, ValueError),
        ({"kind": AllocationKind.CREDIT_NOTE}, ValueError),
    ],
)
def test_a_wrong_grant_is_refused_and_changes_nothing(
    session: Session, books: Books, wrong: dict[str, Any], error: type[Exception]
) -> None:
    invoice = books.invoice(12_000)
    session.commit()
    with pytest.raises(error):
        grants.grant(
            session, [replace(granted(books, invoice, WRITE_OFF, 100), **wrong)], act=books.act, cause="test"
        )
    assert session.info.get(audit.PENDING, []) == []
    session.commit()
    assert invoices.get(session, invoice.id).open_minor == 12_000


def test_nothing_is_granted_on_a_cancelled_invoice_or_beside_foreign_or_lost_money(
    session: Session, books: Books
) -> None:
    invoice, cancelled = books.invoice(12_000), books.invoice(12_000)
    (foreign,) = receive(books, 100, currency="CHF")
    (gone,) = receive(books, 100)
    payments.cancel(session, [gone], on=books.act.today, because="read wrongly", act=books.act, cause="test")
    session.execute(
        text("UPDATE invoices SET collection_status = 'cancelled' WHERE id = :id"), {"id": cancelled.id}
    )
    for target, beside, error in (
        (cancelled, None, InvoiceCancelled), (invoice, foreign, Incompatible), (invoice, gone, NotHeld),
    ):  # fmt: skip
        with pytest.raises(error):
            grant(books, target, DISCOUNT, 100, beside_payment_id=beside)
    session.rollback()


def test_the_database_itself_refuses_a_write_off_without_a_reason(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    made = grant(books, invoice, WRITE_OFF, 100)
    session.commit()
    with pytest.raises(Exception, match="ck_allocations_written_off_with_reason"):
        session.execute(
            text(
                "INSERT INTO allocations SELECT (jsonb_populate_record(allocations, "
                '\'{"id": "all_x", "reason": null}\')).* FROM allocations WHERE id = :id'
            ),
            {"id": made},
        )
    session.rollback()
