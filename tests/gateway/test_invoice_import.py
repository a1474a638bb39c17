"""duecourse invoice import: good rows are taken, bad ones reported with line and reason, and twice is once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway import invoice_import
from gateway.runtime import Runtime
from ledger.errors import DuecourseError
from tests.factories.books import Books
from tests.gateway.conftest import CommandLine

HEADER = "external_id;number;customer_external_id;customer_name;currency;total_minor;issued_on;due_on"


@pytest.fixture
def books(runtime: Runtime) -> Books:
    def found(session: Session) -> Books:
        return Books(session, runtime.act("test"))

    return runtime.run(found)


def row(which: int, /, **changes: object) -> dict[str, Any]:
    plain = {
        "external_id": f"E{which}", "number": f"RE-{which}", "customer_external_id": "K-1",
        "customer_name": "Erika Beispiel", "currency": "EUR", "total_minor": 12_000, "issued_on": "2026-11-04",
        "due_on": "2026-12-01",
    }  # fmt: skip
    return {**plain, **changes}


def json_lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(one) + "\n" for one in rows)


def table(*rows: dict[str, Any], delimiter: str = ";", header: str = HEADER) -> str:
    names = header.split(";")
    lines = [names, *([str(one.get(name, "")) for name in names] for one in rows)]
    return "".join(delimiter.join(line) + "\n" for line in lines)


def read(content: bytes) -> list[tuple[int, dict[str, Any] | str]]:
    """Line numbers and rows, or the sentence of their refusal."""
    return [
        (number, raw.message if isinstance(raw, DuecourseError) else raw)
        for number, raw in invoice_import.rows_of(content)
    ]


def all_of(runtime: Runtime, sql: str) -> list[tuple[Any, ...]]:
    with runtime.sessions() as session:
        return [tuple(one) for one in session.execute(text(sql))]


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(
    "content",
    [
        table(row(1), row(2)),
        table(row(1), row(2), delimiter=","),
        "\ufeff" + table(row(1), row(2)),
        table(row(1), row(2)).replace("\n", "\r\n"),
        json_lines(row(1), row(2)),
        "\ufeff" + json_lines(row(1), row(2)),
        "\n" + json_lines(row(1)) + "\n\r\n" + json_lines(row(2)),
    ],
    ids=["semicolons", "commas", "byte order mark", "Windows", "JSON Lines", "JSON with mark", "blank lines"],
)
def test_every_way_to_write_two_invoices_gives_two_invoices(
    cli: CommandLine, tmp_path: Path, runtime: Runtime, content: str
) -> None:
    path = tmp_path / "invoices"
    path.write_bytes(content.encode())
    done = cli("invoice", "import", path, "--json").json
    assert (done["created"], done["unchanged"], done["refused"], done["unknown_columns"]) == (2, 0, 0, [])
    assert all_of(runtime, "SELECT number, total_minor, currency, due_on::text FROM invoices ORDER BY number") == [
        ("RE-1", 12_000, "EUR", "2026-12-01"), ("RE-2", 12_000, "EUR", "2026-12-01"),
    ]  # fmt: skip
    assert all_of(runtime, "SELECT external_id, name FROM customers") == [("K-1", "Erika Beispiel")]


@pytest.mark.usefixtures("books")
def test_twice_is_once(cli: CommandLine, tmp_path: Path, runtime: Runtime) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text(table(row(1), row(2), row(3, total_minor=-2_500)))
    first = cli("invoice", "import", path, "--json").json
    before = all_of(runtime, "SELECT event_position, seq FROM chain_head")
    again = cli("invoice", "import", path, "--json").json
    assert (first["created"], again["created"], again["unchanged"]) == (3, 0, 3)
    assert [one["invoice_id"] for one in first["rows"]] == [one["invoice_id"] for one in again["rows"]]
    assert all_of(runtime, "SELECT event_position, seq FROM chain_head") == before


@pytest.mark.usefixtures("books")
def test_a_total_below_zero_is_a_credit_note(cli: CommandLine, tmp_path: Path, runtime: Runtime) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text(table(row(1), row(2, total_minor=-2_500)))
    done = cli("invoice", "import", path, "--json").json
    assert done["created"] == 2
    assert done["rows"][1]["invoice_id"].startswith("cdn_")
    assert all_of(runtime, "SELECT number, total_minor, open_minor FROM credit_notes") == [
        ("RE-2", 2_500, 2_500)
    ]
    assert all_of(runtime, "SELECT number, total_minor FROM invoices") == [("RE-1", 12_000)]


WRONG_ROWS: list[tuple[dict[str, object], str]] = [
    ({"currency": "EURO"}, "currency"), ({"total_minor": 0}, "total_minor"),
    ({"total_minor": "120.00"}, "total_minor"), ({"total_minor": "12,000"}, "total_minor"),
    ({"total_minor": True}, "total_minor"), ({"total_minor": 120.0}, "total_minor"),
    ({"total_minor": -(10**15)}, "total_minor"), ({"issued_on": "04.11.2026"}, "issued_on"),
    ({"issued_on": "1700006400"}, "issued_on"), ({"due_on": "2026-11-31"}, "due_on"),
    ({"due_on": "2026-11-01"}, "due_on"), ({"number": ""}, "number"), ({"number": None}, "number"),
    ({"external_id": "a\0b"}, "external_id"), ({"customer_external_id": "\0"}, "customer_external_id"),
    ({"customer_external_id": "K-9", "customer_name": ""}, "customer_name"),
    ({"customer_external_id": "K-9", "customer_iban": "DE00"}, "iban"),
    ({"customer_external_id": "K-9", "customer_country": "Germany"}, "customer_country"),
    ({"reference": "RF00X"}, "reference"), ({"discount_percent": "100"}, "discount_percent"),
    ({"discount_days": "ten"}, "discount_days"), ({"creditor": "crd_nobody"}, "creditor_id"),
]  # fmt: skip


@pytest.mark.usefixtures("books")
def test_bad_rows_are_reported_with_line_field_and_reason_and_good_ones_kept(
    cli: CommandLine, tmp_path: Path, runtime: Runtime
) -> None:
    path = tmp_path / "invoices.jsonl"
    wrong = [row(100 + number, **change) for number, (change, _) in enumerate(WRONG_ROWS)]
    path.write_text(json_lines(row(1), *wrong, row(2)) + "{broken\n[1]\n" + "[" * 100_000 + "\n")
    done = cli("invoice", "import", path, "--json", code=1).json
    assert (done["created"], done["refused"]) == (2, len(wrong) + 3)
    refused = [one for one in done["rows"] if one["status"] == "refused"]
    assert [one["row"] for one in refused] == [
        *range(2, 2 + len(wrong)),
        *range(len(wrong) + 3, len(wrong) + 6),
    ]
    assert [one["field"] for one in refused] == [*(field for _, field in WRONG_ROWS), None, None, None]
    assert all(one["detail"].endswith(".") or ":" in one["detail"] for one in refused)
    assert [one["detail"] for one in refused[-3:]] == ["The line is no JSON object."] * 3
    assert all_of(runtime, "SELECT number FROM invoices ORDER BY number") == [("RE-1",), ("RE-2",)]


@pytest.mark.usefixtures("books")
def test_a_refused_row_leaves_no_customer_behind(cli: CommandLine, tmp_path: Path, runtime: Runtime) -> None:
    path = tmp_path / "invoices.jsonl"
    path.write_text(
        json_lines(
            row(1, customer_external_id="K-1", currency="EURO"),
            row(2, customer_external_id="K-2", total_minor=-(10**15)),
            row(3, customer_external_id="K-2", total_minor=-2_500),
        )
    )
    assert cli("invoice", "import", path, "--json", code=1).json["refused"] == 2
    assert all_of(runtime, "SELECT external_id FROM customers") == [("K-2",)]


@pytest.mark.usefixtures("books")
def test_a_known_invoice_with_other_content_is_refused(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text(table(row(1), row(1, total_minor=12_001), row(2, number="RE-1")))
    done = cli("invoice", "import", path, "--json", code=1).json
    assert [(one["status"], one.get("field")) for one in done["rows"]] == [
        ("created", None), ("refused", "external_id"), ("refused", "number"),
    ]  # fmt: skip
    assert [one["code"] for one in done["rows"][1:]] == ["invoice_clash"] * 2


@pytest.mark.usefixtures("books")
def test_columns_nobody_knows_are_named(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text(table({**row(1), "colour": "red", "[/weight]": 3}, header=HEADER + ";colour;[/weight]"))
    assert cli("invoice", "import", path, "--json").json["unknown_columns"] == ["[/weight]", "colour"]
    assert "The column '[/weight]' is not known and was not read." in cli("invoice", "import", path).out


@pytest.mark.usefixtures("books")
def test_people_see_counts_and_reasons(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text(table(row(1), row(2, currency="EURO")))
    done = cli("invoice", "import", path, code=1)
    assert "'EURO' is not an ISO 4217 currency code." in done.out
    assert done.err == ""


def test_without_a_creditor_every_row_says_so(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text(table(row(1)))
    (refused,) = cli("invoice", "import", path, "--json", code=1).json["rows"]
    assert (refused["field"], refused["detail"]) == ("creditor_id", "Name the creditor: there is none yet.")


@pytest.mark.usefixtures("books")
def test_more_rows_than_one_chunk(
    cli: CommandLine, tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.invoice_import.CHUNK", 3)
    path = tmp_path / "invoices.csv"
    path.write_text(table(*(row(number) for number in range(8))))
    done = cli("invoice", "import", path, "--json").json
    assert [one["row"] for one in done["rows"]] == list(range(2, 10))
    assert all_of(runtime, "SELECT count(*), sum(total_minor) FROM invoices") == [(8, 96_000)]


def test_a_table_that_cannot_be_read_says_where() -> None:
    assert read(b"") == [(1, "The file is empty.")]
    assert read(b"a;b\n\xff;2\n") == [(1, "The file is not UTF-8 (byte 4).")]
    assert read(b"a;b;a\n1;2;3\n") == [(1, "The header names a column twice.")]
    assert read(b"a;b\n1;2;3\n4;5\n") == [
        (2, "The row has more cells than the header."),
        (3, {"a": "4", "b": "5"}),
    ]
    unclosed = "The row cannot be read: a quote is not closed, or a cell is too long."
    assert read(b'a;b\n1;"2\n') == [(2, unclosed)]
    assert read(b"a;b\n1;" + b"x" * 200_000 + b"\n3;4\n") == [(2, unclosed), (3, {"a": "3", "b": "4"})]


def test_a_quoted_cell_may_hold_anything() -> None:
    assert read(b'a;b\n"1;2";"say ""yes"""\n\n"two\nlines";\n5;6\n') == [
        (2, {"a": "1;2", "b": 'say "yes"'}), (4, {"a": "two\nlines"}), (6, {"a": "5", "b": "6"}),
    ]  # fmt: skip


