"""Work that goes on behind the requests: matching, ageing, settling; queued by Procrastinate on the same database."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog
from procrastinate import JobContext, PsycopgConnector
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from credit_control import follow_ups, return_fees
from gateway import notice_sending, statement_import
from gateway.logs import where
from gateway.mail import Fate
from gateway.models import IdempotentReply
from gateway.runtime import Runtime
from ledger import invoices, outbox
from ledger.outbox import jobs
from mandates import failures, pre_notifications, returns
from reconciliation import matching
from reconciliation.matching import MatchReport
from reconciliation.transfers import runs
from reconciliation.transfers.runs import Applied

log = structlog.get_logger()
STALLED_AFTER = timedelta(seconds=30)  # without a heartbeat, which comes every ten seconds
REPLIES_KEPT = timedelta(days=30)
PERIODIC = "periodic"  # the queue of what the clock asks for
ASKED_FOR = "default"  # the queue of what a change asks for (ledger.outbox.defer)
CATCH_UP = timedelta(hours=1)
HELP = "help_with_run"
_STAGES = 3  # of a round: find, apply by customers, apply what touches several
_LOOK_AGAIN = 0.1  # seconds until a helper looks again for a part of the next stage
_PATIENCE = 300  # looks of a helper at a run of which nothing is to do
PAUSE = 5.0  # seconds before a worker that failed as a whole begins again


def match_everything(runtime: Runtime, *, actor: str) -> MatchReport:
    """Decide every waiting line: what is about our own orders, and again while that lets further ones be decided (a
    return may stand in an earlier chunk than the credit that it takes back); then what customers sent.

    Many credits are a run that other workers help with (see help_with_run).
    """
    report, passed_over = _match_own(runtime, actor=actor)
    report.take_in(_match_sent(runtime, passed_over, actor=actor))
    report.looked_at = report.by_rule.total() + report.waiting.total()
    return report


def _match_own(runtime: Runtime, *, actor: str) -> tuple[MatchReport, list[str]]:
    """Decide what can be about our own orders; gives the lines as well that wait for a reason of ours."""
    whole, waiting = _look_at_own(runtime, actor=actor)
    last = whole
    for _ in range(matching.MOST_LOOKS - 1):
        if not last.goes_on():
            break
        last, waiting = _look_at_own(runtime, actor=actor)
        whole.followed_by(last)
    return whole, waiting


def _look_at_own(runtime: Runtime, *, actor: str) -> tuple[MatchReport, list[str]]:
    """Look once at every line that can be about our own orders, chunk by chunk, each in a transaction of its own."""
    whole = MatchReport()
    waiting: list[str] = []
    while True:
        look = partial(matching.match_own_chunk, act=runtime.act(actor), after=whole.last_line_id)
        done, waits = runtime.run(look)
        if not done.looked_at:
            return whole, waiting
        whole.add(done)
        waiting += waits


def _match_sent(runtime: Runtime, passing_over: Sequence[str], *, actor: str) -> Applied:
    """A run over what customers sent: round after round, and then what waits is settled."""
    waiting = runtime.run(partial(runs.count_waiting, most=2 * runs.PART + 1))
    if not waiting:
        return Applied()
    run_id = runtime.run(partial(runs.begin, act=runtime.act(actor)))
    if waiting > 2 * runs.PART:
        runtime.run(partial(_ask_for_help, run_id=run_id))
    done, found = Applied(), 0
    for found in range(0, _STAGES * runs.MOST_ROUNDS, _STAGES):
        runtime.run(partial(runs.plan_finding, run_id=run_id, stage=found, passing_over=passing_over))
        _do_stage(runtime, run_id, actor=actor)
        applied = _apply_found(runtime, run_id, found, actor=actor)
        done.add(applied)
        if not applied.by_row:
            break
    last = found + _STAGES
    runtime.run(partial(runs.plan_settling, run_id=run_id, stage=last, found=found))
    _do_stage(runtime, run_id, actor=actor)
    done.add(runtime.run(partial(runs.outcome_of, run_id=run_id, stage=last)))
    runtime.run(partial(runs.end, run_id=run_id, act=runtime.act(actor)))
    return done


def _apply_found(runtime: Runtime, run_id: str, found: int, *, actor: str) -> Applied:
    """Apply what the stage `found` holds: first by customers, then what touches several."""
    applied = Applied()
    for stage, several in ((found + 1, False), (found + 2, True)):
        plan = partial(runs.plan_applying, run_id=run_id, stage=stage, found=found, several=several)
        if runtime.run(plan):
            _do_stage(runtime, run_id, actor=actor)
            applied.add(runtime.run(partial(runs.outcome_of, run_id=run_id, stage=stage)))
    return applied


def _do_stage(runtime: Runtime, run_id: str, *, actor: str) -> None:
    """Do every part that nobody else does, then wait for the others: their locks fall when they are done, or dead."""
    while _do_part(runtime, run_id, actor=actor, wait=False):
        pass
    while _do_part(runtime, run_id, actor=actor, wait=True):
        pass


def help_with_run(runtime: Runtime, run_id: str, *, actor: str) -> int:
    """Do parts of another worker's run until it is over, or nothing of it was to do for a while; gives how many."""
    done, idle = 0, 0
    while idle < _PATIENCE and not runtime.run(partial(runs.is_over, run_id=run_id)):
        if _do_part(runtime, run_id, actor=actor, wait=False):
            done, idle = done + 1, 0
        else:
            idle += 1
            time.sleep(_LOOK_AGAIN)
    return done


def _do_part(runtime: Runtime, run_id: str, *, actor: str, wait: bool) -> bool:
    return runtime.run(partial(runs.do_part, run_id=run_id, act=runtime.act(actor), wait=wait))


def _ask_for_help(session: Session, *, run_id: str) -> None:
    """Queue a job for each worker that lives; one that comes too late finds nothing to do."""
    alive = text("SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - :age")
    for _ in range(int(session.execute(alive, {"age": STALLED_AFTER}).scalar_one())):
        outbox.defer(session, HELP, run_id=run_id)


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


@jobs.task(name=HELP, pass_context=True)
def _help_with_run(context: JobContext, run_id: str) -> None:
    done = help_with_run(_runtime(context), run_id, actor="job")
    log.info("helped", run_id=run_id, parts=done)


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
