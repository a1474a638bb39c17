"""Reading a camt.053 of mixed bookings, beside a loop that only parses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lxml import etree

from benchmarks import data
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from reconciliation.formats import camt
from reconciliation.statement import Line, Statement

_FILE, _WARM_UP_FILE = "statement.xml", "warm-up.xml"
_FLOOR = "floor: empty lxml.iterparse"


def _prepare(setting: Setting, size: int) -> None:
    data.write_camt053(setting.folder / _FILE, data.mixed_entries(size))
    data.write_camt053(setting.folder / _WARM_UP_FILE, data.mixed_entries(10))


@contextmanager
def _parsed(setting: Setting, size: int) -> Iterator[Work]:
    """Every entry is parsed and dropped; nothing of it is looked at."""
    found = 0

    def run(name: str = _FILE) -> None:
        nonlocal found
        for _, element in etree.iterparse(setting.folder / name, events=("end",), tag="{*}Ntry"):
            found += 1
            element.clear()
            parent = element.getparent()
            while parent is not None and parent[0] is not element:
                del parent[0]

    run(_WARM_UP_FILE)
    found = 0
    yield Work(run)
    require(found == size, f"{size} entries")


@contextmanager
def _read(setting: Setting, size: int) -> Iterator[Work]:
    lines, proved = 0, 0

    def run(name: str = _FILE) -> None:
        nonlocal lines, proved
        with (setting.folder / name).open("rb") as stream:
            for item in camt.read(stream):
                lines += isinstance(item, Line)
                proved += isinstance(item, Statement) and item.balanced is True

    run(_WARM_UP_FILE)
    lines = proved = 0
    yield Work(run)
    require((lines, proved) == (size, 1), f"{size} lines that the balances prove")


COMPARISON = Comparison(
    name="camt053",
    title="Reading camt.053.001.08: every field into a Line, balances proved",
    unit="entries",
    small=(1_000, 10_000),
    full=(1_000, 10_000, 100_000),
    prepare=_prepare,
    cases=(
        Case(name=_FLOOR, ready=_parsed),
        Case(name="reconciliation.formats.camt.read", ready=_read, floor=_FLOOR),
    ),
)
