"""/v1/payer-memories: what was learnt about who pays for whom, where it comes from, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.api.matches import UndoingOut
from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import SEEN, Id, Reason
from gateway.session import CurrentSession, Decider, Reader, TransactionalRoute
from ledger.banking import mask
from reconciliation import forgetting, memory_reports, payer_memory
from reconciliation.models import MemoryKind, PayerMemory

router = APIRouter(prefix="/v1/payer-memories", tags=["payer memories"], route_class=TransactionalRoute)


class MemoryIn(BaseModel):
    """Exactly one of an account, a name and another customer pays for the customer."""

    model_config = ConfigDict(extra="forbid")

    creditor_id: Id
    customer_id: Id
    account: str | None = Field(default=None, min_length=1, max_length=64, pattern=SEEN)
    name: str | None = Field(default=None, min_length=1, max_length=140, pattern=SEEN)
    payer_id: Id | None = Field(default=None, description="A customer that pays for this one.")

    @model_validator(mode="after")
    def _one_payer(self) -> MemoryIn:
        """Who pays is said in one way."""
        if sum(given is not None for given in (self.account, self.name, self.payer_id)) != 1:
            raise ValueError("Say which one pays: an account, a name or another customer.")
        return self


class MemoryOut(BaseModel):
    """`account`, `name_key` or `payer_id` pays for the customer; it counts until it is revoked.

    It was learnt from the match and line named here, or by hand. `decided` counts the standing matches that it
    helped to decide. A memory of an account that `pays_for_many` customers is not used.
    """

    id: str
    creditor_id: str
    kind: MemoryKind
    account: str | None = Field(description="Masked: its first and last four characters.")
    name_key: str | None = Field(description="The words of the name, folded and sorted.")
    payer_id: str | None
    customer_id: str
    match_id: str | None
    line_id: str | None
    rule: str | None
    learnt_at: datetime
    learnt_by: str
    decided: int
    pays_for_many: bool
    revoked_at: datetime | None
    revoked_by: str | None
    revoked_because: str | None


class DecidedOut(BaseModel):
    """A match that a memory helped to decide, with the amount of its line."""

    model_config = ConfigDict(from_attributes=True)

    match_id: str
    line_id: str
    rule: str
    decided_by: str
    decided_at: datetime
    amount_minor: int
    currency: str
    undone_at: datetime | None


class MemoryWithMatches(MemoryOut):
    matches: list[DecidedOut]


class RevocationIn(Reason):
    """With `undo`, what the memory has decided is undone too."""

    undo: bool = False


class RevokedOut(BaseModel):
    """The memory, the matches that stood by its help until now, and what of them was undone."""

    memory: MemoryOut
    matches: list[DecidedOut]
    undoing: UndoingOut


def shown(session: Session, memories: Sequence[PayerMemory]) -> list[MemoryOut]:
    """Memories with their origins, in the order given."""
    origins = memory_reports.origins(session, memories)
    return [MemoryOut(**_facts(memory, origins[memory.id])) for memory in memories]


def _facts(memory: PayerMemory, origin: memory_reports.Origin) -> dict[str, Any]:
    own = ("account", "line_id", "rule", "decided", "pays_for_many")
    return {
        **{name: getattr(memory, name) for name in MemoryOut.model_fields if name not in own},
        "account": None if memory.account is None else mask(memory.account),
        "line_id": origin.line_id, "rule": origin.rule, "decided": origin.decided,
        "pays_for_many": origin.pays_for_many,
    }  # fmt: skip


@router.get("")
def list_payer_memories(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    creditor_id: Id | None = None,
    customer_id: Id | None = None,
    kind: MemoryKind | None = None,
    revoked: bool | None = None,
) -> Page[MemoryOut]:
    wanted = {
        PayerMemory.creditor_id: creditor_id, PayerMemory.customer_id: customer_id, PayerMemory.kind: kind,
    }  # fmt: skip
    query = select(PayerMemory).where(
        *(column == value for column, value in wanted.items() if value is not None)
    )
    if revoked is not None:
        query = query.where(
            PayerMemory.revoked_at.is_not(None) if revoked else PayerMemory.revoked_at.is_(None)
        )
    found = page(session, query, PayerMemory.id, cursor, lambda memory: memory)
    return Page[MemoryOut](data=shown(session, found.data), next=found.next)


@router.get("/{memory_id}")
def get_payer_memory(memory_id: Id, session: CurrentSession, act: Reader) -> MemoryWithMatches:
    memory = payer_memory.get(session, memory_id)
    (told,) = shown(session, [memory])
    matches = [DecidedOut.model_validate(one) for one in memory_reports.decided(session, memory_id)]
    return MemoryWithMatches(**told.model_dump(), matches=matches)


@router.post("", status_code=201)
def teach(body: MemoryIn, session: CurrentSession, act: Decider) -> MemoryOut:
    """Say who pays for a customer; what is known already is given as it is."""
    memory = payer_memory.teach(session, **body.model_dump(), act=act)
    return shown(session, [memory])[0]


@router.post("/{memory_id}/revoke")
def revoke(memory_id: Id, body: RevocationIn, session: CurrentSession, act: Decider) -> RevokedOut:
    """Let a memory decide nothing any more; shows what it had decided, and with `undo` takes that back."""
    done = forgetting.revoke(session, memory_id, because=body.reason, undo=body.undo, act=act)
    return RevokedOut(
        memory=shown(session, [done.memory])[0],
        matches=[DecidedOut.model_validate(one) for one in done.decided],
        undoing=UndoingOut.model_validate(done.undoing),
    )
