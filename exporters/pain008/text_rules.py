"""Rules for what any text and any identifier in a pain.008 file may hold."""

from __future__ import annotations

from collections.abc import Callable

from exporters.pain008 import places
from exporters.pain008.findings import Quick, Setting, Verdict
from ledger.sepa_text import are_sepa_references, is_sepa_reference

IDENTIFIERS = frozenset(
    (
        places.MESSAGE_ID,
        places.BLOCK_ID,
        places.INSTRUCTION_ID,
        places.END_TO_END_ID,
        places.MANDATE_ID,
        places.ORIGINAL_MANDATE_ID,
        places.NOTIFICATION_ID,
    )
)

_DOUBTFUL = "The text holds characters that not every bank takes; it may be changed or refused."
_EMPTY = "The element holds nothing but blanks; leave it out instead."


def is_identifier(path: str) -> bool:
    """Whether an identifier stands at `path`, which is compared character by character and never changed."""
    return path in IDENTIFIERS


def is_other_text(path: str) -> bool:
    """Whether anything else stands there."""
    return path not in IDENTIFIERS


def identifier(setting: Setting, path: str) -> Verdict:
    """Identifiers keep to the guaranteed characters and to 35 of them, with slashes only inside."""
    limit = setting.profile.identifier_length
    sentence = (
        f"An identifier has 1 to {limit} of the characters that every bank takes, with slashes and blanks "
        "only inside and no two slashes in a row."
    )
    return Quick(
        lambda text: None if is_sepa_reference(text, limit) else sentence,
        lambda texts: are_sepa_references(texts, limit),
    )


def at_most(limit: int, sentence: Callable[[int], str]) -> Verdict:
    """A text has at most `limit` characters; `sentence` is told how many it has."""
    return Quick(
        lambda text: None if len(text) <= limit else sentence(len(text)),
        lambda texts: max(map(len, texts)) <= limit,
    )


def not_blank(setting: Setting, path: str) -> Verdict:
    """No element is there only to hold nothing; a bank may refuse the whole file for one."""
    return Quick(
        lambda text: None if text.strip() else _EMPTY,
        lambda texts: all(map(str.strip, texts)),
    )


def characters_taken(setting: Setting, path: str) -> Verdict:
    """Texts keep to the characters that the bank takes. Identifiers have a stricter rule of their own."""
    beyond = setting.profile.characters.beyond.search
    return Quick(
        lambda text: None if beyond(text) is None else _DOUBTFUL,
        lambda texts: beyond("".join(texts)) is None,
    )
