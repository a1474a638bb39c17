"""Many hands at once on the same notices: a debit has one notice that stands, and what it says is true."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.states import IllegalMove
from mandates import debits, invoice_mails, letters_sent, notice_queue, pre_notifications
from mandates.models import Debit, PreNotification
from tests.factories.books import Books
from tests.factories.collecting import at_once, reload
from tests.factories.notices import all_sent, announcing, claim, debit_of, notices_of

pytestmark = pytest.mark.race
HANDS = 8


@pytest.fixture
def ours(books: Books) -> Books:
    return announcing(books)


def standing(session: Session) -> int:
    """How many notices stand of how many debits; no debit may have two."""
    counted = session.execute(
        select(func.count(), func.count(func.distinct(PreNotification.debit_id))).where(
            PreNotification.state != "superseded"
        )
    ).one()
    assert counted[0] == counted[1]
    return int(counted[0])


def test_eight_hands_claim_at_once_and_each_notice_is_claimed_once(
    session: Session, ours: Books, act: Act, engine: Engine
) -> None:
    made = [debit_of(ours, total_minor=100 + number) for number in range(20)]
    session.commit()

    def work(one: Session) -> list[str]:
        return [notice.debit_id for notice in claim(one, act=act, most=5)]

    claimed: list[str] = []
    while more := [debit_id for found in at_once(engine, [work] * HANDS) for debit_id in found]:  # type: ignore[union-attr]
        claimed += more
    assert sorted(claimed) == [debit.id for debit in made]
    assert {row.attempts for row in session.scalars(select(PreNotification))} == {1}


def test_debits_are_cancelled_while_their_notices_are_sent(
    session: Session, ours: Books, act: Act, engine: Engine
) -> None:
    made = [debit_of(ours, total_minor=100 + number) for number in range(HANDS)]
    session.commit()
    cancelling = [partial(_cancel, debit_id=debit.id, act=act) for debit in made[: HANDS // 2]]
    sending = [lambda one: len(all_sent(one, act=act))] * (HANDS // 2)
    done = at_once(engine, [*cancelling, *sending])
    assert not any(isinstance(result, Exception) for result in done)
    at_once(engine, [lambda one: len(all_sent(one, act=act))])
    for debit in made:
        reload(session, debit)
        (notice,) = notices_of(session, debit)
        assert (debit.state, notice[1]) in (("cancelled", "superseded"), ("scheduled", "sent"))
    assert standing(session) == HANDS // 2


def _cancel(session: Session, *, debit_id: str, act: Act) -> str:
    return debits.cancel(session, debit_id, reason="paid by transfer", act=act).state


def test_letter_mail_and_invoice_announce_one_debit_at_once_and_one_notice_stands(
    session: Session, ours: Books, act: Act, engine: Engine
) -> None:
    debit = debit_of(ours, due_on=act.today)
    session.commit()
    by_letter = partial(letters_sent.record, debit_id=debit.id, sent_on=act.today, act=act)
    by_invoice = partial(invoice_mails.record, invoice_id=debit.invoice_id, on=act.today, act=act)
    again = partial(notice_queue.try_again, debit_id=debit.id, act=act)
    works = [by_letter, by_invoice, again, lambda one: all_sent(one, act=act)]
    done = at_once(engine, [*works, *works])  # type: ignore[list-item]
    assert all(not isinstance(result, Exception) or isinstance(result, IllegalMove) for result in done)
    at_once(engine, [lambda one: len(all_sent(one, act=act))])
    reload(session, debit)
    assert standing(session) == 1
    assert pre_notifications.missing(session, [session.get_one(Debit, debit.id)]) == {}


def test_eight_hands_announce_what_is_missing_and_each_debit_gets_one_notice(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    for number in range(10):
        debit_of(books, total_minor=100 + number)
    announcing(books)
    session.commit()
    found = at_once(engine, [partial(notice_queue.catch_up, most=100, act=act)] * HANDS)
    assert sum(number for number in found if isinstance(number, int)) >= 10
    assert standing(session) == 10
