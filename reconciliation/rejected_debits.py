"""Rejected debits that the bank credits all the same and takes back by another booking: no money stays.

Banks reject in two ways: some leave the rejected ones out of the lump, others credit the whole block and book what
they reject against it. Then both bookings go over the account reject_clearing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger.database import among
from ledger.journal import Booking, Place
from ledger.models import AccountKind
from mandates.models import Debit
from mandates.states import DebitState
from reconciliation.models import ItemOutcome, PartKind, StatementLine, StatusReport, StatusReportItem
from reconciliation.outcomes import Part


@dataclass(frozen=True, slots=True)
class Cleared:
    """Which rejected debits were credited all the same, and which of those were taken back since."""

    credited: frozenset[str] = frozenset()
    taken_back: frozenset[str] = frozenset()

    def can_be_credited(self, debit: Debit) -> bool:
        """Whether a credit may be that of a rejected debit: once."""
        return debit.state == DebitState.REJECTED and debit.id not in self.credited

    def can_be_taken_back(self, debit: Debit) -> bool:
        """Whether a booking may take back what was credited of a rejected debit: once."""
        credited = debit.id in self.credited and debit.id not in self.taken_back
        return debit.state == DebitState.REJECTED and credited


_PARTS = text(
    """
    SELECT parts.object_id, bool_or(parts.amount_minor > 0) AS credited, bool_or(parts.amount_minor < 0) AS taken
    FROM match_parts AS parts JOIN matches ON matches.id = parts.match_id AND matches.undone_at IS NULL
    WHERE parts.kind = 'rejected_debit' AND parts.object_id = ANY(:ids) GROUP BY parts.object_id
    """
)


def cleared(session: Session, debits: Iterable[Debit]) -> Cleared:
    """What was booked of those of these debits that are rejected."""
    ids = sorted({debit.id for debit in debits if debit.state == DebitState.REJECTED})
    if not ids:
        return Cleared()
    rows = session.execute(_PARTS, {"ids": ids}).all()
    return Cleared(
        frozenset(row.object_id for row in rows if row.credited),
        frozenset(row.object_id for row in rows if row.taken),
    )


def refused_though_credited(session: Session, debits: Iterable[Debit]) -> dict[str, str | None]:
    """By id, those of these debits that a report rejects although they were credited, with its last reason."""
    rows = session.execute(
        select(StatusReportItem.debit_id, StatusReportItem.reason_code)
        .join(StatusReport, StatusReport.id == StatusReportItem.report_id)
        .where(
            among(StatusReportItem.debit_id, (debit.id for debit in debits)),
            StatusReportItem.outcome == ItemOutcome.CREDITED,
        )
        .order_by(StatusReport.id, StatusReportItem.position)
    )
    return {str(row.debit_id): row.reason_code for row in rows}


def parts(debits: Sequence[Debit], *, sign: int) -> list[Part]:
    """The parts of a line that credits rejected debits (`sign` +1) or takes them back (-1)."""
    return [Part(PartKind.REJECTED_DEBIT, sign * debit.amount_minor, debit.id) for debit in debits]


def booking(line: StatementLine, debits: Sequence[Debit], creditor_id: str, *, sign: int) -> Booking:
    """What a line moves between suspense and reject_clearing; zero without any debit."""
    return Booking(
        kind="rejected_debits", object_id=line.id, posted_on=line.booked_on,
        debit=Place(creditor_id, AccountKind.SUSPENSE, line.currency),
        credit=Place(creditor_id, AccountKind.REJECT_CLEARING, line.currency),
        amount_minor=sign * sum(debit.amount_minor for debit in debits),
    )  # fmt: skip
