"""The queue of notices to be sent: claimed for a while, tried, and either out, tried again later, or given up.

A claim is committed before anything is sent, and so is the message itself. Who dies between the sending and the note
of it leaves a queued notice with its bytes; once the claim has run out the same bytes are sent again under the same
Message-ID. So a notice reaches the mail server at least once, never with two contents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from ledger import audit, cut_offs, states
from ledger.acts import Act
from ledger.database import among
from ledger.models import BankAccount
from mandates import debits, notice_facts, pre_notifications
from mandates.letters_sent import NotToBeAnnounced
from mandates.models import Debit, PreNotification
from mandates.putting_off import put_off
from mandates.states import NOTICE, DebitState, NoticeState

CLAIMED_FOR = timedelta(minutes=10)
# Greylisting asks for minutes, a full mailbox for hours; the last pause repeats until the mail server has answered.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 360))
IN_A_BATCH = "Its debit is in a batch for a day that the notice can no longer be in time for."
REPEATED_AFTER_DAYS = 3
_ANNOUNCED = (DebitState.SCHEDULED, DebitState.BATCHED)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one worker may send now, and how many notices it looked at for that."""

    looked_at: int
    notices: list[PreNotification]


def claim(session: Session, *, most: int, act: Act) -> Claim:
    """Claim up to `most` queued notices that are due, for CLAIMED_FOR; other workers pass over them.

    What each of them says is decided anew: a debit whose day the notice would be too late for is put off first, one
    that is in a batch waits instead.
    """
    ids = _lock_due(session, most, act)
    gone = _not_announced_any_more(session, ids)
    pre_notifications.withdraw(session, gone, reason="the debit is no longer to be collected", act=act)
    put_off(session, ids, act=act)
    pre_notifications.announce(session, ids, act=act)
    ready = []
    late = _late_in_batches(session, ids, act)
    for notice in _queued(session, ids, act):
        if notice.debit_id in late:
            notice.try_after, notice.last_error = act.at + PAUSES[2], IN_A_BATCH
        else:
            notice.attempts += 1
            notice.try_after = act.at + CLAIMED_FOR
            ready.append(notice)
    session.flush()
    return Claim(len(ids), ready)


def catch_up(session: Session, *, most: int, act: Act) -> int:
    """Announce up to `most` scheduled debits that have no notice which fits them; gives how many it found.

    So it is after a change of terms or of a customer's address, where a notice went out a day late, and where nobody
    sent a file for the day that was announced. Because of that last one nobody is written to more than once in
    REPEATED_AFTER_DAYS.
    """
    accounts = session.scalars(select(BankAccount).where(BankAccount.id.in_(_COLLECTING)))
    first_files = {account.id: cut_offs.earliest(cut_offs.of(account), act.at) for account in accounts}
    values = {
        "most": most, "accounts": list(first_files), "first_files": list(first_files.values()),
        "repeat": act.today - timedelta(days=REPEATED_AFTER_DAYS), "no_address": pre_notifications.NO_ADDRESS,
    }  # fmt: skip
    found = session.scalars(text(_WITHOUT_NOTICE), values).all()
    put_off(session, found, act=act)
    pre_notifications.announce(session, found, anew=True, act=act)
    return len(found)


