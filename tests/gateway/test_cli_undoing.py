"""duecourse line, memory and statement undo-matching: decisions taken back on the command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from gateway.access import create_api_key
from gateway.roles import Role
from gateway.runtime import Runtime
from ledger.acts import Act
from reconciliation import by_hand, payer_memory
from reconciliation.models import Match, StatementFile, StatementLine
from tests.factories.books import Books
from tests.factories.paying import received
from tests.gateway.conftest import CommandLine, Done

Typed = Callable[..., Done]


@pytest.fixture
def typed(cli: CommandLine, runtime: Runtime, act: Act, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Commands of a treasurer."""
    secret = runtime.run(lambda session: create_api_key(session, name="ada", role=Role.TREASURY, act=act))[1]
    monkeypatch.setenv("DUECOURSE_API_KEY", secret)
    return cli


@pytest.fixture
def line(books: Books) -> StatementLine:
    """A line that a person gave to a customer."""
    line = received(books, 5_000)
    by_hand.record_payment(books.session, line_id=line.id, customer_id=books.customer().id, act=books.act)
    books.session.commit()
    return line


def test_a_line_is_undone_and_released(typed: Typed, line: StatementLine) -> None:
    told = typed("line", "undo", line.id, "--reason", "wrong customer").out
    assert "1 undone" in told
    assert "pay_" in told
    assert typed("line", "undo", line.id, "--reason", "again", "--json").json == {"undone": [], "refused": []}
    assert "unexplained" in typed("line", "release", line.id).out
    assert typed("line", "release", line.id, "--json").json["held_by"] is None


def test_a_file_is_undone(typed: Typed, books: Books, line: StatementLine) -> None:
    file_id = books.session.scalars(select(StatementFile.id)).one()
    done = typed("statement", "undo-matching", file_id, "--reason", "the terms were wrong", "--json").json
    assert [one["line_id"] for one in done["undone"]] == [line.id]


def test_memories_are_taught_listed_and_revoked(typed: Typed, books: Books, line: StatementLine) -> None:
    customer = books.customer("Muster AG")
    books.session.commit()
    wish = ("memory", "teach", "--customer", customer.id, "--name", "Hausverwaltung Klein")
    assert "hausverwaltung" in typed(*wish).out
    memory_id = typed(*wish, "--json").json["id"]
    match_id = books.session.scalars(select(Match.id)).one()
    payer_memory.used(books.session, [(match_id, memory_id)])
    books.session.commit()
    assert "by hand" in typed("memory", "list").out
    (shown,) = typed("memory", "list", "--customer", customer.id, "--json").json
    assert (shown["id"], shown["decided"]) == (memory_id, 1)
    told = typed("memory", "revoke", memory_id, "--reason", "they moved", "--undo").out
    assert match_id in told
    assert "1 undone" in told
    assert "no, revoked: they moved" in typed("memory", "list").out
    assert typed("memory", "revoke", memory_id, "--reason", "x", "--json").json["matches"] == []


def test_who_pays_is_said_in_one_way(typed: Typed, books: Books) -> None:
    books.session.commit()
    told = typed("memory", "teach", "--customer", books.creditor.id, code=2).err
    assert "Name one customer" in told
