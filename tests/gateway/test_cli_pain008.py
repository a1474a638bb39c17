"""duecourse pain008 check and bank simulate: what a bank would refuse, and what it would send back."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.pain008 import reader
from tests.factories.api import Caller
from tests.factories.journey import Story
from tests.factories.pain008 import message, written
from tests.factories.pain008_breaches import PLAIN, changed
from tests.gateway.conftest import CommandLine


@pytest.fixture
def ours(
    tmp_path: Path, admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller
) -> tuple[Path, list[str]]:
    """A released file of ours with 120.00 and 49.50 to collect, and its EndToEndIds."""
    story = Story(admin, erp, treasury, second_treasurer)
    invoices = [story.invoice(12_000, mandate=True), story.invoice(4_950, mandate=True)]
    path = tmp_path / "collection.xml"
    path.write_bytes(story.file_of(story.collect()))
    ids = [erp.all("/v1/debits", invoice_id=one["id"])[0]["end_to_end_id"] for one in invoices]
    return path, ids


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A file of another system with one collection of 119.00."""
    path = tmp_path / "theirs.xml"
    path.write_bytes(written(message()))
    return path


def test_our_own_file_would_be_accepted(dry: CommandLine, ours: tuple[Path, list[str]]) -> None:
    path, _ = ours
    assert dry("pain008", "check", path, "--json").json == {
        "file": str(path), "version": "pain.008.001.08", "accepted": True, "transactions": 2,
        "control_sum_minor": 16_950, "findings": [],
    }  # fmt: skip
    assert "pain.008.001.08, 2 transactions, would be accepted." in dry("pain008", "check", path).out


