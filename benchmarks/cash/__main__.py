"""`python -m benchmarks.cash`: play years of business through the product and its rivals, and print what came of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence

from benchmarks.cash import contest, report
from benchmarks.cash.contest import PRODUCT, Options
from benchmarks.cash.mixes import MIXES, Case
from benchmarks.cash.tallies import Result

REPORTED = tuple(range(101, 111))  # nothing was tuned on these; on 1 to 20 it was


def main(arguments: Sequence[str] | None = None) -> int:
    """Gives the exit code: 1 when an invariant of the books is broken."""
    wanted = _parser().parse_args(arguments)
    seeds = wanted.seed or list(REPORTED)
    options = Options(
        lines=wanted.lines, months=wanted.months, days=wanted.days, mix=wanted.mix, rivals=wanted.rivals,
        clerk=wanted.clerk,
        shown=tuple(Case[name.upper()] for name in wanted.show),
    )  # fmt: skip
    results: dict[str, Result] = {PRODUCT: Result()}
    broken = 0
    for years, breaches in contest.play_all(seeds, options, jobs=wanted.jobs):
        broken += breaches
        for name, result in years.items():
            results.setdefault(name, Result()).add(result)
    _print(results, seeds, wanted)
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cash", description=__doc__)
    parser.add_argument(
        "--seed",
        action="append",
        type=int,
        metavar="N",
        help="may be given several times; 101 to 110 without it",
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
    parser.add_argument(
        "--clerk", action="store_true", help="once more, with a person who answers what waits"
    )
    parser.add_argument("--no-rivals", dest="rivals", action="store_false", help="the product alone")
    parser.add_argument(
        "--false", dest="most", type=int, default=50, metavar="N", help="false applications listed"
    )
    parser.add_argument(
        "--show", action="append", choices=[case.name.lower() for case in Case], default=[], metavar="CLASS",
        help="print lines of this class that did not come out right; for tuning seeds only",
    )  # fmt: skip
    return parser


def _print(results: Mapping[str, Result], seeds: Sequence[int], wanted: argparse.Namespace) -> None:
    product = results[PRODUCT]
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
