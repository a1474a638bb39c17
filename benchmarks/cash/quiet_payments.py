"""Payments that name nothing: only who pays, from where and how much can tell what for."""

from __future__ import annotations

from benchmarks.cash import names, texts
from benchmarks.cash.business import Business
from benchmarks.cash.facts import Customer, Invoice, Share
from benchmarks.cash.mixes import Case

_AGENTS = (
    "PAYONE SAMMELKONTO",
    "ZAHLSTELLE NORD",
    "TREUHANDKONTO RA DR. LINDE",
    "KLARTEXT INKASSO GMBH",
    "BANQUE CASH POOL",
)


def known_account(year: Business) -> None:
    """The usual account, which the creditor has, and the exact amount of one invoice."""
    _pays_quietly(year, Case.KNOWN_ACCOUNT, year.known())


def learnt_account(year: Business) -> None:
    """An account that nobody wrote down, but from which this customer has paid a named invoice before."""
    earlier = year.pick(
        year.paid_exactly,
        lambda line: line.booked_on < year.today and not _payer(year, line.truth.customer).is_known
        and _payer(year, line.truth.customer).account == line.iban and year.is_free(_payer(year, line.truth.customer)),
    )  # fmt: skip
    customer = year.known() if earlier is None else _payer(year, earlier.truth.customer)
    _pays_quietly(year, Case.KNOWN_ACCOUNT if earlier is None else Case.LEARNT_ACCOUNT, customer)


def several_unnamed(year: Business) -> None:
    """Two to four invoices in one sum, from a known account, none of them named."""
    customer = year.known()
    invoices = [year.bill(customer) for _ in range(year.rng.randrange(2, 5))]
    year.pays(
        Case.SEVERAL_UNNAMED, customer, year.pay_day(invoices[-1]), sum(one.total_minor for one in invoices),
        texts.quiet(year.rng, customer.language, f"{invoices[0].issued_on:%d.%m.}"),
        shares=tuple(Share(one.number, one.total_minor) for one in invoices),
    )  # fmt: skip


def subscription(year: Business) -> None:
    """An amount that hundreds of customers owe at the same time, from a known account."""
    _pays_quietly(year, Case.SUBSCRIPTION, year.subscriber(is_known=True) or year.known())


def name_only(year: Business) -> None:
    """An account never seen, no number, the exact amount: only the name tells who it is."""
    customer = year.payer()
    invoice = year.bill(customer)
    year.pays(
        Case.NAME_ONLY, customer, year.pay_day(invoice), invoice.total_minor, texts.quiet(year.rng, customer.language),
        shares=_whole(invoice), account=year.account_nobody_knows(customer.country),
    )  # fmt: skip


def namesake(year: Business) -> None:
    """Somebody whose name another customer has as well, from an account never seen; both owe something.

    Half of the time both owe the same; and one in ten pays something else than what this name has open.
    """
    one = year.pick(year.customers, lambda one: not one.is_company and one.subscription_minor is None)
    if one is None:
        known_account(year)
        return
    twin = next((two for two in year.customers if two.name == one.name and two.index != one.index), None)
    if twin is None:
        twin = year.pick(year.customers, lambda two: two.name.partition(" ")[2] == one.name.partition(" ")[2])
    invoice = year.bill(one)
    if twin is not None and twin.index != one.index:
        year.bill(twin, total=invoice.total_minor if year.rng.random() < 0.5 else None)
    year.pays(
        Case.NAMESAKE, one, year.pay_day(invoice), invoice.total_minor, texts.quiet(year.rng, one.language),
        shares=(Share(invoice.number, invoice.total_minor),), account=year.account_nobody_knows(),
        name=names.as_a_bank_writes(year.rng, one.name, is_company=False),
    )  # fmt: skip


def no_evidence(year: Business) -> None:
    """A paying agent's money for one of our customers; a telephone call has told which."""
    customer = year.usual()
    invoice = year.bill(customer)
    amount = invoice.total_minor - year.rng.choice((0, 1_50, 2_90))
    year.pays(
        Case.NO_EVIDENCE, customer, year.pay_day(invoice), amount,
        year.rng.choice(("", "SAMMELZAHLUNG", f"AVIS {year.rng.randrange(10**5)}", "TREUHAND")),
        shares=(Share(invoice.number, amount),), name=year.rng.choice(_AGENTS),
        account=year.account_nobody_knows(), is_knowable=False,
    )  # fmt: skip


def _pays_quietly(year: Business, case: Case, customer: Customer) -> None:
    invoice = year.bill(customer)
    year.pays(
        case, customer, year.pay_day(invoice), invoice.total_minor,
        texts.quiet(year.rng, customer.language, f"{invoice.issued_on:%d.%m.%Y}"), shares=_whole(invoice),
    )  # fmt: skip


def _payer(year: Business, index: int | None) -> Customer:
    assert index is not None  # a payment has a customer
    return year.customers[index]


def _whole(invoice: Invoice) -> tuple[Share, ...]:
    return (Share(invoice.number, invoice.total_minor),)
