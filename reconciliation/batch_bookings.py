"""Credits of our own direct debits: a lump for a payment block, an itemised lump, or one debit at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.acts import Act
from mandates import returns
from mandates.models import Debit
from mandates.states import DebitState
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting

LUMP_RULE = "payment_block"
SINGLE_RULE = "own_end_to_end_id"


@dataclass(frozen=True, slots=True)
class _Found:
    """The debits a line seems to credit, by the rule that found them."""

    rule: str
    debits: tuple[Debit, ...]
    evidence: tuple[str, ...]


def explain(session: Session, lines: Sequence[StatementLine], *, act: Act) -> dict[str, Outcome]:
    """Collect the debits that these booked credits pay; gives an outcome for each line that names one of ours.

    A debit is credited by one line only: the first in id order that names it.
    """
    credits = [line for line in lines if line.amount_minor > 0]
    blocks = returns.find_blocks(
        session, [line.batch_payment_information_id for line in credits if line.batch_payment_information_id]
    )
    debits = returns.find(session, [name for line in credits for name in _names(line)])
    outcomes: dict[str, Outcome] = {}
    for line in credits:
        found = _find(line, blocks, debits)
        if found is None:
            continue
        if isinstance(found, Waiting):
            outcomes[line.id] = found
            continue
        made = returns.collect(
            session, found.debits, on=line.booked_on, act=act,
            decided_by=found.rule, evidence=found.evidence,
        )  # fmt: skip
        outcomes[line.id] = Explained(
            rule=found.rule,
            state=LineState.BATCH_BOOKING if found.rule == LUMP_RULE else LineState.MATCHED,
            parts=tuple(
                Part(PartKind.PAYMENT, debit.amount_minor, made[debit.id])
                for debit in sorted(found.debits, key=lambda debit: debit.id)
            ),
            evidence=found.evidence,
        )
        for debit in found.debits:
            session.refresh(debit, ["state"])
    return outcomes


def _names(line: StatementLine) -> list[str]:
    names = [line.end_to_end_id, *(part["end_to_end_id"] for part in line.details)]
    return [name for name in names if name]


def _find(
    line: StatementLine, blocks: Mapping[str, Sequence[Debit]], debits: Mapping[str, Debit]
) -> _Found | Waiting | None:
    if line.batch_payment_information_id in blocks:
        return _by_block(line, blocks[line.batch_payment_information_id], debits)
    itemised = [part for part in line.details if part["end_to_end_id"] in debits]
    if itemised:
        return _itemised(line, debits)
    if line.end_to_end_id in debits and line.return_reason is None:
        return _single(line, debits[line.end_to_end_id])
    return None


def _by_block(line: StatementLine, block: Sequence[Debit], debits: Mapping[str, Debit]) -> _Found | Waiting:
    waiting = [debit for debit in block if debit.state == DebitState.SUBMITTED]
    total = sum(debit.amount_minor for debit in waiting)
    if waiting and total == line.amount_minor:
        evidence = (
            f"The bank names our payment block {line.batch_payment_information_id}.",
            f"Its {len(waiting)} open debits add up to the amount.",
        )
        return _Found(LUMP_RULE, tuple(waiting), evidence)
    if line.details:
        return _itemised(line, debits)
    return Waiting(
        f"The bank names our payment block {line.batch_payment_information_id}, but its open debits add up to "
        f"{total} and the amount is {line.amount_minor}, and the parts are not itemised."
    )


def _itemised(line: StatementLine, debits: Mapping[str, Debit]) -> _Found | Waiting:
    named = [debits.get(part["end_to_end_id"]) for part in line.details]
    amounts = [part["amount_minor"] for part in line.details]
    sound = [
        debit
        for debit, amount in zip(named, amounts, strict=True)
        if debit is not None and debit.state == DebitState.SUBMITTED and debit.amount_minor == amount
    ]
    distinct = {debit.id for debit in sound}
    if len(distinct) != len(line.details) or sum(amounts) != line.amount_minor:
        return Waiting("The lump names debits of ours, but not all of its parts are debits that wait for it.")
    evidence = (f"Each of the {len(sound)} parts carries the EndToEndId and amount of an open debit.",)
    return _Found(LUMP_RULE, tuple(sound), evidence)


def _single(line: StatementLine, debit: Debit) -> _Found | Waiting:
    if debit.state != DebitState.SUBMITTED:
        return Waiting(f"The EndToEndId is that of debit {debit.id}, which is {debit.state} already.")
    if debit.amount_minor != line.amount_minor:
        return Waiting(
            f"The EndToEndId is that of debit {debit.id}, but it asked for {debit.amount_minor} "
            f"and the amount is {line.amount_minor}."
        )
    evidence = (f"The EndToEndId is that of debit {debit.id}.", "The amount agrees.")
    return _Found(SINGLE_RULE, (debit,), evidence)
