"""What runs in a process of its own: one step of one case, told by arguments and the environment."""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import sys
from enum import StrEnum
from pathlib import Path

from benchmarks import catalogue, rows
from benchmarks.comparison import Case, Setting
from benchmarks.measuring import measured

FOLDER, DATABASE_URL = "DUECOURSE_BENCH_FOLDER", "DUECOURSE_BENCH_DATABASE_URL"
_PROFILED = 30  # functions shown, the costliest first


class Step(StrEnum):
    """What a child is started for."""

    PREPARE = "prepare"
    RECORD = "record"
    MEASURE = "measure"
    PROFILE = "profile"


def main() -> None:
    """`python -m benchmarks.child STEP COMPARISON CASE SIZE`; a measurement is one line of JSON."""
    step, comparison_name, case_name, size = Step(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    setting = Setting(Path(os.environ[FOLDER]), os.environ.get(DATABASE_URL, ""))
    if step is Step.PREPARE:
        catalogue.load(comparison_name).prepare(setting, size)
        return
    # The floor is spared loading the product, which takes longer than its work.
    case = rows.case() if case_name == rows.NAME else catalogue.load(comparison_name).case(case_name)
    if step is Step.MEASURE:
        with case.ready(setting, size) as work:
            sample = measured(work)
        print(json.dumps(sample.as_json()))
    elif step is Step.RECORD:
        with case.ready(setting, size) as work, rows.recording(setting):
            work.run()
    else:
        _profile(case, setting, size)


def _profile(case: Case, setting: Setting, size: int) -> None:
    profile = cProfile.Profile()
    with case.ready(setting, size) as work:
        profile.runcall(work.run)
    statistics = pstats.Stats(profile).strip_dirs()
    statistics.sort_stats("cumulative").print_stats(_PROFILED)
    statistics.sort_stats("tottime").print_stats(_PROFILED)


if __name__ == "__main__":
    main()
