"""duecourse line: the worklist on the command line, and every decision in the name of the API key."""

from __future__ import annotations

import pytest

from gateway.access import create_api_key
from gateway.roles import Role
from gateway.runtime import Runtime
from ledger.acts import Act
from tests.factories.books import Books
from tests.factories.paying import received
from tests.factories.proposing import full, proposed
from tests.gateway.conftest import CommandLine


@pytest.fixture
def desk(cli: CommandLine, runtime: Runtime, act: Act, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line of a treasurer."""

    def key(session: object) -> str:
        return create_api_key(session, name="ada", role=Role.TREASURY, act=act)[1]  # type: ignore[arg-type]

    monkeypatch.setenv("DUECOURSE_API_KEY", runtime.run(key))
    return cli


def test_the_worklist_shows_the_best_proposal_or_why_there_is_none(books: Books, desk: CommandLine) -> None:
    invoice = books.invoice(3_000, number="RE-1")
    line = received(books, 3_000)
    one = proposed(books, line, full(invoice))
    received(books, 99_900, "Spende")
    books.session.commit()
    told = desk("line", "list", "--order=-amount").out
    assert told.index("999.00 EUR") < told.index("30.00 EUR")
    assert f"{one.id}: Erika Beispiel: RE-1 30.00 EUR" in told
    found = desk("line", "list", "--text", "spende", "--json").json
    assert [one["amount_minor"] for one in found] == [99_900]
    assert found[0]["proposals"] == []
    shown = " ".join(desk("line", "show", line.id).out.split())
    assert "+ Exactly the open amount was paid. - The payer is not known to us." in shown
    for words in (("--state", "gone"), ("--order", "size")):
        assert "Usage" in desk("line", "list", *words, code=2).err


def test_proposals_are_confirmed_and_rejected(books: Books, desk: CommandLine) -> None:
    invoice = books.invoice(3_000, number="RE-1")
    ones = [proposed(books, received(books, 3_000), full(invoice)).id for _ in range(2)]
    books.session.commit()
    done = desk("line", "confirm", ones[0], "--json").json
    assert (done["state"], done["allocations"][0]["invoice_id"]) == ("matched", invoice.id)
    refused = desk("line", "confirm", ones[1], code=1)
    assert refused.err == (
        "duecourse: Invoice RE-1 is paid now: nothing of it is open, and 30.00 EUR were to be closed.\n"
    )
    left = desk("line", "reject", ones[1], "--reason", "paid already", "--json").json
    assert (left["state"], left["proposals"][0]["state"]) == ("unexplained", "rejected")


def test_a_line_is_split_on_the_command_line(books: Books, desk: CommandLine) -> None:
    invoice = books.invoice(10_000, number="RE-1")
    line = received(books, 9_900)
    books.session.commit()
    words = ("line", "split", line.id, "--customer", invoice.customer_id, "--pay", f"{invoice.id}=9700")
    more = (
        "--discount",
        f"{invoice.id}=200",
        "--write-off",
        f"{invoice.id}=100",
        "--reason",
        "a broken pallet",
    )
    assert "2.00 EUR are not accounted for" in desk(*words, *more, code=1).err
    done = desk(*words, *more, "--on-account", "200", "--json").json
    assert {(one["kind"], one["amount_minor"]) for one in done["allocations"]} == {
        ("payment", 9_700), ("discount", 200), ("write_off", 100),
    }  # fmt: skip
    for wrong in ("inv_1", "inv_1=ten", "=5"):
        desk("line", "split", line.id, "--customer", invoice.customer_id, "--pay", wrong, code=2)


def test_every_other_decision_has_its_command(books: Books, desk: CommandLine) -> None:
    customer = books.customer("Max Mustermann")
    invoice = books.invoice(700, customer=customer, number="RE-7")
    lines = [received(books, amount).id for amount in (100, 200, 300, 400, 500, 600)]
    books.session.commit()
    suggested = desk("line", "suggest", lines[0], "--text", "mustermann", "--json").json
    assert [one["id"] for one in suggested] == [invoice.id]
    assert "RE-7" in desk("line", "suggest", lines[0], "-q", "re7").out
    for line_id, words, state in (
        (lines[0], ("on-account", "--customer", customer.id), "matched"),
        (lines[1], ("assign", "--customer", customer.id), "new"),
        (lines[2], ("refund", "--reason", "not for us"), "matched"),
        (lines[3], ("ignore", "--reason", "a test"), "ignored"),
        (lines[4], ("mark", "--kind", "fee", "--reason", "see the contract"), "matched"),
        (lines[5], ("transfer",), "matched"),
    ):
        done = desk("line", words[0], line_id, *words[1:], "--json").json
        assert (done["id"], done["state"]) == (line_id, state)
    assert "fee of the bank: see the contract" in desk("line", "show", lines[4]).out
    assert "Usage" in desk("line", "mark", lines[4], "--kind", "transfer", code=2).err
    assert "is matched and does not wait" in desk("line", "ignore", lines[4], "--reason", "x", code=1).err
