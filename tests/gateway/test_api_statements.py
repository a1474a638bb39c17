"""Statements over HTTP: every file has its own outcome, its bytes are kept once, and nothing is doubled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from gateway import jobs
from gateway.runtime import Runtime
from reconciliation.statement import UnreadableFile
from tests.factories.api import Caller
from tests.factories.books import OUR_IBAN
from tests.factories.camt import Stated, camt053, camt_file, credit, fee, pending
from tests.factories.delimited import Row, sparkasse
from tests.factories.journey import Story
from tests.factories.mt940 import Entry, mt940

FOREIGN = "DE89370400440532013000"


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


def statement(
    *amounts: int, account: str = OUR_IBAN, number: int = 1, opening: int = 100_000, **more: Any
) -> bytes:
    entries = [credit(one, remittance=f"Zahlung {number}-{place}") for place, one in enumerate(amounts)]
    return camt053(
        entries, account=account, statement_id=f"STM-{number}", sequence=str(number), opening=opening, **more
    )  # fmt: skip


def jobs_waiting(runtime: Runtime) -> list[str]:
    asked_for = "SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = :queue"
    with runtime.sessions() as session:
        return list(session.scalars(text(asked_for), {"queue": jobs.ASKED_FOR}))


def test_many_files_go_in_at_once(story: Story) -> None:
    files = [statement(1_000, 2_500), statement(4_000, number=2, opening=103_500)]
    first, second = story.treasury.upload(*files)
    assert (first["imported"], first["known"], first["error"]) == (2, 0, None)
    assert (second["imported"], second["format"]) == (1, "camt.053.001.08")
    assert [one["sha256"] for one in (first, second)] == [hashlib.sha256(one).hexdigest() for one in files]
    shown = story.treasury.all("/v1/statements")
    assert [(one["opening_minor"], one["closing_minor"], one["balanced"]) for one in shown] == [
        (100_000, 103_500, True), (103_500, 107_500, True),
    ]  # fmt: skip
    assert [one["id"] for one in shown] == [*first["statement_ids"], *second["statement_ids"]]
    assert [one["line_count"] for one in shown] == [2, 1]


def test_a_refused_file_does_not_hinder_the_good_ones(story: Story, runtime: Runtime) -> None:
    bad, good, foreign = story.treasury.upload(b"<html>", statement(1_000), statement(5_000, account=FOREIGN))
    assert (bad["error"]["code"], bad["imported"], bad["statement_ids"]) == ("unreadable_file", 0, [])
    assert (good["error"], good["imported"]) == (None, 1)
    assert (foreign["error"]["code"], foreign["imported"]) == ("unknown_account", 0)
    assert FOREIGN not in foreign["error"]["message"]
    files = {one["id"]: one for one in story.treasury.all("/v1/statement-files")}
    assert [files[one["file_id"]]["state"] for one in (bad, good, foreign)] == [
        "refused",
        "imported",
        "refused",
    ]
    assert files[bad["file_id"]]["refusal_code"] == "unreadable_file"
    assert [one["amount_minor"] for one in story.treasury.all("/v1/statement-lines")] == [1_000]
    assert jobs_waiting(runtime) == ["match_lines"]


def test_a_refused_file_asks_for_no_work(story: Story, runtime: Runtime) -> None:
    story.treasury.upload(b"no statement")
    assert jobs_waiting(runtime) == []


def test_uploads_ask_for_matching_once(story: Story, runtime: Runtime) -> None:
    story.treasury.upload(statement(1_000))
    story.treasury.upload(statement(2_000, number=2, opening=101_000))
    assert jobs_waiting(runtime) == ["match_lines"]


def test_an_upload_that_fails_as_a_whole_asks_for_no_work(
    story: Story, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is written in the transaction of the upload: without the lines there is no job."""
    monkeypatch.setattr("gateway.api.statement_files._shown", lambda *done: 1 / 0)
    story.treasury.upload_raw(statement(1_000), status=500)
    assert jobs_waiting(runtime) == []
    assert story.treasury.all("/v1/statement-files") == []


