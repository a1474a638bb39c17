"""One day of other bookings on the demo company's account: transfers of customers, and noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import cycle
from random import Random

import schwifty
from anyascii import anyascii

from gateway.sandbox import texts
from gateway.sandbox import transaction_codes as codes
from gateway.sandbox.books import Company, Creditor, Customer, Invoice
from gateway.sandbox.entries import Entry, Origin, Truth
from gateway.sandbox.transaction_codes import TransactionCode
from ledger.business_days import roll_forward
from ledger.money import Money, total
from reconciliation.statement import Party

# How many of every forty transfers of customers are of which kind.
DECK = (
    *[Truth.EXACT] * 27,
    *[Truth.SPACED_NUMBER] * 3,
    *[Truth.TWO_INVOICES] * 3,
    *[Truth.PART_PAYMENT] * 2,
    *[Truth.CUSTOMER_NUMBER] * 2,
    *[Truth.MISTYPED_NUMBER] * 2,
    Truth.PAID_TWICE,
)

# Of a hundred invoices that may be paid by transfer, how many are paid on this day.
_PAID_PERCENT = 75
_PART_PERCENTS = (25, 40, 50, 75)

SAVINGS_IBAN = "DE75512108001245126199"  # the company's other account
_STRANGERS = ("Ottokar Fliederbusch", "Mina Sternthaler", "Kegelclub Frohe Neun")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})

# A bank code that is not given out, so that the accounts are nobody's.
_STRANGERS_BANK = "90000002"


@dataclass(frozen=True, slots=True)
class Day:
    """What every booking of the day is made with: the day, all invoice numbers there are, and the dice."""

    on: date
    numbers: frozenset[str]
    chance: Random


def bank_day(company: Company, *, open_invoices: Sequence[Invoice], today: date, seed: int) -> list[Entry]:
    """What is booked on the company's account on `today`, or on the next T2 day, beside its direct debits.

    About three quarters of those `open_invoices` whose customer has no mandate are paid, most with the whole
    number and the exact amount, the others in the ways of `Truth`; noise comes with them. Every entry carries
    its `origin`. The same arguments give the same entries.
    """
    chance = Random(f"bank day/{seed}/{today.isoformat()}")  # noqa: S311 - a repeatable game, no secret
    day = Day(roll_forward(today), frozenset(invoice.number for invoice in company.invoices), chance)
    mandated = company.mandated()
    paid = [
        invoice
        for invoice in open_invoices
        if invoice.customer_external_id not in mandated and chance.randrange(100) < _PAID_PERCENT
    ]
    settled = {invoice.number for invoice in paid}
    entries = [
        *_customers_transfers(company, paid, day),
        *_lookalikes([invoice for invoice in open_invoices if invoice.number not in settled], day),
        *strangers_transfers(day),
        *own_business(company.creditor, day),
    ]
    chance.shuffle(entries)
    return entries


def _customers_transfers(company: Company, paid: Sequence[Invoice], day: Day) -> Iterator[Entry]:
    customers = {customer.external_id: customer for customer in company.customers}
    by_customer: dict[str, list[Invoice]] = {}
    for invoice in paid:
        by_customer.setdefault(invoice.customer_external_id, []).append(invoice)
    kinds = cycle(day.chance.sample(DECK, len(DECK)))
    for external_id, invoices in by_customer.items():
        rest = invoices
        while rest:
            kind = next(kinds)
            if kind is Truth.TWO_INVOICES and len(rest) == 1:
                kind = Truth.EXACT
            count = 2 if kind is Truth.TWO_INVOICES else 1
            yield from pays(customers[external_id], rest[:count], kind, day)
            rest = rest[count:]


def pays(customer: Customer, invoices: Sequence[Invoice], kind: Truth, day: Day) -> Iterator[Entry]:
    """The transfer of a customer of one of the kinds in DECK, and for PAID_TWICE its twin after it."""
    numbers = tuple(invoice.number for invoice in invoices)
    first = _transfer(
        _amount(invoices, kind, day.chance),
        name=_as_banks_print(customer, day.chance),
        iban=customer.iban,
        text=_text(customer, invoices, kind, day),
        origin=Origin(truth=Truth.EXACT if kind is Truth.PAID_TWICE else kind, invoices=numbers),
        day=day,
    )
    yield first
    if kind is Truth.PAID_TWICE:
        yield replace(first, origin=Origin(truth=kind, invoices=numbers))


def _amount(invoices: Sequence[Invoice], kind: Truth, chance: Random) -> Money:
    """All of `invoices`, or of a part payment so many whole units of currency, but more than nothing."""
    whole = total((invoice.total for invoice in invoices), invoices[0].total.currency)
    if kind is not Truth.PART_PAYMENT:
        return whole
    part = whole.minor * chance.choice(_PART_PERCENTS) // 100
    return Money(part - part % 100 or part, whole.currency)


def _text(customer: Customer, invoices: Sequence[Invoice], kind: Truth, day: Day) -> str:
    number, language, chance = invoices[0].number, customer.language, day.chance
    match kind:
        case Truth.TWO_INVOICES:
            both = (number, invoices[1].number)
            return texts.two_invoices(chance, language, numbers=both, customer=customer.external_id)
        case Truth.PART_PAYMENT:
            return texts.part_payment(chance, language, number=number)
        case Truth.CUSTOMER_NUMBER:
            return texts.customer_number(chance, language, customer=customer.external_id)
        case Truth.SPACED_NUMBER:
            number = texts.spaced(chance, number)
        case Truth.MISTYPED_NUMBER:
            number = texts.mistyped(chance, number, real=day.numbers)
        case _:
            pass
    return texts.one_invoice(
        chance,
        language,
        number=number,
        customer=customer.external_id,
        name=customer.name,
        issued_on=invoices[0].issued_on,
    )


def _as_banks_print(customer: Customer, chance: Random) -> str:
    """The payer's name as it is, in plain capitals, or with the family name first."""
    way = chance.randrange(100)
    if way < 20:
        return anyascii(customer.name.translate(_UMLAUTS)).upper()
    if way < 35 and not customer.is_company:
        given, family = customer.name.split(" ", 1)
        return f"{family}, {given}"
    return customer.name


