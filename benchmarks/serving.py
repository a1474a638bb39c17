"""POST /v1/invoices against the served application, by one client and by eight."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from http.client import HTTPConnection

from sqlalchemy import func, select

from benchmarks import books, crowds, data
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from gateway.access import create_api_key
from gateway.roles import Role
from ledger.models import Customer, Invoice
from reconciliation.formats.tally import counted

_ONE, _MANY = 1, 8
_HOST = "127.0.0.1"
_FLOOR = "floor: GET /healthz, {}"
_CUSTOMERS = 100
_KEY_FILE = "api.key"
_START_SECONDS, _ANSWER_SECONDS = 60, 30
_SERVE = "from gateway.cli import main; main()"


def _prepare(setting: Setting, size: int) -> None:
    with books.sessions(setting) as sessions, sessions() as session:
        books.open_creditor(session)
        books.add_customers(session, _CUSTOMERS)
        _, secret = create_api_key(session, name="benchmark", role=Role.ERP, act=data.ACT)
        session.commit()
    (setting.folder / _KEY_FILE).write_text(secret)


@contextmanager
def _served(setting: Setting) -> Iterator[tuple[int, int]]:
    """`duecourse serve` without a worker, in a process of its own; gives its port and its process id."""
    port = _free_port()
    environment = {**os.environ, "DUECOURSE_DATABASE_URL": setting.database_url}
    arguments = ["serve", "--no-worker", "--host", _HOST, "--port", str(port)]
    log = setting.folder / "server.log"
    with log.open("wb") as said:
        server = subprocess.Popen(
            [sys.executable, "-c", _SERVE, *arguments],
            env=environment, stdout=subprocess.DEVNULL, stderr=said,
        )  # fmt: skip
    try:
        require(_answers(server, port), f"an application on its port; it said {log.read_text()[-1_000:]!r}")
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(_START_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _answers(server: subprocess.Popen[bytes], port: int) -> bool:
    give_up_at = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up_at and server.poll() is None:
        try:
            with closing(_connection(port)) as connection:
                _healthy(connection, 0)
        except ConnectionError:
            time.sleep(0.05)
        else:
            return True
    return False


def _connection(port: int) -> HTTPConnection:
    return HTTPConnection(_HOST, port, timeout=_ANSWER_SECONDS)


def _answer(connection: HTTPConnection, expected: int) -> bytes:
    reply = connection.getresponse()
    body = reply.read()
    require(reply.status == expected, f"an answer of {expected}; it was {reply.status}: {body[:300]!r}")
    return body


def _healthy(connection: HTTPConnection, number: int) -> None:
    connection.request("GET", "/healthz")
    _answer(connection, 200)


class _Erp:
    """Posts invoices of customers that are there, with an idempotency key each."""

    def __init__(self, setting: Setting) -> None:
        with books.sessions(setting) as sessions, sessions() as session:
            self._customers = session.scalars(select(Customer.id).order_by(Customer.id)).all()
        self._key = (setting.folder / _KEY_FILE).read_text()

    def post(self, connection: HTTPConnection, number: int) -> None:
        body = {
            "number": data.invoice_number(number), "external_id": f"ERP-{number}",
            "customer_id": self._customers[number % len(self._customers)],
            "total_minor": data.total_minor(number), "issued_on": str(data.TODAY), "due_on": str(data.TODAY),
        }  # fmt: skip
        headers = {
            "Authorization": f"Bearer {self._key}", "Content-Type": "application/json",
            "Idempotency-Key": f"benchmark-{number}",
        }  # fmt: skip
        connection.request("POST", "/v1/invoices", json.dumps(body), headers)
        _answer(connection, 201)


@contextmanager
def _asked(clients: int, setting: Setting, size: int) -> Iterator[Work]:
    """The floor: the framework answers and no database is asked."""
    with ExitStack() as stack:
        port, process = stack.enter_context(_served(setting))
        workers = [partial(_healthy, stack.enter_context(closing(_connection(port)))) for _ in range(clients)]
        crowds.share(range(clients), workers)
        yield Work(lambda: crowds.share(range(size), workers), process)


@contextmanager
def _posted(clients: int, setting: Setting, size: int) -> Iterator[Work]:
    erp = _Erp(setting)
    with ExitStack() as stack:
        port, process = stack.enter_context(_served(setting))
        workers = [partial(erp.post, stack.enter_context(closing(_connection(port)))) for _ in range(clients)]
        crowds.share(range(size, size + clients), workers)
        yield Work(lambda: crowds.share(range(size), workers), process)
    with books.sessions(setting) as sessions, sessions() as session:
        require(session.scalar(select(func.count(Invoice.id))) == size + clients, "every invoice is there")


COMPARISON = Comparison(
    name="http",
    title="POST /v1/invoices to the served application (memory and CPU are the server's)",
    unit="requests",
    small=(200,),
    full=(200, 2_000),
    prepare=_prepare,
    needs_database=True,
    cases=tuple(
        case
        for clients in (_ONE, _MANY)
        for case in (
            Case(name=_FLOOR.format(counted(clients, "client")), ready=partial(_asked, clients)),
            Case(
                name=f"POST /v1/invoices, {counted(clients, 'client')}",
                ready=partial(_posted, clients),
                floor=_FLOOR.format(counted(clients, "client")),
            ),
        )
    ),
)
