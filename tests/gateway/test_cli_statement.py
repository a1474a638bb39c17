"""duecourse statement inspect | import | confirm-layout: what a bank's file says, and what became of it."""

from __future__ import annotations

import hashlib
import os
import pty
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gateway.commands import output
from gateway.runtime import Runtime
from tests.factories import pain002
from tests.factories.archives import zipped
from tests.factories.bai2 import Stated as Bai2Account
from tests.factories.bai2 import bai2, transaction
from tests.factories.books import OUR_IBAN, Books
from tests.factories.camt import camt053, credit, fee, lump
from tests.factories.delimited import Row, sparkasse, table
from tests.factories.mt940 import Entry, mt940, mt942
from tests.factories.ofx import Stated as OfxAccount
from tests.factories.ofx import sgml
from tests.factories.ofx import transaction as ofx_transaction
from tests.factories.processes import PROGRAM, environment
from tests.factories.qif import qif, record, section
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
        "charges_minor": None, "interest_minor": None, "batch": None, "details": [],
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
        "promoted": 0, "refused": 0, "problems": [], "error": None, "answers": [], "members": [],
    }  # fmt: skip
    assert len(taken["statements"]) == 1
    assert (refused["imported"], refused["error"]["code"], refused["error"]["line"]) == (
        0,
        "unreadable_file",
        8,
    )
    assert (done.json["matching"]["looked_at"], done.json["matching"]["matched"]) == (2, {"bank_charge": 1})
    assert sum(done.json["matching"]["waiting"].values()) == 1


def test_import_matches_what_it_took_in(cli: CommandLine, good: Path, runtime: Runtime) -> None:
    def bill(session: Session) -> str:
        return Books(session, runtime.act("test")).invoice(12_000, number="RE-1").id

    invoice_id = runtime.run(bill)
    matching = cli("statement", "import", good, "--json").json["matching"]
    assert matching["matched"] == {"bank_charge": 1, "invoice_number": 1}
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
    assert "  The statement is about an account that is not among the bank accounts." in shown
    opened = cli("statement", "import", foreign, "--open-accounts-of", books.creditor.id, "--json").json
    assert opened["files"][0]["imported"] == 1


@pytest.mark.usefixtures("books")
def test_accounts_are_not_opened_for_nobody(cli: CommandLine, good: Path) -> None:
    done = cli("statement", "import", good, "--open-accounts-of", "crd_nobody", code=1)
    assert done.err == "duecourse: There is no creditor crd_nobody.\n"


# --- every format, and archives ---

HTML = b"<html><body>503 Service Unavailable</body></html>"
AMBIGUOUS = qif(section(record("12.50", "04/11/2026")))
FORMATS = {
    "a.xml": (camt053([credit(1_250)]), "camt.053.001.08", 1_250),
    "a.sta": (mt940([Entry(amount=1_250)]), "mt940", 1_250),
    "b.sta": (mt942([Entry(amount=1_250)]), "mt942", 1_250),
    "a.ofx": (sgml(OfxAccount(entries=[ofx_transaction("12.50")])), "ofx.102", 1_250),
    "a.bai": (bai2(Bai2Account(entries=[transaction("1250")])), "bai2", 1_250),
    "a.qif": (qif(section(record("12.50", "24/11/2026"))), "qif", 1_250),
    "a.csv": (sparkasse([Row(amount=1_250)]), "csv.sparkasse-camt", 1_250),
}


def test_inspect_reads_every_format_in_one_go(dry: CommandLine, tmp_path: Path) -> None:
    for name, (content, _, _) in FORMATS.items():
        (tmp_path / name).write_bytes(content)
    told = dry("statement", "inspect", *FORMATS, "--currency", "EUR", "--json").json
    assert [(one["file"], one["format"], one["lines"][0]["amount_minor"]) for one in told] == [
        (name, format_name, minor) for name, (_, format_name, minor) in FORMATS.items()
    ]
    shown = dry("statement", "inspect", *FORMATS, "--currency", "EUR").out
    assert all(f"│ {name} " in shown for name in FORMATS)


def test_inspect_names_the_files_in_an_archive_by_both(dry: CommandLine, good: Path, tmp_path: Path) -> None:
    (tmp_path / "november.zip").write_bytes(
        zipped(("in/b.xml", good.read_bytes()), ("c.sta", mt940([Entry(amount=1_250)])), ("page.html", HTML))
    )
    told = dry("statement", "inspect", "november.zip", "--json", code=1).json
    assert [one["file"] for one in told] == [
        "november.zip/b.xml",
        "november.zip/c.sta",
        "november.zip/page.html",
    ]
    assert ["error" in one for one in told] == [False, False, True]


