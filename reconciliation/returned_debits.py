"""Debits the bank takes back: the invoice reopens by what was collected, fee and interest stand apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from ledger import journal, other_money
from ledger.acts import Act
from ledger.money import Money
from ledger.other_money import OtherMoney
from mandates import paybacks, returns, reversals
from mandates.models import Debit
from mandates.named import Named
from mandates.reason_codes import look_up
from mandates.states import DebitState
from reconciliation import debit_charges, rejected_debits, report_items
from reconciliation.booking_codes import Taken
from reconciliation.debit_charges import Kept
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting
from reconciliation.readings import Ambiguous, the_reading
from reconciliation.rejected_debits import Cleared

RULE = "returned_debit"
_CAN_COME_BACK = (DebitState.COLLECTED, DebitState.SETTLED)
_CAME_BACK = (DebitState.RETURNED, DebitState.REFUNDED)


@dataclass(frozen=True, slots=True)
class _Return:
    """One returned debit as a statement tells it; amounts are positive, None where they are not told."""

    end_to_end_id: str
    reason: str | None
    amount_minor: int
    original_minor: int | None = None
    charges_minor: int | None = None  # with the interest
    interest_minor: int | None = None

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
    kept_minor: int
    evidence: tuple[str, ...] = ()

    @property
    def given_back(self) -> list[Debit]:
        return [debit for debit in self.debits.values() if debit.state != DebitState.REJECTED]

    @property
    def rejected(self) -> list[Debit]:
        return [debit for debit in self.debits.values() if debit.state == DebitState.REJECTED]

    @property
    def kept(self) -> list[Kept]:
        """What the bank took beyond what it returned: by debit where the parts tell it, else in one sum."""
        shares: list[tuple[Debit | None, int, int]]
        if sum(one.charges_minor or 0 for one in self.told) == self.kept_minor:
            shares = [
                (self.debits[one.end_to_end_id], one.charges_minor or 0, one.interest_minor or 0)
                for one in self.told
            ]
        else:
            debit = next(iter(self.debits.values())) if len(self.debits) == 1 else None
            shares = [(debit, self.kept_minor, sum(one.interest_minor or 0 for one in self.told))]
        return [kept for share in shares for kept in _shared(*share)]


def _shared(debit: Debit | None, kept_minor: int, interest_minor: int) -> list[Kept]:
    """Charges and interest of what a bank kept; interest is never more than all of it."""
    interest = min(interest_minor, kept_minor)
    amounts = {Taken.CHARGES: kept_minor - interest, Taken.INTEREST: interest}
    return [Kept(what, minor, debit) for what, minor in amounts.items() if minor]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the debits that lines name, beside themselves."""

    refunded_minor: Mapping[str, int]
    cleared: Cleared
    refused: Mapping[str, str | None]  # reasons of those that a report rejects although they were credited


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
    A debit comes back once: with the first line in the order given. A rejected one that was credited all the same
    is taken back without having been a payment.
    """
    charges = [line for line in lines if line.amount_minor < 0]
    known = _known(session, named)
    outcomes: dict[str, Outcome] = {}
    sound: list[_Found] = []
    gone: set[str] = set()
    for line in charges:
        found = _find(line, named, creditor_of[line.bank_account_id], known, gone)
        if isinstance(found, Waiting):
            outcomes[line.id] = found
        elif found is not None:
            sound.append(found)
            gone |= {debit.id for debit in found.debits.values()}
    explained = {found.line.id: _explained(found, known) for found in sound}
    _apply(session, sound, creditor_of, known, act)
    return outcomes | explained


def _known(session: Session, named: Named) -> _Known:
    in_blocks = [debit for block in named.by_block.values() for debit in block.debits]
    debits = [*named.by_end_to_end_id.values(), *in_blocks]
    collected = [debit for debit in debits if debit.state in _CAN_COME_BACK]
    return _Known(
        returns.sent_back_minor(session, collected), rejected_debits.cleared(session, debits),
        rejected_debits.refused_though_credited(session, collected),
    )  # fmt: skip


def _find(
    line: StatementLine, named: Named, creditor_id: str, known: _Known, gone: set[str]
) -> _Found | Waiting | None:
    """The debits that a line returns, or why it cannot be said; None where it names none of ours."""
    told = tuple(_told(line))
    ours = {
        one.end_to_end_id: debit
        for one in told
        if (debit := named.by_end_to_end_id.get(one.end_to_end_id)) is not None
        and (debit.creditor_id, debit.currency) == (creditor_id, line.currency)
    }
    if not ours:
        return (
            None if line.details or line.end_to_end_id else _by_block(line, named, creditor_id, known, gone)
        )
    kept = -line.amount_minor - sum(debit.amount_minor for debit in ours.values())
    found = _Found(line, told, ours, kept)
    return _problem(found, known, gone) or found


def _told(line: StatementLine) -> list[_Return]:
    parts: list[dict[str, Any]] = line.details or [
        {
            "end_to_end_id": line.end_to_end_id, "return_reason": line.return_reason,
            "amount_minor": line.amount_minor, "original_minor": line.original_minor,
            "charges_minor": line.charges_minor, "interest_minor": line.interest_minor,
        }
    ]  # fmt: skip
    return [
        _Return(
            end_to_end_id=part["end_to_end_id"],
            reason=report_items.as_code(part["return_reason"]),
            amount_minor=-part["amount_minor"],
            original_minor=None if part["original_minor"] is None else abs(part["original_minor"]),
            charges_minor=part["charges_minor"],
            interest_minor=part.get("interest_minor"),
        )
        for part in parts
        if part["end_to_end_id"]
    ]


def _by_block(
    line: StatementLine, named: Named, creditor_id: str, known: _Known, gone: set[str]
) -> _Found | Waiting | None:
    """A booking that only names our block or file: it takes back what was rejected of it, as far as that is told."""
    block = named.by_block.get(line.batch_payment_information_id or "")
    blocks = [block] if block is not None else named.by_message.get(line.batch_message_id or "", [])
    own = [one for one in blocks if all(debit.creditor_id == creditor_id for debit in one.debits)]
    if not own:
        return None

    def is_refused(debit: Debit) -> bool:
        was_credited = debit.state in _CAN_COME_BACK and debit.id in known.refused
        return debit.id not in gone and (was_credited or known.cleared.can_be_taken_back(debit))

    name = line.batch_payment_information_id or line.batch_message_id
    try:
        reading = the_reading(
            own, -line.amount_minor, waits=lambda _: False, was_rejected=is_refused, count=line.batch_count
        )
    except Ambiguous:
        return Waiting(f"It takes back a part of {name}, and what can be read in several ways.", follows=True)
    if reading is None:
        return Waiting(
            f"It takes back a part of {name}, and no report says which debits that are.", follows=True
        )
    told = tuple(_Return(one.end_to_end_id, None, one.amount_minor) for one in reading.rejected)
    debits = {one.end_to_end_id: one for one in reading.rejected}
    evidence = (f"The bank names our {name}, and takes back what it reported as rejected.",)
    return _Found(line, told, debits, 0, evidence)


def _problem(found: _Found, known: _Known, gone: set[str]) -> Waiting | None:
    """Why the line cannot be explained as returns of ours, in one sentence; None if it can."""
    line, told = found.line, found.told
    if len({one.end_to_end_id for one in told}) != len(line.details or (line,)):
        return Waiting("Not every part of this batch of returns names one debit.")
    if len(found.debits) != len(told):
        return Waiting("Not every part of this batch of returns is a debit of ours.")
    for one in told:
        problem = _problem_of(one, found.debits[one.end_to_end_id], known, gone)
        if problem is not None:
            return problem
    if sum(one.amount_minor for one in told) != -line.amount_minor:
        return Waiting("The parts of this batch of returns do not add up to its amount.")
    return Waiting("The bank takes back less than it returns.") if found.kept_minor < 0 else None


def _problem_of(one: _Return, debit: Debit, known: _Known, gone: set[str]) -> Waiting | None:
    name = f"Debit {debit.id}"
    if debit.id in gone or debit.state in _CAME_BACK or debit.id in known.cleared.taken_back:
        return Waiting(f"{name} comes back, but it came back already.")
    if debit.state == DebitState.SUBMITTED:
        return Waiting(f"{name} comes back, but its collection has not been booked yet.", follows=True)
    if debit.state == DebitState.REJECTED and not known.cleared.can_be_taken_back(debit):
        return Waiting(
            f"{name} comes back, but it was rejected and no credit of it was booked.", follows=True
        )
    if debit.state not in (*_CAN_COME_BACK, DebitState.REJECTED):
        return Waiting(f"{name} comes back, but it is {debit.state}.")
    if one.collected_minor != debit.amount_minor:
        return Waiting(
            f"{name} was {Money(debit.amount_minor, debit.currency)}; "
            f"the bank speaks of {Money(one.collected_minor, debit.currency)}."
        )
    refunded = known.refunded_minor.get(debit.id, 0)
    if refunded:
        return Waiting(
            f"{name} comes back, but {Money(refunded, debit.currency)} of it were refunded already."
        )
    return None


def _reason(one: _Return, debit: Debit, known: _Known) -> str | None:
    """Why a debit came back: as the booking says, else as the report of the bank said before."""
    if one.reason in (None, report_items.NARRATIVE) and known.refused.get(debit.id):
        return report_items.as_code(known.refused[debit.id])
    return one.reason


def _apply(
    session: Session, sound: Sequence[_Found], creditor_of: Mapping[str, str], known: _Known, act: Act
) -> None:
    """Give the debits back, those of one day and reason together, and book what the bank took."""
    together: dict[tuple[date, str | None], list[Debit]] = defaultdict(list)
    for found in sound:
        back = {debit.id for debit in found.given_back}
        for one in found.told:
            debit = found.debits[one.end_to_end_id]
            if debit.id in back:
                together[found.line.booked_on, _reason(one, debit, known)].append(debit)
    bookings, kept = [], list[OtherMoney]()
    for found in sound:
        creditor_id = creditor_of[found.line.bank_account_id]
        bookings.append(rejected_debits.booking(found.line, found.rejected, creditor_id, sign=-1))
        kept += debit_charges.moved(found.line, found.kept, creditor_id)
    for (on, reason), debits in together.items():
        returns.give_back(session, debits, on=on, reason_code=reason, act=act)
    came_back = [debit.id for debits in together.values() for debit in debits]
    paybacks.note_done(session, reversals.paybacks_sent(session, came_back), act=act)
    journal.post(session, bookings, act=act)
    other_money.book(session, kept, act=act)


def _explained(found: _Found, known: _Known) -> Explained:
    parts: list[Part] = []
    evidence: list[str] = list(found.evidence)
    for one in found.told:
        debit = found.debits[one.end_to_end_id]
        if debit.state == DebitState.REJECTED:
            parts += rejected_debits.parts([debit], sign=-1)
            evidence.append(f"Debit {debit.id} was rejected; what was credited of it is taken back.")
        else:
            reason = look_up(_reason(one, debit, known))
            parts.append(Part(PartKind.RETURNED_DEBIT, -debit.amount_minor, debit.id))
            evidence.append(f"Debit {debit.id} came back: {reason.code}, {reason.meaning}")
    parts += debit_charges.parts(found.kept)
    evidence += debit_charges.evidence(found.kept, found.line.currency)
    return Explained(rule=RULE, state=LineState.RETURNED_DEBIT, parts=tuple(parts), evidence=tuple(evidence))
