"""Terms of collecting: defaults until they are changed, every change within its range and in the audit trail."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.creditors import CreditorNotFound
from ledger.models import AuditRecord
from mandates import terms
from mandates.models import AnnouncedBy
from mandates.terms import Terms, TermsRejected
from tests.factories.books import Books
from tests.factories.collecting import at_once, refused, second_creditor


def test_without_a_change_the_rulebooks_fourteen_days_and_two_persons_hold(
    session: Session, books: Books
) -> None:
    other, _ = second_creditor(books)
    assert terms.of(session, other.id) == Terms(
        announced_by=AnnouncedBy.DUECOURSE,
        notice_days=14,
        two_persons=True,
        most_retries=2,
        retry_after_days=5,
    )


def test_a_change_keeps_the_other_terms_and_is_in_the_audit_trail(
    session: Session, books: Books, act: Act
) -> None:
    terms.change(session, books.creditor.id, notice_days=1, act=act)
    after = terms.change(session, books.creditor.id, two_persons=False, largest_file_minor=500_000, act=act)
    session.commit()
    assert terms.of(session, books.creditor.id) == after
    assert (after.announced_by, after.notice_days, after.largest_file_minor) == (AnnouncedBy.ERP, 1, 500_000)
    last = session.scalars(
        select(AuditRecord.body)
        .where(AuditRecord.object_id == books.creditor.id)
        .order_by(AuditRecord.seq.desc())
    ).first()
    assert '"two_persons":[true,false]' in str(last)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("notice_days", -1), ("notice_days", 91), ("most_retries", 6), ("retry_after_days", 0),
        ("most_failures", 0), ("largest_debit_minor", 0), ("largest_file_minor", -5),
    ],
)  # fmt: skip
def test_a_term_out_of_its_range_is_refused(
    session: Session, books: Books, act: Act, field: str, value: int
) -> None:
    with refused(session, TermsRejected, field):
        terms.change(session, books.creditor.id, act=act, **{field: value})


def test_terms_belong_to_a_creditor(session: Session, books: Books, act: Act) -> None:
    with refused(session, CreditorNotFound, "creditor_id"):
        terms.change(session, "crd_nobody", notice_days=1, act=act)


@pytest.mark.race
def test_changes_of_different_terms_at_once_lose_none(
    session: Session, engine: Engine, books: Books, act: Act
) -> None:
    session.commit()
    wanted: list[dict[str, Any]] = [
        {"notice_days": 3}, {"most_retries": 1}, {"retry_after_days": 9}, {"most_failures": 7},
        {"largest_file_minor": 500_000}, {"largest_debit_minor": 10_000}, {"not_before_due": True},
        {"charge_return_fee": True},
    ]  # fmt: skip
    creditor_id = books.creditor.id
    at_once(
        engine,
        [
            lambda session, one=one: terms.change(session, creditor_id, act=act, **one)  # type: ignore[misc]
            for one in wanted
        ],
    )
    session.expire_all()
    after = terms.of(session, creditor_id)
    assert {name: getattr(after, name) for one in wanted for name in one} == {
        name: value for one in wanted for name, value in one.items()
    }
