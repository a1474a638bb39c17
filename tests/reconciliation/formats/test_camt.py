"""What the camt reader makes of every field, version and oddity of a bank statement."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import date
from typing import BinaryIO

import pytest
from lxml import etree

from ledger.money import Money
from reconciliation.formats import camt, xml
from reconciliation.formats.camt.texts import joined
from reconciliation.statement import (
    Batch,
    Header,
    Line,
    LineStatus,
    Party,
    Statement,
    UnreadableFile,
    WholeStatement,
    gather,
)
from tests.factories.camt import (
    ACCOUNT,
    VERSIONS,
    Entry,
    Part,
    Stated,
    camt053,
    camt053_file,
    credit,
    debit,
    fee,
    lump,
    pending,
    returned,
)

DAY = date(2026, 1, 5)
CUSTOMER = "DE02120300000000202051"
CREDITOR_ID = "DE98ZZZ09999999999"
EVERY_VERSION = pytest.mark.parametrize("version", VERSIONS)

BOOKED_12_50 = '<Amt Ccy="EUR">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


def statements(content: bytes) -> list[WholeStatement]:
    return list(gather(camt.read(io.BytesIO(content))))


def only(content: bytes) -> WholeStatement:
    (statement,) = statements(content)
    return statement


def line_of(entry: Entry, **about: object) -> Line:
    (line,) = only(camt053([entry], **about)).lines
    return line


def raw(entries: str, *, head: str = "", version: str = "08") -> bytes:
    """A file whose entries, and anything before them, are written as they are."""
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    account = f"<Acct><Id><IBAN>{ACCOUNT}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    return (
        f'<Document xmlns="{namespace}"><BkToCstmrStmt><Stmt><Id>S</Id>{account}{head}\n'
        f"{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def raw_line(fields: str, *, version: str = "08") -> Line:
    """The line of one booked credit of 12.50 with further fields."""
    (line,) = only(raw(f"<Ntry>{BOOKED_12_50}{fields}</Ntry>", version=version)).lines
    return line


def transaction(fields: str) -> Line:
    return raw_line(f"<NtryDtls><TxDtls>{fields}</TxDtls></NtryDtls>")


def refusal(content: bytes) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        statements(content)
    return caught.value


def problems(content: bytes) -> tuple[str, ...]:
    return only(content).statement.problems


# --- the stream ---


@EVERY_VERSION
def test_a_statement_comes_as_header_then_lines_then_the_proved_statement(version: str) -> None:
    content = camt053([credit(1250), debit(300)], opening=100_000, version=version)
    header, first, second, statement = camt.read(io.BytesIO(content))
    assert isinstance(header, Header)
    assert header.format == f"camt.053.001.{version}"
    assert (header.statement_id, header.sequence) == ("STM-2026-0001", "1")
    assert (header.account.iban, header.account.other, header.account.currency) == (ACCOUNT, None, "EUR")
    assert (header.from_on, header.to_on) == (DAY, DAY)
    assert isinstance(first, Line)
    assert isinstance(second, Line)
    assert [first.amount, second.amount] == [euro(1250), euro(-300)]
    assert [first.position, second.position] == [1, 2]
    assert isinstance(statement, Statement)
    assert statement.opening is not None
    assert statement.closing is not None
    assert (statement.opening.amount, statement.closing.amount) == (euro(100_000), euro(100_950))
    assert (statement.booked, statement.booked_count, statement.lines) == (euro(950), 2, 2)
    assert statement.balanced is True
    assert statement.problems == ()


def test_all_versions_of_the_same_statement_read_the_same() -> None:
    entries = [
        credit(1250, name="Anna Beispiel", iban=CUSTOMER, bic="BYLADEM1001", remittance=["RE-1", "Danke"]),
        debit(300, name="Stadtwerke", creditor_id=CREDITOR_ID, mandate_id="M-1", end_to_end_id="E-1"),
        returned(7197, charges=300, reason="MS03", name="Otto Muster", iban=CUSTOMER, mandate_id="M-2"),
        lump(500, payment_information_id="P", count=2, parts=[Part(amount=200), Part(amount=300)]),
        pending(credit(1)),
    ]
    read = [only(camt053(entries, version=version)) for version in VERSIONS]
    assert [len(found.lines) for found in read] == [5, 5, 5, 5]
    assert all(found.lines == read[0].lines for found in read[1:])
    assert read[0].lines[2].original == euro(7197)


def test_several_statements_of_several_accounts_are_read_in_order() -> None:
    content = camt053_file(
        [
            Stated(entries=(credit(100), credit(200)), statement_id="A", sequence="7"),
            Stated(other_account="0035-29", currency="CHF", statement_id="B", sequence=None),
            Stated(entries=(debit(50),), account="NL91ABNA0417164300", statement_id="C"),
        ]
    )
    read = statements(content)
    heads = [found.statement.header for found in read]
    assert [(head.statement_id, head.sequence) for head in heads] == [("A", "7"), ("B", None), ("C", "1")]
    assert [head.account.iban or head.account.other for head in heads] == [
        ACCOUNT,
        "0035-29",
        "NL91ABNA0417164300",
    ]
    assert [found.statement.currency for found in read] == ["EUR", "CHF", "EUR"]
    assert [line.position for found in read for line in found.lines] == [1, 2, 3]


def test_a_statement_within_an_envelope_is_read() -> None:
    inner = camt053([credit(1250)]).decode().split("\n", 1)[1]
    content = f"<message><AppHdr xmlns='urn:iso:head'><MsgDefIdr>x</MsgDefIdr></AppHdr>{inner}</message>"
    assert only(content.encode()).statement.booked == euro(1250)
    assert camt.identify(content.encode()) == "camt.053.001.08"


def test_a_statement_with_name_prefixes_is_read() -> None:
    content = camt053([credit(1250)]).replace(b"<", b"<c:").replace(b"<c:/", b"</c:").replace(b"<c:?", b"<?")
    content = content.replace(b"xmlns=", b"xmlns:c=")
    assert only(content).statement.booked == euro(1250)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
def test_names_survive_every_encoding_banks_use(encoding: str) -> None:
    text = camt053([credit(1250, name="Jürgen Größe")]).decode().replace("UTF-8", encoding)
    (line,) = only(text.encode(encoding)).lines
    assert line.counterparty.name == "Jürgen Größe"


def test_entries_that_stand_anywhere_else_are_not_lines() -> None:
    stray = f"<SplmtryData><Ntry>{BOOKED_12_50}</Ntry></SplmtryData>"
    content = raw(f"{stray}<Ntry>{BOOKED_12_50}</Ntry>")
    assert only(content).statement.booked == euro(1250)


def many(number: int) -> io.BytesIO:
    return io.BytesIO(
        camt053([credit(100 + n, remittance=f"RE-{n}", end_to_end_id=f"E-{n}") for n in range(number)])
    )


def test_what_is_read_of_a_long_file_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    iterate = xml.iterate

    def watched(stream: BinaryIO, *, tags: Sequence[str]) -> Iterator[etree._Element]:
        for element in iterate(stream, tags=tags):
            parent = element.getparent()
            yield element
            held.append(len(parent) if parent is not None else 0)

    monkeypatch.setattr(xml, "iterate", watched)
    assert sum(isinstance(item, Line) for item in camt.read(many(4000))) == 4000
    assert len(held) > 40
    assert max(held) < 400


def test_memory_does_not_grow_with_the_number_of_entries() -> None:
    def peak(stream: io.BytesIO) -> int:
        tracemalloc.start()
        for _ in camt.read(stream):
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(many(10))
    assert peak(many(4000)) < 2_000_000


# --- which version a file is ---


@pytest.mark.parametrize(
    ("namespace", "root", "expected"),
    [
        ("urn:iso:std:iso:20022:tech:xsd:camt.053.001.02", "BkToCstmrStmt", "camt.053.001.02"),
        ("urn:iso:std:iso:20022:tech:xsd:camt.053.001.13", "BkToCstmrStmt", "camt.053.001.13"),
        ("ISO:camt.053.001.02:APC:STUZZA:payments:003", "BkToCstmrStmt", "camt.053.001.02"),
        ("", "BkToCstmrStmt", "camt.053"),
        ("urn:something", "BkToCstmrStmt", "camt.053"),
        ("urn:iso:std:iso:20022:tech:xsd:camt.052.001.08", "BkToCstmrStmt", "camt.053"),
        ("urn:iso:std:iso:20022:tech:xsd:camt.052.001.08", "BkToCstmrAcctRpt", "camt.052.001.08"),
        ("urn:iso:std:iso:20022:tech:xsd:camt.054.001.08", "BkToCstmrDbtCdtNtfctn", "camt.054.001.08"),
        ("urn:swift:xsd:$camt.053.001.01", "BkToCstmrStmtV01", "camt.053.001.01"),
        ("", "BkToCstmrAcctRpt", "camt.052"),
        ("", "BkToCstmrDbtCdtNtfctnV01", "camt.054"),
        ("", "Foo", None),
        ("urn:iso:std:iso:20022:tech:xsd:pain.008.001.08", "CstmrDrctDbtInitn", None),
    ],
)
def test_the_version_is_told_by_namespace_or_root(namespace: str, root: str, expected: str | None) -> None:
    assert camt.identify(f'<Document xmlns="{namespace}"><{root}><GrpHdr/>'.encode()) == expected


@pytest.mark.parametrize(
    "head", [b"", b"%PDF-1.7", b"hello", b"<", b"<!DOCTYPE x><Document/>", b"\xff\xfe\x00"]
)
def test_what_is_no_camt_is_not_identified(head: bytes) -> None:
    assert camt.identify(head) is None


def test_a_comment_that_names_a_version_identifies_nothing() -> None:
    assert camt.identify(b'<!-- xmlns="camt.053.001.08" --><Document><Other/></Document>') is None


# --- amounts, signs, dates ---


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12", "EUR", 1200),
        ("+12.50", "EUR", 1250),
        ("  12.50\n", "EUR", 1250),
        ("0.00", "EUR", 0),
        ("12.50000", "EUR", 1250),
        ("1250", "JPY", 1250),
        ("1.250", "BHD", 1250),
    ],
)
def test_an_amount_is_read_to_the_minor_unit(amount: str, currency: str, minor: int) -> None:
    entry = f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry>'
    (line,) = only(raw(entry)).lines
    assert line.amount == Money(minor, currency)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ('<Amt Ccy="EUR">12,50</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "'12,50' is not an amount"),
        ('<Amt Ccy="EUR">-12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "'-12.50' is not an amount"),
        ('<Amt Ccy="EUR">12.505</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "more than the 2 decimals"),
        ('<Amt Ccy="JPY">12.5</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "more than the 0 decimals"),
        ('<Amt Ccy="EUR">1e3</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "'1e3' is not an amount"),
        ('<Amt Ccy="EUR">1 000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "is not an amount"),
        ('<Amt Ccy="EUR">12..34</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "is not an amount"),
        ('<Amt Ccy="EUR"/><CdtDbtInd>CRDT</CdtDbtInd>', "is not an amount"),
        ('<Amt Ccy="EUR">NaN</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "is not an amount"),
        ('<Amt Ccy="EUR">١٢</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "is not an amount"),
        ('<Amt Ccy="EUR">9999999999999.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "larger than any amount"),
        ("<Amt>12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd>", "no currency"),
        ('<Amt Ccy="XXX">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "not an ISO 4217 currency"),
        ('<Amt Ccy="eur">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "not an ISO 4217 currency"),
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "has no amount"),
        ('<Amt Ccy="EUR">12.50</Amt>', "whether it is a credit or a debit"),
        ('<Amt Ccy="EUR">12.50</Amt><CdtDbtInd/>', "neither CRDT nor DBIT"),
        ('<Amt Ccy="EUR">12.50</Amt><CdtDbtInd>C</CdtDbtInd>', "neither CRDT nor DBIT"),
        ('<Amt Ccy="EUR">12.50</Amt><CdtDbtInd>crdt</CdtDbtInd>', "neither CRDT nor DBIT"),
        ('<Amt Ccy="EUR">1.00</Amt><Amt Ccy="EUR">2.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>', "stated twice"),
        ('<Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><CdtDbtInd>DBIT</CdtDbtInd>', "DBIT twice"),
        (f"{BOOKED_12_50}<BookgDt><Dt>2026-02-30</Dt></BookgDt>", "'2026-02-30' is not a date"),
        (f"{BOOKED_12_50}<BookgDt><Dt>05.01.2026</Dt></BookgDt>", "'05.01.2026' is not a date"),
        (f"{BOOKED_12_50}<BookgDt><Dt>20260105</Dt></BookgDt>", "'20260105' is not a date"),
        (f"{BOOKED_12_50}<BookgDt><Dt>2026-W02-1</Dt></BookgDt>", "is not a date"),
        (f"{BOOKED_12_50}<ValDt><DtTm>2026-01-05 10:00</DtTm></ValDt>", "is not a date"),
        (f"{BOOKED_12_50}<ValDt><Dt>0000-01-01</Dt></ValDt>", "is not a date"),
    ],
)
def test_an_entry_that_cannot_be_read_is_refused_by_itself_with_its_line(fields: str, reason: str) -> None:
    good = f"<Ntry>{BOOKED_12_50}</Ntry>"
    found = only(raw(f"{good}\n<Ntry>{fields}</Ntry>\n{good}"))
    (refused,) = found.refused
    assert reason in refused.reason
    assert refused.reason.endswith(".")
    assert (refused.position, refused.line) == (2, 3)
    assert [(line.amount, line.position) for line in found.lines] == [(euro(1250), 1), (euro(1250), 3)]
    assert (found.statement.lines, found.statement.refused, found.statement.booked) == (2, 1, euro(2500))
    assert str(refused) in found.statement.problems


def test_a_part_that_cannot_be_read_refuses_its_entry() -> None:
    content = camt053([lump(500, payment_information_id="P", parts=[Part(amount=200), Part(amount=300)])])
    found = only(content.replace(b">3.00<", b">3,00<"))
    assert [refused.reason[:6] for refused in found.refused] == ["'3,00'"]
    assert found.lines == ()


def test_a_refused_entry_shows_in_the_proof() -> None:
    content = camt053([credit(1250), debit(300)]).replace(b'EUR">3.00', b'EUR">3,00')
    found = only(content).statement
    assert (found.balanced, found.difference, found.refused) == (False, euro(-300), 1)
    assert found.problems[0].startswith("Line 67 of the file is not taken in: '3,00' is not an amount")


def test_the_line_number_is_right_far_down_a_file() -> None:
    good = f"<Ntry>{BOOKED_12_50}</Ntry>\n" * 70_000
    (refused,) = only(raw(good + '<Ntry>\n<Amt Ccy="EUR">1,00</Amt></Ntry>')).refused
    assert (refused.position, refused.line) == (70_001, 70_003)


def test_a_thousand_refused_entries_are_told_and_one_more_refuses_the_file() -> None:
    bad = '<Ntry><Amt Ccy="EUR">1,00</Amt></Ntry>\n'
    found = only(raw(bad * 1_000))
    assert (len(found.refused), found.statement.refused) == (1_000, 1_000)
    assert "980 more lines could not be read." in found.statement.problems
    assert "More than 1000 lines" in refusal(raw(bad * 1_001)).message


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("<Dt>2026-01-05</Dt>", DAY),
        ("<Dt>2026-01-05Z</Dt>", DAY),
        ("<Dt>2026-01-05+14:00</Dt>", DAY),
        ("<Dt> 2026-01-05 </Dt>", DAY),
        ("<DtTm>2026-01-05T23:59:59</DtTm>", DAY),
        ("<DtTm>2026-01-05T23:30:00.000-05:00</DtTm>", DAY),
        ("<DtTm>2026-01-05T00:10:00+02:00</DtTm>", DAY),
        ("<DtTm>2026-01-05T23:00:00.000Z</DtTm>", DAY),
        ("<DtTm>2026-01-05T23:00:00:000</DtTm>", DAY),
        ("<Dt>2026-01-05T10:00:00</Dt>", DAY),
        ("2026-01-05", DAY),
        ("<Dt>2028-02-29</Dt>", date(2028, 2, 29)),
        ("<Dt/>", None),
        ("", None),
    ],
)
def test_a_date_is_the_one_written_whatever_its_time_and_zone(written: str, day: date | None) -> None:
    line = raw_line(f"<BookgDt>{written}</BookgDt><ValDt>{written}</ValDt>")
    assert (line.booked_on, line.valued_on) == (day, day)


def test_booking_and_value_date_are_kept_apart() -> None:
    line = raw_line("<BookgDt><Dt>2026-01-05</Dt></BookgDt><ValDt><Dt>2026-01-07</Dt></ValDt>")
    assert (line.booked_on, line.valued_on) == (DAY, date(2026, 1, 7))


def test_an_undated_entry_is_dated_by_a_statement_of_a_single_day_and_that_is_said() -> None:
    content = camt053([credit(100, booked_on=None)])
    assert [line.booked_on for line in only(content).lines] == [DAY]
    assert problems(content) == ("1 line without a booking date, dated by the only day of the statement.",)


def test_an_undated_entry_is_dated_by_balances_of_a_single_day() -> None:
    content = camt053([credit(100, booked_on=None)], from_on=None, to_on=None)
    assert [line.booked_on for line in only(content).lines] == [DAY]


def test_an_undated_entry_of_a_longer_statement_stays_undated_and_that_is_said() -> None:
    content = camt053([credit(100, booked_on=None)], from_on=date(2026, 1, 1))
    assert [line.booked_on for line in only(content).lines] == [None]
    assert problems(content) == ("1 booked line without a booking date.",)


def test_the_period_of_a_statement_outweighs_the_days_of_its_balances() -> None:
    balances = (balance("OPBD", 100, 5), balance("CLBD", 200, 5))
    content = camt053([credit(100, booked_on=None)], from_on=date(2026, 1, 1), balances=balances)
    assert [line.booked_on for line in only(content).lines] == [None]


def test_of_a_date_and_a_time_the_first_one_counts() -> None:
    line = raw_line("<BookgDt><Dt>2026-01-05</Dt><DtTm>2026-01-06T00:00:00</DtTm></BookgDt>")
    assert line.booked_on == DAY


def test_a_pending_entry_needs_no_date() -> None:
    content = camt053([credit(100), pending(credit(200))])
    assert [line.booked_on for line in only(content).lines] == [DAY, None]
    assert problems(content) == ()


# --- status ---


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("<Sts>BOOK</Sts>", LineStatus.BOOKED),
        ("<Sts><Cd>BOOK</Cd></Sts>", LineStatus.BOOKED),
        ("<Sts>\n  <Cd>BOOK</Cd>\n</Sts>", LineStatus.BOOKED),
        ("<Sts><Prtry>BOOK</Prtry></Sts>", LineStatus.BOOKED),
        ("<Sts>PDNG</Sts>", LineStatus.PENDING),
        ("<Sts><Cd>PDNG</Cd></Sts>", LineStatus.PENDING),
        ("<Sts><Cd>FUTR</Cd></Sts>", LineStatus.PENDING),
        ("<Sts><Cd>INFO</Cd></Sts>", LineStatus.INFO),
        ("<Sts><Cd>ODD1</Cd></Sts>", LineStatus.INFO),
        ("<Sts><Prtry>verbucht</Prtry></Sts>", LineStatus.INFO),
        ("", LineStatus.BOOKED),
        ("<Sts/>", LineStatus.BOOKED),
    ],
)
def test_status_is_read_as_text_or_choice(written: str, status: LineStatus) -> None:
    entry = f'<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>{written}</Ntry>'
    found = only(raw(entry))
    assert [line.status for line in found.lines] == [status]
    assert found.statement.booked == euro(100 if status is LineStatus.BOOKED else 0)


@EVERY_VERSION
def test_only_booked_entries_count(version: str) -> None:
    found = only(camt053([credit(1250), pending(credit(9999)), pending(debit(5))], version=version))
    assert (found.statement.booked, found.statement.booked_count, found.statement.lines) == (euro(1250), 1, 3)
    assert found.statement.balanced is True


def test_an_unknown_status_never_counts_and_is_named() -> None:
    content = camt053([credit(1250), Entry(amount=700, status="ODD1"), Entry(amount=800, status="ODD2")])
    assert only(content).statement.booked == euro(1250)
    assert problems(content) == ("2 lines with an unknown status, not counted.",)


def test_a_missing_status_counts_as_booked_and_is_named() -> None:
    content = camt053([credit(1250)]).replace(b"<Sts><Cd>BOOK</Cd>\n</Sts>\n", b"")
    assert only(content).statement.booked == euro(1250)
    assert problems(content) == (
        "1 line without a status, counted as booked because a statement lists booked lines.",
    )


# --- who ---


@EVERY_VERSION
def test_the_counterparty_of_a_credit_is_its_debtor(version: str) -> None:
    line = line_of(credit(1250, name="Anna Beispiel", iban=CUSTOMER, bic="BYLADEM1001"), version=version)
    assert line.counterparty == Party(name="Anna Beispiel", iban=CUSTOMER, bic="BYLADEM1001")


@EVERY_VERSION
def test_the_counterparty_of_a_debit_is_its_creditor(version: str) -> None:
    line = line_of(debit(1250, name="Stadtwerke", iban=CUSTOMER, bic="BYLADEM1001"), version=version)
    assert line.counterparty == Party(name="Stadtwerke", iban=CUSTOMER, bic="BYLADEM1001")


@EVERY_VERSION
def test_the_counterparty_of_a_returned_collection_is_the_customer_it_was_drawn_on(version: str) -> None:
    line = line_of(returned(7197, name="Otto Muster", iban=CUSTOMER), version=version)
    assert line.amount == euro(-7197)
    assert line.counterparty == Party(name="Otto Muster", iban=CUSTOMER)


BOTH = (
    "<RltdPties><Dbtr><Pty><Nm>Die Zahlende</Nm></Pty></Dbtr>"
    "<DbtrAcct><Id><IBAN>{debtor}</IBAN></Id></DbtrAcct>"
    "<Cdtr><Pty><Nm>Der Empfänger</Nm></Pty></Cdtr>"
    "<CdtrAcct><Id><IBAN>{creditor}</IBAN></Id></CdtrAcct></RltdPties>"
)


@pytest.mark.parametrize(
    ("sign", "more", "debtor", "creditor", "name"),
    [
        ("CRDT", "", CUSTOMER, ACCOUNT, "Die Zahlende"),
        ("DBIT", "", ACCOUNT, CUSTOMER, "Der Empfänger"),
        ("DBIT", "<RtrInf/>", CUSTOMER, ACCOUNT, "Die Zahlende"),
        ("CRDT", "<RtrInf/>", ACCOUNT, CUSTOMER, "Der Empfänger"),
        # Whatever the roles say, the statement's own account is the holder's.
        ("DBIT", "", CUSTOMER, ACCOUNT, "Die Zahlende"),
        ("CRDT", "", ACCOUNT, CUSTOMER, "Der Empfänger"),
        ("CRDT", "<RtrInf/>", CUSTOMER, ACCOUNT, "Die Zahlende"),
        ("DBIT", "<RtrInf/>", ACCOUNT, "DE89 3704 0044 0532 0130 00", None),
    ],
)
def test_the_counterparty_is_never_the_account_holder(
    sign: str, more: str, debtor: str, creditor: str, name: str | None
) -> None:
    parties = BOTH.format(debtor=debtor, creditor=creditor)
    entry = (
        f'<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<NtryDtls><TxDtls>{parties}{more}</TxDtls></NtryDtls></Ntry>"
    )
    (line,) = only(raw(entry)).lines
    assert line.counterparty.name == name


@pytest.mark.parametrize(
    ("sign", "mark", "name"),
    [
        ("DBIT", "<RtrInf/>", "Nur der Empfänger"),
        ("CRDT", "<RtrInf/>", "Nur der Empfänger"),
        ("DBIT", "", "Nur der Empfänger"),
        ("CRDT", "", None),
    ],
)
def test_the_only_party_a_return_names_is_its_counterparty(sign: str, mark: str, name: str | None) -> None:
    only_party = "<RltdPties><Cdtr><Nm>Nur der Empfänger</Nm></Cdtr></RltdPties>"
    entry = (
        f'<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<NtryDtls><TxDtls>{only_party}{mark}</TxDtls></NtryDtls></Ntry>"
    )
    (line,) = only(raw(entry)).lines
    assert line.counterparty.name == name


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        ("<RvslInd>true</RvslInd>", "Der Empfänger"),
        ("<RvslInd>1</RvslInd>", "Der Empfänger"),
        ("<RvslInd>false</RvslInd>", "Die Zahlende"),
        (
            "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>",
            "Der Empfänger",
        ),
    ],
)
def test_a_reversal_turns_the_roles_round_too(mark: str, name: str) -> None:
    parties = BOTH.format(debtor="FI2112345600000785", creditor=CUSTOMER)
    line = raw_line(f"{mark}<NtryDtls><TxDtls>{parties}</TxDtls></NtryDtls>")
    assert line.counterparty.name == name


@pytest.mark.parametrize(
    ("fields", "party"),
    [
        ("<Dbtr><Nm>Flach</Nm></Dbtr>", Party(name="Flach")),
        ("<Dbtr><Pty><Nm>Verpackt</Nm></Pty></Dbtr>", Party(name="Verpackt")),
        (
            "<Dbtr><Agt><FinInstnId><BICFI>BYLADEM1001</BICFI><Nm>Bank</Nm></FinInstnId></Agt></Dbtr>",
            Party(name="Bank", bic="BYLADEM1001"),
        ),
        ("<Dbtr/><UltmtDbtr><Pty><Nm>Letzte</Nm></Pty></UltmtDbtr>", Party(name="Letzte")),
        ("<Dbtr><Nm>Erste</Nm></Dbtr><UltmtDbtr><Nm>Letzte</Nm></UltmtDbtr>", Party(name="Erste")),
        ("<DbtrAcct><Id><Othr><Id>0035-29</Id></Othr></Id></DbtrAcct>", Party(iban="0035-29")),
        ("<DbtrAcct><Id><IBAN>DE02 1203 0000 0000 2020 51</IBAN></Id></DbtrAcct>", Party(iban=CUSTOMER)),
        ("<DbtrAcct><Id><Othr><Id>NOTPROVIDED</Id></Othr></Id></DbtrAcct>", Party()),
        ("<Cdtr><Nm>Wir selbst</Nm></Cdtr>", Party()),
    ],
)
def test_a_party_is_read_in_all_its_forms(fields: str, party: Party) -> None:
    assert transaction(f"<RltdPties>{fields}</RltdPties>").counterparty == party


def test_a_payers_bank_is_not_the_payer_and_no_bic_is_none() -> None:
    agent = "<FinInstnId><BICFI>NOTPROVIDED</BICFI><Nm>Volksbank</Nm></FinInstnId>"
    line = transaction(f"<RltdAgts><DbtrAgt>{agent}</DbtrAgt></RltdAgts>")
    assert line.counterparty == Party()


# --- what for ---


@EVERY_VERSION
def test_references_of_a_debit_are_lifted_to_its_line(version: str) -> None:
    part = {
        "end_to_end_id": "E2E-4711",
        "mandate_id": "MND-1",
        "creditor_id": CREDITOR_ID,
        "bank_reference": "PART-REF",
    }
    line = line_of(credit(1250, entry=Entry(amount=0, bank_reference="REF-9"), **part), version=version)
    assert (line.end_to_end_id, line.mandate_id, line.creditor_id) == ("E2E-4711", "MND-1", CREDITOR_ID)
    assert line.bank_reference == "REF-9"
    assert line.details == ()


def test_the_bank_reference_of_the_only_part_stands_in_for_the_entrys() -> None:
    assert line_of(credit(1250, bank_reference="PART-REF")).bank_reference == "PART-REF"


@pytest.mark.parametrize("filler", ["NOTPROVIDED", "NotProvided", "NONREF"])
def test_a_reference_that_says_there_is_none_is_none(filler: str) -> None:
    entry = Entry(amount=0, bank_reference=filler)
    line = line_of(credit(1250, entry=entry, end_to_end_id=filler, mandate_id=filler, bank_reference=filler))
    assert (line.end_to_end_id, line.mandate_id, line.bank_reference) == (None, None, None)


def test_a_running_number_of_the_statement_is_no_bank_reference() -> None:
    assert raw_line("<NtryRef>1</NtryRef>").bank_reference is None


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (f"<PrvtId><Othr><Id>{CREDITOR_ID}</Id></Othr></PrvtId>", CREDITOR_ID),
        (f"<PrvtId><Othr><Id>{CREDITOR_ID}</Id>{{sepa}}</Othr></PrvtId>", CREDITOR_ID),
        (f"<OrgId><Othr><Id>{CREDITOR_ID}</Id>{{sepa}}</Othr></OrgId>", CREDITOR_ID),
        ("<PrvtId><Othr><Id>de98 zzz0 9999 9999 99</Id></Othr></PrvtId>", CREDITOR_ID),
        (f"<PrvtId><Othr><Id>X</Id></Othr><Othr><Id>{CREDITOR_ID}</Id></Othr></PrvtId>", CREDITOR_ID),
        ("<PrvtId><Othr><Id>123-45-6789</Id></Othr></PrvtId>", None),
        (f"<PrvtId><Othr><Id>{CREDITOR_ID}</Id><SchmeNm><Cd>SOSE</Cd></SchmeNm></Othr></PrvtId>", None),
        ("<OrgId><Othr/></OrgId>", None),
        ("", None),
    ],
)
def test_the_creditor_identifier_is_an_identification_of_scheme_sepa(
    identity: str, expected: str | None
) -> None:
    identity = identity.replace("{sepa}", "<SchmeNm><Prtry>SEPA</Prtry></SchmeNm>")
    for form in ("<Cdtr><Id>{}</Id></Cdtr>", "<Cdtr><Pty><Id>{}</Id></Pty></Cdtr>"):
        assert transaction(f"<RltdPties>{form.format(identity)}</RltdPties>").creditor_id == expected


def strd(fields: str) -> str:
    return f"<RmtInf><Strd>{fields}</Strd></RmtInf>"


@pytest.mark.parametrize(
    ("fields", "reference", "remittance"),
    [
        ("<RmtInf><Ustrd>Rechnung 4711</Ustrd></RmtInf>", None, "Rechnung 4711"),
        ("<RmtInf><Ustrd> Rechnung\n   4711 </Ustrd></RmtInf>", None, "Rechnung 4711"),
        ("<RmtInf><Ustrd>Rechnung</Ustrd><Ustrd/><Ustrd>4711</Ustrd></RmtInf>", None, "Rechnung 4711"),
        ("<RmtInf><Ustrd>NOTPROVIDED</Ustrd></RmtInf>", None, None),
        (strd("<CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf>"), "RF18539007547034", None),
        (strd("<CdtrRefInf><Ref> 4711 </Ref></CdtrRefInf>"), "4711", None),
        (strd("<CdtrRefInf><Ref/></CdtrRefInf>"), None, None),
        (
            strd("<RfrdDocInf><Nb>RE-1</Nb></RfrdDocInf><RfrdDocInf><Nb>RE-2</Nb></RfrdDocInf>"),
            None,
            "RE-1 RE-2",
        ),
        (
            "<RmtInf><Ustrd>Zahlung RE-1</Ustrd><Strd><RfrdDocInf><Nb>RE-1</Nb></RfrdDocInf>"
            "<CdtrRefInf><Ref>R1</Ref></CdtrRefInf></Strd><Strd><CdtrRefInf><Ref>R2</Ref></CdtrRefInf>"
            "<AddtlRmtInf>Danke</AddtlRmtInf></Strd></RmtInf>",
            "R1",
            "Zahlung RE-1 R2 Danke",
        ),
        ("<AddtlTxInf>Abschluss Q4</AddtlTxInf>", None, "Abschluss Q4"),
        ("<RmtInf><Ustrd>RE-1</Ustrd></RmtInf><AddtlTxInf>Abschluss</AddtlTxInf>", None, "RE-1"),
        ("", None, None),
    ],
)
def test_free_text_and_structured_reference_are_told_apart(
    fields: str, reference: str | None, remittance: str | None
) -> None:
    line = transaction(fields)
    assert (line.reference, line.remittance) == (reference, remittance)


def test_an_entry_of_the_bank_itself_shows_what_the_bank_says() -> None:
    assert line_of(fee(250, information="Kontoführung Dezember")).remittance == "Kontoführung Dezember"


def test_what_the_bank_says_is_no_text_of_a_payer_who_gave_a_reference() -> None:
    entry = Entry(amount=0, information="SEPA-Gutschrift")
    assert line_of(credit(1250, entry=entry, reference="RF18539007547034")).remittance is None
    assert line_of(credit(1250, entry=entry)).remittance == "SEPA-Gutschrift"


def test_a_comment_or_an_instruction_within_a_text_is_no_part_of_it() -> None:
    line = transaction("<RmtInf><Ustrd>RE-<!-- no -->4711<?no no?> Danke</Ustrd></RmtInf>")
    assert line.remittance == "RE-4711 Danke"


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (["A" * 27, "B" * 27, "CC"], "A" * 27 + "B" * 27 + "CC"),
        (["A" * 35, "BB"], "A" * 35 + "BB"),
        (["A" * 140, "B" * 140], "A" * 140 + "B" * 140),
        (["Rechnung RE-2026-0815 vom 0", "5.01.2026"], "Rechnung RE-2026-0815 vom 05.01.2026"),
        (["Rechnung RE-2026-0815 vom", "05.01.2026"], "Rechnung RE-2026-0815 vom 05.01.2026"),
        (["Miete Januar 2026 Wohnung 3", "x" * 26, "Ende"], f"Miete Januar 2026 Wohnung 3{'x' * 26} Ende"),
        (["RE-1", "A" * 27, "RE-2"], f"RE-1 {'A' * 27} RE-2"),
        (["A" * 27, "B" * 40, "C"], f"{'A' * 27} {'B' * 40} C"),
        (["RE-1 ", " RE-2"], "RE-1 RE-2"),
        (["  RE-1  "], "RE-1"),
        ([], ""),
    ],
)
def test_a_text_cut_at_full_width_is_joined_without_a_blank(pieces: list[str], whole: str) -> None:
    assert joined(pieces) == whole


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("{iso}", "PMNT/RCDT/ESCT"),
        ("{iso}{own}", "PMNT/RCDT/ESCT"),
        ("{own}", "NTRF+166+00931"),
        ("<Domn><Cd>PMNT</Cd></Domn>", "PMNT"),
        ("<Prtry><Cd/></Prtry>", None),
        ("", None),
    ],
)
def test_the_transaction_code_is_iso_or_the_banks_own(code: str, expected: str | None) -> None:
    iso = "<Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn>"
    own = "<Prtry><Cd>NTRF+166+00931</Cd><Issr>DK</Issr></Prtry>"
    written = f"<BkTxCd>{code.format(iso=iso, own=own)}</BkTxCd>"
    assert raw_line(written).transaction_code == expected
    assert transaction(written).transaction_code == expected


@pytest.mark.parametrize(
    ("written", "is_reversal"), [("true", True), ("1", True), ("false", False), ("0", False)]
)
def test_a_reversal_is_marked_but_its_sign_is_the_banks(written: str, is_reversal: bool) -> None:
    line = raw_line(f"<RvslInd>{written}</RvslInd>")
    assert line.reversal is is_reversal
    assert line.amount == euro(1250)


# --- returns ---


@EVERY_VERSION
def test_a_return_is_booked_with_its_fee_and_keeps_the_collected_amount_apart(version: str) -> None:
    line = line_of(returned(7197, charges=300, reason="MS03", end_to_end_id="E-1"), version=version)
    assert (line.amount, line.original, line.charges) == (euro(-7497), euro(7197), euro(300))
    assert (line.return_reason, line.end_to_end_id) == ("MS03", "E-1")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("<Rsn><Cd>AC04</Cd></Rsn>", "AC04"),
        ("<Rsn><Prtry>AM04</Prtry></Rsn>", "AM04"),
        ("<Rsn><Prtry>Rueckgabegrund: MS03</Prtry></Rsn>", "MS03"),
        ("<AddtlInf>Rueckgabegrund: MS03 Sonstige Gruende</AddtlInf>", "MS03"),
        ("<AddtlInf>/RTRN/AC01/</AddtlInf>", "AC01"),
        ("<Rsn><Cd>NARR</Cd></Rsn><AddtlInf>MD06 Widerspruch</AddtlInf>", "MD06"),
        ("<Rsn><Cd>NARR</Cd></Rsn><AddtlInf>Empfänger unbekannt</AddtlInf>", "NARR"),
        ("<Rsn><Prtry>914</Prtry></Rsn>", "914"),
        ("<AddtlInf>/RTYP/RTRN</AddtlInf>", "NARR"),
        ("<AddtlInf>Ref XAC04X</AddtlInf>", "NARR"),
        ("", "NARR"),
    ],
)
def test_the_reason_of_a_return_is_found_wherever_the_bank_put_it(fields: str, reason: str) -> None:
    assert transaction(f"<RtrInf>{fields}</RtrInf>").return_reason == reason


def test_a_payment_that_did_not_come_back_has_no_reason() -> None:
    line = transaction("<AddtlTxInf>AC04</AddtlTxInf>")
    assert line.return_reason is None


def return_of(amounts: str, *, sign: str = "DBIT") -> Line:
    entry = (
        f'<Ntry><Amt Ccy="EUR">74.97</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<NtryDtls><TxDtls>{amounts}<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry>"
    )
    (line,) = only(raw(entry)).lines
    return line


def details_of(*, instructed: str = "", transacted: str = "") -> str:
    def one(name: str, amount: str) -> str:
        return f'<{name}><Amt Ccy="EUR">{amount}</Amt></{name}>' if amount else ""

    return f"<AmtDtls>{one('InstdAmt', instructed)}{one('TxAmt', transacted)}</AmtDtls>"


def charge(amount: str, *, included: str = "", sign: str = "DBIT", ccy: str = "EUR") -> str:
    inside = f"<ChrgInclInd>{included}</ChrgInclInd>" if included else ""
    return f'<Rcrd><Amt Ccy="{ccy}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{inside}</Rcrd>'


@pytest.mark.parametrize(
    ("amounts", "original", "charges"),
    [
        (details_of(instructed="71.97", transacted="74.97"), 7197, 300),
        (details_of(transacted="71.97"), 7197, 300),
        (details_of(instructed="74.97"), 7497, None),
        (details_of(instructed="80.00"), 8000, None),
        (details_of(transacted="74.97"), None, None),
        (f"<Chrgs>{charge('3.00', included='true')}</Chrgs>", 7197, 300),
        (f"<Chrgs>{charge('3.00', included='false')}</Chrgs>", 7497, 300),
        (f"<Chrgs>{charge('3.00')}</Chrgs>", 7197, 300),
        (f"<Chrgs>{charge('2.00')}{charge('1.50')}{charge('0.50', sign='CRDT')}</Chrgs>", 7197, 300),
        ('<Chrgs><Amt Ccy="EUR">3.00</Amt></Chrgs><Chrgs><Amt Ccy="EUR">0.00</Amt></Chrgs>', 7197, 300),
        ('<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">3.00</TtlChrgsAndTaxAmt></Chrgs>', 7197, 300),
        ('<Chrgs><Amt Ccy="EUR">0.00</Amt></Chrgs>', 7497, 0),
        (f"<Intrst>{charge('0.47')}</Intrst>", 7450, 47),
        ('<Intrst><Amt Ccy="EUR">0.47</Amt><CdtDbtInd>DBIT</CdtDbtInd></Intrst>', 7450, 47),
        (f"<Chrgs>{charge('2.53')}</Chrgs><Intrst>{charge('0.47')}</Intrst>", 7197, 300),
        (f"{details_of(instructed='71.97')}<Chrgs>{charge('2.53')}</Chrgs>", 7197, 253),
        ("<Chrgs/>", None, None),
        ("", None, None),
    ],
)
def test_original_and_charges_of_a_return(amounts: str, original: int | None, charges: int | None) -> None:
    line = return_of(amounts)
    assert line.original == (None if original is None else euro(original))
    assert line.charges == (None if charges is None else euro(charges))


def test_charges_taken_out_of_a_returned_transfer_make_the_original_larger() -> None:
    line = return_of(f"<Chrgs>{charge('3.00', included='true')}</Chrgs>", sign="CRDT")
    assert (line.amount, line.original) == (euro(7497), euro(7797))


def test_a_payment_that_did_not_come_back_has_no_original_amount() -> None:
    assert transaction(details_of(instructed="15.00")).original is None


def test_amounts_in_another_currency_are_left_out_and_named() -> None:
    dollars = '<AmtDtls><InstdAmt><Amt Ccy="USD">80.00</Amt></InstdAmt></AmtDtls>'
    fields = f"{dollars}<Chrgs>{charge('1.00', ccy='USD')}</Chrgs><RtrInf/>"
    content = raw(f"<Ntry>{BOOKED_12_50}<NtryDtls><TxDtls>{fields}</TxDtls></NtryDtls></Ntry>")
    (line,) = only(content).lines
    assert (line.original, line.charges) == (None, None)
    assert "1 line with an original amount in another currency, which is left out." in problems(content)
    assert "1 line with charges in another currency, which are left out." in problems(content)


def test_charges_of_the_entry_are_not_counted_again_for_its_part() -> None:
    block = f"<Chrgs>{charge('3.00')}</Chrgs>"
    line = raw_line(f"{block}<NtryDtls><TxDtls>{block}</TxDtls></NtryDtls>")
    assert line.charges == euro(300)


# --- lumps ---


@EVERY_VERSION
def test_an_itemised_lump_has_its_parts_as_details(version: str) -> None:
    parts = [
        Part(amount=2000, name="Anna", end_to_end_id="E-1", mandate_id="M-1", bank_reference="B-1"),
        Part(amount=3000, name="Otto", end_to_end_id="E-2", remittance="RE-2"),
    ]
    line = line_of(
        lump(5000, payment_information_id="PMT-1", message_id="MSG-1", count=2, parts=parts), version=version
    )
    assert line.amount == euro(5000)
    assert line.batch == Batch(payment_information_id="PMT-1", message_id="MSG-1", count=2)
    assert (line.counterparty, line.end_to_end_id, line.remittance) == (Party(), None, None)
    first, second = line.details
    assert (first.amount, first.counterparty.name, first.end_to_end_id) == (euro(2000), "Anna", "E-1")
    assert (first.mandate_id, first.bank_reference, first.remittance) == ("M-1", "B-1", None)
    assert (second.amount, second.counterparty.name, second.remittance) == (euro(3000), "Otto", "RE-2")
    assert [part.booked_on for part in line.details] == [DAY, DAY]
    assert [part.transaction_code for part in line.details] == ["PMNT/IDDT/ESDD"] * 2
    assert [part.position for part in line.details] == [1, 2]
    assert all(part.details == () and part.batch is None for part in line.details)


@EVERY_VERSION
def test_a_lump_that_is_not_itemised_has_no_details(version: str) -> None:
    line = line_of(lump(5000, payment_information_id="PMT-1", count=7), version=version)
    assert line.batch == Batch(payment_information_id="PMT-1", count=7)
    assert line.details == ()


@EVERY_VERSION
def test_returns_booked_together_each_keep_their_own_amount_fee_and_reason(version: str) -> None:
    parts = (
        Part(amount=-2300, original=2000, charges=300, reason="AM04", name="Anna", end_to_end_id="E-1"),
        Part(amount=-3300, original=3000, charges=300, reason="MD06", name="Otto", end_to_end_id="E-2"),
    )
    line = line_of(Entry(amount=-5600, parts=parts, batch=(None, None, 2)), version=version)
    assert [part.amount for part in line.details] == [euro(-2300), euro(-3300)]
    assert [part.original for part in line.details] == [euro(2000), euro(3000)]
    assert [part.charges for part in line.details] == [euro(300), euro(300)]
    assert [part.return_reason for part in line.details] == ["AM04", "MD06"]
    assert [part.counterparty.name for part in line.details] == ["Anna", "Otto"]
    assert line.return_reason is None


def test_parts_stated_without_their_fees_are_given_with_them_so_that_they_make_the_entry() -> None:
    parts = "".join(
        f'<TxDtls><Amt Ccy="EUR">{amount}</Amt><Chrgs>{charge("3.00")}</Chrgs><RtrInf/></TxDtls>'
        for amount in ("20.00", "30.00")
    )
    entry = f'<Ntry><Amt Ccy="EUR">56.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><NtryDtls>{parts}</NtryDtls></Ntry>'
    (line,) = only(raw(entry)).lines
    assert [part.amount for part in line.details] == [euro(-2300), euro(-3300)]
    assert "add up" not in " ".join(problems(raw(entry)))


def test_a_part_against_the_entry_keeps_its_own_sign_and_party() -> None:
    parts = (Part(amount=5000, name="Anna"), Part(amount=-1000, name="Stadtwerke"))
    line = line_of(Entry(amount=4000, parts=parts))
    assert [part.amount for part in line.details] == [euro(5000), euro(-1000)]
    assert [part.counterparty.name for part in line.details] == ["Anna", "Stadtwerke"]


def test_parts_that_do_not_add_up_are_shown_and_named() -> None:
    content = camt053([Entry(amount=5000, parts=(Part(amount=2000), Part(amount=2999)))])
    assert [part.amount for part in only(content).lines[0].details] == [euro(2000), euro(2999)]
    assert problems(content) == ("1 line whose parts do not add up to it.",)


def test_parts_without_amounts_are_left_out_and_named() -> None:
    content = camt053([lump(5000, payment_information_id="P", count=2, parts=[Part(), Part()])], version="02")
    content = content.replace(b"</Btch>", b"</Btch><TxDtls><Refs/></TxDtls><TxDtls><Refs/></TxDtls>")
    assert only(content).lines[0].details == ()
    assert problems(content) == ("1 line whose parts do not all state an amount; the parts are left out.",)


def test_the_amount_of_a_part_is_the_one_in_the_accounts_currency() -> None:
    part = '<TxDtls><Amt Ccy="USD">{}</Amt><AmtDtls><TxAmt><Amt Ccy="EUR">{}</Amt></TxAmt></AmtDtls></TxDtls>'
    inner = part.format("7.00", "6.25") * 2
    line = raw_line(f"<NtryDtls>{inner}</NtryDtls>")
    assert [found.amount for found in line.details] == [euro(625), euro(625)]


def test_parts_in_another_currency_are_shown_and_named() -> None:
    content = camt053(
        [Entry(amount=1250, parts=(Part(amount=700, currency="USD"), Part(amount=1, currency="USD")))]
    )
    assert only(content).lines[0].details[0].amount == Money(700, "USD")
    assert problems(content) == ("1 line with parts in another currency.",)


@pytest.mark.parametrize(
    ("details", "batch"),
    [
        (
            "<TxDtls><Refs><PmtInfId>P</PmtInfId><MsgId>M</MsgId></Refs></TxDtls>",
            Batch(payment_information_id="P", message_id="M"),
        ),
        ("<TxDtls><Refs><PmtInfId>P</PmtInfId><EndToEndId>E</EndToEndId></Refs></TxDtls>", None),
        ("<TxDtls><Refs><MsgId>M</MsgId></Refs></TxDtls>", None),
        ("<Btch><NbOfTxs>86</NbOfTxs></Btch><TxDtls/>", Batch(count=86)),
        ("<Btch><NbOfTxs>viele</NbOfTxs></Btch>", Batch()),
        (
            "<Btch><NbOfTxs>3</NbOfTxs></Btch><TxDtls><Refs><PmtInfId>P</PmtInfId></Refs></TxDtls>",
            Batch(payment_information_id="P", count=3),
        ),
        (
            "<Btch><PmtInfId>A</PmtInfId><NbOfTxs>3</NbOfTxs></Btch></NtryDtls><NtryDtls>"
            "<Btch><PmtInfId>B</PmtInfId><NbOfTxs>4</NbOfTxs></Btch>",
            Batch(count=7),
        ),
    ],
)
def test_what_the_bank_says_of_a_lump(details: str, batch: Batch | None) -> None:
    assert raw_line(f"<NtryDtls>{details}</NtryDtls>").batch == batch


def test_parts_in_several_blocks_of_one_entry_are_all_details() -> None:
    blocks = '<NtryDtls><TxDtls><Amt Ccy="EUR">6.25</Amt></TxDtls></NtryDtls>' * 2
    assert [part.amount for part in raw_line(blocks).details] == [euro(625), euro(625)]


# --- balances and the proof ---


def balance(kind: str, minor: int, day: int, currency: str = "EUR") -> tuple[str, int, date, str]:
    return kind, minor, date(2026, 1, day), currency


@pytest.mark.parametrize(
    ("balances", "opening", "closing", "balanced"),
    [
        ([balance("OPBD", 100, 5), balance("CLBD", 200, 5)], 100, 200, True),
        ([balance("PRCD", 100, 4), balance("CLBD", 200, 5)], 100, 200, True),
        ([balance("PRCD", 999, 4), balance("OPBD", 100, 5), balance("CLBD", 200, 5)], 100, 200, True),
        ([balance("CLBD", 200, 5), balance("OPBD", 100, 5)], 100, 200, True),
        ([balance("OPBD", -300, 5), balance("CLBD", -200, 5)], -300, -200, True),
        ([balance("OPBD", -50, 5), balance("CLBD", 50, 5)], -50, 50, True),
        ([balance("OPBD", 100, 5), balance("CLBD", 201, 5)], 100, 201, False),
        ([balance("OPBD", 100, 5), balance("CLAV", 200, 5)], 100, None, None),
        ([balance("CLBD", 200, 5)], None, 200, None),
        ([balance("OPAV", 100, 5), balance("FWAV", 200, 5)], None, None, None),
        ([balance("OPBD", 100, 5), balance("ITBD", 200, 5)], 100, 200, True),
        ([balance("ITBD", 100, 5), balance("CLBD", 200, 5)], 100, 200, True),
        ([balance("ITBD", 100, 5), balance("ITBD", 200, 5)], 100, 200, True),
        ([balance("ITBD", 100, 5)], None, None, None),
        (
            [
                balance("OPBD", 150, 6),
                balance("OPBD", 100, 5),
                balance("CLBD", 200, 6),
                balance("CLBD", 150, 5),
            ],
            100,
            200,
            True,
        ),
        ([balance("OPBD", 7, 5, "USD"), balance("OPBD", 100, 5), balance("CLBD", 200, 5)], 100, 200, True),
    ],
)
def test_the_proof_takes_the_booked_balances(
    balances: list[tuple[str, int, date, str]],
    opening: int | None,
    closing: int | None,
    balanced: bool | None,
) -> None:
    found = only(camt053([credit(100)], balances=tuple(balances))).statement
    assert (found.opening.amount.minor if found.opening else None) == opening
    assert (found.closing.amount.minor if found.closing else None) == closing
    assert found.balanced is balanced


def test_a_balance_that_does_not_prove_is_told_with_all_amounts() -> None:
    assert problems(camt053([credit(1250)], opening=100_000, closing=101_000)) == (
        "The balances do not prove the lines: opening 1000.00 EUR and booked lines of 12.50 EUR make "
        "1012.50 EUR, but the closing balance is 1010.00 EUR; the difference is -2.50 EUR.",
    )


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("OPBD", "The statement has no closing balance, so its lines cannot be proved."),
        ("CLBD", "The statement has no opening balance, so its lines cannot be proved."),
        ("INFO", "The statement has no opening and closing balance, so its lines cannot be proved."),
    ],
)
def test_a_missing_balance_is_named(kind: str, sentence: str) -> None:
    assert problems(camt053([credit(1)], balances=(balance(kind, 100, 5),))) == (sentence,)


def test_a_balance_without_a_mark_is_read_as_credit_and_named() -> None:
    content = camt053([credit(100)]).replace(
        b'<Amt Ccy="EUR">1000.00</Amt>\n<CdtDbtInd>CRDT</CdtDbtInd>', b'<Amt Ccy="EUR">1000.00</Amt>'
    )
    assert only(content).statement.balanced is True
    assert problems(content) == ("1 balance not marked as credit or debit, read as credit.",)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "A balance has no amount."),
        ('<Amt Ccy="EUR">1.00</Amt><CdtDbtInd>X</CdtDbtInd>', "An amount is marked neither CRDT nor DBIT."),
        ("<Amt>1.00</Amt>", "An amount has no currency."),
        ('<Amt Ccy="EUR">1.00</Amt><Dt><Dt>2026-02-30</Dt></Dt>', "'2026-02-30' is not a date."),
    ],
)
def test_an_unreadable_balance_refuses_the_file(fields: str, reason: str) -> None:
    found = refusal(raw("", head=f"<Bal>{fields}</Bal>"))
    assert (found.message, found.line) == (reason, 1)


# --- currencies ---


def test_the_currency_is_the_accounts_then_the_balances_then_the_lines() -> None:
    def currency(head: str, entry: str) -> str:
        content = f"<Document><BkToCstmrStmt><Stmt>{head}{entry}</Stmt></BkToCstmrStmt></Document>"
        return only(content.encode()).statement.currency

    account = "<Acct><Ccy>EUR</Ccy></Acct>"
    stated = '<Bal><Amt Ccy="CHF">1.00</Amt></Bal>'
    entry = '<Ntry><Amt Ccy="USD">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry>'
    assert currency(account + stated, entry) == "EUR"
    assert currency(stated, entry) == "CHF"
    assert currency("", entry) == "USD"


def test_lines_in_another_currency_do_not_count_in_the_sum_and_are_named() -> None:
    dollars = credit(700, entry=Entry(amount=0, currency="USD"))
    content = camt053([credit(1250), dollars], opening=100_000, closing=101_250)
    found = only(content).statement
    assert (found.booked, found.booked_count, found.lines) == (euro(1250), 2, 2)
    assert problems(content) == ("1 booked line in USD, not counted in an account kept in EUR.",)


def test_a_pending_line_in_another_currency_is_not_worth_a_word() -> None:
    dollars = pending(credit(700, entry=Entry(amount=0, currency="USD")))
    assert problems(camt053([credit(1250), dollars])) == ()


def test_a_balance_in_another_currency_is_left_out_and_named() -> None:
    balances = (balance("OPBD", 100, 5), balance("CLBD", 200, 5), balance("CLAV", 7, 5, "USD"))
    assert problems(camt053([credit(100)], balances=balances)) == (
        "A balance in USD is left out, because the account is kept in EUR.",
    )


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ("<Acct><Ccy>XXX</Ccy></Acct>", "'XXX' is not an ISO 4217 currency code."),
        ("<Acct/>", "The statement does not say in which currency its account is kept."),
    ],
)
def test_a_statement_without_a_currency_of_money_is_refused(account: str, reason: str) -> None:
    content = f"<Document><BkToCstmrStmt>\n<Stmt>{account}</Stmt></BkToCstmrStmt></Document>"
    found = refusal(content.encode())
    assert (found.message, found.line) == (reason, 2)


# --- what a person should know of ---


def test_a_statement_without_lines_says_so() -> None:
    assert problems(camt053()) == ("The statement has no lines.",)
    assert only(camt053()).statement.balanced is True


def test_a_statement_of_pending_lines_only_says_so() -> None:
    assert problems(camt053([pending(credit(1250))])) == (
        "The statement has no booked lines, only lines that are pending or for information.",
    )


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [
        ("DUPL", "The bank marks the statement as a duplicate."),
        ("COPY", "The bank marks the statement as a copy."),
        ("CODU", "The bank marks the statement as a copy of a duplicate."),
        ("WHAT", "The bank marks the statement as a copy or duplicate."),
    ],
)
def test_a_copy_says_so(mark: str, sentence: str) -> None:
    assert problems(camt053([credit(1)], copy=mark)) == (sentence,)


def test_a_page_that_is_not_the_last_says_so() -> None:
    content = camt053([credit(1)]).replace(
        b"<ElctrncSeqNb>", b"<StmtPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></StmtPgntn><ElctrncSeqNb>"
    )
    assert problems(content) == ("Further pages of the statement stand elsewhere.",)


def test_a_file_without_a_namespace_is_read_and_says_so() -> None:
    content = camt053([credit(1250)]).replace(b' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"', b"")
    found = only(content).statement
    assert (found.header.format, found.booked, found.balanced) == ("camt.053", euro(1250), True)
    assert found.problems == ("The file does not say in which version of camt.053 it is written.",)


def test_a_statement_that_does_not_name_its_account_says_so() -> None:
    content = camt053([credit(1250)]).replace(f"<Id><IBAN>{ACCOUNT}</IBAN>\n</Id>\n".encode(), b"")
    assert problems(content) == ("The statement does not name its account.",)


@EVERY_VERSION
def test_totals_of_the_bank_that_agree_are_no_problem(version: str) -> None:
    entries = [credit(1250), credit(100), debit(300), pending(credit(7))]
    assert problems(camt053(entries, has_summary=True, version=version)) == ()


def test_totals_that_count_pending_lines_too_are_no_problem() -> None:
    content = camt053([credit(1250), credit(100)], has_summary=True)
    last = content.rindex(b"<Cd>BOOK</Cd>")
    content = content[:last] + b"<Cd>PDNG</Cd>" + content[last + 13 :]
    assert not any("declares" in problem for problem in problems(content))


@pytest.mark.parametrize(
    ("summary", "sentences"),
    [
        ("<TtlNtries><NbOfNtries>2</NbOfNtries><Sum>15.50</Sum></TtlNtries>", ()),
        ("<TtlNtries><NbOfNtries>002</NbOfNtries></TtlNtries>", ()),
        (
            "<TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries>",
            ("The bank declares 3 lines, but the file holds 2.",),
        ),
        (
            "<TtlCdtNtries><NbOfNtries>0</NbOfNtries><Sum>12.49</Sum></TtlCdtNtries>",
            (
                "The bank declares 0 credits, but the file holds 1.",
                "The bank declares credits of 12.49 EUR, but they add up to 12.50 EUR.",
            ),
        ),
        (
            "<TtlDbtNtries><Sum>12.50</Sum></TtlDbtNtries>",
            ("The bank declares debits of 12.50 EUR, but they add up to 3.00 EUR.",),
        ),
    ],
)
def test_totals_of_the_bank_that_disagree_are_named(summary: str, sentences: tuple[str, ...]) -> None:
    content = camt053([credit(1250), debit(300)])
    at = content.index(b"<Ntry>")
    assert problems(content[:at] + f"<TxsSummry>{summary}</TxsSummry>".encode() + content[at:]) == sentences


def test_an_unreadable_total_refuses_the_file() -> None:
    content = camt053([credit(1250)], has_summary=True).replace(b"<Sum>12.50</Sum>", b"<Sum>12,50</Sum>")
    assert "'12,50' is not an amount" in refusal(content).message


# --- order and nothing at all ---


def test_an_account_named_only_after_the_entries_is_refused() -> None:
    entries = f"<Ntry>{BOOKED_12_50}</Ntry>" * 2000
    account = f"<Acct><Id><IBAN>{ACCOUNT}</IBAN></Id></Acct>"
    content = f"<Document><BkToCstmrStmt><Stmt>{entries}{account}</Stmt></BkToCstmrStmt></Document>"
    found = refusal(content.encode())
    assert found.message == "The statement names itself or its account only after its first entry."


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<BkToCstmrStmt/>",
        "<BkToCstmrStmt><GrpHdr/></BkToCstmrStmt>",
        "<Stmt><Acct><Ccy>EUR</Ccy></Acct></Stmt>",
        "<BkToCstmrAcctRpt><Stmt><Acct><Ccy>EUR</Ccy></Acct></Stmt></BkToCstmrAcctRpt>",
    ],
)
def test_a_file_without_a_statement_is_refused(body: str) -> None:
    content = f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">{body}</Document>'
    assert refusal(content.encode()).message == "The file holds no statement."
