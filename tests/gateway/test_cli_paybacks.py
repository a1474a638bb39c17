"""duecourse payback: the same steps on the command line, by whom the API key names."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters import pain001
from gateway.access import create_api_key
from gateway.roles import Role
from gateway.runtime import Runtime
from ledger.acts import Act
from tests.factories.books import Books
from tests.factories.paying_back import refund
from tests.gateway.conftest import CommandLine, Done


@pytest.fixture
def secrets(runtime: Runtime, act: Act) -> dict[str, str]:
    """The keys of an auditor and of two treasurers."""
    people = {"ada": Role.TREASURY, "boris": Role.TREASURY, "olga": Role.AUDITOR}
    return {
        name: runtime.run(lambda session, n=name, r=role: create_api_key(session, name=n, role=r, act=act))[1]
        for name, role in people.items()
    }


@pytest.fixture
def refund_id(books: Books) -> str:
    made = refund(books, 3_100)
    books.session.commit()
    return made.id


class Desk:
    """The command line of one person after another."""

    def __init__(self, cli: CommandLine, secrets: dict[str, str], patch: pytest.MonkeyPatch) -> None:
        self._cli, self._secrets, self._patch = cli, secrets, patch

    def __call__(self, who: str, *words: str | Path, code: int = 0) -> Done:
        self._patch.setenv("DUECOURSE_API_KEY", self._secrets[who])
        return self._cli("payback", *words, code=code)


@pytest.fixture
def desk(cli: CommandLine, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(cli, secrets, monkeypatch)


def test_two_persons_send_refunds_and_fetch_the_file(desk: Desk, refund_id: str, tmp_path: Path) -> None:
    drafted = desk("ada", "draft", "--refund", refund_id, "--json").json
    assert (drafted["state"], drafted["total_minor"], drafted["refund_ids"]) == ("draft", 3_100, [refund_id])
    payback_id = drafted["id"]
    assert "Who drafted a payback batch" in desk("ada", "approve", payback_id, code=1).err
    assert "may not do this" in desk("olga", "approve", payback_id, code=1).err
    assert desk("olga", "findings", payback_id, "--json").json == []
    assert "Nothing speaks against this batch." in desk("olga", "show", payback_id).out
    assert desk("boris", "approve", payback_id, "--json").json["state"] == "approved"
    assert "is not released" in desk("boris", "file", payback_id, code=1).err
    assert "released" in desk("boris", "release", payback_id).out
    done = desk("ada", "file", payback_id, "--out", tmp_path / "bank")
    (written,) = (tmp_path / "bank").iterdir()
    assert pain001.fits_schema(written.read_bytes())
    assert drafted["file"]["sha256"] in done.out
    assert [one["state"] for one in desk("olga", "list", "--json").json] == ["released"]
    assert "31.00 EUR" in desk("olga", "list").out


def test_a_draft_is_given_up(desk: Desk, refund_id: str) -> None:
    payback_id = desk("ada", "draft", "--refund", refund_id, "--json").json["id"]
    assert "closed" in desk("ada", "discard", payback_id, "--reason", "wrong day").out
    assert "Nothing speaks" in desk("ada", "draft", "--refund", refund_id).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name refunds, or debits, or one batch of debits."),
        (["--refund", "ref_x"], "String should match pattern"),
        (["--debit", "deb_01jz3q5v9yfk2a8m4t6w7x1c0d"], "A reversal has a reason: AM05, MS02 or MS03."),
        (["--debit", "deb_01jz3q5v9yfk2a8m4t6w7x1c0d", "--because", "AM05", "--accept-provisional"],
         "refunds and a day belong to a pain.001"),
    ],
)  # fmt: skip
def test_a_wish_that_makes_no_sense_is_misuse(desk: Desk, words: list[str], said: str) -> None:
    assert said in " ".join(desk("ada", "draft", *words, code=2).err.replace("│", " ").split())


def test_nobody_acts_without_a_key(cli: CommandLine, refund_id: str) -> None:
    assert "Set DUECOURSE_API_KEY" in cli("payback", "list", code=1).err
