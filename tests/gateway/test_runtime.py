"""The open database: one transaction for one piece of work, and bank days by the treasury's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from gateway import verifying
from gateway.runtime import DatabaseUnreachable, Runtime, open_runtime
from gateway.settings import Settings
from ledger import customers
from ledger.customers import CustomerFacts
from ledger.database import ServerTooOld
from ledger.models import Customer
from tests.conftest import Clock


def external(url: str) -> Settings:
    return Settings(database_url=SecretStr(url), threads=2, _env_file=None)


def count(runtime: Runtime) -> int:
    with runtime.sessions() as session:
        return session.scalar(select(func.count()).select_from(Customer)) or 0


def test_a_piece_of_work_is_committed_as_a_whole_or_not_at_all(runtime: Runtime) -> None:
    act = runtime.act("test")
    runtime.run(lambda session: customers.create(session, CustomerFacts(name="Erika Beispiel"), act=act))
    assert count(runtime) == 1

    def fail(session: object) -> None:
        customers.create(session, CustomerFacts(name="Max Mustermann"), act=act)  # type: ignore[arg-type]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        runtime.run(fail)
    assert count(runtime) == 1


@pytest.mark.parametrize(
    ("instant", "zone", "today"),
    [
        (datetime(2026, 11, 18, 22, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 11, 18)),
        (datetime(2026, 11, 18, 23, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 11, 19)),
        (datetime(2026, 6, 18, 22, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 6, 19)),
        (datetime(2026, 11, 18, 23, 0, tzinfo=UTC), "Europe/Lisbon", date(2026, 11, 18)),
        (datetime(2026, 11, 18, 9, 0, tzinfo=UTC), "Pacific/Auckland", date(2026, 11, 18)),
        (datetime(2026, 11, 18, 12, 0, tzinfo=UTC), "Pacific/Auckland", date(2026, 11, 19)),
    ],
)
def test_the_bank_date_is_that_of_the_treasury(
    clock: Clock, runtime: Runtime, instant: datetime, zone: str, today: date
) -> None:
    clock.instant = instant
    act = Runtime(Settings(time_zone=zone, _env_file=None), runtime.engine).act("clerk")
    assert (act.actor, act.at, act.today) == ("clerk", instant, today)


def test_other_drivers_reach_the_same_database(runtime: Runtime) -> None:
    with psycopg.connect(runtime.conninfo) as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    assert row == (runtime.engine.url.database,)


def test_an_external_database_is_opened_with_as_many_connections_as_threads(database_url: str) -> None:
    with open_runtime(external(database_url)) as runtime:
        runtime.require_current_schema()
        assert runtime.engine.pool.size() == 2  # type: ignore[attr-defined]
        assert all(finding.holds for finding in verifying.verify(runtime))


def test_a_server_that_is_too_old_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.database.OLDEST_SERVER", 99)
    with pytest.raises(ServerTooOld) as refused, open_runtime(external(database_url)):
        pass
    assert refused.value.message.endswith("Duecourse needs version 99 or newer.")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "geheim",
        "sqlite:///geheim.db",
        "postgresql+asyncpg://geheim@db/x",
        "postgresql://u:geheim@h:port/x",
    ],
)
def test_an_address_of_no_postgresql_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(DatabaseUnreachable) as refused, open_runtime(external(url)):
        pass
    assert "geheim" not in refused.value.message
    assert "postgresql://user:password@host:5432/name" in refused.value.message


def test_a_database_that_does_not_answer_says_so_in_one_line(database_url: str) -> None:
    for wrong in ("postgresql://u:geheim@127.0.0.1:1/x", database_url.replace("/test_", "/nothing_")):
        with pytest.raises(DatabaseUnreachable) as refused, open_runtime(external(wrong)):
            pass
        assert refused.value.message.startswith("The database of DUECOURSE_DATABASE_URL cannot be used: ")
        assert "\n" not in refused.value.message
        assert "geheim" not in refused.value.message
