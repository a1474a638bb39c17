"""Every case of the benchmarks does its work at a tiny size, and the harness prints what it measured."""

from __future__ import annotations

import sys
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import catalogue, child, peers, rows, running, tables
from benchmarks.child import Step
from benchmarks.comparison import Case, Comparison, Setting, Work, WrongOutcome
from benchmarks.measuring import Sample, measured
from benchmarks.peers import NoPeers
from benchmarks.postgres import Postgres
from benchmarks.running import Runner
from ledger.embedded import EmbeddedServer

TINY = 12
MANY = 2_000  # takes a peer some while
SLOW_PEERS = ("sepaxml, its validation",)  # loads its schema for a second
TEMPLATE = "duecourse_template"  # the migrated database of the test run
_LOADED = [catalogue.load(name) for name in catalogue.NAMES]


def _cases(*, needs_database: bool) -> list[object]:
    return [
        pytest.param(comparison, case, id=f"{comparison.name}: {case.name}")
        for comparison in _LOADED
        if comparison.needs_database is needs_database
        for case in comparison.cases
        if case.name != rows.NAME and not case.is_peer and _is_tried(comparison, case)
    ]


def _is_tried(comparison: Comparison, case: Case) -> bool:
    """Of cases that differ in their number of threads the last two are enough, of those that serve the last."""
    tried = {"allocate": comparison.cases[-2:], "http": comparison.cases[-1:]}
    return case in tried.get(comparison.name, comparison.cases) and case.name not in SLOW_PEERS


def _do(comparison: Comparison, case: Case, setting: Setting) -> Sample:
    """The case checks its own outcome and raises WrongOutcome otherwise."""
    comparison.prepare(setting, TINY)
    with case.ready(setting, TINY) as work:
        return measured(work)


@pytest.mark.parametrize(("comparison", "case"), _cases(needs_database=False))
def test_case_on_files_does_its_work(comparison: Comparison, case: Case, tmp_path: Path) -> None:
    assert _do(comparison, case, Setting(tmp_path)).seconds > 0


@pytest.mark.parametrize(("comparison", "case"), _cases(needs_database=True))
def test_case_on_the_database_does_its_work(
    comparison: Comparison, case: Case, tmp_path: Path, database_url: str
) -> None:
    assert _do(comparison, case, Setting(tmp_path, database_url)).seconds > 0


def test_every_floor_is_a_case_of_its_comparison() -> None:
    for comparison in _LOADED:
        names = {case.name for case in comparison.cases}
        assert {case.floor for case in comparison.cases} - {None} <= names, comparison.name


def test_case_that_did_less_than_it_was_timed_for_is_refused(tmp_path: Path) -> None:
    comparison = catalogue.load("camt053")
    comparison.prepare(Setting(tmp_path), TINY - 1)
    with pytest.raises(WrongOutcome), comparison.cases[1].ready(Setting(tmp_path), TINY) as work:
        work.run()


def test_memory_of_the_work_is_what_it_held_and_not_what_was_held_before() -> None:
    # Above 32 MB an allocation never comes out of what the C library keeps of those before it.
    held = b"x" * (64 * 1024 * 1024)
    sample = measured(Work(lambda: len(b"x" * (48 * 1024 * 1024))))
    assert len(held) > 0
    if sample.peak_mb is not None:
        assert 40 < sample.peak_mb < 60


def _here(step: Step, comparison: str, case: str, size: int, setting: Setting) -> object:
    """What a child would send, without the seconds it takes to load the product once more."""
    receiver, sender = Pipe(duplex=False)
    child.run(sender, step, comparison, case, size, setting)
    is_done, outcome = receiver.recv()
    assert is_done, outcome
    return outcome


def test_floor_writes_the_rows_of_the_product_again(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_in_child", _here)
    comparison = catalogue.load("issue")
    results = Runner(tmp_path, Postgres(server, empty=TEMPLATE)).measure(
        comparison, (TINY,), repeat=1, long_seconds=60
    )
    assert {name: len(samples) for (_, name), samples in results.items()} == {
        rows.NAME: 1,
        "ledger.invoices.issue_many": 1,
    }


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Comparison:
    """The only comparison that the command finds."""
    comparison = replace(_LOADED[0], small=(TINY,))
    monkeypatch.setattr(catalogue, "load", lambda name: comparison)
    return comparison


def _not_installed() -> Path:
    raise NoPeers("no route to the registry")


def test_command_prints_a_table(
    tiny: Comparison, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "installed", _not_installed)
    assert command.main(["--only", "camt053", "--repeat", "1"]) == 0
    said = capsys.readouterr()
    assert "| reconciliation.formats.camt.read " in said.out
    assert "The peers are left out, because they cannot be installed: no route to the registry" in said.out
    assert "pycamt" not in said.out
    assert said.err.count("12 bookings, round 1") == 1


@pytest.mark.parametrize(("name", "peer"), [("bai2", "bai2"), ("mt940", "mt-940"), ("ofx", "ofxparse")])
def test_peer_reads_in_a_process_of_its_own(name: str, peer: str, tmp_path: Path) -> None:
    comparison = catalogue.load(name)
    sample = _do(comparison, comparison.case(peer), Setting(tmp_path, peers=Path(sys.executable)))
    assert sample.seconds > 0


def test_peer_that_is_not_there_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    comparison = catalogue.load("ofx")
    with pytest.raises(WrongOutcome, match="ModuleNotFoundError"):
        _do(comparison, comparison.case("ofxtools"), Setting(tmp_path, peers=Path(sys.executable)))


def test_peer_that_takes_too_long_is_stopped_and_not_run_at_greater_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(running, "_in_child", _here)
    whole = catalogue.load("bai2")
    slow = replace(whole, cases=tuple(case for case in whole.cases if case.name == "bai2"))
    results = Runner(tmp_path, None, peers=Path(sys.executable)).measure(
        slow, (MANY, 2 * MANY), repeat=2, long_seconds=60
    )
    assert results == {(MANY, "bai2"): [Sample(0, None, None, stopped=True)]}
    assert tables.table(slow, results).splitlines()[-1].split("|")[4].strip() == "> 0"


def test_table_tells_medians_ratios_and_growth() -> None:
    nothing = Case(name="floor", ready=_LOADED[0].cases[0].ready)
    ours = Case(name="ours", ready=nothing.ready, floor="floor")
    comparison = Comparison(
        name="x", title="X", unit="lines", small=(10, 100), full=(10, 100), cases=(nothing, ours),
        prepare=lambda setting, size: None,
    )  # fmt: skip
    results = {
        (10, "floor"): [Sample(1.0, 1.0, 2.0), Sample(2.0, 1.0, 2.0)],
        (10, "ours"): [Sample(4.0, 1.0, None), Sample(6.0, 3.0, 8.0)],
        (100, "ours"): [Sample(75.0, 15.0, 9.0)],
        (100, "floor"): [Sample(25.0, 25.0, 1.0)],
    }
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in tables.table(comparison, results).splitlines()[2:]
    ]
    assert cells == [
        ["10", "floor", "2", "1.500", "33%", "7", "10", "2.0", "75%", "-", "-"],
        ["10", "ours", "2", "5.000", "20%", "2", "7", "8.0", "38%", "3.50", "-"],
        ["100", "floor", "1", "25.000", "-", "4", "4", "1.0", "100%", "-", "1.67"],
        ["100", "ours", "1", "75.000", "-", "1", "7", "9.0", "20%", "3.00", "1.50"],
    ]
