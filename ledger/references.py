"""Creditor references with check digits that a payer repeats and a machine can trust."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from stdnum.iso7064 import mod_97_10

from ledger.errors import Rejected
from ledger.reference_checks import is_betalingskenmerk, is_kid, is_ogm, is_qrr, is_viitenumero

_FORM = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")
_BODY = re.compile(r"[A-Z0-9]{1,21}")
_LONGEST_RF = 25

_DIGITS = re.compile(r"[0-9]+-?")
_ORDER = re.compile(r"([+*]{3})([0-9]{3})/([0-9]{4})/([0-9]{5})\1")
_PRINTED_ORDER = re.compile(r"[+*]{3}\s?([0-9]{3})/\s?([0-9]{4})/\s?([0-9]{5})\s?[+*]{3}")
_LONGEST_TEXT = 4_000  # characters in which references are looked for
_LONGEST_FIELD = 60

# Whole digits in free text that are long enough to be a reference by their check digit alone, and words behind
# which shorter ones are.
_WHOLE_DIGITS = re.compile(r"(?<![A-Za-z0-9./,-])[0-9]{9,27}(?![A-Za-z0-9]|[.,/-][A-Za-z0-9])")
_CALLED = re.compile(
    r"\b(?:KID|OCR|VIITE|VIITENUMERO|REFERENS|REFERANSE|BETALINGSKENMERK|KENMERK|QRR)(?:[ .:#-]|NR|NO){0,4}"
    r"([0-9]{4,27}-?)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_QR_GROUPS = re.compile(r"(?<![A-Za-z0-9])[0-9]{2}(?:\s[0-9]{5}){5}(?![A-Za-z0-9])")
_RF_START = re.compile(r"(?<![A-Za-z0-9])RF[0-9]{2}", re.IGNORECASE)
_PIECE = re.compile(r"\s?([A-Za-z0-9]+)")


class InvalidReference(Rejected):
    """The text is not a structured reference that the house knows."""


class ReferenceKind(StrEnum):
    """Whose rule a structured reference follows."""

    RF = "rf"  # ISO 11649
    QRR = "qrr"  # Switzerland and Liechtenstein
    OGM = "ogm"  # Belgium, also VCS
    VIITENUMERO = "viitenumero"  # Finland
    BETALINGSKENMERK = "betalingskenmerk"  # Netherlands
    KID = "kid"  # Norway, and OCR numbers of Sweden


# In this order: digits can follow several of these rules.
_NATIONAL = (
    (ReferenceKind.QRR, is_qrr),
    (ReferenceKind.OGM, is_ogm),
    (ReferenceKind.BETALINGSKENMERK, is_betalingskenmerk),
    (ReferenceKind.VIITENUMERO, is_viitenumero),
    (ReferenceKind.KID, is_kid),
)


def compacted(text: str) -> str:
    """`text` in capitals without blanks of any kind, as check digits want it; beyond ASCII nothing is raised.

    Letters of other alphabets can have ASCII capitals, so what is foreign must stay visible to the checks.
    """
    joined = "".join(text.split())
    return joined.upper() if joined.isascii() else joined


def check_digits(payload: str) -> str:
    """The two digits of ISO 7064 MOD 97-10 for letters and digits in ASCII; always within 02 to 98."""
    return str(mod_97_10.calc_check_digits(payload))


@dataclass(frozen=True, slots=True)
class RfReference:
    """A structured creditor reference of ISO 11649: `RF`, two check digits, 1 to 21 letters or digits."""

    compact: str

    @classmethod
    def parse(cls, text: str, *, field: str = "reference") -> RfReference:
        """The reference in `text`, in capitals and without blanks. Raises InvalidReference."""
        compact = compacted(text)
        if _FORM.fullmatch(compact) is None:
            raise InvalidReference(
                "A creditor reference is RF, two check digits and 1 to 21 letters or digits.", field=field
            )
        if check_digits(compact[4:] + "RF") != compact[2:4]:
            raise InvalidReference(
                "The check digits of the creditor reference do not fit; look for a typing error.", field=field
            )
        return cls(compact)

    @classmethod
    def make(cls, body: str, *, field: str = "reference") -> RfReference:
        """The reference that carries `body`, 1 to 21 letters or digits; blanks fall away, nothing else does.

        Raises InvalidReference: a hyphen left out silently would make two invoice numbers one.
        """
        compact = compacted(body)
        if _BODY.fullmatch(compact) is None:
            raise InvalidReference(
                "A creditor reference is made from 1 to 21 letters or digits and nothing else.", field=field
            )
        return cls(f"RF{check_digits(compact + 'RF')}{compact}")

    @property
    def body(self) -> str:
        """What the creditor put in, without `RF` and the check digits."""
        return self.compact[4:]

    @property
    def pretty(self) -> str:
        """In groups of four, as it is printed (ISO 11649)."""
        return in_groups_of_four(self.compact)

    def __str__(self) -> str:
        return self.compact


@dataclass(frozen=True, slots=True)
class StructuredReference:
    """A reference with check digits that an invoice can carry, of any kind."""

    kind: ReferenceKind
    compact: str

    @classmethod
    def parse(cls, text: str, *, field: str = "reference") -> StructuredReference:
        """The reference in `text`, without blanks and without the marks of an OGM. Raises InvalidReference.

        Digits can follow the rules of several countries; the kind is then the first of them, and the compact form
        is the same for all.
        """
        if text.isascii() and len(text) <= _LONGEST_FIELD:
            compact = compacted(text)
            if order := _ORDER.fullmatch(compact):
                return cls(ReferenceKind.OGM, _ogm("".join(order.groups()[1:]), field))
            if _DIGITS.fullmatch(compact):
                return cls(_national_kind(compact, field), compact)
        return cls(ReferenceKind.RF, _rf(text, field))

    def __str__(self) -> str:
        return self.compact


def _rf(text: str, field: str) -> str:
    if compacted(text)[:2] != "RF":
        raise InvalidReference(
            "A reference is RF with two check digits (ISO 11649), a QR reference, an OGM, a KID or OCR number, a "
            "viitenumero or a betalingskenmerk.",
            field=field,
        )
    return RfReference.parse(text, field=field).compact


def _ogm(digits: str, field: str) -> str:
    if not is_ogm(digits):
        raise InvalidReference(
            "The check digits of the OGM do not fit; look for a typing error.", field=field
        )
    return digits


def _national_kind(compact: str, field: str) -> ReferenceKind:
    kind = next(_kinds(compact), None)
    if kind is None:
        raise InvalidReference(
            "The check digits fit no reference of Switzerland, Belgium, the Netherlands, Finland, Norway or Sweden; "
            "look for a typing error.",
            field=field,
        )
    return kind


def _kinds(digits: str) -> Iterator[ReferenceKind]:
    """The kinds whose rule these digits follow; of those with a dash at the end only KID can."""
    if digits.isdigit():
        return (kind for kind, follows in _NATIONAL if follows(digits))
    return iter([ReferenceKind.KID] if is_kid(digits) else [])


def references_in(field: str | None, text: str | None) -> tuple[str, ...]:
    """Compact references that a line may carry: those of its own field first, then those in its free text.

    In free text a reference of ISO 11649 and a printed OGM count always; digits alone count if they are a whole
    word of nine or more, or stand behind a word like KID, and the check digits of some country fit. By chance
    those of one number in four do, so digits that no invoice carries prove nothing. Never raises.
    """
    found: list[str] = []
    if field:
        found += _in_field(field[:_LONGEST_FIELD])
    if text:
        found += _in_text(text[:_LONGEST_TEXT])
    return tuple(dict.fromkeys(found))


def _in_field(field: str) -> Iterator[str]:
    try:
        reference = StructuredReference.parse(field)
    except InvalidReference:
        return
    yield reference.compact
    if reference.kind is ReferenceKind.RF:
        body = reference.compact[4:].lstrip("0")
        if body.isdigit() and is_viitenumero(body):
            yield body
    elif reference.compact.startswith("0"):
        yield from _without_zeros(reference.compact)


def _without_zeros(digits: str) -> Iterator[str]:
    """A viitenumero as it was before a bank filled it up with zeros."""
    bare = digits.lstrip("0")
    if bare.isdigit() and is_viitenumero(bare):
        yield bare


def _in_text(text: str) -> Iterator[str]:
    if "RF" in text or "rf" in text or "Rf" in text:
        for start in _RF_START.finditer(text):
            yield from _rf_from(text, start.start())
    if "++" in text or "**" in text:
        orders = ("".join(parts) for parts in _PRINTED_ORDER.findall(text))
        yield from filter(is_ogm, orders)
    for digits in _CALLED.findall(text) + _WHOLE_DIGITS.findall(text):
        if next(_kinds(digits), None) is not None:
            yield digits
            yield from _without_zeros(digits) if digits[0] == "0" else ()
    yield from filter(is_qrr, ("".join(groups.split()) for groups in _QR_GROUPS.findall(text)))


def _rf_from(text: str, start: int) -> Iterator[str]:
    """The longest reference of ISO 11649 that begins here and ends with a word."""
    compact, proven = "", ""
    place = start
    while piece := _PIECE.match(text, place):
        compact += piece[1].upper()
        if len(compact) > _LONGEST_RF:
            break
        if len(compact) > 4 and check_digits(compact[4:] + "RF") == compact[2:4]:
            proven = compact
        place = piece.end()
    if proven:
        yield proven


def in_groups_of_four(compact: str) -> str:
    return " ".join(compact[start : start + 4] for start in range(0, len(compact), 4))
