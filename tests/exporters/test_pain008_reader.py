"""What the writer wrote is read back equal; files of others are read, or refused with the place at fault."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.pain008.characters import FRENCH, GERMAN, LATIN, Characters
from exporters.pain008.fields import NotADirectDebitFile
from exporters.pain008.message import Amendment, DirectDebitMessage, Scheme, SequenceType
from exporters.pain008.profiles import SEPA_2009
from exporters.pain008.reader import IncompleteFile, read
from ledger.money import Money
from reconciliation.statement import UnreadableFile
from tests.factories.pain008 import (
    CREDITOR_ID,
    address,
    block,
    debtor,
    message,
    message_with,
    messages,
    transaction,
    written,
)

SCHEME_ID = (
    f"<CdtrSchmeId><Id><PrvtId><Othr><Id>{CREDITOR_ID}</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm></Othr></PrvtId>"
    "</Id></CdtrSchmeId>"
)
PLAIN = written(message()).decode()


def with_change(old: str, new: str) -> bytes:
    assert PLAIN.count(old) == 1
    return PLAIN.replace(old, new).encode()


@settings(deadline=None, max_examples=100)
@given(messages())
def test_every_message_of_sepa_text_comes_back_equal(made: DirectDebitMessage) -> None:
    assert read(written(made)) == made


@pytest.mark.parametrize("characters", [GERMAN, FRENCH], ids=lambda characters: characters.name)
@settings(deadline=None, max_examples=25)
@given(st.data())
def test_every_message_comes_back_with_the_letters_that_the_bank_takes(
    characters: Characters, data: st.DataObject
) -> None:
    made = data.draw(messages(characters))
    assert read(written(made, characters=characters)) == made


@pytest.mark.parametrize("characters", [LATIN, GERMAN], ids=lambda characters: characters.name)
@settings(deadline=None, max_examples=25)
@given(st.data())
def test_every_message_of_the_older_version_comes_back_equal(
    characters: Characters, data: st.DataObject
) -> None:
    made = data.draw(messages(characters, addressed=False))
    assert read(written(made, SEPA_2009, characters)) == made


def test_umlauts_stay_where_the_bank_takes_them() -> None:
    made = message_with(debtor=debtor(name="Jörg Groß & Söhne"), remittance="Rücklage 5 % *")
    assert read(written(made, characters=GERMAN)) == made


def test_a_stream_is_read_like_bytes() -> None:
    assert read(BytesIO(PLAIN.encode())) == message()


def test_the_older_version_is_read_into_the_same_message() -> None:
    made = message_with(debtor=debtor(bic="COBADEFFXXX"))
    assert read(written(made, SEPA_2009)) == made


def test_text_comes_back_in_the_characters_it_was_written_in() -> None:
    [collected] = read(written(message_with(debtor=debtor(name="Jörg Groß")))).blocks[0].transactions
    assert collected.debtor.name == "Joerg Gross"


def test_batch_booking_is_what_a_bank_does_when_nothing_is_said() -> None:
    assert read(with_change("<BtchBookg>true</BtchBookg>", "")).blocks[0].batch_booking is True
    assert read(written(message(block(batch_booking=False)))).blocks[0].batch_booking is False


def test_a_creditor_identifier_on_every_transaction_counts_for_the_block() -> None:
    moved = PLAIN.replace(SCHEME_ID, "").replace("</MndtRltdInf>", "</MndtRltdInf>" + SCHEME_ID)
    assert read(moved.encode()).blocks[0].creditor_id == CREDITOR_ID


def test_two_creditor_identifiers_in_one_block_are_not_one() -> None:
    two = written(message(block(transaction(), transaction(end_to_end_id="INV-2")))).decode()
    moved = two.replace(SCHEME_ID, "").replace("</MndtRltdInf>", "</MndtRltdInf>" + SCHEME_ID)
    other = moved.replace(CREDITOR_ID, "DE98ABC09999999999", 1)
    with pytest.raises(IncompleteFile) as refused:
        read(other.encode())
    assert refused.value.path.endswith("PmtInf[1]/CdtrSchmeId/Id/PrvtId/Othr/Id")


def test_several_remittance_texts_are_one_text() -> None:
    several = with_change("</Ustrd>", "</Ustrd><Ustrd>March</Ustrd>")
    assert read(several).blocks[0].transactions[0].remittance == "Invoice 2026-0001 March"


def test_an_address_of_the_older_form_is_left_out() -> None:
    old = with_change(
        "<Nm>Erika Beispiel</Nm>",
        "<Nm>Erika Beispiel</Nm><PstlAdr><Ctry>DE</Ctry><AdrLine>Weg 1</AdrLine></PstlAdr>",
    )
    assert read(old).blocks[0].transactions[0].debtor.address is None


def test_a_new_bank_is_known_by_its_mark_in_both_places_it_has_had() -> None:
    details = "<AmdmntInd>true</AmdmntInd><AmdmntInfDtls>{}</AmdmntInfDtls></MndtRltdInf>"
    mark = "<Othr><Id>SMNDA</Id></Othr>"
    for place in (
        f"<OrgnlDbtrAcct><Id>{mark}</Id></OrgnlDbtrAcct>",
        f"<OrgnlDbtrAgt><FinInstnId>{mark}</FinInstnId></OrgnlDbtrAgt>",
    ):
        [collected] = read(with_change("</MndtRltdInf>", details.format(place))).blocks[0].transactions
        assert collected.amendment == Amendment(same_mandate_new_debtor_agent=True)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25T09:30:00", datetime(2026, 11, 25, 9, 30, tzinfo=UTC)),
        ("2026-11-25T09:30:00.000+01:00", datetime(2026, 11, 25, 9, 30, tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_a_moment_of_creation_is_read_with_and_without_zone(text: str, moment: datetime) -> None:
    assert read(with_change("2026-11-25T09:30:00Z", text)).created_at == moment


def test_a_date_may_carry_a_zone() -> None:
    assert read(with_change("2026-12-02", "2026-12-02+01:00")).blocks[0].collect_on == date(2026, 12, 2)


def test_scheme_and_sequence_may_stand_on_the_transactions() -> None:
    scheme = "<LclInstrm><Cd>CORE</Cd></LclInstrm><SeqTp>RCUR</SeqTp>"
    kind = f"<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl>{scheme}</PmtTpInf>"
    moved = with_change(kind, "").decode().replace("<InstdAmt", kind.replace("RCUR", "OOFF") + "<InstdAmt")
    [read_block] = read(moved.encode()).blocks
    assert (read_block.scheme, read_block.sequence_type) == (Scheme.CORE, SequenceType.OOFF)


def test_trailing_zeros_of_an_amount_are_no_money() -> None:
    assert read(with_change('"EUR">119.00', '"EUR">119.000')).blocks[0].transactions[0].amount == Money(
        11900, "EUR"
    )


DEBIT = "/Document/CstmrDrctDbtInitn/PmtInf[1]/DrctDbtTxInf[1]"


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("<MsgId>MSG-1</MsgId>", "", "/Document/CstmrDrctDbtInitn/GrpHdr/MsgId"),
        ("2026-11-25T09:30:00Z", "yesterday", "/Document/CstmrDrctDbtInitn/GrpHdr/CreDtTm"),
        ("<Cd>CORE</Cd>", "<Cd>COR1</Cd>", "/Document/CstmrDrctDbtInitn/PmtInf[1]/PmtTpInf/LclInstrm/Cd"),
        ("RCUR", "RPRE", "/Document/CstmrDrctDbtInitn/PmtInf[1]/PmtTpInf/SeqTp"),
        ("2026-12-02", "2026-02-30", "/Document/CstmrDrctDbtInitn/PmtInf[1]/ReqdColltnDt"),
        ("<EndToEndId>INV-2026-0001</EndToEndId>", "<EndToEndId/>", f"{DEBIT}/PmtId/EndToEndId"),
        ('"EUR">119.00', '"EUR">119.005', f"{DEBIT}/InstdAmt"),
        ('"EUR">119.00', '"EUR">119,00', f"{DEBIT}/InstdAmt"),
        ('"EUR">119.00', '"EUR">-119.00', f"{DEBIT}/InstdAmt"),
        ('"EUR">119.00', '"XXX">119.00', f"{DEBIT}/InstdAmt"),
        (' Ccy="EUR"', "", f"{DEBIT}/InstdAmt/@Ccy"),
        ("<DtOfSgntr>2025-03-01</DtOfSgntr>", "", f"{DEBIT}/DrctDbtTx/MndtRltdInf/DtOfSgntr"),
        ("<IBAN>DE02120300000000202051</IBAN>", "<Othr><Id>1</Id></Othr>", f"{DEBIT}/DbtrAcct/Id/IBAN"),
        ("<Nm>Erika Beispiel</Nm>", "", f"{DEBIT}/Dbtr/Nm"),
    ],
)
def test_a_missing_or_unreadable_piece_is_named_by_its_place(old: str, new: str, path: str) -> None:
    with pytest.raises(IncompleteFile) as refused:
        read(with_change(old, new))
    assert refused.value.path == path


@pytest.mark.parametrize("source", [b"", b"no xml", b"<a><b></a>", PLAIN.encode()[:700]])
def test_a_broken_file_is_refused(source: bytes) -> None:
    with pytest.raises(UnreadableFile):
        read(source)


@pytest.mark.parametrize("source", [b"<Document/>", b"<Document><BkToCstmrStmt/></Document>"])
def test_other_xml_is_no_direct_debit_file(source: bytes) -> None:
    with pytest.raises(NotADirectDebitFile):
        read(source)


def test_an_entity_is_never_followed() -> None:
    hostile = PLAIN.replace(
        "<Document", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><Document', 1
    )
    with pytest.raises(UnreadableFile):
        read(hostile.encode())


def test_a_comment_does_not_hide_part_of_a_value() -> None:
    hidden = with_change("<IBAN>DE0212", "<IBAN>DE02<!-- -->12")
    assert read(hidden) == message()


def test_an_address_comes_back_whole() -> None:
    made = message_with(debtor=debtor(address=address(lines=("Stock 2", "Hof"))))
    assert read(written(made)) == made
