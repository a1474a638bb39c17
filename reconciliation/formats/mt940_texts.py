"""What the text field :86: of an MT940 line says, in the dialects of German and Dutch banks or in free words.

Each dialect gives the same facts by name: name, account, bic, purpose, reference, end_to_end_id, batch_id,
mandate_id, creditor_id, original, charges, code (GVC), primanota, key, reason, booking_text and more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TypeAlias

from reconciliation.formats import mt940_dutch
from reconciliation.formats.mt940_dutch import FULL_LINE

Facts: TypeAlias = dict[str, str]

MOST_MARKS = 200  # separators that a text of a dialect has at most
_FULL_FIRST_LINE = 61  # where a bank counts the ":86:" in front of it

# German :86: (DFÜ-Abkommen Anlage 3, MT940): subfields of two digits behind a separator of the bank's choice.
_PURPOSES = frozenset([*(f"{number}" for number in range(20, 30)), "60", "61", "62", "63"])
_SUBFIELDS = {
    "00": "booking_text",
    "10": "primanota",
    "30": "bic",
    "31": "account",
    "32": "name",
    "33": "more_name",
    "34": "key",
    **dict.fromkeys(_PURPOSES, "purpose"),
}

# SEPA attributes at the beginning of a part of the purpose, each followed by "+" (the same source).
_ATTRIBUTES = {
    "EREF": "end_to_end_id",
    "KREF": "batch_id",
    "MREF": "mandate_id",
    "CRED": "creditor_id",
    "DEBT": "debtor_id",
    "COAM": "charges",
    "OAMT": "original",
    "SVWZ": "purpose",
    "ABWA": "deviating_payer",
    "ABWE": "deviating_payee",
    "BREF": "bank_note",
    "RREF": "return_note",
    "PURP": "purpose_code",
    "IBAN": "account",
    "BIC": "bic",
}
# Where an attribute begins in a text, where its value does, and what it tells.
Mark: TypeAlias = tuple[int, int, str]

# Older German software writes :NS: with two digits a line: 01 to 14 purpose, 15 and 16 the other side.
_NS_PURPOSES = frozenset(f"{number:02d}" for number in range(1, 15))
_NS_NAMES = frozenset({"15", "16"})

_WITHOUT_BLANKS = ("account", "bic", "creditor_id")


def facts(written: str) -> Facts:
    """What a text of one or more lines says. Nothing is guessed: what no dialect explains is the purpose."""
    glued = written.replace("\n", "")
    separator = _separator(glued)
    if separator and glued.count(separator) <= MOST_MARKS:
        return _german(glued, separator)
    lines = written.split("\n")
    text = _joined(lines)
    found = mt940_dutch.by_slashes(text) if text.startswith("/") and text.count("/") <= MOST_MARKS else None
    if found is None and text.startswith("SEPA "):
        found = mt940_dutch.by_labels(lines)
    if found is None:
        return _free(text)
    return _tidy(found)


def facts_of_ns(lines: Iterable[str]) -> Facts:
    """What the lines of a field :NS: say."""
    found: Facts = {}
    for line in lines:
        if line[:2] in _NS_PURPOSES:
            _append(found, "purpose", line[2:])
        elif line[:2] in _NS_NAMES:
            _append(found, "name", line[2:])
        elif line[:2] == "17":
            found["booking_text"] = line[2:]
    return found


def _append(found: Facts, name: str, text: str) -> None:
    found[name] = f"{found[name]} {text}".strip() if name in found else text.strip()


def _joined(lines: Sequence[str]) -> str:
    """One text of its lines: a full line runs on, behind a shorter one comes a blank."""
    if len(lines) == 1:
        return lines[0].strip()
    first, *others = lines
    is_full = len(first) >= FULL_LINE or len(first) == _FULL_FIRST_LINE
    rest = "".join(line if len(line) >= FULL_LINE else line + " " for line in others)
    return (first + ("" if is_full else " ") + rest).strip()


def _tidy(found: Facts) -> Facts:
    """Without empty facts, and without the blanks that wrapping left in identifiers."""
    for name in _WITHOUT_BLANKS:
        if name in found:
            found[name] = found[name].replace(" ", "")
    return {name: " ".join(text.split()) for name, text in found.items() if text and not text.isspace()}


# --- German subfields ---


def _separator(text: str) -> str:
    """The separator of a text that begins with a GVC of three digits and a subfield, or "" where it does not."""
    if len(text) < 6 or not (text[:3].isdigit() and text[4:6].isdigit()):
        return "?" if text[:1] == "?" and text[1:3].isdigit() else ""
    separator = text[3]
    return "" if separator.isalnum() or separator.isspace() else separator


def _german(text: str, separator: str) -> Facts:
    """A separator that no subfield follows, or one that was there before, is part of the text.

    A number without a meaning begins a subfield of its own only where no purpose is being read.
    """
    code, *parts = text.split(separator)
    found = {"code": code} if code else {}
    purposes: list[str] = []
    last = ""
    for part in parts:
        number = part[:2]
        name = _SUBFIELDS.get(number)
        if name is None or number <= last:
            return _german_with_text_between(code, parts, separator)
        last = number
        if name == "purpose":
            purposes.append(part[2:])
        else:
            found[name] = part[2:]
    return _completed(found, purposes)


def _german_with_text_between(code: str, parts: list[str], separator: str) -> Facts:
    found = {"code": code} if code else {}
    purposes: list[str] = []
    for number, content in sorted(_with_text_between(parts, separator).items()):
        name = _SUBFIELDS.get(number, "more")
        if name == "purpose":
            purposes.append(content)
        else:
            found[name] = content
    return _completed(found, purposes)


def _completed(found: Facts, purposes: list[str]) -> Facts:
    if "more_name" in found:
        found["name"] = found.get("name", "") + found.pop("more_name")
    _read_purposes(found, purposes)
    return {name: stripped for name, text in found.items() if (stripped := text.strip())}


def _with_text_between(parts: list[str], separator: str) -> dict[str, str]:
    """The subfields by number where some parts begin none but belong to the text of the one before."""
    subfields: dict[str, str] = {}
    last = "20"
    for part in parts:
        number = part[:2]
        is_new = number not in subfields
        if is_new and (number in _SUBFIELDS or (last not in _PURPOSES and number.isdigit())):
            subfields[number] = part[2:]
            last = number
        else:
            subfields[last] = f"{subfields.get(last, '')}{separator}{part}"
    return subfields


def _read_purposes(found: Facts, purposes: list[str]) -> None:
    """Adds what the purpose says; its parts are cut from one text, so they run on without a blank."""
    text = "".join(purposes)
    marks = _marks(text)
    if not marks:
        found["purpose"] = text.strip()
        return
    for name, value in _attributed(text, marks, purposes).items():
        found.setdefault(name, value)
    if "name" not in found and "deviating_payer" in found:
        found["name"] = found["deviating_payer"]


def _marks(text: str) -> list[Mark]:
    """Every attribute that may begin in a text."""
    marks = []
    plus = text.find("+")
    while plus >= 0:
        at = max(plus - 4, 0)
        name = _ATTRIBUTES.get(text[at:plus])
        if name is None and text[at + 1 : plus] == "BIC":
            at, name = at + 1, _ATTRIBUTES["BIC"]
        if name is not None:
            marks.append((at, plus + 1, name))
        plus = text.find("+", plus + 1)
    return marks


def _attributed(text: str, marks: list[Mark], parts: list[str]) -> Facts:
    """The SEPA attributes in a purpose; what stands before the first of them is purpose as well.

    An attribute begins where a part of the purpose or a word does, and counts once: later it is text.
    """
    found: Facts = {}
    name, begin = "before", 0
    for at, behind, following in marks:
        if following in found or following == name:
            continue
        if at == 0 or text[at - 1] == " " or at in _ends(parts):
            found[name] = text[begin:at].strip()
            name, begin = following, behind
    found[name] = text[begin:].strip()
    if before := found.pop("before", ""):
        found["purpose"] = f"{before} {found.get('purpose', '')}".strip()
    return found


def _ends(parts: list[str]) -> set[int]:
    """Where in the text of all parts each of them ends."""
    return set(accumulate(map(len, parts)))


def _free(text: str) -> Facts:
    """Words as they are; a GVC alone, or 999 and the German bank's own words behind it."""
    if len(text) == 3 and text.isdigit():
        return {"code": text}
    if text.startswith("999"):
        return {"code": "999", **_free(text[3:])}
    if "+" in text and text.split("+", 1)[0] in _ATTRIBUTES:
        return _tidy(_attributed(text, _marks(text), []))
    return {"purpose": " ".join(text.split())} if text else {}
