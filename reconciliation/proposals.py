"""Proposals: matches of waiting lines that nobody has confirmed, and a person's yes or no to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import audit, payments, states
from ledger.acts import Act
from ledger.database import among, expire_rows
from ledger.errors import Conflict, NotFound
from ledger.models import CreditNote, Customer, Invoice, Payment
from ledger.money import Money
from ledger.states import CollectionStatus
from ledger.texts import checked_text
from reconciliation import by_hand, waiting_lines
from reconciliation.models import LINE, LineState, Proposal, ProposalState, StatementLine
from reconciliation.transfers import applying
from reconciliation.transfers.reading import Reading

RULE = "proposal_confirmed"
_CLOSED = (CollectionStatus.CANCELLED, CollectionStatus.WRITTEN_OFF)


class ProposalNotFound(NotFound):
    """There is no such proposal."""


class ProposalDecided(Conflict):
    """Only an open proposal can be confirmed or rejected."""


class StaleProposal(Conflict):
    """What a proposal would close has changed since it was made; the message says how it is now."""


@dataclass(frozen=True, slots=True)
class Item:
    """An invoice or credit note that a proposal touches, as it is now; amounts in minor units of `currency`."""

    id: str
    number: str
    customer_id: str
    currency: str
    open_minor: int
    state: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A proposal with what a person needs to decide on it.

    `items` are by id the invoices and credit notes it touches, `obstacles` sentences that say why it cannot be
    confirmed now.
    """

    proposal: Proposal
    reading: Reading
    customer_name: str | None
    currency: str
    items: dict[str, Item]
    obstacles: tuple[str, ...]


def get(session: Session, proposal_id: str) -> Proposal:
    """Raises ProposalNotFound."""
    found = session.get(Proposal, proposal_id)
    if found is None:
        raise ProposalNotFound(f"There is no proposal {proposal_id[:40]}.", field="proposal_id")
    return found


def of_lines(
    session: Session, line_ids: Iterable[str], *, every: bool = False
) -> defaultdict[str, list[Proposal]]:
    """By line its open proposals, the best first; with `every` also those that were decided, the newest first."""
    query = select(Proposal).where(among(Proposal.line_id, line_ids))
    if not every:
        query = query.where(Proposal.state == ProposalState.OPEN)
    is_decided = Proposal.state != ProposalState.OPEN
    by_line: defaultdict[str, list[Proposal]] = defaultdict(list)
    for one in session.scalars(query.order_by(is_decided, Proposal.rank, Proposal.id.desc())):
        by_line[one.line_id].append(one)
    return by_line


def show(session: Session, found: Sequence[Proposal]) -> list[Shown]:
    """These proposals with names, numbers and obstacles, in the order given."""
    readings = [Reading.from_json(one.reading) for one in found]
    items = _items(session, readings)
    names = _names(session, readings)
    in_transit = _in_transit(session, readings)
    currencies = _currencies(session, found)
    shown = []
    for one, reading in zip(found, readings, strict=True):
        obstacles = _obstacles(reading, items, in_transit) if one.state == ProposalState.OPEN else ()
        touched = {id_: items[id_] for id_ in _touched(reading) if id_ in items}
        shown.append(
            Shown(
                one,
                reading,
                names.get(reading.customer_id or ""),
                currencies[one.line_id],
                touched,
                obstacles,
            )
        )
    return shown


def confirm(session: Session, proposal_id: str, *, act: Act) -> Proposal:
    """Do what a proposal says: its line is matched, held, and its other proposals are superseded.

    The line is locked, then the proposal, then what it closes. Raises ProposalNotFound, ProposalDecided,
    LineNotWaiting, StaleProposal when something it would close has not that much open any more, or what
    `by_hand.give` raises; nothing is changed then.
    """
    proposal, line = _lock_open(session, proposal_id)
    waiting_lines.require_waiting(line)
    reading = Reading.from_json(proposal.reading)
    if reading.payment_id is not None:
        payments.lock(session, [reading.payment_id])
    applying.still_open(session, _touched(reading))
    found = _obstacles(reading, _items(session, [reading]), _in_transit(session, [reading]))
    if found:
        raise StaleProposal(" ".join(found), field="proposal_id")
    evidence = (*(one["sentence"] for one in proposal.supports), "A person confirmed it.")
    by_hand.give(session, line, reading, act=act, rule=RULE, evidence=evidence, confirmed=proposal.id)
    _decide(session, proposal, ProposalState.CONFIRMED, None, act)
    return proposal


def reject(session: Session, proposal_id: str, *, because: str, act: Act) -> Proposal:
    """Say that a proposal is wrong: the same is never proposed for its line again, which a person holds from now on.

    Raises ProposalNotFound, ProposalDecided or UnreadableText.
    """
    checked_text(because, field="because", longest=200)
    proposal, line = _lock_open(session, proposal_id)
    _decide(session, proposal, ProposalState.REJECTED, because, act)
    waiting_lines.hold(session, line, act=act)
    if line.state == LineState.PROPOSED and not of_lines(session, [line.id])[line.id]:
        states.move(session, LINE, [line.id], LineState.UNEXPLAINED, act=act, reason=because)
        session.execute(
            text("UPDATE statement_lines SET waiting_because = :because WHERE id = :id"),
            {"id": line.id, "because": f"What was proposed was rejected: {because}"},
        )
        expire_rows(session, "statement_lines", [line.id])
    return proposal


