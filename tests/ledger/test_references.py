"""A creditor reference names one invoice beyond doubt, or is refused."""

from __future__ import annotations

import string

import pytest
import stdnum.iso11649
from hypothesis import given
from hypothesis import strategies as st

from ledger.banking import InvalidReference, RfReference
from tests.factories.check_digits import check_digits_by_hand

BODIES = st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=21)


@pytest.mark.parametrize("text", ["RF18539007547034", "RF18 5390 0754 7034", "rf18 5390 0754 7034 "])
def test_a_reference_is_read_however_it_is_grouped(text: str) -> None:
    reference = RfReference.parse(text)
    assert reference.compact == "RF18539007547034"
    assert str(reference) == "RF18539007547034"
    assert reference.body == "539007547034"
    assert reference.pretty == "RF18 5390 0754 7034"


def test_a_reference_is_made_of_the_invoices_own_number() -> None:
    assert RfReference.make("539007547034") == RfReference.parse("RF18539007547034")
    assert RfReference.make("re 2026 0815").body == "RE20260815"


@pytest.mark.parametrize(
    "text",
    ["", "RF", "RF18", "RF17539007547034", "RF1853900754703", "RG18539007547034", "RF1A539007547034",
     "RF18-5390-0754-7034", "RF18539007547034539007547034", "RF١٨539007547034", "18539007547034"],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference) as refusal:
        RfReference.parse(text)
    assert refusal.value.field == "reference"


@pytest.mark.parametrize("body", ["", " ", "2026-0815", "RE/2026", "ÜBER1", "1" * 22])
def test_no_reference_is_made_of_a_number_it_cannot_carry_whole(body: str) -> None:
    with pytest.raises(InvalidReference, match="1 to 21 letters or digits"):
        RfReference.make(body)


@given(BODIES)
def test_references_made_here_are_valid_everywhere(body: str) -> None:
    made = RfReference.make(body)
    assert RfReference.parse(made.pretty) == made
    assert made.body == body
    assert stdnum.iso11649.validate(made.compact) == made.compact
    assert made.compact[2:4] == check_digits_by_hand(body + "RF")


@given(st.text(string.digits, min_size=21, max_size=21), st.integers(0, 20), st.integers(1, 9))
def test_a_mistyped_reference_never_points_to_another_invoice(body: str, place: int, off_by: int) -> None:
    wrong = str((int(body[place]) + off_by) % 10)
    mistyped = body[:place] + wrong + body[place + 1 :]
    with pytest.raises(InvalidReference, match="check digits"):
        RfReference.parse(RfReference.make(body).compact[:4] + mistyped)
