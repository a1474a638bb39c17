"""Real camt files of many banks, read against what two independent readers say of them."""

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

import pytest
from lxml import etree

from ledger.money import Money
from reconciliation.formats import camt, xml
from reconciliation.inspection import inspect
from reconciliation.statement import (
    Line,
    LineStatus,
    NoSuchLine,
    StatementKind,
    UnreadableFile,
    WholeStatement,
    gather,
)
from tests.factories.camt import (
    EVERY_VERSION,
    MESSAGES,
    Part,
    Stated,
    camt_file,
    credit,
    debit,
    fee,
    lump,
    pending,
    returned,
)

ROOT = Path(__file__).resolve().parents[3]
CORPUS = (ROOT / os.environ.get("DUECOURSE_CORPUS", "../shared/corpus")).resolve()

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not (CORPUS / "EXPECT.json").is_file(),
        reason="the folder of real bank files is absent; DUECOURSE_CORPUS names another place for it",
    ),
]

KINDS = ("camt052", "camt053", "camt054")

# Files that are not read as expected: how each difference begins, and why it is right.
NOT_A_CURRENCY = (
    ("refused: 'XXX' is not an ISO 4217 currency code.",),
    "XXX means 'no currency' in ISO 4217, and money without a currency is refused.",
)
RETURNED_DEBIT = (
    ("statement 1, first line, counterparty: ", "statement 1, first line, counterparty_account: "),
    "Its first line is a returned direct debit: the customer is the debtor, whom the other readers pass over.",
)
EXCEPTIONS = {
    "camt052/hbci4j__hbci4java__test-camt-ruecklastschrift.xml": RETURNED_DEBIT,
    "camt053/kedder__ofxstatement-iso20022__gcamp6.xml": NOT_A_CURRENCY,
    "camt054/OCA__account-payment__test-sepa-camt-unpaid.xml": RETURNED_DEBIT,
    "camt054/OCA__account-payment__test_files-test-sepa-camt-unpaid.xml": RETURNED_DEBIT,
}

SCHEMAS = {
    (message, version): place
    for message in MESSAGES
    for version in EVERY_VERSION
    if (place := next((CORPUS / "xsd").glob(f"*{message}.001.{version}.xsd"), None)) is not None
}


def expected() -> dict[str, dict[str, Any]]:
    if not (CORPUS / "EXPECT.json").is_file():
        return {}
    everything = json.loads((CORPUS / "EXPECT.json").read_text(encoding="utf-8"))
    return {key: facts for key, facts in everything.items() if key.startswith(KINDS)}


EXPECTED = expected()
NEGATIVE = [key for key, facts in EXPECTED.items() if facts["negative"]]
SOUND = [key for key in EXPECTED if key not in NEGATIVE]
CONFIDENT = [key for key in SOUND if EXPECTED[key]["confidence"] == "high"]
# What is wrong with a malformed file that is read all the same.
NAMED = {
    "The file does not say in which version of camt.052 it is written.",
    "The file does not say in which version of camt.053 it is written.",
    "The file does not say in which version of camt.054 it is written.",
    "2 balances without a date.",
}
FILLERS = {"NOTPROVIDED", "NONREF"}


def statements(key: str) -> list[WholeStatement]:
    with (CORPUS / key).open("rb") as stream:
        return list(gather(camt.read(stream)))


def minor(amount: str | None, currency: str) -> int | None:
    """An expected amount, written as a decimal, in minor units."""
    return None if amount is None else Money.parse(str(Decimal(amount)), currency).minor


def day(written: str | None) -> date | None:
    """An expected date without its time and zone."""
    return None if written is None else date.fromisoformat(written[:10])


def stated(written: str | None) -> str | None:
    """An expected reference, unless it says that there is none."""
    return None if written in FILLERS else written


def wanted(facts: dict[str, Any], currency: str) -> dict[str, Any]:
    amounts = ("opening", "closing", "sum_credits", "sum_debits", "sum_pending_credits", "sum_pending_debits")
    currencies = {facts["currency"] or facts["balance_currency"] or next(iter(facts["entry_currencies"]))}
    return {
        **{field: minor(facts[field], currency) for field in amounts},
        **{field: facts[field] for field in ("account", "id", "entries", "pending_entries", "reversals")},
        "sequence": facts["seq"],
        "currency": currencies.pop(),
        "opening_type": facts["opening_type"],
        "opening_date": day(facts["opening_date"]),
        "closing_type": facts["closing_type"],
        "closing_date": day(facts["closing_date"]),
        "balanced": None if facts["balanced"] == "unknown" else facts["balanced"],
    }


