"""From a batch to its pain.008: written and checked when it is drafted or edited, let go when it is released."""

from __future__ import annotations

import io
from collections.abc import Collection
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from exporters import pre_flight, stored_files
from exporters.batch_messages import message_of
from exporters.models import StoredFile
from exporters.pain008 import characters, profiles
from exporters.pain008.check import Report
from exporters.pain008.checked import write_checked
from exporters.pre_flight import Finding, Severity
from exporters.told import MayHaveBeenTaken, require_told
from ledger.acts import Act
from ledger.errors import Conflict, Rejected
from ledger.models import BankAccount
from mandates import batches, rejections, releasing
from mandates.models import Batch, Scheme


class BankWouldRefuse(Rejected):
    """Something of this batch would be refused; `findings` name the rules."""


class TotalNotConfirmed(Rejected):
    """A file so much larger than usual is approved by typing its total."""


class OtherFile(Conflict):
    """The file is not the one that was looked at."""


def draft(
    session: Session,
    *,
    creditor_id: str,
    scheme: Scheme = Scheme.CORE,
    collect_until: date | None = None,
    bank_account_id: str | None = None,
    act: Act,
) -> tuple[Batch, StoredFile]:
    """A new batch with its file. What a bank would refuse stands in `pre_flight.examine` and hinders the approval.

    Raises what `mandates.batches.draft` raises, or Unwritable.
    """
    batch = batches.draft(
        session, creditor_id=creditor_id, scheme=scheme, collect_until=collect_until,
        bank_account_id=bank_account_id, act=act,
    )  # fmt: skip
    return batch, _store(session, batch, act=act)


def take_out(
    session: Session, batch_id: str, debit_ids: Collection[str], *, reason: str, act: Act
) -> tuple[Batch, StoredFile]:
    """Take debits out of a batch that was not released: its approval is void, its file withdrawn for a new one.

    Raises what `mandates.batches.take_out` raises, or Unwritable.
    """
    batch = batches.take_out(session, batch_id, debit_ids, reason=reason, act=act)
    stored_files.withdraw(session, stored_files.of_batch(session, batch_id).id, act=act)
    return batch, _store(session, batch, act=act)


def approve(
    session: Session,
    batch_id: str,
    *,
    sha256: str | None = None,
    confirmed_total_minor: int | None = None,
    act: Act,
) -> Batch:
    """A second person agrees to the batch and to exactly the file that is stored, by its hash.

    `sha256` is the hash of the file that was looked at, where the caller knows it. A file that is unusually large needs
    its total as `confirmed_total_minor`. Raises BatchNotFound, SecondPersonNeeded, IllegalMove, OtherFile,
    BankWouldRefuse or TotalNotConfirmed.
    """
    batch = batches.lock(session, batch_id)
    file = stored_files.of_batch(session, batch_id)
    if sha256 is not None and sha256 != file.sha256:
        raise OtherFile("The batch has another file by now. Look at it again.", field="sha256")
    approved = batches.approve(session, batch_id, sha256=file.sha256, act=act)
    findings = pre_flight.examine(session, batch, act=act)
    _require_acceptable(findings)
    _require_confirmed(findings, batch, confirmed_total_minor)
    return approved


def release(session: Session, batch_id: str, *, act: Act) -> tuple[Batch, StoredFile]:
    """Release a batch and its file together, once, if nothing has come up that speaks against it since.

    Whatever goes wrong while it is examined stops the release. Raises what `mandates.releasing.release` and
    `stored_files.release` raise, BankWouldRefuse, or OtherFile when the file is not the one that was approved.
    """
    batch = releasing.release(session, batch_id, act=act)
    file = stored_files.of_batch(session, batch_id)
    if file.sha256 != batch.approved_sha256:
        raise OtherFile("The file is not the one that was approved. Discard the batch and draft it again.")
    _require_acceptable(pre_flight.examine(session, batch, leaving=True, act=act))
    return batch, stored_files.release(session, file.id, act=act)


def not_taken(session: Session, batch_id: str, *, reason: str, act: Act) -> Batch:
    """A person found that the bank never took a released file, or a part of it: what still waits is given up.

    The statements of the account must reach the last collection date, and none of their lines may wait that names
    something of the file. Raises MayHaveBeenTaken, or what `mandates.rejections.not_taken` raises.
    """
    batch = batches.get(session, batch_id)
    days = [block.collect_on for block in batches.blocks_of(session, batch_id)]
    require_told(session, batch.bank_account_id, max(days, default=act.today), field="batch_id")
    _require_unseen(session, batch_id)
    return rejections.not_taken(session, batch_id, reason=reason, act=act)


_SEEN = """
WITH ours AS (
    SELECT debits.end_to_end_id AS name FROM debits JOIN payment_blocks ON payment_blocks.id = debits.block_id
    WHERE payment_blocks.batch_id = :batch AND debits.state = 'submitted'
), lumps AS (
    SELECT payment_information_id AS name FROM payment_blocks WHERE batch_id = :batch
    UNION ALL SELECT message_id FROM batches WHERE id = :batch
)
SELECT lines.id FROM statement_lines AS lines
JOIN batches ON batches.id = :batch AND batches.bank_account_id = lines.bank_account_id
WHERE lines.state IN ('new', 'unexplained', 'proposed') AND lines.amount_minor > 0 AND (
    lines.end_to_end_id IN (SELECT name FROM ours)
    OR lines.batch_payment_information_id IN (SELECT name FROM lumps)
    OR lines.batch_message_id IN (SELECT name FROM lumps)
    OR EXISTS (
        SELECT 1 FROM jsonb_array_elements(lines.details) AS part
        WHERE part ->> 'end_to_end_id' IN (SELECT name FROM ours)
    )
)
ORDER BY lines.id LIMIT 1
"""


def _require_unseen(session: Session, batch_id: str) -> None:
    line_id = session.scalar(text(_SEEN), {"batch": batch_id})
    if line_id is not None:
        raise MayHaveBeenTaken(
            f"Statement line {line_id} names it and waits: decide about that first.", field="batch_id"
        )


def _store(session: Session, batch: Batch, *, act: Act) -> StoredFile:
    account = session.get_one(BankAccount, batch.bank_account_id)
    out = io.BytesIO()
    report: Report = write_checked(
        message_of(session, batch), out=out, today=act.today,
        profile=profiles.by_name(batch.file_profile), characters=characters.by_name(account.character_profile),
    )  # fmt: skip
    file = stored_files.store(
        session, out.getvalue(), kind="pain.008", name=f"{batch.message_id}.xml", batch_id=batch.id, act=act
    )
    pre_flight.keep(session, file, report)
    return file


def _require_acceptable(findings: Collection[Finding]) -> None:
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise BankWouldRefuse(
            f"This cannot go to the bank ({len(errors)} findings). First: {errors[0].message}",
            findings=sorted({finding.rule for finding in errors}),
        )


def _require_confirmed(findings: Collection[Finding], batch: Batch, confirmed_minor: int | None) -> None:
    unusual = [finding for finding in findings if finding.severity is Severity.CONFIRM]
    if unusual and confirmed_minor != batch.total_minor:
        raise TotalNotConfirmed(
            f"{unusual[0].message} Approve it with its total, typed by hand.", field="confirmed_total_minor"
        )
