"""A year of business for a seed, month by month; the same seed gives the same year to the cent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from benchmarks.cash import (
    crowd,
    misleading_payments,
    naming_payments,
    numbers,
    other_amounts,
    other_lines,
    quiet_payments,
)
from benchmarks.cash.business import Business
from benchmarks.cash.facts import Customer, Month
from benchmarks.cash.mixes import WHOLE, Case

FIRST = date(2025, 10, 1)
_EARLIER = 2  # months before, whose invoices are paid in the year
_NEVER_PAID = 0.04  # bills beside every event that stay open

PLAYED: Mapping[Case, Callable[[Business], None]] = {
    Case.EXACT_REFERENCE: naming_payments.exact_reference,
    Case.STRUCTURED_REFERENCE: naming_payments.structured_reference,
    Case.SEVERAL_LISTED: naming_payments.several_listed,
    Case.RANGE: naming_payments.range_of_numbers,
    Case.TYPO: naming_payments.typo,
    Case.CUT_NUMBER: naming_payments.cut_number,
    Case.MISSING_PREFIX: naming_payments.missing_prefix,
    Case.DISCOUNT_RIGHT: other_amounts.discount_right,
    Case.DISCOUNT_LATE: other_amounts.discount_late,
    Case.DISCOUNT_WRONG: other_amounts.discount_wrong,
    Case.SEVERAL_DISCOUNTED: other_amounts.several_discounted,
    Case.BANK_FEE: other_amounts.bank_fee,
    Case.PART_PAYMENT: other_amounts.part_payment,
    Case.OVERPAYMENT: other_amounts.overpayment,
    Case.DOUBLED_PAYMENT: other_amounts.doubled_payment,
    Case.CREDIT_NOTE_NAMED: other_amounts.credit_note_named,
    Case.CREDIT_NOTE_UNNAMED: other_amounts.credit_note_unnamed,
    Case.PARENT_FOR_CHILD: naming_payments.parent_for_child,
    Case.KNOWN_ACCOUNT: quiet_payments.known_account,
    Case.LEARNT_ACCOUNT: quiet_payments.learnt_account,
    Case.SEVERAL_UNNAMED: quiet_payments.several_unnamed,
    Case.SUBSCRIPTION: quiet_payments.subscription,
    Case.NAME_ONLY: quiet_payments.name_only,
    Case.NAMESAKE: quiet_payments.namesake,
    Case.OWN_NUMBER: misleading_payments.own_number,
    Case.OTHERS_NUMBER: misleading_payments.others_number,
    Case.OLD_NUMBER: misleading_payments.old_number,
    Case.PURCHASE_ORDER: naming_payments.purchase_order,
    Case.CUSTOMER_NUMBER: naming_payments.customer_number,
    Case.ADVANCE: naming_payments.advance,
    Case.FOREIGN_CURRENCY: other_amounts.foreign_currency,
    Case.NO_EVIDENCE: quiet_payments.no_evidence,
    Case.REFUND_SENT: other_lines.refund_sent,
    Case.REFUND_RETURNED: other_lines.refund_returned,
    Case.SUPPLIER_REFUND: other_lines.supplier_refund,
    Case.PAYOUT: other_lines.payout,
    Case.OWN_TRANSFER: other_lines.own_transfer,
    Case.TAX_REFUND: other_lines.tax_refund,
    Case.BANK_CHARGES: other_lines.bank_charges,
    Case.INTEREST: other_lines.interest,
    Case.TAX: other_lines.tax,
    Case.SALARY: other_lines.salary,
    Case.SUPPLIER: other_lines.supplier,
}
_LINES_OF = {Case.PART_PAYMENT: 1.7, Case.OWN_TRANSFER: 2.0}  # lines of one event, where there are more


@dataclass(frozen=True, slots=True)
class Year:
    """Everybody who owes something in the year, and what happens month by month (to be gone through once)."""

    style: str
    customers: list[Customer]
    months: Iterator[Month]


def generated(*, seed: int, lines: int, mix: Mapping[Case, int], months: int = 12) -> Year:
    """A year of about `lines` lines (that many in twelve months) in the shares of `mix`."""
    rng = Random(seed)
    customers = crowd.gathered(rng, lines=lines)
    spans = [_month(number) for number in range(-_EARLIER, months)]
    style = numbers.style_for(seed)
    business = Business(rng, style=style, customers=customers, first=spans[_EARLIER][0], last=spans[-1][1])
    return Year(style, customers, _played(business, spans, lines / 12, mix))


def _played(
    business: Business, spans: list[tuple[date, date]], lines: float, mix: Mapping[Case, int]
) -> Iterator[Month]:
    cases = list(mix)
    weights = [mix[case] / _LINES_OF.get(case, 1.0) for case in cases]
    events = round(lines * sum(weights) / WHOLE)
    for number, (first, last) in enumerate(spans):
        days = sorted(business.rng.randrange((last - first).days + 1) for _ in range(events))
        for day, case in zip(days, business.rng.choices(cases, weights, k=events), strict=True):
            business.today = first + timedelta(days=day)
            PLAYED[case](business)
            business.happened()
            if business.rng.random() < _NEVER_PAID:
                business.bill(business.usual())
                business.happened()
        if number >= _EARLIER:
            yield _told(business, first, last)


def _told(business: Business, first: date, last: date) -> Month:
    """What the books have of the month; the first one brings what was issued before."""
    months = [(first.year, first.month)]
    if first == business.first:
        months = sorted(month for month in business.invoices if month <= months[0])
    invoices = [one for month in months for one in business.invoices.pop(month, [])]
    notes = [one for month in months for one in business.notes.pop(month, [])]
    lines = business.lines.pop((first.year, first.month), [])
    return Month(
        first=first, last=last,
        invoices=sorted(invoices, key=lambda one: (one.issued_on, one.number)),
        credit_notes=sorted(notes, key=lambda one: (one.issued_on, one.number)),
        lines=sorted(lines, key=lambda one: (one.booked_on, business.rng.random())),
    )  # fmt: skip


def _month(number: int) -> tuple[date, date]:
    """First and last day of the month that begins `number` months after the first of the year."""
    at = FIRST.year * 12 + FIRST.month - 1 + number
    first, following = (date(month // 12, month % 12 + 1, 1) for month in (at, at + 1))
    return first, following - timedelta(days=1)
