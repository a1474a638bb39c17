"""Plays the year of one seed through the product and its rivals, in a process of its own where several are played."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import postgres
from benchmarks.cash import outcomes, report, rivals, tallies, year
from benchmarks.cash.clerk import CLERK, Clerk
from benchmarks.cash.facts import Line, Month
from benchmarks.cash.judging import Done, Verdict
from benchmarks.cash.mixes import MIXES, Case
from benchmarks.cash.playing import Player, Spent, opened
from benchmarks.cash.tallies import Result
from benchmarks.postgres import Postgres
from gateway.verifying import verify

PRODUCT = "Duecourse"
TAUGHT = "Duecourse, taught by a clerk"
_MOST_SHOWN = 12  # lines of a class

# What each way to match achieved in a year, and how many invariants the product left broken.
Played = tuple[dict[str, Result], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is played: about `lines` a year, a statement every `days`; `shown` are classes whose lines are printed.

    With a `clerk` the year is played once more, and every week whatever waits is answered rightly by a person.
    """

    lines: int = 10_000
    months: int = 12
    days: int = 7
    mix: str = "standard"
    rivals: bool = True
    clerk: bool = False
    shown: tuple[Case, ...] = ()


def play_all(seeds: Sequence[int], options: Options, *, jobs: int) -> Iterator[Played]:
    """Every seed's year in turn, or `jobs` at once."""
    if jobs == 1:
        yield from (play(seed, options) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(play, options=options), seeds)


def play(seed: int, options: Options) -> Played:
    """The year of a seed through everything; the product has a server of its own, of which nothing is left."""
    years = _rivals(seed, options) if options.rivals else {}
    with TemporaryDirectory(prefix="duecourse-cash-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the server may run as another user than root, and has to come by
        with postgres.started(folder / "server") as server:
            years[PRODUCT], broken = _product(server, seed, options)
            if options.clerk:
                years[TAUGHT], more = _product(server, seed, options, taught=True)
                broken += more
    return years, broken


def _generated(seed: int, options: Options) -> year.Year:
    return year.generated(seed=seed, lines=options.lines, mix=MIXES[options.mix], months=options.months)


def _noted(played: year.Year, truth: tallies.Year) -> Iterator[Month]:
    for month in played.months:
        truth.note(month.invoices, month.lines)
        yield month


def _rivals(seed: int, options: Options) -> dict[str, Result]:
    found: dict[str, Result] = {}
    for name, rival in rivals.RIVALS.items():
        played, truth = _generated(seed, options), tallies.Year(seed)
        done = rivals.play(rival, played.customers, _noted(played, truth))
        found[name] = truth.judged(done)
    return found


def _product(server: Postgres, seed: int, options: Options, *, taught: bool = False) -> tuple[Result, int]:
    """The product's year, and how many invariants it left broken; what a clerk answered is not the product's."""
    played, truth = _generated(seed, options), tallies.Year(seed)
    clerk = Clerk([one.number for one in played.customers]) if taught else None
    with server.database(f"cash_{seed}") as url, opened(url) as runtime:
        player = Player(runtime, played, days=options.days)
        for month in _noted(played, truth):
            player.play(month, clerk)
        with runtime.sessions() as session:
            found = outcomes.read(session, played.customers, but_by=CLERK)
        broken = [one for one in verify(runtime) if not one.holds]
    _tell(seed, played.style, player.spent, len(broken))
    for one in broken:
        print(f"  broken: {one.invariant.sentence}", file=sys.stderr)
    watch = _Watch(options.shown) if options.shown and not taught else None
    return truth.judged(found.done, found.proposed, reversals=found.reversals, watch=watch), len(broken)


def _tell(seed: int, style: str, spent: Spent, broken: int) -> None:
    print(
        f"seed {seed} ({style}): {spent.lines:,} lines; issued in {spent.billing:.0f} s, imported in "
        f"{spent.importing:.0f} s, matched in {spent.matching:.0f} s; {broken} invariants broken",
        file=sys.stderr, flush=True,
    )  # fmt: skip


class _Watch:
    """Prints some lines of the chosen classes that did not come out right, with the first proposals."""

    def __init__(self, shown: Sequence[Case]) -> None:
        self._left = dict.fromkeys(shown, _MOST_SHOWN)

    def __call__(self, line: Line, done: Done | None, proposed: Sequence[Done], verdict: Verdict) -> None:
        if self._left.get(line.truth.case, 0) > 0:
            self._left[line.truth.case] -= 1
            print(f"[{verdict}] {report.described(line, done)}")
            for reading in proposed[:2]:
                print(f"    proposed: {report.made(reading)}")
