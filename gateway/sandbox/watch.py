"""What must never leave the house in a year: debits of the dead, on ended mandates, or without a notice in time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from email import message_from_bytes, policy

from babel.dates import format_date

from exporters.letters.languages import WORDS
from exporters.pain008.message import DirectDebitMessage, PaymentBlock, Transaction
from gateway.sandbox.books import Invoice
from gateway.sandbox.lives import announces_debit
from gateway.sandbox.record import Taken
from ledger.business_days import roll_forward

NOTICE = timedelta(days=14)  # EPC016-06, section 4.3; nobody in the story agreed on another time
TOLD_BY = timedelta(days=10)  # calendar days after which every file of the bank has come, late ones too
_NUMBER = re.compile(r"RE-\d{4}-\d{5}(?:-R\d+)?")
_ENDS = {"MD01": "whose debtor says there was no mandate", "MD07": "of a dead debtor"}
_CLOSED = "AC04"


@dataclass
class Watch:
    """A stranger at the door: it knows what the bank told and what went out by mail, and complains in sentences."""

    complaints: list[str] = field(default_factory=list)
    seen: int = 0
    _since: dict[str, tuple[date, str]] = field(default_factory=dict)
    _closed: dict[str, date] = field(default_factory=dict)
    _cancelled: dict[str, date] = field(default_factory=dict)
    _mails: dict[str, list[tuple[date, str, str]]] = field(default_factory=dict)

    def cancelled(self, mandate_id: str, on: date) -> None:
        """A customer's word that a mandate ends was written down."""
        self._cancelled[mandate_id] = on

    def mailed(self, content: bytes, on: date) -> None:
        """A notice was taken by the mail server."""
        mail = message_from_bytes(content, policy=policy.default)
        body = mail.get_body(("plain",))
        text = "" if body is None else str(body.get_content())
        for number in _NUMBER.findall(text):
            self._mails.setdefault(number, []).append((on, str(mail["Content-Language"]), text))

    def answered(self, taken: Iterable[Taken], message: DirectDebitMessage) -> None:
        """What the bank will tell of the collections of a file, as far as it forbids the next one."""
        named = {one.end_to_end_id: one for block in message.blocks for one in block.transactions}
        for answer in taken:
            transaction, why = named[answer.end_to_end_id], _ENDS.get(answer.reason or "")
            if why is not None:
                self._since.setdefault(transaction.mandate_id, (answer.known_on, why))
            elif answer.reason == _CLOSED:
                self._closed.setdefault(transaction.debtor.iban, answer.known_on)

    def look(
        self, message: DirectDebitMessage, bills: dict[str, Invoice], on: date, *, announced: bool
    ) -> None:
        """Look through a file that leaves on the day `on`; with `announced` each debit needs its notice."""
        for block in message.blocks:
            for transaction in block.transactions:
                self.seen += 1
                self.complaints += [
                    f"{transaction.end_to_end_id}: {why}."
                    for why in (
                        self._forbidden(transaction, on),
                        self._silent(block, transaction, bills) if announced else None,
                    )
                    if why is not None
                ]

    def _forbidden(self, transaction: Transaction, on: date) -> str | None:
        since = self._since.get(transaction.mandate_id)
        if since is not None and on > since[0] + TOLD_BY:
            return f"collected on {on} on a mandate {since[1]} since {since[0]}"
        closed = self._closed.get(transaction.debtor.iban)
        if closed is not None and on > closed + TOLD_BY:
            return f"collected on {on} from an account that is known to be closed since {closed}"
        cancelled = self._cancelled.get(transaction.mandate_id)
        return f"collected on {on}, the mandate ended on {cancelled}" if cancelled is not None else None

    def _silent(self, block: PaymentBlock, transaction: Transaction, bills: dict[str, Invoice]) -> str | None:
        number = transaction.end_to_end_id.rpartition("-")[0]
        bill = bills[number]
        if announces_debit(bill) and block.collect_on == roll_forward(bill.due_on):
            early = bill.issued_on + NOTICE <= block.collect_on
            return None if early else f"its invoice announced it only on {bill.issued_on}"
        for sent_on, language, text in self._mails.get(number, []):
            said = format_date(block.collect_on, format="full", locale=WORDS[language].locale)
            if said in text and sent_on + NOTICE <= block.collect_on:
                return None
        return f"collected on {block.collect_on} without a notice of that day, 14 days before"