def test_what_is_no_file_of_an_archive_is_no_failure(dry: CommandLine, good: Path, tmp_path: Path) -> None:
    (tmp_path / "mac.zip").write_bytes(
        zipped(("in/", b""), ("in/b.xml", good.read_bytes()), ("__MACOSX/._b.xml", b"junk"))
    )
    shown = dry("statement", "inspect", "mac.zip").out
    assert shown.count("passed over") == 2
    assert "cannot be read" not in shown
    codes = [
        one["error"]["code"]
        for one in dry("statement", "inspect", "mac.zip", "--json").json
        if "error" in one
    ]
    assert codes == ["passed_over", "passed_over"]


def test_currency_and_date_order_are_told_where_a_file_does_not(dry: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "a.qif").write_bytes(AMBIGUOUS)
    assert "tell in which order" in dry("statement", "inspect", "a.qif", code=1).out
    for order, day in (("DMY", "2026-11-04"), ("MDY", "2026-04-11")):
        told = dry("statement", "inspect", "a.qif", "--date-order", order, "--currency", "CHF", "--json").json
        (line,) = told[0]["lines"]
        assert (line["booked_on"], line["amount_minor"], line["currency"]) == (day, 1_250, "CHF")


@pytest.mark.parametrize(
    ("option", "why"),
    [
        (("--date-order", "sideways"), "A date order is one of DMY, MDY, YMD."),
        (("--currency", "euro"), "'euro' is not an ISO 4217 currency code."),
    ],
)
def test_an_option_that_cannot_be_meant_is_misuse(
    dry: CommandLine, good: Path, option: tuple[str, str], why: str
) -> None:
    done = dry("statement", "inspect", good, *option, code=2)
    assert (done.out, why in done.err) == ("", True)


def test_sentences_stand_below_the_table_and_fit_the_terminal(
    dry: CommandLine, good: Path, bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output.out, "width", 100)
    wrong = tmp_path / "wrong.xml"
    wrong.write_bytes(statement(credit(12_000), closing=112_001))
    shown = dry("statement", "inspect", "good.xml", "bad.xml", "wrong.xml", code=1).out
    assert max(map(len, shown.splitlines())) <= 100
    rows = [line for line in shown.splitlines() if line.startswith("│")]
    assert len(rows) == 3
    assert "\nwrong.xml\n  The balances do not prove the lines: opening 1000.00 EUR" in shown


# --- many files into the books ---


def test_import_shows_archives_with_their_files_and_what_waits(
    cli: CommandLine, books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output.out, "width", 100)
    sixth = date(2026, 1, 6)
    wrong = statement(
        credit(500, booked_on=sixth), statement_id="S-2", sequence="2", opening=101_000, closing=101_533,
        from_on=sixth, to_on=sixth,
    )  # fmt: skip
    (tmp_path / "january.zip").write_bytes(
        zipped(("1.xml", statement(credit(1_000))), ("2.xml", wrong), ("page.html", HTML))
    )
    (tmp_path / "more.sta").write_bytes(mt940([Entry(amount=200)], account="DE75512108001245126199"))
    done = cli("statement", "import", "january.zip", "more.sta", code=1)
    cells = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in done.out.splitlines() if line[:1] == "│"
    ]
    assert cells[:5] == [
        ["january.zip", "zip", "2", "0", "0", "unpacked"],
        ["1.xml", "camt.053.001.08", "1", "0", "0", "imported"],
        ["2.xml", "camt.053.001.08", "1", "0", "0", "imported"],
        ["page.html", "", "", "", "", "refused"],
        ["more.sta", "", "", "", "", "refused"],
    ]
    assert "\nFiles: 2 imported, 2 refused. Lines: 2 new, 0 known, 0 refused.\n" in done.out
    assert "\njanuary.zip/page.html\n  The file is a web page (HTML)" in done.out
    held_back = [
        line for line in done.out.splitlines() if "Its lines wait until this is accepted: POST /v1/" in line
    ]
    assert len(held_back) == 1
    assert held_back[0].endswith("/accept")
    assert max(map(len, done.out.splitlines())) <= 100
    assert done.err == ""
    again = cli("statement", "import", "january.zip", "--json", code=1).json["files"][0]
    assert [one["duplicate"] for one in again["members"]] == [True, True, False]


