"""The bank's answers over HTTP: uploaded like statements, listed with what became of everything they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ledger.identifiers import new_id
from tests.factories.api import Caller
from tests.factories.journey import Story
from tests.factories.pain002 import Block, Tx, Why, report


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


@pytest.fixture
def collected(story: Story) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A released batch and its two debits, of 120.00 and 49.50 EUR."""
    story.invoice(12_000, mandate=True)
    story.invoice(4_950, mandate=True)
    batch = story.collect()
    return batch, story.treasury.all("/v1/debits")


def test_a_report_is_uploaded_applied_and_listed(
    story: Story, collected: tuple[dict[str, Any], list[dict[str, Any]]], work: Callable[[], None]
) -> None:
    batch, (first, other) = collected
    content = report(
        Block(
            batch["blocks"][0]["payment_information_id"],
            [
                Tx(
                    first["end_to_end_id"],
                    amount=12_000,
                    why=[Why("AC04", information=["Konto erloschen"], party="X")],
                ),
                Tx("E2E-NOBODY", code="AM04"),
            ],
        ),
        original_message_id=batch["message_id"],
    )
    (done,) = story.treasury.upload(content)
    (answer,) = done["answers"]
    assert (done["state"], done["imported"], answer["batch_id"], answer["outcomes"]) == (
        "handed_on", 0, batch["id"], {"rejected": 1, "unknown": 1},
    )  # fmt: skip
    (listed,) = story.treasury.all("/v1/status-reports")
    assert (listed["id"], listed["outcomes"], listed["item_count"]) == (
        answer["report_id"],
        answer["outcomes"],
        2,
    )
    shown = story.treasury.get(f"/v1/status-reports/{answer['report_id']}")
    rejected, unknown = shown["items"]["data"]
    assert (rejected["debit_id"], rejected["outcome"], rejected["level"], rejected["reason_code"]) == (
        first["id"], "rejected", "transaction", "AC04",
    )  # fmt: skip
    assert rejected["reasons"] == [
        {"code": "AC04", "proprietary": False, "information": ["Konto erloschen"], "bank": None, "party": "X"}
    ]
    assert (unknown["debit_id"], unknown["because"]) == (None, "No debit of ours has this EndToEndId.")
    assert story.treasury.get(f"/v1/debits/{first['id']}")["state"] == "rejected"
    assert story.treasury.get(f"/v1/debit-batches/{batch['id']}")["state"] == "partly_rejected"
    work()
    types = [event["type"] for event in story.treasury.get("/v1/events", limit=500)["data"]]
    assert {"status_report.received", "debit.rejected", "batch.partly_rejected"} <= set(types)
    assert story.treasury.get(f"/v1/debits/{other['id']}")["state"] == "submitted"


def test_items_are_read_page_by_page_and_by_outcome(
    story: Story, collected: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    batch, debits = collected
    told = [Tx(f"E2E-{number}", code="AM04") for number in range(3)]
    told += [Tx(debit["end_to_end_id"], code="AM04") for debit in debits]
    content = report(Block("X", told), original_message_id=batch["message_id"])
    (done,) = story.treasury.upload(content)
    path = f"/v1/status-reports/{done['answers'][0]['report_id']}"
    first = story.treasury.get(path, limit=4)["items"]
    rest = story.treasury.get(path, limit=4, after=first["next"])["items"]
    assert ([item["position"] for item in first["data"]], first["next"]) == ([1, 2, 3, 4], 4)
    assert ([item["position"] for item in rest["data"]], rest["next"]) == ([5], None)
    rejected = story.treasury.get(path, outcome="rejected")["items"]["data"]
    assert [item["debit_id"] for item in rejected] == [debit["id"] for debit in debits]


def test_reports_are_chosen_by_batch_and_by_what_they_answer(
    story: Story, collected: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    batch, _ = collected
    story.treasury.upload(
        report(status="ACTC", original_message_id=batch["message_id"]),
        report(status="ACTC", original_message_id="T-1", original_message_name="pain.001.001.09"),
    )
    (ours,) = story.treasury.all("/v1/status-reports", batch_id=batch["id"])
    assert (ours["answers"], ours["status"], ours["outcomes"]) == ("debits", "ACTC", {"accepted": 1})
    (other,) = story.treasury.all("/v1/status-reports", answers="transfers")
    assert (other["batch_id"], other["outcomes"]) == (None, {"other_order": 1})
    assert story.treasury.get(f"/v1/debit-batches/{batch['id']}")["state"] == "accepted"


def test_a_report_that_there_is_not_is_not_found(story: Story) -> None:
    nobody = new_id("rep")
    refused = story.treasury.get(f"/v1/status-reports/{nobody}", status=404)
    assert (refused["code"], refused["detail"]) == (
        "status_report_not_found", f"There is no status report {nobody}.",
    )  # fmt: skip
