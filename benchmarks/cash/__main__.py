"""`python -m benchmarks.cash`: play years of business through the product and its rivals, and print what came of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import postgres
from benchmarks.cash import outcomes, report, rivals, tallies, year
from benchmarks.cash.facts import Line, Month
from benchmarks.cash.judging import Done, Verdict
from benchmarks.cash.mixes import MIXES, Case
from benchmarks.cash.playing import Player, Spent, opened
from benchmarks.cash.tallies import Result
from benchmarks.postgres import Postgres
from gateway.verifying import verify

REPORTED = tuple(range(101, 111))  # nothing was tuned on these; on 1 to 20 it was
_PRODUCT = "Duecourse"
_Played = tuple[dict[str, Result], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Gives the exit code: 1 when an invariant of the books is broken."""
    wanted = _parser().parse_args(arguments)
    seeds = [int(seed) for seed in wanted.seed] if wanted.seed else list(REPORTED)
    results: dict[str, Result] = {}
    broken = 0
    for years, breaches in _played(seeds, wanted):
        broken += breaches
        for name, result in years.items():
            results.setdefault(name, Result()).add(result)
    product = {_PRODUCT: results.pop(_PRODUCT)}
    _print(product | results, seeds, wanted)
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cash", description=__doc__)
    parser.add_argument(
        "--seed", action="append", metavar="N", help="may be given several times; 101 to 110 without it"
    )
    parser.add_argument(
        "--lines", type=int, default=10_000, metavar="N", help="statement lines in twelve months, about"
    )
    parser.add_argument("--months", type=int, default=12, choices=range(1, 25), metavar="N")
    parser.add_argument(
        "--days", type=int, default=7, metavar="N", help="days from one statement to the next"
    )
    parser.add_argument("--mix", choices=tuple(MIXES), default="standard", help="how often each class comes")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="years played at once")
    parser.add_argument("--no-rivals", dest="rivals", action="store_false", help="the product alone")
    parser.add_argument(
        "--false", dest="most", type=int, default=50, metavar="N", help="false applications listed"
    )
    parser.add_argument(
        "--show", action="append", choices=[case.name.lower() for case in Case], default=[], metavar="CLASS",
        help="print lines of this class that did not come out right; for tuning seeds only",
    )  # fmt: skip
    return parser


def _played(seeds: Sequence[int], wanted: argparse.Namespace) -> Iterator[_Played]:
    """Every seed's year in turn, or several at once, each in a process of its own."""
    play = partial(_year, wanted=wanted)
    if wanted.jobs == 1:
        yield from map(play, seeds)
        return
    with ProcessPoolExecutor(wanted.jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(play, seeds)


def _year(seed: int, *, wanted: argparse.Namespace) -> _Played:
    """What each way to match achieved in the year of a seed, and how many invariants the product left broken."""
    years = _rivals(seed, wanted) if wanted.rivals else {}
    with TemporaryDirectory(prefix="duecourse-cash-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the server may run as another user than root, and has to come by
        with postgres.started(folder / "server") as server:
            years[_PRODUCT], broken = _product(server, seed, wanted)
    return years, broken


def _generated(seed: int, wanted: argparse.Namespace) -> year.Year:
    return year.generated(seed=seed, lines=wanted.lines, mix=MIXES[wanted.mix], months=wanted.months)


def _rivals(seed: int, wanted: argparse.Namespace) -> dict[str, Result]:
    found: dict[str, Result] = {}
    for name, rival in rivals.RIVALS.items():
        played, truth = _generated(seed, wanted), tallies.Year(seed)
        done = rivals.play(rival, played.customers, _noted(played, truth))
        found[name] = truth.judged(done)
    return found


def _noted(played: year.Year, truth: tallies.Year) -> Iterator[Month]:
    for month in played.months:
        truth.note(month.invoices, month.lines)
        yield month


def _product(server: Postgres, seed: int, wanted: argparse.Namespace) -> tuple[Result, int]:
    """The product's year, and how many invariants it left broken."""
    played, truth = _generated(seed, wanted), tallies.Year(seed)
    with server.database(f"cash_{seed}") as url, opened(url) as runtime:
        player = Player(runtime, played, days=wanted.days)
        for month in _noted(played, truth):
            player.play(month)
        with runtime.sessions() as session:
            found = outcomes.read(session, played.customers)
        broken = [one for one in verify(runtime) if not one.holds]
    _tell(seed, played.style, player.spent, len(broken))
    for one in broken:
        print(f"  broken: {one.invariant.sentence}", file=sys.stderr)
    watch = _Watch(wanted.show) if wanted.show else None
    return truth.judged(found.done, found.proposed, reversals=found.reversals, watch=watch), len(broken)


def _tell(seed: int, style: str, spent: Spent, broken: int) -> None:
    print(
        f"seed {seed} ({style}): {spent.lines:,} lines; issued in {spent.billing:.0f} s, imported in "
        f"{spent.importing:.0f} s, matched in {spent.matching:.0f} s; {broken} invariants broken",
        file=sys.stderr, flush=True,
    )  # fmt: skip


class _Watch:
    """Prints some lines of the chosen classes that did not come out right, with the first proposals."""

    def __init__(self, names: Sequence[str]) -> None:
        self._left = {Case[name.upper()]: 12 for name in names}

    def __call__(self, line: Line, done: Done | None, proposed: Sequence[Done], verdict: Verdict) -> None:
        if self._left.get(line.truth.case, 0) > 0:
            self._left[line.truth.case] -= 1
            print(f"[{verdict}] {report.described(line, done)}")
            for reading in proposed[:2]:
                print(
                    f"    proposed: {report.described(line, reading).partition('; done: ')[2].partition('; true')[0]}"
                )


def _print(results: Mapping[str, Result], seeds: Sequence[int], wanted: argparse.Namespace) -> None:
    product = results[_PRODUCT]
    print(
        f"## {wanted.mix} mix, seeds {', '.join(map(str, seeds))}, {wanted.lines:,} lines a year\n\n"
        f"{report.side_by_side(results)}\n\n{report.proposals(product)}\n\n{report.by_case(product)}\n\n"
        f"{report.false_applications(product.wrong, most=wanted.most)}\n"
    )


if __name__ == "__main__":
    begun = time.perf_counter()
    code = main()
    print(f"{time.perf_counter() - begun:.0f} s in all.")
    sys.exit(code)
