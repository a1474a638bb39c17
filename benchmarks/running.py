"""Runs comparisons: every step in a child process, the cases of one comparison in turn, round after round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import postgres
from benchmarks.child import DATABASE_URL, FOLDER, Step
from benchmarks.comparison import Case, Comparison, Setting, WrongOutcome
from benchmarks.measuring import Sample
from benchmarks.postgres import Postgres

_ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 1_800  # for one step; a child that hangs ends the run

Results = dict[tuple[int, str], list[Sample]]


class Runner:
    """Measures comparisons in `folder`, on `postgres` where they need a database."""

    def __init__(self, folder: Path, postgres: Postgres | None) -> None:
        self._folder, self._postgres = folder, postgres

    def measure(
        self, comparison: Comparison, sizes: tuple[int, ...], *, repeat: int, long_seconds: float
    ) -> Results:
        """The samples of each size and case, by at most `repeat` rounds.

        Cases take turns, so that noise falls on all of them alike. One that took longer than `long_seconds` is
        not run again.
        """
        results: Results = defaultdict(list)
        for size in sizes:
            cases = [case for case in comparison.cases if case.takes(size)]
            with self._prepared(comparison, size) as setting:
                for number in range(1, repeat + 1):
                    _tell(f"{comparison.name}: {size:,} {comparison.unit}, round {number} of {repeat}")
                    for case in cases:
                        samples = results[size, case.name]
                        if not samples or max(one.seconds for one in samples) <= long_seconds:
                            said = self._run(Step.MEASURE, comparison, case, size, setting)
                            samples.append(Sample(**json.loads(said.splitlines()[-1])))
        return results

    def profile(self, comparison: Comparison, size: int) -> Iterator[tuple[Case, str]]:
        """Each case with its costliest functions."""
        cases = [case for case in comparison.cases if case.takes(size)]
        with self._prepared(comparison, size) as setting:
            for case in cases:
                yield case, self._run(Step.PROFILE, comparison, case, size, setting)

    @contextmanager
    def _prepared(self, comparison: Comparison, size: int) -> Iterator[Setting]:
        """The input of one size: a folder of its own and, where needed, the database that cases get copies of."""
        with TemporaryDirectory(dir=self._folder) as folder:
            if not comparison.needs_database:
                setting = Setting(Path(folder))
                _child(Step.PREPARE, comparison, None, size, setting)
                yield setting
                return
            with self._server.database(_seeded(comparison)) as url:
                setting = Setting(Path(folder), url)
                _child(Step.PREPARE, comparison, None, size, setting)
                postgres.settle(url)
                if comparison.recorded is not None:
                    self._run(Step.RECORD, comparison, comparison.case(comparison.recorded), size, setting)
                yield setting

    def _run(self, step: Step, comparison: Comparison, case: Case, size: int, setting: Setting) -> str:
        """What the child says that runs one step of `case`, on a fresh copy of the database."""
        if not comparison.needs_database:
            return _child(step, comparison, case, size, setting)
        with self._server.database(f"{_seeded(comparison)}_copy", like=_seeded(comparison)) as url:
            return _child(step, comparison, case, size, Setting(setting.folder, url))

    @property
    def _server(self) -> Postgres:
        if self._postgres is None:
            raise WrongOutcome("a comparison that needs a database has one")
        return self._postgres


def _seeded(comparison: Comparison) -> str:
    return f"bench_{comparison.name}"


def _child(step: Step, comparison: Comparison, case: Case | None, size: int, setting: Setting) -> str:
    """Raises WrongOutcome with the child's last words when it fails or takes too long."""
    name = "" if case is None else case.name
    environment = {**os.environ, FOLDER: str(setting.folder), DATABASE_URL: setting.database_url}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.child", step, comparison.name, name, str(size)],
            cwd=_ROOT, env=environment, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as slow:
        raise WrongOutcome(f"{comparison.name}, {name or step}: an end within {slow.timeout:.0f} s") from None
    if done.returncode != 0:
        raise WrongOutcome(f"{comparison.name}, {name or step}: {done.stderr.strip()[-2_000:]}")
    return done.stdout


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
