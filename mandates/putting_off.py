"""Putting debits off: a day that bank or notice no longer allow gives way to the first one that they do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import audit, cut_offs, outbox
from ledger.acts import Act
from ledger.database import among
from ledger.models import BankAccount
from mandates import notice_facts
from mandates.models import Debit
from mandates.notice_facts import Situation
from mandates.states import DebitState

CUT_OFF_PASSED = "the cut-off of the day before it had passed"


def put_off(session: Session, debit_ids: Iterable[str], *, act: Act) -> list[str]:
    """Move those scheduled debits whose day can no longer be kept to the first T2 day that can; gives which.

    That is the first day of a file sent now, or what a notice of today allows, whichever is later. A debit whose
    notice is out in time keeps its day while the bank still takes a file for it. One in a batch, and one whose notice
    waits for a person, is never moved. The caller holds the debits' rows, and lets them be announced afterwards.
    """
    situations = {one.debit_id: one for one in notice_facts.of(session, debit_ids)}
    held = session.scalars(
        select(Debit)
        .where(among(Debit.id, situations), Debit.state == DebitState.SCHEDULED)
        .order_by(Debit.id)
    ).all()
    first_files = _first_files(session, held, act)
    moved = []
    for debit in held:
        one, first_file = situations[debit.id], first_files[debit.bank_account_id]
        day = _first_day(one, first_file, act.today)
        if day > debit.collect_on:
            told = f"the customer is told {one.promise.days} days before"
            move(session, debit, day, because=CUT_OFF_PASSED if day == first_file else told, act=act)
            moved.append(debit.id)
    return moved


def _first_files(session: Session, debits: Iterable[Debit], act: Act) -> dict[str, date]:
    """The first collection date of a file sent now, for each account."""
    accounts = {debit.bank_account_id for debit in debits}
    return {
        account: cut_offs.earliest(cut_offs.of(session.get_one(BankAccount, account)), act.at)
        for account in accounts
    }


def _first_day(one: Situation, first_file: date, today: date) -> date:
    if one.collect_on >= first_file and one.why_not_out(one.collect_on) is None:
        return one.collect_on
    if one.waits_for_a_person:
        return one.collect_on
    return one.promise.first(max(one.collect_on, first_file), one.amount_minor, today=today)


def move(session: Session, debit: Debit, day: date, *, because: str, act: Act) -> None:
    """Let a scheduled debit be collected on another T2 day; the caller holds its row and has it announced."""
    before = debit.collect_on
    debit.wished_on = debit.wished_on or before
    debit.collect_on, debit.moved_because = day, because
    debit.version += 1
    session.flush()
    dates = {"collect_on": day.isoformat(), "before": before.isoformat()}
    audit.record(session, "debit.moved", debit.id, act=act, why=because, **dates)
    outbox.emit(
        session, outbox.NewEvent(type="debit.moved", object_id=debit.id, act=act, cause=because, data=dates)
    )
