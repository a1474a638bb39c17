"""What stands in the books after a year: for each line what was done about it, or what is proposed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.cash.facts import Closes, Customer, Share
from benchmarks.cash.judging import Done

_LINES = text(
    "SELECT l.bank_reference AS key, m.id AS match_id, m.decided_by, p.kind, p.object_id, p.amount_minor, l.state "
    "FROM statement_lines l LEFT JOIN matches m ON m.line_id = l.id AND m.undone_at IS NULL "
    "LEFT JOIN match_parts p ON p.match_id = m.id ORDER BY l.bank_reference, p.id"
)
_ALLOCATIONS = text(
    "SELECT coalesce(a.payment_id, a.beside_payment_id) AS payment_id, a.kind, a.amount_minor, i.number, "
    "n.number AS note "
    "FROM allocations a JOIN invoices i ON i.id = a.invoice_id LEFT JOIN credit_notes n ON n.id = a.credit_note_id "
    "WHERE a.reversed_at IS NULL AND coalesce(a.payment_id, a.beside_payment_id) IS NOT NULL"
)
_PAYERS = text("SELECT y.id, c.external_id FROM payments y LEFT JOIN customers c ON c.id = y.customer_id")
_REVERSALS = text("SELECT count(*) FROM allocations WHERE reversed_at IS NOT NULL")
_PROPOSALS = text(
    "SELECT l.bank_reference AS key, p.reading FROM proposals p JOIN statement_lines l ON l.id = p.line_id "
    "WHERE p.state = 'open' ORDER BY l.bank_reference, p.rank"
)
_NAMES = {
    "customers": text("SELECT id, external_id AS name FROM customers"),
    "invoices": text("SELECT id, number AS name FROM invoices"),
    "notes": text("SELECT id, number AS name FROM credit_notes"),
}
_CLOSES = {
    "payment": Closes.PAYMENT, "credit_note": Closes.CREDIT_NOTE, "discount": Closes.DISCOUNT, "fee": Closes.FEE,
    "write_off": Closes.FEE,
}  # fmt: skip


@dataclass
class Outcomes:
    """What was done by the key of the line, what is proposed for those that wait, and how often a thing was undone."""

    done: dict[str, Done] = field(default_factory=dict)
    proposed: dict[str, list[Done]] = field(default_factory=dict)
    reversals: int = 0


def read(session: Session, customers: Iterable[Customer], *, but_by: str | None = None) -> Outcomes:
    """The books as they stand, in a handful of queries; what `but_by` decided counts as not done."""
    index_of = {one.number: one.index for one in customers}
    given: dict[str, list[Share]] = defaultdict(list)
    for row in session.execute(_ALLOCATIONS):
        given[row.payment_id].append(Share(row.number, row.amount_minor, _CLOSES[row.kind], row.note))
    payers = {row[0]: index_of.get(row[1]) for row in session.execute(_PAYERS)}
    outcomes = Outcomes(reversals=session.execute(_REVERSALS).scalar_one())
    for row in session.execute(_LINES):
        if row.match_id is not None and row.decided_by != but_by:
            before = outcomes.done.get(row.key, Done())
            outcomes.done[row.key] = _with_part(before, row, given, payers)
    outcomes.proposed = _proposed(session, index_of)
    return outcomes


def _with_part(
    done: Done, part: Any, given: Mapping[str, list[Share]], payers: Mapping[str, int | None]
) -> Done:
    """`done` and one more part of the match."""
    if (
        part.kind is None
    ):  # ignored by a person or a rule: nobody's money, and of no nature we have a word for
        return Done((*done.natures, "other"))
    if part.kind != "payment":
        return Done((*done.natures, part.kind), done.customer, done.shares, done.on_account_minor)
    shares = tuple(given.get(part.object_id, ()))
    money = sum(share.amount_minor for share in shares if share.closes is Closes.PAYMENT)
    return Done(
        (*done.natures, part.kind), payers[part.object_id], done.shares + shares,
        done.on_account_minor + part.amount_minor - money,
    )  # fmt: skip


def _proposed(session: Session, index_of: Mapping[str, int]) -> dict[str, list[Done]]:
    names = {noun: {row[0]: row[1] for row in session.execute(query)} for noun, query in _NAMES.items()}
    found: dict[str, list[Done]] = defaultdict(list)
    for row in session.execute(_PROPOSALS):
        found[row.key].append(_reading(row.reading, names, index_of))
    return found


def _reading(
    told: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], index_of: Mapping[str, int]
) -> Done:
    """A proposal's reading in the words of the year."""
    shares = tuple(
        Share(
            names["invoices"][share["invoice_id"]], share["amount_minor"], _CLOSES[share["kind"]],
            names["notes"].get(share.get("credit_note_id") or ""),
        )
        for share in told["shares"]
    )  # fmt: skip
    customer = index_of.get(names["customers"].get(told["customer_id"] or "", ""))
    return Done(("payment",), customer, shares, told["on_account_minor"])
