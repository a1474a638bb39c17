"""Payments of another amount than the invoice's: discounts, fees, parts, too much, twice, less a credit note."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from benchmarks.cash import numbers, texts
from benchmarks.cash.business import Business
from benchmarks.cash.facts import Closes, Customer, Invoice, Share
from benchmarks.cash.mixes import Case
from benchmarks.cash.naming_payments import exact_reference

_FEES = (3_50, 5_00, 7_50, 10_00, 12_50, 15_00, 20_00, 25_00)


def discount_right(year: Business) -> None:
    """The agreed percent, on or before the last day: the discount closes the rest."""
    customer, invoice, percent = _with_terms(year)
    if customer is None or invoice is None:
        exact_reference(year)
        return
    discount = year.discount(invoice.total_minor, percent)
    last = invoice.issued_on + timedelta(days=invoice.discount_days or 0)
    on = year.working(
        invoice.issued_on + timedelta(days=year.rng.randrange(2, (invoice.discount_days or 5) + 1))
    )
    _takes_discount(
        year,
        Case.DISCOUNT_RIGHT,
        customer,
        invoice,
        min(on, _working_before(last)),
        percent,
        discount,
        is_right=True,
    )


def discount_late(year: Business) -> None:
    """The agreed percent, one to five days after the last day: what is missing stays owed."""
    customer, invoice, percent = _with_terms(year)
    if customer is None or invoice is None:
        exact_reference(year)
        return
    late = (invoice.discount_days or 0) + year.rng.choice((1, 1, 2, 3, 5))
    on = year.working(invoice.issued_on + timedelta(days=late))
    _takes_discount(
        year,
        Case.DISCOUNT_LATE,
        customer,
        invoice,
        on,
        percent,
        year.discount(invoice.total_minor, percent),
        is_right=False,
    )


def discount_wrong(year: Business) -> None:
    """Another percent than agreed, in time: what is missing stays owed."""
    customer, invoice, agreed = _with_terms(year)
    if customer is None or invoice is None:
        exact_reference(year)
        return
    percent = year.rng.choice([other for other in map(Decimal, (2, 3, 4, 5)) if other != agreed])
    on = year.working(invoice.issued_on + timedelta(days=year.rng.randrange(2, 7)))
    _takes_discount(
        year,
        Case.DISCOUNT_WRONG,
        customer,
        invoice,
        on,
        percent,
        year.discount(invoice.total_minor, percent),
        is_right=False,
    )


def several_discounted(year: Business) -> None:
    """Two or three bills of one day in one sum, less the agreed percent of each, in time."""
    customer, first, percent = _with_terms(year)
    if customer is None or first is None:
        exact_reference(year)
        return
    same = first.total_minor if year.rng.random() < 0.1 else None
    invoices = [first, *(year.bill(customer, total=same) for _ in range(year.rng.choice((1, 1, 2))))]
    granted = [year.discount(one.total_minor, percent) for one in invoices]
    paid = [Share(one.number, one.total_minor - less) for one, less in zip(invoices, granted, strict=True)]
    discounts = [
        Share(one.number, less, Closes.DISCOUNT) for one, less in zip(invoices, granted, strict=True) if less
    ]
    named = texts.naming(
        year.rng, customer.language, ", ".join(numbers.spelled(year.rng, one.number) for one in invoices)
    )
    last = first.issued_on + timedelta(days=first.discount_days or 0)
    on = year.working(first.issued_on + timedelta(days=year.rng.randrange(2, 6)))
    year.pays(
        Case.SEVERAL_DISCOUNTED, customer, min(on, _working_before(last)), sum(one.amount_minor for one in paid),
        texts.with_discount(year.rng, customer.language, named, f"{percent}"), shares=(*paid, *discounts),
        account=year.usual_account(customer),
    )  # fmt: skip


def bank_fee(year: Business) -> None:
    """A payer abroad whose bank kept its fee; we bear it."""
    customer = year.company(lambda one: one.country in ("GB", "US", "CH")) or year.usual()
    invoice = year.bill(customer, total=year.amount(customer) + 100_00)
    fee = year.rng.choice(_FEES)
    year.pays(
        Case.BANK_FEE, customer, year.pay_day(invoice), invoice.total_minor - fee,
        texts.naming(year.rng, customer.language, numbers.spelled(year.rng, invoice.number)),
        shares=(Share(invoice.number, invoice.total_minor - fee), Share(invoice.number, fee, Closes.FEE)),
    )  # fmt: skip


def foreign_currency(year: Business) -> None:
    """Ordered in foreign money and converted on the way: a little more or less than the invoice."""
    customer = year.company(lambda one: one.country in ("GB", "US", "CH")) or year.usual()
    invoice = year.bill(customer, total=year.amount(customer) + 100_00)
    amount = invoice.total_minor + int(invoice.total_minor * year.rng.uniform(-0.02, 0.02)) or 1
    part = min(amount, invoice.total_minor)
    lost = invoice.total_minor - part
    year.pays(
        Case.FOREIGN_CURRENCY, customer, year.pay_day(invoice), amount,
        f"{texts.naming(year.rng, customer.language, invoice.number)} {year.rng.choice(('GBP', 'USD', 'CHF'))}",
        shares=(Share(invoice.number, part), *([Share(invoice.number, lost, Closes.FEE)] if lost else [])),
        on_account=amount - part,
    )  # fmt: skip


def part_payment(year: Business) -> None:
    """A part with the number, and mostly the rest some weeks later."""
    customer = year.usual()
    invoice = year.bill(customer)
    part = invoice.total_minor * year.rng.choice((25, 30, 50, 50, 60)) // 100
    part = part // 100_00 * 100_00 or part
    on = year.pay_day(invoice)
    named = texts.naming(year.rng, customer.language, numbers.spelled(year.rng, invoice.number))
    year.pays(
        Case.PART_PAYMENT, customer, on, part, texts.part(year.rng, customer.language, named),
        shares=(Share(invoice.number, part),),
    )  # fmt: skip
    if year.rng.random() < 0.7:
        year.pays(
            Case.PART_PAYMENT, customer, year.working(on + timedelta(days=year.rng.randrange(14, 40))),
            invoice.total_minor - part, texts.rest(customer.language, invoice.number),
            shares=(Share(invoice.number, invoice.total_minor - part),),
        )  # fmt: skip


def overpayment(year: Business) -> None:
    """More than is owed: a slip of the finger, a round sum, or a bill counted twice."""
    customer = year.usual()
    invoice = year.bill(customer)
    luck = year.rng.random()
    if luck < 0.5:
        over = year.rng.choice((1_00, 9_00, 10_00, 90_00, 100_00))
    elif luck < 0.85:
        over = -invoice.total_minor % 100_00 or 50_00
    else:
        over = invoice.total_minor
    year.pays(
        Case.OVERPAYMENT, customer, year.pay_day(invoice), invoice.total_minor + over,
        texts.naming(year.rng, customer.language, numbers.spelled(year.rng, invoice.number)),
        shares=(Share(invoice.number, invoice.total_minor),), on_account=over,
    )  # fmt: skip


def doubled_payment(year: Business) -> None:
    """The same once more, some days later: the invoice is paid, the money stays the customer's."""
    first = year.pick(
        year.paid_exactly,
        lambda line: line.truth.customer is not None and line.booked_on >= year.today - timedelta(days=6)
        and year.customers[line.truth.customer].subscription_minor is None,
    )  # fmt: skip
    if first is None or first.truth.customer is None:
        exact_reference(year)
        return
    on = year.working(max(first.booked_on, year.today) + timedelta(days=year.rng.randrange(1, 9)))
    year.pays(
        Case.DOUBLED_PAYMENT, year.customers[first.truth.customer], on, first.amount_minor, first.pieces,
        on_account=first.amount_minor, account=first.iban, name=first.name, reference=first.reference,
    )  # fmt: skip


