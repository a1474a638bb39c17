"""A message becomes the same bytes every time, valid by schema and rules, or is refused by its field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree

from exporters.pain008.check import check
from exporters.pain008.message import Amendment, DirectDebitMessage, Scheme, SequenceType
from exporters.pain008.profiles import SEPA_2009, SEPA_2025
from exporters.pain008.schema import validate
from exporters.pain008.values import Unwritable
from exporters.pain008.writer import pieces
from ledger.banking import RfReference
from ledger.money import Money
from tests.factories.pain008 import (
    CREDITOR_ID,
    SWISS_IBAN,
    TODAY,
    address,
    block,
    creditor,
    debtor,
    iban,
    many,
    message,
    message_with,
    messages,
    transaction,
    written,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "pain008"
NAMESPACE = "{urn:iso:std:iso:20022:tech:xsd:pain.008.001.08}"


def everything() -> DirectDebitMessage:
    """Every element the writer knows, in two blocks of one company."""
    swiss = debtor(
        name="Zoë Müßig", iban=SWISS_IBAN, bic="UBSWCHZH80A", address=address(lines=("Hinterhaus",))
    )
    recurring = block(
        transaction(
            end_to_end_id="INV-1",
            instruction_id="LINE-1",
            debtor=swiss,
            remittance="Rechnung Nr. 1 – März",
            ultimate_debtor="Ærø & Co",
            purpose="GDDS",
        ),
        transaction(
            end_to_end_id="INV-2",
            amount=Money(99_999_999_999, "EUR"),
            remittance=None,
            creditor_reference="RF18539007547034",
            amendment=Amendment(
                original_mandate_id="OLD-1",
                original_creditor_id="DE98ABC09999999999",
                original_creditor_name="Altwerk GmbH",
                original_debtor_iban=iban("120300001234567890"),
            ),
        ),
        transaction(
            end_to_end_id="INV-3",
            amount=Money(1, "EUR"),
            remittance=None,
            amendment=Amendment(same_mandate_new_debtor_agent=True),
        ),
        creditor=creditor(bic="COBADEFFXXX", address=address(country="DE", town="Köln", postcode="50667")),
        batch_booking=False,
    )
    single = block(
        transaction(end_to_end_id="INV-4"),
        payment_information_id="BLOCK-2",
        sequence_type=SequenceType.OOFF,
        collect_on=date(2026, 12, 3),
    )
    return message(recurring, single)


@pytest.mark.parametrize(("name", "made"), [("plain", message()), ("everything", everything())])
def test_the_file_is_byte_for_byte_the_one_approved(name: str, made: DirectDebitMessage) -> None:
    assert written(made) == (GOLDEN / f"{name}.xml").read_bytes()


def test_a_file_with_every_element_is_accepted_without_a_word() -> None:
    assert check(written(everything()), today=TODAY).findings == ()


@settings(deadline=None, max_examples=60)
@given(messages())
def test_every_message_of_sepa_text_is_valid_by_the_iso_schema(made: DirectDebitMessage) -> None:
    assert validate(written(made), "pain.008.001.08") == []


def test_a_business_scheme_names_itself() -> None:
    assert b"<LclInstrm><Cd>B2B</Cd></LclInstrm>" in written(message(block(scheme=Scheme.B2B)))


def test_counts_and_sums_stand_at_both_levels() -> None:
    first = block(transaction(amount=Money(1005, "EUR")), transaction(amount=Money(5, "EUR")))
    second = block(transaction(amount=Money(300, "EUR")), payment_information_id="BLOCK-2")
    root = etree.fromstring(written(message(first, second)))
    assert [element.text for element in root.iter(f"{NAMESPACE}NbOfTxs")] == ["3", "2", "1"]
    assert [element.text for element in root.iter(f"{NAMESPACE}CtrlSum")] == ["13.10", "10.10", "3.00"]


def test_the_moment_of_creation_is_written_in_utc() -> None:
    noon_in_berlin = datetime(2026, 11, 25, 12, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    assert b"<CreDtTm>2026-11-25T11:00:00Z</CreDtTm>" in written(message(created_at=noon_in_berlin))


def test_a_moment_without_time_zone_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="time zone"):
        written(message(created_at=datetime(2026, 11, 25, 12, 0)))  # noqa: DTZ001


def test_many_transactions_come_in_pieces_that_make_up_the_whole() -> None:
    made = many(1201)
    parts = list(pieces(made))
    assert b"".join(parts) == written(made)
    assert max(part.count(b"<DrctDbtTxInf>") for part in parts) == 500
    assert check(b"".join(parts)).transactions == 1201


def test_hostile_names_stay_text() -> None:
    attack = "</Nm><Nm>x</Nm>&amp;<!--%s%(iban)s"
    root = etree.fromstring(written(message_with(debtor=debtor(name=attack), remittance=attack)))
    assert root.findtext(f".//{NAMESPACE}Dbtr/{NAMESPACE}Nm") == "./Nm..Nm.x./Nm.+amp,..--.s.(iban)s"


def test_a_name_is_cut_at_seventy_characters_and_a_text_at_one_hundred_and_forty() -> None:
    root = etree.fromstring(written(message_with(debtor=debtor(name="ß" * 40), remittance="a" * 139 + " b")))
    assert root.findtext(f".//{NAMESPACE}Dbtr/{NAMESPACE}Nm") == "s" * 70
    assert root.findtext(f".//{NAMESPACE}Ustrd") == "a" * 139


def test_the_older_version_is_valid_with_its_own_names() -> None:
    made = message_with(debtor=debtor(bic="COBADEFFXXX"))
    file = written(made, SEPA_2009)
    assert b"<BIC>COBADEFFXXX</BIC>" in file
    assert validate(file, "pain.008.001.02") == []


REFUSED = [
    ("blocks", message(blocks=())),
    ("message_id", message(message_id="Ä1")),
    ("message_id", message(message_id="")),
    ("initiating_party", message(initiating_party=" ")),
    ("blocks[0].transactions", message(block(transactions=()))),
    ("blocks[0].payment_information_id", message(block(payment_information_id="/1"))),
    ("blocks[0].creditor.name", message(block(creditor=creditor(name="\t")))),
    ("blocks[0].creditor.iban", message(block(creditor=creditor(iban="DE02 1203 0000 0000 2020 51")))),
    ("blocks[0].creditor.bic", message(block(creditor=creditor(bic="NOTPROVIDED")))),
    ("blocks[0].creditor_id", message(block(creditor_id="DE98ZZZ0999999999&"))),
    ("blocks[0].category_purpose", message(block(category_purpose="supp"))),
    ("blocks[0].ultimate_creditor", message(block(ultimate_creditor=" "))),
]
REFUSED_TRANSACTIONS = [
    ("end_to_end_id", {"end_to_end_id": "INV//1"}),
    ("instruction_id", {"instruction_id": "x" * 36}),
    ("mandate_id", {"mandate_id": "MÄNDAT"}),
    ("amount", {"amount": Money(0, "EUR")}),
    ("amount", {"amount": Money(-1, "EUR")}),
    ("amount", {"amount": Money(100_000_000_000, "EUR")}),
    ("amount", {"amount": Money(100, "CHF")}),
    ("debtor.name", {"debtor": debtor(name="")}),
    ("debtor.iban", {"debtor": debtor(iban="12345678")}),
    ("debtor.bic", {"debtor": debtor(bic="cobadeff")}),
    ("debtor.address.country", {"debtor": debtor(address=address(country="Schweiz"))}),
    ("debtor.address.town", {"debtor": debtor(address=address(town=" "))}),
    ("debtor.address.lines", {"debtor": debtor(address=address(lines=("1", "2", "3")))}),
    ("amendment", {"amendment": Amendment()}),
    ("amendment.original_mandate_id", {"amendment": Amendment(original_mandate_id="A ")}),
    ("amendment.original_creditor_id", {"amendment": Amendment(original_creditor_id="<")}),
    ("amendment.original_debtor_iban", {"amendment": Amendment(original_debtor_iban="x")}),
    (
        "amendment.original_debtor_iban",
        {"amendment": Amendment(original_debtor_iban=SWISS_IBAN, same_mandate_new_debtor_agent=True)},
    ),
    ("ultimate_debtor", {"ultimate_debtor": ""}),
    ("purpose", {"purpose": "gdds"}),
    ("remittance", {"remittance": "  "}),
    ("remittance", {"remittance": "both", "creditor_reference": "RF18539007547034"}),
    ("creditor_reference", {"remittance": None, "creditor_reference": "2026-0001"}),
]


@pytest.mark.parametrize(("field", "made"), REFUSED)
def test_what_has_no_form_in_the_file_is_refused_by_its_field(field: str, made: DirectDebitMessage) -> None:
    with pytest.raises(Unwritable) as refused:
        written(made)
    assert refused.value.field == field


@pytest.mark.parametrize(("field", "changes"), REFUSED_TRANSACTIONS)
def test_a_collection_that_has_no_form_is_refused_by_its_place(field: str, changes: dict[str, Any]) -> None:
    made = message(block(transaction(), replace(transaction(), **changes)))
    with pytest.raises(Unwritable) as refused:
        written(made)
    assert refused.value.field == f"blocks[0].transactions[1].{field}"


def test_an_older_version_has_no_place_for_a_structured_address() -> None:
    with pytest.raises(Unwritable) as refused:
        written(message_with(debtor=debtor(address=address())), SEPA_2009)
    assert refused.value.field == "blocks[0].transactions[0].debtor.address.street"


def test_a_refusal_never_repeats_what_it_refuses() -> None:
    with pytest.raises(Unwritable) as refused:
        written(message_with(debtor=debtor(iban="DE00 SECRET")))
    assert "SECRET" not in str(refused.value)


def test_a_reference_with_check_digits_is_marked_as_one() -> None:
    reference = RfReference.make("20260001").compact
    root = etree.fromstring(written(message_with(remittance=None, creditor_reference=reference)))
    assert root.findtext(f".//{NAMESPACE}CdtrRefInf/{NAMESPACE}Ref") == reference
    assert root.findtext(f".//{NAMESPACE}CdOrPrtry/{NAMESPACE}Cd") == "SCOR"


def test_the_creditor_identifier_stands_once_for_the_whole_block() -> None:
    assert written(many(3)).count(CREDITOR_ID.encode()) == 1


def test_the_default_is_the_version_that_the_rulebooks_require() -> None:
    assert written(message()) == written(message(), SEPA_2025)