def found(whole: WholeStatement) -> dict[str, Any]:
    statement = whole.statement
    header, opening, closing = statement.header, statement.opening, statement.closing
    booked = [line for line in whole.lines if line.status is LineStatus.BOOKED]
    pending = [line for line in whole.lines if line.status is not LineStatus.BOOKED]
    return {
        "account": header.account.iban or header.account.other,
        "id": header.statement_id,
        "sequence": header.sequence,
        "currency": statement.currency,
        "entries": len(whole.lines) + len(whole.refused),
        "pending_entries": len(pending),
        "reversals": sum(line.reversal for line in whole.lines),
        "opening": opening and opening.amount.minor,
        "opening_type": opening and opening.kind,
        "opening_date": opening and opening.on,
        "closing": closing and closing.amount.minor,
        "closing_type": closing and closing.kind,
        "closing_date": closing and closing.on,
        "sum_credits": sum(line.amount.minor for line in booked if line.amount.minor > 0),
        "sum_debits": -sum(line.amount.minor for line in booked if line.amount.minor < 0),
        "sum_pending_credits": sum(line.amount.minor for line in pending if line.amount.minor > 0),
        "sum_pending_debits": -sum(line.amount.minor for line in pending if line.amount.minor < 0),
        "balanced": statement.balanced,
    }


def first_line(line: Line, facts: dict[str, Any]) -> Iterator[str]:
    """Where the first line is not what the other readers say; of a lump they tell of its first part."""
    part = line.details[0] if line.details else line
    told = "".join(filter(None, (line.remittance, part.remittance, line.reference, part.reference)))
    comparisons = {
        "amount": (line.amount.minor, minor(facts["amount"], line.amount.currency)),
        "currency": (line.amount.currency, facts["currency"]),
        "value_date": (line.valued_on, day(facts["value_date"])),
        "booking_date": (line.booked_on, day(facts["booking_date"]) or line.booked_on),
        "account_servicer_ref": (line.bank_reference, stated(facts["account_servicer_ref"])),
        "end_to_end_id": (part.end_to_end_id, stated(facts["end_to_end_id"])),
        "counterparty": (part.counterparty.name, facts["counterparty"]),
        "counterparty_account": (part.counterparty.iban, stated(facts["counterparty_account"])),
    }
    yield from (
        f"{field}: {ours!r} instead of {theirs!r}"
        for field, (ours, theirs) in comparisons.items()
        if ours != theirs
    )
    text = stated(facts["remittance"]) or ""
    if not all("".join(piece.split()) in "".join(told.split()) for piece in text.split(" | ")):
        yield f"remittance: {text!r} is not told"


def disagreements(key: str) -> Iterator[str]:
    try:
        read = statements(key)
    except UnreadableFile as refusal:
        yield f"refused: {refusal.message}"
        return
    facts = EXPECTED[key]["per_statement"]
    if len(facts) != len(read):
        yield f"{len(read)} statements instead of {len(facts)}"
    for number, (whole, one) in enumerate(zip(read, facts, strict=False), start=1):
        ours, theirs = found(whole), wanted(one, whole.statement.currency)
        for field in ours:
            if ours[field] != theirs[field]:
                yield f"statement {number}, {field}: {ours[field]} instead of {theirs[field]}"
        if whole.lines and one["first_entry"]:
            for difference in first_line(whole.lines[0], one["first_entry"]):
                yield f"statement {number}, first line, {difference}"


@pytest.mark.parametrize("key", [key for key in CONFIDENT if key not in EXCEPTIONS])
def test_a_real_statement_reads_as_two_other_readers_read_it(key: str) -> None:
    assert list(disagreements(key)) == []


@pytest.mark.parametrize("key", EXCEPTIONS)
def test_an_exception_is_still_one(key: str) -> None:
    beginnings, _ = EXCEPTIONS[key]
    for difference, beginning in zip(disagreements(key), beginnings, strict=True):
        assert difference.startswith(beginning)


@pytest.mark.parametrize("key", NEGATIVE)
def test_a_malformed_statement_is_refused_or_read_with_its_problem_named(key: str) -> None:
    with (CORPUS / key).open("rb") as stream:
        (read,) = inspect(stream, name=key)
    if "error" in read:
        told = read["error"]["message"]
    else:
        told = " ".join(
            problem for problem in read["problems"] if problem in NAMED or "not taken in" in problem
        )
    assert told.endswith(".")


