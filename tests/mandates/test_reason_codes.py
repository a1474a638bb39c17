"""Reason codes of direct debits: each has a meaning, a step and its effects; an unknown one asks for a person."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from mandates import effects
from mandates.reason_codes import BY_CODE, IN_TEXTS, REFUNDS, NextStep, Use, look_up

# EPC173-14 v8.0 as told in the fact sheet, section 4; the classes are ours.
STEPS = {
    NextStep.RETRY: "AM04 ED05 MS03",
    NextStep.DATA: "AC01 BE01 BE04 BE05 BE07 MD02 RC01 RR01 RR02 RR03",
    NextStep.STOP: "AC04 AC06 AC13 AG01 DNOR SL01",
    NextStep.END: "MD01 MD07",
    NextStep.DISPUTE: "CUST MD06 MS02 NARR",
    NextStep.OPERATIONS: "AG02 AM05 CNOR CURR DT01 DUPL FF01 FF05 FOCR RR04 TM01",
}
# What banks answer about files, signatures and totals: ours to mend, never the customer's.
TECHNICAL = """
    AM10 AM16 AM17 AM18 AM19 AM20
    CH03 CH04 CH07 CH09 CH10 CH11 CH12 CH13 CH14 CH15 CH16 CH17 CH19 CH20 CH21 CH22
    DS01 DS02 DS03 DS04 DS05 DS06 DS07 DS08 DS09 DS0A DS0B DS0C DS0D DS0E DS0F DS0G DS0H DS0K
    DS10 DS11 DS12 DS13 DS14 DS15 DS16 DS17 DS18 DS20 DS21 DS22 DS23 DS24 DS25 DS26 DS27 DS28
"""
# Where a code is used, by its own row of the guidance.
REJECTS_ONLY = "BE01 BE04 BE07 CNOR CURR CUST DNOR DT01 DUPL ED05 FF01 FF05 MD02 TM01"
OTHERS = {
    "FOCR": {Use.RETURN},
    "MD06": {Use.REFUND},
    "MD01": {Use.REJECT, Use.RETURN, Use.REFUND},
    "AM05": {Use.REJECT, Use.RETURN, Use.REVERSAL},
    "MS02": {Use.REJECT, Use.RETURN, Use.REVERSAL},
    "MS03": {Use.REJECT, Use.RETURN, Use.REVERSAL},
}


@pytest.mark.parametrize("step", NextStep)
def test_every_code_of_the_guidance_asks_for_its_step(step: NextStep) -> None:
    technical = set(TECHNICAL.split()) if step is NextStep.OPERATIONS else set()
    assert {code for code, row in BY_CODE.items() if row.step is step} == set(STEPS[step].split()) | technical


def test_every_code_is_used_where_the_guidance_says() -> None:
    early = set(REJECTS_ONLY.split()) | set(TECHNICAL.split())
    for code, row in BY_CODE.items():
        usual = {Use.REJECT} if code in early else {Use.REJECT, Use.RETURN}
        assert set(row.used_in) == OTHERS.get(code, usual), code


def test_every_code_is_explained_in_a_sentence_with_its_source() -> None:
    assert all(row.code == code and row.meaning.endswith(".") for code, row in BY_CODE.items())
    assert len({row.meaning for row in BY_CODE.values()}) == len(BY_CODE)
    assert {row.source for row in BY_CODE.values()} == {
        "EPC173-14 v8.0", "ISO 20022 ExternalStatusReason1Code",
    }  # fmt: skip


def test_every_code_and_step_says_in_sentences_what_happens_to_all_four_things() -> None:
    for row in (*BY_CODE.values(), look_up("XX99"), look_up(None)):
        for step in NextStep:
            told = astuple(effects.of(row, step))
            assert len(told) == 4
            assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in told)


def test_what_the_customer_objects_to_is_disputed_and_what_nobody_knows_is_not() -> None:
    assert {code for code, row in BY_CODE.items() if row.objects} == {"CUST", "MD06", "MS02"}
    assert "disputed" in effects.of(look_up("MD06"), NextStep.DISPUTE).invoice
    assert "disputed" not in effects.of(look_up("NARR"), NextStep.DISPUTE).invoice
    assert "disputed" not in effects.of(look_up("XX99"), NextStep.DISPUTE).invoice


def test_a_death_stops_everything_whatever_a_creditor_would_like() -> None:
    assert [code for code, row in BY_CODE.items() if row.deceased] == ["MD07"]
    assert {code for code, row in BY_CODE.items() if row.fixed} == {"MD07"}
    assert "until a person" in effects.of(look_up("MD07"), NextStep.RETRY).customer


def test_no_creditor_can_have_these_tried_again_by_themselves() -> None:
    assert {code for code, row in BY_CODE.items() if row.never_retried or row.fixed} == {
        "AC04", "AM05", "CUST", "DUPL", "MD01", "MD06", "MD07", "MS02",
    }  # fmt: skip


def test_only_a_cause_on_the_customers_account_lets_the_banks_fee_be_charged_on() -> None:
    assert {code for code, row in BY_CODE.items() if row.fee_is_customers} == {
        "AC04", "AC06", "AG01", "AM04", "SL01",
    }  # fmt: skip


def test_what_is_our_fault_or_the_banks_counts_against_no_customer() -> None:
    counted = {code for code, row in BY_CODE.items() if row.blames_account}
    assert counted == {
        "AC01", "AC04", "AC06", "AC13", "AG01", "AM04", "BE01", "DNOR", "MD01", "MD06", "MD07", "MS02",
        "MS03", "SL01",
    }  # fmt: skip
    assert not any(BY_CODE[code].blames_account for code in STEPS[NextStep.OPERATIONS].split())
    assert not any(BY_CODE[code].blames_account for code in TECHNICAL.split())
    assert not look_up("XX99").blames_account


def test_a_masked_reason_is_tried_again_once() -> None:
    assert {code: row.most_retries for code, row in BY_CODE.items() if row.most_retries} == {"MS03": 1}


@pytest.mark.parametrize(("code", "kept"), [("XX99", "XX99"), ("am04", "am04"), ("", "none"), (None, "none")])
def test_an_unknown_code_keeps_its_value_and_asks_for_a_person(code: str | None, kept: str) -> None:
    found = look_up(code)
    assert (found.code, found.step, found.known) == (kept, NextStep.DISPUTE, False)


def test_a_refund_is_what_the_customer_asked_for() -> None:
    assert {"MD06"} == REFUNDS


def test_technical_codes_are_not_looked_for_in_free_text() -> None:
    assert frozenset(BY_CODE) - frozenset(TECHNICAL.split()) == IN_TEXTS
