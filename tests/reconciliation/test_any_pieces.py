"""However a history is cut, repeated, mixed and told: the same lines, the same balance, nothing missing."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import creditors
from ledger.acts import Act
from ledger.models import BankAccount
from reconciliation import importing
from reconciliation.models import StatementLine, StatementRecord
from tests.factories import history
from tests.factories.bank import bank_balance
from tests.factories.books import Books, debtor_iban
from tests.factories.history import History

HISTORIES, EACH = 200, 25


@pytest.mark.parametrize("group", range(HISTORIES // EACH))
def test_a_history_told_in_any_pieces_in_any_order_and_format_is_the_same_books(
    session: Session, books: Books, act: Act, group: int
) -> None:
    for seed in range(group * EACH, (group + 1) * EACH):
        chance = Random(seed)
        account = open_account(books, seed)
        of = history.history(account.iban or "", chance)
        for number, content in enumerate(history.told(of, chance)):
            report = importing.import_file(session, content, name=f"file {number}", act=act)
            assert report.refusal is None, (seed, report.refusal)
        session.commit()
        require_the_truth(session, account, of, f"seed {seed}")


def open_account(books: Books, number: int) -> BankAccount:
    return creditors.open_bank_account(
        books.session, creditor_id=books.creditor.id, name="history", iban=debtor_iban(700_000 + number),
        act=books.act,
    )  # fmt: skip


def require_the_truth(session: Session, account: BankAccount, of: History, scene: str) -> None:
    lines = session.scalars(
        select(StatementLine)
        .where(StatementLine.bank_account_id == account.id)
        .execution_options(populate_existing=True)
    ).all()
    found = Counter((line.booked_on, line.amount_minor) for line in lines if not line.provisional)
    assert found == Counter((one.day, one.minor) for one in of.bookings), scene
    assert [line.id for line in lines if line.provisional] == [], scene
    assert bank_balance(session, account) == of.closing, scene
    gaps = select(StatementRecord.gap_minor).where(
        StatementRecord.bank_account_id == account.id, StatementRecord.gap_minor.is_not(None)
    )
    assert list(session.scalars(gaps)) == [], scene
