"""Transfers that name an invoice: paid when number, amount and creditor leave no doubt, else a person decides."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import creditors, invoices
from ledger.acts import Act
from ledger.invoices import InvoiceFacts
from ledger.models import Allocation, Invoice, Payment
from reconciliation.models import Match
from tests.factories import camt
from tests.factories.bank import Bank, lines_of, match, take_in, take_in_all, transfer
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import OTHER_IBAN, reload, second_creditor
from tests.factories.paying import bank_of, pay

NUMBER = "RE-2026-00815"
NOTHING = "Neither a reference of ours nor an invoice number stands in it."


def books_with_one(books: Books) -> Invoice:
    return books.invoice(12_000, number=NUMBER)


def decided(session: Session, act: Act, *entries: object, bank: Bank | None = None) -> list[str | None]:
    """Import and match transfers; gives for each, by amount, `paid` or the reason to wait."""
    take_in_all(session, (bank or Bank()).book(*entries), act)
    match(session, act)
    session.commit()
    return [line.waiting_because or line.state for line in lines_of(session)]


def test_the_whole_number_and_exactly_the_open_amount_pay_the_invoice(
    session: Session, books: Books, act: Act
) -> None:
    invoice = books_with_one(books)
    assert decided(session, act, transfer(12_000, f"Rechnung {NUMBER} vom 01.11.2026")) == ["matched"]
    reload(session, invoice)
    assert (invoice.open_minor, invoice.collection_status) == (0, "paid")
    (payment,) = session.scalars(select(Payment))
    assert (payment.state, payment.method, payment.amount_minor) == ("final", "transfer", 12_000)
    assert (payment.customer_id, payment.bank_account_id) == (invoice.customer_id, books.account.id)
    assert (payment.received_on, payment.unallocated_minor) == (act.today, 0)
    (made,) = session.scalars(select(Match))
    assert (made.rule, made.decided_by) == ("invoice_number", "treasury")
    assert made.evidence == [
        f"The text names invoice {NUMBER}.", "Exactly its open amount was paid.",
    ]  # fmt: skip
    (allocation,) = session.scalars(select(Allocation))
    assert (allocation.decided_by, allocation.evidence) == ("invoice_number", made.evidence)


PAID = (
    "RE-2026-00815",
    "re-2026-00815",
    "RECHNUNG RE-2026-00815",
    "Rechnung:RE-2026-00815 Kunde:4711",
    "RE-2026-00815, Kd.-Nr. 4711",
    "Facture n° RE-2026-00815 du 12/11/2026",
    "Wasserspender Miete, Rechnung (RE-2026-00815)",
    "Tel. 030 4711 wegen RE-2026-00815.",
    "RE-2026-00815/RE-2026-99999",
    "RE 2026 00815",
)
NOT_PAID = (
    "RE-2026-008150",
    "RE-2026-0081",
    "00815",
    "XRE-2026-00815",
    "RE-2026-00815-2",
    "Bitte um Rückruf unter 0171202600815",
    "Rechnung",
    "",
    None,
)


def test_texts_that_pay_and_texts_that_do_not(session: Session, books: Books, act: Act) -> None:
    bank = Bank()
    for text in PAID:
        number = f"RE-2026-1081{PAID.index(text):X}"
        invoice = books.invoice(12_000, number=number)
        wanted = text.replace("00815", number[-5:])
        take_in_all(session, bank.book(transfer(12_000, wanted)), act)
        match(session, act)
        reload(session, invoice)
        assert invoice.collection_status == "paid", text
    session.commit()
    invoice = books_with_one(books)
    for text in NOT_PAID:
        take_in_all(session, bank.book(transfer(12_000, text)), act)
        match(session, act)
        reload(session, invoice)
        assert invoice.open_minor == 12_000, text
    session.commit()
    waiting = {line.remittance: line.waiting_because for line in lines_of(session) if line.state != "matched"}
    assert waiting.pop("XRE-2026-00815").endswith(
        'But: The text calls "2026-00815" something else than an invoice. Neither the account nor the name is the '
        "customer's."
    )
    assert set(waiting.values()) == {NOTHING}


def test_a_telephone_number_never_pays_an_invoice(session: Session, books: Books, act: Act) -> None:
    invoice = books.invoice(12_000, number="4711")
    assert decided(session, act, transfer(12_000, "Rückfragen Tel. 030 4711")) == [NOTHING]
    reload(session, invoice)
    assert invoice.open_minor == 12_000


STRANGER = "But: Neither the account nor the name is the customer's."


@pytest.mark.parametrize(
    ("amount", "because"),
    [
        (11_999, "It is a part of what is open; 0.01 EUR stay open."),
        (12_001, "0.01 EUR more than is open were paid; they stay on account."),
        (1, "It is a part of what is open; 119.99 EUR stay open."),
    ],
)
def test_another_amount_than_is_open_from_a_stranger_waits_and_says_so(
    session: Session, books: Books, act: Act, amount: int, because: str
) -> None:
    invoice = books_with_one(books)
    found = decided(session, act, transfer(amount, NUMBER))
    assert found == [f"The text names invoice {NUMBER}. {because} {STRANGER}"]
    reload(session, invoice)
    assert (invoice.open_minor, session.query(Payment).count()) == (12_000, 0)


def test_the_end_of_a_number_tells_which_of_a_known_payers_equal_invoices_is_meant(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer()
    books.invoice(12_000, number=NUMBER, customer=customer)
    bank = Bank()
    assert decided(session, act, transfer(12_000, NUMBER), bank=bank) == ["matched"]
    made = [books.invoice(9_900, number=f"RE-2026-0081{last}", customer=customer) for last in (6, 7)]
    assert decided(session, act, transfer(9_900, "Rechnung 0817"), bank=bank) == ["matched", "matched"]
    reload(session, *made)
    assert [invoice.open_minor for invoice in made] == [9_900, 0]
    evidence = [sentence for match in session.scalars(select(Match)) for sentence in match.evidence]
    assert 'The text says "0817", with which invoice RE-2026-00817 ends.' in evidence


def test_two_invoices_in_one_text_wait_if_only_one_fits(session: Session, books: Books, act: Act) -> None:
    books_with_one(books)
    books.invoice(500, number="RE-2026-00816")
    found = decided(session, act, transfer(12_000, f"{NUMBER}, RE-2026-00816"))
    assert found == [
        f"The text names invoice {NUMBER}. Exactly its open amount was paid. "
        "But: The text names invoice RE-2026-00816. Neither the account nor the name is the customer's."
    ]


def test_two_invoices_in_one_text_are_paid_by_their_sum(session: Session, books: Books, act: Act) -> None:
    made = [books_with_one(books), books.invoice(500, number="RE-2026-00816")]
    assert decided(session, act, transfer(12_500, f"{NUMBER}, RE-2026-00816")) == ["matched"]
    reload(session, *made)
    assert [invoice.open_minor for invoice in made] == [0, 0]


def test_of_numbers_that_differ_only_in_capitals_none_is_paid(
    session: Session, books: Books, act: Act
) -> None:
    books.invoice(12_000, number="ab-1001")
    books.invoice(12_000, number="AB-1001")
    (found,) = decided(session, act, transfer(12_000, "Rechnung AB-1001"))
    assert "Other items fit just as well." in str(found)
    assert session.query(Payment).count() == 0


def test_the_same_invoice_named_twice_is_one(session: Session, books: Books, act: Act) -> None:
    books_with_one(books)
    assert decided(session, act, transfer(12_000, f"{NUMBER} {NUMBER}")) == ["matched"]


def test_a_paid_invoice_is_not_paid_again_by_a_stranger(session: Session, books: Books, act: Act) -> None:
    invoice = books_with_one(books)
    bank = Bank()
    assert decided(session, act, transfer(12_000, NUMBER, payer=1), bank=bank) == ["matched"]
    again = decided(session, act, transfer(12_000, NUMBER, payer=2), bank=bank)
    assert sorted(str(one) for one in again) == [
        f"The text names invoice {NUMBER}. Invoice {NUMBER} is paid already; the money stays on account. {STRANGER}",
        "matched",
    ]  # fmt: skip
    reload(session, invoice)
    assert (invoice.open_minor, session.query(Payment).count()) == (0, 1)


def test_of_a_double_payment_from_one_account_the_second_stays_on_account(
    session: Session, books: Books, act: Act
) -> None:
    invoice = books_with_one(books)
    found = decided(session, act, transfer(12_000, NUMBER), transfer(12_000, NUMBER))
    assert found == ["matched", "matched"]
    left = session.scalars(select(Payment.unallocated_minor).order_by(Payment.unallocated_minor)).all()
    assert left == [0, 12_000]
    assert set(session.scalars(select(Payment.customer_id))) == {invoice.customer_id}


def test_an_invoice_partly_paid_is_paid_by_what_is_left(session: Session, books: Books, act: Act) -> None:
    invoice = books_with_one(books)
    pay(books, invoice, 4_500)
    decided(session, act, transfer(7_500, NUMBER), bank=bank_of(books))
    reload(session, invoice)
    assert (invoice.open_minor, invoice.collection_status) == (0, "paid")


def test_an_invoice_in_another_currency_waits(session: Session, books: Books, act: Act) -> None:
    books.invoice(12_000, number=NUMBER, currency="USD")
    found = decided(session, act, transfer(12_000, NUMBER))
    assert found == [
        f"The text names invoice {NUMBER}. "
        "But: The invoice is in USD. Neither the account nor the name is the customer's."
    ]


def test_money_in_another_currency_pays_an_invoice_in_it(session: Session, books: Books, act: Act) -> None:
    invoice = books.invoice(12_000, number=NUMBER, currency="USD")
    creditors.open_bank_account(
        session, creditor_id=books.creditor.id, name="USD", iban=OTHER_IBAN, currency="USD", act=act
    )
    bank = Bank(iban=OTHER_IBAN, currency="USD")
    assert decided(session, act, transfer(12_000, NUMBER, currency="USD"), bank=bank) == ["matched"]
    reload(session, invoice)
    assert invoice.collection_status == "paid"


def test_the_same_number_of_another_creditor_is_not_meant(session: Session, books: Books, act: Act) -> None:
    ours = books_with_one(books)
    other, _ = second_creditor(books)
    facts = InvoiceFacts(
        creditor_id=other.id, customer_id=ours.customer_id, number=NUMBER, currency="EUR",
        total_minor=12_000, issued_on=act.today, due_on=act.today,
    )  # fmt: skip
    theirs = invoices.issue(session, facts, act=act)
    bank = Bank(iban=OTHER_IBAN)
    assert decided(session, act, transfer(12_000, NUMBER), bank=bank) == ["matched"]
    reload(session, ours, theirs)
    assert (ours.open_minor, theirs.open_minor) == (12_000, 0)
    (payment,) = session.scalars(select(Payment))
    assert payment.creditor_id == other.id


def test_money_that_goes_out_or_comes_back_pays_no_invoice(session: Session, books: Books, act: Act) -> None:
    invoice = books_with_one(books)
    entries = [
        camt.debit(12_000, remittance=NUMBER),
        camt.credit(12_000, remittance=NUMBER, reason="AC04", entry=camt.Entry(amount=0)),
    ]
    take_in(session, camt.camt053(entries, account=OUR_IBAN), act)
    match(session, act)
    session.commit()
    assert [line.waiting_because for line in lines_of(session)] == [
        "Money went out, and no return or refund of ours explains it.",
        "It takes an earlier booking back, and no debit or refund of ours explains it.",
    ]
    reload(session, invoice)
    assert invoice.open_minor == 12_000


def test_a_number_with_blanks_is_known_in_any_spelling(session: Session, books: Books, act: Act) -> None:
    books.invoice(12_000, number="RE 2026 815")
    books.invoice(500, number="2026 815 7")
    found = decided(session, act, transfer(12_000, "Rechnung RE 2026 815"), transfer(500, "2026 8157"))
    assert found == ["matched", "matched"]


def test_hundreds_of_transfers_pay_hundreds_of_invoices(session: Session, books: Books, act: Act) -> None:
    made = [books.invoice(1_000 + number, number=f"X-{number:04d}") for number in range(1, 301)]
    entries = [transfer(invoice.total_minor, f"Rechnung {invoice.number}") for invoice in made]
    assert set(decided(session, act, *entries)) == {"matched"}
    assert session.query(Payment).count() == 300
    reload(session, *made)
    assert {invoice.collection_status for invoice in made} == {"paid"}
