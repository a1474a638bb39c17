"""duecourse statement inspect | import: what a bank's file says, and what became of it in the books."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gateway.runtime import Runtime
from tests.factories.books import OUR_IBAN, Books
from tests.factories.camt import camt053, credit, fee, lump
from tests.gateway.conftest import CommandLine

PARTY = {"name": "Erika Beispiel", "iban": "DE89370400440532013000", "bic": "BYLADEM1001"}


def statement(*entries: Any, **about: Any) -> bytes:
    return camt053(entries, account=OUR_IBAN, **about)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """One transfer of 120.00 and a fee of 3.00 on an account that had 1,000.00."""
    path = tmp_path / "good.xml"
    path.write_bytes(
        statement(
            credit(
                12_000, **PARTY, remittance="Rechnung RE-1", end_to_end_id="E2E-1", bank_reference="REF-1"
            ),
            fee(300),
        )
    )
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A statement with a tag on its seventh line that does not end."""
    path = tmp_path / "bad.xml"
    lines = statement(credit(12_000)).split(b"\n")
    path.write_bytes(b"\n".join([*lines[:6], b"<broken", *lines[6:]]))
    return path


@pytest.fixture
def books(runtime: Runtime) -> Books:
    """A company with the account that the statements are about."""

    def found(session: Session) -> Books:
        return Books(session, runtime.act("test"))

    return runtime.run(found)


def test_inspect_prints_exactly_what_the_contract_promises(dry: CommandLine, good: Path) -> None:
    (told,) = dry("statement", "inspect", good, "--json").json
    lines = told.pop("lines")
    assert told == {
        "file": str(good), "format": "camt.053.001.08", "statement_id": "STM-2026-0001", "sequence": "1",
        "account": {"iban": OUR_IBAN, "other": None, "currency": "EUR"},
        "from": "2026-01-05", "to": "2026-01-05", "opening_minor": 100_000, "closing_minor": 111_700,
        "currency": "EUR", "balanced": True, "problems": [], "refused": [],
    }  # fmt: skip
    assert lines[0] == {
        "booked_on": "2026-01-05", "valued_on": "2026-01-05", "amount_minor": 12_000, "currency": "EUR",
        "status": "booked", "counterparty": PARTY, "remittance": "Rechnung RE-1", "reference": None,
        "end_to_end_id": "E2E-1", "mandate_id": None, "creditor_id": None, "bank_reference": "REF-1",
        "transaction_code": "PMNT/RCDT/ESCT", "reversal": False, "return_reason": None, "original_minor": None,
        "charges_minor": None, "batch": None, "details": [],
    }  # fmt: skip
    assert (lines[1]["amount_minor"], lines[1]["counterparty"]["name"]) == (-300, None)


def test_inspect_needs_no_database(dry: CommandLine, good: Path, tmp_path: Path) -> None:
    dry("statement", "inspect", good)
    assert [path.name for path in tmp_path.iterdir()] == ["good.xml"]


def test_inspect_says_what_it_could_not_read_and_goes_on(dry: CommandLine, good: Path, bad: Path) -> None:
    done = dry("statement", "inspect", bad, good, "--json", code=1)
    refused, read = done.json
    assert refused["file"] == str(bad)
    assert set(refused["error"]) == {"code", "message", "line"}
    assert (refused["error"]["code"], refused["error"]["line"]) == ("unreadable_file", 8)
    assert read["balanced"] is True
    assert done.err == ""


def test_inspect_shows_people_a_table(dry: CommandLine, good: Path, bad: Path) -> None:
    shown = dry("statement", "inspect", good).out
    assert "camt.053.001.08" in shown
    assert "1 000.00 EUR" in shown
    assert "1 117.00 EUR" in shown
    assert "balances prove" in shown
    assert "cannot be read, line 8" in dry("statement", "inspect", bad, code=1).out


