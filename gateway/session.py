"""One request, one transaction: opened before the endpoint, committed after its reply is ready, before it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

from anyio import CapacityLimiter, move_on_after
from fastapi import Depends, Header, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway import access
from gateway.errors import BadRequest, Unavailable
from gateway.models import ApiKey, IdempotentReply
from gateway.roles import Permission
from gateway.runtime import Runtime
from ledger.acts import Act
from ledger.database import MOST_ATTEMPTS, pause_or_give_up
from ledger.errors import Conflict, Rejected

LONGEST_KEY = 255
LONGEST_WAIT = 20  # seconds a request waits for its turn; as long as it waits for locked rows
SPARE_CONNECTIONS = (
    2  # for the jobs that are worked on in the same process, and for the question whether it is ready
)


class IdempotencyKeyMissing(BadRequest):
    """This request needs an Idempotency-Key header."""


class IdempotencyKeyReused(Rejected):
    """The Idempotency-Key was used for another request."""


class StillRunning(Conflict):
    """A request with this Idempotency-Key is being worked on."""


class TooBusy(Unavailable):
    """More requests are waiting for a database connection than can be answered in time."""


def turnstile(connections: int) -> CapacityLimiter:
    """Lets as many requests at the database at once as there are connections for them.

    A request keeps its connection while it hops from thread to thread. Without this limit all threads could wait for
    connections that are held by requests which wait for a thread.
    """
    return CapacityLimiter(max(1, connections - SPARE_CONNECTIONS))


class _Replay(Exception):
    """Not an error: the reply to this request is known already."""

    def __init__(self, reply: IdempotentReply) -> None:
        super().__init__()
        self.reply = reply


class Unit:
    """The transaction of one request, and the promise to remember its reply."""

    def __init__(self, session: Session, gate: CapacityLimiter) -> None:
        self.session = session
        self.key: ApiKey | None = None
        self.promise: IdempotentReply | None = None
        self._gate = gate
        self._inside = False

    async def enter(self) -> None:
        """Wait for the turn to use the database. Raises TooBusy after LONGEST_WAIT seconds."""
        with move_on_after(LONGEST_WAIT):
            await self._gate.acquire_on_behalf_of(self)
            self._inside = True
        if not self._inside:
            raise TooBusy("Too many requests are waiting. Try again in a moment.")

    async def leave(self) -> None:
        """End the transaction, undoing what was not committed, and let the next request in."""
        try:
            await run_in_threadpool(self.session.close)
        finally:
            if self._inside:
                self._gate.release_on_behalf_of(self)

    def commit(self, response: Response) -> None:
        """Commit what a successful endpoint did, together with its reply; roll back after a refusal."""
        if response.status_code >= 400:
            self.session.rollback()
            return
        if self.promise is not None:
            self.promise.status = response.status_code
            self.promise.media_type = response.media_type or response.headers.get("content-type", "")
            self.promise.body = bytes(response.body)
            self.session.add(self.promise)
        self.session.commit()


class TransactionalRoute(APIRoute):
    """Runs an endpoint in a Unit; the whole of it again after a deadlock or serialization failure."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def in_transaction(request: Request) -> Response:
            runtime: Runtime = request.app.state.runtime
            request.state.route = self.path_format
            for attempt in range(1, MOST_ATTEMPTS + 1):
                unit = request.state.unit = Unit(runtime.sessions(), request.app.state.turnstile)
                try:
                    response = await answer(request)
                    await run_in_threadpool(unit.commit, response)
                except _Replay as known:
                    return _again(known.reply)
                except OperationalError as error:
                    await run_in_threadpool(unit.session.rollback)
                    await run_in_threadpool(pause_or_give_up, error, attempt)
                else:
                    return response
                finally:
                    await unit.leave()
            raise AssertionError("unreachable: the last attempt either answers or raises")

        return in_transaction


def _again(reply: IdempotentReply) -> Response:
    return Response(
        reply.body, reply.status, media_type=reply.media_type, headers={"Idempotency-Replayed": "true"}
    )


