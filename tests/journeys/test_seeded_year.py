"""A slice of the seeded year: bank and books agree to the cent, and a difference would be named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from gateway.runtime import Runtime
from gateway.sandbox import agreement, year
from gateway.sandbox.agreement import Agreement
from gateway.sandbox.record import Taken
from gateway.sandbox.standing_bank import Bank
from gateway.sandbox.year import YearReport
from gateway.settings import Settings
from ledger import database
from ledger.embedded import EmbeddedServer
from tests.conftest import TEMPLATE, admin_of

CUSTOMERS, MONTHS, SEED = 30, 2, 4


@dataclass
class Played:
    """One year that is over, on a database that stays for the tests of this file."""

    runtime: Runtime
    report: YearReport

    def bank(self) -> Bank:
        assert self.report.bank is not None
        return self.report.bank

    def compared(self) -> Agreement:
        with self.runtime.sessions() as session:
            return agreement.compare(session, self.bank(), creditor_id=self.report.creditor_id)

    def some(self, **facts: bool) -> Taken:
        """The first collection that was returned, or that stayed."""
        wanted = facts["returned"]
        return next(one for one in self.bank().record if bool(one.returned_minor) is wanted)


@pytest.fixture(scope="module")
def played(server: EmbeddedServer) -> Iterator[Played]:
    with admin_of(server).connect() as connection:
        connection.execute(text(f"CREATE DATABASE seeded_year TEMPLATE {TEMPLATE}"))
        engine: Engine = database.connect(server.url("seeded_year"))
        runtime = Runtime(Settings(database_url=SecretStr(server.url("seeded_year")), _env_file=None), engine)
        yield Played(runtime, year.run(runtime, seed=SEED, customers=CUSTOMERS, months=MONTHS))
        engine.dispose()
        connection.execute(text("DROP DATABASE seeded_year WITH (FORCE)"))


def test_bank_and_books_agree_to_the_cent_and_every_invariant_holds(played: Played) -> None:
    report = played.report
    assert report.differences == []
    assert all(finding.holds for finding in report.findings)
    for what, (bank_says, books_say) in report.agreement.figures.items():
        assert bank_says == books_say, what
    assert played.bank().record.kept_minor > 100_000


def test_the_year_had_something_of_everything(played: Played) -> None:
    report = played.report
    assert CUSTOMERS * MONTHS - 5 < report.count["invoices"] <= CUSTOMERS * MONTHS  # the dead get none
    assert report.agreement.states["settled"] > 30
    assert set(report.agreement.states) <= {"settled", "returned", "refunded", "rejected"}
    assert played.bank().record.returned_minor > 0
    assert any(taken.rejected for taken in played.bank().record)
    assert report.count["line: payment_block"] > 5
    assert report.count["line: own_end_to_end_id"] > 5


def test_no_invoice_was_collected_twice(played: Played) -> None:
    with played.runtime.sessions() as session:
        totals = dict(session.execute(text("SELECT number, total_minor FROM invoices")).all())
        named = text("SELECT end_to_end_id, number FROM debits JOIN invoices ON invoices.id = invoice_id")
        number_of = dict(session.execute(named).all())
    kept: dict[str, int] = {}
    for taken in played.bank().record:
        number = number_of[taken.end_to_end_id]
        kept[number] = kept.get(number, 0) + taken.kept_minor
    assert all(minor <= totals[number] for number, minor in kept.items())


def test_a_cent_more_at_the_bank_is_named(played: Played) -> None:
    taken = played.some(returned=False)
    taken.amount_minor += 1
    try:
        told = played.compared().differences
    finally:
        taken.amount_minor -= 1
    assert any(taken.end_to_end_id in one and "the bank collected" in one for one in told)
    assert any(one.startswith("collected and kept") for one in told)
    assert played.compared().differences == []


def test_a_return_that_the_books_have_and_the_bank_has_not_is_named(played: Played) -> None:
    taken = played.some(returned=True)
    day, taken.back_on = taken.back_on, None
    try:
        told = played.compared().differences
    finally:
        taken.back_on = day
    assert any(one.startswith(taken.end_to_end_id) for one in told)
    assert any(one.startswith("returned and refunded") for one in told)


def test_a_collection_the_books_do_not_know_is_named(played: Played) -> None:
    record = played.bank().record
    known = played.some(returned=False)
    record.taken["NOBODY-1"] = [known]
    name, known.end_to_end_id = known.end_to_end_id, "NOBODY-1"
    try:
        told = played.compared().differences
    finally:
        known.end_to_end_id = name
        del record.taken["NOBODY-1"]
    assert "NOBODY-1: the bank collected it, the books do not know it." in told


def test_an_invoice_collected_twice_is_named(played: Played) -> None:
    taken = played.some(returned=False)
    played.bank().record.taken[taken.end_to_end_id].append(taken)
    try:
        told = played.compared().differences
    finally:
        played.bank().record.taken[taken.end_to_end_id].pop()
    assert f"{taken.end_to_end_id}: it was collected 2 times." in told


def test_an_unannounced_change_of_a_mandate_is_named(played: Played) -> None:
    surprises = played.bank().debtor_banks.surprises
    assert surprises == []
    surprises.append("RE-1")
    try:
        told = played.compared().differences
    finally:
        surprises.clear()
    assert told == ["RE-1: a mandate changed without an amendment in the file."]
