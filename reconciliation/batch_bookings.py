"""Credits of our own direct debits: a lump for one block or several, an itemised lump, or one debit at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from ledger import journal
from ledger.acts import Act
from ledger.money import Money
from mandates import returns
from mandates.models import Debit
from mandates.named import Due, Named, NamedBlock
from mandates.returns import Credit
from mandates.states import DebitState
from reconciliation import booking_codes, rejected_debits
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting
from reconciliation.readings import Ambiguous, Reading, the_reading
from reconciliation.rejected_debits import Cleared

LUMP_RULE = "payment_block"
SINGLE_RULE = "own_end_to_end_id"
_CREDITED = (DebitState.COLLECTED, DebitState.SETTLED, DebitState.RETURNED, DebitState.REFUNDED)


@dataclass(frozen=True, slots=True)
class _Found:
    """The debits a line credits, by the rule that found them; the rejected ones do not stay."""

    rule: str
    debits: tuple[Debit, ...]
    evidence: tuple[str, ...]
    rejected: tuple[Debit, ...] = ()


def dues(lines: Sequence[StatementLine]) -> set[Due]:
    """Where and when our blocks may be what these lines credit, which name neither a block nor a debit."""
    return {
        Due(line.bank_account_id, day)
        for line in lines
        if _is_unnamed_lump(line)
        for day in (line.booked_on, line.valued_on)
        if day is not None
    }


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
    A debit is credited by one line only: the first in the order given. Lumps that only their day and amount can
    tell come after those that name something.
    """
    cleared = rejected_debits.cleared(session, _all(named))
    found: dict[str, _Found] = {}
    outcomes: dict[str, Outcome] = {}
    taken: set[str] = set()
    money_in = [line for line in lines if line.amount_minor > 0 and not line.takes_back]
    for line in sorted(money_in, key=_is_unnamed_lump):
        decided = _Sight(line, named, creditor_of[line.bank_account_id], cleared, taken).find()
        if isinstance(decided, Waiting):
            outcomes[line.id] = decided
        elif decided is not None:
            found[line.id] = decided
            taken |= {debit.id for debit in (*decided.debits, *decided.rejected)}
    sound = [line for line in money_in if line.id in found]
    return outcomes | _apply(session, sound, found, creditor_of, act)


def _all(named: Named) -> list[Debit]:
    in_blocks = (debit for block in named.by_block.values() for debit in block.debits)
    return list({debit.id: debit for debit in (*named.by_end_to_end_id.values(), *in_blocks)}.values())


def _is_unnamed_lump(line: StatementLine) -> bool:
    """Whether a credit is one of direct debits and says no more than its day and amount."""
    names = (line.end_to_end_id, line.batch_payment_information_id, line.batch_message_id)
    is_bare = not any(names) and not line.details
    return line.amount_minor > 0 and is_bare and booking_codes.is_debit_credit(line.transaction_code)


