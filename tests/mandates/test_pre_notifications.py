"""No debit is drawn that its debtor was not told of in time: what is announced, how, and what counts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from exporters import debit_batches, pre_flight
from ledger.acts import Act
from ledger.models import Event
from mandates import batches, debits, letters_sent, notice_queue, pre_notifications, terms
from mandates.drafting import NothingToCollect
from mandates.letters_sent import LetterRejected, LetterTooLate, NotToBeAnnounced
from mandates.models import AnnouncedBy, Batch, Debit, PreNotification
from mandates.notice_queue import CLAIMED_FOR, IN_A_BATCH, PAUSES
from mandates.pre_notifications import JOB, NO_ADDRESS, UNUSABLE_ADDRESS, NoticeMissing, NoticeNotFound
from tests.factories.books import Books
from tests.factories.collecting import approved, days_later, drafted, events, refused, release, reload, second
from tests.factories.letters import opened, part
from tests.factories.notices import (
    all_sent,
    announcing,
    claim,
    customer_of,
    debit_of,
    notice_of,
    notices_of,
)

FIRST = date(2026, 12, 2)  # 14 days after the Wednesday on which the tests begin


@pytest.fixture
def ours(books: Books) -> Books:
    """A creditor whose debits Duecourse announces 14 days before."""
    return announcing(books)


def why(session: Session, debit: Debit, on: date | None = None) -> str | None:
    return pre_notifications.missing(session, [debit], on=on).get(debit.id)


def text_of(notice: PreNotification) -> str:
    return part(opened(notice.content or b""), "plain")


def jobs_waiting(session: Session) -> int:
    return len(session.connection().exec_driver_sql(
        "SELECT 1 FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo'", (JOB,)
    ).all())  # fmt: skip


def test_a_scheduled_debit_is_announced_and_one_job_sends_all(session: Session, ours: Books) -> None:
    first, second_one = debit_of(ours), debit_of(ours, total_minor=500)
    assert (first.collect_on, second_one.collect_on) == (FIRST, FIRST)
    assert jobs_waiting(session) == 1
    notice = notice_of(session, first)
    assert (notice.channel, notice.state, notice.recipient) == ("email", "queued", "erika@example.org")
    assert (notice.collect_on, notice.amount_minor, notice.currency, notice.days) == (
        FIRST,
        12_000,
        "EUR",
        14,
    )
    assert (notice.content, notice.attempts, notice.noticed_on) == (None, 0, None)
    assert why(session, first) == "The notice has not been sent yet."
    session.commit()


def test_a_sent_notice_counts_for_its_day_and_amount_only(session: Session, ours: Books, act: Act) -> None:
    debit = debit_of(ours)
    (sent,) = all_sent(session, act=act)
    assert (sent.state, sent.noticed_on, sent.sent_at) == ("sent", act.today, act.at)
    assert why(session, debit) is None
    assert why(session, debit, date(2026, 12, 3)) == "The notice says 2026-12-02, not 2026-12-03."
    debit.amount_minor = 11_999
    assert why(session, debit) == "The notice says another amount."
    session.rollback()


def test_the_event_says_what_was_announced_and_names_nobody(session: Session, ours: Books, act: Act) -> None:
    debit = debit_of(ours)
    all_sent(session, act=act)
    session.commit()
    assert events(session, debit.id) == ["debit.scheduled", "debit.notified"]
    told = session.query(Event).where(Event.type == "debit.notified").one()
    assert told.data == {
        "notice_id": notice_of(session, debit).id, "channel": "email", "collect_on": "2026-12-02",
        "amount_minor": 12_000, "currency": "EUR", "days": 14, "noticed_on": "2026-11-18",
    }  # fmt: skip


def announced_after_drafting(books: Books, *, days: int = 1) -> Debit:
    """A debit in an approved batch, drafted while the ERP announced the debits; now we do."""
    debit = debit_of(books, days=days)
    approved(books)
    announcing(books)
    pre_notifications.announce(books.session, [debit.id], act=books.act)
    return debit


def test_a_debit_that_is_not_announced_cannot_be_released(session: Session, books: Books, act: Act) -> None:
    debit = announced_after_drafting(books)
    (batch,) = session.scalars(select(Batch))
    findings = pre_flight.examine(session, batch, act=act)
    assert [(one.rule, one.debit_id, one.message) for one in findings if one.severity == "error"] == [
        ("not_announced", debit.id, "The notice has not been sent yet.")
    ]
    with refused(session, NoticeMissing, "debit_id") as caught:
        release(session, batch.id, act=second(act))
    assert caught.value.message == (
        f"Debit {debit.id} cannot be collected on 2026-11-19: The notice has not been sent yet."
    )
    all_sent(session, act=act)
    assert pre_flight.examine(session, batch, act=act) == []
    release(session, batch.id, act=second(act))
    reload(session, debit)
    assert (debit.state, debit.notice_days) == ("submitted", 1)
    session.commit()


def test_only_what_was_announced_in_time_is_put_into_a_batch(session: Session, ours: Books, act: Act) -> None:
    told, untold, without = debit_of(ours, days=1), debit_of(ours, days=1), debit_of(ours, days=1, email=None)
    claimed = {notice.debit_id: notice.id for notice in claim(session, act=act)}
    notice_queue.note_sent(session, claimed[told.id], act=act)
    batch = drafted(ours)
    assert [debit.id for debit in batches.debits_of(session, batch.id)] == [told.id]
    reload(session, untold, without)
    assert (untold.state, without.state) == ("scheduled", "scheduled")
    with refused(session, NothingToCollect, "creditor_id"):
        drafted(ours)
    session.commit()


def test_a_day_that_was_missed_is_announced_anew_when_a_batch_is_drafted(
    session: Session, ours: Books, act: Act
) -> None:
    missed = debit_of(ours, days=1)
    kept = debit_of(ours, days=1, collect_on=date(2026, 11, 24))
    all_sent(session, act=act)
    later = days_later(act, 2)  # Friday
    batch = debit_batches.draft(session, creditor_id=ours.creditor.id, act=later)[0]
    assert [debit.id for debit in batches.debits_of(session, batch.id)] == [kept.id]
    reload(session, missed)
    assert (missed.state, missed.collect_on) == ("scheduled", date(2026, 11, 23))
    assert missed.moved_because == "the cut-off of the day before it had passed"
    all_sent(session, act=later)
    batch = debit_batches.draft(session, creditor_id=ours.creditor.id, act=later)[0]
    assert [debit.id for debit in batches.debits_of(session, batch.id)] == [missed.id]
    session.commit()


def test_a_day_that_was_missed_is_announced_anew_by_itself_but_not_every_day(
    session: Session, ours: Books, act: Act
) -> None:
    debit = debit_of(ours, days=1)
    all_sent(session, act=act)
    for days, expected in ((0, 0), (1, 0), (2, 0), (3, 1), (4, 0)):
        later = days_later(act, days)
        assert notice_queue.catch_up(session, most=10, act=later) == expected, days
        all_sent(session, act=later)
    reload(session, debit)
    assert debit.collect_on == date(
        2026, 11, 24
    )  # announced on Saturday the 21st; the bank's next day is Monday
    assert len(notices_of(session, debit)) == 2
    session.commit()


def test_what_the_erp_announces_needs_no_notice_of_ours(session: Session, books: Books, act: Act) -> None:
    debit = debit_of(books)
    assert notices_of(session, debit) == []
    assert why(session, debit) is None
    assert jobs_waiting(session) == 0
    with pytest.raises(NoticeNotFound):
        pre_notifications.of_debit(session, debit.id)
    release(session, approved(books).id, act=second(act))
    reload(session, debit)
    assert (debit.state, debit.notice_days) == ("submitted", None)
    session.commit()


# Days agreed, the day of the notice, the first day of the collection, and the last day too late for it.
BOUNDARIES = [
    (14, "2027-03-11", "2027-03-25"),  # Maundy Thursday
    (14, "2027-03-16", "2027-03-30"),  # the day after Easter Monday
    (1, "2027-03-24", "2027-03-25"),
    (1, "2027-03-29", "2027-03-30"),
    (14, "2026-12-10", "2026-12-24"),
    (14, "2026-12-14", "2026-12-28"),
    (1, "2026-12-27", "2026-12-28"),
    (14, "2026-12-17", "2026-12-31"),
    (14, "2026-12-21", "2027-01-04"),
    (0, "2026-12-24", "2026-12-24"),
    (0, "2027-01-04", "2027-01-04"),
]


@pytest.mark.parametrize(("days", "noticed", "first"), BOUNDARIES)
def test_one_day_decides_whether_a_notice_is_in_time(
    days: int, noticed: str, first: str, session: Session, ours: Books, act: Act
) -> None:
    debit = debit_of(ours, days=days, collect_on=date(2027, 6, 1))
    debit.collect_on = day = date.fromisoformat(first)
    pre_notifications.announce(session, [debit.id], act=act)
    notice = notice_of(session, debit)
    for late, expected in ((-1, None), (0, None), (1, "The notice is of ")):
        notice.state, notice.noticed_on = "sent", date.fromisoformat(noticed) + timedelta(days=late)
        said = why(session, debit)
        assert said is None if expected is None else (said or "").startswith(expected), late
    assert notice.collect_on == day
    session.rollback()


def test_the_customers_own_agreement_goes_before_the_terms(session: Session, ours: Books, act: Act) -> None:
    debit = debit_of(ours, days=1)
    assert (debit.collect_on, notice_of(session, debit).days) == (date(2026, 11, 19), 1)
    longer = debit_of(ours, days=20)
    assert (longer.collect_on, notice_of(session, longer).days) == (date(2026, 12, 8), 20)
    session.commit()


# The invoice's own e-mail


def test_the_invoices_own_mail_is_the_notice(session: Session, ours: Books, act: Act) -> None:
    debit = debit_of(ours, due_on=FIRST, pre_notified_on=date(2026, 11, 16))
    assert notices_of(session, debit) == [("invoice", "sent", FIRST)]
    notice = notice_of(session, debit)
    assert (notice.noticed_on, notice.recipient, notice.content) == (date(2026, 11, 16), None, None)
    assert why(session, debit) is None
    assert jobs_waiting(session) == 0
    session.commit()
    assert events(session, debit.id) == ["debit.scheduled", "debit.notified"]


def test_its_due_date_on_a_sunday_means_the_monday(session: Session, ours: Books, act: Act) -> None:
    debit = debit_of(ours, due_on=date(2026, 12, 6), pre_notified_on=date(2026, 11, 16))
    assert notices_of(session, debit) == [("invoice", "sent", date(2026, 12, 7))]
    session.commit()


def test_a_mail_too_late_for_its_due_date_is_no_notice(session: Session, ours: Books, act: Act) -> None:
    due = date(2026, 12, 1)
    in_time = debit_of(ours, due_on=due, pre_notified_on=due - timedelta(days=14))
    too_late = debit_of(ours, due_on=due, pre_notified_on=due - timedelta(days=13))
    assert notices_of(session, in_time) == [("invoice", "sent", due)]
    assert notices_of(session, too_late) == [("email", "queued", FIRST)]
    session.commit()


def test_another_day_than_the_invoice_says_has_a_notice_of_its_own(session: Session, ours: Books) -> None:
    wished = date(2026, 12, 4)
    debit = debit_of(ours, due_on=FIRST, pre_notified_on=date(2026, 11, 16), collect_on=wished)
    assert notices_of(session, debit) == [("email", "queued", wished)]
    session.commit()


def test_less_than_the_invoice_said_is_announced_by_it(session: Session, ours: Books, act: Act) -> None:
    debit = debit_of(ours, due_on=FIRST, pre_notified_on=date(2026, 11, 16))
    debit.amount_minor = 5_000
    assert why(session, debit) is None
    debit.amount_minor = 12_001
    assert why(session, debit) == "The notice says another amount."
    session.rollback()


# Without an address


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        (None, NO_ADDRESS),
        ("erika", UNUSABLE_ADDRESS),
        ("erika@example.org, otto@example.org", UNUSABLE_ADDRESS),
    ],
)
def test_without_a_usable_address_it_waits_for_a_person(
    email: str | None, reason: str, session: Session, ours: Books, act: Act
) -> None:
    debit = debit_of(ours, email=email)
    notice = notice_of(session, debit)
    assert (notice.state, notice.recipient, notice.last_error) == ("failed", None, reason)
    assert why(session, debit) == f"The notice could not be sent: {reason}"
    assert claim(session, act=act) == []
    session.commit()
    assert events(session, debit.id) == ["debit.scheduled", "debit.notice_failed"]


def test_a_letter_counts_from_the_day_it_was_sent(session: Session, ours: Books, act: Act) -> None:
    debit = debit_of(ours, email=None)
    letters_sent.record(session, debit.id, sent_on=act.today, act=act)
    assert notices_of(session, debit) == [("email", "superseded", FIRST), ("letter", "sent", FIRST)]
    notice = notice_of(session, debit)
    assert (notice.channel, notice.noticed_on, notice.amount_minor) == ("letter", act.today, 12_000)
    assert why(session, debit) is None
    session.commit()
    assert events(session, debit.id)[-1] == "debit.notified"


def test_a_letter_a_day_late_says_the_day_it_allows(session: Session, ours: Books, act: Act) -> None:
    debit = debit_of(ours, email=None)
    later = days_later(act, 1)
    with refused(session, LetterTooLate, "sent_on") as caught:
        letters_sent.record(session, debit.id, sent_on=later.today, act=later)
    assert caught.value.message == (
        "With 14 days agreed, a letter of 2026-11-19 allows a collection from 2026-12-03 on."
    )
    letters_sent.record(session, debit.id, sent_on=later.today, collect_on=date(2026, 12, 3), act=later)
    reload(session, debit)
    assert (debit.collect_on, debit.wished_on) == (date(2026, 12, 3), ours.act.today - timedelta(days=1))
    assert why(session, debit) is None
    session.commit()
    assert events(session, debit.id)[-2:] == ["debit.moved", "debit.notified"]


def test_a_letter_that_cannot_be_meant_is_refused(
    session: Session, ours: Books, books: Books, act: Act
) -> None:
    debit = debit_of(ours, email=None)
    tomorrow, sunday = act.today + timedelta(days=1), date(2026, 12, 6)
    with refused(session, LetterRejected, "sent_on"):
        letters_sent.record(session, debit.id, sent_on=tomorrow, act=act)
    with refused(session, LetterRejected, "collect_on"):
        letters_sent.record(session, debit.id, sent_on=act.today, collect_on=sunday, act=act)
    debits.cancel(session, debit.id, reason="paid by transfer", act=act)
    with refused(session, NotToBeAnnounced):
        letters_sent.record(session, debit.id, sent_on=act.today, act=act)
    terms.change(session, books.creditor.id, announced_by=AnnouncedBy.ERP, act=act)
    other = debit_of(books, email=None)
    with refused(session, NotToBeAnnounced):
        letters_sent.record(session, other.id, sent_on=act.today, act=act)
    session.commit()


# Changes


def test_a_cancelled_debit_is_announced_no_longer(session: Session, ours: Books, act: Act) -> None:
    queued, sent = debit_of(ours), debit_of(ours)
    claimed = {notice.debit_id: notice.id for notice in claim(session, act=act)}
    notice_queue.note_sent(session, claimed[sent.id], act=act)
    for debit in (queued, sent):
        debits.cancel(session, debit.id, reason="paid by transfer", act=act)
    assert [state for _, state, _ in notices_of(session, queued) + notices_of(session, sent)] == [
        "superseded", "superseded",
    ]  # fmt: skip
    session.commit()


def test_a_mail_that_leaves_while_its_debit_is_cancelled_is_written_down(
    session: Session, ours: Books, act: Act
) -> None:
    debit = debit_of(ours)
    (claimed,) = claim(session, act=act)
    debits.cancel(session, debit.id, reason="paid by transfer", act=act)
    notice_queue.note_sent(session, claimed.id, act=act)
    reload(session, claimed)
    assert (claimed.state, claimed.sent_at, claimed.noticed_on) == ("superseded", act.at, act.today)
    session.commit()
    assert "debit.notified" not in events(session, debit.id)


def test_another_day_gets_another_notice_that_says_it_replaces_the_first(
    session: Session, ours: Books, act: Act
) -> None:
    debit = debit_of(ours)
    (first,) = all_sent(session, act=act)
    debit.collect_on = date(2026, 12, 10)
    pre_notifications.announce(session, [debit.id], act=act)
    (again,) = all_sent(session, act=act)
    assert notices_of(session, debit) == [
        ("email", "superseded", FIRST), ("email", "sent", date(2026, 12, 10)),
    ]  # fmt: skip
    assert "ersetzt unsere frühere Ankündigung" not in text_of(first)
    assert "ersetzt unsere frühere Ankündigung" in text_of(again)
    assert first.message_id != again.message_id
    session.commit()


def test_announcing_again_changes_nothing_that_fits(session: Session, ours: Books, act: Act) -> None:
    queued, mailed, failed = debit_of(ours), debit_of(ours), debit_of(ours, email=None)
    by_invoice = debit_of(ours, due_on=FIRST, pre_notified_on=date(2026, 11, 16))
    claimed = {notice.debit_id: notice.id for notice in claim(session, act=act)}
    notice_queue.note_sent(session, claimed[mailed.id], act=act)
    made = [queued, mailed, failed, by_invoice]
    before = [notices_of(session, one) for one in made]
    pre_notifications.announce(session, [one.id for one in made], act=days_later(act, 1))
    assert [notices_of(session, one) for one in made] == before
    session.commit()


def test_a_new_address_is_written_to(session: Session, ours: Books, act: Act) -> None:
    without, moved, same = debit_of(ours, email=None), debit_of(ours), debit_of(ours)
    customer_of(session, without).email = "erika@example.net"
    customer_of(session, moved).email = "otto@example.net"
    assert notice_queue.catch_up(session, most=10, act=act) == 1
    pre_notifications.announce(session, [moved.id, same.id], act=act)
    assert notice_of(session, without).recipient == "erika@example.net"
    assert notice_of(session, moved).recipient == "otto@example.net"
    assert len(notices_of(session, same)) == 1
    assert notice_queue.catch_up(session, most=10, act=act) == 0
    session.commit()


def test_terms_that_change_are_kept_from_then_on(session: Session, ours: Books, act: Act) -> None:
    debit = debit_of(ours)
    terms.change(session, ours.creditor.id, announced_by=AnnouncedBy.ERP, act=act)
    assert why(session, debit) is None
    assert claim(session, act=act) == []
    assert notices_of(session, debit) == [("email", "superseded", FIRST)]
    terms.change(session, ours.creditor.id, announced_by=AnnouncedBy.DUECOURSE, notice_days=20, act=act)
    assert notice_queue.catch_up(session, most=10, act=act) == 1
    reload(session, debit)
    assert debit.collect_on == date(2026, 12, 8)
    all_sent(session, act=act)
    assert why(session, debit) is None
    session.commit()


# Late


def test_a_notice_that_leaves_late_says_the_day_that_it_allows(
    session: Session, ours: Books, act: Act
) -> None:
    debit = debit_of(ours)
    later = days_later(act, 3)  # a Saturday
    (notice,) = all_sent(session, act=later)
    reload(session, debit)
    assert debit.collect_on == notice.collect_on == date(2026, 12, 7)
    assert debit.moved_because == "the customer is told 14 days before"
    assert "Montag, 7. Dezember 2026" in text_of(notice)
    assert "2. Dezember 2026" not in text_of(notice)
    assert why(session, debit) is None
    session.commit()
    assert events(session, debit.id) == ["debit.scheduled", "debit.moved", "debit.notified"]


def test_a_notice_of_the_last_possible_day_moves_nothing(session: Session, ours: Books, act: Act) -> None:
    debit = debit_of(ours, collect_on=date(2026, 12, 3))
    all_sent(session, act=days_later(act, 1))
    reload(session, debit)
    assert debit.collect_on == date(2026, 12, 3)
    assert why(session, debit) is None
    session.commit()


def test_what_was_composed_for_a_day_too_early_is_never_changed_but_replaced(
    session: Session, ours: Books, act: Act
) -> None:
    debit = debit_of(ours)
    (first,) = claim(session, act=act)
    notice_queue.note_deferred(session, first.id, attempt=1, why="The mail server answered 451.", act=act)
    later = days_later(act, 1)
    (again,) = all_sent(session, act=later)
    reload(session, debit, first)
    assert (first.state, first.sent_at) == ("superseded", None)
    assert (again.collect_on, debit.collect_on) == (date(2026, 12, 3), date(2026, 12, 3))
    assert "ersetzt unsere frühere Ankündigung" in text_of(again)
    session.commit()


def test_a_debit_in_a_batch_is_not_moved_and_its_late_notice_waits(
    session: Session, books: Books, act: Act
) -> None:
    debit = announced_after_drafting(books)
    (batch,) = session.scalars(select(Batch))
    later = days_later(act, 1)
    assert claim(session, act=later) == []
    notice = notice_of(session, debit)
    assert (notice.last_error, notice.try_after) == (IN_A_BATCH, later.at + PAUSES[2])
    assert notice.attempts == 0
    batches.discard(session, batch.id, reason="too late", act=later)
    (sent,) = all_sent(session, act=days_later(act, 2))
    reload(session, debit)
    assert sent.collect_on == debit.collect_on == date(2026, 11, 23)
    session.commit()


def test_with_no_days_agreed_the_cut_off_of_the_bank_still_counts(
    session: Session, ours: Books, act: Act
) -> None:
    debit = debit_of(ours, days=0)
    assert debit.collect_on == date(2026, 11, 19)
    all_sent(session, act=days_later(act, 2))  # Friday
    reload(session, debit)
    assert debit.collect_on == date(2026, 11, 23)
    session.commit()


def test_a_notice_sent_after_midnight_is_a_day_late_and_made_again(
    session: Session, ours: Books, act: Act
) -> None:
    debit = debit_of(ours)
    (claimed,) = claim(session, act=act)
    tomorrow = days_later(act, 1)
    notice_queue.note_sent(session, claimed.id, act=tomorrow)
    assert why(session, debit) == "The notice is of 2026-11-19; the first date 14 days later is 2026-12-03."
    assert notice_queue.catch_up(session, most=10, act=tomorrow) == 1
    all_sent(session, act=tomorrow)
    reload(session, debit)
    assert (debit.collect_on, why(session, debit)) == (date(2026, 12, 3), None)
    session.commit()


# The queue


def test_a_claim_keeps_others_away_until_it_runs_out(session: Session, ours: Books, act: Act) -> None:
    debit_of(ours)
    (first,) = claim(session, act=act)
    content, message_id = first.content, first.message_id
    assert claim(session, act=act) == []
    almost = Act(act.actor, act.at + CLAIMED_FOR - timedelta(seconds=1), act.today)
    assert claim(session, act=almost) == []
    (again,) = claim(session, act=Act(act.actor, act.at + CLAIMED_FOR, act.today))
    assert (again.content, again.message_id, again.attempts) == (content, message_id, 2)
    session.commit()


def test_a_look_from_before_anothers_claim_claims_nothing(
    session: Session, ours: Books, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looked before the other one committed, and locked the debit after, finds it taken."""
    debit = debit_of(ours)
    assert len(claim(session, act=act)) == 1
    monkeypatch.setattr(notice_queue, "_lock_due", lambda *_: [debit.id])
    assert claim(session, act=act) == []
    assert notice_of(session, debit).attempts == 1
    session.commit()


