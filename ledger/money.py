"""Money: a whole number of minor units in one ISO 4217 currency, and the exact ways in and out of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger import currencies
from ledger.errors import Rejected

# One trillion euro in cents; what is larger is a typing error or an attack, and bigint has room to add it up.
LARGEST_MINOR = 10**14

_DECIMAL = re.compile(r"([+-]?)([0-9]{1,18})(?:[.,]([0-9]{0,17}))?|([+-]?)[.,]([0-9]{1,17})")


class UnknownCurrency(Rejected):
    """The code is no ISO 4217 currency."""


class UnreadableAmount(Rejected):
    """The text is not a decimal number that fits the currency's minor units exactly."""


class CurrencyMismatch(Rejected):
    """Amounts of different currencies are never added or compared."""


def checked_currency(code: str, *, field: str = "currency") -> str:
    """`code` if it is an ISO 4217 currency; raises UnknownCurrency otherwise."""
    if code not in currencies.KNOWN:
        raise UnknownCurrency(f"{code[:12]!r} is not an ISO 4217 currency code.", field=field)
    return code


def minor_units(text: str, currency: str, *, field: str = "amount") -> int:
    """A plain decimal such as `12.5` or `1234,56` as minor units of `currency`.

    Either sign of decimals is read; there are no thousands separators. Digits beyond the currency's minor unit
    must be zero: nothing is rounded. Raises UnreadableAmount.
    """
    found = _DECIMAL.fullmatch(text.strip())
    if found is None:
        raise UnreadableAmount(f"{text[:40]!r} is not an amount.", field=field)
    places = currencies.decimals(currency)
    sign, whole, fraction, bare_sign, bare = found.groups()
    digits = (fraction if bare is None else bare) or ""
    if digits[places:].strip("0"):
        raise UnreadableAmount(
            f"{text[:40]!r} has more than the {places} decimals that {currency} knows.", field=field
        )
    minor = int((whole or "0") + digits[:places].ljust(places, "0"))
    if minor > LARGEST_MINOR:
        raise UnreadableAmount(f"{text[:40]!r} is larger than any amount of money.", field=field)
    return -minor if "-" in (sign, bare_sign) else minor


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units (cents) of `currency`, signed from the account holder's view: money in is positive."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str, *, field: str = "amount") -> Money:
        """Money from a plain decimal; see `minor_units`. Raises UnknownCurrency or UnreadableAmount."""
        checked_currency(currency)
        return cls(minor_units(text, currency, field=field), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other).minor

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other).minor

    def decimal(self) -> str:
        """The amount as files write it: a point, the currency's decimals, no grouping, `-` when below zero."""
        places = currencies.decimals(self.currency)
        digits = str(abs(self.minor)).rjust(places + 1, "0")
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"

    def split(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """This amount in parts proportional to `weights`; the parts add up to it exactly.

        Leftover minor units go one each to the largest remainders, earlier parts first.
        Raises ValueError unless every weight is at least 0 and one is above.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must not be negative, and at least one must be positive")
        size = abs(self.minor)
        shares = [divmod(size * weight, total) for weight in weights]
        left_over = size - sum(share for share, _ in shares)
        order = sorted(range(len(shares)), key=lambda index: -shares[index][1])
        lucky = set(order[:left_over])
        sign = -1 if self.minor < 0 else 1
        return tuple(
            Money(sign * (share + (index in lucky)), self.currency) for index, (share, _) in enumerate(shares)
        )

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be put together.")
        return other


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of `amounts`, all of which must be in `currency`; zero of it when there are none."""
    return sum(amounts, start=Money.zero(currency))
