"""Account reports (camt.052) and notifications (camt.054) beside statements, and pages of one statement."""

from __future__ import annotations

import io
from datetime import date

import pytest

from ledger.money import Money
from reconciliation.formats import camt
from reconciliation.statement import (
    Batch,
    Line,
    LineStatus,
    StatementKind,
    UnreadableFile,
    WholeStatement,
    gather,
)
from tests.factories.camt import (
    EVERY_VERSION,
    MESSAGES,
    Part,
    Stated,
    camt_file,
    credit,
    debit,
    lump,
    pending,
    returned,
)

DAY = date(2026, 1, 5)
KINDS = {
    "camt.052": StatementKind.REPORT,
    "camt.053": StatementKind.STATEMENT,
    "camt.054": StatementKind.NOTIFICATION,
}
ENTRIES = (credit(1250, name="Anna Beispiel"), debit(300), returned(7197, charges=300, reason="MS03"))


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


def statements(content: bytes) -> list[WholeStatement]:
    return list(gather(camt.read(io.BytesIO(content))))


def only(content: bytes) -> WholeStatement:
    (found,) = statements(content)
    return found


def booked(kind: str, minor: int) -> tuple[str, int, date, str]:
    return kind, minor, DAY, "EUR"


def problems(content: bytes) -> tuple[str, ...]:
    return only(content).statement.problems


# --- the three messages ---


@pytest.mark.parametrize("version", EVERY_VERSION)
@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_of_every_version_reads_the_same(message: str, version: str) -> None:
    content = camt_file(message, [Stated(entries=ENTRIES)], version=version)
    found = only(content)
    plain = only(camt_file("camt.053", [Stated(entries=ENTRIES)]))
    assert found.lines == plain.lines
    assert (found.statement.booked, found.statement.problems) == (euro(-6547), ())
    assert found.statement.header.kind is KINDS[message]
    assert found.statement.header.format == f"{message}.001.{version}" == camt.identify(content)
    assert found.statement.balanced is (None if message == "camt.054" else True)


@pytest.mark.parametrize("message", MESSAGES)
def test_the_root_element_of_the_first_version_has_its_number_behind_its_name(message: str) -> None:
    root = MESSAGES[message][0]
    content = camt_file(message, [Stated(entries=ENTRIES)], version="02")
    content = content.replace(root.encode(), f"{root}V01".encode()).replace(b".001.02", b".001.01")
    found = only(content).statement
    assert (found.header.format, found.booked) == (f"{message}.001.01", euro(-6547))
    assert camt.identify(content) == f"{message}.001.01"


def test_the_first_version_has_transactions_right_below_the_entry_and_names_of_its_own() -> None:
    content = (
        '<Document xmlns="urn:swift:xsd:$camt.053.001.01"><BkToCstmrStmtV01><Stmt><Id>S</Id>'
        "<Acct><Id><PrtryAcct><Id>0035-29</Id></PrtryAcct></Id><Ccy>EUR</Ccy></Acct>"
        "<Bal><Tp><Cd>OPBD</Cd></Tp><Amt Ccy='EUR'>100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
        "<Dt><Dt>2026-01-05</Dt></Dt></Bal>"
        "<Bal><Tp><Cd>CLBD</Cd></Tp><Amt Ccy='EUR'>25.03</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
        "<Dt><Dt>2026-01-05</Dt></Dt></Bal>"
        "<Ntry><Amt Ccy='EUR'>74.97</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>"
        "<BookgDt><Dt>2026-01-05</Dt></BookgDt><Btch><PmtInfId>P-1</PmtInfId></Btch>"
        "<TxDtls><Chrgs><Amt Ccy='EUR'>3.00</Amt></Chrgs>"
        "<RltdPties><DbtrAcct><Id><BBAN>4711</BBAN></Id></DbtrAcct></RltdPties>"
        "<RltdAgts><DbtrAgt><FinInstnId><CmbndId><BIC>BYLADEM1001</BIC></CmbndId></FinInstnId></DbtrAgt>"
        "</RltdAgts><RmtInf><Strd><RfrdDocInf><RfrdDocNb>RE-1</RfrdDocNb></RfrdDocInf>"
        "<CdtrRefInf><CdtrRef>RF18539007547034</CdtrRef></CdtrRefInf></Strd></RmtInf>"
        "<RtrInf><RtrRsn><Cd>MS03</Cd></RtrRsn><AddtlRtrRsnInf>Rueckgabe</AddtlRtrRsnInf></RtrInf>"
        "</TxDtls></Ntry></Stmt></BkToCstmrStmtV01></Document>"
    )
    found = only(content.encode())
    (line,) = found.lines
    assert (found.statement.header.account.other, found.statement.balanced) == ("0035-29", True)
    assert (line.amount, line.original, line.charges) == (euro(-7497), euro(7197), euro(300))
    assert (line.counterparty.iban, line.counterparty.bic) == ("4711", "BYLADEM1001")
    assert (line.reference, line.remittance, line.return_reason) == ("RF18539007547034", "RE-1", "MS03")
    assert line.batch is not None
    assert line.batch.payment_information_id == "P-1"


