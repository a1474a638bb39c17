"""Status reports are read at all three levels, in every version, and nothing that is broken passes."""

from __future__ import annotations

import io
from datetime import date

import pytest

from ledger.money import Money
from reconciliation.formats import pain002
from reconciliation.formats.pain002 import (
    BlockStatus,
    Count,
    FileStatus,
    Item,
    Order,
    Reason,
    TransactionStatus,
)
from reconciliation.inspection import inspect
from reconciliation.statement import UnreadableFile
from tests.factories.books import debtor_iban
from tests.factories.pain002 import EVERY_VERSION, Block, Tx, Why, body, report

IBAN = debtor_iban(7)
REFUSED = Tx(
    "RE-1-ABC", status="RJCT", amount=1_250, instruction_id="INSTR-1", status_id="S-1", bank_reference="BANK-9",
    collect_on=date(2026, 11, 20), mandate_id="M-1", debtor="Erika Beispiel", iban=IBAN,
    why=[Why("AC04", information=["Konto", "erloschen"], bank="BYLADEM1001"), Why(proprietary="XX99", party="Erika")],
)  # fmt: skip


def read(content: bytes) -> list[Item]:
    return list(pain002.read(io.BytesIO(content)))


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_a_rejected_transaction_is_read_in_every_version(version: str) -> None:
    content = report(Block("PI-1", [REFUSED]), version=version, original_count=3)
    head, *_, told = read(content)
    assert isinstance(head, FileStatus)
    assert (head.format, head.message_id, head.created) == (
        f"pain.002.{version}", "BANK-1", "2026-11-18T09:00:00",
    )  # fmt: skip
    assert (head.original_message_id, head.original_count, head.order) == ("MSG-1", 3, Order.DEBITS)
    assert told == TransactionStatus(
        position=1, payment_information_id="PI-1", status_id="S-1", instruction_id="INSTR-1",
        end_to_end_id="RE-1-ABC", status="RJCT", bank_reference="BANK-9",
        reasons=(
            Reason(code="AC04", information=("Konto", "erloschen"), bank="BYLADEM1001"),
            Reason(code="XX99", is_proprietary=True, party="Erika"),
        ),
        amount=Money(1_250, "EUR"), collect_on=date(2026, 11, 20), mandate_id="M-1",
        debtor_name="Erika Beispiel", debtor_iban=IBAN,
    )  # fmt: skip


@pytest.mark.parametrize("version", [one for one in EVERY_VERSION if one != "002.02"])
def test_file_and_block_tell_their_status_and_counts(version: str) -> None:
    blocks = (
        Block("PI-1", [Tx("A", code="AM04"), Tx("B", status=None)], status="PART", counts={"RJCT": 1, "ACCP": 4}),
        Block("PI-2", status="RJCT", code="DT01"),
        Block("PI-3", [Tx("C", status="ACSP")]),
    )  # fmt: skip
    items = read(
        report(*blocks, version=version, status="PART", why=[Why("NARR", information=["see below"])])
    )
    head, first, a, b, second, third, c = items
    assert isinstance(head, FileStatus)
    assert (head.status, head.reasons) == ("PART", (Reason(code="NARR", information=("see below",)),))
    assert first == BlockStatus(
        payment_information_id="PI-1", status="PART",
        counts=(Count(status="RJCT", count=1), Count(status="ACCP", count=4)),
    )  # fmt: skip
    assert second == BlockStatus(payment_information_id="PI-2", status="RJCT", reasons=(Reason(code="DT01"),))
    assert third == BlockStatus(payment_information_id="PI-3")
    told = [
        (one.position, one.payment_information_id, one.end_to_end_id, one.status)
        for one in (a, b, c)
        if isinstance(one, TransactionStatus)
    ]
    assert told == [(1, "PI-1", "A", "RJCT"), (2, "PI-1", "B", None), (3, "PI-3", "C", "ACSP")]


def test_a_whole_file_is_rejected_without_any_transaction() -> None:
    (head,) = read(report(status="RJCT", code="FF01"))
    assert isinstance(head, FileStatus)
    assert (head.status, head.reasons, head.original_message_id) == ("RJCT", (Reason(code="FF01"),), "MSG-1")


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("pain.008.001.08", Order.DEBITS), ("PAIN.008.001.02", Order.DEBITS), ("pain.008", Order.DEBITS),
        ("pain.001.001.03.ch.02", Order.TRANSFERS), ("Pain.007.001.09", Order.REVERSALS),
        ("NACHA", Order.OTHER), (None, Order.UNSTATED),
    ],
)  # fmt: skip
def test_the_kind_of_order_is_told_by_the_beginning_of_its_name(name: str | None, order: Order) -> None:
    (head,) = read(report(original_message_name=name, status="ACCP"))
    assert isinstance(head, FileStatus)
    assert head.order == order


