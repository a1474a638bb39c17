"""duecourse migrate | verify | match | doctor | api-key, and how every command speaks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from gateway.access import authenticate
from gateway.cli import app
from gateway.roles import Role
from gateway.runtime import Runtime
from gateway.settings import Settings
from gateway.verifying import INVARIANTS
from tests.factories.books import Books
from tests.gateway.conftest import CommandLine


def commands() -> list[tuple[str, ...]]:
    """Every command as it is typed, `statement inspect` among them."""
    return list(_below(typer.main.get_command(app)))


def _below(group: Any) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from ((name, *more) for more in _below(command))
        else:
            yield (name,)


def test_every_command_of_the_contract_is_there() -> None:
    assert {" ".join(words) for words in commands()} == {
        "demo", "serve", "worker", "migrate", "doctor", "verify", "match", "statement inspect", "statement import",
        "statement confirm-layout", "statement undo-matching", "line undo", "line release",
        "line list", "line show", "line suggest", "line confirm", "line reject", "line split", "line on-account",
        "line assign", "line ignore", "line transfer", "line mark", "line refund",
        "memory list", "memory teach", "memory revoke",
        "invoice import", "pain008 check", "notice send", "bank simulate", "bank year", "api-key create",
        "debit due", "debit list", "debit retry", "debit cancel",
        "batch draft", "batch list", "batch show", "batch findings", "batch take-out", "batch approve",
        "batch release", "batch not-taken", "batch discard", "batch file",
        "rule add", "rule list", "rule revoke", "rule try",
        "payback refund",
        "payback draft", "payback list", "payback show", "payback findings", "payback approve", "payback release",
        "payback not-taken", "payback discard", "payback file",
        "terms show", "terms set", "terms reason-code",
        "terms matching show", "terms matching set", "terms matching history", "terms matching dry-run",
        "account dates", "account set", "mandate amend", "mandate suspend", "mandate resume",
        "report cash-at-risk", "reason-codes",
        "payment record", "payment list", "payment withdraw", "allocation list", "allocation reverse",
        "invoice write-off", "export allocations", "export lines",
    }  # fmt: skip


def test_every_command_explains_itself_with_an_example(dry: CommandLine) -> None:
    for words in commands():
        told = dry(*words, "--help").out
        assert f"Example: duecourse {' '.join(words)}" in " ".join(told.split()), words


def test_machines_get_json_from_every_command_that_tells_something() -> None:
    without = {words for words in commands() if not _has_json(words)}
    assert {" ".join(words) for words in without} == {
        "demo",
        "serve",
        "worker",
        "migrate",
        "batch file",
        "payback file",
        "export allocations",
        "export lines",
    }


def _has_json(words: tuple[str, ...]) -> bool:
    command: Any = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]
    return any("--json" in parameter.opts for parameter in command.params)


@pytest.mark.parametrize("words", [[], ["statement"], ["api-key"]])
def test_half_a_command_shows_what_there_is(dry: CommandLine, words: list[str]) -> None:
    done = dry(*words, code=2)
    assert "Usage: duecourse" in done.out + done.err


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"], ["verify", "--nonsense"], ["pain008", "check"], ["bank", "simulate", "x.xml"],
        ["serve", "--port", "many"], ["api-key", "create", "--name", "x"],
        ["api-key", "create", "--name", "x", "--role", "god"],
    ],
)  # fmt: skip
def test_misuse_is_2_and_says_how_to_use_it(dry: CommandLine, words: list[str]) -> None:
    done = dry(*words, code=2)
    assert done.out == ""
    assert "Usage: duecourse" in done.err


def test_the_program_itself_speaks_like_that(tmp_path: Path) -> None:
    """One real process: nothing around `main` changes its exit status or prints a traceback."""
    environment = {**os.environ, "DUECOURSE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    program = Path(sys.executable).with_name("duecourse")
    done = subprocess.run(
        [program, "verify"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("duecourse: The database of DUECOURSE_DATABASE_URL cannot be used: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DUECOURSE_TIME_ZONE", "Mars/Olympus", "DUECOURSE_TIME_ZONE: There is no such time zone."),
        ("DUECOURSE_TIME_ZONE", "../etc", "DUECOURSE_TIME_ZONE: There is no such time zone."),
        ("DUECOURSE_THREADS", "1", "DUECOURSE_THREADS: Input should be greater than or equal to 2"),
        ("DUECOURSE_PORT", "many", "DUECOURSE_PORT: Input should be a valid integer"),
        ("DUECOURSE_LOG_LEVEL", "loud", "DUECOURSE_LOG_LEVEL: A log level is debug, info, warning or error."),
        (
            "DUECOURSE_DATABASE_URL",
            "mysql://root:secret@db/x",
            "DUECOURSE_DATABASE_URL is no address of a PostgreSQL",
        ),
        ("DUECOURSE_DATABASE_URL", "secret", "DUECOURSE_DATABASE_URL is no address of a PostgreSQL"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_one_clear_line(
    dry: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    done = dry("verify", code=1)
    assert done.err.startswith(f"duecourse: {says}")
    assert done.err.count("\n") == 1
    assert value not in done.err
    diagnosis = [one for one in dry("doctor", "--json", code=1).json if not one["fine"]]
    assert len(diagnosis) == 1
    assert diagnosis[0]["says"].startswith(says)


def test_an_empty_setting_is_none() -> None:
    assert Settings(_env_file=None, _env_ignore_empty=True).database_url is None


def test_verify_proves_every_invariant(cli: CommandLine, runtime: Runtime) -> None:
    runtime.run(lambda session: Books(session, runtime.act("test")).invoice(12_000))
    told = cli("verify", "--json").json
    assert [one["invariant"] for one in told] == [one.name for one in INVARIANTS]
    assert all(one["holds"] and one["breaches"] == 0 for one in told)
    assert set(told[0]) == {"invariant", "sentence", "figure", "unit", "breaches", "holds"}
    receivable = next(one for one in told if one["invariant"] == "receivables_are_open_invoices")
    assert (receivable["figure"], receivable["unit"]) == (12_000, "minor units open")
    shown = cli("verify").out
    assert f"{len(INVARIANTS)} invariants, all hold" in shown
    assert "120.00 open" in shown


@pytest.fixture
def tampered(runtime: Runtime) -> Runtime:
    """Somebody with the database's password makes an open invoice a euro cheaper, and leaves it so."""

    def cheapen(session: Session) -> None:
        Books(session, runtime.act("test")).invoice(12_000)
        session.flush()
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE invoices SET total_minor = total_minor - 100"))

    def repair(session: Session) -> None:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE invoices SET total_minor = 12000"))

    runtime.run(cheapen)
    yield runtime
    runtime.run(repair)


