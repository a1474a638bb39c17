"""How invoices are closed: shares of money, discounts, credit notes and fees, and how a set stands among open items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from ledger.models import AllocationKind
from reconciliation.transfers import evidence, sets
from reconciliation.transfers.candidates import Bill, Note
from reconciliation.transfers.evidence import Support
from reconciliation.transfers.naming import Named
from reconciliation.transfers.reading import Share
from reconciliation.transfers.sets import Item, ItemSet, Way

_FEW = 6  # open items, of which 63 sets can be made: that one of them fits by chance is rare enough


def fits(named: Sequence[Named]) -> Support:
    return evidence.open_amount_paid() if len(named) == 1 else evidence.sum_paid(len(named))


def payments(named: Iterable[Named]) -> list[Share]:
    return [Share(one.bill.id, AllocationKind.PAYMENT, one.bill.open_minor) for one in named]


def short(bill: Bill, missing: int, kind: AllocationKind, reason: str | None = None) -> list[Share]:
    """A bill closed by money and, for what is missing, by something that is none."""
    paid = bill.open_minor - missing
    money = [Share(bill.id, AllocationKind.PAYMENT, paid)] if paid > 0 else []
    return [*money, Share(bill.id, kind, min(missing, bill.open_minor), reason=reason)]


def closing(bill: Bill, discount: int, notes: Sequence[Note], left: dict[str, int]) -> list[Share]:
    """A bill closed by its discount, by what `left` says the credit notes have, and by money for the rest."""
    shares, rest = [], bill.open_minor
    if discount:
        shares.append(Share(bill.id, AllocationKind.DISCOUNT, discount))
        rest -= discount
    for note in notes:
        given = min(rest, left[note.id])
        if given and note.customer_id == bill.customer_id:
            shares.append(Share(bill.id, AllocationKind.CREDIT_NOTE, given, credit_note_id=note.id))
            left[note.id] -= given
            rest -= given
    if rest:
        shares.append(Share(bill.id, AllocationKind.PAYMENT, rest))
    return shares


def note_item(note: Note) -> Item:
    return Item(note.id, note.issued_on, note.number, (Way(-note.open_minor),))


def place_among(one: ItemSet, items: Sequence[Item], *, is_only: bool) -> list[Support]:
    supports = [evidence.only_set()] if is_only else []
    if len(items) == 1:
        supports.append(evidence.only_item())
    if len(items) <= _FEW:
        supports.append(evidence.few_items(len(items)))
    if sets.is_everything(items, one):
        supports.append(evidence.everything_open())
    if sets.is_oldest_first(items, one):
        supports.append(evidence.oldest_first(len(one.parts)))
    return supports


def instalment(bill: Bill, amount_minor: int) -> date | None:
    """The due day of the instalment that is next and of this amount."""
    paid = bill.total_minor - bill.open_minor
    for instalment in bill.instalments or ():
        if paid == 0:
            return (
                date.fromisoformat(instalment["due_on"])
                if instalment["amount_minor"] == amount_minor
                else None
            )
        paid -= instalment["amount_minor"]
        if paid < 0:
            return None
    return None
