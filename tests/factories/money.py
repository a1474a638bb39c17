"""Money in the books of a test: statement lines booked, payments out of them, and what they pay."""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger import allocations, credit_notes, journal, payments, recorded_payments
from ledger.allocations import Wish
from ledger.credit_notes import CreditNoteFacts
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, CreditNote, Customer, Method, Payment
from ledger.payments import Receipt
from ledger.recorded_payments import Given, Told
from tests.factories.books import Books


def receive(
    books: Books,
    *amounts_minor: int,
    reversible_until: date | None = None,
    customer: Customer | None = None,
    currency: str = "EUR",
) -> list[str]:
    """Payments of these amounts, one id each; final, or provisional until a day."""
    receipts = [
        Receipt(
            creditor_id=books.creditor.id, bank_account_id=books.account.id,
            customer_id=None if customer is None else customer.id,
            method=Method.TRANSFER, currency=currency, amount_minor=amount, received_on=books.act.today,
            reversible_until=reversible_until,
        )
        for amount in amounts_minor
    ]  # fmt: skip
    return payments.receive(books.session, receipts, act=books.act, cause="line.matched")


def recorded(
    books: Books,
    amount_minor: int,
    *given: tuple[str, int, int],
    customer: Customer | None = None,
    **facts: Any,
) -> Payment:
    """A payment told before its line, with (invoice, amount, discount) of what it gives."""
    told = Told(
        **{
            "creditor_id": books.creditor.id, "customer_id": (customer or books.customer()).id,
            "method": Method.TRANSFER, "currency": "EUR", "amount_minor": amount_minor,
            "received_on": books.act.today,
        }
        | facts
    )  # fmt: skip
    shares = [Given(invoice_id=one, amount_minor=amount, discount_minor=off) for one, amount, off in given]
    return recorded_payments.record(books.session, told, given=shares, act=books.act)


def wish(books: Books, source_id: str, invoice_id: str, amount_minor: int) -> Wish:
    """A wish of a clerk, as of today."""
    return Wish(
        source_id=source_id, invoice_id=invoice_id, amount_minor=amount_minor,
        allocated_on=books.act.today, decided_by="treasury", evidence=("A clerk said so.",),
    )  # fmt: skip


def allocate(books: Books, *wanted: tuple[str, str, int]) -> list[str]:
    """Allocations of (source, invoice, amount), one id each."""
    wishes = [wish(books, *one) for one in wanted]
    return allocations.allocate(books.session, wishes, act=books.act, cause="line.matched")


def credit_note(
    books: Books,
    total_minor: int,
    *,
    customer: Customer,
    number: str | None = None,
    external_id: str | None = None,
    currency: str = "EUR",
) -> CreditNote:
    """A credit note of today."""
    facts = CreditNoteFacts(
        creditor_id=books.creditor.id, customer_id=customer.id, number=number or f"GS-{new_id('cdn')[-12:]}",
        currency=currency, total_minor=total_minor, issued_on=books.act.today, external_id=external_id,
    )  # fmt: skip
    return credit_notes.issue(books.session, facts, act=books.act)


def balance_minor(books: Books, kind: AccountKind, currency: str = "EUR") -> int:
    """What one account of the creditor stands at."""
    return journal.balance_minor(books.session, Place(books.creditor.id, kind, currency))


def book(books: Books, kind: str, object_id: str, amount_minor: int) -> None:
    """One booking of billed against suspense, for tests that care for the journal alone."""
    booking = Booking(
        kind=kind, object_id=object_id, posted_on=books.act.today, amount_minor=amount_minor,
        debit=Place(books.creditor.id, AccountKind.BILLED, "EUR"),
        credit=Place(books.creditor.id, AccountKind.SUSPENSE, "EUR"),
    )  # fmt: skip
    journal.post(books.session, [booking], act=books.act)