def test_the_same_file_again_changes_nothing(story: Story, runtime: Runtime, work: Any) -> None:
    content = statement(1_000)
    first = story.treasury.upload(content)[0]
    work()
    before = story.treasury.get("/v1/events", limit=1000)["next"]
    again, twin = story.treasury.upload(content, content)
    assert [(one["duplicate"], one["imported"], one["file_id"]) for one in (again, twin)] == [
        (True, 0, first["file_id"])
    ] * 2
    assert jobs_waiting(runtime) == []
    assert story.treasury.get("/v1/events", limit=1000)["next"] == before
    assert len(story.treasury.all("/v1/statement-files")) == 1


def test_a_refused_file_may_be_sent_again_when_the_account_is_there(story: Story) -> None:
    content = statement(5_000, account=FOREIGN)
    refused = story.treasury.upload(content)[0]
    story.admin.post(
        "/v1/bank-accounts", {"creditor_id": story.creditor["id"], "name": "Second", "iban": FOREIGN}
    )
    taken = story.treasury.upload(content)[0]
    assert (taken["file_id"], taken["duplicate"], taken["imported"]) == (refused["file_id"], False, 1)
    file = story.treasury.get(f"/v1/statement-files/{taken['file_id']}")
    assert (file["state"], file["refusal"], file["format"]) == ("imported", None, "camt.053.001.08")


def test_who_may_set_up_may_open_accounts_by_a_statement(story: Story) -> None:
    content = statement(5_000, account=FOREIGN)
    refused = story.treasury.upload_raw(content, status=403, open_accounts_of=story.creditor["id"])
    assert (refused["code"], "set_up" in refused["detail"]) == ("forbidden", True)
    assert story.treasury.all("/v1/statement-files") == []
    opened = story.admin.upload(content, open_accounts_of=story.creditor["id"])[0]
    assert opened["imported"] == 1
    accounts = story.admin.all("/v1/bank-accounts")
    assert [(one["iban"], one["name"]) for one in accounts] == [
        (OUR_IBAN, "Main"), (FOREIGN, "opened by a statement"),
    ]  # fmt: skip


def test_accounts_are_opened_for_a_creditor_that_is_there(story: Story) -> None:
    for owner, status, field in (
        ("crd_01jz3q5v9yfk2a8m4t6w7x1c0d", 404, "creditor_id"),
        ("nobody", 422, "open_accounts_of"),
    ):
        refused = story.admin.upload_raw(statement(1_000), status=status, open_accounts_of=owner)
        assert refused["field"] == field
    assert story.admin.all("/v1/statement-files") == []


def test_an_upload_needs_files(treasury: Caller) -> None:
    for sent in ({}, {"data": {"files": "text"}}, {"files": [("file", ("a.xml", b"<x/>"))]}):
        reply = treasury.client.post("/v1/statements", headers=treasury.headers, **sent)
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
        assert reply.json()["field"].startswith("files")


def test_the_name_of_a_file_is_only_a_name(treasury: Caller) -> None:
    names = ["a\0b.xml", "x" * 300, "../../etc/passwd", "Auszug März.xml", "[/red]", ""]
    headers = {**treasury.headers, "Content-Type": "multipart/form-data; boundary=x"}
    kept = []
    for number, name in enumerate(names):
        head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        body = head.encode() + f"<x>{number}</x>\r\n--x--\r\n".encode()
        reply = treasury.client.post("/v1/statements", content=body, headers=headers)
        assert reply.status_code == 201
        file = treasury.get(f"/v1/statement-files/{reply.json()['data'][0]['file_id']}")
        kept.append(file["name"])
    assert kept[1:] == ["x" * 255, "../../etc/passwd", "Auszug März.xml", "[/red]", "upload"]
    assert "\0" not in kept[0]


