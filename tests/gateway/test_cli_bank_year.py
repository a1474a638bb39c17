"""duecourse bank year: a small year on a database of its own, as a table or as JSON."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.conftest import CommandLine


def test_a_month_of_a_few_customers_agrees_and_is_the_same_again(dry: CommandLine, tmp_path: Path) -> None:
    words = (
        "bank", "year", "--dir", tmp_path / "year", "--seed", "3", "--customers", "4", "--months", "1",
        "--trouble", "6", "--json",
    )  # fmt: skip
    told = dry(*words).json
    assert told["differences"] == []
    assert (told["seed"], told["customers"], told["months"], told["days"]) == (3, 4, 1, 20)
    assert set(told["figures"]) == {
        "balance of the account", "collected and kept", "returned and refunded", "refunds paid out",
        "costs of returns", "suspense and its lines",
    }  # fmt: skip
    for figure in told["figures"].values():
        assert figure["bank_minor"] == figure["books_minor"]
    assert told["count"]["invoices"] == 4
    assert sum(told["debits"].values()) == told["count"]["debits"] > 0
    assert set(told["invariants"].values()) == {0}
    assert (tmp_path / "year" / ".duecourse-year").exists()
    assert dry(*words).json == told


def test_a_folder_with_other_things_is_left_alone(dry: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = dry("bank", "year", "--dir", tmp_path, code=1)
    assert "is not empty" in done.err
    assert (tmp_path / "mine.txt").read_text() == "mine"
