"""What a rule says about a line: explained, by these parts and this evidence, or why it has to wait."""

from __future__ import annotations

from dataclasses import dataclass

from reconciliation.models import LineState, PartKind


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line, signed as the line is: what it is, and the object that it became."""

    kind: PartKind
    amount_minor: int
    object_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A line whose whole amount is accounted for by `parts`; `evidence` are sentences a clerk would write.

    What is ignored has no parts. `line_rule_id` is the written rule that said so, if one did.
    """

    rule: str
    state: LineState
    parts: tuple[Part, ...]
    evidence: tuple[str, ...]
    line_rule_id: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line that a person must look at, and the reason in one sentence.

    One that `follows` another may explain itself once that one, or a report of the bank, is known: it is looked at
    again as soon as anything about our debits was explained.
    """

    because: str
    follows: bool = False


Outcome = Explained | Waiting