def test_json_lines_bring_instalments_and_a_table_does_not(
    cli: CommandLine, tmp_path: Path, runtime: Runtime, books: Books
) -> None:
    parts = [
        {"due_on": "2026-12-01", "amount_minor": 7_000},
        {"due_on": "2027-01-01", "amount_minor": "5000"},
    ]
    late = [{"due_on": "1.12.2026", "amount_minor": 12_000}]
    file = tmp_path / "invoices.jsonl"
    file.write_text(
        json_lines(row(1, instalments=parts), row(2, instalments=late), row(3, instalments=parts[:1]))
    )
    done = cli("invoice", "import", file, "--json", code=1).json
    assert [(one["status"], one.get("field")) for one in done["rows"]] == [
        ("created", None), ("refused", "instalments.0.due_on"), ("refused", "instalments"),
    ]  # fmt: skip
    kept = [{"due_on": "2026-12-01", "amount_minor": 7_000}, {"due_on": "2027-01-01", "amount_minor": 5_000}]
    assert all_of(runtime, "SELECT instalments FROM invoices") == [(kept,)]
    cells = tmp_path / "invoices.csv"
    cells.write_text(table(row(4, instalments="12000"), header=f"{HEADER};instalments"))
    (refused,) = cli("invoice", "import", cells, "--json", code=1).json["rows"]
    assert (refused["status"], refused["field"]) == ("refused", "instalments")