def test_lines_say_what_the_bank_said(story: Story) -> None:
    story.treasury.upload(
        camt053(
            [
                credit(
                    12_000, name="Erika Beispiel", iban=FOREIGN, remittance="Rechnung RE-1", end_to_end_id="E2E-1",
                    bank_reference="REF-1",
                ),
                fee(300),
                pending(credit(99)),
            ],
            account=OUR_IBAN,
        )
    )  # fmt: skip
    lines = story.treasury.all("/v1/statement-lines")
    assert [(one["amount_minor"], one["state"], one["status"]) for one in lines] == [
        (12_000, "new", "booked"), (-300, "new", "booked"), (99, "ignored", "pending"),
    ]  # fmt: skip
    first = lines[0]
    assert (first["counterparty_name"], first["counterparty_account"]) == ("Erika Beispiel", FOREIGN)
    assert (first["remittance"], first["end_to_end_id"]) == ("Rechnung RE-1", "E2E-1")
    shown = story.treasury.get(f"/v1/statement-lines/{first['id']}")
    assert shown == {**first, "match": None, "allocations": [], "proposals": []}
    statement_id = story.treasury.all("/v1/statements")[0]["id"]
    assert first["statement_id"] == statement_id
    assert story.treasury.all("/v1/statement-lines", statement_id=statement_id) == lines
    assert story.treasury.all("/v1/statement-lines", state="matched") == []
    assert story.treasury.all("/v1/statement-lines", bank_account_id=story.account["id"]) == lines
    assert story.treasury.all("/v1/statements", bank_account_id=story.account["id"])[0]["line_count"] == 3


def test_what_is_not_there_is_not_found(treasury: Caller) -> None:
    for noun in ("statements", "statement-files", "statement-lines"):
        for one in ("stm_01jz3q5v9yfk2a8m4t6w7x1c0d", "nothing"):
            assert treasury.get(f"/v1/{noun}/{one}", status=404)["code"].endswith("not_found")


def test_a_hostile_file_is_refused_with_its_place_and_nothing_of_it_is_believed(story: Story) -> None:
    bomb = b'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<Document>&a;</Document>'
    outcome = story.treasury.upload(bomb)[0]
    assert outcome["error"]["code"] == UnreadableFile("").code
    assert "root:" not in str(outcome)
    assert story.treasury.all("/v1/statement-lines") == []


# --- balances that do not prove the lines ---


def broken(amount: int, remittance: str) -> bytes:
    """A statement whose closing balance is 0.33 more than its lines make."""
    entries = [credit(amount, remittance=remittance)]
    return camt053(entries, account=OUR_IBAN, closing=100_000 + amount + 33)


def test_lines_of_a_statement_that_does_not_add_up_wait_until_a_person_accepts_it(
    story: Story, work: Callable[[], None]
) -> None:
    invoice = story.invoice(12_000)
    outcome = story.treasury.upload(broken(12_000, invoice["number"]))[0]
    assert any("the difference is 0.33 EUR" in problem for problem in outcome["problems"])
    work()
    (line,) = story.treasury.all("/v1/statement-lines")
    assert (line["state"], story.status(invoice)) == ("new", "due")
    assert "a person has to accept" in line["waiting_because"]
    (statement_id,) = outcome["statement_ids"]
    before = story.treasury.get(f"/v1/statements/{statement_id}")
    assert (before["balanced"], before["break_minor"], before["accepted_at"]) == (False, 33, None)

    path, wish = (
        f"/v1/statements/{statement_id}/accept",
        {"reason": "The bank has confirmed it by telephone."},
    )
    accepted = story.treasury.post(path, wish, status=200)
    assert (accepted["break_minor"], accepted["accepted_because"]) == (33, wish["reason"])
    assert accepted["accepted_by"].startswith("key_")
    work()
    (line,) = story.treasury.all("/v1/statement-lines")
    assert (line["state"], line["waiting_because"], story.status(invoice)) == ("matched", None, "paid")
    again = story.second_treasurer.post(path, {"reason": "Once more."}, status=200)
    assert again == accepted


