"""What tells one statement line apart from every other of its account, and real twins from repetitions."""

from __future__ import annotations

import hashlib
from collections import Counter

from reconciliation.statement import Line


class Identities:
    """Names the lines of one account in one file: a fingerprint of a line's facts and its occurrence number.

    Two equal genuine bookings on a day are occurrences 1 and 2, and stay so in every file that holds that day.
    """

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def name(self, line: Line) -> str:
        """64 hexadecimal digits, the same for the same booking whichever file brings it."""
        facts = fingerprint(line)
        self._seen[facts] += 1
        return hashlib.sha256(facts + str(self._seen[facts]).encode()).hexdigest()


def fingerprint(line: Line) -> bytes:
    """A digest of what a bank says the same way each time: dates, amount, parties, references and text."""
    facts = (
        line.status, line.booked_on, line.amount.minor, line.amount.currency, line.bank_reference,
        line.end_to_end_id, line.counterparty.iban, line.reference, line.remittance,
        line.batch.payment_information_id if line.batch else None,
    )  # fmt: skip
    return hashlib.sha256("\x1f".join("" if fact is None else str(fact) for fact in facts).encode()).digest()
