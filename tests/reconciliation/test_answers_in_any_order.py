"""The answers to one batch - report, lump, counter-booking, returns, fees - in any order and twice: the same books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from random import Random

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.errors import DuecourseError
from ledger.models import AccountKind, Payment
from reconciliation import importing, matching
from reconciliation.importing import ImportReport
from reconciliation.matching import MatchReport
from tests.factories import camt
from tests.factories.answering import Answers, answers, reports_of, taken_back
from tests.factories.books import Books
from tests.factories.collecting import at_once, events, invoice_of, reload

TUESDAY = date(2026, 11, 24)


def files_of(world: Answers) -> list[bytes]:
    """What the bank sends about four debits: paid, rejected, returned with its fee, returned with a fee apart."""
    _, rejected, returned, apart = world.debits
    fee = camt.Entry(
        amount=-90, booked_on=TUESDAY, code="ACMT/MDOP/CHRG",
        parts=(camt.Part(amount=-90, end_to_end_id=apart.end_to_end_id),),
    )  # fmt: skip
    return [
        world.rejects(rejected, code="AC01"),
        world.statement(world.lump(13_050)),
        world.statement(taken_back(rejected, reason="AC01")),
        world.statement(taken_back(returned, charges=300, on=TUESDAY, reason="AM04"), day=TUESDAY),
        world.statement(taken_back(apart, on=TUESDAY, reason="MS03"), day=TUESDAY),
        world.statement(fee, day=TUESDAY),
    ]


def require_the_same_end(world: Answers) -> None:
    """Every cent is explained, each invoice is open by what was not kept, and nobody paid twice."""
    session = world.session
    assert world.waiting() == []
    paid, rejected, returned, apart = world.states()
    assert (paid, returned, apart, rejected in ("rejected", "returned")) == (
        "collected", "returned", "returned", True,
    )  # fmt: skip
    assert [debit.reason_code for debit in world.debits] == [None, "AC01", "AM04", "MS03"]
    assert [invoice_of(session, debit).open_minor for debit in world.debits] == [0, 700, 300, 50]
    assert {kind: world.balance(kind) for kind in AccountKind if kind in _WATCHED} == _WATCHED
    standing = session.query(Payment).where(Payment.state == "provisional").all()
    assert [one.amount_minor for one in standing] == [12_000]
    assert world.batch.state == "booked"
    assert events(session, world.debits[1].id).count("debit.rejected") == (rejected == "rejected")


_WATCHED = {
    AccountKind.SUSPENSE: 0, AccountKind.REJECT_CLEARING: 0, AccountKind.FEE: 390, AccountKind.UNAPPLIED: 0,
}  # fmt: skip


def some_orders(count: int) -> list[tuple[int, ...]]:
    """Orders of six things: as they come, backwards, and others that are always the same."""
    chance = Random(4711)
    drawn = {tuple(chance.sample(range(6), 6)) for _ in range(count)}
    return [tuple(range(6)), tuple(reversed(range(6))), *sorted(drawn)]


@pytest.mark.parametrize("order", some_orders(12))
def test_answers_in_any_order_make_the_same_books(books: Books, order: Sequence[int]) -> None:
    world = answers(books, 12_000, 700, 300, 50)
    files = files_of(world)
    for place in order:
        world.take_in(files[place])
    require_the_same_end(world)


@pytest.mark.parametrize("seed", range(4))
def test_answers_twice_in_any_order_make_the_same_books(books: Books, seed: int) -> None:
    world = answers(books, 12_000, 700, 300, 50)
    files = files_of(world)
    order = [*range(6), *range(6)]
    Random(seed).shuffle(order)
    for place in order:
        world.take_in(files[place])
    world.take_in(*files)
    require_the_same_end(world)


def test_the_same_day_told_again_by_another_report_makes_the_same_books(books: Books) -> None:
    """The lump is announced during the day, and the bank sends its report a second time under another name."""
    world = answers(books, 12_000, 700, 300, 50)
    files = files_of(world)
    intraday = camt.camt_file(
        "camt.052",
        [camt.Stated(entries=(world.lump(13_050),), account=_iban(world), statement_id="R1", sequence=None)],
    )
    world.take_in(intraday, *files, world.rejects(world.debits[1], code="AC01", message_id="BANK-2"))
    require_the_same_end(world)


def _iban(world: Answers) -> str:
    return str.__str__(world.books.account.iban or "")


# --- races ---


@pytest.mark.race
def test_a_report_that_eight_threads_import_at_once_rejects_once(
    session: Session, books: Books, engine: Engine, act: Act
) -> None:
    world = answers(books, 100, 200)
    content = world.rejects(world.debits[0])
    done = at_once(
        engine, [lambda session: importing.import_file(session, content, name="a.xml", act=act)] * 8
    )
    reports = [one for one in done if isinstance(one, ImportReport)]
    assert [one for one in done if isinstance(one, DuecourseError)] == []
    assert sorted(one.duplicate for one in reports) == [False] + [True] * 7
    assert world.states() == ["rejected", "submitted"]
    assert len(reports_of(session)) == 1
    assert events(session, world.debits[0].id).count("debit.rejected") == 1


@pytest.mark.race
def test_eight_reports_of_the_same_rejection_reject_once(
    session: Session, books: Books, engine: Engine, act: Act
) -> None:
    world = answers(books, 100, 200)
    contents = [world.rejects(world.debits[0], message_id=f"BANK-{number}") for number in range(8)]
    done = at_once(
        engine,
        [
            lambda session, content=content: importing.import_file(session, content, name="a.xml", act=act)
            for content in contents
        ],
    )
    assert [one for one in done if isinstance(one, DuecourseError)] == []
    found = [answer.outcomes for one in done if isinstance(one, ImportReport) for answer in one.answers]
    assert sorted(map(str, found)) == [*["{'already': 1}"] * 7, "{'rejected': 1}"]
    assert world.states() == ["rejected", "submitted"]
    assert events(session, world.debits[0].id).count("debit.rejected") == 1


@pytest.mark.race
@pytest.mark.parametrize("round_", range(4))
def test_report_and_lump_at_once_end_where_one_after_the_other_would(
    session: Session, books: Books, engine: Engine, act: Act, round_: int
) -> None:
    world = answers(books, 12_000, 700, 300)
    refused = world.debits[1]
    report = world.rejects(refused)
    importing.import_file(session, world.statement(world.lump(13_000)), name="lump.xml", act=act)
    session.commit()

    def answer(session: Session) -> ImportReport | MatchReport:
        return importing.import_file(session, report, name="a.xml", act=act)

    def match(session: Session) -> ImportReport | MatchReport:
        return matching.match_chunk(session, act=act)

    done = at_once(engine, [match, answer] if round_ % 2 else [answer, match])
    assert [one for one in done if isinstance(one, DuecourseError)] == []
    against = replace(taken_back(refused), booked_on=TUESDAY)
    world.take_in(world.statement(against, day=TUESDAY))
    reload(session, *world.debits)
    assert world.waiting() == []
    assert world.states()[0] == world.states()[2] == "collected"
    assert world.states()[1] in ("rejected", "returned")
    assert [invoice_of(session, debit).open_minor for debit in world.debits] == [0, 700, 0]
    assert (world.balance(AccountKind.SUSPENSE), world.balance(AccountKind.REJECT_CLEARING)) == (0, 0)
