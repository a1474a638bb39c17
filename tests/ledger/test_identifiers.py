"""Ids say what they name, sort by the time they were made, and are never taken for one another."""

from __future__ import annotations

import re
import threading

import pytest

from ledger.identifiers import PREFIXES, is_id, new_id

CONTRACT = {
    "allocation": "all",
    "batch": "bat",
    "creditor": "crd",
    "customer": "cus",
    "debit": "deb",
    "event": "evt",
    "invoice": "inv",
    "mandate": "mnd",
    "match": "mat",
    "payment": "pay",
    "refund": "ref",
    "statement": "stm",
    "statement_line": "lin",
    "stored_file": "fil",
}
INVOICE = "inv_01h455vb4pex5vsknk084sn02q"


def test_prefixes_users_script_against_are_those_of_the_contract() -> None:
    assert {noun: PREFIXES[noun] for noun in CONTRACT} == CONTRACT


def test_no_two_nouns_share_a_prefix() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)


def test_the_prefixes_cannot_be_changed_while_running() -> None:
    with pytest.raises(TypeError):
        PREFIXES["invoice"] = "xxx"  # type: ignore[index]


@pytest.mark.parametrize("prefix", sorted(PREFIXES.values()))
def test_an_id_is_prefix_underscore_and_26_characters(prefix: str) -> None:
    made = new_id(prefix)
    assert re.fullmatch(prefix + "_[0-7][0-9a-hjkmnp-tv-z]{25}", made)
    assert is_id(made, prefix)


@pytest.mark.parametrize("prefix", ["", "INV", "invoice", "inv_", "xyz"])
def test_an_unknown_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="no prefix"):
        new_id(prefix)


def test_ids_made_later_sort_later() -> None:
    made = [new_id("pay") for _ in range(10_000)]
    assert made == sorted(made)


def test_eight_threads_never_make_the_same_id() -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.extend([new_id("deb") for _ in range(2_000)])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 16_000
    assert len(set(made)) == 16_000


def test_an_invoice_id_is_no_payment_id() -> None:
    assert is_id(INVOICE, "inv")
    assert not is_id(INVOICE, "pay")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "inv",
        "inv_",
        "01h455vb4pex5vsknk084sn02q",
        "inv_01h455vb4pex5vsknk084sn02",
        "inv_01h455vb4pex5vsknk084sn02q0",
        "inv_01h455vb4pex5vsknk084sn02u",
        "inv_81h455vb4pex5vsknk084sn02q",
        "INV_01h455vb4pex5vsknk084sn02q",
        "inv_01H455VB4PEX5VSKNK084SN02Q",
        " inv_01h455vb4pex5vsknk084sn02q",
        "inv_01h455vb4pex5vsknk084sn02q\n",
        "inv_01h455vb4pex5vsknk084sn02é",
        "inv_inv_01h455vb4pex5vsknk084sn02q",
        "inv_01h455vb4pex5vsknk084sn02q' or 1=1",
        "inv_" + "0" * 100_000,
    ],
)
def test_what_has_not_the_exact_form_is_no_id(text: str) -> None:
    assert not is_id(text, "inv")
