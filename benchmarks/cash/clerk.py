"""A clerk who answers every waiting payment each week as the truth says, so that the product learns from it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.cash.facts import Closes, Line, Nature, Truth
from gateway.runtime import Runtime
from ledger.errors import DuecourseError
from ledger.models import AllocationKind
from reconciliation import by_hand
from reconciliation.transfers.reading import Reading, Share

CLERK = "clerk"
_REASONS = {Closes.FEE: "The payer's bank kept a fee.", Closes.DISCOUNT: "The discount was agreed."}
_WAITING = text(
    "SELECT id, bank_reference FROM statement_lines "
    "WHERE state IN ('new', 'unexplained', 'proposed') AND amount_minor > 0 ORDER BY id"
)
_IDS = text(
    "SELECT number AS name, id FROM invoices WHERE number = ANY(:names) "
    "UNION ALL SELECT number, id FROM credit_notes WHERE number = ANY(:names) "
    "UNION ALL SELECT external_id, id FROM customers WHERE external_id = ANY(:names)"
)


class Clerk:
    """Knows the truth of every line told so far. `answered` counts the lines that needed this person."""

    def __init__(self, numbers: Sequence[str]) -> None:
        self._numbers = numbers  # of the customers, by their index
        self._truths: dict[str, Truth] = {}
        self.answered = 0

    def __call__(self, runtime: Runtime, lines: Sequence[Line]) -> None:
        """Answer whatever waits, of these lines and of earlier ones, as far as the books have what it pays."""
        self._truths |= {line.key: line.truth for line in lines if line.truth.nature is Nature.PAYMENT}
        waiting = runtime.run(lambda session: list(session.execute(_WAITING)))
        for line_id, key in waiting:
            truth = self._truths.get(key)
            if truth is not None and self._answer(runtime, line_id, truth):
                self.answered += 1

    def _answer(self, runtime: Runtime, line_id: str, truth: Truth) -> bool:
        """Whether it could be answered: an invoice may be missing yet, or closed wrongly by another line."""

        def work(session: Session) -> bool:
            reading = self._reading(session, truth)
            if reading is not None:
                by_hand.split(session, line_id=line_id, reading=reading, act=runtime.act(CLERK))
            return reading is not None

        try:
            return runtime.run(work)
        except DuecourseError:
            return False

    def _reading(self, session: Session, truth: Truth) -> Reading | None:
        assert truth.customer is not None  # every payment has one
        names = {self._numbers[truth.customer]}
        for share in truth.shares:
            names |= {share.invoice, *([share.credit_note] if share.credit_note else [])}
        ids: dict[str, str] = {row.name: row.id for row in session.execute(_IDS, {"names": sorted(names)})}
        if names - ids.keys():
            return None
        shares = tuple(
            Share(
                invoice_id=ids[share.invoice], kind=AllocationKind(share.closes), amount_minor=share.amount_minor,
                credit_note_id=None if share.credit_note is None else ids[share.credit_note],
                reason=_REASONS.get(share.closes),
            )
            for share in truth.shares
        )  # fmt: skip
        return Reading(ids[self._numbers[truth.customer]], shares, truth.on_account_minor)
