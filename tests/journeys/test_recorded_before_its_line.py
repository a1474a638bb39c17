"""A payment told by a clerk before the bank shows it: its line meets it, and no euro is counted twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.factories.api import Caller
from tests.factories.journey import TODAY, Story, transfer


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


def _recorded(story: Story, invoice: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The whole invoice, paid by a recorded payment."""
    made: dict[str, Any] = story.treasury.post(
        "/v1/payments",
        {
            "customer_id": invoice["customer_id"], "amount_minor": invoice["total_minor"],
            "received_on": str(TODAY),
            "allocations": [{"invoice_id": invoice["id"], "amount_minor": invoice["total_minor"]}],
        } | more,
    )  # fmt: skip
    return made


def _payments(story: Story) -> list[dict[str, Any]]:
    return story.treasury.all("/v1/payments")


@pytest.mark.parametrize(
    ("reference", "text"), [("Scheck 4711-0815", "Scheck 4711-0815"), (None, "{number}")]
)
def test_its_line_meets_it_and_the_invoice_is_paid_once(
    story: Story, work: Callable[[], None], reference: str | None, text: str
) -> None:
    invoice = story.invoice(12_345)
    made = _recorded(story, invoice, reference=reference)
    story.bank_books(transfer(12_345, text.format(number=invoice["number"])))
    work()
    (line,) = story.treasury.all("/v1/statement-lines")
    assert line["state"] == "matched", line
    (payment,) = _payments(story)
    assert (payment["id"], payment["state"], payment["unallocated_minor"]) == (made["id"], "final", 0)
    assert payment["met_at"] is not None
    assert story.status(invoice) == "paid"
    undone = story.treasury.post(
        f"/v1/statement-lines/{line['id']}/undo", {"reason": "not its line"}, status=200
    )
    assert undone["refused"] == []
    (payment,) = _payments(story)
    assert (payment["state"], payment["met_at"]) == ("provisional", None)
    assert story.status(invoice) == "paid_provisional"


def test_a_line_of_somebody_else_with_the_same_amount_meets_nothing(
    story: Story, work: Callable[[], None]
) -> None:
    told, other = story.invoice(12_345), story.invoice(12_345)
    made = _recorded(story, told)
    story.bank_books(transfer(12_345, other["number"]))
    work()
    by_id = {payment["id"]: payment for payment in _payments(story)}
    assert by_id.pop(made["id"])["state"] == "provisional"
    assert [payment["state"] for payment in by_id.values()] == ["final"]
    assert (story.status(told), story.status(other)) == ("paid_provisional", "paid")
