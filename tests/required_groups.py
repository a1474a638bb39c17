"""Fails a run in which a test was skipped, or a group stayed empty, although DUECOURSE_REQUIRED_GROUPS asks for it."""

from __future__ import annotations

import os
from collections import Counter

import pytest

_REQUIRED = frozenset(os.environ.get("DUECOURSE_REQUIRED_GROUPS", "").split())
_passed: Counter[str] = Counter()
_skipped: list[str] = []

# Tests of groups that need something from outside the repository; every other test is never skipped.
_OPTIONAL = frozenset({"corpus"})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    groups = set(report.keywords)
    if report.when == "call" and report.passed:
        _passed.update(groups & (_REQUIRED | _OPTIONAL))
    if report.skipped and not (groups & (_OPTIONAL - _REQUIRED)):
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if not _REQUIRED or hasattr(session.config, "workerinput"):
        return
    empty = sorted(group for group in _REQUIRED if not _passed[group])
    if _skipped or empty:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _REQUIRED:
        return
    for group in sorted(_REQUIRED):
        terminalreporter.write_line(f"required group {group}: {_passed[group]} passed")
    for nodeid in _skipped:
        terminalreporter.write_line(f"skipped although required: {nodeid}", red=True)
