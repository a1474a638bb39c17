"""Drafts that are edited, and the persons it takes: any change voids the approval and makes another file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import permutations, product

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from exporters import debit_batches, stored_files
from exporters.models import StoredFile
from exporters.pain008.reader import read
from exporters.stored_files import FileDamaged, NotReleased
from ledger import outbox
from ledger.acts import Act
from ledger.database import violated
from ledger.errors import DuecourseError
from ledger.models import AuditRecord, StateChange
from ledger.states import IllegalMove
from mandates import batches, terms
from mandates.batches import NothingLeft, SecondPersonNeeded
from mandates.debits import DebitNotFound
from mandates.models import Batch, Debit
from tests.factories.books import Books
from tests.factories.collecting import (
    approve,
    approved,
    at_once,
    drafted,
    refused,
    release,
    reload,
    scheduled,
    second,
)


def take_out(session: Session, batch: Batch, debit: Debit, act: Act) -> Batch:
    return debit_batches.take_out(session, batch.id, [debit.id], reason="disputed", act=act)[0]


def third(act: Act) -> Act:
    return replace(act, actor="third treasurer")


def test_a_debit_taken_out_is_scheduled_again_and_the_file_is_another_one(
    session: Session, books: Books, act: Act
) -> None:
    stays, leaves = scheduled(books, 100), scheduled(books, 200)
    batch = approved(books)
    before = stored_files.of_batch(session, batch.id)
    take_out(session, batch, leaves, third(act))
    session.commit()
    after = stored_files.of_batch(session, batch.id)
    reload(session, batch, stays, leaves, before)
    assert (batch.state, batch.approved_by, batch.approved_sha256) == ("draft", None, None)
    assert (batch.debit_count, batch.total_minor, batch.edited_by) == (1, 100, "third treasurer")
    assert (stays.state, leaves.state, leaves.block_id, leaves.debtor_iban) == (
        "batched",
        "scheduled",
        None,
        None,
    )
    assert before.withdrawn_at is not None
    said = read(after.content)
    assert (said.message_id, said.control_sum_minor) == (batch.message_id, 100)
    assert after.sha256 != before.sha256
    assert drafted(books).total_minor == 200


def test_the_file_that_was_withdrawn_never_leaves(session: Session, books: Books, act: Act) -> None:
    scheduled(books, 100)
    leaves = scheduled(books, 200)
    batch = drafted(books)
    before = stored_files.of_batch(session, batch.id)
    take_out(session, batch, leaves, act)
    approve(session, batch.id, act=second(act))
    release(session, batch.id, act=second(act))
    session.commit()
    with refused(session, NotReleased):
        stored_files.download(session, before.id, act=act)
    with pytest.raises(IntegrityError) as caught:
        session.execute(text("UPDATE stored_files SET released_at = now() WHERE id = :id"), {"id": before.id})
    assert violated(caught.value) == "ck_stored_files_withdrawn_or_released"
    session.rollback()


def test_a_batch_keeps_one_debit_at_least_and_gives_away_only_its_own(
    session: Session, books: Books, act: Act
) -> None:
    only = scheduled(books)
    batch = drafted(books)
    stranger = scheduled(books)
    with refused(session, NothingLeft, "debit_ids"):
        take_out(session, batch, only, act)
    with refused(session, DebitNotFound, "debit_ids"):
        take_out(session, batch, stranger, act)
    session.commit()


def test_what_was_released_is_not_edited(session: Session, books: Books, act: Act) -> None:
    debit, _ = scheduled(books), scheduled(books)
    batch = approved(books)
    release(session, batch.id, act=second(act))
    with refused(session, IllegalMove):
        take_out(session, batch, debit, act)
    session.commit()


Step = Callable[[Session, Batch, Debit, Act], object]
STEPS: dict[str, Step] = {
    "edit": take_out,
    "approve": lambda session, batch, _, act: approve(session, batch.id, act=act),
    "release": lambda session, batch, _, act: release(session, batch.id, act=act),
}


@pytest.mark.parametrize("order", list(permutations(STEPS)), ids="-".join)
def test_only_the_legal_orders_of_persons_and_steps_get_a_file_out(
    session: Session, books: Books, act: Act, order: tuple[str, ...]
) -> None:
    """Whoever drafted or last edited neither approves nor releases, whatever the order of the steps."""
    persons = (act, second(act), third(act))
    passed = set()
    for actors in product(persons, repeat=3):
        scheduled(books, 100)
        leaves = scheduled(books, 200)
        batch = drafted(books)
        try:
            with outbox.all_or_nothing(session):
                for step, actor in zip(order, actors, strict=True):
                    STEPS[step](session, batch, leaves, actor)
        except DuecourseError:
            batches.discard(session, batch.id, reason="next", act=act)
        else:
            passed.add(tuple(actor.actor for actor in actors))
    session.commit()
    one, two, three = (actor.actor for actor in persons)
    legal = {
        # edited by the drafter: both others may go on, alone or together
        (one, two, two), (one, two, three), (one, three, two), (one, three, three),
        # edited by another: only the third is neither drafter nor editor
        (two, three, three), (three, two, two),
    }  # fmt: skip
    assert passed == (legal if order == ("edit", "approve", "release") else set())


def test_the_database_itself_refuses_an_approval_by_who_drafted(
    session: Session, books: Books, act: Act
) -> None:
    scheduled(books)
    batch = approved(books)
    session.commit()
    for column in ("approved_by", "released_by"):
        with pytest.raises(IntegrityError) as caught:
            session.execute(
                text(f"UPDATE batches SET {column} = drafted_by WHERE id = :id"), {"id": batch.id}
            )
        assert violated(caught.value) == "ck_batches_two_persons"
        session.rollback()


def test_one_person_alone_may_send_only_where_the_terms_say_so_and_everything_names_it(
    session: Session, books: Books, act: Act
) -> None:
    scheduled(books, 100)
    before = drafted(books)
    terms.change(session, books.creditor.id, two_persons=False, act=act)
    with refused(session, SecondPersonNeeded):
        approve(session, before.id, act=act)  # drafted while two were demanded
    scheduled(books, 200)
    batch = drafted(books)
    approve(session, batch.id, act=act)
    release(session, batch.id, act=act)
    session.commit()
    reload(session, before, batch)
    assert (before.one_person, batch.one_person, batch.state) == (False, True, "released")
    reasons = session.scalars(
        select(StateChange.reason).where(StateChange.object_id == batch.id).order_by(StateChange.id)
    ).all()
    assert reasons == [batches.ONE_PERSON] * 3
    records = session.scalars(select(AuditRecord.body).where(AuditRecord.object_id == batch.id)).all()
    assert sum("one person alone may send it" in str(body) for body in records) == 3


@pytest.mark.race
def test_an_edit_and_an_approval_at_once_never_approve_what_was_not_seen(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    for _ in range(4):
        scheduled(books, 100)
        leaves = scheduled(books, 200)
        batch = drafted(books)
        batch_id, debit_id, total = batch.id, leaves.id, batch.total_minor
        seen = stored_files.of_batch(session, batch_id).sha256
        session.commit()
        agree = partial(debit_batches.approve, batch_id=batch_id, sha256=seen, act=second(act))
        change = partial(
            debit_batches.take_out, batch_id=batch_id, debit_ids=[debit_id], reason="late", act=third(act)
        )
        _, edited = at_once(engine, [lambda one, do=agree: do(one).id, lambda one, do=change: do(one)[0].id])
        assert edited == batch_id
        session.expire_all()
        # The edit always happens; an approval before it is void, one after it is refused.
        assert (batch.state, batch.total_minor, batch.approved_sha256) == ("draft", total - 200, None)
        session.commit()


def test_a_changed_byte_in_the_file_keeps_it_in_the_house(session: Session, books: Books, act: Act) -> None:
    """A file edited with a text editor between approval and bank is another file: nobody gets it."""
    scheduled(books)
    batch = approved(books)
    release(session, batch.id, act=second(act))
    session.commit()
    file = session.scalars(select(StoredFile)).one()
    for place in range(0, file.size, max(1, file.size // 200)):
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(
            text(
                "UPDATE stored_files SET content = set_byte(content, :place, get_byte(content, :place) # 1)"
            ),
            {"place": place},
        )
        with refused(session, FileDamaged):
            stored_files.download(session, file.id, act=act)
        session.rollback()
    assert stored_files.download(session, file.id, act=act).sha256 == file.sha256
    session.commit()
