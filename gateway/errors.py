"""Refusals as RFC 9457 problem+json: the domain's errors know no HTTP, this table does."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ledger.database import Busy
from ledger.errors import Conflict, DuecourseError, NotFound, Rejected

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"

_STATUS: tuple[tuple[type[DuecourseError], int], ...] = (
    (Busy, 503),
    (NotFound, 404),
    (Conflict, 409),
    (Rejected, 422),
)


class Unauthenticated(DuecourseError):
    """The request carries no valid API key."""


class Forbidden(DuecourseError):
    """The API key's role does not allow this."""


class BadRequest(DuecourseError):
    """A header or the form of the request is missing or wrong."""


class TooLarge(DuecourseError):
    """The upload is larger than what is taken in."""


_OURS: dict[type[DuecourseError], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    BadRequest: 400,
    TooLarge: 413,
}


def status_of(error: DuecourseError) -> int:
    """The HTTP status of a refusal."""
    own = _OURS.get(type(error))
    return own or next((status for base, status in _STATUS if isinstance(error, base)), 500)


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
    return JSONResponse(jsonable_encoder(body), status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Let `app` answer every error with a problem document."""
    app.add_exception_handler(DuecourseError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DuecourseError)  # noqa: S101 - what this handler is registered for
    status = status_of(error)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(status)
    return problem(
        status=status, code=error.code, detail=error.message, request=request, headers=headers,
        field=error.field,
    )  # fmt: skip


def _invalid(request: Request, error: Exception) -> JSONResponse:
    """What does not fit the schema; the values themselves are not repeated."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what this handler is registered for
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"][1:]), "message": fault["msg"]}
        for fault in error.errors()
    ]
    first = faults[0] if faults else {"field": None, "message": "The request does not fit the schema."}
    return problem(
        status=422, code="invalid_request", detail=f"{first['field']}: {first['message']}", request=request,
        field=first["field"], errors=faults,
    )  # fmt: skip


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - what this handler is registered for
    code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(
        error.status_code, "http_error"
    )
    return problem(
        status=error.status_code, code=code, detail=str(error.detail), request=request,
        headers=dict(error.headers or {}),
    )  # fmt: skip


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    """Something nobody foresaw: the log knows what, the caller gets only the number to ask about."""
    log.error("unexpected", request_id=getattr(request.state, "request_id", None), error=type(error).__name__)
    return problem(
        status=500, code="internal_error",
        detail="Something went wrong on our side. Nothing was changed.", request=request,
    )  # fmt: skip
