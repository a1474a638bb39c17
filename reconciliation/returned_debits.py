"""Debits the bank takes back: the invoice reopens by what was collected, the bank's fee stands apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ledger import journal
from ledger.acts import Act
from ledger.journal import Booking, Place
from ledger.models import AccountKind
from ledger.money import Money
from mandates import returns
from mandates.models import Debit
from mandates.reason_codes import look_up
from mandates.returns import Named
from mandates.states import DebitState
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting

RULE = "returned_debit"
NARRATIVE = "NARR"  # ISO 20022: the reason is told in words only
_LONGEST_CODE = 10
_CAN_COME_BACK = (DebitState.COLLECTED, DebitState.SETTLED)


@dataclass(frozen=True, slots=True)
class _Return:
    """One returned debit as a statement tells it; amounts are positive, `charges_minor` None when not told."""

    end_to_end_id: str
    reason: str | None
    amount_minor: int
    original_minor: int | None
    charges_minor: int | None

    @property
    def collected_minor(self) -> int:
        """What was collected: as the bank says, else what is left of the booking without its charges."""
        if self.original_minor is not None:
            return self.original_minor
        return self.amount_minor - (self.charges_minor or 0)


def explain(
    session: Session,
    lines: Sequence[StatementLine],
    named: Named,
    creditor_of: Mapping[str, str],
    *,
    act: Act,
) -> dict[str, Outcome]:
    """Give back the debits that these booked charges return; an outcome for each line that names one of ours.

    `named` holds our locked debits that the lines name, `creditor_of` maps bank account ids to creditor ids.
    """
    outcomes: dict[str, Outcome] = {}
    for line in lines:
        if line.amount_minor >= 0:
            continue
        creditor_id = creditor_of[line.bank_account_id]
        ours = {
            one.end_to_end_id: debit
            for one in _told(line)
            if (debit := named.by_end_to_end_id.get(one.end_to_end_id)) is not None
            and (debit.creditor_id, debit.currency) == (creditor_id, line.currency)
        }
        if ours:
            outcomes[line.id] = _explain(session, line, ours, creditor_id, act)
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
            reason=_code(part["return_reason"]),
            amount_minor=-part["amount_minor"],
            original_minor=None if part["original_minor"] is None else abs(part["original_minor"]),
            charges_minor=part["charges_minor"],
        )
        for part in parts
        if part["end_to_end_id"]
    ]


def _code(reason: str | None) -> str | None:
    """The bank's reason where it can be a code; its own words stay on the line."""
    return reason if reason is None or len(reason) <= _LONGEST_CODE else NARRATIVE


def _explain(
    session: Session, line: StatementLine, ours: Mapping[str, Debit], creditor_id: str, act: Act
) -> Outcome:
    told = _told(line)
    fee = -line.amount_minor - sum(debit.amount_minor for debit in ours.values())
    problem = _problem(session, line, told, ours, fee)
    if problem is not None:
        return Waiting(problem)
    parts, evidence = [], []
    for one in told:
        debit = ours[one.end_to_end_id]
        returns.give_back(session, debit, on=line.booked_on, reason_code=one.reason, act=act)
        parts.append(Part(PartKind.RETURNED_DEBIT, -debit.amount_minor, debit.id))
        reason = look_up(one.reason)
        evidence.append(f"Debit {debit.id} came back: {reason.code}, {reason.meaning}")
    if fee:
        _post_fee(session, line, fee, creditor_id, act)
        parts.append(Part(PartKind.FEE, -fee))
        evidence.append(f"The bank kept {Money(fee, line.currency)} as its fee.")
    return Explained(rule=RULE, state=LineState.RETURNED_DEBIT, parts=tuple(parts), evidence=tuple(evidence))


def _problem(
    session: Session,
    line: StatementLine,
    told: Sequence[_Return],
    ours: Mapping[str, Debit],
    fee: int,
) -> str | None:
    """Why the line cannot be explained as returns of ours, in one sentence; None if it can."""
    if len({one.end_to_end_id for one in told}) != len(line.details or (line,)):
        return "Not every part of this batch of returns names one debit."
    if len(ours) != len(told):
        return "Not every part of this batch of returns is a debit of ours."
    for one in told:
        problem = _problem_of(session, one, ours[one.end_to_end_id])
        if problem is not None:
            return problem
    if sum(one.amount_minor for one in told) != -line.amount_minor:
        return "The parts of this batch of returns do not add up to its amount."
    return "The bank takes back less than it returns." if fee < 0 else None


def _problem_of(session: Session, one: _Return, debit: Debit) -> str | None:
    name = f"Debit {debit.id}"
    if debit.state == DebitState.SUBMITTED:
        return f"{name} comes back, but its collection has not been booked yet."
    if debit.state not in _CAN_COME_BACK:
        return f"{name} comes back, but it is {debit.state}."
    if one.collected_minor != debit.amount_minor:
        return (
            f"{name} was {Money(debit.amount_minor, debit.currency)}; "
            f"the bank speaks of {Money(one.collected_minor, debit.currency)}."
        )
    refunded = returns.sent_back_minor(session, debit)
    if refunded:
        return f"{name} comes back, but {Money(refunded, debit.currency)} of it were refunded already."
    return None


def _post_fee(session: Session, line: StatementLine, fee_minor: int, creditor_id: str, act: Act) -> None:
    booking = Booking(
        kind="return_fee", object_id=line.id, posted_on=line.booked_on,
        debit=Place(creditor_id, AccountKind.FEE, line.currency),
        credit=Place(creditor_id, AccountKind.SUSPENSE, line.currency),
        amount_minor=fee_minor,
    )  # fmt: skip
    journal.post(session, [booking], act=act)
