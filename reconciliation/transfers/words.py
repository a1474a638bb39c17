"""A remittance text in pieces: runs of letters and digits, and which of them can be no invoice number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from anyascii import anyascii

from reconciliation.transfers.vocabulary import ROLES, Role

LONGEST = 4_000  # characters of a text that are looked at; statements carry a few hundred
_MOST_PIECES = 600

_ASCII_PIECES = re.compile(r"([A-Z0-9]+)")
_PIECES = re.compile(r"([^\W_]+)")
_PLAIN = re.compile(r"[^A-Z0-9]+")
_ADDRESS = re.compile(r"[A-Z0-9._%+-]{1,64}@[A-Z0-9.-]{1,255}|(?:HTTPS?://|WWW\.)[^\s]{1,500}")
_CALLS = re.compile(r"\+[0-9]{2}|(?<![A-Z0-9])00[1-9]")
_COUNTRY_CODE = re.compile(r"49|43|41|3[0-9]|4[0-8]|42[01]|35[0-9]")
_CURRENCY_SIGNS = re.compile(r"[€$£]")
_CURRENCIES = re.compile(r"[€$£]|[0-9](?:EUR|CHF|USD|GBP)")
_LONGEST_NAMED_SUM = 5  # digits; what is longer and called an invoice is no sum
_SUM_WITH_CURRENCY = re.compile(r"[0-9]+(?:EUR|EURO|CHF|USD|GBP)")

_BETWEEN_DATE = frozenset("./-")
_BETWEEN_THOUSANDS = frozenset(".,'")
_TIGHT = frozenset({"-", "/", ".", ",", "_"})
_WITHIN = frozenset("./-,'")  # after the first digits of a date, an amount or an order

_LONGEST_REFERENCE = 25  # letters and digits (ISO 11649)
_LONGEST_PLAIN_SUM = 4  # digits
_LONGEST_TELEPHONE = 15  # digits (ITU-T E.164)
_SHORTEST_TELEPHONE = 6  # digits behind the code of the country
_WHOLE_TELEPHONE = 10  # digits behind which one can be over
_NEXT_NUMBER = 6  # digits together that then are another number

# Characters of an IBAN (registry of ISO 13616, release 99).
# fmt: off
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "BA": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22,
    "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GI": 23, "GL": 18, "GR": 27, "HR": 21,
    "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24,
    "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SA": 24, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29, "VA": 22, "XK": 20,
}
# fmt: on


class Mark(StrEnum):
    """What a piece with digits belongs to, which is no invoice number."""

    DATE = "date"  # it has the form of one; a number of ours can have it too
    AMOUNT = "amount"
    ACCOUNT = "account"
    TELEPHONE = "telephone"
    ADDRESS = "address"
    REFERENCE = "reference"  # a structured reference, found by its own check digits


@dataclass(frozen=True, slots=True)
class Words:
    """The pieces of a text in order, each in the letters A to Z and digits, with its role and mark."""

    text: str
    parts: list[str]  # gaps and pieces by turns as they stood, in capitals; the first and last are gaps
    pieces: list[str]
    gaps: list[str]  # what stands before each piece, and after the last
    roles: list[Role | None]
    numeric: list[int]  # the places of pieces with digits
    marks: dict[int, Mark]

    @classmethod
    def of(cls, text: str | None) -> Words:
        """`text` in pieces; of texts beyond 4,000 characters the rest is not read. Never raises."""
        text = (text or "")[:LONGEST]
        upper = _upper(text)
        plain = upper.isascii()
        parts = (_ASCII_PIECES if plain else _PIECES).split(upper, _MOST_PIECES)
        pieces = parts[1::2] if plain else [_plain(piece) for piece in parts[1::2]]
        numeric = [place for place, piece in enumerate(pieces) if not piece.isalpha()]
        words = cls(text, parts, pieces, parts[::2], [ROLES.get(piece) for piece in pieces], numeric, {})
        if numeric:
            _mark(words, upper)
        return words

    def position(self, place: int) -> int:
        """Where in the text the piece at `place` begins."""
        return sum(map(len, self.parts[: 2 * place + 1]))

    def standing(self, first: int, last: int) -> str:
        """The text from the piece at `first` to the one at `last`, as it stood."""
        start = self.position(first)
        return self.text[start : start + sum(map(len, self.parts[2 * first + 1 : 2 * last + 2]))]


def _upper(text: str) -> str:
    """In capitals, every character in its place."""
    upper = text.upper()
    if len(upper) == len(text):
        return upper
    return "".join(new if len(new) == 1 else old for old, new in ((old, old.upper()) for old in text))


def _plain(piece: str) -> str:
    """In the letters A to Z and digits; what has none of them in it is the letter X, which says nothing."""
    return piece if piece.isascii() else _PLAIN.sub("", anyascii(piece).upper()) or "X"


def _mark(words: Words, upper: str) -> None:
    """Mark what can be no number: the surest first, what is marked stays so."""
    if "@" in upper or "WWW." in upper or "://" in upper:
        _mark_addresses(words, upper)
    for place in words.numeric:
        if words.pieces[place][:2].isalpha():
            _mark_account(words, place)
    if Role.TELEPHONE in words.roles or (("+" in upper or "00" in upper) and _CALLS.search(upper)):
        _mark_telephones(words)
    for place in words.numeric:
        if (
            words.gaps[place + 1][:1] in _WITHIN
            and place not in words.marks
            and words.pieces[place].isdigit()
        ):
            _mark_date(words, place) or _mark_amount(words, place) or _mark_order(words, place)
    if Role.CURRENCY in words.roles or _CURRENCIES.search(upper):
        _mark_sums(words)


def _mark_addresses(words: Words, upper: str) -> None:
    spans = [found.span() for found in _ADDRESS.finditer(upper)]
    place, start = 0, len(words.gaps[0])
    for begin, end in spans:
        while place < len(words.pieces) and start < end:
            if start >= begin:
                words.marks[place] = Mark.ADDRESS
            start += len(words.parts[2 * place + 1]) + len(words.gaps[place + 1])
            place += 1


def _mark_telephones(words: Words) -> None:
    """The digits after a word for telephone, or after +49 and the like, up to the next word."""
    calls = False
    dialled = 0
    for place, piece in enumerate(words.pieces):
        if piece.isdigit() and place not in words.marks:
            if dialled >= _WHOLE_TELEPHONE and words.gaps[place].isspace() and _begins_another(words, place):
                calls = False
            elif calls or _opens_call(words, place):
                words.marks.setdefault(place, Mark.TELEPHONE)
                dialled += len(piece)
                calls = dialled < _LONGEST_TELEPHONE
        elif words.roles[place] is Role.TELEPHONE:
            calls, dialled = True, 0
        elif dialled or words.roles[place] not in (Role.NUMBER, Role.FILLER):
            calls, dialled = False, 0


def _opens_call(words: Words, place: int) -> bool:
    """Whether a telephone number begins here with the code of a country: +49 171, 0049 171 or 0049171234567."""
    piece, gap = words.pieces[place], words.gaps[place]
    if gap.endswith("+") and not gap.endswith("++"):
        alone = place == 0 or len(gap) > 1
        return alone and _COUNTRY_CODE.match(piece) is not None
    if not piece.startswith("00") or not 4 <= len(piece) <= _LONGEST_TELEPHONE + 2:
        return False
    code = _COUNTRY_CODE.match(piece, 2)
    if code is None or (place > 0 and words.gaps[place] in _TIGHT):
        return False
    return len(piece) >= 12 or (code.end() == len(piece) and _digits_from(words, place + 1) >= _NEXT_NUMBER)


def _digits_from(words: Words, place: int) -> int:
    """How many digits stand in a row from here on, as far as a telephone number can go."""
    digits = 0
    for piece in words.pieces[place : place + _LONGEST_TELEPHONE]:
        if not piece.isdigit():
            break
        digits += len(piece)
    return digits


def _begins_another(words: Words, place: int) -> bool:
    """Whether six digits or more stand together from here on, as no last group of a telephone number has."""
    digits = 0
    while place < len(words.pieces) and words.pieces[place].isdigit() and digits < _NEXT_NUMBER:
        digits += len(words.pieces[place])
        place += 1
        if place < len(words.pieces) and words.gaps[place] not in _TIGHT:
            break
    return digits >= _NEXT_NUMBER


def _put(words: Words, first: int, last: int, mark: Mark) -> bool:
    for place in range(first, last + 1):
        words.marks.setdefault(place, mark)
    return True


def _mark_date(words: Words, place: int) -> bool:
    """A day with its year: 15.03.2026, 15/3/26, 2026-03-15."""
    gaps = words.gaps[place + 1 : place + 3]
    parts = words.pieces[place : place + 3]
    if len(gaps) < 2 or gaps[0] != gaps[1] or gaps[0] not in _BETWEEN_DATE or len(parts) < 3:
        return False
    if _follows_digits(words, place) or _precedes_digits(words, place + 2):
        return False
    return _is_date(*parts) and _put(words, place, place + 2, Mark.DATE)


def _is_date(first: str, second: str, third: str) -> bool:
    if len(first) == 4:
        first, third = third, first
    elif len(third) not in (2, 4):
        return False
    return (
        _is_day_of_month(first, second) and third.isdigit() and (len(third) == 2 or third[:2] in ("19", "20"))
    )


def _is_day_of_month(day: str, month: str) -> bool:
    if not (day.isdigit() and month.isdigit() and len(day) <= 2 and len(month) <= 2):
        return False
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12


def _mark_amount(words: Words, place: int) -> bool:
    """An amount with decimals: 1.234,56 or 50.00 or 50,-- or 50,00EUR."""
    pieces, gaps = words.pieces, words.gaps
    if _follows_digits(words, place):
        return False
    last = place
    while (
        last + 1 < len(pieces)
        and gaps[last + 1] in _BETWEEN_THOUSANDS
        and len(pieces[last + 1]) == 3
        and pieces[last + 1].isdigit()
    ):
        last += 1
    if gaps[last + 1][:2] in (",-", ".-"):
        return _put(words, place, last, Mark.AMOUNT)
    if last + 1 == len(pieces) or gaps[last + 1] not in (".", ",") or _precedes_digits(words, last + 1):
        return False
    decimals = pieces[last + 1]
    if not decimals[:2].isdigit() or len(decimals) < 2 or (len(decimals) > 2 and decimals[2:].isdigit()):
        return False
    if len(decimals) > 2 and ROLES.get(decimals[2:]) is not Role.CURRENCY:
        return False
    return _put(words, place, last + 1, Mark.AMOUNT)


def _mark_order(words: Words, place: int) -> bool:
    """A payment order of Belgium as it is printed: +++010/8068/17183+++."""
    gaps = words.gaps[place : place + 4]
    if len(gaps) < 4 or gaps[1:3] != ["/", "/"] or gaps[0].strip()[-3:] not in ("+++", "***"):
        return False
    if gaps[3].strip()[:3] not in ("+++", "***"):
        return False
    return _put(words, place, place + 2, Mark.REFERENCE)


def _mark_account(words: Words, place: int) -> None:
    """An IBAN, or a reference of ISO 11649, in one piece or in groups with a blank between."""
    country = words.pieces[place][:2]
    length = _IBAN_LENGTHS.get(country)
    if (length is None and country != "RF") or not words.pieces[place][2:4].isdigit():
        return
    for last, compact in reversed(list(_run(words, place, length or _LONGEST_REFERENCE))):
        if (length is None or len(compact) == length) and len(compact) >= 5 and _proven(compact):
            _put(words, place, last, Mark.REFERENCE if length is None else Mark.ACCOUNT)
            return


def _run(words: Words, place: int, longest: int) -> Iterator[tuple[int, str]]:
    """What the pieces from `place` on spell, piece by piece, with single blanks between."""
    compact = words.pieces[place]
    while len(compact) <= longest:
        yield place, compact
        place += 1
        if place == len(words.pieces) or words.gaps[place] != " ":
            return
        compact += words.pieces[place]


def _proven(compact: str) -> bool:
    """Whether the check digits of ISO 7064 MOD 97-10 fit, as in IBANs."""
    moved = compact[4:] + compact[:4]
    return int("".join([str(int(letter, 36)) for letter in moved])) % 97 == 1


def _follows_digits(words: Words, place: int) -> bool:
    return place > 0 and words.gaps[place] in _TIGHT and words.pieces[place - 1].isdigit()


def _precedes_digits(words: Words, place: int) -> bool:
    after = place + 1
    return after < len(words.pieces) and words.gaps[after] in _TIGHT and words.pieces[after].isdigit()


def _mark_sums(words: Words) -> None:
    """Whole amounts that stand beside a currency: 120 EUR, EUR 120, 120EUR, € 120."""
    for place, (piece, role) in enumerate(zip(words.pieces, words.roles, strict=True)):
        if role is Role.CURRENCY:
            _mark_beside(words, place)
        elif role is None and not piece.isalpha():
            near = words.gaps[place][-2:] + words.gaps[place + 1][:2]
            if _SUM_WITH_CURRENCY.fullmatch(piece) or _CURRENCY_SIGNS.search(near):
                words.marks.setdefault(place, Mark.AMOUNT)


def _mark_beside(words: Words, place: int) -> None:
    """The amount that a currency belongs to: one with decimals, else the one before, else the one after."""
    beside: Sequence[int] = (place - 1, place + 1)
    if any(words.marks.get(one) is Mark.AMOUNT for one in beside):
        return
    for one, gap in zip(beside, words.gaps[place : place + 2], strict=True):
        if 0 <= one < len(words.pieces) and not gap.strip() and _is_plain_sum(words, one):
            words.marks.setdefault(one, Mark.AMOUNT)
            return


def _is_plain_sum(words: Words, place: int) -> bool:
    """Whether digits without decimals are a sum: not those of R26-001513 GBP, 00815 USD or invoice 1234 CHF.

    Nor are five digits and more, which nobody writes as a sum without any mark.
    """
    piece = words.pieces[place]
    if not piece.isdigit() or piece[0] == "0" or len(piece) > _LONGEST_PLAIN_SUM:
        return False
    if place == 0:
        return True
    is_named = len(piece) > _LONGEST_NAMED_SUM and words.roles[place - 1] in (Role.INVOICE, Role.NUMBER)
    return words.gaps[place] not in _TIGHT and not is_named
