"""Batches: scheduled debits put together for one file, approved by a second person, released once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from ledger import audit, creditors, cut_offs, outbox, states
from ledger.acts import Act
from ledger.database import among, expire_rows
from ledger.errors import Conflict, NotFound, Rejected
from ledger.models import BankAccount
from mandates import debits, drafting, terms
from mandates.debits import DebitNotFound
from mandates.drafting import NothingToCollect
from mandates.models import Batch, Debit, PaymentBlock, Scheme
from mandates.states import BATCH, DEBIT, BatchState, DebitState

ONE_PERSON = "one person alone may send it: the creditor's terms demand no second one"


class BatchNotFound(NotFound):
    """There is no such batch."""


class SecondPersonNeeded(Conflict):
    """Who drafted or last edited a batch can neither approve nor release it."""


class NothingLeft(Rejected):
    """A batch has at least one debit."""


def draft(
    session: Session,
    *,
    creditor_id: str,
    scheme: Scheme = Scheme.CORE,
    collect_until: date | None = None,
    bank_account_id: str | None = None,
    act: Act,
) -> Batch:
    """Put the creditor's scheduled debits of one scheme into one account, up to `collect_until`, into a new batch.

    Only one batch of a creditor is drafted at a time (advisory lock). Debits whose invoice or mandate has
    changed since are cancelled instead; dates that can no longer be met move to the first possible one; what the
    bank does not take yet, and what was not announced in time, stays scheduled. Raises CreditorNotFound,
    BankAccountNotFound or NothingToCollect.
    """
    creditors.get(session, creditor_id)
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('batch:' || :creditor_id, 0))"),
        {"creditor_id": creditor_id},
    )
    for account in drafting.accounts_of(session, creditor_id, scheme, bank_account_id):
        chosen = drafting.choose(session, account, scheme, collect_until, act=act)
        if chosen:
            break
    else:
        raise NothingToCollect(
            f"No {scheme} debit is scheduled that the bank would take now and that was announced in time.",
            field="creditor_id",
        )
    one_person = not terms.of(session, creditor_id).two_persons
    batch = drafting.new_batch(account, scheme, chosen, one_person=one_person, act=act)
    session.add(batch)
    session.flush()
    states.born(session, [batch.id], BatchState.DRAFT, noun="batch", act=act, reason=persons(batch))
    drafting.put_into_blocks(session, batch, account, chosen)
    states.move(session, DEBIT, [debit.id for debit in chosen], DebitState.BATCHED, act=act, reason=batch.id)
    return batch


def persons(batch: Batch) -> str | None:
    """What the history says of a batch that one person alone may send."""
    return ONE_PERSON if batch.one_person else None


def get(session: Session, batch_id: str) -> Batch:
    """Raises BatchNotFound."""
    found = session.get(Batch, batch_id)
    if found is None:
        raise BatchNotFound(f"There is no batch {batch_id[:40]}.", field="batch_id")
    return found


def approve(session: Session, batch_id: str, *, sha256: str | None = None, act: Act) -> Batch:
    """A second person agrees to the batch, and to the file with this hash.

    Raises BatchNotFound, SecondPersonNeeded or IllegalMove.
    """
    batch = lock(session, batch_id)
    require_second_person(batch, act)
    states.move(session, BATCH, [batch_id], BatchState.APPROVED, act=act, reason=persons(batch))
    batch.approved_by, batch.approved_at, batch.approved_sha256 = act.actor, act.at, sha256
    emit(session, batch, "batch.approved", act)
    return batch


def take_out(session: Session, batch_id: str, debit_ids: Collection[str], *, reason: str, act: Act) -> Batch:
    """Take debits out of a batch that was not released; they are scheduled again and its approval is void.

    Who does it has edited the batch and can no longer approve it. Raises BatchNotFound, IllegalMove, DebitNotFound for
    one that is not in the batch, or NothingLeft.
    """
    batch = lock(session, batch_id)
    _void_approval(session, batch, act=act, reason="edited")
    content = {debit.id: debit for debit in debits_of(session, batch_id)}
    for debit_id in debit_ids:
        if debit_id not in content:
            raise DebitNotFound(f"Debit {debit_id[:40]} is not in batch {batch_id}.", field="debit_ids")
    if len(set(debit_ids)) == len(content):
        raise NothingLeft("Nothing would be left in the batch: discard it instead.", field="debit_ids")
    _let_go(session, [content[debit_id] for debit_id in sorted(set(debit_ids))], reason=reason, act=act)
    session.execute(text(_COUNT_BLOCKS), {"batch": batch_id})
    session.execute(text(_COUNT_BATCH), {"batch": batch_id})
    batch.edited_by, batch.edited_at = act.actor, act.at
    session.flush()
    session.expire_all()
    audit.record(
        session, "batch.edited", batch_id, act=act, why=reason, taken_out=sorted(set(debit_ids)),
        debit_count=batch.debit_count, total_minor=batch.total_minor,
    )  # fmt: skip
    return batch


_COUNT_BLOCKS = """
UPDATE payment_blocks SET debit_count = counted.number, total_minor = counted.total FROM (
    SELECT blocks.id, count(debits.id) AS number, coalesce(sum(debits.amount_minor), 0) AS total
    FROM payment_blocks AS blocks LEFT JOIN debits ON debits.block_id = blocks.id
    WHERE blocks.batch_id = :batch GROUP BY blocks.id
) AS counted WHERE counted.id = payment_blocks.id
"""
_COUNT_BATCH = """
UPDATE batches SET version = version + 1, debit_count = counted.number, total_minor = counted.total FROM (
    SELECT sum(debit_count) AS number, sum(total_minor) AS total FROM payment_blocks WHERE batch_id = :batch
) AS counted WHERE batches.id = :batch
"""


def discard(session: Session, batch_id: str, *, reason: str, act: Act) -> Batch:
    """Give up a batch that was not released; its debits are scheduled again.

    Raises BatchNotFound or IllegalMove.
    """
    batch = lock(session, batch_id)
    _void_approval(session, batch, act=act, reason="approval withdrawn")
    states.move(session, BATCH, [batch_id], BatchState.CLOSED, act=act, reason=reason)
    _let_go(session, debits_of(session, batch_id), reason=reason, act=act)
    return batch


def _void_approval(session: Session, batch: Batch, *, act: Act, reason: str) -> None:
    """An approved batch is a draft again; one that is neither raises IllegalMove."""
    if batch.state == BatchState.APPROVED:
        states.move(session, BATCH, [batch.id], BatchState.DRAFT, act=act, reason=reason)
        batch.approved_by = batch.approved_at = batch.approved_sha256 = None
    if batch.state != BatchState.DRAFT:
        raise states.IllegalMove(
            f"Batch {batch.id} is {batch.state}; only one that was not released can be changed."
        )
    session.flush()


def _let_go(session: Session, leaving: Sequence[Debit], *, reason: str, act: Act) -> None:
    """Debits leave their batch and are scheduled again; nothing of the file holds for them any more.

    Those on which nothing may be drawn any more are cancelled.
    """
    ids = [debit.id for debit in leaving]
    states.move(session, DEBIT, ids, DebitState.SCHEDULED, act=act, reason=reason)
    session.execute(
        update(Debit).where(among(Debit.id, ids)).values(dict.fromkeys(drafting.TAKEN_DOWN)),
        execution_options={"synchronize_session": False},
    )
    expire_rows(session, "debits", ids, drafting.TAKEN_DOWN)
    debits.drop_undrawable(session, ids, act=act)


def blocks_of(session: Session, batch_id: str) -> list[PaymentBlock]:
    """The payment blocks of a batch that have debits in them, in id order."""
    return list(
        session.scalars(
            select(PaymentBlock)
            .where(PaymentBlock.batch_id == batch_id, PaymentBlock.debit_count > 0)
            .order_by(PaymentBlock.id)
        )
    )


def debits_of(session: Session, batch_id: str) -> list[Debit]:
    """The debits of a batch, in id order."""
    return list(
        session.scalars(
            select(Debit)
            .join(PaymentBlock, PaymentBlock.id == Debit.block_id)
            .where(PaymentBlock.batch_id == batch_id)
            .order_by(Debit.id)
        )
    )


def note_booked(session: Session, block_ids: Sequence[str], *, act: Act) -> None:
    """Mark the batches of these blocks as booked once none of their debits waits for the bank any more.

    The batches are locked, so that of two who book the last blocks at once the second one sees both.
    """
    touched = select(PaymentBlock.batch_id).where(among(PaymentBlock.id, block_ids))
    session.execute(select(Batch.id).where(Batch.id.in_(touched)).order_by(Batch.id).with_for_update())
    waiting = text(
        """
        SELECT DISTINCT batches.id FROM batches
        JOIN payment_blocks AS touched ON touched.batch_id = batches.id
        WHERE touched.id = ANY(:blocks) AND batches.state IN ('released', 'accepted', 'partly_rejected')
        AND NOT EXISTS (
            SELECT 1 FROM payment_blocks JOIN debits ON debits.block_id = payment_blocks.id
            WHERE payment_blocks.batch_id = batches.id AND debits.state = 'submitted'
        )
        """
    )
    done = list(session.scalars(waiting, {"blocks": sorted(set(block_ids))}))
    states.move(session, BATCH, done, BatchState.BOOKED, act=act)
    for batch_id in done:
        emit(session, get(session, batch_id), "batch.booked", act)


def upload_before(session: Session, batch: Batch) -> datetime | None:
    """The instant, in UTC, before which the bank must have the file, or the first of its dates is missed."""
    first = min((block.collect_on for block in blocks_of(session, batch.id)), default=None)
    account = session.get_one(BankAccount, batch.bank_account_id)
    return None if first is None else cut_offs.upload_before(cut_offs.of(account), first)


def lock(session: Session, batch_id: str) -> Batch:
    """The batch, locked until the transaction ends. Raises BatchNotFound."""
    get(session, batch_id)
    return session.scalars(
        select(Batch).where(Batch.id == batch_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def require_second_person(batch: Batch, act: Act) -> None:
    """Raises SecondPersonNeeded for who drafted or last edited the batch, unless one person may do all of it."""
    if not batch.one_person and act.actor in (batch.drafted_by, batch.edited_by):
        raise SecondPersonNeeded("Who drafted or last edited a batch can neither approve nor release it.")


def emit(session: Session, batch: Batch, kind: str, act: Act) -> None:
    """Tell the outside what happened to a batch."""
    data = {"debit_count": batch.debit_count, "total_minor": batch.total_minor, "currency": batch.currency}
    outbox.emit(session, outbox.NewEvent(type=kind, object_id=batch.id, act=act, data=data))