def test_a_statement_that_does_not_add_up_is_shown_as_such(dry: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "wrong.xml"
    path.write_bytes(statement(credit(12_000), closing=112_001))
    (told,) = dry("statement", "inspect", path, "--json").json
    assert told["balanced"] is False
    assert told["problems"]
    assert "does not balance" in dry("statement", "inspect", path).out


def test_a_lump_is_shown_with_its_block_and_parts(dry: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "lump.xml"
    path.write_bytes(statement(lump(16_950, payment_information_id="PI-1", message_id="MSG-1", count=2)))
    (line,) = dry("statement", "inspect", path, "--json").json[0]["lines"]
    assert line["batch"] == {"payment_information_id": "PI-1", "message_id": "MSG-1", "count": 2}
    assert line["details"] == []


@pytest.mark.parametrize("name", ["[/red].xml", "Auszug :smile: März.xml"])
def test_the_name_of_a_file_is_never_taken_for_layout(
    dry: CommandLine, good: Path, tmp_path: Path, name: str
) -> None:
    if "/" in name:
        (tmp_path / "[").mkdir()
    path = good.rename(tmp_path / name)
    assert name in dry("statement", "inspect", path).out


def test_a_file_that_is_not_there_is_misuse(dry: CommandLine) -> None:
    done = dry("statement", "inspect", "nothing.xml", code=2)
    assert done.out == ""
    assert "nothing.xml" in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("books")
def test_import_says_of_every_file_what_became_of_it(cli: CommandLine, good: Path, bad: Path) -> None:
    done = cli("statement", "import", good, bad, "--json", code=1)
    taken, refused = done.json["files"]
    assert taken | {"file_id": 0, "statements": []} == {
        "file": "good.xml", "file_id": 0, "sha256": hashlib.sha256(good.read_bytes()).hexdigest(),
        "duplicate": False, "format": "camt.053.001.08", "statements": [], "imported": 2, "known": 0,
        "promoted": 0, "refused": 0, "problems": [], "error": None, "members": [],
    }  # fmt: skip
    assert len(taken["statements"]) == 1
    assert (refused["imported"], refused["error"]["code"], refused["error"]["line"]) == (
        0,
        "unreadable_file",
        8,
    )
    assert (done.json["matching"]["looked_at"], done.json["matching"]["matched"]) == (2, {})
    assert sum(done.json["matching"]["waiting"].values()) == 2


def test_import_matches_what_it_took_in(cli: CommandLine, good: Path, runtime: Runtime) -> None:
    def bill(session: Session) -> str:
        return Books(session, runtime.act("test")).invoice(12_000, number="RE-1").id

    invoice_id = runtime.run(bill)
    matching = cli("statement", "import", good, "--json").json["matching"]
    assert matching["matched"] == {"invoice_number": 1}
    assert matching["looked_at"] == 2
    with runtime.sessions() as session:
        row = session.connection().exec_driver_sql(
            "SELECT collection_status, open_minor FROM invoices WHERE id = %(id)s", {"id": invoice_id}
        )
        assert tuple(row.one()) == ("paid", 0)


@pytest.mark.usefixtures("books")
def test_import_of_a_known_file_changes_nothing(cli: CommandLine, good: Path) -> None:
    cli("statement", "import", good)
    again = cli("statement", "import", good, "--json").json["files"][0]
    assert (again["duplicate"], again["imported"], again["error"]) == (True, 0, None)
    assert "known already, nothing changed" in cli("statement", "import", good).out


def test_import_for_people_gives_reasons(cli: CommandLine, good: Path, books: Books, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.xml"
    foreign.write_bytes(camt053([credit(500)], account="DE89370400440532013000"))
    shown = cli("statement", "import", good, foreign, code=1).out
    assert "imported" in shown
    assert "refused: The statement is about an account that is not among the bank accounts." in shown
    opened = cli("statement", "import", foreign, "--open-accounts-of", books.creditor.id, "--json").json
    assert opened["files"][0]["imported"] == 1


@pytest.mark.usefixtures("books")
def test_accounts_are_not_opened_for_nobody(cli: CommandLine, good: Path) -> None:
    done = cli("statement", "import", good, "--open-accounts-of", "crd_nobody", code=1)
    assert done.err == "duecourse: There is no creditor crd_nobody.\n"
