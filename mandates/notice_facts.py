"""What decides about the notices of debits: amount, day, what was promised, and the notice that stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.database import among
from ledger.models import Customer, Invoice
from mandates import terms
from mandates.models import Debit, NoticeChannel, PreNotification
from mandates.notice_promises import Promise, first_date, promise_of
from mandates.states import NoticeState
from mandates.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The notice of a debit that is not superseded."""

    id: str
    state: NoticeState
    channel: NoticeChannel
    recipient: str | None
    collect_on: date
    amount_minor: int
    noticed_on: date | None
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One debit and its notice, as they are now."""

    debit_id: str
    collect_on: date
    amount_minor: int
    currency: str
    email: str | None
    promise: Promise
    standing: Standing | None

    def why_not_out(self, on: date) -> str | None:
        """Why a collection `on` that day has no notice that is out in time, in a sentence; None when it has one."""
        days, notice = self.promise.days, self.standing
        if days is None:
            return None
        if notice is None:
            return "No notice of this debit was made."
        if notice.state == NoticeState.FAILED:
            return f"The notice could not be sent: {notice.last_error or 'no reason is known'}"
        if notice.state != NoticeState.SENT or notice.noticed_on is None:
            return "The notice has not been sent yet."
        if notice.collect_on != on:
            return f"The notice says {notice.collect_on.isoformat()}, not {on.isoformat()}."
        if not self._says_the_amount(notice):
            return "The notice says another amount."
        if notice.noticed_on + timedelta(days=days) > on:
            return (
                f"The notice is of {notice.noticed_on.isoformat()}; the first date {days} days later is "
                f"{first_date(notice.noticed_on, days).isoformat()}."
            )
        return None

    @property
    def waits_for_a_person(self) -> bool:
        """Whether we announce the debit and could not."""
        notice = self.standing
        return self.promise.days is not None and notice is not None and notice.state == NoticeState.FAILED

    def says_the_same(self, notice: Standing) -> bool:
        """Whether the notice names the day and the amount of the debit."""
        return notice.collect_on == self.collect_on and self._says_the_amount(notice)

    def _says_the_amount(self, notice: Standing) -> bool:
        if notice.channel == NoticeChannel.INVOICE:
            return self.amount_minor <= notice.amount_minor
        return self.amount_minor == notice.amount_minor


_FACTS = (
    select(
        Debit.id.label("debit_id"), Debit.creditor_id, Debit.collect_on, Debit.amount_minor, Debit.currency,
        Invoice.due_on, Invoice.total_minor, Invoice.pre_notified_on, Customer.email, Customer.notice_days,
        PreNotification.id.label("notice_id"), PreNotification.state, PreNotification.channel,
        PreNotification.recipient, PreNotification.collect_on.label("said_on"),
        PreNotification.amount_minor.label("said_minor"), PreNotification.noticed_on, PreNotification.last_error,
    )
    .join(Invoice, Invoice.id == Debit.invoice_id)
    .join(Customer, Customer.id == Invoice.customer_id)
    .outerjoin(
        PreNotification,
        (PreNotification.debit_id == Debit.id) & (PreNotification.state != NoticeState.SUPERSEDED),
    )
    .order_by(Debit.id)
)  # fmt: skip


def of(session: Session, debit_ids: Iterable[str]) -> list[Situation]:
    """The situation of each of these debits, in id order."""
    session.flush()
    agreed: dict[str, Terms] = {}
    found = []
    for row in session.execute(_FACTS.where(among(Debit.id, debit_ids))):
        if row.creditor_id not in agreed:
            agreed[row.creditor_id] = terms.of(session, row.creditor_id)
        found.append(_situation(row, agreed[row.creditor_id]))
    return found


def _situation(row: Any, agreed: Terms) -> Situation:
    promise = promise_of(
        agreed, customer_days=row.notice_days, invoiced_on=row.pre_notified_on, due_on=row.due_on,
        total_minor=row.total_minor,
    )  # fmt: skip
    return Situation(
        debit_id=row.debit_id, collect_on=row.collect_on, amount_minor=row.amount_minor, currency=row.currency,
        email=row.email, promise=promise, standing=None if row.notice_id is None else _standing(row),
    )  # fmt: skip


def _standing(row: Any) -> Standing:
    return Standing(
        id=row.notice_id, state=NoticeState(row.state), channel=NoticeChannel(row.channel),
        recipient=row.recipient, collect_on=row.said_on, amount_minor=row.said_minor,
        noticed_on=row.noticed_on, last_error=row.last_error,
    )  # fmt: skip
