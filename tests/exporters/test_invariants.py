"""Every invariant of files that leave notices when its fact is broken behind the product's back."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from exporters.invariants import INVARIANTS
from tests.factories.books import Books
from tests.factories.collecting import drafted, require_breach, scheduled, sent

BROKEN: tuple[tuple[str, str], ...] = (
    ("stored_files_unchanged", "UPDATE stored_files SET content = content || '\\x20'::bytea"),
    ("stored_files_unchanged", "UPDATE stored_files SET sha256 = repeat('0', 64)"),
    (
        "released_batches_have_released_files",
        "UPDATE stored_files SET released_at = NULL, released_by = NULL",
    ),
    ("released_batches_have_released_files", "UPDATE stored_files SET released_at = now()"),
    ("released_batches_have_released_files", "DELETE FROM stored_files WHERE released_at IS NOT NULL"),
    ("released_batches_have_released_files", "UPDATE batches SET released_at = now()"),
)


def test_every_breach_is_noticed(session: Session, books: Books, engine: Engine) -> None:
    scheduled(books)
    sent(books)
    scheduled(books)
    drafted(books)
    session.commit()
    assert {name for name, _ in BROKEN} == {invariant.name for invariant in INVARIANTS}
    for name, statement in BROKEN:
        require_breach(engine, INVARIANTS, name, statement)