@pytest.mark.usefixtures("books")
def test_what_is_no_file_of_an_archive_is_no_error_of_its_import(
    cli: CommandLine, good: Path, tmp_path: Path
) -> None:
    (tmp_path / "mac.zip").write_bytes(
        zipped(("in/", b""), ("in/a.xml", good.read_bytes()), ("page.html", HTML))
    )
    members = cli("statement", "import", "mac.zip", "--json", code=1).json["files"][0]["members"]
    told = {one["file"]: (one["error"] is None, one["problems"]) for one in members}
    assert told["in"] == (True, ["This is a folder, which holds nothing by itself."])
    assert told["page.html"] == (False, [])
    rows = [
        line for line in cli("statement", "import", "mac.zip", code=1).out.splitlines() if "│   in " in line
    ]
    assert ["passed over" in row for row in rows] == [True]


@pytest.mark.usefixtures("books")
def test_import_keeps_a_banks_answer_and_does_not_fail(cli: CommandLine, tmp_path: Path) -> None:
    answer = pain002.report(
        pain002.Block("PI-1", [pain002.Tx("E2E-1", code="AM04"), pain002.Tx("E2E-2", code="AC04")]),
        original_message_id="MSG-OTHER",
    )
    (tmp_path / "answer.xml").write_bytes(answer)
    shown = cli("statement", "import", "answer.xml").out
    assert "the bank's answer to an order" in shown
    assert "answers MSG-OTHER: 2 unknown." in shown
    assert "imported" not in shown
    again = cli("statement", "import", "answer.xml", "--json").json
    assert (again["files"][0]["duplicate"], again["files"][0]["answers"]) == (True, [])


@pytest.mark.usefixtures("books")
def test_import_tells_machines_what_became_of_an_answer(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "answer.xml").write_bytes(
        pain002.report(status="ACTC", original_message_id="T-1", original_message_name="pain.001.001.09")
    )
    (file,) = cli("statement", "import", "answer.xml", "--json").json["files"]
    (answer,) = file["answers"]
    assert (answer["answers"], answer["original_message_id"], answer["batch_id"], answer["outcomes"]) == (
        "transfers", "T-1", None, {"other_order": 1},
    )  # fmt: skip


def test_inspect_shows_the_levels_of_an_answer(cli: CommandLine, tmp_path: Path) -> None:
    block = pain002.Block(
        "PI-1", [pain002.Tx("E2E-1", code="AM04"), pain002.Tx("E2E-2", code="AM04")], status="PART"
    )
    (tmp_path / "answer.xml").write_bytes(pain002.report(block, original_message_id="MSG-1", status="PART"))
    shown = " ".join(cli("statement", "inspect", "answer.xml").out.split())
    assert "answers debits" in shown
    assert "It answers the file MSG-1. The file as a whole is PART. Block PI-1 is PART." in shown
    assert "Of block PI-1: RJCT (AM04) 2 times." in shown
    (told,) = cli("statement", "inspect", "answer.xml", "--json").json
    assert [one["end_to_end_id"] for one in told["blocks"][0]["transactions"]] == ["E2E-1", "E2E-2"]


