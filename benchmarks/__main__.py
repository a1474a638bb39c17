"""`python -m benchmarks`: measure, and print a table for each comparison."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import catalogue, peers, postgres, tables
from benchmarks.comparison import Comparison, WrongOutcome
from benchmarks.postgres import Postgres
from benchmarks.running import Runner, load_for_children

_SERVER_FOLDER = "server"
_LONG_SECONDS = {"small": 5.0, "full": 60.0}  # what takes longer is measured once


def main(arguments: Sequence[str] | None = None) -> int:
    """Gives the exit code: 1 when a case did not do what it was timed for."""
    wanted = _parser().parse_args(arguments)
    names = wanted.only or catalogue.NAMES
    load_for_children(names)
    comparisons = [catalogue.load(name) for name in names]
    begun = time.perf_counter()
    try:
        with _runner(comparisons, _peers(comparisons)) as runner:
            for comparison in comparisons:
                sizes = comparison.sizes(wanted.size)
                if wanted.profile:
                    _print_profiles(runner, comparison, sizes[-1])
                else:
                    print(f"## {comparison.title}\n", flush=True)
                    results = runner.measure(
                        comparison, sizes, repeat=wanted.repeat, long_seconds=_LONG_SECONDS[wanted.size]
                    )
                    print(f"{tables.table(comparison, results)}\n", flush=True)
    except WrongOutcome as wrong:
        print(f"The benchmark stopped. Expected was {wrong}", file=sys.stderr)
        return 1
    print(f"{time.perf_counter() - begun:.0f} s in all.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the product beside floors and peers. Every run of a case is a process of its own.",
    )
    parser.add_argument(
        "--only", action="append", choices=catalogue.NAMES, metavar="NAME",
        help=f"one comparison; may be given several times. There are: {', '.join(catalogue.NAMES)}",
    )  # fmt: skip
    parser.add_argument(
        "--size", choices=("small", "full"), default="small", help="full goes ten times as far"
    )
    parser.add_argument(
        "--repeat", type=_at_least_one, default=3, metavar="N", help="rounds; 3 unless said otherwise"
    )
    parser.add_argument(
        "--profile", action="store_true", help="at the largest size, print where the time goes instead"
    )
    return parser


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one round")
    return number


def _peers(comparisons: Sequence[Comparison]) -> Path | None:
    """The Python of the peers, if a comparison has any and they can be installed."""
    if not any(case.is_peer for comparison in comparisons for case in comparison.cases):
        return None
    try:
        return peers.installed()
    except peers.NoPeers as reason:
        print(f"The peers are left out, because they cannot be installed: {reason}\n", flush=True)
        return None


@contextmanager
def _runner(comparisons: Sequence[Comparison], peers_python: Path | None) -> Iterator[Runner]:
    """A runner with a server, if any comparison needs one, in a temporary folder."""
    with TemporaryDirectory(prefix="duecourse-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the server may run as another user than root, and has to come by
        if not any(comparison.needs_database for comparison in comparisons):
            _print_machine(None)
            yield Runner(folder, None, peers=peers_python)
            return
        with postgres.started(folder / _SERVER_FOLDER) as server:
            _print_machine(server)
            yield Runner(folder, server, peers=peers_python)


def _print_machine(server: Postgres | None) -> None:
    load = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    database = f", PostgreSQL {server.version}" if server else ""
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}{database}{load}.\n"
    )


def _print_profiles(runner: Runner, comparison: Comparison, size: int) -> None:
    for case, profile in runner.profile(comparison, size):
        print(f"## {comparison.name}, {size:,} {comparison.unit}: {case.name}\n\n{profile}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
