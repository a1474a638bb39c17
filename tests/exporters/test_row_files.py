"""Rows as files: every value in its cell, and nothing that a spreadsheet would calculate."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from exporters.row_files import RowFormat, written

COLUMNS = ("number", "amount_minor", "evidence", "proposals")
ROW = {
    "number": "RE-1", "amount_minor": -1250, "evidence": ["One reason.", "Another."], "proposals": [{"rank": 1}],
}  # fmt: skip


def _csv(*rows: dict[str, Any]) -> list[list[str]]:
    content = b"".join(written(COLUMNS, rows, RowFormat.CSV)).decode()
    return list(csv.reader(io.StringIO(content, newline="")))


def test_a_csv_has_a_header_and_a_line_for_each_row() -> None:
    assert _csv(ROW) == [list(COLUMNS), ["RE-1", "-1250", "One reason. Another.", '[{"rank": 1}]']]
    assert _csv() == [list(COLUMNS)]


def test_what_is_not_there_is_an_empty_cell() -> None:
    assert _csv(dict.fromkeys(COLUMNS)) == [list(COLUMNS), ["", "", "", ""]]


@pytest.mark.parametrize("hostile", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_a_spreadsheet_would_calculate_stays_a_text(hostile: str) -> None:
    assert _csv(ROW | {"number": hostile})[1][0] == f"'{hostile}"
    assert _csv(ROW | {"evidence": [hostile]})[1][2] == f"'{hostile}"


def test_json_lines_keep_every_value_as_it_is() -> None:
    hostile = ROW | {"number": '=1+1 "ä"\n', "more": 1}
    content = b"".join(written(COLUMNS, [hostile, ROW], RowFormat.JSONL)).decode()
    assert [json.loads(line) for line in content.splitlines()] == [ROW | {"number": '=1+1 "ä"\n'}, ROW]


def test_rows_are_written_as_they_come() -> None:
    def rows() -> Any:
        yield ROW
        raise RuntimeError("the second row was asked for before the first was taken")

    for form in RowFormat:
        assert next(written(COLUMNS, rows(), form))
