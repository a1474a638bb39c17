"""Scenes in which money was easily counted twice, lost, or given to another payer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ledger.acts import Act
from reconciliation import importing
from tests.factories import camt, history
from tests.factories.archives import zipped
from tests.factories.bank import bank_balance, lines_of, statements_of, take_in
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import OTHER_IBAN, at_once, second_creditor
from tests.factories.history import Booked, History

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)
ANNA, BERT = "DE02500105170137075030", "DE75512108001245126199"


def entry(
    minor: int,
    name: str | None = None,
    text: str | None = None,
    *,
    day: date = MONDAY,
    valued: date | None = None,
    reference: str | None = None,
    end_to_end_id: str | None = None,
) -> camt.Entry:
    make = camt.credit if minor > 0 else camt.debit
    plain = camt.Entry(amount=0, valued_on=valued or day, bank_reference=reference)
    return make(
        abs(minor), name=name, remittance=text or (), booked_on=day, entry=plain, end_to_end_id=end_to_end_id
    )


def statement(*entries: camt.Entry, opening: int, number: int = 1, day: date = MONDAY) -> bytes:
    closing = opening + sum(one.amount for one in entries)
    return camt.camt053(
        entries, account=OUR_IBAN, statement_id=f"S-{number}", sequence=None, from_on=None, to_on=None,
        balances=(("OPBD", opening, day, "EUR"), ("CLBD", closing, day, "EUR")),
    )  # fmt: skip


def amounts(session: Session) -> list[int]:
    return sorted(line.amount_minor for line in lines_of(session))


@pytest.mark.parametrize("references", [("BANK-00001", "BANK-00002"), (None, None)])
def test_an_account_that_is_swept_every_evening_counts_its_lines_once(
    session: Session, books: Books, act: Act, references: tuple[str | None, str | None]
) -> None:
    first = entry(1_000, "Anna", "x", reference=references[0])
    second = entry(2_000, "Bert", "y", reference=references[1])
    take_in(session, statement(first, second, opening=0), act)
    take_in(session, statement(second, first, entry(-3_000, "Pool"), opening=0, number=2), act)
    session.commit()
    assert (amounts(session), bank_balance(session, books.account)) == ([-3_000, 1_000, 2_000], 0)


def test_lines_that_are_valued_on_another_day_are_found_from_either_side(
    session: Session, books: Books, act: Act
) -> None:
    booked = Booked(TUESDAY, 1_250, "Anna Beispiel", ANNA, "Rechnung 4711", "BANK-00001")
    later = entry(1_250, "Anna Beispiel", "Rechnung 4711", day=TUESDAY, valued=MONDAY, reference="BANK-00001")
    take_in(session, statement(later, opening=0, day=TUESDAY), act)
    on_monday = History(OUR_IBAN, 0, (replace(booked, day=MONDAY),))
    done = take_in(session, history.ofx_file(on_monday, 0, 1), act, name="a.ofx")
    session.commit()
    assert (done.imported, done.known, amounts(session)) == (0, 1, [1_250])


def test_a_standing_order_with_the_same_reference_on_the_next_day_is_another_payment(
    session: Session, books: Books, act: Act
) -> None:
    rent = entry(1_000, "Anna", "Miete", end_to_end_id="STANDING-0001")
    again = replace(rent, booked_on=TUESDAY, valued_on=MONDAY)
    take_in(session, statement(rent, opening=0), act)
    take_in(session, statement(again, opening=1_000, number=2, day=TUESDAY), act)
    session.commit()
    assert (amounts(session), bank_balance(session, books.account)) == ([1_000, 1_000], 2_000)


def test_another_payer_of_the_same_amount_is_another_payment(
    session: Session, books: Books, act: Act
) -> None:
    anna = History(OUR_IBAN, 0, (Booked(MONDAY, 1_000, "Anna Beispiel", ANNA, "Beitrag"),))
    bert = History(OUR_IBAN, 0, (Booked(MONDAY, 1_000, "Bert Muster", BERT, "Beitrag"),))
    take_in(session, history.camt053(anna, 0, 1), act)
    take_in(session, history.ofx_file(bert, 0, 1), act, name="a.ofx")
    session.commit()
    assert [line.counterparty_name for line in lines_of(session)] == ["Anna Beispiel", "Bert Muster"]


def test_a_name_with_its_umlaut_written_out_is_the_same_payer(
    session: Session, books: Books, act: Act
) -> None:
    told = ("Müller & Söhne Verwaltungsgesellschaft mbH", "MUELLER + SOEHNE VERWALT")
    first, second = (
        History(OUR_IBAN, 0, (Booked(MONDAY, 1_000, name, ANNA, "Rechnung 4711"),)) for name in told
    )
    take_in(session, history.camt053(first, 0, 1), act)
    done = take_in(session, history.swift(second, 0, 1), act, name="a.sta")
    session.commit()
    assert (done.imported, done.known) == (0, 1)


def test_a_report_that_comes_late_and_once_more_is_known(session: Session, books: Books, act: Act) -> None:
    announced = entry(700, "Anna", "x", reference="BANK-00001")
    booked = replace(announced, booked_on=TUESDAY, valued_on=MONDAY)
    report = camt.Stated(entries=(announced,), account=OUR_IBAN, balances=(("ITAV", 0, MONDAY, "EUR"),))
    take_in(session, camt.camt_file("camt.052", [report]), act)
    take_in(session, statement(booked, opening=0, day=TUESDAY), act)
    late = take_in(session, camt.camt_file("camt.052", [report], message_id="M-2"), act)
    session.commit()
    assert (late.imported, late.known, amounts(session)) == (0, 1, [700])


def test_a_text_that_fits_no_column_is_refused_also_where_its_line_is_announced(
    session: Session, books: Books, act: Act
) -> None:
    announced = entry(700, "Anna", "x", reference="BANK-00001")
    report = camt.Stated(entries=(announced,), account=OUR_IBAN, balances=(("ITAV", 0, MONDAY, "EUR"),))
    take_in(session, camt.camt_file("camt.052", [report]), act)
    long = entry(700, "Anna" * 100, "x", reference="BANK-00001")
    done = importing.import_file(session, statement(long, opening=0), name="a.xml", act=act)
    session.commit()
    assert done.refusal is not None
    assert done.refusal.code == "too_long"
    assert [line.provisional for line in lines_of(session)] == [True]


@pytest.mark.parametrize(("minor", "currency"), [(700, "USD"), (0, "EUR")])
def test_what_is_no_money_stays_set_aside_when_it_is_booked(
    session: Session, books: Books, act: Act, minor: int, currency: str
) -> None:
    odd = replace(camt.credit(minor, remittance="odd", booked_on=MONDAY), currency=currency)
    stated = camt.Stated(entries=(odd,), account=OUR_IBAN, balances=(("ITAV", 0, MONDAY, "EUR"),))
    take_in(session, camt.camt_file("camt.052", [stated]), act)
    take_in(session, camt.camt053([odd], account=OUR_IBAN, opening=0, closing=0), act)
    session.commit()
    (line,) = lines_of(session)
    assert (line.state, line.provisional) == ("ignored", False)


def test_a_missing_statement_within_a_day_is_a_gap_of_its_lines(
    session: Session, books: Books, act: Act
) -> None:
    take_in(session, statement(entry(1_000, "Anna"), opening=0), act)
    take_in(session, statement(entry(500, "Bert"), opening=5_000, number=2), act)
    session.commit()
    assert [one.gap_minor for one in statements_of(session)] == [None, 4_000]
    assert bank_balance(session, books.account) == 5_500


def test_a_break_is_no_gap_once_the_missing_line_has_come(session: Session, books: Books, act: Act) -> None:
    lacking = camt.camt053(
        [entry(1_000, "Anna")], account=OUR_IBAN, opening=0, closing=1_200, from_on=MONDAY, to_on=MONDAY
    )
    take_in(session, lacking, act)
    take_in(session, statement(entry(1_000, "Anna"), entry(200, "Bert"), opening=0, number=2), act)
    take_in(session, statement(entry(5, "Anna"), opening=1_200, number=3, day=TUESDAY), act)
    session.commit()
    assert amounts(session) == [5, 200, 1_000]
    assert bank_balance(session, books.account) == 1_205
    assert statements_of(session)[-1].gap_minor is None


@pytest.mark.parametrize(
    "again",
    [
        (entry(1_000, "Anna", reference="NEW-000001"), entry(2_000, "Bert", reference="NEW-000002")),
        (entry(3_000, "Sammler", reference="LUMP-00001"),),
    ],
    ids=["new references", "a lump of the same lines"],
)
def test_lines_that_are_told_as_others_are_too_many_and_the_gap_says_so(
    session: Session, books: Books, act: Act, again: tuple[camt.Entry, ...]
) -> None:
    first = (entry(1_000, "Anna", reference="BANK-00001"), entry(2_000, "Bert", reference="BANK-00002"))
    take_in(session, statement(*first, opening=0), act)
    take_in(session, statement(*again, opening=0, number=2), act)
    session.commit()
    assert sorted(one.gap_minor or 0 for one in statements_of(session)) == [-3_000, 0]
    assert [problem for one in statements_of(session) for problem in one.told_problems] == [
        "Lines of -30.00 EUR are missing before it, or lines of 30.00 EUR are too many: the balances do not meet."
    ]
    assert bank_balance(session, books.account) == 3_000


@pytest.mark.race
def test_one_file_brought_by_eight_hands_is_one_statement(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    content = statement(entry(1_000, "Anna"), opening=0)
    session.commit()
    done = at_once(
        engine, [lambda one: importing.import_file(one, content, name="a.xml", act=act).imported] * 8
    )
    assert sorted(done) == [0] * 7 + [1]
    assert len(statements_of(session)) == 1


@pytest.mark.race
def test_archives_and_accounts_in_opposite_order_wait_for_each_other_only_once(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    second_creditor(books)
    ours = [statement(entry(100 + number, "Anna"), opening=0, number=number) for number in range(4)]
    theirs = [one.replace(OUR_IBAN.encode(), OTHER_IBAN.encode()) for one in ours]
    stated = [
        [
            camt.Stated(entries=(entry(7, "A"),), account=iban, opening=0, statement_id=iban[:6])
            for iban in order
        ]
        for order in ((OUR_IBAN, OTHER_IBAN), (OTHER_IBAN, OUR_IBAN))
    ]
    both = [camt.camt053_file(order) for order in stated]
    members = [(f"{place}.xml", content) for place, content in enumerate([*ours, *theirs])]
    files = [zipped(*members), zipped(*members[::-1]), *both] * 2
    session.commit()
    done = at_once(
        engine,
        [
            lambda one, file=file: importing.import_file(one, file, name="x", act=act).failed  # type: ignore[misc]
            for file in files
        ],
    )
    assert done == [False] * len(files)
