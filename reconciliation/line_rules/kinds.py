"""What a line becomes by a rule: which part it is, which state the line goes to, and how a clerk says it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from reconciliation.models import LineState, PartKind


class Becomes(StrEnum):
    """What treasury can say of lines. What is ignored is no money of ours to explain, and stays in suspense."""

    FEE = "fee"
    INTEREST = "interest"
    PAYOUT = "payout"
    TAX = "tax"
    SALARY = "salary"
    OTHER = "other"
    IGNORED = "ignored"


PARTS: Mapping[Becomes, PartKind | None] = MappingProxyType(
    {
        Becomes.FEE: PartKind.FEE,
        Becomes.INTEREST: PartKind.INTEREST,
        Becomes.PAYOUT: PartKind.PAYOUT,
        Becomes.TAX: PartKind.TAX,
        Becomes.SALARY: PartKind.SALARY,
        Becomes.OTHER: PartKind.OTHER,
        Becomes.IGNORED: None,
    }
)
STATES: Mapping[Becomes, LineState] = MappingProxyType(
    {
        **dict.fromkeys(Becomes, LineState.MATCHED),
        Becomes.PAYOUT: LineState.PAYOUT,
        Becomes.IGNORED: LineState.IGNORED,
    }
)
_WORDS: Mapping[Becomes, str] = MappingProxyType(
    {
        Becomes.FEE: "a fee of the bank",
        Becomes.INTEREST: "interest of the bank",
        Becomes.PAYOUT: "a payout of a payment provider",
        Becomes.TAX: "tax",
        Becomes.SALARY: "salaries",
        Becomes.OTHER: "no business of our customers",
        Becomes.IGNORED: "to be ignored",
    }
)


def sentence(name: str, becomes: Becomes) -> str:
    """What the rule with this name makes of a line that meets it."""
    return f'The written rule "{name}" says that it is {_WORDS[becomes]}.'
