"""Any text becomes text that every bank takes; identifiers are never changed, only judged."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.pain008.characters import (
    CHARACTERS,
    FRENCH,
    GERMAN,
    GUARANTEED,
    LATIN,
    Characters,
    UnknownCharacters,
    by_name,
    changed,
    is_clean,
    shortened,
    to_sepa,
)

PROFILES = st.sampled_from(list(CHARACTERS.values()))


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
@given(st.text(), PROFILES)
def test_any_text_comes_out_in_what_the_bank_takes_and_stays_as_it_is_then(
    text: str, characters: Characters
) -> None:
    written = to_sepa(text, characters)
    assert set(written) <= characters.taken
    assert to_sepa(written, characters) == written
    assert is_clean(written, characters) or written == ""


@settings(deadline=None)
@given(st.text(), PROFILES, st.integers(1, 70))
def test_only_text_without_anything_visible_becomes_nothing(
    text: str, characters: Characters, limit: int
) -> None:
    assert (to_sepa(text, characters) == "") == (text.strip() == "")
    assert (shortened(text, limit, characters) == "") == (text.strip() == "")


@settings(deadline=None)
@given(st.text("".join(sorted(GUARANTEED))))
def test_guaranteed_characters_are_only_freed_of_spare_blanks(text: str) -> None:
    assert to_sepa(text) == re.sub(" +", " ", text).strip()


@pytest.mark.parametrize(
    ("characters", "written"),
    [
        (LATIN, "Joerg Gross + Soehne .5. .2 Cafe, me.x.eu"),
        (GERMAN, "Jörg Groß & Söhne *5% $2 Cafe, me.x.eu"),
        (FRENCH, "Jorg Gros + Sohne .5. .2 Café, me@x.eu"),
    ],
)
def test_each_kind_of_bank_gets_what_it_takes(characters: Characters, written: str) -> None:
    assert to_sepa("Jörg Groß & Söhne *5% $2 Café, me@x.eu", characters) == written


def test_umlauts_are_two_letters_by_the_german_alternative_and_one_by_the_table() -> None:
    assert (to_sepa("ÄÖÜäöüß", LATIN), to_sepa("ÄÖÜäöüß", FRENCH)) == ("AeOeUeaeoeuess", "AOÜaoüs")
    assert {to_sepa("ẞ", characters) for characters in CHARACTERS.values()} == {"SS"}


def test_every_bank_takes_what_is_guaranteed() -> None:
    assert all(characters.taken >= GUARANTEED for characters in CHARACTERS.values())
    assert LATIN.taken == GUARANTEED
    assert GERMAN.taken - GUARANTEED == set("ÄÖÜäöüß&*$%")


def test_a_profile_is_found_by_its_name_and_no_other() -> None:
    assert by_name("german") is GERMAN
    with pytest.raises(UnknownCharacters, match="latin, german, french"):
        by_name("greek")


def test_a_person_is_shown_before_and_after_and_nothing_where_nothing_changes() -> None:
    assert changed("Jörg Groß", LATIN) == ("Jörg Groß", "Joerg Gross")
    assert changed("Jörg Groß", GERMAN) is None
    assert changed("Erika Beispiel") is None
    assert changed(" Erika  Beispiel") == (" Erika  Beispiel", "Erika Beispiel")


def test_what_is_cut_off_is_a_change_as_well() -> None:
    assert changed("n" * 71, limit=70) == ("n" * 71, "n" * 70)
    assert changed("n" * 70, limit=70) is None
    assert changed("ß" * 36, limit=70) == ("ß" * 36, "s" * 70)