@pytest.mark.usefixtures("tampered")
def test_verify_finds_what_was_changed_behind_its_back(cli: CommandLine) -> None:
    broken = {
        one["invariant"]: one["breaches"] for one in cli("verify", "--json", code=1).json if not one["holds"]
    }
    assert broken == {"receivables_are_open_invoices": 1}
    shown = cli("verify", code=1).out
    assert f"{len(INVARIANTS)} invariants, 1 broken" in shown
    assert "BROKEN 1x" in shown


def test_match_counts_what_it_explained_and_what_waits(cli: CommandLine) -> None:
    assert cli("match", "--json").json == {"looked_at": 0, "matched": {}, "waiting": {}}
    assert "0 lines looked at" in cli("match").out


def test_an_api_key_is_shown_once_and_opens_the_books(cli: CommandLine, runtime: Runtime) -> None:
    told = cli("api-key", "create", "--name", "our ERP", "--role", "erp", "--json").json
    assert (told["name"], told["role"]) == ("our ERP", "erp")
    with runtime.sessions() as session:
        key = authenticate(session, told["secret"])
        assert (key.id, key.role) == (told["id"], Role.ERP)
    shown = cli("api-key", "create", "--name", "treasury", "--role", "treasury").out
    assert "it is not shown again" in shown
    with runtime.sessions() as session:
        assert authenticate(session, shown.split()[-1]).name == "treasury"


