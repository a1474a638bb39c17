"""What is applied without a person and what is not, case by case, on the books as a clerk would find them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gateway.sandbox.entries import Entry, Party
from ledger import credit_notes, grants, invoices
from ledger.acts import Act
from ledger.credit_notes import CreditNoteFacts
from ledger.grants import Grant
from ledger.invoices import InvoiceFacts
from ledger.models import AllocationKind, Customer, Invoice
from reconciliation.models import Match, Proposal
from tests.factories.bank import DAY, Bank, lines_of, match, take_in_all, transfer
from tests.factories.books import Books, debtor_iban
from tests.factories.collecting import reload

OWN = 7


@pytest.fixture
def payer(books: Books) -> Customer:
    return books.customer(name="Bäckerei Müller GmbH", iban=debtor_iban(OWN))


def from_payer(payer: Customer, amount_minor: int, remittance: str | None) -> Entry:
    entry = transfer(amount_minor, remittance)
    return replace(entry, counterparty=Party(name=payer.name, iban=debtor_iban(OWN)))


def decide(session: Session, act: Act, *entries: Entry) -> list[str]:
    """Import and match; gives the rule by which each line was matched, or the reason why it waits."""
    take_in_all(session, Bank().book(*entries), act)
    match(session, act)
    session.commit()
    rules = {made.line_id: made.rule for made in session.scalars(select(Match))}
    return [rules.get(line.id) or str(line.waiting_because) for line in lines_of(session)]


def with_terms(books: Books, payer: Customer, number: str, total_minor: int, **facts: object) -> Invoice:
    said = InvoiceFacts(
        creditor_id=books.creditor.id, customer_id=payer.id, number=number, currency="EUR",
        total_minor=total_minor, issued_on=DAY - timedelta(days=5), due_on=DAY + timedelta(days=25), **facts,
    )  # fmt: skip
    return invoices.issue(books.session, said, act=books.act)


def closed_by(session: Session, invoice: Invoice) -> dict[str, int]:
    """What closed the invoice, by kind."""
    rows = session.execute(
        text("SELECT kind, sum(amount_minor)::bigint FROM allocations WHERE invoice_id = :id GROUP BY kind"),
        {"id": invoice.id},
    )
    return {row[0]: row[1] for row in rows}


def test_a_discount_taken_in_time_is_granted(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    invoice = with_terms(books, payer, "RE-1001", 10_000, discount_days=10, discount_percent=Decimal("2.00"))
    assert decide(session, act, from_payer(payer, 9_800, "RE-1001 abzgl. 2% Skonto")) == ["less_discount"]
    reload(session, invoice)
    assert (invoice.open_minor, closed_by(session, invoice)) == (0, {"payment": 9_800, "discount": 200})


def test_a_discount_taken_too_late_is_a_part_payment(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    invoice = with_terms(books, payer, "RE-1001", 10_000, discount_days=3, discount_percent=Decimal("2.00"))
    assert decide(session, act, from_payer(payer, 9_800, "RE-1001 abzgl. 2% Skonto")) == ["part_payment"]
    reload(session, invoice)
    assert (invoice.open_minor, closed_by(session, invoice)) == (200, {"payment": 9_800})


def test_a_credit_note_is_netted(session: Session, books: Books, act: Act, payer: Customer) -> None:
    invoice = books.invoice(10_000, customer=payer, number="RE-1001")
    facts = CreditNoteFacts(
        creditor_id=books.creditor.id, customer_id=payer.id, number="GS-17", currency="EUR", total_minor=1_500,
        issued_on=DAY - timedelta(days=2),
    )  # fmt: skip
    note = credit_notes.issue(session, facts, act=act)
    assert decide(session, act, from_payer(payer, 8_500, "RE-1001")) == ["less_credit_note"]
    reload(session, invoice, note)
    assert closed_by(session, invoice) == {"payment": 8_500, "credit_note": 1_500}
    assert (invoice.open_minor, note.open_minor) == (0, 0)


def test_a_known_account_pays_the_one_set_that_fits(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    made = [
        books.invoice(total, customer=payer, number=f"RE-{1001 + place}")
        for place, total in enumerate((4_000, 5_100, 6_300))
    ]
    assert decide(session, act, from_payer(payer, 10_300, "Danke")) == ["account_and_sum"]
    reload(session, *made)
    assert [invoice.open_minor for invoice in made] == [0, 5_100, 0]


def test_two_sets_that_fit_equally_are_both_shown_and_none_is_applied(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    made = [
        books.invoice(total, customer=payer, number=f"RE-{1001 + place}")
        for place, total in enumerate((4_000, 6_000, 10_000))
    ]
    (because,) = decide(session, act, from_payer(payer, 10_000, "Danke"))
    assert "Other items fit just as well." in because
    reload(session, *made)
    assert [invoice.open_minor for invoice in made] == [4_000, 6_000, 10_000]
    shown = session.scalars(select(Proposal.reading).order_by(Proposal.rank).limit(2)).all()
    assert {frozenset(share["invoice_id"] for share in reading["shares"]) for reading in shown} == {
        frozenset({made[0].id, made[1].id}), frozenset({made[2].id}),
    }  # fmt: skip


def test_a_slip_of_a_known_payer_is_understood(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    invoice = books.invoice(10_000, customer=payer, number="RE-10815")
    assert decide(session, act, from_payer(payer, 10_000, "RE-10851")) == ["near_number"]
    reload(session, invoice)
    assert invoice.open_minor == 0


def test_a_slip_of_a_stranger_waits(session: Session, books: Books, act: Act, payer: Customer) -> None:
    invoice = books.invoice(10_000, customer=payer, number="RE-10815")
    decide(session, act, transfer(10_000, "RE-10851", payer=99))
    reload(session, invoice)
    assert invoice.open_minor == 10_000


def test_a_part_is_not_certain_where_another_invoice_is_of_just_the_amount(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    dear = books.invoice(90_000, customer=payer, number="RE-11190")
    meant = books.invoice(12_478, customer=payer, number="RE-11910")
    decide(session, act, from_payer(payer, 12_478, "RE-11190"))
    reload(session, dear, meant)
    assert dear.open_minor == 90_000


def test_somebody_elses_number_is_not_paid_by_who_owes_just_the_amount(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    own = books.invoice(2_990, customer=payer, number="RE-10001")
    other = books.invoice(2_990, number="RE-20002")
    (because,) = decide(session, act, from_payer(payer, 2_990, "RE-20002"))
    reload(session, own, other)
    assert (own.open_minor, other.open_minor) == (2_990, 2_990)
    assert "It comes from another customer's account." in because


def test_what_a_payer_always_keeps_back_is_proposed_first(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    for number in ("RE-1001", "RE-1002"):
        invoice = books.invoice(10_000, customer=payer, number=number)
        decide(session, act, from_payer(payer, 9_650, number))
        grant = Grant(
            invoice_id=invoice.id, kind=AllocationKind.WRITE_OFF, amount_minor=350, granted_on=DAY,
            decided_by="treasury", reason="packing",
            beside_payment_id=session.scalars(text("SELECT id FROM payments ORDER BY id DESC LIMIT 1")).one(),
        )  # fmt: skip
        grants.grant(session, [grant], act=act, cause="test.granted")
        session.commit()
    books.invoice(20_000, customer=payer, number="RE-1003")
    decide(session, act, from_payer(payer, 19_650, "RE-1003"))
    first = session.scalars(select(Proposal).where(Proposal.rank == 1, Proposal.state == "open")).one()
    assert [share["kind"] for share in first.reading["shares"]] == ["payment", "write_off"]
    assert "The payer's payments so far lacked 3.50 EUR as well." in [
        one["sentence"] for one in first.supports
    ]


def test_unrelated_invoices_never_turn_a_certain_match_into_another_invoices(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    meant = books.invoice(10_000, customer=payer, number="RE-10815")
    strangers = [books.invoice(10_000 + step, number=f"RE-{20_000 + step}") for step in range(-3, 4)]
    assert decide(session, act, from_payer(payer, 10_000, "Rechnung 10815")) == ["invoice_number_of_payer"]
    reload(session, meant, *strangers)
    assert meant.open_minor == 0
    assert all(invoice.open_minor == invoice.total_minor for invoice in strangers)


def test_the_next_number_of_the_same_amount_is_no_slip(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    invoice = books.invoice(4_900, customer=payer, number="RE-10814")
    decide(session, act, from_payer(payer, 4_900, "RE-10815"))
    reload(session, invoice)
    assert invoice.open_minor == 4_900


def test_a_known_payers_own_number_pays_nobody_elses_invoice(
    session: Session, books: Books, act: Act, payer: Customer
) -> None:
    other = books.invoice(4_900, number="RE-2026/0815")
    decide(session, act, from_payer(payer, 4_900, "20260815"))
    reload(session, other)
    assert other.open_minor == 4_900


def test_a_name_that_is_only_alike_pays_no_part_of_a_loosely_named_invoice(
    session: Session, books: Books, act: Act
) -> None:
    other = books.invoice(500_000, customer=books.customer(name="Huber Bau GmbH"), number="RE-2026/0815")
    entry = replace(
        transfer(4_900, "20260815"), counterparty=Party(name="Huber Baus GmbH", iban=debtor_iban(88))
    )
    decide(session, act, entry)
    reload(session, other)
    assert other.open_minor == 500_000


def test_a_discount_of_five_percent_rounded_up_is_no_banks_charge(
    session: Session, books: Books, act: Act
) -> None:
    abroad = books.customer(name="Boucheau EURL", iban="FR7630006000011234567890189")
    invoice = with_terms(books, abroad, "RE-10815", 7_476, discount_days=10, discount_percent=Decimal("2.00"))
    entry = replace(
        transfer(7_102, "RE-10815"),
        counterparty=Party(name="Boucheau EURL", iban="FR7630006000011234567890189"),
    )
    assert decide(session, act, entry) == ["part_payment"]
    reload(session, invoice)
    assert closed_by(session, invoice) == {"payment": 7_102}
