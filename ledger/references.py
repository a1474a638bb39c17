"""Creditor references with check digits that a payer repeats and a machine can trust."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stdnum.iso7064 import mod_97_10

from ledger.errors import Rejected

_FORM = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")
_BODY = re.compile(r"[A-Z0-9]{1,21}")


class InvalidReference(Rejected):
    """The text is not a creditor reference of ISO 11649."""


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


def in_groups_of_four(compact: str) -> str:
    return " ".join(compact[start : start + 4] for start in range(0, len(compact), 4))
