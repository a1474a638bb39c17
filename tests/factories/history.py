"""A year's worth of an account in small: bookings in their true order, told in pieces by any format.

A piece is a run of bookings with the balance before its first and after its last one, as a bank writes it at some
moment. Formats differ in what they tell of a booking; what they do tell is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from tests.factories import camt, delimited, mt940, ofx

FIRST = date(2026, 3, 2)
PAYERS = (
    ("Anna Beispiel", "DE02120300000000202051"),
    ("Muster Bau GmbH", "DE02500105170137075030"),
    ("Jean Exemple", "FR1420041010050500013M02606"),
)


@dataclass(frozen=True, slots=True)
class Booked:
    """One true booking. `reference` is the bank's own, where the bank gives any."""

    day: date
    minor: int
    name: str
    iban: str
    text: str
    reference: str | None = None


@dataclass(frozen=True)
class History:
    """The bookings of one account in the order in which the bank made them."""

    iban: str
    opening: int
    bookings: tuple[Booked, ...]

    @property
    def closing(self) -> int:
        return self.opening + sum(one.minor for one in self.bookings)

    def balance(self, at: int) -> int:
        """The balance after the first `at` bookings."""
        return [self.opening, *accumulate((one.minor for one in self.bookings), initial=self.opening)][at + 1]

    def day_begins(self, at: int) -> int:
        """The place of the first booking on the day of the one at `at`."""
        day = self.bookings[min(at, len(self.bookings) - 1)].day
        return next(place for place, one in enumerate(self.bookings) if one.day == day)


def history(iban: str, chance: Random) -> History:
    """A few days with few payers, few amounts and many real twins."""
    is_numbered = chance.random() < 0.5
    bookings: list[Booked] = []
    day = FIRST
    for _ in range(chance.randint(2, 7)):
        day += timedelta(days=chance.choice((1, 1, 2, 3)))
        for _ in range(chance.choice((0, 1, 2, 3, 5))):
            bookings += _one_or_twins(day, chance)
    bookings = bookings or _one_or_twins(day, chance)
    if is_numbered:
        numbers = chance.sample(range(100_000, 999_999), len(bookings))
        bookings = [
            Booked(one.day, one.minor, one.name, one.iban, one.text, f"BANK{number}")
            for one, number in zip(bookings, numbers, strict=True)
        ]
    return History(iban, chance.choice((0, 5_000, -300)), tuple(bookings))


def _one_or_twins(day: date, chance: Random) -> list[Booked]:
    name, iban = chance.choice(PAYERS)
    minor = chance.choice((990, 1_200, -450, 4_711, chance.randint(1, 99_999)))
    text = chance.choice(("Beitrag Maerz", f"Rechnung {chance.randint(1000, 9999)}", "Danke"))
    return [Booked(day, minor, name, iban, text)] * chance.choice((1, 1, 1, 2, 3))


# --- pieces ---


def camt053(of: History, first: int, last: int, *, version: str = "08", number: int = 0) -> bytes:
    """The bookings from place `first` to before `last` as a statement."""
    return camt.camt053(
        [_entry(one) for one in of.bookings[first:last]],
        version=version, account=of.iban, opening=of.balance(first), closing=of.balance(last),
        statement_id=f"STM-{first}-{last}-{number}", sequence=None, from_on=None, to_on=None,
        balances=(
            ("OPBD", of.balance(first), of.bookings[first].day, "EUR"),
            ("CLBD", of.balance(last), of.bookings[last - 1].day, "EUR"),
        ),
    )  # fmt: skip


def camt052(of: History, first: int, last: int) -> bytes:
    """The bookings as a report of the running day."""
    stated = camt.Stated(
        entries=tuple(_entry(one) for one in of.bookings[first:last]), account=of.iban, balances=(),
        statement_id=f"RPT-{first}-{last}", sequence=None, from_on=None, to_on=None,
    )  # fmt: skip
    return camt.camt_file("camt.052", [stated])


