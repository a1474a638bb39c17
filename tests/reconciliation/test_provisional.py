"""What a bank tells during the day is shown and not counted; the statement books it, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.orm import Session

from ledger.acts import Act
from reconciliation import by_hand, importing
from reconciliation.by_hand import LineNotWaiting
from reconciliation.models import StatementLine
from tests.factories import camt, mt940
from tests.factories.bank import bank_balance, lines_of, match, statements_of, take_in
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import refused

DAY = date(2026, 11, 17)
PAYER = "DE02500105170137075030"


def credit(minor: int, text: str, *, reference: str | None = None, day: date = DAY) -> camt.Entry:
    entry = camt.Entry(amount=0, valued_on=day, bank_reference=reference)
    return camt.credit(minor, name="Anna Beispiel", iban=PAYER, remittance=text, booked_on=day, entry=entry)


def report(*entries: camt.Entry, message: str = "camt.052", number: int = 1) -> bytes:
    stated = camt.Stated(
        entries=entries, account=OUR_IBAN, balances=(), statement_id=f"R-{number}", sequence=None,
        from_on=DAY, to_on=DAY,
    )  # fmt: skip
    return camt.camt_file(message, [stated])


def statement(*entries: camt.Entry, opening: int = 0, number: str = "1", day: date = DAY) -> bytes:
    return camt.camt053(
        entries, account=OUR_IBAN, opening=opening, statement_id=f"S-{number}", sequence=number, from_on=day,
        to_on=day,
    )  # fmt: skip


def fates(session: Session) -> list[tuple[int, bool, str]]:
    return [(line.amount_minor, line.provisional, line.state) for line in lines_of(session)]


def test_a_report_of_the_day_is_no_money_until_the_statement_books_it(
    session: Session, books: Books, act: Act
) -> None:
    books.invoice(1_250, number="RE-1")
    told = take_in(session, report(credit(1_250, "RE-1")), act)
    assert (told.imported, told.promoted) == (1, 0)
    match(session, act)
    assert fates(session) == [(1_250, True, "new")]
    assert lines_of(session)[0].waiting_because == (
        "The bank told of it during the day; it counts once the statement books it."
    )
    assert bank_balance(session, books.account) == 0

    booked = take_in(session, statement(credit(1_250, "RE-1"), credit(300, "Spende")), act)
    assert (booked.imported, booked.known, booked.promoted) == (1, 1, 1)
    assert bank_balance(session, books.account) == 1_550
    match(session, act)
    session.commit()
    assert fates(session) == [(300, False, "proposed"), (1_250, False, "matched")]
    (line, _) = sorted(lines_of(session), key=lambda one: -one.amount_minor)
    assert line.statement_id == statements_of(session)[-1].id


def test_a_report_that_comes_after_its_statement_changes_nothing(
    session: Session, books: Books, act: Act
) -> None:
    take_in(session, statement(credit(1_250, "RE-1")), act)
    late = take_in(session, report(credit(1_250, "RE-1")), act)
    session.commit()
    assert (late.imported, late.known, late.promoted) == (0, 1, 0)
    assert fates(session) == [(1_250, False, "new")]
    assert bank_balance(session, books.account) == 1_250


def test_reports_that_grow_through_the_day_tell_of_each_line_once(
    session: Session, books: Books, act: Act
) -> None:
    twin = credit(990, "Beitrag")
    counts = []
    for number, entries in enumerate(([twin], [twin, twin], [twin, twin, credit(5, "x")]), start=1):
        done = take_in(session, report(*entries, number=number), act)
        counts.append((done.imported, done.known))
    assert counts == [(1, 0), (1, 1), (1, 2)]
    done = take_in(session, statement(twin, twin, credit(5, "x")), act)
    session.commit()
    assert (done.imported, done.promoted) == (0, 3)
    assert fates(session) == [(5, False, "new"), (990, False, "new"), (990, False, "new")]
    assert bank_balance(session, books.account) == 1_985


def test_an_mt942_is_booked_by_the_mt940_of_the_day(session: Session, books: Books, act: Act) -> None:
    entry = mt940.Entry(
        amount=1_250, valued_on=DAY, booked_on=DAY,
        text=mt940.german("166", purpose="SVWZ+RE-1", name="Anna Beispiel", iban=PAYER),
    )  # fmt: skip
    interim = mt940.mt942([entry]).replace(mt940.ACCOUNT.encode(), OUR_IBAN.encode())
    assert take_in(session, interim, act, name="a.sta").imported == 1
    assert bank_balance(session, books.account) == 0
    final = mt940.mt940([entry], account=OUR_IBAN, opening=0, opened_on=DAY, closed_on=DAY)
    done = take_in(session, final, act, name="b.sta")
    session.commit()
    assert (done.imported, done.promoted) == (0, 1)
    assert (fates(session), bank_balance(session, books.account)) == ([(1_250, False, "new")], 1_250)


def test_what_was_announced_and_never_booked_is_said(session: Session, books: Books, act: Act) -> None:
    take_in(session, report(credit(1_250, "RE-1"), credit(40, "gone")), act)
    done = take_in(session, statement(credit(1_250, "RE-1")), act)
    session.commit()
    assert "It does not have 1 line that was announced for its days." in done.problems
    assert fates(session) == [(40, True, "new"), (1_250, False, "new")]
    assert bank_balance(session, books.account) == 1_250


def test_nobody_can_make_a_payment_of_what_is_only_announced(
    session: Session, books: Books, act: Act
) -> None:
    take_in(session, report(credit(1_250, "RE-1")), act)
    (line,) = lines_of(session)
    with refused(session, LineNotWaiting, "line_id"):
        by_hand.record_payment(session, line_id=line.id, customer_id=books.customer().id, act=act)


def test_a_pending_line_that_is_booked_the_next_day_is_one_line(
    session: Session, books: Books, act: Act
) -> None:
    later = date(2026, 11, 18)
    pending = replace(credit(700, "E2E", reference="BANK-000001"), status="PDNG")
    take_in(session, report(pending), act)
    booked = replace(credit(700, "E2E", reference="BANK-000001", day=later), valued_on=DAY)
    done = take_in(session, statement(booked, day=later), act)
    session.commit()
    assert (done.promoted, bank_balance(session, books.account)) == (1, 700)
    (line,) = lines_of(session)
    assert (line.booked_on, line.status, line.state, line.waiting_because) == (later, "booked", "new", None)


# --- lumps and the notifications of their parts ---


def lump(minor: int, count: int) -> camt.Entry:
    entry = camt.lump(minor, payment_information_id="BLOCK-1", message_id="MSG-1", count=count, booked_on=DAY)
    return replace(entry, bank_reference="LUMP-000001", valued_on=DAY)


def single(minor: int, end_to_end_id: str, bank_reference: str | None = "LUMP-000001") -> camt.Entry:
    return camt.credit(
        minor, name="Anna Beispiel", end_to_end_id=end_to_end_id, mandate_id="M-1", booked_on=DAY,
        entry=camt.Entry(amount=0, valued_on=DAY, bank_reference=bank_reference),
    )  # fmt: skip


SINGLES = (single(1_000, "E2E-1"), single(250, "E2E-2"))


@pytest.mark.parametrize("order", ["statement first", "notification first"])
def test_single_notifications_become_the_parts_of_the_lump_they_make_up(
    session: Session, books: Books, act: Act, order: str
) -> None:
    files = [statement(lump(1_250, 2)), report(*SINGLES, message="camt.054")]
    for content in files if order == "statement first" else reversed(files):
        take_in(session, content, act)
    session.commit()
    small, middle, whole = lines_of(session)
    assert [one.amount_minor for one in (small, middle, whole)] == [250, 1_000, 1_250]
    assert [part["end_to_end_id"] for part in whole.details] == ["E2E-1", "E2E-2"]
    assert [part["amount_minor"] for part in whole.details] == [1_000, 250]
    assert {small.lump_id, middle.lump_id} == {whole.id}
    assert {small.state, middle.state} == {"ignored"}
    assert small.waiting_because == f"It is a part of the lump {whole.id}."
    assert bank_balance(session, books.account) == 1_250


def test_a_notification_of_the_whole_lump_itemises_it(session: Session, books: Books, act: Act) -> None:
    parts = (
        camt.Part(amount=1_000, end_to_end_id="E2E-1", name="Anna Beispiel"),
        camt.Part(amount=250, end_to_end_id="E2E-2"),
    )
    itemised = replace(lump(1_250, 2), parts=parts)
    take_in(session, statement(lump(1_250, 2)), act)
    done = take_in(session, report(itemised, message="camt.054"), act)
    session.commit()
    assert (done.imported, done.known) == (0, 1)
    (line,) = lines_of(session)
    assert [part["end_to_end_id"] for part in line.details] == ["E2E-1", "E2E-2"]
    assert bank_balance(session, books.account) == 1_250


@pytest.mark.parametrize("order", ["statement first", "notification first"])
def test_a_lump_of_one_collection_is_one_booking_whoever_tells_of_it(
    session: Session, books: Books, act: Act, order: str
) -> None:
    part = camt.Part(amount=1_000, end_to_end_id="E2E-1", name="Anna Beispiel", remittance="Rechnung RE-1")
    printed = replace(lump(1_000, 1), information="SEPA-Basislastschrift Sammler")
    files = [statement(printed), report(replace(lump(1_000, 1), parts=(part,)), message="camt.054")]
    for content in files if order == "statement first" else reversed(files):
        take_in(session, content, act)
    session.commit()
    (line,) = lines_of(session)
    assert (line.provisional, line.end_to_end_id, line.batch_payment_information_id) == (
        False, "E2E-1", "BLOCK-1",
    )  # fmt: skip
    assert bank_balance(session, books.account) == 1_000


@pytest.mark.parametrize(
    "singles",
    [
        (single(1_000, "E2E-1"), single(251, "E2E-2")),
        (single(1_000, "E2E-1"), single(125, "E2E-2"), single(125, "E2E-3")),
        (single(1_000, "E2E-1", "OTHER-00001"), single(250, "E2E-2", "OTHER-00001")),
    ],
    ids=["another sum", "another count", "another booking"],
)
def test_notifications_that_do_not_make_up_the_lump_stay_by_themselves(
    session: Session, books: Books, act: Act, singles: tuple[camt.Entry, ...]
) -> None:
    take_in(session, statement(lump(1_250, 2)), act)
    take_in(session, report(*singles, message="camt.054"), act)
    session.commit()
    assert [line.lump_id for line in lines_of(session)] == [None] * (1 + len(singles))
    assert [line.details for line in lines_of(session) if not line.provisional] == [[]]


def test_the_same_notifications_again_are_still_the_parts(session: Session, books: Books, act: Act) -> None:
    take_in(session, statement(lump(1_250, 2)), act)
    take_in(session, report(*SINGLES, message="camt.054"), act)
    again = take_in(session, report(*SINGLES, message="camt.054", number=2), act)
    session.commit()
    assert (again.imported, again.known) == (0, 2)
    assert len(lines_of(session)) == 3


def test_a_payment_by_hand_fits_the_line_once_it_is_booked(session: Session, books: Books, act: Act) -> None:
    take_in(session, report(credit(1_250, "?")), act)
    importing.import_file(session, statement(credit(1_250, "?")), name="s.xml", act=act)
    (line,) = lines_of(session)
    payment = by_hand.record_payment(session, line_id=line.id, customer_id=books.customer().id, act=act)
    session.commit()
    assert payment.amount_minor == 1_250
    assert session.get_one(StatementLine, line.id).state == "matched"
