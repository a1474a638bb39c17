"""Seconds, CPU seconds and peak memory of one piece of work, as the kernel counts them."""

from __future__ import annotations

import contextlib
import gc
import os
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.comparison import Work

_RESET_PEAK = "5"  # proc(5), clear_refs: forget the peak resident size reached so far
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Sample:
    """One run. `peak_mb` is the most memory held beyond what was held before; None where there is no /proc.

    One that is `stopped` took longer than `seconds`.
    """

    seconds: float
    cpu_seconds: float | None
    peak_mb: float | None
    stopped: bool = False


def measured(work: Work) -> Sample:
    """Run the work once. What was loaded before it counts neither as time nor as memory."""
    process = os.getpid() if work.process is None else work.process
    gc.collect()
    _forget_peak(process)
    before_mb, before_cpu = _status_mb(process, "VmRSS"), _cpu_seconds(process)
    begun = time.perf_counter()
    work.run()
    seconds = time.perf_counter() - begun
    return Sample(
        seconds,
        _difference(_cpu_seconds(process), before_cpu),
        _difference(_status_mb(process, "VmHWM"), before_mb),
    )


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else max(after - before, 0.0)


def _forget_peak(process: int) -> None:
    with contextlib.suppress(OSError):
        Path(f"/proc/{process}/clear_refs").write_text(_RESET_PEAK)


def _status_mb(process: int, name: str) -> float | None:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:")), None)


def _cpu_seconds(process: int) -> float | None:
    """User and system time: fields 14 and 15 of proc(5) stat, counted behind the name in brackets."""
    try:
        behind_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(behind_name[11]) + int(behind_name[12])) / _TICKS
