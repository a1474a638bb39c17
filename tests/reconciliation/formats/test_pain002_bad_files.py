"""Broken and hostile status reports: each is read or refused with a sentence, and nothing else ever happens."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciliation.formats import pain002
from reconciliation.formats.pain002 import BlockStatus, FileStatus, Item, TransactionStatus
from reconciliation.statement import UnreadableFile
from tests.factories.pain002 import Block, Tx, Why, report
from tests.fuzz.mutations import broken
from tests.fuzz.properties import Dribble, within_seconds

TOLD = Tx(
    "E2E-1", code="AC04", amount=1_250, mandate_id="M-1", debtor="Erika Beispiel ä", iban="DE02120300000000202051",
    why=[Why(proprietary="XX99", information=["a & b", "€"], bank="BYLADEM1001")],
)  # fmt: skip
SEEDS = [
    report(
        Block("PI-1", [TOLD, Tx("E2E-2", status=None)], status="PART", counts={"RJCT": 1}), version=version
    )
    for version in ("001.03", "001.10", "001.14", "003.03", "002.02")
] + [report(status="RJCT", code="FF01"), report(Block("A", status="RJCT"), Block("B", [TOLD]), status="PART")]
TOKENS = tuple(
    piece.encode()
    for piece in (
        "<TxInfAndSts>", "</TxInfAndSts>", "<OrgnlPmtInfAndSts>", "</OrgnlPmtInfAndSts>", "<OrgnlGrpInfAndSts/>",
        "<TxSts>RJCT</TxSts>", "<CstmrPmtStsRpt>", "</CstmrPmtStsRpt>", "xmlns=''", "pain.002.001.10", "<!DOCTYPE x>",
    )
)  # fmt: skip


def read(content: bytes, size: int | None = None) -> list[Item] | str:
    """What a file says, or the sentence by which it is refused."""
    try:
        with within_seconds():
            return list(pain002.read(io.BytesIO(content) if size is None else Dribble(content, size)))
    except UnreadableFile as refusal:
        return refusal.message


@settings(max_examples=600, suppress_health_check=list(HealthCheck))
@given(broken(SEEDS, TOKENS))
def test_a_broken_report_is_read_or_refused(content: bytes) -> None:
    found = read(content)
    if isinstance(found, str):
        assert found.endswith(".")
        assert len(found) < 500
        return
    assert isinstance(found[0], FileStatus)
    for item in found:
        match item:
            case TransactionStatus():
                assert item.amount is None or item.amount.minor >= 0
                texts = (item.end_to_end_id, item.instruction_id, item.status, item.mandate_id)
            case BlockStatus():
                texts = (item.payment_information_id, item.status)
            case FileStatus():
                texts = (item.message_id, item.original_message_id, item.status)
        assert all(text is None or (0 < len(text) <= 140 and text == text.strip()) for text in texts)


@settings(max_examples=100)
@given(st.sampled_from(SEEDS), st.integers(1, 700))
def test_a_file_that_comes_in_pieces_says_the_same(content: bytes, size: int) -> None:
    assert read(content, size) == read(content)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_file_that_is_cut_off_anywhere_is_refused(seed: bytes) -> None:
    whole = seed.rstrip()
    for end in itertools.chain(range(0, len(whole) - 1, 7), [len(whole) - 1]):
        assert isinstance(read(whole[:end]), str), end


@pytest.mark.parametrize(
    ("cut", "put", "because"),
    [
        (b"<Document", b"<!DOCTYPE Document><Document", "document type"),
        (b"<Document", b'<!DOCTYPE x [<!ENTITY e "AC04">]><Document', "document type"),
        (b">AC04<", b">&e;<", "entity"),
        (
            b"<TxInfAndSts>",
            b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/><TxInfAndSts>',
            "include",
        ),
        (b"<AddtlInf>", b"<AddtlInf>" + b"<a>" * 300 + b"</a>" * 300, "nests"),
    ],
)
def test_a_hostile_report_is_refused(cut: bytes, put: bytes, because: str) -> None:
    content = SEEDS[1]
    assert cut in content
    refused = read(content.replace(cut, put, 1))
    assert isinstance(refused, str)
    assert because in refused
