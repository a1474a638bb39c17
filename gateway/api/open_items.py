"""/v1/open-items: open invoices and credit notes, to find what a line pays."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gateway.api.paging import AtCursor, Page
from gateway.api.shapes import SEEN, Id
from gateway.session import CurrentSession, Reader, TransactionalRoute
from reconciliation import open_items
from reconciliation.open_items import OpenItem

router = APIRouter(prefix="/v1/open-items", tags=["invoices"], route_class=TransactionalRoute)


class DiscountOut(BaseModel):
    """What may be kept back by who pays in one sum on `last_on` or before."""

    percent: Decimal
    amount_minor: int
    last_on: date


class OpenItemOut(BaseModel):
    """An open invoice, or a credit note of which something is left; amounts are above zero for both."""

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
    discount: DiscountOut | None


@router.get("")
def list_open_items(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    customer_id: Id | None = None,
    q: Annotated[
        str | None,
        Query(
            min_length=1, max_length=140, pattern=SEEN,
            description="The number of an invoice, a purchase order, or a customer's name or number.",
        ),
    ] = None,
) -> Page[OpenItemOut]:  # fmt: skip
    """What is open: of one customer, or of what `q` may mean."""
    after, limit = cursor.after or "", cursor.limit + 1
    if customer_id is not None:
        found = open_items.of_customer(session, customer_id, after=after, limit=limit)
    elif q is not None:
        found = open_items.meant(session, q, after=after, limit=limit)
    else:
        found = open_items.every(session, after=after, limit=limit)
    told = found[: cursor.limit]
    return Page(data=[out(one) for one in told], next=told[-1].id if len(found) > cursor.limit else None)


def out(one: OpenItem) -> OpenItemOut:
    """An open item as the API tells it."""
    plain = {name: getattr(one, name) for name in OpenItemOut.model_fields if name != "discount"}
    if one.discount is None:
        return OpenItemOut(**plain, discount=None)
    may = DiscountOut(
        percent=one.discount.percent, amount_minor=one.discount.amount_minor, last_on=one.discount.last_on
    )
    return OpenItemOut(**plain, discount=may)
