"""Files that a bank does not take at all: why, and the reason code it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from exporters.pain008 import places
from exporters.pain008.check import check
from exporters.pain008.fields import opened
from exporters.pain008.findings import Finding, Severity

FILE_FORMAT = "pain.008.001.08"
INVALID_FILE = "FF01"
DUPLICATE = "AM05"
NOT_PROVIDED = "NOTPROVIDED"

# The rules of `pain008 check` and the codes a bank answers them with, as far as they have one of their own
# (EPC173-14 version 8.0; CH and AM codes: DFÜ agreement, Anlage 3); any other breach is a wrong format.
_CODES: Mapping[str, str] = {
    "account_iban": "AC01",
    "agent": "RC01",
    "amount_range": "AM09",
    "amount_decimals": "CH20",
    "currency": "CURR",
    "creditor_identifier": "CH11",
    "collection_date": "DT01",
    "collection_date_passed": "DT01",
    "signed_after_collection": "DT01",
    "signed_in_future": "DT01",
    "local_instrument": "FF05",
    "sequence_type": "AG02",
    "mandate_missing": "MD02",
    "amendment_indicator": "MD02",
    "address_required": "RR02",
    "name_missing": "RR02",
    "one_scheme": "CH22",
    "transaction_count": "AM19",
    "control_sum": "AM16",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a file was refused as a whole; `explanation` is a sentence and quotes no name or account."""

    message_id: str
    file_format: str
    reason: str
    explanation: str
    created_at: datetime | None = None


def refusal_of(content: bytes, *, today: date | None = None) -> Refusal | None:
    """The reason why a bank takes nothing of this file, or None; `today` is the day on which it arrives.

    Raises UnreadableFile for what is no pain.008 at all: a bank's computer does not answer that.
    """
    header = opened(content).header()
    report = check(content, today=today)
    worst = [finding for finding in report.findings if finding.severity is Severity.ERROR]
    if not worst:
        return None
    return Refusal(
        message_id=(header.fields.get(places.MESSAGE_ID) or NOT_PROVIDED)[:35],
        file_format=report.version or FILE_FORMAT,
        reason=code_of(worst[0]),
        explanation=worst[0].message,
        created_at=_instant(header.fields.get(places.CREATED_AT)),
    )


def code_of(finding: Finding) -> str:
    """The ISO reason code that a bank gives for one finding of `pain008 check`."""
    return _CODES.get(finding.rule, INVALID_FILE)


def _instant(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