def _lookalikes(untouched: Sequence[Invoice], day: Day) -> Iterator[Entry]:
    """Strangers' transfers as large as open invoices that nobody pays today, as far as there are three."""
    picked = day.chance.sample(untouched, min(3, len(untouched)))
    for position, invoice in enumerate(picked):
        truth = Truth.PHONE_NUMBER if position == 0 else Truth.SAME_AMOUNT
        calls = truth is Truth.PHONE_NUMBER
        yield _transfer(
            invoice.total,
            name=_STRANGERS[position],
            iban=_strangers_iban(position),
            text=texts.phone_number(day.chance, number=invoice.number)
            if calls
            else texts.same_amount(day.chance),
            origin=Origin(truth=truth, invoices=(invoice.number,)),
            day=day,
        )


def strangers_transfers(day: Day) -> Iterator[Entry]:
    """Transfers of people who are no customers and name nothing."""
    for position, name in enumerate(_STRANGERS):
        yield _transfer(
            Money(day.chance.randint(5, 400) * 100 + 13, "EUR"),
            name=name,
            iban=_strangers_iban(position),
            text=texts.stranger(day.chance),
            origin=Origin(truth=Truth.UNKNOWN_PAYER),
            day=day,
        )


def _transfer(amount: Money, *, name: str, iban: str, text: str, origin: Origin, day: Day) -> Entry:
    """A credit transfer; one in ten is instant, and four in ten payers give a reference of their own."""
    own_reference = f"ZV{day.chance.randrange(10**9):09d}" if day.chance.randrange(100) < 40 else None
    return Entry(
        amount=amount,
        booked_on=day.on,
        valued_on=day.on,
        code=codes.INSTANT_IN if day.chance.randrange(100) < 10 else codes.TRANSFER_IN,
        counterparty=Party(name=name, iban=iban),
        remittance=text,
        end_to_end_id=own_reference or "NOTPROVIDED",
        origin=origin,
    )


def own_business(creditor: Creditor, day: Day) -> Iterator[Entry]:
    """Bookings without a customer: what the bank, the state and the company itself move."""
    month = day.on.strftime("%m/%Y")
    yield _booking(-490, codes.FEE, f"Kontoführung {month}", day)
    yield _booking(-1275, codes.FEE, f"Entgelt für beleglose Buchungen {month}", day)
    yield _booking(842, codes.INTEREST_IN, f"Habenzinsen {month}", day)
    yield _booking(-1_284_350, codes.SALARIES_OUT, f"Löhne und Gehälter {month}", day)
    yield _booking(
        -318_417, codes.DEBIT_OUT, f"Umsatzsteuer {month} St.-Nr. 000/000/00000", day, "Finanzamt Siebenbrunn"
    )
    yield _booking(-240_000, codes.TRANSFER_OUT, f"Miete {month} Lagerhalle", day, "Hallenwerk Grund GbR")
    transfer = _booking(500_000, codes.OWN_TRANSFER_IN, "Umbuchung vom Tagesgeld", day)
    yield replace(transfer, counterparty=Party(name=creditor.name, iban=SAVINGS_IBAN))
    yield _booking(
        97_364,
        codes.TRANSFER_IN,
        f"Auszahlung Kartenumsätze {day.on:%d.%m.%Y}",
        day,
        "Kartenwerk Zahldienst AG",
    )


def _booking(minor: int, code: TransactionCode, text: str, day: Day, name: str | None = None) -> Entry:
    other = Party() if name is None else Party(name=name, iban=_strangers_iban(len(_STRANGERS) + len(name)))
    return Entry(
        amount=Money(minor, "EUR"),
        booked_on=day.on,
        valued_on=day.on,
        code=code,
        counterparty=other,
        remittance=text,
        origin=Origin(truth=Truth.NOT_A_CUSTOMER),
    )


def _strangers_iban(number: int) -> str:
    return schwifty.IBAN.generate("DE", _STRANGERS_BANK, str(4_711_000 + number)).compact
