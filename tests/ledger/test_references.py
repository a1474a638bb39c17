"""A creditor reference names one invoice beyond doubt, or is refused."""

from __future__ import annotations

import string

import pytest
import stdnum.iso11649
from hypothesis import given
from hypothesis import strategies as st

from ledger.banking import InvalidReference, RfReference
from ledger.references import ReferenceKind, StructuredReference, references_in
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


@pytest.mark.parametrize(
    ("text", "kind", "compact"),
    [
        ("RF18 5390 0754 7034", ReferenceKind.RF, "RF18539007547034"),
        ("21 00000 00003 13947 14300 09017", ReferenceKind.QRR, "210000000003139471430009017"),
        ("+++010/8068/17183+++", ReferenceKind.OGM, "010806817183"),
        ("*** 010/8068/17183 ***", ReferenceKind.OGM, "010806817183"),
        ("010806817183", ReferenceKind.OGM, "010806817183"),
        ("5000 0567 8901 2345", ReferenceKind.BETALINGSKENMERK, "5000056789012345"),
        ("12345 3", ReferenceKind.VIITENUMERO, "123453"),
        ("12345674", ReferenceKind.KID, "12345674"),
        ("00123456782", ReferenceKind.KID, "00123456782"),
    ],
)
def test_a_structured_reference_is_read_by_the_rule_it_follows(
    text: str, kind: ReferenceKind, compact: str
) -> None:
    reference = StructuredReference.parse(text)
    assert (reference.kind, str(reference)) == (kind, compact)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("RF19539007547034", "check digits of the creditor reference"),
        ("RF18", "A creditor reference is RF"),
        ("12345", "The check digits fit no reference"),
        ("+++010/8068/17184+++", "The check digits of the OGM do not fit"),
        ("invoice 17", "A reference is RF with two check digits"),
        ("", "A reference is RF"),
        ("١٢٣٤٥٣", "A reference is RF"),
        ("1" * 1_000, "A reference is RF"),
    ],
)
def test_what_follows_no_rule_is_refused_in_words_that_help(text: str, told: str) -> None:
    with pytest.raises(InvalidReference, match=told) as refusal:
        StructuredReference.parse(text, field="reference")
    assert refusal.value.field == "reference"


@pytest.mark.parametrize(
    ("field", "text", "found"),
    [
        ("RF18539007547034", None, ("RF18539007547034",)),
        ("rf18 5390 0754 7034", "RF18539007547034", ("RF18539007547034",)),
        ("00000000000000123453", None, ("00000000000000123453", "123453")),
        ("NOTPROVIDED", None, ()),
        (None, "Danke RF18 5390\n0754 7034 RE 1001", ("RF18539007547034",)),
        (None, "RF18539007547034", ("RF18539007547034",)),
        (None, "RF19539007547034 XRF18539007547034", ()),
        (None, "+++010/8068/17183+++ merci", ("010806817183",)),
        (None, "***010/8068/17183***", ("010806817183",)),
        (None, "+++010/8068/17184+++", ()),
        (None, "QRR 21 00000 00003 13947 14300 09017", ("210000000003139471430009017",)),
        (None, "betalingskenmerk 5000056789012345", ("5000056789012345",)),
        (None, "viite 123453", ("123453",)),
        (None, "KID: 2345676 takk", ("2345676",)),
        (None, "123453", ()),
        (None, "2345676 Kd 20260815", ()),
        (None, "Tel 0108/06817183", ()),
        (None, None, ()),
    ],
)
def test_references_are_found_in_their_field_and_in_free_text(
    field: str | None, text: str | None, found: tuple[str, ...]
) -> None:
    assert references_in(field, text) == found


def test_a_viitenumero_within_a_creditor_reference_is_found_as_both() -> None:
    international = RfReference.make("123453").compact
    assert references_in(international, None) == (international, "123453")


@given(st.text(st.one_of(st.characters(), st.sampled_from("RF0123456789+/ *")), max_size=300))
def test_references_found_in_any_text_are_sound(text: str) -> None:
    for compact in references_in(text, text):
        assert StructuredReference.parse(compact).compact == compact


@pytest.mark.parametrize("unit", ["RF18 ", "+++1", "123456789 ", "12 12345 ", "KID ", "RF18A"])
def test_a_text_without_end_is_read_in_bounds(unit: str) -> None:
    assert len(references_in(unit * 10_000, unit * 10_000)) <= 2
