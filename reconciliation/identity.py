"""What tells one booking apart from every other of its account, and knows it again in any format.

Two lines can only be the same booking if day, amount and currency agree. Among those, what both of them say must
not contradict itself; of several that fit, the one that agrees in most is meant. Each stored line is met once by
each statement, so two equal genuine payments of a day stay two.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from reconciliation.statement import Line

# The format without its version: bookings look the same in all files of a family that one bank sends.
_FAMILY = re.compile(r"[a-z0-9]+(?:\.05[234])?")

SHOWN = 3  # a text, an account or a reference agrees: more than day and amount
_OTHER_NAME = -5  # outweighs a text, and is outweighed by an account or a reference
_SAME_WORDS = 100  # all facts are the same to the letter
SURE = 8  # from here on an agreement is more than chance: it also holds between different days
_SHORTEST_REFERENCE = 6  # what is shorter is a running number within a file
_SHORTEST_ACCOUNT = 6
_SHORTEST_TEXT = 8
_SHORTEST_WORD = 3  # that is looked for within longer ones
_SHORTEST_CUT = 12  # references are cut to 16 characters by SWIFT fields
_NO_REFERENCE = frozenset({"NONREF", "NOTPROVIDED", "STARTUMS"})
_MOST_PAIRS = 20_000  # pairs of one day and amount that are compared each with each
_WRITTEN_OUT = re.compile("([aou])e")  # ä, ö and ü where there are no umlauts
_TOKEN = re.compile(r"[a-z0-9]+")
_WORDS_TO_AGREE = 0.6  # of the letters of the shorter text


def family(format_name: str) -> str:
    """The format without its version: "camt.053" of "camt.053.001.08", "csv" of "csv.dkb"."""
    found = _FAMILY.match(format_name)
    return found[0] if found is not None else format_name[:20]


@dataclass(frozen=True, slots=True)
class Facts:
    """What one source says of a booking beyond day and amount, written so that it can be compared."""

    bank_reference: str = ""
    end_to_end_id: str = ""
    mandate: str = ""
    account: str = ""
    reference: str = ""
    block: str = ""
    name: str = ""
    text: str = ""
    words: frozenset[str] = frozenset()


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Sighting:
    """How a statement of one family told of a stored line."""

    family: str
    bank_reference: str = ""
    digest: bytes | None = None


@dataclass(slots=True)
class Known:
    """A stored line as far as it takes to know it again. Within a list, earlier ones are stored earlier.

    `source` is the family of the statement whose words the facts are.
    """

    line_id: str
    facts: Facts
    source: str
    same_day: bool = True
    sightings: list[Sighting] = field(default_factory=list)


@dataclass(slots=True)
class Told:
    """A line that a file tells of, before it is known whether it is news."""

    facts: Facts
    digest: bytes
    family: str


def facts_of(
    *,
    bank_reference: str | None,
    end_to_end_id: str | None,
    mandate: str | None,
    account: str | None,
    reference: str | None,
    block: str | None,
    name: str | None,
    text: str | None,
) -> Facts:
    """The facts of a line, from its fields as they are written."""
    words = _words(text or "")
    return Facts(
        bank_reference=strong_reference(bank_reference),
        end_to_end_id=_compact(end_to_end_id),
        mandate=_compact(mandate),
        account=_compact(account),
        reference=_compact(reference),
        block=_compact(block),
        name=" ".join(_words(name or "")),
        text="".join(words),
        words=frozenset(words),
    )


def facts_of_line(line: Line) -> Facts:
    """The facts of a line that a reader gave."""
    return facts_of(
        bank_reference=line.bank_reference,
        end_to_end_id=line.end_to_end_id,
        mandate=line.mandate_id,
        account=line.counterparty.iban,
        reference=line.reference,
        block=line.batch.payment_information_id if line.batch else None,
        name=line.counterparty.name,
        text=line.remittance,
    )


def digest(line: Line, day: date) -> bytes:
    """16 bytes of all that a source says of a line of `day`: equal bytes are equal words."""
    batch = line.batch
    facts = (
        line.status.value, day.toordinal(), line.valued_on and line.valued_on.toordinal(),
        line.amount.minor, line.amount.currency,
        line.bank_reference, line.end_to_end_id, line.mandate_id, line.counterparty.iban,
        line.counterparty.name, line.reference, line.remittance, line.return_reason,
        batch.payment_information_id if batch else None,
    )  # fmt: skip
    return hashlib.blake2b(repr(facts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def identity(told: bytes, occurrence: int) -> str:
    """The name of a new line within its account: its digest and which of several equal ones it is."""
    return f"{told.hex()}{occurrence:08x}"


def strong_reference(reference: str | None) -> str:
    """A bank's reference that may be unique for the account; "" for running numbers and words for none."""
    found = _compact(reference)
    if len(found) < _SHORTEST_REFERENCE or not found.strip("0"):
        return ""
    return found


# --- agreement ---