def _lock_open(session: Session, proposal_id: str) -> tuple[Proposal, StatementLine]:
    line_id = get(session, proposal_id).line_id
    line = waiting_lines.lock(session, [line_id])[0]
    proposal = session.scalars(
        select(Proposal)
        .where(Proposal.id == proposal_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if proposal.state != ProposalState.OPEN:
        raise ProposalDecided(
            f"Proposal {proposal_id} is {proposal.state}; its line is {line.state.replace('_', ' ')}.",
            field="proposal_id",
        )
    return proposal, line


def _decide(
    session: Session, proposal: Proposal, state: ProposalState, because: str | None, act: Act
) -> None:
    proposal.state, proposal.decided_at, proposal.decided_by = state, act.at, act.actor
    proposal.decided_because = because
    session.flush()
    audit.record(
        session, f"proposal.{state}", proposal.id, act=act, why=because, line=proposal.line_id,
        digest=proposal.digest,
    )  # fmt: skip


def _touched(reading: Reading) -> set[str]:
    notes = {share.credit_note_id for share in reading.shares if share.credit_note_id is not None}
    return notes | {share.invoice_id for share in reading.shares}


def _items(session: Session, readings: Iterable[Reading]) -> dict[str, Item]:
    """By id every invoice and credit note of these readings, as it is now."""
    wanted = {one for reading in readings for one in _touched(reading)}
    bills = session.execute(
        select(
            Invoice.id, Invoice.number, Invoice.customer_id, Invoice.currency, Invoice.open_minor,
            Invoice.collection_status,
        ).where(among(Invoice.id, [one for one in wanted if one.startswith("inv_")]))
    )  # fmt: skip
    notes = session.execute(
        select(
            CreditNote.id, CreditNote.number, CreditNote.customer_id, CreditNote.currency,
            CreditNote.open_minor,
        ).where(among(CreditNote.id, [one for one in wanted if not one.startswith("inv_")]))
    )  # fmt: skip
    found = [Item(*row) for row in bills] + [Item(*row, "open" if row[4] else "used") for row in notes]
    return {item.id: item for item in found}


def _names(session: Session, readings: Iterable[Reading]) -> dict[str, str]:
    wanted = {reading.customer_id for reading in readings if reading.customer_id is not None}
    rows = session.execute(select(Customer.id, Customer.name).where(among(Customer.id, wanted)))
    return {row[0]: row[1] for row in rows}


def _in_transit(session: Session, readings: Iterable[Reading]) -> frozenset[str]:
    """Of the recorded payments that these readings name, those that no line has met yet."""
    wanted = {reading.payment_id for reading in readings if reading.payment_id is not None}
    if not wanted:
        return frozenset()
    held = select(Payment.id).where(
        among(Payment.id, wanted), Payment.recorded_at.is_not(None), Payment.met_at.is_(None),
        Payment.state == "provisional",
    )  # fmt: skip
    return frozenset(session.scalars(held))


def _currencies(session: Session, found: Sequence[Proposal]) -> dict[str, str]:
    wanted = {one.line_id for one in found}
    rows = session.execute(
        select(StatementLine.id, StatementLine.currency).where(among(StatementLine.id, wanted))
    )
    return {row[0]: row[1] for row in rows}


def _obstacles(reading: Reading, items: dict[str, Item], in_transit: frozenset[str]) -> tuple[str, ...]:
    """Why a reading cannot be applied to the books as they are, one sentence for each thing in its way."""
    if reading.payment_id is not None:
        if reading.payment_id in in_transit:
            return ()
        return (f"Payment {reading.payment_id} does not wait for its line any more.",)
    needed: defaultdict[str, int] = defaultdict(int)
    for share in reading.shares:
        needed[share.invoice_id] += share.amount_minor
        if share.credit_note_id is not None:
            needed[share.credit_note_id] += share.amount_minor
    return tuple(
        sentence for id_, amount in sorted(needed.items()) if (sentence := _obstacle(items[id_], amount))
    )


def _obstacle(item: Item, amount_minor: int) -> str | None:
    noun = "Invoice" if item.id.startswith("inv_") else "Credit note"
    state = item.state.replace("_", " ")
    if item.state in _CLOSED:
        return f"{noun} {item.number} is {state} now."
    if item.open_minor >= amount_minor:
        return None
    left, needed = Money(item.open_minor, item.currency), Money(amount_minor, item.currency)
    if item.open_minor == 0:
        return f"{noun} {item.number} is {state} now: nothing of it is open, and {needed} were to be closed."
    return f"{noun} {item.number} is {state} now: {left} of it are open, and {needed} were to be closed."
