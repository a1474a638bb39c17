"""The database: which servers are taken, what errors may say, and what is tried again."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError, StatementError
from sqlalchemy.orm import Session, sessionmaker

from ledger import customers, database
from ledger.acts import Act
from ledger.customers import CustomerFacts
from ledger.database import AccountNumber, Busy, ServerTooOld, among, copy_rows, in_transaction
from ledger.embedded import EmbeddedServer
from ledger.identifiers import new_id
from ledger.models import Creditor, Customer
from tests.factories.books import OUR_IBAN, Books


class _Server:
    """Answers one question, as a server of the given version does."""

    def __init__(self, version_num: str) -> None:
        self._version_num = version_num

    def execute(self, statement: object) -> _Server:
        assert str(statement) == "SHOW server_version_num"
        return self

    def scalar_one(self) -> str:
        return self._version_num


@pytest.mark.parametrize(("number", "version"), [("130018", "13"), ("90624", "9")])
def test_a_server_older_than_14_is_refused(number: str, version: str) -> None:
    with pytest.raises(ServerTooOld) as refused:
        database.require_version(cast("Connection", _Server(number)))
    assert refused.value.message == (
        f"This PostgreSQL server is version {version}. Duecourse needs version 14 or newer."
    )


@pytest.mark.parametrize("number", ["140000", "180001"])
def test_a_server_of_version_14_or_newer_is_taken(number: str) -> None:
    database.require_version(cast("Connection", _Server(number)))


def test_a_refused_server_is_left_without_an_open_connection(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "OLDEST_SERVER", 99)
    with pytest.raises(ServerTooOld):
        database.connect(database_url)
    monkeypatch.undo()
    engine = database.connect(database_url, connections=1)
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        assert connection.execute(others).scalar_one() == 0
    engine.dispose()


@pytest.mark.parametrize("scheme", ["postgres://", "postgresql://", "postgresql+psycopg://"])
def test_an_address_of_postgresql_is_taken_as_people_write_it(database_url: str, scheme: str) -> None:
    engine = database.connect(scheme + database_url.removeprefix("postgresql+psycopg://"), connections=1)
    assert engine.url.drivername == "postgresql+psycopg"
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_a_session_keeps_its_time_in_utc_and_does_not_wait_for_a_lock_for_ever(session: Session) -> None:
    asked = ("timezone", "lock_timeout", "idle_in_transaction_session_timeout")
    told = [session.execute(text(f"SHOW {name}")).scalar_one() for name in asked]
    assert told == ["UTC", "20s", "10min"]


def test_a_refused_row_is_not_quoted_by_the_error(session: Session, books: Books, act: Act) -> None:
    books.customer(external_id="SECRET-4711")
    session.add(Customer(id=new_id("cus"), external_id="SECRET-4711", name="Geheim", created_at=act.at))
    with pytest.raises(IntegrityError) as refused:
        session.flush()
    told = "".join(traceback.format_exception(refused.value))
    assert "uq_customers_external_id" in told
    assert "SECRET" not in told
    assert "Geheim" not in told
    assert database.violated(refused.value) == "uq_customers_external_id"


def test_a_value_that_cannot_be_read_is_not_quoted_by_the_error(session: Session) -> None:
    with pytest.raises(DataError) as refused:
        session.execute(text("SELECT CAST(:iban AS bigint)"), {"iban": OUR_IBAN})
    told = "".join(traceback.format_exception(refused.value))
    assert "22P02" in told
    assert OUR_IBAN not in told


def test_an_error_that_quotes_no_row_keeps_its_words(session: Session) -> None:
    with pytest.raises(ProgrammingError, match='42P01 relation "no_such_table" does not exist'):
        session.execute(text("SELECT * FROM no_such_table"))


def test_the_password_is_not_quoted_by_a_failed_connection(server: EmbeddedServer) -> None:
    password = server.password_file.read_text()
    with pytest.raises(OperationalError, match='database "nowhere" does not exist') as refused:
        database.connect(server.url("nowhere"))
    assert password not in "".join(traceback.format_exception(refused.value))


def test_an_account_number_shows_only_its_ends(session: Session, books: Books) -> None:
    session.commit()
    session.expire_all()
    iban = books.account.iban
    assert isinstance(iban, AccountNumber)
    assert iban == OUR_IBAN
    assert repr(iban) == "AccountNumber(DE02…2051)"
    assert repr(AccountNumber("123456789012")) == "AccountNumber(…)"


def test_a_naive_instant_is_refused(session: Session, act: Act) -> None:
    naive = datetime(2026, 11, 18, 9, 0)  # noqa: DTZ001 - that is what is refused
    session.add(Customer(id=new_id("cus"), name="Erika Beispiel", created_at=naive))
    with pytest.raises(StatementError, match="an instant needs a time zone"):
        session.flush()
    with pytest.raises(ValueError, match="the instant of an act needs a time zone"):
        Act(actor="treasury", at=naive, today=act.today)


def test_an_instant_comes_back_in_utc(session: Session) -> None:
    berlin = datetime(2026, 7, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    session.add(Customer(id=(made := new_id("cus")), name="Erika Beispiel", created_at=berlin))
    session.commit()
    session.expire_all()
    back = session.get_one(Customer, made).created_at
    assert (back, back.tzinfo) == (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), UTC)


def test_an_id_with_a_nul_in_it_belongs_to_nobody(session: Session) -> None:
    with pytest.raises(customers.CustomerNotFound):
        customers.get(session, "cus_\0")


def test_more_ids_than_a_statement_has_parameters_are_looked_up_at_once(
    session: Session, books: Books
) -> None:
    known = books.customer().id
    wanted = [*(f"cus_{number}" for number in range(70_000)), known]
    assert session.scalars(select(Customer.id).where(among(Customer.id, wanted))).all() == [known]


def test_copied_rows_are_in_the_transaction_of_the_session(session: Session, books: Books, act: Act) -> None:
    rows = [(new_id("cus"), f"Kunde {number}", act.at) for number in range(1_000)]
    copy_rows(session, "customers", ("id", "name", "created_at"), rows)
    assert session.execute(text("SELECT count(*) FROM customers")).scalar_one() == 1_000
    session.rollback()
    assert session.execute(text("SELECT count(*) FROM customers")).scalar_one() == 0


def test_copying_first_writes_what_the_session_holds(session: Session, act: Act) -> None:
    made = Creditor(id=new_id("crd"), name="Muster Energie GmbH", country="DE", created_at=act.at)
    session.add(made)
    copy_rows(
        session,
        "bank_accounts",
        ("id", "creditor_id", "name", "iban", "currency", "created_at"),
        [(new_id("bac"), made.id, "Main", OUR_IBAN, "EUR", act.at)],
    )
    assert session.execute(text("SELECT count(*) FROM bank_accounts")).scalar_one() == 1


def test_a_refused_copy_names_the_constraint_and_no_row(session: Session, act: Act) -> None:
    row = (new_id("cus"), "SECRET-4711", "Geheim", act.at)
    with pytest.raises(IntegrityError) as refused:
        copy_rows(session, "customers", ("id", "external_id", "name", "created_at"), [row, row])
    assert database.violated(refused.value) == "pk_customers"
    assert "SECRET" not in "".join(traceback.format_exception(refused.value))


def _counters(engine: Engine, count: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL)"))
        connection.execute(text(f"INSERT INTO counters SELECT id, 0 FROM generate_series(1, {count}) AS id"))


def _values(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT value FROM counters ORDER BY id")))


def _add_one(session: Session, counter: int) -> None:
    session.execute(text("UPDATE counters SET value = value + 1 WHERE id = :id"), {"id": counter})


class _Rivals:
    """Two threads, each of which meets the other once, in the middle of its first attempt."""

    def __init__(self, engine: Engine) -> None:
        self._factory: sessionmaker[Session] = database.sessions(engine)
        self._meeting = threading.Barrier(2)
        self.attempts = [0, 0]

    def run(self, work: Callable[[Session, int, Callable[[], object]], None]) -> None:
        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(self._one, number, work) for number in (0, 1)]:
                done.result(timeout=60)

    def _one(self, number: int, work: Callable[[Session, int, Callable[[], object]], None]) -> None:
        def attempt(session: Session) -> None:
            self.attempts[number] += 1
            work(session, number, self._meeting.wait if self.attempts[number] == 1 else lambda: None)

        in_transaction(self._factory, attempt)


def test_a_deadlock_is_tried_again_and_both_sums_are_right(engine: Engine) -> None:
    _counters(engine, 2)
    rivals = _Rivals(engine)

    def crosswise(session: Session, number: int, meet: Callable[[], object]) -> None:
        _add_one(session, 1 + number)
        meet()
        _add_one(session, 2 - number)

    rivals.run(crosswise)
    assert _values(engine) == [2, 2]
    assert sorted(rivals.attempts) == [1, 2]


def test_a_serialization_failure_is_tried_again_and_no_update_is_lost(engine: Engine) -> None:
    _counters(engine, 1)
    rivals = _Rivals(engine)

    def read_then_write(session: Session, number: int, meet: Callable[[], object]) -> None:
        session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
        value = session.execute(text("SELECT value FROM counters WHERE id = 1")).scalar_one()
        meet()
        session.execute(text("UPDATE counters SET value = :value WHERE id = 1"), {"value": value + 1})

    rivals.run(read_then_write)
    assert _values(engine) == [2]
    assert sorted(rivals.attempts) == [1, 2]


def _always(sqlstate: str) -> Callable[[Session], None]:
    """Work that the database itself ends with an error of this state."""
    statement = text(f"DO $$ BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = '{sqlstate}'; END $$")
    return lambda session: cast("None", session.execute(statement))


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses are noted instead of made."""
    pauses: list[float] = []
    monkeypatch.setattr("ledger.database.time.sleep", pauses.append)
    return pauses


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_after_five_attempts_the_books_are_busy(
    engine: Engine, no_waiting: list[float], sqlstate: str
) -> None:
    with pytest.raises(Busy, match=r"The books are very busy\. Try again in a moment\."):
        in_transaction(database.sessions(engine), _always(sqlstate))
    assert len(no_waiting) == 4
    assert all(0 < pause <= 0.02 * 2**4 for pause in no_waiting)


