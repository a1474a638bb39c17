"""What counts as right, as partly done and as a false application."""

from __future__ import annotations

import pytest

from benchmarks.cash.facts import Closes, Nature, Share, Truth
from benchmarks.cash.judging import Done, Verdict, judge
from benchmarks.cash.mixes import Case

DISCOUNT, FEE, NOTE = Closes.DISCOUNT, Closes.FEE, Closes.CREDIT_NOTE
RIGHT, PARTLY, WAITS, FALSE = Verdict.RIGHT, Verdict.PARTLY, Verdict.WAITS, Verdict.FALSE
PAID = Truth(case=Case.EXACT_REFERENCE, customer=7, shares=(Share("R1", 100),))
OVERPAID = Truth(case=Case.OVERPAYMENT, customer=7, shares=(Share("R1", 100),), on_account_minor=20)
DISCOUNTED = Truth(case=Case.DISCOUNT_RIGHT, customer=7, shares=(Share("R1", 98), Share("R1", 2, DISCOUNT)))
NETTED = Truth(
    case=Case.CREDIT_NOTE_NAMED,
    customer=7,
    shares=(Share("R1", 90), Share("R1", 10, NOTE, "G1")),
)
TWICE = Truth(case=Case.DOUBLED_PAYMENT, customer=7, on_account_minor=100)
CHARGED = Truth(case=Case.BANK_CHARGES, nature=Nature.FEE)


def _paid(*shares: Share, customer: int | None = 7, on_account: int = 0) -> Done:
    return Done(("payment",), customer, shares, on_account)


@pytest.mark.parametrize(
    ("truth", "done", "verdict"),
    [
        pytest.param(PAID, None, WAITS, id="nothing was done"),
        pytest.param(PAID, _paid(Share("R1", 100)), RIGHT, id="the whole invoice"),
        pytest.param(PAID, _paid(Share("R1", 60), Share("R1", 40)), RIGHT, id="in two parts"),
        pytest.param(PAID, _paid(Share("R2", 100)), FALSE, id="another invoice"),
        pytest.param(PAID, _paid(Share("R1", 100), Share("R1", 3, DISCOUNT)), FALSE, id="a grant too many"),
        pytest.param(PAID, _paid(on_account=100), PARTLY, id="on the right account only"),
        pytest.param(PAID, _paid(on_account=100, customer=8), FALSE, id="on another customer's account"),
        pytest.param(PAID, _paid(on_account=100, customer=None), PARTLY, id="on nobody's account"),
        pytest.param(PAID, Done(("transfer",)), FALSE, id="taken for a transfer"),
        pytest.param(OVERPAID, _paid(Share("R1", 100), on_account=20), RIGHT, id="the rest on account"),
        pytest.param(OVERPAID, _paid(Share("R1", 100), Share("R2", 20)), FALSE, id="the rest elsewhere"),
        pytest.param(DISCOUNTED, _paid(Share("R1", 98), Share("R1", 2, DISCOUNT)), RIGHT, id="discount granted"),
        pytest.param(DISCOUNTED, _paid(Share("R1", 98)), PARTLY, id="discount not granted"),
        pytest.param(DISCOUNTED, _paid(Share("R1", 98), Share("R1", 2, FEE)), FALSE, id="another grant"),
        pytest.param(NETTED, _paid(Share("R1", 90), Share("R1", 10, NOTE, "G1")), RIGHT, id="note netted"),
        pytest.param(NETTED, _paid(Share("R1", 90), Share("R1", 10, NOTE, "G2")), FALSE, id="another note"),
        pytest.param(TWICE, _paid(on_account=100), RIGHT, id="doubled, on account"),
        pytest.param(TWICE, _paid(Share("R9", 100)), FALSE, id="doubled, on another invoice"),
        pytest.param(CHARGED, Done(("fee",)), RIGHT, id="a fee is a fee"),
        pytest.param(CHARGED, _paid(on_account=5), FALSE, id="a fee is no payment"),
    ],
)  # fmt: skip
def test_what_was_done_is_held_against_the_truth(truth: Truth, done: Done | None, verdict: Verdict) -> None:
    assert judge(truth, done) is verdict