@pytest.mark.parametrize(
    ("message", "batch"),
    [("camt.052", None), ("camt.053", None), ("camt.054", Batch(payment_information_id="P-1"))],
)
def test_only_a_notification_of_a_single_payment_tells_its_block(message: str, batch: Batch | None) -> None:
    """Its statement may book the block in one sum, of which the payment is a part then."""
    payment = credit(100, payment_information_id="P-1", end_to_end_id="E-1")
    parts = [Part(amount=50, payment_information_id="P-1", end_to_end_id=f"E-{number}") for number in (1, 2)]
    content = camt_file(
        message, [Stated(entries=(payment, lump(100, payment_information_id=None, parts=parts)))]
    )
    single, several = only(content).lines
    assert [line.batch for line in (single, *several.details)] == [batch, None, None]


@pytest.mark.parametrize("message", ["camt.052", "camt.054"])
def test_what_is_no_statement_need_not_have_balances(message: str) -> None:
    balances = (booked("ITAV", 500),)
    found = only(camt_file(message, [Stated(entries=ENTRIES, balances=balances)])).statement
    assert (found.opening, found.closing, found.balanced, found.problems) == (None, None, None, ())


@pytest.mark.parametrize(
    ("balances", "balanced"),
    [
        ((booked("OPBD", 1000), booked("ITBD", 2250)), True),
        ((booked("OPBD", 1000), booked("CLBD", 2250)), True),
        ((booked("ITBD", 1000), booked("ITBD", 2250)), True),
        ((booked("OPBD", 1000), booked("ITBD", 2251)), False),
        ((booked("ITBD", 2250),), None),
        ((booked("OPBD", 1000),), None),
    ],
)
def test_a_report_with_balances_at_both_ends_proves_itself(
    balances: tuple[tuple[str, int, date, str], ...], balanced: bool | None
) -> None:
    content = camt_file("camt.052", [Stated(entries=(credit(1250),), balances=balances)])
    assert only(content).statement.balanced is balanced


def test_an_entry_of_a_report_without_a_status_never_counts_and_is_named() -> None:
    content = camt_file("camt.052", [Stated(entries=(credit(1250), credit(100)))])
    content = content.replace(b"<Sts><Cd>BOOK</Cd>\n</Sts>\n", b"", 1)
    assert [line.status for line in only(content).lines] == [LineStatus.INFO, LineStatus.BOOKED]
    assert "1 line without a status, not counted because a report lists other lines too." in problems(content)


def test_a_report_of_pending_lines_only_says_so() -> None:
    content = camt_file("camt.052", [Stated(entries=(pending(credit(1)),))])
    assert problems(content) == (
        "The statement has no booked lines, only lines that are pending or for information.",
    )


def test_a_notification_itemises_a_lump() -> None:
    entry = lump(500, payment_information_id="P-1", parts=[credit(200).parts[0], credit(300).parts[0]])
    (line,) = only(camt_file("camt.054", [Stated(entries=(entry,))])).lines
    assert [part.amount for part in line.details] == [euro(200), euro(300)]


@pytest.mark.parametrize("mark", ["CODU", "COPY", "DUPL"])
@pytest.mark.parametrize("message", MESSAGES)
def test_a_copy_is_marked_in_the_header_before_any_line(message: str, mark: str) -> None:
    content = camt_file(message, [Stated(entries=ENTRIES, copy=mark)])
    header = next(iter(camt.read(io.BytesIO(content))))
    assert getattr(header, "copy", None) == mark
    assert any("The bank marks the" in problem for problem in problems(content))


# --- pages ---


