"""What the bank takes for a debit of ours: fees and interest, within the booking of a return or by one of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import other_money
from ledger.acts import Act
from ledger.database import among
from ledger.money import Money
from ledger.other_money import OtherMoney
from mandates.models import Debit
from mandates.named import Named
from reconciliation import booking_codes
from reconciliation.booking_codes import Taken
from reconciliation.models import LineState, Match, MatchPart, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part

RULE = "debit_charge"
_PARTS = {Taken.CHARGES: PartKind.FEE, Taken.INTEREST: PartKind.INTEREST}
_WORDS = {Taken.CHARGES: "as its fee", Taken.INTEREST: "as interest"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What a bank took, above zero, and for which debit where it can be said of a single one."""

    what: Taken
    amount_minor: int
    debit: Debit | None = None


def parts(kept: Sequence[Kept]) -> list[Part]:
    """The parts of a line by which the bank took it."""
    return [
        Part(_PARTS[one.what], -one.amount_minor, None if one.debit is None else one.debit.id) for one in kept
    ]


def moved(line: StatementLine, kept: Sequence[Kept], creditor_id: str) -> list[OtherMoney]:
    """What a line moves from suspense to fee and to interest."""
    return [
        OtherMoney(
            kind=_PARTS[one.what], creditor_id=creditor_id, currency=line.currency,
            amount_minor=-one.amount_minor, object_id=line.id, on=line.booked_on,
        )
        for one in kept
    ]  # fmt: skip


def evidence(kept: Sequence[Kept], currency: str) -> list[str]:
    """In one sentence each, what the bank took."""
    return [
        f"The bank kept {Money(amount, currency)} {_WORDS[what]}." for what, amount in _sums(kept).items()
    ]


def _sums(kept: Sequence[Kept]) -> dict[Taken, int]:
    sums = Counter[Taken]()
    for one in kept:
        sums[one.what] += one.amount_minor
    return dict(sums)


def explain(
    session: Session,
    lines: Sequence[StatementLine],
    named: Named,
    creditor_of: Mapping[str, str],
    *,
    act: Act,
) -> dict[str, Outcome]:
    """Book fees and interest that stand by themselves and name a debit of ours, whatever became of it.

    A line is one by the code of its booking. It names a debit by the EndToEndId, or it shares the bank's reference with
    the booking that returned one; where that booking is not there yet it waits.
    """
    charges = {
        line.id: (line, what)
        for line in lines
        if line.amount_minor < 0
        and line.return_reason is None
        and line.original_minor is None
        and (what := booking_codes.taken(line.transaction_code)) is not None
    }
    returned = _returned_with(session, [line for line, _ in charges.values() if not line.end_to_end_id])
    outcomes: dict[str, Outcome] = {}
    sound: list[OtherMoney] = []
    for line, what in charges.values():
        creditor_id = creditor_of[line.bank_account_id]
        debit = _named(line, named, creditor_id)
        if debit is None and line.id not in returned:
            continue
        kept = [Kept(what, -line.amount_minor, debit)]
        object_id = debit.id if debit is not None else returned[line.id]
        sound += moved(line, kept, creditor_id)
        outcomes[line.id] = Explained(
            rule=RULE, state=LineState.MATCHED, parts=(Part(_PARTS[what], line.amount_minor, object_id),),
            evidence=(f"It belongs to debit {object_id}.", *evidence(kept, line.currency)),
        )  # fmt: skip
    other_money.book(session, sound, act=act)
    return outcomes


def _named(line: StatementLine, named: Named, creditor_id: str) -> Debit | None:
    debit = named.by_end_to_end_id.get(line.end_to_end_id or "")
    if debit is None or (debit.creditor_id, debit.currency) != (creditor_id, line.currency):
        return None
    return debit


def _returned_with(session: Session, lines: Sequence[StatementLine]) -> dict[str, str]:
    """By line, the one debit that a booking with the same reference of the bank on the same account returned."""
    by_reference = {
        (line.bank_account_id, line.bank_reference): line.id for line in lines if line.bank_reference
    }
    rows = session.execute(
        select(StatementLine.bank_account_id, StatementLine.bank_reference, MatchPart.object_id)
        .join(Match, Match.line_id == StatementLine.id)
        .join(MatchPart, MatchPart.match_id == Match.id)
        .where(
            among(StatementLine.bank_reference, (str(reference) for _, reference in by_reference)),
            Match.undone_at.is_(None),
            MatchPart.kind == PartKind.RETURNED_DEBIT,
        )
        .distinct()
    ).all() if by_reference else []  # fmt: skip
    debits: dict[str, set[str]] = {}
    for row in rows:
        line_id = by_reference.get((row.bank_account_id, row.bank_reference))
        if line_id is not None:
            debits.setdefault(line_id, set()).add(str(row.object_id))
    return {line_id: next(iter(found)) for line_id, found in debits.items() if len(found) == 1}
