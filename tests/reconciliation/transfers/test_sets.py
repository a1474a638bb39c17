"""Sets of open items that add up to an amount: every fitting one is found, and two are never taken for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.transfers.sets import (
    MOST_ITEMS,
    MOST_SHOWN,
    MOST_STEPS,
    Found,
    Item,
    ItemSet,
    Part,
    Taken,
    Way,
    is_everything,
    is_oldest_first,
    search,
)

FIRST_DUE = date(2026, 1, 5)


def _item(place: int, full_minor: int, less_minor: int | None = None) -> Item:
    """The open item with the `place`-th due date; `less_minor` is what it is with its discount."""
    ways = [Way(full_minor)]
    if less_minor is not None:
        ways.append(Way(less_minor, Taken.DISCOUNTED))
    number = f"RE-{1000 + place}"
    return Item(f"inv_{place}", FIRST_DUE + timedelta(days=place), number, tuple(ways))


def _items(amounts: Iterable[int]) -> list[Item]:
    return [_item(place, amount) for place, amount in enumerate(amounts)]


def _keys(found: Found) -> list[tuple[int, ...]]:
    return [tuple(int(key.removeprefix("inv_")) for key in one.keys) for one in found.sets]


def _every_set(items: Sequence[Item], amount_minor: int) -> list[frozenset[tuple[str, Way]]]:
    """By trying them all: the sets that add up to the amount and hold an invoice."""
    fitting = []
    for ways in product(*((None, *item.ways) for item in items)):
        chosen = [(item, way) for item, way in zip(items, ways, strict=True) if way is not None]
        if any(item.is_invoice for item, _ in chosen) and amount_minor == sum(
            way.amount_minor for _, way in chosen
        ):
            fitting.append(frozenset((item.key, way) for item, way in chosen))
    return fitting


def _means_one(every: Sequence[frozenset[tuple[str, Way]]]) -> frozenset[tuple[str, Way]] | None:
    """The set that all of them hold, if there is one: what they have in common, where that fits itself."""
    if not every:
        return None
    common = frozenset.intersection(*every)
    return common if common in every else None


@pytest.mark.parametrize(
    ("amounts", "amount_minor", "sets", "unique"),
    [
        ([100, 250, 700], 350, [(0, 1)], True),
        ([100, 250, 700], 1050, [(0, 1, 2)], True),
        ([100, 250, 700], 700, [(2,)], True),
        ([100, 250, 700], 600, [], False),
        ([100, 250, 350], 350, [(2,), (0, 1)], False),
        ([100, 100, 700], 100, [(0,), (1,)], False),
        ([100, 100, 700], 200, [(0, 1)], True),
        ([100, 100, 700], 900, [(0, 1, 2)], True),
        ([500, -200], 300, [(0, 1)], True),
        ([500, -200, 300], 300, [(2,), (0, 1)], False),
        ([500, 400, -200], 700, [(0, 1, 2)], True),
        ([-500, -200], 300, [], False),
        ([500, -200], -200, [], False),
        ([500, -500], 0, [], False),
        ([], 100, [], False),
    ],
)
def test_sets_are_found_and_two_that_fit_are_told_apart(
    amounts: list[int], amount_minor: int, sets: list[tuple[int, ...]], unique: bool
) -> None:
    found = search(_items(amounts), amount_minor)
    assert (_keys(found), found.unique, found.complete) == (sets, unique, True)


def test_an_invoice_that_its_own_credit_note_cancels_does_not_make_another_payment_doubtful() -> None:
    found = search(_items([5_000, 12_000, -12_000]), 5_000)
    assert (_keys(found), found.unique) == ([(0,)], True)


def test_a_credit_note_that_makes_another_invoice_fit_makes_it_doubtful() -> None:
    found = search(_items([5_000, 12_000, -12_000, 17_000]), 5_000)
    assert (_keys(found), found.unique) == ([(0,), (2, 3)], False)


def test_a_discount_is_taken_only_where_it_is_given() -> None:
    items = [_item(0, 10_000, 9_800), _item(1, 5_000)]
    found = search(items, 14_800)
    assert [part.way.taken for part in found.sets[0].parts] == [Taken.DISCOUNTED, Taken.FULL]
    assert found.unique
    assert search(_items([10_000, 5_000]), 14_800).sets == ()


def test_the_discount_of_one_of_two_equal_invoices_is_not_certain() -> None:
    found = search([_item(0, 10_000, 9_800), _item(1, 10_000, 9_800)], 19_800)
    assert not found.unique
    assert len(found.sets) == 2


def test_the_discount_of_both_of_two_equal_invoices_is_certain() -> None:
    assert search([_item(0, 10_000, 9_800), _item(1, 10_000, 9_800)], 19_600).unique


_AMOUNT = st.one_of(st.integers(1, 12), st.integers(-6, -1), st.integers(1, 3).map(lambda tens: tens * 10))
_WAYS = st.tuples(_AMOUNT, st.booleans())


@st.composite
def _some_items(draw: st.DrawFn, most: int = 8) -> list[Item]:
    drawn = draw(st.lists(_WAYS, max_size=most))
    return [
        _item(place, amount, amount - 1 if discounted and amount > 1 else None)
        for place, (amount, discounted) in enumerate(drawn)
    ]


@given(_some_items(), st.integers(1, 40))
def test_the_answer_is_that_of_trying_every_set(items: list[Item], amount_minor: int) -> None:
    found = search(items, amount_minor)
    every = _every_set(items, amount_minor)
    one = _means_one(every)
    shown = [frozenset((part.item.key, part.way) for part in chosen.parts) for chosen in found.sets]
    assert found.complete
    assert found.unique == (one is not None)
    assert set(shown) <= set(every)
    assert len(shown) == len(set(shown)) >= min(len(every), 1)
    if found.unique:
        assert shown == [one]


# Large amounts that add up to each other in many ways: sums are kept one by one, not as bits.
_RELATED = [3_000_017, 5_000_021, 8_000_038, 2_000_004, 11_000_055, -2_000_004, -3_000_017]


@given(
    st.lists(st.tuples(st.sampled_from(_RELATED), st.booleans()), min_size=1, max_size=8),
    st.sampled_from([amount - less for amount in _RELATED for less in (0, 50, 100) if amount > 0]),
)
def test_the_answer_for_large_amounts_is_that_of_trying_every_set(
    drawn: list[tuple[int, bool]], amount_minor: int
) -> None:
    items = [
        _item(place, amount, amount - 50 if discounted and amount > 0 else None)
        for place, (amount, discounted) in enumerate(drawn)
    ]
    found = search(items, amount_minor)
    every = _every_set(items, amount_minor)
    assert found.complete
    assert found.unique == (_means_one(every) is not None)
    assert bool(found.sets) == bool(every)


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=12), st.data())
def test_a_set_that_was_drawn_is_found_or_another_one_is(amounts: list[int], data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(range(len(amounts))), min_size=1))
    amount_minor = sum(amounts[place] for place in chosen)
    found = search(_items(amounts), amount_minor)
    every = _every_set(_items(amounts), amount_minor)
    assert found.complete
    assert found.unique == (len(every) == 1)
    assert len(found.sets) >= min(len(every), 2)


@given(_some_items(12), st.integers(1, 60), st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(items: list[Item], amount_minor: int, random: Random) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert search(shuffled, amount_minor) == search(items, amount_minor)


@given(_some_items(6), _some_items(4), st.integers(1, 40))
def test_more_open_items_never_make_one_certain_set_into_another(
    items: list[Item], more: list[Item], amount_minor: int
) -> None:
    before = search(items, amount_minor)
    added = [Item(f"more_{item.key}", item.due_on, item.number, item.ways) for item in more]
    after = search([*items, *added], amount_minor)
    if before.unique:
        assert not after.unique or after.sets == before.sets


@pytest.mark.parametrize(
    ("open_minor", "amount_minor", "unrelated"),
    [
        ([5_000, 7_000], 5_000, [99_900]),
        ([5_000, 7_000], 5_000, [5_000]),
        ([5_000, 7_000], 12_000, [12_000, 400]),
        ([5_000, 7_000], 12_000, [-1_000]),
        ([5_000, 7_000, -1_000], 11_000, [11_000]),
        ([5_000, 7_000, -1_000], 11_000, [-1_000]),
        ([2_990, 4_990], 2_990, [2_990] * 30),
        ([2_990, 4_990], 2_990, list(range(50_000, 80_000, 1_000))),
    ],
)
def test_unrelated_items_keep_a_certain_set_or_take_its_certainty(
    open_minor: list[int], amount_minor: int, unrelated: list[int]
) -> None:
    before = search(_items(open_minor), amount_minor)
    after = search(_items([*open_minor, *unrelated]), amount_minor)
    assert before.unique
    assert not after.unique or after.sets == before.sets


def _seven_digits(seed: int = 1) -> list[int]:
    random = Random(seed)
    return [random.randrange(1_000_000, 10_000_000) for _ in range(MOST_ITEMS)]


_POWERS = [2**place for place in range(MOST_ITEMS)]
_SMALL = [Random(place).randrange(500, 60_000) for place in range(MOST_ITEMS)]
_TWELVE_DIGITS = [Random(place).randrange(10**11, 10**12) for place in range(MOST_ITEMS)]


@pytest.mark.parametrize(
    ("amounts", "amount_minor", "unique", "complete"),
    [
        pytest.param([2_990] * 40, 29_900, False, True, id="ten of forty equal"),
        pytest.param([2_990] * 40, 119_600, True, True, id="all of forty equal"),
        pytest.param([2_990] * 40, 29_901, False, True, id="nothing of forty equal"),
        pytest.param(_POWERS, 0b1011 << 29 | 5, True, True, id="powers of two"),
        pytest.param(_SMALL, sum(_SMALL[::2]), False, True, id="half of forty small"),
        pytest.param(_SMALL, sum(_SMALL), True, True, id="all of forty small"),
        pytest.param(_SMALL, sum(_SMALL) - _SMALL[3], True, True, id="all but one of forty small"),
        pytest.param(_seven_digits(), sum(_seven_digits()), True, True, id="all of seven digits"),
        pytest.param(_seven_digits(), sum(_seven_digits()[7:9]), True, True, id="two of seven digits"),
        pytest.param(_seven_digits(), sum(_seven_digits()[::2]), False, False, id="half of seven digits"),
        pytest.param(_TWELVE_DIGITS, sum(_TWELVE_DIGITS[::2]), False, False, id="half of twelve digits"),
        pytest.param([-amount for amount in _SMALL], 5_000, False, True, id="credit notes only"),
        pytest.param([2_990, -2_990] * 20, 2_990, False, True, id="invoices and their credit notes"),
    ],
)
def test_hostile_amounts_stay_within_the_bound(
    amounts: list[int], amount_minor: int, unique: bool, complete: bool
) -> None:
    found = search(_items(amounts), amount_minor)
    assert (found.unique, found.complete) == (unique, complete)
    assert found.steps <= MOST_STEPS
    assert len(found.sets) <= MOST_SHOWN
    assert all(one.total_minor == amount_minor for one in found.sets)


@given(st.lists(st.integers(1, 10**9) | st.integers(-(10**6), -1), max_size=40), st.integers(1, 10**10))
def test_a_small_bound_is_kept_and_what_it_cuts_off_is_never_unique(amounts: list[int], amount: int) -> None:
    found = search(_items(amounts), amount, bound=500)
    assert found.steps <= 500
    assert found.complete or not found.unique


def test_more_items_than_are_searched_are_said_to_be_not_searched() -> None:
    amounts = [1_000 + place for place in range(MOST_ITEMS + 1)]
    found = search(_items(amounts), sum(amounts))
    assert (found.unique, found.complete, found.steps) == (False, False, 0)
    assert is_everything(_items(amounts), found.sets[0])


def test_the_oldest_invoices_are_shown_even_where_the_search_is_cut_off() -> None:
    amounts = _seven_digits()
    found = search(_items(amounts), sum(amounts[:20]))
    assert not found.complete
    assert is_oldest_first(_items(amounts), found.sets[0])


@pytest.mark.parametrize(
    ("places", "everything", "oldest"),
    [((0,), False, True), ((0, 1), False, True), ((1,), False, False), ((0, 2), False, False),
     ((0, 1, 2, 3), True, True), ((0, 1, 3), False, True), ((3,), False, False)],
)  # fmt: skip
def test_a_set_is_seen_to_be_everything_or_the_oldest(
    places: tuple[int, ...], everything: bool, oldest: bool
) -> None:
    items = _items([100, 200, 400, -50])
    amount = sum(items[place].ways[0].amount_minor for place in places)
    chosen = (
        search([items[place] for place in places], amount).sets[0] if amount > 0 else _alone(items[places[0]])
    )
    assert is_everything(items, chosen) is everything
    assert is_oldest_first(items, chosen) is oldest


def _alone(item: Item) -> ItemSet:
    return ItemSet((Part(item, item.ways[0]),))


@pytest.mark.parametrize("ways", [(), (Way(0),), (Way(5), Way(-5))])
def test_an_item_that_adds_nothing_is_a_mistake_of_the_caller(ways: tuple[Way, ...]) -> None:
    with pytest.raises(ValueError, match="every item needs ways"):
        search([Item("inv_1", FIRST_DUE, "RE-1", ways)], 5)


def test_one_item_given_twice_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="same key"):
        search([_item(1, 5), _item(1, 5)], 5)
