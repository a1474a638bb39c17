"""State machines: tables of legal moves, and the one function that moves things and writes their history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import audit
from ledger.acts import Act
from ledger.database import expire_rows
from ledger.errors import Conflict


class CollectionStatus(StrEnum):
    """Where the collection of an invoice stands."""

    NOT_DUE = "not_due"
    DUE = "due"
    OVERDUE = "overdue"
    COLLECTING = "collecting"
    PARTLY_PAID = "partly_paid"
    PAID_PROVISIONAL = "paid_provisional"
    PAID = "paid"
    DISPUTED = "disputed"
    PROMISED = "promised"
    IN_PLAN = "in_plan"
    WRITTEN_OFF = "written_off"
    CANCELLED = "cancelled"


class PaymentState(StrEnum):
    """How sure the money of a payment is."""

    PENDING = "pending"
    PROVISIONAL = "provisional"
    FINAL = "final"
    RETURNED = "returned"
    REFUNDED = "refunded"
    CHARGED_BACK = "charged_back"
    CANCELLED = "cancelled"


class RefundState(StrEnum):
    """Money on its way back: asked for, then seen leaving on a statement."""

    REQUESTED = "requested"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Machine:
    """The states of the things in one table: `column` holds the state, `moves` maps each state to its next ones."""

    noun: str
    table: str
    column: str
    moves: Mapping[str, frozenset[str]]

    def before(self, to: str) -> list[str]:
        """The states from which `to` may be reached."""
        return [state for state, following in self.moves.items() if to in following]


def moves(table: Mapping[StrEnum, tuple[StrEnum, ...]]) -> dict[str, frozenset[str]]:
    """The moves of a Machine, from a table that reads like the rule book."""
    return {str(state): frozenset(str(to) for to in following) for state, following in table.items()}


PAYMENT = Machine(
    noun="payment",
    table="payments",
    column="state",
    moves=moves(
        {
            PaymentState.PENDING: (PaymentState.PROVISIONAL, PaymentState.FINAL, PaymentState.CANCELLED),
            PaymentState.PROVISIONAL: (
                PaymentState.FINAL,
                PaymentState.RETURNED,
                PaymentState.REFUNDED,
                PaymentState.CHARGED_BACK,
                PaymentState.CANCELLED,
            ),
            # A debit without a valid mandate can be claimed back for 13 months, long after it became final. What was
            # recorded before its statement line is in transit again when the line turns out not to be its own.
            PaymentState.FINAL: (
                PaymentState.PROVISIONAL,
                PaymentState.RETURNED,
                PaymentState.REFUNDED,
                PaymentState.CHARGED_BACK,
                PaymentState.CANCELLED,
            ),
            PaymentState.RETURNED: (),
            PaymentState.REFUNDED: (),
            PaymentState.CHARGED_BACK: (),
            PaymentState.CANCELLED: (),
        }
    ),
)

REFUND = Machine(
    noun="refund",
    table="refunds",
    column="state",
    moves=moves(
        {
            RefundState.REQUESTED: (RefundState.PAID, RefundState.CANCELLED),
            RefundState.PAID: (),
            RefundState.CANCELLED: (),
        }
    ),
)


_OPEN = (
    CollectionStatus.NOT_DUE,
    CollectionStatus.DUE,
    CollectionStatus.OVERDUE,
    CollectionStatus.COLLECTING,
    CollectionStatus.PARTLY_PAID,
    CollectionStatus.DISPUTED,
    CollectionStatus.PROMISED,
    CollectionStatus.IN_PLAN,
)
_PAID = (CollectionStatus.PAID_PROVISIONAL, CollectionStatus.PAID)
_ENDED = (CollectionStatus.WRITTEN_OFF, CollectionStatus.CANCELLED)

# The status follows from facts (ledger.invoices.status_of), so every open one can turn into every other;
# what is paid or written off reopens when money goes back or a write-off is reversed; what is cancelled stays so.
INVOICE = Machine(
    noun="invoice",
    table="invoices",
    column="collection_status",
    moves=moves(
        {
            **{status: (*(other for other in _OPEN if other != status), *_PAID, *_ENDED) for status in _OPEN},
            CollectionStatus.PAID_PROVISIONAL: (*_OPEN, CollectionStatus.PAID),
            CollectionStatus.PAID: (*_OPEN, CollectionStatus.PAID_PROVISIONAL),
            CollectionStatus.WRITTEN_OFF: (*_OPEN, *_PAID),
            CollectionStatus.CANCELLED: (),
        }
    ),
)


class IllegalMove(Conflict):
    """A state machine does not know this move, or somebody else moved first."""


def require_legal(machine: Machine, thing: str, state: str, to: str) -> None:
    """Raises IllegalMove unless a thing in `state` may become `to`."""
    if to not in machine.moves.get(state, ()):
        noun = machine.noun.replace("_", " ").capitalize()
        raise IllegalMove(f"{noun} {thing} is {state} and cannot become {to}.", id=thing, state=state)


_MOVE = """
WITH before AS (
    SELECT id, {column} AS state FROM {table} WHERE id = ANY(:ids) ORDER BY id FOR UPDATE
), verdict AS (
    SELECT count(*) = :count AND bool_and(state = ANY(:legal)) AS all_legal FROM before
), moved AS (
    UPDATE {table} AS things SET {column} = :to, version = things.version + 1 {also}
    FROM before {given}, verdict
    WHERE things.id = before.id AND things.id = ANY(:ids) AND verdict.all_legal
    RETURNING things.id, before.state AS was
), remembered AS (
    INSERT INTO state_changes (object_id, from_state, to_state, at, actor, reason)
    SELECT id, was, :to, :at, :actor, :reason FROM moved ORDER BY id
)
SELECT id, state AS was FROM before ORDER BY id
"""


_GIVEN = (
    "JOIN unnest(CAST(:ids AS text[]), CAST(:given AS bigint[])) AS given (id, minor) ON given.id = before.id"
)


def move(
    session: Session,
    machine: Machine,
    ids: Sequence[str],
    to: str,
    *,
    act: Act,
    reason: str | None = None,
    clearing: str | None = None,
    adding: tuple[str, Mapping[str, int]] | None = None,
) -> None:
    """Move every thing in `ids` to state `to`, with a history row and an audit record each.

    The rows are locked in id order and all of them move, or none. Raises IllegalMove, naming the first thing that
    is not in a state from which `to` is legal. The same write empties the column `clearing`, and adds to a column of
    minor units what `adding` has by id; a row that is written twice in a transaction costs thrice as much.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return
    session.flush()
    sums, given = adding or ("", {})
    also = (f", {clearing} = NULL" if clearing else "") + (f", {sums} = {sums} + given.minor" if sums else "")
    statement = _MOVE.format(
        table=machine.table, column=machine.column, also=also, given=_GIVEN if sums else ""
    )
    facts = {
        "ids": wanted, "count": len(wanted), "to": str(to), "legal": machine.before(to),
        "at": act.at, "actor": act.actor, "reason": reason,
    }  # fmt: skip
    if sums:
        facts["given"] = [given.get(thing, 0) for thing in wanted]
    held = session.execute(text(statement), facts)
    before = {row.id: row.was for row in held}
    if len(before) < len(wanted) or not set(before.values()) <= set(machine.before(to)):
        for thing in wanted:
            require_legal(machine, thing, before.get(thing, "missing"), to)
    changed = [machine.column, "version", *filter(None, (clearing, sums))]
    expire_rows(session, machine.table, wanted, changed)
    for was in sorted(set(before.values())):
        those = [thing for thing in wanted if before[thing] == was]
        audit.record_each(
            session, f"{machine.noun}.{to}", those, act=act, why=reason, before=was, after=str(to)
        )


def born(
    session: Session,
    ids: Sequence[str],
    state: str,
    *,
    noun: str,
    act: Act,
    reason: str | None = None,
) -> None:
    """The first history row and audit record of new things that start in `state`."""
    session.execute(
        text(
            "INSERT INTO state_changes (object_id, from_state, to_state, at, actor, reason) "
            "SELECT id, NULL, :to, :at, :actor, :reason FROM unnest(CAST(:ids AS text[])) AS id"
        ),
        {"ids": list(ids), "to": str(state), "at": act.at, "actor": act.actor, "reason": reason},
    )
    audit.record_each(session, f"{noun}.created", ids, act=act, why=reason, after=str(state))
