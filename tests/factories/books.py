"""A small company in the books: creditor, account, customers, invoices and mandates with sensible defaults."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

from schwifty import IBAN
from sqlalchemy.orm import Session

from ledger import creditors, customers, invoices
from ledger.acts import Act
from ledger.customers import CustomerFacts
from ledger.invoices import InvoiceFacts
from ledger.models import BankAccount, Creditor, Customer, Invoice
from mandates import lifecycle, terms
from mandates.lifecycle import SignedMandate
from mandates.models import AnnouncedBy, Mandate, Scheme

OUR_IBAN = "DE02120300000000202051"
CREDITOR_IDENTIFIER = "DE98ZZZ09999999999"

_numbers = count(1)


def debtor_iban(number: int) -> str:
    """A German IBAN with valid check digits, of no known bank; a different one for each number."""
    return IBAN.generate("DE", bank_code="99999999", account_code=f"{number:010d}").compact


class Books:
    """Makes things in one session, all of one creditor with one EUR account."""

    def __init__(self, session: Session, act: Act) -> None:
        self.session, self.act = session, act
        self.creditor: Creditor = creditors.create(
            session, name="Muster Energie GmbH", country="DE", creditor_identifier=CREDITOR_IDENTIFIER,
            town="Berlin", act=act,
        )  # fmt: skip
        # The ERP announces the debits; tests of notices change the terms.
        terms.change(session, self.creditor.id, announced_by=AnnouncedBy.ERP, act=act)
        self.account: BankAccount = creditors.open_bank_account(
            session, creditor_id=self.creditor.id, name="Main", iban=OUR_IBAN, bic="BYLADEM1001", act=act
        )

    def customer(self, name: str = "Erika Beispiel", **facts: str) -> Customer:
        return customers.create(self.session, CustomerFacts(name=name, **facts), act=self.act)

    def invoice(
        self,
        total_minor: int = 12_000,
        *,
        customer: Customer | None = None,
        number: str | None = None,
        due_on: date | None = None,
        issued_on: date | None = None,
        currency: str = "EUR",
        external_id: str | None = None,
    ) -> Invoice:
        """An invoice that fell due yesterday, unless said otherwise."""
        due = due_on or self.act.today - timedelta(days=1)
        facts = InvoiceFacts(
            creditor_id=self.creditor.id, customer_id=(customer or self.customer()).id,
            number=number or f"RE-2026-{next(_numbers):05d}", currency=currency, total_minor=total_minor,
            issued_on=issued_on or due - timedelta(days=14), due_on=due, external_id=external_id,
        )  # fmt: skip
        return invoices.issue(self.session, facts, act=self.act)

    def mandate(
        self, customer: Customer, *, iban: str | None = None, scheme: Scheme = Scheme.CORE, **facts: object
    ) -> Mandate:
        """A mandate signed a year ago, active at once."""
        signed = SignedMandate(
            creditor_id=self.creditor.id, customer_id=customer.id, iban=iban or debtor_iban(next(_numbers)),
            signed_on=self.act.today - timedelta(days=365), scheme=scheme, confirmed_by_bank=True, **facts,
        )  # fmt: skip
        return lifecycle.record_signed(self.session, signed, act=self.act)

    def collectable(self, total_minor: int = 12_000, **invoice: object) -> tuple[Invoice, Mandate]:
        """A due invoice whose customer has an active mandate."""
        customer = self.customer()
        return self.invoice(total_minor, customer=customer, **invoice), self.mandate(customer)
