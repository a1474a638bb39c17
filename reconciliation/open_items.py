"""What customers have open, with due days and discounts: what a person looks through to say what a line pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import customers, invoice_numbers
from ledger.party_names import name_key
from reconciliation.transfers import discounts
from reconciliation.transfers.discounts import Discount

_MOST_CUSTOMERS = 200  # of those that a text may mean


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An open invoice or credit note; amounts in minor units of `currency`, each above zero.

    `discount` is what may be kept back of an invoice while nothing of it is paid, and until when.
    """

    id: str
    kind: str
    number: str
    creditor_id: str
    customer_id: str
    customer_name: str
    currency: str
    total_minor: int
    open_minor: int
    issued_on: date
    due_on: date | None
    purchase_order: str | None
    discount: Discount | None


_COLUMNS = """
    SELECT invoices.id, 'invoice' AS kind, number, creditor_id, customer_id, customers.name, currency, total_minor,
        open_minor, issued_on, due_on, purchase_order, discount_days, discount_percent, allocated_minor
    FROM invoices JOIN customers ON customers.id = customer_id
    WHERE open_minor > 0 AND collection_status NOT IN ('cancelled', 'written_off') AND {which}
    UNION ALL
    SELECT credit_notes.id, 'credit_note', number, creditor_id, customer_id, customers.name, currency, total_minor,
        open_minor, issued_on, NULL, NULL, NULL, NULL, allocated_minor
    FROM credit_notes JOIN customers ON customers.id = customer_id
    WHERE open_minor > 0 AND {which_notes}
"""
_PAGE = "SELECT * FROM ({items}) AS items WHERE id > :after ORDER BY id LIMIT :limit"
_OF_CUSTOMER = _PAGE.format(
    items=_COLUMNS.format(which="customer_id = :customer_id", which_notes="customer_id = :customer_id")
)
_MEANT = _PAGE.format(
    items=_COLUMNS.format(
        which="(customer_id = ANY(:customer_ids) OR purchase_order_key = :compact OR "
        "(creditor_id IN (SELECT id FROM creditors) AND number_core = :core))",
        which_notes="(customer_id = ANY(:customer_ids) OR "
        "upper(regexp_replace(number, '[^A-Za-z0-9]', '', 'g')) = :compact)",
    )
)
_ALL = _PAGE.format(items=_COLUMNS.format(which="true", which_notes="true"))
_CUSTOMERS = text(
    """
    SELECT id FROM customers
    WHERE name ILIKE :pattern ESCAPE '\\' OR number_key = :compact
        OR (:key <> '' AND "left"(name_key::text, 12) = left(:key, 12))
    ORDER BY name ILIKE :pattern ESCAPE '\\' DESC, id LIMIT :most
    """
)


def of_customer(session: Session, customer_id: str, *, after: str = "", limit: int) -> list[OpenItem]:
    """What one customer has open, in id order, after the item with id `after`. Raises CustomerNotFound."""
    customers.get(session, customer_id)
    return _items(session, _OF_CUSTOMER, after, limit, customer_id=customer_id)


def meant(session: Session, said: str, *, after: str = "", limit: int) -> list[OpenItem]:
    """What `said` may mean: the number of an invoice or credit note, a purchase order, a customer's name or number."""
    compact = invoice_numbers.compact(said)
    pattern = "%" + said.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    bound = {"pattern": pattern, "compact": compact, "key": name_key(said), "most": _MOST_CUSTOMERS}
    found = list(session.scalars(_CUSTOMERS, bound))
    core = invoice_numbers.core(compact)
    return _items(session, _MEANT, after, limit, customer_ids=found, compact=compact, core=core)


def every(session: Session, *, after: str = "", limit: int) -> list[OpenItem]:
    """Everything that is open, in id order, after the item with id `after`."""
    return _items(session, _ALL, after, limit)


def _items(session: Session, query: str, after: str, limit: int, **bound: object) -> list[OpenItem]:
    rows: Sequence[Any] = session.execute(text(query), {"after": after, "limit": limit, **bound}).all()
    return [
        OpenItem(
            id=row.id, kind=row.kind, number=row.number, creditor_id=row.creditor_id, customer_id=row.customer_id,
            customer_name=row.name, currency=row.currency, total_minor=row.total_minor, open_minor=row.open_minor,
            issued_on=row.issued_on, due_on=row.due_on, purchase_order=row.purchase_order, discount=_discount(row),
        )
        for row in rows
    ]  # fmt: skip


def _discount(row: Any) -> Discount | None:
    if row.allocated_minor:
        return None
    return discounts.offered(
        issued_on=row.issued_on, total_minor=row.total_minor, discount_days=row.discount_days,
        discount_percent=row.discount_percent,
    )  # fmt: skip
