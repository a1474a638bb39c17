"""duecourse payment, allocation, invoice write-off and export, by whom the API key names."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from gateway.access import create_api_key
from gateway.roles import Role
from gateway.runtime import Runtime
from ledger.acts import Act
from tests.factories.books import Books
from tests.gateway.conftest import CommandLine


@pytest.fixture
def treasury(cli: CommandLine, runtime: Runtime, act: Act, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line of a treasurer."""
    _, secret = runtime.run(lambda session: create_api_key(session, name="ada", role=Role.TREASURY, act=act))
    monkeypatch.setenv("DUECOURSE_API_KEY", secret)
    return cli


def test_a_payment_is_recorded_listed_and_withdrawn(treasury: CommandLine, books: Books) -> None:
    invoice = books.invoice(12_000)
    books.session.commit()
    words = ("payment", "record", invoice.customer_id, "--amount", "12000", "--received-on", "2026-11-18")
    made = treasury(*words, "--pays", f"{invoice.id}=11640+360", "--json").json
    assert (made["state"], made["allocated_minor"], made["unallocated_minor"]) == ("provisional", 11_640, 360)
    assert made["id"] in treasury("payment", "list", "--in-transit").out
    assert treasury("payment", "list", "--customer-id", invoice.customer_id, "--json").json == [made]
    shown = treasury("allocation", "list", invoice.id).out
    assert "116.40 EUR" in shown
    assert "discount" in shown
    gone = treasury("payment", "withdraw", made["id"], "--reason", "never came")
    assert "cancelled" in gone.out
    assert "never came" in treasury("allocation", "list", invoice.id).out
    assert treasury("payment", "list", "--in-transit", "--json").json == []
    assert "is not in transit" in treasury("payment", "withdraw", made["id"], "--reason", "x", code=1).err


def test_a_write_off_is_made_and_reversed(treasury: CommandLine, books: Books) -> None:
    invoice = books.invoice(300)
    books.session.commit()
    made = treasury("invoice", "write-off", invoice.id, "--amount", "300", "--reason", "gone", "--json").json
    assert (made["kind"], made["reason"]) == ("write_off", "gone")
    told = treasury("allocation", "reverse", made["id"], "--reason", "money came after all").out
    assert "money came after all" in told
    (kept,) = treasury("allocation", "list", invoice.id, "--json").json
    assert kept["reversed_because"] == "money came after all"


def test_what_cannot_be_meant_is_misuse(treasury: CommandLine, books: Books) -> None:
    invoice = books.invoice(300)
    books.session.commit()
    words = ("payment", "record", invoice.customer_id, "--amount", "300", "--received-on", "2026-11-18")
    for wrong in (f"{invoice.id}=3.00", f"{invoice.id}=", f"{invoice.id}=1+x", "RE-1=300"):
        treasury(*words, "--pays", wrong, code=2)
    treasury("invoice", "write-off", invoice.id, "--amount", "1", "--reason", "", code=2)
    treasury("payment", "withdraw", "pay_1", "--reason", "x", code=1)
    treasury("allocation", "list", "inv_1", code=1)


def test_without_a_key_nothing_is_recorded(cli: CommandLine, books: Books) -> None:
    books.session.commit()
    assert "DUECOURSE_API_KEY" in cli("payment", "list", code=1).err


def test_exports_go_to_standard_output_or_a_file(treasury: CommandLine, books: Books, tmp_path: Path) -> None:
    invoice = books.invoice(300, number="=RE-1")
    books.session.commit()
    treasury("invoice", "write-off", invoice.id, "--amount", "300", "--reason", "gone")
    (row,) = [json.loads(line) for line in treasury("export", "allocations").out.splitlines()]
    assert (row["invoice_number"], row["kind"], row["amount_minor"]) == ("=RE-1", "write_off", 300)
    target = tmp_path / "allocations.csv"
    assert treasury("export", "allocations", "--format", "csv", "--out", target).out == ""
    with target.open(newline="") as file:
        (cells,) = csv.DictReader(file)
    assert (cells["invoice_number"], cells["amount_minor"], cells["line_id"]) == ("'=RE-1", "300", "")
    assert treasury("export", "lines").out == ""
    assert treasury("export", "lines", "--format", "csv").out.startswith("statement_file,line_id,")
