"""How long before a debit its debtor must know of it: the dates that a notice allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from ledger.business_days import roll_forward
from mandates.models import AnnouncedBy
from mandates.terms import Terms


def first_date(today: date, days: int) -> date:
    """The first T2 day on which may be collected what is announced today, `days` calendar days before.

    EPC016-06 and EPC222-07, section 4.3: at least 14 calendar days before the due date, unless creditor and debtor
    agreed on another time. Whether a bank still takes an order for that day is another question (ledger.cut_offs).
    """
    return roll_forward(today + timedelta(days=days))


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is owed to a customer before one invoice is debited.

    `days` are the calendar days agreed, None where the ERP announces every debit itself. An invoice whose own e-mail
    went out on `invoiced_on` announced its debit of `invoiced_minor` on `invoiced_for`, a T2 day.
    """

    days: int | None
    invoiced_on: date | None
    invoiced_for: date
    invoiced_minor: int

    def kept_by_invoice(self, collect_on: date, amount_minor: int, *, today: date) -> bool:
        """Whether the invoice's own e-mail, gone by today, is notice enough of a debit.

        It is, in time, for no more money than it said and on the day it said; another day needs its own notice.
        """
        return (
            self.days is not None
            and self.invoiced_on is not None
            and self.invoiced_on <= today
            and collect_on == self.invoiced_for
            and amount_minor <= self.invoiced_minor
            and self.invoiced_on + timedelta(days=self.days) <= collect_on
        )

    def first(self, wanted: date, amount_minor: int, *, today: date) -> date:
        """The first T2 day from `wanted` on whose debit can still be announced in time, or has been."""
        wanted = roll_forward(wanted)
        if self.days is None or self.kept_by_invoice(wanted, amount_minor, today=today):
            return wanted
        return max(wanted, first_date(today, self.days))


def promise_of(
    agreed: Terms, *, customer_days: int | None, invoiced_on: date | None, due_on: date, total_minor: int
) -> Promise:
    """What is owed before an invoice is debited: the customer's own agreement goes before the creditor's terms."""
    days = agreed.notice_days if customer_days is None else customer_days
    return Promise(
        days=days if agreed.announced_by == AnnouncedBy.DUECOURSE else None,
        invoiced_on=invoiced_on, invoiced_for=roll_forward(due_on), invoiced_minor=total_minor,
    )  # fmt: skip
