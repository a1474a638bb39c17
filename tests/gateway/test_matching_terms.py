"""What makes a match certain, seen and set over HTTP and on the command line."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.access import create_api_key
from gateway.roles import Role
from gateway.runtime import Runtime
from ledger.acts import Act
from reconciliation.transfers.certainty import Terms
from tests.factories.api import Caller
from tests.factories.bank import Bank, match, take_in_all, transfer
from tests.factories.books import Books, debtor_iban
from tests.gateway.conftest import CommandLine


@pytest.fixture
def path(books: Books) -> str:
    """Where a creditor's table is."""
    books.session.commit()
    return f"/v1/creditors/{books.creditor.id}/matching-terms"


def _standard(**changes: Any) -> dict[str, Any]:
    return {**Terms().to_json(), **changes}


def test_the_standard_table_is_told_where_nothing_was_set(path: str, auditor: Caller) -> None:
    told = auditor.get(path)
    assert (told["id"], told["set_at"], told["set_by"]) == (None, None, None)
    assert told["terms"] == _standard()


def test_a_table_is_set_as_a_whole_and_its_history_is_kept(path: str, admin: Caller) -> None:
    first = admin.put(path, _standard(grace_days=2))
    second = admin.put(path, _standard(grace_days=3))
    assert second["terms"]["grace_days"] == 3
    assert admin.get(path) == second
    assert admin.all(f"{path}/history", limit=1) == [first, second]


