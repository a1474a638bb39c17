"""Debits that the bank takes back: the invoice reopens by exactly what was collected, the bank's fee stands apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ledger import creditors, journal
from ledger.acts import Act
from ledger.journal import Booking, Place
from ledger.models import AccountKind
from mandates import returns
from mandates.models import Debit
from mandates.reason_codes import look_up
from mandates.states import DebitState
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting

RULE = "returned_debit"
_CAN_COME_BACK = (DebitState.COLLECTED, DebitState.SETTLED)


@dataclass(frozen=True, slots=True)
class _Return:
    """One returned debit as a statement tells it; amounts are positive, `charges_minor` None when not told."""

    end_to_end_id: str
    reason: str | None
    amount_minor: int
    original_minor: int | None
    charges_minor: int | None


def explain(session: Session, lines: Sequence[StatementLine], *, act: Act) -> dict[str, Outcome]:
    """Give back the debits that these booked charges return; an outcome for each line that names one of ours."""
    told = {line.id: _told(line) for line in lines if line.amount_minor < 0}
    debits = returns.find(session, [one.end_to_end_id for several in told.values() for one in several])
    outcomes: dict[str, Outcome] = {}
    for line in lines:
        ours = [one for one in told.get(line.id, ()) if one.end_to_end_id in debits]
        if ours:
            outcomes[line.id] = _explain(session, line, told[line.id], debits, act)
    return outcomes


def _told(line: StatementLine) -> list[_Return]:
    parts: list[dict[str, Any]] = line.details or [
        {
            "end_to_end_id": line.end_to_end_id, "return_reason": line.return_reason,
            "amount_minor": line.amount_minor, "original_minor": line.original_minor,
            "charges_minor": line.charges_minor,
        }
    ]  # fmt: skip
    return [
        _Return(
            end_to_end_id=part["end_to_end_id"],
            reason=part["return_reason"],
            amount_minor=abs(part["amount_minor"]),
            original_minor=None if part["original_minor"] is None else abs(part["original_minor"]),
            charges_minor=None if part["charges_minor"] is None else abs(part["charges_minor"]),
        )
        for part in parts
        if part["end_to_end_id"]
    ]


def _explain(
    session: Session, line: StatementLine, told: Sequence[_Return], debits: Mapping[str, Debit], act: Act
) -> Outcome:
    problem = _problem(line, told, debits)
    if problem is not None:
        return Waiting(problem)
    parts, evidence = [], []
    for one in told:
        debit = debits[one.end_to_end_id]
        returns.give_back(session, debit, on=line.booked_on, reason_code=one.reason, act=act)
        parts.append(Part(PartKind.RETURNED_DEBIT, -debit.amount_minor, debit.id))
        reason = look_up(one.reason)
        evidence.append(f"Debit {debit.id} came back: {reason.code}, {reason.meaning}")
    fee = -line.amount_minor - sum(debits[one.end_to_end_id].amount_minor for one in told)
    if fee:
        _post_fee(session, line, fee, act)
        parts.append(Part(PartKind.FEE, -fee))
        evidence.append(f"The bank kept {fee} {line.currency} minor units as its fee.")
    return Explained(rule=RULE, state=LineState.RETURNED_DEBIT, parts=tuple(parts), evidence=tuple(evidence))


def _problem(line: StatementLine, told: Sequence[_Return], debits: Mapping[str, Debit]) -> str | None:
    if len({one.end_to_end_id for one in told}) != len(line.details or (line,)):
        return "Not every part of this batch of returns names one debit."
    for one in told:
        debit = debits.get(one.end_to_end_id)
        if debit is None:
            return "Not every part of this batch of returns is a debit of ours."
        if debit.state == DebitState.SUBMITTED:
            return f"Debit {debit.id} comes back, but its collection has not been booked yet."
        if debit.state not in _CAN_COME_BACK:
            return f"Debit {debit.id} comes back, but it is {debit.state}."
        if _original(one) != debit.amount_minor:
            return (
                f"Debit {debit.id} was {debit.amount_minor} minor units; the bank speaks of {_original(one)}."
            )
    if sum(one.amount_minor for one in told) != -line.amount_minor:
        return "The parts of this batch of returns do not add up to its amount."
    return None


def _original(one: _Return) -> int:
    """What was collected: as the bank says, else what is left of the booking without its charges."""
    if one.original_minor is not None:
        return one.original_minor
    return one.amount_minor - (one.charges_minor or 0)


def _post_fee(session: Session, line: StatementLine, fee_minor: int, act: Act) -> None:
    creditor_id = creditors.get_bank_account(session, line.bank_account_id).creditor_id
    booking = Booking(
        kind="return_fee", object_id=line.id, posted_on=line.booked_on,
        debit=Place(creditor_id, AccountKind.FEE, line.currency),
        credit=Place(creditor_id, AccountKind.SUSPENSE, line.currency),
        amount_minor=fee_minor,
    )  # fmt: skip
    journal.post(session, [booking], act=act)
