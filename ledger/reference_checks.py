"""The check digits of structured references of single countries; every text given is ASCII digits."""

from __future__ import annotations

from operator import mul

from stdnum import luhn
from stdnum.be import ogm_vcs
from stdnum.ch import esr

_VIITE_WEIGHTS = (7, 3, 1) * 7
_KID_WEIGHTS = (2, 3, 4, 5, 6, 7) * 4
_KENMERK_WEIGHTS = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1) * 2

# How many digits follow the second digit of a betalingskenmerk, by its length: the last digit of that number.
_KENMERK_LENGTH_CODES = {9: "7", 10: "8", 11: "9", 12: "0", 13: "1", 14: "2"}


def is_qrr(digits: str) -> bool:
    """QR reference of Switzerland: 27 digits, the last by modulo 10 recursive (SIX, QR-bill 2.3)."""
    return len(digits) == 27 and bool(digits.strip("0")) and esr.is_valid(digits)


def is_ogm(digits: str) -> bool:
    """OGM or VCS of Belgium: ten digits and their remainder by 97, with 97 for 0 (Febelfin)."""
    return len(digits) == 12 and bool(digits.strip("0")) and ogm_vcs.is_valid(digits)


def is_viitenumero(digits: str) -> bool:
    """Reference number of Finland: 3 to 19 digits and one by the weights 7, 3, 1 from the right (Finance Finland)."""
    return 4 <= len(digits) <= 20 and bool(digits.strip("0")) and _tens(digits[:-1]) == int(digits[-1])


def is_kid(text: str) -> bool:
    """KID of Norway: 2 to 25 characters, the last by modulo 10, or by modulo 11 where a dash stands for 10 (Bits).

    OCR numbers of Sweden (Bankgirot) have the digit by modulo 10 too, so they are among them.
    """
    if not 2 <= len(text) <= 25 or not text.strip("0-"):
        return False
    if text[-1] != "-" and luhn.is_valid(text):
        return True
    remainder = -sum(map(mul, _reversed(text[:-1]), _KID_WEIGHTS)) % 11
    return text[-1] == ("-" if remainder == 10 else str(remainder))


def is_betalingskenmerk(digits: str) -> bool:
    """Payment reference of the Netherlands: 7, 9 to 14 or 16 digits (Betaalvereniging Nederland).

    Seven have no check digit. Otherwise the first is one by weighted modulo 11, and the second of 9 to 14 tells
    how many follow it.
    """
    if len(digits) == 7:
        return bool(digits.strip("0"))
    if len(digits) != 16 and _KENMERK_LENGTH_CODES.get(len(digits)) != digits[1:2]:
        return False
    check = 11 - sum(map(mul, _reversed(digits[1:]), _KENMERK_WEIGHTS)) % 11
    return bool(digits.strip("0")) and digits[0] == {10: "1", 11: "0"}.get(check, str(check))


def _tens(digits: str) -> int:
    total: int = sum(map(mul, _reversed(digits), _VIITE_WEIGHTS))
    return -total % 10


def _reversed(digits: str) -> list[int]:
    return [int(digit) for digit in reversed(digits)]
