"""What leaves: events in one gapless order, jobs that exist exactly when their change does."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from ledger import audit, customers, database, outbox
from ledger.acts import Act
from ledger.customers import CustomerFacts
from ledger.outbox import NewEvent
from tests.factories.rivals import wait_until_blocked


@pytest.fixture
def factory(engine: Engine) -> sessionmaker[Session]:
    return database.sessions(engine)


def _emit(session: Session, object_id: str, act: Act, kind: str = "invoice.due") -> None:
    outbox.emit(session, NewEvent(type=kind, object_id=object_id, act=act))


def _events(session: Session) -> list[tuple[int, str, int]]:
    rows = session.execute(text("SELECT position, object_id, sequence FROM events ORDER BY position"))
    return [(row.position, row.object_id, row.sequence) for row in rows]


def _jobs(engine: Engine) -> list[tuple[str, str | None, dict[str, Any]]]:
    """What another connection sees of the queue: only what was committed."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT task_name, queueing_lock, args FROM procrastinate_jobs ORDER BY id")
        )
        return [(row[0], row[1], row[2]) for row in rows]


def _fetch(engine: Engine) -> str | None:
    """A worker takes the next job, and says which task it is."""
    with engine.begin() as connection:
        worker = connection.execute(
            text("SELECT worker_id FROM procrastinate_register_worker_v1()")
        ).scalar_one()
        taken = text("SELECT task_name FROM procrastinate_fetch_job_v2(NULL, :worker)")
        found: str | None = connection.execute(taken, {"worker": worker}).scalar_one()
        return found


def test_an_event_is_told_with_everything_that_was_said_of_it(session: Session, act: Act) -> None:
    event = NewEvent(
        type="invoice.reopened", object_id="inv_1", act=act, origin="bank", cause="debit.returned",
        reason_code="AC04", parent="deb_1", data={"open_minor": 12_000, "currency": "EUR"},
    )  # fmt: skip
    outbox.emit(session, event)
    session.commit()
    row = session.execute(text("SELECT * FROM events")).one()
    assert row.id.startswith("evt_")
    assert tuple(row)[2:] == (
        "invoice.reopened", "inv_1", 1, act.at, "treasury", "debit.returned", "bank", "AC04", "deb_1",
        {"open_minor": 12_000, "currency": "EUR"},
    )  # fmt: skip


def test_a_banks_own_reason_of_35_characters_is_told_whole(session: Session, act: Act) -> None:
    """Where no code of the ISO list fits, a bank may say Prtry, which is 35 characters long (camt.053, RtrInf)."""
    reason = "RUECKGABE WEGEN KONTOAUFLOESUNG 017"
    outbox.emit(session, NewEvent(type="debit.returned", object_id="deb_1", act=act, reason_code=reason))
    session.commit()
    assert session.scalars(text("SELECT reason_code FROM events")).all() == [reason]


def test_events_have_positions_without_gaps_and_sequences_of_their_object(session: Session, act: Act) -> None:
    for object_id in ("inv_1", "inv_2", "inv_1"):
        _emit(session, object_id, act)
    session.commit()
    _emit(session, "inv_1", act)
    session.commit()
    assert _events(session) == [(1, "inv_1", 1), (2, "inv_2", 1), (3, "inv_1", 2), (4, "inv_1", 3)]


def test_a_rolled_back_change_tells_nothing_and_leaves_no_number_out(session: Session, act: Act) -> None:
    _emit(session, "inv_1", act)
    session.commit()
    customers.create(session, CustomerFacts(name="Erika Beispiel"), act=act)
    _emit(session, "inv_1", act)
    session.rollback()
    _emit(session, "inv_1", act)
    session.commit()
    assert _events(session) == [(1, "inv_1", 1), (2, "inv_1", 2)]
    assert session.execute(text("SELECT count(*) FROM audit_records")).scalar_one() == 0


def test_a_session_closed_without_commit_tells_nothing_later(
    factory: sessionmaker[Session], engine: Engine, act: Act
) -> None:
    session = factory()
    session.execute(text("SELECT 1"))
    _emit(session, "inv_1", act)
    session.close()
    _emit(session, "inv_2", act)
    session.commit()
    assert _events(session) == [(1, "inv_2", 1)]
    session.close()


