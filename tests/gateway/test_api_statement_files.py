"""Statement files over HTTP: what arrived, what became of every line, archives, large uploads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from threading import Barrier, Thread
from typing import Any

import pytest

from gateway import statement_import
from gateway.runtime import Runtime
from tests.conftest import Clock
from tests.factories import pain002
from tests.factories.api import Caller
from tests.factories.archives import gzipped, zipped
from tests.factories.books import OUR_IBAN
from tests.factories.camt import Stated, camt053, camt053_file, credit, debit
from tests.factories.journey import Story
from tests.factories.mt940 import Entry, mt940
from tests.factories.qif import qif, record, section

FOREIGN = "DE89370400440532013000"
PAIN002 = pain002.report(
    version="001.03", status="ACTC", original_message_id="T-1", original_message_name="pain.001.001.03"
)
HTML = b"<html><body>503 Service Unavailable</body></html>"
SIXTH = date(2026, 1, 6)


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


@pytest.fixture
def all_later(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every upload counts as large."""
    monkeypatch.setattr(runtime.settings, "import_at_once_bytes", 0)


def statement(
    *amounts: int, account: str = OUR_IBAN, number: int = 1, opening: int = 100_000, **more: Any
) -> bytes:
    entries = [credit(one, remittance=f"Zahlung {number}-{place}") for place, one in enumerate(amounts)]
    return camt053(
        entries, account=account, statement_id=f"STM-{number}", sequence=str(number), opening=opening, **more
    )


def shown(caller: Caller, file_id: str, **query: Any) -> dict[str, Any]:
    file: dict[str, Any] = caller.get(f"/v1/statement-files/{file_id}", **query)
    return file


def counts(outcome: dict[str, Any]) -> tuple[int, int, int]:
    return outcome["imported"], outcome["known"], outcome["refused"]


# --- many files ---


def test_files_and_archives_of_several_formats_go_in_with_one_upload(story: Story) -> None:
    january = zipped(("1.xml", statement(1_000)), ("2.xml", statement(2_000, number=2, opening=101_000)))
    interim = mt940([Entry(amount=500, valued_on=SIXTH, booked_on=SIXTH)], account=OUR_IBAN, opening=103_000)
    february = gzipped(statement(700, number=3, opening=103_500))
    archive, plain, packed = story.treasury.upload(january, interim, february)
    assert [(one["state"], one["format"], counts(one)) for one in (archive, plain, packed)] == [
        ("unpacked", "zip", (2, 0, 0)), ("imported", "mt940", (1, 0, 0)), ("unpacked", "gzip", (1, 0, 0)),
    ]  # fmt: skip
    assert [(one["name"], one["state"], one["imported"]) for one in archive["members"]] == [
        ("1.xml", "imported", 1), ("2.xml", "imported", 1),
    ]  # fmt: skip
    amounts = [one["amount_minor"] for one in story.treasury.all("/v1/statement-lines")]
    assert amounts == [1_000, 2_000, 500, 700]


def test_files_are_listed_by_what_became_of_them(story: Story) -> None:
    good, bad = story.treasury.upload(statement(1_000), HTML)
    listed = story.treasury.all("/v1/statement-files", state="refused")
    assert [one["id"] for one in listed] == [bad["file_id"]]
    listed = story.treasury.all("/v1/statement-files", state="imported")
    assert [one["id"] for one in listed] == [good["file_id"]]
    assert story.treasury.get("/v1/statement-files", state="lost", status=422)["field"] == "state"


# --- large uploads ---


@pytest.mark.usefixtures("all_later")
def test_a_large_upload_is_answered_at_once_and_read_by_a_worker(
    story: Story, work: Callable[[], None]
) -> None:
    invoice = story.invoice(12_000)
    content = camt053([credit(12_000, remittance=invoice["number"])], account=OUR_IBAN)
    (queued,) = story.treasury.upload_raw(content, status=202)["data"]
    assert (queued["state"], counts(queued), queued["duplicate"]) == ("received", (0, 0, 0), False)
    file = shown(story.treasury, queued["file_id"])
    assert (file["state"], file["progress"], file["lines"]["data"]) == ("received", None, [])
    work()
    file = shown(story.treasury, queued["file_id"])
    assert (file["state"], file["format"], counts(file)) == ("imported", "camt.053.001.08", (1, 0, 0))
    assert (file["progress"]["bytes_read"], file["progress"]["lines_read"]) == (len(content), 1)
    assert story.status(invoice) == "paid"


