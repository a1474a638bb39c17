"""Debits announced by a letter that others wrote: the person or the ERP that sent it says so."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import audit, cut_offs, states
from ledger.acts import Act
from ledger.business_days import is_business_day
from ledger.errors import Conflict, Rejected
from ledger.identifiers import new_id
from ledger.models import BankAccount
from mandates import debits, notice_facts, pre_notifications
from mandates.models import Debit, NoticeChannel, PreNotification
from mandates.notice_promises import first_date
from mandates.putting_off import move
from mandates.states import NOTICE, DebitState, NoticeState


class LetterRejected(Rejected):
    """A letter cannot have been sent on that day, or cannot have announced that collection date."""


class LetterTooLate(Conflict):
    """The letter went out later than the days agreed before the collection."""


class NotToBeAnnounced(Conflict):
    """A debit is no longer to be collected, or is announced by the ERP, or its day cannot be moved."""


def record(
    session: Session, debit_id: str, *, sent_on: date, collect_on: date | None = None, act: Act
) -> PreNotification:
    """A letter of `sent_on` announced the debit, with its amount, for `collect_on` or the day it has now.

    A scheduled debit is moved to the day that the letter says. Any other notice of it is superseded. Raises
    DebitNotFound, LetterRejected, LetterTooLate or NotToBeAnnounced; nothing is changed then.
    """
    debit = _lock(session, debit_id)
    day = collect_on or debit.collect_on
    (situation,) = notice_facts.of(session, [debit_id])
    days = situation.promise.days
    if days is None:
        raise NotToBeAnnounced("The ERP announces the debits of this creditor; no notice of ours is needed.")
    _require_possible(session, debit, day, sent_on, act)
    if first_date(sent_on, days) > day:
        raise LetterTooLate(
            f"With {days} days agreed, a letter of {sent_on.isoformat()} allows a collection from "
            f"{first_date(sent_on, days).isoformat()} on.",
            field="sent_on",
        )
    if day != debit.collect_on:
        move(session, debit, day, because="it is the day that the letter says", act=act)
    return _write(session, debit, days, sent_on, situation.standing, act)


def _lock(session: Session, debit_id: str) -> Debit:
    debits.get(session, debit_id)
    return session.scalars(
        select(Debit).where(Debit.id == debit_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def _require_possible(session: Session, debit: Debit, day: date, sent_on: date, act: Act) -> None:
    if debit.state not in (DebitState.SCHEDULED, DebitState.BATCHED):
        raise NotToBeAnnounced(f"Debit {debit.id} is {debit.state}; it is not announced any more.")
    if sent_on > act.today:
        raise LetterRejected("A letter cannot have been sent on a day to come.", field="sent_on")
    if day == debit.collect_on:
        return
    if debit.state != DebitState.SCHEDULED:
        raise NotToBeAnnounced(
            f"Debit {debit.id} is in a batch, its day cannot be moved.", field="collect_on"
        )
    account = session.get_one(BankAccount, debit.bank_account_id)
    first_file = cut_offs.earliest(cut_offs.of(account), act.at)
    if day < first_file or not is_business_day(day):
        raise LetterRejected(
            f"A debit is collected on a T2 day, the first possible one is {first_file.isoformat()}.",
            field="collect_on",
        )


def _write(
    session: Session, debit: Debit, days: int, sent_on: date, standing: notice_facts.Standing | None, act: Act
) -> PreNotification:
    if standing is not None:
        states.move(session, NOTICE, [standing.id], NoticeState.SUPERSEDED, act=act, reason="letter sent")
    letter = PreNotification(
        id=new_id("ntc"), debit_id=debit.id, channel=NoticeChannel.LETTER, state=NoticeState.SENT,
        collect_on=debit.collect_on, amount_minor=debit.amount_minor, currency=debit.currency, days=days,
        created_at=act.at, sent_at=act.at, noticed_on=sent_on,
    )  # fmt: skip
    session.add(letter)
    session.flush()
    states.born(session, [letter.id], NoticeState.SENT, noun="notice", act=act, reason="letter sent")
    audit.record(
        session, "notice.letter_recorded", letter.id, act=act, debit=debit.id, sent_on=sent_on.isoformat()
    )
    pre_notifications.tell(session, letter, act=act)
    return letter
