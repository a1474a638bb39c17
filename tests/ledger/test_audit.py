"""The audit trail: every deed is sealed with the one before, and whoever changes one is found out."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import audit
from ledger.acts import Act
from ledger.models import AuditRecord
from tests.factories.books import Books
from tests.factories.tampering import tampering
from tests.ledger.conftest import broken_invariants


def _records(session: Session) -> list[tuple[int, str, str, str]]:
    rows = session.execute(text("SELECT seq, previous_hash, hash, body FROM audit_records ORDER BY seq"))
    return [(row.seq, row.previous_hash, row.hash, row.body) for row in rows]


def _head(session: Session) -> tuple[int, str]:
    row = session.execute(text("SELECT seq, hash FROM chain_head")).one()
    return row.seq, row.hash


def _told(session: Session) -> list[dict[str, Any]]:
    return [json.loads(body) for _, _, _, body in _records(session)]


def test_a_deed_is_written_when_its_change_commits(session: Session, act: Act) -> None:
    audit.record(session, "invoice.created", "inv_1", act=act, total_minor=12_000, hold=None)
    assert _records(session) == []
    session.commit()
    assert _told(session) == [
        {
            "action": "invoice.created", "actor": "treasury", "at": "2026-11-18T08:00:00.000000+00:00",
            "object": "inv_1", "total_minor": 12_000,
        }
    ]  # fmt: skip


def test_a_deed_that_was_rolled_back_is_not_told(session: Session, act: Act) -> None:
    session.execute(text("SELECT 1"))
    audit.record(session, "invoice.created", "inv_1", act=act)
    session.rollback()
    audit.record(session, "invoice.created", "inv_2", act=act)
    session.commit()
    assert [told["object"] for told in _told(session)] == ["inv_2"]


def test_the_same_thing_said_of_each_is_said_in_the_same_bytes(session: Session, act: Act) -> None:
    ids = ["pay_1", 'pay_"2', "pay_3"]
    audit.record_each(session, "payment.final", ids, act=act, why="window closed", before="provisional")
    for one in ids:
        audit.record(session, "payment.final", one, act=act, why="window closed", before="provisional")
    session.commit()
    bodies = [body for *_, body in _records(session)]
    assert bodies[:3] == bodies[3:]


def test_what_one_reads_is_what_the_sealed_body_says(session: Session, act: Act) -> None:
    audit.record(session, "payment.cancelled", "pay_1", act=act, why="entered twice")
    audit.record(session, "demo.reset", None, act=act)
    session.commit()
    told = (AuditRecord.action, AuditRecord.actor, AuditRecord.object_id, AuditRecord.at)
    rows = session.execute(select(*told).order_by(AuditRecord.seq))
    assert [tuple(row) for row in rows] == [
        ("payment.cancelled", "treasury", "pay_1", "2026-11-18T08:00:00.000000+00:00"),
        ("demo.reset", "treasury", None, "2026-11-18T08:00:00.000000+00:00"),
    ]


def test_each_record_seals_the_one_before(session: Session, act: Act) -> None:
    """The hashes are computed here once more, from what the documentation says and nothing else."""
    for number in range(3):
        audit.record(session, "invoice.created", f"inv_{number}", act=act, why="Zähler abgelesen für 5 €")
        session.commit()
    before = "0" * 64
    for place, (seq, previous, sealed, body) in enumerate(_records(session), start=1):
        assert (seq, previous) == (place, before)
        assert sealed == hashlib.sha256(before.encode("ascii") + b"\n" + body.encode("utf-8")).hexdigest()
        before = sealed
    assert _head(session) == (3, before)


def test_the_same_facts_are_always_the_same_bytes(act: Act) -> None:
    assert audit.canonical({"b": 1, "a": "ä", "c": None}) == '{"a":"ä","b":1,"c":null}'
    assert audit.canonical({"c": None, "a": "ä", "b": 1}) == '{"a":"ä","b":1,"c":null}'


def test_a_float_is_no_fact(session: Session, act: Act) -> None:
    with pytest.raises(TypeError, match="amount is a float"):
        audit.record(session, "payment.received", "pay_1", act=act, amount=12.5)


def test_the_time_is_told_in_utc(session: Session, act: Act) -> None:
    berlin = datetime(2026, 7, 1, 1, 30, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    audit.record(session, "invoice.created", "inv_1", act=Act(actor="job", at=berlin, today=act.today))
    session.commit()
    assert _told(session)[0]["at"] == "2026-06-30T23:30:00.000005+00:00"


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit_records SET body = '{}'", "DELETE FROM audit_records", "TRUNCATE audit_records"],
)
def test_a_record_is_never_changed_by_ordinary_means(session: Session, act: Act, change: str) -> None:
    audit.record(session, "invoice.created", "inv_1", act=act)
    session.commit()
    with pytest.raises(IntegrityError, match="audit_records is append-only"):
        session.execute(text(change))
    session.rollback()


TAMPERINGS = {
    "a body is changed": "UPDATE audit_records SET body = replace(body, 'treasury', 'nobody') WHERE seq = 4",
    "a body is changed and sealed anew": (
        "UPDATE audit_records SET body = replace(body, 'treasury', 'nobody') WHERE seq = 4; "
        "UPDATE audit_records SET hash = encode(sha256(convert_to(previous_hash || E'\\n' || body, 'UTF8')), 'hex') "
        "WHERE seq = 4"
    ),
    "the first is deleted": "DELETE FROM audit_records WHERE seq = 1",
    "one in the middle is deleted": "DELETE FROM audit_records WHERE seq = 4",
    "one in the middle is deleted and the rest moves up": (
        "DELETE FROM audit_records WHERE seq = 4; UPDATE audit_records SET seq = 4 WHERE seq = 5; "
        "UPDATE audit_records SET seq = 5 WHERE seq = 6; UPDATE chain_head SET seq = 5"
    ),
    "the tail is cut": "DELETE FROM audit_records WHERE seq > 4",
    "everything is deleted": "DELETE FROM audit_records",
    "two are exchanged": (
        "UPDATE audit_records SET seq = 99 WHERE seq = 3; UPDATE audit_records SET seq = 3 WHERE seq = 4; "
        "UPDATE audit_records SET seq = 4 WHERE seq = 99"
    ),
    "one is told twice": (
        "INSERT INTO audit_records (seq, previous_hash, hash, body) "
        "SELECT 7, previous_hash, hash, body FROM audit_records WHERE seq = 6"
    ),
    "the head's hash is changed": "UPDATE chain_head SET hash = repeat('f', 64)",
    "the head's number is changed": "UPDATE chain_head SET seq = seq + 1",
    "the head is deleted": "DELETE FROM chain_head",
    "the tail is cut and the head deleted": "DELETE FROM audit_records WHERE seq > 4; DELETE FROM chain_head",
}


@pytest.fixture
def told_engine(engine: Engine, act: Act) -> Engine:
    """Six deeds are on record."""
    with Session(engine) as session:
        for number in range(6):
            audit.record(session, "invoice.created", f"inv_{number}", act=act)
        session.commit()
    return engine


def test_an_untouched_trail_is_unbroken(told_engine: Engine) -> None:
    assert broken_invariants(told_engine) == set()


@pytest.mark.parametrize("change", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_tampering_past_every_guard_is_found_out(told_engine: Engine, change: str) -> None:
    with tampering(told_engine) as tamper:
        for statement in change.split("; "):
            tamper(statement)
    broken = broken_invariants(told_engine)
    assert "audit_chain_unbroken" in broken
    assert broken <= {"audit_chain_unbroken", "events_in_order"}


def test_the_chain_goes_on_where_it_ended(session: Session, books: Books, act: Act) -> None:
    session.commit()
    known = _records(session)
    books.customer()
    books.customer("Max Mustermann")
    session.commit()
    records = _records(session)
    assert records[: len(known)] == known
    assert len(records) == len(known) + 2
    assert records[len(known)][1] == known[-1][2]
