"""The bank's fee for a returned debit: charged on by an invoice of exactly its amount, where terms and code let it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from credit_control import collecting, return_fees
from credit_control.models import ReturnFee
from ledger import journal
from ledger.acts import Act
from ledger.journal import Place
from ledger.models import AccountKind, Customer, Invoice
from ledger.money import Money
from mandates import terms
from mandates.models import Debit, Mandate
from tests.factories.bank import match, take_in_all
from tests.factories.books import Books
from tests.factories.collecting import at_once, events, invoice_of, schedule, scheduled, sent
from tests.factories.paying import bank_of

FEE = Money(300, "EUR")


def came_back(books: Books, *debits: Debit, code: str, fee: Money = FEE) -> None:
    """The debits go out, are credited and come back, each with the bank's fee, on statements."""
    _, message = sent(books)
    names = {debit.end_to_end_id: code for debit in debits}
    files = bank_of(books).answer(message, outcomes=names, return_fee=fee)
    take_in_all(books.session, files, books.act)
    match(books.session, books.act)
    books.session.commit()


def charging(books: Books) -> None:
    terms.change(books.session, books.creditor.id, charge_return_fee=True, act=books.act)


def fee_invoices(session: Session) -> list[Invoice]:
    return list(session.scalars(select(Invoice).where(Invoice.number.like("%-R%")).order_by(Invoice.id)))


def test_a_fee_is_charged_on_by_an_invoice_of_exactly_its_amount_due_at_once(
    session: Session, books: Books, act: Act
) -> None:
    charging(books)
    debit = scheduled(books, 7_197)
    came_back(books, debit, code="AM04")
    report = return_fees.charge(session, act=act)
    session.commit()
    owed = invoice_of(session, debit)
    (fee,) = fee_invoices(session)
    assert report.charged == {debit.id: fee.id}
    assert (fee.number, fee.total_minor, fee.open_minor) == (f"{owed.number}-R1", 300, 300)
    assert (fee.customer_id, fee.creditor_id, fee.external_id) == (owed.customer_id, owed.creditor_id, None)
    assert (fee.issued_on, fee.due_on, fee.collection_status) == (act.today, act.today, "due")
    place = Place(books.creditor.id, AccountKind.RECEIVABLE, "EUR")
    assert journal.balance_minor(session, place) == 7_197 + 300
    assert events(session, debit.id)[-1] == "debit.fee_charged"
    (kept,) = session.scalars(select(ReturnFee))
    assert (kept.amount_minor, kept.because) == (300, "AM04 lies with the customer")


def test_each_fee_is_charged_once(session: Session, books: Books, act: Act, engine: Engine) -> None:
    charging(books)
    debits = [scheduled(books, 100 + number) for number in range(8)]
    came_back(books, *debits, code="AC04")
    done = at_once(engine, [lambda one: return_fees.charge(one, act=act, limit=3).looked_at] * 8)
    while return_fees.charge(session, act=act).looked_at:
        session.commit()
    assert all(isinstance(one, int) for one in done)
    session.commit()
    session.expire_all()
    assert len(fee_invoices(session)) == 8
    assert return_fees.charge(session, act=act).looked_at == 0


def test_by_default_the_creditor_bears_the_fee_also_of_returns_before_it_was_switched_on(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="AM04")
    assert return_fees.charge(session, act=act).kept == {
        debit.id: "the creditor bears the fees of returned debits"
    }
    charging(books)
    assert return_fees.charge(session, act=act).looked_at == 0
    session.commit()
    assert fee_invoices(session) == []


@pytest.mark.parametrize("code", ["MD06", "MD01", "MS02", "MS03", "AC01", "AM05"])
def test_a_cause_that_does_not_lie_with_the_customer_costs_him_nothing(
    session: Session, books: Books, act: Act, code: str
) -> None:
    charging(books)
    debit = scheduled(books)
    came_back(books, debit, code=code)
    report = return_fees.charge(session, act=act)
    session.commit()
    assert report.kept == {debit.id: f"{code} does not lie with the customer"}
    assert fee_invoices(session) == []


def test_a_return_without_fee_charges_nothing(session: Session, books: Books, act: Act) -> None:
    charging(books)
    came_back(books, scheduled(books), code="AM04", fee=Money(0, "EUR"))
    assert return_fees.charge(session, act=act).looked_at == 0


def test_a_fee_is_not_debited_by_itself_and_its_own_return_costs_no_second_one(
    session: Session, books: Books, act: Act
) -> None:
    charging(books)
    debit = scheduled(books, 7_197)
    came_back(books, debit, code="AM04")
    return_fees.charge(session, act=act)
    (fee,) = fee_invoices(session)
    other = books.invoice(500, customer=session.get_one(Customer, fee.customer_id))
    done = collecting.collect_due(session, creditor_id=books.creditor.id, due_until=act.today, act=act)
    collected = {session.get_one(Debit, one).invoice_id for one in done.debit_ids}
    assert collected == {other.id}
    of_fee = schedule(books, fee, session.get_one(Mandate, debit.mandate_id))
    came_back(books, of_fee, code="AM04")
    report = return_fees.charge(session, act=act)
    session.commit()
    assert report.kept == {of_fee.id: "the debit was one for such a fee itself"}
    assert len(fee_invoices(session)) == 1


def test_the_second_return_of_an_invoice_numbers_its_fee_on(session: Session, books: Books, act: Act) -> None:
    charging(books)
    invoice, mandate = books.collectable(7_197, number="RE_50%")
    books.invoice(1, number="REX50X-R9")
    for _ in range(2):
        came_back(books, schedule(books, invoice, mandate), code="AM04")
        return_fees.charge(session, act=act)
        session.commit()
    assert [one.number for one in fee_invoices(session)] == ["REX50X-R9", "RE_50%-R1", "RE_50%-R2"]
