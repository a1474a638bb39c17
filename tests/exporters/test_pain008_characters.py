"""Any text becomes text that every bank takes; identifiers are never changed, only judged."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.pain008.characters import GUARANTEED, is_clean, to_sepa


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Jörg Müller & Söhne, Straße 5", "Joerg Mueller + Soehne, Strasse 5"),
        ("ÄÖÜ STRAẞE", "AeOeUe STRASSE"),
        ("Ærø Œuvres Łódź Ťažký", "Aro Ouvres Lodz Tazky"),
        ("José Ñandú, façade", "Jose Nandu, facade"),
        ("5–7 — 9", "5-7 - 9"),
        ('„Gut“ ‘so’ «là» "x"', "'Gut' 'so' 'la' 'x'"),
        ("100 €", "100 E"),
        ("a_b~c;d[e]{f}\\g|h", "a-b-c,d(e)(f)/g/h"),
        ("me@home #1 50% *!", "me.home .1 50. .."),
        ("<b>", ".b."),
        ("wait…", "wait..."),
        ("a\u00a0b\tc\nd", "a b c d"),
        ("  two   blanks  ", "two blanks"),
        ("Иван Щукин", "Ivan Shchukin"),
        ("Ιωάννης", "Ioannis"),
        ("北京", "BeiJing"),
        ("ﬁne ½", "fine 1/2"),
    ],
)
def test_names_reach_the_bank_in_letters_it_takes(text: str, written: str) -> None:
    assert to_sepa(text) == written


def test_an_umlaut_typed_as_letter_and_mark_is_the_same_umlaut() -> None:
    assert to_sepa("Mu\u0308ller") == to_sepa("Müller") == "Mueller"


@pytest.mark.parametrize("text", ["😀", "\u0301", "\u200b", "😀😀", "☃ ☃"])
def test_a_name_without_any_letter_becomes_full_stops_and_never_nothing(text: str) -> None:
    assert to_sepa(text) != ""
    assert set(to_sepa(text)) <= {".", " "}


@pytest.mark.parametrize("text", ["", " ", "\t\n\u00a0", "\x1c\u2028\u3000"])
def test_blanks_alone_stay_nothing(text: str) -> None:
    assert to_sepa(text) == ""


@settings(deadline=None)
@given(st.text())
def test_any_text_comes_out_in_guaranteed_characters_and_stays_as_it_is_then(text: str) -> None:
    written = to_sepa(text)
    assert set(written) <= GUARANTEED
    assert to_sepa(written) == written
    assert is_clean(written) or written == ""


@settings(deadline=None)
@given(st.text())
def test_only_text_without_anything_visible_becomes_nothing(text: str) -> None:
    assert (to_sepa(text) == "") == (text.strip() == "")


@settings(deadline=None)
@given(st.text("".join(sorted(GUARANTEED))))
def test_guaranteed_characters_are_only_freed_of_spare_blanks(text: str) -> None:
    assert to_sepa(text) == re.sub(" +", " ", text).strip()
