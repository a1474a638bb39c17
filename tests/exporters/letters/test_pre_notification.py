"""What a customer is told before a debit, byte for byte, and what nobody can smuggle into it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.letters.languages import LANGUAGES, OTHERWISE, WORDS, language_of
from exporters.letters.pre_notification import compose
from ledger.money import Money
from ledger.sepa_countries import is_sepa_country
from tests.factories.letters import PLAIN, notice, opened, part

GOLDEN = Path(__file__).parents[2] / "golden" / "letters"
HEADERS = [
    "Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    "Content-Language",
]  # fmt: skip


@pytest.mark.parametrize("language", WORDS)
def test_the_same_notice_is_the_same_bytes(language: str) -> None:
    told = compose(notice(language=language))
    assert told == (GOLDEN / f"pre_notification_{language}.eml").read_bytes()
    assert compose(notice(language=language)) == told


@pytest.mark.parametrize(
    ("language", "amount", "day"),
    [
        ("de", "1.234,56\xa0€", "Mittwoch, 2. Dezember 2026"),
        ("en", "€1,234.56", "Wednesday 2 December 2026"),
        ("fr", "1\u202f234,56\xa0€", "mercredi 2 décembre 2026"),
        ("es", "1.234,56\xa0€", "miércoles, 2 de diciembre de 2026"),
        ("it", "1.234,56\xa0€", "mercoledì 2 dicembre 2026"),
        ("nl", "€\xa01.234,56", "woensdag 2 december 2026"),
    ],
)
def test_both_parts_say_all_that_the_scheme_asks_for(language: str, amount: str, day: str) -> None:
    message = opened(compose(notice(language=language)))
    assert [kind.get_content_type() for kind in message.iter_parts()] == ["text/plain", "text/html"]
    for kind in ("plain", "html"):
        text = part(message, kind)
        for said in (
            amount, day, "Muster Energie GmbH", "DE98ZZZ09999999999", "M-2026-0815", "RE-2026-00042", "IBAN …0402",
            "Erika Beispiel", "help@billing.example", "Musterstraße 1", "10115 Berlin",
        ):  # fmt: skip
            assert said in text, (kind, said)
    assert amount in message["Subject"]
    assert message["Content-Language"] == language


def test_the_headers_say_who_to_whom_and_when() -> None:
    message = opened(compose(PLAIN))
    assert list(message.keys()) == HEADERS
    assert message["From"] == "Muster Energie GmbH <billing@billing.example>"
    assert message["To"] == "erika@example.org"
    assert message["Date"].datetime == PLAIN.at
    assert message["Message-ID"] == "<ntc_01jz3q5v9yfk2a8m4t6w7x1c0d@billing.example>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_second_notice_says_that_it_replaces_the_first() -> None:
    for language, words in WORDS.items():
        first, second = (
            part(opened(compose(notice(language=language, replaces=again))), "plain")
            for again in (False, True)
        )
        assert (words.opening in first, words.opening_again in first) == (True, False)
        assert words.opening_again in second


def test_small_and_large_amounts_are_exact() -> None:
    for minor, said in ((1, "0,01\xa0€"), (100, "1,00\xa0€"), (99_999_999_999, "999.999.999,99\xa0€")):
        assert said in part(opened(compose(notice(amount=Money(minor, "EUR")))), "plain")


HOSTILE = [
    "Erika\r\nBcc: thief@example.net",
    "Erika\nContent-Type: text/html\n\n<script>",
    "</p><script>alert(1)</script>",
    "--=_ntc_01jz3q5v9yfk2a8m4t6w7x1c0d",
    '" <thief@example.net>, "',
    "{amount} {0.__class__} %s",
    "=?utf-8?q?=0D=0ABcc=3A_thief=40example=2Enet?=",
    "Erika\u2028\u2029\x85\x0b\x0cBcc: thief@example.net",
    "\u202etibeD\u202c",
    "\u200b\u200d",
    "&lt;b&gt;",
    "é" * 140,
    "x" * 140,
    ". \r\n.\r\nMAIL FROM:<thief@example.net>",
]


class Elements(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def elements(content: bytes) -> list[str]:
    return Elements(part(opened(content), "html")).names


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "field", ["debtor_name", "creditor_name", "mandate_reference", "invoice_number", "contact"]
)
def test_no_name_or_number_becomes_a_header_or_an_element(field: str, text: str) -> None:
    content = compose(notice(**{field: text}))
    message = opened(content)
    assert list(message.keys()) == HEADERS
    assert [str(one) for one in message["To"].addresses] == ["erika@example.org"]
    assert [one.addr_spec for one in message["From"].addresses] == ["billing@billing.example"]
    assert len(list(message.iter_parts())) == 2
    assert message.defects == []
    assert elements(content) == elements(compose(PLAIN))


def printable() -> st.SearchStrategy[str]:
    return st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=1, max_size=140)


@given(printable(), printable(), printable())
def test_whatever_the_names_are_the_message_stays_one(debtor: str, creditor: str, number: str) -> None:
    content = compose(notice(debtor_name=debtor, creditor_name=creditor, invoice_number=number))
    message = opened(content)
    assert list(message.keys()) == HEADERS
    assert [one.addr_spec for one in message["From"].addresses] == ["billing@billing.example"]
    assert elements(content) == elements(compose(PLAIN))
    assert max(map(len, content.split(b"\r\n"))) <= 998  # RFC 5322, section 2.1.1
    assert content.isascii()


def test_no_line_break_stands_alone() -> None:
    content = compose(notice(debtor_name="Erika\rBei\nspiel"))
    assert content.replace(b"\r\n", b"").isascii()
    assert not {b"\r"[0], b"\n"[0]} & set(content.replace(b"\r\n", b""))


def test_a_long_domain_does_not_break_the_message_id() -> None:
    domain = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.example"
    message = opened(compose(notice(message_id=f"ntc_01jz3q5v9yfk2a8m4t6w7x1c0d@{domain}")))
    assert message["Message-ID"] == f"<ntc_01jz3q5v9yfk2a8m4t6w7x1c0d@{domain}>"


def fields_of(words: object) -> Iterator[tuple[str, str]]:
    for name in words.__slots__:  # type: ignore[attr-defined]
        yield name, getattr(words, name)


def test_every_language_has_every_word_and_the_same_places_to_fill() -> None:
    places = {"subject": {"amount", "day"}, "greeting": {"name"}, "questions": {"contact"}}
    for language, words in WORDS.items():
        for name, text in fields_of(words):
            assert text.strip(), (language, name)
            wanted = places.get(name, set())
            assert all(f"{{{place}}}" in text for place in wanted), (language, name)
            assert text.count("{") == len(wanted)


def test_every_country_of_the_scheme_is_written_to_in_a_language_we_have() -> None:
    pairs = [a + b for a in ascii_uppercase for b in ascii_uppercase]
    assert {language_of(country) for country in pairs if is_sepa_country(country)} == set(WORDS)
    assert all(is_sepa_country(country) for country in LANGUAGES)
    assert set(LANGUAGES.values()) | {OTHERWISE} == set(WORDS)
    assert [language_of(one) for one in ("AT", "BE", "LU", "MC", "SM", "FI", None)] == [
        "de", "nl", "fr", "fr", "it", "en", "en",
    ]  # fmt: skip


def test_a_date_is_the_day_itself_in_every_language() -> None:
    for language in WORDS:
        text = part(opened(compose(notice(language=language, collect_on=date(2027, 1, 4)))), "plain")
        assert "2027" in text
        assert "4" in text