def test_size_counts_over_the_whole_upload(
    story: Story, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = statement(1_000), statement(2_000, number=2, opening=101_000)
    monkeypatch.setattr(runtime.settings, "import_at_once_bytes", len(first) + len(second) - 1)
    story.treasury.upload_raw(first, second, status=202)
    monkeypatch.setattr(runtime.settings, "import_at_once_bytes", len(first) + len(second))
    assert [one["imported"] for one in story.treasury.upload(first, second)] == [1, 1]


def test_what_was_read_before_is_not_counted_as_large(
    story: Story, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = statement(1_000)
    story.treasury.upload(content)
    monkeypatch.setattr(runtime.settings, "import_at_once_bytes", 0)
    assert [one["duplicate"] for one in story.treasury.upload(content)] == [True]


def test_how_far_a_file_is_can_be_followed_while_it_is_read(
    story: Story, runtime: Runtime, clock: Clock, all_later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others see the progress while the transaction that imports is open, and none of its lines."""
    monkeypatch.setattr("reconciliation.importing.CHUNK", 2)
    content = statement(100, 200, 300, 400, 500)
    file_id = story.treasury.upload_raw(content, status=202)["data"][0]["file_id"]
    seen: list[tuple[str, int, int, int]] = []

    def look(bytes_read: int, lines_read: int) -> None:
        file = shown(story.treasury, file_id)
        progress = file["progress"]
        assert (progress["bytes_read"], progress["lines_read"]) == (bytes_read, lines_read)
        assert datetime.fromisoformat(progress["at"]) == clock.instant
        clock.forward(seconds=2)
        seen.append((file["state"], lines_read, file["line_count"], len(file["lines"]["data"])))

    statement_import.take_in(runtime, file_id, actor="test", progress=look)
    assert seen == [("received", 2, 0, 0), ("received", 4, 0, 0), ("received", 5, 0, 0)]
    file = shown(story.treasury, file_id)
    assert (file["state"], file["line_count"], len(file["lines"]["data"])) == ("imported", 5, 5)


@pytest.mark.usefixtures("all_later")
def test_a_file_that_was_refused_is_read_again_by_the_worker(story: Story, work: Callable[[], None]) -> None:
    content = statement(5_000, account=FOREIGN)
    story.treasury.upload_raw(content, status=202)
    work()
    assert [one["state"] for one in story.treasury.all("/v1/statement-files")] == ["refused"]
    story.admin.post(
        "/v1/bank-accounts", {"creditor_id": story.creditor["id"], "name": "Second", "iban": FOREIGN}
    )
    (queued,) = story.treasury.upload_raw(content, status=202)["data"]
    assert (queued["state"], queued["error"]) == ("received", None)
    work()
    file = shown(story.treasury, queued["file_id"])
    assert (file["state"], file["refusal"], file["imported"]) == ("imported", None, 1)


def test_a_large_upload_tells_what_is_known_at_once(story: Story, runtime: Runtime, all_later: None) -> None:
    known = statement(1_000)
    runtime.settings.import_at_once_bytes = len(known)
    story.treasury.upload(known)
    runtime.settings.import_at_once_bytes = 0
    broken = zipped(("a.xml", known))[:-30]
    archive = zipped(("b.xml", statement(2_000, number=2, opening=101_000)), ("c.xml", known))
    told = story.treasury.upload_raw(known, broken, archive, status=202)["data"]
    assert [(one["state"], one["duplicate"]) for one in told] == [
        ("imported", True), ("refused", False), ("unpacked", False),
    ]  # fmt: skip
    assert told[1]["error"]["message"] == "The ZIP archive is broken or was cut off on its way."
    assert [(one["state"], one["duplicate"]) for one in told[2]["members"]] == [
        ("received", False), ("imported", True),
    ]  # fmt: skip


@pytest.mark.usefixtures("all_later")
def test_a_file_that_is_queued_again_has_not_been_read_at_all(story: Story, work: Callable[[], None]) -> None:
    content = camt053_file(
        [Stated(entries=(credit(100),), account=OUR_IBAN), Stated(entries=(credit(200),), account=FOREIGN)]
    )
    (queued,) = story.treasury.upload_raw(content, status=202)["data"]
    work()
    file = shown(story.treasury, queued["file_id"])
    assert (file["state"], file["progress"]["lines_read"], file["line_count"]) == ("refused", 1, 0)
    story.treasury.upload_raw(content, status=202)
    file = shown(story.treasury, queued["file_id"])
    assert (file["state"], file["progress"]) == ("received", None)


@pytest.mark.race
def test_a_file_that_two_workers_take_up_is_imported_once(
    story: Story, runtime: Runtime, all_later: None
) -> None:
    file_id = story.treasury.upload_raw(statement(1_000, 2_000), status=202)["data"][0]["file_id"]
    together, done = Barrier(2), []

    def worker() -> None:
        together.wait()
        done.append(statement_import.take_in(runtime, file_id, actor="test"))

    workers = [Thread(target=worker) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted((one.duplicate, one.imported) for one in done) == [(False, 2), (True, 0)]
    assert len(story.treasury.all("/v1/statements")) == 1


# --- what became of every line ---


def unreadable_amount(content: bytes, amount: bytes) -> bytes:
    return content.replace(b">" + amount + b"<", b">" + amount + b"000000000001<")


def test_a_file_tells_what_became_of_every_line(story: Story) -> None:
    story.treasury.upload(statement(1_000, 2_000))
    entries = [credit(one, remittance=f"Zahlung 1-{place}") for place, one in enumerate((1_000, 2_000))]
    later = [credit(300, booked_on=SIXTH), debit(40, booked_on=SIXTH)]
    content = camt053([*entries, *later], account=OUR_IBAN, statement_id="STM-2", sequence="2", to_on=SIXTH)
    outcome = story.treasury.upload(unreadable_amount(content, b"0.40"))[0]
    assert counts(outcome) == (1, 2, 1)
    file = shown(story.treasury, outcome["file_id"])
    assert (counts(file), file["line_count"]) == ((1, 2, 1), 4)
    lines = file["lines"]["data"]
    assert [(one["position"], one["fate"], one["amount_minor"]) for one in lines] == [
        (1, "known", 1_000), (2, "known", 2_000), (3, "new", 300), (4, "refused", None),
    ]  # fmt: skip
    stored = {one["id"]: one["amount_minor"] for one in story.treasury.all("/v1/statement-lines")}
    assert [stored.get(one["line_id"]) for one in lines] == [1_000, 2_000, 300, None]
    assert lines[2]["reason"] is None
    assert "0.40000000" in lines[3]["reason"]
    assert any("not taken in" in problem for problem in file["problems"])


def test_lines_of_a_file_come_in_pages(story: Story) -> None:
    outcome = story.treasury.upload(statement(100, 200, 300, 400, 500))[0]
    found, after, pages = [], None, 0
    while pages == 0 or after is not None:
        page = shown(story.treasury, outcome["file_id"], limit=2, **({"after": after} if after else {}))
        found += [one["amount_minor"] for one in page["lines"]["data"]]
        after, pages = page["lines"]["next"], pages + 1
        assert page["line_count"] == 5
    assert (found, pages) == ([100, 200, 300, 400, 500], 3)


@pytest.mark.parametrize(
    "cursor", ["1", "stm_1/2", "lin_01jz3q5v9yfk2a8m4t6w7x1c0d", "stm_01jz3q5v9yfk2a8m4t6w7x1c0d/-1", "'"]
)
def test_a_cursor_that_no_page_gave_is_refused(story: Story, cursor: str) -> None:
    file_id = story.treasury.upload(statement(100))[0]["file_id"]
    refused = story.treasury.get(f"/v1/statement-files/{file_id}", after=cursor, status=422)
    assert (refused["code"], refused["field"]) == ("unknown_cursor", "after")


# --- archives ---


def test_members_of_an_archive_have_outcomes_of_their_own(story: Story) -> None:
    packed = zipped(
        ("january/", b""), ("january/1.xml", statement(1_000)), ("__MACOSX/._1.xml", b"junk"), ("page.html", HTML)
    )  # fmt: skip
    (archive,) = story.treasury.upload(packed)
    members = {one["name"]: one for one in archive["members"]}
    assert {name: one["state"] for name, one in members.items()} == {
        "1.xml": "imported", "page.html": "refused", "._1.xml": "passed_over", "january": "passed_over",
    }  # fmt: skip
    assert [one["name"] for one in archive["members"] if one["error"] is not None] == ["page.html"]
    assert members["january"]["problems"] == ["This is a folder, which holds nothing by itself."]
    file = shown(story.treasury, archive["file_id"])
    assert (file["state"], file["format"]) == ("unpacked", "zip")
    assert file["member_ids"] == [members[name]["file_id"] for name in ("1.xml", "page.html")]
    assert [(one["name"], one["code"]) for one in file["unopened"]] == [
        ("january", "passed_over"), ("._1.xml", "passed_over"),
    ]  # fmt: skip
    member = shown(story.treasury, members["1.xml"]["file_id"])
    assert (member["archive_id"], member["imported"]) == (archive["file_id"], 1)


def test_the_same_archive_again_changes_nothing(story: Story) -> None:
    packed = zipped(("1.xml", statement(1_000)), ("2.xml", statement(2_000, number=2, opening=101_000)))
    (first,) = story.treasury.upload(packed)
    (again,) = story.treasury.upload(packed)
    assert (again["file_id"], again["duplicate"], counts(again)) == (first["file_id"], True, (0, 0, 0))
    assert [one["duplicate"] for one in again["members"]] == [True, True]
    assert len(story.treasury.all("/v1/statement-lines")) == 2
    assert len(story.treasury.all("/v1/statement-files")) == 3


def test_an_archive_that_is_cut_off_says_so(story: Story) -> None:
    broken = zipped(("1.xml", statement(1_000)))[:-30]
    for _ in range(2):
        (refused,) = story.treasury.upload(broken)
        assert refused["error"] == {
            "code": "unreadable_file", "line": None,
            "message": "The ZIP archive is broken or was cut off on its way.",
        }  # fmt: skip
    file = shown(story.treasury, refused["file_id"])
    assert (file["state"], file["refusal"]) == ("refused", refused["error"]["message"])


# --- other purposes, and files that say too little ---


def test_a_banks_answer_to_an_order_is_kept_and_is_no_failure(story: Story) -> None:
    (kept,) = story.treasury.upload(PAIN002)
    assert (kept["state"], kept["format"], kept["error"]) == ("handed_on", "pain.002.001.03", None)
    (answer,) = kept["answers"]
    assert (answer["answers"], answer["outcomes"]) == ("transfers", {"other_order": 1})
    (again,) = story.treasury.upload(PAIN002)
    assert (again["duplicate"], again["file_id"]) == (True, kept["file_id"])
    assert story.treasury.all("/v1/statements") == []


def test_a_file_that_names_no_account_is_told_which(story: Story) -> None:
    content = qif(section(record("12.50", "24/11/2026")))
    (refused,) = story.treasury.upload(content)
    assert refused["error"]["message"].startswith("The file does not say which account it is about.")
    (taken,) = story.treasury.upload(content, bank_account_id=story.account["id"])
    assert (taken["state"], counts(taken)) == ("imported", (1, 0, 0))
    (line,) = story.treasury.all("/v1/statement-lines")
    assert (line["bank_account_id"], line["amount_minor"]) == (story.account["id"], 1_250)


def test_dates_that_fit_several_orders_need_one(story: Story) -> None:
    content = qif(section(record("12.50", "04/11/2026")))
    (refused,) = story.treasury.upload(content, bank_account_id=story.account["id"])
    assert "DMY and as MDY" in refused["error"]["message"]
    story.treasury.upload(content, bank_account_id=story.account["id"], date_order="MDY")
    (line,) = story.treasury.all("/v1/statement-lines")
    assert line["booked_on"] == "2026-04-11"


def test_what_is_told_of_an_archive_holds_for_each_file_in_it(story: Story) -> None:
    packed = zipped(
        ("a.qif", qif(section(record("12.50", "04/11/2026")))), ("b.xml", statement(1_000, account=FOREIGN))
    )  # fmt: skip
    (archive,) = story.treasury.upload(packed, bank_account_id=story.account["id"], date_order="DMY")
    assert [(one["state"], one["imported"]) for one in archive["members"]] == [
        ("imported", 1),
        ("refused", 0),
    ]
    story.admin.post(
        "/v1/bank-accounts", {"creditor_id": story.creditor["id"], "name": "Second", "iban": FOREIGN}
    )
    (again,) = story.treasury.upload(packed)
    assert [(one["duplicate"], one["imported"]) for one in again["members"]] == [(True, 0), (False, 1)]
    assert (again["duplicate"], again["imported"]) == (False, 1)


def test_a_file_about_another_account_than_the_one_named_is_refused(story: Story) -> None:
    second = story.admin.post(
        "/v1/bank-accounts", {"creditor_id": story.creditor["id"], "name": "Second", "iban": FOREIGN}
    )
    (refused,) = story.treasury.upload(statement(1_000), bank_account_id=second["id"])
    assert (refused["state"], refused["imported"]) == ("refused", 0)
    assert OUR_IBAN not in str(refused)
    assert story.treasury.all("/v1/statement-lines") == []


@pytest.mark.parametrize(
    ("form", "status", "field"),
    [
        ({"bank_account_id": "bac_01jz3q5v9yfk2a8m4t6w7x1c0d"}, 404, "bank_account_id"),
        ({"bank_account_id": "main"}, 422, "bank_account_id"),
        ({"date_order": "sideways"}, 422, "date_order"),
    ],
)
def test_wishes_that_cannot_be_meant_are_refused(
    story: Story, form: dict[str, str], status: int, field: str
) -> None:
    assert story.treasury.upload_raw(statement(1_000), status=status, **form)["field"] == field
    assert story.treasury.all("/v1/statement-files") == []
