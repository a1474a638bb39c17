"""/healthz and /readyz: is the process alive, and can it do its work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from gateway.runtime import Runtime
from ledger.errors import DuecourseError

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(request: Request) -> JSONResponse:
    """The database answers and has the schema of this version."""
    runtime: Runtime = request.app.state.runtime
    try:
        runtime.require_current_schema()
    except (SQLAlchemyError, DuecourseError):
        return JSONResponse({"status": "not ready"}, 503, headers={"Retry-After": "2"})
    return JSONResponse({"status": "ready"})
