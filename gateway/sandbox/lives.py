"""A year in the lives of the invented customers: what each is billed for, and what happens to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from gateway.sandbox.books import Company, Customer, Invoice, Mandate
from gateway.sandbox.company import monthly_total, new_iban

# How many of a thousand customers within a year; invented, and more than real companies see.
_DIES, _MOVES_ACCOUNT, _CANCELS = 8, 60, 30
_BILLED_BEFORE = 29  # every month has so many days less one

_FIRST_NUMBER = 1
_WANT_A_NOTICE = "37"  # customers whose number ends so


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One customer's year.

    From `closes_on` the account of the mandate is closed, and `new_iban` is the one after it. With
    `tells_before` the customer tells us by himself, else only after a debit has come back.
    """

    customer: Customer
    mandate: Mandate | None
    billed_day: int
    dies_on: date | None = None
    closes_on: date | None = None
    new_iban: str | None = field(default=None, repr=False)
    tells_before: bool = False
    cancels_on: date | None = None


def live(company: Company, *, start: date, months: int, seed: int) -> dict[str, Life]:
    """The lives of all customers by number, from `start` on; the same for the same arguments."""
    mandates = {mandate.customer_external_id: mandate for mandate in company.mandates}
    days = (month_on(start, months) - start).days
    return {
        customer.external_id: _life(customer, mandates.get(customer.external_id), start, days, seed)
        for customer in company.customers
    }


def _life(customer: Customer, mandate: Mandate | None, start: date, days: int, seed: int) -> Life:
    chance = Random(f"life/{seed}/{customer.external_id}")  # noqa: S311 - a repeatable game, no secret

    def some_day(per_thousand: int) -> date | None:
        day, lot = start + timedelta(days=chance.randrange(days)), chance.randrange(1000)
        return day if lot * 365 < per_thousand * days else None

    dies_on, closes_on, cancels_on = some_day(_DIES), some_day(_MOVES_ACCOUNT), some_day(_CANCELS)
    number = int(customer.external_id.removeprefix("K-")) + 50_000  # no other customer has this number
    return Life(
        customer=customer,
        mandate=mandate,
        billed_day=chance.randrange(1, _BILLED_BEFORE),
        dies_on=None if customer.is_company else dies_on,
        closes_on=closes_on,
        new_iban=new_iban(customer.country, number, chance, other_bank=chance.random() < 0.6),
        tells_before=chance.random() < 0.4,
        cancels_on=cancels_on,
    )


def bills(lives: Sequence[Life], *, start: date, months: int, seed: int) -> Iterator[Invoice]:
    """One invoice a month for each customer who lives, in the order of their days, numbered through."""
    dated = sorted(  # no two rows share a day and a customer, so lives are never compared
        (month_on(start, month).replace(day=life.billed_day), life.customer.external_id, life)
        for month in range(months)
        for life in lives
    )
    for number, (on, _, life) in enumerate(
        [row for row in dated if row[0] >= start and (row[2].dies_on is None or row[0] < row[2].dies_on)],
        start=_FIRST_NUMBER,
    ):
        chance = Random(f"bill/{seed}/{on}/{life.customer.external_id}")  # noqa: S311 - a repeatable game
        yield Invoice(
            external_id=f"ERP-{700_000 + number}",
            number=f"RE-{on.year}-{number:05d}",
            customer_external_id=life.customer.external_id,
            total=monthly_total(life.customer, chance),
            issued_on=on,
            due_on=on + timedelta(days=life.customer.term_days),
        )


def announces_debit(bill: Invoice) -> bool:
    """Whether the invoice says by itself when it will be collected; some customers want a notice of its own."""
    return bill.customer_external_id[-1] not in _WANT_A_NOTICE


def month_on(start: date, months: int) -> date:
    """The first day of the month so many months after that of `start`."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, 1)
