"""When a reading is certain: a table of which evidence suffices, and the tolerances; both can be set per creditor.

A row is met when of each group in `needs` at least one is there, and nothing speaks against the reading but what the
row bears (`despite`). The first row that is met decides. Nothing here is a number that nobody can check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ledger.errors import Rejected
from reconciliation.transfers.evidence import Doubt, Evidence

_BITS: Mapping[str, int] = {str(one): 1 << place for place, one in enumerate((*Evidence, *Doubt))}


class UnreadableTerms(Rejected):
    """The text is no table of certainty."""


def mask(names: Iterable[str]) -> int:
    """The evidence or doubts as one number, for quick comparison."""
    sum_of_bits = 0
    for name in names:
        sum_of_bits |= _BITS[name]
    return sum_of_bits


@dataclass(frozen=True)
class Row:
    """One row: what it needs, what it bears, and whether a reading that meets it is applied without a person.

    Of two lines that want the same invoice the one whose row stands in the earlier `grade` gets it; two different
    readings of one line in the same grade are both shown, and neither is applied.
    """

    name: str
    grade: int
    needs: tuple[frozenset[Evidence], ...]
    despite: frozenset[Doubt] = frozenset()
    applied: bool = True

    @cached_property
    def _masks(self) -> tuple[tuple[int, ...], int]:
        return tuple(mask(group) for group in self.needs), mask(self.despite)

    def is_met(self, supports: int, doubts: int) -> bool:
        """Whether the evidence and doubts, as masks, meet the row."""
        needs, borne = self._masks
        return not doubts & ~borne and all(supports & group for group in needs)


_NAMED = frozenset({Evidence.REFERENCE, Evidence.NUMBER})
_NAMED_SOMEHOW = _NAMED | {Evidence.LOOSE_NUMBER}
_BY_ACCOUNT = frozenset(
    {Evidence.ACCOUNT, Evidence.MANDATE_ACCOUNT, Evidence.REMEMBERED_ACCOUNT, Evidence.PAYS_FOR}
)
_BY_NAME = frozenset({Evidence.NAME, Evidence.REMEMBERED_NAME})
_SAID = frozenset({Evidence.CUSTOMER_NUMBER, Evidence.CUSTOMER_NAMED})
_KNOWN = _BY_ACCOUNT | _BY_NAME | _SAID | {Evidence.SIMILAR_NAME}
_SURELY = _BY_ACCOUNT | _BY_NAME | _SAID
_WHOLE = frozenset({Evidence.OPEN_AMOUNT, Evidence.SUM})
_REDUCED = frozenset({Evidence.DISCOUNT, Evidence.CREDIT_NOTE})


def _one(*evidence: Evidence) -> frozenset[Evidence]:
    return frozenset(evidence)


_CHOSEN = frozenset({Evidence.ALL_OPEN, Evidence.OLDEST_FIRST, Evidence.FEW_ITEMS})
_UNKNOWN_PAYER = frozenset({Doubt.UNKNOWN_PAYER})
_STRANGE_NUMBER = frozenset({Doubt.NUMBER_UNKNOWN})
_CONVERTED = frozenset({Doubt.CONVERTED})
_DISCOUNT_DENIED = frozenset({Doubt.DISCOUNT_LATE, Doubt.DISCOUNT_WRONG})

STANDARD = (
    Row("recorded_payment", 0, (_one(Evidence.RECORDED),)),
    # The text or reference says which invoice it is, and the amount agrees.
    Row("structured_reference", 1, (_one(Evidence.REFERENCE), _WHOLE), _UNKNOWN_PAYER | _STRANGE_NUMBER),
    Row("invoice_number", 1, (_one(Evidence.NUMBER), _WHOLE), _UNKNOWN_PAYER | _STRANGE_NUMBER | _CONVERTED),
    Row(
        "invoice_number_of_payer", 1, (_NAMED_SOMEHOW, _WHOLE, _KNOWN),
        _STRANGE_NUMBER | {Doubt.CALLED_OTHERWISE, Doubt.SHORT_NUMBER},
    ),
    Row("loose_number", 1, (_one(Evidence.LOOSE_NUMBER), _WHOLE), _UNKNOWN_PAYER),
    Row("less_discount", 1, (_NAMED_SOMEHOW, _one(Evidence.DISCOUNT)), _UNKNOWN_PAYER | _STRANGE_NUMBER),
    Row("less_credit_note", 1, (_NAMED_SOMEHOW, _one(Evidence.CREDIT_NOTE), _SURELY), _STRANGE_NUMBER),
    Row("instalment", 1, (_NAMED_SOMEHOW, _one(Evidence.INSTALMENT)), _UNKNOWN_PAYER),
    # The invoice is certain, the amount differs, and the payer is known.
    Row("less_bank_charge", 2, (_NAMED_SOMEHOW, _one(Evidence.CHARGE), _SURELY), _CONVERTED),
    Row("usual_deduction", 2, (_NAMED_SOMEHOW, _one(Evidence.DEDUCTS), _KNOWN), applied=False),
    Row("part_payment", 2, (_NAMED_SOMEHOW, _one(Evidence.PART), _SURELY), _DISCOUNT_DENIED),
    Row("overpayment", 2, (_NAMED_SOMEHOW, _one(Evidence.OVER), _SURELY), _CONVERTED),
    Row("purchase_order", 2, (_one(Evidence.PURCHASE_ORDER), _WHOLE | _REDUCED)),
    Row("near_number", 3, (_one(Evidence.NEAR_NUMBER), _WHOLE | _REDUCED, _BY_ACCOUNT | _BY_NAME)),
    Row("paid_already", 3, (_NAMED, _one(Evidence.PAID_ALREADY), _SURELY)),
    # The payer is certain, and the amount leaves one choice among the open items.
    Row("account_and_amount", 4, (_BY_ACCOUNT, _one(Evidence.OPEN_AMOUNT), _one(Evidence.ONLY_SET))),
    Row("name_and_amount", 4, (_BY_NAME, _one(Evidence.OPEN_AMOUNT), _one(Evidence.ONLY_SET))),
    Row(
        "account_and_sum", 4,
        (_BY_ACCOUNT, _one(Evidence.SUM), _one(Evidence.ONLY_SET), _CHOSEN),
    ),
    Row(
        "account_less_discount", 4,
        (_BY_ACCOUNT, _REDUCED, _one(Evidence.ONLY_SET), _CHOSEN),
    ),
    Row("customer_named", 4, (_SAID, _WHOLE, _one(Evidence.ONLY_SET))),
)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """The table of a creditor, and what it tolerates; amounts in minor units of the line's currency.

    A bank's charge is borne by us up to `charge_minor`, and only on payments from abroad or where the bank states
    it. A discount counts for `grace_days` longer than agreed.
    """

    rows: tuple[Row, ...] = STANDARD
    charge_minor: int = 2_500
    grace_days: int = 0
    by_name: Mapping[str, Row] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {row.name: row for row in self.rows})

    def decide(self, supports: int, doubts: int) -> Row | None:
        """The first row that is met, given the masks of evidence and doubts."""
        for row in self.rows:
            if row.is_met(supports, doubts):
                return row
        return None

    def to_json(self) -> dict[str, Any]:
        """As it is stored and told over HTTP."""
        return {
            "charge_minor": self.charge_minor,
            "grace_days": self.grace_days,
            "rows": [
                {
                    "name": row.name, "grade": row.grade, "needs": [sorted(group) for group in row.needs],
                    "despite": sorted(row.despite), "applied": row.applied,
                }
                for row in self.rows
            ],
        }  # fmt: skip

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Terms:
        """What `to_json` gave, or a person wrote. Raises UnreadableTerms naming the row and what is wrong with it."""
        rows = tuple(_row(place, row) for place, row in enumerate(told["rows"], start=1))
        names = [row.name for row in rows]
        if len(set(names)) != len(names):
            raise UnreadableTerms("Two rows have the same name.", field="rows")
        return cls(rows=rows, charge_minor=told["charge_minor"], grace_days=told["grace_days"])


def _row(place: int, told: Mapping[str, Any]) -> Row:
    try:
        return Row(
            name=told["name"],
            grade=told["grade"],
            needs=tuple(frozenset(Evidence(one) for one in group) for group in told["needs"]),
            despite=frozenset(Doubt(one) for one in told["despite"]),
            applied=told["applied"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableTerms(f"Row {place} cannot be read: {error}.", field="rows") from error
