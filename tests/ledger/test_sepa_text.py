"""Identifiers that every bank carries unchanged."""

from __future__ import annotations

import pytest

from ledger.sepa_text import is_sepa_reference


@pytest.mark.parametrize("text", ["A", "INV-2026/0815", "a b", "x" * 35, "+'?:().,-", "1/2/3"])
def test_an_identifier_that_every_bank_takes_is_a_reference(text: str) -> None:
    assert is_sepa_reference(text)


@pytest.mark.parametrize(
    "text",
    ["", "x" * 36, "/A", "A/", "A//B", " A", "A ", "RÉF", "A_B", "A\n", "A\nB", "A&B", "/", " ", "№1"],
)
def test_an_identifier_that_a_bank_would_refuse_or_change_is_no_reference(text: str) -> None:
    assert not is_sepa_reference(text)


def test_the_limit_of_a_reference_is_the_callers() -> None:
    assert is_sepa_reference("12345", limit=5)
    assert not is_sepa_reference("123456", limit=5)
