"""/v1/debit-batches: drafted by one, approved by another, released once."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from exporters import debit_batches, pre_flight, stored_files
from exporters.models import StoredFile
from exporters.pre_flight import Severity
from gateway.api.debits import DebitOut
from gateway.api.files import as_download
from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import SEEN, Day, FileOut, Id, Minor, Reason
from gateway.session import CurrentSession, Reader, Settler, SettlerOnce, TransactionalRoute
from ledger import creditors
from mandates import batches
from mandates.models import Batch, Debit, PaymentBlock, Scheme

router = APIRouter(prefix="/v1/debit-batches", tags=["debits"], route_class=TransactionalRoute)


class BatchIn(BaseModel):
    """Put the scheduled debits of one scheme, into one account, into a batch: those to collect by `collect_until`, or
    as far ahead as the bank takes them. Without an account it is that of the debit to be collected first."""

    model_config = ConfigDict(extra="forbid")

    creditor_id: Id | None = None
    scheme: Scheme = Scheme.CORE
    collect_until: Day | None = None
    bank_account_id: Id | None = None


class ApprovalIn(BaseModel):
    """What the second person looked at: the hash of the file, and the total where a file is unusually large."""

    model_config = ConfigDict(extra="forbid")

    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    confirmed_total_minor: Minor | None = None


class TakeOutIn(BaseModel):
    """Debits that leave the batch; its approval is void then, and its file is replaced."""

    model_config = ConfigDict(extra="forbid")

    debit_ids: list[Id] = Field(min_length=1, max_length=10_000)
    reason: str = Field(min_length=1, max_length=200, pattern=SEEN)


class FindingOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    rule: str
    severity: Severity = Field(
        description="`error` hinders approval and release, `confirm` asks for the total, `warning` is for the eye."
    )
    message: str
    debit_id: str | None
    before: str | None = Field(description="A text as it is, where the bank does not take all of it.")
    after: str | None = Field(description="The same text as the file has it.")


class FindingsOut(BaseModel):
    batch_id: str
    can_be_approved: bool
    errors: int
    warnings: int
    findings: list[FindingOut]


class BatchDebitOut(DebitOut):
    """A debit of the batch, with what was found about it."""

    findings: list[FindingOut]


class BlockOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    payment_information_id: str
    sequence_type: str
    collect_on: date
    batch_booking: bool
    debit_count: int
    total_minor: int


class BatchOut(BaseModel):
    id: str
    creditor_id: str
    bank_account_id: str
    state: str
    scheme: str
    message_id: str
    debit_count: int
    total_minor: int
    currency: str
    file_profile: str
    upload_before: datetime | None = Field(
        description="Until when the bank must have the file, or its first collection date is missed."
    )
    one_person: bool = Field(
        description="The creditor's terms demand no second person for this batch; the audit trail says so too."
    )
    drafted_by: str
    edited_by: str | None
    edited_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    approved_sha256: str | None
    released_by: str | None
    released_at: datetime | None
    created_at: datetime
    blocks: list[BlockOut]
    file: FileOut | None


_MADE_HERE = ("blocks", "file", "upload_before")


def shown(session: Session, batch: Batch) -> BatchOut:
    """A batch as it is told to the outside, with its blocks and its standing file."""
    standing = (StoredFile.batch_id == batch.id, StoredFile.withdrawn_at.is_(None))
    file = session.scalars(select(StoredFile).where(*standing)).first()
    plain = {name: getattr(batch, name) for name in BatchOut.model_fields if name not in _MADE_HERE}
    return BatchOut(
        **plain,
        upload_before=batches.upload_before(session, batch),
        blocks=[BlockOut.model_validate(block) for block in batches.blocks_of(session, batch.id)],
        file=FileOut.model_validate(file) if file else None,
    )


@router.post("", status_code=201)
def draft_batch(body: BatchIn, session: CurrentSession, act: SettlerOnce) -> BatchOut:
    """The batch and its pain.008, stored with its hash; what speaks against it stands in its findings."""
    creditor = creditors.only_one(session, body.creditor_id)
    wishes = body.model_dump(exclude={"creditor_id"})
    batch, _ = debit_batches.draft(session, creditor_id=creditor.id, **wishes, act=act)
    return shown(session, batch)


@router.get("")
def list_batches(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[BatchOut]:
    return page(session, select(Batch), Batch.id, cursor, lambda batch: shown(session, batch))


@router.get("/{batch_id}")
def get_batch(batch_id: Id, session: CurrentSession, act: Reader) -> BatchOut:
    return shown(session, batches.get(session, batch_id))


@router.get("/{batch_id}/findings")
def examine_batch(batch_id: Id, session: CurrentSession, act: Reader) -> FindingsOut:
    """What a bank would refuse, what is above a limit, what looks like a mistake: of the batch as it is now."""
    batch = batches.get(session, batch_id)
    found = pre_flight.examine(session, batch, act=act)
    errors = sum(one.severity is Severity.ERROR for one in found)
    return FindingsOut(
        batch_id=batch_id, can_be_approved=not errors, errors=errors, warnings=len(found) - errors,
        findings=[FindingOut.model_validate(one) for one in found],
    )  # fmt: skip


@router.get("/{batch_id}/debits")
def list_batch_debits(
    batch_id: Id, session: CurrentSession, act: Reader, cursor: AtCursor
) -> Page[BatchDebitOut]:
    """The debits of the batch, each with its findings beside it."""
    found: dict[str | None, list[FindingOut]] = defaultdict(list)
    for one in pre_flight.examine(session, batches.get(session, batch_id), act=act):
        found[one.debit_id].append(FindingOut.model_validate(one))
    query = select(Debit).join(PaymentBlock, PaymentBlock.id == Debit.block_id)

    def beside(debit: Debit) -> BatchDebitOut:
        return BatchDebitOut(**DebitOut.model_validate(debit).model_dump(), findings=found[debit.id])

    return page(session, query.where(PaymentBlock.batch_id == batch_id), Debit.id, cursor, beside)


@router.post("/{batch_id}/take-out")
def take_debits_out(batch_id: Id, body: TakeOutIn, session: CurrentSession, act: SettlerOnce) -> BatchOut:
    """Edit a batch that was not released: the debits are scheduled again, a new file is written, and somebody else
    than the editor must approve it."""
    batch, _ = debit_batches.take_out(session, batch_id, body.debit_ids, reason=body.reason, act=act)
    return shown(session, batch)


@router.post("/{batch_id}/approve")
def approve_batch(
    batch_id: Id, session: CurrentSession, act: SettlerOnce, body: ApprovalIn | None = None
) -> BatchOut:
    """Who drafted or last edited the batch cannot approve it, nor can anybody while its findings have an error."""
    looked_at = (body or ApprovalIn()).model_dump()
    return shown(session, debit_batches.approve(session, batch_id, **looked_at, act=act))


@router.post("/{batch_id}/release")
def release_batch(batch_id: Id, session: CurrentSession, act: SettlerOnce) -> BatchOut:
    """Once. Who drafted or last edited the batch cannot release it."""
    batch, _ = debit_batches.release(session, batch_id, act=act)
    return shown(session, batch)


@router.post("/{batch_id}/discard")
def discard_batch(batch_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce) -> BatchOut:
    """Give up a batch that was not released; its debits are scheduled again."""
    return shown(session, batches.discard(session, batch_id, reason=body.reason, act=act))


@router.post("/{batch_id}/not-taken")
def give_up_batch(batch_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce) -> BatchOut:
    """The bank never took the file, or a part of it: the debits that still wait are cancelled, their invoices can be
    collected again. It can be said once the money should have been here, by somebody else than who drafted it."""
    return shown(session, debit_batches.not_taken(session, batch_id, reason=body.reason, act=act))


@router.get("/{batch_id}/file", response_class=Response)
def download_batch_file(batch_id: Id, session: CurrentSession, act: Settler) -> Response:
    """The pain.008, hashed again before it is handed out; the download is written down."""
    file = stored_files.of_batch(session, batch_id)
    return as_download(stored_files.download(session, file.id, act=act))
