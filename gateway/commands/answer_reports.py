"""What `duecourse statement` prints of a bank's answer to a payment order (pain.002)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from reconciliation.one_report import Applied


def is_answer(one: dict[str, Any]) -> bool:
    """Whether an inspected object is a bank's answer, not a statement."""
    return "answers" in one


def row(one: dict[str, Any]) -> tuple[object, ...]:
    """Its row in the table of what was read."""
    transactions = sum(len(block["transactions"]) for block in one["blocks"])
    return (one["file"], one["format"], transactions, "", "", f"answers {one['answers']}")


def said(one: dict[str, Any]) -> list[str]:
    """What is to be said at length of it: what it answers, and the statuses at each level with their reasons."""
    name = one["original"]["message_id"]
    first = f"It answers the file {name}." if name else "It does not name the file that it answers."
    return [first, *_levels(one)]


def _levels(one: dict[str, Any]) -> Iterator[str]:
    if one["status"]:
        yield f"The file as a whole is {_status(one)}."
    for block in one["blocks"]:
        if block["status"]:
            yield f"Block {block['payment_information_id']} is {_status(block)}."
        for status, count in Counter(_status(each) for each in block["transactions"]).items():
            yield f"Of block {block['payment_information_id']}: {status} {count} times."


def _status(level: dict[str, Any]) -> str:
    codes = " ".join(filter(None, (reason["code"] for reason in level["reasons"])))
    status = level["status"] or "without a status"
    return f"{status} ({codes})" if codes else status


def as_json(answer: Applied) -> dict[str, Any]:
    """What became of an imported answer, for machines."""
    return {
        "report_id": answer.report_id, "answers": answer.answers.value,
        "original_message_id": answer.original_message_id, "batch_id": answer.batch_id,
        "outcomes": answer.outcomes,
    }  # fmt: skip


def remark(answer: Applied) -> str:
    """What became of an imported answer, in one sentence."""
    name = answer.original_message_id or "a file that it does not name"
    counted = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in answer.outcomes.items())
    return f"{answer.report_id} answers {name}: {counted or 'it says nothing'}."
