"""An invoice number is found however it is written, and never where it is none."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.invoice_numbers import compact, core, shape
from reconciliation.transfers.numbers import How, Mention, as_written, ending, mentions, near, strays, tails
from reconciliation.transfers.shapes import Shapes
from reconciliation.transfers.words import Words

YEARLY = Shapes.of(["RE99999999"])
BARE = Shapes.of(["9999"])
ZEROS = Shapes.of(["RE999999"])
MIXED = Shapes.of(["9999A99", "XB9999C"])
SEVERAL = Shapes.of(["RE9999", "GS9999", "REA9999"])


def _found(text: str, shapes: Shapes) -> list[tuple[str, str]]:
    return [(mention.core, str(mention.how)) for mention in mentions(Words.of(text), shapes)]


def _only(text: str, shapes: Shapes) -> Mention:
    (mention,) = mentions(Words.of(text), shapes)
    return mention


@pytest.mark.parametrize(
    "text",
    [
        "RE-2026-0815", "RE-2026/0815", "re20260815", "RE 20260815", "RE: 20260815", "RE.2026.0815", "RE_2026_0815",
        "RE-Nr. 20260815", "RE (20260815)", "Danke für RE-2026/0815!", "RE0020260815", "RE 00020260815", "R E20260815",
        "RE20260815VOM15032026", "4711-RE-20260815", "Kd 4711/RE20260815", "SVWZ+RE20260815",
        "Rechnung Nr. RE-2026-0815",
        "Facture RE2026/0815 du 15.03.2026", "Your invoice RE 2026-0815 dated 2026-03-15", "Factuur: RE20260815",
        "Pago factura nº RE-2026-0815", "Saldo fattura RE 2026/0815", "Betr. RE-2026/0815",
        "Ihre Ref RE20260815", "vom RE20260815", "Tel 0171 1234567 RE20260815", "＂RE20260815＂",
        "50,00 EUR RE20260815", "EUR 50,00 RE20260815", "Tel. 0403/203996 RE20260815",
    ],
)  # fmt: skip
def test_a_number_with_its_letters_is_whole_whatever_stands_between(text: str) -> None:
    mention = _only(text, YEARLY)
    assert (mention.core, mention.how, mention.letters) == ("20260815", How.WHOLE, "RE")
    assert mention.fits
    assert not mention.called_otherwise


@pytest.mark.parametrize(
    ("text", "shape", "core"),
    [
        ("RE-2026-00815 GBP", "RE999999999", "202600815"),
        ("Inv. R26-001513 USD", "R99999999", "26001513"),
        ("payment of invoice 123456 CHF", "999999", "123456"),
        ("Invoice 2026/0815 EUR", "99999999", "20260815"),
    ],
)
def test_a_number_before_a_currency_is_no_sum(text: str, shape: str, core: str) -> None:
    assert [mention.core for mention in mentions(Words.of(text), Shapes.of([shape]))] == [core]


@pytest.mark.parametrize(
    "text",
    [
        "20260815",
        "2026-0815",
        "2026/0815",
        "Danke 20260815 Müller",
        "50,00 EUR 20260815",
        "EUR 50,00 20260815",
        "Tel. 0403/203996 2026/0815",
        "4711/20260815",
        "0020260815",
        "Müller, 2026-0815.",
    ],
)
def test_a_number_without_its_letters_is_found(text: str) -> None:
    mention = _only(text, YEARLY)
    assert (mention.core, mention.how, mention.letters) == ("20260815", How.WITHOUT_PREFIX, "")
    assert mention.fits


@pytest.mark.parametrize(
    ("text", "letters", "fits"),
    [
        ("Rechnung20260815", "RECHNUNG", True),
        ("RG 20260815", "RG", True),
        ("RG-20260815", "RG", True),
        ("Rechnung Nr. 20260815", "RECHNUNG", True),
        ("Rechnungsnummer: 2026/0815", "RECHNUNGSNUMMER", True),
        ("invoice no 20260815", "INVOICE", True),
        ("FACT 20260815", "FACT", True),
        ("Fattura n. 20260815", "FATTURA", True),
        ("Factuurnr. 20260815", "FACTUURNR", True),
        ("XY20260815", "XY", False),
        ("BX 20260815", "BX", True),
    ],
)
def test_a_number_behind_letters_that_are_not_ours_says_which(text: str, letters: str, fits: bool) -> None:
    mention = _only(text, YEARLY)
    assert (mention.core, mention.how, mention.letters) == ("20260815", How.OTHER_PREFIX, letters)
    assert mention.fits is fits
    assert mention.called_invoice is (letters not in ("XY", "BX"))


@pytest.mark.parametrize(
    "text",
    [
        "RE 2026 0815",
        "RE2026\n0815",
        "RE-2026-\n0815",
        "RE 202608 15",
        "RE2026081\n5",
        "RE 2026 - 0815",
        "RE 20 26 08 15",
    ],
)
def test_a_number_cut_by_blanks_or_the_end_of_a_line_is_joined(text: str) -> None:
    mention = _only(text, YEARLY)
    assert (mention.core, mention.how) == ("20260815", How.JOINED)
    assert mention.fits


def test_joined_digits_without_letters_contradict_nothing() -> None:
    mention = _only("Danke 2026081 5", YEARLY)
    assert (mention.core, mention.how, mention.fits) == ("20260815", How.JOINED, False)


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("RE 1001, 1002 u. 1003", ["1001", "1002", "1003"]),
        ("RE 1001/1002", ["1001", "1002"]),
        ("RE 1001/1002/1003", ["1001", "1002", "1003"]),
        ("RE 1001 + 1002", ["1001", "1002"]),
        ("RE 1001 1002 1003", ["1001", "1002", "1003"]),
        ("Rechnungen 1001 und 1002", ["1001", "1002"]),
        ("invoices 1001 and 1002", ["1001", "1002"]),
        ("factures 1001, 1002 et 1003", ["1001", "1002", "1003"]),
        ("facturen 1001 en 1002", ["1001", "1002"]),
        ("facturas 1001 y 1002", ["1001", "1002"]),
        ("fatture 1001 e 1002", ["1001", "1002"]),
        ("RE 1001/02/03", ["1001", "1002", "1003"]),
    ],
)
def test_the_numbers_of_a_list_are_called_what_the_first_is_called(text: str, cores: list[str]) -> None:
    found = mentions(Words.of(text), BARE)
    assert [mention.core for mention in found] == cores
    assert [mention.how for mention in found] == [How.WHOLE] + [How.LISTED] * (len(cores) - 1)
    assert all(mention.called_invoice for mention in found)


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("RE 2026/0815/816/817", ["20260815", "20260816", "20260817"]),
        ("RE-2026/0815/16", ["20260815", "20260816"]),
        ("2026/0815/2026/0816", ["20260815", "20260816"]),
        ("4711/2026/0815", ["20260815"]),
        ("4711/2026/0815/816", ["20260815", "20260816"]),
        ("RE 2026/0815,816,817", ["20260815", "20260816", "20260817"]),
        ("RE 2026/0815-0817", ["20260815", "20260816", "20260817"]),
        ("RE 2026/0815-2026/0817", ["20260815", "20260816", "20260817"]),
        ("RE-2026-0815-RE-2026-0817", ["20260815", "20260816", "20260817"]),
        ("RE0020260815/816", ["20260815", "20260816"]),
        ("RE-2026-0815 - RE-2026-0817", ["20260815", "20260816", "20260817"]),
    ],
)
def test_marks_within_numbers_and_between_them_are_told_apart(text: str, cores: list[str]) -> None:
    assert [mention.core for mention in mentions(Words.of(text), YEARLY)] == cores


def test_a_list_of_whole_numbers_keeps_them_whole() -> None:
    assert _found("RE 1001, RE 1002 und GS 1003", SEVERAL) == [
        ("1001", "whole"),
        ("1002", "whole"),
        ("1003", "whole"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "RE 1001-1003", "RE1001-RE1003", "RE 1001 - 1003",
        "RE 1001-03", "1001 bis 1003", "Rechnungen 1001 bis 1003", "1001 to 1003",
        "invoices 1001 through 1003", "1001–1003", "1001 – 1003", "factures 1001 à 1003", "factures 1001 au 1003",
        "facturen 1001 t/m 1003", "facturen 1001 tot 1003", "fatture 1001 al 1003", "facturas 1001 a 1003",
        "facturas 1001 hasta 1003", "RE 1001 bis einschl. 1003",
    ],
)  # fmt: skip
def test_a_range_means_every_number_in_it(text: str) -> None:
    found = mentions(Words.of(text), BARE)
    assert [mention.core for mention in found] == ["1001", "1002", "1003"]
    assert [mention.how for mention in found][1:] == [How.RANGED] * 2
    assert [mention.fits for mention in found] == [True, False, True]


def test_a_range_with_letters_on_both_sides_is_one() -> None:
    found = _found("RE20260815 - RE20260817", YEARLY)
    assert found == [("20260815", "whole"), ("20260816", "ranged"), ("20260817", "ranged")]
    assert _found("RE20260815-RE20260817", YEARLY) == found
    assert _found("RE 0815-0817", ZEROS) == [("815", "whole"), ("816", "ranged"), ("817", "ranged")]


def test_a_range_of_numbers_with_a_year_in_their_letters_is_one() -> None:
    learnt = Shapes.of(["R99999999"])
    expected = [("26000811", "whole"), ("26000812", "ranged"), ("26000813", "ranged")]
    assert _found("R26-000811-R26-000813", learnt) == expected
    assert _found("R26-000811 bis R26-000813", learnt) == expected
    assert [core for core, _ in _found("INV0001884/885", Shapes.of(["INV9999999"]))] == ["1884", "1885"]


@pytest.mark.parametrize("text", ["RE 1001-1051", "RE 1003-1001", "1001 bis 9999", "RE 1001 bis GS 1003"])
def test_what_is_too_long_or_runs_backwards_is_no_range(text: str) -> None:
    assert How.RANGED not in [
        mention.how for mention in mentions(Words.of(text), SEVERAL if "GS" in text else BARE)
    ]


def test_a_range_of_fifty_is_the_largest() -> None:
    assert len(mentions(Words.of("RE 1001-1050"), BARE)) == 50


@pytest.mark.parametrize(
    "text",
    [
        "Tel 0171 20260815", "Rückruf 20260815", "+49 20260815", "DE80 2026 0815 2026 0815 00",
        "20260815,00 EUR", "120260815", "202608151", "1-20260815", "20260815-4711",
        "Rechnung vom 20260815", "fecha 20260815", "info@20260815.de", "www.x.de/20260815", "815", "2026",
        "20.260.815,00", "X815", "RF18 5390 0754 7034", "00000000", "+++010/8068/17183+++",
    ],
)  # fmt: skip
def test_what_is_no_number_of_ours_is_not_taken_for_one(text: str) -> None:
    assert mentions(Words.of(text), YEARLY) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Kd-Nr 20260815", "Kundennummer: 20260815", "KD20260815", "Vertrag 20260815", "Vertragsnr. 20260815",
        "Auftrag 20260815", "Gutschrift GS-20260815", "EREF+20260815",
        "customer no 20260815", "contract 20260815", "PO 20260815",
        "client n° 20260815", "contrat 20260815", "commande 20260815", "klantnummer 20260815", "overeenkomst 20260815",
        "cliente 20260815", "pedido n. 20260815", "contratto 20260815", "ordine 20260815", "15.03.2026", "2026-03-15",
    ],
)  # fmt: skip
def test_a_number_of_something_else_is_told_apart(text: str) -> None:
    mention = _only(text, YEARLY)
    assert mention.called_otherwise
    assert not mention.fits


def test_a_year_is_told_apart_from_a_number_of_four_digits() -> None:
    assert _only("Miete 2026", BARE).called_otherwise
    assert not _only("Rechnung 2026", BARE).called_otherwise


def test_the_invoice_counts_beside_other_numbers_of_the_payer() -> None:
    found = mentions(Words.of("Kd-Nr 20260001, Rechnung 20260815"), YEARLY)
    assert [(mention.core, mention.called_otherwise) for mention in found] == [
        ("20260001", True),
        ("20260815", False),
    ]


@pytest.mark.parametrize(
    "text",
    ["RE 815", "RE-0815", "Rechnung 815", "invoice #815", "Nr. 815", "facture n° 815", "#815", "RE000815"],
)
def test_few_digits_count_when_they_are_called_a_number(text: str) -> None:
    assert [mention.core for mention in mentions(Words.of(text), ZEROS)] == ["815"]


@pytest.mark.parametrize("text", ["815", "Danke 815", "0815", "A815", "Musterstr. 815"])
def test_few_digits_alone_are_none(text: str) -> None:
    assert mentions(Words.of(text), ZEROS) == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2026-A-17", "2026A17"),
        ("2026a17", "2026A17"),
        ("XB-1001-C", "1001C"),
    ],
)
def test_letters_within_and_behind_a_number_belong_to_it(text: str, key: str) -> None:
    assert key in dict(_found(text, MIXED))


def test_a_number_of_letters_alone_is_found() -> None:
    assert _found("Danke fuer ALPHA", Shapes.of(["ALPHA"])) == [("ALPHA", "whole")]
    assert _found("Danke fuer ALPHABET", Shapes.of(["ALPHA"])) == []


def test_each_number_is_given_once_as_plainly_as_it_stands() -> None:
    assert _found("20260815 RE20260815 Kd 20260815", YEARLY) == [("20260815", "whole")]


def test_a_mention_shows_the_text_as_it_stood() -> None:
    mention = _only("Zahlung re-2026/0815, danke", YEARLY)
    assert (mention.text, mention.position) == ("re-2026/0815", 8)


@pytest.mark.parametrize(
    ("text", "number", "how"),
    [
        ("RE 2026 0815", "RE-2026/0815", How.WHOLE),
        ("RE2026\n0815", "RE-2026-0815", How.WHOLE),
        ("RE 202608 15", "RE-2026-0815", How.JOINED),
        ("RE 2026 0815", "RE20260815", How.JOINED),
        ("2026 0815", "RE-2026-0815", How.WITHOUT_PREFIX),
        ("RE 20260815", "GS-20260815", How.OTHER_PREFIX),
        ("RE 20260815", "RE-2026-0815", How.WHOLE),
        ("RG 20260815", "RE-2026-0815", How.OTHER_PREFIX),
        ("20260815", "RE-2026-0815", How.WITHOUT_PREFIX),
    ],
)
def test_the_number_itself_tells_how_plainly_it_was_written(text: str, number: str, how: How) -> None:
    assert as_written(_only(text, YEARLY), number) is how


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("Rechnung 20260815", How.WHOLE),
        ("RG 2026 0815", How.WHOLE),
        ("RG 202608 15", How.JOINED),
        ("XY-2026/0815", How.OTHER_PREFIX),
    ],
)
def test_a_number_without_letters_is_whole_behind_a_word_for_invoice(text: str, how: How) -> None:
    assert as_written(_only(text, Shapes.of(["99999999"])), "2026/0815") is how


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20260815", ["20260815"]), ("20260816", ["20260815"]), ("2026815", ["20260815"]), ("202608155", ["20260815"]),
     ("20268015", ["20260815"]), ("20266085", []), ("2026", [])],
)  # fmt: skip
def test_one_slip_leads_to_the_numbers_near(text: str, expected: list[str]) -> None:
    exact = [] if text == "20260815" else expected
    assert near(text, ["20260815", "20269999", "815"]) == exact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rechnung 0815", ("0815",)), ("Rg. 815", ("815",)), ("0815", ("0815",)), ("RE-00815", ("00815",)), ("815", ()),
        ("2026", ()), ("Kd 0815", ()), ("Tel 0815", ()), ("RE 20260815", ()), ("15.03.2026", ()), ("EUR 4711", ()),
    ],
)  # fmt: skip
def test_digits_that_can_be_the_end_of_a_number_are_told(text: str, expected: tuple[str, ...]) -> None:
    assert tails(Words.of(text), YEARLY) == expected


def test_the_end_of_a_number_leads_to_all_that_end_so() -> None:
    assert ending("0815", ["20260815", "20250815", "20260816", "0815"]) == ["20260815", "20250815"]


def test_strays_are_all_digits_that_can_be_ours_with_a_slip() -> None:
    assert strays(Words.of("Danke 2026815, Tel 0171 2026816 und 4711"), YEARLY) == ("2026815",)


_SEPARATORS = st.sampled_from(["", "-", "/", "_", " ", "\n", " - ", "- "])


@given(
    letters=st.sampled_from(["RE", "re", "Re"]),
    zeros=st.integers(0, 3),
    digits=st.integers(10_000_000, 99_999_999).map(str),
    cut=st.integers(3, 5),
    marks=st.tuples(_SEPARATORS, _SEPARATORS),
    around=st.sampled_from(
        [("", ""), ("Danke ", " Mueller"), ("Rechnung ", ""), ("", ", danke"), ("(", ")")]
    ),
)
@example("RE", 0, "20260815", 4, (" ", "-"), ("", ""))
def test_a_number_is_found_with_any_marks_case_and_zeros(
    letters: str, zeros: int, digits: str, cut: int, marks: tuple[str, str], around: tuple[str, str]
) -> None:
    written = letters + marks[0] + "0" * zeros + digits[:cut] + marks[1] + digits[cut:]
    assert digits in dict(_found(around[0] + written + around[1], YEARLY))


@given(
    st.from_regex(r"[1-9][0-9]{7}", fullmatch=True),
    st.text("123456789", min_size=1, max_size=5),
    st.booleans(),
)
def test_digits_within_a_longer_run_are_never_found(digits: str, more: str, before: bool) -> None:
    run = more + digits if before else digits + more
    assert digits not in dict(_found(f"RE {run}", YEARLY))
    assert digits not in dict(_found(f"RE{run} Danke", YEARLY))


@given(
    st.text(st.one_of(st.characters(), st.sampled_from("0123456789 -/.,RE\n")), max_size=400),
    st.lists(st.sampled_from(["RE99999999", "9999", "9A9", "99", "A", "RE9999"]), max_size=4),
)
def test_any_text_gives_few_mentions_that_lie_within_it(text: str, learnt: list[str]) -> None:
    for mention in mentions(Words.of(text), Shapes.of(learnt)):
        assert text[mention.position :].startswith(mention.text)
        assert mention.core
        assert not mention.core.startswith("0")


@pytest.mark.parametrize(
    "unit", ["1 ", "1001 ", "RE 20", "1-", "1/", "2026 0815 ", "RE 1001-1050 ", "A1", "1001, ", "1001 bis "]
)
def test_a_text_without_end_gives_a_bounded_number_of_mentions(unit: str) -> None:
    for shapes in (YEARLY, BARE, ZEROS, MIXED):
        assert len(mentions(Words.of(unit * 5_000), shapes)) <= 300


@given(st.from_regex(r"(?:[A-Z]{1,3}[-/ ]?)?[1-9][0-9]{3,9}", fullmatch=True))
def test_a_number_written_as_it_is_leads_to_its_own_core(number: str) -> None:
    learnt = Shapes.of([shape(compact(number))])
    assert core(compact(number)) in dict(_found(f"Rechnung {number}", learnt))