READABLE = [key for key in SOUND if EXCEPTIONS.get(key) != NOT_A_CURRENCY]


@pytest.mark.parametrize("key", READABLE)
def test_every_entry_of_a_real_statement_shows_its_own_bytes(key: str) -> None:
    whole = (CORPUS / key).read_bytes()
    lines = sum(len(read.lines) + len(read.refused) for read in statements(key))
    before = 0
    for position in range(1, lines + 1):
        shown = camt.fragment(io.BytesIO(whole), position)
        before = whole.index(shown, before) + len(shown)
        assert shown.startswith(b"<")
        assert shown.endswith(b"Ntry>")
    with pytest.raises(NoSuchLine):
        camt.fragment(io.BytesIO(whole), lines + 1)


@pytest.mark.parametrize("key", READABLE)
def test_the_kind_of_a_real_message_is_told(key: str) -> None:
    kinds = {"camt052": StatementKind.REPORT, "camt053": StatementKind.STATEMENT}
    head = (CORPUS / key).read_bytes()[: xml.CHUNK]
    format_name = camt.identify(head)
    assert format_name is not None
    assert format_name[:8].replace(".", "") == key[:7]
    wanted_kind = kinds.get(key[:7], StatementKind.NOTIFICATION)
    assert {read.statement.header.kind for read in statements(key)} == {wanted_kind}


def test_a_statement_that_does_not_balance_names_the_same_difference() -> None:
    unproved = [key for key in CONFIDENT if EXPECTED[key]["balanced"] is False and key not in EXCEPTIONS]
    for key in unproved:
        for whole, facts in zip(statements(key), EXPECTED[key]["per_statement"], strict=True):
            if facts["balanced"] is False:
                difference = -(minor(facts["difference"], facts["balance_currency"]) or 0)
                told = f"the difference is {Money(difference, whole.statement.currency)}."
                assert any(told in problem for problem in whole.statement.problems)
    assert len(unproved) == 7


@pytest.mark.parametrize("kind", KINDS)
def test_the_score(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    sound = [key for key in SOUND if key.startswith(kind)]
    agreeing = [key for key in sound if not list(disagreements(key))]
    confident = [key for key in CONFIDENT if key.startswith(kind)]
    agreed = [key for key in agreeing if key in confident]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{kind}: {len(agreed)} of {len(confident)} files of high confidence agree; "
            f"of all sound ones {len(agreeing)} of {len(sound)}, "
            f"{len(sound) - len(agreeing)} named exceptions; "
            f"{sum(key.startswith(kind) for key in NEGATIVE)} malformed ones refused or named.\n"
        )
        for key in sound:
            if key in EXCEPTIONS:
                sys.stdout.write(f"  {key}: {EXCEPTIONS[key][1]}\n")
    assert {key for key in sound if key not in agreeing} == {
        key for key in EXCEPTIONS if key.startswith(kind)
    }


@pytest.mark.parametrize(("message", "version"), SCHEMAS)
def test_the_statements_our_tests_write_are_valid_by_the_iso_schema(message: str, version: str) -> None:
    parts = [Part(amount=200, name="Anna", end_to_end_id="E-1"), Part(amount=300, mandate_id="M-2")]
    entries = (
        credit(1250, name="Anna", iban="DE02120300000000202051", bic="BYLADEM1001", remittance=["a", "b"]),
        credit(90, reference="RF18539007547034", documents=["RE-1"], bank_reference="B", end_to_end_id="E"),
        debit(300, name="Otto", creditor_id="DE98ZZZ09999999999", payment_information_id="P"),
        returned(7197, charges=300, reason="MS03", reason_text="Rueckgabe", creditor_id="DE98ZZZ09999999999"),
        lump(500, payment_information_id="P-1", message_id="M-1", count=2, parts=parts),
        lump(700, payment_information_id="P-2", count=7),
        fee(250),
        pending(credit(1)),
    )
    stated = [
        Stated(entries=entries, copy="DUPL", has_summary=True, page=None if version == "02" else (1, True)),
        Stated(other_account="0035-29", sequence=None, from_on=None),
    ]
    content = camt_file(message, stated, version=version)
    schema = etree.XMLSchema(etree.parse(SCHEMAS[message, version]))
    assert schema.validate(xml.parse(content)), schema.error_log
    assert [len(one["lines"]) for one in inspect(io.BytesIO(content), name="x")] == [8, 0]
