"""Files that leave: stored with their hash, released once, hashed again at every download."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from exporters.models import FileDownload, StoredFile
from ledger import audit
from ledger.acts import Act
from ledger.errors import Conflict, NotFound
from ledger.identifiers import new_id


class FileNotFound(NotFound):
    """There is no such file."""


class NotReleased(Conflict):
    """A file is handed out only after its release."""


class ReleasedAlready(Conflict):
    """A file is released once."""


class FileDamaged(Conflict):
    """The stored bytes no longer have the hash they were stored with; nobody may use them."""


def store(
    session: Session,
    content: bytes,
    *,
    kind: str,
    name: str,
    batch_id: str | None = None,
    payback_id: str | None = None,
    act: Act,
) -> StoredFile:
    """Keep the bytes of a file that is to leave, with their SHA-256; it belongs to a batch or a payback batch."""
    file = StoredFile(
        id=new_id("fil"), kind=kind, name=name, content=content,
        sha256=hashlib.sha256(content).hexdigest(), size=len(content), batch_id=batch_id,
        payback_id=payback_id, created_at=act.at, created_by=act.actor,
    )  # fmt: skip
    session.add(file)
    session.flush()
    audit.record(
        session, "file.stored", file.id, act=act, sha256=file.sha256, batch=batch_id, payback=payback_id
    )
    return file


def get(session: Session, file_id: str) -> StoredFile:
    """Raises FileNotFound."""
    found = session.get(StoredFile, file_id)
    if found is None:
        raise FileNotFound(f"There is no file {file_id[:40]}.", field="file_id")
    return found


def of_batch(session: Session, batch_id: str) -> StoredFile:
    """The one file of a batch that was not withdrawn. Raises FileNotFound."""
    standing = (StoredFile.batch_id == batch_id, StoredFile.withdrawn_at.is_(None))
    found = session.scalars(select(StoredFile).where(*standing)).first()
    if found is None:
        raise FileNotFound(f"Batch {batch_id[:40]} has no file.", field="batch_id")
    return found


def withdraw(session: Session, file_id: str, *, act: Act) -> None:
    """A file of a draft is replaced by another one and never leaves. Raises ReleasedAlready."""
    file = get(session, file_id)
    if file.released_at is not None:
        raise ReleasedAlready(f"File {file_id} was released already.")
    file.withdrawn_at = act.at
    session.flush()
    audit.record(session, "file.withdrawn", file.id, act=act, sha256=file.sha256)


def of_payback(session: Session, payback_id: str) -> StoredFile:
    """The one file of a payback batch. Raises FileNotFound."""
    standing = (StoredFile.payback_id == payback_id, StoredFile.withdrawn_at.is_(None))
    found = session.scalars(select(StoredFile).where(*standing)).first()
    if found is None:
        raise FileNotFound(f"Payback batch {payback_id[:40]} has no file.", field="payback_id")
    return found


def content_of(session: Session, file_id: str) -> bytes:
    """The bytes of a file for what is made of them here, hashed again. Raises FileNotFound or FileDamaged."""
    return _read_whole(session, file_id).content


def release(session: Session, file_id: str, *, act: Act) -> StoredFile:
    """Let a file go, once, after its bytes were hashed again. Raises ReleasedAlready or FileDamaged."""
    file = _read_whole(session, file_id)
    if file.released_at is not None:
        raise ReleasedAlready(f"File {file_id} was released already.")
    file.released_at, file.released_by = act.at, act.actor
    session.flush()
    audit.record(session, "file.released", file.id, act=act, sha256=file.sha256)
    return file


def download(session: Session, file_id: str, *, act: Act) -> StoredFile:
    """The file with its bytes, hashed again; who fetched it is written down.

    Raises FileNotFound, NotReleased, or FileDamaged when the bytes are not those that were stored.
    """
    file = _read_whole(session, file_id)
    if file.released_at is None:
        raise NotReleased(f"File {file_id} is not released.")
    session.add(FileDownload(file_id=file.id, at=act.at, by=act.actor, sha256=file.sha256))
    audit.record(session, "file.downloaded", file.id, act=act, sha256=file.sha256)
    return file


def _read_whole(session: Session, file_id: str) -> StoredFile:
    get(session, file_id)
    file = session.scalars(
        select(StoredFile)
        .where(StoredFile.id == file_id)
        .options(undefer(StoredFile.content))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if hashlib.sha256(file.content).hexdigest() != file.sha256:
        raise FileDamaged(f"File {file_id} does not have its hash any more and is not handed out.")
    return file
