"""Pre-notifications: every debit is announced to its debtor, in time, before it may be collected (EPC016-06, 4.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from ledger import outbox, states
from ledger.acts import Act
from ledger.database import among, expire_rows
from ledger.email_addresses import UnusableAddress, mail_address
from ledger.errors import Conflict, NotFound
from ledger.identifiers import new_id
from mandates import notice_facts, terms
from mandates.models import AnnouncedBy, Debit, NoticeChannel, PreNotification
from mandates.notice_facts import Situation
from mandates.states import NOTICE, NoticeState

JOB = "send_notices"
NO_ADDRESS = "The customer has no e-mail address."
UNUSABLE_ADDRESS = "The customer's e-mail address cannot be written to."


class NoticeNotFound(NotFound):
    """No notice of this debit was made."""


class NoticeMissing(Conflict):
    """A debit of the batch has no notice that is out in time for its day."""


class NoticeDamaged(Conflict):
    """The bytes of a notice are not what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """The notice that a debit ought to have."""

    channel: NoticeChannel
    state: NoticeState
    amount_minor: int
    recipient: str | None = None
    noticed_on: date | None = None
    last_error: str | None = None


def announce(session: Session, debit_ids: Iterable[str], *, anew: bool = False, act: Act) -> None:
    """Let each of these debits have the notice it needs now; what already has it is left alone.

    The invoice's own e-mail is taken where it is notice enough, else a message is queued for the job that sends them.
    A notice that no longer fits its debit is superseded. With `anew` one that failed is tried again. The debits
    are new, or the caller holds their rows.
    """
    unfit: list[str] = []
    rows: list[dict[str, object]] = []
    for one in notice_facts.of(session, debit_ids):
        wanted = _wanted(one, act.today)
        if _serves(one, wanted, anew=anew):
            continue
        if one.standing is not None:
            unfit.append(one.standing.id)
        if wanted is not None:
            rows.append(_row(one, wanted, act))
    states.move(session, NOTICE, unfit, NoticeState.SUPERSEDED, act=act, reason="another notice is needed")
    _write(session, rows, act=act)


def withdraw(session: Session, debit_ids: Iterable[str], *, reason: str, act: Act) -> None:
    """The debits will not be collected: their notices no longer stand. The caller holds the debits' rows."""
    found = session.scalars(
        select(PreNotification.id).where(
            among(PreNotification.debit_id, debit_ids), PreNotification.state != NoticeState.SUPERSEDED
        )
    ).all()
    states.move(session, NOTICE, found, NoticeState.SUPERSEDED, act=act, reason=reason)


def missing(session: Session, debits: Sequence[Debit], *, on: date | None = None) -> dict[str, str]:
    """Why each of these debits has no notice that is out in time for its day, or for the day `on`.

    A debit with such a notice, and one that the ERP announces, is not among them.
    """
    why = {
        one.debit_id: one.why_not_out(one.collect_on if on is None else on)
        for one in notice_facts.of(session, _announced_by_us(session, debits))
    }
    return {debit_id: sentence for debit_id, sentence in why.items() if sentence is not None}


def require_out(session: Session, debits: Sequence[Debit]) -> None:
    """Raises NoticeMissing unless all notices are out in time; takes down on each debit the days that were agreed."""
    situations = notice_facts.of(session, _announced_by_us(session, debits))
    for one in situations:
        why = one.why_not_out(one.collect_on)
        if why is not None:
            raise NoticeMissing(
                f"Debit {one.debit_id} cannot be collected on {one.collect_on.isoformat()}: {why}",
                field="debit_id", debit_id=one.debit_id,
            )  # fmt: skip
    session.execute(
        text(_SEAL),
        {
            "ids": [one.debit_id for one in situations],
            "days": [one.promise.days for one in situations],
        },
    )
    expire_rows(session, "debits", (one.debit_id for one in situations), ("notice_days",))


def announcing(session: Session, creditor_ids: Iterable[str]) -> set[str]:
    """Those of these creditors whose debits we announce, not the ERP."""
    return {
        creditor_id
        for creditor_id in set(creditor_ids)
        if terms.of(session, creditor_id).announced_by == AnnouncedBy.DUECOURSE
    }


def _announced_by_us(session: Session, debits: Sequence[Debit]) -> list[str]:
    ours = announcing(session, (debit.creditor_id for debit in debits))
    return [debit.id for debit in debits if debit.creditor_id in ours]


_SEAL = """
UPDATE debits SET notice_days = agreed.days
FROM unnest(CAST(:ids AS text[]), CAST(:days AS int[])) AS agreed (id, days) WHERE debits.id = agreed.id
"""


