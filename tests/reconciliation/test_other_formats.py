"""One account told by several formats: every booking once, whatever comes first."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from sqlalchemy.orm import Session

from ledger.acts import Act
from reconciliation import importing
from reconciliation.own_accounts import holds
from reconciliation.receiving import Wishes
from tests.factories import camt, history
from tests.factories.bank import bank_balance, lines_of, statements_of, take_in
from tests.factories.books import OUR_IBAN, Books
from tests.factories.history import Booked, History

DAY, NEXT = date(2026, 11, 16), date(2026, 11, 17)
ANNA, OTTO = "DE89370400440532013000", "DE02500105170137075030"
OF = History(
    OUR_IBAN,
    10_000,
    (
        Booked(DAY, 1_250, "Anna Beispiel", ANNA, "Rechnung RE-2026-0815", "BANK000001"),
        Booked(DAY, 990, "Otto Muster", OTTO, "Beitrag", "BANK000002"),
        Booked(DAY, 990, "Otto Muster", OTTO, "Beitrag", "BANK000003"),
        Booked(NEXT, -4_000, "Stadtwerke", ANNA, "Abschlag", "BANK000004"),
    ),
)
ALL = len(OF.bookings)
FILES = {
    "camt": history.camt053(OF, 0, ALL),
    "old camt": history.camt053(OF, 0, ALL, version="02", number=1),
    "mt940": history.swift(OF, 0, ALL),
    "ofx": history.ofx_file(OF, 0, ALL),
    "csv": history.table(OF, 0, ALL),
}


@pytest.mark.parametrize("pair", list(permutations(FILES, 2)), ids=" then ".join)
def test_what_one_format_brought_the_other_only_knows(
    session: Session, books: Books, act: Act, pair: tuple[str, str]
) -> None:
    first, second = (take_in(session, FILES[name], act, name=name) for name in pair)
    session.commit()
    assert (first.imported, first.known, second.imported, second.known) == (ALL, 0, 0, ALL)
    assert sorted(line.amount_minor for line in lines_of(session)) == [-4_000, 990, 990, 1_250]
    assert bank_balance(session, books.account) == OF.closing
    assert {statement.gap_minor for statement in statements_of(session)} == {None}


def test_what_a_later_format_knows_better_is_filled_in(session: Session, books: Books, act: Act) -> None:
    take_in(session, FILES["ofx"], act, name="a.ofx")
    before = lines_of(session)
    assert {line.counterparty_account for line in before} == {None}
    take_in(session, FILES["camt"], act)
    session.commit()
    after = {line.id: line for line in lines_of(session)}
    assert {after[line.id].counterparty_account for line in before} == {ANNA, OTTO}
    assert {after[line.id].remittance for line in before} >= {"Beitrag", "Abschlag"}


def test_what_is_known_is_never_overwritten(session: Session, books: Books, act: Act) -> None:
    take_in(session, FILES["camt"], act)
    before = [(line.counterparty_name, line.remittance, line.bank_reference) for line in lines_of(session)]
    for name in ("mt940", "csv", "ofx", "old camt"):
        take_in(session, FILES[name], act, name=name)
    session.commit()
    assert [
        (line.counterparty_name, line.remittance, line.bank_reference) for line in lines_of(session)
    ] == before


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16", "windows-1252"])
def test_a_file_in_another_encoding_brings_nothing_new(
    session: Session, books: Books, act: Act, encoding: str
) -> None:
    entry = camt.credit(1_250, name="Jürgen Größe", remittance="Beiträge für März", booked_on=DAY)
    plain = camt.camt053([entry], account=OUR_IBAN, opening=0)
    other = plain.decode().replace('encoding="UTF-8"', f'encoding="{encoding}"').encode(encoding)
    take_in(session, plain, act)
    again = take_in(session, other, act, name="other.xml")
    session.commit()
    assert (again.duplicate, again.imported, again.known) == (False, 0, 1)


@pytest.mark.parametrize(
    ("iban", "number", "same"),
    [
        ("DE89370400440532013000", "37040044/0532013000", True),
        ("DE89370400440532013000", "37040044/532013000", True),
        ("DE89370400440532013000", "532013000", True),
        ("DE89370400440532013000", "532013001", False),
        ("DE89370400440532013000", "37040045/532013000", False),
        ("DE89370400440532013000", "13000", False),
        ("NL91ABNA0417164300", "417164300", True),
        ("NL91ABNA0417164300", "ABNA0417164300", True),
        ("DE89370400440532013000", "", False),
    ],
)
def test_a_national_number_is_found_within_its_iban(iban: str, number: str, same: bool) -> None:
    assert holds(iban, number) is same


def test_a_statement_that_names_the_national_number_is_of_the_same_account(
    session: Session, books: Books, act: Act
) -> None:
    take_in(session, FILES["camt"], act)
    bank, number = OUR_IBAN[4:12], OUR_IBAN[12:].lstrip("0")
    national = FILES["mt940"].replace(f":25:{OUR_IBAN}".encode(), f":25:{bank}/{number}".encode())
    assert national != FILES["mt940"]
    again = take_in(session, national, act, name="a.sta")
    session.commit()
    assert (again.imported, again.known) == (0, ALL)


def test_a_file_for_another_account_than_it_names_is_refused(
    session: Session, books: Books, act: Act
) -> None:
    other = FILES["camt"].replace(OUR_IBAN.encode(), ANNA.encode())
    wishes = Wishes(bank_account_id=books.account.id)
    report = importing.import_file(session, other, name="a.xml", act=act, wishes=wishes)
    session.commit()
    assert report.refusal is not None
    assert report.refusal.code == "wrong_account"
    assert lines_of(session) == []
