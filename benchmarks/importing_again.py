"""Importing into an account that has lines already: known and announced ones, a year of days, a long history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from benchmarks import bookings, books, camt_files, data, rows
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from benchmarks.importing import OURS, imported, open_books, required, take_in
from ledger.database import in_transaction
from reconciliation.importing import ImportReport
from reconciliation.models import Fate

_FIRST, _AGAIN, _REPORT = "first.xml", "again.xml", "report.xml"
_YEAR = 365
_NEXT = 1_000  # lines of the statement that meets a long history


def _taken_in(setting: Setting, name: str) -> None:
    open_books(setting)
    with books.sessions(setting) as sessions:
        in_transaction(sessions, partial(take_in, setting=setting, name=name))


# --- everything is known ---


def _prepare_known(setting: Setting, size: int) -> None:
    """The statement of the books, and one of the same bookings that is not the same file."""
    camt_files.write(setting.folder / _FIRST, bookings.mixed(size))
    camt_files.write(setting.folder / _AGAIN, bookings.mixed(size), number=2)
    for name in (_FIRST, _AGAIN):
        warm_up = bookings.mixed(bookings.DAYS, start=60_000_001)
        camt_files.write(setting.folder / f"warm-up-{name}", warm_up, number=3)
    _taken_in(setting, _FIRST)


# --- announced lines are booked ---


def _prepare_announced(setting: Setting, size: int) -> None:
    camt_files.write(setting.folder / _REPORT, bookings.mixed(size), report=True)
    camt_files.write(setting.folder / _FIRST, bookings.mixed(size))
    warm_up = bookings.mixed(bookings.DAYS, start=60_000_001)
    camt_files.write(setting.folder / f"warm-up-{_FIRST}", warm_up)
    _taken_in(setting, _REPORT)


# --- a year of daily statements ---


def _prepare_daily(setting: Setting, size: int) -> None:
    open_books(setting)
    balance, start = bookings.OPENING_MINOR, 1
    days = _days(size)
    for place in range(days):
        count = size * (place + 1) // days - size * place // days
        day = data.TODAY - timedelta(days=days - place)
        lines = bookings.mixed(count, start=start, first=day, days=1)
        balance = camt_files.write(setting.folder / _day(place), lines, opening=balance, number=place + 1)
        start += count


def _days(size: int) -> int:
    """A year, or fewer where there are not as many lines."""
    return min(size, _YEAR)


def _day(place: int) -> str:
    return f"day-{place:03d}.xml"


@contextmanager
def _daily(setting: Setting, size: int) -> Iterator[Work]:
    """Each day's file is taken in by a transaction of its own."""
    reports: list[ImportReport] = []
    with books.sessions(setting) as sessions:

        def run() -> None:
            for place in range(_days(size)):
                name = _day(place)
                reports.append(in_transaction(sessions, partial(take_in, setting=setting, name=name)))

        with sessions() as session:
            take_in(session, setting, _day(0))
            session.rollback()
        yield Work(run)
    for report in reports:
        required(report, report.imported)
    require(sum(report.imported for report in reports) == size, f"{size} new lines")


# --- a long history ---


def _prepare_history(setting: Setting, size: int) -> None:
    balance = camt_files.write(setting.folder / _FIRST, bookings.mixed(size))
    day = data.TODAY + timedelta(days=1)
    for name, start in ((_AGAIN, 70_000_001), (f"warm-up-{_AGAIN}", 60_000_001)):
        lines = bookings.mixed(_NEXT, start=start, first=day, days=1)
        camt_files.write(setting.folder / name, lines, opening=balance, number=2)
    _taken_in(setting, _FIRST)


_ANEW = "import_file, the same bookings in another file"

KNOWN = Comparison(
    name="import-known",
    title="Importing a camt.053 of which every line is in the books",
    unit="lines",
    small=(1_000, 10_000),
    full=(1_000, 10_000, 100_000),
    needs_database=True,
    prepare=_prepare_known,
    recorded=_ANEW,
    cases=(
        rows.case(),
        Case(name=_ANEW, ready=partial(imported, file=_AGAIN, fate=Fate.KNOWN), floor=rows.NAME),
        Case(name="import_file, the same bytes", ready=partial(imported, file=_FIRST, lines=0)),
    ),
)
ANNOUNCED = Comparison(
    name="import-announced",
    title="Importing a camt.053 of which a camt.052 has announced every line: each is promoted and posted",
    unit="lines",
    small=(1_000, 10_000),
    full=(1_000, 10_000, 100_000),
    needs_database=True,
    prepare=_prepare_announced,
    recorded=OURS,
    cases=(
        rows.case(),
        Case(name=OURS, ready=partial(imported, file=_FIRST, fate=Fate.PROMOTED), floor=rows.NAME),
    ),
)
DAILY = Comparison(
    name="import-daily",
    title="Importing 365 daily camt.053 files into one account, each by itself",
    unit="lines",
    small=(3_650,),
    full=(3_650, 36_500),
    prepare=_prepare_daily,
    needs_database=True,
    cases=(Case(name=OURS, ready=_daily),),
)
HISTORY = Comparison(
    name="import-history",
    title=f"Importing the next {_NEXT:,} lines into an account that has lines already (the size)",
    unit="lines",
    small=(1_000, 10_000),
    full=(1_000, 10_000, 100_000),
    needs_database=True,
    prepare=_prepare_history,
    done=_NEXT,
    cases=(Case(name=OURS, ready=partial(imported, file=_AGAIN, lines=_NEXT)),),
)
