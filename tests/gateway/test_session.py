"""One request, one transaction: all or nothing, again after a deadlock, and no more at once than connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from gateway.access import create_api_key
from gateway.app import create_app
from gateway.roles import Role
from gateway.runtime import Runtime
from gateway.session import SPARE_CONNECTIONS, turnstile
from gateway.settings import Settings
from ledger import customers, database
from reconciliation import importing
from tests.factories.api import Caller
from tests.factories.journey import Story, transfer


def refuse_first(
    monkeypatch: pytest.MonkeyPatch, target: str, real: Callable[..., Any], error: Exception, times: int = 1
) -> list[int]:
    """Let the first calls of `target` do their work and then fail; gives the list of calls made."""
    calls: list[int] = []

    def flaky(*given: Any, **more: Any) -> Any:
        calls.append(len(calls) + 1)
        done = real(*given, **more)
        if len(calls) <= times:
            raise error
        return done

    monkeypatch.setattr(target, flaky)
    return calls


DEADLOCK = OperationalError("UPDATE", {}, psycopg.errors.DeadlockDetected())


def test_after_a_deadlock_the_whole_request_is_done_again_and_once(
    erp: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = refuse_first(monkeypatch, "ledger.customers.create", customers.create, DEADLOCK, times=2)
    made = erp.post("/v1/customers", {"name": "Erika Beispiel", "external_id": "K-1"})
    assert calls == [1, 2, 3]
    assert [one["id"] for one in erp.all("/v1/customers")] == [made["id"]]


def test_after_five_deadlocks_the_caller_may_try_again(erp: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = refuse_first(monkeypatch, "ledger.customers.create", customers.create, DEADLOCK, times=9)
    refused = erp.post("/v1/customers", {"name": "Erika Beispiel"}, status=503)
    assert refused["code"] == "busy"
    assert calls == [1, 2, 3, 4, 5]
    assert erp.all("/v1/customers") == []


def test_an_upload_is_read_from_its_beginning_again_after_a_deadlock(
    admin: Caller,
    erp: Caller,
    treasury: Caller,
    second_treasurer: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    calls = refuse_first(monkeypatch, "reconciliation.importing.take_in", importing.take_in, DEADLOCK)
    story.bank_books(transfer(5_000, "Danke"))
    assert calls == [1, 2]
    assert [one["amount_minor"] for one in treasury.all("/v1/statement-lines")] == [5_000]
    assert [one["state"] for one in treasury.all("/v1/statement-files")] == ["imported"]


@pytest.fixture
def crowded(database_url: str, runtime: Runtime) -> Iterator[Caller]:
    """The API with three connections: one request at a time at the books."""
    settings = Settings(database_url=SecretStr(database_url), threads=3, _env_file=None)
    engine = database.connect(database_url, connections=3)
    act = runtime.act("test")
    _, secret = runtime.run(lambda session: create_api_key(session, name="erp", role=Role.ERP, act=act))
    with TestClient(create_app(Runtime(settings, engine))) as client:
        yield Caller(client, secret)
    engine.dispose()


@pytest.mark.race
def test_more_requests_than_connections_wait_for_their_turn(crowded: Caller) -> None:
    """Requests that hold a connection and wait for a thread must not meet threads that wait for a connection."""
    start = threading.Barrier(24)

    def create(number: int) -> int:
        start.wait()
        body = {"name": "Erika Beispiel", "external_id": f"K-{number}"}
        reply = crowded.client.post("/v1/customers", json=body, headers=crowded.headers)
        return int(reply.status_code)

    with ThreadPoolExecutor(24) as threads:
        assert list(threads.map(create, range(24))) == [201] * 24
    assert len(crowded.all("/v1/customers")) == 24


def test_who_waits_too_long_for_a_turn_is_sent_away(crowded: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.session.LONGEST_WAIT", 0.05)
    let_go, inside = threading.Event(), threading.Event()
    real = customers.create

    def slow(*given: Any, **more: Any) -> Any:
        inside.set()
        assert let_go.wait(10)
        return real(*given, **more)

    monkeypatch.setattr("ledger.customers.create", slow)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(crowded.post, "/v1/customers", {"name": "Erika Beispiel"})
        assert inside.wait(10)
        refused = crowded.get("/v1/customers", status=503)
        assert refused["code"] == "too_busy"
        let_go.set()
        assert first.result()["name"] == "Erika Beispiel"
    assert len(crowded.all("/v1/customers")) == 1


def test_connections_are_left_for_jobs_and_for_the_question_whether_all_is_well() -> None:
    assert turnstile(20).total_tokens == 20 - SPARE_CONNECTIONS
    assert turnstile(2).total_tokens == 1