@pytest.mark.race
def test_eight_who_commit_at_once_leave_no_gap_for_any_reader(
    engine: Engine, factory: sessionmaker[Session], act: Act
) -> None:
    """200 commits of 2 events; somebody who reads on from the last position never sees a later event first."""
    start = threading.Barrier(9)
    done = threading.Event()

    def commit(worker: int) -> None:
        start.wait()
        for turn in range(25):
            with factory() as session:
                _emit(session, f"inv_{worker}", act)
                _emit(session, f"inv_{turn % 3}", act)
                session.commit()

    def follow() -> list[int]:
        seen: list[int] = []
        start.wait()
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            newer = text("SELECT position FROM events WHERE position > :last ORDER BY position")
            finished = False
            while not finished:
                finished = done.is_set()
                seen += connection.scalars(newer, {"last": seen[-1] if seen else 0}).all()
        return seen

    with ThreadPoolExecutor(9) as threads:
        reader = threads.submit(follow)
        try:
            for writer in [threads.submit(commit, worker) for worker in range(8)]:
                writer.result(timeout=120)
        finally:
            done.set()
        assert reader.result(timeout=60) == list(range(1, 401))
    with factory() as session:
        per_object: dict[str, list[int]] = defaultdict(list)
        for _, object_id, sequence in _events(session):
            per_object[object_id].append(sequence)
    assert all(turns == list(range(1, len(turns) + 1)) for turns in per_object.values())
    assert sum(map(len, per_object.values())) == 400


@pytest.mark.race
def test_eight_who_commit_at_once_chain_their_deeds(
    session: Session, factory: sessionmaker[Session], act: Act
) -> None:
    start = threading.Barrier(8)

    def commit(worker: int) -> None:
        start.wait()
        for turn in range(25):
            with factory() as own:
                audit.record(own, "invoice.created", f"inv_{worker}_{turn}", act=act)
                own.commit()

    with ThreadPoolExecutor(8) as threads:
        for writer in [threads.submit(commit, worker) for worker in range(8)]:
            writer.result(timeout=120)
    links = session.execute(text("SELECT previous_hash, hash FROM audit_records ORDER BY seq")).all()
    assert len(links) == 200
    assert all(before.hash == after.previous_hash for before, after in pairwise(links))


def test_a_job_exists_only_once_its_change_is_committed(
    engine: Engine, factory: sessionmaker[Session], act: Act
) -> None:
    with factory() as session:
        customers.create(session, CustomerFacts(name="Erika Beispiel"), act=act)
        outbox.defer(session, "match_lines", account="bac_1", limit=5)
        assert _jobs(engine) == []
        session.commit()
    assert _jobs(engine) == [("match_lines", None, {"account": "bac_1", "limit": 5})]


def test_a_job_of_a_rolled_back_change_never_existed(
    engine: Engine, factory: sessionmaker[Session], act: Act
) -> None:
    with factory() as session:
        customers.create(session, CustomerFacts(name="Erika Beispiel"), act=act)
        outbox.defer(session, "match_lines")
        session.rollback()
        session.commit()
    assert _jobs(engine) == []


def test_jobs_without_a_lock_are_all_queued(engine: Engine, factory: sessionmaker[Session]) -> None:
    with factory() as session:
        outbox.defer(session, "send_letter", invoice="inv_1")
        outbox.defer(session, "send_letter", invoice="inv_2")
        session.commit()
    assert [arguments["invoice"] for _, _, arguments in _jobs(engine)] == ["inv_1", "inv_2"]


def test_while_a_job_of_a_lock_waits_no_second_one_is_queued(
    engine: Engine, factory: sessionmaker[Session]
) -> None:
    for _ in range(2):
        with factory() as session:
            outbox.defer(session, "match_lines", lock="match")
            outbox.defer(session, "match_lines", lock="match")
            session.commit()
    assert _jobs(engine) == [("match_lines", "match", {})]


def test_once_a_job_of_a_lock_runs_another_one_is_queued(
    engine: Engine, factory: sessionmaker[Session]
) -> None:
    """The running one may have looked before this change was there."""
    for expected in (1, 2):
        with factory() as session:
            outbox.defer(session, "match_lines", lock="match")
            session.commit()
        assert len(_jobs(engine)) == expected
        if expected == 1:
            assert _fetch(engine) == "match_lines"


def test_a_waiting_job_is_not_begun_before_the_change_it_is_to_see_is_committed(
    engine: Engine, factory: sessionmaker[Session], act: Act
) -> None:
    with factory() as session:
        outbox.defer(session, "match_lines", lock="match")
        session.commit()
    with factory() as session:
        customers.create(session, CustomerFacts(name="Erika Beispiel"), act=act)
        outbox.defer(session, "match_lines", lock="match")
        assert _fetch(engine) is None
        session.commit()
    assert _fetch(engine) == "match_lines"


