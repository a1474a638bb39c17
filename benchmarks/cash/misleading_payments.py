"""Payments whose text names a number that is not what they pay."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.cash import numbers, texts
from benchmarks.cash.business import Business
from benchmarks.cash.facts import Invoice, Share
from benchmarks.cash.mixes import Case
from benchmarks.cash.naming_payments import exact_reference


def own_number(year: Business) -> None:
    """The payer's own document number, which looks like a number of ours and may be one; ours beside it, or not."""
    customer = year.known() if year.rng.random() < 0.6 else year.usual()
    invoice = year.bill(customer)
    other = _somebody_elses(year, invoice)
    theirs = invoice.number if other is None else other.number
    if year.rng.random() < 0.4:
        theirs = numbers.mistyped(year.rng, theirs)
    names_ours = not customer.is_known or year.rng.random() < 0.6
    ours = (
        texts.naming(year.rng, customer.language, invoice.number)
        if names_ours
        else texts.quiet(year.rng, customer.language)
    )
    year.pays(
        Case.OWN_NUMBER, customer, year.pay_day(invoice), invoice.total_minor,
        year.rng.choice((f"{theirs} {ours}", f"{ours} Beleg {theirs}", f"{ours} /{theirs}")), shares=_whole(invoice),
    )  # fmt: skip


def others_number(year: Business) -> None:
    """The number of somebody else's open invoice by mistake; for subscribers even its amount is the same."""
    customer = (year.subscriber(is_known=True) if year.rng.random() < 0.4 else None) or year.known()
    invoice = year.bill(customer)
    other = _somebody_elses(year, invoice, same_amount=customer.subscription_minor is not None)
    if other is None:
        exact_reference(year)
        return
    year.pays(
        Case.OTHERS_NUMBER, customer, year.pay_day(invoice), invoice.total_minor,
        texts.naming(year.rng, customer.language, other.number), shares=_whole(invoice),
    )  # fmt: skip


def old_number(year: Business) -> None:
    """Last month's text used again for this month's invoice."""
    earlier = year.pick(
        year.paid_exactly,
        lambda line: line.booked_on < year.today - timedelta(days=15) and line.truth.customer is not None
        and year.is_free(year.customers[line.truth.customer]),
    )  # fmt: skip
    if earlier is None or earlier.truth.customer is None:
        exact_reference(year)
        return
    customer = year.customers[earlier.truth.customer]
    invoice = year.bill(customer)
    year.pays(
        Case.OLD_NUMBER, customer, year.pay_day(invoice), invoice.total_minor, earlier.pieces, shares=_whole(invoice),
        reference=earlier.reference,
    )  # fmt: skip


def _somebody_elses(year: Business, invoice: Invoice, *, same_amount: bool = False) -> Invoice | None:
    return year.pick(
        year.billed,
        lambda other: (
            other.customer != invoice.customer
            and other.issued_on >= year.today - timedelta(days=12)
            and (not same_amount or other.total_minor == invoice.total_minor)
        ),
    )


def _whole(invoice: Invoice) -> tuple[Share, ...]:
    return (Share(invoice.number, invoice.total_minor),)
