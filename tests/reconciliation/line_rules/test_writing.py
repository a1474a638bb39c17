"""Rules are written, listed and revoked, each on record, and never changed."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.creditors import BankAccountNotFound, CreditorNotFound
from ledger.texts import UnreadableText
from reconciliation.line_rules import asking, writing
from reconciliation.line_rules.writing import (
    BadPriority,
    LineRuleNotFound,
    LineRuleRevoked,
    TooManyLineRules,
)
from tests.factories.books import Books
from tests.factories.collecting import second_creditor
from tests.factories.line_rules import draft, of, rule

FEE = of("text", "contains", "Entgelt")


def test_a_rule_is_kept_as_it_was_written_and_on_record(session: Session, books: Books) -> None:
    written = rule(books, "fee", FEE, name="Fees", priority=7)
    session.commit()
    found = writing.get(session, written.id)
    assert (found.name, found.priority, found.becomes, found.conditions) == ("Fees", 7, "fee", [FEE])
    assert (found.written_by, found.revoked_at) == ("treasury", None)
    record = session.execute(text("SELECT body FROM audit_records WHERE body LIKE '%line_rule.written%'"))
    body = record.scalar_one()
    assert written.id in body
    assert "Entgelt" not in body
    assert "Fees" not in body


def test_a_revoked_rule_stays_listed_and_says_by_whom(session: Session, books: Books, act: Act) -> None:
    written = rule(books, "fee", FEE)
    writing.revoke(session, written.id, reason="It took too much.", act=act)
    session.commit()
    assert (written.revoked_by, asking.standing(session, [books.creditor.id])) == ("treasury", {})
    with pytest.raises(LineRuleRevoked):
        writing.revoke(session, written.id, reason="Again.", act=act)


def test_what_is_missing_or_wrong_is_refused(session: Session, books: Books, act: Act) -> None:
    with pytest.raises(CreditorNotFound):
        writing.write(session, creditor_id=f"crd_{'0' * 26}", draft=draft("fee", FEE), act=act)
    for wrong, error in (
        (draft("fee", FEE, name=" "), UnreadableText),
        (draft("fee", FEE, priority=-1), BadPriority),
        (draft("fee", FEE, of("bank_account", "equals", f"bac_{'0' * 26}")), BankAccountNotFound),
    ):
        with pytest.raises(error):
            writing.write(session, creditor_id=books.creditor.id, draft=wrong, act=act)
    with pytest.raises(LineRuleNotFound):
        writing.get(session, f"rul_{'0' * 26}")
    with pytest.raises(LineRuleNotFound):
        writing.revoke(session, f"rul_{'0' * 26}", reason="None.", act=act)


def test_an_account_of_another_creditor_is_refused(session: Session, books: Books) -> None:
    _, account = second_creditor(books)
    with pytest.raises(BankAccountNotFound):
        rule(books, "fee", FEE, of("bank_account", "equals", account.id))


def test_a_creditor_has_as_many_rules_as_can_be_asked(
    session: Session, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MOST_RULES", 1)
    rule(books, "fee", FEE)
    with pytest.raises(TooManyLineRules):
        rule(books, "fee", FEE)


def test_nobody_deletes_a_rule(session: Session, books: Books) -> None:
    rule(books, "fee", FEE)
    session.commit()
    with pytest.raises(DBAPIError):
        session.execute(text("DELETE FROM line_rules"))
    session.rollback()
