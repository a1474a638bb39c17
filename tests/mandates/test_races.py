"""Many hands at once on the same debits, batches and mandates: everything still happens once."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.states import IllegalMove
from mandates import batches, cancelling, debits
from mandates.batches import NothingToCollect
from mandates.collectable import AlreadyCollecting, MandateUsed, Wish
from mandates.models import Batch, Debit, MandateType
from tests.factories.books import Books
from tests.factories.collecting import approved, at_once, events, release, reload, scheduled, second

pytestmark = pytest.mark.race
HANDS = 8


def test_eight_hands_schedule_one_invoice_and_one_debit_is_made(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    invoice, mandate = books.collectable()
    session.commit()
    wish = Wish(invoice_id=invoice.id, mandate_id=mandate.id)
    done = at_once(engine, [lambda one: debits.schedule(one, wish, act=act).id] * HANDS)
    assert sum(isinstance(result, str) for result in done) == 1
    assert sum(type(result) is AlreadyCollecting for result in done) == HANDS - 1
    assert session.query(Debit).count() == 1


def test_eight_hands_draw_on_one_one_off_mandate_and_one_debit_is_made(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    customer = books.customer()
    mandate = books.mandate(customer, type=MandateType.ONE_OFF)
    wishes = [
        Wish(invoice_id=books.invoice(customer=customer).id, mandate_id=mandate.id) for _ in range(HANDS)
    ]
    session.commit()
    done = at_once(engine, [partial(debits.schedule, wish=wish, act=act) for wish in wishes])
    assert sum(isinstance(result, Debit) for result in done) == 1
    assert sum(type(result) is MandateUsed for result in done) == HANDS - 1


def test_eight_hands_draft_at_once_and_every_debit_is_in_exactly_one_batch(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    made = [scheduled(books, 100 + number) for number in range(40)]
    session.commit()
    draft = partial(batches.draft, creditor_id=books.creditor.id, act=act)
    done = at_once(engine, [lambda one: draft(one).debit_count] * HANDS)
    assert [result for result in done if isinstance(result, int)] == [40]
    assert sum(type(result) is NothingToCollect for result in done) == HANDS - 1
    (batch,) = session.scalars(select(Batch))
    assert [one.id for one in batches.debits_of(session, batch.id)] == [debit.id for debit in made]
    assert batch.total_minor == sum(range(100, 140))


def test_drafting_and_scheduling_at_once_lose_and_double_nothing(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    for _ in range(4):
        scheduled(books, 1_000)
    wishes = []
    for _ in range(4):
        invoice, mandate = books.collectable(1_000)
        wishes.append(Wish(invoice_id=invoice.id, mandate_id=mandate.id))
    session.commit()
    works = [partial(debits.schedule, wish=wish, act=act) for wish in wishes]
    works += [partial(batches.draft, creditor_id=books.creditor.id, act=act)] * 4
    at_once(engine, works)
    states = sorted(session.scalars(select(Debit.state)))
    batched = sum(session.scalars(select(Batch.debit_count)))
    assert (len(states), states.count("batched")) == (8, batched)
    assert batched >= 4
    assert sum(session.scalars(select(Batch.total_minor))) == batched * 1_000


def test_eight_hands_release_one_batch_and_it_goes_out_once(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    debit, batch = scheduled(books), approved(books)
    session.commit()
    done = at_once(engine, [lambda one: release(one, batch.id, act=second(act)).id] * HANDS)
    assert [result for result in done if isinstance(result, str)] == [batch.id]
    assert sum(type(result) is IllegalMove for result in done) == HANDS - 1
    assert events(session, batch.id) == ["batch.approved", "batch.released"]
    assert events(session, debit.id) == ["debit.scheduled", "debit.submitted"]


def test_a_mandate_is_cancelled_or_used_but_not_both(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    debit, batch = scheduled(books), approved(books)
    session.commit()
    at_once(
        engine,
        [
            partial(release, batch_id=batch.id, act=second(act)),
            partial(cancelling.cancel, mandate_id=debit.mandate_id, reason="moved", act=act),
        ],
    )
    reload(session, debit, batch)
    assert (debit.state, batch.state) in {("submitted", "released"), ("batched", "approved")}
