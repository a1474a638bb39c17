"""Lines, parties and amounts made in the plain way and then frozen, for readers that make a hundred thousand.

A frozen dataclass sets each of its fields by a call, which for those of a line takes longer than finding them in a
row of text. A draft has the same slots in the same order, takes all values by place, and becomes the frozen class for
good when its class is set to that.
"""

from __future__ import annotations

from dataclasses import fields, make_dataclass
from typing import Any

from ledger.money import Money
from reconciliation.statement import Line, Party


def _draft(frozen: type) -> Any:
    return make_dataclass(
        f"{frozen.__name__}Draft",
        [field.name for field in fields(frozen)],
        slots=True,
    )


_LineDraft, _PartyDraft, _MoneyDraft = _draft(Line), _draft(Party), _draft(Money)


def line(*values: object) -> Line:
    """The Line with all its fields in their order."""
    draft: Line = _LineDraft(*values)
    draft.__class__ = Line
    return draft


def party(name: str | None, iban: str | None, bic: str | None) -> Party:
    """The Party with those facts."""
    draft: Party = _PartyDraft(name, iban, bic)
    draft.__class__ = Party
    return draft


def money(minor: int, currency: str) -> Money:
    """The Money of those minor units."""
    draft: Money = _MoneyDraft(minor, currency)
    draft.__class__ = Money
    return draft
