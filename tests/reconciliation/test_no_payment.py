"""A person says that a line is no payment: ignored, a transfer of our own, a fee, a payout; or that it goes back."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ledger import creditors, journal
from ledger.acts import Act
from ledger.customers import CustomerNotFound
from ledger.journal import Place
from ledger.models import AccountKind, Payment, Refund
from ledger.other_money import OtherKind
from ledger.texts import UnreadableText
from reconciliation import by_hand, undoing
from reconciliation.by_hand import LineNotWaiting, NobodyToRemember, NotTheOtherLeg
from reconciliation.models import Match, MatchPart, PayerMemory, StatementLine
from reconciliation.refund_orders import PayeeNeeded
from tests.factories.bank import Bank, lines_of, match, payment_out, take_in_all, transfer
from tests.factories.books import Books
from tests.factories.collecting import OTHER_IBAN, at_once, refused, reload, second
from tests.factories.paying import bank_of, received
from tests.factories.undo import figures


def sent(books: Books, amount_minor: int, remittance: str = "Umbuchung") -> StatementLine:
    """A debit on a statement that was taken in today."""
    take_in_all(
        books.session,
        bank_of(books).book(payment_out(amount_minor, remittance, day=books.act.today)),
        books.act,
    )
    return next(one for one in lines_of(books.session) if one.amount_minor == -amount_minor)


def savings(books: Books, amount_minor: int) -> StatementLine:
    """A credit on a second account of ours."""
    creditors.open_bank_account(
        books.session, creditor_id=books.creditor.id, name="Savings", iban=OTHER_IBAN, act=books.act
    )
    take_in_all(books.session, Bank(iban=OTHER_IBAN).book(transfer(amount_minor, "Umbuchung")), books.act)
    return next(one for one in lines_of(books.session) if one.amount_minor == amount_minor)


def balance(books: Books, kind: AccountKind) -> int:
    return journal.balance_minor(books.session, Place(books.creditor.id, kind, "EUR"))


def parts_of(session: Session, match_id: str) -> list[tuple[str, str | None, int]]:
    rows = session.scalars(select(MatchPart).where(MatchPart.match_id == match_id))
    return [(one.kind, one.object_id, one.amount_minor) for one in rows]


def test_an_ignored_line_keeps_its_money_in_suspense_until_that_is_taken_back(
    session: Session, books: Books, act: Act
) -> None:
    line = received(books, 5_000)
    match_id = by_hand.ignore(session, line_id=line.id, reason="a test of the bank", act=act)
    session.commit()
    reload(session, line)
    assert (line.state, line.held_by, line.waiting_because) == ("ignored", "treasury", None)
    made = session.get_one(Match, match_id)
    assert (made.rule, made.evidence) == ("ignored_by_hand", ["A person ignored it: a test of the bank"])
    assert (parts_of(session, match_id), balance(books, AccountKind.SUSPENSE)) == ([], -5_000)
    assert match(session, act).looked_at == 0
    undoing.undo_line(session, line.id, because="it was real", act=act)
    session.commit()
    reload(session, line, made)
    assert (line.state, made.undone_by) == ("unexplained", "treasury")


@pytest.mark.parametrize(
    ("kind", "account", "state", "words"),
    [
        (OtherKind.FEE, AccountKind.FEE, "matched", "a fee of the bank"),
        (OtherKind.INTEREST, AccountKind.INTEREST, "matched", "interest"),
        (OtherKind.PAYOUT, AccountKind.PAYOUT_CLEARING, "payout", "a payout of a provider"),
        (OtherKind.TAX, AccountKind.OTHER, "matched", "tax"),
        (OtherKind.SALARY, AccountKind.OTHER, "matched", "a salary"),
        (OtherKind.OTHER, AccountKind.OTHER, "matched", "no business of our customers"),
    ],
)
def test_a_marked_line_moves_its_money_out_of_suspense_and_undone_it_is_back(
    session: Session, books: Books, act: Act, kind: OtherKind, account: AccountKind, state: str, words: str
) -> None:
    line = sent(books, 990)
    before = figures(session)
    match_id = by_hand.mark(session, line_id=line.id, kind=kind, reason="see the contract", act=act)
    session.commit()
    reload(session, line)
    assert (line.state, balance(books, account), balance(books, AccountKind.SUSPENSE)) == (state, 990, 0)
    assert parts_of(session, match_id) == [(kind, None, -990)]
    assert session.get_one(Match, match_id).evidence == [
        f"A person says that it is {words}: see the contract"
    ]
    undoing.undo_line(session, line.id, because="wrong", act=act)
    session.commit()
    assert figures(session) == before
    by_hand.mark(session, line_id=line.id, kind=kind, act=second(act))
    session.commit()
    assert balance(books, account) == 990


def test_a_transfer_cannot_be_marked_as_another_kind(session: Session, books: Books, act: Act) -> None:
    line = sent(books, 990)
    with pytest.raises(ValueError, match="cannot be marked as transfer"):
        by_hand.mark(session, line_id=line.id, kind=OtherKind.TRANSFER, act=act)


def test_both_legs_of_a_transfer_name_each_other_and_clear(session: Session, books: Books, act: Act) -> None:
    ours, theirs = sent(books, 30_000), savings(books, 30_000)
    match_id = by_hand.mark_transfer(session, line_id=ours.id, other_line_id=theirs.id, act=act)
    session.commit()
    reload(session, ours, theirs)
    assert [(one.state, one.held_by) for one in (ours, theirs)] == [("matched", "treasury")] * 2
    assert parts_of(session, match_id) == [("transfer", theirs.id, -30_000)]
    other = session.scalars(select(Match).where(Match.line_id == theirs.id)).one()
    assert parts_of(session, other.id) == [("transfer", ours.id, 30_000)]
    assert (balance(books, AccountKind.TRANSFER_CLEARING), balance(books, AccountKind.SUSPENSE)) == (0, 0)


def test_one_leg_alone_stays_in_clearing(session: Session, books: Books, act: Act) -> None:
    line = sent(books, 30_000)
    by_hand.mark_transfer(session, line_id=line.id, reason="to the savings account", act=act)
    session.commit()
    assert balance(books, AccountKind.TRANSFER_CLEARING) == 30_000


def test_legs_that_do_not_fit_are_refused(session: Session, books: Books, act: Act) -> None:
    ours, other = sent(books, 30_000), savings(books, 29_999)
    same = received(books, 30_000)
    for line in (other, same, ours):
        with refused(session, NotTheOtherLeg, "other_line_id"):
            by_hand.mark_transfer(session, line_id=ours.id, other_line_id=line.id, act=act)
    session.commit()
    reload(session, ours)
    assert ours.state == "new"


def test_a_line_that_goes_back_becomes_a_payment_and_a_refund_to_who_paid(
    session: Session, books: Books, act: Act
) -> None:
    line = received(books, 4_200)
    made = by_hand.refund(session, line_id=line.id, reason="paid to the wrong company", act=act)
    session.commit()
    reload(session, line, made)
    payment = session.scalars(select(Payment)).one()
    assert (payment.refunded_minor, payment.unallocated_minor, payment.customer_id) == (4_200, 0, None)
    assert (made.amount_minor, made.payee_iban, made.payee_name) == (
        4_200, line.counterparty_account, line.counterparty_name,
    )  # fmt: skip
    assert (line.state, session.query(PayerMemory).count()) == ("matched", 0)


def test_a_refund_to_nobody_is_refused_and_nothing_is_changed(
    session: Session, books: Books, act: Act
) -> None:
    line = received(books, 4_200)
    line.counterparty_account = None
    session.flush()
    with refused(session, PayeeNeeded, "payee_iban"):
        by_hand.refund(session, line_id=line.id, reason="paid to the wrong company", act=act)
    with refused(session, UnreadableText, "reason"):
        by_hand.refund(session, line_id=line.id, reason="", act=act)
    session.commit()
    assert (session.query(Payment).count(), session.query(Refund).count()) == (0, 0)


def test_an_assigned_line_waits_and_its_payer_is_remembered(session: Session, books: Books, act: Act) -> None:
    customer, line = books.customer(), received(books, 7_000)
    learnt = by_hand.assign(session, line_id=line.id, customer_id=customer.id, act=act)
    session.commit()
    reload(session, line)
    assert (line.state, line.held_by) == ("new", "treasury")
    memories = session.scalars(select(PayerMemory).order_by(PayerMemory.id)).all()
    assert [one.id for one in memories] == sorted(learnt)
    assert {(one.kind, one.customer_id, one.match_id) for one in memories} == {
        ("account", customer.id, None), ("name", customer.id, None),
    }  # fmt: skip
    with refused(session, CustomerNotFound, "customer_id"):
        by_hand.assign(session, line_id=line.id, customer_id="cus_nobody", act=act)


def test_a_line_that_shows_nobody_is_not_assigned(session: Session, books: Books, act: Act) -> None:
    customer, line = books.customer(), received(books, 7_000)
    line.counterparty_account = line.counterparty_name = None
    session.flush()
    with refused(session, NobodyToRemember, "line_id"):
        by_hand.assign(session, line_id=line.id, customer_id=customer.id, act=act)


def test_only_waiting_lines_are_decided_about(session: Session, books: Books, act: Act) -> None:
    line = received(books, 5_000)
    by_hand.ignore(session, line_id=line.id, reason="no", act=act)
    decisions = [
        partial(by_hand.ignore, reason="no"), partial(by_hand.mark, kind=OtherKind.FEE), by_hand.mark_transfer,
        partial(by_hand.refund, reason="no"), partial(by_hand.assign, customer_id="cus_nobody"),
    ]  # fmt: skip
    for decide in decisions:
        with refused(session, LineNotWaiting, "line_id"):
            decide(session, line_id=line.id, act=act)
    debit = sent(books, 100)
    for decide in decisions[3:]:
        with refused(session, LineNotWaiting, "line_id"):
            decide(session, line_id=debit.id, act=act)
    session.commit()


@pytest.mark.race
def test_eight_people_mark_both_legs_crosswise_and_one_pair_is_made(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    ours, theirs = sent(books, 30_000).id, savings(books, 30_000).id
    session.commit()
    pairs = [(ours, theirs), (theirs, ours)] * 4
    works = [
        partial(by_hand.mark_transfer, line_id=one, other_line_id=other, act=act) for one, other in pairs
    ]
    done = at_once(engine, works)
    assert sum(isinstance(one, str) for one in done) == 1
    assert sum(type(one) is LineNotWaiting for one in done) == 7
    assert session.query(Match).count() == 2
