"""Invented bookings of one account, from which every bank file of the benchmarks is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from benchmarks import data

OPENING_MINOR = 1_000_000_00
DAYS = 28  # bookings of a statement lie in the four weeks before TODAY
FIRST_DAY = data.TODAY - timedelta(days=DAYS)


class Kind(StrEnum):
    """What a booking is."""

    RECEIVED = "received"
    PAID = "paid"
    RETURNED = "returned"
    FEE = "fee"


@dataclass(frozen=True, slots=True)
class Booking:
    """One booking, its amount in signed cents; `number` makes its references and, unless there is a `payer`, its
    counterparty."""

    number: int
    day: date
    minor: int
    kind: Kind
    text: str
    payer: int | None = None

    @property
    def bank_reference(self) -> str:
        return f"BANK{self.number:012d}"

    @property
    def end_to_end_id(self) -> str | None:
        """Payers of bills give none."""
        prefix = {Kind.PAID: "OUT", Kind.RETURNED: "OLD"}.get(self.kind)
        return f"{prefix}-{self.number:08d}" if prefix else None

    @property
    def mandate_id(self) -> str | None:
        return f"M-{self.number:08d}" if self.kind is Kind.RETURNED else None

    @property
    def name(self) -> str | None:
        return None if self.kind is Kind.FEE else data.name(self.payer or self.number)

    @property
    def iban(self) -> str | None:
        return None if self.kind is Kind.FEE else data.iban(self.payer or self.number)

    @property
    def decimal(self) -> str:
        """The amount with a point and two decimals."""
        return decimal(self.minor)


def mixed(count: int, *, start: int = 1, first: date = FIRST_DAY, days: int = DAYS) -> Iterator[Booking]:
    """Of ten bookings seven come in; the others are a payment, a returned debit and a fee. No two are alike.

    Numbers go on from `start`; the bookings are spread over `days` from `first` on, in the order of their days.
    """
    chance = Random(f"mixed {start}")
    for place in range(count):
        number, minor = start + place, chance.randrange(100, 500_000)
        day = first + timedelta(days=place * days // count)
        yield _mixed(number, day, minor, _text(number, chance))


def naming(count: int, *, of: int, customers: int | None = None) -> Iterator[Booking]:
    """Transfers that pay `count` of the invoices 1 to `of`, a different one each, in mixed order.

    With `customers`, as many as books.invoice_facts has billed in turn, each is paid from its customer's account.
    """
    chance = Random("naming")
    for place, number in enumerate(chance.sample(range(1, of + 1), count)):
        day = FIRST_DAY + timedelta(days=place * DAYS // count)
        payer = number % customers + 1 if customers else None
        yield Booking(number, day, data.total_minor(number), Kind.RECEIVED, _text(number, chance), payer)


def decimal(minor: int) -> str:
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def _mixed(number: int, day: date, minor: int, text: str) -> Booking:
    match number % 10:
        case 7:
            return Booking(number, day, -minor, Kind.PAID, f"Lieferung {number}, vielen Dank")
        case 8:
            return Booking(number, day, -minor, Kind.RETURNED, data.invoice_number(number))
        case 9:
            return Booking(number, day, -(minor % 2_000 + 1), Kind.FEE, f"Kontoführung {number}")
        case _:
            return Booking(number, day, minor, Kind.RECEIVED, text)


def _text(number: int, chance: Random) -> str:
    """What a payer writes beside the number of an invoice."""
    wordings = (
        "Rechnung {0} vom {1}, Kd.-Nr. {2}", "{0}", "Facture n° {0} / client {2}", "RG {0} DANKE {2}",
        "Invoice {0} dated {1}, customer {2}", "Kd {2} Re.Nr. {0} Muster {1}",
    )  # fmt: skip
    return chance.choice(wordings).format(data.invoice_number(number), "03.11.26", 10_000_000 + number)
