"""Reversals of ours seen leaving the account: a charge that undoes a collection because we asked for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.database import among
from ledger.money import Money
from mandates import paybacks, reversals
from mandates.models import Debit, PaymentBlock
from mandates.named import find
from mandates.payback_models import DebitReversal, PaybackBatch, PaybackKind
from mandates.states import DebitState, ReversalState
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting

RULE = "own_reversal"

# What a return by the debtor's bank is booked under (sub-family UPDD of ISO 20022, in Germany GVC 108 and 109), and
# fees and interest beside it (CHRG, INTR, GVC 808). A reversal of ours is IDDT/RCDD or IDDT/PRDD, GVC 193.
_BOOKED_OTHERWISE = ("UPDD", "CHRG", "INTR", "+108", "+109", "+808")


@dataclass(frozen=True, slots=True)
class _Sent:
    """A reversal that the bank has, and its locked debit."""

    reversal: DebitReversal
    debit: Debit


@dataclass(frozen=True, slots=True)
class _Named:
    """Reversals of ours: by the EndToEndId of their debit, by their own reference, and by the names of a lump."""

    by_name: Mapping[str, _Sent]
    by_lump: Mapping[str, Sequence[_Sent]]


def explain(
    session: Session, lines: Sequence[StatementLine], creditor_of: Mapping[str, str], *, act: Act
) -> dict[str, Outcome]:
    """Give back the debits whose reversal these charges book; an outcome for each line that is one of ours.

    `creditor_of` maps bank account ids to creditor ids. A line that names a reason of the debtor's bank, or is
    booked as a return, is none of ours. A reversal is booked once: with the first line in the order given.
    """
    charges = [line for line in lines if line.amount_minor < 0 and not _is_otherwise(line)]
    named = _named(session, charges)
    outcomes: dict[str, Outcome] = {}
    sound: list[tuple[StatementLine, list[_Sent]]] = []
    gone: set[str] = set()
    for line in charges:
        found = _find(line, named, creditor_of[line.bank_account_id])
        if not found:
            continue
        problem = _problem(line, found, gone)
        if problem is not None:
            outcomes[line.id] = Waiting(problem)
            continue
        sound.append((line, found))
        gone |= {one.reversal.id for one in found}
    _apply(session, sound, act)
    return outcomes | {line.id: _explained(line, found) for line, found in sound}


def _is_otherwise(line: StatementLine) -> bool:
    told = [line.return_reason, *(part.get("return_reason") for part in line.details)]
    code = line.transaction_code or ""
    return any(told) or any(mark in code for mark in _BOOKED_OTHERWISE)


def _find(line: StatementLine, named: _Named, creditor_id: str) -> list[_Sent]:
    """The reversals a line is of: those its parts name, its own, or all that wait of the lump it names."""
    if line.details:
        names = [part["end_to_end_id"] for part in line.details]
        found = [named.by_name[name] for name in names if name in named.by_name]
    elif line.end_to_end_id in named.by_name:
        found = [named.by_name[str(line.end_to_end_id)]]
    else:
        lumps = (line.batch_message_id, line.batch_payment_information_id)
        found = list(next((named.by_lump[name] for name in lumps if name and name in named.by_lump), ()))
    return [
        one for one in found if (one.debit.creditor_id, one.debit.currency) == (creditor_id, line.currency)
    ]


def _problem(line: StatementLine, found: Sequence[_Sent], gone: set[str]) -> str | None:
    """Why the line cannot be explained as reversals of ours, in one sentence; None if it can."""
    if line.details and len(found) != len(line.details):
        return "Not every part of this lump is a reversal of ours."
    for one in found:
        problem = _problem_of(one, one.reversal.id in gone)
        if problem is not None:
            return problem
    total = sum(one.debit.amount_minor for one in found)
    if total != -line.amount_minor:
        return (
            f"Our reversals that it names add up to {Money(total, line.currency)}, the amount is "
            f"{Money(-line.amount_minor, line.currency)}."
        )
    return None


def _problem_of(one: _Sent, is_gone: bool) -> str | None:
    name = f"Debit {one.debit.id}"
    if is_gone or one.reversal.state == ReversalState.BOOKED:
        return f"{name} is reversed, but its reversal was booked already."
    if one.debit.state in (DebitState.RETURNED, DebitState.REFUNDED):
        return f"{name} is reversed, but its bank had taken it back already: the money went twice."
    if one.debit.state == DebitState.SUBMITTED:
        return f"{name} is reversed, but its collection has not been booked yet."
    return None


def _named(session: Session, charges: Sequence[StatementLine]) -> _Named:
    """The reversals that the lines name in any way, with their debits locked in id order and as they are now."""
    names = {line.end_to_end_id for line in charges}
    names |= {part["end_to_end_id"] for line in charges for part in line.details}
    lumps = {line.batch_message_id for line in charges} | {
        line.batch_payment_information_id for line in charges
    }
    rows = _rows(session, sorted(filter(None, names)), sorted(filter(None, lumps)))
    locked = find(session, end_to_end_ids=(end_to_end_id for _, end_to_end_id, _ in rows))
    states = _states_now(session, [reversal.id for reversal, _, _ in rows])
    by_name: dict[str, _Sent] = {}
    by_lump: dict[str, list[_Sent]] = defaultdict(list)
    for reversal, end_to_end_id, lump_names in rows:
        sent = _Sent(reversal, locked.by_end_to_end_id[end_to_end_id])
        by_name[end_to_end_id] = by_name[reversal.reference] = sent
        if states[reversal.id] == ReversalState.SENT:
            for name in lump_names:
                by_lump[name].append(sent)
    return _Named(by_name, by_lump)


def _rows(
    session: Session, names: Sequence[str], lumps: Sequence[str]
) -> list[tuple[DebitReversal, str, tuple[str, str]]]:
    """Each reversal at the bank that is named, with its debit's EndToEndId and the names of its lump."""
    rows = session.execute(
        select(
            DebitReversal, Debit.end_to_end_id, PaybackBatch.message_id, PaymentBlock.payment_information_id
        )
        .join(PaybackBatch, PaybackBatch.id == DebitReversal.payback_id)
        .join(Debit, Debit.id == DebitReversal.debit_id)
        .join(PaymentBlock, PaymentBlock.id == Debit.block_id)
        .where(
            DebitReversal.state.in_((ReversalState.SENT, ReversalState.BOOKED)),
            PaybackBatch.kind == PaybackKind.REVERSALS,
            or_(
                among(Debit.end_to_end_id, names), among(DebitReversal.reference, names),
                among(PaybackBatch.message_id, lumps), among(PaymentBlock.payment_information_id, lumps),
            ),
        )
        .order_by(Debit.id)
    )  # fmt: skip
    return [
        (reversal, end_to_end_id, (message_id, block_id))
        for reversal, end_to_end_id, message_id, block_id in rows
    ]


