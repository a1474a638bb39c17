"""In how many ways amounts make a sum: one is found, two are told apart, and no search runs for ever."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.ways import TooManyWays, ways


@pytest.mark.parametrize(
    ("amounts", "total", "expected"),
    [
        ([100, 200, 400], 600, [(1, 2)]),
        ([100, 200, 400], 700, [(0, 1, 2)]),
        ([100, 200, 400], 500, [(0, 2)]),
        ([100, 200, 400], 50, []),
        ([100], 100, [(0,)]),
        ([], 100, []),
        ([100], 0, []),
        ([100, 200], 301, []),
    ],
)
def test_the_only_way_is_found(amounts: list[int], total: int, expected: list[tuple[int, ...]]) -> None:
    assert ways(amounts, total) == expected


def test_of_several_ways_two_are_given() -> None:
    assert len(ways([100, 100, 100], 100)) == 2
    assert len(ways([100, 200, 300], 300)) == 2
    assert len(ways([100, 100, 100], 100, most=9)) == 3


@given(st.lists(st.integers(1, 30), max_size=8), st.integers(1, 100))
def test_every_way_is_found_and_nothing_else(amounts: list[int], total: int) -> None:
    places = range(len(amounts))
    every = {
        chosen
        for size in range(1, len(amounts) + 1)
        for chosen in combinations(places, size)
        if sum(amounts[place] for place in chosen) == total
    }
    assert set(ways(amounts, total, most=1_000)) == every


def test_a_search_without_end_is_given_up() -> None:
    with pytest.raises(TooManyWays):
        ways([2 * number for number in range(1_000, 1_060)], 30_001)


def test_a_thousand_amounts_that_all_belong_are_quickly_read() -> None:
    amounts = list(range(1, 1_001))
    assert ways(amounts, sum(amounts)) == [tuple(range(1_000))]
