"""Reversals as pain.007: every field comes back, and every way to be refused by a bank is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from io import BytesIO

import pytest
from hypothesis import given

from exporters.pain007 import reader, rules, writer
from exporters.pain007.message import LinesOfBlock, Party, ReversalMessage, WholeBlock
from exporters.pain008.message import Scheme
from exporters.pain008.values import Unwritable
from ledger.money import Money
from reconciliation.statement import UnreadableFile
from tests.factories.pain007 import TODAY, collection, line, message, messages, written

WHOLE = WholeBlock(payment_information_id="PI2", count=3, control_sum_minor=30_000, reason="AM05")


@given(messages())
def test_what_is_written_comes_back_and_no_rule_is_broken(said: ReversalMessage) -> None:
    content = written(said)
    assert reader.read(content) == said
    assert rules.check(content) == ()


def test_the_same_message_gives_the_same_bytes_whole_or_in_pieces() -> None:
    said = message(
        LinesOfBlock(payment_information_id="PI1", lines=tuple(line(n) for n in range(1, 1202))), WHOLE
    )
    assert written(said) == written(said) == b"".join(writer.pieces(said))
    assert len(list(writer.pieces(said))) == 8


def test_a_line_says_what_german_banks_demand_of_it() -> None:
    content = written(message()).decode()
    for element in (
        "<GrpRvsl>false</GrpRvsl>", "<NbOfTxs>2</NbOfTxs>", "<CtrlSum>154.50</CtrlSum>",
        "<OrgnlMsgId>DC1</OrgnlMsgId>", "<OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId>",
        "<OrgnlPmtInfId>PI1</OrgnlPmtInfId><PmtInfRvsl>false</PmtInfRvsl>",
        '<OrgnlInstdAmt Ccy="EUR">34.50</OrgnlInstdAmt><RvsdInstdAmt Ccy="EUR">34.50</RvsdInstdAmt>',
        "<MndtRltdInf><MndtId>MND-1</MndtId><DtOfSgntr>2025-06-01</DtOfSgntr></MndtRltdInf>",
        "<Dbtr><Pty><Nm>Erika Beispiel</Nm></Pty></Dbtr>",
    ):  # fmt: skip
        assert element in content


def test_a_whole_block_names_its_count_its_sum_and_why() -> None:
    content = written(message(WHOLE)).decode()
    assert (
        "<OrgnlPmtInfId>PI2</OrgnlPmtInfId><OrgnlNbOfTxs>3</OrgnlNbOfTxs><OrgnlCtrlSum>300.00</OrgnlCtrlSum>"
        "<PmtInfRvsl>true</PmtInfRvsl><RvslRsnInf><Rsn><Cd>AM05</Cd></Rsn></RvslRsnInf></OrgnlPmtInfAndRvsl>"
    ) in content
    assert "<NbOfTxs>3</NbOfTxs><CtrlSum>300.00</CtrlSum>" in content
    assert "TxInf" not in content


def test_names_are_put_into_the_characters_every_bank_takes() -> None:
    said = message(
        LinesOfBlock(
            payment_information_id="PI1",
            lines=(line(debtor=Party(name="Jörg Müller & Söhne <GmbH>", iban="DE02120300000000202051")),),
        )
    )
    assert "<Nm>Joerg Mueller + Soehne .GmbH.</Nm>" in written(said).decode()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (message(blocks=()), "blocks"),
        (message(LinesOfBlock(payment_information_id="PI1", lines=())), "blocks[0].lines"),
        (message(replace(WHOLE, count=0)), "blocks[0].lines"),
        (message(replace(WHOLE, reason="DUPL")), "blocks[0].reason"),
        (message(message_id="M" * 36), "message_id"),
        (message(message_id="M//1"), "message_id"),
        (message(initiating_party=" "), "initiating_party"),
        (message(creditor_bic="NOTPROVIDED"), "creditor_bic"),
        (message(original_message_id="Ö"), "original_message_id"),
        (message(LinesOfBlock(payment_information_id="", lines=(line(),))), "blocks[0].payment_information_id"),
        *(
            (
                message(LinesOfBlock(payment_information_id="PI1", lines=(line(1), replace(line(2), **change)))),
                f"blocks[0].lines[1].{field}",
            )
            for change, field in (
                ({"amount": Money(0, "EUR")}, "amount"),
                ({"amount": Money(100_000_000_000, "EUR")}, "amount"),
                ({"amount": Money(1, "USD")}, "amount"),
                ({"reason": "MD06"}, "reason"),
                ({"end_to_end_id": "/E"}, "end_to_end_id"),
                ({"reversal_id": ""}, "reversal_id"),
                ({"collection": collection(mandate_id="M 1 ")}, "collection.mandate_id"),
                ({"collection": collection(debtor=Party(name="X", iban="DE"))}, "collection.debtor.iban"),
            )
        ),
    ],
)  # fmt: skip
def test_what_has_no_form_in_the_file_is_refused_with_its_place(said: ReversalMessage, field: str) -> None:
    with pytest.raises(Unwritable) as refused:
        writer.write(said, out=BytesIO())
    assert refused.value.field == field


def test_an_instant_without_time_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="time zone"):
        writer.write(message(created_at=datetime(2026, 11, 18, 8, 0)), out=BytesIO())  # noqa: DTZ001


SOUND = written(message(message().blocks[0], WHOLE))

# What is replaced in a sound file, by what, and what is found then: rule and the end of the path.
SPOILT = (
    ("pain.007.001.09", "pain.007.001.10", "version", "/"),
    ("<NbOfTxs>5</NbOfTxs>", "<NbOfTxs>4</NbOfTxs>", "count", "GrpHdr/NbOfTxs"),
    ("<CtrlSum>454.50</CtrlSum>", "<CtrlSum>454.51</CtrlSum>", "sum", "GrpHdr/CtrlSum"),
    ("<CtrlSum>454.50</CtrlSum>", "<CtrlSum>454,50</CtrlSum>", "form", "GrpHdr/CtrlSum"),
    ("<NbOfTxs>5</NbOfTxs>", "", "missing", "GrpHdr/NbOfTxs"),
    ("<NbOfTxs>5</NbOfTxs>", "<NbOfTxs>5</NbOfTxs><NbOfTxs>5</NbOfTxs>", "too_often", "GrpHdr/NbOfTxs"),
    ("<GrpRvsl>false</GrpRvsl>", "<GrpRvsl>true</GrpRvsl>", "form", "GrpHdr/GrpRvsl"),
    ("<MsgId>PB1</MsgId>", "", "missing", "GrpHdr/MsgId"),
    ("<MsgId>PB1</MsgId>", "<MsgId>PB//1</MsgId>", "form", "GrpHdr/MsgId"),
    ("<MsgId>PB1</MsgId>", "<MsgId>PB1</MsgId><Authstn/>", "unexpected", "GrpHdr/Authstn"),
    ("<MsgId>PB1</MsgId>", "<MsgId><X/></MsgId>", "unexpected", "GrpHdr/MsgId"),
    ("<MsgId>PB1</MsgId>", '<MsgId x="1">PB1</MsgId>', "attribute", "GrpHdr/MsgId"),
    ("<GrpHdr>", "<GrpHdr>text", "text", "GrpHdr"),
    (
        "<MsgId>PB1</MsgId><CreDtTm>2026-11-18T08:00:00Z</CreDtTm>",
        "<CreDtTm>2026-11-18T08:00:00Z</CreDtTm><MsgId>PB1</MsgId>", "order", "GrpHdr/MsgId",
    ),
    ("2026-11-18T08:00:00Z", "2026-13-18T08:00:00Z", "unreadable", "/"),
    ("pain.008.001.08</Orgnl", "pain.001.001.09</Orgnl", "form", "OrgnlGrpInf/OrgnlMsgNmId"),
    ("<OrgnlPmtInfId>PI1<", "<OrgnlPmtInfId>PI2<", "unique", "OrgnlPmtInfAndRvsl[1]/OrgnlPmtInfId"),
    ("<OrgnlNbOfTxs>3</OrgnlNbOfTxs>", "", "count", "GrpHdr/NbOfTxs"),
    ("<PmtInfRvsl>true</PmtInfRvsl><RvslRsnInf><Rsn><Cd>AM05</Cd></Rsn></RvslRsnInf>",
     "<PmtInfRvsl>true</PmtInfRvsl>", "whole_block", "OrgnlPmtInfAndRvsl[2]"),
    ("<PmtInfRvsl>true</PmtInfRvsl>", "<PmtInfRvsl>false</PmtInfRvsl>", "no_lines", "OrgnlPmtInfAndRvsl[2]"),
    ("<PmtInfRvsl>true</PmtInfRvsl>", "<PmtInfRvsl>1</PmtInfRvsl>", "form", "OrgnlPmtInfAndRvsl[2]/PmtInfRvsl"),
    ("RVS00002", "RVS00001", "unique", "TxInf[1]/RvslId"),
    ("RE-00002", "RE-00001", "unique", "TxInf[2]/OrgnlEndToEndId"),
    ('<RvsdInstdAmt Ccy="EUR">34.50', '<RvsdInstdAmt Ccy="EUR">34.51', "amount", "TxInf[2]/RvsdInstdAmt"),
    ('<RvsdInstdAmt Ccy="EUR">34.50', '<RvsdInstdAmt Ccy="USD">34.50', "currency", "TxInf[2]/RvsdInstdAmt"),
    ('<RvsdInstdAmt Ccy="EUR">34.50', '<RvsdInstdAmt Ccy="EUR">34.505', "form", "TxInf[2]/RvsdInstdAmt"),
    ("<Cd>MS02</Cd>", "<Cd>MD06</Cd>", "form", "TxInf[1]/RvslRsnInf/Rsn/Cd"),
    ("<LclInstrm><Cd>CORE</Cd>", "<LclInstrm><Cd>COR1</Cd>", "form", "OrgnlTxRef/PmtTpInf/LclInstrm/Cd"),
    ("<SeqTp>RCUR</SeqTp>", "", "missing", "OrgnlTxRef/PmtTpInf/SeqTp"),
    ("<MndtId>MND-1</MndtId>", "", "missing", "OrgnlTxRef/MndtRltdInf/MndtId"),
    ("<DtOfSgntr>2025-06-01</DtOfSgntr>", "", "missing", "OrgnlTxRef/MndtRltdInf/DtOfSgntr"),
    ("<DtOfSgntr>2025-06-01<", "<DtOfSgntr>2026-11-19<", "signed", "OrgnlTxRef/MndtRltdInf"),
    ("<DtOfSgntr>2025-06-01<", "<DtOfSgntr>2025-06-31<", "unreadable", "/"),
    ("DE98ZZZ09999999999", "DE97ZZZ09999999999", "creditor_identifier", "OrgnlTxRef/CdtrSchmeId"),
    ("<IBAN>DE02120300000000202051", "<IBAN>DE03120300000000202051", "iban", "OrgnlTxRef/CdtrAcct"),
    ("<Nm>Erika Beispiel</Nm>", "<Nm>Erika_Beispiel</Nm>", "form", "OrgnlTxRef/Dbtr/Pty/Nm"),
    ("<Nm>Erika Beispiel</Nm>", f"<Nm>{'E' * 71}</Nm>", "form", "OrgnlTxRef/Dbtr/Pty/Nm"),
    ("<Dbtr><Pty><Nm>Erika Beispiel</Nm></Pty></Dbtr>", "<Dbtr><Nm>Erika Beispiel</Nm></Dbtr>", "unexpected",
     "OrgnlTxRef/Dbtr/Nm"),
)  # fmt: skip


def test_a_sound_file_has_nothing_to_refuse() -> None:
    assert rules.check(SOUND, today=TODAY) == ()


@pytest.mark.parametrize(("old", "new", "rule", "place"), SPOILT)
def test_what_a_bank_would_refuse_is_found_with_its_place(old: str, new: str, rule: str, place: str) -> None:
    assert old in SOUND.decode()
    found = rules.check(SOUND.decode().replace(old, new, 1).encode(), today=TODAY)
    assert (rule, True) in [(one.rule, one.path.endswith(place)) for one in found]
    assert all(one.message.endswith(".") for one in found)
    assert not any("Erika" in one.message or "DE0" in one.message for one in found)


@pytest.mark.parametrize("content", [b"", b"<Document", b"%PDF-1.7", b"<a/>", SOUND[:-20]])
def test_what_is_no_file_at_all_is_found_too(content: bytes) -> None:
    (found,) = rules.check(content)
    assert found.rule in ("unreadable", "version")
    with pytest.raises(UnreadableFile):
        reader.read(content)


def test_core_and_b2b_do_not_share_a_file() -> None:
    said = message(LinesOfBlock(payment_information_id="PI1", lines=(line(1), line(2, scheme=Scheme.B2B))))
    assert [one.rule for one in rules.check(written(said))] == ["one_scheme"]


@pytest.mark.parametrize(
    ("collect_on", "today", "in_time"),
    [
        (date(2026, 11, 18), date(2026, 11, 17), False),
        (date(2026, 11, 18), date(2026, 11, 18), True),
        (date(2026, 11, 18), date(2026, 11, 25), True),
        (date(2026, 11, 18), date(2026, 11, 26), False),
        (date(2026, 12, 23), date(2026, 12, 31), True),  # 25 December is closed, 26 and 27 are a weekend
        (date(2026, 12, 23), date(2027, 1, 1), False),
        (date(2027, 3, 24), date(2027, 4, 2), True),  # Good Friday and Easter Monday are closed
        (date(2027, 3, 24), date(2027, 4, 3), False),
    ],
)
def test_a_reversal_is_possible_from_the_due_date_to_the_fifth_bank_day_after_it(
    collect_on: date, today: date, in_time: bool
) -> None:
    said = message(LinesOfBlock(payment_information_id="PI1", lines=(line(collect_on=collect_on),)))
    found = rules.check(written(said), today=today)
    assert [one.rule for one in found] == ([] if in_time else ["window"])


def test_a_file_of_more_than_ten_megabytes_is_checked_and_read() -> None:
    said = message(LinesOfBlock(payment_information_id="PI1", lines=tuple(line(n) for n in range(1, 12_001))))
    content = written(said)
    assert len(content) > 10_000_000
    assert rules.check(content) == ()
    assert reader.read(content).count == 12_000
