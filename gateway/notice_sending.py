"""Sending what is queued: a bounded number of notices is claimed and committed, then sent, and each outcome noted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from time import monotonic

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from exporters.letters import notices as letters
from exporters.letters.notices import Outgoing, Sender
from gateway import mail
from gateway.mail import Fate, Line, MailUnavailable, Verdict
from gateway.runtime import Runtime
from ledger import outbox
from mandates import notice_queue, pre_notifications
from mandates.models import PreNotification
from mandates.states import NoticeState

CHUNK = 50  # messages of one claim, and so of one connection
CHUNKS_OF_A_JOB = 20  # other jobs of the same worker wait meanwhile
# A claim is given back long before it runs out, so that nobody else has begun with the same messages.
LONGEST_SECONDS = notice_queue.CLAIMED_FOR.total_seconds() / 4
NOT_CONFIGURED = "No mail server is set (DUECOURSE_SMTP_HOST), so the notices stay queued."


@dataclass
class SendingReport:
    """What became of the notices that were due; `trouble` says why it ended before all were tried.

    `more` says that some were left for the next job.
    """

    by_fate: Counter[Fate] = field(default_factory=Counter)
    trouble: str | None = None
    more: bool = False

    def count(self, fate: Fate) -> None:
        self.by_fate[fate] += 1


def is_configured(runtime: Runtime) -> bool:
    """Whether the settings name a mail server."""
    return runtime.settings.smtp_host is not None


def send_due(runtime: Runtime, *, actor: str, chunks: int | None = None) -> SendingReport:
    """Send every notice that is due, in as many claims as it takes, or in `chunks` of them at most.

    Without a mail server nothing is claimed. What the mail server does not take stays queued.
    """
    report = SendingReport()
    _catch_up(runtime, actor)
    if not is_configured(runtime):
        report.trouble = NOT_CONFIGURED
        return report
    for _ in count() if chunks is None else range(chunks):
        looked_at, claimed = _claim(runtime, actor)
        if claimed:
            _send(runtime, claimed, report, actor)
        if not looked_at or report.trouble is not None:
            return report
    report.more = True
    return report


def send_in_job(runtime: Runtime, *, actor: str = "job") -> SendingReport:
    """A bounded part of the work, and a job for what is left."""
    report = send_due(runtime, actor=actor, chunks=CHUNKS_OF_A_JOB)
    if report.more:
        runtime.run(lambda session: outbox.defer(session, pre_notifications.JOB, lock=pre_notifications.JOB))
    return report


def waiting(runtime: Runtime) -> dict[str, int]:
    """How many notices are queued, and how many wait for a person."""
    with runtime.sessions() as session:
        counted = session.execute(
            select(PreNotification.state, func.count())
            .where(PreNotification.state.in_((NoticeState.QUEUED, NoticeState.FAILED)))
            .group_by(PreNotification.state)
        ).all()
    known = {str(state): number for state, number in counted}
    return {state: known.get(state, 0) for state in (NoticeState.QUEUED, NoticeState.FAILED)}


def _catch_up(runtime: Runtime, actor: str) -> None:
    act = runtime.act(actor)
    runtime.run(lambda session: notice_queue.catch_up(session, most=CHUNK * CHUNKS_OF_A_JOB, act=act))


def _claim(runtime: Runtime, actor: str) -> tuple[int, list[Outgoing]]:
    """The intent: what is about to be sent stands in the database, bytes and all, before anything leaves."""
    act, settings = runtime.act(actor), runtime.settings
    address = settings.smtp_from or ""
    sender = Sender(address, settings.smtp_contact or address)

    def work(session: Session) -> tuple[int, list[Outgoing]]:
        claim = notice_queue.claim(session, most=CHUNK, act=act)
        return claim.looked_at, letters.write(session, claim.notices, sender=sender, act=act)

    return runtime.run(work)


def _send(runtime: Runtime, claimed: Sequence[Outgoing], report: SendingReport, actor: str) -> None:
    """One connection for all of them; when it breaks, the one under way is tried later, the others are free again."""
    until = monotonic() + LONGEST_SECONDS
    rest = list(claimed)
    try:
        with mail.open_line(runtime.settings) as line:
            while rest and monotonic() < until:
                _send_one(runtime, line, rest.pop(0), report, actor)
    except MailUnavailable as trouble:
        report.trouble = trouble.message
    for message in rest:
        _give_back(runtime, message, report.trouble, actor)


def _send_one(runtime: Runtime, line: Line, message: Outgoing, report: SendingReport, actor: str) -> None:
    try:
        verdict = line.send(message.recipient, message.content)
    except MailUnavailable as trouble:
        _note(runtime, message, Verdict(Fate.DEFERRED, trouble.message), report, actor)
        raise
    _note(runtime, message, verdict, report, actor)


def _note(runtime: Runtime, message: Outgoing, verdict: Verdict, report: SendingReport, actor: str) -> None:
    """The outcome, in a transaction of its own as soon as it is known."""
    act, notice_id, attempt, why = runtime.act(actor), message.notice_id, message.attempt, verdict.says or ""

    def write_down(session: Session) -> None:
        match verdict.fate:
            case Fate.TAKEN:
                notice_queue.note_sent(session, notice_id, act=act)
            case Fate.DEFERRED:
                notice_queue.note_deferred(session, notice_id, attempt=attempt, why=why, act=act)
            case Fate.REFUSED:
                notice_queue.note_refused(session, notice_id, attempt=attempt, why=why, act=act)

    runtime.run(write_down)
    report.count(verdict.fate)


def _give_back(runtime: Runtime, message: Outgoing, why: str | None, actor: str) -> None:
    act = runtime.act(actor)
    runtime.run(
        lambda session: notice_queue.note_untried(
            session, message.notice_id, attempt=message.attempt, why=why, act=act
        )
    )
