"""Logs say what happened, when and how long it took, and never who, how much or which account."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from gateway import jobs, logs
from gateway.runtime import Runtime
from tests.factories.api import Caller
from tests.factories.books import OUR_IBAN
from tests.factories.journey import Story, transfer

NAMES = ("Friederike Geheim", "Ottokar Diskret")
TEXT = "Kaution Wohnung Lindenallee 5"


@pytest.fixture
def logging_as_served(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Logs are set up as `duecourse serve` does it, at the level at which most is said."""
    others = logging.root.handlers[:]
    logging.root.handlers[:] = []
    logs.set_up("debug")
    (ours,) = logging.root.handlers
    logging.root.handlers[:] = [*others, ours]
    yield
    logging.root.removeHandler(ours)
    structlog.reset_defaults()


def lines(captured: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.splitlines()]


@pytest.mark.usefixtures("logging_as_served")
def test_a_whole_journey_leaves_no_name_account_or_secret_in_the_log(
    admin: Caller,
    erp: Caller,
    treasury: Caller,
    second_treasurer: Caller,
    work: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    for name in NAMES:
        story.customer(name)
    story.invoice(7_197, mandate=True)
    batch = story.collect()
    debit = erp.all("/v1/debits")[0]
    story.bank_answers(batch, outcomes={debit["end_to_end_id"]: "AM04"})
    story.bank_books(transfer(23_990, TEXT, payer=NAMES[1]))
    work()
    treasury.upload(TEXT.encode(), OUR_IBAN.encode())
    erp.get(f"/v1/customers/{NAMES[0]}", status=404)
    erp.get("/v1/customers", external_id=NAMES[0])
    erp.get("/v1/customers", after=OUR_IBAN, status=422)
    erp.post("/v1/customers", {"name": NAMES[0], "iban": "DE00"}, status=422, key=NAMES[0].encode().hex())

    told = capsys.readouterr().err
    ibans = [one["iban"] for one in erp.all("/v1/mandates")]
    secrets = [caller.headers["Authorization"].split()[1] for caller in (admin, erp, treasury)]
    for private in (*NAMES, "Erika Beispiel", TEXT, OUR_IBAN, *ibans, *secrets, debit["end_to_end_id"]):
        assert told.count(private) == 0
    requests = [line for line in lines(told) if line["event"] == "request"]
    assert len(requests) >= 20
    assert {line["route"] for line in requests} >= {"/v1/customers/{customer_id}", "/v1/statements"}
    assert [line["event"] for line in lines(told) if line["event"] == "matched"] == ["matched"]


@pytest.mark.usefixtures("logging_as_served")
def test_an_error_is_logged_with_its_place_and_without_its_words(
    erp: Caller, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*given: Any, **more: Any) -> None:
        raise LookupError(NAMES[0], OUR_IBAN)

    monkeypatch.setattr("ledger.audit.record", failing)
    refused = erp.post("/v1/customers", {"name": NAMES[1]}, status=500)
    told = capsys.readouterr().err
    unexpected = next(line for line in lines(told) if line["event"] == "unexpected")
    assert (unexpected["error"], unexpected["level"]) == ("LookupError", "error")
    assert unexpected["request_id"] == refused["request_id"]
    steps = [step.split(":")[0] for step in unexpected["where"].split(" > ")]
    assert steps[-2:] == ["gateway/api/customers.py", "ledger/customers.py"]
    assert not any(private in told for private in (*NAMES, OUR_IBAN))


@pytest.mark.usefixtures("logging_as_served")
def test_a_job_that_fails_is_logged_without_its_words(
    admin: Caller,
    erp: Caller,
    treasury: Caller,
    second_treasurer: Caller,
    work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing(*given: Any, **more: Any) -> None:
        raise LookupError(NAMES[0], OUR_IBAN)

    Story(admin, erp, treasury, second_treasurer).bank_books(transfer(23_990, TEXT))
    monkeypatch.setattr("reconciliation.matching.match_own_chunk", failing)
    work()
    told = capsys.readouterr().err
    failed = [line for line in lines(told) if line["level"] == "error"]
    assert [(line["event"], line["error"]) for line in failed] == [("procrastinate.worker", "LookupError")]
    assert failed[0]["where"].startswith("gateway/jobs.py:")
    assert not any(private in told for private in (*NAMES, OUR_IBAN, TEXT))


@pytest.mark.usefixtures("logging_as_served")
def test_jobs_say_how_much_they_did(runtime: Runtime, capsys: pytest.CaptureFixture[str]) -> None:
    assert jobs.age_invoices(runtime) == 0
    structlog.get_logger().info("aged", count=3, name=NAMES[0], iban=OUR_IBAN)
    (line,) = lines(capsys.readouterr().err)
    assert (line["event"], line["count"]) == ("aged", 2)
    assert set(line) == {"event", "level", "timestamp", "count"}


def test_only_harmless_fields_are_allowed() -> None:
    """A field is added here on purpose, or it does not reach a log."""
    assert {
        "event", "level", "timestamp", "request_id", "method", "route", "status", "milliseconds", "key_id",
        "error", "where", "task", "job_id", "lines", "matched", "waiting", "file_id", "count", "host", "port",
        "version",
    } == logs.ALLOWED  # fmt: skip


@pytest.mark.usefixtures("logging_as_served")
def test_other_libraries_are_heard_without_what_they_quote(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("sqlalchemy.pool").warning("row %s of %s", OUR_IBAN, NAMES[0])
    logging.getLogger("sqlalchemy.pool").info("not even that")
    logging.getLogger("uvicorn.error").error("[Errno 98] address already in use")
    failure = ValueError(OUR_IBAN)
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=failure)
    first, second, third = lines(capsys.readouterr().err)
    assert (first["event"], first["level"]) == ("sqlalchemy.pool", "warning")
    assert set(first) == {"event", "level", "timestamp"}
    assert second["says"] == "[Errno 98] address already in use"
    assert (third["error"], "says" in third) == ("ValueError", False)


def test_the_place_of_an_error_outside_our_code_is_empty() -> None:
    with pytest.raises(ValueError, match="Expecting") as broken:
        json.loads("{")
    assert logs.where(broken.value) == ""
