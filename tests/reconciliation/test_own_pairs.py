"""Which legs are of one transfer: by table, and whatever their order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.own_pairs import DAYS_APART, Leg, fit, pair

DAY = date(2026, 11, 18)
OUT = Leg(
    line_id="lin_1", account_id="main", names=frozenset({"savings"}), amount_minor=-500, currency="EUR",
    booked_on=DAY, end_to_end_id="", text="",
)  # fmt: skip
IN = replace(OUT, line_id="lin_2", account_id="savings", names=frozenset({"main"}), amount_minor=500)
SILENT: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("out", "back", "expected"),
    [
        (OUT, IN, True),
        (OUT, replace(IN, names=SILENT), True),
        (replace(OUT, names=SILENT), IN, True),
        (replace(OUT, names=SILENT), replace(IN, names=SILENT), False),
        (OUT, replace(IN, names=frozenset({"third"})), False),
        (replace(OUT, names=frozenset({"third"})), replace(IN, names=SILENT), False),
        (OUT, replace(IN, account_id="third"), False),
        (OUT, replace(IN, account_id="main"), False),
        (OUT, replace(IN, amount_minor=501), False),
        (OUT, replace(IN, currency="CHF"), False),
        (OUT, replace(IN, booked_on=DAY + timedelta(days=DAYS_APART)), True),
        (OUT, replace(IN, booked_on=DAY + timedelta(days=DAYS_APART + 1)), False),
        (OUT, replace(IN, booked_on=DAY - timedelta(days=DAYS_APART)), True),
        (replace(OUT, end_to_end_id="E-1"), replace(IN, end_to_end_id="E-1"), True),
        (replace(OUT, end_to_end_id="E-1"), replace(IN, end_to_end_id="E-2"), False),
        (replace(OUT, end_to_end_id="E-1"), IN, True),
        (replace(OUT, text="uebertrag"), replace(IN, names=SILENT, text="svwz+uebertrag"), True),
        (replace(OUT, text="uebertrag"), replace(IN, names=SILENT, text="re-2026-0815"), False),
        (OUT, replace(IN, names=SILENT, text="re-2026-0815"), False),
        (replace(OUT, text="uebertrag"), replace(IN, text="gutschrift"), True),
    ],
)
def test_two_legs_fit_or_do_not(out: Leg, back: Leg, *, expected: bool) -> None:
    assert fit(out, back) is expected


def ids(*legs: Leg) -> tuple[set[tuple[str, str]], set[str]]:
    found = pair(legs)
    return {(out.line_id, back.line_id) for out, back in found.pairs}, set(found.unclear)


def test_several_that_fit_equally_are_left() -> None:
    later = replace(IN, line_id="lin_3", booked_on=DAY + timedelta(days=1))
    assert ids(OUT, replace(IN, booked_on=DAY + timedelta(days=2)), later) == (
        set(),
        {"lin_1", "lin_2", "lin_3"},
    )


def test_twins_of_one_day_are_left() -> None:
    assert ids(OUT, IN, replace(OUT, line_id="lin_3"), replace(IN, line_id="lin_4")) == (
        set(), {"lin_1", "lin_2", "lin_3", "lin_4"},
    )  # fmt: skip


def test_an_end_to_end_id_of_both_tells_twins_apart() -> None:
    first, second = replace(OUT, end_to_end_id="E-1"), replace(OUT, line_id="lin_3", end_to_end_id="E-2")
    legs = (
        first,
        second,
        replace(IN, end_to_end_id="E-2"),
        replace(IN, line_id="lin_4", end_to_end_id="E-1"),
    )
    assert ids(*legs) == ({("lin_1", "lin_4"), ("lin_3", "lin_2")}, set())


def test_a_transfer_of_every_day_is_told_by_its_day() -> None:
    legs = [
        replace(leg, line_id=f"{leg.line_id}-{day}", booked_on=DAY + timedelta(days=day))
        for leg in (OUT, IN)
        for day in range(3)
    ]
    assert ids(*legs) == ({(f"lin_1-{day}", f"lin_2-{day}") for day in range(3)}, set())


def test_a_transfer_of_every_day_of_which_one_leg_is_missing_is_left() -> None:
    legs = [
        replace(leg, line_id=f"{leg.line_id}-{day}", booked_on=DAY + timedelta(days=day))
        for leg in (OUT, IN)
        for day in range(3)
    ]
    pairs, unclear = ids(*legs[:-1])
    assert (pairs, len(unclear)) == (set(), 5)


def test_a_leg_alone_is_neither_paired_nor_unclear() -> None:
    assert ids(OUT) == (set(), set())


_LEGS = st.lists(
    st.builds(
        Leg,
        line_id=st.just(""),
        account_id=st.sampled_from("abc"),
        names=st.sampled_from(["", "a", "b", "c", "ab"]).map(frozenset),
        amount_minor=st.sampled_from([-2, -1, 1, 2]),
        currency=st.just("EUR"),
        booked_on=st.integers(0, 8).map(lambda days: DAY + timedelta(days=days)),
        end_to_end_id=st.sampled_from(["", "", "E-1", "E-2"]),
        text=st.sampled_from(["", "x"]),
    ),
    max_size=12,
).map(lambda legs: [replace(leg, line_id=f"lin_{place:02}") for place, leg in enumerate(legs)])


@given(_LEGS, st.randoms(use_true_random=False))
def test_the_order_of_legs_does_not_matter(legs: list[Leg], random: object) -> None:
    shuffled = list(legs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert pair(legs) == pair(shuffled)


@given(_LEGS)
def test_pairs_fit_use_each_leg_once_and_pairing_again_finds_nothing_new(legs: list[Leg]) -> None:
    found = pair(legs)
    used = [leg.line_id for two in found.pairs for leg in two]
    assert len(used) == len(set(used))
    assert all(fit(out, back) for out, back in found.pairs)
    assert not set(used) & found.unclear
    rest = [leg for leg in legs if leg.line_id not in used]
    assert ids(*rest)[0] == set()
