"""Which words of a remittance text can be an invoice number, and which only look like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.evidence import whole_tokens

NUMBER = "RE-2026-00815"


@pytest.mark.parametrize(
    "text",
    [
        "RE-2026-00815",
        "re-2026-00815",
        "Rechnung RE-2026-00815",
        "RE-2026-00815, Kd.-Nr. 4711",
        "Rechnung Nr. RE-2026-00815.",
        "Rechnung:RE-2026-00815",
        "(RE-2026-00815)",
        '"RE-2026-00815"',
        "Facture n° RE-2026-00815 du 12/11/2026",
        "RE-2026-00815/",
        "-RE-2026-00815-",
        "RE-2026-00815 + Trinkgeld",
        "RE-2026-00815;Danke",
        "Zahlung\tRE-2026-00815\nvielen Dank",
        "#RE-2026-00815",
        "Tel. 030 4711 wegen RE-2026-00815",
    ],
)
def test_a_number_that_stands_by_itself_is_found(text: str) -> None:
    assert NUMBER in whole_tokens(text)


@pytest.mark.parametrize(
    "text",
    [
        "RE-2026-008150",
        "RE-2026-008151",
        "RE-2026-0081",
        "XRE-2026-00815",
        "1RE-2026-00815",
        "RE-2026-00815-2",
        "RE-2026-00815/1",
        "RE-2026-00815.1",
        "RE-2026-00815RE-2026-00816",
        "RE-2026-00815/RE-2026-00816",
        "RE 2026 00815",
        "RE - 2026 - 00815",
        "RE-2026- 00815",
        "RE-2026-O0815",
        "0171202600815",
        "2026-00815",
        "00815",
        "",
        "   ",
        "...",
    ],
)
def test_a_part_of_something_else_is_not_the_number(text: str) -> None:
    assert NUMBER not in whole_tokens(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4711", True),
        ("Rechnung 4711", True),
        ("Re. 4711 Tel. 030 99", True),
        ("Tel. 4711", False),
        ("Tel.: 4711", False),
        ("Telefon 030 4711", False),
        ("Tel +49 30 4711", False),
        ("Tel.Nr. 4711", False),
        ("Tel Nr. 4711", False),
        ("Tel.-Nr. 4711", False),
        ("Rückruf unter 4711", False),
        ("Fax 030/99-0 4711", False),
        ("Mobil 0171 4711", False),
        ("phone 4711", False),
        ("Tel. 99 Rechnung 4711", True),
        ("Tel. 030 99, Re 4711", True),
        ("47110", False),
        ("04711", False),
        ("1.4711", False),
        ("4711,00", False),
        ("EUR 4711,00 danke", False),
        ("4711, danke", True),
        ("4711,danke", True),
    ],
)
def test_digits_that_are_called_a_telephone_number_are_not_an_invoice(text: str, found: bool) -> None:
    assert ("4711" in whole_tokens(text)) is found


def test_a_number_with_blanks_is_found_in_one_piece_only() -> None:
    tokens = whole_tokens("Rechnung RE 2026 0815 danke")
    assert "RE 2026 0815" in tokens
    assert "RECHNUNG RE 2026 0815" in tokens
    assert "RECHNUNG RE 2026 0815 DANKE" not in tokens
    assert "RE 0815" not in tokens
    assert "2026 0815" not in whole_tokens("2026 Tel. 0815")


def test_no_text_names_nothing() -> None:
    assert whole_tokens(None) == whole_tokens("") == set()


@given(st.text())
def test_any_text_is_read_and_every_token_is_whole_words(text: str) -> None:
    for token in whole_tokens(text):
        assert token == " ".join(token.split(" "))
        assert token == token.strip(" .-/_")
        assert 1 <= len(token.split(" ")) <= 4


@given(st.text(alphabet="abcXYZ019-/._", max_size=6), st.text(alphabet="abcXYZ019-/._", max_size=6))
def test_what_is_glued_to_a_number_hides_it(before: str, after: str) -> None:
    glued = f"{before}{NUMBER}{after}"
    is_whole = glued.strip(".-/_").upper() == NUMBER
    assert (NUMBER in whole_tokens(f"Rechnung {glued} danke")) is is_whole
