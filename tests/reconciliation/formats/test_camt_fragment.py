"""Each entry of a camt file can be shown as it stands there, byte for byte."""

from __future__ import annotations

import io
import re

import pytest

from reconciliation.formats import camt
from reconciliation.statement import Header, NoSuchLine, Statement, UnreadableFile
from tests.factories.camt import Stated, camt053, camt053_file, credit, debit, fee

FILE = camt053_file(
    [
        Stated(entries=(credit(1250, name="Jürgen Größe", remittance="a > b & c"), fee(250))),
        Stated(entries=(debit(300),), statement_id="B", account="NL91ABNA0417164300"),
    ]
)
ENTRIES = re.findall(rb"<Ntry>.*?</Ntry>", FILE, re.DOTALL)


def shown(content: bytes, position: int) -> bytes:
    return camt.fragment(io.BytesIO(content), position)


def test_each_entry_is_shown_by_its_position_over_the_whole_file() -> None:
    assert [shown(FILE, position) for position in (1, 2, 3)] == ENTRIES


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "iso-8859-15"])
def test_it_is_shown_in_the_encoding_of_the_file(encoding: str) -> None:
    text = FILE.decode().replace("UTF-8", encoding)
    found = shown(text.encode(encoding), 1)
    assert found.decode("utf-16-le" if encoding == "utf-16" else encoding).encode() == ENTRIES[0]


@pytest.mark.parametrize(
    "entry",
    [
        b"<Ntry/>",
        b"<Ntry ></Ntry >",
        b'<Ntry\n x="a>b"><!-- <Ntry> --><![CDATA[</Ntry>]]></Ntry\n>',
        b'<n:Ntry xmlns:n="urn:x">&lt;</n:Ntry>',
        b"<Ntry><Ntry></Ntry></Ntry>",
    ],
)
@pytest.mark.parametrize(
    "behind", [b"", b"\n", b"text", b"<!-- -->", b"<?x?>", b"<Other/>", b"&amp;", b"<![CDATA[x]]>"]
)
def test_an_odd_entry_is_shown_whole_whatever_follows(entry: bytes, behind: bytes) -> None:
    content = FILE.replace(ENTRIES[0], entry + behind)
    assert [shown(content, position) for position in (1, 2, 3)] == [entry, *ENTRIES[1:]]


def test_positions_are_those_of_lines_and_refused_lines() -> None:
    stray = b"<SplmtryData><Ntry>no line</Ntry></SplmtryData>"
    content = FILE.replace(b"<Ntry>", stray + b"<Ntry>", 1).replace(b">2.50<", b">2,50<")
    lines = [item for item in camt.read(io.BytesIO(content)) if not isinstance(item, Header | Statement)]
    assert [line.position for line in lines] == [1, 2, 3]
    assert shown(content, 1) == ENTRIES[0]
    assert shown(content, 2) == ENTRIES[1].replace(b"2.50", b"2,50")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Document", "<Document \u20acx='a'"),
        ("<BkToCstmrStmt>", "<BkToCstmrStmt \u0132='\U0001f600'>"),
    ],
)
def test_an_entry_is_shown_of_every_file_that_is_read(encoding: str, old: str, new: str) -> None:
    """Letters that names may have since the fifth edition of XML 1.0, and a character of two UTF-16 units."""
    content = FILE.decode().replace("UTF-8", encoding).replace(old, new).encode(encoding)
    assert len(list(camt.read(io.BytesIO(content)))) == 7
    found = shown(content, 3)
    assert found.decode("utf-16-le" if encoding == "utf-16" else encoding).encode() == ENTRIES[2]


@pytest.mark.parametrize("position", [-1, 0, 4, 10**9])
def test_there_is_no_line_beyond_the_last(position: int) -> None:
    with pytest.raises(NoSuchLine):
        shown(FILE, position)


def test_an_entry_far_down_a_long_file_is_shown() -> None:
    content = camt053([credit(100 + number, remittance="x" * 100) for number in range(2_000)])
    entries = re.findall(rb"<Ntry>.*?</Ntry>", content, re.DOTALL)
    assert [shown(content, position) for position in (1, 999, 2_000)] == [
        entries[0],
        entries[998],
        entries[-1],
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no xml",
        b"<!DOCTYPE x><x/>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        FILE[:300],
        FILE.replace(b"Gr\xc3\xb6", b"Gr\xc3"),
        b"<a>" * 100_000,
        b'<?xml version="1.0" encoding="utf-32"?><x/>',
        b'<?xml version="1.0" encoding="shift_jis"?><x/>',
    ],
)
def test_what_is_no_sound_file_is_refused_or_has_no_such_line(content: bytes) -> None:
    with pytest.raises((UnreadableFile, NoSuchLine)):
        shown(content, 3)