def _states_now(session: Session, reversal_ids: Iterable[str]) -> dict[str, str]:
    """The states of reversals after their debits were locked: before, somebody else may have booked them."""
    rows = session.scalars(
        select(DebitReversal)
        .where(among(DebitReversal.id, reversal_ids))
        .execution_options(populate_existing=True)
    )
    return {reversal.id: reversal.state for reversal in rows}


def _apply(session: Session, sound: Sequence[tuple[StatementLine, list[_Sent]]], act: Act) -> None:
    together: dict[date, list[tuple[DebitReversal, Debit]]] = defaultdict(list)
    for line, found in sound:
        together[line.booked_on] += [(one.reversal, one.debit) for one in found]
    for on, booked in sorted(together.items()):
        reversals.book(session, booked, on=on, act=act)
    touched = {one.reversal.payback_id for _, found in sound for one in found}
    paybacks.note_done(session, touched, act=act)


def _explained(line: StatementLine, found: Sequence[_Sent]) -> Explained:
    return Explained(
        rule=RULE,
        state=LineState.RETURNED_DEBIT,
        parts=tuple(Part(PartKind.RETURNED_DEBIT, -one.debit.amount_minor, one.debit.id) for one in found),
        evidence=tuple(
            f"We asked the bank to give debit {one.debit.id} back: reversal {one.reversal.id}, {one.reversal.reason}."
            for one in found
        ),
    )
