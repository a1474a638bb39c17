"""Work behind the requests: asked for with the change, done once, taken over when a worker dies."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from procrastinate import PsycopgConnector
from sqlalchemy import text

from gateway import jobs, statement_import
from gateway.runtime import Runtime
from gateway.sandbox.entries import Entry
from ledger import outbox
from reconciliation import importing, matching
from tests.conftest import Clock
from tests.factories.api import Caller
from tests.factories.books import OUR_IBAN
from tests.factories.camt import camt053, credit
from tests.factories.journey import Story, transfer
from tests.factories.processes import PATIENCE, PROGRAM, environment


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


def queue(runtime: Runtime) -> list[tuple[str, str]]:
    """Task and status of every job that a change asked for."""
    asked_for = "SELECT task_name, status::text FROM procrastinate_jobs WHERE queue_name = :queue ORDER BY id"
    with runtime.sessions() as session:
        return [(row[0], row[1]) for row in session.execute(text(asked_for), {"queue": jobs.ASKED_FOR})]


def execute(runtime: Runtime, statement: str, **values: Any) -> None:
    runtime.run(lambda session: session.execute(text(statement), values))


def run_task(runtime: Runtime, name: str) -> None:
    """Do one periodic task now, and none of those that the real clock has asked for."""
    execute(runtime, "UPDATE procrastinate_jobs SET status = 'cancelled' WHERE queue_name = 'periodic'")

    async def once() -> None:
        with outbox.jobs.replace_connector(PsycopgConnector(conninfo=runtime.conninfo)) as app:
            async with app.open_async():
                await app.configure_task(name).defer_async(timestamp=0)
                await app.run_worker_async(
                    wait=False, queues=[jobs.PERIODIC], install_signal_handlers=False,
                    additional_context={"runtime": runtime}, delete_jobs="successful",
                )  # fmt: skip

    asyncio.run(once())


def test_invoices_become_due_and_overdue_as_days_go_by(story: Story, runtime: Runtime, clock: Clock) -> None:
    invoice = story.invoice(12_000, due_on=date(2026, 11, 19))
    assert story.status(invoice) == "not_due"
    assert jobs.age_invoices(runtime) == 0
    clock.forward(days=1)
    assert jobs.age_invoices(runtime) == 1
    assert story.status(invoice) == "due"
    assert jobs.age_invoices(runtime) == 0
    clock.forward(days=1)
    assert jobs.age_invoices(runtime) == 1
    assert story.status(invoice) == "overdue"
    told = [event["type"] for event in story.erp.get("/v1/events", object_id=invoice["id"])["data"]]
    assert told == ["invoice.created", "invoice.due", "invoice.overdue"]


def test_a_day_begins_at_midnight_where_the_treasury_is(story: Story, runtime: Runtime, clock: Clock) -> None:
    invoice = story.invoice(12_000, due_on=date(2026, 11, 19))
    clock.forward(hours=14, minutes=59)  # 22:59 UTC, a minute before midnight in Berlin
    assert jobs.age_invoices(runtime) == 0
    clock.forward(minutes=1)
    assert jobs.age_invoices(runtime) == 1
    assert story.status(invoice) == "due"


def test_collected_money_is_final_when_it_can_no_longer_come_back(
    story: Story, runtime: Runtime, clock: Clock, work: Callable[[], None]
) -> None:
    invoice = story.invoice(12_000, mandate=True)
    story.bank_answers(story.collect())
    work()
    payment = story.treasury.all("/v1/payments")[0]
    assert (payment["state"], payment["received_on"]) == ("provisional", "2026-11-19")
    last_day = date.fromisoformat(payment["reversible_until"])
    assert last_day == date(2027, 1, 18)  # 8 weeks after the 19th of November, and two bank days

    clock.forward(days=(last_day - date(2026, 11, 18)).days)
    assert jobs.settle_debits(runtime) == 0
    assert story.status(invoice) == "paid_provisional"
    clock.forward(days=1)
    assert jobs.settle_debits(runtime) == 1
    assert story.status(invoice) == "paid"
    assert story.treasury.get(f"/v1/payments/{payment['id']}")["state"] == "final"
    assert [one["state"] for one in story.erp.all("/v1/debits")] == ["settled"]
    assert jobs.settle_debits(runtime) == 0


@pytest.mark.parametrize("name", ["age_invoices", "settle_debits", "match_waiting", "forget_replies"])
def test_the_clock_asks_for_everything_every_hour(name: str) -> None:
    crons = {task.task.name: task.cron for task in outbox.jobs.periodic_registry.periodic_tasks.values()}
    minute, *rest = crons[name].split()
    assert 0 <= int(minute) < 60
    assert rest == ["*", "*", "*", "*"]
    assert outbox.jobs.tasks[name].queue == jobs.PERIODIC


def test_the_periodic_tasks_do_their_work(
    story: Story, runtime: Runtime, clock: Clock, work: Callable[[], None]
) -> None:
    due = story.invoice(12_000, due_on=date(2026, 11, 19))
    story.bank_books(transfer(4_950, "Rechnung RE-2026-00009"))
    work()
    assert [one["state"] for one in story.treasury.all("/v1/statement-lines")] == ["unexplained"]
    late = story.erp.post(
        "/v1/invoices",
        {
            "number": "RE-2026-00009", "customer_id": due["customer_id"], "total_minor": 4_950,
            "issued_on": "2026-11-04", "due_on": "2026-12-01",
        },
    )  # fmt: skip
    run_task(runtime, "match_waiting")
    assert story.status(late) == "paid"
    clock.forward(days=1)
    run_task(runtime, "age_invoices")
    assert story.status(due) == "due"
    run_task(runtime, "settle_debits")
    clock.forward(days=40)
    run_task(runtime, "forget_replies")
    with runtime.sessions() as session:
        assert session.scalar(text("SELECT count(*) FROM idempotent_replies")) == 0


def test_one_matching_looks_at_all_that_was_uploaded(
    story: Story, runtime: Runtime, work: Callable[[], None]
) -> None:
    first, second = story.invoice(10_000), story.invoice(20_000)
    story.bank_books(transfer(10_000, f"Rechnung {first['number']}"))
    story.bank_books(transfer(20_000, f"Rechnung {second['number']}", number=2))
    assert queue(runtime) == [(matching.JOB, "todo")]
    work()
    assert queue(runtime) == []
    assert [story.status(one) for one in (first, second)] == ["paid", "paid"]


def leave_behind(runtime: Runtime, *, heartbeat: timedelta) -> None:
    """A worker took the waiting job and died that long ago."""
    execute(
        runtime,
        "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - :ago) RETURNING id) "
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead) WHERE status = 'todo'",
        ago=heartbeat,
    )


def test_the_job_of_a_worker_that_died_is_taken_over(
    story: Story, runtime: Runtime, work: Callable[[], None]
) -> None:
    invoice = story.invoice(10_000)
    story.bank_books(transfer(10_000, f"Rechnung {invoice['number']}"))
    leave_behind(runtime, heartbeat=jobs.STALLED_AFTER + timedelta(seconds=5))
    work()
    assert story.status(invoice) == "due"
    run_task(runtime, "retry_stalled")
    assert queue(runtime) == [(matching.JOB, "todo")]
    work()
    assert story.status(invoice) == "paid"


def test_the_job_of_a_worker_that_lives_is_left_to_it(story: Story, runtime: Runtime) -> None:
    story.bank_books(transfer(10_000, "Danke"))
    leave_behind(runtime, heartbeat=jobs.STALLED_AFTER - timedelta(seconds=20))
    run_task(runtime, "retry_stalled")
    assert queue(runtime) == [(matching.JOB, "doing")]


def test_a_dead_matching_does_not_block_the_one_that_waits_behind_it(
    story: Story, runtime: Runtime, work: Callable[[], None]
) -> None:
    first, second = story.invoice(10_000), story.invoice(20_000)
    story.bank_books(transfer(10_000, f"Rechnung {first['number']}"))
    leave_behind(runtime, heartbeat=jobs.STALLED_AFTER + timedelta(seconds=5))
    story.bank_books(transfer(20_000, f"Rechnung {second['number']}", number=2))
    assert queue(runtime) == [(matching.JOB, "doing"), (matching.JOB, "todo")]
    run_task(runtime, "retry_stalled")
    work()
    assert queue(runtime) == []
    assert [story.status(one) for one in (first, second)] == ["paid", "paid"]


def test_matching_goes_on_chunk_by_chunk_to_the_last_line(
    story: Story, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = matching.match_chunk
    monkeypatch.setattr(
        "reconciliation.matching.match_chunk",
        lambda session, *, act, after=None: whole(session, act=act, after=after, limit=2),
    )
    invoice = story.invoice(10_000)
    entries: list[Entry] = [transfer(500 + number, "Danke", number=number) for number in range(4)]
    story.bank_books(*entries, transfer(10_000, f"Rechnung {invoice['number']}", number=9))
    report = jobs.match_everything(runtime, actor="test")
    assert report.looked_at == 5
    assert (report.by_rule.total(), report.waiting.total()) == (1, 4)
    assert story.status(invoice) == "paid"
    again = jobs.match_everything(runtime, actor="test")
    assert (again.looked_at, again.by_rule.total(), again.waiting.total()) == (4, 0, 4)


def test_a_worker_that_fails_begins_again(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []

    async def failing(runtime: Runtime) -> None:
        runs.append(len(runs))
        if len(runs) == 3:
            raise asyncio.CancelledError
        raise ConnectionError("the database is restarted")

    monkeypatch.setattr("gateway.jobs.run_worker", failing)
    monkeypatch.setattr("gateway.jobs.PAUSE", 0.0)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(jobs.keep_working(runtime))
    assert runs == [0, 1, 2]


def test_a_worker_of_its_own_does_the_work_and_ends_when_asked(
    story: Story, runtime: Runtime, database_url: str, tmp_path: Path
) -> None:
    invoice = story.invoice(10_000)
    story.bank_books(transfer(10_000, f"Rechnung {invoice['number']}"))
    worker = subprocess.Popen(
        [PROGRAM, "worker"], cwd=tmp_path, env=environment(DATABASE_URL=database_url), stderr=subprocess.PIPE
    )
    last = time.monotonic() + PATIENCE
    while story.status(invoice) != "paid" and worker.poll() is None and time.monotonic() < last:
        pass  # every look is a request, so it does not spin
    worker.terminate()
    _, said = worker.communicate(timeout=PATIENCE)
    assert (worker.returncode, said) == (0, b"")
    assert story.status(invoice) == "paid"
    assert queue(runtime) == []


def test_a_file_whose_job_failed_is_taken_up_again(
    story: Story, runtime: Runtime, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime.settings, "import_at_once_bytes", 0)
    files = [
        camt053([credit(1_000)], account=OUR_IBAN),
        camt053([credit(2_000)], account=OUR_IBAN, statement_id="STM-2", sequence="2", opening=101_000),
    ]  # fmt: skip
    story.treasury.upload_raw(*files, status=202)
    with monkeypatch.context() as broken:
        broken.setattr(importing, "take_in", lambda *_, **__: 1 / 0)
        work()
    states = [one["state"] for one in story.treasury.all("/v1/statement-files")]
    assert states == ["received", "received"]
    assert [status for _, status in queue(runtime)] == ["failed", "failed"]

    run_task(runtime, "import_waiting")
    assert [status for _, status in queue(runtime)] == ["failed", "failed", "todo", "todo"]
    run_task(runtime, "import_waiting")
    work()
    assert [one["state"] for one in story.treasury.all("/v1/statement-files")] == ["imported", "imported"]
    run_task(runtime, "import_waiting")
    assert [status for _, status in queue(runtime)] == ["failed", "failed"]


def test_a_file_that_is_being_read_is_left_to_its_worker(
    story: Story, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime.settings, "import_at_once_bytes", 0)
    content = camt053([credit(1_000)], account=OUR_IBAN)
    file_id = story.treasury.upload_raw(content, status=202)["data"][0]["file_id"]
    found: list[int] = []
    statement_import.take_in(
        runtime, file_id, actor="test",
        progress=lambda _bytes, _lines: found.append(statement_import.queue_waiting(runtime)),
    )  # fmt: skip
    assert found == [0]


def test_waiting_files_are_looked_for_every_ten_minutes() -> None:
    crons = {task.task.name: task.cron for task in outbox.jobs.periodic_registry.periodic_tasks.values()}
    assert crons["import_waiting"] == "*/10 * * * *"