def pages(*, name: str = "camt.053", numbered: bool = True, last: bool = True) -> bytes:
    """A statement of three lines on two pages of one file."""
    first = Stated(
        entries=(credit(100), credit(200)),
        balances=(booked("OPBD", 1000), booked("ITBD", 1300)),
        page=(1, False) if numbered else None,
    )
    second = Stated(
        entries=(debit(50),),
        balances=(booked("ITBD", 1300), booked("CLBD", 1250)),
        page=(2, last) if numbered else None,
    )
    return camt_file(name, [first, second])


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("message", ["camt.052", "camt.053"])
def test_pages_that_follow_each_other_are_one_statement(message: str, numbered: bool) -> None:
    found = only(pages(name=message, numbered=numbered))
    assert [line.amount for line in found.lines] == [euro(100), euro(200), euro(-50)]
    assert [line.position for line in found.lines] == [1, 2, 3]
    assert found.statement.opening is not None
    assert found.statement.closing is not None
    assert (found.statement.opening.amount, found.statement.closing.amount) == (euro(1000), euro(1250))
    assert (found.statement.balanced, found.statement.problems) == (True, ())


def test_a_page_without_lines_is_a_page_all_the_same() -> None:
    content = camt_file(
        "camt.053",
        [
            Stated(
                entries=(credit(100),), balances=(booked("OPBD", 0), booked("ITBD", 100)), page=(1, False)
            ),
            Stated(balances=(booked("ITBD", 100), booked("ITBD", 100)), page=(2, False)),
            Stated(
                entries=(credit(50),), balances=(booked("ITBD", 100), booked("CLBD", 150)), page=(3, True)
            ),
        ],
    )
    found = only(content)
    assert (found.statement.balanced, found.statement.lines, found.statement.problems) == (True, 2, ())


def test_a_broken_page_shows_in_the_proof_of_the_whole() -> None:
    found = only(pages().replace(b'EUR">2.00', b'EUR">2,00'))
    assert (found.statement.balanced, found.statement.difference) == (False, euro(200))
    assert [refused.position for refused in found.refused] == [2]


def test_the_first_page_alone_is_proved_by_its_interim_balance_and_says_that_more_follows() -> None:
    balances = (booked("OPBD", 1000), booked("ITBD", 1100))
    stated = Stated(entries=(credit(100),), balances=balances, page=(1, False))
    found = only(camt_file("camt.053", [stated])).statement
    assert (found.balanced, found.problems) == (True, ("Further pages of the statement stand elsewhere.",))


def test_an_inner_page_alone_says_what_is_missing_on_either_side() -> None:
    balances = (booked("ITBD", 1000), booked("ITBD", 1100))
    stated = Stated(entries=(credit(100),), balances=balances, page=(2, False))
    found = only(camt_file("camt.053", [stated])).statement
    assert found.balanced is True
    assert found.problems == (
        "The file begins with page 2; earlier pages of the statement stand elsewhere.",
        "Further pages of the statement stand elsewhere.",
    )


def test_the_page_of_a_whole_message_is_told_too() -> None:
    content = camt_file("camt.053", [Stated(entries=(credit(1),))], version="02").replace(
        b"</GrpHdr>", b"<MsgPgntn><PgNb>2</PgNb><LastPgInd>true</LastPgInd></MsgPgntn></GrpHdr>"
    )
    assert problems(content) == (
        "The file begins with page 2; earlier pages of the statement stand elsewhere.",
    )


@pytest.mark.parametrize(
    "other",
    [
        Stated(entries=(credit(1),), page=(2, True), account="DE02120300000000202051"),
        Stated(entries=(credit(1),), page=(2, True), sequence="2"),
        Stated(entries=(credit(1),), page=(3, True)),
        Stated(entries=(credit(1),), page=(1, True)),
        Stated(entries=(credit(1),)),
    ],
)
def test_what_is_no_next_page_is_a_statement_of_its_own(other: Stated) -> None:
    first = Stated(entries=(credit(100),), page=(1, False))
    assert [len(found.lines) for found in statements(camt_file("camt.053", [first, other]))] == [1, 1]


def test_a_page_behind_the_last_one_is_a_statement_of_its_own() -> None:
    stated = [Stated(entries=(credit(1),), page=(1, True)), Stated(entries=(credit(2),), page=(2, True))]
    assert len(statements(camt_file("camt.053", stated))) == 2


