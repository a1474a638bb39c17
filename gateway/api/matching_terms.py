"""/v1/creditors/{id}/matching-terms: what makes a match certain, what is tolerated, and what a change would do."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import Day, Id, Minor, Whole
from gateway.roles import Permission
from gateway.session import CurrentSession, Reader, SetterUp, TransactionalRoute, idempotent
from ledger import creditors
from ledger.acts import Act
from reconciliation.models import MatchingTerms
from reconciliation.transfers import dry_runs, terms
from reconciliation.transfers.certainty import Terms
from reconciliation.transfers.dry_runs import Change, Decided, Difference, DryRun
from reconciliation.transfers.evidence import Doubt, Evidence

MOST_TOLD = 500
router = APIRouter(
    prefix="/v1/creditors/{creditor_id}/matching-terms",
    tags=["matching terms"],
    route_class=TransactionalRoute,
)


_Trier = Annotated[Act, Depends(idempotent(Permission.READ, required=False))]


class RowShape(BaseModel):
    """A row is met when of each list in `needs` one is there, and no doubt is but those in `despite`."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=60, examples=["account_and_amount"])
    grade: int = Field(
        strict=True, ge=0, le=terms.LAST_GRADE,
        description="Of lines that want the same invoice the one with the smaller grade gets it.",
    )  # fmt: skip
    needs: list[list[Evidence]] = Field(max_length=20)
    despite: list[Doubt] = []
    applied: bool = Field(
        default=True, description="False: a reading that meets it still waits for a person."
    )


class TermsShape(BaseModel):
    """The whole table in its order: the first row that is met decides."""

    model_config = ConfigDict(extra="forbid")

    charge_minor: Minor = Field(
        description="A bank's charge up to this is borne by us on payments from abroad."
    )
    grace_days: Whole = Field(description="A discount counts so many days longer than agreed.")
    rows: list[RowShape] = Field(max_length=terms.MOST_ROWS)

    def read(self) -> Terms:
        """As the domain reads it. Raises UnreadableTerms."""
        return Terms.from_json(self.model_dump(mode="json"))


class SetTerms(BaseModel):
    """Terms that were set, by whom and when; without an id those that hold where nothing was set."""

    id: str | None
    set_at: datetime | None
    set_by: str | None
    terms: TermsShape


class Trial(BaseModel):
    """Terms to try on the credits of a period, both days included; without days, on those of last month."""

    model_config = ConfigDict(extra="forbid")

    terms: TermsShape
    since: Day | None = None
    until: Day | None = None


class DecidedOut(BaseModel):
    """What terms say of a credit."""

    row: str | None = Field(description="The row of the table that its best reading meets.")
    applied: bool = Field(description="Whether it is applied without a person; otherwise it waits.")
    reading: dict[str, Any] | None = Field(description="What is applied, as in a proposal.")
    because: list[str]


class DifferenceOut(BaseModel):
    """A credit that the terms in force and those that were tried decide otherwise."""

    line_id: str
    booked_on: date
    amount_minor: int
    currency: str
    is_matched: bool = Field(description="It has been matched by itself; else it waits.")
    change: Change
    before: DecidedOut
    after: DecidedOut


class DryRunOut(BaseModel):
    """What a change of terms would do; nothing was written."""

    since: date
    until: date
    matched_lines: int = Field(description="Credits that were matched by themselves and looked at again.")
    waiting_lines: int
    applied: int = Field(description="Credits that would be applied and wait with the terms in force.")
    waits: int = Field(description="Credits that would wait and are applied with the terms in force.")
    otherwise: int = Field(description="Credits that would be applied in another way.")
    data: list[DifferenceOut] = Field(description=f"The first {MOST_TOLD} of them, the oldest first.")


@router.get("")
def get_matching_terms(creditor_id: Id, session: CurrentSession, act: Reader) -> SetTerms:
    """The terms in force."""
    return _in_force(session, creditors.get(session, creditor_id).id)


@router.put("")
def set_matching_terms(creditor_id: Id, body: TermsShape, session: CurrentSession, act: SetterUp) -> SetTerms:
    """Put other terms in force from the next run on. What was matched before stays; try them in a dry run first."""
    terms.replace(session, creditor_id, body.read(), act=act)
    return _in_force(session, creditor_id)


@router.post("/dry-run")
def try_matching_terms(creditor_id: Id, body: Trial, session: CurrentSession, act: _Trier) -> DryRunOut:
    """What other terms would have decided otherwise, and why. Nothing is written."""
    since, until = dry_runs.last_month(act.today)
    owner = creditors.get(session, creditor_id).id
    return tried(
        dry_runs.dry_run(
            session, owner, body.terms.read(), since=body.since or since, until=body.until or until
        )
    )


@router.get("/history")
def list_matching_terms(
    creditor_id: Id, session: CurrentSession, act: Reader, cursor: AtCursor
) -> Page[SetTerms]:
    """Every table that was set, the oldest first."""
    found = terms.history(creditors.get(session, creditor_id).id)
    return page(session, found, MatchingTerms.id, cursor, told)


def told(row: MatchingTerms) -> SetTerms:
    """A stored table as it is told."""
    return SetTerms(id=row.id, set_at=row.set_at, set_by=row.set_by, terms=shape(row.content))


def shape(content: dict[str, Any]) -> TermsShape:
    """The table that `Terms.to_json` gave."""
    return TermsShape.model_validate(content)


def tried(run: DryRun) -> DryRunOut:
    """A dry run as it is told."""
    return DryRunOut(
        since=run.since, until=run.until, matched_lines=run.matched_lines, waiting_lines=run.waiting_lines,
        **{str(change): run.count(change) for change in Change},
        data=[_difference(one) for one in run.differences[:MOST_TOLD]],
    )  # fmt: skip


def _difference(one: Difference) -> DifferenceOut:
    return DifferenceOut(
        line_id=one.line_id, booked_on=one.booked_on, amount_minor=one.amount_minor, currency=one.currency,
        is_matched=one.is_matched, change=one.change, before=_decided(one.before), after=_decided(one.after),
    )  # fmt: skip


def _decided(one: Decided) -> DecidedOut:
    reading = None if one.applied is None else one.applied.to_json()
    return DecidedOut(row=one.row, applied=reading is not None, reading=reading, because=list(one.because))


def _in_force(session: CurrentSession, creditor_id: str) -> SetTerms:
    row = terms.last(session, creditor_id)
    if row is None:
        return SetTerms(id=None, set_at=None, set_by=None, terms=shape(Terms().to_json()))
    return told(row)
