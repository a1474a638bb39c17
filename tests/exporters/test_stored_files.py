"""Files that leave: stored with their hash, released once, hashed again whenever they are handed out."""

from __future__ import annotations

import hashlib
from random import Random

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from exporters import stored_files
from exporters.invariants import INVARIANTS
from exporters.models import FileDownload, StoredFile
from exporters.stored_files import FileDamaged, FileNotFound, NotReleased, ReleasedAlready
from ledger.acts import Act
from ledger.database import violated
from ledger.models import AuditRecord
from tests.factories.collecting import at_once, days_later, refused, require_breach, second

CONTENT = b"<Document>" + bytes(range(256)) * 8 + b"</Document>"


def store(session: Session, act: Act, content: bytes = CONTENT) -> StoredFile:
    return stored_files.store(session, content, kind="pain.008", name="MSG-1.xml", batch_id=None, act=act)


def test_a_file_is_stored_byte_for_byte_with_its_hash(session: Session, act: Act) -> None:
    file = store(session, act)
    session.commit()
    session.expire_all()
    found = stored_files.get(session, file.id)
    assert (found.content, found.size) == (CONTENT, len(CONTENT))
    assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (found.kind, found.name, found.created_by, found.created_at) == (
        "pain.008", "MSG-1.xml", "treasury", act.at,
    )  # fmt: skip
    assert (found.released_at, found.released_by) == (None, None)


def test_a_file_is_handed_out_only_after_its_release(session: Session, act: Act) -> None:
    file = store(session, act)
    with refused(session, NotReleased):
        stored_files.download(session, file.id, act=act)
    stored_files.release(session, file.id, act=second(act))
    assert stored_files.download(session, file.id, act=act).content == CONTENT
    session.commit()
    assert (file.released_at, file.released_by) == (act.at, "second treasurer")


def test_a_file_is_released_once(session: Session, act: Act) -> None:
    file = store(session, act)
    stored_files.release(session, file.id, act=act)
    with refused(session, ReleasedAlready):
        stored_files.release(session, file.id, act=second(act))
    session.commit()
    assert file.released_by == "treasury"


@pytest.mark.race
def test_eight_hands_release_one_file_and_it_is_released_once(
    session: Session, act: Act, engine: Engine
) -> None:
    file_id = store(session, act).id
    session.commit()
    done = at_once(engine, [lambda one: stored_files.release(one, file_id, act=act).id] * 8)
    assert [result for result in done if result == file_id] == [file_id]
    assert sum(type(result) is ReleasedAlready for result in done) == 7


def test_who_fetched_a_file_and_when_is_written_down(session: Session, act: Act) -> None:
    file = store(session, act)
    stored_files.release(session, file.id, act=act)
    for who in (act, days_later(second(act), 1)):
        stored_files.download(session, file.id, act=who)
    session.commit()
    fetched = session.query(FileDownload).order_by(FileDownload.id).all()
    assert [(one.file_id, one.by, one.at, one.sha256) for one in fetched] == [
        (file.id, "treasury", act.at, file.sha256),
        (file.id, "second treasurer", days_later(act, 1).at, file.sha256),
    ]
    recorded = session.query(AuditRecord).where(AuditRecord.object_id == file.id).order_by(AuditRecord.seq)
    assert [record.action for record in recorded] == [
        "file.stored", "file.released", "file.downloaded", "file.downloaded",
    ]  # fmt: skip


def test_what_does_not_exist_is_not_found(session: Session, act: Act) -> None:
    with refused(session, FileNotFound, "file_id"):
        stored_files.get(session, "fil_nobody")
    for ask in (stored_files.release, stored_files.download):
        with refused(session, FileNotFound, "file_id"):
            ask(session, "fil_nobody", act=act)
    with refused(session, FileNotFound, "batch_id"):
        stored_files.of_batch(session, "bat_nobody")


CHANGES = {
    "UPDATE stored_files SET content = 'x'": "stored_files_bytes_stay",
    "UPDATE stored_files SET sha256 = repeat('0', 64)": "stored_files_bytes_stay",
    "UPDATE stored_files SET size = 1": "stored_files_bytes_stay",
    "DELETE FROM stored_files": "stored_files_append_only",
}


def test_the_database_itself_refuses_to_change_the_bytes(session: Session, act: Act) -> None:
    store(session, act)
    session.commit()
    for change, guard in CHANGES.items():
        with pytest.raises(IntegrityError) as caught:
            session.execute(text(change))
        assert violated(caught.value) == guard
        session.rollback()


def test_the_database_itself_refuses_to_take_a_release_back(session: Session, act: Act) -> None:
    file = store(session, act)
    stored_files.release(session, file.id, act=act)
    session.commit()
    with pytest.raises(IntegrityError) as caught:
        session.execute(text("UPDATE stored_files SET released_at = NULL, released_by = NULL"))
    assert violated(caught.value) == "stored_files_released_once"
    session.rollback()


def test_whichever_byte_is_flipped_the_file_is_neither_released_nor_handed_out(
    session: Session, act: Act, engine: Engine
) -> None:
    waiting, gone = store(session, act), store(session, act, CONTENT[::-1])
    stored_files.release(session, gone.id, act=act)
    session.commit()
    chance = Random(20261118)
    for _ in range(50):
        place, bit = chance.randrange(len(CONTENT)), chance.randrange(8)
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(
            text("UPDATE stored_files SET content = set_bit(content, :bit, 1 - get_bit(content, :bit))"),
            {"bit": 8 * place + bit},
        )
        with refused(session, FileDamaged):
            stored_files.release(session, waiting.id, act=act)
        with refused(session, FileDamaged):
            stored_files.download(session, gone.id, act=act)
        session.rollback()
    assert session.query(FileDownload).count() == 0
    session.expire_all()
    assert stored_files.release(session, waiting.id, act=act).content == CONTENT
    session.commit()


def test_a_flipped_byte_is_named_by_verify(session: Session, act: Act, engine: Engine) -> None:
    store(session, act)
    session.commit()
    chance = Random(20261119)
    for _ in range(50):
        require_breach(
            engine, INVARIANTS, "stored_files_unchanged",
            "UPDATE stored_files SET content = set_byte(content, :at, (get_byte(content, :at) + :by) % 256)",
            at=chance.randrange(len(CONTENT)), by=chance.randrange(1, 256),
        )  # fmt: skip
