"""A tiny year goes through the product and its rivals, and the report tells how that went."""

from __future__ import annotations

import pickle
from functools import partial

import pytest

from benchmarks.cash import __main__ as command
from benchmarks.cash import contest, mixes, outcomes, report, rivals, tallies, year
from benchmarks.cash.clerk import CLERK, Clerk
from benchmarks.cash.contest import Options
from benchmarks.cash.judging import Verdict
from benchmarks.cash.mixes import Case
from benchmarks.cash.playing import Player, opened
from gateway.verifying import verify

LINES = 400


def _rival(name: str) -> tallies.Result:
    played = year.generated(seed=3, lines=6_000, mix=mixes.HARD)
    truth = tallies.Year(3)
    months = list(played.months)
    for month in months:
        truth.note(month.invoices, month.lines)
    return truth.judged(rivals.play(rivals.RIVALS[name], played.customers, months))


def test_a_tiny_year_is_played_with_no_hands_and_leaves_the_books_in_order(database_url: str) -> None:
    played = year.generated(seed=1, lines=LINES, mix=mixes.HARD, months=3)
    truth = tallies.Year(1)
    with opened(database_url) as runtime:
        player = Player(runtime, played, days=31)
        for month in played.months:
            truth.note(month.invoices, month.lines)
            player.play(month)
        with runtime.sessions() as session:
            found = outcomes.read(session, played.customers)
        assert all(finding.holds for finding in verify(runtime))
    result = truth.judged(found.done, found.proposed, reversals=found.reversals)
    assert result.incoming.lines + result.outgoing.lines == player.spent.lines > 60
    assert result.by_case[Case.EXACT_REFERENCE].verdicts[Verdict.RIGHT] > 0
    assert not result.wrong
    assert "one whole number, exact amount" in report.by_case(result)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("number inside the text", Case.OTHERS_NUMBER),
        ("exact amount", Case.DISCOUNT_WRONG),
        ("oldest first by name", Case.EXACT_REFERENCE),
    ],
)
def test_rivals_are_wrong_where_they_must_be(name: str, case: Case) -> None:
    result = _rival(name)
    assert result.incoming.verdicts[Verdict.FALSE] > 0
    assert result.by_case[case].verdicts[Verdict.RIGHT] < result.by_case[case].lines


def test_the_report_lists_a_false_application_with_a_masked_account() -> None:
    wrong = _rival("oldest first by name").wrong
    told = report.false_applications(wrong, most=3)
    assert wrong[0].line.iban not in told
    assert f"…{wrong[0].line.iban[-4:]}" in told
    assert "more" in told.splitlines()[-1]


def test_the_command_prints_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seed", "1", "--lines", "60", "--months", "1", "--days", "31"]) == 0
    said = capsys.readouterr().out
    assert "| Duecourse " in said
    assert "| oldest first by name" in said
    assert "among three" in said


def test_years_can_be_played_in_processes_of_their_own() -> None:
    work = partial(contest.play, options=Options(shown=(Case.TYPO,)))
    assert pickle.loads(pickle.dumps(work)).keywords == work.keywords
    assert pickle.loads(pickle.dumps(tallies.Result())) == tallies.Result()


def test_a_clerk_answers_what_waits_as_the_truth_says(database_url: str) -> None:
    played = year.generated(seed=2, lines=LINES, mix=mixes.HARD, months=2)
    truth = tallies.Year(2)
    clerk = Clerk([one.number for one in played.customers])
    with opened(database_url) as runtime:
        player = Player(runtime, played, days=31)
        for month in played.months:
            truth.note(month.invoices, month.lines)
            player.play(month, clerk)
        with runtime.sessions() as session:
            whole = truth.judged(outcomes.read(session, played.customers).done)
            alone = truth.judged(outcomes.read(session, played.customers, but_by=CLERK).done)
        assert all(finding.holds for finding in verify(runtime))
    right = Verdict.RIGHT
    assert clerk.answered == whole.incoming.verdicts[right] - alone.incoming.verdicts[right] > 0
    assert not whole.wrong