def credit_note_named(year: Business) -> None:
    """An invoice less a credit note, both numbers named."""
    _less_a_credit_note(year, Case.CREDIT_NOTE_NAMED)


def credit_note_unnamed(year: Business) -> None:
    """An invoice less a credit note, of which the text says nothing."""
    _less_a_credit_note(year, Case.CREDIT_NOTE_UNNAMED)


def _less_a_credit_note(year: Business, case: Case) -> None:
    customer = year.company() or year.usual()
    invoice = year.bill(customer)
    note = year.credit_note(
        customer, max(1, invoice.total_minor * year.rng.choice((5, 10, 12, 20, 25)) // 100)
    )
    paid = invoice.total_minor - note.total_minor
    text = texts.naming(year.rng, customer.language, numbers.spelled(year.rng, invoice.number))
    if case is Case.CREDIT_NOTE_NAMED:
        text = texts.less_credit(customer.language, text, note.number)
    year.pays(
        case, customer, year.pay_day(invoice), paid, text, account=year.usual_account(customer),
        shares=(
            Share(invoice.number, paid),
            Share(invoice.number, note.total_minor, Closes.CREDIT_NOTE, note.number),
        ),
    )  # fmt: skip


def _with_terms(year: Business) -> tuple[Customer | None, Invoice | None, Decimal]:
    """A company with an agreed discount and a bill of today, large enough for the discount to be seen."""
    customer = year.company(lambda one: one.discount_days is not None)
    if customer is None or customer.discount_percent is None:
        return None, None, Decimal(0)
    return customer, year.bill(customer, total=year.amount(customer) + 20_00), customer.discount_percent


def _takes_discount(
    year: Business, case: Case, customer: Customer, invoice: Invoice, on: date, percent: Decimal, discount: int, *,
    is_right: bool,
) -> None:  # fmt: skip
    named = texts.naming(year.rng, customer.language, numbers.spelled(year.rng, invoice.number))
    paid = Share(invoice.number, invoice.total_minor - discount)
    year.pays(
        case, customer, on, paid.amount_minor, texts.with_discount(year.rng, customer.language, named, f"{percent}"),
        shares=(paid, Share(invoice.number, discount, Closes.DISCOUNT)) if is_right else (paid,),
        account=year.usual_account(customer),
    )  # fmt: skip


def _working_before(day: date) -> date:
    """The day, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))
