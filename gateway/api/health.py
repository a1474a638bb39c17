"""/healthz and /readyz: is the process alive, and can it do its work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError

from gateway import notice_sending
from gateway.errors import Unavailable
from gateway.runtime import Runtime
from ledger.errors import DuecourseError

router = APIRouter(tags=["health"])


class NotReady(Unavailable):
    """The database does not answer, or has another schema than this version needs."""


@router.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(request: Request) -> dict[str, str]:
    """The database answers and has the schema of this version; `mail` says whether notices can leave."""
    runtime: Runtime = request.app.state.runtime
    try:
        runtime.require_current_schema()
    except (SQLAlchemyError, DuecourseError):
        raise NotReady(
            "The database does not answer, or has another schema than this version needs."
        ) from None
    return {"status": "ready", "mail": "set" if notice_sending.is_configured(runtime) else "not set"}
