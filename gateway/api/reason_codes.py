"""/v1/reason-codes: what follows from each reason for which a debit fails, and what a creditor does otherwise."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.shapes import Id
from gateway.session import CurrentSession, Reader, SetterUp, TransactionalRoute
from ledger import creditors
from mandates import effects, reason_policies
from mandates.reason_codes import NextStep
from mandates.reason_policies import Rule

router = APIRouter(prefix="/v1", tags=["reason codes"], route_class=TransactionalRoute)

Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,35}$", examples=["AM04"])]


class EffectsOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    debit: str
    mandate: str
    invoice: str
    customer: str


class ReasonCodeOut(BaseModel):
    code: str
    meaning: str
    used_in: list[str] = Field(description="`reject`, `return`, `refund`, `reversal`")
    step: str = Field(description="`retry`, `data`, `stop`, `end`, `dispute` or `operations`")
    chosen_by_creditor: bool = Field(description="Whether `step` is the creditor's own choice.")
    effects: EffectsOut
    fee_may_be_charged_on: bool
    most_retries: int | None = Field(
        description="Fewer than the creditor's terms may allow; null for no limit."
    )
    source: str


class ReasonCodesOut(BaseModel):
    data: list[ReasonCodeOut]


class StepIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    step: NextStep


@router.get("/reason-codes")
def list_reason_codes(session: CurrentSession, act: Reader, creditor_id: Id | None = None) -> ReasonCodesOut:
    """The whole table, with a creditor's own steps where one is named."""
    if creditor_id is not None:
        creditors.get(session, creditor_id)
    return ReasonCodesOut(data=[shown(rule) for rule in reason_policies.rules(session, creditor_id)])


@router.put("/creditors/{creditor_id}/reason-codes/{code}")
def choose_step(
    creditor_id: Id, code: Code, body: StepIn, session: CurrentSession, act: SetterUp
) -> ReasonCodeOut:
    """From now on this creditor takes another step; some steps nobody can choose, and the refusal says why."""
    return shown(reason_policies.choose(session, creditor_id, code, body.step, act=act))


@router.delete("/creditors/{creditor_id}/reason-codes/{code}")
def forget_step(creditor_id: Id, code: Code, session: CurrentSession, act: SetterUp) -> ReasonCodeOut:
    """What the table says holds again for this creditor."""
    return shown(reason_policies.forget(session, creditor_id, code, act=act))


def shown(rule: Rule) -> ReasonCodeOut:
    """One row of the table as it is told outside."""
    row = rule.row
    return ReasonCodeOut(
        code=row.code, meaning=row.meaning, used_in=[str(use) for use in row.used_in], step=rule.step,
        chosen_by_creditor=rule.chosen, effects=EffectsOut.model_validate(effects.of(row, rule.step)),
        fee_may_be_charged_on=row.fee_is_customers, most_retries=row.most_retries, source=row.source,
    )  # fmt: skip
