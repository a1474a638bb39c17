"""Real BAI2 files, read against what two independent readers say of them."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciliation.formats import bai2
from reconciliation.statement import LineStatus, NoSuchLine, UnreadableFile, WholeStatement, gather

ROOT = Path(__file__).resolve().parents[3]
CORPUS = (ROOT / os.environ.get("DUECOURSE_CORPUS", "../shared/corpus")).resolve()

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not (CORPUS / "EXPECT.json").is_file(),
        reason="the folder of real bank files is absent; DUECOURSE_CORPUS names another place for it",
    ),
]

# Read otherwise than expected: how it differs, and why ours is right.
EXCEPTIONS: dict[str, tuple[list[str], str]] = {
    "bai2/moov-io__bai2__sample2.txt": (
        [
            "statement 2, total is proved: True instead of False",
            "statement 4, total is proved: True instead of False",
            "the file, totals are proved: True instead of False",
        ],
        "The figures of its second and fourth account go on in a second line in the middle of a figure; with "
        "both halves as one field all totals of accounts, groups and the file are right.",
    ),
}

# How many fields of a transaction tell of the funds, by the first of them; the expectations hold them too.
FUNDS = {"V": 3, "S": 4}


def expected() -> dict[str, dict[str, Any]]:
    if not (CORPUS / "EXPECT.json").is_file():
        return {}
    everything = json.loads((CORPUS / "EXPECT.json").read_text(encoding="utf-8"))
    return {key: facts for key, facts in everything.items() if key.startswith("bai2/")}


EXPECTED = expected()
CONFIDENT = [name for name, facts in EXPECTED.items() if facts["confidence"] == "high"]
NEGATIVE = [name for name, facts in EXPECTED.items() if facts["negative"]]


def read(name: str) -> list[WholeStatement]:
    with (CORPUS / name).open("rb") as stream:
        return list(gather(bai2.read(stream)))


def is_proved(whole: WholeStatement, what: str) -> bool:
    """Whether nothing is said against the control total and the number of records of an account, or of all."""
    told = (f"The {what}", f"The control total of the {what}")
    return not any(
        problem.startswith(told) and "balance" not in problem for problem in whole.statement.problems
    )


def wanted(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "account": facts["account"],
        "currency": facts["currency"] or "USD",
        "currency is stated": facts["currency"] is not None,
        "entries": facts["entries"],
        "opening": facts["opening_ledger_minor"],
        "closing": facts["closing_ledger_minor"],
        "credits": int(facts["sum_credits_minor"]),
        "debits": int(facts["sum_debits_minor"]),
        "balanced": None if facts["balanced"] == "unknown" else facts["balanced"],
        "total is proved": facts["control_total_ok"],
    }


def found(whole: WholeStatement) -> dict[str, Any]:
    statement = whole.statement
    booked = [line.amount.minor for line in whole.lines if line.status is LineStatus.BOOKED]
    return {
        "account": statement.header.account.iban or statement.header.account.other,
        "currency": statement.currency,
        "currency is stated": not any("names a currency" in problem for problem in statement.problems),
        "entries": len(booked),
        "opening": statement.opening and statement.opening.amount.minor,
        "closing": statement.closing and statement.closing.amount.minor,
        "credits": sum(amount for amount in booked if amount > 0),
        "debits": -sum(amount for amount in booked if amount < 0),
        "balanced": statement.balanced,
        "total is proved": is_proved(whole, "account"),
    }


def first_wanted(facts: dict[str, Any]) -> tuple[object, ...]:
    fields = facts["text"].split(",")
    rest = " ".join(fields[FUNDS.get(fields[0], 1) :])
    return int(facts["amount_minor"]), facts["type_code"], sorted(rest.split())


def first_found(whole: WholeStatement) -> tuple[object, ...]:
    line = whole.lines[0]
    texts = (line.bank_reference, line.reference, line.remittance)
    words = " ".join(filter(None, texts)).replace(",", " ").split()
    return abs(line.amount.minor), line.transaction_code, sorted(words)


def disagreements(name: str) -> Iterator[str]:
    wholes, facts = read(name), EXPECTED[name]
    if len(wholes) != facts["statements"]:
        yield f"{len(wholes)} statements instead of {facts['statements']}"
    for number, (whole, one) in enumerate(zip(wholes, facts["per_statement"], strict=False), start=1):
        ours, theirs = found(whole), wanted(one)
        for field in ours:
            if ours[field] != theirs[field]:
                yield f"statement {number}, {field}: {ours[field]} instead of {theirs[field]}"
    if first_found(wholes[0]) != first_wanted(facts["first_entry"]):
        yield f"first: {first_found(wholes[0])} instead of {first_wanted(facts['first_entry'])}"
    are_proved = all(is_proved(whole, what) for whole in wholes for what in ("account", "group", "file"))
    if are_proved is not facts["control_totals_ok"]:
        yield f"the file, totals are proved: {are_proved} instead of {facts['control_totals_ok']}"


@pytest.mark.parametrize("name", [name for name in EXPECTED if name not in EXCEPTIONS])
def test_a_real_file_reads_as_other_readers_read_it(name: str) -> None:
    assert list(disagreements(name)) == []


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_a_difference_is_still_the_same(name: str) -> None:
    assert list(disagreements(name)) == EXCEPTIONS[name][0]
    assert EXPECTED[name]["confidence"] == "medium"


@pytest.mark.parametrize("name", NEGATIVE)
def test_a_wrong_control_total_is_named(name: str) -> None:
    assert not any(is_proved(whole, "account") for whole in read(name))


@pytest.mark.parametrize("name", EXPECTED)
def test_each_line_of_a_real_file_has_its_own_bytes(name: str) -> None:
    content = (CORPUS / name).read_bytes()
    count = sum(len(whole.lines) + len(whole.refused) for whole in read(name))
    at = 0
    for position in range(1, count + 1):
        fragment = bai2.fragment(io.BytesIO(content), position)
        assert fragment.startswith(b"16,")
        at = content.index(fragment, at) + len(fragment)
    with pytest.raises(NoSuchLine):
        bai2.fragment(io.BytesIO(content), count + 1)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_file_that_is_cut_off_is_refused(name: str) -> None:
    content = (CORPUS / name).read_bytes()
    for end in range(0, content.index(b"99,", content.index(b"\n98,")), 7):
        with pytest.raises(UnreadableFile):
            list(bai2.read(io.BytesIO(content[:end])))


def test_the_score(capsys: pytest.CaptureFixture[str]) -> None:
    agreeing = [name for name in EXPECTED if not list(disagreements(name))]
    with capsys.disabled():
        sys.stdout.write(
            f"\nbai2: {len([name for name in agreeing if name in CONFIDENT])} of {len(CONFIDENT)} files of high "
            f"confidence agree; of all {len(agreeing)} of {len(EXPECTED)}, {len(EXCEPTIONS)} named exceptions; "
            f"{len(NEGATIVE)} with wrong totals named.\n"
        )
    assert set(CONFIDENT) <= set(agreeing)
    assert len(agreeing) == len(EXPECTED) - len(EXCEPTIONS)
