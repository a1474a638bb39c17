"""What is made in the plain way is the frozen thing that would be made in the slow one."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from ledger.money import Money
from reconciliation.formats import drafts
from reconciliation.statement import Line, LineStatus, Party


def test_a_draft_is_equal_to_what_is_made_slowly_and_just_as_frozen() -> None:
    slow = Line(
        amount=Money(1_250, "EUR"), counterparty=Party(name="Anna Beispiel"), remittance="RE-1", position=7
    )
    fast = drafts.line(*(getattr(slow, field.name) for field in fields(Line)))
    assert fast == slow
    assert hash(fast) == hash(slow)
    assert type(fast) is Line
    with pytest.raises(FrozenInstanceError):
        fast.status = LineStatus.INFO  # type: ignore[misc]


def test_parties_and_amounts_are_too() -> None:
    assert drafts.money(1_250, "EUR") == Money(1_250, "EUR")
    assert drafts.party("Anna Beispiel", None, "BYLADEM1001") == Party(
        name="Anna Beispiel", bic="BYLADEM1001"
    )
    assert {drafts.money(1, "EUR"), Money(1, "EUR")} == {Money(1, "EUR")}


def test_a_draft_that_lacks_a_field_is_none() -> None:
    with pytest.raises(TypeError):
        drafts.line(Money(1_250, "EUR"))
