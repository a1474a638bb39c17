"""Layouts of tables over HTTP: proposed by a file, confirmed by a person, remembered, drifted, revoked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.api import Caller
from tests.factories.books import OUR_IBAN
from tests.factories.camt import camt053, credit
from tests.factories.delimited import table
from tests.factories.journey import Story


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


def shown(caller: Caller, file_id: str) -> dict[str, Any]:
    file: dict[str, Any] = caller.get(f"/v1/statement-files/{file_id}")
    return file


COLUMNS = "Tag;Umsatz;Wer;Wofür"


def own_table(*rows: tuple[str, str, str, str], columns: str = COLUMNS) -> bytes:
    return table(columns, rows)


APRIL = own_table(("05.04.2026", "1.250,00", "Anna", "RE-1"), ("16.04.2026", "-7,00", "Bert", "Miete"))
MAY = own_table(("05.05.2026", "99,00", "Anna", "RE-2"))


def test_a_table_of_unknown_layout_is_read_once_a_person_has_confirmed_it(story: Story) -> None:
    (refused,) = story.treasury.upload(APRIL, bank_account_id=story.account["id"])
    assert (refused["state"], refused["error"]["code"]) == ("refused", "unknown_layout")
    proposal = shown(story.treasury, refused["file_id"])["proposal"]
    roles = {column["title"]: column["role"] for column in proposal["layout"]["columns"]}
    assert (roles["Tag"], roles["Umsatz"]) == ("booked_on", "amount")

    wish = {
        "bank_account_id": story.account["id"], "name": "Hausbank", "answers": {},
        "roles": {"Wer": "name", "Wofür": "remittance"},
    }  # fmt: skip
    confirmed = story.treasury.post(f"/v1/statement-files/{refused['file_id']}/layout", wish)
    assert (confirmed["file"]["state"], confirmed["file"]["imported"]) == ("imported", 2)
    assert confirmed["layout"]["layout"]["name"] == "Hausbank"
    file = shown(story.treasury, refused["file_id"])
    assert (file["state"], file["proposal"], file["refusal"]) == ("imported", None, None)
    lines = story.treasury.all("/v1/statement-lines")
    assert [(one["amount_minor"], one["counterparty_name"], one["remittance"]) for one in lines] == [
        (125_000, "Anna", "RE-1"), (-700, "Bert", "Miete"),
    ]  # fmt: skip
    (next_month,) = story.treasury.upload(MAY, bank_account_id=story.account["id"])
    assert (next_month["state"], next_month["imported"]) == ("imported", 1)
    assert [one["id"] for one in story.treasury.all("/v1/statement-layouts")] == [confirmed["layout"]["id"]]


def confirmed_layout(story: Story) -> dict[str, Any]:
    """The layout of APRIL, kept for the account."""
    (refused,) = story.treasury.upload(APRIL, bank_account_id=story.account["id"])
    wish = {
        "bank_account_id": story.account["id"],
        "roles": {"Wer": "name", "Wofür": "remittance"},
    }
    kept: dict[str, Any] = story.treasury.post(f"/v1/statement-files/{refused['file_id']}/layout", wish)
    return kept["layout"]  # type: ignore[no-any-return]


def test_a_layout_that_drifts_is_an_alarm_and_never_a_guess(story: Story) -> None:
    confirmed_layout(story)
    drifted = own_table(("05.05.2026", "99,00", "Anna", "RE-2", "x"), columns=f"{COLUMNS};Kategorie")
    (refused,) = story.treasury.upload(drifted, bank_account_id=story.account["id"])
    assert (refused["state"], refused["error"]["code"]) == ("refused", "layout_drifted")
    assert "Kategorie" in refused["error"]["message"]
    alarms = story.treasury.get("/v1/events", type="statement.layout_drifted")["data"]
    assert [one["object_id"] for one in alarms] == [refused["file_id"]]
    assert (alarms[0]["data"]["missing"], alarms[0]["data"]["added"]) == (0, 1)
    wish = {
        "bank_account_id": story.account["id"],
        "answers": {"inverted": "no"},
        "roles": {"Kategorie": None},
    }
    again = story.treasury.post(f"/v1/statement-files/{refused['file_id']}/layout", wish)
    assert (again["file"]["state"], again["file"]["imported"]) == ("imported", 1)


def test_a_layout_that_was_revoked_describes_no_file(story: Story) -> None:
    kept = confirmed_layout(story)
    revoked = story.treasury.post(f"/v1/statement-layouts/{kept['id']}/revoke", status=200)
    assert revoked["revoked_at"] is not None
    again = story.treasury.post(f"/v1/statement-layouts/{kept['id']}/revoke", status=200)
    assert again["revoked_at"] == revoked["revoked_at"]
    (refused,) = story.treasury.upload(MAY, bank_account_id=story.account["id"])
    assert refused["error"]["code"] == "unknown_layout"
    assert len(story.treasury.all("/v1/statement-lines")) == 2


def test_answers_that_make_no_layout_are_refused_and_keep_nothing(story: Story) -> None:
    (refused,) = story.treasury.upload(APRIL, bank_account_id=story.account["id"])
    path = f"/v1/statement-files/{refused['file_id']}/layout"
    account = {"bank_account_id": story.account["id"]}
    for wish in ({"roles": {"Saldo": "amount"}}, {"roles": {"Umsatz": None}}):
        assert story.treasury.post(path, {**account, **wish}, status=422)["code"] == "bad_layout"
    nonsense = story.treasury.post(path, {**account, "roles": {"Tag": "nonsense"}}, status=422)
    assert (nonsense["code"], nonsense["field"]) == ("invalid_request", "roles.Tag")
    unknown = {"bank_account_id": "bac_01jz3q5v9yfk2a8m4t6w7x1c0d"}
    assert story.treasury.post(path, unknown, status=404)["field"] == "bank_account_id"
    assert story.treasury.all("/v1/statement-layouts") == []
    assert shown(story.treasury, refused["file_id"])["state"] == "refused"


def test_only_a_file_refused_for_its_layout_has_one_to_confirm(story: Story) -> None:
    for outcome in story.treasury.upload(camt053([credit(1_000)], account=OUR_IBAN), b"<html>"):
        path = f"/v1/statement-files/{outcome['file_id']}/layout"
        refused = story.treasury.post(path, {"bank_account_id": story.account["id"]}, status=409)
        assert refused["code"] == "nothing_to_confirm"


def test_confirming_with_the_same_key_is_done_once(story: Story) -> None:
    (refused,) = story.treasury.upload(APRIL, bank_account_id=story.account["id"])
    path, wish = f"/v1/statement-files/{refused['file_id']}/layout", {"bank_account_id": story.account["id"]}
    first = story.treasury.post(path, wish, key="layout-1")
    assert story.treasury.post(path, wish, key="layout-1") == first
    assert len(story.treasury.all("/v1/statement-layouts")) == 1
