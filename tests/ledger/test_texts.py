"""Texts from outside: what a column holds and a person can read, or a refusal that names the field alone."""

from __future__ import annotations

import pytest

from ledger.texts import UnreadableText, check_optional, checked_text


@pytest.mark.parametrize(
    "text", ["x", "x" * 60, "Müller & Söhne", "Ελλάδα 株式会社", "50 % – sofort", " führend"]
)
def test_what_people_write_is_taken_as_it_is(text: str) -> None:
    assert checked_text(text, field="number", longest=60) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The purchase order is empty."),
        (" \t ", "The purchase order is empty."),
        ("x" * 61, "The purchase order is longer than 60 characters."),
        ("PO\0-1", "The purchase order has control characters in it."),
        ("PO\n1", "The purchase order has control characters in it."),
        ("PO\x7f", "The purchase order has control characters in it."),
        ("PO\ud83d", "The purchase order has control characters in it."),
    ],
)
def test_what_no_column_holds_or_nobody_can_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnreadableText) as refused:
        checked_text(text, field="purchase_order", longest=60)
    assert (refused.value.message, refused.value.field) == (message, "purchase_order")


def test_what_is_not_there_is_not_looked_at() -> None:
    check_optional({"street": None, "town": "Berlin", "other": "x" * 99}, {"street": 70, "town": 35})
    with pytest.raises(UnreadableText) as refused:
        check_optional({"street": None, "town": "x" * 36}, {"street": 70, "town": 35})
    assert refused.value.field == "town"
