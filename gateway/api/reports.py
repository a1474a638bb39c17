"""/v1/reports: figures about what is collected."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel, Field

from credit_control import cash_at_risk
from credit_control.cash_at_risk import CashAtRisk, Sum
from gateway.api.shapes import Day, Id
from gateway.session import CurrentSession, Reader, TransactionalRoute

router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=TransactionalRoute)


class SumOut(BaseModel):
    count: int
    amount_minor: int


class TailOut(SumOut):
    months: int = Field(description="How long a debit can be claimed back as collected without a mandate.")


class DayOut(SumOut):
    reversible_until: date = Field(description="The last day on which these collections can come back.")
    scheme: str


class CashAtRiskOut(BaseModel):
    as_of: date
    creditor_id: str | None
    currency: str = "EUR"
    days: list[DayOut]
    schemes: dict[str, SumOut]
    total: SumOut
    unauthorised: TailOut = Field(
        description="Beyond it: final money that could only come back as collected without a mandate."
    )


@router.get("/cash-at-risk")
def cash_at_risk_report(
    session: CurrentSession, act: Reader, creditor_id: Id | None = None, as_of: Day | None = None
) -> CashAtRiskOut:
    """Collected money that could still come back, by the last day on which it could and by scheme."""
    return shown(cash_at_risk.report(session, today=act.today, as_of=as_of, creditor_id=creditor_id))


def shown(report: CashAtRisk) -> CashAtRiskOut:
    """The report as it is told outside."""
    return CashAtRiskOut(
        as_of=report.as_of,
        creditor_id=report.creditor_id,
        days=[
            DayOut(reversible_until=one.reversible_until, scheme=one.scheme, **_sum(one.at_risk))
            for one in report.days
        ],
        schemes={str(scheme): SumOut(**_sum(one)) for scheme, one in report.by_scheme.items()},
        total=SumOut(**_sum(report.total)),
        unauthorised=TailOut(months=cash_at_risk.UNAUTHORISED_MONTHS, **_sum(report.unauthorised)),
    )


def _sum(one: Sum) -> dict[str, int]:
    return {"count": one.count, "amount_minor": one.amount_minor}