def test_a_statement_that_adds_up_has_nothing_to_accept(story: Story) -> None:
    (statement_id,) = story.treasury.upload(statement(1_000))[0]["statement_ids"]
    path = f"/v1/statements/{statement_id}/accept"
    assert story.treasury.post(path, {"reason": "Why not"}, status=409)["code"] == "no_break"


@pytest.mark.parametrize(
    "wish", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 201}, {"reason": "a\0b"}]
)
def test_whoever_accepts_a_break_says_why(story: Story, wish: dict[str, str]) -> None:
    (statement_id,) = story.treasury.upload(broken(12_000, "RE-1"))[0]["statement_ids"]
    story.treasury.post(f"/v1/statements/{statement_id}/accept", wish, status=422)
    assert story.treasury.get(f"/v1/statements/{statement_id}")["accepted_at"] is None


# --- announced lines ---


def test_an_announced_line_is_shown_as_provisional_until_a_statement_books_it(
    story: Story, work: Callable[[], None]
) -> None:
    invoice = story.invoice(12_000)
    entry = credit(12_000, remittance=invoice["number"], bank_reference="REF-1")
    told = camt_file("camt.052", [Stated(entries=(entry,), account=OUR_IBAN)])
    (report,) = story.treasury.upload(told)
    work()
    (line,) = story.treasury.all("/v1/statement-lines")
    assert (line["provisional"], line["state"], story.status(invoice)) == (True, "new", "due")
    assert (
        line["waiting_because"]
        == "The bank told of it during the day; it counts once the statement books it."
    )
    assert story.treasury.get(f"/v1/statements/{report['statement_ids'][0]}")["kind"] == "report"

    (booked,) = story.treasury.upload(camt053([entry], account=OUR_IBAN))
    assert (booked["imported"], booked["known"], booked["promoted"]) == (0, 1, 1)
    work()
    (same,) = story.treasury.all("/v1/statement-lines")
    assert (same["id"], same["provisional"], same["state"]) == (line["id"], False, "matched")
    file = story.treasury.get(f"/v1/statement-files/{booked['file_id']}")
    assert [one["fate"] for one in file["lines"]["data"]] == ["promoted"]
    assert story.status(invoice) == "paid"


# --- the bytes of a line ---


def raw(caller: Caller, line_id: str) -> bytes:
    reply = caller.client.get(f"/v1/statement-lines/{line_id}/raw", headers=caller.headers)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["x-content-type-options"] == "nosniff"
    content: bytes = reply.content
    return content


ROWS = [Row(amount=1_250, account=OUR_IBAN), Row(amount=-700, account=OUR_IBAN, purpose="Miete")]


@pytest.mark.parametrize(
    ("content", "first", "last"),
    [
        (statement(1_000, 2_500), b"<Ntry>", b"</Ntry>"),
        (
            mt940([Entry(amount=1_250, text="RE-1"), Entry(amount=-700, text="RE-2")], account=OUR_IBAN),
            b":61:",
            b"RE-2",
        ),
        (sparkasse(ROWS), OUR_IBAN.encode(), b"Umsatz gebucht"),
    ],
    ids=["camt", "mt940", "csv"],
)
def test_a_line_gives_its_own_bytes_of_the_banks_file(
    story: Story, auditor: Caller, content: bytes, first: bytes, last: bytes
) -> None:
    assert story.treasury.upload(content)[0]["imported"] == 2
    pieces = [raw(auditor, line["id"]) for line in story.treasury.all("/v1/statement-lines")]
    assert len(set(pieces)) == 2
    assert all(piece in content and len(piece) < len(content) / 2 for piece in pieces)
    assert first in pieces[0][:40]
    assert last in pieces[1][-40:]
