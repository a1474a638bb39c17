"""A pre-notification with sensible defaults, and a message as a mail program reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from exporters.letters.pre_notification import DebitNotice
from ledger.money import Money

PLAIN = DebitNotice(
    message_id="ntc_01jz3q5v9yfk2a8m4t6w7x1c0d@billing.example",
    at=datetime(2026, 11, 18, 8, 0, tzinfo=UTC),
    sender="billing@billing.example",
    contact="help@billing.example",
    recipient="erika@example.org",
    language="de",
    debtor_name="Erika Beispiel",
    creditor_name="Muster Energie GmbH",
    creditor_identifier="DE98ZZZ09999999999",
    creditor_address=("Musterstraße 1", "10115 Berlin"),
    mandate_reference="M-2026-0815",
    invoice_number="RE-2026-00042",
    amount=Money(123_456, "EUR"),
    collect_on=date(2026, 12, 2),
    account_end="0402",
)


def notice(**facts: Any) -> DebitNotice:
    """The plain notice, with some facts changed."""
    return replace(PLAIN, **facts)


def opened(content: bytes) -> EmailMessage:
    """A message as a mail program reads it."""
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    """The text of the part `plain` or `html`."""
    body = message.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())
