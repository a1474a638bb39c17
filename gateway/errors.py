"""Refusals as RFC 9457 problem+json: the domain's errors know no HTTP, this table does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import exc as sql
from starlette.exceptions import HTTPException

from gateway.logs import where
from ledger.database import Busy
from ledger.errors import Conflict, DuecourseError, NotFound, Rejected

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"


class Unauthenticated(DuecourseError):
    """The request carries no valid API key."""


class Forbidden(DuecourseError):
    """The API key's role does not allow this."""


class BadRequest(DuecourseError):
    """A header or the form of the request is missing or wrong."""


class TooLarge(DuecourseError):
    """The upload is larger than what is taken in."""


class Unavailable(DuecourseError):
    """The server cannot do its work now; the same request may succeed later."""


_STATUS: tuple[tuple[type[DuecourseError], int], ...] = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (BadRequest, 400),
    (TooLarge, 413),
    (Unavailable, 503),
    (Busy, 503),
    (NotFound, 404),
    (Conflict, 409),
    (Rejected, 422),
)
_HEADERS: Mapping[int, Mapping[str, str]] = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}

# What the database says when it is gone, going, or out of connections.
_DATABASE_GONE = (sql.OperationalError, sql.InterfaceError, sql.TimeoutError)

# Fields of ours are named like this; what else a request puts into the place of a name is input, and not repeated.
_FIELD = re.compile(r"[A-Za-z][A-Za-z_-]{0,39}|[0-9]{1,6}")


class Fault(BaseModel):
    """One thing in the request that does not fit."""

    field: str
    message: str


class Problem(BaseModel):
    """What every refusal looks like (RFC 9457); `code` is stable, `detail` is a sentence for people."""

    type: str = Field(examples=["urn:duecourse:problem:invoice_rejected"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["invoice_rejected"])
    request_id: str | None
    field: str | None = Field(default=None, description="Where in the request the fault lies, if known.")
    errors: list[Fault] | None = Field(
        default=None, description="Every fault of a request that does not fit."
    )


def status_of(error: DuecourseError) -> int:
    """The HTTP status of a refusal."""
    return next((status for base, status in _STATUS if isinstance(error, base)), 500)


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    request: Request,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """One problem+json reply (RFC 9457); `type` is stable and names the code."""
    body = {
        "type": f"urn:duecourse:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": getattr(request.state, "request_id", None),
        **{name: value for name, value in more.items() if value is not None},
    }
    told = {**_HEADERS.get(status, {}), **(headers or {})}
    return JSONResponse(jsonable_encoder(body), status, media_type=MEDIA_TYPE, headers=told)


def install(app: FastAPI) -> None:
    """Let `app` answer every error it foresees with a problem document; `unexpected` is for all others."""
    app.add_exception_handler(DuecourseError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for gone in _DATABASE_GONE:
        app.add_exception_handler(gone, _database_gone)


def documented() -> dict[int | str, dict[str, Any]]:
    """How refusals are described in the OpenAPI document, by status."""
    return {"4XX": {"model": Problem, "description": "Refused"}}


def name_media_type(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI `document`, with every refusal under the media type it comes with."""
    for methods in document["paths"].values():
        for operation in methods.values():
            content = operation["responses"]["4XX"]["content"]
            described = [content.pop(kind) for kind in list(content)]
            content[MEDIA_TYPE] = described[0]
    return document


def unexpected(request: Request, error: Exception) -> JSONResponse:
    """Something nobody foresaw: the log knows what and where, the caller gets only the number to ask about."""
    request_id = getattr(request.state, "request_id", None)
    log.error("unexpected", request_id=request_id, error=type(error).__name__, where=where(error))
    return problem(
        status=500, code="internal_error",
        detail="Something went wrong on our side. Nothing was changed.", request=request,
    )  # fmt: skip


def too_large(request: Request, largest: int) -> JSONResponse:
    """The refusal of a request that nobody begins to read."""
    return problem(
        status=413, code="too_large", detail=f"A request has at most {largest} bytes.", request=request
    )


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DuecourseError)  # noqa: S101 - what this handler is registered for
    return problem(
        status=status_of(error), code=error.code, detail=error.message, request=request, field=error.field
    )


def _invalid(request: Request, error: Exception) -> JSONResponse:
    """What does not fit the schema; the values themselves are not repeated. A wrong id in the path names nothing."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what this handler is registered for
    found = error.errors()
    wrong_ids = [fault["loc"] for fault in found if fault["loc"][0] == "path"]
    if wrong_ids:
        return problem(
            status=404, code="not_found", detail="There is nothing with such an id.", request=request,
            field=_place(wrong_ids[0]),
        )  # fmt: skip
    faults = [{"field": _place(fault["loc"]), "message": _sentence(fault)} for fault in found]
    first = faults[0] if faults else {"field": "body", "message": "The request does not fit the schema."}
    return problem(
        status=422, code="invalid_request", detail=f"{first['field']}: {first['message']}", request=request,
        field=first["field"], errors=faults,
    )  # fmt: skip


def _place(loc: tuple[int | str, ...]) -> str:
    """Where a fault lies: the names of fields from the outside in; `body` for a body that is no JSON object."""
    inside = [str(part) for part in loc[1:]]
    if not inside or (loc[0] == "body" and isinstance(loc[1], int)):
        return str(loc[0])
    return ".".join(part if _FIELD.fullmatch(part) else "(unknown)" for part in inside)


def _sentence(fault: Mapping[str, Any]) -> str:
    return str(fault["msg"]).removeprefix("Value error, ")


_HTTP_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - what this handler is registered for
    return problem(
        status=error.status_code, code=_HTTP_CODES.get(error.status_code, "http_error"),
        detail=str(error.detail), request=request, headers=dict(error.headers or {}),
    )  # fmt: skip


def _database_gone(request: Request, error: Exception) -> JSONResponse:
    """The database did not answer to the end, perhaps not even to a commit: only a repeated request can tell."""
    log.error(
        "database_gone", request_id=getattr(request.state, "request_id", None), error=type(error).__name__
    )
    return problem(
        status=503, code="unavailable", request=request,
        detail="The database does not answer. Send the same request again, with the same Idempotency-Key.",
    )  # fmt: skip
