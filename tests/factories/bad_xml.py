"""Hostile and broken XML, made of any good file: `&x;` stands for where in it something is put."""

from __future__ import annotations

from collections.abc import Iterator

from tests.factories.bad_files import Endless, Expected, File, refused, told

LONG = 11_000_000
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))

# What the document type declares, and the text that uses it.
DECLARATIONS = {
    "an empty document type": ("", "x"),
    "a document type of the network": ('SYSTEM "http://127.0.0.1:9/x.dtd"', "x"),
    "a public document type": ('PUBLIC "-//X//EN" "file:///etc/hostname"', "x"),
    "an entity": ('[<!ENTITY e "y">]', "&e;"),
    "an entity of a file": ('[<!ENTITY e SYSTEM "file:///etc/hostname">]', "&e;"),
    "an entity of the network": ('[<!ENTITY e SYSTEM "http://127.0.0.1:9/e">]', "&e;"),
    "an entity that names itself": ('[<!ENTITY e "&e;">]', "&e;"),
    "a parameter entity": ('[<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]', "x"),
    "a bomb of entities": (f'[<!ENTITY l0 "ha">{LAUGHS}]', "&l9;"),
    "a bomb of one long entity": (f'[<!ENTITY e "{"A" * 20_000}">]', "&e;" * 3_000),
    "a default of an attribute": ('[<!ATTLIST Amt Ccy CDATA "EUR">]', "x"),
}

INCLUDED = '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>'


def hostile(good: bytes, text: str, root: str) -> Iterator[tuple[str, File, Expected]]:
    """Files made of `good`, UTF-8 with a declaration, in which `text` stands between tags; `root` is its root."""
    before, behind = good.split(text.encode(), 1)
    declaration, _, body = good.partition(b"?>")
    start = f"<{root}".encode()
    for name, (subset, used) in DECLARATIONS.items():
        whole = body.replace(text.encode(), used.encode(), 1)
        yield name, declaration + b"?>" + f"<!DOCTYPE {root} {subset}>".encode() + whole, refused()
    for name, content in _structures(before, behind, good, start):
        yield name, content, refused()
    for name, inside in _texts():
        yield name, before + inside + behind, refused()
    yield "an included file", before + INCLUDED.encode() + behind, told()
    yield "a text of a gigabyte", lambda: Endless(before, b"x"), refused()
    yield "a name of a gigabyte", lambda: Endless(before + b"<a", b"a"), refused()
    yield "a comment of a gigabyte", lambda: Endless(before + b"<!--", b"x"), refused()
    yield "tags of a gigabyte that never close", lambda: Endless(before, b"<a>"), refused()


def _structures(before: bytes, behind: bytes, good: bytes, start: bytes) -> Iterator[tuple[str, bytes]]:
    yield "elements 100,000 deep", before + b"<a>" * 100_000 + b"</a>" * 100_000 + behind
    yield "elements 100,000 deep and cut off", before + b"<a>" * 100_000
    yield "an element closed twice", good.replace(b"</", b"</x></", 1)
    yield "an element that is never closed", before + b"<a>" + behind
    yield "two files in one", good + good[good.index(start) :]
    yield "text behind the last element", good.rstrip() + b"more"
    yield "cut within the last tag", good.rstrip()[:-2]


def _texts() -> Iterator[tuple[str, bytes]]:
    yield "a reference to a zero byte", b"&#0;"
    yield "a reference beyond all letters", b"&#x110000;"
    yield "a text section that is never closed", b"<![CDATA[ x"
    yield "a comment that is never closed", b"<!-- x"
    yield "a zero byte in a text", b"a\0b"
    yield "bytes of two encodings", "ü".encode() + b"\xfc" + "ü".encode()
