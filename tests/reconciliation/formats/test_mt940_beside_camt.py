"""The same bookings told by MT940 and by camt.053 give the same facts, so that they are known as the same ones."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from reconciliation.formats import camt, mt940
from reconciliation.statement import Line, gather
from tests.factories import camt as xml
from tests.factories import mt940 as swift
from tests.factories.mt940 import CUSTOMER, german, wrapped

BIC = "BYLADEM1001"
NAME = "Anna Beispiel Handelsgesellschaft mbH"
CREDITOR_ID = "DE98ZZZ09999999999"
LONG = "Rechnung RE-2026-0815 vom 01.01.2026, Kundennummer 4711, abzueglich 2 Prozent Skonto, mit bestem Dank"


def of_camt(entry: xml.Entry) -> Line:
    ((line,),) = [whole.lines for whole in gather(camt.read(io.BytesIO(xml.camt053([entry]))))]
    return line


def of_mt940(entry: swift.Entry) -> Line:
    ((line,),) = [whole.lines for whole in gather(mt940.read(io.BytesIO(swift.mt940([entry]))))]
    return line


def same(of_xml: Line, of_swift: Line) -> bool:
    """The bank's code for the business event is the one fact that both formats write in words of their own."""
    return replace(of_xml, transaction_code=None) == replace(of_swift, transaction_code=None)


def with_references(entry: xml.Entry, bank_reference: str) -> xml.Entry:
    return replace(entry, bank_reference=bank_reference, valued_on=entry.booked_on)


@pytest.mark.parametrize("end_to_end_id", ["E2E-2026-0815", "NOTPROVIDED"])
@pytest.mark.parametrize("remittance", ["RE-2026-0815", LONG])
def test_a_credit_transfer(end_to_end_id: str, remittance: str) -> None:
    given = xml.credit(
        1250, name=NAME, iban=CUSTOMER, bic=BIC, remittance=remittance, end_to_end_id=end_to_end_id
    )
    purpose = f"EREF+{end_to_end_id} SVWZ+{remittance}"
    text = german("166", purpose=purpose, name=NAME, iban=CUSTOMER, bic=BIC)
    ours = of_mt940(swift.Entry(amount=1250, bank_reference="2026010500000001", text=text))
    theirs = of_camt(with_references(given, "2026010500000001"))
    assert same(theirs, ours)
    assert ours.end_to_end_id == (None if end_to_end_id == "NOTPROVIDED" else end_to_end_id)


def test_a_direct_debit_that_we_paid() -> None:
    given = xml.debit(
        1250,
        name="Stadtwerke Musterstadt",
        iban=CUSTOMER,
        bic=BIC,
        remittance="Abschlag Januar",
        end_to_end_id="SW-77",
        mandate_id="MND-0042",
        creditor_id=CREDITOR_ID,
    )
    text = german(
        "105",
        purpose=f"EREF+SW-77 MREF+MND-0042 CRED+{CREDITOR_ID} SVWZ+Abschlag Januar",
        name="Stadtwerke Musterstadt",
        iban=CUSTOMER,
        bic=BIC,
    )
    ours = of_mt940(swift.Entry(amount=-1250, kind="NDDT", bank_reference="B-1", text=text))
    assert same(of_camt(with_references(given, "B-1")), ours)


@pytest.mark.parametrize(
    ("key", "reason"), [("902", "AC04"), ("906", "AM04"), ("909", "MD01"), ("914", "MS03")]
)
def test_a_collection_that_came_back_with_fees(key: str, reason: str) -> None:
    given = xml.returned(
        7197,
        reason=reason,
        charges=300,
        name=NAME,
        iban=CUSTOMER,
        bic=BIC,
        remittance="RETURN/REFUND",
        end_to_end_id="INV-1",
        mandate_id="MND-0042",
    )
    text = german(
        "109",
        purpose="EREF+INV-1 MREF+MND-0042 COAM+3,00 OAMT+71,97 SVWZ+RETURN/REFUND",
        name=NAME,
        iban=CUSTOMER,
        bic=BIC,
        key=key,
    )
    ours = of_mt940(swift.Entry(amount=-7497, kind="NRTI", bank_reference="B-1", text=text))
    theirs = of_camt(with_references(given, "B-1"))
    assert (ours.original, ours.charges) == (theirs.original, theirs.charges)
    assert same(theirs, ours)


def test_a_collection_that_came_back_to_a_dutch_account() -> None:
    given = xml.returned(
        1275,
        reason="MS03",
        name="J. Voorbeeld",
        iban="NL32INGB0000012345",
        bic="INGBNL2A",
        remittance="Contributie feb 2026",
        end_to_end_id="20260501P0123478",
        mandate_id="MND-120123",
    )
    text = wrapped(
        "/RTRN/MS03//EREF/20260501P0123478//MARF/MND-120123//CNTP/NL32INGB0000012345/INGBNL2A/J. Voorbeeld"
        "///REMI/USTD//Contributie feb 2026/"
    )
    ours = of_mt940(
        swift.Entry(amount=-1275, kind="NRTI", reference="EREF", bank_reference="00000000001010", text=text)
    )
    theirs = of_camt(with_references(given, "00000000001010"))
    assert same(replace(theirs, original=None), ours)
    assert theirs.original == abs(ours.amount)


def test_a_lump_of_our_collections() -> None:
    given = xml.lump(250_000, payment_information_id="DC-2026-0001")
    text = german("192", purpose="KREF+DC-2026-0001", booking_text=None)
    ours = of_mt940(
        swift.Entry(amount=250_000, kind="NDDT", reference="KREF+", bank_reference="B-1", text=text)
    )
    assert same(of_camt(with_references(given, "B-1")), ours)
