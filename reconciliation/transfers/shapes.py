"""What a creditor's invoice numbers look like, learnt from the invoices themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import takewhile
from string import ascii_uppercase

_DIGITS = str.maketrans("0123456789", "9999999999")


class Fit(IntEnum):
    """How much the digits of a text look like a number of ours."""

    NONE = 0
    NEAR = 1  # shorter, as when leading zeros are left out, or one digit too long
    OURS = 2


@dataclass(frozen=True, slots=True)
class Shapes:
    """Shapes of compact invoice numbers, digits as 9 (`RE99999999`), and what follows from them.

    A body is what is left without the letters before the first digit.
    """

    whole: frozenset[str]
    prefixes: frozenset[str]
    bodies: frozenset[str]
    lengths: frozenset[int]  # of bodies that are digits alone
    longest: int
    numbered: frozenset[str]  # prefixes of bodies that are digits alone
    words: frozenset[str]  # numbers without any digit
    mixed: bool  # whether letters stand between or behind the digits of some

    @classmethod
    def of(cls, shapes: Iterable[str]) -> Shapes:
        whole = frozenset(shape for shape in shapes if shape)
        words = frozenset(shape for shape in whole if "9" not in shape)
        prefixes = {shape: "".join(takewhile(ascii_uppercase.__contains__, shape)) for shape in whole - words}
        bodies = frozenset(shape[len(prefix) :] for shape, prefix in prefixes.items())
        lengths = frozenset(len(body) for body in bodies if body.isdigit())
        return cls(
            whole=whole, prefixes=frozenset(prefixes.values()), bodies=bodies, lengths=lengths,
            longest=max(lengths, default=0), words=words, mixed=any(not body.isdigit() for body in bodies),
            numbered=frozenset(
                prefix for shape, prefix in prefixes.items() if shape[len(prefix) :].isdigit()
            ),
        )  # fmt: skip

    def fit(self, body: str) -> Fit:
        """How much a body looks like one of ours, whatever letters stand before it."""
        bare = body.lstrip("0")
        if not bare:
            return Fit.NONE
        if not body.isdigit():
            return Fit.OURS if body.translate(_DIGITS) in self.bodies else Fit.NONE
        if len(body) in self.lengths or (len(bare) != len(body) and len(bare) in self.lengths):
            return Fit.OURS
        return Fit.NEAR if len(bare) <= self.longest + 1 else Fit.NONE

    def are_ours(self, letters: str, body: str) -> bool:
        """Whether some number of ours has these letters before digits of this kind, leading zeros aside."""
        if letters in self.numbered and body.isdigit():
            return True
        return letters in self.prefixes and letters + body.translate(_DIGITS) in self.whole
