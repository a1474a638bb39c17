"""What the simulated bank does with a collection: the reason codes it takes, and the day the money goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from exporters.pain008.message import DirectDebitMessage, Scheme
from gateway.sandbox.outcomes import (
    USES,
    Fate,
    ImpossibleOutcome,
    Kind,
    UnknownCollection,
    UnknownOutcome,
    decide,
)
from ledger.business_days import add_business_days, is_business_day
from tests.factories import pain008
from tests.factories.pain008 import COLLECT_ON, MADE_AT

NEVER = Decimal(0)


def only(scheme: Scheme = Scheme.CORE) -> DirectDebitMessage:
    return pain008.message(pain008.block(pain008.transaction(end_to_end_id="A"), scheme=scheme))


def fate(outcome: str, *, scheme: Scheme = Scheme.CORE, seed: int = 0) -> Fate:
    (decided,) = decide(only(scheme), outcomes={"A": outcome}, seed=seed, return_rate=NEVER)
    return decided


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ("AM04", Kind.RETURN),
        ("AC04", Kind.RETURN),
        ("AM04:late_return", Kind.LATE_RETURN),
        ("AM04:reject", Kind.REJECT),
        ("BE01", Kind.REJECT),
        ("MD06", Kind.REFUND),
        ("MD01", Kind.REFUND),
        ("MD01:return", Kind.RETURN),
    ],
)
def test_reason_code_says_when_the_money_comes_back(outcome: str, kind: Kind):
    assert fate(outcome).kind is kind
    assert fate(outcome).reason == outcome[:4]


def test_collection_wished_paid_is_paid_even_if_all_others_return():
    decided = decide(pain008.many(3), outcomes={"INV-2026-000002": "paid"}, seed=0, return_rate=Decimal(1))
    assert [each.kind is Kind.PAID for each in decided] == [False, True, False]
    assert decided[1].reason is None
    assert decided[1].known_on == COLLECT_ON


def test_business_scheme_returns_for_want_of_a_mandate_and_never_refunds():
    assert fate("MD01", scheme=Scheme.B2B).kind is Kind.RETURN
    for outcome in ("MD06", "MD01:refund"):
        with pytest.raises(ImpossibleOutcome, match="B2B scheme has no refund"):
            fate(outcome, scheme=Scheme.B2B)


@pytest.mark.parametrize("outcome", ["BE01:return", "MD06:reject", "AM04:refund", "AM04:paid"])
def test_outcome_the_rulebook_does_not_know_is_refused(outcome: str):
    with pytest.raises(ImpossibleOutcome):
        fate(outcome)


@pytest.mark.parametrize("outcome", ["ZZ99", "", "am04", "AM04:later", "returned", "zz:return"])
def test_unknown_outcome_is_refused(outcome: str):
    with pytest.raises(UnknownOutcome):
        fate(outcome)


def test_outcome_for_a_collection_that_is_not_in_the_file_is_refused():
    with pytest.raises(UnknownCollection, match="0 collections"):
        decide(only(), outcomes={"B": "AM04"}, seed=0, return_rate=NEVER)


def test_outcome_for_one_of_two_equal_collections_is_refused():
    block = pain008.block(pain008.transaction(end_to_end_id="A"), pain008.transaction(end_to_end_id="A"))
    with pytest.raises(UnknownCollection, match="2 collections"):
        decide(pain008.message(block), outcomes={"A": "AM04"}, seed=0, return_rate=NEVER)


@pytest.mark.parametrize("rate", ["-0.01", "1.01"])
def test_return_rate_outside_nought_to_one_is_refused(rate: str):
    with pytest.raises(ValueError, match="rate"):
        decide(only(), outcomes={}, seed=0, return_rate=Decimal(rate))


@pytest.mark.parametrize(("scheme", "last"), [(Scheme.CORE, 5), (Scheme.B2B, 3)])
def test_late_return_comes_on_the_last_day_of_its_scheme(scheme: Scheme, last: int):
    assert fate("AM04:late_return", scheme=scheme).known_on == add_business_days(COLLECT_ON, last)


@pytest.mark.parametrize(("scheme", "last"), [(Scheme.CORE, 5), (Scheme.B2B, 3)])
def test_return_comes_on_a_business_day_within_the_time_limit(scheme: Scheme, last: int):
    days = {fate("AM04", scheme=scheme, seed=seed).known_on for seed in range(200)}
    assert days == {add_business_days(COLLECT_ON, n) for n in range(1, last + 1)}


@pytest.mark.parametrize(("reason", "first", "last"), [("MD06", 1, 56), ("MD01", 57, 390)])
def test_refund_comes_weeks_later_and_within_its_window(reason: str, first: int, last: int):
    days = {fate(reason, seed=seed).known_on for seed in range(200)}
    assert len(days) > 20
    for day in days:
        assert is_business_day(day)
        assert COLLECT_ON + timedelta(days=first) < day
        assert day <= add_business_days(COLLECT_ON + timedelta(days=last), 2)


def test_reject_is_known_before_settlement():
    assert fate("AC01:reject").known_on == MADE_AT.date()
    late = replace(only(), created_at=MADE_AT + timedelta(days=30))
    (decided,) = decide(late, outcomes={"A": "AC01:reject"}, seed=0, return_rate=NEVER)
    assert decided.known_on == decided.settled_on == COLLECT_ON


def test_due_date_on_a_holiday_settles_on_the_next_business_day():
    message = pain008.message(pain008.block(collect_on=date(2027, 1, 1)))
    (decided,) = decide(message, outcomes={}, seed=0, return_rate=NEVER)
    assert decided.settled_on == date(2027, 1, 4)


def test_about_the_asked_share_comes_back_and_for_believable_reasons():
    decided = decide(pain008.many(4000), outcomes={}, seed=5, return_rate=Decimal("0.1"))
    reasons = Counter(each.reason for each in decided if each.reason)
    assert 320 <= reasons.total() <= 480
    assert reasons.most_common(1)[0][0] == "AM04"
    assert {each.kind for each in decided} == set(Kind)


def test_seeded_outcomes_are_ones_the_scheme_allows():
    message = pain008.message(replace(pain008.many(2000).blocks[0], scheme=Scheme.B2B))
    decided = decide(message, outcomes={}, seed=5, return_rate=Decimal(1))
    assert {each.kind for each in decided} == {Kind.RETURN, Kind.LATE_RETURN, Kind.REJECT}
    assert all(each.kind in USES[each.reason] for each in decided if each.reason)


def test_wish_for_one_collection_leaves_the_luck_of_the_others():
    message = pain008.many(500)
    plain = decide(message, outcomes={}, seed=3, return_rate=Decimal("0.3"))
    wished = decide(message, outcomes={"INV-2026-000007": "AC06"}, seed=3, return_rate=Decimal("0.3"))
    changed = [
        one.transaction.end_to_end_id for one, other in zip(plain, wished, strict=True) if one != other
    ]
    assert changed == ["INV-2026-000007"]


def test_code_that_no_guidance_lists_is_used_where_its_kind_is_said():
    decided = fate("ZZ99:return+3")
    assert (decided.kind, decided.reason) == (Kind.RETURN, "ZZ99")
    assert decided.known_on == add_business_days(COLLECT_ON, 3)
