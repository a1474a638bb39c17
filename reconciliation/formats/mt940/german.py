"""What German banks write in the field :86:, as subfields of two digits with SEPA attributes in the purpose.

Source: DFÜ-Abkommen, Anlage 3, MT940: a GVC of three digits, then subfields behind a separator of the bank's
choice. The purpose (20 to 29, 60 to 63) is one text cut into parts of 27, so it runs on without a blank.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, islice

_NAME, _PURPOSE, _BEFORE = "name", "purpose", "before"
_PURPOSES = frozenset([*(f"{number}" for number in range(20, 30)), "60", "61", "62", "63"])
_SUBFIELDS = {
    "00": "booking_text",
    "10": "primanota",
    "30": "bic",
    "31": "account",
    "32": _NAME,
    "33": _NAME,
    "34": "key",
    **dict.fromkeys(_PURPOSES, _PURPOSE),
}
_FIRST_PURPOSE = "20"
_NEARLY_ALWAYS = frozenset({"00", "20"})

# SEPA attributes at the beginning of a part of the purpose, each followed by "+" (the same source).
_ATTRIBUTES = {
    "EREF": "end_to_end_id",
    "KREF": "batch_id",
    "MREF": "mandate_id",
    "CRED": "creditor_id",
    "DEBT": "debtor_id",
    "COAM": "charges",
    "OAMT": "original",
    "SVWZ": _PURPOSE,
    "ABWA": "deviating_payer",
    "ABWE": "deviating_payee",
    "BREF": "bank_note",
    "RREF": "return_note",
    "PURP": "purpose_code",
    "IBAN": "account",
    "BIC": "bic",
}
_BIC = "BIC"

# Cooperative banks repeat the attributes behind the words of the purpose, as "EREF: ..."; "IBAN:" and "BIC:" are
# also what people write, so they only count among others.
_SPELLED = re.compile(rf"(?:(?<=\s)|^)({'|'.join(_ATTRIBUTES)}):(?: |$)")
_OF_PEOPLE = frozenset({"IBAN", _BIC})

# What the HypoVereinsbank wrote before there were attributes.
_LABEL = re.compile(
    r"(?P<end_to_end_id>END-TO-END-REF\.:)|(?P<mandate_id>(?:(?:CORE|COR1|B2B) / )?MANDATSREF\.:)"
    r"|(?P<creditor_id>GL(?:AE|.)UBIGER-ID:)"
)
_FULL_PART = 27

_SEPARATED = re.compile(r"[0-9]{3}([^\w\s])[0-9]{2}|(\?)[0-9]{2}")
_MOST_PARTS = 200  # of a text; real ones have at most two dozen


@lru_cache(maxsize=128)
def _layout(separator: str) -> re.Pattern[str]:
    """A text whose subfields stand in order, each at most once, and none of another number."""
    mark, content = re.escape(separator), f"[^{re.escape(separator)}]*+"
    numbers = sorted(_SUBFIELDS)
    return re.compile("([0-9]{3})?+" + "".join(f"(?:{mark}{number}({content}))?+" for number in numbers))


_USUAL = _layout("?")


def begins_with_attribute(text: str) -> bool:
    """Whether a text without subfields is one of SEPA attributes."""
    word, plus, _ = text[:5].partition("+")
    return bool(plus) and word in _ATTRIBUTES


def by_subfields(text: str) -> dict[str, str] | None:
    """What the subfields of a text say, where a fact may be empty; None where it is not one of subfields.

    A separator that no subfield follows is part of the text, and so is one whose subfield was there before. A
    number without a meaning begins a subfield only where no purpose is being read.
    """
    found = _USUAL.fullmatch(text)
    if found is None:
        separator = _separator(text)
        if separator is None:
            return None
        found = _layout(separator).fullmatch(text)
        if found is None:
            return _with_text_between(text, separator)
    contents = found.groups("")
    facts = _of_purpose(contents[3:13] + contents[18:])
    code, booking_text, primanota = contents[:3]
    facts["code"], facts["booking_text"], facts["primanota"] = code, booking_text.strip(), primanota
    bic, account, name, more_name, key = contents[13:18]
    if key:
        facts["key"] = key.strip()
    if bic or account:
        facts["bic"], facts["account"] = bic.strip(), account.strip()
    if name := (name + more_name).strip():
        facts[_NAME] = name
    return facts


def _separator(text: str) -> str | None:
    """The separator of a text of subfields. Any but "?" could be a character of words or numbers too."""
    found = _SEPARATED.match(text)
    separator = found and (found[1] or found[2])
    if not separator or text.count(separator) > _MOST_PARTS:
        return None
    numbers = {part[:2] for part in text.split(separator)[1:]} & _SUBFIELDS.keys()
    is_certain = text[4:6] in _SUBFIELDS and len(numbers) > 1 and numbers & _NEARLY_ALWAYS
    return separator if separator == "?" or is_certain else None


def _with_text_between(text: str, separator: str) -> dict[str, str]:
    """The same where subfields are in another order, or some parts begin none but belong to the one before."""
    code, *parts = text.split(separator)
    subfields: dict[str, str] = {}
    last = _FIRST_PURPOSE
    for part in parts:
        number = part[:2]
        is_known = number in _SUBFIELDS or (last not in _PURPOSES and number.isdigit())
        if is_known and number not in subfields:
            subfields[number] = part[2:]
            last = number
        else:
            subfields[last] = f"{subfields.get(last, '')}{separator}{part}"
    purposes = [content for number, content in sorted(subfields.items()) if number in _PURPOSES]
    facts = _of_purpose(purposes)
    facts["code"] = code
    names = subfields.pop("32", "") + subfields.pop("33", "")
    for number, content in (*subfields.items(), ("32", names)):
        if number not in _PURPOSES and (stripped := content.strip()):
            facts[_SUBFIELDS.get(number, "more")] = stripped
    return facts


def _of_purpose(parts: Sequence[str]) -> dict[str, str]:
    """What the purpose says; it is one text that was cut into `parts`."""
    text = "".join(parts)
    facts = attributes(text, parts) if "+" in text else {_PURPOSE: text.strip()}
    if ":" in text:
        _read_labelled(facts, parts)
        read_spelled(facts)
    if "creditor_id" in facts:
        facts["creditor_id"] = facts["creditor_id"].replace(" ", "").upper()
    if "deviating_payer" in facts:
        facts[_NAME] = facts["deviating_payer"]
    return facts


def attributes(text: str, parts: Sequence[str]) -> dict[str, str]:
    """The SEPA attributes in a purpose of `parts`; what stands before the first of them is purpose as well.

    An attribute begins where a part or a word does, and counts once: later it is text.
    """
    found: dict[str, str] = {}
    name, value, at = _BEFORE, "", 0
    *heads, rest = text.split("+")
    for head in heads:
        at += len(head) + 1
        following, width = _ATTRIBUTES.get(head[-4:]), 4
        if following is None and head[-3:] == _BIC:
            following, width = _ATTRIBUTES[_BIC], 3
        words = head[:-width]
        is_known = following is not None and following not in found and following != name
        if is_known and (words[-1:] == " " or _begins_part(at - width - 1, parts)):
            found[name] = (value + words).strip()
            name, value = following or "", ""
        else:
            value += head + "+"
    found[name] = (value + rest).strip()
    if before := found.pop(_BEFORE, None):
        found[_PURPOSE] = f"{before} {found.get(_PURPOSE, '')}".strip()
    return found


def _begins_part(at: int, parts: Sequence[str]) -> bool:
    """Whether one of the parts that a text was put together of begins at `at`."""
    return at <= 0 or at in accumulate(map(len, parts))


def _read_labelled(facts: dict[str, str], parts: Sequence[str]) -> None:
    """Reads labels that stand in parts of their own, each with its value in the parts behind it."""
    if not any(map(_LABEL.fullmatch, parts)):
        return
    words, name = [], ""
    for part in parts:
        if label := _LABEL.fullmatch(part):
            name = label.lastgroup or ""
            facts[name] = ""
        elif name:
            facts[name] += part.strip()
            name = name if len(part) == _FULL_PART else ""
        elif part:
            words.append(part.strip())
    facts[_PURPOSE] = " ".join(words)


def read_spelled(facts: dict[str, str]) -> None:
    """Cuts the purpose where attributes are repeated behind it, and adds those that are not known yet."""
    text = facts.get(_PURPOSE, "")
    marks = list(islice(_SPELLED.finditer(text), _MOST_PARTS))
    if all(mark[1] in _OF_PEOPLE for mark in marks):
        return
    purpose = text[: marks[0].start()].strip()
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=True):
        name, value = _ATTRIBUTES[mark[1]], text[mark.end() : end].strip()
        if name == _PURPOSE:
            purpose = f"{purpose} {value}".strip()
        elif not facts.get(name):
            facts[name] = value
    facts[_PURPOSE] = purpose