def agreement(known: Known, told: Told) -> int | None:
    """How far a stored line and one in a file agree: the more the higher, None where they contradict each other.

    Sources of one family use the same words for the same booking; across families texts are cut and framed
    differently, so there only what is surely different contradicts.
    """
    score = _references(known, told)
    if score == _SAME_WORDS:
        return score
    same_reference = score == SURE
    more = _facts(
        known.facts, told.facts, same_words=known.source == told.family, same_reference=same_reference
    )
    if score is None or more is None:
        return None
    score += more
    return score if score >= (0 if known.same_day else SURE) else None


def may_be_same(mine: Facts, other: Facts) -> bool:
    """Whether two lines of one day, amount and currency can be one booking, in whatever words they are told."""
    score = _facts(mine, other, same_words=False)
    return score is not None and score >= 0


def _facts(mine: Facts, other: Facts, *, same_words: bool, same_reference: bool = False) -> int | None:
    """How far facts agree. Where the bank's reference is the same, another text tells more of one booking.

    So it is with a lump of one collection: the statement prints what kind of booking it is, the notification what the
    collection was for.
    """
    texts = _texts(mine, other, same_words=same_words)
    score = 0
    for part in (
        _exact(mine.mandate, other.mandate, 1),
        _exact(mine.reference, other.reference, 3),
        _exact(mine.block, other.block, 4),
        _end_to_end(mine.end_to_end_id, other.end_to_end_id),
        _accounts(mine.account, other.account),
        _names(mine.name, other.name, same_words=same_words),
        0 if texts is None and same_reference and not same_words else texts,
    ):
        if part is None:
            return None
        score += part
    return score


def _references(known: Known, told: Told) -> int | None:
    """The bank's own reference: decides within a family, where both have one; elsewhere it can only agree."""
    score = 0
    for sighting in known.sightings:
        if sighting.digest is not None and sighting.digest == told.digest:
            return _SAME_WORDS
        mine, other = sighting.bank_reference, told.facts.bank_reference
        if mine and other:
            if mine == other:
                score = SURE
            elif sighting.family == told.family:
                return None
    return score


def _exact(mine: str, other: str, worth: int) -> int | None:
    if not mine or not other:
        return 0
    return worth if mine == other else None


def _end_to_end(mine: str, other: str) -> int | None:
    if not mine or not other:
        return 0
    if mine == other:
        return SURE
    short, long = sorted((mine, other), key=len)
    return 4 if len(short) >= _SHORTEST_CUT and long.startswith(short) else None


def _accounts(mine: str, other: str) -> int | None:
    """IBANs are equal or not; a national account number stands at the end of its IBAN."""
    if not mine or not other:
        return 0
    if mine == other:
        return 5
    short, long = sorted((mine.lstrip("0"), other.lstrip("0")), key=len)
    if len(short) >= _SHORTEST_ACCOUNT and long.endswith(short):
        return 4
    return None if _looks_like_iban(mine) and _looks_like_iban(other) else 0


def _names(mine: str, other: str, *, same_words: bool) -> int | None:
    """Banks cut names, and tell of the account holder or of whom he pays for: another name is not yet another."""
    if not mine or not other:
        return 0
    short, long = sorted((mine, other), key=len)
    if long.startswith(short):
        return 2
    if same_words:
        return None
    return 0 if _share_a_word(short, long) else _OTHER_NAME


def _share_a_word(mine: str, other: str) -> bool:
    """Whether two names have a word in common, be it cut, or an umlaut written out."""
    return any(
        len(word) >= _SHORTEST_WORD and (theirs.startswith(word) or word.startswith(theirs))
        for word in _WRITTEN_OUT.sub(r"\1", mine).split()
        for theirs in _WRITTEN_OUT.sub(r"\1", other).split()
        if len(theirs) >= _SHORTEST_WORD
    )


def _texts(mine: Facts, other: Facts, *, same_words: bool) -> int | None:
    """Texts agree where one holds the other; they contradict where a number of the shorter one is missing."""
    if not mine.text or not other.text:
        return 0
    short, long = sorted((mine, other), key=lambda facts: len(facts.text))
    if short.text == long.text:
        return 3
    if short.text in long.text:
        return 3 if len(short.text) >= _SHORTEST_TEXT else 1
    if same_words:
        return None
    missing = [word for word in short.words if not _holds(long, word)]
    is_lost = any(not word.isalpha() for word in missing)
    few = sum(map(len, missing)) <= (1 - _WORDS_TO_AGREE) * sum(map(len, short.words))
    return 1 if few and not is_lost else None


def _holds(facts: Facts, word: str) -> bool:
    """Whether a text has a word, by itself or, if it is not too short for chance, within a longer one."""
    return word in facts.words or (len(word) >= _SHORTEST_WORD and word in facts.text)


@lru_cache(maxsize=4096)
def _looks_like_iban(account: str) -> bool:
    return len(account) >= 15 and account[:2].isalpha() and account[2:4].isdigit()


def _compact(value: str | None) -> str:
    found = "" if value is None else "".join(value.split()).upper()
    return "" if found in _NO_REFERENCE else found


