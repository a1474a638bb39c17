"""create_app(): everything is wired here; start reading here."""

from __future__ import annotations

import asyncio
import atexit
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress

import structlog
from anyio import to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import errors, jobs, logs
from gateway.api import (
    credit_notes,
    creditors,
    customers,
    debit_batches,
    debits,
    events,
    files,
    health,
    invoices,
    mandates,
    payments,
    statements,
)
from gateway.runtime import Runtime, open_runtime
from gateway.settings import Settings

log = structlog.get_logger()

DESCRIPTION = """Invoices and mandates in, pain.008 out; bank statements in, paid invoices out.

Amounts are integers in minor units. Errors are problem+json (RFC 9457). POST requests that create money or a file
need an `Idempotency-Key` header. Lists are cursor pages: pass `next` as `after`.
"""


def create_app(runtime: Runtime, *, worker: bool = False) -> FastAPI:
    """The web application on an open database; with `worker` it also works on the job queue."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = runtime.settings.threads
        working = asyncio.create_task(jobs.run_worker(runtime)) if worker else None
        yield
        if working is not None:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    app: FastAPI = FastAPIOffline(
        title="Duecourse",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        max_body_size=runtime.settings.max_upload_bytes + 1024 * 1024,
    )
    app.state.runtime = runtime
    app.add_middleware(Accounting)
    errors.install(app)
    for module in (
        creditors, customers, invoices, credit_notes, mandates, debits, debit_batches, files,
        statements, payments, events, health,
    ):  # fmt: skip
        app.include_router(module.router)
    return app


class Accounting:
    """Numbers each request and logs its route, status and time: never its path, query, headers or body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = uuid.uuid4().hex
        begun = time.perf_counter()
        status = 500

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, numbered)
        finally:
            log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=scope["state"].get("route", "other"),
                status=status,
                milliseconds=round((time.perf_counter() - begun) * 1000, 1),
            )


def from_environment() -> FastAPI:
    """The application as the environment describes it, for servers that import it (`uvicorn --factory`)."""
    settings = Settings()
    logs.set_up(settings.log_level)
    opened = ExitStack()
    atexit.register(opened.close)
    return create_app(opened.enter_context(open_runtime(settings)), worker=settings.work_in_server)
