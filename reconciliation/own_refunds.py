"""Refunds of ours seen leaving the account: one by one, or in the lump of a whole payback batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ledger import refunds
from ledger.acts import Act
from ledger.database import among
from ledger.models import Refund
from ledger.money import Money
from ledger.states import RefundState
from mandates import paybacks
from mandates.payback_models import PaybackBatch, PaybackRefund
from mandates.states import PaybackState
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting

RULE = "own_refund"
LUMP_RULE = "payback_batch"
_AT_THE_BANK = (PaybackState.RELEASED, PaybackState.ACCEPTED, PaybackState.BOOKED)


@dataclass(frozen=True, slots=True)
class _Named:
    """Refunds of ours that have not left: by their EndToEndId, and by the names of the batch they were sent in."""

    by_end_to_end_id: Mapping[str, Refund]
    by_batch: Mapping[
        str, Sequence[str]
    ]  # PmtInfId or MsgId of a payback batch -> EndToEndIds of its refunds

    def of(self, line: StatementLine) -> Sequence[str]:
        """The EndToEndIds of all refunds that the lump on a line is of."""
        names = (line.batch_payment_information_id, line.batch_message_id)
        return next((self.by_batch[name] for name in names if name and name in self.by_batch), ())


def explain(
    session: Session, lines: Sequence[StatementLine], creditor_of: Mapping[str, str], *, act: Act
) -> dict[str, Outcome]:
    """Mark the refunds that these booked charges pay; gives an outcome for each line that names one of ours.

    `creditor_of` maps bank account ids to creditor ids. A refund leaves once: with the first line in the order
    given.
    """
    charges = [line for line in lines if line.amount_minor < 0]
    named = _named(session, charges)
    waiting = dict(named.by_end_to_end_id)
    outcomes: dict[str, Outcome] = {}
    paid: list[str] = []
    for line in charges:
        said = _said(line, named)
        found = [
            waiting[name]
            for name in said
            if name in waiting and waiting[name].creditor_id == creditor_of[line.bank_account_id]
        ]
        if not found:
            continue
        outcome = outcomes[line.id] = _outcome(line, found, len(said))
        if isinstance(outcome, Explained):
            for refund in found:
                refunds.paid(session, waiting.pop(refund.end_to_end_id), on=line.booked_on, act=act)
                paid.append(refund.id)
    paybacks.note_done(session, _batches_of(session, paid), act=act)
    return outcomes


def _said(line: StatementLine, named: _Named) -> Sequence[str]:
    """The EndToEndIds a line names: those of its parts, its own, or those of the batch it is the lump of."""
    if line.details:
        return [str(part["end_to_end_id"]) for part in line.details]
    if line.end_to_end_id in named.by_end_to_end_id:
        return [str(line.end_to_end_id)]
    return named.of(line)


def _named(session: Session, charges: Sequence[StatementLine]) -> _Named:
    """The waiting refunds that the lines name in any way, locked in id order."""
    names = {line.end_to_end_id for line in charges}
    names |= {part["end_to_end_id"] for line in charges for part in line.details}
    by_batch = _sent_together(session, charges)
    names |= {name for together in by_batch.values() for name in together}
    wanted = sorted(filter(None, names))
    ours = select(Refund.id).where(among(Refund.end_to_end_id, wanted)).order_by(Refund.id)
    session.execute(ours.with_for_update())
    waiting = refunds.find_requested(session, wanted)
    return _Named(waiting, {name: [one for one in said if one in waiting] for name, said in by_batch.items()})


def _sent_together(session: Session, charges: Sequence[StatementLine]) -> dict[str, list[str]]:
    """By PmtInfId and MsgId, the EndToEndIds of the waiting refunds in the payback batches that lines name."""
    names = {line.batch_payment_information_id for line in charges} | {
        line.batch_message_id for line in charges
    }
    wanted = sorted(filter(None, names))
    rows = session.execute(
        select(PaybackBatch.message_id, PaybackBatch.payment_information_id, Refund.end_to_end_id)
        .join(PaybackRefund, PaybackRefund.payback_id == PaybackBatch.id)
        .join(Refund, Refund.id == PaybackRefund.refund_id)
        .where(
            PaybackBatch.state.in_(_AT_THE_BANK), PaybackRefund.given_back_at.is_(None),
            Refund.state == RefundState.REQUESTED,
            or_(among(PaybackBatch.message_id, wanted), among(PaybackBatch.payment_information_id, wanted)),
        )
        .order_by(Refund.id)
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    for message_id, block_id, end_to_end_id in rows:
        for name in (message_id, str(block_id)):
            found.setdefault(name, []).append(end_to_end_id)
    return found


def _outcome(line: StatementLine, found: Sequence[Refund], said: int) -> Outcome:
    name = (
        f"The EndToEndId is that of refund {found[0].id}"
        if said == 1
        else f"The bank names {len(found)} refund{'s' if len(found) > 1 else ''} of ours"
    )
    total = sum(refund.amount_minor for refund in found)
    if (total, {refund.currency for refund in found}) != (-line.amount_minor, {line.currency}):
        verb = "it is" if said == 1 else "they are"
        return Waiting(
            f"{name}, but {verb} of {Money(total, found[0].currency)} "
            f"and the amount is {Money(-line.amount_minor, line.currency)}."
        )
    if len(found) != said:
        return Waiting(f"{name}, but not every part of the lump is a refund that waits to leave.")
    return Explained(
        rule=RULE if said == 1 else LUMP_RULE,
        state=LineState.MATCHED if said == 1 else LineState.BATCH_BOOKING,
        parts=tuple(Part(PartKind.REFUND, -refund.amount_minor, refund.id) for refund in found),
        evidence=(f"{name}.", "The amount agrees." if said == 1 else "They add up to the amount."),
    )


def _batches_of(session: Session, refund_ids: Iterable[str]) -> list[str]:
    """The payback batches that hold these refunds."""
    return list(
        session.scalars(
            select(PaybackRefund.payback_id)
            .where(among(PaybackRefund.refund_id, refund_ids), PaybackRefund.given_back_at.is_(None))
            .distinct()
        )
    )
