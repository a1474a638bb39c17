"""The mail of a year: every queued notice is handed over, most are taken, some come later, some never arrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from exporters.letters import notices as letters
from exporters.letters.notices import Outgoing, Sender
from gateway.runtime import Runtime
from ledger.acts import Act
from ledger.errors import DuecourseError
from mandates import notice_queue
from mandates.models import Debit, PreNotification
from mandates.states import DebitState, NoticeState

SENDER = Sender("rechnung@quellwerk.example", "rechnung@quellwerk.example")
AT_ONCE = 200
_LATER, _NEVER = 30, 5  # in a thousand messages


@dataclass
class PostOffice:
    """Stands where the mail server would: it takes the bytes that would leave, and decides by a seed."""

    runtime: Runtime
    seed: int
    count: Counter[str] = field(default_factory=Counter)
    on_sent: Callable[[bytes, date], None] = lambda _content, _on: None

    def send_due(self, *, act: Act) -> None:
        """Hand over everything that is due, as the job does it: claimed first, each outcome written down."""
        self.runtime.run(lambda session: notice_queue.catch_up(session, most=AT_ONCE * 10, act=act))
        while True:
            looked_at, claimed = self.runtime.run(lambda session: _claim(session, act))
            if claimed:
                self.runtime.run(lambda session: self._note(session, claimed, act))  # noqa: B023 - run at once
            if not looked_at:
                return

    def write_again(self, *, act: Act) -> None:
        """People find other addresses: what never arrived is announced once more."""
        with self.runtime.sessions() as session:
            waiting = session.scalars(
                select(PreNotification.debit_id)
                .join(Debit, Debit.id == PreNotification.debit_id)
                .where(PreNotification.state == NoticeState.FAILED, Debit.state == DebitState.SCHEDULED)
                .order_by(PreNotification.id)
            ).all()
        for debit_id in waiting:
            try:
                self.runtime.run(
                    lambda session: notice_queue.try_again(session, debit_id, act=act)  # noqa: B023 - run at once
                )
            except DuecourseError as refusal:
                self.count[f"notices again, but refused: {refusal.code}"] += 1
            else:
                self.count["notices again"] += 1

    def _note(self, session: Session, claimed: Sequence[Outgoing], act: Act) -> None:
        for message in claimed:
            lot = Random(f"post/{self.seed}/{message.recipient}/{act.today}").randrange(1000)  # noqa: S311
            if lot < _NEVER:
                notice_queue.note_refused(
                    session, message.notice_id, attempt=message.attempt, why="no such mailbox", act=act
                )
                self.count["notices that never arrived"] += 1
            elif lot < _NEVER + _LATER:
                notice_queue.note_deferred(
                    session, message.notice_id, attempt=message.attempt, why="try later", act=act
                )
                self.count["notices put off by the mail server"] += 1
            else:
                notice_queue.note_sent(session, message.notice_id, act=act)
                self.count["notices sent"] += 1
                self.on_sent(message.content, act.today)


def _claim(session: Session, act: Act) -> tuple[int, list[Outgoing]]:
    claim = notice_queue.claim(session, most=AT_ONCE, act=act)
    return claim.looked_at, letters.write(session, claim.notices, sender=SENDER, act=act)
