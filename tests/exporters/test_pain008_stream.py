"""A file checked in pieces and the same file checked as a whole tree have the same report, whatever is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.pain008 import stream, tree
from exporters.pain008.characters import GERMAN, LATIN, Characters
from exporters.pain008.cutting import NotPlain
from exporters.pain008.message import DirectDebitMessage, Scheme
from exporters.pain008.profiles import SEPA_2009
from exporters.pain008.report import Report
from ledger.money import Money
from tests.factories.pain008 import (
    TODAY,
    address,
    block,
    creditor,
    debtor,
    many,
    message,
    message_with,
    messages,
    transaction,
    written,
)
from tests.factories.pain008_breaches import CASES, PLAIN, TOGETHER, changed


def pieces(source: bytes, size: int) -> Iterator[bytes]:
    return (source[begin : begin + size] for begin in range(0, len(source), size))


def in_pieces(source: bytes, size: int = 50_000, characters: Characters = LATIN) -> Report:
    return stream.check(pieces(source, size), chosen=None, characters=characters, today=TODAY)


def whole(source: bytes, characters: Characters = LATIN) -> Report:
    return tree.check(source, chosen=None, characters=characters, today=TODAY)


def several(count: int = 400) -> bytes:
    """Three blocks with many collections of several looks."""
    looks = [
        {},
        {"debtor": debtor(bic="COBADEFFXXX")},
        {"remittance": None, "creditor_reference": "RF18539007547034"},
        {"debtor": debtor(iban="CH9300762011623852957", address=address())},
        {"instruction_id": "LINE-1", "ultimate_debtor": "Firma"},
    ]
    blocks = [
        block(
            *(
                replace(
                    transaction(end_to_end_id=f"INV-{one}-{number}", amount=Money(100 + number, "EUR")),
                    **looks[(one + number) % len(looks)],
                )
                for number in range(count)
            ),
            payment_information_id=f"BLOCK-{one}",
        )
        for one in range(3)
    ]
    return written(message(*blocks))


CHANGES = [change for _, breaking, keeping in CASES for change in (breaking, keeping)]
CHANGES += [change for _, change in TOGETHER]


@pytest.mark.parametrize("change", CHANGES)
def test_every_breach_of_a_rule_is_the_same_finding(change: tuple[str, str]) -> None:
    source = changed(change)
    assert in_pieces(source) == whole(source)


@pytest.mark.parametrize("size", [700, 4_096, 64 * 1024, 10_000_000])
def test_it_does_not_matter_where_a_file_is_cut(size: int) -> None:
    source = several()
    assert in_pieces(source, size) == whole(source)
    assert {finding.rule for finding in in_pieces(source, size).findings} == {"bic_missing"}


@settings(deadline=None, max_examples=60)
@given(messages(), st.integers(50, 2_000))
def test_every_message_has_the_same_report(made: DirectDebitMessage, size: int) -> None:
    source = written(made)
    assert in_pieces(source, size) == whole(source)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_damage_has_the_same_report_or_makes_the_file_one_to_read_whole(data: st.DataObject) -> None:
    source = several(4)
    places = [found.start() for found in re.finditer(rb"[<>]", source)]
    start = data.draw(st.sampled_from(places))
    end = data.draw(st.sampled_from([place for place in places if start <= place < start + 400]))
    signs = [b"", b"<", b"<X>1</X>", b"<X/>", b">", b" ", b"\xff", b"<IBAN>1</IBAN>", b"&#228;", b"&amp;"]
    signs += [b"</PmtInf>", b"<PmtInf>", b"</DrctDbtTxInf>", b"<DrctDbtTxInf>", b"<!-- x -->", b"&no;"]
    damaged = source[:start] + data.draw(st.sampled_from(signs)) + source[end:]
    try:
        found = in_pieces(damaged, 1_000)
    except NotPlain:
        return
    assert found == whole(damaged)


FAR = several(600).decode()  # beyond what goes into one document for the schema


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<MndtId>", "<Mandate>1</Mandate><MndtId>"),
        ("<EndToEndId>INV-1-599<", "<EndToEndId>INV-0-0<"),
        ("<EndToEndId>INV-2-599<", "<EndToEndId>INV-2-598<"),
        ("<PmtInfId>BLOCK-2<", "<PmtInfId>BLOCK-1<"),
        ("<PmtMtd>DD", "<PmtMtd>XX"),
        ("</DtOfSgntr>", "1</DtOfSgntr>"),
        ("<Nm>Erika", "<Nm>Zoë"),
        ("INV-2-", "INV_2_"),
    ],
)
@pytest.mark.parametrize("nth", [0, -1])
def test_a_fault_deep_in_a_large_file_is_told_by_its_own_place(old: str, new: str, nth: int) -> None:
    at = FAR.index(old) if nth == 0 else FAR.rindex(old)
    source = (FAR[:at] + FAR[at:].replace(old, new, 1)).encode()
    report = in_pieces(source)
    assert report == whole(source)
    assert {finding.rule for finding in report.findings} - {"bic_missing"}


def test_a_fault_behind_a_cut_at_the_end_of_a_block_is_told_by_its_line() -> None:
    source = several(200).decode()
    end = source.index("\n</PmtInf>")
    late = source.index("<MndtId>", source.index("BLOCK-2"))
    damaged = source[:late] + "<X/>" + source[late:]
    found = stream.check(
        [damaged[:end].encode(), damaged[end:].encode()], chosen=None, characters=LATIN, today=TODAY
    )
    assert found == whole(damaged.encode())
    assert "schema" in {finding.rule for finding in found.findings}


def test_each_block_is_held_to_its_own_day() -> None:
    signed = date(2026, 12, 3)
    late = block(transaction(signed_on=signed), collect_on=date(2026, 12, 4))
    early = block(transaction(end_to_end_id="INV-2", signed_on=signed), payment_information_id="BLOCK-2")
    for blocks, place in (((late, early), 2), ((early, late), 1)):
        found = stream.check(
            pieces(written(message(*blocks)), 500), chosen=None, characters=LATIN, today=None
        ).findings
        assert [(one.rule, one.path.split("/")[3]) for one in found] == [
            ("signed_after_collection", f"PmtInf[{place}]")
        ]


def test_a_schema_broken_everywhere_is_told_alike() -> None:
    source = FAR.replace("<MndtId>", "<X>").replace("</MndtId>", "</X>").encode()
    assert in_pieces(source).findings[:201] == whole(source).findings[:201]


def test_lines_are_those_of_the_file_also_when_it_is_indented() -> None:
    indented = FAR.replace("><", ">\r\n  <").replace("2025-03-01", "2025-03-0X").encode()
    assert in_pieces(indented) == whole(indented)


@pytest.mark.parametrize(
    "change",
    [
        ("Erika Beispiel", "Jörg &amp; Co &lt;b&gt; &quot;x&quot; &apos;"),
        ("Erika Beispiel", "J&#246;rg &#x26; Co"),
        ("Erika Beispiel", "a > b"),
        ("Erika Beispiel", "a\r\nb\rc"),
        ("<Nm>Erika Beispiel</Nm>", "<Nm/>"),
        ("<Nm>Erika Beispiel</Nm>", "<Nm></Nm>"),
        ('Ccy="EUR"', "Ccy='EUR'"),
        ('Ccy="EUR"', 'Ccy="E&#85;R"'),
        ("<EndToEndId>INV-2026-0001</EndToEndId>", "<EndToEndId>NOTPROVIDED</EndToEndId>"),
        ("<DrctDbtTxInf>", "<DrctDbtTxInf >"),
        ("2025-03-01", " 2025-03-01 "),
        ("119.00</InstdAmt>", "119</InstdAmt>"),
    ],
)
def test_texts_mean_what_a_parser_reads(change: tuple[str, str]) -> None:
    source = changed(change)
    for characters in (LATIN, GERMAN):
        assert in_pieces(source, characters=characters) == whole(source, characters)


@pytest.mark.parametrize(
    "change",
    [
        ("<Dbtr>", "<!-- </DrctDbtTxInf> --><Dbtr>"),
        ("<Nm>Erika Beispiel</Nm>", "<Nm><![CDATA[</PmtInf>]]></Nm>"),
        ("<Dbtr>", "<?x </DrctDbtTxInf>?><Dbtr>"),
        ("</DrctDbtTxInf>", "</DrctDbtTxInf >"),
        ("</PmtInf>", "</PmtInf><PmtInf></PmtInf>"),
        ("</CstmrDrctDbtInitn>", "<X/></CstmrDrctDbtInitn>"),
        ("</Document>", "</Document><!-- end -->"),
        ("pain.008.001.08", "pain.008.001.03"),
        ("UTF-8", "ISO-8859-1"),
        ("<Dbtr>", '<Dbtr xmlns="urn:x">'),
        ("</Document>", ""),
    ],
)
def test_what_cannot_be_cut_by_its_text_is_read_whole(change: tuple[str, str]) -> None:
    with pytest.raises(NotPlain):
        in_pieces(changed(change))


@pytest.mark.parametrize("source", [b"", b"x", b"\xef\xbb\xbf" + PLAIN.encode(), PLAIN.encode("utf-16")])
def test_no_beginning_of_a_plain_file(source: bytes) -> None:
    with pytest.raises(NotPlain):
        in_pieces(source)


def test_the_older_version_is_cut_as_well() -> None:
    source = written(message_with(debtor=debtor(bic="COBADEFFXXX")), SEPA_2009)
    assert in_pieces(source) == whole(source)
    assert [finding.rule for finding in in_pieces(source).findings] == ["version"]


def test_blocks_of_one_collection_each_are_counted_and_told_apart() -> None:
    blocks = [
        block(
            transaction(end_to_end_id=f"INV-{number}"),
            payment_information_id=f"BLOCK-{number % 299}",
            scheme=Scheme.B2B if number == 250 else Scheme.CORE,
            creditor=creditor(name=f"Musterwerk {number}"),
        )
        for number in range(300)
    ]
    source = written(message(*blocks))
    report = in_pieces(source, 5_000)
    assert report == whole(source)
    assert report.transactions == 300
    assert [finding.rule for finding in report.findings] == ["one_scheme", "payment_information_id_unique"]


def test_a_creditor_on_every_collection_counts_alike() -> None:
    source = written(many(30)).decode()
    found = re.search("<CdtrSchmeId>.*?</CdtrSchmeId>", source)
    assert found is not None
    moved = source.replace(found[0], "").replace("</MndtRltdInf>", "</MndtRltdInf>" + found[0])
    assert in_pieces(moved.encode()) == whole(moved.encode())
    assert in_pieces(moved.encode()).findings == ()
    missing = source.replace(found[0], "")
    assert [one.rule for one in in_pieces(missing.encode()).findings] == ["creditor_identifier_given"]
