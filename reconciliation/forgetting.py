"""Revoking what was learnt about payers, and on request undoing what it had decided."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.acts import Act
from reconciliation import memory_reports, payer_memory, undoing
from reconciliation.memory_reports import Decided
from reconciliation.models import PayerMemory
from reconciliation.undoing import Undoing


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A memory that counts no more, the matches that stood by its help before, and what of them was undone."""

    memory: PayerMemory
    decided: tuple[Decided, ...]
    undoing: Undoing


def revoke(session: Session, memory_id: str, *, because: str, undo: bool = False, act: Act) -> Forgotten:
    """Let a memory decide nothing any more; one that is revoked already stays so.

    With `undo` the matches that it helped to decide are undone; those that cannot be stay, with their reasons.
    Raises MemoryNotFound or UnreadableText.
    """
    payer_memory.get(session, memory_id)
    stood = tuple(one for one in memory_reports.decided(session, memory_id) if one.undone_at is None)
    wanted = [one.match_id for one in stood] if undo else []
    done = undoing.undo_matches(session, wanted, because=because, act=act)
    payer_memory.end(session, [memory_id], because=because, act=act)
    return Forgotten(payer_memory.get(session, memory_id), stood, done)
