"""On which day an invoice is collected: when it is due, when the bank can, and when the customer has been told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger import cut_offs
from ledger.acts import Act
from ledger.business_days import is_business_day, roll_forward
from ledger.cut_offs import CutOff
from ledger.errors import Rejected
from ledger.models import BankAccount, Customer, Invoice
from mandates.notice_promises import Promise, promise_of
from mandates.terms import Terms


class DateImpossible(Rejected):
    """An invoice cannot be collected on the day that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """The T2 day of a collection, the day it was wished for, and in words why the two differ."""

    collect_on: date
    wished_on: date
    moved_because: str | None


@dataclass(frozen=True, slots=True)
class Calendar:
    """What decides about the dates of a creditor's debits: the account's cut-off and the creditor's terms."""

    cut_off: CutOff
    terms: Terms

    @classmethod
    def of(cls, account: BankAccount, terms: Terms) -> Calendar:
        return cls(cut_offs.of(account), terms)

    def first_file(self, act: Act) -> date:
        """The first collection date of a file that is uploaded now; never today."""
        return cut_offs.earliest(self.cut_off, act.at)

    def promise(self, invoice: Invoice, customer: Customer) -> Promise:
        """What the customer was promised about being told."""
        return promise_of(
            self.terms, customer_days=customer.notice_days, invoiced_on=invoice.pre_notified_on,
            due_on=invoice.due_on, total_minor=invoice.total_minor,
        )  # fmt: skip

    def date_of(
        self,
        invoice: Invoice,
        customer: Customer,
        wish: date | None,
        *,
        not_before: date | None = None,
        act: Act,
    ) -> Dated:
        """The day on which what is open of `invoice` is collected: on `wish`, else when it is due.

        A wish that is no T2 day rolls forward. Without a wish the first day is taken that bank and notice allow, and
        that lies not before `not_before`.
        Raises DateImpossible for a wish that is too early for the bank, for the notice, or for the invoice.
        """
        promise, first_file = self.promise(invoice, customer), self.first_file(act)
        if wish is not None:
            self._require_possible(wish, invoice, promise, first_file, act.today)
            return _dated(roll_forward(wish), wish, None)
        asked = max(invoice.due_on, not_before or invoice.due_on)
        ready = roll_forward(max(asked, first_file))
        announced = promise.first(ready, invoice.open_minor, today=act.today)
        because = None
        if announced > ready:
            because = f"the customer is told {promise.days} days before"
        elif first_file > asked:
            because = "it is the first day that a file sent now can have"
        return _dated(announced, asked, because)

    def _require_possible(
        self, wish: date, invoice: Invoice, promise: Promise, first_file: date, today: date
    ) -> None:
        if wish < first_file:
            raise DateImpossible(
                f"The first possible collection date is {first_file.isoformat()}.", field="collect_on"
            )
        if self.terms.not_before_due and wish < invoice.due_on:
            raise DateImpossible(
                f"The invoice is due on {invoice.due_on.isoformat()}, and nothing is collected before.",
                field="collect_on",
            )
        announced = promise.first(wish, invoice.open_minor, today=today)
        if announced > roll_forward(wish):
            raise DateImpossible(
                f"The customer must be told {promise.days} days before, so the first possible collection date "
                f"is {announced.isoformat()}.",
                field="collect_on",
            )


def _dated(day: date, wished: date, because: str | None) -> Dated:
    if because is None and not is_business_day(wished):
        because = f"{wished.isoformat()} is no T2 business day"
    return Dated(collect_on=day, wished_on=wished, moved_because=because if day != wished else None)
