"""Every refusal is a problem document that says what is wrong, where, and under which number to ask; never a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import exc as sql
from sqlalchemy import func, select

from gateway import errors
from gateway.app import create_app
from gateway.runtime import Runtime
from gateway.settings import Settings
from ledger import customers
from ledger.database import Busy
from ledger.errors import Conflict, DuecourseError, NotFound, Rejected
from ledger.models import Customer
from tests.factories.api import Caller
from tests.factories.books import OUR_IBAN
from tests.factories.journey import Story

NAME = "Friederike Geheim"
PLACES = {"type", "title", "status", "detail", "code", "request_id"}


def problem(reply: Any, status: int, code: str, *, field: str | None = None) -> dict[str, Any]:
    """The document of a refusal, after its shape was checked."""
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")
    told = reply.json()
    assert told["status"] == status
    assert (told["code"], told.get("field")) == (code, field)
    assert told["type"] == f"urn:duecourse:problem:{code}"
    assert told["title"] == code.replace("_", " ")
    assert set(told) - {"field", "errors"} == PLACES
    assert told["request_id"] == reply.headers["X-Request-ID"]
    assert told["detail"]
    assert NAME not in reply.text
    assert OUR_IBAN not in reply.text
    return told


def as_json(**more: str) -> dict[str, str]:
    return {"Content-Type": "application/json", **more}


def test_400_a_body_that_cannot_be_read(erp: Caller) -> None:
    for body in (b"\xff\xfe" + NAME.encode(), b"[" * 100_000):
        reply = erp.client.post("/v1/customers", content=body, headers=as_json(**erp.headers))
        problem(reply, 400, "bad_request")


def test_400_a_missing_idempotency_key(erp: Caller) -> None:
    reply = erp.client.post("/v1/credit-notes", json={}, headers=erp.headers)
    problem(reply, 400, "idempotency_key_missing", field="Idempotency-Key")


def test_400_an_upload_without_its_boundary(treasury: Caller) -> None:
    headers = {**treasury.headers, "Content-Type": "multipart/form-data"}
    problem(treasury.client.post("/v1/statements", content=b"x", headers=headers), 400, "bad_request")


def test_401_and_403(client: TestClient, auditor: Caller) -> None:
    unknown = client.get("/v1/customers")
    problem(unknown, 401, "unauthenticated")
    problem(auditor.client.post("/v1/customers", json={}, headers=auditor.headers), 403, "forbidden")


def test_404_an_address_that_is_none(client: TestClient) -> None:
    problem(client.get(f"/v1/{NAME}"), 404, "not_found")


def test_404_a_thing_that_is_not_there(erp: Caller) -> None:
    reply = erp.client.get("/v1/invoices/inv_01jz3q5v9yfk2a8m4t6w7x1c0d", headers=erp.headers)
    problem(reply, 404, "invoice_not_found", field="invoice_id")


def test_404_an_id_that_is_none_is_not_repeated(erp: Caller) -> None:
    for wrong in (OUR_IBAN, NAME, "x" * 3_000, "inv_" + "0" * 25, "' OR 1=1 --", "%00", "ä"):
        reply = erp.client.get(f"/v1/invoices/{wrong}", headers=erp.headers)
        told = problem(reply, 404, "not_found", field="invoice_id")
        assert told["detail"] == "There is nothing with such an id."


def test_405_a_method_that_the_address_does_not_know(erp: Caller) -> None:
    reply = erp.client.delete("/v1/customers", headers=erp.headers)
    problem(reply, 405, "method_not_allowed")
    assert set(reply.headers["Allow"].split(", ")) <= {"GET", "POST"}


def test_409_what_the_books_do_not_allow_now(erp: Caller) -> None:
    body = {"name": NAME, "external_id": "K-1"}
    erp.post("/v1/customers", body)
    reply = erp.client.post("/v1/customers", json=body, headers=erp.headers)
    problem(reply, 409, "external_id_taken", field="external_id")


@pytest.fixture
def narrow(runtime: Runtime) -> Iterator[Callable[[Caller], Caller]]:
    """The same books behind a door that lets in 1,000 bytes a file, and a mebibyte a request."""
    settings = Settings(
        database_url=SecretStr(runtime.engine.url.render_as_string(False)),
        max_upload_bytes=1_000,
        _env_file=None,
    )
    with TestClient(create_app(Runtime(settings, runtime.engine))) as client:
        yield lambda caller: Caller(client, caller.headers["Authorization"].removeprefix("Bearer "))


def test_413_a_file_that_is_too_large(narrow: Callable[[Caller], Caller], treasury: Caller) -> None:
    small = narrow(treasury)
    files = [("files", ("good.xml", b"<x/>")), ("files", ("large.xml", b"x" * 1_001))]
    reply = small.client.post("/v1/statements", files=files, headers=small.headers)
    told = problem(reply, 413, "too_large", field="files")
    assert told["detail"] == "A statement file has at most 1000 bytes."
    assert treasury.all("/v1/statement-files") == []


def test_413_a_request_that_is_too_large(narrow: Callable[[Caller], Caller], erp: Caller) -> None:
    small = narrow(erp)
    reply = small.client.post(
        "/v1/customers", content=b'{"name": "' + b"x" * 2**21, headers=as_json(**small.headers)
    )
    problem(reply, 413, "too_large")


def test_413_a_request_that_hides_its_length(narrow: Callable[[Caller], Caller], erp: Caller) -> None:
    small = narrow(erp)
    endless = (b"x" * 2**16 for _ in range(64))
    reply = small.client.post("/v1/invoices/bulk", content=endless, headers=small.headers)
    problem(reply, 413, "too_large")


def test_422_every_fault_is_named_and_no_value_repeated(erp: Caller) -> None:
    body = {"number": NAME * 10, "customer_id": OUR_IBAN, "total_minor": NAME, "issued_on": NAME}
    reply = erp.client.post("/v1/invoices", json=body, headers={**erp.headers, "Idempotency-Key": "1"})
    told = problem(reply, 422, "invalid_request", field="number")
    assert [fault["field"] for fault in told["errors"]] == [
        "number", "customer_id", "total_minor", "issued_on", "due_on",
    ]  # fmt: skip
    assert told["errors"][3]["message"] == "A date is written as YYYY-MM-DD."


def test_422_a_field_nobody_knows_is_named_but_not_if_it_may_be_anything(erp: Caller) -> None:
    for sent, shown in (("totalminor", "totalminor"), (OUR_IBAN, "(unknown)"), (NAME, "(unknown)")):
        reply = erp.client.post("/v1/customers", json={"name": "x", sent: 1}, headers=erp.headers)
        problem(reply, 422, "invalid_request", field=shown)


def test_422_a_body_that_is_no_object(erp: Caller) -> None:
    for body in (b"", b"{", b"[]", b"null", b'"text"', b"\x00"):
        reply = erp.client.post("/v1/customers", content=body, headers=as_json(**erp.headers))
        problem(reply, 422, "invalid_request", field="body")


def test_422_what_is_wrong_in_itself(erp: Caller) -> None:
    for body, code, field in (
        ({"name": NAME, "iban": "DE00" + OUR_IBAN[4:]}, "invalid_iban", "iban"),
        ({"name": NAME, "iban": NAME}, "invalid_iban", "iban"),
        ({"name": NAME + "\0"}, "unreadable_text", "name"),
    ):
        reply = erp.client.post("/v1/customers", json=body, headers=erp.headers)
        problem(reply, 422, code, field=field)


def test_500_says_nothing_but_a_number_and_undoes_everything(
    erp: Caller, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = customers.create

    def failing(*given: Any, **more: Any) -> None:
        real(*given, **more)
        raise KeyError(NAME, OUR_IBAN)

    monkeypatch.setattr("ledger.customers.create", failing)
    reply = erp.client.post("/v1/customers", json={"name": NAME}, headers=erp.headers)
    told = problem(reply, 500, "internal_error")
    assert told["detail"] == "Something went wrong on our side. Nothing was changed."
    with runtime.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 0
    assert erp.get("/v1/events")["data"] == []


def test_503_rows_that_others_hold_for_too_long(erp: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = Busy("Other work holds these rows. Try again in a moment.")
    monkeypatch.setattr("ledger.customers.create", failing_with(busy))
    reply = erp.client.post("/v1/customers", json={"name": NAME}, headers=erp.headers)
    problem(reply, 503, "busy")
    assert reply.headers["Retry-After"] == "1"


def test_503_a_database_that_is_gone(erp: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    for gone in (
        sql.OperationalError("SELECT", {}, psycopg.OperationalError("the connection is closed")),
        sql.InterfaceError("SELECT", {}, psycopg.InterfaceError("the connection is closed")),
        sql.TimeoutError("QueuePool limit"),
    ):
        monkeypatch.setattr("ledger.customers.create", failing_with(gone))
        reply = erp.client.post("/v1/customers", json={"name": NAME}, headers=erp.headers)
        told = problem(reply, 503, "unavailable")
        assert told["detail"].endswith("Send the same request again, with the same Idempotency-Key.")
        assert reply.headers["Retry-After"] == "1"


def failing_with(error: Exception) -> Callable[..., None]:
    def failing(*given: Any, **more: Any) -> None:
        raise error

    return failing


def test_every_base_of_refusals_has_its_status() -> None:
    known = {
        NotFound: 404, Conflict: 409, Rejected: 422, Busy: 503, errors.Unauthenticated: 401,
        errors.Forbidden: 403, errors.BadRequest: 400, errors.TooLarge: 413, errors.Unavailable: 503,
    }  # fmt: skip
    assert {base: errors.status_of(base("x")) for base in known} == known
    assert errors.status_of(DuecourseError("x")) == 500


def test_a_refusal_in_the_middle_leaves_no_trace(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    invoice = story.invoice(12_000, mandate=True)
    before = erp.get("/v1/events", limit=1000)["next"]
    erp.post("/v1/debits", {"invoice_id": invoice["id"], "collect_on": "2026-11-18"}, status=422)
    assert erp.get("/v1/events", limit=1000)["next"] == before
    assert story.status(invoice) == "due"


def test_every_request_has_a_number_of_its_own(client: TestClient) -> None:
    numbers = {client.get("/healthz").headers["X-Request-ID"] for _ in range(5)}
    assert len(numbers) == 5


def test_the_application_survives_an_error_before_any_route(runtime: Runtime) -> None:
    app = create_app(runtime)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError(NAME + str(timedelta(days=1)))

    assert isinstance(app, FastAPI)
    with TestClient(app) as client:
        problem(client.get("/broken"), 500, "internal_error")
        assert client.get("/healthz").status_code == 200
