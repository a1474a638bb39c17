"""How commands speak: tables for people on standard output, JSON for machines, one clear line for errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from gateway import logs, settings
from gateway.runtime import Runtime, open_runtime
from ledger.money import Money

# Texts of banks and customers may hold brackets and colons: nothing in them is markup.
out = Console(highlight=False, markup=False, emoji=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of a table.")]


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[int] = ()
) -> None:
    """A table for people; the columns counted in `numbers` are set to the right."""
    shown = Table(header_style="dim")
    for position, column in enumerate(columns):
        shown.add_column(column, justify="right" if position in numbers else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(str(cell) for cell in row))
    out.print(
        Text(title, style="bold")
    )  # not the table's own title, which is broken where the table is narrow
    out.print(shown)


def notes(said: Iterable[tuple[str, Sequence[str]]]) -> None:
    """What is to be said at length of each thing: its name, and its sentences below it."""
    for name, sentences in said:
        out.print(Text(name, style="bold"))
        for sentence in sentences:
            out.print(Padding(Text(sentence), (0, 0, 0, 2), expand=False))
        out.print()


def amount(minor: int, currency: str = "EUR") -> str:
    """An amount for people: thousands apart by blanks, a decimal point, the currency behind."""
    text = Money(minor, currency).decimal()
    whole, point, cents = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}".replace(",", " ") + f"{point}{cents} {currency}"


@contextmanager
def house(*, current: bool = True) -> Iterator[Runtime]:
    """The open database of a command; with `current` its schema must be up to date."""
    chosen = settings.load()
    logs.set_up("warning")
    with open_runtime(chosen) as runtime:
        if current:
            runtime.require_current_schema()
        yield runtime


@contextmanager
def progress(total_bytes: int, what: str) -> Iterator[Callable[[int], None]]:
    """A bar of bytes done of bytes, on a terminal only; what is given moves it by a number of bytes."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task(what, total=total_bytes)
        yield lambda done: bar.advance(task, done)
