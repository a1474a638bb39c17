"""/v1/proposals: matches that nobody has confirmed, with what speaks for and against each, and yes or no to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.api.paging import AtCursor, Page, page_of
from gateway.api.shapes import Id, Reason
from gateway.session import CurrentSession, Decider, Reader, SettlerOnce, TransactionalRoute
from ledger import outbox
from ledger.models import AllocationKind
from reconciliation import matching, proposals
from reconciliation.models import Proposal, ProposalState
from reconciliation.proposals import Shown
from reconciliation.transfers.reading import Share

router = APIRouter(prefix="/v1/proposals", tags=["proposals"], route_class=TransactionalRoute)


class ShareOut(BaseModel):
    """What closes a part of an invoice. A payment's share is the line's own money; a credit note's comes out of it."""

    invoice_id: str
    invoice_number: str | None
    kind: AllocationKind
    amount_minor: int
    credit_note_id: str | None
    credit_note_number: str | None
    reason: str | None


class ProposalOut(BaseModel):
    """One way to read a line: whose money it is, what it closes, and in sentences what speaks for and against that.

    `because` says why it was not applied by itself, `obstacles` why it cannot be confirmed now.
    """

    id: str
    line_id: str
    rank: int
    state: ProposalState
    customer_id: str | None
    customer_name: str | None
    currency: str
    shares: list[ShareOut]
    on_account_minor: int
    payment_id: str | None
    supports: list[str]
    contradicts: list[str]
    certainty: str | None
    because: str | None
    obstacles: list[str]
    proposed_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decided_because: str | None


def shown(session: Session, found: Sequence[Proposal]) -> list[ProposalOut]:
    """These proposals as a person reads them."""
    return [_out(one) for one in proposals.show(session, found)]


def _out(one: Shown) -> ProposalOut:
    proposal, reading = one.proposal, one.reading
    return ProposalOut(
        id=proposal.id, line_id=proposal.line_id, rank=proposal.rank, state=ProposalState(proposal.state),
        customer_id=reading.customer_id, customer_name=one.customer_name, currency=one.currency,
        shares=[_share(one, share) for share in reading.shares], on_account_minor=reading.on_account_minor,
        payment_id=reading.payment_id, supports=[said["sentence"] for said in proposal.supports],
        contradicts=[said["sentence"] for said in proposal.contradicts], certainty=proposal.certainty,
        because=proposal.because, obstacles=list(one.obstacles), proposed_at=proposal.proposed_at,
        decided_at=proposal.decided_at, decided_by=proposal.decided_by,
        decided_because=proposal.decided_because,
    )  # fmt: skip


def _share(one: Shown, share: Share) -> ShareOut:
    bill, note = one.items.get(share.invoice_id), one.items.get(share.credit_note_id or "")
    return ShareOut(
        invoice_id=share.invoice_id, invoice_number=None if bill is None else bill.number, kind=share.kind,
        amount_minor=share.amount_minor, credit_note_id=share.credit_note_id,
        credit_note_number=None if note is None else note.number, reason=share.reason,
    )  # fmt: skip


@router.get("")
def list_proposals(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    line_id: Id | None = None,
    state: Annotated[ProposalState | None, Query(description="Any, if left out.")] = None,
) -> Page[ProposalOut]:
    wanted = {Proposal.line_id: line_id, Proposal.state: state}
    query = select(Proposal).where(
        *(column == value for column, value in wanted.items() if value is not None)
    )
    return page_of(session, query, Proposal.id, cursor, lambda found: shown(session, found))


@router.get("/{proposal_id}")
def get_proposal(proposal_id: Id, session: CurrentSession, act: Reader) -> ProposalOut:
    return shown(session, [proposals.get(session, proposal_id)])[0]


@router.post("/{proposal_id}/confirm")
def confirm(proposal_id: Id, session: CurrentSession, act: SettlerOnce) -> ProposalOut:
    """Do what it says. When what it would close has changed meanwhile it is refused with how that is now (409)."""
    done = proposals.confirm(session, proposal_id, act=act)
    outbox.defer(session, matching.JOB, lock=matching.JOB)
    return shown(session, [done])[0]


@router.post("/{proposal_id}/reject")
def reject(proposal_id: Id, body: Reason, session: CurrentSession, act: Decider) -> ProposalOut:
    """Say that it is wrong: the same is never proposed for its line again."""
    return shown(session, [proposals.reject(session, proposal_id, because=body.reason, act=act)])[0]
