"""Invoice numbers in the styles that creditors use, and what payers make of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

# How the n-th invoice of a year is called. A creditor keeps one style; the n-th credit note is called alike.
STYLES: Mapping[str, tuple[Callable[[int, int], str], Callable[[int, int], str]]] = {
    "RE-2026-00815": (lambda year, n: f"RE-{year}-{n:05d}", lambda year, n: f"GS-{year}-{n:05d}"),
    "2026/0815": (lambda year, n: f"{year}/{n:04d}", lambda year, n: f"{year}/G{n:04d}"),
    "INV0004711": (lambda _, n: f"INV{n:07d}", lambda _, n: f"CRN{n:07d}"),
    "104711": (lambda _, n: f"{100_000 + n}", lambda _, n: f"{900_000 + n}"),
    "R26-004711": (lambda year, n: f"R{year % 100}-{n:06d}", lambda year, n: f"G{year % 100}-{n:06d}"),
    "FA2026.00815": (lambda year, n: f"FA{year}.{n:05d}", lambda year, n: f"AV{year}.{n:05d}"),
}
_PARTS = re.compile(r"[A-Za-z]+|[0-9]+")
_LAST_DIGITS = re.compile(r"[0-9]+$")


def style_for(seed: int) -> str:
    """The style of the creditor of this seed; ten seeds in a row see all of them."""
    return list(STYLES)[seed % len(STYLES)]


def spelled(rng: Random, number: str) -> str:
    """The whole number as payers write it: mostly as it is, else with other marks between, or none."""
    parts: list[str] = _PARTS.findall(number)
    luck = rng.random()
    if luck < 0.6 or len(parts) == 1:
        return number if rng.random() < 0.93 else number.lower()
    if luck < 0.74:
        return "".join(parts)
    if luck < 0.84:
        return " ".join(parts)
    if luck < 0.94:
        mark: str = rng.choice("/-._")
        return mark.join(parts)
    return f"{parts[0]} {number.removeprefix(parts[0]).lstrip('-/. ')}"


def without_prefix(rng: Random, number: str) -> str:
    """The number less its letters, or only its last digits, with or without their zeros."""
    parts: list[str] = _PARTS.findall(number)
    digits = [part for part in parts if part.isdigit()]
    if len(parts) == 1:
        return number[-4:]
    if parts[0].isalpha() and rng.random() < 0.5:
        return number.removeprefix(parts[0]).lstrip("-/.")
    return digits[-1] if rng.random() < 0.6 else digits[-1].lstrip("0")


def mistyped(rng: Random, number: str) -> str:
    """The number with one digit of its last block wrong, missing, doubled, or two of them swapped.

    Fingers slip on the digits that count; of the zeros before them one may be missing.
    """
    block = _LAST_DIGITS.search(number)
    assert block is not None  # every style ends in digits
    digits = block.group()
    while True:
        slip = rng.randrange(4)
        at = rng.randrange(0 if slip == 1 else len(digits) - len(digits.lstrip("0")), len(digits))
        if slip == 0:
            changed = digits[:at] + rng.choice("0123456789") + digits[at + 1 :]
        elif slip == 1:
            changed = digits[:at] + digits[at + 1 :]
        elif slip == 2:
            changed = digits[:at] + digits[at] + digits[at:]
        else:
            changed = digits[:at] + digits[at + 1 : at + 2] + digits[at] + digits[at + 2 :]
        if changed != digits:
            return number[: block.start()] + changed


def cut(rng: Random, number: str) -> tuple[str, str]:
    """The number in two pieces, cut somewhere inside."""
    at = rng.randrange(1, len(number))
    return number[:at], number[at:]


def shortened(numbers: list[str], mark: str) -> str:
    """The first number whole, of the others only the last three digits: `2026/0815/816/817`."""
    return mark.join([numbers[0], *(number[-3:] for number in numbers[1:])])
