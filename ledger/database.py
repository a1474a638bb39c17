"""Engine, sessions, column types and constraint names: everything about PostgreSQL that is not a table."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from sqlalchemy import ColumnElement, MetaData, any_, create_engine, event, literal, text
from sqlalchemy import types as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection, Dialect, Engine, ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from ledger.errors import Conflict, Rejected

OLDEST_SERVER = 14
MOST_ATTEMPTS = 5

# 40001 serialization_failure and 40P01 deadlock_detected ask for the whole transaction again
# (PostgreSQL documentation, section "Serialization Failure Handling").
_RETRIED = frozenset({"40001", "40P01"})

_Result = TypeVar("_Result")


class ServerTooOld(Rejected):
    """The PostgreSQL server is older than the oldest one supported."""


class Busy(Conflict):
    """The rows were held by others for too long; the same request may succeed later."""


class Base(DeclarativeBase):
    """All tables; every constraint has a predictable name, so that a violation can be told apart in code."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class AccountNumber(str):
    """An IBAN or other account number whose repr shows only its ends."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"AccountNumber({self[:4]}…{self[-4:]})" if len(self) > 12 else "AccountNumber(…)"


class AccountNumberType(sql.TypeDecorator[str]):
    """The one column type of account numbers; values come back masked by their repr."""

    impl = sql.String(64)
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> AccountNumber | None:
        return None if value is None else AccountNumber(value)


class Instant(sql.TypeDecorator[datetime]):
    """An aware instant, kept and given in UTC. Raises ValueError for a naive one."""

    impl = sql.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.utcoffset() is None:
            raise ValueError("an instant needs a time zone")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


class Identifier(sql.TypeDecorator[str]):
    """A prefixed id, ordered by its bytes so that everyone locks rows in the same order.

    PostgreSQL holds no text with a NUL in it, so an id with one is looked up as NULL, which nothing equals.
    """

    impl = sql.String(40, collation="C")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None or "\0" in value else value


def connect(url: str, *, connections: int = 10) -> Engine:
    """An engine with exactly `connections` pooled connections. Raises ServerTooOld below PostgreSQL 14.

    Row values never appear in the texts of the errors it raises.
    """
    engine = create_engine(
        _with_driver(url),
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "application_name": "duecourse",
            "options": "-c timezone=UTC -c lock_timeout=20000 -c idle_in_transaction_session_timeout=600000",
        },
    )
    event.listen(engine, "handle_error", _hide_values)
    try:
        with engine.connect() as connection:
            require_version(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _with_driver(url: str) -> str:
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _hide_values(context: ExceptionContext) -> None:
    """Leave out of an error what quotes rows: PostgreSQL's DETAIL and CONTEXT, and the values it could not read."""
    error, wrapped = context.original_exception, context.sqlalchemy_exception
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        _tell_less(error, error.sqlstate)
        if wrapped is not None:
            wrapped.args = (f"({type(error).__name__}) {error}",)


def _tell_less(error: psycopg.Error, sqlstate: str) -> None:
    # Class 22, data exceptions, repeats the value itself in its first line.
    primary = error.diag.message_primary
    error.args = (f"{sqlstate} {primary}" if primary and not sqlstate.startswith("22") else sqlstate,)


def require_version(connection: Connection) -> None:
    """Raises ServerTooOld unless the server is PostgreSQL 14 or newer."""
    number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    if number < OLDEST_SERVER * 10_000:
        raise ServerTooOld(
            f"This PostgreSQL server is version {number // 10_000}. "
            f"Duecourse needs version {OLDEST_SERVER} or newer."
        )


def sessions(engine: Engine) -> sessionmaker[Session]:
    """The factory of sessions; what a session loaded stays readable after its commit."""
    return sessionmaker(engine, expire_on_commit=False)


def in_transaction(factory: sessionmaker[Session], work: Callable[[Session], _Result]) -> _Result:
    """Run `work` in one transaction and commit it; the whole of it again after a deadlock, five times at most.

    `work` must have no effect outside the session. Raises Busy when the last attempt was refused as well.
    """
    for attempt in range(1, MOST_ATTEMPTS + 1):
        with factory() as session:
            try:
                result = work(session)
                session.commit()
            except OperationalError as error:
                session.rollback()
                pause_or_give_up(error, attempt)
            else:
                return result
    raise AssertionError("unreachable: the last attempt either returns or raises")


def pause_or_give_up(error: OperationalError, attempt: int) -> None:
    """Wait a little before attempt number `attempt` + 1, or raise: Busy when the attempts are used up."""
    state = getattr(error.orig, "sqlstate", None)
    if state == "55P03":  # lock_not_available: lock_timeout ran out
        raise Busy("Other work holds these rows. Try again in a moment.") from error
    if state not in _RETRIED:
        raise error
    if attempt >= MOST_ATTEMPTS:
        raise Busy("The books are very busy. Try again in a moment.") from error
    time.sleep(random.uniform(0.005, 0.02) * 2**attempt)  # noqa: S311 - spreads rivals, protects nothing


def violated(error: IntegrityError) -> str:
    """The name of the constraint that `error` is about, or an empty string."""
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def among(column: ColumnElement[str] | Any, ids: Iterable[str]) -> ColumnElement[bool]:
    """Whether `column` is one of `ids`, sent as one array: an IN list ends at 65,535 values."""
    return column == any_(literal(sorted(set(ids)), ARRAY(sql.Text)))


def expire_rows(
    session: Session, table: str, ids: Iterable[str], attributes: Iterable[str] | None = None
) -> None:
    """Let the objects of `table` with these ids, where the session holds any, read `attributes` anew."""
    kinds = [one.class_ for one in Base.registry.mappers if one.class_.__tablename__ == table]
    held = session.identity_map
    for kind in kinds if held else ():
        for one in ids:
            thing = held.get((kind, (one,), None))
            if thing is not None:
                session.expire(thing, attributes)


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append `rows` to `table` by COPY, on the session's own connection and in its transaction.

    `table` and `columns` are names from the code, never from input. JSON goes in as text. A refusal of the database
    is raised as the same SQLAlchemy error as by any other statement.
    """
    session.flush()
    driver = session.connection().connection.driver_connection
    if driver is None:  # pragma: no cover - only for a connection already given back
        raise RuntimeError("the session has no connection")
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise as_sql_error(error, statement) from error


def as_sql_error(error: psycopg.Error, statement: str) -> DBAPIError:
    """The SQLAlchemy error for one raised by the driver itself, without row values."""
    if error.sqlstate is not None:
        _tell_less(error, error.sqlstate)
    wrapped = DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True)
    if not isinstance(wrapped, DBAPIError):  # pragma: no cover - every psycopg error is a DBAPI error
        raise TypeError(f"{type(error).__name__} is no error of a database driver")
    return wrapped
