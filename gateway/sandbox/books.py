"""The shape of the demo's invented company: its creditor, customers, mandates and invoices."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from exporters.pain008.message import Scheme
from ledger.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Creditor:
    """Who collects: the company itself, with the account the money comes to."""

    name: str
    creditor_id: str
    iban: str = field(repr=False)
    bic: str
    street: str
    postcode: str
    town: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who owes: a firm or a consumer. `external_id` is the customer number.

    `language` is one of ISO 639-1; `term_days` are the calendar days between an invoice and its due date.
    """

    external_id: str
    name: str = field(repr=False)
    is_company: bool
    email: str = field(repr=False)
    street: str = field(repr=False)
    postcode: str = field(repr=False)
    town: str = field(repr=False)
    country: str
    language: str
    iban: str = field(repr=False)
    term_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """A signed SEPA mandate on its customer's account."""

    reference: str
    customer_external_id: str
    scheme: Scheme
    signed_on: date
    debtor_name: str = field(repr=False)
    debtor_iban: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """What a customer owes, gross. `external_id` is the ERP's own key, `number` what the customer sees."""

    external_id: str
    number: str
    customer_external_id: str
    total: Money
    issued_on: date
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Everything the demo starts from; every invoice is open."""

    creditor: Creditor
    customers: tuple[Customer, ...]
    mandates: tuple[Mandate, ...]
    invoices: tuple[Invoice, ...]

    def customer(self, external_id: str) -> Customer:
        """The customer with this number; raises KeyError for any other."""
        for customer in self.customers:
            if customer.external_id == external_id:
                return customer
        raise KeyError(external_id)

    def mandated(self) -> frozenset[str]:
        """The numbers of the customers who gave a mandate."""
        return frozenset(mandate.customer_external_id for mandate in self.mandates)