def test_what_a_row_leaves_out_has_its_usual_meaning(path: str, admin: Caller) -> None:
    row = {"name": "mine", "grade": 1, "needs": [["invoice_number"], ["open_amount"]]}
    told = admin.put(path, _standard(rows=[row]))
    assert told["terms"]["rows"] == [{**row, "despite": [], "applied": True}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (_standard(grace_days=31), "grace_days"),
        (_standard(charge_minor="5"), "charge_minor"),
        (_standard(rows=[{"name": "mine", "grade": 1, "needs": [["open_amount"]]}]), "rows"),
        (_standard(rows=[{"name": "mine", "grade": 1, "needs": [["a_feeling"]]}]), "rows.0.needs.0.0"),
        (_standard(rows=[*_standard()["rows"], _standard()["rows"][0]]), "rows"),
        (_standard(score=99), "score"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(
    path: str, admin: Caller, body: dict[str, Any], field: str
) -> None:
    assert admin.put(path, body, status=422)["field"] == field
    assert admin.get(path)["id"] is None


@pytest.fixture
def terms(path: str, runtime: Runtime, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """`duecourse terms matching ...`, typed by an administrator."""
    act = runtime.act("test")
    _, secret = runtime.run(lambda session: create_api_key(session, name="adm", role=Role.ADMIN, act=act))
    monkeypatch.setenv("DUECOURSE_API_KEY", secret)
    return lambda *words, code=0: cli("terms", "matching", *words, code=code)


def test_a_person_reads_the_table(terms: CommandLine) -> None:
    told = terms("show").out
    assert "invoice_number" in told
    assert "25.00 EUR" in told


def test_a_tolerance_and_a_row_are_changed_and_the_rest_stays(terms: CommandLine) -> None:
    told = terms("set", "--grace-days", "3", "--wait", "part_payment", "--json").json
    assert told["grace_days"] == 3
    assert [row["name"] for row in told["rows"] if not row["applied"]] == ["usual_deduction", "part_payment"]
    assert terms("show", "--json").json == told
    again = terms("set", "--apply", "part_payment", "--json").json
    assert again == _standard(grace_days=3)


def test_a_table_that_was_printed_is_set_from_a_file(terms: CommandLine, tmp_path: Path) -> None:
    told = terms("show", "--json").json
    file = tmp_path / "table.json"
    file.write_text(json.dumps({**told, "rows": told["rows"][:3]}))
    assert terms("set", file, "--json").json["rows"] == told["rows"][:3]


def test_the_history_says_what_each_table_changed(terms: CommandLine) -> None:
    terms("set", "--grace-days", "3", "--wait", "part_payment")
    terms("set", "--charge", "0")
    told = terms("history").out
    assert "grace days: 0 to 3; rows changed: part_payment" in told
    assert "charge minor: 2500 to 0" in told
    assert [one["changed"] for one in terms("history", "--json").json] == [
        {"grace_days": [0, 3], "rows_changed": ["part_payment"]},
        {"charge_minor": [2500, 0]},
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--wait", "no_such_row"], "The table has no row 'no_such_row'."),
        (["--grace-days", "99"], "between 0 and 30"),
        (["missing.json"], "missing.json: No such file"),
    ],
)
def test_what_cannot_be_set_is_one_clear_line(terms: CommandLine, words: list[str], said: str) -> None:
    assert said in terms("set", *words, code=1).err


def test_a_file_that_is_no_table_is_refused_with_its_place(terms: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    file.write_text('{"charge_minor": 1, "grace_days": 0, "rows": [{"name": "mine", "grade": 1}]}')
    assert "rows.0.needs: Field required" in terms("set", file, code=1).err


@pytest.fixture
def last_month(books: Books, act: Act) -> date:
    """A day of it, on which a customer paid an invoice from its account without naming it; matched by itself."""
    day = act.today.replace(day=1) - timedelta(days=5)
    customer = books.customer("Max Mustermann 1", iban=debtor_iban(500_001))
    books.invoice(12_000, customer=customer, due_on=day)
    books.session.commit()
    take_in_all(books.session, Bank().book(transfer(12_000, "Danke", day=day)), act)
    match(books.session, act)
    books.session.commit()
    return day


def _letting_wait(name: str) -> dict[str, Any]:
    rows = [{**row, "applied": row["applied"] and row["name"] != name} for row in _standard()["rows"]]
    return _standard(rows=rows)


def test_a_table_is_tried_on_last_month_before_it_takes_effect(
    last_month: date, path: str, auditor: Caller
) -> None:
    run = auditor.post(f"{path}/dry-run", {"terms": _letting_wait("account_and_amount")}, status=200)
    (one,) = run.pop("data")
    assert run == {
        "since": str(last_month.replace(day=1)), "until": str(last_month.replace(day=31)), "matched_lines": 1,
        "waiting_lines": 0, "applied": 0, "waits": 1, "otherwise": 0,
    }  # fmt: skip
    assert (one["change"], one["is_matched"], one["booked_on"]) == ("waits", True, str(last_month))
    assert (one["before"]["applied"], one["before"]["reading"]["shares"][0]["amount_minor"]) == (True, 12_000)
    assert (one["after"]["applied"], one["after"]["row"]) == (False, "account_and_amount")
    assert one["after"]["because"][0] == "Row account_and_amount is left to a person."
    assert auditor.get(path)["id"] is None


def test_another_period_is_tried_when_it_is_named(last_month: date, path: str, auditor: Caller) -> None:
    body = {"terms": _letting_wait("account_and_amount"), "since": "2020-01-01", "until": "2020-12-31"}
    run = auditor.post(f"{path}/dry-run", body, status=200)
    assert (run["matched_lines"], run["data"]) == (0, [])


def test_a_person_sees_what_another_table_would_decide(last_month: date, terms: CommandLine) -> None:
    told = terms("dry-run", "--wait", "account_and_amount")
    assert "1 matched and 0 waiting credits" in told.out
    assert "0 would be applied, 1 would wait, 0 read otherwise." in told.out
    assert "applied by account_and_amount" in told.out
    assert "Row account_and_amount is left to a person." in told.out
    assert "None of them would be decided otherwise." in terms("dry-run").out
    assert terms("dry-run", "--wait", "account_and_amount", "--json").json["waits"] == 1
    assert terms("show", "--json").json == _standard()
