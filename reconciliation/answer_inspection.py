"""What a bank's answer to a payment order says, as the JSON objects of `duecourse statement inspect`."""

from __future__ import annotations

from typing import Any, BinaryIO

from reconciliation.formats import pain002
from reconciliation.formats.pain002 import BlockStatus, FileStatus, Reason, TransactionStatus


def inspect(stream: BinaryIO, *, name: str) -> list[dict[str, Any]]:
    """One object per report of a stream, with its `blocks` and their `transactions`. Raises UnreadableFile.

    Transactions whose block is not named stand in a block of their own without a name.
    """
    reports: list[dict[str, Any]] = []
    for item in pain002.read(stream):
        match item:
            case FileStatus():
                reports.append(_file(item, name))
            case BlockStatus():
                reports[-1]["blocks"].append(_block(item))
            case TransactionStatus():
                _transactions(reports[-1], item).append(_transaction(item))
    return reports


def _file(item: FileStatus, name: str) -> dict[str, Any]:
    return {
        "file": name,
        "format": item.format,
        "report_id": item.message_id,
        "created_at": item.created,
        "answers": item.order.value,
        "original": {
            "message_id": item.original_message_id,
            "message_name": item.original_message_name,
            "count": item.original_count,
        },
        **_status(item),
        "blocks": [],
    }


def _block(item: BlockStatus) -> dict[str, Any]:
    return {
        "payment_information_id": item.payment_information_id,
        "count": item.original_count,
        **_status(item),
        "transactions": [],
    }


def _transactions(report: dict[str, Any], item: TransactionStatus) -> list[dict[str, Any]]:
    blocks = report["blocks"]
    if not blocks or blocks[-1]["payment_information_id"] != item.payment_information_id:
        blocks.append(_block(BlockStatus(payment_information_id=item.payment_information_id)))
    found: list[dict[str, Any]] = blocks[-1]["transactions"]
    return found


def _transaction(item: TransactionStatus) -> dict[str, Any]:
    amount = item.amount
    return {
        "status_id": item.status_id,
        "instruction_id": item.instruction_id,
        "end_to_end_id": item.end_to_end_id,
        "status": item.status,
        "reasons": [reason_as_json(one) for one in item.reasons],
        "bank_reference": item.bank_reference,
        "amount_minor": amount and amount.minor,
        "currency": amount and amount.currency,
        "collect_on": item.collect_on and item.collect_on.isoformat(),
        "mandate_id": item.mandate_id,
        "debtor": {"name": item.debtor_name, "iban": item.debtor_iban},
    }


def _status(item: FileStatus | BlockStatus) -> dict[str, Any]:
    return {
        "status": item.status,
        "reasons": [reason_as_json(one) for one in item.reasons],
        "counts": [{"status": one.status, "count": one.count} for one in item.counts],
    }


def reason_as_json(reason: Reason) -> dict[str, Any]:
    """One reason, as it stands in the file."""
    return {
        "code": reason.code,
        "proprietary": reason.is_proprietary,
        "information": list(reason.information),
        "bank": reason.bank,
        "party": reason.party,
    }
