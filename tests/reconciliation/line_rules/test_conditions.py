"""Conditions of rules: what each takes, what is refused, and how they are told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Rejected
from reconciliation.line_rules import conditions
from reconciliation.line_rules.conditions import Facts, UnreadableRule


def facts(**said: Any) -> Facts:
    known: dict[str, Any] = {
        "remittance": "Entgelt  Kontoführung\n11/2026", "counterparty_name": "Stadtwerke Müller GmbH",
        "counterparty_account": "DE02 1203 0000 0000 2020 51", "transaction_code": "PMNT/RCDT/ESCT",
        "amount_minor": -490, "currency": "EUR", "bank_account_id": "bac_01jz3q5v9yfk2a8m4t6w7x1c0d",
    }  # fmt: skip
    return conditions.facts(**{**known, **said})


def holds(*rows: dict[str, Any], **said: Any) -> bool:
    telling = {"field": "transaction_code", "how": "begins", "value": "PMNT"}
    return conditions.all_of(conditions.read([telling, *rows]))(facts(**said))


def of(field: str, how: str, value: object) -> dict[str, Any]:
    return {"field": field, "how": how, "value": value}


@pytest.mark.parametrize(
    ("field", "how", "value", "expected"),
    [
        ("text", "contains", "kontoführung 11/2026", True),
        ("text", "contains", "KONTOFÜHRUNG", True),
        ("text", "contains", "Kontofuehrung", False),
        ("text", "begins", "entgelt konto", True),
        ("text", "begins", "konto", False),
        ("text", "equals", "Entgelt Kontoführung 11/2026", True),
        ("text", "equals", "Entgelt Kontoführung", False),
        ("text", "like", "entgelt*2026", True),
        ("text", "like", "entgelt*20?6", True),
        ("text", "like", "entgelt*2025", False),
        ("text", "like", "*konto*", True),
        ("text", "like", "konto*", False),
        ("text", "like", "entgelt kontoführung ??/????", True),
        ("counterparty_name", "contains", "müller", True),
        ("counterparty_name", "begins", "müller", False),
        ("counterparty_account", "equals", "DE02120300000000202051", True),
        ("counterparty_account", "begins", "DE02 1203", True),
        ("counterparty_account", "equals", "DE02120300000000202052", False),
        ("transaction_code", "begins", "PMNT/RCDT", True),
        ("transaction_code", "equals", "pmnt/rcdt/esct", True),
        ("transaction_code", "equals", "PMNT/RCDT", False),
        ("direction", "equals", "out", True),
        ("direction", "equals", "in", False),
        ("bank_account", "equals", "bac_01jz3q5v9yfk2a8m4t6w7x1c0d", True),
        ("bank_account", "equals", "bac_01jz3q5v9yfk2a8m4t6w7x1c0e", False),
    ],
)
def test_a_condition_holds_of_what_it_says(field: str, how: str, value: str, *, expected: bool) -> None:
    assert holds(of(field, how, value)) is expected


@pytest.mark.parametrize(
    ("low", "high", "currency", "expected"),
    [
        (490, 490, "EUR", True), (None, 490, "EUR", True), (490, None, "EUR", True), (0, 489, "EUR", False),
        (491, None, "EUR", False), (490, 490, "CHF", False),
    ],
)  # fmt: skip
def test_an_amount_is_between_its_bounds_in_its_currency_whatever_its_sign(
    low: int | None, high: int | None, currency: str, *, expected: bool
) -> None:
    row = {
        "field": "amount",
        "how": "between",
        "from_minor": low,
        "to_minor": high,
        "currency": currency,
    }
    assert holds(row) is expected
    assert holds(row, amount_minor=490) is expected


def test_all_conditions_must_hold() -> None:
    fee, out = of("text", "contains", "entgelt"), of("direction", "equals", "out")
    assert holds(fee, out)
    assert not holds(fee, of("direction", "equals", "in"))


def test_a_line_that_says_nothing_meets_no_condition_on_it() -> None:
    assert not holds(of("text", "contains", "entgelt"), remittance=None)
    assert not holds(of("counterparty_account", "begins", "DE"), counterparty_account=None)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [of("direction", "equals", "in")],
        [{"field": "amount", "how": "between", "from_minor": 1, "currency": "EUR"}],
        [of("text", "matches", "x+")],
        [of("text", "between", "entgelt")],
        [of("colour", "equals", "blue")],
        [of("text", "contains", "a")],
        [of("text", "contains", "   ")],
        [of("text", "contains", "x" * 141)],
        [of("text", "contains", "\x00abc")],
        [of("text", "contains", 12)],
        [of("text", "like", "*?*")],
        [of("text", "like", "ab" + "*" * 21)],
        [of("text", "equals", "abc"), of("direction", "equals", "sideways")],
        [of("text", "equals", "abc"), of("bank_account", "equals", "Main")],
        [{**of("text", "equals", "abc"), "currency": "EUR"}],
        [of("text", "equals", "abc"), {"field": "amount", "how": "between", "currency": "EUR"}],
        [of("text", "equals", "abc"), {"field": "amount", "how": "between", "from_minor": 5}],
        [
            of("text", "equals", "abc"),
            {"field": "amount", "how": "between", "from_minor": 5, "currency": "XX"},
        ],
        [
            of("text", "equals", "abc"),
            {"field": "amount", "how": "between", "from_minor": 5, "to_minor": 4, "currency": "EUR"},
        ],
        [
            of("text", "equals", "abc"),
            {"field": "amount", "how": "between", "from_minor": -5, "currency": "EUR"},
        ],
        [
            of("text", "equals", "abc"),
            {"field": "amount", "how": "between", "from_minor": True, "currency": "EUR"},
        ],
        [of("text", "equals", "abc")] * 21,
    ],
)
def test_what_cannot_be_understood_is_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(Rejected):
        conditions.read(rows)


def test_a_rule_that_would_take_customers_money_is_refused_in_words() -> None:
    with pytest.raises(UnreadableRule, match="it would take customers' money, too"):
        conditions.read([of("direction", "equals", "in")])


def test_what_is_written_is_read_again_as_it_was() -> None:
    rows = [
        of("text", "like", "entgelt*"),
        {"field": "amount", "how": "between", "from_minor": 1, "to_minor": None, "currency": "EUR"},
    ]
    read = conditions.read(rows)
    assert conditions.written(read) == rows
    assert conditions.read(conditions.written(read)) == read


def test_conditions_are_told_in_the_rules_own_words_without_account_numbers() -> None:
    rows = [
        of("text", "contains", "Entgelt"), of("counterparty_name", "begins", "Bank"),
        of("counterparty_account", "equals", "DE02120300000000202051"),
        of("transaction_code", "equals", "PMNT/MCOP/CHRG"), of("direction", "equals", "out"),
        {"field": "amount", "how": "between", "from_minor": 100, "to_minor": 100, "currency": "EUR"},
        {"field": "amount", "how": "between", "from_minor": 100, "to_minor": 500, "currency": "EUR"},
        {"field": "amount", "how": "between", "from_minor": None, "to_minor": 500, "currency": "EUR"},
        {"field": "amount", "how": "between", "from_minor": 100, "to_minor": None, "currency": "EUR"},
    ]  # fmt: skip
    assert conditions.sentences(conditions.read(rows)) == (
        'The text contains "Entgelt".',
        'The counterparty\'s name begins with "Bank".',
        "The counterparty's account is as the rule says.",
        'The code of the booking is "PMNT/MCOP/CHRG".',
        "Money went out.",
        "The amount is 1.00 EUR.",
        "The amount is between 1.00 EUR and 5.00 EUR.",
        "The amount is at most 5.00 EUR.",
        "The amount is at least 1.00 EUR.",
    )


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_a_pattern_takes_what_a_regular_expression_of_the_same_sense_takes(wild: str, text: str) -> None:
    plain = re.escape(wild).replace(r"\*", ".*").replace(r"\?", ".")
    assert conditions.pattern(wild)(text) is (re.fullmatch(plain, text) is not None)


def test_a_pattern_of_many_stars_is_asked_of_a_long_text_at_once() -> None:
    """A backtracking engine would need longer than the universe has been there."""
    assert not conditions.pattern("*".join("aaaaaaaaaaaaaaaaaaaa") + "*b")("a" * 20_000)
