"""The bytes of a single transaction of an OFX file, as they stand in it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from reconciliation.formats import ofx
from reconciliation.statement import Line, NoSuchLine, UnreadableFile
from tests.factories.ofx import (
    SGML_HEADER,
    Element,
    Stated,
    investments,
    markup,
    pending,
    sgml,
    transaction,
    tree,
    xml,
)

ENTRIES = [transaction(f"{number}.50", number=f"F-{number}", name="Änne Amsel") for number in range(1, 4)]


def fragment(content: bytes, position: int) -> bytes:
    return ofx.fragment(io.BytesIO(content), position)


@pytest.mark.parametrize("write", [sgml, xml], ids=["sgml", "xml"])
def test_a_fragment_is_the_transaction_from_its_first_to_its_last_byte(
    write: Callable[..., bytes],
) -> None:
    content = write(Stated(entries=ENTRIES))
    second = fragment(content, 2)
    assert second.startswith(b"<STMTTRN>")
    assert second.endswith(b"</STMTTRN>")
    assert (second.count(b"<TRNAMT>"), b"<TRNAMT>2.50" in second, content.count(second)) == (1, True, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_fragment_is_in_the_encoding_of_its_file(encoding: str) -> None:
    content = sgml(Stated(entries=ENTRIES), encoding=encoding)
    third = fragment(content, 3)
    assert third in content
    text = third.decode("utf-16-le" if encoding == "utf-16" else encoding)
    assert text.startswith("<STMTTRN>")
    assert text.endswith("</STMTTRN>")
    assert "<FITID>F-3" in text
    assert "Änne" in text


def test_there_is_no_line_zero_and_none_behind_the_last() -> None:
    content = sgml(Stated(entries=ENTRIES))
    for position in (-1, 0, 4):
        with pytest.raises(NoSuchLine):
            fragment(content, position)


def test_what_is_no_ofx_file_has_no_fragments() -> None:
    with pytest.raises(UnreadableFile):
        fragment(b"%PDF-1.7", 1)


def test_fragments_are_counted_over_all_statements_and_pending_lines_too() -> None:
    content = sgml(Stated(entries=ENTRIES[:2]), Stated(account="2", entries=ENTRIES[2:], pending=[pending()]))
    assert b"F-3" in fragment(content, 3)
    assert fragment(content, 4).startswith(b"<STMTTRNP>")


def test_cash_bookings_of_investments_are_no_lines_and_have_no_fragment() -> None:
    more: list[Element] = [
        ("INVSTMTMSGSRSV1", [investments(cash=ENTRIES[:1])]),
        ("BANKMSGSRSV1", [Stated(entries=ENTRIES[1:]).element()]),
    ]
    content = (SGML_HEADER + markup(tree(more=more), is_closed=False)).encode()
    assert b"F-2" in fragment(content, 1)


@pytest.mark.parametrize("hidden", [b"<!--%s-->", b"<MEMO><![CDATA[%s]]>"])
def test_transactions_within_comments_and_literal_sections_are_none(hidden: bytes) -> None:
    content = xml(Stated(entries=ENTRIES))
    at = content.index(b"</FITID>") + len(b"</FITID>")
    content = content[:at] + hidden % b"<STMTTRN></STMTTRN>" + content[at:]
    assert b"F-2" in fragment(content, 2)


@pytest.mark.parametrize("filler", range(40))
def test_a_fragment_is_found_wherever_the_pieces_that_are_read_end(filler: int) -> None:
    content = sgml(Stated(entries=ENTRIES), Stated(account="2", entries=ENTRIES))
    space = b"\n" * (64 * 1024 - content.index(b"<STMTTRN>") - filler)
    at = content.index(b"<BANKTRANLIST>")
    content = content[:at] + b"<!-- -->" + space + content[at:]
    numbers = [item.position for item in ofx.read(io.BytesIO(content)) if isinstance(item, Line)]
    assert numbers == [1, 2, 3, 4, 5, 6]
    found = [fragment(content, number) for number in numbers]
    assert all(one.startswith(b"<STMTTRN>") and one.endswith(b"</STMTTRN>") for one in found)
    assert [one.count(b"<TRNAMT>") for one in found] == [1] * 6


def test_the_fragment_of_a_refused_line_shows_what_cannot_be_read() -> None:
    content = sgml(Stated(entries=[transaction("twelve"), *ENTRIES]))
    assert b"twelve" in fragment(content, 1)
