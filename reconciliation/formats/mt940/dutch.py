"""What Dutch and Macedonian banks write in the field :86:, by key words, columns of fixed width, or rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

FULL_LINE = 65  # SWIFT: a line of :86: has 65 characters, so a text runs on without a blank behind a full one

# Key words of Dutch banks: ABN AMRO begins with TRTP; ING writes CNTP, Rabobank ORDP or BENM for the other side.
_KEYWORDS = frozenset(
    """
    TRTP IBAN BIC NAME REMI EREF MARF CSID CNTP RTRN PREF ORDP BENM ADDR ISDT PURP ULTC ULTD ULTB SVCL RREF ACCW
    """.split()
)
_BY_KEYWORD = {
    "IBAN": "account",
    "BIC": "bic",
    "NAME": "name",
    "EREF": "end_to_end_id",
    "MARF": "mandate_id",
    "CSID": "creditor_id",
    "PREF": "batch_id",
    "RTRN": "reason",
    "TRTP": "booking_text",
}

# Knab writes the other side on the last line of its words.
_OTHER_SIDE = re.compile(r"(?:^|\s)REK: ?([A-Z0-9]{5,34})/NAAM: ?(.*)$")

_EMPTY_ROW = re.compile(r"EMPTY/|0*//0*")
_ROW_OF_ACCOUNT = re.compile(r"/(?:ORDP|BENM)/([0-9]{8,18})")

# Labels in the fixed-width text of ABN AMRO, each at the start of a column of 32 or 33 characters.
_LABELS = {
    "IBAN: ": "account",
    "BIC: ": "bic",
    "NAAM: ": "name",
    "OMSCHRIJVING: ": "purpose",
    "KENMERK: ": "end_to_end_id",
    "MACHTIGING: ": "mandate_id",
    "INCASSANT: ": "creditor_id",
    "BETALINGSKENM.: ": "reference",
}


def by_slashes(text: str) -> dict[str, str] | None:
    """/KEY/value/KEY/value; None where it does not begin with a key word or does not keep to the form."""
    parts = text.split("/")
    if parts[1] not in _KEYWORDS:
        return None
    values: dict[str, list[str]] = {}
    into: list[str] = []
    for part in parts[1:]:
        word = part.strip()
        if word in _KEYWORDS and not any(value.strip() for value in values.get(word, ())):
            into = values[word] = []
        else:
            into.append(part)
    if any("".join(values.get(word, ())).strip() for word in ("ORDP", "BENM")):
        return None
    found = {name: "/".join(values[word]).strip(" /") for word, name in _BY_KEYWORD.items() if word in values}
    _read_remittance(found, values.get("REMI", []))
    _read_counterparty(found, values.get("CNTP", []))
    if "ACCW" in values:  # Rabobank: account and BIC
        found["account"], _, found["bic"] = "/".join(values["ACCW"]).strip(" /").partition(",")
    return found


def _read_remittance(found: dict[str, str], parts: list[str]) -> None:
    """USTD//text, STRD/issuer/reference, .../CDTRREF/reference, or the text alone."""
    kind = parts[0].strip() if parts else ""
    if "CDTRREF" in parts:
        found["reference"] = parts[parts.index("CDTRREF") + 1] if parts[-1] != "CDTRREF" else ""
    elif kind == "STRD":
        found["reference"] = next((part for part in reversed(parts[1:]) if part.strip()), "").replace(" ", "")
    else:
        found["purpose"] = "/".join(parts[1:] if kind == "USTD" else parts).strip(" /")


def _read_counterparty(found: dict[str, str], parts: list[str]) -> None:
    """ING: account, BIC, name and town by their places."""
    for name, part in zip(("account", "bic", "name"), parts, strict=False):
        found.setdefault(name, part)


def by_labels(lines: Sequence[str]) -> dict[str, str] | None:
    """None where not a single label stands in the text."""
    text = "".join(line.ljust(FULL_LINE) for line in lines)
    marks = sorted((at, label) for label in _LABELS if (at := text.find(label)) >= 0)
    if not marks:
        return None
    found = {"booking_text": text[: marks[0][0]]}
    for number, (at, label) in enumerate(marks):
        end = marks[number + 1][0] if number + 1 < len(marks) else len(text)
        found[_LABELS[label]] = text[at + len(label) : end]
    return found


def by_last_line(text: str) -> dict[str, str] | None:
    """Words, and account and name behind them; None where the text does not end like that."""
    found = _OTHER_SIDE.search(text)
    if found is None:
        return None
    return {"purpose": text[: found.start()], "account": found[1], "name": found[2]}


def by_rows(lines: Sequence[str]) -> dict[str, str] | None:
    """Macedonian banks: /ORDP/ or /BENM/ with the account, then name, references and words in rows of their own.

    None where the text is no such one.
    """
    head = _ROW_OF_ACCOUNT.fullmatch(lines[0].strip())
    if head is None or len(lines) < 3 or not all(line.startswith("/") for line in lines[1:3]):
        return None
    name, *rows = [line.strip().removeprefix("/") for line in lines[1:]]
    said = [row for row in rows if not _EMPTY_ROW.fullmatch(row)]
    return {"account": head[1], "name": name, "purpose": " ".join(said)}
