"""Files of other programs are read for what they are; runs only where the collection of real files lies."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from exporters.pain008.check import Report, check
from exporters.pain008.reader import read
from exporters.pain008.schema import SCHEMAS
from ledger.money import Money

CORPUS = Path(
    os.environ.get("DUECOURSE_CORPUS", Path(__file__).parents[2].parent / "shared" / "corpus")
).resolve()
FILES = sorted((CORPUS / "pain008").glob("*"))

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not FILES, reason=f"no real files under {CORPUS}; set DUECOURSE_CORPUS"),
]


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    every: dict[str, Any] = json.loads((CORPUS / "EXPECT.json").read_text(encoding="utf-8"))
    return every


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def file(request: pytest.FixtureRequest) -> Path:
    chosen: Path = request.param
    return chosen


@pytest.fixture
def wanted(file: Path, expected: dict[str, Any]) -> dict[str, Any]:
    one: dict[str, Any] = expected[f"pain008/{file.name}"]
    return one


def rules(report: Report) -> set[str]:
    return {finding.rule for finding in report.findings}


def test_count_and_sum_are_those_of_the_file(file: Path, wanted: dict[str, Any]) -> None:
    report = check(file.read_bytes())
    assert report.transactions == wanted["entries"]
    assert Money(report.control_sum_minor, "EUR").decimal() == wanted["control_sum"]
    assert report.version is not None
    assert wanted["namespace"].endswith(report.version)
    assert rules(report).isdisjoint({"transaction_count", "control_sum"}) == wanted["balanced"]


def test_the_schema_agrees_where_there_is_one(file: Path, wanted: dict[str, Any]) -> None:
    report = check(file.read_bytes())
    if report.version not in SCHEMAS:
        assert "version" in rules(report)
    elif report.version == "pain.008.001.02":
        # The expectation comes from the German form of this version, which has no structured address. The ISO
        # schema lets it pass, and the rule on addresses does not.
        assert "schema" not in rules(report)
        assert ("address_element" not in rules(report)) == wanted["schema_valid"]
    else:
        assert ("schema" not in rules(report)) == wanted["schema_valid"]


def test_every_file_has_accounts_or_identifiers_that_no_bank_would_take(file: Path) -> None:
    """The samples carry invented numbers, whose form or check digits are wrong."""
    report = check(file.read_bytes())
    assert not report.accepted
    assert {"account_iban", "creditor_identifier"} <= rules(report)


def test_the_file_is_read_into_a_message(file: Path, wanted: dict[str, Any]) -> None:
    message = read(file.read_bytes())
    assert message.message_id == wanted["message_id"]
    assert message.created_at.isoformat() == wanted["created"]
    assert [block.payment_information_id for block in message.blocks] == [
        payment["id"] for payment in wanted["payments"]
    ]
    first, told = message.blocks[0].transactions[0], wanted["first_entry"]
    assert first.amount == Money.parse(told["amount"], told["currency"])
    assert (first.debtor.name, first.debtor.iban) == (told["counterparty"], told["counterparty_account"])
    assert (first.end_to_end_id, first.remittance) == (told["end_to_end_id"], told["remittance"])
