"""Counts verdicts over a year: lines, invoices, money, false applications and proposals, whole and by class."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.cash.facts import Invoice, Line, Nature
from benchmarks.cash.judging import Done, Verdict, judge, rightly_given
from benchmarks.cash.mixes import Case

_LISTED = 500  # false applications kept with their text


@dataclass
class Tally:
    """Lines by verdict, cents of customers' payments, and where the right answer stands among the proposals.

    `asked` are the waiting payments about which somebody could know; `first` and `in_three` those of them whose
    right answer is the first proposal, or among the first three; `proposed` those with any proposal.
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    value_minor: int = 0
    value_right_minor: int = 0
    asked: int = 0
    proposed: int = 0
    first: int = 0
    in_three: int = 0

    @property
    def lines(self) -> int:
        return self.verdicts.total()

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        self.verdicts += other.verdicts
        self.value_minor += other.value_minor
        self.value_right_minor += other.value_right_minor
        self.asked += other.asked
        self.proposed += other.proposed
        self.first += other.first
        self.in_three += other.in_three

    def count(self, line: Line, done: Done | None, proposed: Sequence[Done]) -> Verdict:
        """Count one line; gives its verdict."""
        verdict = judge(line.truth, done)
        self.verdicts[verdict] += 1
        if line.truth.nature is Nature.PAYMENT:
            self.value_minor += line.amount_minor
            self.value_right_minor += line.amount_minor if verdict is Verdict.RIGHT else 0
            if verdict is Verdict.WAITS and line.truth.is_knowable:
                self._ask(line, proposed)
        return verdict

    def _ask(self, line: Line, proposed: Sequence[Done]) -> None:
        answers = [judge(line.truth, one) is Verdict.RIGHT for one in proposed[:3]]
        self.asked += 1
        self.proposed += bool(proposed)
        self.first += answers[:1] == [True]
        self.in_three += any(answers)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A false application: the line, and what was done about it."""

    seed: int
    line: Line
    done: Done


@dataclass
class Result:
    """What one way to match achieved in a year, or in several."""

    incoming: Tally = field(default_factory=Tally)
    outgoing: Tally = field(default_factory=Tally)
    by_case: dict[Case, Tally] = field(default_factory=lambda: defaultdict(Tally))
    invoices: int = 0
    invoices_right: int = 0
    reversals: int = 0
    wrong: list[Wrong] = field(default_factory=list)

    def add(self, other: Result) -> None:
        """Count another year in."""
        self.incoming.add(other.incoming)
        self.outgoing.add(other.outgoing)
        for case, tally in other.by_case.items():
            self.by_case[case].add(tally)
        self.invoices += other.invoices
        self.invoices_right += other.invoices_right
        self.reversals += other.reversals
        self.wrong += other.wrong


# Tells of each line that was looked at and did not come out right, for whoever wants to read on.
Watch = Callable[[Line, Done | None, Sequence[Done], Verdict], None]


class Year:
    """Everything that one year's truth says, kept until what was done is known."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lines: list[Line] = []
        self._totals: dict[str, int] = {}

    def note(self, invoices: Sequence[Invoice], lines: Sequence[Line]) -> None:
        """Another month's truth."""
        self._lines += lines
        self._totals |= {one.number: one.total_minor for one in invoices}

    def judged(
        self,
        done: Mapping[str, Done],
        proposed: Mapping[str, Sequence[Done]] | None = None,
        *,
        reversals: int = 0,
        watch: Watch | None = None,
    ) -> Result:
        """The verdict on every line."""
        result = Result(reversals=reversals)
        due: Counter[str] = Counter()
        right: Counter[str] = Counter()
        for line in self._lines:
            made, readings = done.get(line.key), (proposed or {}).get(line.key, ())
            side = result.incoming if line.amount_minor > 0 else result.outgoing
            verdict = side.count(line, made, readings)
            result.by_case[line.truth.case].count(line, made, readings)
            if verdict is Verdict.FALSE and made is not None and len(result.wrong) < _LISTED:
                result.wrong.append(Wrong(self._seed, line, made))
            if verdict is not Verdict.RIGHT and watch is not None:
                watch(line, made, readings, verdict)
            due.update({share.invoice: 0 for share in line.truth.shares})
            for share in line.truth.shares:
                due[share.invoice] += share.amount_minor
            for share in rightly_given(line.truth, made):
                right[share.invoice] += share.amount_minor
        closed = [number for number, amount in due.items() if amount == self._totals.get(number)]
        result.invoices = len(closed)
        result.invoices_right = sum(right[number] == due[number] for number in closed)
        return result
