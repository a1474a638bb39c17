"""Real camt.053 files of many banks, read against what two independent readers say of them."""

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
from lxml import etree

from ledger.money import Money
from reconciliation.formats import xml
from reconciliation.inspection import inspect
from tests.factories.camt import Part, Stated, camt053_file, credit, debit, fee, lump, pending, returned

ROOT = Path(__file__).resolve().parents[2]
CORPUS = (ROOT / os.environ.get("DUECOURSE_CORPUS", "../shared/corpus")).resolve()

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not (CORPUS / "EXPECT.json").is_file(),
        reason="the folder of real bank files is absent; DUECOURSE_CORPUS names another place for it",
    ),
]

# Files that are not read as expected, and why that is right.
EXCEPTIONS = {
    "kedder__ofxstatement-iso20022__gcamp6.xml": (
        "Its currency is XXX, which in ISO 4217 means 'no currency'; money without a currency is refused."
    ),
}

SCHEMAS = {
    "02": "genkgo__camt__camt.053.001.02.xsd",
    "04": "BananaAccounting__Switzerland__camtxmlvalidator-camt.053.001.04.xsd",
    "08": "genkgo__camt__camt.053.001.08.xsd",
    "13": "Subite-eu__camt-to-coda__CAMT-camt.053.001.13.xsd",
}


def expected() -> dict[str, dict[str, Any]]:
    if not (CORPUS / "EXPECT.json").is_file():
        return {}
    everything = json.loads((CORPUS / "EXPECT.json").read_text(encoding="utf-8"))
    return {
        key.removeprefix("camt053/"): facts for key, facts in everything.items() if key.startswith("camt053/")
    }


EXPECTED = expected()
CONFIDENT = [
    name for name, facts in EXPECTED.items() if facts["confidence"] == "high" and not facts["negative"]
]
NEGATIVE = [name for name, facts in EXPECTED.items() if facts["negative"]]


def read(name: str) -> list[dict[str, Any]]:
    with (CORPUS / "camt053" / name).open("rb") as stream:
        return inspect(stream, name=name)


def minor(amount: str | None, currency: str) -> int | None:
    """An expected amount, written as a decimal, in minor units."""
    return None if amount is None else Money.parse(str(Decimal(amount)), currency).minor


def wanted(facts: dict[str, Any], currency: str) -> dict[str, Any]:
    return {
        "account": facts["account"],
        "entries": facts["entries"] - facts["pending_entries"],
        "opening": minor(facts["opening"], currency),
        "closing": minor(facts["closing"], currency),
        "credits": minor(facts["sum_credits"], currency),
        "debits": minor(facts["sum_debits"], currency),
        "balanced": None if facts["balanced"] == "unknown" else facts["balanced"],
        "id": facts["id"],
        "sequence": facts["seq"],
    }


def found(statement: dict[str, Any]) -> dict[str, Any]:
    booked = [line["amount_minor"] for line in statement["lines"] if line["status"] == "booked"]
    return {
        "account": statement["account"]["iban"] or statement["account"]["other"],
        "entries": len(booked),
        "opening": statement["opening_minor"],
        "closing": statement["closing_minor"],
        "credits": sum(amount for amount in booked if amount > 0),
        "debits": -sum(amount for amount in booked if amount < 0),
        "balanced": statement["balanced"],
        "id": statement["statement_id"],
        "sequence": statement["sequence"],
    }


def disagreements(name: str) -> Iterator[str]:
    statements = read(name)
    if "error" in statements[0]:
        yield f"refused: {statements[0]['error']['message']}"
        return
    facts = EXPECTED[name]["per_statement"]
    if len(facts) != len(statements):
        yield f"{len(statements)} statements instead of {len(facts)}"
    for number, (statement, one) in enumerate(zip(statements, facts, strict=False), start=1):
        ours, theirs = found(statement), wanted(one, statement["currency"])
        for field in ours:
            if ours[field] != theirs[field]:
                yield f"statement {number}, {field}: {ours[field]} instead of {theirs[field]}"


@pytest.mark.parametrize("name", [name for name in CONFIDENT if name not in EXCEPTIONS])
def test_a_real_statement_reads_as_two_other_readers_read_it(name: str) -> None:
    assert list(disagreements(name)) == []


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_still_one(name: str) -> None:
    assert list(disagreements(name)) == ["refused: 'XXX' is not an ISO 4217 currency code."]


@pytest.mark.parametrize("name", NEGATIVE)
def test_a_malformed_statement_is_refused_or_read_with_its_problem_named(name: str) -> None:
    statements = read(name)
    refused = "error" in statements[0]
    named = not refused and any(
        "does not say in which version" in problem for problem in statements[0]["problems"]
    )
    assert refused or named
    assert named is (EXPECTED[name]["confidence"] == "high")


def test_a_statement_that_does_not_balance_names_the_same_difference() -> None:
    unproved = [name for name in CONFIDENT if EXPECTED[name]["balanced"] is False and name not in EXCEPTIONS]
    for name in unproved:
        for statement, facts in zip(read(name), EXPECTED[name]["per_statement"], strict=True):
            if facts["balanced"] is False:
                difference = Money(
                    -(minor(facts["difference"], facts["balance_currency"]) or 0), statement["currency"]
                )
                assert any(f"the difference is {difference}." in problem for problem in statement["problems"])
    assert len(unproved) == 6


def test_the_score(capsys: pytest.CaptureFixture[str]) -> None:
    agreeing = [name for name in EXPECTED if not EXPECTED[name]["negative"] and not list(disagreements(name))]
    confident = [name for name in agreeing if name in CONFIDENT]
    with capsys.disabled():
        sys.stdout.write(
            f"\ncamt.053: {len(confident)} of {len(CONFIDENT)} files of high confidence agree, "
            f"{len(EXCEPTIONS)} named exception; of all well-formed ones "
            f"{len(agreeing)} of {len(EXPECTED) - len(NEGATIVE)}; "
            f"{len(NEGATIVE)} malformed ones refused or named.\n"
        )
    assert len(confident) == len(CONFIDENT) - len(EXCEPTIONS)


@pytest.mark.parametrize("version", SCHEMAS)
def test_the_statements_our_tests_write_are_valid_by_the_iso_schema(version: str) -> None:
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
        Stated(entries=entries, copy="DUPL", has_summary=True),
        Stated(other_account="0035-29", sequence=None, from_on=None),
    ]
    content = camt053_file(stated, version=version)
    schema = etree.XMLSchema(etree.parse(CORPUS / "xsd" / SCHEMAS[version]))
    assert schema.validate(xml.parse(content)), schema.error_log
    assert [len(one["lines"]) for one in inspect(io.BytesIO(content), name="x")] == [8, 0]
