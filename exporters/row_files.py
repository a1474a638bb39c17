"""Rows written as CSV or JSON Lines, one after another, whatever number of them there are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any


class RowFormat(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES = {RowFormat.CSV: "text/csv; charset=utf-8", RowFormat.JSONL: "application/jsonl"}

# What a spreadsheet would take for a formula; texts come from banks and customers.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def written(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], form: RowFormat) -> Iterator[bytes]:
    """Pieces of the file, in UTF-8: a CSV with a header line, or one JSON object a line.

    In a CSV an empty cell is what is not there, a list of texts is one text, anything else that is no text or number
    is JSON; a text that a spreadsheet would calculate has an apostrophe before it.
    """
    return _csv(columns, rows) if form == RowFormat.CSV else _json_lines(columns, rows)


def _json_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        told = {column: row[column] for column in columns}
        yield (json.dumps(told, ensure_ascii=False, default=str) + "\n").encode()


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
        yield held.getvalue().encode()
        held.seek(0)
        held.truncate()
    yield held.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = " ".join(value)
    elif isinstance(value, (list, dict)):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
