"""What was done about a line, held against what it really is.

**False application**: money, a credit note or a grant stands on an invoice to which the truth does not give it, or more
of it than the truth gives; or money stands on account of another customer; or a customer's payment was taken for
something else, or something else for a customer's payment or for another nature. A discount, a bank's fee and a
write-off are grants; a fee and a write-off close alike and count as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.cash.facts import Closes, Nature, Share, Truth


@dataclass(frozen=True, slots=True)
class Done:
    """What stands for a line: its natures, and of a payment the shares, the customer and what is on account."""

    natures: tuple[str, ...] = ()
    customer: int | None = None
    shares: tuple[Share, ...] = ()
    on_account_minor: int = 0


class Verdict(StrEnum):
    """Right: exactly the truth. Partly: nothing false, but something is left for a person. Waits: nothing was done."""

    RIGHT = "right"
    PARTLY = "partly"
    WAITS = "waits"
    FALSE = "false"


# What a line that is no payment may be called; what nobody can look up is never wrong as "other".
_ACCEPTED: Mapping[Nature, Collection[str]] = {
    Nature.REFUND: ("refund", "other"),
    Nature.FEE: ("fee",),
    Nature.INTEREST: ("interest",),
    Nature.TAX: ("tax", "other"),
    Nature.SALARY: ("salary", "other"),
    Nature.TRANSFER: ("transfer",),
    Nature.PAYOUT: ("payout",),
    Nature.OTHER: ("other",),
}


def judge(truth: Truth, done: Done | None) -> Verdict:
    """How what was done compares with the truth; None where the line waits."""
    if done is None:
        return Verdict.WAITS
    if truth.nature is not Nature.PAYMENT:
        return Verdict.RIGHT if set(done.natures) <= set(_ACCEPTED[truth.nature]) else Verdict.FALSE
    if any(nature != Nature.PAYMENT for nature in done.natures):
        return Verdict.FALSE
    given, due = _by_place(done.shares), _by_place(truth.shares)
    if any(amount > due[place] for place, amount in given.items()) or _on_a_wrong_account(truth, done):
        return Verdict.FALSE
    is_whole = given == due and done.on_account_minor == truth.on_account_minor
    return Verdict.RIGHT if is_whole and not _on_nobodys_account(done) else Verdict.PARTLY


def rightly_given(truth: Truth, done: Done | None) -> list[Share]:
    """The shares that stand as the truth has them, none where something is false."""
    if done is None or judge(truth, done) is Verdict.FALSE:
        return []
    return list(done.shares)


def _on_a_wrong_account(truth: Truth, done: Done) -> bool:
    return done.on_account_minor > 0 and done.customer is not None and done.customer != truth.customer


def _on_nobodys_account(done: Done) -> bool:
    return done.on_account_minor > 0 and done.customer is None


def _by_place(shares: tuple[Share, ...]) -> Counter[tuple[str, Closes, str | None]]:
    """How much of each invoice is closed, by what closes it."""
    found: Counter[tuple[str, Closes, str | None]] = Counter()
    for share in shares:
        found[share.invoice, share.closes, share.credit_note] += share.amount_minor
    return found
