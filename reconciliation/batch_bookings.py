"""Credits of our own direct debits: a lump for a payment block, an itemised lump, or one debit at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.money import Money
from mandates import returns
from mandates.models import Debit
from mandates.returns import Credit, Named
from mandates.states import DebitState
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting

LUMP_RULE = "payment_block"
SINGLE_RULE = "own_end_to_end_id"
_CREDITED = (DebitState.COLLECTED, DebitState.SETTLED, DebitState.RETURNED, DebitState.REFUNDED)


@dataclass(frozen=True, slots=True)
class _Found:
    """The debits a line credits, by the rule that found them."""

    rule: str
    debits: tuple[Debit, ...]
    evidence: tuple[str, ...]


def explain(
    session: Session,
    lines: Sequence[StatementLine],
    named: Named,
    creditor_of: Mapping[str, str],
    *,
    act: Act,
) -> dict[str, Outcome]:
    """Collect the debits that these booked credits pay; gives an outcome for each line that names one of ours.

    `named` holds our locked debits that the lines name, `creditor_of` maps bank account ids to creditor ids.
    A debit is credited by one line only: the first in the order given.
    """
    found: dict[str, _Found] = {}
    outcomes: dict[str, Outcome] = {}
    taken: set[str] = set()
    for line in lines:
        if line.amount_minor <= 0 or line.takes_back:
            continue
        decided = _Sight(line, named, creditor_of[line.bank_account_id], taken).find()
        if isinstance(decided, Waiting):
            outcomes[line.id] = decided
        elif decided is not None:
            found[line.id] = decided
            taken |= {debit.id for debit in decided.debits}
    return outcomes | _apply(session, [line for line in lines if line.id in found], found, act)


class _Sight:
    """One line and those of the debits it names that can be meant: of its creditor and its currency."""

    def __init__(self, line: StatementLine, named: Named, creditor_id: str, taken: set[str]) -> None:
        self._line, self._named, self._creditor_id, self._taken = line, named, creditor_id, taken

    def find(self) -> _Found | Waiting | None:
        line = self._line
        block = [
            debit
            for debit in self._named.by_block.get(line.batch_payment_information_id or "", ())
            if self._can_be_meant(debit)
        ]
        whole = self._by_block(block) if block else None
        if isinstance(whole, _Found):
            return whole
        if any(self._named_by(part["end_to_end_id"]) for part in line.details):
            return self._itemised()
        single = self._named_by(line.end_to_end_id)
        return whole if single is None else self._single(single)

    def _can_be_meant(self, debit: Debit) -> bool:
        return (debit.creditor_id, debit.currency) == (self._creditor_id, self._line.currency)

    def _named_by(self, end_to_end_id: str | None) -> Debit | None:
        debit = self._named.by_end_to_end_id.get(end_to_end_id or "")
        return debit if debit is not None and self._can_be_meant(debit) else None

    def _waits(self, debit: Debit) -> bool:
        return debit.state == DebitState.SUBMITTED and debit.id not in self._taken

    def _by_block(self, block: Sequence[Debit]) -> _Found | Waiting:
        line, waiting = self._line, [debit for debit in block if self._waits(debit)]
        name = f"The bank names our payment block {line.batch_payment_information_id}"
        if not waiting:
            return Waiting(f"{name}, but none of its debits waits for its money.")
        total = sum(debit.amount_minor for debit in waiting)
        if total != line.amount_minor:
            return Waiting(
                f"{name}, but its open debits add up to {Money(total, line.currency)}, the amount is "
                f"{Money(line.amount_minor, line.currency)}, and the parts are not itemised."
            )
        evidence = (f"{name}.", f"Its {len(waiting)} open debits add up to the amount.")
        return _Found(LUMP_RULE, tuple(waiting), evidence)

    def _itemised(self) -> _Found | Waiting:
        line = self._line
        sound = {
            debit.id: debit
            for part in line.details
            if (debit := self._named_by(part["end_to_end_id"])) is not None
            and self._waits(debit)
            and (debit.amount_minor, debit.currency) == (part["amount_minor"], part["currency"])
        }
        total = sum(part["amount_minor"] for part in line.details)
        if len(sound) != len(line.details) or total != line.amount_minor:
            return Waiting(
                "The lump names debits of ours, but not all of its parts are debits that wait for it."
            )
        evidence = (f"Each of the {len(sound)} parts carries the EndToEndId and amount of an open debit.",)
        return _Found(LUMP_RULE, tuple(sound.values()), evidence)

    def _single(self, debit: Debit) -> _Found | Waiting:
        line, name = self._line, f"The EndToEndId is that of debit {debit.id}"
        if debit.id in self._taken or debit.state in _CREDITED:
            return Waiting(f"{name}, which was credited already.")
        if debit.state != DebitState.SUBMITTED:
            return Waiting(f"{name}, which is {debit.state}.")
        if debit.amount_minor != line.amount_minor:
            return Waiting(
                f"{name}, but it asked for {Money(debit.amount_minor, debit.currency)} "
                f"and the amount is {Money(line.amount_minor, line.currency)}."
            )
        return _Found(SINGLE_RULE, (debit,), (f"{name}.", "The amount agrees."))


def _apply(
    session: Session, lines: Sequence[StatementLine], found: Mapping[str, _Found], act: Act
) -> dict[str, Outcome]:
    credited = [
        Credit(
            debit=debit, on=line.booked_on, decided_by=found[line.id].rule, evidence=found[line.id].evidence
        )
        for line in lines
        for debit in found[line.id].debits
    ]
    made = returns.collect(session, credited, act=act)
    return {line.id: _explained(found[line.id], made) for line in lines}


def _explained(found: _Found, made: Mapping[str, str]) -> Explained:
    return Explained(
        rule=found.rule,
        state=LineState.BATCH_BOOKING if found.rule == LUMP_RULE else LineState.MATCHED,
        parts=tuple(
            Part(PartKind.PAYMENT, debit.amount_minor, made[debit.id])
            for debit in sorted(found.debits, key=lambda debit: debit.id)
        ),
        evidence=found.evidence,
    )
