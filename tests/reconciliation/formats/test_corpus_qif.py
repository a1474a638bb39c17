"""Real QIF files, read against what two independent readers say of them."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.money import Money
from reconciliation.formats import qif
from reconciliation.formats.qif.proof import Proof
from reconciliation.formats.qif.records import events
from reconciliation.formats.qif.values import day
from reconciliation.formats.written import DateOrder
from reconciliation.statement import Line, LineStatus, NoSuchLine, UnreadableFile, WholeStatement, gather

ROOT = Path(__file__).resolve().parents[3]
CORPUS = (ROOT / os.environ.get("DUECOURSE_CORPUS", "../shared/corpus")).resolve()

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not (CORPUS / "EXPECT.json").is_file(),
        reason="the folder of real bank files is absent; DUECOURSE_CORPUS names another place for it",
    ),
]

NO_ACCOUNT = "The file holds no bank account, only lists such as of categories."
_ONLY_LISTS = (
    [f"refused: {NO_ACCOUNT}"],
    "It holds no account, only a list that a person keeps in his books.",
)

# Read otherwise than expected: how it differs, and why ours is right.
EXCEPTIONS: dict[str, tuple[list[str], str]] = {
    "qif/OCA__bank-statement-import__test_qif_ymd@10.0.qif": (
        ["first day: 2013-08-12 instead of 2012-08-13", "date order: YMD instead of DMY"],
        "The year comes first, as the file's own name says: two of its dates end with a single digit, which is "
        "no year.",
    ),
    "qif/isaacharrisholt__quiffen__example-security-list@pr-33.qif": _ONLY_LISTS,
    "qif/npm__qif2json-0.4.0__memorizedList.qif": _ONLY_LISTS,
}


def expected() -> dict[str, dict[str, Any]]:
    if not (CORPUS / "EXPECT.json").is_file():
        return {}
    everything = json.loads((CORPUS / "EXPECT.json").read_text(encoding="utf-8"))
    return {key: facts for key, facts in everything.items() if key.startswith("qif/")}


EXPECTED = expected()
WELL_FORMED = [name for name, facts in EXPECTED.items() if not facts["negative"]]
CONFIDENT = [name for name in WELL_FORMED if EXPECTED[name]["confidence"] == "high"]
NEGATIVE = [name for name, facts in EXPECTED.items() if facts["negative"]]


def read(name: str) -> list[WholeStatement] | str:
    """The statements of a file, or the sentence that refuses it."""
    with (CORPUS / name).open("rb") as stream:
        try:
            return list(gather(qif.read(stream)))
        except UnreadableFile as refusal:
            return refusal.message


def date_order(name: str) -> str:
    with (CORPUS / name).open("rb") as stream:
        return Proof(events(stream), currency="XXX", date_order=None).date_order.value


def wanted(facts: dict[str, Any]) -> dict[str, Any]:
    """An expectation counts the opening balance as an entry; `statements` are the accounts that have a section."""
    sections = facts["sections"]
    order = facts["date_order"]
    return {
        "entries": facts["entries"],
        "sum": Money.parse(facts["sum_net"], "EUR").minor,
        "first": first_wanted(facts["first_entry"]),
        "first day": first_day(facts["first_entry"], order),
        "split": sections.get("split transactions", 0),
        "not imported": sections.get("investment records", 0),
        "lists": sum(number for what, number in sections.items() if what.startswith("records in ")),
        "accounts": facts["accounts_declared"],
        "date order": None if order in (None, "ambiguous") else re.sub("[-/]", "", order),
    }


def found(wholes: list[WholeStatement], name: str) -> dict[str, Any]:
    lines = [line for whole in wholes for line in whole.lines]
    facts = EXPECTED[name]
    return {
        "entries": len(lines) + sum(len(whole.refused) for whole in wholes),
        "sum": sum(line.amount.minor for line in lines),
        "first": first_found(lines, facts["first_entry"]),
        "first day": lines[0].booked_on if lines else None,
        "split": sum(1 for line in lines if line.details),
        "not imported": told(wholes, "The account holds investments: "),
        "lists": told(wholes, "", " of lists, such as of categories, not imported."),
        "accounts": sum(1 for whole in wholes if is_named(whole)) if facts["accounts_declared"] else 0,
        "date order": None if facts["date_order"] in (None, "ambiguous") else date_order(name),
    }


def is_named(whole: WholeStatement) -> bool:
    account = whole.statement.header.account
    return (account.iban or account.other) is not None


def told(wholes: list[WholeStatement], begin: str, end: str = "") -> int:
    """The numbers in all problems of one kind."""
    problems = (problem for whole in wholes for problem in whole.statement.problems)
    found = (problem for problem in problems if problem.startswith(begin) and problem.endswith(end))
    return sum(int(word) for problem in found for word in problem.split() if word.isdigit())


def first_wanted(facts: dict[str, Any] | None) -> tuple[object, ...] | None:
    if facts is None:
        return None
    remittance = " ".join(filter(None, (facts["memo"], facts["number"])))
    amount = Money.parse(facts["amount"], "EUR").minor
    return amount, facts["payee"] or None, remittance or None, facts["category"] or None


def first_day(facts: dict[str, Any] | None, order: str | None) -> date | None:
    """The day of the first entry in the expected order; any order gives the same where none is proved."""
    if facts is None:
        return None
    return day(
        facts["date"], DateOrder.DMY if order in (None, "ambiguous") else DateOrder(re.sub("[-/]", "", order))
    )


def first_found(lines: list[Line], facts: dict[str, Any] | None) -> tuple[object, ...] | None:
    if not lines or facts is None:
        return None
    line = lines[0]
    if line.status is LineStatus.INFO:
        return line.amount.minor, line.remittance, None, line.transaction_code
    return line.amount.minor, line.counterparty.name, line.remittance, line.transaction_code


def disagreements(name: str) -> Iterator[str]:
    wholes = read(name)
    if isinstance(wholes, str):
        yield f"refused: {wholes}"
        return
    ours, theirs = found(wholes, name), wanted(EXPECTED[name])
    for field in ours:
        if ours[field] != theirs[field]:
            yield f"{field}: {ours[field]} instead of {theirs[field]}"


@pytest.mark.parametrize("name", [name for name in WELL_FORMED if name not in EXCEPTIONS])
def test_a_real_file_reads_as_other_readers_read_it(name: str) -> None:
    assert list(disagreements(name)) == []


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_a_difference_is_still_the_same(name: str) -> None:
    assert list(disagreements(name)) == EXCEPTIONS[name][0]
    assert EXPECTED[name]["confidence"] == "medium"


@pytest.mark.parametrize("name", NEGATIVE)
def test_a_malformed_file_is_refused_or_read_with_its_problem_named(name: str) -> None:
    wholes = read(name)
    assert isinstance(wholes, str) or any(
        "is not taken in" in problem or "does not name its account" in problem
        for whole in wholes
        for problem in whole.statement.problems
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_each_line_of_a_real_file_has_its_own_bytes(name: str) -> None:
    wholes = read(name)
    if isinstance(wholes, str):
        return
    content = (CORPUS / name).read_bytes()
    count = sum(len(whole.lines) + len(whole.refused) for whole in wholes)
    at = 0
    for position in range(1, count + 1):
        fragment = qif.fragment(io.BytesIO(content), position)
        assert fragment.rstrip(b"\r\n").endswith(b"^")
        at = content.index(fragment, at) + len(fragment)
    with pytest.raises(NoSuchLine):
        qif.fragment(io.BytesIO(content), count + 1)


def test_the_score(capsys: pytest.CaptureFixture[str]) -> None:
    agreeing = [name for name in WELL_FORMED if not list(disagreements(name))]
    with capsys.disabled():
        sys.stdout.write(
            f"\nqif: {len([name for name in agreeing if name in CONFIDENT])} of {len(CONFIDENT)} files of high "
            f"confidence agree; of all well-formed ones {len(agreeing)} of {len(WELL_FORMED)}, "
            f"{len(EXCEPTIONS)} named exceptions; {len(NEGATIVE)} malformed ones refused or named.\n"
        )
    assert set(CONFIDENT) <= set(agreeing)
    assert len(agreeing) == len(WELL_FORMED) - len(EXCEPTIONS)
