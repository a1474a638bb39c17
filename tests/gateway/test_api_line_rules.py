"""Rules that treasury writes, over HTTP and on the command line: tried, written, listed, revoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.access import create_api_key
from gateway.roles import Role
from gateway.runtime import Runtime
from ledger.acts import Act
from tests.factories.api import Caller
from tests.factories.books import Books
from tests.factories.line_rules import Account, booking
from tests.gateway.conftest import CommandLine

FEE = {"field": "text", "how": "contains", "value": "Entgelt"}


def wish(books: Books, **more: Any) -> dict[str, Any]:
    return {
        "creditor_id": books.creditor.id,
        "name": "Fees",
        "becomes": "fee",
        "conditions": [FEE],
        **more,
    }


@pytest.fixture
def told(books: Books) -> Books:
    """Books with two lines, one of them a fee."""
    Account(books).book(booking(-490, "Entgelt 11/2026"), booking(-500, "Miete"))
    books.session.commit()
    return books


def test_a_rule_is_tried_written_and_decides_what_waits(
    told: Books, treasury: Caller, auditor: Caller, work: Callable[[], None]
) -> None:
    work()
    trial = treasury.post("/v1/line-rules/dry-run", wish(told, days=30), status=200)
    assert (trial["count"], trial["sums"], trial["waiting"], trial["explained_otherwise"]) == (
        1, {"EUR": -490}, 1, 0,
    )  # fmt: skip
    assert auditor.all("/v1/line-rules") == []
    rule = treasury.post("/v1/line-rules", wish(told, priority=5))
    assert (rule["priority"], rule["conditions"], rule["revoked_at"]) == (5, [FEE], None)
    work()
    (line,) = auditor.all("/v1/statement-lines", state="matched")
    shown = auditor.get(f"/v1/statement-lines/{line['id']}")["match"]
    assert (shown["rule"], shown["parts"][0]["kind"]) == ("written_rule", "fee")
    assert auditor.get(f"/v1/line-rules/{rule['id']}") == rule
    assert auditor.all("/v1/line-rules", creditor_id=told.creditor.id) == [rule]


def test_a_revoked_rule_is_listed_where_it_is_asked_for(told: Books, treasury: Caller) -> None:
    rule = treasury.post("/v1/line-rules", wish(told))
    path = f"/v1/line-rules/{rule['id']}/revoke"
    gone = treasury.post(path, {"reason": "It took too much."}, status=200)
    assert gone["revoked_by"] is not None
    assert treasury.all("/v1/line-rules") == []
    assert treasury.all("/v1/line-rules", revoked=True) == [gone]
    assert treasury.post(path, {"reason": "Again."}, status=409)["code"] == "line_rule_revoked"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"conditions": [{"field": "direction", "how": "equals", "value": "in"}]}, "unreadable_rule"),
        ({"conditions": [{**FEE, "how": "between"}]}, "unreadable_rule"),
        ({"conditions": [{**FEE, "value": "x"}]}, "unreadable_rule"),
        ({"conditions": []}, "invalid_request"),
        ({"becomes": "payment"}, "invalid_request"),
        ({"priority": -1}, "invalid_request"),
    ],
)
def test_a_rule_that_is_none_is_refused(
    told: Books, treasury: Caller, more: dict[str, Any], code: str
) -> None:
    assert treasury.post("/v1/line-rules", wish(told, **more), status=422)["code"] == code


@pytest.fixture
def rule(cli: CommandLine, runtime: Runtime, act: Act, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command `duecourse rule` as a treasurer types it."""
    secret = runtime.run(lambda session: create_api_key(session, name="ada", role=Role.TREASURY, act=act))[1]
    monkeypatch.setenv("DUECOURSE_API_KEY", secret)
    return lambda *words, code=0: cli("rule", *words, code=code)


def test_rules_on_the_command_line(told: Books, rule: Callable[..., Any]) -> None:
    said = ("--becomes", "fee", "--if", "text:contains:Entgelt", "--if", "amount:between:100..500:EUR")
    assert told.creditor.id
    assert rule("try", *said, "--json").json["count"] == 1
    assert "-4.90 EUR" in rule("try", *said).out
    written = rule("add", "Bank fees", *said, "--priority", "7", "--json").json
    assert (written["name"], written["priority"]) == ("Bank fees", 7)
    assert written["conditions"][1] == {
        "field": "amount", "how": "between", "from_minor": 100, "to_minor": 500, "currency": "EUR",
    }  # fmt: skip
    listed = rule("list").out
    assert "Bank fees" in listed
    assert "The amount is between 1.00 EUR and 5.00 EUR." in " ".join(listed.split())
    assert rule("revoke", written["id"], "--reason", "tried", "--json").json["revoked_by"] is not None
    assert rule("list", "--json").json == []
    assert [one["id"] for one in rule("list", "--revoked", "--json").json] == [written["id"]]


@pytest.mark.parametrize(
    "condition",
    ["text", "text:contains:", "colour:equals:blue", "amount:between:1.5..2:EUR", "amount:between:5:"],
)
def test_a_condition_that_is_none_is_refused_in_one_line(
    told: Books, rule: Callable[..., Any], condition: str
) -> None:
    assert told.creditor.id
    err = rule("add", "None", "--becomes", "fee", "--if", "text:contains:abc", "--if", condition, code=1).err
    assert err.startswith("duecourse: ")