def test_several_reports_of_one_document_are_read_one_after_another() -> None:
    reports = body(status="ACCP", original_message_id="M-1") + body(
        Block("PI", [Tx("A")]), original_message_id="M-2"
    )
    content = f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10">{reports}</Document>'
    first, second, _, told = read(content.encode())
    assert isinstance(first, FileStatus)
    assert isinstance(second, FileStatus)
    assert (first.original_message_id, second.original_message_id) == ("M-1", "M-2")
    assert isinstance(told, TransactionStatus)
    assert told.position == 1


def test_ten_thousand_transactions_are_all_read() -> None:
    block = Block("PI", [Tx(f"E{number}", code="AM04", amount=number) for number in range(1, 10_001)])
    items = read(report(block))
    told = [one for one in items if isinstance(one, TransactionStatus)]
    assert (len(items), len(told)) == (10_002, 10_000)
    assert sum(one.amount.minor for one in told if one.amount) == 50_005_000
    assert {one.payment_information_id for one in told} == {"PI"}


def test_what_a_bank_adds_of_its_own_is_passed_over() -> None:
    content = report(Block("PI", [Tx("A")]))
    added = b"<SplmtryData><Envlp><TxInfAndSts><OrgnlEndToEndId>X</OrgnlEndToEndId></TxInfAndSts></Envlp></SplmtryData>"
    items = read(content.replace(b"</CstmrPmtStsRpt>", added + b"</CstmrPmtStsRpt>"))
    assert [one.end_to_end_id for one in items if isinstance(one, TransactionStatus)] == ["A"]


GROUP = (
    b"<OrgnlGrpInfAndSts><OrgnlMsgId>MSG-1</OrgnlMsgId>"
    b"<OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
)


@pytest.mark.parametrize(
    ("cut", "put", "because"),
    [
        (GROUP, b"", "A status stands before the file that it is about."),
        (GROUP, GROUP + GROUP, "The report answers two files at once."),
        (b">12.50<", b">12.5001<", "'12.5001' has more than the 2 decimals that EUR knows."),
        (b">12.50<", b">-12.50<", "'-12.50' is not an amount: only digits and a decimal point may stand there."),
        (b' Ccy="EUR"', b"", "An amount has no currency."),
        (b"2026-11-20", b"2026-11-31", "'2026-11-31' is not a date."),
        (b">M-1<", b">" + b"M" * 141 + b"<", "A field is longer than 140 characters."),
        (b"</Document>", b"", "The file ends in the middle: it was cut off on its way."),
    ],
)  # fmt: skip
def test_a_broken_report_is_refused_with_its_reason(cut: bytes, put: bytes, because: str) -> None:
    content = report(Block("PI-1", [REFUSED]))
    assert cut in content
    with pytest.raises(UnreadableFile) as caught:
        read(content.replace(cut, put))
    assert caught.value.message == because


@pytest.mark.parametrize("transactions", [1, 2_000])
def test_a_status_behind_its_transactions_is_seen_or_refused(transactions: int) -> None:
    """It stands there against the schema. What was given before is never taken for another status."""
    late = b"<PmtInfSts>RJCT</PmtInfSts></OrgnlPmtInfAndSts>"
    content = report(Block("PI-1", [REFUSED] * transactions)).replace(b"</OrgnlPmtInfAndSts>", late)
    if transactions == 1:
        block = read(content)[1]
        assert isinstance(block, BlockStatus)
        assert block.status == "RJCT"
    else:
        with pytest.raises(UnreadableFile) as caught:
            read(content)
        assert caught.value.message == "A block states its status behind its transactions."


def test_a_report_about_no_file_is_refused() -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(report().replace(GROUP, b""))
    assert caught.value.message == "The report does not say which file it answers."
    with pytest.raises(UnreadableFile) as caught:
        read(b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"/>')
    assert caught.value.message == "The file holds no status report."


def test_inspection_shows_all_three_levels() -> None:
    content = report(
        Block("PI-1", [REFUSED], status="PART", counts={"RJCT": 1}), status="PART", why=[Why("NARR")]
    )
    (told,) = inspect(io.BytesIO(content), name="answer.xml")
    ((block,), (transaction,)) = told["blocks"], told["blocks"][0]["transactions"]
    assert {key: told[key] for key in ("file", "format", "report_id", "answers", "status")} == {
        "file": "answer.xml", "format": "pain.002.001.10", "report_id": "BANK-1", "answers": "debits",
        "status": "PART",
    }  # fmt: skip
    assert told["original"] == {"message_id": "MSG-1", "message_name": "pain.008.001.08", "count": None}
    assert (block["payment_information_id"], block["counts"]) == ("PI-1", [{"status": "RJCT", "count": 1}])
    assert (transaction["end_to_end_id"], transaction["amount_minor"], transaction["currency"]) == (
        "RE-1-ABC", 1_250, "EUR",
    )  # fmt: skip
    assert transaction["reasons"][0] == {
        "code": "AC04", "proprietary": False, "information": ["Konto", "erloschen"], "bank": "BYLADEM1001",
        "party": None,
    }  # fmt: skip


def test_inspection_tells_why_a_report_cannot_be_read() -> None:
    content = report().replace(GROUP, b"")
    (told,) = inspect(io.BytesIO(content), name="answer.xml")
    assert told["error"]["message"] == "The report does not say which file it answers."
