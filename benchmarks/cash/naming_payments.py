"""Payments that name what they pay: whole numbers, lists, ranges, slips, orders and customer numbers."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.cash import numbers, texts
from benchmarks.cash.business import Business
from benchmarks.cash.facts import Customer, Invoice, Share
from benchmarks.cash.mixes import Case
from ledger.references import RfReference

_SWIFT_LINE = 35  # characters of a line of field 86


def exact_reference(year: Business) -> None:
    """One whole number in one of many spellings, and exactly its amount."""
    customer = year.payer()
    invoice = year.bill(customer)
    if year.rng.random() < 0.01:  # a payer's ERP puts our number where its own belongs
        year.pays(
            Case.EXACT_REFERENCE, customer, year.pay_day(invoice), invoice.total_minor, "",
            shares=_whole(invoice), end_to_end_id=invoice.number,
        )  # fmt: skip
        return
    _names(year, Case.EXACT_REFERENCE, customer, invoice, numbers.spelled(year.rng, invoice.number))


def structured_reference(year: Business) -> None:
    """A reference with check digits, in its own field or typed into the text.

    It is a creditor reference (ISO 11649) or, for some who read French or Dutch, an OGM of Belgium.
    """
    customer = year.usual()
    is_ogm = customer.language in ("fr", "nl") and year.rng.random() < 0.4
    invoice = year.bill(customer, reference=_ogm if is_ogm else _rf)
    reference = str(invoice.reference)
    in_its_field = year.rng.random() < 0.6
    if is_ogm:
        printed = f"+++{reference[:3]}/{reference[3:7]}/{reference[7:]}+++"
    else:
        printed = " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))
    text = "" if in_its_field else year.rng.choice((reference, printed, f"Ref. {printed}"))
    year.pays(
        Case.STRUCTURED_REFERENCE, customer, year.pay_day(invoice), invoice.total_minor, text,
        shares=_whole(invoice), account=year.usual_account(customer), reference=reference if in_its_field else None,
    )  # fmt: skip


def several_listed(year: Business) -> None:
    """Two to seven invoices of one customer, all named, some only by their last digits."""
    customer = year.company() or year.usual()
    invoices = [year.bill(customer) for _ in range(year.rng.choice((2, 2, 2, 3, 3, 4, 5, 7)))]
    mark = year.rng.choice((", ", ",", " + ", " ", "; ", " / ", " und "))
    if year.rng.random() < 0.15 and len({one.number[:-3] for one in invoices}) == 1:
        listed = numbers.shortened([one.number for one in invoices], year.rng.choice("/,+"))
    else:
        listed = mark.join(numbers.spelled(year.rng, one.number) for one in invoices)
    _pays_all(year, Case.SEVERAL_LISTED, customer, invoices, listed)


def range_of_numbers(year: Business) -> None:
    """Three to six invoices of one day, named by the first and the last."""
    customer = year.company() or year.usual()
    invoices = [year.bill(customer) for _ in range(year.rng.randrange(3, 7))]
    listed = f"{invoices[0].number}{texts.until(year.rng, customer.language)}{invoices[-1].number}"
    _pays_all(year, Case.RANGE, customer, invoices, listed)


def typo(year: Business) -> None:
    """A digit of the number is wrong, missing, doubled or swapped: it may well be somebody else's number."""
    customer = year.payer()
    invoice = year.bill(customer)
    _names(year, Case.TYPO, customer, invoice, numbers.mistyped(year.rng, invoice.number))


def cut_number(year: Business) -> None:
    """The bank broke the text inside the number: by a blank, or into two lines of the full width."""
    customer = year.payer()
    invoice = year.bill(customer)
    head, tail = numbers.cut(year.rng, invoice.number)
    text: str | tuple[str, ...] = f"{texts.naming(year.rng, customer.language, head)} {tail}"
    if year.rng.random() < 0.3:
        filler = f"{customer.name} Rechnung " * 4
        text = (filler[len(head) - _SWIFT_LINE :] + head, tail)
    year.pays(
        Case.CUT_NUMBER, customer, year.pay_day(invoice), invoice.total_minor, text,
        shares=_whole(invoice), account=year.usual_account(customer),
    )  # fmt: skip


def missing_prefix(year: Business) -> None:
    """The number without its letters or year."""
    customer = year.payer()
    invoice = year.bill(customer)
    _names(year, Case.MISSING_PREFIX, customer, invoice, numbers.without_prefix(year.rng, invoice.number))


