"""The table of certainty of a creditor: the standard until another is set, and none that cannot be meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.creditors import CreditorNotFound
from ledger.models import AuditRecord
from reconciliation.transfers import terms
from reconciliation.transfers.certainty import STANDARD, Row, Terms, UnreadableTerms
from reconciliation.transfers.evidence import Evidence
from tests.factories.books import Books
from tests.factories.collecting import refused, second_creditor


def _waiting(name: str) -> Terms:
    """The standard table with one row whose readings wait."""
    rows = tuple(replace(row, applied=False) if row.name == name else row for row in STANDARD)
    return Terms(rows=rows)


def test_without_another_table_the_standard_holds(session: Session, books: Books) -> None:
    assert terms.of(session, books.creditor.id) == Terms()
    assert terms.last(session, books.creditor.id) is None


def test_the_table_that_was_set_last_is_in_force_for_its_creditor_only(
    session: Session, books: Books, act: Act
) -> None:
    other, _ = second_creditor(books)
    terms.replace(session, books.creditor.id, Terms(grace_days=2), act=act)
    terms.replace(session, books.creditor.id, Terms(grace_days=3), act=act)
    session.commit()
    assert terms.of(session, books.creditor.id) == Terms(grace_days=3)
    assert terms.of(session, other.id) == Terms()


def test_each_table_that_was_set_is_kept_with_who_set_it(session: Session, books: Books, act: Act) -> None:
    terms.replace(session, books.creditor.id, Terms(grace_days=2), act=act)
    terms.replace(session, books.creditor.id, Terms(), act=act)
    session.commit()
    kept = session.scalars(terms.history(books.creditor.id)).all()
    assert [row.content["grace_days"] for row in kept] == [2, 0]
    assert {(row.set_by, row.set_at) for row in kept} == {(act.actor, act.at)}


def test_setting_the_same_table_again_does_nothing(session: Session, books: Books, act: Act) -> None:
    terms.replace(session, books.creditor.id, Terms(), act=act)
    assert terms.last(session, books.creditor.id) is None


def test_what_changed_is_in_the_audit_trail(session: Session, books: Books, act: Act) -> None:
    wanted = replace(_waiting("account_and_sum"), charge_minor=500)
    terms.replace(session, books.creditor.id, wanted, act=act)
    session.commit()
    body = session.scalars(
        select(AuditRecord.body)
        .where(AuditRecord.object_id == books.creditor.id)
        .order_by(AuditRecord.seq.desc())
    ).first()
    assert '"action":"matching_terms.set"' in str(body)
    assert '"charge_minor":[2500,500],"rows_changed":["account_and_sum"]' in str(body)


def test_a_table_of_an_unknown_creditor_is_refused(session: Session, books: Books, act: Act) -> None:
    with refused(session, CreditorNotFound, "creditor_id"):
        terms.replace(session, "cre_01jz3q5v9yfk2a8m4t6w7x1c0d", Terms(grace_days=1), act=act)


_NUMBER = frozenset({Evidence.NUMBER})
_AMOUNT = frozenset({Evidence.OPEN_AMOUNT})
_MIXED = frozenset({Evidence.NAME, Evidence.OPEN_AMOUNT})


@pytest.mark.parametrize(
    ("wanted", "field", "said"),
    [
        (Terms(charge_minor=-1), "charge_minor", "between 0 and"),
        (Terms(charge_minor=10_001), "charge_minor", "between 0 and"),
        (Terms(grace_days=31), "grace_days", "between 0 and 30"),
        (Terms(rows=(Row("Not a name", 1, (_NUMBER,)),)), "rows", "'Not a name' is not"),
        (Terms(rows=(Row("row", -1, (_NUMBER,)),)), "rows", "between 0 and 9"),
        (Terms(rows=(Row("row", 10, (_NUMBER,)),)), "rows", "between 0 and 9"),
        (Terms(rows=(Row("row", 1, ()),)), "rows", "needs something"),
        (Terms(rows=(Row("row", 1, (_NUMBER, frozenset())),)), "rows", "no group of it is empty"),
        (Terms(rows=(Row("row", 1, (_AMOUNT,)),)), "rows", "Amounts are alike"),
        (Terms(rows=(Row("row", 1, (_MIXED, _AMOUNT)),)), "rows", "Amounts are alike"),
        (Terms(rows=tuple(Row(f"row{n}", 1, (_NUMBER,)) for n in range(61))), "rows", "at most 60 rows"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(
    session: Session, books: Books, act: Act, wanted: Terms, field: str, said: str
) -> None:
    with pytest.raises(UnreadableTerms, match=said) as caught:
        terms.replace(session, books.creditor.id, wanted, act=act)
    assert caught.value.field == field


def test_a_row_that_only_proposes_may_need_an_amount_alone() -> None:
    terms.require_sound(Terms(rows=(Row("same_amount", 9, (_AMOUNT,), applied=False),)))


def test_the_standard_table_is_sound() -> None:
    terms.require_sound(Terms())


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (Terms(), {}),
        (Terms(grace_days=3), {"grace_days": [0, 3]}),
        (_waiting("part_payment"), {"rows_changed": ["part_payment"]}),
        (Terms(rows=STANDARD[1:]), {"rows_removed": [STANDARD[0].name]}),
        (Terms(rows=(*STANDARD, Row("mine", 1, (_NUMBER,)))), {"rows_added": ["mine"]}),
        (Terms(rows=STANDARD[::-1]), {"order_changed": True}),
    ],
)
def test_a_change_is_told_by_what_differs(after: Terms, expected: dict[str, Any]) -> None:
    assert terms.changes(Terms(), after) == expected


def test_a_table_is_read_as_it_was_told() -> None:
    wanted = replace(_waiting("overpayment"), grace_days=5)
    assert Terms.from_json(wanted.to_json()) == wanted
