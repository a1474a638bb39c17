"""What the texts of MT940 lines say in the dialects of German and Dutch banks, and in free words."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ledger.money import Money
from reconciliation.formats import mt940
from reconciliation.formats.mt940.texts import facts
from reconciliation.statement import Batch, Line, Party, Statement, WholeStatement, gather
from tests.factories import mt940 as made
from tests.factories.mt940 import CUSTOMER, Entry, german, wrapped

CREDITOR_ID = "DE98ZZZ09999999999"


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


def only(entry: Entry) -> WholeStatement:
    (whole,) = gather(mt940.read(io.BytesIO(made.mt940([entry]))))
    return whole


def read(text: str, *, amount: int = 1250, **entry: Any) -> Line:
    (line,) = only(Entry(amount=amount, text=text, **entry)).lines
    return line


# --- Germany ---


@pytest.mark.parametrize("separator", ["?", ">", "!", "#", "\xa7", "~", "-", "'"])
def test_a_german_text_tells_the_payer_and_the_purpose_behind_any_separator(separator: str) -> None:
    text = german(
        "166",
        purpose="Rechnung RE.2026.0815 vom 01.01.2026 Kundennummer 4711 danke",
        primanota="931",
        bic="BYLADEM1001",
        iban=CUSTOMER,
        name="Anna Beispiel Handelsgesellschaft mbH",
        separator=separator,
    )
    line = read(text)
    assert line.remittance == "Rechnung RE.2026.0815 vom 01.01.2026 Kundennummer 4711 danke"
    assert line.counterparty == Party(
        name="Anna Beispiel Handelsgesellschaft mbH", iban=CUSTOMER, bic="BYLADEM1001"
    )
    assert line.transaction_code == "NTRF+166+931"


def test_a_purpose_of_all_fourteen_parts_runs_on_without_blanks() -> None:
    purpose = "".join(f"{number:03d}-" for number in range(94))[:378]
    assert read(german("166", purpose=purpose)).remittance == purpose


def test_sepa_attributes_are_told_apart_wherever_they_begin() -> None:
    purpose = (
        "EREF+E2E-2026-000000000001 KREF+SEPA-DA20220112201740-34972000-P1 "
        f"MREF+MND-0042 CRED+{CREDITOR_ID} SVWZ+Rechnung 4711 + Versand ABWA+Otto Beispiel"
    )
    line = read(german("105", purpose=purpose, name="Stadtwerke"), amount=-1250)
    assert line.end_to_end_id == "E2E-2026-000000000001"
    assert (line.mandate_id, line.creditor_id) == ("MND-0042", CREDITOR_ID)
    assert line.remittance == "Rechnung 4711 + Versand"
    assert line.counterparty.name == "Stadtwerke"


def test_sepa_attributes_at_the_start_of_a_part_need_no_blank_before_them() -> None:
    line = read("166?00GUTSCHRIFT?20EREF+E2E-1?21KREF+K?22SVWZ+Rechnung ?234711?32Anna")
    assert (line.end_to_end_id, line.remittance) == ("E2E-1", "Rechnung 4711")


def test_sepa_attributes_are_found_across_the_cut_of_parts_and_lines() -> None:
    line = read("166?00GUTSCHRIFT?20EREF+E2E-1 MRE\n?21F+M-1 S?22VWZ+Rechnung\n 4711?32Anna")
    assert (line.end_to_end_id, line.mandate_id, line.remittance) == ("E2E-1", "M-1", "Rechnung 4711")


def test_what_stands_before_the_attributes_is_purpose_too() -> None:
    line = read("835?20Kto-Abschluss?21EREF+E2E-1?22SVWZ+Rechnung 4711")
    assert (line.end_to_end_id, line.remittance) == ("E2E-1", "Kto-Abschluss Rechnung 4711")


def test_an_attribute_counts_once_and_later_is_text() -> None:
    assert read("166?20EREF+E2E-1?21SVWZ+siehe EREF+E2E-2").remittance == "siehe EREF+E2E-2"


def test_a_word_that_only_ends_like_an_attribute_is_none() -> None:
    assert read("166?20SVWZ+ABIC+TRIO und XEREF+1").remittance == "ABIC+TRIO und XEREF+1"


@pytest.mark.parametrize("value", ["NOTPROVIDED", "notprovided", "NONREF"])
def test_a_reference_that_says_there_is_none_is_none(value: str) -> None:
    assert read(f"166?20EREF+{value}?21SVWZ+a").end_to_end_id is None


def test_a_deviating_payer_stands_in_where_no_name_does() -> None:
    assert read("166?20SVWZ+a?21ABWA+Otto Beispiel").counterparty == Party(name="Otto Beispiel")


def test_an_account_and_bic_among_the_attributes_stand_in_where_no_subfields_do() -> None:
    line = read(f"166?20EREF+E?21IBAN+{CUSTOMER}?22BIC+BYLADEM1001?23SVWZ+a")
    assert line.counterparty == Party(iban=CUSTOMER, bic="BYLADEM1001")


def test_an_old_bank_code_is_no_bic() -> None:
    line = read("051?00GUTSCHRIFT?20Miete?3012030000?319003932309?32Deutsche Beispielbank")
    assert line.counterparty == Party(name="Deutsche Beispielbank", iban="9003932309")


def test_a_separator_that_begins_no_subfield_is_text() -> None:
    assert read("166?20Wie geht es? Gut?21, danke?32Anna").remittance == "Wie geht es? Gut, danke"


def test_subfields_may_stand_in_any_order() -> None:
    line = read("166?32Anna?33 Beispiel?31DE02?21 4711?20Rechnung?00GUTSCHRIFT")
    assert (line.remittance, line.counterparty) == ("Rechnung 4711", Party(name="Anna Beispiel", iban="DE02"))


def test_a_subfield_that_was_there_already_is_text() -> None:
    line = read("166?20Kostet das?20 Euro?32Anna")
    assert (line.remittance, line.counterparty.name) == ("Kostet das?20 Euro", "Anna")


def test_a_number_without_a_meaning_ends_a_name_but_no_purpose() -> None:
    line = read("166?20Spende?701234567?32EWE GmbH?35Kundendienst")
    assert (line.remittance, line.counterparty.name) == ("Spende?701234567", "EWE GmbH")


@pytest.mark.parametrize(
    ("text", "remittance", "code"),
    [
        ("091", None, "NTRF+091"),
        ("999Scheck 4711", "Scheck 4711", "NTRF+999"),
        ("835?00SONSTIGES?10931", "SONSTIGES", "NTRF+835+931"),
        ("820?00UMBUCHUNG?20", "UMBUCHUNG", "NTRF+820"),
        ("?00LOHN?20Januar", "Januar", "NTRF"),
    ],
)
def test_a_german_text_without_a_purpose_says_what_the_bank_says(
    text: str, remittance: str | None, code: str
) -> None:
    line = read(text)
    assert (line.remittance, line.transaction_code) == (remittance, code)


def returned(key: str | None, purpose: str = "EREF+E2E-1 OAMT+71,97 COAM+3,00 SVWZ+RETURN/REFUND") -> Line:
    text = german("109", purpose=purpose, booking_text="SEPA-LS RETOURE", primanota="9075", key=key)
    return read(text, amount=-7497, kind="NRTI")


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("901", "AC01"),
        ("902", "AC04"),
        ("903", "AC06"),
        ("904", "AG01"),
        ("906", "AM04"),
        ("907", "AM05"),
        ("908", "BE04"),
        ("909", "MD01"),
        ("910", "MD02"),
        ("912", "MD06"),
        ("913", "MD07"),
        ("914", "MS03"),
        ("915", "RC01"),
        ("905", "905"),
        ("911", "911"),
        ("916", "916"),
        ("917", "917"),
        ("918", "918"),
        (None, "NARR"),
    ],
)
def test_a_return_key_is_the_iso_reason_where_it_is_clear_and_itself_where_not(
    key: str | None, reason: str
) -> None:
    line = returned(key)
    assert (line.return_reason, line.original, line.charges) == (reason, euro(7197), euro(300))
    assert line.end_to_end_id == "E2E-1"
    assert line.transaction_code == f"NRTI+109+9075{'+' + key if key else ''}"


def test_a_return_reason_in_words_counts_where_the_key_does_not_tell() -> None:
    assert returned(None, "EREF+E2E-1 SVWZ+Rueckgabegrund: AC04 Konto erloschen").return_reason == "AC04"
    assert returned("911", "EREF+E2E-1 SVWZ+Rueckgabegrund: AC04 Konto erloschen").return_reason == "AC04"


@pytest.mark.parametrize("words", ["XAC04", "AC041", "CUST DUPL", "ZZ99", "ac04"])
def test_words_of_a_return_that_are_no_reason_are_none(words: str) -> None:
    assert returned(None, f"EREF+E2E-1 SVWZ+{words}").return_reason == "NARR"


def test_the_original_of_a_return_is_the_booking_without_the_fees_where_it_is_not_told() -> None:
    line = returned("914", "EREF+E2E-1 COAM+3,00 SVWZ+RETURN")
    assert (line.original, line.charges) == (euro(7197), euro(300))


def test_a_key_of_a_payment_is_no_return_reason() -> None:
    line = read(german("105", purpose="Miete", key="992"), amount=-5)
    assert (line.return_reason, line.transaction_code) == (None, "NTRF+105++992")


@pytest.mark.parametrize("amount", ["3,00", "EUR 3,00", "EUR3,00", "3,00 EUR", "3,"])
def test_fees_are_read_with_and_without_their_currency(amount: str) -> None:
    assert returned("914", f"EREF+E SVWZ+a COAM+{amount}").charges == euro(300)


@pytest.mark.parametrize("amount", ["drei", "USD3,00", "3,001", "-3,00"])
def test_fees_that_cannot_be_read_are_left_out_and_named(amount: str) -> None:
    text = german("109", purpose=f"EREF+E SVWZ+a COAM+{amount}")
    whole = only(Entry(amount=-7497, text=text))
    assert whole.lines[0].charges is None
    assert whole.statement.problems == (
        "1 line whose original amount or charges cannot be read, which are left out.",
    )


@pytest.mark.parametrize("code", ["192", "196", "195", "197"])
def test_a_lump_names_its_payment_block(code: str) -> None:
    line = read(german(code, purpose="KREF+DC-2026-0001 SVWZ+ANZAHL 3"))
    assert line.batch == Batch(payment_information_id="DC-2026-0001")


def test_a_lump_names_its_payment_block_as_the_reference_of_the_line() -> None:
    line = read(german("192", purpose="SAMMLER"), reference="DC-2026-0001", bank_reference="B-1")
    assert line.batch == Batch(payment_information_id="DC-2026-0001")
    assert read(german("192", purpose="SAMMLER"), reference="KREF+").batch is None


def test_a_single_payment_is_no_lump_whatever_its_reference() -> None:
    assert read(german("166", purpose="KREF+K-1 SVWZ+a"), reference="R-1").batch is None


def test_attributes_that_are_repeated_in_words_are_no_part_of_the_purpose() -> None:
    purpose = (
        f"EREF+E2E-1 SVWZ+Beitrag 2026 EREF: E2E-1 MREF: M-1 CRED: {CREDITOR_ID} "
        f"IBAN: {CUSTOMER} BIC: BYLADEM1001 ABWE: Otto"
    )
    line = read(german("166", purpose=purpose, name="Anna"))
    assert (line.remittance, line.end_to_end_id) == ("Beitrag 2026", "E2E-1")
    assert (line.mandate_id, line.creditor_id) == ("M-1", CREDITOR_ID)
    assert line.counterparty == Party(name="Anna", iban=CUSTOMER, bic="BYLADEM1001")


def test_attributes_may_be_spelled_with_a_colon_alone() -> None:
    line = read(german("166", purpose="EREF: E2E-1 MREF: NOTPROVIDED SVWZ: Rechnung 4711", name="Anna"))
    assert (line.remittance, line.end_to_end_id, line.mandate_id) == ("Rechnung 4711", "E2E-1", None)
    assert read("EREF: E2E-1 SVWZ: Rechnung 4711").end_to_end_id == "E2E-1"


def test_what_the_bank_states_goes_before_what_is_repeated_in_words() -> None:
    line = read(german("166", purpose="EREF+E2E-1 SVWZ+a EREF: E2E-2 IBAN: DE02", iban=CUSTOMER, name="Anna"))
    assert (line.end_to_end_id, line.counterparty.iban) == ("E2E-1", CUSTOMER)


def test_labels_in_parts_of_their_own_tell_what_stands_behind_them() -> None:
    parts = [
        "LASTSCHRIFT",
        "END-TO-END-REF.:",
        "1" * 27,
        "23",
        "CORE / MANDATSREF.:",
        "MA61",
        "GLÄUBIGER-ID:",
    ]
    text = "".join(f"?{number}{part}" for number, part in enumerate([*parts, CREDITOR_ID, "Ref. JK21"], 20))
    line = read(f"005{text}?32BEISPIEL AG", amount=-1250)
    assert (line.remittance, line.end_to_end_id) == ("LASTSCHRIFT Ref. JK21", "1" * 27 + "23")
    assert (line.mandate_id, line.creditor_id) == ("MA61", CREDITOR_ID)


# --- the Netherlands ---


def test_abn_amro_writes_key_words_between_slashes() -> None:
    text = wrapped(
        "/TRTP/SEPA INCASSO ALGEMEEN DOORLOPEND/CSID/NL32ZZZ999999991234/NAME/Voorbeeld Energie B.V."
        "/MARF/MND-EV01/REMI/Factuur 2026-0815 klant 4711/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/EREF/E2E-2026-1"
    )
    line = read(text, amount=-1250, kind="N944")
    assert line.counterparty == Party(
        name="Voorbeeld Energie B.V.", iban="NL91ABNA0417164300", bic="ABNANL2A"
    )
    assert (line.creditor_id, line.mandate_id) == ("NL32ZZZ999999991234", "MND-EV01")
    assert (line.end_to_end_id, line.remittance) == ("E2E-2026-1", "Factuur 2026-0815 klant 4711")
    assert line.transaction_code == "N944"


def test_abn_amro_also_writes_columns_of_fixed_width() -> None:
    rows = [
        ("SEPA IDEAL", "IBAN: NL91ABNA0417164300"),
        ("BIC: ABNANL2A", "NAAM: A BEISPIEL"),
        ("OMSCHRIJVING: FACTUUR 4711", "KENMERK: E2E-1"),
        ("MACHTIGING: MND-1", "INCASSANT: NL32ZZZ999999991234"),
    ]
    line = read("\n".join(f"{left:33}{right:32}".rstrip() for left, right in rows))
    assert line.counterparty == Party(name="A BEISPIEL", iban="NL91ABNA0417164300", bic="ABNANL2A")
    assert (line.remittance, line.end_to_end_id) == ("FACTUUR 4711", "E2E-1")
    assert (line.mandate_id, line.creditor_id) == ("MND-1", "NL32ZZZ999999991234")


def test_a_dutch_payment_reference_is_a_structured_one() -> None:
    text = f"{'SEPA OVERBOEKING':33}{'IBAN: NL86INGB0002445588':32}\nBETALINGSKENM.: 1234123412345678"
    line = read(text)
    assert (line.reference, line.remittance) == ("1234123412345678", None)


def test_words_that_only_begin_like_those_of_abn_amro_are_a_text() -> None:
    assert read("SEPA is great").remittance == "SEPA is great"


def test_ing_names_the_other_side_by_places() -> None:
    text = wrapped(
        "/EREF/EV12341REP1231456T1234//MARF/MND-EV01//CSID/NL32ZZZ999999991234//CNTP/NL32INGB0000012345/INGBNL2A"
        "/J. Voorbeeld/UTRECHT//REMI/USTD//Factuur 4711 / klant 12/",
        first=61,
    )
    line = read(text, kind="NTRF", extra="/TRCD/00100/", reference="EREF", bank_reference="00000000001005")
    assert line.counterparty == Party(name="J. Voorbeeld", iban="NL32INGB0000012345", bic="INGBNL2A")
    assert (line.end_to_end_id, line.mandate_id) == ("EV12341REP1231456T1234", "MND-EV01")
    assert (line.creditor_id, line.remittance) == ("NL32ZZZ999999991234", "Factuur 4711 / klant 12")
    assert line.bank_reference == "00000000001005"


@pytest.mark.parametrize(("code", "amount"), [("AC04", -1250), ("MS03", 1250), ("MD06", -1)])
def test_a_return_of_ing_and_rabobank_tells_its_reason(code: str, amount: int) -> None:
    line = read(
        f"/RTRN/{code}//EREF/E2E-1//CNTP/NL32INGB0000012345/INGBNL2A/J. Voorbeeld///REMI/USTD//a/",
        amount=amount,
    )
    assert (line.return_reason, line.end_to_end_id) == (code, "E2E-1")


def test_a_lump_of_ing_names_its_payment_block_and_its_count() -> None:
    line = read(
        "/PREF/DC-2026-0001//CSID/NL32ZZZ999999991234//REMI/USTD//TOTAAL 12 POSTEN/", reference="PREF"
    )
    assert line.batch == Batch(payment_information_id="DC-2026-0001", count=12)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("/EREF/E//CNTP/NL32INGB0000012345/INGBNL2A/J///REMI/STRD/CUR/9876543210123456/", "9876543210123456"),
        ("/EREF/E//REMI/STRD/ISO/RF18539007547034/", "RF18539007547034"),
        (
            "/EREF/E/BENM//NAME/J/REMI//CDTRREFTP//CD/SCOR/ISSR/CUR/CDTRREF/1234567899874563/ISDT/2026-01-05",
            "1234567899874563",
        ),
    ],
)
def test_a_structured_remittance_of_dutch_banks_is_a_reference(text: str, reference: str) -> None:
    line = read(text)
    assert (line.reference, line.remittance) == (reference, None)


def test_rabobank_has_the_account_below_the_line() -> None:
    text = wrapped(
        "/EREF/02-01-2026 22:56 1120000153447185/BENM//NAME/Voorbeeld Nederland B.V./REMI/674725433 "
        "1120000153447185/ISDT/2026-01-03"
    )
    line = read(text, amount=-12750, kind="N102", reference="EREF", extra="NL96RBOS0523149468")
    assert line.counterparty == Party(name="Voorbeeld Nederland B.V.", iban="NL96RBOS0523149468")
    assert (line.end_to_end_id, line.remittance) == (
        "02-01-2026 22:56 1120000153447185",
        "674725433 1120000153447185",
    )


def test_a_remittance_may_hold_slashes_and_stand_behind_an_empty_one() -> None:
    line = read("/ORDP//NAME/STG. VOORBEELD/ADDR/Straat 99 1000AA/REMI//REMI/NR.2026-111/11.3.2026 en/of 2")
    assert (line.counterparty.name, line.remittance) == ("STG. VOORBEELD", "NR.2026-111/11.3.2026 en/of 2")


def test_older_dutch_files_have_account_and_name_as_the_reference() -> None:
    line = read(
        "BETALINGSKENM. 4711", amount=-1, kind="N084", reference="P002445588      Belastingdienst Apeldoor"
    )
    assert line.counterparty == Party(name="Belastingdienst Apeldoor", iban="P002445588")
    assert line.remittance == "BETALINGSKENM. 4711"


def test_rabobank_may_name_the_account_in_the_text() -> None:
    line = read("/ACCW/NL54INGB0006752576,INGBNL2A/ORDP//NAME/A. Voorbeeld/REMI/1000122")
    assert line.counterparty == Party(name="A. Voorbeeld", iban="NL54INGB0006752576", bic="INGBNL2A")
    assert line.remittance == "1000122"


def test_knab_has_account_and_name_behind_the_words() -> None:
    line = read("FACTUUR 4711\nREK: NL65INGB0123456789/NAAM: VOORBEELD B.V.")
    assert line.counterparty == Party(name="VOORBEELD B.V.", iban="NL65INGB0123456789")
    assert line.remittance == "FACTUUR 4711"
    assert read("REK: NL65INGB0123456789/NAAM: VOORBEELD B.V.").remittance is None


def test_asn_bank_has_the_account_as_reference_and_the_name_below_and_repeats_both() -> None:
    line = read(
        "NL47INGB9999999999 a voorbeeld\n                \nBetaling 4711        ",
        kind="NOVB",
        reference="NL47INGB9999999999",
        extra="a voorbeeld",
    )
    assert line.counterparty == Party(name="a voorbeeld", iban="NL47INGB9999999999")
    assert line.remittance == "Betaling 4711"


# --- Switzerland, Luxembourg, North Macedonia ---


def test_postfinance_has_its_own_reference_below_the_line() -> None:
    line = read("MITTEILUNGEN: 4711", reference="01916//NONREF", extra="20131209007602198765432000000012")
    assert line.bank_reference == "20131209007602198765432000000012"
    assert read("a", bank_reference="B-1", extra="2" * 32).bank_reference == "B-1"


def test_key_words_behind_the_reference_of_the_bank_are_no_part_of_it() -> None:
    assert read("a", bank_reference="CIOB220117990193/IACC/D3/").bank_reference == "CIOB220117990193"


@pytest.mark.parametrize(
    ("references", "remittance"),
    [("/747//747", "747//747 uplata"), ("/00//00", "uplata"), ("/EMPTY/", "uplata")],
)
def test_account_name_references_and_words_may_stand_in_rows(references: str, remittance: str) -> None:
    line = read(f"/ORDP/300000000460495\n/PRIMER DOOEL SKOPJE\n{references}\n/uplata")
    assert line.counterparty == Party(name="PRIMER DOOEL SKOPJE", iban="300000000460495")
    assert line.remittance == remittance


# --- free words and others ---


@pytest.mark.parametrize(
    ("text", "remittance"),
    [
        ("RETRAIT GUICHET AUTOMATIQUE", "RETRAIT GUICHET AUTOMATIQUE"),
        (f"{'x' * 65}\ny", f"{'x' * 65}y"),
        (f"{'x' * 61}\ny", f"{'x' * 61}y"),
        (f"{'x' * 40}\ny", f"{'x' * 40} y"),
        ("a    b", "a b"),
        ("/BENM/300000000000133\n/BANKA AD", "/BENM/300000000000133 /BANKA AD"),
        ("717.76.000.09 BTW F 611,53", "717.76.000.09 BTW F 611,53"),
        ("030/1012345 Durchwahl 20", "030/1012345 Durchwahl 20"),
        ("166.20.Rechnung", "166.20.Rechnung"),
        ("Rechnung 4711 IBAN: DE02 BIC: X", "Rechnung 4711 IBAN: DE02 BIC: X"),
        ("/OCMT/USD2853,12/\nPAYMENT 4711", "/OCMT/USD2853,12/ PAYMENT 4711"),
        ("/", "/"),
        ("", None),
        ("EREF+E2E-1 SVWZ+Rechnung 4711", "Rechnung 4711"),
        ("1+1=2", "1+1=2"),
    ],
)
def test_free_words_are_the_remittance(text: str, remittance: str | None) -> None:
    assert read(text).remittance == remittance


@pytest.mark.parametrize(
    ("extra", "reference", "remittance"),
    [
        ("Card Transaction", "NONREF", "Card Transaction"),
        ("/TRCD/00100/", "NONREF", None),
        (None, "Fees according", "Fees according"),
        (None, "KREF+", None),
        (None, "1234567890", "1234567890"),
        (None, "1234567890      A Voorbeeld", None),
        (None, "NONREF", None),
    ],
)
def test_a_line_without_a_text_says_what_stands_beside_it(
    extra: str | None, reference: str, remittance: str | None
) -> None:
    (line,) = only(Entry(amount=1, extra=extra, reference=reference)).lines
    assert line.remittance == remittance


def test_old_software_writes_its_own_field_below_a_line() -> None:
    ns = "\r\n:NS:01Rechnung 4711\r\n02vom 5. Januar\r\n15Anna\r\n16Beispiel\r\n17GUTSCHRIFT\r\n1812345\r\n:62F:"
    content = made.mt940([Entry(amount=1)]).replace(b"\r\n:62F:", ns.encode())
    (whole,) = gather(mt940.read(io.BytesIO(content)))
    assert whole.lines[0].remittance == "Rechnung 4711 vom 5. Januar"
    assert whole.lines[0].counterparty == Party(name="Anna Beispiel")
    assert isinstance(whole.statement, Statement)
    assert whole.statement.balanced is True


@pytest.mark.parametrize(
    "text", ["?" * 60_000, "+" * 60_000, "/" * 60_000, "166" + "?20" * 20_000, "SEPA " * 12_000]
)
def test_a_long_text_of_marks_costs_time_in_proportion(text: str) -> None:
    wrapped_text = "\n".join(text[at : at + 100] for at in range(0, len(text), 100))
    assert sum(map(len, facts(wrapped_text).values())) <= 2 * len(text)
