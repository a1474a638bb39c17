"""What the standing bank knows of each collection it took: the other side of our books, kept apart from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from gateway.sandbox.kinds import Kind, Level
from gateway.sandbox.outcomes import Fate


@dataclass(kw_only=True)
class Taken:
    """One collection as its bank keeps it, in EUR cents.

    From `known_on` its debtor knows what became of it. `credited_on` and `back_on` are set when that is booked,
    `rejected` when it was refused before; `reason` is why it was refused or came back, `reversed_on` the day a
    reversal of ours was booked.
    """

    message_id: str
    end_to_end_id: str
    amount_minor: int
    collect_on: date
    known_on: date
    kind: Kind
    level: Level
    reason: str | None
    rejected: bool = False
    credited_on: date | None = None
    back_on: date | None = None
    costs_minor: int = 0
    reversed_on: date | None = None

    @property
    def kept_minor(self) -> int:
        """What of it stays on the account so far, without costs."""
        stays = self.credited_on is not None and self.back_on is None and self.reversed_on is None
        return self.amount_minor if stays else 0

    @property
    def returned_minor(self) -> int:
        """What of it went back after its credit, by the debtor's bank or by order of ours, other than a reject."""
        gone = self.back_on is not None or self.reversed_on is not None
        return self.amount_minor if gone and not self.rejected else 0


@dataclass
class Record:
    """Every collection the bank ever took, by EndToEndId; one that came twice has two entries.

    `transferred` counts, in EUR cents, what it paid out by order of ours for each EndToEndId.
    """

    taken: dict[str, list[Taken]] = field(default_factory=dict)
    transferred: Counter[str] = field(default_factory=Counter)

    def take(self, message_id: str, fate: Fate) -> None:
        """A file was taken, and with it this collection."""
        transaction = fate.transaction
        one = Taken(
            message_id=message_id,
            end_to_end_id=transaction.end_to_end_id,
            amount_minor=transaction.amount.minor,
            collect_on=fate.block.collect_on,
            kind=fate.kind,
            level=fate.level,
            known_on=fate.known_on,
            reason=fate.reason,
            rejected=fate.kind is Kind.REJECT,
        )
        self.taken.setdefault(one.end_to_end_id, []).append(one)

    def reverse(self, one: Taken, reason: str, on: date) -> None:
        """The creditor gives a collection back; its bank cannot take it back any more."""
        one.reversed_on, one.reason = on, reason

    def of_file(self, message_id: str) -> list[Taken]:
        """The collections of one file, in its order."""
        return [one for one in self if one.message_id == message_id]

    def of(self, message_id: str, end_to_end_id: str) -> Taken:
        """The collection of one file. Raises KeyError where there is none."""
        found = self.find(message_id, end_to_end_id)
        if found is None:
            raise KeyError(end_to_end_id)
        return found

    def find(self, message_id: str, end_to_end_id: str) -> Taken | None:
        """The collection of one file, if it is there."""
        several = self.taken.get(end_to_end_id, [])
        return next((one for one in several if one.message_id == message_id), None)

    def __iter__(self) -> Iterator[Taken]:
        for several in self.taken.values():
            yield from several

    @property
    def kept_minor(self) -> int:
        return sum(one.kept_minor for one in self)

    @property
    def returned_minor(self) -> int:
        return sum(one.returned_minor for one in self)

    @property
    def costs_minor(self) -> int:
        return sum(one.costs_minor for one in self)
