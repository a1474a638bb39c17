"""/v1/payback-batches: money that goes back, drafted by one, approved by another, released once."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from exporters import payback_findings, paybacks, stored_files
from exporters.models import StoredFile
from gateway.api.files import as_download
from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import Day, FileOut, Id, Reason
from gateway.session import CurrentSession, Reader, Settler, SettlerOnce, TransactionalRoute
from mandates import paybacks as batches
from mandates import reversals
from mandates.payback_drafting import RefundWishes
from mandates.payback_models import PaybackBatch, PaybackKind, ReversalReason

router = APIRouter(prefix="/v1/payback-batches", tags=["paybacks"], route_class=TransactionalRoute)

MOST = 5_000  # refunds or debits named in one request


class PaybackIn(BaseModel):
    """Refunds into a pain.001, or reversals of single debits or of a whole debit batch into a pain.007.

    Refunds are executed on the first possible day, or on `execute_on`. A refund of money that the bank can still
    take back is approved only with `accept_provisional`.
    """

    model_config = ConfigDict(extra="forbid")

    kind: PaybackKind
    refund_ids: list[Id] = Field(default_factory=list, max_length=MOST)
    debit_ids: list[Id] = Field(default_factory=list, max_length=MOST)
    batch_id: Id | None = Field(
        default=None, description="Reverse all of this debit batch that can be reversed."
    )
    reason: ReversalReason | None = Field(default=None, description="Of reversals: AM05, MS02 or MS03.")
    bank_account_id: Id | None = Field(default=None, description="Of refunds: the account they leave.")
    execute_on: Day | None = None
    accept_provisional: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> PaybackIn:
        """What is said must be about the kind that is asked for."""
        if self.kind == PaybackKind.REFUNDS:
            if self.debit_ids or self.batch_id or self.reason:
                raise ValueError("A pain.001 is of refunds; debits and a reason belong to a pain.007.")
            return self
        if self.refund_ids or self.bank_account_id or self.execute_on or self.accept_provisional:
            raise ValueError("A pain.007 is of debits; refunds and a day belong to a pain.001.")
        if bool(self.debit_ids) == bool(self.batch_id):
            raise ValueError("Name either debits or the one batch that is reversed.")
        if self.reason is None:
            raise ValueError("A reversal has a reason: AM05, MS02 or MS03.")
        return self


class PaybackOut(BaseModel):
    id: str
    creditor_id: str
    bank_account_id: str
    kind: str
    state: str
    message_id: str
    payment_information_id: str | None
    execute_on: date | None
    batch_id: str | None
    accept_provisional: bool
    part_count: int
    total_minor: int
    currency: str
    one_person: bool = Field(description="Whether one person alone may send it.")
    drafted_by: str
    approved_by: str | None
    approved_at: datetime | None
    approved_sha256: str | None
    released_by: str | None
    released_at: datetime | None
    created_at: datetime
    refund_ids: list[str]
    debit_ids: list[str]
    file: FileOut | None


class FindingOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    rule: str
    severity: str
    object_id: str | None = Field(description="The refund or debit it is about; null for the whole batch.")
    message: str


class FindingsOut(BaseModel):
    findings: list[FindingOut]


def shown(session: Session, payback: PaybackBatch) -> PaybackOut:
    """A payback batch as the API shows it."""
    file = session.scalars(select(StoredFile).where(StoredFile.payback_id == payback.id)).first()
    own = ("refund_ids", "debit_ids", "file")
    plain = {name: getattr(payback, name) for name in PaybackOut.model_fields if name not in own}
    return PaybackOut(
        **plain,
        refund_ids=[refund.id for refund in batches.refunds_of(session, payback.id)],
        debit_ids=[debit.id for _, debit in reversals.of_payback(session, payback.id)],
        file=FileOut.model_validate(file) if file else None,
    )


@router.post("", status_code=201)
def draft_payback_batch(body: PaybackIn, session: CurrentSession, act: SettlerOnce) -> PaybackOut:
    """The batch with its file, checked and stored with its hash. What speaks against it stands in its findings."""
    if body.kind == PaybackKind.REFUNDS:
        wishes = RefundWishes(
            refund_ids=body.refund_ids, bank_account_id=body.bank_account_id, execute_on=body.execute_on,
            accept_provisional=body.accept_provisional,
        )  # fmt: skip
        return shown(session, paybacks.draft_refunds(session, wishes, act=act)[0])
    if body.reason is None:
        raise AssertionError("a reversal without a reason does not fit the schema")
    made, _ = paybacks.draft_reversals(
        session, debit_ids=body.debit_ids, batch_id=body.batch_id, reason=body.reason, act=act
    )
    return shown(session, made)


@router.get("")
def list_payback_batches(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[PaybackOut]:
    return page(session, select(PaybackBatch), PaybackBatch.id, cursor, lambda one: shown(session, one))


@router.get("/{payback_id}")
def get_payback_batch(payback_id: Id, session: CurrentSession, act: Reader) -> PaybackOut:
    return shown(session, batches.get(session, payback_id))


@router.get("/{payback_id}/findings")
def payback_batch_findings(payback_id: Id, session: CurrentSession, act: Reader) -> FindingsOut:
    """What speaks against the batch as things are now. An error hinders approval and release."""
    found = payback_findings.examine(session, batches.get(session, payback_id), act=act)
    return FindingsOut(findings=[FindingOut.model_validate(one) for one in found])


@router.post("/{payback_id}/approve")
def approve_payback_batch(payback_id: Id, session: CurrentSession, act: SettlerOnce) -> PaybackOut:
    """Who drafted the batch cannot approve it, unless one person is enough for the creditor."""
    return shown(session, paybacks.approve(session, payback_id, act=act))


@router.post("/{payback_id}/release")
def release_payback_batch(payback_id: Id, session: CurrentSession, act: SettlerOnce) -> PaybackOut:
    """Once. Who drafted the batch cannot release it, unless one person is enough for the creditor."""
    return shown(session, paybacks.release(session, payback_id, act=act)[0])


@router.post("/{payback_id}/discard")
def discard_payback_batch(
    payback_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce
) -> PaybackOut:
    """Give up a batch that was not released; its refunds and debits can be drafted again."""
    return shown(session, paybacks.discard(session, payback_id, reason=body.reason, act=act))


@router.post("/{payback_id}/not-taken")
def give_up_payback_batch(
    payback_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce
) -> PaybackOut:
    """The bank never took the file, as the statements of its account show: refunds can be drafted again, reversals are
    cancelled. Somebody else than who drafted it says so."""
    return shown(session, paybacks.not_taken(session, payback_id, reason=body.reason, act=act))


@router.get("/{payback_id}/file", response_class=Response)
def download_payback_file(payback_id: Id, session: CurrentSession, act: Settler) -> Response:
    """The pain.001 or pain.007, hashed again before it is handed out; the download is written down."""
    file = stored_files.of_payback(session, payback_id)
    return as_download(stored_files.download(session, file.id, act=act))