def _unit(request: Request) -> Unit:
    unit: Unit = request.state.unit
    return unit


def current_session(request: Request) -> Session:
    """The session of the request's transaction; nobody but the route commits it."""
    return _unit(request).session


CurrentSession = Annotated[Session, Depends(current_session)]


_Credentials = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(auto_error=False, description="An API key: dc_...")),
]


_Acting: TypeAlias = Callable[..., Coroutine[Any, Any, Act]]


def may(permission: Permission) -> _Acting:
    """A dependency: the caller has `permission`; gives the deed that is done in its name now."""

    async def acting(request: Request, credentials: _Credentials) -> Act:
        unit = _unit(request)
        await unit.enter()
        unit.key = await run_in_threadpool(_caller, unit.session, credentials, permission)
        runtime: Runtime = request.app.state.runtime
        return runtime.act(unit.key.id)

    return acting


def _caller(session: Session, credentials: HTTPAuthorizationCredentials | None, wish: Permission) -> ApiKey:
    key = access.authenticate(session, credentials.credentials if credentials else None)
    access.require(key, wish)
    return key


def require_also(request: Request, permission: Permission) -> None:
    """What the caller asks for needs a further permission. Raises Forbidden."""
    key = _unit(request).key
    if key is None:
        raise AssertionError("who calls is known before it is asked what he may do besides")
    access.require(key, permission)


Reader = Annotated[Act, Depends(may(Permission.READ))]
Settler = Annotated[Act, Depends(may(Permission.SETTLE))]


def _remember(unit: Unit, request: Request, key: str, body: bytes) -> None:
    """Give the known reply again, refuse another request under the same key, or promise to remember this one."""
    if unit.key is None:
        raise AssertionError("who calls is known before the Idempotency-Key is looked at")
    if not 1 <= len(key) <= LONGEST_KEY:
        raise BadRequest(f"An Idempotency-Key has 1 to {LONGEST_KEY} characters.", field="Idempotency-Key")
    route = f"{request.method} {quote(request.scope['path'])}"
    said = hashlib.sha256(b"\n".join((route.encode(), str(request.url.query).encode(), body))).hexdigest()
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"{unit.key.id} {route} {key}", 0))
    if not unit.session.scalar(select(lock)):
        raise StillRunning("A request with this Idempotency-Key is being worked on. Try again in a moment.")
    known = unit.session.get(IdempotentReply, (unit.key.id, route, key))
    if known is None:
        unit.promise = IdempotentReply(
            api_key_id=unit.key.id, route=route, key=key, request_hash=said, created_at=request.state.act.at
        )
        return
    if known.request_hash != said:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used for a request with other content.", field="Idempotency-Key"
        )
    raise _Replay(known)


def idempotent(permission: Permission, *, required: bool = True) -> _Acting:
    """A dependency like `may` that keeps the promise of an Idempotency-Key: the same key and body, the same reply.

    It is `required` where a request creates money or a file, and kept everywhere else where it is sent.
    """
    acting = may(permission)

    async def acting_once(
        request: Request,
        credentials: _Credentials,
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> Act:
        act = await acting(request, credentials)
        request.state.act = act
        if idempotency_key is not None:
            await run_in_threadpool(_remember, _unit(request), request, idempotency_key, await request.body())
        elif required:
            raise IdempotencyKeyMissing(
                "Send an Idempotency-Key header: the same key gives the same reply, never a second effect.",
                field="Idempotency-Key",
            )
        return act

    return acting_once


Seller = Annotated[Act, Depends(idempotent(Permission.SELL, required=False))]
SellerOnce = Annotated[Act, Depends(idempotent(Permission.SELL))]
Decider = Annotated[Act, Depends(idempotent(Permission.SETTLE, required=False))]
SettlerOnce = Annotated[Act, Depends(idempotent(Permission.SETTLE))]
SetterUp = Annotated[Act, Depends(idempotent(Permission.SET_UP, required=False))]
