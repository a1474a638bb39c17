"""Work that goes on behind the requests: matching, ageing, settling; queued by Procrastinate on the same database."""

from __future__ import annotations

import logging
from datetime import timedelta

import structlog
from procrastinate import JobContext, PsycopgConnector

from gateway.runtime import Runtime
from ledger import invoices
from ledger.outbox import jobs
from mandates import returns
from reconciliation import matching
from reconciliation.matching import MatchReport

log = structlog.get_logger()
STALLED_AFTER = timedelta(seconds=60)


def match_everything(runtime: Runtime, *, actor: str) -> MatchReport:
    """Decide every waiting line, chunk by chunk, each in a transaction of its own."""
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


def _runtime(context: JobContext) -> Runtime:
    runtime: Runtime = context.additional_context["runtime"]
    return runtime


@jobs.task(name=matching.JOB, pass_context=True)
def _match_lines(context: JobContext) -> None:
    done = match_everything(_runtime(context), actor="job")
    log.info("matched", lines=done.looked_at, matched=done.by_rule.total(), waiting=done.waiting.total())


@jobs.periodic(cron="5 0 * * *")
@jobs.task(name="age_invoices", pass_context=True, queueing_lock="age_invoices")
def _age_invoices(context: JobContext, timestamp: int) -> None:
    log.info("aged", count=age_invoices(_runtime(context)))


@jobs.periodic(cron="10 0 * * *")
@jobs.task(name="settle_debits", pass_context=True, queueing_lock="settle_debits")
def _settle_debits(context: JobContext, timestamp: int) -> None:
    log.info("settled", count=settle_debits(_runtime(context)))


@jobs.periodic(cron="* * * * *")
@jobs.task(name="retry_stalled", pass_context=True, queueing_lock="retry_stalled")
async def _retry_stalled(context: JobContext, timestamp: int) -> None:
    """Take over the jobs of workers that died: their heartbeat is missing."""
    stalled = await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER.total_seconds())
    for job in stalled:
        await jobs.job_manager.retry_job(job)
        log.warning("retried_stalled_job", task=job.task_name, job_id=job.id)


async def run_worker(runtime: Runtime, *, wait: bool = True) -> None:
    """Work on jobs until cancelled, or with `wait` off until none is left."""
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    connector = PsycopgConnector(conninfo=runtime.conninfo, min_size=1, max_size=4)
    with jobs.replace_connector(connector) as app:
        async with app.open_async():
            await app.run_worker_async(
                wait=wait, install_signal_handlers=False, concurrency=1, delete_jobs="successful",
                fetch_job_polling_interval=5.0, additional_context={"runtime": runtime},
            )  # fmt: skip
