"""Runs functions in a child that the system kills beyond a second of work each, and gives 200 MB of memory.

    with Child("tests.factories.bad_files", "prepared") as child:
        child.call("camt.053", "a document type")

The function prepares the work and gives it back as a function without arguments; only that one is timed.
Memory is bounded by RLIMIT_AS above what the child needs to start; time by a timer of processor time, so that a
busy machine changes nothing. Arguments and results are JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

MEMORY = 200 * 1024 * 1024
SECONDS = 1.0
FOLDER = Path(__file__).resolve().parents[2]


class Overstepped(AssertionError):
    """The child died: it took more than a second, or an extension crashed."""


class Child:
    """A process that answers calls one after the other; the next one starts when it had to die."""

    def __init__(self, module: str, function: str) -> None:
        self._target = (module, function)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._stop(self._process)

    def call(self, *arguments: object) -> Any:
        """What the work prepared for `arguments` gives. Raises Overstepped, or AssertionError with its traceback."""
        process = self._process or self._start()
        _pipe(process.stdin).write(json.dumps(arguments) + "\n")
        _pipe(process.stdin).flush()
        answer = _pipe(process.stdout).readline()
        if not answer:
            self._process = None
            raise Overstepped(f"{arguments} ended the process with {self._stop(process)}")
        found = json.loads(answer)
        assert "error" not in found, found["error"]
        return found["result"]

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.factories.bounded", *self._target],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self._process

    @staticmethod
    def _stop(process: subprocess.Popen[str]) -> int:
        _pipe(process.stdin).close()
        code = process.wait()
        _pipe(process.stdout).close()
        return code


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def limit_memory(size: int) -> None:
    """Bounds what this process may take beyond what it has; only Linux tells it, and keeps it to that."""
    status = Path("/proc/self/statm")
    if status.exists():
        pages = int(status.read_text().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + size
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _serve(module: str, function: str) -> None:
    prepare = getattr(importlib.import_module(module), function)
    limit_memory(MEMORY)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for line in sys.stdin:
        try:
            answer = {"result": _timed(prepare(*json.loads(line)))}
        except Exception:  # whatever it is, the parent's test fails with it
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


def _timed(work: Callable[[], Any]) -> Any:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
