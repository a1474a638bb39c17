"""What undone matches had taught goes with them, and a revoked memory shows what it had decided."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import refunds
from ledger.acts import Act
from ledger.models import AllocationKind, Customer, Payment
from reconciliation import by_hand, forgetting, payer_memory, undoing
from reconciliation.models import Match, MemoryKind, PayerMemory, StatementLine
from reconciliation.payer_memory import Learnt
from reconciliation.transfers.reading import Reading, Share
from tests.factories.bank import take_in, transfer
from tests.factories.books import Books
from tests.factories.paying import bank_of
from tests.factories.undo import figures

WHY = "it was somebody else's money"
PAYER = 77_001


def given(books: Books, customer: Customer, amount_minor: int) -> Match:
    """A line from the account of PAYER that a person gave to the customer."""
    content = bank_of(books).book(transfer(amount_minor, day=books.act.today, payer=PAYER))[0]
    report = take_in(books.session, content, books.act)
    query = select(StatementLine).where(StatementLine.statement_id == report.statement_ids[0])
    line = books.session.scalars(query).one()
    by_hand.record_payment(books.session, line_id=line.id, customer_id=customer.id, act=books.act)
    return books.session.scalars(select(Match).where(Match.line_id == line.id)).one()


def taught(books: Books, match: Match, reading: Reading) -> list[str]:
    """What a person's decision taught, whether or not deciding does so by itself."""
    line = books.session.get_one(StatementLine, match.line_id)
    payer_memory.learn_from_person(
        books.session, line=line, reading=reading, match_id=match.id, act=books.act
    )
    query = select(PayerMemory.id).where(PayerMemory.match_id == match.id, PayerMemory.revoked_at.is_(None))
    return sorted(books.session.scalars(query))


def test_an_undone_match_takes_back_what_only_it_had_taught(session: Session, books: Books, act: Act) -> None:
    customer = books.customer("Muster AG")
    match = given(books, customer, 5_000)
    memories = taught(books, match, Reading(customer.id))
    assert len(memories) == 2
    session.commit()
    (undone,) = undoing.undo_match(session, match.id, because=WHY, act=act).undone
    session.commit()
    assert undone.memory_ids == tuple(memories)
    assert {payer_memory.get(session, one).revoked_because for one in memories} == {
        "The match that taught it was undone."
    }


def test_what_another_match_shows_too_stays_known(session: Session, books: Books, act: Act) -> None:
    customer = books.customer("Muster AG")
    first = given(books, customer, 5_000)
    memories = taught(books, first, Reading(customer.id))
    again = given(books, customer, 6_000)
    session.commit()
    (undone,) = undoing.undo_match(session, first.id, because=WHY, act=act).undone
    session.commit()
    assert undone.memory_ids == ()
    assert {payer_memory.get(session, one).match_id for one in memories} == {again.id}


def test_a_match_that_only_followed_the_memory_does_not_keep_it(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer("Muster AG")
    first = given(books, customer, 5_000)
    memories = taught(books, first, Reading(customer.id))
    followed = given(books, customer, 6_000)
    payer_memory.used(session, [(followed.id, one) for one in memories])
    (undone,) = undoing.undo_match(session, first.id, because=WHY, act=act).undone
    session.commit()
    assert undone.memory_ids == tuple(memories)


def test_that_a_customer_pays_for_another_goes_with_its_match(
    session: Session, books: Books, act: Act
) -> None:
    parent, child = books.customer("Mutter GmbH"), books.customer("Tochter GmbH")
    invoice = books.invoice(5_000, customer=child)
    match = given(books, parent, 5_000)
    memories = taught(books, match, Reading(parent.id, (Share(invoice.id, AllocationKind.PAYMENT, 5_000),)))
    kinds = {payer_memory.get(session, one).kind for one in memories}
    assert kinds == {"account", "name", "pays_for"}
    (undone,) = undoing.undo_match(session, match.id, because=WHY, act=act).undone
    session.commit()
    assert undone.memory_ids == tuple(memories)


def test_an_undone_match_says_which_memories_still_count(session: Session, books: Books, act: Act) -> None:
    customer = books.customer("Muster AG")
    match = given(books, customer, 5_000)
    memory = payer_memory.teach(
        session, creditor_id=books.creditor.id, customer_id=customer.id, name="Hausverwaltung", act=act
    )
    payer_memory.used(session, [(match.id, memory.id)])
    (undone,) = undoing.undo_match(session, match.id, because=WHY, act=act).undone
    session.commit()
    assert undone.decided_with == (memory.id,)


def decided(books: Books) -> tuple[str, list[Match]]:
    """A memory by which two lines were decided."""
    customer = books.customer("Muster AG")
    wish = Learnt(
        creditor_id=books.creditor.id, kind=MemoryKind.ACCOUNT, payer="DE021203", customer_id=customer.id
    )
    (memory_id,) = payer_memory.learn(books.session, [wish], act=books.act)
    matches = [given(books, customer, amount) for amount in (5_000, 6_000)]
    payer_memory.used(books.session, [(match.id, memory_id) for match in matches])
    books.session.commit()
    return memory_id, matches


def test_revoking_shows_what_was_decided_and_leaves_it(session: Session, books: Books, act: Act) -> None:
    memory_id, matches = decided(books)
    before = figures(session)
    done = forgetting.revoke(session, memory_id, because="the tenant moved", act=act)
    session.commit()
    assert {(one.match_id, one.amount_minor) for one in done.decided} == {
        (matches[0].id, 5_000), (matches[1].id, 6_000),
    }  # fmt: skip
    assert (done.memory.revoked_because, done.undoing.undone, figures(session)) == (
        "the tenant moved",
        (),
        before,
    )


def test_revoking_can_undo_what_was_decided(session: Session, books: Books, act: Act) -> None:
    memory_id, matches = decided(books)
    kept = session.scalars(select(Payment).where(Payment.amount_minor == 6_000)).one()
    refunds.request(session, payment_id=kept.id, amount_minor=1_000, reason="too much", act=act)
    done = forgetting.revoke(session, memory_id, because="the tenant moved", undo=True, act=act)
    session.commit()
    assert [one.match_id for one in done.undoing.undone] == [matches[0].id]
    assert [one.match_id for one in done.undoing.refused] == [matches[1].id]
    again = forgetting.revoke(session, memory_id, because="once more", undo=True, act=act)
    assert (again.memory.revoked_because, [one.match_id for one in again.decided]) == (
        "the tenant moved", [matches[1].id],
    )  # fmt: skip
    session.commit()
