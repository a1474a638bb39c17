"""What the text field :86: of an MT940 line says, in the dialects of German and Dutch banks or in free words.

Each dialect gives the same facts by name: name, account, bic, purpose, reference, end_to_end_id, batch_id,
mandate_id, creditor_id, original, charges, code (GVC), primanota, key, reason, booking_text and more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from reconciliation.formats.mt940 import dutch, german
from reconciliation.formats.mt940.dutch import FULL_LINE

Facts: TypeAlias = dict[str, str]

MOST_MARKS = 200  # separators that a text of a dialect has at most
_FULL_FIRST_LINE = 61  # where a bank counts the ":86:" in front of it

# Older German software writes :NS: with two digits a line: 01 to 14 purpose, 15 and 16 the other side.
_NS_PURPOSES = frozenset(f"{number:02d}" for number in range(1, 15))
_NS_NAMES = frozenset({"15", "16"})

_WITHOUT_BLANKS = ("account", "bic", "creditor_id")


def facts(written: str) -> Facts:
    """What a text of one or more lines says. Nothing is guessed: what no dialect explains is the purpose."""
    found = german.by_subfields(written.replace("\n", ""))
    if found is not None:
        return found
    lines = written.split("\n")
    text = _joined(lines)
    found = _by_key_words(text, lines)
    return _free(text) if found is None else _tidy(found)


def _by_key_words(text: str, lines: Sequence[str]) -> Facts | None:
    if text.startswith("/") and text.count("/") <= MOST_MARKS:
        return dutch.by_slashes(text) or dutch.by_rows(lines)
    if text.startswith("SEPA "):
        return dutch.by_labels(lines)
    return dutch.by_last_line(text) if "/NAAM:" in text else None


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


def _free(text: str) -> Facts:
    """Words as they are; a GVC alone, or 999 and the German bank's own words behind it."""
    if len(text) == 3 and text.isdigit():
        return {"code": text}
    if text.startswith("999"):
        return {"code": "999", **_free(text[3:])}
    if german.begins_with_attribute(text):
        return _tidy(german.attributes(text, []))
    found = {"purpose": text}
    if ":" in text:
        german.read_spelled(found)
    return _tidy(found)