def _words(value: str) -> list[str]:
    """The words of a text without case, accents and marks."""
    if not value.isascii():
        value = unicodedata.normalize("NFKD", value.replace("ß", "ss"))
        value = "".join(sign for sign in value if not unicodedata.combining(sign))
    return _TOKEN.findall(value.lower())


# --- which is which ---


def recognise(known: Sequence[Known], told: Sequence[Told]) -> dict[int, int]:
    """Which of the lines `told` (by their places) are which of the lines `known` of one day, amount and currency.

    Each is used once. As many as can be are known again: what is left over is news for sure, and where that is
    too few, the balances show it (`running_balances`). Equal words come first, then the strongest agreement.
    """
    pairs = _equal(known, told)
    used = set(pairs.values())
    left_known = [place for place in range(len(known)) if place not in used]
    left_told = [place for place in range(len(told)) if place not in pairs]
    if len(left_known) * len(left_told) > _MOST_PAIRS:
        for key in (_by_end_to_end, _by_account_and_text, _by_account, _by_text):
            _pair_by(key, known, told, left_known, left_told, pairs)
    if len(left_known) * len(left_told) > _MOST_PAIRS:
        _pair_in_order(known, told, left_known, left_told, pairs)
    else:
        pairs |= _most(known, told, left_known, left_told)
    return pairs


def _equal(known: Sequence[Known], told: Sequence[Told]) -> dict[int, int]:
    by_digest: dict[bytes, list[int]] = defaultdict(list)
    for place in reversed(range(len(known))):
        for value in {sighting.digest for sighting in known[place].sightings if sighting.digest}:
            by_digest[value].append(place)
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for place, line in enumerate(told):
        while candidates := by_digest.get(line.digest):
            found = candidates.pop()
            if found not in used:
                used.add(found)
                pairs[place] = found
                break
    return pairs


def _by_end_to_end(facts: Facts) -> str:
    return facts.end_to_end_id


def _by_account_and_text(facts: Facts) -> str:
    return f"{facts.account}\x1f{facts.text}" if facts.account and facts.text else ""


def _by_account(facts: Facts) -> str:
    return facts.account


def _by_text(facts: Facts) -> str:
    return facts.text


def _pair_by(
    key: object,
    known: Sequence[Known],
    told: Sequence[Told],
    left_known: list[int],
    left_told: list[int],
    pairs: dict[int, int],
) -> None:
    """Pair what has the same key and does not contradict itself, in the order in which both stand."""
    waiting: dict[str, list[int]] = defaultdict(list)
    for place in left_known:
        waiting[key(known[place].facts)].append(place)  # type: ignore[operator]
    for place in list(left_told):
        value = key(told[place].facts)  # type: ignore[operator]
        for candidate in waiting.get(value, ()) if value else ():
            if agreement(known[candidate], told[place]) is not None:
                pairs[place] = candidate
                waiting[value].remove(candidate)
                left_known.remove(candidate)
                left_told.remove(place)
                break


def _pair_in_order(
    known: Sequence[Known],
    told: Sequence[Told],
    left_known: list[int],
    left_told: list[int],
    pairs: dict[int, int],
) -> None:
    """Pair the rest in the order in which both stand, comparing no more than _MOST_PAIRS times."""
    compared = 0
    for place in left_told:
        for candidate in left_known:
            compared += 1
            if compared > _MOST_PAIRS:
                return
            if agreement(known[candidate], told[place]) is not None:
                pairs[place] = candidate
                left_known.remove(candidate)
                break


def _most(
    known: Sequence[Known], told: Sequence[Told], left_known: Iterable[int], left_told: Iterable[int]
) -> dict[int, int]:
    """As many pairs as there can be, the strongest first (augmenting paths; Kuhn 1955)."""
    left_known, left_told = list(left_known), list(left_told)
    scores = {
        (place, candidate): score
        for place in left_told
        for candidate in left_known
        if (score := agreement(known[candidate], told[place])) is not None
    }
    sure = _surest(scores)
    choices: dict[int, list[int]] = {
        place: sorted(
            (at for at in left_known if (place, at) in scores and at not in sure.values()),
            key=lambda at: (-scores[place, at], at),
        )
        for place in left_told
        if place not in sure
    }
    strongest = sorted(
        (place for place in choices if choices[place]),
        key=lambda place: (-scores[place, choices[place][0]], place),
    )
    taken: dict[int, int] = {}
    for place in strongest:
        _augment(place, choices, taken, set())
    return sure | {place: candidate for candidate, place in taken.items()}


def _surest(scores: Mapping[tuple[int, int], int]) -> dict[int, int]:
    """The pairs that are more than chance, the strongest first: none of them is given up for another pair."""
    pairs: dict[int, int] = {}
    for (place, candidate), score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        if score >= SURE and place not in pairs and candidate not in pairs.values():
            pairs[place] = candidate
    return pairs


def _augment(place: int, choices: Mapping[int, Sequence[int]], taken: dict[int, int], seen: set[int]) -> bool:
    for candidate in choices[place]:
        if candidate in seen:
            continue
        seen.add(candidate)
        if candidate not in taken or _augment(taken[candidate], choices, taken, seen):
            taken[candidate] = place
            return True
    return False