def purchase_order(year: Business) -> None:
    """The customer's own order number, which the invoice carries; sometimes one order has two invoices."""
    customer = year.company() or year.usual()
    order = (
        f"45{year.rng.randrange(10**8):08d}"
        if year.rng.random() < 0.6
        else f"PO-{year.rng.randrange(10**5):05d}"
    )
    invoices = [year.bill(customer, order=order) for _ in range(2 if year.rng.random() < 0.2 else 1)]
    paid = invoices if year.rng.random() < 0.5 else invoices[:1]
    year.pays(
        Case.PURCHASE_ORDER, customer, year.pay_day(invoices[-1]), sum(one.total_minor for one in paid),
        texts.order(year.rng, customer.language, order), account=year.usual_account(customer),
        shares=tuple(Share(one.number, one.total_minor) for one in paid),
    )  # fmt: skip


def customer_number(year: Business) -> None:
    """The number of the customer, not of the invoice."""
    customer = year.payer()
    invoice = year.bill(customer)
    year.pays(
        Case.CUSTOMER_NUMBER, customer, year.pay_day(invoice), invoice.total_minor,
        texts.customer_number(year.rng, customer.language, customer.number), shares=_whole(invoice),
        account=year.usual_account(customer),
    )  # fmt: skip


def parent_for_child(year: Business) -> None:
    """A parent company pays the bill of its child, and mostly names the number."""
    child = year.company(lambda one: one.parent is not None)
    if child is None or child.parent is None:
        exact_reference(year)
        return
    parent = year.customers[child.parent]
    invoice = year.bill(child)
    text = texts.naming(year.rng, parent.language, invoice.number)
    if year.rng.random() < 0.3:
        text = texts.paying_for(parent.language, child.name)
    year.pays(
        Case.PARENT_FOR_CHILD, child, year.pay_day(invoice), invoice.total_minor, text, payer=parent,
        shares=_whole(invoice),
    )  # fmt: skip


def advance(year: Business) -> None:
    """Money that comes before its invoice: the pro-forma has told the number, or only the offer's."""
    customer = year.known()
    on = year.working(year.today)
    issued = on + timedelta(days=year.rng.randrange(1, 26))
    total = year.amount(customer)
    if issued > year.last:
        year.pays(Case.ADVANCE, customer, on, total, _offer(year), on_account=total)
        return
    invoice = year.bill(customer, total=total, on=issued)
    named = texts.naming(year.rng, customer.language, numbers.spelled(year.rng, invoice.number))
    text = named if year.rng.random() < 0.5 else _offer(year)
    year.pays(Case.ADVANCE, customer, on, total, text, shares=_whole(invoice))


def _offer(year: Business) -> str:
    return f"Vorkasse Angebot AN-{year.rng.randrange(10_000, 99_999)}"


def _names(year: Business, case: Case, customer: Customer, invoice: Invoice, written: str) -> None:
    text = texts.naming(
        year.rng, customer.language, written, customer=customer.number, day=f"{invoice.issued_on:%d.%m.%Y}"
    )
    year.pays(
        case, customer, year.pay_day(invoice), invoice.total_minor, text, shares=_whole(invoice),
        account=year.usual_account(customer),
    )  # fmt: skip


def _pays_all(year: Business, case: Case, customer: Customer, invoices: list[Invoice], listed: str) -> None:
    year.pays(
        case, customer, year.pay_day(invoices[-1]), sum(one.total_minor for one in invoices),
        texts.naming(year.rng, customer.language, listed), account=year.usual_account(customer),
        shares=tuple(Share(one.number, one.total_minor) for one in invoices),
    )  # fmt: skip


def _whole(invoice: Invoice) -> tuple[Share, ...]:
    return (Share(invoice.number, invoice.total_minor),)


def _rf(number: str) -> str:
    """The creditor reference that carries an invoice number (ISO 11649)."""
    return RfReference.make("".join(sign for sign in number if sign.isalnum())).compact


def _ogm(number: str) -> str:
    """The Belgian reference that carries an invoice number: ten digits and what is left of them by 97, 97 for none."""
    digits = f"{int(''.join(sign for sign in number if sign.isdigit())) % 10**10:010d}"
    return f"{digits}{int(digits) % 97 or 97:02d}"
