"""What leaves a transaction only if it commits: events with their order, and jobs on the caller's connection."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from sqlalchemy import event as hooks
from sqlalchemy import text
from sqlalchemy.orm import Session, SessionTransaction

from ledger import audit
from ledger.acts import Act
from ledger.database import as_sql_error, copy_rows
from ledger.identifiers import new_id

_PENDING = "events"
_MARKS = "savepoint_marks"

# Tasks are registered on this app by the roof (gateway.jobs); here jobs are only written.
jobs = App(connector=PsycopgConnector())

# Jobs are written on connections of sessions alone; a worker that opens `jobs` in this process changes nothing here.
_written = App(connector=SyncPsycopgConnector())


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One event before it has its place in the order. `data` holds ids, states and amounts, no personal data."""

    type: str
    object_id: str
    act: Act
    origin: str = "duecourse"
    cause: str | None = None
    reason_code: str | None = None
    parent: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


def emit(session: Session, event: NewEvent) -> None:
    """Tell the outside that something happened; written, numbered and visible when the session commits."""
    session.info.setdefault(_PENDING, []).append(event)


def defer(session: Session, task: str, *, lock: str | None = None, **arguments: Any) -> None:
    """Queue `task` on the session's own connection: the job exists if and only if the change commits.

    Jobs with the same `lock` run one after another; while one of them still waits, no second one is queued. A
    waiting job is held back until this change is committed, so that it will see it.
    """
    connection = session.connection().connection.driver_connection
    deferrer = _written.configure_task(
        task, allow_unknown=True, lock=lock, queueing_lock=lock, connection=connection
    )
    while not _one_waits(session, deferrer.job.queueing_lock):
        try:
            with session.begin_nested():
                session.connection()  # only its first use inside makes the savepoint
                deferrer.defer(**arguments)
        except AlreadyEnqueued:
            continue  # somebody else's has just been committed; or it runs already, and may not see this change
        except ConnectorException as error:
            if isinstance(error.__cause__, psycopg.Error):
                raise as_sql_error(error.__cause__, "INSERT INTO procrastinate_jobs") from error
            raise
        return


def _one_waits(session: Session, lock: str | None) -> bool:
    """Whether a job of this lock waits; workers pass it over until our transaction has ended."""
    waiting = text(
        "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = :lock AND status = 'todo' FOR SHARE"
    )
    return lock is not None and session.execute(waiting, {"lock": lock}).first() is not None


@hooks.listens_for(Session, "before_commit")
def _write_pending(session: Session) -> None:
    """Chain the audit records and number the events, under the head row's lock, as the last thing before commit."""
    if session.in_nested_transaction():
        return
    session.flush()
    bodies = audit.take_pending(session)
    events: list[NewEvent] = session.info.pop(_PENDING, [])
    if not bodies and not events:
        return
    head = session.execute(
        text("SELECT seq, hash, event_position FROM chain_head WHERE id = 1 FOR UPDATE")
    ).one()
    links = audit.chain(head.hash, bodies)
    copy_rows(
        session,
        "audit_records",
        ("seq", "previous_hash", "hash", "body"),
        ((head.seq + number, *link) for number, link in enumerate(links, start=1)),
    )
    _write_events(session, events, after=head.event_position)
    session.execute(
        text("UPDATE chain_head SET seq = :seq, hash = :hash, event_position = :position WHERE id = 1"),
        {
            "seq": head.seq + len(links),
            "hash": links[-1][1] if links else head.hash,
            "position": head.event_position + len(events),
        },
    )


@hooks.listens_for(Session, "after_transaction_create")
def _mark_savepoint(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        lengths = {name: len(session.info.get(name, ())) for name in (audit.PENDING, _PENDING)}
        session.info.setdefault(_MARKS, []).append(lengths)


@hooks.listens_for(Session, "after_rollback")
def _forget_what_did_not_happen(session: Session) -> None:
    """After a rollback nothing is pending any more; after one to a savepoint, what was pending before it."""
    if session.in_nested_transaction():
        for name, length in session.info[_MARKS][-1].items():
            del session.info.get(name, [])[length:]
    else:
        _forget_everything(session)


@hooks.listens_for(Session, "after_transaction_end")
def _end_transaction(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info[_MARKS].pop()
    elif transaction.parent is None:
        _forget_everything(session)


def _forget_everything(session: Session) -> None:
    audit.take_pending(session)
    session.info.pop(_PENDING, None)


def _write_events(session: Session, events: Sequence[NewEvent], *, after: int) -> None:
    objects = sorted({event.object_id for event in events})
    last = {
        row.object_id: row.last
        for row in session.execute(
            text(
                "SELECT object_id, max(sequence) AS last FROM events "
                "WHERE object_id = ANY(:ids) GROUP BY object_id"
            ),
            {"ids": objects},
        )
    }
    rows = []
    for position, event in enumerate(events, start=after + 1):
        last[event.object_id] = last.get(event.object_id, 0) + 1
        rows.append(
            (
                position, new_id("evt"), event.type, event.object_id, last[event.object_id],
                event.act.at, event.act.actor, event.cause, event.origin, event.reason_code, event.parent,
                json.dumps(event.data),
            )
        )  # fmt: skip
    columns = (
        "position", "id", "type", "object_id", "sequence",
        "occurred_at", "actor", "cause", "origin", "reason_code", "parent", "data",
    )  # fmt: skip
    copy_rows(session, "events", columns, rows)


@contextmanager
def all_or_nothing(session: Session) -> Iterator[None]:
    """A savepoint: of a part that fails, rows, audit records and events are all forgotten; the error goes on."""
    with session.begin_nested():
        yield
