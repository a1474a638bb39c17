"""Says what a file is that no reader takes, from its first bytes: people upload what lies beside a statement."""

from __future__ import annotations

import re
from collections.abc import Callable

from reconciliation.formats import archive, xml
from reconciliation.formats.camt import messages
from reconciliation.formats.xml_encoding import readable


def named(head: bytes) -> str:
    """What a file looks like, as the beginning of a sentence. Raises UnreadableFile for hostile XML."""
    known = _by_first_bytes(head)
    if known is not None:
        return f"The file is {known}"
    if head and not head.strip(b"\0"):
        return "The file holds nothing but zero bytes"
    text = readable(head)
    if not text.strip():
        return "The file is empty"
    if text.lstrip().startswith("<"):
        return _markup(head, text)
    name = next(name for looks_like, name in _TEXTS if looks_like(text))
    return f"The file looks like {name}"


# --- binary files ---

# What stands at which place of the files that people upload by mistake.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"{\\rtf", "a text document (RTF)"),
    (0, b"\xd0\xcf\x11\xe0", "an old office document"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"BZh", "a BZIP2 archive"),
    (0, b"\xfd7zXZ\0", "an XZ archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (257, b"ustar", "a TAR archive"),
    (0, b"\x89PNG", "a picture"),
    (0, b"\xff\xd8\xff", "a picture"),
    (0, b"GIF8", "a picture"),
    (0, b"II*\0", "a picture"),
    (0, b"MM\0*", "a picture"),
    (8, b"WEBP", "a picture"),
    (4, b"ftyp", "a picture or a film"),
    (0, b"SQLite format 3\0", "a database"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ\x90\0", "a program"),
    (0, b"-----BEGIN PGP", "a message locked or signed with PGP"),
    (0, b"-----BEGIN ", "a key, a certificate or a signed message"),
)


def _by_first_bytes(head: bytes) -> str | None:
    found = (name for at, magic, name in _MAGIC if head.startswith(magic, at))
    return archive.described(head) or next(found, None)


# --- XML and HTML ---

_HTML = re.compile(r"\s*(?:<\?xml[^>]{0,200}\?>\s*)?<(?:!doctype\s+)?(?:html|head|body)\b", re.IGNORECASE)
_MESSAGE = re.compile(r"\b(camt|pain|pacs|acmt|auth|reda)\.([0-9]{3})\.[0-9]{3}\.[0-9]{2}\b")
_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")

# ISO 20022 messages that a bank or an ERP also sends, by what they are for.
_MESSAGES = {
    "camt.052": "an account report of the running day",
    "camt.054": "a notification of single bookings",
    "camt.029": "an answer to an inquiry",
    "camt.055": "a wish to cancel a payment order",
    "camt.056": "a wish to cancel a payment",
    "camt.086": "a bank's invoice for its services",
    "pain.001": "an order of credit transfers",
    "pain.002": "a bank's answer to a payment order",
    "pain.007": "a wish to give back direct debits",
    "pain.008": "an order of direct debits",
    "pain.009": "a new mandate",
    "pacs.002": "a bank's answer to another bank",
    "pacs.003": "direct debits between banks",
    "pacs.004": "returns between banks",
    "pacs.008": "credit transfers between banks",
}

_ROOTS = {
    "CstmrCdtTrfInitn": "pain.001",
    "CstmrPmtStsRpt": "pain.002",
    "CstmrPmtRvsl": "pain.007",
    "CstmrDrctDbtInitn": "pain.008",
}

# Other XML that firms have at hand, by the root element.
_OTHER_ROOTS = {
    "OFX": "OFX",
    "Envelope": "an answer of a web service (SOAP)",
    "ebicsResponse": "an answer of an EBICS server",
    "ebicsKeyManagementResponse": "an answer of an EBICS server",
    "Invoice": "an electronic invoice",
    "CreditNote": "an electronic invoice",
    "CrossIndustryInvoice": "an electronic invoice",
    "Workbook": "an Excel workbook saved as XML",
    "svg": "a picture",
}


def _markup(head: bytes, text: str) -> str:
    if _HTML.match(text):
        return "The file is a web page (HTML)"
    names = xml.opening(head)
    if not names:
        xml.parse(head)  # says why not even the first element can be read
    message = messages.named(names) or _message(names)
    if message is not None:
        purpose = _MESSAGES.get(message[:8])
        return f"The file is {message}, {purpose}" if purpose else f"The file is {message}"
    root = names[0].local if names else ""
    if root in _OTHER_ROOTS:
        return f"The file looks like {_OTHER_ROOTS[root]}"
    shown = root if _SAFE_NAME.fullmatch(root) else "of an odd name"
    return f"The file is XML with the root element {shown}"


def _message(names: list[xml.Name]) -> str | None:
    found = (_MESSAGE.search(name.namespace) for name in names)
    by_root = (_ROOTS.get(name.local) for name in names)
    return next((match[0] for match in found if match is not None), None) or next(filter(None, by_root), None)


# --- text formats ---


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda text: compiled.search(text) is not None


def _is_table(text: str) -> bool:
    lines = [line for line in text.splitlines()[:5] if line.strip()]
    return len(lines) > 1 and any(all(line.count(mark) > 1 for line in lines[:2]) for mark in ";,\t|")


_CONTROL = re.compile(r"[\0-\x08\x0e-\x1f\x7f]")


def _is_binary(text: str) -> bool:
    """Whether every hundredth character or more is one that no text is written with."""
    return len(_CONTROL.findall(text)) * 100 >= len(text)


# The first that fits is what the file is called. National formats: CODA (Febelfin), CFONB 120 (CFONB),
# Cuaderno 43 (AEB), TITO (Finance Finland), DTAUS (Deutsche Kreditwirtschaft).
_TEXTS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (_matches(r"^:34F:"), "an MT942 report"),
    (_matches(r"(?:^|@@):(?:20|25|28C?|60[FM]|61|62[FM]|86):"), "an MT940 statement"),
    (_matches(r"\A\{1:[FAL]"), "a SWIFT message"),
    (_matches(r"\AOFXHEADER:|<OFX>"), "OFX"),
    (_matches(r"\A01,[^\n]*\n02,"), "BAI2"),
    (_matches(r"\A!(?:Type:|Account|Option:)"), "QIF"),
    (_matches(r"\A00000[0-9]{9}05"), "a CODA statement"),
    (_matches(r"\A01[0-9]{5} {4}[0-9]{5}[A-Z]{3}"), "a CFONB statement"),
    (_matches(r"\A11[0-9]{30}[12][0-9]{17}"), "a Cuaderno 43 statement"),
    (_matches(r"\AT00322"), "a TITO statement"),
    (_matches(r"\A0128A[GL]"), "a DTAUS order"),
    (_matches(r"\A(?:UNA.{6}\s*)?UNB\+"), "an EDIFACT message"),
    (_matches(r'\A\s*[\[{]\s*["\[{\]}]'), "JSON"),
    (
        _matches(r"\A(?:Return-Path|Received|Delivered-To|From|To|Subject|Date|MIME-Version|X-[\w-]+): "),
        "an e-mail",
    ),
    (_is_binary, "binary data of an unknown kind"),
    (_is_table, "a table (CSV)"),
    (lambda text: True, "plain text"),
)