def test_a_broken_file_is_refused_with_rule_place_and_reason(dry: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "theirs.xml"
    path.write_bytes(changed(("<Cd>CORE</Cd>", "<Cd>COR1</Cd>")))
    report = dry("pain008", "check", path, "--json", code=1).json
    assert (report["accepted"], report["transactions"], report["control_sum_minor"]) == (False, 1, 11_900)
    assert report["findings"] == [
        {
            "rule": "local_instrument", "severity": "error",
            "path": "/Document/CstmrDrctDbtInitn/PmtInf[1]/PmtTpInf/LclInstrm", "transaction": None,
            "message": "The local instrument must be CORE or B2B.",
        }
    ]  # fmt: skip
    shown = dry("pain008", "check", path, code=1)
    assert "would be refused." in shown.out
    assert "The local instrument must be CORE or B2B." in shown.out
    assert shown.err == ""


@pytest.mark.parametrize("content", [b"", b"garbage", PLAIN.encode()[:900]])
def test_what_is_no_direct_debit_file_is_refused(dry: CommandLine, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "theirs.xml"
    path.write_bytes(content)
    report = dry("pain008", "check", path, "--json", code=1).json
    assert (report["version"], report["accepted"]) == (None, False)
    assert [one["rule"] for one in report["findings"]] == ["unreadable_file"]


def test_a_profile_that_is_none_is_misuse(dry: CommandLine, plain: Path) -> None:
    done = dry("pain008", "check", plain, "--profile", "MYBANK", code=2)
    assert done.out == ""
    assert "--profile" in done.err
    assert "Traceback" not in done.err


def test_what_a_german_bank_takes_besides_is_doubtful_elsewhere(dry: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "theirs.xml"
    path.write_bytes(changed(("<Nm>Erika Beispiel</Nm>", "<Nm>Jörg Groß &amp; Söhne</Nm>")))
    doubtful = dry("pain008", "check", path, "--json").json
    assert [(one["rule"], one["severity"]) for one in doubtful["findings"]] == [("characters", "warning")]
    assert dry("pain008", "check", path, "--characters", "german", "--json").json["findings"] == []
    done = dry("pain008", "check", path, "--characters", "greek", code=2)
    assert "--characters" in done.err


def test_the_bank_credits_the_lump_and_its_statement_balances(
    dry: CommandLine, ours: tuple[Path, list[str]], tmp_path: Path
) -> None:
    path, _ = ours
    told = dry("bank", "simulate", path, "--out", tmp_path / "answers", "--json").json
    files = {one["format"]: one["file"] for one in told}
    assert set(files) == {"camt.053.001.08", "camt.054.001.08"}
    assert {path.name for path in (tmp_path / "answers").iterdir()} == {
        Path(one).name for one in files.values()
    }
    (read,) = dry("statement", "inspect", files["camt.053.001.08"], "--json").json
    assert (read["balanced"], read["opening_minor"], read["closing_minor"]) == (True, 0, 16_950)
    assert [line["amount_minor"] for line in read["lines"]] == [16_950]
    assert read["lines"][0]["batch"]["count"] == 2


def test_the_bank_returns_what_it_is_told_to_return(
    dry: CommandLine, ours: tuple[Path, list[str]], tmp_path: Path
) -> None:
    path, (first, _) = ours
    out = tmp_path / "answers"
    told = dry(
        "bank", "simulate", path, "--out", out, "--outcome", f"{first}=AM04", "--booking", "single", "--json"
    ).json
    days = [one["file"] for one in told if one["format"] == "camt.053.001.08"]
    read = [one for file in days for one in dry("statement", "inspect", file, "--json").json]
    assert [one["balanced"] for one in read] == [True] * len(read)
    amounts = sorted(line["amount_minor"] for one in read for line in one["lines"])
    assert amounts == [-12_300, 4_950, 12_000]
    back = next(line for one in read for line in one["lines"] if line["amount_minor"] < 0)
    assert (back["return_reason"], back["original_minor"], back["end_to_end_id"]) == ("AM04", 12_000, first)
    assert read[-1]["closing_minor"] == 4_650


def test_the_same_seed_gives_the_same_bytes(dry: CommandLine, plain: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        dry("bank", "simulate", plain, "--out", tmp_path / folder, "--seed", "7")
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")
    )
    assert one == two
    assert one


@pytest.mark.parametrize("outcome", ["AM04", "=AM04", "INV-2026-0001=", ""])
def test_an_outcome_that_names_no_collection_is_misuse(
    dry: CommandLine, plain: Path, tmp_path: Path, outcome: str
) -> None:
    done = dry("bank", "simulate", plain, "--out", tmp_path / "out", "--outcome", outcome, code=2)
    assert "END_TO_END_ID=CODE" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("outcome", ["NOBODY=AM04", "INV-2026-0001=XX99", "INV-2026-0001=MD06:reject"])
def test_an_outcome_that_cannot_be_is_refused_in_one_line(
    dry: CommandLine, plain: Path, tmp_path: Path, outcome: str
) -> None:
    done = dry("bank", "simulate", plain, "--out", tmp_path / "out", "--outcome", outcome, code=1)
    assert done.err.startswith("duecourse: ")
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_bank_refuses_what_it_cannot_read(dry: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "theirs.xml"
    path.write_bytes(b"garbage")
    done = dry("bank", "simulate", path, "--out", tmp_path / "out", code=1)
    assert done.err.startswith("duecourse: ")
    assert done.err.count("\n") == 1


def test_answers_do_not_go_where_a_file_lies(dry: CommandLine, plain: Path) -> None:
    done = dry("bank", "simulate", plain, "--out", plain, code=1)
    assert done.err == f"duecourse: {plain}: File exists\n"


def test_the_bank_refuses_the_whole_file_in_a_version_that_is_asked_for(
    dry: CommandLine, ours: tuple[Path, list[str]], tmp_path: Path
) -> None:
    path, _ = ours
    told = dry(
        "bank", "simulate", path, "--out", tmp_path / "out", "--reject-file", "AM05",
        "--report-version", "pain.002.001.03", "--json",
    ).json  # fmt: skip
    assert [one["format"] for one in told] == ["pain.002.001.03"]
    assert b"<GrpSts>RJCT</GrpSts>" in Path(told[0]["file"]).read_bytes()


def test_the_bank_refuses_a_block_and_credits_nothing_of_it(
    dry: CommandLine, ours: tuple[Path, list[str]], tmp_path: Path
) -> None:
    path, _ = ours
    block = reader.read(path.read_bytes()).blocks[0].payment_information_id
    told = dry(
        "bank", "simulate", path, "--out", tmp_path / "out", "--reject-block", f"{block}=TM01", "--json"
    ).json
    assert [one["format"] for one in told] == ["pain.002.001.10"]
    done = dry("bank", "simulate", path, "--out", tmp_path / "out", "--reject-block", block, code=2)
    assert "PMTINFID=CODE" in done.err


def test_the_bank_returns_together_with_fees_apart_and_everything_twice(
    dry: CommandLine, ours: tuple[Path, list[str]], tmp_path: Path
) -> None:
    path, (first, second) = ours
    told = dry(
        "bank", "simulate", path, "--out", tmp_path / "out", "--returns", "batch", "--fees", "separate",
        "--fee", "250", "--interest", "3", "--outcome", f"{first}=AM04:return+1",
        "--outcome", f"{second}=AC04:return+1", "--itemised", "statement", "--twice", "--json",
    ).json  # fmt: skip
    days = [one["file"] for one in told if one["format"] == "camt.053.001.08"]
    assert len(days) == 4
    read = [one for file in days[::2] for one in dry("statement", "inspect", file, "--json").json]
    amounts = [[line["amount_minor"] for line in one["lines"]] for one in read]
    assert amounts == [[16_950], [-16_950, -250, -3, -250, -3]]
    assert read[-1]["closing_minor"] == -506


def test_the_bank_says_why_it_takes_nothing_of_a_file(dry: CommandLine, plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "late.xml"
    path.write_bytes(plain.read_bytes().replace(b"<NbOfTxs>1<", b"<NbOfTxs>2<"))
    shown = dry("bank", "simulate", path, "--out", tmp_path / "out").out
    assert "The bank took nothing of the file: AM19." in " ".join(shown.split())