@pytest.mark.usefixtures("books")
def test_import_says_why_an_archive_cannot_be_opened(cli: CommandLine, good: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(zipped(("a.xml", good.read_bytes()))[:-30])
    shown = cli("statement", "import", "cut.zip", code=1).out
    assert "  The ZIP archive is broken or was cut off on its way." in shown


def test_import_is_told_the_account_and_the_order_of_dates(
    cli: CommandLine, books: Books, tmp_path: Path
) -> None:
    (tmp_path / "a.qif").write_bytes(AMBIGUOUS)
    refused = cli("statement", "import", "a.qif", "--account", books.account.id, "--json", code=1).json
    assert refused["files"][0]["error"]["code"] == "ambiguous_dates"
    options = ("--account", books.account.id, "--date-order", "DMY", "--json")
    assert cli("statement", "import", "a.qif", *options).json["files"][0]["imported"] == 1
    nobody = cli("statement", "import", "a.qif", "--account", "bac_nobody", code=1)
    assert nobody.err.startswith("duecourse: There is no bank account")
    assert nobody.err.count("\n") == 1


# --- layouts ---

ROWS = (("05/04/2026", "1.250,00", "Anna", "RE-1"), ("06/04/2026", "-7,00", "Bert", "Miete"))


def test_a_table_of_unknown_layout_is_shown_with_the_command_that_confirms_it(
    cli: CommandLine, books: Books, tmp_path: Path
) -> None:
    (tmp_path / "own.csv").write_bytes(table("Tag;Umsatz;Wer;Wofür", ROWS))
    shown = cli("statement", "import", "own.csv", "--account", books.account.id, code=1).out
    assert "own.csv: how it seems to be laid out" in shown
    assert "│ Umsatz │ amount" in shown
    assert "What the file proves\n  Decimals stand behind ','." in shown
    dry_run = cli("statement", "inspect", "own.csv", code=1).out
    assert "`duecourse statement import` tells how to confirm it." in dry_run
    told = cli("statement", "import", "own.csv", "--account", books.account.id, "--json", code=1).json[
        "files"
    ][0]
    assert told["error"]["code"] == "unknown_layout"
    file_id = told["file_id"]
    asked = {question["about"]: question for question in told["error"]["proposal"]["asks"]}
    assert set(asked) == {"currency", "date_order"}  # the account answers for its currency
    question = asked["date_order"]
    assert f"  date_order: {question['text']} ({', '.join(question['choices'])})" in shown
    command = f"  duecourse statement confirm-layout {file_id} --account bac_... --answer date_order=..."
    assert command in shown.splitlines()

    account = ("--account", books.account.id)
    refused = cli("statement", "confirm-layout", file_id, *account, code=1)
    assert refused.err.startswith("duecourse: The question is still open: ")
    meanings = ("--role", "Wer=name", "--role", "Wofür=remittance", "--answer", "date_order=DMY")
    (taken,) = cli("statement", "confirm-layout", file_id, *account, *meanings, "--json").json["files"]
    assert (taken["file"], taken["imported"], taken["error"]) == ("own.csv", 2, None)
    (tmp_path / "next.csv").write_bytes(
        table("Tag;Umsatz;Wer;Wofür", [("07/04/2026", "3,00", "Carla", "RE-3")])
    )
    assert cli("statement", "import", "next.csv", *account, "--json").json["files"][0]["imported"] == 1
    late = cli("statement", "confirm-layout", file_id, *account, code=1)
    assert late.err == f"duecourse: File {file_id} was not refused for its layout.\n"


@pytest.mark.parametrize(
    ("option", "why"),
    [
        (("--answer", "DMY"), "Write it as name=value."),
        (("--role", "Wer=nonsense"), "A column's meaning is one of account,"),
    ],
)
def test_an_answer_that_cannot_be_meant_is_misuse(
    dry: CommandLine, option: tuple[str, str], why: str
) -> None:
    done = dry("statement", "confirm-layout", "sfl_1", "--account", "bac_1", *option, code=2)
    assert why in " ".join(done.err.replace("│", " ").split())


@pytest.mark.usefixtures("books")
def test_a_layout_is_confirmed_of_a_file_that_is_there(cli: CommandLine) -> None:
    done = cli("statement", "confirm-layout", "sfl_nothing", "--account", "bac_1", code=1)
    assert done.err == "duecourse: There is no statement file sfl_nothing.\n"


# --- the bar ---


def on_terminal(*arguments: str | Path, cwd: Path, **settings: str) -> tuple[int, str, str]:
    """Exit status, standard output and what is drawn on the terminal that standard error is."""
    ours, theirs = pty.openpty()
    surroundings = {**environment(**settings), "TERM": "xterm"}
    with subprocess.Popen(
        [PROGRAM, *arguments], cwd=cwd, env=surroundings, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        drawn = b""
        while piece := _read(ours):
            drawn += piece
        os.close(ours)
        assert process.stdout is not None
        printed = process.stdout.read()
    return process.returncode, printed.decode(), drawn.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side has closed it
        return b""


@pytest.mark.usefixtures("books")
def test_on_a_terminal_a_bar_tells_how_many_bytes_are_done(
    good: Path, tmp_path: Path, database_url: str
) -> None:
    size = good.stat().st_size
    assert 1_000 < size < 10_000
    for verb, word in (("inspect", "reading"), ("import", "importing")):
        code, printed, drawn = on_terminal(
            "statement", verb, "good.xml", cwd=tmp_path, DATABASE_URL=database_url
        )
        assert (code, "good.xml" in printed, word in printed) == (0, True, False)
        assert word in drawn
        assert f"/{size / 1000:.1f} kB" in drawn


def test_without_a_terminal_there_is_no_bar(dry: CommandLine, good: Path) -> None:
    assert dry("statement", "inspect", good).err == ""
