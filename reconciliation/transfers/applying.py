"""From decided readings to the books: payments, allocations, what is granted beside them, and what is learnt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import allocations, grants, payments, recorded_payments
from ledger.acts import Act
from ledger.allocations import Wish
from ledger.grants import Grant
from ledger.models import AllocationKind, Method
from ledger.payments import Receipt
from reconciliation.models import LineState, PartKind
from reconciliation.outcomes import Explained, Part
from reconciliation.transfers.reading import Reading, Share

CAUSE = "statement_line.matched"
_GRANTED = frozenset({AllocationKind.DISCOUNT, AllocationKind.WRITE_OFF, AllocationKind.FEE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A credit and the reading that somebody decided on: a rule by its name, or a person.

    `evidence` are the reasons as sentences; amounts in minor units of `currency`.
    """

    line_id: str
    bank_account_id: str
    creditor_id: str
    amount_minor: int
    currency: str
    booked_on: date
    reading: Reading
    rule: str
    decided_by: str
    evidence: tuple[str, ...]


def apply(session: Session, decisions: Sequence[Decision], *, act: Act) -> dict[str, Explained]:
    """Make the money of each credit a payment, and give it as its reading says; gives by line id what it became.

    Credit notes and then invoices are locked in id order. Raises what ledger.allocations.allocate and
    ledger.grants.grant raise when an invoice has not that much open any more; nothing is changed then.
    """
    if not decisions:
        return {}
    received = _receive(session, [one for one in decisions if one.reading.payment_id is None], act)
    paid_by = _meet(session, decisions, act)
    paid_by |= {line_id: payment_id for line_id, (payment_id, _) in received.items()}
    wishes = [wish for one in decisions for wish in _wishes(one, paid_by[one.line_id])]
    allocations.allocate(session, wishes, act=act, cause=CAUSE, received=dict(received.values()))
    granted = [grant for one in decisions for grant in _grants(one, paid_by[one.line_id])]
    grants.grant(session, granted, act=act, cause=CAUSE)
    return {one.line_id: _explained(one, paid_by[one.line_id]) for one in decisions}


def still_open(session: Session, ids: Iterable[str]) -> dict[str, int]:
    """What these payments in transit, credit notes and invoices have open now.

    They are locked until the transaction ends, in this order and each in id order.
    """
    wanted = sorted(set(ids))
    found: dict[str, int] = {}
    for prefix, query in (("pay_", _LOCK_IN_TRANSIT), ("cdn_", _LOCK_NOTES), ("inv_", _LOCK_BILLS)):
        own = [one for one in wanted if one.startswith(prefix)]
        if own:
            found.update((row.id, row.open_minor) for row in session.execute(query, {"ids": own}))
    return found


_LOCK_IN_TRANSIT = text(
    "SELECT id, CASE WHEN met_at IS NULL AND state = 'provisional' THEN amount_minor ELSE 0 END AS open_minor "
    "FROM payments WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
)
_LOCK_NOTES = text("SELECT id, open_minor FROM credit_notes WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
_LOCK_BILLS = text(
    "SELECT id, CASE WHEN collection_status IN ('cancelled', 'written_off') THEN 0 ELSE open_minor END AS open_minor "
    "FROM invoices WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
)


def _receive(session: Session, decisions: Sequence[Decision], act: Act) -> dict[str, tuple[str, Receipt]]:
    """A new payment of each line, by line: what its reading gives away of it is counted when it is made."""
    receipts = [
        Receipt(
            creditor_id=one.creditor_id, bank_account_id=one.bank_account_id, customer_id=one.reading.customer_id,
            method=Method.TRANSFER, currency=one.currency, amount_minor=one.amount_minor, received_on=one.booked_on,
        )
        for one in decisions
    ]  # fmt: skip
    spoken_for = [
        min(
            one.amount_minor,
            sum(share.amount_minor for share in shares_of(one.reading, (AllocationKind.PAYMENT,))),
        )
        for one in decisions
    ]  # more than there is, allocating refuses
    made = payments.receive(session, receipts, act=act, cause=CAUSE, spoken_for=spoken_for)
    lines = [one.line_id for one in decisions]
    return dict(zip(lines, zip(made, receipts, strict=True), strict=True))


def _meet(session: Session, decisions: Sequence[Decision], act: Act) -> dict[str, str]:
    """The payments that were recorded before, by the line that is theirs."""
    met = {one.line_id: one.reading.payment_id for one in decisions if one.reading.payment_id is not None}
    days = {one.line_id: one.booked_on for one in decisions}
    recorded_payments.meet(
        session, {met[line_id]: days[line_id] for line_id in sorted(met)}, act=act, cause=CAUSE
    )
    return met


def _wishes(one: Decision, payment_id: str) -> list[Wish]:
    return [
        Wish(
            source_id=payment_id if share.kind == AllocationKind.PAYMENT else str(share.credit_note_id),
            invoice_id=share.invoice_id, amount_minor=share.amount_minor, allocated_on=one.booked_on,
            decided_by=one.decided_by, evidence=one.evidence,
            beside_payment_id=payment_id if share.kind == AllocationKind.CREDIT_NOTE else None,
        )
        for share in one.reading.shares
        if share.kind not in _GRANTED and one.reading.payment_id is None
    ]  # fmt: skip


def _grants(one: Decision, payment_id: str) -> list[Grant]:
    return [
        Grant(
            invoice_id=share.invoice_id, kind=share.kind, amount_minor=share.amount_minor,
            granted_on=one.booked_on, decided_by=one.decided_by, evidence=one.evidence,
            beside_payment_id=payment_id, reason=share.reason,
        )
        for share in one.reading.shares
        if share.kind in _GRANTED
    ]  # fmt: skip


def _explained(one: Decision, payment_id: str) -> Explained:
    return Explained(
        rule=one.rule, state=_state(one.reading), evidence=one.evidence,
        parts=(Part(PartKind.PAYMENT, one.amount_minor, payment_id),),
    )  # fmt: skip


def _state(reading: Reading) -> LineState:
    """Matched, or partly where some of the money stays on account though invoices got the rest."""
    return LineState.PARTLY_MATCHED if reading.on_account_minor and reading.shares else LineState.MATCHED


def shares_of(reading: Reading, kinds: Iterable[AllocationKind]) -> list[Share]:
    """The shares of these kinds."""
    wanted = frozenset(kinds)
    return [share for share in reading.shares if share.kind in wanted]
