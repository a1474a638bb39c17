"""Notices through a real mail server: each once, after a crash again with the same bytes, later if not now."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import jobs, notice_sending
from gateway.mail import Fate
from gateway.notice_sending import NOT_CONFIGURED, send_due
from gateway.runtime import Runtime
from ledger.models import Event
from mandates import notice_queue
from mandates.models import PreNotification
from mandates.notice_queue import CLAIMED_FOR, PAUSES
from tests.conftest import Clock
from tests.factories.books import Books
from tests.factories.letters import opened, part
from tests.factories.mail_server import MailServer, reached_at, serving
from tests.factories.notices import announcing, debit_of

ERIKA, OTTO = "erika@example.org", "otto@example.org"


@pytest.fixture
def post(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server, and settings that name it."""
    with serving(MailServer()) as post:
        reach(runtime, post, monkeypatch)
        yield post


def reach(runtime: Runtime, post: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in reached_at(post, smtp_contact="help@billing.example").items():
        monkeypatch.setattr(runtime.settings, name, value)


def queued(runtime: Runtime, *emails: str | None) -> list[str]:
    """Announced debits of customers with these addresses, 14 days ahead and a bit; gives their ids."""

    def make(session: Session) -> list[str]:
        books = announcing(Books(session, runtime.act("test")))
        return [debit_of(books, email=email, total_minor=100 + n).id for n, email in enumerate(emails)]

    return runtime.run(make)


def notices(runtime: Runtime) -> list[PreNotification]:
    """Every notice, in the order in which they were made."""
    with runtime.sessions() as session:
        return list(session.scalars(select(PreNotification).order_by(PreNotification.id)))


def facts(runtime: Runtime) -> list[tuple[str, int, str | None]]:
    """State, attempts and last error of every notice."""
    return [(one.state, one.attempts, one.last_error) for one in notices(runtime)]


def fates(runtime: Runtime) -> dict[str, int]:
    return {str(fate): number for fate, number in send_due(runtime, actor="test").by_fate.items()}


def message_ids(post: MailServer) -> list[str]:
    return [opened(content)["Message-ID"] for _, content in post.taken]


def test_what_was_scheduled_is_in_the_customers_mailbox_after_the_job(
    runtime: Runtime, post: MailServer, clock: Clock
) -> None:
    queued(runtime, ERIKA, None, OTTO)
    asyncio.run(jobs.run_worker(runtime, wait=False))
    assert post.recipients == [ERIKA, OTTO]
    assert post.connections == 1
    message = opened(post.taken[0][1])
    assert message["From"] == "Muster Energie GmbH <billing@billing.example>"
    assert message["Date"].datetime == clock.instant
    for said in ("1,00\xa0€", "Mittwoch, 2. Dezember 2026", "DE98ZZZ09999999999", "help@billing.example"):
        assert said in part(message, "plain")
    sent, without, also = notices(runtime)
    assert (sent.state, without.state, also.state) == ("sent", "failed", "sent")
    with runtime.sessions() as session:
        assert session.get_one(PreNotification, sent.id).content == post.taken[0][1]
        told = session.scalars(select(Event.type).order_by(Event.position)).all()
    assert told.count("debit.notified") == 2
    assert fates(runtime) == {}


def test_without_a_mail_server_everything_stays_queued(runtime: Runtime) -> None:
    queued(runtime, ERIKA)
    assert send_due(runtime, actor="test").trouble == NOT_CONFIGURED
    assert facts(runtime) == [("queued", 0, None)]


def test_a_server_that_is_away_costs_one_connection_and_nothing_is_lost(
    runtime: Runtime, post: MailServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(runtime, ERIKA, OTTO)
    monkeypatch.setattr(runtime.settings, "smtp_port", 1)
    report = send_due(runtime, actor="test")
    assert report.trouble == "The mail server refused the connection."
    assert facts(runtime) == [("queued", 0, report.trouble)] * 2
    monkeypatch.setattr(runtime.settings, "smtp_port", post.port)
    assert fates(runtime) == {"taken": 2}
    assert [error for _, _, error in facts(runtime)] == [None, None]


def test_greylisted_now_taken_after_the_pause(runtime: Runtime, post: MailServer, clock: Clock) -> None:
    queued(runtime, ERIKA, OTTO)
    post.to_recipients[ERIKA] = ["451 4.7.1 come back later, erika@example.org", None]
    assert fates(runtime) == {"deferred": 1, "taken": 1}
    assert facts(runtime)[0] == ("queued", 1, "The mail server answered 451 4.7.1 to the recipient.")
    clock.forward(seconds=PAUSES[0].total_seconds() - 1)
    assert fates(runtime) == {}
    clock.forward(seconds=1)
    assert fates(runtime) == {"taken": 1}
    assert post.recipients == [OTTO, ERIKA]
    assert facts(runtime)[0] == ("sent", 2, None)


def test_a_mailbox_that_does_not_exist_waits_for_a_person(
    runtime: Runtime, post: MailServer, clock: Clock
) -> None:
    (debit_id, _) = queued(runtime, ERIKA, OTTO)
    post.to_recipients[ERIKA] = ["550 5.1.1 no such user erika@example.org"]
    assert fates(runtime) == {"refused": 1, "taken": 1}
    assert facts(runtime)[0] == ("failed", 1, "The mail server answered 550 5.1.1 to the recipient.")
    clock.forward(days=2)
    assert fates(runtime) == {}
    with runtime.sessions() as session:
        told = session.scalars(
            select(Event).where(Event.object_id == debit_id, Event.type == "debit.notice_failed")
        )
        assert [event.cause for event in told] == ["The mail server answered 550 5.1.1 to the recipient."]


def test_a_line_that_dies_after_the_message_sends_the_same_bytes_again(
    runtime: Runtime, post: MailServer, clock: Clock
) -> None:
    """The server may have taken it: the receiver knows the second one by its Message-ID."""
    queued(runtime, ERIKA, OTTO)
    heard: list[bytes] = []
    post.on_message = heard.append
    post.hang_up = lambda content: len(heard) == 1
    report = send_due(runtime, actor="test")
    assert report.trouble == "The mail server ended the connection."
    assert facts(runtime) == [("queued", 1, report.trouble), ("queued", 0, report.trouble)]
    assert fates(runtime) == {"taken": 1}
    clock.forward(seconds=PAUSES[0].total_seconds())
    assert fates(runtime) == {"taken": 1}
    assert post.recipients == [OTTO, ERIKA]
    assert heard[0] == heard[2]
    assert [state for state, _, _ in facts(runtime)] == ["sent", "sent"]


class Died(Exception):
    """The process was killed here."""


def test_a_crash_between_sending_and_writing_it_down_sends_the_same_bytes_again(
    runtime: Runtime, post: MailServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(runtime, ERIKA)

    def die(*args: Any, **more: Any) -> None:
        raise Died

    with monkeypatch.context() as broken:
        broken.setattr(notice_queue, "note_sent", die)
        with pytest.raises(Died):
            send_due(runtime, actor="test")
    assert post.recipients == [ERIKA]
    assert facts(runtime) == [("queued", 1, None)]
    assert fates(runtime) == {}  # whoever died holds it for a while
    clock.forward(seconds=CLAIMED_FOR.total_seconds())
    assert fates(runtime) == {"taken": 1}
    (first, second) = post.taken
    assert first == second
    assert len(set(message_ids(post))) == 1
    assert facts(runtime) == [("sent", 2, None)]


def test_a_crash_before_sending_loses_nothing(
    runtime: Runtime, post: MailServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(runtime, ERIKA)

    def die(*args: Any, **more: Any) -> None:
        raise Died

    with monkeypatch.context() as broken:
        broken.setattr(notice_sending, "_send", die)
        with pytest.raises(Died):
            send_due(runtime, actor="test")
    (written,) = notices(runtime)
    assert (written.state, written.attempts, post.taken) == ("queued", 1, [])
    clock.forward(seconds=CLAIMED_FOR.total_seconds())
    assert fates(runtime) == {"taken": 1}
    assert message_ids(post) == [f"<{written.message_id}>"]


@pytest.mark.race
def test_eight_workers_send_one_queue_and_each_mail_once(
    runtime: Runtime, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_sending, "CHUNK", 4)
    queued(runtime, *(f"customer{number}@example.org" for number in range(40)))
    barrier = Barrier(8)

    def work(number: int) -> Counter[Fate]:
        barrier.wait(timeout=30)
        return send_due(runtime, actor=f"worker {number}").by_fate

    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(work, range(8)), Counter())
    while fates(runtime):
        pass  # what somebody passed over because another one looked at it
    assert sorted(post.recipients) == sorted(f"customer{number}@example.org" for number in range(40))
    assert len(set(message_ids(post))) == 40
    assert done[Fate.TAKEN] <= 40
    assert {(state, attempts) for state, attempts, _ in facts(runtime)} == {("sent", 1)}


def test_a_job_sends_a_bounded_part_and_queues_another_for_the_rest(
    runtime: Runtime, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_sending, "CHUNK", 2)
    monkeypatch.setattr(notice_sending, "CHUNKS_OF_A_JOB", 2)
    queued(runtime, *[ERIKA] * 7)
    assert notice_sending.send_in_job(runtime).more
    assert len(post.taken) == 4
    asyncio.run(jobs.run_worker(runtime, wait=False))
    assert len(post.taken) == 7
    assert post.connections == 4


def test_a_slow_server_is_left_before_the_claim_runs_out(
    runtime: Runtime, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(runtime, ERIKA, OTTO, ERIKA)
    ticks = iter(range(0, 100_000, 100))  # every look at the clock is 100 seconds later
    monkeypatch.setattr("gateway.notice_sending.monotonic", lambda: float(next(ticks)))
    assert fates(runtime) == {"taken": 3}
    assert post.connections == 3
    assert {attempts for _, attempts, _ in facts(runtime)} == {1}


def test_no_address_is_in_an_error_a_log_or_an_event(
    runtime: Runtime, post: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    queued(runtime, ERIKA, OTTO)
    post.to_recipients[ERIKA] = ["550 5.1.1 Erika Beispiel <erika@example.org> left"]
    post.to_messages = ["451 4.3.0 not now, otto@example.org"]
    asyncio.run(jobs.run_worker(runtime, wait=False))
    with runtime.sessions() as session:
        told = [str((event.cause, event.data)) for event in session.scalars(select(Event))]
    said = capsys.readouterr()
    everything = " ".join([said.out, said.err, *told, *(str(one) for one in facts(runtime))])
    assert "451 4.3.0" in everything
    assert not any(secret in everything for secret in ("@example.org", "Erika", "erika"))


def test_the_pauses_lie_between_minutes_and_hours() -> None:
    assert list(PAUSES) == sorted(PAUSES)
    assert (PAUSES[0], PAUSES[-1]) == (timedelta(minutes=5), timedelta(hours=6))
