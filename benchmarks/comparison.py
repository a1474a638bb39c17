"""What a comparison is: cases that do the same job at the same sizes, each measured in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path


class WrongOutcome(Exception):
    """A case did not do what it was timed for, so its time means nothing."""


class TookTooLong(Exception):
    """A case was stopped after `seconds`, because nobody waits longer for it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"stopped after {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a case runs: a folder with its input files and, if it needs one, a database of its own.

    `peers` is the Python that has the peers, where they are installed.
    """

    folder: Path
    database_url: str = ""
    peers: Path | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What is timed. `process` is the id of the process whose memory and CPU count, None for the present one."""

    run: Callable[[], object]
    process: int | None = None


# Opens and warms up what the work needs, gives the work, and afterwards checks its outcome; only `run` is timed.
Ready = Callable[[Setting, int], AbstractContextManager[Work]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to do the job. `floor` names the case that bounds it from below; above `largest` it is left out.

    `is_peer` tells a library of others, which is left out where it is not installed.
    """

    name: str
    ready: Ready
    floor: str | None = None
    largest: int | None = None
    is_peer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Cases side by side; sizes count `unit`.

    `prepare` makes the input once per size. With `needs_database` it fills a database, and every case gets a
    fresh copy of that. `recorded` names the case whose rows the floor of `benchmarks.rows` writes again. Where the
    size only tells what is there before, `done` says how many `unit` the work is at every size.
    """

    name: str
    title: str
    unit: str
    small: tuple[int, ...]
    full: tuple[int, ...]
    cases: tuple[Case, ...]
    prepare: Callable[[Setting, int], None]
    needs_database: bool = False
    recorded: str | None = None
    done: int | None = None

    def case(self, name: str) -> Case:
        return next(case for case in self.cases if case.name == name)

    def cases_at(self, size: int) -> list[Case]:
        return [case for case in self.cases if case.largest is None or size <= case.largest]

    def work_at(self, size: int) -> int:
        """How many `unit` are dealt with."""
        return size if self.done is None else self.done

    def sizes(self, chosen: str) -> tuple[int, ...]:
        return self.full if chosen == "full" else self.small


def require(is_so: bool, what: str) -> None:
    """Raises WrongOutcome, saying `what` was to be, unless `is_so`."""
    if not is_so:
        raise WrongOutcome(what)
