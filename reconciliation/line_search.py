"""Finding the lines that a person has to decide about: by state, amount, day, text and customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, or_, select

from ledger.models import Customer, Payment
from reconciliation.models import (
    LineState,
    Match,
    MatchPart,
    PartKind,
    Proposal,
    ProposalState,
    StatementLine,
)
from reconciliation.waiting_lines import WAITING

_TEXTS = (
    StatementLine.remittance, StatementLine.counterparty_name, StatementLine.reference,
    StatementLine.end_to_end_id,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What lines are looked for; None stands for any. Amounts are signed, in minor units, both ends included.

    `text` must stand in the remittance, the name of the other side or a reference, whatever its case. `customer_id` is
    who brought the money, or is proposed to have, or whose account it came from. `waiting` are booked lines that
    nobody has explained.
    """

    state: LineState | None = None
    waiting: bool = False
    statement_id: str | None = None
    bank_account_id: str | None = None
    least_minor: int | None = None
    most_minor: int | None = None
    first_on: date | None = None
    last_on: date | None = None
    text: str | None = None
    customer_id: str | None = None


def query(wanted: Wanted) -> Select[StatementLine]:
    """The lines that are wanted, in no order."""
    equal = {
        StatementLine.state: wanted.state, StatementLine.statement_id: wanted.statement_id,
        StatementLine.bank_account_id: wanted.bank_account_id,
    }  # fmt: skip
    conditions: list[ColumnElement[bool]] = [
        column == value for column, value in equal.items() if value is not None
    ]
    if wanted.waiting:
        conditions += [StatementLine.state.in_(WAITING), ~StatementLine.provisional]
    if wanted.least_minor is not None:
        conditions.append(StatementLine.amount_minor >= wanted.least_minor)
    if wanted.most_minor is not None:
        conditions.append(StatementLine.amount_minor <= wanted.most_minor)
    if wanted.first_on is not None:
        conditions.append(StatementLine.booked_on >= wanted.first_on)
    if wanted.last_on is not None:
        conditions.append(StatementLine.booked_on <= wanted.last_on)
    if wanted.text is not None:
        conditions.append(or_(*(column.icontains(wanted.text, autoescape=True) for column in _TEXTS)))
    if wanted.customer_id is not None:
        conditions.append(_of_customer(wanted.customer_id))
    return select(StatementLine).where(*conditions)


def _of_customer(customer_id: str) -> ColumnElement[bool]:
    proposed = select(Proposal.line_id).where(
        Proposal.state == ProposalState.OPEN, Proposal.reading["customer_id"].astext == customer_id
    )
    paid = (
        select(Match.line_id)
        .join(MatchPart, MatchPart.match_id == Match.id)
        .join(Payment, and_(Payment.id == MatchPart.object_id, Payment.customer_id == customer_id))
        .where(Match.undone_at.is_(None), MatchPart.kind == PartKind.PAYMENT)
    )
    account = select(Customer.iban).where(Customer.id == customer_id, Customer.iban.is_not(None))
    return or_(
        StatementLine.id.in_(proposed),
        StatementLine.id.in_(paid),
        StatementLine.counterparty_account.in_(account),
    )
