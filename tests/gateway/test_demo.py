"""duecourse demo: from an empty folder to a company whose money is matched, and a server to look around in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exporters.pain008.check import check
from gateway.commands.demo import MARK
from gateway.commands.fresh_folder import FolderNotEmpty, fresh
from gateway.roles import Role
from tests.factories.processes import Server, database_runs, empty_folder, run


@dataclass
class Told:
    """A demo that serves: what it said before, and where its things lie."""

    server: Server
    folder: Path
    text: str

    @property
    def keys(self) -> dict[str, str]:
        return dict(line.split() for line in (self.folder / "api-keys.txt").read_text().splitlines())

    def get(self, path: str, **query: Any) -> Any:
        with self.server.client(self.keys["auditor"]) as client:
            return client.get(path, params=query).raise_for_status().json()

    def last_event(self) -> int:
        """The position of the last thing that happened."""
        after, further = -1, 0
        while further > after:
            after, further = further, int(self.get("/v1/events", after=further, limit=1000)["next"])
        return after


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    with empty_folder() as outside:
        folder = outside / "demo"
        server = Server(
            "demo", "--dir", folder, folder=outside, DATABASE_URL="postgresql://x@127.0.0.1:1/not-ours"
        )
        yield Told(server, folder, "".join(server.said))
        server.kill()


def test_nothing_was_matched_wrongly_and_nothing_came_twice(told: Told) -> None:
    found = re.search(r"(\d+) transfers matched rightly, (\d+)\s+wrongly", told.text)
    assert found is not None
    assert int(found[1]) > 100
    assert int(found[2]) == 0
    assert "Importing every statement again brought 0 new lines." in " ".join(told.text.split())


def test_every_invariant_holds(told: Told) -> None:
    assert re.search(r"\d+ invariants, all hold", told.text)
    assert "BROKEN" not in told.text


def test_the_company_is_as_large_as_promised(told: Told) -> None:
    assert "300 customers, 250 mandates, 1500 invoices" in told.text
    table = told.text[told.text.index("Invoices by collection status") :]
    counted = re.findall(r"│ (\w+) +│ +(\d+) │", table)
    assert sum(int(count) for _, count in counted) == 1_500
    assert {"paid", "paid_provisional", "overdue"} <= {status for status, _ in counted}


def test_banks_would_take_the_files_that_it_sent(told: Told) -> None:
    sent = sorted((told.folder / "pain.008").iterdir())
    reports = [check(path.read_bytes()) for path in sent]
    assert len(reports) > 3
    assert all(report.accepted for report in reports)
    assert sum(report.transactions for report in reports) > 900
    assert all(str(path) in told.text for path in [*sent, *(told.folder / "bank").iterdir()])


def test_it_shows_a_reject_a_return_tried_again_and_a_mandate_that_ended(told: Told) -> None:
    debits = told.get("/v1/debits", limit=500, state="rejected")["data"]
    assert "AC01" in {one["reason_code"] for one in debits}
    returned = {one["id"]: one for one in told.get("/v1/debits", limit=500, state="returned")["data"]}
    first = told.get("/v1/debits", limit=500, state="collected")
    collected = (
        first["data"] + told.get("/v1/debits", limit=500, state="collected", after=first["next"])["data"]
    )
    again = [returned[one["retry_of"]] for one in collected if one["retry_of"] in returned]
    assert "AM04" in {one["reason_code"] for one in again}
    (ended,) = [one for one in returned.values() if one["reason_code"] == "MD01"]
    assert told.get(f"/v1/mandates/{ended['mandate_id']}")["state"] == "cancelled"
    table = told.text[told.text.index("debits failed, and what followed") :]
    assert all(code in table for code in ("AC01", "AM04", "MD01"))
    assert "second try" in table


def test_the_keys_are_for_their_owner_only_and_open_the_api(told: Told) -> None:
    assert (told.folder / "api-keys.txt").stat().st_mode & 0o777 == 0o600
    assert set(told.keys) == {str(role) for role in Role}
    assert told.get("/readyz") == {"status": "ready", "mail": "not set"}
    assert all(secret not in told.text for secret in told.keys.values())


def test_importing_its_statements_again_changes_nothing(told: Told) -> None:
    before = told.last_event()
    assert before > 5_000
    statements = sorted((told.folder / "bank").glob("camt053_*"))
    with told.server.client(told.keys["treasury"]) as client:
        files = [("files", (path.name, path.read_bytes())) for path in statements]
        outcomes = client.post("/v1/statements", files=files).raise_for_status().json()["data"]
    assert [(one["duplicate"], one["imported"], one["error"]) for one in outcomes] == [(True, 0, None)] * len(
        statements
    )
    assert told.last_event() == before


def test_its_log_keeps_names_and_accounts_to_itself(told: Told) -> None:
    """Every customer's name and IBAN, looked for in all that the server wrote down."""
    customers, mandates = (told.get(f"/v1/{noun}", limit=500)["data"] for noun in ("customers", "mandates"))
    private = {one["name"] for one in customers} | {one["iban"] for one in mandates} | set(told.keys.values())
    assert len(private) > 400
    log = told.server.errors.read_text()
    assert '"event": "request"' in log
    assert [one for one in private if one in log] == []


def test_a_second_demo_replaces_the_first_even_while_it_serves(told: Told) -> None:
    """The last test of this file: afterwards the first demo's books are gone."""
    assert database_runs(told.folder / "data")
    done = run("demo", "--no-serve", "--dir", told.folder, cwd=told.folder.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 wrongly" in " ".join(done.stdout.split())
    assert re.search(r"\d+ invariants, all hold", done.stdout)
    assert not database_runs(told.folder / "data")


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FolderNotEmpty) as refused:
        fresh(tmp_path, mark=MARK)
    assert str(tmp_path) in refused.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_taken_and_marked(tmp_path: Path) -> None:
    assert fresh(tmp_path / "a" / "b", mark=MARK) == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b" / MARK).exists()
    assert fresh(tmp_path / "a" / "b", mark=MARK) == tmp_path / "a" / "b"