def test_an_api_key_without_a_name_is_refused(cli: CommandLine) -> None:
    assert (
        cli("api-key", "create", "--name", " ", "--role", "erp", code=1).err
        == "duecourse: The name is empty.\n"
    )
    assert "longer than 100" in cli("api-key", "create", "--name", "x" * 101, "--role", "erp", code=1).err


def test_migrate_is_needed_once_and_harmless_twice(
    cli: CommandLine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = f"{database_url.split('?')[0].rpartition('/')[2]}_empty"
    admin = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {empty}"))
    try:
        monkeypatch.setenv(
            "DUECOURSE_DATABASE_URL", database_url.replace(empty.removesuffix("_empty"), empty)
        )
        key = ["api-key", "create", "--name", "x", "--role", "erp"]
        for words in (["verify"], ["match"], ["worker"], ["serve", "--port", "0"], key):
            assert cli(*words, code=1).err.endswith("Run: duecourse migrate\n")
        found = {one["check"]: one["fine"] for one in cli("doctor", "--json", code=1).json}
        assert (found["connection"], found["schema"]) == (True, False)
        assert cli("migrate").out == "The database is up to date.\n"
        assert cli("migrate").out == "The database is up to date.\n"
        assert all(one["holds"] for one in cli("verify", "--json").json)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {empty} WITH (FORCE)"))
        admin.dispose()


def test_the_doctor_finds_a_healthy_house_but_for_its_durability(cli: CommandLine) -> None:
    """The databases of the tests do not wait for their disk, and the doctor notices."""
    told = cli("doctor", "--json", code=1).json
    assert {one["check"]: one["fine"] for one in told} == {
        "database": True, "time zone": True, "connection": True, "server version": True, "durability": False,
        "schema": True, "API keys": True, "jobs": True, "mail": True,
    }  # fmt: skip
    lax = next(one for one in told if not one["fine"])
    assert lax["says"] == "fsync is off; synchronous_commit is off; full_page_writes is off"
    shown = cli("doctor", code=1).out
    assert "!!" in shown
    assert "the treasury's day begins at midnight in Europe/Berlin" in shown


def test_the_doctor_notices_misspelt_settings_and_failed_jobs(
    cli: CommandLine, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUECOURSE_DATABSE_URL", "postgresql://x")
    monkeypatch.setenv("DUECOURSE_THREADS", "120")
    runtime.run(
        lambda session: session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status) "
                "VALUES ('default', 'match_lines', 'failed')"
            )
        )
    )
    wrong = {one["check"]: one["says"] for one in cli("doctor", "--json", code=1).json if not one["fine"]}
    assert set(wrong) == {"settings", "connection", "durability", "jobs"}
    assert wrong["settings"] == "DUECOURSE_DATABSE_URL is no setting and changes nothing; is it misspelt?"
    assert wrong["connection"].startswith("DUECOURSE_THREADS is 120, but the server takes 100 connections")
    assert wrong["jobs"] == "0 waiting, 1 failed"


def test_the_doctor_says_why_a_database_cannot_be_used(
    dry: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUECOURSE_DATABASE_URL", "postgresql://nobody:geheim@127.0.0.1:1/nothing")
    told = dry("doctor", "--json", code=1)
    connection = next(one for one in told.json if one["check"] == "connection")
    assert connection["says"].startswith("The database of DUECOURSE_DATABASE_URL cannot be used: ")
    assert "geheim" not in told.out + told.err


def test_an_address_that_cannot_be_had_is_one_clear_line(dry: CommandLine, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = dry("serve", "--port", str(port), code=1)
    assert done.err == f"duecourse: Cannot listen on 127.0.0.1, port {port}: Address already in use.\n"
    done = dry("serve", "--host", "192.0.2.1", code=1)
    assert done.err == "duecourse: Cannot listen on 192.0.2.1, port 8000: Cannot assign requested address.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_cannot_be_made_is_one_clear_line(
    dry: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DUECOURSE_DATA_DIR", str(tmp_path / "file" / "data"))
    done = dry("verify", code=1)
    says = f"The data folder {tmp_path}/file/data cannot be used: Not a directory."
    assert done.err == f"duecourse: {says}\n"
