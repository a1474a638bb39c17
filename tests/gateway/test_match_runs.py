"""Runs over many credits: the same books with one worker or several, in any order, and though one of them dies."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gateway import jobs
from gateway.runtime import Runtime
from gateway.sandbox.entries import Entry, Party
from ledger.acts import Act
from ledger.models import Allocation, Invoice
from reconciliation.models import Match, MatchPart, Proposal, StatementLine
from reconciliation.transfers import applying, runs, settling
from tests.factories.bank import Bank, take_in_all, transfer
from tests.factories.books import Books, debtor_iban

pytestmark = pytest.mark.race


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "PART", 7)


def month_of_money(books: Books) -> list[Entry]:
    """Named, doubled, short, quiet and competing payments of twenty customers, two of whom a parent pays for."""
    entries = []
    for place in range(1, 21):
        customer = books.customer(name=f"Kunde {place} GmbH", iban=debtor_iban(place))
        first = books.invoice(10_000 + 7 * place, customer=customer, number=f"RE-{2 * place:05d}")
        second = books.invoice(20_000 + 11 * place, customer=customer, number=f"RE-{2 * place + 1:05d}")
        own = Party(name=customer.name, iban=debtor_iban(place))
        entries += [
            _from(own, transfer(first.total_minor, f"Rechnung {first.number}")),
            _from(own, transfer(first.total_minor, f"Rechnung {first.number} doppelt")),
            _from(own, transfer(second.total_minor, "Danke")),
            transfer(second.total_minor, f"Re {second.number}", payer=500 + place),
        ]
    parent = Party(name="Konzern AG", iban=debtor_iban(990))
    entries.append(_from(parent, transfer(10_007 + 20_011 + 10_014, "RE-00002, RE-00003, RE-00004")))
    return entries


def _from(party: Party, entry: Entry) -> Entry:
    return replace(entry, counterparty=party)


def require_the_books(session: Session) -> None:
    """What has to come of the month: the surer line gets the invoice, and of two as sure the first by its identity."""
    session.expire_all()
    decided = session.execute(
        select(StatementLine.state, Match.rule).outerjoin(Match, Match.line_id == StatementLine.id)
    )
    assert Counter(tuple(row) for row in decided) == {
        ("matched", "invoice_number"): 40, ("matched", "paid_already"): 20, ("proposed", None): 21,
    }  # fmt: skip
    assert set(session.scalars(select(Invoice.open_minor))) == {0}
    given = session.execute(
        select(Invoice.number, StatementLine.identity, StatementLine.remittance)
        .join(Allocation, Allocation.invoice_id == Invoice.id)
        .join(MatchPart, MatchPart.object_id == Allocation.payment_id)
        .join(Match, Match.id == MatchPart.match_id)
        .join(StatementLine, StatementLine.id == Match.line_id)
    ).all()
    named = session.execute(select(StatementLine.remittance, StatementLine.identity)).all()
    for number, identity, _ in given:
        assert identity == min(one for words, one in named if number in words and "," not in words)
    for table in ("match_work", "match_findings"):
        assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def play(session: Session, books: Books, act: Act, runtime: Runtime, *, workers: int, seed: int) -> None:
    entries = month_of_money(books)
    Random(seed).shuffle(entries)
    take_in_all(session, Bank().book(*entries), act)
    session.commit()
    if workers == 1:
        jobs.match_everything(runtime, actor="job")
        return
    with ThreadPoolExecutor(workers) as pool:
        whole = pool.submit(jobs.match_everything, runtime, actor="job")
        helpers = [pool.submit(_help, runtime) for _ in range(workers - 1)]
        whole.result(timeout=120)
        assert all(helper.exception(timeout=120) is None for helper in helpers)


def _help(runtime: Runtime) -> int:
    """Join whatever run there is, until it is over."""
    while True:
        found = runtime.run(
            lambda session: session.execute(text("SELECT id, ended_at FROM match_runs")).first()
        )
        if found is not None:
            return jobs.help_with_run(runtime, found.id, actor="job")


@pytest.mark.parametrize(("workers", "seed"), [(1, 0), (1, 3), (2, 4), (4, 5)])
def test_the_books_depend_neither_on_the_workers_nor_on_the_order(
    session: Session, books: Books, act: Act, runtime: Runtime, workers: int, seed: int
) -> None:
    play(session, books, act, runtime, workers=workers, seed=seed)
    require_the_books(session)


def test_matching_again_proposes_nothing_new(
    session: Session, books: Books, act: Act, runtime: Runtime
) -> None:
    play(session, books, act, runtime, workers=1, seed=1)
    before = session.execute(text("SELECT id, rank, state, reading FROM proposals ORDER BY id")).all()
    again = jobs.match_everything(runtime, actor="job")
    session.expire_all()
    assert (again.by_rule.total(), again.waiting.total()) == (0, 21)
    assert session.execute(text("SELECT id, rank, state, reading FROM proposals ORDER BY id")).all() == before


def test_a_part_whose_worker_died_is_done_by_another(
    session: Session, books: Books, act: Act, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    does, died = runs._DOES["apply"], []

    def dies_once(*given: Any) -> runs.Applied:
        outcome = does(*given)
        if not died:
            died.append(outcome)
            raise KeyboardInterrupt
        return outcome

    monkeypatch.setitem(runs._DOES, "apply", dies_once)
    take_in_all(session, Bank().book(*month_of_money(books)), act)
    session.commit()
    with pytest.raises(KeyboardInterrupt):
        jobs.match_everything(runtime, actor="job")
    assert died[0].by_row.total() > 0
    assert session.execute(text("SELECT count(*) FROM matches")).scalar_one() == 0
    (run_id,) = session.execute(text("SELECT id FROM match_runs")).scalars()
    session.commit()
    assert runtime.run(partial(runs.do_part, run_id=run_id, act=act, wait=True))
    jobs.match_everything(runtime, actor="job")
    runtime.run(partial(runs.end, run_id=run_id, act=act))
    require_the_books(session)


def test_what_others_overtook_waits_with_its_reading_and_is_matched_by_the_next_run(
    session: Session, books: Books, act: Act, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = books.invoice(12_000, number="RE-10815")
    take_in_all(session, Bank().book(transfer(12_000, "RE-10815")), act)
    session.commit()
    with monkeypatch.context() as overtaken:
        overtaken.setattr(applying, "still_open", lambda session, ids: {})
        jobs.match_everything(runtime, actor="job")
    session.expire_all()
    (line,) = session.scalars(select(StatementLine))
    assert (line.state, line.waiting_because) == ("proposed", settling.OVERTAKEN)
    (proposal,) = session.scalars(select(Proposal))
    assert proposal.reading["shares"][0]["invoice_id"] == invoice.id
    session.commit()
    jobs.match_everything(runtime, actor="job")
    session.expire_all()
    assert (line.state, proposal.state) == ("matched", "superseded")
