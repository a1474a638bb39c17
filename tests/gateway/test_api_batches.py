"""Four eyes over HTTP: who drafts a batch neither approves nor releases it, and a file leaves once, unchanged."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import text

from exporters.pain008.reader import read
from gateway.runtime import Runtime
from tests.conftest import Clock
from tests.factories.api import Caller
from tests.factories.journey import Story


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


@pytest.fixture
def batch(story: Story) -> dict[str, Any]:
    """Two debits, 169.50 EUR together, drafted by the first treasurer."""
    story.invoice(12_000, mandate=True)
    story.invoice(4_950, mandate=True)
    story.erp.post("/v1/debits/due", {"due_until": "2026-11-18"})
    drafted: dict[str, Any] = story.treasury.post("/v1/debit-batches", {})
    return drafted


def do(caller: Caller, batch: dict[str, Any], what: str, status: int = 200, **body: str) -> dict[str, Any]:
    done: dict[str, Any] = caller.post(f"/v1/debit-batches/{batch['id']}/{what}", body or None, status=status)
    return done


def download(caller: Caller, path: str) -> Any:
    return caller.client.get(path, headers=caller.headers)


def test_a_draft_shows_its_blocks_and_its_sealed_file(story: Story, batch: dict[str, Any]) -> None:
    assert (batch["state"], batch["debit_count"], batch["total_minor"]) == ("draft", 2, 16_950)
    block = batch["blocks"][0]
    assert (block["debit_count"], block["total_minor"], block["sequence_type"]) == (2, 16_950, "RCUR")
    assert block["collect_on"] == "2026-11-19"
    assert (batch["file"]["kind"], batch["file"]["released_at"]) == ("pain.008", None)
    assert len(batch["file"]["sha256"]) == 64
    assert story.treasury.get(f"/v1/debit-batches/{batch['id']}") == batch
    assert story.treasury.all("/v1/debit-batches") == [batch]


def test_who_drafts_neither_approves_nor_releases(story: Story, batch: dict[str, Any]) -> None:
    assert do(story.treasury, batch, "approve", 409)["code"] == "second_person_needed"
    assert do(story.treasury, batch, "release", 409)["code"] == "second_person_needed"
    approved = do(story.second_treasurer, batch, "approve")
    assert (approved["state"], approved["approved_by"] != approved["drafted_by"]) == ("approved", True)
    refused = do(story.treasury, batch, "release", 409)
    assert refused["detail"] == "Who drafted or last edited a batch can neither approve nor release it."
    assert story.treasury.get(f"/v1/debit-batches/{batch['id']}")["state"] == "approved"


def test_nothing_is_released_before_it_is_approved(story: Story, batch: dict[str, Any]) -> None:
    refused = do(story.second_treasurer, batch, "release", 409)
    assert refused["code"] == "illegal_move"
    assert [one["state"] for one in story.erp.all("/v1/debits")] == ["batched", "batched"]


def test_an_erp_can_do_neither(story: Story, batch: dict[str, Any]) -> None:
    for what in ("approve", "release"):
        assert do(story.erp, batch, what, 403)["code"] == "forbidden"


def test_a_batch_is_released_once(story: Story, batch: dict[str, Any]) -> None:
    do(story.second_treasurer, batch, "approve")
    released = do(story.second_treasurer, batch, "release")
    assert (released["state"], released["released_by"]) == ("released", released["approved_by"])
    assert released["file"]["released_at"] is not None
    for what in ("approve", "release"):
        assert do(story.admin, batch, what, 409)["code"] == "illegal_move"
    assert do(story.admin, batch, "discard", 409, reason="too late")["code"] == "illegal_move"


def test_no_file_is_handed_out_before_its_release(story: Story, batch: dict[str, Any]) -> None:
    paths = (f"/v1/debit-batches/{batch['id']}/file", f"/v1/files/{batch['file']['id']}/content")
    for path in paths:
        assert story.second_treasurer.get(path, status=409)["code"] == "not_released"
    do(story.second_treasurer, batch, "approve")
    for path in paths:
        assert story.second_treasurer.get(path, status=409)["code"] == "not_released"


def test_the_file_handed_out_is_the_file_that_was_sealed(story: Story, batch: dict[str, Any]) -> None:
    do(story.second_treasurer, batch, "approve")
    do(story.second_treasurer, batch, "release")
    by_batch = download(story.treasury, f"/v1/debit-batches/{batch['id']}/file")
    by_file = download(story.treasury, f"/v1/files/{batch['file']['id']}/content")
    assert by_batch.content == by_file.content
    assert len(by_batch.content) == batch["file"]["size"]
    digest = hashlib.sha256(by_batch.content).hexdigest()
    assert digest == by_batch.headers["X-Content-SHA256"] == batch["file"]["sha256"]
    assert by_batch.headers["content-type"] == "application/xml"
    assert by_batch.headers["X-Content-Type-Options"] == "nosniff"
    assert by_batch.headers["Cache-Control"] == "no-store"
    name = batch["file"]["name"]
    assert by_batch.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    message = read(by_batch.content)
    amounts = [one.amount.minor for block in message.blocks for one in block.transactions]
    assert sorted(amounts) == [4_950, 12_000]
    assert message.message_id == batch["message_id"]


def test_who_fetched_a_file_is_written_down(story: Story, batch: dict[str, Any], runtime: Runtime) -> None:
    do(story.second_treasurer, batch, "approve")
    released = do(story.second_treasurer, batch, "release")
    for caller in (story.treasury, story.second_treasurer):
        assert download(caller, f"/v1/debit-batches/{batch['id']}/file").status_code == 200
    with runtime.sessions() as session:
        fetched = session.execute(text("SELECT by, sha256 FROM file_downloads ORDER BY id")).all()
    assert [tuple(row) for row in fetched] == [
        (batch["drafted_by"], batch["file"]["sha256"]),
        (released["released_by"], batch["file"]["sha256"]),
    ]


def test_a_discarded_batch_gives_its_debits_back(story: Story, batch: dict[str, Any]) -> None:
    do(story.second_treasurer, batch, "approve")
    assert do(story.treasury, batch, "discard", reason="wrong day")["state"] == "closed"
    assert [one["state"] for one in story.erp.all("/v1/debits")] == ["scheduled", "scheduled"]
    again = story.treasury.post("/v1/debit-batches", {})
    assert (again["debit_count"], again["total_minor"]) == (2, 16_950)
    assert again["message_id"] != batch["message_id"]
    assert (
        story.treasury.get(f"/v1/files/{batch['file']['id']}/content", status=409)["code"] == "not_released"
    )


def test_a_batch_that_waited_too_long_is_not_released(
    story: Story, batch: dict[str, Any], clock: Clock
) -> None:
    do(story.second_treasurer, batch, "approve")
    clock.forward(days=1)
    refused = do(story.second_treasurer, batch, "release", 409)
    assert refused["code"] == "too_late"
    assert "Discard the batch and draft it again." in refused["detail"]


def test_a_batch_whose_mandate_has_ended_is_not_released(story: Story, batch: dict[str, Any]) -> None:
    do(story.second_treasurer, batch, "approve")
    mandate = story.erp.all("/v1/mandates")[0]
    story.erp.post(
        f"/v1/mandates/{mandate['id']}/cancel", {"reason": "the customer asked for it"}, status=200
    )
    assert do(story.second_treasurer, batch, "release", 409)["code"] == "mandate_gone"
    assert {one["state"] for one in story.erp.all("/v1/debits")} == {"batched"}


def test_there_is_no_batch_of_nothing(story: Story) -> None:
    refused = story.treasury.post("/v1/debit-batches", {}, status=422)
    assert (refused["code"], refused["detail"]) == ("nothing_to_collect", "No CORE debit is scheduled.")


def test_files_are_listed_without_their_bytes(story: Story, batch: dict[str, Any]) -> None:
    listed = story.treasury.all("/v1/files")
    assert listed == [batch["file"]]
    assert story.treasury.get(f"/v1/files/{batch['file']['id']}") == batch["file"]
    assert "content" not in listed[0]
