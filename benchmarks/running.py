"""Runs comparisons: every step in a child process, the cases of one comparison in turn, round after round."""

from __future__ import annotations

import multiprocessing
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import catalogue, child, postgres
from benchmarks.child import Step
from benchmarks.comparison import Case, Comparison, Setting, WrongOutcome
from benchmarks.measuring import Sample
from benchmarks.postgres import Postgres

_PATIENCE_SECONDS = 1_800  # for one step; a child that hangs ends the run

# Children are forked from a process that has loaded the modules and done nothing else: they start at once, and
# nothing that an earlier one did is in their memory.
_PROCESSES = multiprocessing.get_context("forkserver")

Results = dict[tuple[int, str], list[Sample]]


class Runner:
    """Measures comparisons in `folder`, on `postgres` where they need a database, with the Python of the `peers`."""

    def __init__(self, folder: Path, postgres: Postgres | None, *, peers: Path | None = None) -> None:
        self._folder, self._postgres, self._peers = folder, postgres, peers

    def measure(
        self, comparison: Comparison, sizes: tuple[int, ...], *, repeat: int, long_seconds: float
    ) -> Results:
        """The samples of each size and case, by at most `repeat` rounds.

        Cases take turns, so that noise falls on all of them alike. One that took longer than `long_seconds` is
        not run again, and one that was stopped is not run at greater sizes.
        """
        results: Results = defaultdict(list)
        for size in sizes:
            with self._prepared(comparison, size) as setting:
                for number in range(1, repeat + 1):
                    _tell(f"{comparison.name}: {size:,} {comparison.unit}, round {number} of {repeat}")
                    for case in self._cases(comparison, size):
                        if _is_worth_it(results, case, size, long_seconds):
                            sample = self._run(Step.MEASURE, comparison, case, size, setting)
                            results[size, case.name].append(sample)
        return results

    def profile(self, comparison: Comparison, size: int) -> Iterator[tuple[Case, str]]:
        """Each case with its costliest functions."""
        with self._prepared(comparison, size) as setting:
            for case in comparison.cases_at(size):
                if not case.is_peer:
                    yield case, self._run(Step.PROFILE, comparison, case, size, setting)

    def _cases(self, comparison: Comparison, size: int) -> list[Case]:
        return [case for case in comparison.cases_at(size) if self._peers is not None or not case.is_peer]

    @contextmanager
    def _prepared(self, comparison: Comparison, size: int) -> Iterator[Setting]:
        """The input of one size: a folder of its own and, where needed, the database that cases get copies of."""
        with TemporaryDirectory(dir=self._folder) as folder:
            if not comparison.needs_database:
                setting = Setting(Path(folder), peers=self._peers)
                _in_child(Step.PREPARE, comparison.name, "", size, setting)
                yield setting
                return
            with self._server.database(_seeded(comparison)) as url:
                setting = Setting(Path(folder), url)
                _in_child(Step.PREPARE, comparison.name, "", size, setting)
                postgres.settle(url)
                if comparison.recorded is not None:
                    self._run(Step.RECORD, comparison, comparison.case(comparison.recorded), size, setting)
                yield setting

    def _run(self, step: Step, comparison: Comparison, case: Case, size: int, setting: Setting) -> Any:
        """What comes out of one step of `case`, on a fresh copy of the database."""
        if not comparison.needs_database:
            return _in_child(step, comparison.name, case.name, size, setting)
        with self._server.database(f"{_seeded(comparison)}_copy", like=_seeded(comparison)) as url:
            return _in_child(step, comparison.name, case.name, size, Setting(setting.folder, url))

    @property
    def _server(self) -> Postgres:
        if self._postgres is None:
            raise WrongOutcome("a comparison that needs a database has one")
        return self._postgres


def _is_worth_it(results: Results, case: Case, size: int, long_seconds: float) -> bool:
    if any(one.stopped for (_, name), samples in results.items() if name == case.name for one in samples):
        return False
    return all(one.seconds <= long_seconds for one in results.get((size, case.name), ()))


def load_for_children(names: Sequence[str]) -> None:
    """Load the comparisons called `names` before the first child; later ones are loaded by each child itself."""
    _PROCESSES.set_forkserver_preload([catalogue.module(name) for name in names])


def _seeded(comparison: Comparison) -> str:
    return f"bench_{comparison.name.replace('-', '_')}"


def _in_child(step: Step, comparison: str, case: str, size: int, setting: Setting) -> Any:
    """What the child sends; raises WrongOutcome with its reason when it fails, dies or takes too long."""
    receiver, sender = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=child.run, args=(sender, step, comparison, case, size, setting))
    process.start()
    sender.close()
    if not receiver.poll(_PATIENCE_SECONDS):
        process.kill()
    try:
        is_done, outcome = receiver.recv()
    except EOFError:
        is_done, outcome = False, f"it died, or it was stopped after {_PATIENCE_SECONDS} s"
    process.join()
    if not is_done:
        raise WrongOutcome(f"{comparison}, {case or step}, at {size}: {outcome}")
    return outcome


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
