"""What an allocation books: the account that bears it, against the receivable."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from ledger.journal import Booking, Place
from ledger.models import AccountKind, AllocationKind

# A credit note bears nothing: it has lain in the receivable since it was issued.
BEARERS: Mapping[str, AccountKind] = MappingProxyType(
    {
        AllocationKind.PAYMENT: AccountKind.UNAPPLIED,
        AllocationKind.DISCOUNT: AccountKind.DISCOUNT,
        AllocationKind.WRITE_OFF: AccountKind.WRITE_OFF,
        AllocationKind.FEE: AccountKind.FEE,
    }
)


def booking(
    *,
    allocation_id: str,
    kind: str,
    creditor_id: str,
    currency: str,
    amount_minor: int,
    on: date,
    reversal: bool = False,
) -> Booking:
    """The bearer against the receivable, or back again. Raises KeyError for a kind that has none."""
    bearer = Place(creditor_id, BEARERS[kind], currency)
    receivable = Place(creditor_id, AccountKind.RECEIVABLE, currency)
    return Booking(
        kind="allocation_reversed" if reversal else "allocation",
        object_id=allocation_id,
        posted_on=on,
        debit=receivable if reversal else bearer,
        credit=bearer if reversal else receivable,
        amount_minor=amount_minor,
    )
