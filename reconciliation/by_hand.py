"""What a person decides about a waiting line: whose payment it is, and which invoices it pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import allocations, creditors, customers, payments
from ledger.acts import Act
from ledger.allocations import Wish
from ledger.errors import Conflict, NotFound
from ledger.models import Method, Payment
from ledger.payments import Receipt
from reconciliation import matching
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Part

RULE = "by_hand"


class LineNotFound(NotFound):
    """There is no such statement line."""


class LineNotWaiting(Conflict):
    """Only a booked credit that still waits can become a payment."""


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a payment that one invoice gets; above zero."""

    invoice_id: str
    amount_minor: int


def record_payment(
    session: Session, *, line_id: str, customer_id: str, shares: Sequence[Share] = (), act: Act
) -> Payment:
    """Make a waiting credit a payment of a customer, and allocate `shares` of it; the rest is on account.

    Raises LineNotFound, LineNotWaiting, CustomerNotFound, or what ledger.allocations.allocate raises.
    """
    line = _lock(session, line_id)
    if line.provisional:
        raise LineNotWaiting(
            f"Line {line_id} is only announced: no statement has booked it.", field="line_id"
        )
    if line.amount_minor <= 0 or line.state not in (LineState.NEW, LineState.UNEXPLAINED, LineState.PROPOSED):
        raise LineNotWaiting(f"Line {line_id} is {line.state} and cannot become a payment.", field="line_id")
    customers.get(session, customer_id)
    account = creditors.get_bank_account(session, line.bank_account_id)
    receipt = Receipt(
        creditor_id=account.creditor_id, bank_account_id=account.id, customer_id=customer_id,
        method=Method.TRANSFER, currency=line.currency, amount_minor=line.amount_minor,
        received_on=line.booked_on,
    )  # fmt: skip
    payment_id = payments.receive(session, [receipt], act=act, cause="statement_line.matched")[0]
    evidence = ("A person decided.",)
    outcome = Explained(
        rule=RULE, state=LineState.MATCHED, evidence=evidence,
        parts=(Part(PartKind.PAYMENT, line.amount_minor, payment_id),),
    )  # fmt: skip
    matching.apply_by_hand(session, line, outcome, act=act)
    wishes = [
        Wish(
            source_id=payment_id, invoice_id=share.invoice_id, amount_minor=share.amount_minor,
            allocated_on=line.booked_on, decided_by=act.actor, evidence=evidence,
        )
        for share in shares
    ]  # fmt: skip
    allocations.allocate(session, wishes, act=act, cause="statement_line.matched")
    return payments.get(session, payment_id)


def _lock(session: Session, line_id: str) -> StatementLine:
    found = session.scalars(
        select(StatementLine)
        .where(StatementLine.id == line_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise LineNotFound(f"There is no statement line {line_id[:40]}.", field="line_id")
    return found
