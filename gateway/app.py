"""create_app(): everything is wired here; start reading here."""

from __future__ import annotations

import asyncio
import atexit
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import cache

import structlog
from anyio import to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import errors, jobs, logs, settings
from gateway.api import (
    credit_notes,
    creditors,
    customers,
    debit_batches,
    debits,
    events,
    exports,
    files,
    health,
    invoices,
    line_decisions,
    line_rules,
    mandates,
    matches,
    matching_terms,
    notices,
    open_items,
    paybacks,
    payer_memories,
    payments,
    proposals,
    reason_codes,
    reports,
    statement_files,
    statements,
    status_reports,
)
from gateway.runtime import Runtime, open_runtime
from gateway.session import turnstile

log = structlog.get_logger()

ENVELOPE = 1024 * 1024  # bytes of a request beyond the file that it carries
GONE = 499  # logged where the caller went away before the whole request was there
MOST_DIGITS = 15  # of the length of any request that is meant seriously

DESCRIPTION = """Invoices and mandates in, pain.008 out; bank statements in, paid invoices out.

Amounts are integers in minor units. Errors are problem+json (RFC 9457). POST requests that create money or a file
need an `Idempotency-Key` header. Lists are cursor pages: pass `next` as `after`.
"""


def create_app(runtime: Runtime, *, worker: bool = False) -> FastAPI:
    """The web application on an open database; with `worker` it also works on the job queue."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = runtime.settings.threads
        working = asyncio.create_task(jobs.keep_working(runtime)) if worker else None
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
    )
    app.state.runtime = runtime
    app.state.turnstile = turnstile(runtime.settings.threads)
    largest = runtime.settings.max_upload_bytes + ENVELOPE
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=largest)
    app.add_middleware(Accounting, largest=largest)
    errors.install(app)
    for module in (
        creditors, customers, invoices, credit_notes, mandates, debits, notices, debit_batches, files,
        statement_files, statements, line_decisions, proposals, open_items, status_reports, matches, matching_terms,
        payer_memories, line_rules, payments, paybacks, reason_codes, reports, exports, events, health,
    ):  # fmt: skip
        app.include_router(module.router, responses=errors.documented())
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Let the OpenAPI document, which is made when it is first asked for, describe refusals as they are."""
    plain = app.openapi
    app.openapi = cache(lambda: errors.name_media_type(plain()))  # type: ignore[method-assign]


class Accounting:
    """Numbers each request and logs its route, status and time: never its path, query, headers or body.

    It is also where an error that nobody foresaw ends, so that no server around it logs what the error says.
    """

    def __init__(self, app: ASGIApp, *, largest: int) -> None:
        self._app, self._largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = uuid.uuid4().hex
        begun = time.perf_counter()
        status, answered = 500, False

        async def numbered(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._answer(scope, receive, numbered)
        except ClientDisconnect:
            status = GONE
        except Exception as error:
            sorry = errors.unexpected(Request(scope), error)
            if not answered:
                await sorry(scope, receive, numbered)
        finally:
            log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=scope["state"].get("route", "other"),
                status=status,
                milliseconds=round((time.perf_counter() - begun) * 1000, 1),
            )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what says of itself that it is too large; what does not say so is counted while it is read."""
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and (len(length) > MOST_DIGITS or int(length) > self._largest):
            await errors.too_large(Request(scope), self._largest)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def from_environment() -> FastAPI:
    """The application as the environment describes it, for servers that import it (`uvicorn --factory`)."""
    chosen = settings.load()
    logs.set_up(chosen.log_level)
    opened = ExitStack()
    atexit.register(opened.close)
    return create_app(opened.enter_context(open_runtime(chosen)), worker=chosen.work_in_server)
