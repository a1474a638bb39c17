"""Lines that meet a written rule become what it says, and are never forced onto an invoice."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.models import AccountKind, Payment
from reconciliation import matching
from reconciliation.line_rules import writing
from reconciliation.models import Match, MatchPart, StatementLine
from tests.factories.bank import lines_of, match
from tests.factories.books import Books
from tests.factories.collecting import second_creditor
from tests.factories.line_rules import Account, booking, of, rule
from tests.factories.money import balance_minor

CONTAINS_ENTGELT = of("text", "contains", "Entgelt")


def accounts(books: Books) -> dict[str, int]:
    kinds = ("fee", "interest", "payout_clearing", "other", "suspense")
    return {kind: found for kind in kinds if (found := balance_minor(books, AccountKind(kind)))}


@pytest.mark.parametrize(
    ("becomes", "state", "account", "part"),
    [
        ("fee", "matched", "fee", "fee"),
        ("interest", "matched", "interest", "interest"),
        ("payout", "payout", "payout_clearing", "payout"),
        ("tax", "matched", "other", "tax"),
        ("salary", "matched", "other", "salary"),
        ("other", "matched", "other", "other"),
    ],
)
def test_a_line_becomes_what_the_rule_says(
    session: Session, books: Books, act: Act, becomes: str, state: str, account: str, part: str
) -> None:
    written = rule(books, becomes, CONTAINS_ENTGELT, name="Fees")
    Account(books).book(booking(-490, "Entgelt 11/2026"))
    report = match(session, act)
    session.commit()
    (line,) = lines_of(session)
    assert (line.state, line.waiting_because, dict(report.by_rule)) == (state, None, {"written_rule": 1})
    assert accounts(books) == {account: 490}
    made = session.scalars(select(Match)).one()
    assert (made.rule, made.line_rule_id, made.decided_by) == ("written_rule", written.id, "treasury")
    assert made.evidence[0].startswith('The written rule "Fees" says that it is ')
    assert made.evidence[1:] == ['The text contains "Entgelt".']
    found = session.scalars(select(MatchPart)).one()
    assert (found.kind, found.object_id, found.amount_minor) == (part, None, -490)


def test_money_that_came_in_by_a_rule_lies_on_the_other_side(
    session: Session, books: Books, act: Act
) -> None:
    rule(books, "payout", of("counterparty_name", "begins", "Kartenabrechnung"))
    Account(books).book(booking(9_876, "Auszahlung", code="PMNT/RCDT/ESCT", name="Kartenabrechnung GmbH"))
    match(session, act)
    session.commit()
    assert accounts(books) == {"payout_clearing": -9_876}


def test_what_is_ignored_stays_in_suspense_with_its_reason(session: Session, books: Books, act: Act) -> None:
    rule(books, "ignored", CONTAINS_ENTGELT, name="Test bookings")
    Account(books).book(booking(-490, "Entgelt"))
    match(session, act)
    session.commit()
    (line,) = lines_of(session)
    assert (line.state, accounts(books)) == ("ignored", {"suspense": 490})
    made = session.scalars(select(Match)).one()
    assert made.evidence[0] == 'The written rule "Test bookings" says that it is to be ignored.'
    assert session.scalars(select(MatchPart)).all() == []
    assert match(session, act).looked_at == 0


def test_a_payout_that_names_an_invoice_is_not_forced_onto_it(
    session: Session, books: Books, act: Act
) -> None:
    invoice = books.invoice(12_000, number="RE-2026-0815")
    rule(books, "payout", of("text", "like", "Auszahlung*"))
    Account(books).book(booking(12_000, "Auszahlung RE-2026-0815", code="PMNT/RCDT/ESCT"))
    match(session, act)
    session.commit()
    session.refresh(invoice)
    assert (invoice.open_minor, session.scalars(select(Payment)).all()) == (12_000, [])
    assert accounts(books) == {"payout_clearing": -12_000}


def test_the_smallest_priority_decides_and_of_equal_ones_the_first_written(
    session: Session, books: Books, act: Act
) -> None:
    late = rule(books, "other", CONTAINS_ENTGELT, priority=50)
    rule(books, "tax", CONTAINS_ENTGELT, priority=50)
    first = rule(books, "salary", of("text", "contains", "Entgelt B"), priority=10)
    Account(books).book(booking(-100, "Entgelt A"), booking(-200, "Entgelt B"))
    match(session, act)
    session.commit()
    by = {
        line.amount_minor: session.scalars(select(Match.line_rule_id).where(Match.line_id == line.id)).one()
        for line in lines_of(session)
    }
    assert by == {-100: late.id, -200: first.id}


def test_a_revoked_rule_and_that_of_another_creditor_decide_nothing(
    session: Session, books: Books, act: Act
) -> None:
    written = rule(books, "fee", CONTAINS_ENTGELT)
    writing.revoke(session, written.id, reason="It took too much.", act=act)
    other, _ = second_creditor(books)
    books.creditor, own = other, books.creditor
    rule(books, "fee", CONTAINS_ENTGELT)
    books.creditor = own
    Account(books).book(booking(-490, "Entgelt"))
    match(session, act)
    session.commit()
    assert [line.state for line in lines_of(session)] == ["unexplained"]


def test_a_line_that_a_person_holds_is_left_alone(session: Session, books: Books, act: Act) -> None:
    rule(books, "fee", CONTAINS_ENTGELT)
    Account(books).book(booking(-490, "Entgelt", code="ACMT/MDOP/CHRG"))
    session.execute(update(StatementLine).values(held_at=act.at, held_by="treasury"))
    match(session, act)
    session.commit()
    assert [line.state for line in lines_of(session)] == ["new"]


def test_a_pending_booking_is_no_fee_yet(session: Session, books: Books, act: Act) -> None:
    rule(books, "fee", CONTAINS_ENTGELT)
    Account(books).book(booking(-490, "Entgelt"))
    session.execute(update(StatementLine).values(status="info"))
    match(session, act)
    states = [line.state for line in lines_of(session)]
    session.rollback()
    assert states == ["unexplained"]


def test_matching_again_changes_nothing(session: Session, books: Books, act: Act) -> None:
    rule(books, "fee", CONTAINS_ENTGELT)
    Account(books).book(booking(-490, "Entgelt"), booking(-500, "Miete"))
    match(session, act)
    rule(books, "other", of("text", "equals", "miete"))
    assert dict(match(session, act).by_rule) == {"written_rule": 1}
    assert match(session, act).looked_at == 0
    session.commit()


def test_rules_are_asked_once_a_chunk_however_many_lines_it_has(
    session: Session, books: Books, act: Act
) -> None:
    rule(books, "fee", CONTAINS_ENTGELT)
    Account(books).book(*(booking(-amount, f"Entgelt {amount}") for amount in range(1, 41)))
    said: list[str] = []

    def listen(_: object, __: object, statement: str, *rest: object) -> None:
        said.append(statement)

    event.listen(session.get_bind(), "before_cursor_execute", listen)
    matching.match_chunk(session, act=act)
    event.remove(session.get_bind(), "before_cursor_execute", listen)
    session.commit()
    assert sum("FROM line_rules" in statement for statement in said) == 1
    assert {line.state for line in lines_of(session)} == {"matched"}
