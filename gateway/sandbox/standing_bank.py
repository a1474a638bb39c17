"""The standing bank: it keeps one account for years, takes files, and hands out what it has to say day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from random import Random

from exporters.pain007 import reader as reversals
from exporters.pain007 import rules as pain007
from exporters.pain007.message import Line, LinesOfBlock, ReversalMessage, WholeBlock
from exporters.pain008 import reader
from exporters.pain008.message import DirectDebitMessage, PaymentBlock
from gateway.sandbox import bookings, deliveries, money_out, outcomes, refusals, reports, statements
from gateway.sandbox.debtor_banks import UNKNOWN_MANDATE, DebtorBanks
from gateway.sandbox.entries import Entry
from gateway.sandbox.habits import Habits
from gateway.sandbox.kinds import Kind
from gateway.sandbox.outcomes import Fate
from gateway.sandbox.record import Record
from gateway.sandbox.refusals import DUPLICATE, Refusal
from gateway.sandbox.statements import AnswerFile
from ledger import cut_offs
from ledger.business_days import add_business_days, roll_forward
from ledger.cut_offs import CutOff
from ledger.money import Money
from reconciliation.statement import Account

_CUT_OFF_MISSED, _TOO_FAR_AHEAD = "TM01", "CH03"


class Late(StrEnum):
    """What the bank does with a payment block that comes after its cut-off."""

    REFUSE = "refuse"
    SHIFT = "shift"


# What the world does with the collections of a file: an outcome by EndToEndId, or the code for all of them.
Wishes = Callable[[DirectDebitMessage], "Wish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The outcomes of one file; see `outcomes.decide`."""

    outcomes: Mapping[str, str]
    reject_file: str | None = None
    reject_blocks: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How unreliably files arrive: the shares (0 to 1) that come twice and that come days late."""

    twice: Decimal = Decimal(0)
    late: Decimal = Decimal(0)
    most_days: int = 3


class Bank:
    """One account as its bank keeps it.

    `habits_on` gives the bank's habits for the files of a day. What it books, reports and records follows from
    the files it is handed and the entries it is told of; the same calls give the same bytes.
    """

    def __init__(
        self,
        *,
        account: Account,
        owner: str,
        opening: Money,
        cut_off: CutOff,
        seed: int,
        habits_on: Callable[[date], Habits],
        late: Late = Late.REFUSE,
        lateness: Lateness = Lateness(),
    ) -> None:
        self.account, self.owner, self.balance = account, owner, opening
        self.record, self.debtor_banks = Record(), DebtorBanks()
        self.sent: list[AnswerFile] = []
        self.booked_by_reference: dict[str | None, Entry] = {}
        self._cut_off, self._habits_on, self._late, self._lateness = cut_off, habits_on, late, lateness
        self._seed = seed
        self._chance = Random(f"standing bank/{seed}")  # noqa: S311 - a repeatable game, no secret
        self._seen: set[str] = set()
        self._sequence = 1
        self._credits: dict[date, list[tuple[str, Fate, Habits]]] = defaultdict(list)
        self._back: dict[date, list[tuple[str, Fate, Habits]]] = defaultdict(list)
        self._others: dict[date, list[Entry]] = defaultdict(list)
        self._files: dict[date, list[AnswerFile]] = defaultdict(list)
        self._messages: dict[str, DirectDebitMessage] = {}
        self._fates: dict[str, Sequence[Fate]] = {}

    def hand_in(self, content: bytes, *, at: datetime, wishes: Wishes) -> Refusal | None:
        """Take a pain.008 at the aware instant `at`; gives why it was refused as a whole, if it was.

        Raises UnreadableFile for what is no pain.008.
        """
        on = at.astimezone(self._cut_off.zone).date()
        habits = self._habits_on(on)
        refusal = refusals.refusal_of(content, today=on if self._late is Late.REFUSE else None)
        if refusal is None:
            message = replace(reader.read(content), created_at=at)
            refusal = self._seen_before(message)
        if refusal is not None:
            self._send(reports.refused(refusal, at=at, habits=habits))
            return refusal
        self._seen.add(message.message_id)
        self._take(message, self._wish(message, at, wishes), on, habits)
        return None

    def hand_in_transfers(self, content: bytes, *, at: datetime) -> bool:
        """Take a pain.001 and execute it on its day, or on the first one that can be met.

        Gives False for a file that was taken before. Raises UnreadableFile.
        """
        file = money_out.read(content)
        if file.message_id in self._seen:
            return False
        self._seen.add(file.message_id)
        on = max(roll_forward(file.execute_on), self._counts_as(at))
        for entry in money_out.entries(file, on=on):
            self._others[on].append(entry)
        self.record.transferred.update({order.end_to_end_id: order.amount.minor for order in file.orders})
        return True

    def hand_in_reversals(self, content: bytes, *, at: datetime) -> list[str]:
        """Take a pain.007: every collection it names that is on the account is given back on the next T2 day.

        Gives what the bank refuses of it, in sentences; a file with a fault is refused whole.
        """
        on = self._counts_as(at)
        breaches = pain007.check(content, today=on)
        if breaches:
            return [breach.message for breach in breaches]
        file = reversals.read(content)
        named = {(line.end_to_end_id, line.reason) for block in file.blocks for line in _lines(block)}
        named |= {
            (fate.transaction.end_to_end_id, block.reason)
            for block in file.blocks
            if isinstance(block, WholeBlock)
            for fate in self._fates.get(file.original_message_id, [])
            if fate.block.payment_information_id == block.payment_information_id
        }
        return [
            refusal for name, reason in sorted(named) for refusal in self._reverse(file, name, reason, on)
        ]

    def _reverse(self, file: ReversalMessage, name: str, reason: str, on: date) -> Iterator[str]:
        fates = self._fates.get(file.original_message_id, [])
        fate = next((one for one in fates if one.transaction.end_to_end_id == name), None)
        taken = self.record.find(file.original_message_id, name)
        if fate is None or taken is None or taken.kept_minor == 0:
            yield f"{name}: there is nothing to reverse."
            return
        booked_on = add_business_days(on, 1)
        self.record.reverse(taken, reason, booked_on)
        for pending in self._back.values():
            pending[:] = [one for one in pending if one[1] is not fate]
        self._others[booked_on].append(bookings.reversal_of(fate, on=booked_on))

    def _counts_as(self, at: datetime) -> date:
        """The T2 day as of which a file counts that comes at `at`."""
        return add_business_days(cut_offs.earliest(self._cut_off, at), -self._cut_off.lead_days)

    def book(self, entry: Entry) -> None:
        """Book something else on the account, on the entry's own day, which is a T2 day still to come or today."""
        self._others[entry.booked_on].append(entry)

    def close(self, on: date) -> list[AnswerFile]:
        """End the T2 day `on`: book what falls on it, and give every file that arrives by then."""
        entries = [*self._credited(on), *self._taken_back(on), *self._others.pop(on, [])]
        for statement in statements.keep(
            self.account,
            owner=self.owner,
            entries=entries,
            opening=self.balance,
            first_sequence=self._sequence,
        ):
            self.balance, self._sequence = statement.closing, statement.sequence + 1
            self.booked_by_reference |= {entry.bank_reference: entry for entry in statement.entries}
            for file in statements.files(statement):
                self._send(file)
        return self._arrived(on)

    def next_day(self, after: date) -> date | None:
        """The next T2 day after `after` on which something is booked or arrives; None when all is quiet."""
        days = [*self._credits, *self._back, *self._others, *self._files]
        coming = [day for day in days if day > after]
        return min(coming, default=None)

    def _seen_before(self, message: DirectDebitMessage) -> Refusal | None:
        if message.message_id not in self._seen:
            return None
        return Refusal(
            message_id=message.message_id, file_format=refusals.FILE_FORMAT, reason=DUPLICATE,
            explanation="A file with this message identification was taken before.",
        )  # fmt: skip

    def _wish(self, message: DirectDebitMessage, at: datetime, wishes: Wishes) -> Wish:
        """What becomes of the collections, after the debtors' banks and the calendar have had their say."""
        wish = wishes(message)
        strange = {
            transaction.end_to_end_id: UNKNOWN_MANDATE
            for block in message.blocks
            for transaction in block.transactions
            if not self.debtor_banks.fits(block, transaction)
        }
        refused = {
            block.payment_information_id: code
            for block in message.blocks
            if (code := self._out_of_time(block, at)) is not None
        }
        return replace(
            wish,
            outcomes={**wish.outcomes, **strange},
            reject_blocks={**(wish.reject_blocks or {}), **refused},
        )

    def _out_of_time(self, block: PaymentBlock, at: datetime) -> str | None:
        if block.collect_on > cut_offs.latest(self._cut_off, at):
            return _TOO_FAR_AHEAD
        if block.collect_on < cut_offs.earliest(self._cut_off, at) and self._late is Late.REFUSE:
            return _CUT_OFF_MISSED
        return None

    def _take(self, message: DirectDebitMessage, wish: Wish, on: date, habits: Habits) -> None:
        message = self._shifted(message)
        fates = outcomes.decide(
            message, outcomes=wish.outcomes, reject_file=wish.reject_file,
            reject_blocks=wish.reject_blocks or {}, seed=self._seed,
        )  # fmt: skip
        self._messages[message.message_id], self._fates[message.message_id] = message, fates
        for fate in fates:
            self.record.take(message.message_id, fate)
            if fate.kind is not Kind.REJECT:
                self.debtor_banks.learn(fate.block, fate.transaction)
            if bookings.is_credited(fate, habits):
                self._credits[fate.settled_on].append((message.message_id, fate, habits))
                if fate.kind is not Kind.PAID:
                    self._back[bookings.booked_back_on(fate)].append((message.message_id, fate, habits))
        for file in reports.of_file(message, fates, habits):
            self._send(replace(file, on=max(file.on, on)))

    def _shifted(self, message: DirectDebitMessage) -> DirectDebitMessage:
        """The file with every date that is too early moved to the first one that can be met."""
        earliest = cut_offs.earliest(self._cut_off, message.created_at)
        return replace(
            message,
            blocks=tuple(
                replace(block, collect_on=max(block.collect_on, earliest))
                if self._late is Late.SHIFT
                else block
                for block in message.blocks
            ),
        )

    def _credited(self, on: date) -> Iterator[Entry]:
        files: dict[str, list[Fate]] = defaultdict(list)
        habits_of: dict[str, Habits] = {}
        for message_id, fate, habits in self._credits.pop(on, []):
            self.record.of(message_id, fate.transaction.end_to_end_id).credited_on = on
            files[message_id].append(fate)
            habits_of[message_id] = habits
        for message_id, fates in files.items():
            yield from bookings.credits_of(self._messages[message_id], fates, habits_of[message_id])

    def _taken_back(self, on: date) -> Iterator[Entry]:
        by_habits: dict[Habits, list[Fate]] = defaultdict(list)
        for message_id, fate, habits in self._back.pop(on, []):
            taken = self.record.of(message_id, fate.transaction.end_to_end_id)
            taken.back_on = on
            if fate.kind is not Kind.REJECT:
                taken.costs_minor = (habits.return_fee + habits.interest).minor
            by_habits[habits].append(fate)
        for habits, fates in by_habits.items():
            yield from bookings.debits_of(fates, habits)
            yield from bookings.costs_of(fates, habits)

    def _send(self, file: AnswerFile) -> None:
        """Put a file on its way: most arrive the same day, some later, some a second time."""
        self._files[self._arrival(file.on)].append(file)
        if self._chance.random() < self._lateness.twice:
            twin = deliveries.again(file) if self._chance.random() < 0.5 else deliveries.anew(file)
            self._files[self._arrival(file.on)].append(twin)

    def _arrival(self, on: date) -> date:
        if self._chance.random() >= self._lateness.late:
            return on
        return add_business_days(on, self._chance.randint(1, self._lateness.most_days))

    def _arrived(self, on: date) -> list[AnswerFile]:
        arrived = [file for day in sorted(self._files) if day <= on for file in self._files.pop(day)]
        self._chance.shuffle(arrived)
        self.sent += arrived
        return arrived


def _lines(block: LinesOfBlock | WholeBlock) -> tuple[Line, ...]:
    return block.lines if isinstance(block, LinesOfBlock) else ()
