"""Work that goes on behind the requests: matching, ageing, settling; queued by Procrastinate on the same database."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import structlog
from procrastinate import JobContext, PsycopgConnector
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status
from sqlalchemy import delete
from sqlalchemy.orm import Session

from credit_control import follow_ups, return_fees
from gateway import notice_sending, statement_import
from gateway.logs import where
from gateway.mail import Fate
from gateway.models import IdempotentReply
from gateway.runtime import Runtime
from ledger import invoices
from ledger.outbox import jobs
from mandates import failures, pre_notifications, returns
from reconciliation import matching
from reconciliation.matching import MatchReport

log = structlog.get_logger()
STALLED_AFTER = timedelta(seconds=30)  # without a heartbeat, which comes every ten seconds
REPLIES_KEPT = timedelta(days=30)
PERIODIC = "periodic"  # the queue of what the clock asks for
ASKED_FOR = "default"  # the queue of what a change asks for (ledger.outbox.defer)
CATCH_UP = timedelta(hours=1)
PAUSE = 5.0  # seconds before a worker that failed as a whole begins again


def match_everything(runtime: Runtime, *, actor: str) -> MatchReport:
    """Decide every waiting line, and again while that lets further ones be decided, for a few times at most.

    A return may stand in an earlier chunk than the credit that it takes back.
    """
    whole = last = _look_at_everything(runtime, actor=actor)
    for _ in range(matching.MOST_LOOKS - 1):
        if not last.goes_on():
            break
        last = _look_at_everything(runtime, actor=actor)
        whole.followed_by(last)
    return whole


def _look_at_everything(runtime: Runtime, *, actor: str) -> MatchReport:
    """Decide every waiting line once, chunk by chunk, each in a transaction of its own."""
    whole = MatchReport()
    after: str | None = None
    while True:
        act, start = runtime.act(actor), after
        done = runtime.run(lambda session: matching.match_chunk(session, act=act, after=start))  # noqa: B023 - run at once
        if not done.looked_at:
            return whole
        whole.add(done)
        after = done.last_line_id


def age_invoices(runtime: Runtime, *, actor: str = "job") -> int:
    """Let invoices become due and overdue; gives how many changed."""
    act = runtime.act(actor)
    return runtime.run(lambda session: invoices.age(session, act=act))


def settle_debits(runtime: Runtime, *, actor: str = "job") -> int:
    """Make collected money final whose time to come back is over; gives how many debits."""
    act = runtime.act(actor)
    return runtime.run(lambda session: returns.settle(session, act=act))


def follow_up_debits(runtime: Runtime, *, actor: str = "job") -> int:
    """Decide about failed debits, chunk by chunk, each in a transaction of its own; gives how many are retried."""
    retried = 0
    while True:
        act = runtime.act(actor)
        done = runtime.run(lambda session: follow_ups.follow_up(session, act=act))  # noqa: B023 - run at once
        if not done.looked_at:
            return retried
        retried += len(done.retried)


def charge_return_fees(runtime: Runtime, *, actor: str = "job") -> int:
    """Decide which fees of returned debits customers are billed, chunk by chunk; gives how many are."""
    charged = 0
    while True:
        act = runtime.act(actor)
        done = runtime.run(lambda session: return_fees.charge(session, act=act))  # noqa: B023 - run at once
        if not done.looked_at:
            return charged
        charged += len(done.charged)


def _runtime(context: JobContext) -> Runtime:
    runtime: Runtime = context.additional_context["runtime"]
    return runtime


def forget_replies(runtime: Runtime, *, actor: str = "job") -> int:
    """Forget the replies to requests that came more than REPLIES_KEPT ago; gives how many."""
    oldest = runtime.act(actor).at - REPLIES_KEPT

    def forget(session: Session) -> int:
        gone = (
            delete(IdempotentReply).where(IdempotentReply.created_at < oldest).returning(IdempotentReply.key)
        )
        return len(session.scalars(gone).all())

    return runtime.run(forget)


@jobs.task(name=matching.JOB, pass_context=True)
def _match_lines(context: JobContext) -> None:
    done = match_everything(_runtime(context), actor="job")
    log.info("matched", lines=done.looked_at, matched=done.by_rule.total(), waiting=done.waiting.total())


@jobs.task(name=statement_import.JOB, pass_context=True)
def _import_statement_file(context: JobContext, file_id: str) -> None:
    runtime = _runtime(context)
    done = statement_import.take_in(runtime, file_id, actor="job")
    log.info("imported", file_id=file_id, lines=done.imported, known=done.known, refused=done.refused)
    if done.imported or done.promoted:
        match_everything(runtime, actor="job")


@jobs.task(name=pre_notifications.JOB, pass_context=True)
def _send_notices(context: JobContext) -> None:
    done = notice_sending.send_in_job(_runtime(context))
    log.info("notices", **{str(fate): done.by_fate[fate] for fate in Fate}, trouble=done.trouble)


# The periodic jobs run every hour, not once at midnight: the treasury's day may begin at any hour of UTC, a server
# that was off catches up when it starts, and what failed is done by the next one.


@jobs.periodic(cron="0 * * * *")
@jobs.task(name="match_waiting", queue=PERIODIC, pass_context=True, queueing_lock="match_waiting")
def _match_waiting(context: JobContext, timestamp: int) -> None:
    """Lines that wait for an invoice which the ERP has pushed since, or for a matching that failed."""
    _match_lines(context)


@jobs.periodic(cron="*/10 * * * *")
@jobs.task(name="import_waiting", queue=PERIODIC, pass_context=True, queueing_lock="import_waiting")
def _import_waiting(context: JobContext, timestamp: int) -> None:
    """Files that arrived and whose job has failed, for example because the database went away."""
    log.info("queued_again", count=statement_import.queue_waiting(_runtime(context)))


@jobs.periodic(cron="*/5 * * * *")
@jobs.task(
    name="send_waiting_notices", queue=PERIODIC, pass_context=True, queueing_lock="send_waiting_notices"
)
def _send_waiting_notices(context: JobContext, timestamp: int) -> None:
    """Notices that a mail server did not take, and debits that need another notice than they have."""
    _send_notices(context)


@jobs.periodic(cron="5 * * * *")
@jobs.task(name="age_invoices", queue=PERIODIC, pass_context=True, queueing_lock="age_invoices")
def _age_invoices(context: JobContext, timestamp: int) -> None:
    log.info("aged", count=age_invoices(_runtime(context)))


@jobs.periodic(cron="10 * * * *")
@jobs.task(name="settle_debits", queue=PERIODIC, pass_context=True, queueing_lock="settle_debits")
def _settle_debits(context: JobContext, timestamp: int) -> None:
    log.info("settled", count=settle_debits(_runtime(context)))


@jobs.periodic(cron="25 * * * *")
@jobs.task(name="charge_return_fees", queue=PERIODIC, pass_context=True, queueing_lock="charge_return_fees")
def _charge_return_fees(context: JobContext, timestamp: int) -> None:
    log.info("charged", count=charge_return_fees(_runtime(context)))


@jobs.task(name=failures.JOB, pass_context=True)
def _follow_up_debits(context: JobContext) -> None:
    log.info("followed_up", retried=follow_up_debits(_runtime(context)))


@jobs.periodic(cron="20 * * * *")
@jobs.task(name="follow_up_waiting", queue=PERIODIC, pass_context=True, queueing_lock="follow_up_waiting")
def _follow_up_waiting(context: JobContext, timestamp: int) -> None:
    """Failed debits whose data were mended since, or whose follow-up failed."""
    _follow_up_debits(context)


@jobs.periodic(cron="15 * * * *")
@jobs.task(name="forget_replies", queue=PERIODIC, pass_context=True, queueing_lock="forget_replies")
def _forget_replies(context: JobContext, timestamp: int) -> None:
    log.info("forgot", count=forget_replies(_runtime(context)))


@jobs.periodic(cron="* * * * *")
@jobs.task(name="retry_stalled", queue=PERIODIC, queueing_lock="retry_stalled")
async def _retry_stalled(timestamp: int) -> None:
    """Take over the jobs of workers that died: their heartbeat is missing."""
    stalled = await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER.total_seconds())
    for job in stalled:
        await _take_over(job)
        log.warning("retried_stalled_job", task=job.task_name, job_id=job.id)


async def _take_over(job: Job) -> None:
    """Queue a stalled job again, or give it up where another one waits to do the same work once it is gone."""
    try:
        await jobs.job_manager.retry_job(job)
    except UniqueViolation:
        await jobs.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)


async def keep_working(runtime: Runtime) -> None:
    """Work on jobs until cancelled, whatever happens to the database in between."""
    while True:
        try:
            await run_worker(runtime)
        except Exception as error:
            log.error("worker_failed", error=type(error).__name__, where=where(error))  # noqa: TRY400
        await asyncio.sleep(PAUSE)


async def run_worker(runtime: Runtime, *, wait: bool = True) -> None:
    """Work on jobs until cancelled; with `wait` off until none is left of those that changes asked for."""
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    connector = PsycopgConnector(conninfo=runtime.conninfo, min_size=1, max_size=4)
    with jobs.replace_connector(connector) as app:
        app.periodic_defaults["max_delay"] = CATCH_UP.total_seconds() if wait else 0.0
        async with app.open_async():
            await app.run_worker_async(
                wait=wait, queues=[PERIODIC, ASKED_FOR] if wait else [ASKED_FOR], install_signal_handlers=False,
                concurrency=1, delete_jobs="successful", fetch_job_polling_interval=5.0,
                additional_context={"runtime": runtime},
            )  # fmt: skip