def test_rows_held_by_others_for_too_long_are_busy_at_once(engine: Engine, no_waiting: list[float]) -> None:
    _counters(engine, 1)
    with database.sessions(engine)() as holder:
        _add_one(holder, 1)

        def wait_briefly(session: Session) -> None:
            session.execute(text("SET LOCAL lock_timeout = '10ms'"))
            _add_one(session, 1)

        with pytest.raises(Busy, match=r"Other work holds these rows\."):
            in_transaction(database.sessions(engine), wait_briefly)
    assert no_waiting == []


def test_any_other_error_is_not_tried_again(engine: Engine, no_waiting: list[float]) -> None:
    attempts: list[Session] = []

    def fail(session: Session) -> Any:
        attempts.append(session)
        return _always("57014")(session)

    with pytest.raises(OperationalError, match="57014"):
        in_transaction(database.sessions(engine), fail)
    assert (len(attempts), no_waiting) == (1, [])


def test_a_deadlock_inside_a_copy_is_tried_again(engine: Engine) -> None:
    """COPY goes past SQLAlchemy, its errors must not."""
    _counters(engine, 2)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (id int PRIMARY KEY)"))
    rivals = _Rivals(engine)

    def crosswise(session: Session, number: int, meet: Callable[[], object]) -> None:
        copy_rows(session, "notes", ("id",), [(1 + number,)])
        meet()
        copy_rows(session, "notes", ("id",), [(2 - number,)])

    with pytest.raises(IntegrityError) as refused:
        rivals.run(crosswise)
    assert database.violated(refused.value) == "notes_pkey"
    assert max(rivals.attempts) == 2


def test_what_a_failed_attempt_did_is_undone(engine: Engine, act: Act) -> None:
    factory = database.sessions(engine)

    def fail(session: Session) -> None:
        customers.create(session, CustomerFacts(name="Erika Beispiel"), act=act)
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        in_transaction(factory, fail)
    with factory() as session:
        assert session.execute(text("SELECT count(*) FROM customers")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM audit_records")).scalar_one() == 0
