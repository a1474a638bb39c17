"""Real OFX files of many banks, read against what two independent readers say of them."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.money import Money
from reconciliation.formats import ofx
from reconciliation.statement import LineStatus, NoSuchLine, UnreadableFile, WholeStatement, gather

ROOT = Path(__file__).resolve().parents[3]
CORPUS = (ROOT / os.environ.get("DUECOURSE_CORPUS", "../shared/corpus")).resolve()
KINDS = ("ofx1", "ofx2")

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not (CORPUS / "EXPECT.json").is_file(),
        reason="the folder of real bank files is absent; DUECOURSE_CORPUS names another place for it",
    ),
]

BROKEN = "The file is broken: an element is closed that is not the one last opened."
NO_STATEMENT = "The file holds no statement of an account."

# Well-formed by name, but refused: the sentence, and why it is right.
EXCEPTIONS = {
    "ofx1/redstreet__beancount_reds_importers__smart-transactions.qfx": (
        BROKEN,
        "The list of transactions is closed a second time behind a transaction that stands outside of it.",
    ),
    "ofx1/redstreet__beancount_reds_importers__transactions.qfx": (
        BROKEN,
        "The list of transactions is closed a second time behind a transaction that stands outside of it.",
    ),
    "ofx1/libofx__libofx__example-listing2.xml": (
        "The file does not begin as an OFX file does.",
        "It is an illustration of a manual: the header is turned into elements that OFX does not know.",
    ),
    "ofx1/reubano__csv2ofx__custom_example_transfer@tag-v0.13.0.ofx": (
        NO_STATEMENT,
        "It holds only orders of transfers between two accounts (INTRATRNRS), which are no statement.",
    ),
    "ofx1/reubano__csv2ofx__default_w_splits.ofx": (
        NO_STATEMENT,
        "It holds only orders of transfers between two accounts (INTRATRNRS), which are no statement.",
    ),
}

# Read, but otherwise than expected: all the differences, and why ours is right.
DIFFERENT = {
    "ofx1/ccavanaugh__jgnash__uglyFormat.ofx": (
        [
            "statement 1, first: (12345, '2017-03-31', '123456123456 323', 'Interest Paid', None, 'CREDIT') "
            "instead of (12345, '2017-03-31', '123456123456', 'Interest Paid', None, 'CREDIT')"
        ],
        "The bank's number stands on two lines; only with the second one it is unique within the file.",
    ),
}

# Marked as malformed, but all that breaks a rule is the line end behind the header; it is read right.
HARMLESS = {"ofx1/aclindsa__ofxgo__bmo_v102__no_header_newline.qfx"}


def expected() -> dict[str, dict[str, Any]]:
    if not (CORPUS / "EXPECT.json").is_file():
        return {}
    everything = json.loads((CORPUS / "EXPECT.json").read_text(encoding="utf-8"))
    return {key: facts for key, facts in everything.items() if key.startswith(KINDS)}


EXPECTED = expected()
WELL_FORMED = [name for name, facts in EXPECTED.items() if not facts["negative"]]
CONFIDENT = [name for name in WELL_FORMED if EXPECTED[name]["confidence"] == "high"]
NEGATIVE = [name for name, facts in EXPECTED.items() if facts["negative"]]


def read(name: str) -> list[WholeStatement] | str:
    """The statements of a file, or the sentence that refuses it."""
    with (CORPUS / name).open("rb") as stream:
        try:
            return list(gather(ofx.read(stream)))
        except UnreadableFile as refusal:
            return refusal.message


def minor(amount: str | None, currency: str) -> int | None:
    return None if amount is None else Money.parse(str(Decimal(amount)), currency).minor


def day(text: str | None) -> str | None:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if text else None


def wanted(facts: dict[str, Any], format_version: str | None) -> dict[str, Any]:
    currency = facts["currency"].upper()
    bank = facts["type"] != "INVSTMTRS"
    return {
        "account": facts["account"],
        "currency": currency,
        "version": format_version,
        "from": day(facts["start"]) if bank else None,
        "to": day(facts["end"]) if bank else None,
        "closing": minor(facts["ledger_balance"], currency),
        "closed_on": day(facts["ledger_date"]) if facts["ledger_balance"] else None,
        "entries": facts["entries"] if bank else 0,
        "credits": minor(facts["sum_credits"], currency) if bank else 0,
        "debits": minor(facts["sum_debits"], currency) if bank else 0,
        "first": first_wanted(facts["first_entry"], currency) if bank else None,
        "not imported": None if bank else (facts["investment_transactions"], facts["entries"]),
    }


def first_wanted(facts: dict[str, Any] | None, currency: str) -> tuple[object, ...] | None:
    if facts is None or facts["amount"] is None:
        return None
    return (
        minor(facts["amount"].replace(",", "."), currency),
        day(facts["date"]),
        facts["fitid"],
        squeezed(facts["name"]),
        squeezed(facts["memo"]),
        facts["type"] or None,
    )


def squeezed(text: str | None) -> str | None:
    """A text with its character references decoded, as the expectations are not, and single blanks."""
    return " ".join(text.replace("&amp;", "&").split()) if text and text.strip() else None


def found(whole: WholeStatement, facts: dict[str, Any]) -> dict[str, Any]:
    statement, header = whole.statement, whole.statement.header
    booked = [line.amount.minor for line in whole.lines if line.status is LineStatus.BOOKED]
    return {
        "account": header.account.iban or header.account.other,
        "currency": statement.currency,
        "version": header.format.partition(".")[2] or None,
        "from": header.from_on and header.from_on.isoformat(),
        "to": header.to_on and header.to_on.isoformat(),
        "closing": statement.closing and statement.closing.amount.minor,
        "closed_on": statement.closing and statement.closing.on and statement.closing.on.isoformat(),
        "entries": len(booked) + len(whole.refused),
        "credits": sum(amount for amount in booked if amount > 0),
        "debits": -sum(amount for amount in booked if amount < 0),
        "first": first_found(whole, facts["first_entry"]),
        "not imported": not_imported(statement.problems),
    }


def first_found(whole: WholeStatement, facts: dict[str, Any] | None) -> tuple[object, ...] | None:
    """The first line; the number of a cheque that we put behind the purpose is none of the expectation."""
    if not whole.lines:
        return None
    line = whole.lines[0]
    memo = squeezed(facts["memo"] if facts else None)
    text = line.remittance and " ".join(line.remittance.split())
    return (
        line.amount.minor,
        line.booked_on and line.booked_on.isoformat(),
        line.bank_reference,
        line.counterparty.name and " ".join(line.counterparty.name.split()),
        memo if (text or "").startswith(memo or "") else text,
        line.transaction_code,
    )


def not_imported(problems: tuple[str, ...]) -> tuple[int, int] | None:
    """How many transactions of an investment account are said to be left out, and how many are of cash."""
    for problem in problems:
        if problem.startswith("The account holds investments: "):
            trades, cash = (int(word) for word in problem.split() if word.isdigit())
            return trades + cash, cash
    return None


def disagreements(name: str) -> Iterator[str]:
    wholes = read(name)
    if isinstance(wholes, str):
        yield f"refused: {wholes}"
        return
    facts = EXPECTED[name]["per_statement"]
    if len(facts) != len(wholes):
        yield f"{len(wholes)} statements instead of {len(facts)}"
    for number, (whole, one) in enumerate(zip(wholes, facts, strict=False), start=1):
        ours, theirs = found(whole, one), wanted(one, EXPECTED[name]["ofx_version"])
        for field in ours:
            if ours[field] != theirs[field]:
                yield f"statement {number}, {field}: {ours[field]} instead of {theirs[field]}"


@pytest.mark.parametrize("name", [name for name in WELL_FORMED if name not in {*EXCEPTIONS, *DIFFERENT}])
def test_a_real_file_reads_as_other_readers_read_it(name: str) -> None:
    assert list(disagreements(name)) == []


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_still_one(name: str) -> None:
    assert read(name) == EXCEPTIONS[name][0]
    assert EXPECTED[name]["confidence"] == "medium"


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_difference_is_still_the_same(name: str) -> None:
    assert list(disagreements(name)) == DIFFERENT[name][0]
    assert EXPECTED[name]["confidence"] == "medium"


@pytest.mark.parametrize("name", [name for name in NEGATIVE if name not in HARMLESS])
def test_a_malformed_file_is_refused_or_read_with_its_problem_named(name: str) -> None:
    wholes = read(name)
    assert isinstance(wholes, str) or any(
        "in which version" in problem or "The header" in problem or "does not name its account" in problem
        for whole in wholes
        for problem in whole.statement.problems
    )


@pytest.mark.parametrize("name", HARMLESS)
def test_a_file_that_breaks_a_rule_without_harm_is_read_right(name: str) -> None:
    assert list(disagreements(name)) == []


@pytest.mark.parametrize("name", EXPECTED)
def test_no_statement_claims_a_proof_it_has_not(name: str) -> None:
    wholes = read(name)
    for whole in [] if isinstance(wholes, str) else wholes:
        assert (whole.statement.opening, whole.statement.balanced) == (None, None)


def test_a_transaction_whose_content_was_cut_out_is_refused_by_itself() -> None:
    (whole,) = read("ofx2/asgrim__ofxparser__ofxdata-banking-xml200.ofx")
    assert isinstance(whole, WholeStatement)
    assert [str(one) for one in whole.refused] == [
        "Line 32 of the file is not taken in: A line has no amount."
    ]


@pytest.mark.parametrize("name", EXPECTED)
def test_each_line_of_a_real_file_has_its_own_bytes(name: str) -> None:
    wholes = read(name)
    if isinstance(wholes, str):
        return
    content = (CORPUS / name).read_bytes()
    count = sum(len(whole.lines) + len(whole.refused) for whole in wholes)
    at = 0
    for position in range(1, count + 1):
        fragment = ofx.fragment(io.BytesIO(content), position)
        at = content.index(fragment, at) + len(fragment)
    with pytest.raises(NoSuchLine):
        ofx.fragment(io.BytesIO(content), count + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_score(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    well_formed = [name for name in WELL_FORMED if name.startswith(kind)]
    confident = [name for name in CONFIDENT if name.startswith(kind)]
    agreeing = [name for name in well_formed if not list(disagreements(name))]
    exceptions = [name for name in (*EXCEPTIONS, *DIFFERENT) if name.startswith(kind)]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{kind}: {len([name for name in agreeing if name in confident])} of {len(confident)} files of high "
            f"confidence agree; of all well-formed ones {len(agreeing)} of {len(well_formed)}, "
            f"{len(exceptions)} named exceptions; "
            f"{len([name for name in NEGATIVE if name.startswith(kind)])} malformed ones refused, named or harmless.\n"
        )
    assert set(confident) <= set(agreeing)
    assert len(agreeing) == len(well_formed) - len(exceptions)