def test_pauses_grow_with_every_attempt(session: Session, ours: Books, act: Act) -> None:
    debit_of(ours, collect_on=date(2027, 3, 1))
    now = act.at
    for attempt, pause in enumerate((*PAUSES, PAUSES[-1]), start=1):
        (notice,) = claim(session, act=Act(act.actor, now, act.today))
        notice_queue.note_deferred(
            session,
            notice.id,
            attempt=attempt,
            why="The mail server answered 451.",
            act=Act("job", now, act.today),
        )
        assert claim(session, act=Act(act.actor, now + pause - timedelta(seconds=1), act.today)) == []
        now += pause
    session.commit()


def test_what_an_older_attempt_says_late_does_not_count(session: Session, ours: Books, act: Act) -> None:
    debit_of(ours)
    (notice,) = claim(session, act=act)
    later = Act(act.actor, act.at + CLAIMED_FOR, act.today)
    claim(session, act=later)
    for note in (notice_queue.note_deferred, notice_queue.note_refused, notice_queue.note_untried):
        note(session, notice.id, attempt=1, why="The mail server answered 550.", act=later)
    reload(session, notice)
    assert (notice.state, notice.attempts, notice.last_error) == ("queued", 2, None)
    notice_queue.note_sent(session, notice.id, act=later)
    notice_queue.note_sent(session, notice.id, act=days_later(act, 1))
    reload(session, notice)
    assert (notice.state, notice.sent_at) == ("sent", later.at)
    session.commit()


def test_a_refused_notice_waits_for_a_person_and_can_be_tried_again(
    session: Session, ours: Books, act: Act
) -> None:
    debit = debit_of(ours)
    (notice,) = claim(session, act=act)
    notice_queue.note_refused(
        session, notice.id, attempt=1, why="The mail server answered 550 5.1.1.", act=act
    )
    assert why(session, debit) == "The notice could not be sent: The mail server answered 550 5.1.1."
    assert notice_queue.catch_up(session, most=10, act=act) == 0
    assert claim(session, act=days_later(act, 5)) == []
    pre_notifications.announce(session, [debit.id], anew=True, act=act)
    all_sent(session, act=act)
    assert why(session, debit) is None
    session.commit()
    assert events(session, debit.id) == ["debit.scheduled", "debit.notice_failed", "debit.notified"]


def test_no_more_is_claimed_than_asked_for(session: Session, ours: Books, act: Act) -> None:
    made = [debit_of(ours, total_minor=100 + number) for number in range(5)]
    assert [notice.debit_id for notice in claim(session, act=act, most=3)] == [one.id for one in made[:3]]
    assert [notice.debit_id for notice in claim(session, act=act, most=3)] == [one.id for one in made[3:]]
    session.commit()