def test_the_same_statement_twice_is_two_statements_and_not_two_pages() -> None:
    stated = Stated(entries=(credit(100),))
    assert [found.statement.balanced for found in statements(camt_file("camt.053", [stated, stated]))] == [
        True,
        True,
    ]


def test_the_totals_of_pages_are_their_own_or_those_of_the_whole() -> None:
    assert problems(with_counts("2", "1")) == ()
    assert problems(with_counts("3", "3")) == ()
    assert problems(with_counts("2", "2")) == ("The bank declares 2 lines, but the file holds 3.",)


def with_counts(*counts: str) -> bytes:
    """The pages, each with the number of lines that the bank declares on it."""
    head, *rest = pages().split(b"<Stmt>")
    totals = "<TxsSummry><TtlNtries><NbOfNtries>{}</NbOfNtries></TtlNtries></TxsSummry><Ntry>"
    parts = [
        page.replace(b"<Ntry>", totals.format(count).encode(), 1)
        for page, count in zip(rest, counts, strict=True)
    ]
    return b"<Stmt>".join([head, *parts])


def test_a_balance_without_a_date_is_named() -> None:
    content = camt_file("camt.053", [Stated(entries=(credit(1),))])
    assert content.count(b"<Dt><Dt>2026-01-05</Dt>\n</Dt>\n</Bal>") == 2
    content = content.replace(b"<Dt><Dt>2026-01-05</Dt>\n</Dt>\n</Bal>", b"</Bal>")
    assert "2 balances without a date." in problems(content)


def test_a_balance_that_cannot_be_read_refuses_all_pages() -> None:
    with pytest.raises(UnreadableFile, match="'13,00' is not an amount"):
        statements(pages().replace(b'EUR">13.00', b'EUR">13,00'))


# --- single fields that the messages share ---


@pytest.mark.parametrize(
    ("stated", "reference", "remittance"),
    [
        ((("SCOR", "RF18539007547034"),), "RF18539007547034", None),
        ((("QRR", "210000000003139471430009017"),), "210000000003139471430009017", None),
        ((("XYZ", "4711"),), "4711", None),
        ((("XYZ", "4711"), ("QRR", "210000000003139471430009017")), "210000000003139471430009017", "4711"),
        (((None, "4711"), ("SCOR", "RF18539007547034")), "RF18539007547034", "4711"),
    ],
)
def test_the_creditors_own_reference_comes_before_others(
    stated: tuple[tuple[str | None, str], ...], reference: str, remittance: str | None
) -> None:
    blocks = "".join(
        "<Strd><CdtrRefInf>"
        + (f"<Tp><CdOrPrtry><Prtry>{kind}</Prtry></CdOrPrtry></Tp>" if kind else "")
        + f"<Ref>{number}</Ref></CdtrRefInf></Strd>"
        for kind, number in stated
    )
    content = camt_file("camt.054", [Stated(entries=(credit(1250, remittance="X"),))])
    content = content.replace(b"<Ustrd>X</Ustrd>", blocks.encode())
    (line,) = only(content).lines
    assert (line.reference, line.remittance) == (reference, remittance)


def test_marks_of_swiss_banks_are_no_text_of_the_payer() -> None:
    remarks = "".join(f"<AddtlRmtInf>{text}</AddtlRmtInf>" for text in ("?REJECT?0", "?ERROR?000", "Danke"))
    content = camt_file("camt.054", [Stated(entries=(credit(1250, remittance="X"),))])
    content = content.replace(b"<Ustrd>X</Ustrd>", f"<Strd>{remarks}</Strd>".encode())
    assert [line.remittance for line in only(content).lines] == ["Danke"]


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        ("PMNT/IDDT/UPDD", "Retoure SEPA Lastschrift AC04 Konto aufgelöst", "AC04"),
        ("PMNT/ICDT/RRTN", "RETURN MS03", "MS03"),
        ("PMNT/IDDT/UPDD", "Retoure", None),
        ("PMNT/IDDT/RCDD", "AC04", None),
        ("PMNT/RCDT/ESCT", "AC04", None),
    ],
)
def test_the_reason_of_a_booked_return_may_stand_in_its_text(
    code: str, text: str, reason: str | None
) -> None:
    entry = credit(1).__class__(amount=-500, code=code, parts=(debit(500, remittance=text).parts[0],))
    (line,) = only(camt_file("camt.053", [Stated(entries=(entry,))])).lines
    assert isinstance(line, Line)
    assert line.return_reason == reason
