"""Real status reports, read against what an independent reader says of them."""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reconciliation.formats import pain002
from reconciliation.formats.pain002 import BlockStatus, FileStatus, TransactionStatus

ROOT = Path(__file__).resolve().parents[3]
CORPUS = (ROOT / os.environ.get("DUECOURSE_CORPUS", "../shared/corpus")).resolve()

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not (CORPUS / "EXPECT.json").is_file(),
        reason="the folder of real bank files is absent; DUECOURSE_CORPUS names another place for it",
    ),
]


def expected() -> dict[str, dict[str, Any]]:
    if not (CORPUS / "EXPECT.json").is_file():
        return {}
    everything = json.loads((CORPUS / "EXPECT.json").read_text(encoding="utf-8"))
    return {key: facts for key, facts in everything.items() if key.startswith("pain002/")}


def first_reason(item: FileStatus | BlockStatus | TransactionStatus) -> str:
    return next((one.code for one in item.reasons if one.code), "(none)")


@pytest.mark.parametrize("key", sorted(expected()))
def test_a_real_report_says_what_it_is_expected_to(key: str) -> None:
    """The one with a strange namespace is read by its root: nothing else of it is wrong."""
    told, content = expected()[key], (CORPUS / key).read_bytes()
    assert pain002.identify(content[:4096]) is not None
    head, *items = pain002.read(io.BytesIO(content))
    blocks = [item for item in items if isinstance(item, BlockStatus)]
    transactions = [item for item in items if isinstance(item, TransactionStatus)]
    assert isinstance(head, FileStatus)
    assert (head.message_id, head.created, head.original_message_id, head.original_message_name, head.status) == (
        told["message_id"], told["created"], told["original_message_id"], told["original_message_name"],
        told["group_status"],
    )  # fmt: skip
    assert [reason.code for reason in head.reasons] == told["group_reasons"]
    counted = Counter(one.payment_information_id for one in transactions)
    assert [
        {
            "original_payment_id": block.payment_information_id, "status": block.status,
            "reasons": [reason.code for reason in block.reasons],
            "transactions": counted[block.payment_information_id],
        }
        for block in blocks
    ] == told["payments"]  # fmt: skip
    assert Counter(one.status for one in transactions) == told["transaction_statuses"]
    assert Counter(map(first_reason, transactions)) == told["transaction_reasons"]
    if "first_entry" in told:
        first, entry = transactions[0], told["first_entry"]
        amount = None if entry["amount"] is None else round(float(entry["amount"]) * 100)
        assert (first.end_to_end_id, first.instruction_id, first.status) == (
            entry["original_end_to_end_id"], entry["original_instruction_id"], entry["status"],
        )  # fmt: skip
        assert (first.amount and first.amount.minor) == amount
        assert (first.amount and first.amount.currency) == entry["currency"]


def test_the_corpus_is_there() -> None:
    assert len(expected()) == 12
