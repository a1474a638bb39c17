"""References: what every SEPA bank carries unchanged (EPC230-15)."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.sepa_text import are_sepa_references, is_sepa_reference

# EPC230-15, once more as the guideline lists it: a-z A-Z 0-9 / - ? : ( ) . , ' + and the blank.
ALLOWED = string.ascii_letters + string.digits + "/-?:().,'+ "


@pytest.mark.parametrize(
    "text", ["A", "RE-2026-00001", "a/b", "(1+1)?:.,'", "RE 1", "x" * 35, ALLOWED[:35].replace("/", "-")]
)
def test_a_reference_of_the_common_characters_is_carried(text: str) -> None:
    assert is_sepa_reference(text)


CHANGED_OR_REFUSED = (
    "", "x" * 36, "/A", "A/", "A//B", "/", " RE", "RE ", " ", "RE_1", "Rechnung-Ä", "A\n", "A\nB", "A&B", "A*", "A\0",
    "ﬁ", "١",
)  # fmt: skip


@pytest.mark.parametrize("text", CHANGED_OR_REFUSED)
def test_a_reference_some_bank_would_change_or_refuse_is_not(text: str) -> None:
    assert not is_sepa_reference(text)


def test_every_character_is_classified() -> None:
    """Of all characters up to U+FFFF exactly those of the guideline are taken, between two letters."""
    taken = {chr(code) for code in range(0x10000) if is_sepa_reference(f"A{chr(code)}B")}
    assert taken == set(ALLOWED)


def test_a_limit_may_be_shorter() -> None:
    assert is_sepa_reference("x" * 16, limit=16)
    assert not is_sepa_reference("x" * 17, limit=16)


@given(st.lists(st.text("ab/ ä", max_size=5) | st.text(), min_size=1, max_size=4), st.integers(1, 5))
def test_many_references_are_told_as_each_of_them(texts: list[str], limit: int) -> None:
    assert are_sepa_references(texts, limit) == all(is_sepa_reference(text, limit) for text in texts)
