"""Batches, terms, cut-offs and amendments on the command line, each in the name of somebody's own key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from exporters.pain008.reader import read
from gateway.access import create_api_key
from gateway.roles import Role
from ledger.acts import Act
from mandates.models import Debit, Mandate
from tests.factories import paying_back
from tests.factories.books import Books
from tests.factories.collecting import schedule, scheduled
from tests.gateway.conftest import CommandLine


@pytest.fixture
def ask(session: Session, act: Act, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """From now on the named person types; each has a key with the role of their name."""
    roles = {
        "ada": Role.TREASURY,
        "boris": Role.TREASURY,
        "erp": Role.ERP,
        "root": Role.ADMIN,
        "eva": Role.AUDITOR,
    }
    keys = {who: create_api_key(session, name=who, role=role, act=act)[1] for who, role in roles.items()}
    session.commit()
    return lambda who: monkeypatch.setenv("DUECOURSE_API_KEY", keys[who])


@pytest.fixture
def debit(session: Session, books: Books) -> Debit:
    made = scheduled(books, 12_000)
    session.commit()
    return made


def test_one_drafts_another_approves_and_the_file_is_what_was_approved(
    cli: CommandLine, ask: Callable[[str], None], debit: Debit, tmp_path: Path
) -> None:
    ask("ada")
    batch = cli("batch", "draft", "--json").json
    assert (batch["state"], batch["total_minor"], batch["one_person"]) == ("draft", 12_000, False)
    assert batch["upload_before"] == "2026-11-18T13:00:00Z"
    assert cli("batch", "approve", batch["id"], code=1).err == (
        "duecourse: Who drafted or last edited a batch can neither approve nor release it.\n"
    )
    ask("boris")
    shown = cli("batch", "show", batch["id"]).out
    assert batch["file"]["sha256"] in shown
    assert "two persons" in shown
    assert cli("batch", "findings", batch["id"]).out == "Nothing speaks against this batch.\n"
    cli("batch", "approve", batch["id"], "--sha256", batch["file"]["sha256"])
    assert cli("batch", "release", batch["id"], "--json").json["state"] == "released"
    told = cli("batch", "file", batch["id"], "--out", tmp_path / "to-the-bank").out
    (path,) = (tmp_path / "to-the-bank").iterdir()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == batch["file"]["sha256"]
    assert batch["file"]["sha256"] in told
    assert read(path.read_bytes()).blocks[0].transactions[0].end_to_end_id == debit.end_to_end_id
    assert [one["state"] for one in cli("batch", "list", "--json").json] == ["released"]


def test_findings_are_told_by_the_debits_name_and_an_error_is_an_exit(
    cli: CommandLine, ask: Callable[[str], None], session: Session, books: Books
) -> None:
    customer = books.customer("Žofie Šťastná")
    schedule(books, books.invoice(100, customer=customer), books.mandate(customer))
    other = scheduled(books, 200)
    session.commit()
    ask("ada")
    batch = cli("batch", "draft", "--json").json
    told = cli("batch", "findings", batch["id"]).out
    assert "Žofie Šťastná -> Zofie Stastna" in told
    ask("root")
    cli("terms", "set", "--largest-debit", "150")
    (first, _) = cli("batch", "findings", batch["id"], "--json", code=1).json
    assert (first["rule"], first["end_to_end_id"]) == ("limit_per_debit", other.end_to_end_id)
    ask("boris")
    cli("batch", "approve", batch["id"], code=1)
    edited = cli("batch", "take-out", batch["id"], other.id, "--reason", "too large", "--json").json
    assert (edited["total_minor"], edited["edited_by"] is not None) == (100, True)
    assert edited["file"]["sha256"] != batch["file"]["sha256"]
    cli("batch", "approve", batch["id"], code=1)  # who edited cannot approve either
    assert cli("batch", "discard", batch["id"], "--reason", "again", "--json").json["state"] == "closed"


def test_who_may_not_may_not_on_the_command_line_either(
    cli: CommandLine, ask: Callable[[str], None], debit: Debit
) -> None:
    ask("eva")
    cli("batch", "draft", code=1)
    cli("terms", "set", "--notice-days", "1", code=1)
    assert cli("batch", "list", "--json").json == []
    assert cli("terms", "show", "--json").json["announced_by"] == "erp"


def test_terms_and_limits_are_shown_as_people_say_them(
    cli: CommandLine, ask: Callable[[str], None], debit: Debit
) -> None:
    ask("root")
    told = cli("terms", "set", "--notice-days", "5", "--largest-file", "50000000", "--no-two-persons").out
    assert "500 000.00 EUR" in told
    again = cli("terms", "show", "--json").json
    assert (again["notice_days"], again["two_persons"], again["largest_debit_minor"]) == (5, False, None)
    assert cli("terms", "set", "--largest-file", "0", "--json").json["largest_file_minor"] is None
    assert "lies between 0 and 90" in cli("terms", "set", "--notice-days", "91", code=1).err


def test_an_account_says_which_dates_a_file_can_have(
    cli: CommandLine, ask: Callable[[str], None], books: Books, debit: Debit
) -> None:
    account = books.account.id
    ask("root")
    assert cli("account", "dates", account, "--json").json == {
        "earliest": "2026-11-19", "latest": "2026-12-02", "upload_before": "2026-11-18T13:00:00+00:00",
    }  # fmt: skip
    changed = cli("account", "set", account, "--cut-off-time", "08:30", "--cut-off-days", "1", "--json").json
    assert (changed["cut_off_time"], changed["cut_off_days"]) == ("08:30", 1)
    assert cli("account", "dates", account, "--json").json["earliest"] == "2026-11-23"
    assert (
        "There is no such time zone" in cli("account", "set", account, "--cut-off-zone", "Mars", code=1).err
    )


def test_a_mandate_is_amended_and_no_account_is_told(
    cli: CommandLine, ask: Callable[[str], None], session: Session, debit: Debit
) -> None:
    ask("erp")
    done = cli("mandate", "amend", debit.mandate_id, "--iban", "DE02120300000000202051", "--reason", "letter")
    assert "202051" not in done.out
    session.expire_all()
    assert session.get_one(Mandate, debit.mandate_id).iban == "DE02120300000000202051"


def test_what_is_due_is_scheduled_and_given_up_on_the_command_line(
    cli: CommandLine, ask: Callable[[str], None], session: Session, books: Books, debit: Debit
) -> None:
    invoice, _ = books.collectable(4_950)
    session.commit()
    ask("erp")
    done = cli("debit", "due", "--until", "2026-11-18", "--json").json
    assert (done["scheduled"], list(done["refused"].values())) == (1, ["it is being collected already"])
    assert "EndToEndId" in cli("debit", "list").out
    (made,) = [one for one in cli("debit", "list", "--json").json if one["id"] == done["debit_ids"][0]]
    assert (made["invoice_id"], made["amount_minor"], made["state"]) == (invoice.id, 4_950, "scheduled")
    assert (
        cli("debit", "cancel", made["id"], "--reason", "paid by card", "--json").json["state"] == "cancelled"
    )
    assert "has not failed" in cli("debit", "retry", made["id"], "--reason", "again", code=1).err


def test_what_follows_a_code_is_chosen_and_taken_back(
    cli: CommandLine, ask: Callable[[str], None], debit: Debit
) -> None:
    ask("root")
    chosen = cli("terms", "reason-code", "MS03", "--step", "stop", "--json").json
    assert (chosen["code"], chosen["step"], chosen["chosen"]) == ("MS03", "stop", True)
    assert "MS03" in cli("terms", "reason-code", "MS03").out
    assert cli("terms", "reason-code", "MD07", "--step", "retry", code=1).err.startswith("duecourse: ")
    ask("eva")
    cli("terms", "reason-code", "MS03", "--step", "stop", code=1)


def test_a_refund_is_asked_for_on_the_command_line(
    cli: CommandLine, ask: Callable[[str], None], session: Session, books: Books
) -> None:
    payment = paying_back.paid(books)
    session.commit()
    ask("ada")
    payee = ("--payee-name", "Erika Beispiel", "--payee-iban", "DE02120300000000202051")
    asked = ("payback", "refund", payment.id, "--amount", "1250", "--reason", "paid twice")
    made = cli(*asked, *payee, "--json").json
    assert (made["amount_minor"], made["state"]) == (1_250, "requested")
    cli(*asked, "--payee-name", "Erika Beispiel", code=2)
