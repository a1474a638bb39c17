"""What a bank file says, as the JSON objects that `duecourse statement inspect` prints; needs no database."""

from __future__ import annotations

import io
from datetime import date
from typing import Any, BinaryIO

from ledger.money import Money
from reconciliation import answer_inspection, reading
from reconciliation.formats import archive
from reconciliation.formats.delimited import LayoutDrifted, UnknownLayout
from reconciliation.formats.detect import NotAStatement
from reconciliation.reading import NOTHING, Known
from reconciliation.statement import Balance, Batch, Line, UnreadableFile, WholeStatement, gather


def inspect(stream: BinaryIO, *, name: str, known: Known = NOTHING) -> list[dict[str, Any]]:
    """One object per statement of a seekable stream, in the order of the file, or per report of a bank's answer.

    Amounts are minor units signed from the account holder's view; `original_minor` is what once was collected
    and `charges_minor` what the bank kept. A file that cannot be read gives a single object with its `error`, with
    the `proposal` of a layout where it is a table that none describes. Of an archive every member is inspected.
    """
    form = archive.identify(stream.read(4))
    stream.seek(0)
    try:
        if form is not None:
            return [
                one for member in archive.members(stream, name=name) for one in _member(member, name, known)
            ]
        return _read(stream, name, known)
    except UnreadableFile as refusal:
        return [_refused(name, refusal)]


def _read(stream: BinaryIO, name: str, known: Known) -> list[dict[str, Any]]:
    try:
        _, items = reading.open_file(stream, known)
    except NotAStatement:
        stream.seek(0)
        return answer_inspection.inspect(stream, name=name)
    return [_statement(whole, name) for whole in gather(items)]


def _member(member: archive.Member, archive_name: str, known: Known) -> list[dict[str, Any]]:
    name = f"{archive_name}/{member.name}"
    if member.content is None:
        return [_refused(name, member.refusal)] if member.refusal is not None else []
    return inspect(io.BytesIO(member.content), name=name, known=known)


def _refused(name: str, refusal: UnreadableFile) -> dict[str, Any]:
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message, "line": refusal.line}
    if isinstance(refusal, UnknownLayout | LayoutDrifted):
        error["proposal"] = refusal.proposal.to_json()
    return {"file": name, "error": error}


def _statement(whole: WholeStatement, name: str) -> dict[str, Any]:
    statement = whole.statement
    header = statement.header
    return {
        "file": name,
        "format": header.format,
        "statement_id": header.statement_id,
        "sequence": header.sequence,
        "account": {
            "iban": header.account.iban,
            "other": header.account.other,
            "currency": header.account.currency,
        },
        "from": _day(header.from_on),
        "to": _day(header.to_on),
        "opening_minor": _balance(statement.opening),
        "closing_minor": _balance(statement.closing),
        "currency": statement.currency,
        "balanced": statement.balanced,
        "problems": list(statement.problems),
        "refused": [
            {"position": one.position, "line": one.line, "reason": one.reason} for one in whole.refused
        ],
        "lines": [_line(line) for line in whole.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    party = line.counterparty
    return {
        "booked_on": _day(line.booked_on),
        "valued_on": _day(line.valued_on),
        "amount_minor": line.amount.minor,
        "currency": line.amount.currency,
        "status": line.status.value,
        "counterparty": {"name": party.name, "iban": party.iban, "bic": party.bic},
        "remittance": line.remittance,
        "reference": line.reference,
        "end_to_end_id": line.end_to_end_id,
        "mandate_id": line.mandate_id,
        "creditor_id": line.creditor_id,
        "bank_reference": line.bank_reference,
        "transaction_code": line.transaction_code,
        "reversal": line.reversal,
        "return_reason": line.return_reason,
        "original_minor": _minor(line.original),
        "charges_minor": _minor(line.charges),
        "interest_minor": _minor(line.interest),
        "batch": _batch(line.batch),
        "details": [_line(part) for part in line.details],
    }


def _batch(batch: Batch | None) -> dict[str, Any] | None:
    if batch is None:
        return None
    return {
        "payment_information_id": batch.payment_information_id,
        "message_id": batch.message_id,
        "count": batch.count,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _minor(money: Money | None) -> int | None:
    return None if money is None else money.minor


def _balance(balance: Balance | None) -> int | None:
    return None if balance is None else balance.amount.minor
