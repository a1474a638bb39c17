"""A person's yes or no to what matching proposes for a line."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from ledger import allocations, credit_notes
from ledger.acts import Act
from ledger.credit_notes import CreditNoteFacts
from ledger.errors import DuecourseError
from ledger.models import Allocation, AllocationKind, Invoice, Payment
from ledger.texts import UnreadableText
from reconciliation import by_hand, proposals
from reconciliation.by_hand import LineNotWaiting, SumsDiffer
from reconciliation.models import Match, Proposal, ProposalState, StatementLine
from reconciliation.proposals import ProposalDecided, ProposalNotFound, StaleProposal
from reconciliation.transfers.reading import Reading, Share
from tests.factories.bank import match
from tests.factories.books import Books
from tests.factories.collecting import at_once, refused, reload, second
from tests.factories.paying import pay, received
from tests.factories.proposing import full, pays, proposed


def match_of(session: Session, line: StatementLine) -> Match:
    return session.scalars(select(Match).where(Match.line_id == line.id, Match.undone_at.is_(None))).one()


def test_a_confirmed_proposal_pays_what_it_says_and_keeps_its_reasons(
    session: Session, books: Books, act: Act
) -> None:
    invoice, other = books.invoice(10_000, number="RE-1"), books.invoice(10_000, number="RE-2")
    line = received(books, 10_000)
    first, second_one = proposed(books, line, full(invoice)), proposed(books, line, full(other), rank=2)
    assert proposals.confirm(session, first.id, act=act).state == "confirmed"
    session.commit()
    reload(session, line, invoice, other, second_one)
    assert (line.state, line.held_by, line.held_at, line.waiting_because) == (
        "matched",
        act.actor,
        act.at,
        None,
    )
    assert (invoice.open_minor, invoice.collection_status, other.open_minor) == (0, "paid", 10_000)
    made = match_of(session, line)
    assert (made.rule, made.decided_by) == ("proposal_confirmed", "treasury")
    assert made.evidence == ["Exactly the open amount was paid.", "A person confirmed it."]
    assert (first.decided_by, first.decided_at) == ("treasury", act.at)
    assert (second_one.state, second_one.decided_because) == (
        "superseded", "Its line was explained otherwise.",
    )  # fmt: skip


def test_a_proposal_with_discount_and_credit_note_closes_its_invoice(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer()
    invoice = books.invoice(10_000, customer=customer)
    note = credit_notes.issue(
        session,
        CreditNoteFacts(
            creditor_id=books.creditor.id, customer_id=customer.id, number="GS-1", currency="EUR",
            total_minor=1_500, issued_on=act.today,
        ),
        act=act,
    )  # fmt: skip
    line = received(books, 8_300)
    shares = (
        pays(invoice, 8_300),
        Share(invoice.id, AllocationKind.CREDIT_NOTE, 1_500, credit_note_id=note.id),
        Share(invoice.id, AllocationKind.DISCOUNT, 200),
    )
    proposals.confirm(session, proposed(books, line, Reading(customer.id, shares)).id, act=act)
    session.commit()
    reload(session, invoice, note, line)
    assert (invoice.open_minor, invoice.collection_status, note.open_minor) == (0, "paid", 0)
    assert {(one.kind, one.amount_minor) for one in session.scalars(select(Allocation))} == {
        ("payment", 8_300), ("credit_note", 1_500), ("discount", 200),
    }  # fmt: skip


def test_what_was_paid_meanwhile_is_said_and_not_paid_again(session: Session, books: Books, act: Act) -> None:
    invoice = books.invoice(10_000, number="RE-1")
    line = received(books, 10_000)
    stale = proposed(books, line, full(invoice))
    pay(books, invoice, 4_000)
    with refused(session, StaleProposal, "proposal_id") as caught:
        proposals.confirm(session, stale.id, act=act)
    assert caught.value.message == (
        "Invoice RE-1 is partly paid now: 60.00 EUR of it are open, and 100.00 EUR were to be closed."
    )
    session.commit()
    pay(books, invoice, 6_000)
    (shown,) = proposals.show(session, [stale])
    assert shown.obstacles == (
        "Invoice RE-1 is paid now: nothing of it is open, and 100.00 EUR were to be closed.",
    )
    with refused(session, StaleProposal, "proposal_id"):
        proposals.confirm(session, stale.id, act=act)
    session.commit()
    reload(session, stale, line)
    assert (stale.state, line.state) == ("open", "proposed")


def test_a_cancelled_invoice_or_a_used_credit_note_makes_a_proposal_stale(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer()
    invoice, other = (books.invoice(10_000, customer=customer, number=number) for number in ("A-1", "A-2"))
    note = credit_notes.issue(
        session,
        CreditNoteFacts(
            creditor_id=books.creditor.id, customer_id=customer.id, number="GS-1", currency="EUR",
            total_minor=1_500, issued_on=act.today,
        ),
        act=act,
    )  # fmt: skip
    shares = (pays(invoice, 8_500), Share(invoice.id, AllocationKind.CREDIT_NOTE, 1_500, note.id))
    stale = proposed(books, received(books, 8_500), Reading(customer.id, shares))
    wish = allocations.Wish(
        source_id=note.id, invoice_id=other.id, amount_minor=1_000, allocated_on=act.today, decided_by="test"
    )
    allocations.allocate(session, [wish], act=act, cause="test")
    with refused(session, StaleProposal, "proposal_id") as caught:
        proposals.confirm(session, stale.id, act=act)
    assert caught.value.message == (
        "Credit note GS-1 is open now: 5.00 EUR of it are open, and 15.00 EUR were to be closed."
    )
    session.commit()


def test_a_proposal_is_decided_once(session: Session, books: Books, act: Act) -> None:
    line = received(books, 10_000)
    first = proposed(books, line, full(books.invoice(10_000)))
    other = proposed(books, line, full(books.invoice(10_000)), rank=2)
    proposals.confirm(session, first.id, act=act)
    session.commit()
    for one, said in ((first, "confirmed"), (other, "superseded")):
        for decide in (proposals.confirm, partial(proposals.reject, because="wrong")):
            with refused(session, ProposalDecided, "proposal_id") as caught:
                decide(session, one.id, act=second(act))
            assert caught.value.message == f"Proposal {one.id} is {said}; its line is matched."
    with refused(session, ProposalNotFound, "proposal_id"):
        proposals.confirm(session, "prp_nothing", act=act)
    session.commit()


def test_a_proposal_of_a_line_that_does_not_wait_is_refused(session: Session, books: Books, act: Act) -> None:
    line = received(books, 10_000)
    one = proposed(books, line, full(books.invoice(10_000)))
    session.execute(text("UPDATE statement_lines SET provisional = true"))
    with refused(session, LineNotWaiting, "line_id"):
        proposals.confirm(session, one.id, act=act)
    session.rollback()


def test_a_proposal_that_does_not_add_up_to_its_line_is_never_applied(
    session: Session, books: Books, act: Act
) -> None:
    invoice = books.invoice(9_000)
    one = proposed(books, received(books, 10_000), full(invoice))
    with refused(session, SumsDiffer, "on_account_minor"):
        proposals.confirm(session, one.id, act=act)
    session.commit()


def test_the_last_rejected_proposal_leaves_its_line_unexplained_and_held(
    session: Session, books: Books, act: Act
) -> None:
    line = received(books, 10_000)
    ones = [proposed(books, line, full(books.invoice(10_000)), rank=rank) for rank in (1, 2)]
    proposals.reject(session, ones[0].id, because="another customer of that name", act=act)
    session.commit()
    reload(session, line)
    assert (line.state, line.held_by) == ("proposed", "treasury")
    proposals.reject(session, ones[1].id, because="not that one either", act=act)
    session.commit()
    reload(session, line, *ones)
    assert (line.state, line.waiting_because) == (
        "unexplained", "What was proposed was rejected: not that one either",
    )  # fmt: skip
    assert [(one.state, one.decided_because, one.decided_by) for one in ones] == [
        ("rejected", "another customer of that name", "treasury"),
        ("rejected", "not that one either", "treasury"),
    ]
    audited = session.scalars(text("SELECT body FROM audit_records WHERE body LIKE '%proposal.rejected%'"))
    assert len(list(audited)) == 2


def test_a_rejection_says_why(session: Session, books: Books, act: Act) -> None:
    one = proposed(books, received(books, 10_000), full(books.invoice(10_000)))
    with refused(session, UnreadableText, "because"):
        proposals.reject(session, one.id, because=" ", act=act)
    session.commit()
    reload(session, one)
    assert one.state == "open"


def test_a_decision_by_hand_lets_the_proposals_of_its_line_go(
    session: Session, books: Books, act: Act
) -> None:
    line = received(books, 10_000)
    one = proposed(books, line, full(books.invoice(10_000)))
    by_hand.ignore(session, line_id=line.id, reason="a test of the bank", act=act)
    session.commit()
    reload(session, one)
    assert (one.state, one.decided_by) == ("superseded", "treasury")


def test_what_runs_by_itself_leaves_a_rejected_line_alone(session: Session, books: Books, act: Act) -> None:
    invoice = books.invoice(10_000, number="RE-2026-4711")
    line = received(books, 10_000, "RE-2026-4711")
    one = proposed(books, line, full(invoice))
    proposals.reject(session, one.id, because="he pays RE-2026-4712", act=act)
    session.commit()
    match(session, replace(act, actor="matching"))
    session.commit()
    reload(session, line, invoice)
    assert (line.state, invoice.open_minor) == ("unexplained", 10_000)


def test_open_proposals_come_first_and_by_rank(session: Session, books: Books, act: Act) -> None:
    line = received(books, 10_000)
    ones = [proposed(books, line, full(books.invoice(10_000)), rank=rank) for rank in (3, 1, 2)]
    proposals.reject(session, ones[1].id, because="wrong", act=act)
    session.commit()
    found = proposals.of_lines(session, [line.id], every=True)[line.id]
    assert [(one.rank, one.state) for one in found] == [(2, "open"), (3, "open"), (1, "rejected")]
    assert [one.rank for one in proposals.of_lines(session, [line.id])[line.id]] == [2, 3]


@pytest.mark.race
def test_eight_people_confirm_one_proposal_and_one_payment_is_made(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    invoice = books.invoice(10_000)
    proposal_id = proposed(books, received(books, 10_000), full(invoice)).id
    session.commit()
    confirm = partial(proposals.confirm, proposal_id=proposal_id, act=act)
    done = at_once(engine, [lambda one: confirm(one).state] * 8)
    assert done.count(ProposalState.CONFIRMED) == 1
    assert sum(type(one) is ProposalDecided for one in done) == 7
    reload(session, invoice)
    assert (session.query(Payment).count(), invoice.open_minor) == (1, 0)


@pytest.mark.race
def test_eight_lines_claim_one_invoice_and_one_gets_it(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    invoice = books.invoice(10_000, number="RE-1")
    ids = [proposed(books, received(books, 10_000), full(invoice)).id for _ in range(8)]
    session.commit()
    done = at_once(engine, [partial(_confirmed, proposal_id=one, act=act) for one in ids])
    won = [one for one in done if not isinstance(one, DuecourseError)]
    lost = [one for one in done if isinstance(one, DuecourseError)]
    assert (len(won), {type(one) for one in lost}) == (1, {StaleProposal})
    assert {one.message for one in lost} == {
        "Invoice RE-1 is paid now: nothing of it is open, and 100.00 EUR were to be closed."
    }
    reload(session, invoice)
    session.expire_all()
    assert (session.query(Payment).count(), invoice.open_minor) == (1, 0)
    states = sorted(one.state for one in session.scalars(select(Proposal)))
    assert states == ["confirmed"] + ["open"] * 7


def _confirmed(session: Session, *, proposal_id: str, act: Act) -> str:
    return proposals.confirm(session, proposal_id, act=act).state


@pytest.mark.race
def test_one_confirms_while_others_reject_and_split(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    invoice: Invoice = books.invoice(10_000)
    line = received(books, 10_000)
    proposal_id, line_id = proposed(books, line, full(invoice)).id, line.id
    reading = Reading(invoice.customer_id, (), 10_000)
    session.commit()
    works = [
        partial(_confirmed, proposal_id=proposal_id, act=act),
        lambda one: proposals.reject(one, proposal_id, because="no", act=act).state,
        lambda one: by_hand.split(one, line_id=line_id, reading=reading, act=act),
        lambda one: by_hand.ignore(one, line_id=line_id, reason="no", act=act),
    ] * 2
    done = at_once(engine, works)
    refusals = [one for one in done if isinstance(one, DuecourseError)]
    assert {type(one) for one in refusals} <= {ProposalDecided, LineNotWaiting}
    session.expire_all()
    standing = session.scalars(select(Match).where(Match.undone_at.is_(None))).all()
    assert len(standing) == 1
    assert len(done) - len(refusals) in (1, 2)  # a rejection leaves the line to somebody else