def try_again(session: Session, debit_id: str, *, act: Act) -> None:
    """A person wants the debit announced anew, now: after a failure, or for a day that can still be met.

    Raises DebitNotFound, or NotToBeAnnounced for one that is not scheduled or that the ERP announces.
    """
    debits.get(session, debit_id)
    debit = session.scalars(
        select(Debit).where(Debit.id == debit_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    (situation,) = notice_facts.of(session, [debit_id])
    if debit.state != DebitState.SCHEDULED or situation.promise.days is None:
        raise NotToBeAnnounced(
            f"Debit {debit_id} is {debit.state}, or the ERP announces it.", field="debit_id"
        )
    pre_notifications.announce(session, [debit_id], anew=True, act=act)
    if put_off(session, [debit_id], act=act):
        pre_notifications.announce(session, [debit_id], act=act)


_COLLECTING = select(Debit.bank_account_id).where(Debit.state == DebitState.SCHEDULED)
_WITHOUT_NOTICE = """
SELECT debits.id FROM debits
JOIN unnest(CAST(:accounts AS text[]), CAST(:first_files AS date[])) AS files (account_id, first_on)
    ON files.account_id = debits.bank_account_id
JOIN invoices ON invoices.id = debits.invoice_id JOIN customers ON customers.id = invoices.customer_id
LEFT JOIN collection_terms AS terms ON terms.creditor_id = debits.creditor_id
LEFT JOIN pre_notifications AS notices ON notices.debit_id = debits.id AND notices.state <> 'superseded'
WHERE debits.state = 'scheduled' AND coalesce(terms.announced_by, 'duecourse') = 'duecourse' AND (
    notices.id IS NULL OR notices.collect_on <> debits.collect_on
    OR notices.amount_minor < debits.amount_minor
    OR (notices.channel <> 'invoice' AND notices.amount_minor > debits.amount_minor)
    OR (notices.state = 'sent'
        AND notices.noticed_on + coalesce(customers.notice_days, terms.notice_days, 14) > debits.collect_on)
    OR (notices.state = 'sent' AND debits.collect_on < files.first_on AND notices.noticed_on <= :repeat)
    OR (notices.state = 'failed' AND notices.last_error = :no_address AND customers.email IS NOT NULL)
)
ORDER BY debits.id LIMIT :most FOR UPDATE OF debits SKIP LOCKED
"""


def note_sent(session: Session, notice_id: str, *, act: Act) -> None:
    """The mail server has taken the message: the notice is out as of today, whatever became of it meanwhile."""
    notice = _lock(session, notice_id)
    if notice.sent_at is not None:
        return
    notice.sent_at, notice.noticed_on = act.at, act.today
    notice.try_after = notice.last_error = None
    session.flush()
    if notice.state == NoticeState.QUEUED:
        states.move(session, NOTICE, [notice_id], NoticeState.SENT, act=act)
        pre_notifications.tell(session, notice, act=act)
    else:
        audit.record(session, "notice.sent_in_vain", notice_id, act=act, state=notice.state)


def note_deferred(session: Session, notice_id: str, *, attempt: int, why: str, act: Act) -> None:
    """The mail server did not take the message now: it is tried again after a pause that grows."""
    notice = _lock(session, notice_id)
    if (notice.state, notice.attempts) == (NoticeState.QUEUED, attempt):
        notice.try_after = act.at + PAUSES[min(attempt, len(PAUSES)) - 1]
        notice.last_error = why
        session.flush()


def note_untried(session: Session, notice_id: str, *, attempt: int, why: str | None, act: Act) -> None:
    """Nobody tried to send the message: it is free again at once."""
    notice = _lock(session, notice_id)
    if (notice.state, notice.attempts) == (NoticeState.QUEUED, attempt):
        notice.attempts, notice.try_after, notice.last_error = attempt - 1, None, why
        session.flush()


def note_refused(session: Session, notice_id: str, *, attempt: int, why: str, act: Act) -> None:
    """The mail server will never take the message: the debit waits for a person."""
    notice = _lock(session, notice_id)
    if (notice.state, notice.attempts) == (NoticeState.QUEUED, attempt):
        notice.try_after, notice.last_error = None, why
        states.move(session, NOTICE, [notice_id], NoticeState.FAILED, act=act, reason=why)
        pre_notifications.tell(session, notice, act=act)


def _lock_due(session: Session, most: int, act: Act) -> Sequence[str]:
    """The debits, locked in id order, of the notices whose turn it is; what others hold is passed over."""
    return session.scalars(
        select(Debit.id)
        .join(PreNotification, PreNotification.debit_id == Debit.id)
        .where(
            PreNotification.state == NoticeState.QUEUED,
            or_(PreNotification.try_after.is_(None), PreNotification.try_after <= act.at),
        )
        .order_by(Debit.id)
        .limit(most)
        .with_for_update(of=Debit, skip_locked=True)
    ).all()


def _not_announced_any_more(session: Session, debit_ids: Sequence[str]) -> Sequence[str]:
    return session.scalars(
        select(Debit.id).where(among(Debit.id, debit_ids), Debit.state.not_in(_ANNOUNCED))
    ).all()


def _late_in_batches(session: Session, debit_ids: Sequence[str], act: Act) -> set[str]:
    """The debits in a batch that a notice of today would be too late for."""
    batched = session.scalars(
        select(Debit.id).where(among(Debit.id, debit_ids), Debit.state == DebitState.BATCHED)
    ).all()
    return {
        one.debit_id
        for one in notice_facts.of(session, batched)
        if one.promise.first(one.collect_on, one.amount_minor, today=act.today) > one.collect_on
    }


def _queued(session: Session, debit_ids: Sequence[str], act: Act) -> Sequence[PreNotification]:
    return session.scalars(
        select(PreNotification)
        .where(
            among(PreNotification.debit_id, debit_ids),
            PreNotification.state == NoticeState.QUEUED,
            or_(PreNotification.try_after.is_(None), PreNotification.try_after <= act.at),
        )
        .order_by(PreNotification.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _lock(session: Session, notice_id: str) -> PreNotification:
    return session.scalars(
        select(PreNotification)
        .where(PreNotification.id == notice_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