class _Sight:
    """One line and those of the debits it names that can be meant: of its creditor, account and currency."""

    def __init__(
        self, line: StatementLine, named: Named, creditor_id: str, cleared: Cleared, taken: set[str]
    ) -> None:
        self._line, self._named, self._creditor_id = line, named, creditor_id
        self._cleared, self._taken = cleared, taken

    def find(self) -> _Found | Waiting | None:
        line = self._line
        if _is_unnamed_lump(line):
            return self._by_day()
        whole = self._by_block()
        if isinstance(whole, _Found) and not (whole.rejected and line.details):
            return whole
        if any(self._named_by(part["end_to_end_id"]) for part in line.details):
            return self._itemised()
        single = self._named_by(line.end_to_end_id)
        if single is not None:
            return self._single(single)
        file = self._by_message() if not line.details else None
        return file if isinstance(file, _Found) or whole is None else whole

    def _can_be_meant(self, debit: Debit) -> bool:
        return (debit.creditor_id, debit.currency) == (self._creditor_id, self._line.currency)

    def _named_by(self, end_to_end_id: str | None) -> Debit | None:
        debit = self._named.by_end_to_end_id.get(end_to_end_id or "")
        return debit if debit is not None and self._can_be_meant(debit) else None

    def _waits(self, debit: Debit) -> bool:
        return debit.state == DebitState.SUBMITTED and debit.id not in self._taken

    def _was_rejected(self, debit: Debit) -> bool:
        return self._cleared.can_be_credited(debit) and debit.id not in self._taken

    # --- lumps ---

    def _by_block(self) -> _Found | Waiting | None:
        block = self._named.by_block.get(self._line.batch_payment_information_id or "")
        if block is None or not all(map(self._can_be_meant, block.debits)):
            return None
        name = f"The bank names our payment block {block.payment_information_id}"
        reading = self._read([block])
        if isinstance(reading, Reading):
            return self._lump(reading, f"{name}.", "Its")
        if reading is not None:
            return Waiting(f"{name}, and its amount can be read in several ways.")
        waiting = [debit for debit in block.debits if self._waits(debit)]
        if not waiting:
            return Waiting(f"{name}, but none of its debits waits for its money.", follows=True)
        total = Money(sum(debit.amount_minor for debit in waiting), self._line.currency)
        return Waiting(
            f"{name}, but its open debits add up to {total}, the amount is "
            f"{Money(self._line.amount_minor, self._line.currency)}, and the parts are not itemised.",
            follows=True,
        )

    def _by_message(self) -> _Found | Waiting | None:
        """The blocks of the file that the line names, or of the one whose block it names."""
        line = self._line
        block = self._named.by_block.get(line.batch_payment_information_id or "")
        message_id = line.batch_message_id or (block.message_id if block is not None else None)
        blocks = self._own(self._named.by_message.get(message_id or "", ()))
        if not blocks:
            return None
        name = f"The bank names our file {message_id}"
        reading = self._read(blocks)
        if isinstance(reading, Reading) and block is not None and not _has_part_of(reading, block):
            return None
        if isinstance(reading, Reading):
            return self._lump(reading, f"{name}.", f"The {reading.blocks} blocks' ")
        if reading is not None:
            return Waiting(f"{name}, and its amount can be read in several ways.", follows=True)
        return Waiting(
            f"{name}, but no blocks of it that wait for their money make up the amount.", follows=True
        )

    def _by_day(self) -> _Found | Waiting | None:
        line = self._line
        blocks = self._own(block for due in sorted(dues([line])) for block in self._named.by_due.get(due, ()))
        reading = self._read(blocks) if blocks else None
        if reading is None:
            return None
        if not isinstance(reading, Reading):
            return Waiting("Debits of ours that are due that day make up the amount, but in several ways.")
        name = f"It credits direct debits, and {reading.blocks} of our blocks are due that day."
        return self._lump(reading, name, "Their")

    def _own(self, blocks: Iterable[NamedBlock]) -> list[NamedBlock]:
        return [
            block
            for block in blocks
            if block.due.bank_account_id == self._line.bank_account_id
            and all(map(self._can_be_meant, block.debits))
        ]

    def _read(self, blocks: Sequence[NamedBlock]) -> Reading | Ambiguous | None:
        line = self._line
        try:
            return the_reading(
                blocks, line.amount_minor, waits=self._waits, was_rejected=self._was_rejected,
                count=line.batch_count,
            )  # fmt: skip
        except Ambiguous as ambiguous:
            return ambiguous

    def _lump(self, reading: Reading, name: str, whose: str) -> _Found:
        told = [name]
        if reading.debits:
            what = "add up to the amount" if not reading.rejected else "are in it"
            told.append(f"{whose.strip()} {len(reading.debits)} open debits {what}.")
        if reading.rejected:
            total = Money(sum(debit.amount_minor for debit in reading.rejected), self._line.currency)
            told.append(
                f"So are {len(reading.rejected)} that the bank rejected, of {total}: it takes them back apart."
            )
        return _Found(LUMP_RULE, reading.debits, tuple(told), reading.rejected)

    def _itemised(self) -> _Found | Waiting:
        line = self._line
        sound = {
            debit.id: debit
            for part in line.details
            if (debit := self._named_by(part["end_to_end_id"])) is not None
            and (self._waits(debit) or self._was_rejected(debit))
            and (debit.amount_minor, debit.currency) == (part["amount_minor"], part["currency"])
        }
        total = sum(part["amount_minor"] for part in line.details)
        if len(sound) != len(line.details) or total != line.amount_minor:
            return Waiting(
                "The lump names debits of ours, but not all of its parts are debits that wait for it.",
                follows=True,
            )
        evidence = f"Each of the {len(sound)} parts carries the EndToEndId and amount of an open debit."
        return self._parted(LUMP_RULE, list(sound.values()), (evidence,))

    # --- one debit ---

    def _single(self, debit: Debit) -> _Found | Waiting:
        line, name = self._line, f"The EndToEndId is that of debit {debit.id}"
        if debit.id in self._taken or debit.state in _CREDITED:
            return Waiting(f"{name}, which was credited already.")
        if not self._waits(debit) and not self._was_rejected(debit):
            return Waiting(f"{name}, which is {debit.state}.")
        if debit.amount_minor != line.amount_minor:
            return Waiting(
                f"{name}, but it asked for {Money(debit.amount_minor, debit.currency)} "
                f"and the amount is {Money(line.amount_minor, line.currency)}."
            )
        return self._parted(SINGLE_RULE, [debit], (f"{name}.", "The amount agrees."))

    def _parted(self, rule: str, debits: Sequence[Debit], evidence: tuple[str, ...]) -> _Found:
        rejected = tuple(debit for debit in debits if not self._waits(debit))
        if rejected:
            evidence = (*evidence, f"The bank rejected {len(rejected)} of them: it takes them back apart.")
        return _Found(rule, tuple(filter(self._waits, debits)), evidence, rejected)


def _has_part_of(reading: Reading, block: NamedBlock) -> bool:
    return any(debit in block.debits for debit in (*reading.debits, *reading.rejected))


def _apply(
    session: Session,
    lines: Sequence[StatementLine],
    found: Mapping[str, _Found],
    creditor_of: Mapping[str, str],
    act: Act,
) -> dict[str, Outcome]:
    credited = [
        Credit(
            debit=debit, on=line.booked_on, decided_by=found[line.id].rule, evidence=found[line.id].evidence
        )
        for line in lines
        for debit in found[line.id].debits
    ]
    made = returns.collect(session, credited, act=act)
    clear = partial(rejected_debits.booking, sign=1)
    bookings = [clear(line, found[line.id].rejected, creditor_of[line.bank_account_id]) for line in lines]
    journal.post(session, bookings, act=act)
    return {line.id: _explained(found[line.id], made) for line in lines}


def _explained(found: _Found, made: Mapping[str, str]) -> Explained:
    paid = [
        Part(PartKind.PAYMENT, debit.amount_minor, made[debit.id])
        for debit in sorted(found.debits, key=lambda debit: debit.id)
    ]
    return Explained(
        rule=found.rule,
        state=LineState.BATCH_BOOKING if found.rule == LUMP_RULE else LineState.MATCHED,
        parts=(*paid, *rejected_debits.parts(found.rejected, sign=1)),
        evidence=found.evidence,
    )
