"""Real MT940 and MT942 files of many banks, read against what two independent readers say of them."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import mt940 as peer
import pytest

from ledger.money import Money
from reconciliation.formats import mt940
from reconciliation.statement import Account, LineStatus, UnreadableFile, WholeStatement, gather

ROOT = Path(__file__).resolve().parents[3]
CORPUS = (ROOT / os.environ.get("DUECOURSE_CORPUS", "../shared/corpus")).resolve()

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not (CORPUS / "EXPECT.json").is_file(),
        reason="the folder of real bank files is absent; DUECOURSE_CORPUS names another place for it",
    ),
]

OURS = ("mt940", "mt942")

# Files that are not read as expected: why that is right, and how they differ.
_CUT_OFF = (
    "It is cut off behind the reference of its second statement, which tells neither account nor currency."
)
_CUT_OFF_SAID = ["refused: The statement has neither an account nor a balance: it was cut off."]
_PAGES = (
    "Pages of one statement (:62M: and :60M:) that the expectation counts one by one; we put them together."
)
EXCEPTIONS: dict[str, tuple[str, list[str]]] = {
    "mt940/WoLpH__mt940__raphaelm.sta": (_PAGES, ["2 statements instead of 3"]),
    "mt940/WoLpH__mt940__postfinance.sta": (_PAGES, ["1 statements instead of 2"]),
    "mt940/sandermarechal__jejik-mt940__postfinance.txt": (_PAGES, ["1 statements instead of 2"]),
    "mt940/my-flow__mt940__transactions.sta": (_PAGES, ["4 statements instead of 6"]),
    "mt940/fruitl00p__php-mt940__Rabo-sample2": (_CUT_OFF, _CUT_OFF_SAID),
    "mt940/fruitl00p__php-mt940__Rabo-sample2@tag-1.0.1": (_CUT_OFF, _CUT_OFF_SAID),
}

# Which messages, counted from 0, are the pages of each statement of those files.
PAGES = {
    "mt940/WoLpH__mt940__raphaelm.sta": [[0, 1], [2]],
    "mt940/WoLpH__mt940__postfinance.sta": [[0, 1]],
    "mt940/sandermarechal__jejik-mt940__postfinance.txt": [[0, 1]],
    "mt940/my-flow__mt940__transactions.sta": [[0, 1], [2], [3, 4], [5]],
}


UNKNOWN = ("id", "sequence")  # where an expectation lacks them, nobody looked


def expected() -> dict[str, dict[str, Any]]:
    if not (CORPUS / "EXPECT.json").is_file():
        return {}
    everything = json.loads((CORPUS / "EXPECT.json").read_text(encoding="utf-8"))
    return {key: facts for key, facts in everything.items() if key.startswith(("mt940/", "mt942/"))}


EXPECTED = expected()
CONFIDENT = [
    name for name, facts in EXPECTED.items() if facts["confidence"] == "high" and not facts["negative"]
]
NEGATIVE = [name for name, facts in EXPECTED.items() if facts["negative"]]


def read(name: str) -> list[WholeStatement]:
    with (CORPUS / name).open("rb") as stream:
        return list(gather(mt940.read(stream)))


def attempt(name: str) -> tuple[UnreadableFile | None, list[WholeStatement]]:
    try:
        return None, read(name)
    except UnreadableFile as refusal:
        return refusal, []


def minor(amount: str | None, currency: str) -> int | None:
    """An expected amount, written as a decimal, in minor units."""
    return None if amount is None else Money.parse(str(Decimal(amount)), currency).minor


def compact(text: str | None) -> str | None:
    """A field without the line breaks and blanks in it."""
    return None if text is None else "".join(text.split()) or None


def as_written(account: Account) -> set[str | None]:
    """How a bank may write the account in :25:, which is what the expectations hold."""
    number = compact(account.iban or account.other)
    full = f"{account.bic}/{number}" if account.bic else number
    return {full, f"{full}{account.currency}"} if account.currency else {full}


def wanted(facts: dict[str, Any], currency: str) -> dict[str, Any]:
    return {
        "entries": facts["entries"],
        "opening": minor(facts.get("opening"), currency),
        "closing": minor(facts.get("closing"), currency),
        "credits": minor(facts["sum_credits"], currency),
        "debits": minor(facts["sum_debits"], currency),
        "balanced": None if facts["balanced"] == "unknown" else facts["balanced"],
        "id": compact(facts.get("ref")),
        "sequence": compact(facts.get("number")),
    }


def found(whole: WholeStatement) -> dict[str, Any]:
    statement = whole.statement
    booked = [line.amount.minor for line in whole.lines if line.status is LineStatus.BOOKED]
    return {
        "entries": len(booked),
        "opening": statement.opening.amount.minor if statement.opening else None,
        "closing": statement.closing.amount.minor if statement.closing else None,
        "credits": sum(amount for amount in booked if amount > 0),
        "debits": -sum(amount for amount in booked if amount < 0),
        "balanced": statement.balanced,
        "id": compact(statement.header.statement_id),
        "sequence": compact(statement.header.sequence),
    }


def disagreements(name: str) -> Iterator[str]:
    refusal, statements = attempt(name)
    if refusal is not None:
        yield f"refused: {refusal.message}"
        return
    facts = EXPECTED[name]["per_statement"]
    if len(statements) != EXPECTED[name]["statements"]:
        yield f"{len(statements)} statements instead of {EXPECTED[name]['statements']}"
        return
    for number, (whole, one) in enumerate(zip(statements, facts, strict=False), start=1):
        ours, theirs = found(whole), wanted(one, whole.statement.currency)
        for field in ours:
            if ours[field] != theirs[field] and not (field in UNKNOWN and theirs[field] is None):
                yield f"statement {number}, {field}: {ours[field]} instead of {theirs[field]}"
        account = compact(one.get("account"))
        if account not in as_written(whole.statement.header.account):
            yield f"statement {number}, account: {whole.statement.header.account} instead of {account}"
    yield from first_line_differs(name, statements)


def first_line_differs(name: str, statements: list[WholeStatement]) -> Iterator[str]:
    first = EXPECTED[name]["first_entry"]
    line = next((line for whole in statements for line in whole.lines), None)
    if first is None or line is None:
        return
    if line.amount.minor != minor(first["amount"], line.amount.currency):
        yield f"first line: {line.amount} instead of {first['amount']}"
    if line.valued_on is not None and f"{line.valued_on:%y%m%d}" != first["value_date"]:
        yield f"first line: valued on {line.valued_on} instead of {first['value_date']}"
    if line.booked_on is not None and first["entry_date"] not in (None, f"{line.booked_on:%m%d}"):
        yield f"first line: booked on {line.booked_on} instead of {first['entry_date']}"


@pytest.mark.parametrize("name", [name for name in CONFIDENT if name not in EXCEPTIONS])
def test_a_real_statement_reads_as_two_other_readers_read_it(name: str) -> None:
    assert list(disagreements(name)) == []


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_still_one(name: str) -> None:
    assert list(disagreements(name)) == EXCEPTIONS[name][1]


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_of_a_real_statement_are_together_what_two_other_readers_read_of_each(name: str) -> None:
    for whole, messages in zip(read(name), PAGES[name], strict=True):
        currency = whole.statement.currency
        pages = [wanted(EXPECTED[name]["per_statement"][number], currency) for number in messages]
        ours = found(whole)
        for field in ("entries", "credits", "debits"):
            assert ours[field] == sum(page[field] for page in pages)
        assert ours["opening"] == pages[0]["opening"]
        assert pages[-1]["closing"] in (ours["closing"], None)  # one file names no currency there
        assert ours["sequence"] == pages[0]["sequence"]


@pytest.mark.parametrize("name", NEGATIVE)
def test_a_malformed_message_is_refused_or_read_with_its_problem_named(name: str) -> None:
    refusal, statements = attempt(name)
    if refusal is not None:
        assert refusal.message.endswith(".")
        assert refusal.line is not None or refusal.message == "The file holds no statement."
    else:
        assert any(whole.statement.problems for whole in statements)


def test_a_statement_that_does_not_balance_names_the_same_difference() -> None:
    unproved = [name for name in CONFIDENT if EXPECTED[name]["balanced"] is False and name not in EXCEPTIONS]
    checked = 0
    for name in unproved:
        for whole, facts in zip(read(name), EXPECTED[name]["per_statement"], strict=True):
            if facts["balanced"] is False:
                difference = Money(-(minor(facts["difference"], facts["currency"]) or 0), facts["currency"])
                assert any(
                    f"the difference is {difference}." in problem for problem in whole.statement.problems
                )
                checked += 1
    assert (len(unproved), checked) == (36, 42)


@pytest.mark.parametrize("name", [name for name in CONFIDENT if EXPECTED[name]["entries"] <= 100])
def test_the_fragments_of_a_real_file_are_all_its_lines(name: str) -> None:
    refusal, statements = attempt(name)
    content = (CORPUS / name).read_bytes()
    rest, count = content, sum(len(whole.lines) + len(whole.refused) for whole in statements)
    for position in range(1, count + 1):
        fragment = mt940.fragment(io.BytesIO(content), position)
        before, found, rest = rest.partition(fragment)
        assert found.startswith(b":61:")
        assert b":61:" not in before
    assert refusal is not None or b":61:" not in rest


def test_every_real_file_is_known_by_its_head() -> None:
    for name in CONFIDENT:
        head = (CORPUS / name).read_bytes()[:65536]
        assert mt940.identify(head) == ("mt942" if name.startswith("mt942/") else "mt940")


def test_no_real_file_of_another_kind_is_taken_for_one_of_ours() -> None:
    others = [path for path in CORPUS.rglob("*") if path.is_file() and path.parent.name not in OURS]
    taken = [path.name for path in others if mt940.identify(path.read_bytes()[:65536]) is not None]
    assert others
    assert taken == []


# --- another reader's word ---

# Files that the library mt-940 cannot read, or reads otherwise, and why.
_UNREAD = "It does not read the file: a field is longer or wrapped in another way than it allows."
_FEBRUARY = "It takes a value date of 30 February for the last day of that month."
PEER_EXCEPTIONS = {
    "mt940/OCA__bank-statement-import__test-ing-old@10.0.940": _UNREAD,
    "mt940/OCA__bank-statement-import__test-ing@10.0.940": _UNREAD,
    "mt940/WoLpH__mt940__0708271685_09022020_164516.940.txt": _UNREAD,
    "mt940/WoLpH__mt940__transaction_details_wrapped.sta": _FEBRUARY,
    "mt940/WoLpH__mt940__wrapped_timestamp.sta": _FEBRUARY,
}

Entries = list[tuple[int, date | None, date | None]]


def text_of(name: str) -> str:
    content = (CORPUS / name).read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def entries_of_peer(name: str, currencies: list[str]) -> Entries | None:
    """Amount, value day and booking day of each entry by mt-940; None where it does not read the file.

    It counts a reversal of a credit (RC) as money in, so the sign is taken from the mark.
    """
    try:
        found = [one.data for one in peer.parse(text_of(name)).transactions if one.data.get("amount")]
    except RuntimeError:
        return None
    entries: Entries = []
    for one, currency in zip(found, currencies, strict=True):
        size = abs(Money.parse(str(one["amount"].amount), currency).minor)
        valued_on = date(*one["date"].timetuple()[:3])
        booked = one.get("entry_date")
        booked_on = date(*booked.timetuple()[:3]) if booked else valued_on
        entries.append((size if one["status"] in ("C", "RD") else -size, valued_on, booked_on))
    return entries


@pytest.mark.parametrize("name", [name for name in CONFIDENT if EXCEPTIONS.get(name, ("",))[0] != _CUT_OFF])
def test_the_library_mt_940_finds_the_same_amounts_and_days(name: str) -> None:
    lines = [line for whole in read(name) for line in whole.lines]
    ours = [(line.amount.minor, line.valued_on, line.booked_on) for line in lines]
    theirs = entries_of_peer(name, [line.amount.currency for line in lines])
    if PEER_EXCEPTIONS.get(name) == _UNREAD:
        assert theirs is None
    elif name in PEER_EXCEPTIONS:
        assert theirs is not None
        assert [(amount, booked) for amount, _, booked in ours] == [(one[0], one[2]) for one in theirs]
        assert ours != theirs
    else:
        assert ours == theirs


def test_the_score(capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for kind in OURS:
        names = [name for name in EXPECTED if name.startswith(f"{kind}/")]
        sound = [name for name in names if name not in NEGATIVE]
        agreeing = {name for name in sound if not list(disagreements(name))}
        confident = [name for name in sound if name in CONFIDENT]
        others = [name for name in sound if name not in CONFIDENT]
        lines.append(
            f"{kind}: {len(agreeing.intersection(confident))} of {len(confident)} files of high confidence agree, "
            f"{len([name for name in confident if name in EXCEPTIONS])} named exceptions; "
            f"{len(agreeing.intersection(others))} of {len(others)} of lower confidence agree; "
            f"{len(names) - len(sound)} malformed ones refused or named."
        )
        lines += [f"  {name}: {EXCEPTIONS[name][0]}" for name in confident if name in EXCEPTIONS]
        lines += [
            f"  {name}, of lower confidence: {'; '.join(disagreements(name))}"
            for name in others
            if name not in agreeing
        ]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    disagreeing = {name for name in CONFIDENT if list(disagreements(name))}
    assert disagreeing == set(EXCEPTIONS)