@pytest.mark.race
@pytest.mark.parametrize("first_commits", [True, False])
def test_of_two_who_queue_the_same_job_at_once_neither_loses_its_change(
    engine: Engine, factory: sessionmaker[Session], act: Act, first_commits: bool
) -> None:
    def queue_too() -> None:
        with factory() as own:
            customers.create(own, CustomerFacts(name="Max Mustermann"), act=act)
            outbox.defer(own, "match_lines", lock="match")
            own.commit()

    with factory() as session, ThreadPoolExecutor(1) as threads:
        customers.create(session, CustomerFacts(name="Erika Beispiel"), act=act)
        outbox.defer(session, "match_lines", lock="match")
        rival = threads.submit(queue_too)
        wait_until_blocked(engine, rival)
        if first_commits:
            session.commit()
        else:
            session.rollback()
        rival.result(timeout=60)
        names = session.scalars(text("SELECT name FROM customers ORDER BY name")).all()
    assert names == (["Erika Beispiel", "Max Mustermann"] if first_commits else ["Max Mustermann"])
    assert _jobs(engine) == [("match_lines", "match", {})]


def test_a_job_that_cannot_be_queued_fails_like_any_other_statement(
    engine: Engine, factory: sessionmaker[Session]
) -> None:
    """So that a deadlock in it is tried again; here it is a lock that others hold for too long."""
    with engine.begin() as holder:
        holder.execute(text("LOCK TABLE procrastinate_jobs IN SHARE MODE"))
        with factory() as session:
            session.execute(text("SET LOCAL lock_timeout = '10ms'"))
            with pytest.raises(OperationalError, match="55P03"):
                outbox.defer(session, "match_lines")


def test_a_part_that_fails_takes_its_own_words_back_and_no_others(
    session: Session, engine: Engine, act: Act
) -> None:
    """Rows, audit records, events and jobs of the part are gone; those before and after it stay."""
    _part(session, act, "before")
    with pytest.raises(ArithmeticError):
        _failing_part(session, act)
    _part(session, act, "after")
    session.commit()
    assert [object_id for _, object_id, _ in _events(session)] == ["before", "after"]
    assert session.scalars(text("SELECT external_id FROM customers ORDER BY id")).all() == ["before", "after"]
    bodies = session.scalars(text("SELECT body FROM audit_records ORDER BY seq")).all()
    assert [json.loads(body)["action"] for body in bodies] == ["customer.created"] * 2
    assert [arguments["name"] for _, _, arguments in _jobs(engine)] == ["before", "after"]


def _part(session: Session, act: Act, name: str) -> None:
    customers.create(session, CustomerFacts(name="Erika Beispiel", external_id=name), act=act)
    _emit(session, name, act)
    outbox.defer(session, "match_lines", name=name)


def _failing_part(session: Session, act: Act) -> None:
    with outbox.all_or_nothing(session):
        _part(session, act, "failed")
        with outbox.all_or_nothing(session):
            _part(session, act, "inner")
        raise ArithmeticError


def test_a_part_that_succeeds_is_told_with_the_whole(session: Session, act: Act) -> None:
    with outbox.all_or_nothing(session):
        _part(session, act, "inner")
    assert _events(session) == []
    session.commit()
    assert _events(session) == [(1, "inner", 1)]


def test_a_part_that_succeeded_is_forgotten_when_the_whole_fails(
    session: Session, engine: Engine, act: Act
) -> None:
    with outbox.all_or_nothing(session):
        _part(session, act, "inner")
    session.rollback()
    session.commit()
    assert _events(session) == []
    assert _jobs(engine) == []


def test_a_refused_customer_takes_nothing_else_back(session: Session, act: Act) -> None:
    """A constraint that refuses one row ends neither the transaction nor what was to be told of the others."""
    _part(session, act, "known")
    with pytest.raises(customers.ExternalIdTaken):
        _part(session, act, "known")
    _part(session, act, "next")
    session.commit()
    assert [object_id for _, object_id, _ in _events(session)] == ["known", "next"]


@pytest.mark.parametrize("change", ["UPDATE events SET type = 'x'", "DELETE FROM events"])
def test_what_was_told_is_never_changed(session: Session, act: Act, change: str) -> None:
    _emit(session, "inv_1", act)
    session.commit()
    with pytest.raises(IntegrityError, match="events is append-only"):
        session.execute(text(change))
    session.rollback()
