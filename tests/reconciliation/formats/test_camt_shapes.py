"""Entries that are taken apart without the parser say the same as if the parser had read each of them."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator

import pytest

from reconciliation.formats import camt, shapes, xml
from reconciliation.statement import Item, Line, RefusedLine, UnreadableFile
from tests.factories.camt import ACCOUNT, Entry, Stated, camt053_file, credit, fee, lump, pending, returned

SMALL = 1_500  # bytes of a piece of the stream, so that short files have many


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "CHUNK", SMALL)


def many() -> tuple[Entry, ...]:
    return tuple(entry for number in range(40) for entry in of_several_shapes(number))


def of_several_shapes(number: int) -> Iterator[Entry]:
    name = "Kern & Sohn <OHG>" if number % 3 else "Jürgen Müller"
    yield credit(100 + number, name=name, remittance=f"RE-{number}", end_to_end_id=f"E-{number}")
    if number % 4 == 0:
        yield credit(200 + number, name=name, remittance=["A" * 35, f"RE-{number}"])
    if number % 5 == 0:
        yield returned(500 + number, charges=300, reason="MS03", name=name)
    if number % 6 == 0:
        yield lump(700, payment_information_id=f"P-{number}", count=2, parts=(credit(300).parts[0],) * 2)
    if number % 7 == 0:
        yield fee(10 + number)
        yield pending(credit(number))


FILE = camt053_file(
    [
        Stated(entries=many(), has_summary=True),
        Stated(entries=many()[:9], statement_id="B", account="NL91ABNA0417164300"),
    ]
)


def read(content: bytes) -> list[Item]:
    return list(camt.read(io.BytesIO(content)))


def outcome(content: bytes) -> list[Item] | str:
    try:
        return read(content)
    except UnreadableFile:
        return "refused"


def parsed(content: bytes, monkeypatch: pytest.MonkeyPatch) -> list[Item] | str:
    """The outcome when the parser reads every entry."""
    with monkeypatch.context() as patch:
        patch.setattr(shapes, "MOST_SHAPES", 0)
        return outcome(content)


def handed_to_the_parser(content: bytes, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """All that the parser got to see while `content` was read."""
    seen: list[bytes] = []
    original = shapes.Thinned.read

    def watched(self: shapes.Thinned, size: int = SMALL) -> bytes:
        seen.append(original(self, size))
        return seen[-1]

    with monkeypatch.context() as patch:
        patch.setattr(shapes.Thinned, "read", watched)
        read(content)
    return b"".join(seen)


PLAIN = [
    FILE,
    FILE.replace(b"\n", b"\r\n"),
    FILE.replace(b"\n", b"\r"),
    FILE.replace(b"\n", b""),
    FILE.replace(b"\n", b"\n\t  "),
    FILE.replace(b"<", b"<c:")
    .replace(b"<c:/", b"</c:")
    .replace(b"<c:?", b"<?")
    .replace(b"xmlns=", b"xmlns:c="),
    FILE.decode().replace("UTF-8", "ISO-8859-1").encode("iso-8859-1"),
    FILE.decode().replace("UTF-8", "windows-1252").encode("cp1252"),
    b"\xef\xbb\xbf" + FILE,
]


@pytest.mark.parametrize("content", PLAIN)
def test_most_entries_are_kept_from_the_parser_and_read_the_same(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = read(content)
    assert items == parsed(content, monkeypatch)
    assert sum(isinstance(item, Line) for item in items) == len(many()) + 9
    assert len(handed_to_the_parser(content, monkeypatch)) < len(content) // 2


@pytest.mark.parametrize(
    "content",
    [
        FILE.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        FILE.replace(b"<Document", b"<!-- by hand --><Document"),
        FILE.replace(b"<Document", b"<?by hand?><Document"),
        FILE.replace(b"<Id>B</Id>", b"<Id>B</Id><!-- <Ntry></Ntry> -->"),
        FILE.replace(b"<Ustrd>RE-7</Ustrd>", b"<Ustrd><![CDATA[RE-7]]></Ustrd>"),
        FILE.replace(b"<Ustrd>RE-7</Ustrd>", b"<Ustrd>RE-<?no no?>7</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-7</Ustrd>", b"<Ustrd>RE&#45;7</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-7</Ustrd>", b"<Ustrd>RE-7 > RE-6</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-7</Ustrd>", b'<Ustrd xmlns="urn:other">RE-7</Ustrd>'),
        FILE.replace(b"<Ustrd>RE-7</Ustrd>", b"<Ustrd>RE-7</Ustrd><SplmtryData><Ntry/></SplmtryData>"),
        FILE.replace(b"<Ustrd>RE-7</Ustrd>", b"<Ustrd/>"),
        FILE.replace(b"<Ustrd>RE-7</Ustrd>", b"<Ustrd></Ustrd>"),
        FILE.replace(b'<Amt Ccy="EUR">1.07</Amt>', b"<Amt Ccy='EUR'>1.07</Amt>"),
        FILE.replace(b'<Amt Ccy="EUR">1.07</Amt>', b'<Amt Ccy="EUR" x="a>b">1.07</Amt>'),
        FILE.replace(b'<Amt Ccy="EUR">1.07</Amt>', b'<Amt Ccy="USD">1.07</Amt>'),
        FILE.replace(b"<Ustrd>RE-7</Ustrd>", b"<Ustrd>RE-7</Ustrd>>"),
        FILE.replace(b"<Ntry>", b"<Ntry >", 9),
        FILE.replace(b"</Ntry>", b"</Ntry >", 9),
        FILE.replace(b"</Ntry>", b"</Ntry>and between"),
        FILE.replace(b"</Stmt>", b"<Ntry/></Stmt>", 1),
        FILE.replace(b"<Ntry>", b'<Ntry duecourse-entries="0">'),
        FILE.replace(b"<Ntry>", b'<Ntry duecourse-entries="7">', 5),
    ],
)
def test_an_unusual_file_reads_the_same_too(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    items = outcome(content)
    assert items == parsed(content, monkeypatch)
    assert len(items) > len(many())


@pytest.mark.parametrize(
    "content",
    [
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<Ustrd>RE-37</Ustrd"),
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<Ustrd>RE-37>/Ustrd>"),
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<Ustrd<RE-37</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<Ustrd>RE & 37</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<Ustrd>RE &nbsp; 37</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<Ustrd>RE\x0137</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<Ustrd>RE\x0037</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<Ustrd>RE\xef\xbf\xbf37</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<Ustrd>RE\xc3</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<Ustrd>RE]]>37</Ustrd>"),
        FILE.replace(b"<Ustrd>RE-37</Ustrd>", b"<!DOCTYPE x><Ustrd>RE-37</Ustrd>"),
        FILE[: FILE.rindex(b"</Ntry>") + 7],
        FILE[: FILE.rindex(b"</Stmt>")],
        FILE.replace(b"</Stmt>", b"</Rpt>", 1),
    ],
)
def test_what_the_parser_refuses_is_refused(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert content != FILE
    assert (outcome(content), parsed(content, monkeypatch)) == ("refused", "refused")


def test_entries_within_a_comment_are_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    at = FILE.rindex(b"<Ntry>")
    content = FILE[:at] + b"<!--" + FILE[at:].replace(b"</Ntry>", b"</Ntry>-->", 1)
    items = read(content)
    assert items == parsed(content, monkeypatch)
    assert sum(isinstance(item, Line) for item in items) == len(many()) + 8


def test_entries_outside_a_statement_are_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    content = FILE.replace(b"</Stmt>", b"</Stmt><Other>", 1)
    at = content.index(b"</Stmt><Other>") + 14
    entries = b"".join(re.findall(rb"<Ntry>.*?</Ntry>", FILE, re.DOTALL)[:9])
    content = content[:at] + entries + b"</Other>" + content[at:]
    assert read(content) == read(FILE) == parsed(content, monkeypatch)


def test_an_entry_that_cannot_be_read_is_refused_with_the_line_of_its_field(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = FILE.replace(b'EUR">1.37<', b'EUR">1,37<')
    at = content.index(b'EUR">1,37<')
    (refused,) = (item for item in read(content) if isinstance(item, RefusedLine))
    assert refused.line == content.count(b"\n", 0, at) + 1
    assert read(content) == parsed(content, monkeypatch)


def test_an_entry_without_its_amount_is_refused_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = "<Ntry>\n<CdtDbtInd>CRDT</CdtDbtInd>\n</Ntry>\n"
    account = f"<Acct><Id><IBAN>{ACCOUNT}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    content = (
        f"<Document><BkToCstmrStmt><Stmt>{account}\n{entry * 200}</Stmt></BkToCstmrStmt></Document>".encode()
    )
    items = read(content)
    lines = [item.line for item in items if isinstance(item, RefusedLine)]
    assert lines == [2 + 3 * number for number in range(200)]
    assert items == parsed(content, monkeypatch)


def test_a_file_of_too_many_shapes_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [Entry(amount=1, parts=(credit(1).parts[0],) * (number % 50)) for number in range(300)]
    content = camt053_file([Stated(entries=tuple(entries))])
    monkeypatch.setattr(shapes, "MOST_SHAPES", 20)
    assert read(content) == parsed(content, monkeypatch)


def test_a_file_of_which_nothing_can_be_learned_is_held_back_by_little_more_than_a_piece() -> None:
    thinned = shapes.Thinned(io.BytesIO(FILE * 20), "Ntry")
    sizes = [len(piece) for piece in iter(thinned.read, b"")]
    assert max(sizes) <= shapes.FIRST + 2 * SMALL
    assert sum(sizes) > len(FILE) * 20


def test_an_entry_that_never_ends_does_not_fill_the_memory() -> None:
    thinned = shapes.Thinned(io.BytesIO(b"<Stmt><Ntry>" + b"<x>" * 2_000_000), "Ntry")
    assert SMALL < len(thinned.read()) <= shapes.LONGEST + 2 * SMALL
    assert len(thinned.read()) == SMALL


@pytest.mark.parametrize("seed", range(60))
def test_a_file_with_damages_reads_the_same_or_is_refused(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(FILE)
    chance = random.Random(seed)
    for _ in range(chance.choice([1, 1, 2])):
        at = chance.randrange(SMALL, len(content))
        end = at + chance.choice([0, 0, 1, 5, 40])
        content[at:end] = chance.choice(DAMAGES)
    assert outcome(bytes(content)) == parsed(bytes(content), monkeypatch)


DAMAGES = (
    *(bytes([byte]) for byte in b"a1,- \n\r\0<>/&;\xc3"),
    *(b"", b"&amp;", b"&#65;", b"]]>", b"<x/>", b"<x>a</x>", b"\xc3\xa4"),
    *(b"<!-- -->", b"<!--", b"-->", b"<![CDATA[", b"<?x ?>"),
    *(b"<Ntry>", b"</Ntry>", b"<Ntry/>", b"</Stmt>"),
)
