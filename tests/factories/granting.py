"""Grants of a clerk in the books of a test: discounts, write-offs, and fees that we bear."""

from __future__ import annotations

from ledger import grants
from ledger.grants import Grant
from ledger.models import AllocationKind, Invoice
from tests.factories.books import Books

REASONS = {AllocationKind.WRITE_OFF: "not worth a letter"}


def granted(
    books: Books, invoice: Invoice, kind: AllocationKind, amount_minor: int, **facts: object
) -> Grant:
    """A grant as of today; a write-off has a reason unless one is said."""
    return Grant(
        **{
            "invoice_id": invoice.id, "kind": kind, "amount_minor": amount_minor,
            "granted_on": books.act.today, "decided_by": "treasury", "evidence": ("A clerk said so.",),
            "reason": REASONS.get(kind),
        }
        | facts
    )  # type: ignore[arg-type]  # fmt: skip


def grant(books: Books, invoice: Invoice, kind: AllocationKind, amount_minor: int, **facts: object) -> str:
    """The id of the allocation that it is."""
    (made,) = grants.grant(
        books.session, [granted(books, invoice, kind, amount_minor, **facts)], act=books.act, cause="test"
    )
    return made