def of_debit(session: Session, debit_id: str) -> PreNotification:
    """The notice of a debit that stands, else the last one. Raises NoticeNotFound."""
    found = session.scalars(
        select(PreNotification)
        .where(PreNotification.debit_id == debit_id)
        .order_by(PreNotification.state == NoticeState.SUPERSEDED, PreNotification.id.desc())
        .limit(1)
    ).first()
    if found is None:
        raise NoticeNotFound(f"No notice of debit {debit_id[:40]} was made.", field="debit_id")
    return found


def message_of(notice: PreNotification) -> bytes:
    """The bytes of a notice, hashed again. Raises NoticeNotFound where it has none, or NoticeDamaged."""
    if notice.content is None:
        raise NoticeNotFound("There is no message of ours: it is not written yet, or others sent the notice.")
    if hashlib.sha256(notice.content).hexdigest() != notice.sha256:
        raise NoticeDamaged(f"The stored message of notice {notice.id} no longer has its hash.")
    return notice.content


def standing(session: Session, debit_ids: Iterable[str]) -> dict[str, PreNotification]:
    """The notice that stands of each of these debits, without its bytes; a debit without one is not there."""
    rows = session.scalars(
        select(PreNotification).where(
            among(PreNotification.debit_id, debit_ids), PreNotification.state != NoticeState.SUPERSEDED
        )
    )
    return {row.debit_id: row for row in rows}


def _wanted(one: Situation, today: date) -> _Wanted | None:
    if one.promise.days is None:
        return None
    if one.promise.kept_by_invoice(one.collect_on, one.amount_minor, today=today):
        return _Wanted(
            channel=NoticeChannel.INVOICE, state=NoticeState.SENT, amount_minor=one.promise.invoiced_minor,
            noticed_on=one.promise.invoiced_on,
        )  # fmt: skip
    return _mail(one)


def _mail(one: Situation) -> _Wanted:
    recipient, why = None, NO_ADDRESS
    if one.email is not None:
        try:
            recipient = mail_address(one.email)
        except UnusableAddress:
            why = UNUSABLE_ADDRESS
    return _Wanted(
        channel=NoticeChannel.EMAIL, amount_minor=one.amount_minor, recipient=recipient,
        state=NoticeState.FAILED if recipient is None else NoticeState.QUEUED,
        last_error=why if recipient is None else None,
    )  # fmt: skip


def _serves(one: Situation, wanted: _Wanted | None, *, anew: bool) -> bool:
    """Whether nothing has to change: the notice that stands is enough, or on its way, or waits for a person."""
    notice = one.standing
    if notice is None or wanted is None:
        return wanted is None and (notice is None or notice.state == NoticeState.SENT)
    if notice.state == NoticeState.SENT:
        return one.why_not_out(one.collect_on) is None
    if anew and notice.state == NoticeState.FAILED:
        return False
    same_way = (notice.channel, notice.recipient) == (wanted.channel, wanted.recipient)
    return same_way and one.says_the_same(notice)


def _row(one: Situation, wanted: _Wanted, act: Act) -> dict[str, object]:
    sent = wanted.state == NoticeState.SENT
    return {
        "id": new_id("ntc"), "debit_id": one.debit_id, "channel": str(wanted.channel), "state": str(wanted.state),
        "recipient": wanted.recipient, "collect_on": one.collect_on, "amount_minor": wanted.amount_minor,
        "currency": one.currency, "days": one.promise.days, "last_error": wanted.last_error,
        "created_at": act.at, "sent_at": act.at if sent else None, "noticed_on": wanted.noticed_on,
    }  # fmt: skip


def _write(session: Session, rows: Sequence[dict[str, object]], *, act: Act) -> None:
    if not rows:
        return
    session.execute(insert(PreNotification), list(rows))
    for state in NoticeState:
        ids = [str(row["id"]) for row in rows if row["state"] == state]
        if ids:
            states.born(session, ids, state, noun="notice", act=act)
    for row in rows:
        if row["state"] != NoticeState.QUEUED:
            tell(session, PreNotification(**row), act=act)
    if any(row["state"] == NoticeState.QUEUED for row in rows):
        outbox.defer(session, JOB, lock=JOB)


def tell(session: Session, notice: PreNotification, *, act: Act) -> None:
    """The event of a notice that is out, or that could not be sent."""
    out = notice.state == NoticeState.SENT
    data = {
        "notice_id": notice.id, "channel": str(notice.channel), "collect_on": notice.collect_on.isoformat(),
        "amount_minor": notice.amount_minor, "currency": notice.currency, "days": notice.days,
    }  # fmt: skip
    if notice.noticed_on is not None:
        data["noticed_on"] = notice.noticed_on.isoformat()
    kind = "debit.notified" if out else "debit.notice_failed"
    cause = None if out else notice.last_error
    outbox.emit(
        session, outbox.NewEvent(type=kind, object_id=notice.debit_id, act=act, cause=cause, data=data)
    )
