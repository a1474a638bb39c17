"""Payback batches: what the file says, four eyes, released once, and nothing that would go back twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import etree
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from exporters import pain001, payback_findings, paybacks, stored_files
from exporters.debit_batches import BankWouldRefuse
from exporters.pain007 import reader, rules
from exporters.pain007.message import LinesOfBlock, WholeBlock
from exporters.stored_files import FileDamaged, NotReleased, ReleasedAlready
from ledger import creditors, refunds
from ledger.acts import Act
from ledger.database import violated
from ledger.models import Refund
from ledger.refunds import Payee
from ledger.states import IllegalMove
from mandates import paybacks as batches
from mandates import terms
from mandates.debits import DebitNotFound
from mandates.models import Mandate
from mandates.payback_drafting import (
    InBatch,
    NoSuchDay,
    NothingToPayBack,
    NotTogether,
    NotWaiting,
    PayeeUnknown,
)
from mandates.payback_models import DebitReversal, PaybackBatch, PaybackRefund, ReversalReason
from mandates.paybacks import SecondPersonNeeded
from mandates.reversals import AlreadyReversed, NotReversible
from reconciliation import refund_orders
from tests.factories.bank import match, take_in_all
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import (
    at_once,
    days_later,
    events,
    refused,
    reload,
    scheduled,
    second,
    second_creditor,
    sent,
)
from tests.factories.paying import bank_of
from tests.factories.paying_back import (
    COLLECTED_ON,
    collected,
    content_of,
    drafted,
    free,
    let_go,
    on_the_day,
    paid,
    refund,
    released,
    reversing,
    submitted,
)
from tests.factories.tampering import tampering


def texts(content: bytes, element: str) -> list[str]:
    """The texts of all elements of this name."""
    return [str(found.text) for found in etree.fromstring(content).iter(f"{{*}}{element}")]


def rules_of(session: Session, payback: PaybackBatch, act: Act) -> list[tuple[str, str]]:
    """The findings of a batch as (rule, severity)."""
    return [(one.rule, str(one.severity)) for one in payback_findings.examine(session, payback, act=act)]


# Refunds


def test_a_batch_of_refunds_says_whom_the_money_goes_to(session: Session, books: Books) -> None:
    first, other = refund(books, 3_100), refund(books, 4_500)
    payback = drafted(books, [other, first])
    session.commit()
    content = content_of(session, payback)
    assert pain001.fits_schema(content)
    assert (payback.state, payback.part_count, payback.total_minor) == ("draft", 2, 7_600)
    assert texts(content, "MsgId") == [payback.message_id]
    assert texts(content, "PmtInfId") == [payback.payment_information_id]
    assert texts(content, "EndToEndId") == [first.end_to_end_id, other.end_to_end_id]
    assert texts(content, "InstdAmt") == ["31.00", "45.00"]
    assert texts(content, "IBAN") == [OUR_IBAN, first.payee_iban, other.payee_iban]
    assert texts(content, "Nm") == [
        books.creditor.name,
        books.creditor.name,
        first.payee_name,
        other.payee_name,
    ]
    assert texts(content, "CtrlSum") == ["76.00", "76.00"]
    assert texts(content, "Dt") == ["2026-11-18"]
    file = stored_files.of_payback(session, payback.id)
    assert (file.kind, file.name, file.batch_id) == ("pain.001", f"{payback.message_id}.xml", None)
    assert {one.state for one in (first, other)} == {"requested"}


def test_two_persons_send_a_batch_and_each_step_is_told(session: Session, books: Books, act: Act) -> None:
    payback = drafted(books, [refund(books)])
    file = stored_files.of_payback(session, payback.id)
    paybacks.approve(session, payback.id, act=second(act))
    assert payback.approved_sha256 == file.sha256
    with refused(session, NotReleased):
        stored_files.download(session, file.id, act=act)
    paybacks.release(session, payback.id, act=second(act))
    session.commit()
    assert (payback.state, payback.released_by) == ("released", "second treasurer")
    assert stored_files.download(session, file.id, act=act).content == content_of(session, payback)
    session.commit()
    assert events(session, payback.id) == ["payback.approved", "payback.released"]
    fetched = session.execute(text("SELECT by, sha256 FROM file_downloads")).all()
    assert [tuple(row) for row in fetched] == [("treasury", file.sha256)]


DRAFTER, SECOND, THIRD = "treasury", "second treasurer", "third treasurer"

# Who approves, who releases, and whether each may, where two persons are demanded and where one is enough.
EYES = (
    (True, DRAFTER, None, False, False),
    (True, SECOND, DRAFTER, True, False),
    (True, SECOND, SECOND, True, True),
    (True, SECOND, THIRD, True, True),
    (False, DRAFTER, DRAFTER, True, True),
    (False, DRAFTER, SECOND, True, True),
    (False, SECOND, DRAFTER, True, True),
)


@pytest.mark.parametrize("kind", ["pain.001", "pain.007"])
@pytest.mark.parametrize(("two_persons", "approver", "releaser", "approves", "releases"), EYES)
def test_who_drafts_can_neither_approve_nor_release_where_two_are_demanded(
    session: Session, books: Books, kind: str, two_persons: bool, approver: str, releaser: str | None,
    approves: bool, releases: bool,
) -> None:  # fmt: skip
    terms.change(session, books.creditor.id, two_persons=two_persons, act=books.act)
    make, day = {
        "pain.001": (lambda: drafted(books, [refund(books)]), books.act),
        "pain.007": (lambda: reversing(books, collected(books, 12_000)[1]), on_the_day(books)),
    }[kind]
    payback = make()
    assert payback.one_person is not two_persons
    if not approves:
        with refused(session, SecondPersonNeeded):
            paybacks.approve(session, payback.id, act=Act(approver, day.at, day.today))
        return
    paybacks.approve(session, payback.id, act=Act(approver, day.at, day.today))
    assert releaser is not None
    if releases:
        paybacks.release(session, payback.id, act=Act(releaser, day.at, day.today))
    else:
        with refused(session, SecondPersonNeeded):
            paybacks.release(session, payback.id, act=Act(releaser, day.at, day.today))
    session.commit()
    assert payback.state == ("released" if releases else "approved")


def test_the_database_itself_refuses_one_person(session: Session, books: Books) -> None:
    payback = drafted(books, [refund(books)])
    session.commit()
    for column in ("approved_by", "released_by"):
        with pytest.raises(IntegrityError) as caught:
            session.execute(text(f"UPDATE payback_batches SET {column} = drafted_by"))
        assert violated(caught.value) == "ck_payback_batches_two_persons"
        session.rollback()
    assert payback.state == "draft"


def test_the_history_names_a_batch_that_one_person_sent(session: Session, books: Books, act: Act) -> None:
    terms.change(session, books.creditor.id, two_persons=False, act=act)
    payback = let_go(session, drafted(books, [refund(books)]), act)
    session.commit()
    rows = session.execute(text("SELECT reason FROM state_changes WHERE object_id = :id"), {"id": payback.id})
    assert {row.reason for row in rows} == {
        "one person alone may send it: the creditor's terms demand no second one"
    }


def test_nothing_is_released_before_it_is_approved(session: Session, books: Books, act: Act) -> None:
    payback = drafted(books, [refund(books)])
    with refused(session, IllegalMove):
        paybacks.release(session, payback.id, act=second(act))
    session.commit()
    assert stored_files.of_payback(session, payback.id).released_at is None


@pytest.mark.race
def test_eight_hands_release_at_once_and_the_file_leaves_once(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    payback_id = drafted(books, [refund(books), refund(books)]).id
    paybacks.approve(session, payback_id, act=second(act))
    session.commit()
    done = at_once(engine, [lambda one: paybacks.release(one, payback_id, act=second(act))[0].id] * 8)
    assert [result for result in done if result == payback_id] == [payback_id]
    assert sum(type(result) is IllegalMove for result in done) == 7
    assert (
        session.execute(text("SELECT count(*) FROM stored_files WHERE released_at IS NOT NULL")).scalar() == 1
    )


@pytest.mark.race
def test_eight_hands_draft_at_once_and_one_batch_holds_the_refund(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    waiting = [refund(books), refund(books)]
    ids = [one.id for one in waiting]
    session.commit()

    def draft(one: Session) -> str:
        return drafted(_Books(one, books), [one.get_one(Refund, refund_id) for refund_id in ids]).id

    done = at_once(engine, [draft] * 8)
    assert sum(isinstance(result, str) for result in done) == 1
    assert sum(type(result) is InBatch for result in done) == 7
    assert session.query(PaybackRefund).count() == 2


class _Books(Books):
    """The same company in the session of another thread."""

    def __init__(self, session: Session, books: Books) -> None:
        self.session, self.act, self.creditor, self.account = (
            session,
            books.act,
            books.creditor,
            books.account,
        )


def test_a_changed_byte_stops_approval_release_and_download(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    payback = drafted(books, [refund(books)])
    paybacks.approve(session, payback.id, act=second(act))
    session.commit()
    file = stored_files.of_payback(session, payback.id)
    content = content_of(session, payback)
    session.rollback()
    with tampering(engine) as run:
        run("UPDATE stored_files SET content = set_byte(content, 500, 0)")
    with refused(session, FileDamaged):
        paybacks.release(session, payback.id, act=second(act))
    session.rollback()
    with tampering(engine) as run:
        run(f"UPDATE stored_files SET content = decode('{content.hex()}', 'hex')")
    paybacks.release(session, payback.id, act=second(act))
    session.commit()
    with tampering(engine) as run:
        run("UPDATE stored_files SET content = set_byte(content, 500, 0)")
    with refused(session, FileDamaged):
        stored_files.download(session, file.id, act=act)
    session.rollback()
    with tampering(engine) as run:
        run(f"UPDATE stored_files SET content = decode('{content.hex()}', 'hex')")


def test_the_file_that_leaves_is_the_one_that_was_approved(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    payback = drafted(books, [refund(books)])
    paybacks.approve(session, payback.id, act=second(act))
    session.commit()
    with tampering(engine) as run:
        run("UPDATE payback_batches SET approved_sha256 = repeat('0', 64)")
    session.expire_all()
    with refused(session, batches.OtherFile):
        paybacks.release(session, payback.id, act=second(act))
    session.rollback()


def test_a_file_leaves_once_whoever_asks(session: Session, books: Books, act: Act) -> None:
    payback = released(books, [refund(books)])
    for what in (paybacks.release, paybacks.approve):
        with refused(session, IllegalMove):
            what(session, payback.id, act=second(act))
    with refused(session, IllegalMove):
        paybacks.discard(session, payback.id, reason="too late", act=act)
    with refused(session, ReleasedAlready):
        stored_files.release(session, stored_files.of_payback(session, payback.id).id, act=act)
    session.commit()


def test_a_discarded_batch_gives_its_refunds_back(session: Session, books: Books, act: Act) -> None:
    waiting = refund(books)
    first = drafted(books, [waiting])
    with refused(session, InBatch, "refund_ids"):
        drafted(books, [waiting])
    with refused(session, InBatch):
        refund_orders.cancel(session, waiting.id, reason="a mistake", act=act)
    paybacks.approve(session, first.id, act=second(act))
    paybacks.discard(session, first.id, reason="wrong day", act=act)
    again = drafted(books, [waiting])
    session.commit()
    assert (first.state, again.state, again.total_minor) == ("closed", "draft", first.total_minor)
    assert batches.refunds_of(session, first.id) == []
    with refused(session, IllegalMove):
        paybacks.release(session, first.id, act=second(act))
    assert content_of(session, first) != content_of(session, again)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda books: [], NothingToPayBack),
        (lambda books: [given_up(books)], NotWaiting),
        (lambda books: [nobodys(books)], PayeeUnknown),
        (lambda books: [refund(books), of_another(books)], NotTogether),
    ],
)
def test_what_cannot_be_in_a_batch_is_refused_by_name(
    session: Session, books: Books, make: Callable[[Books], list[Refund]], error: type
) -> None:
    chosen = make(books)
    with refused(session, error, "refund_ids"):
        drafted(books, chosen)


def given_up(books: Books) -> Refund:
    return refund_orders.cancel(books.session, refund(books).id, reason="a mistake", act=books.act)


def nobodys(books: Books) -> Refund:
    """A refund from before refunds had payees."""
    return refunds.request(
        books.session, payment_id=paid(books).id, amount_minor=100, reason="paid twice", act=books.act
    )


def of_another(books: Books) -> Refund:
    """A refund of another company of ours."""
    creditor, _ = second_creditor(books)
    waiting = refund(books)
    books.session.execute(
        text("UPDATE refunds SET creditor_id = :creditor WHERE id = :id"),
        {"creditor": creditor.id, "id": waiting.id},
    )
    books.session.refresh(waiting)
    return waiting


def test_refunds_of_two_accounts_leave_the_one_that_is_named(
    session: Session, books: Books, act: Act
) -> None:
    other = creditors.open_bank_account(
        session, creditor_id=books.creditor.id, name="Second", iban="DE02500105170137075030", act=act
    )
    waiting = [refund(books), refund(books)]
    session.execute(
        text("UPDATE payments SET bank_account_id = :account WHERE id = :id"),
        {"account": other.id, "id": waiting[0].payment_id},
    )
    session.expire_all()
    with refused(session, NotTogether, "bank_account_id"):
        drafted(books, waiting)
    payback = drafted(books, waiting, bank_account_id=other.id)
    assert texts(content_of(session, payback), "IBAN")[0] == other.iban
    assert texts(content_of(session, payback), "Id")[-1:] != ["NOTPROVIDED"]
    session.rollback()


@pytest.mark.parametrize(
    ("at", "first"),
    [
        ("2026-11-18T12:59:00+00:00", date(2026, 11, 18)),  # a minute before the cut-off at 14:00 in Berlin
        ("2026-11-18T13:00:00+00:00", date(2026, 11, 19)),
        ("2026-11-20T13:00:00+00:00", date(2026, 11, 23)),
        ("2026-12-24T13:00:00+00:00", date(2026, 12, 28)),
        ("2027-03-25T13:00:00+00:00", date(2027, 3, 30)),
    ],
)
def test_transfers_are_executed_on_the_first_bank_day_that_the_cut_off_allows(
    session: Session, books: Books, at: str, first: date
) -> None:
    instant = datetime.fromisoformat(at)
    act = Act(actor="treasury", at=instant, today=instant.date())
    payback = drafted(books, [refund(books)], act=act)
    assert payback.execute_on == first
    assert texts(content_of(session, payback), "Dt") == [first.isoformat()]


@pytest.mark.parametrize(
    ("wish", "possible"),
    [
        (date(2026, 11, 17), False), (date(2026, 11, 18), True), (date(2026, 11, 21), False),
        (date(2026, 12, 3), True), (date(2026, 12, 4), False),
    ],
)  # fmt: skip
def test_a_day_that_is_asked_for_is_a_bank_day_soon(
    session: Session, books: Books, wish: date, possible: bool
) -> None:
    waiting = refund(books)
    if possible:
        assert drafted(books, [waiting], execute_on=wish).execute_on == wish
    else:
        with refused(session, NoSuchDay, "execute_on"):
            drafted(books, [waiting], execute_on=wish)


# What speaks against a batch of refunds


def test_money_the_bank_can_still_take_back_is_refunded_only_by_an_explicit_wish(
    session: Session, books: Books, act: Act
) -> None:
    _, (debit,) = collected(books, 12_000)
    payment = free(books, debit)
    waiting = refund(books, 12_000, payment=payment)
    payback = drafted(books, [waiting])
    assert rules_of(session, payback, act) == [("provisional", "error")]
    with refused(session, BankWouldRefuse) as caught:
        paybacks.approve(session, payback.id, act=second(act))
    assert "2027-01-18" in caught.value.message
    paybacks.discard(session, payback.id, reason="not asked for", act=act)
    wanted = drafted(books, [waiting], accept_provisional=True)
    assert rules_of(session, wanted, act) == [("provisional", "warning")]
    let_go(session, wanted, second(act))
    session.commit()
    assert session.execute(
        text("SELECT count(*) FROM audit_records WHERE body::jsonb ->> 'action' = 'payback_batch.provisional_accepted'")
    ).scalar() == 1  # fmt: skip


def test_a_refund_to_an_account_of_our_own_is_stopped(session: Session, books: Books, act: Act) -> None:
    waiting = refund(books, payee=Payee(name="Muster Energie GmbH", iban=OUR_IBAN))
    assert rules_of(session, drafted(books, [waiting]), act) == [("own_account", "error")]


def test_a_payee_outside_the_eea_may_need_a_bic(session: Session, books: Books, act: Act) -> None:
    swiss = Payee(name="Urs Beispiel", iban="CH9300762011623852957")
    payback = drafted(books, [refund(books, payee=swiss)])
    assert rules_of(session, payback, act) == [("bic", "warning")]
    let_go(session, payback, second(act))
    known = Payee(name="Urs Beispiel", iban="CH9300762011623852957", bic="UBSWCHZH80A")
    assert rules_of(session, drafted(books, [refund(books, payee=known)]), act) == []


def test_the_limits_of_the_creditor_hold_for_money_that_goes_back(
    session: Session, books: Books, act: Act
) -> None:
    terms.change(session, books.creditor.id, largest_debit_minor=3_100, largest_file_minor=6_200, act=act)
    assert rules_of(session, drafted(books, [refund(books, 3_100), refund(books, 3_100)]), act) == []
    over = drafted(books, [refund(books, 3_101), refund(books, 3_100)])
    assert rules_of(session, over, act) == [("largest_file", "error"), ("largest_line", "error")]


def test_a_day_that_has_passed_is_not_sent_to_the_bank(session: Session, books: Books, act: Act) -> None:
    payback = drafted(books, [refund(books)])
    paybacks.approve(session, payback.id, act=second(act))
    tomorrow = days_later(act, 1)
    assert rules_of(session, payback, tomorrow) == [("too_late", "error")]
    with refused(session, BankWouldRefuse) as caught:
        paybacks.release(session, payback.id, act=second(tomorrow))
    assert caught.value.message.endswith("discard the batch and draft it again.")


def test_a_return_that_waits_stops_the_refund_of_the_same_money(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 12_000)
    _, message = sent(books)
    credited, returned = bank_of(books).answer(message, outcomes={debit.end_to_end_id: "AM04"})
    take_in_all(session, [credited], act)
    match(session, act)
    reload(session, debit)
    waiting = refund(books, 12_000, payment=free(books, debit))
    payback = drafted(books, [waiting], accept_provisional=True)
    paybacks.approve(session, payback.id, act=second(act))
    take_in_all(session, [returned], act)
    match(session, act)
    session.commit()
    assert rules_of(session, payback, act)[0] == ("returned_meanwhile", "error")
    with refused(session, BankWouldRefuse):
        paybacks.release(session, payback.id, act=second(act))
    paybacks.discard(session, payback.id, reason="the bank took it back", act=act)
    refund_orders.cancel(session, waiting.id, reason="the bank took it back", act=act)
    match(session, act)
    session.commit()
    reload(session, debit, waiting)
    assert (debit.state, waiting.state) == ("returned", "cancelled")


# Reversals


def test_a_reversal_says_what_the_collection_said_whatever_changed_since(
    session: Session, books: Books, act: Act
) -> None:
    batch, debits = collected(books, 12_000, 3_450)
    mandate = session.get_one(Mandate, debits[0].mandate_id)
    signed_by = mandate.debtor_name
    mandate.debtor_name = "Erika Neuername"
    payback = reversing(books, debits[:1], reason=ReversalReason.DUPLICATE)
    session.commit()
    said = reader.read(content_of(session, payback))
    assert rules.check(content_of(session, payback), today=COLLECTED_ON) == ()
    assert (said.message_id, said.original_message_id) == (payback.message_id, batch.message_id)
    assert (said.original_version, said.count, said.control_sum_minor) == ("pain.008.001.08", 1, 12_000)
    (block,) = said.blocks
    assert isinstance(block, LinesOfBlock)
    (line,) = block.lines
    assert (line.end_to_end_id, line.amount.minor, line.reason) == (debits[0].end_to_end_id, 12_000, "AM05")
    assert (line.collection.mandate_id, line.collection.debtor.name) == (mandate.reference, signed_by)
    assert (line.collection.collect_on, line.collection.creditor.iban) == (COLLECTED_ON, OUR_IBAN)
    reversal = session.scalars(select(DebitReversal)).one()
    assert (reversal.state, reversal.reference) == ("batched", line.reversal_id)
    assert (payback.kind, payback.batch_id, payback.part_count, payback.total_minor) == (
        "pain.007", batch.id, 1, 12_000,
    )  # fmt: skip


def test_a_whole_batch_is_reversed_but_for_what_never_was_collected(
    session: Session, books: Books, act: Act
) -> None:
    back, kept = scheduled(books, 7_000), scheduled(books, 12_000)
    batch, message = sent(books)
    take_in_all(session, bank_of(books).answer(message, outcomes={back.end_to_end_id: "AM04"}), act)
    match(session, act)
    payback = paybacks.draft_reversals(
        session, batch_id=batch.id, reason=ReversalReason.BY_CREDITOR, act=on_the_day(books)
    )[0]
    session.commit()
    assert (payback.part_count, payback.total_minor) == (1, 12_000)
    assert session.scalars(select(DebitReversal.debit_id)).all() == [kept.id]


def test_german_banks_get_lines_and_others_may_get_the_whole_block(session: Session, books: Books) -> None:
    books.account.iban = "NL91ABNA0417164300"
    session.flush()
    _, debits = submitted(books, 12_000, 3_450)
    whole = reversing(books, debits)
    said = reader.read(content_of(session, whole))
    assert said.blocks == (
        WholeBlock(
            payment_information_id=said.blocks[0].payment_information_id, count=2, control_sum_minor=15_450,
            reason="MS02",
        ),
    )  # fmt: skip
    paybacks.discard(session, whole.id, reason="only one of them", act=on_the_day(books))
    one = reversing(books, debits[:1])
    assert isinstance(reader.read(content_of(session, one)).blocks[0], LinesOfBlock)
    session.rollback()


@pytest.mark.parametrize(
    ("days", "possible"),
    [(-1, False), (0, True), (1, True), (7, True), (8, False)],  # Thursday 19 to Thursday 26 November
)
def test_a_collection_is_reversed_from_its_day_to_the_fifth_bank_day_after_it(
    session: Session, books: Books, days: int, possible: bool
) -> None:
    _, debits = collected(books, 12_000)
    if possible:
        assert reversing(books, debits, days=days).state == "draft"
    else:
        with refused(session, NotReversible, "debit_ids"):
            reversing(books, debits, days=days)


def test_a_reversal_that_would_come_after_the_cut_off_of_the_last_day_is_stopped(
    session: Session, books: Books
) -> None:
    _, debits = collected(books, 12_000)
    payback = reversing(books, debits, days=7)
    morning = on_the_day(books, 7)
    assert rules_of(session, payback, morning) == []
    afternoon = replace(morning, at=datetime(2026, 11, 26, 13, 0, tzinfo=UTC))
    assert rules_of(session, payback, afternoon) == [("too_late", "error")]
    assert rules_of(session, payback, on_the_day(books, 8)) == [("not_reversible", "error")]


def test_what_cannot_be_reversed_is_refused_by_name(session: Session, books: Books, act: Act) -> None:
    waiting = scheduled(books, 500)
    _, (debit,) = collected(books, 12_000)
    reload(session, waiting)
    with refused(session, NothingToPayBack, "debit_ids"):
        reversing(books, [])
    with refused(session, DebitNotFound, "debit_ids"):
        paybacks.draft_reversals(
            session, debit_ids=["deb_nobody"], reason=ReversalReason.BY_BANK, act=on_the_day(books)
        )
    reversing(books, [debit])
    with refused(session, AlreadyReversed, "debit_ids"):
        reversing(books, [debit])
    session.commit()


def test_debits_of_two_files_are_reversed_by_two(session: Session, books: Books, act: Act) -> None:
    _, first = submitted(books, 12_000)
    _, other = submitted(books, 3_450)
    with refused(session, NotTogether, "debit_ids"):
        reversing(books, [*first, *other])
    assert reversing(books, first).batch_id != reversing(books, other).batch_id
    session.commit()


@pytest.mark.race
def test_eight_hands_reverse_at_once_and_one_reversal_is_made(
    session: Session, books: Books, engine: Engine
) -> None:
    _, debits = collected(books, 12_000, 500)
    ids = [debit.id for debit in debits]
    day = on_the_day(books)
    session.commit()

    def draft(one: Session) -> str:
        return paybacks.draft_reversals(one, debit_ids=ids, reason=ReversalReason.BY_CREDITOR, act=day)[0].id

    done = at_once(engine, [draft] * 8)
    assert sum(isinstance(result, str) for result in done) == 1
    assert sum(type(result) is AlreadyReversed for result in done) == 7
    assert session.query(DebitReversal).count() == 2


def test_a_discarded_reversal_frees_its_debit(session: Session, books: Books, act: Act) -> None:
    _, debits = collected(books, 12_000)
    day = on_the_day(books)
    payback = reversing(books, debits)
    paybacks.approve(session, payback.id, act=second(day))
    paybacks.discard(session, payback.id, reason="not wrong after all", act=day)
    session.commit()
    assert [one.state for one in session.scalars(select(DebitReversal))] == ["cancelled"]
    again = reversing(books, debits)
    assert again.id != payback.id
    session.commit()


def test_a_debit_that_came_back_meanwhile_is_not_reversed(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 12_000)
    _, message = sent(books)
    credited, returned = bank_of(books).answer(message, outcomes={debit.end_to_end_id: "AM04"})
    take_in_all(session, [credited], act)
    match(session, act)
    reload(session, debit)
    day = on_the_day(books)
    payback = reversing(books, [debit])
    paybacks.approve(session, payback.id, act=second(day))
    take_in_all(session, [returned], day)
    assert rules_of(session, payback, day) == [("returned_meanwhile", "error")]
    match(session, day)
    session.commit()
    assert rules_of(session, payback, day) == [("not_reversible", "error")]
    with refused(session, BankWouldRefuse):
        paybacks.release(session, payback.id, act=second(day))
    paybacks.discard(session, payback.id, reason="the bank took it back", act=day)
    session.commit()


def test_what_no_statement_has_shown_yet_can_be_reversed_with_a_warning(
    session: Session, books: Books
) -> None:
    _, debits = submitted(books, 12_000)
    payback = reversing(books, debits)
    assert rules_of(session, payback, on_the_day(books)) == [("not_credited", "warning")]
    let_go(session, payback, second(on_the_day(books)))
    session.commit()
    assert [one.state for one in session.scalars(select(DebitReversal))] == ["sent"]


def test_what_is_refunded_is_not_reversed_and_what_is_reversed_is_not_refunded(
    session: Session, books: Books, act: Act
) -> None:
    _, (first, other) = collected(books, 12_000, 500)
    refund(books, 12_000, payment=free(books, first))
    with refused(session, NotReversible, "debit_ids"):
        reversing(books, [first])
    payback = reversing(books, [other])
    payment = free(books, other)
    with refused(session, refund_orders.BeingReversed, "payment_id"):
        refund(books, 500, payment=payment)
    paybacks.discard(session, payback.id, reason="a refund instead", act=on_the_day(books))
    assert refund(books, 500, payment=payment).state == "requested"
    session.commit()


@pytest.mark.race
def test_refund_and_reversal_of_the_same_money_at_once_make_one_of_the_two(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    _, (debit,) = collected(books, 12_000)
    payment = free(books, debit)
    payment_id, debit_id, day = payment.id, debit.id, on_the_day(books)
    session.commit()

    def back(one: Session) -> str:
        return refund_orders.request(
            one, payment_id=payment_id, amount_minor=12_000, reason="paid twice", act=day
        ).id

    def undo(one: Session) -> str:
        return paybacks.draft_reversals(
            one, debit_ids=[debit_id], reason=ReversalReason.BY_CREDITOR, act=day
        )[0].id

    done = at_once(engine, [back, undo] * 4)
    assert sum(isinstance(result, str) for result in done) == 1
    assert session.query(Refund).count() + session.query(DebitReversal).count() == 1
