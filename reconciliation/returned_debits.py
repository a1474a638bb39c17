"""Debits the bank takes back: the invoice reopens by what was collected, the bank's fee stands apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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
_CAME_BACK = (DebitState.RETURNED, DebitState.REFUNDED)


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


@dataclass(frozen=True, slots=True)
class _Found:
    """A line that returns debits of ours: what it tells of each, and what the bank took beyond them."""

    line: StatementLine
    told: tuple[_Return, ...]
    debits: Mapping[str, Debit]
    fee_minor: int


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
    A debit comes back once: with the first line in the order given.
    """
    candidates = [
        found
        for line in lines
        if (found := _find(line, named, creditor_of[line.bank_account_id])) is not None
    ]
    refunded = returns.sent_back_minor(
        session, [one for found in candidates for one in found.debits.values()]
    )
    outcomes: dict[str, Outcome] = {}
    sound: list[_Found] = []
    gone: set[str] = set()
    for found in candidates:
        problem = _problem(found, refunded, gone)
        if problem is not None:
            outcomes[found.line.id] = Waiting(problem)
        else:
            sound.append(found)
            gone |= {debit.id for debit in found.debits.values()}
    _apply(session, sound, creditor_of, act)
    return outcomes | {found.line.id: _explained(found) for found in sound}


def _find(line: StatementLine, named: Named, creditor_id: str) -> _Found | None:
    if line.amount_minor >= 0:
        return None
    told = tuple(_told(line))
    ours = {
        one.end_to_end_id: debit
        for one in told
        if (debit := named.by_end_to_end_id.get(one.end_to_end_id)) is not None
        and (debit.creditor_id, debit.currency) == (creditor_id, line.currency)
    }
    fee = -line.amount_minor - sum(debit.amount_minor for debit in ours.values())
    return _Found(line, told, ours, fee) if ours else None


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


def _problem(found: _Found, refunded: Mapping[str, int], gone: set[str]) -> str | None:
    """Why the line cannot be explained as returns of ours, in one sentence; None if it can."""
    line, told = found.line, found.told
    if len({one.end_to_end_id for one in told}) != len(line.details or (line,)):
        return "Not every part of this batch of returns names one debit."
    if len(found.debits) != len(told):
        return "Not every part of this batch of returns is a debit of ours."
    for one in told:
        debit = found.debits[one.end_to_end_id]
        problem = _problem_of(one, debit, refunded.get(debit.id, 0), debit.id in gone)
        if problem is not None:
            return problem
    if sum(one.amount_minor for one in told) != -line.amount_minor:
        return "The parts of this batch of returns do not add up to its amount."
    return "The bank takes back less than it returns." if found.fee_minor < 0 else None


def _problem_of(one: _Return, debit: Debit, refunded_minor: int, is_gone: bool) -> str | None:
    name = f"Debit {debit.id}"
    if is_gone or debit.state in _CAME_BACK:
        return f"{name} comes back, but it came back already."
    if debit.state == DebitState.SUBMITTED:
        return f"{name} comes back, but its collection has not been booked yet."
    if debit.state not in _CAN_COME_BACK:
        return f"{name} comes back, but it is {debit.state}."
    if one.collected_minor != debit.amount_minor:
        return (
            f"{name} was {Money(debit.amount_minor, debit.currency)}; "
            f"the bank speaks of {Money(one.collected_minor, debit.currency)}."
        )
    if refunded_minor:
        return f"{name} comes back, but {Money(refunded_minor, debit.currency)} of it were refunded already."
    return None


def _apply(session: Session, sound: Sequence[_Found], creditor_of: Mapping[str, str], act: Act) -> None:
    """Give the debits back, those of one day and reason together, and book the fees."""
    together: dict[tuple[date, str | None], list[Debit]] = defaultdict(list)
    for found in sound:
        for one in found.told:
            together[found.line.booked_on, one.reason].append(found.debits[one.end_to_end_id])
    for (on, reason), debits in together.items():
        returns.give_back(session, debits, on=on, reason_code=reason, act=act)
    fees = [_fee_booking(found, creditor_of[found.line.bank_account_id]) for found in sound]
    journal.post(session, fees, act=act)


def _fee_booking(found: _Found, creditor_id: str) -> Booking:
    line = found.line
    return Booking(
        kind="return_fee", object_id=line.id, posted_on=line.booked_on,
        debit=Place(creditor_id, AccountKind.FEE, line.currency),
        credit=Place(creditor_id, AccountKind.SUSPENSE, line.currency),
        amount_minor=found.fee_minor,
    )  # fmt: skip


def _explained(found: _Found) -> Explained:
    parts, evidence = [], []
    for one in found.told:
        debit, reason = found.debits[one.end_to_end_id], look_up(one.reason)
        parts.append(Part(PartKind.RETURNED_DEBIT, -debit.amount_minor, debit.id))
        evidence.append(f"Debit {debit.id} came back: {reason.code}, {reason.meaning}")
    if found.fee_minor:
        parts.append(Part(PartKind.FEE, -found.fee_minor))
        evidence.append(f"The bank kept {Money(found.fee_minor, found.line.currency)} as its fee.")
    return Explained(rule=RULE, state=LineState.RETURNED_DEBIT, parts=tuple(parts), evidence=tuple(evidence))
