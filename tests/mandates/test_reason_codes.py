"""Reason codes of direct debits: each has a meaning and a step; an unknown one asks for a person."""

from __future__ import annotations

import pytest

from mandates.reason_codes import BY_CODE, REFUNDS, NextStep, look_up

STEPS = {
    NextStep.RETRY: {"AM04", "ED05", "MS03"},
    NextStep.DATA: {"AC01", "BE01", "BE04", "BE05", "BE07", "MD02", "RC01", "RR01", "RR02", "RR03"},
    NextStep.STOP: {"AC04", "AC06", "AC13", "AG01", "DNOR", "SL01"},
    NextStep.END: {"MD01", "MD07"},
    NextStep.DISPUTE: {"CUST", "MD06", "MS02", "NARR"},
    NextStep.OPERATIONS: {
        "AG02", "AM05", "CNOR", "CURR", "DT01", "DUPL", "FF01", "FF05", "FOCR", "RR04", "TM01",
    },
}  # fmt: skip


@pytest.mark.parametrize("step", NextStep)
def test_every_code_of_the_guidance_asks_for_its_step(step: NextStep) -> None:
    assert {code for code, row in BY_CODE.items() if row.step is step} == STEPS[step]


def test_every_code_is_explained_in_a_sentence() -> None:
    assert all(row.code == code and row.meaning.endswith(".") for code, row in BY_CODE.items())
    assert len({row.meaning for row in BY_CODE.values()}) == len(BY_CODE)


@pytest.mark.parametrize(("code", "kept"), [("XX99", "XX99"), ("am04", "am04"), ("", "none"), (None, "none")])
def test_an_unknown_code_keeps_its_value_and_asks_for_a_person(code: str | None, kept: str) -> None:
    found = look_up(code)
    assert (found.code, found.step) == (kept, NextStep.DISPUTE)


def test_a_refund_is_what_the_customer_asked_for() -> None:
    assert {"MD06"} == REFUNDS
