"""Importing a statement file end to end: stored, proved, deduplicated, posted, committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from sqlalchemy.orm import Session

from benchmarks import bank_files, bookings, books, camt_files, data, postgres, rows
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from benchmarks.reading import Writer
from ledger.database import in_transaction
from reconciliation.importing import ImportReport, import_file
from reconciliation.models import Fate

OURS = "reconciliation.importing.import_file"
_SMALL, _SMALL_DAYS = 100, 7


def take_in(session: Session, setting: Setting, name: str) -> ImportReport:
    """Import one file of the setting's folder."""
    content = (setting.folder / name).read_bytes()
    return import_file(session, content, name=name, act=data.ACT)


def open_books(setting: Setting) -> None:
    with books.sessions(setting) as sessions:
        in_transaction(sessions, books.open_creditor)


def write_earlier(setting: Setting, name: str) -> None:
    """A small statement of the week before, which closes with the balance that the next one opens with."""
    first = bookings.FIRST_DAY - timedelta(days=_SMALL_DAYS)
    earlier = list(bookings.mixed(_SMALL, start=50_000_001, first=first, days=_SMALL_DAYS))
    opening = bookings.OPENING_MINOR - sum(one.minor for one in earlier)
    camt_files.write(setting.folder / name, earlier, opening=opening, number=0)


def required(report: ImportReport, lines: int, *, fate: Fate = Fate.NEW, problems: bool = False) -> None:
    """Raises WrongOutcome unless all `lines` met one fate, without a problem of the file or with an expected one."""
    wanted = {
        Fate.NEW: (lines, 0, 0, 0),
        Fate.KNOWN: (0, lines, 0, 0),
        Fate.PROMOTED: (0, lines, lines, 0),
    }[fate]
    counts = (report.imported, report.known, report.promoted, report.refused)
    require(
        report.refusal is None and counts == wanted and bool(report.problems) == problems,
        f"{lines} {fate} lines; it was {counts}, {report.refusal!r}, {report.problems[:3]}",
    )


@contextmanager
def imported(
    setting: Setting,
    size: int,
    *,
    file: str,
    lines: int | None = None,
    fate: Fate = Fate.NEW,
    problems: bool = False,
    before: Sequence[str] = (),
) -> Iterator[Work]:
    """Import `file`, with `before` in the books and the connection's plans made for those few lines.

    Its `lines`, as many as the size unless told otherwise, are all to meet one fate.
    """
    reports: list[ImportReport] = []
    for name in before:
        with books.sessions(setting) as sessions:
            in_transaction(sessions, partial(take_in, setting=setting, name=name))
        postgres.settle(setting.database_url)
    with books.sessions(setting) as sessions:
        with sessions() as session:
            take_in(session, setting, f"warm-up-{file}")
            session.rollback()
        yield Work(
            lambda: reports.append(in_transaction(sessions, partial(take_in, setting=setting, name=file)))
        )
    required(reports[-1], size if lines is None else lines, fate=fate, problems=problems)


def _comparison(
    file: str, title: str, write: Writer, *, name: str, problems: bool = False, more: tuple[Case, ...] = ()
) -> Comparison:
    def prepare(setting: Setting, size: int) -> None:
        write(setting.folder / file, bookings.mixed(size))
        write(setting.folder / f"warm-up-{file}", bookings.mixed(bookings.DAYS, start=60_000_001))
        write_earlier(setting, "earlier.xml")
        open_books(setting)

    return Comparison(
        name=name,
        title=f"Importing {title} end to end: stored, proved, deduplicated, posted, committed",
        unit="lines",
        small=(1_000, 10_000),
        full=(1_000, 10_000, 100_000),
        prepare=prepare,
        needs_database=True,
        recorded=OURS,
        cases=(
            rows.case(),
            Case(name=OURS, ready=partial(imported, file=file, problems=problems), floor=rows.NAME),
            *more,
        ),
    )


CAMT053 = _comparison(
    "statement.xml",
    "a camt.053",
    camt_files.write,
    name="import",
    more=(
        Case(
            name="import_file, right after a small one",
            ready=partial(imported, file="statement.xml", before=("earlier.xml",)),
            floor=rows.NAME,
            largest=10_000,
        ),
    ),
)
MT940 = _comparison(
    "statement.mt940", "an MT940, a statement a day,", bank_files.write_mt940, name="import-mt940"
)
OFX = _comparison("statement.ofx", "an OFX", bank_files.write_ofx, name="import-ofx", problems=True)
CSV = _comparison("statement.csv", "a CSV", bank_files.write_csv, name="import-csv")
