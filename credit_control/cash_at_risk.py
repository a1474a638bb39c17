"""Cash at risk: collected money that could still come back, by the last day on which it could and by scheme."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import creditors
from ledger.errors import Rejected
from mandates.models import Scheme

# A debit without a valid mandate can be claimed back for 13 months (Directive (EU) 2015/2366, articles 71 and 77).
UNAUTHORISED_MONTHS = 13


class NotInThePast(Rejected):
    """What was at risk on a day gone by is not known any more."""


@dataclass(frozen=True, slots=True)
class Sum:
    """How many collections, and how much money in EUR cents."""

    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Day:
    """The collections of one scheme that can come back until the end of `reversible_until`."""

    reversible_until: date
    scheme: Scheme
    at_risk: Sum


@dataclass(frozen=True, slots=True)
class CashAtRisk:
    """What could still come back from the day `as_of` on: by day and scheme, by scheme, and in all.

    `unauthorised` is the tail beyond it: money that is final and could only come back as an unauthorised debit.
    """

    as_of: date
    creditor_id: str | None
    days: tuple[Day, ...]
    by_scheme: dict[Scheme, Sum]
    total: Sum
    unauthorised: Sum


_AT_RISK = text(
    """
    SELECT payments.reversible_until, mandates.scheme, count(*) AS debits, sum(payments.amount_minor)::bigint AS amount
    FROM payments
    JOIN debits ON debits.payment_id = payments.id
    JOIN mandates ON mandates.id = debits.mandate_id
    WHERE payments.state = 'provisional' AND payments.reversible_until >= :as_of
    AND (CAST(:creditor_id AS text) IS NULL OR payments.creditor_id = :creditor_id)
    GROUP BY payments.reversible_until, mandates.scheme
    ORDER BY payments.reversible_until, mandates.scheme DESC
    """
)
_FINAL = text(
    """
    SELECT count(*) AS debits, coalesce(sum(payments.amount_minor), 0)::bigint AS amount
    FROM payments
    WHERE payments.method = 'direct_debit'
    AND (payments.state = 'final' OR payments.state = 'provisional' AND payments.reversible_until < :as_of)
    AND payments.received_on + make_interval(months => :months) >= :as_of
    AND (CAST(:creditor_id AS text) IS NULL OR payments.creditor_id = :creditor_id)
    """
)


def report(
    session: Session, *, today: date, as_of: date | None = None, creditor_id: str | None = None
) -> CashAtRisk:
    """The cash at risk of one creditor or of all, today or on a day to come, of what has been collected so far.

    The whole collection counts, whatever of it was given to invoices: that much the bank can take. Raises
    CreditorNotFound, or NotInThePast.
    """
    day = as_of or today
    if day < today:
        raise NotInThePast("This is told for today and later days.", field="as_of")
    if creditor_id is not None:
        creditors.get(session, creditor_id)
    asked = {"as_of": day, "creditor_id": creditor_id}
    days = tuple(
        Day(row.reversible_until, Scheme(row.scheme), Sum(row.debits, row.amount))
        for row in session.execute(_AT_RISK, asked)
    )
    final = session.execute(_FINAL, {**asked, "months": UNAUTHORISED_MONTHS}).one()
    by_scheme = {scheme: _sum([one for one in days if one.scheme == scheme]) for scheme in Scheme}
    return CashAtRisk(day, creditor_id, days, by_scheme, _sum(days), Sum(final.debits, final.amount))


def _sum(days: tuple[Day, ...] | list[Day]) -> Sum:
    return Sum(sum(one.at_risk.count for one in days), sum(one.at_risk.amount_minor for one in days))
