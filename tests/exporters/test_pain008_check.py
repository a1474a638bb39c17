"""Any file gets a report for machine and clerk, which keeps names and accounts to itself."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.pain008.check import check
from exporters.pain008.findings import Severity
from exporters.pain008.profiles import SEPA_2009, UnknownProfile
from exporters.pain008.schema import MOST, NoSchema, validate
from tests.factories.pain008 import TODAY, address, debtor, many, message, message_with, written
from tests.factories.pain008_breaches import PLAIN, changed

DEBIT = "/Document/CstmrDrctDbtInitn/PmtInf[1]/DrctDbtTxInf[1]"


def rules_and_severities(source: bytes, profile: str | None = None) -> list[tuple[str, str]]:
    return [(finding.rule, finding.severity.value) for finding in check(source, profile=profile).findings]


def test_the_report_has_the_shape_that_scripts_rely_on() -> None:
    report = check(changed(("<Cd>CORE</Cd>", "<Cd>COR1</Cd>")), today=TODAY).as_json("batch.xml")
    assert json.loads(json.dumps(report)) == {
        "file": "batch.xml",
        "version": "pain.008.001.08",
        "accepted": False,
        "transactions": 1,
        "control_sum_minor": 11900,
        "findings": [
            {
                "rule": "local_instrument",
                "severity": "error",
                "path": "/Document/CstmrDrctDbtInitn/PmtInf[1]/PmtTpInf/LclInstrm",
                "transaction": None,
                "message": "The local instrument must be CORE or B2B.",
            }
        ],
    }


def test_a_good_file_is_accepted_with_its_count_and_sum() -> None:
    report = check(written(many(3)), today=TODAY)
    assert (report.accepted, report.transactions, report.control_sum_minor) == (True, 3, 101 + 102 + 103)


@pytest.mark.parametrize("source", [b"", b"garbage", PLAIN.encode()[:900], b"<a/>", b"<Document/>"])
def test_what_is_no_direct_debit_file_is_reported_and_not_raised(source: bytes) -> None:
    report = check(source)
    assert (report.version, report.accepted, report.transactions) == (None, False, 0)
    assert [finding.rule for finding in report.findings] == ["unreadable_file"]


def test_a_hostile_file_is_reported_and_not_followed() -> None:
    declared = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><Document'
    assert rules_and_severities(PLAIN.replace("<Document", declared, 1).encode()) == [
        ("unreadable_file", "error")
    ]


def test_a_byte_order_mark_is_refused() -> None:
    assert rules_and_severities(b"\xef\xbb\xbf" + PLAIN.encode()) == [("byte_order_mark", "error")]


def test_another_encoding_is_refused() -> None:
    latin = PLAIN.replace("UTF-8", "ISO-8859-1", 1).encode("latin-1")
    assert rules_and_severities(latin) == [("encoding", "error")]


def test_a_file_without_declaration_is_in_utf_8() -> None:
    assert rules_and_severities(PLAIN.partition("\n")[2].encode()) == []


def test_prefixed_elements_are_refused() -> None:
    prefixed = re.sub(r"<(/?)(?=[A-Z])", r"<\1p:", PLAIN).replace("xmlns=", "xmlns:p=")
    assert rules_and_severities(prefixed.encode()) == [("namespace_prefix", "error")]


def test_the_place_of_the_schema_may_be_said() -> None:
    said = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" xmlns='
    assert rules_and_severities(changed(("xmlns=", said))) == []


def test_the_older_version_is_doubtful_and_the_others_are_refused() -> None:
    older = written(message(), SEPA_2009)
    assert rules_and_severities(older) == [("version", "warning")]
    assert rules_and_severities(changed(("pain.008.001.08", "pain.008.001.07"))) == [("version", "error")]
    assert rules_and_severities(changed(("pain.008.001.08", "pain.008.003.02"))) == [("version", "error")]
    assert rules_and_severities(changed(("urn:iso:std:iso:20022:tech:xsd:pain.008.001.08", "urn:own"))) == [
        ("version", "error")
    ]


def test_a_file_can_be_held_to_another_version_by_name() -> None:
    assert rules_and_severities(PLAIN.encode(), profile="pain.008.001.08") == []
    assert rules_and_severities(PLAIN.encode(), profile="pain.008.001.02") == [("version", "error")]
    with pytest.raises(UnknownProfile, match=r"pain\.008\.001\.08"):
        check(PLAIN.encode(), profile="pain.008")


def test_the_older_version_knew_addresses_of_country_and_lines() -> None:
    older = written(message(), SEPA_2009).decode()
    lines = "<PstlAdr><Ctry>DE</Ctry><AdrLine>Weg 1</AdrLine></PstlAdr>"
    with_lines = older.replace("<Nm>Erika Beispiel</Nm>", f"<Nm>Erika Beispiel</Nm>{lines}")
    with_town = with_lines.replace("<Ctry>DE", "<TwnNm>Koeln</TwnNm><Ctry>DE")
    assert rules_and_severities(with_lines.encode()) == [("version", "warning")]
    assert rules_and_severities(with_town.encode()) == [("version", "warning"), ("address_element", "error")]


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (
            ("<PmtMtd>DD", "<PmtMtd>XX"),
            "/Document/CstmrDrctDbtInitn/PmtInf[1]/PmtMtd",
            "The value is none of the codes that the schema allows.",
        ),
        (
            ("<EndToEndId>INV-2026-0001</EndToEndId>", "<X/>"),
            f"{DEBIT}/PmtId/X",
            "The element is not expected here. The schema expects InstrId or EndToEndId.",
        ),
        (
            ("<MndtId>MANDATE-1", f"<MndtId>{'M' * 36}"),
            f"{DEBIT}/DrctDbtTx/MndtRltdInf/MndtId",
            "The value is longer than the schema allows.",
        ),
        (
            ("2025-03-01", "2025-13-01"),
            f"{DEBIT}/DrctDbtTx/MndtRltdInf/DtOfSgntr",
            "The value is not of the kind that the schema requires.",
        ),
        (
            ("</IBAN></Id></DbtrAcct>", "!</IBAN></Id></DbtrAcct>"),
            f"{DEBIT}/DbtrAcct/Id/IBAN",
            "The value does not have the form that the schema requires.",
        ),
        (
            ("<InstdAmt Ccy", "<InstdAmt Cur"),
            f"{DEBIT}/InstdAmt",
            "The element has an attribute that the schema does not know.",
        ),
        ((' Ccy="EUR"', ""), f"{DEBIT}/InstdAmt", "The element lacks an attribute that the schema requires."),
        (
            ("<PmtId>", "<PmtId>text"),
            f"{DEBIT}/PmtId",
            "There is text between the elements, where the schema allows none.",
        ),
        (
            ("<CreDtTm>2026-11-25T09:30:00Z</CreDtTm>", ""),
            "/Document/CstmrDrctDbtInitn/GrpHdr/NbOfTxs",
            "The element is not expected here. The schema expects CreDtTm.",
        ),
        (
            ("119.00</InstdAmt>", "119.000001</InstdAmt>"),
            f"{DEBIT}/InstdAmt",
            "The number has more decimals than the schema allows.",
        ),
        (
            ("119.00</InstdAmt>", "-1</InstdAmt>"),
            f"{DEBIT}/InstdAmt",
            "The number is smaller than the schema allows.",
        ),
    ],
)
def test_a_breach_of_the_schema_is_told_by_line_and_place(
    change: tuple[str, str], path: str, message: str
) -> None:
    found = validate(changed(change), "pain.008.001.08")[0]
    assert (found.path, found.message) == (path, message)
    assert found.line == (4 if path.startswith(DEBIT) else 3 if "PmtInf" in path else 2)


def test_a_breach_of_the_schema_names_the_collection() -> None:
    report = check(changed(("<MndtId>", "<Mandate/><MndtId>")))
    assert {finding.transaction for finding in report.findings if finding.rule == "schema"} == {
        "INV-2026-0001"
    }


def test_a_file_wrong_everywhere_is_told_so_without_end() -> None:
    wrong = written(many(MOST + 50)).replace(b"<MndtId>", b"<X>").replace(b"</MndtId>", b"</X>")
    findings = [finding for finding in check(wrong).findings if finding.rule == "schema"]
    assert len(findings) == MOST + 1
    assert findings[-1].message == f"Only the first {MOST} breaches of the schema are listed."


def test_there_is_no_schema_for_a_version_nobody_ships() -> None:
    with pytest.raises(NoSchema):
        validate(PLAIN.encode(), "pain.008.001.03")


SECRET = "Geheimname ÄÖ & 4711"
FULL = written(message_with(debtor=debtor(address=address()), ultimate_debtor="Ultimate", purpose="GDDS"))


@pytest.mark.parametrize("leaf", range(len(re.findall(rb">[^<>\n]+<", FULL))))
def test_no_finding_repeats_what_stands_in_the_file(leaf: int) -> None:
    values = list(re.finditer(r">([^<>\n]+)<", FULL.decode()))
    start, end = values[leaf].span(1)
    file = FULL.decode()[:start] + SECRET.replace("&", "&amp;") + FULL.decode()[end:]
    report = check(file.encode(), today=TODAY)
    assert report.findings
    assert not [
        finding for finding in report.findings if "Geheim" in finding.message or "4711" in finding.path
    ]
    assert not [finding for finding in report.findings if "Beispiel" in finding.message]


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_damage_to_a_file_makes_the_check_fail(data: st.DataObject) -> None:
    places = [found.start() for found in re.finditer(rb"[<>]", FULL)]
    start = data.draw(st.sampled_from(places))
    end = data.draw(st.sampled_from([place for place in places if place >= start]))
    instead = data.draw(
        st.sampled_from([b"", b"<", b"<X>1</X>", b"<X/>", b">", b" ", b"\xff", b"<IBAN>1</IBAN>"])
    )
    damaged = FULL[:start] + instead + FULL[end:]
    report = check(damaged, today=TODAY)
    json.dumps(report.as_json("damaged.xml"))
    assert report.accepted == all(finding.severity is Severity.WARNING for finding in report.findings)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_get_a_report(source: bytes) -> None:
    assert not check(source).accepted


def test_a_part_repeated_without_end_is_checked_in_time() -> None:
    often = changed(("</Ustrd>", "</Ustrd>" + "<Ustrd>x</Ustrd>" * 20_000))
    assert {finding.rule for finding in check(often, today=TODAY).findings} == {"remittance_once"}
