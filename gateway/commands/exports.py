"""duecourse export allocations | lines: what was matched to what, and what became of every line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from exporters import allocation_rows, line_rows, row_files
from exporters.row_files import RowFormat
from gateway.commands.output import house

app = typer.Typer(no_args_is_help=True, help="The books as files for other programs.")
Format = Annotated[RowFormat, typer.Option("--format", help="csv, or one JSON object a line.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of standard output.")]
Rows = Callable[[Session], Iterator[Mapping[str, Any]]]


@app.command("allocations")
def export_allocations(form: Format = RowFormat.JSONL, out: Out = None) -> None:
    """Write one row for each allocation that stands, and for what is on account.

    Example: duecourse export allocations --format csv --out allocations.csv
    """
    _write(allocation_rows.COLUMNS, allocation_rows.rows, form, out)


@app.command("lines")
def export_lines(form: Format = RowFormat.JSONL, out: Out = None) -> None:
    """Write one row for each statement line: what it became or, where it waits, its proposals.

    Example: duecourse export lines --format csv --out lines.csv
    """
    _write(line_rows.COLUMNS, line_rows.rows, form, out)


def _write(columns: Sequence[str], rows: Rows, form: RowFormat, path: Path | None) -> None:
    with house() as runtime, runtime.sessions() as session:
        pieces = row_files.written(columns, rows(session), form)
        if path is None:
            sys.stdout.buffer.writelines(pieces)
            sys.stdout.buffer.flush()
            return
        with path.open("wb") as file:
            file.writelines(pieces)
