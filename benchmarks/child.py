"""What runs in a process of its own: one step of one case."""

from __future__ import annotations

import cProfile
import io
import pstats
import traceback
from enum import StrEnum
from multiprocessing.connection import Connection

from benchmarks import catalogue, rows
from benchmarks.comparison import Setting, TookTooLong
from benchmarks.measuring import Sample, measured

_PROFILED = 30  # functions shown, the costliest first
_LONGEST_CAUSE = 2_000


class Step(StrEnum):
    """What a child is started for."""

    PREPARE = "prepare"
    RECORD = "record"
    MEASURE = "measure"
    PROFILE = "profile"


def run(parent: Connection, step: Step, comparison: str, case: str, size: int, setting: Setting) -> None:
    """Does one step and sends the parent (True, what came out) or (False, why not)."""
    try:
        parent.send((True, _STEPS[step](comparison, case, size, setting)))
    except Exception:  # whatever it is, the parent ends the run with it
        parent.send((False, traceback.format_exc()[-_LONGEST_CAUSE:]))


def _prepare(comparison: str, case: str, size: int, setting: Setting) -> None:
    catalogue.load(comparison).prepare(setting, size)


def _record(comparison: str, case: str, size: int, setting: Setting) -> None:
    ready = catalogue.load(comparison).case(case).ready
    with ready(setting, size) as work, rows.recording(setting):
        work.run()


def _measure(comparison: str, case: str, size: int, setting: Setting) -> Sample:
    try:
        with catalogue.load(comparison).case(case).ready(setting, size) as work:
            return measured(work)
    except TookTooLong as slow:
        return Sample(slow.seconds, None, None, stopped=True)


def _profile(comparison: str, case: str, size: int, setting: Setting) -> str:
    profile, said = cProfile.Profile(), io.StringIO()
    with catalogue.load(comparison).case(case).ready(setting, size) as work:
        profile.runcall(work.run)
    statistics = pstats.Stats(profile, stream=said).strip_dirs()
    statistics.sort_stats("cumulative").print_stats(_PROFILED)
    statistics.sort_stats("tottime").print_stats(_PROFILED)
    return said.getvalue()


_STEPS = {Step.PREPARE: _prepare, Step.RECORD: _record, Step.MEASURE: _measure, Step.PROFILE: _profile}
