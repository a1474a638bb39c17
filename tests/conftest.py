"""One embedded PostgreSQL per test run, migrated once into a template; every test gets a database of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

import migrations
from exporters.invariants import INVARIANTS as EXPORTED
from gateway import jobs
from gateway.access import create_api_key
from gateway.app import create_app
from gateway.roles import Role
from gateway.runtime import Runtime
from gateway.settings import Settings
from ledger import database, migrating
from ledger.acts import Act
from ledger.embedded import EmbeddedServer
from ledger.identifiers import new_id
from ledger.verify import INVARIANTS as BOOKS
from ledger.verify import run
from mandates.invariants import INVARIANTS as MANDATES
from reconciliation.invariants import INVARIANTS as RECONCILED
from tests.factories.api import Caller
from tests.factories.books import Books

# Databases of tests live for milliseconds: none of them has to survive the machine.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
TEMPLATE = "duecourse_template"

pytest_plugins = ("tests.required_groups",)

settings.register_profile("duecourse", deadline=None, derandomize=True)
settings.load_profile("duecourse")


def _run_folder() -> Path:
    run_id = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    return Path(tempfile.gettempdir()) / f"duecourse-tests-{run_id}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The process that started the workers removes the server's folder after the last of them has left."""
    if not hasattr(session.config, "workerinput"):
        for folder in {_run_folder(), Path(tempfile.gettempdir()) / f"duecourse-tests-{os.getpid()}"}:
            shutil.rmtree(folder, ignore_errors=True)
        run_id = getattr(session.config, "_xdist_run_id", None) or os.environ.get("PYTEST_XDIST_TESTRUNUID")
        if run_id:
            shutil.rmtree(Path(tempfile.gettempdir()) / f"duecourse-tests-{run_id}", ignore_errors=True)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """The run's server; workers share it, the last one to leave stops it."""
    server = EmbeddedServer(_run_folder(), settings=FAST)
    server.start()
    try:
        _make_template(server)
        yield server
    finally:
        server.stop()


def _make_template(server: EmbeddedServer) -> None:
    with admin_of(server).connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(1)"))
        known = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": TEMPLATE}
        ).first()
        if known is None:
            connection.execute(text(f"CREATE DATABASE {TEMPLATE}_new"))
            engine = database.connect(server.url(f"{TEMPLATE}_new"))
            migrating.upgrade(engine, Path(migrations.__file__).parent)
            engine.dispose()
            connection.execute(text(f"ALTER DATABASE {TEMPLATE}_new RENAME TO {TEMPLATE}"))
        connection.execute(text("SELECT pg_advisory_unlock(1)"))


def admin_of(server: EmbeddedServer) -> Engine:
    return create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)


@pytest.fixture
def database_url(server: EmbeddedServer) -> Iterator[str]:
    """The address of a fresh, migrated database that exists for this test only."""
    name = f"test_{new_id('evt')}"
    with admin_of(server).connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
        yield server.url(name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = database.connect(database_url, connections=16)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on the test's database; whatever was committed must leave the books in order."""
    with database.sessions(engine)() as session:
        yield session
        session.rollback()
    require_clean_books(engine)


@pytest.fixture
def today() -> date:
    """A Wednesday, bank day, in the middle of nothing."""
    return date(2026, 11, 18)


@pytest.fixture
def act(today: date) -> Act:
    """Treasury at nine in the morning."""
    return Act(actor="treasury", at=datetime(2026, 11, 18, 8, 0, tzinfo=UTC), today=today)


def require_clean_books(engine: Engine) -> None:
    """Every invariant holds."""
    with database.sessions(engine)() as session:
        findings = list(run(session, (*BOOKS, *MANDATES, *RECONCILED, *EXPORTED)))
    broken = {finding.invariant.name: finding.breaches for finding in findings if not finding.holds}
    assert broken == {}


@pytest.fixture
def books(session: Session, act: Act) -> Books:
    """A creditor with an account, ready for invoices."""
    return Books(session, act)


class Clock:
    """The clock of the roof, standing still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self.instant = start

    def forward(self, **by: float) -> None:
        self.instant += timedelta(**by)


@pytest.fixture
def clock(act: Act, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Nine in the morning of `today`."""
    standing = Clock(act.at)
    monkeypatch.setattr("gateway.clock.now", lambda: standing.instant)
    return standing


@pytest.fixture
def runtime(engine: Engine, database_url: str, clock: Clock) -> Iterator[Runtime]:
    """The product on the test's database; whatever was committed must leave the books in order."""
    yield Runtime(Settings(database_url=SecretStr(database_url), _env_file=None), engine)
    require_clean_books(engine)


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    """The application over HTTP; jobs are worked on when a test asks for it."""
    with TestClient(create_app(runtime)) as client:
        yield client


def caller_of(client: TestClient, runtime: Runtime, role: Role) -> Caller:
    act = runtime.act("test")
    _, secret = runtime.run(lambda session: create_api_key(session, name=f"a {role}", role=role, act=act))
    return Caller(client, secret)


@pytest.fixture
def admin(client: TestClient, runtime: Runtime) -> Caller:
    return caller_of(client, runtime, Role.ADMIN)


@pytest.fixture
def erp(client: TestClient, runtime: Runtime) -> Caller:
    return caller_of(client, runtime, Role.ERP)


@pytest.fixture
def treasury(client: TestClient, runtime: Runtime) -> Caller:
    return caller_of(client, runtime, Role.TREASURY)


@pytest.fixture
def second_treasurer(client: TestClient, runtime: Runtime) -> Caller:
    return caller_of(client, runtime, Role.TREASURY)


@pytest.fixture
def auditor(client: TestClient, runtime: Runtime) -> Caller:
    return caller_of(client, runtime, Role.AUDITOR)


@pytest.fixture
def work(runtime: Runtime) -> Callable[[], None]:
    """Work on the job queue until it is empty."""
    return lambda: asyncio.run(jobs.run_worker(runtime, wait=False))