def swift(of: History, first: int, last: int) -> bytes:
    """The bookings as an MT940 with German texts."""
    entries = tuple(
        mt940.Entry(
            amount=one.minor, valued_on=one.day, booked_on=one.day, bank_reference=one.reference,
            text=mt940.german("166", purpose=f"SVWZ+{one.text}", name=one.name, iban=one.iban),
        )
        for one in of.bookings[first:last]
    )  # fmt: skip
    message = mt940.Message(
        entries=entries, account=of.iban, opening=of.balance(first), closing=of.balance(last),
        opened_on=of.bookings[first].day, closed_on=of.bookings[last - 1].day, reference=f"R{first}X{last}",
    )  # fmt: skip
    return mt940.mt940_file([message])


def ofx_file(of: History, first: int, last: int) -> bytes:
    """The bookings as an OFX file, which tells neither the payer's account nor an opening balance."""
    entries = [
        ofx.transaction(
            _decimal(one.minor),
            posted=f"{one.day:%Y%m%d}",
            number=one.reference or "",
            name=one.name,
            memo=one.text,
        )
        for one in of.bookings[first:last]
    ]
    stated = ofx.Stated(
        entries=entries, account=of.iban, bank=None, balance=None,
        start=f"{of.bookings[first].day:%Y%m%d}", end=f"{of.bookings[last - 1].day:%Y%m%d}",
    )  # fmt: skip
    return ofx.sgml(stated)


def _decimal(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def _entry(one: Booked) -> camt.Entry:
    make = camt.credit if one.minor > 0 else camt.debit
    return make(
        abs(one.minor), name=one.name, iban=one.iban, remittance=one.text, booked_on=one.day,
        entry=camt.Entry(
            amount=0, valued_on=one.day, bank_reference=one.reference,
            code="PMNT/RCDT/ESCT" if one.minor > 0 else "PMNT/ICDT/ESCT",
        ),
    )  # fmt: skip


def table(of: History, first: int, last: int) -> bytes:
    """The bookings as the table of a bank that lists the newest first, each with the balance behind it."""
    rows = [
        delimited.Row(
            amount=one.minor, on=one.day, account=of.iban, purpose=one.text, name=one.name, iban=one.iban,
            balance=of.balance(place),
        )
        for place, one in enumerate(of.bookings[first:last], start=first + 1)
    ]  # fmt: skip
    return delimited.volksbank(rows[::-1])


PROVING = (camt053, swift, table)


def pieces(of: History, chance: Random) -> list[tuple[int, int]]:
    """Runs that cover every booking. Each begins where another ends, or with a day that others may hold too."""
    count = len(of.bookings)
    cuts = sorted(chance.sample(range(1, count), min(count - 1, chance.choice((0, 1, 2, 4)))))
    runs: list[tuple[int, int]] = []
    for first, last in zip([0, *cuts], [*cuts, count], strict=True):
        reaches_back = chance.random() < 0.5
        runs.append((of.day_begins(max(0, first - chance.randint(0, 3))) if reaches_back else first, last))
    return runs


def whole_days(of: History, chance: Random) -> list[tuple[int, int]]:
    """Runs of whole days that may overlap and may leave days out."""
    days = sorted({one.day for one in of.bookings})
    runs = []
    for _ in range(chance.randint(1, 3)):
        begin, end = sorted((chance.choice(days), chance.choice(days)))
        places = [place for place, one in enumerate(of.bookings) if begin <= one.day <= end]
        runs.append((places[0], places[-1] + 1))
    return runs


def told(of: History, chance: Random) -> Sequence[bytes]:
    """The files by which one or two banks' formats tell the history, in no order, some of them twice."""
    files: list[bytes] = []
    for write in chance.sample(PROVING, chance.choice((1, 1, 2))):
        files += [write(of, *run) for run in pieces(of, chance)]
    if chance.random() < 0.4:
        files += [ofx_file(of, *run) for run in whole_days(of, chance)]
    if chance.random() < 0.5:
        files += [camt052(of, of.day_begins(last - 1), last) for _, last in whole_days(of, chance)]
        place = chance.randint(1, len(of.bookings))
        files.append(camt052(of, of.day_begins(place - 1), place))
    files += chance.sample(files, chance.randint(0, min(2, len(files))))
    chance.shuffle(files)
    return files
