"""Fees and interest that stand by themselves are booked by the code of the booking alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.models import AccountKind
from reconciliation.models import Match, MatchPart
from tests.factories.bank import DAY, lines_of, match
from tests.factories.books import Books
from tests.factories.collecting import days_later, scheduled, sent
from tests.factories.line_rules import Account, booking, of, rule
from tests.factories.money import balance_minor


@pytest.mark.parametrize(
    ("code", "amount", "kind", "sentence"),
    [
        ("ACMT/MDOP/CHRG", -490, "fee", "The code of the booking says that the bank takes a fee for itself."),
        ("PMNT/MCOP/CHRG", -490, "fee", "The code of the booking says that the bank takes a fee for itself."),
        ("PMNT/MDOP/COMM", -490, "fee", "The code of the booking says that the bank takes a fee for itself."),
        ("CAMT/MDOP/FEES", -490, "fee", "The code of the booking says that the bank takes a fee for itself."),
        ("ACMT/MCOP/CHRG", 490, "fee", "The code of the booking says that the bank gives a fee back."),
        ("ACMT/MDOP/INTR", -7, "interest", "The code of the booking says that the bank takes interest."),
        ("ACMT/MCOP/INTR", 7, "interest", "The code of the booking says that the bank pays interest."),
    ],
)
def test_a_fee_or_interest_is_one_by_its_code(
    session: Session, books: Books, act: Act, code: str, amount: int, kind: str, sentence: str
) -> None:
    Account(books).book(booking(amount, "Abschluss", code=code, reference="2026111800001"))
    report = match(session, act)
    session.commit()
    assert dict(report.by_rule) == {"bank_charge": 1}
    assert balance_minor(books, AccountKind(kind)) == -amount
    made, part = session.scalars(select(Match)).one(), session.scalars(select(MatchPart)).one()
    assert (made.evidence, part.kind, part.object_id) == ([sentence], kind, None)


@pytest.mark.parametrize("code", ["PMNT/ICDT/ESCT", "PMNT/RCDT/ESCT", "ACMT/MDOP/OTHR"])
def test_another_code_says_nothing(session: Session, books: Books, act: Act, code: str) -> None:
    Account(books).book(booking(-490, "Entgelt", code=code))
    match(session, act)
    session.commit()
    assert [line.state for line in lines_of(session)] == ["unexplained"]


def test_a_fee_waits_some_days_for_the_return_that_it_may_belong_to(
    session: Session, books: Books, act: Act
) -> None:
    scheduled(books)
    sent(books)
    Account(books).book(
        booking(-490, code="ACMT/MDOP/CHRG", reference="R-1"),
        booking(-500, code="ACMT/MDOP/CHRG"),
        booking(-510, "Entgelt Rücklastschrift", code="ACMT/MDOP/CHRG", reference="R-2"),
        booking(-520, "Kontoführung", code="ACMT/MDOP/CHRG", reference="R-3"),
    )
    match(session, act)
    session.commit()
    waits = [line.waiting_because for line in lines_of(session) if line.state == "unexplained"]
    assert (
        waits
        == [
            "It is a fee of the bank, and a return that it belongs to may still come: it is booked from 2026-11-21 on."
        ]
        * 2
    )
    assert DAY + timedelta(days=3) == days_later(act, 3).today
    match(session, days_later(act, 3))
    session.commit()
    assert {line.state for line in lines_of(session)} == {"matched"}
    assert balance_minor(books, AccountKind.FEE) == 2_020


def test_a_written_rule_is_asked_before_the_code(session: Session, books: Books, act: Act) -> None:
    rule(books, "other", of("text", "contains", "Depot"))
    Account(books).book(booking(-490, "Depotentgelt", code="ACMT/MDOP/CHRG"))
    match(session, act)
    session.commit()
    assert (balance_minor(books, AccountKind.OTHER), balance_minor(books, AccountKind.FEE)) == (490, 0)
