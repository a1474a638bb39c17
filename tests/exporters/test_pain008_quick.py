"""The quick ways of the rules say the same as the slow ones, for any text."""

from __future__ import annotations

import random
from datetime import date

import pytest
import schwifty
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.pain008 import seen
from exporters.pain008.findings import Setting, ValueRule, all_pass
from exporters.pain008.ibans import fault_of_iban
from exporters.pain008.profiles import SEPA_2025
from exporters.pain008.rules import BLOCK_RULES, HEADER_RULES, TRANSACTION_RULES
from exporters.pain008.values import cents
from ledger.banking import Iban, InvalidIban
from tests.factories.pain008 import iban, ibans, references, sepa_text

SETTING = Setting(SEPA_2025, date(2026, 11, 25), date(2026, 12, 2))
PATHS = (
    "PmtId/EndToEndId", "InstdAmt", "InstdAmt/@Ccy", "DrctDbtTx/MndtRltdInf/DtOfSgntr", "Dbtr/Nm",
    "DbtrAcct/Id/IBAN", "DbtrAgt/FinInstnId/BICFI", "DbtrAgt/FinInstnId/Othr/Id", "RmtInf/Ustrd", "Purp/Cd",
    "Dbtr/PstlAdr/TwnNm", "Dbtr/PstlAdr/Unknown",
)  # fmt: skip
VERDICTS = [
    (rule, path, rule.verdict(SETTING, path))
    for rule in dict.fromkeys((*HEADER_RULES, *BLOCK_RULES, *TRANSACTION_RULES))
    if isinstance(rule, ValueRule)
    for path in PATHS
    if rule.at(path)
]
TEXTS = st.one_of(
    st.text(),
    st.text(" \t\n\u00a0"),
    sepa_text(150),
    references(),
    ibans(),
    st.sampled_from(
        ["EUR", "NOTPROVIDED", "COBADEFF", "GDDS", "119.00", " 1.00", "2025-03-01", "2027-01-01"]
    ),
    st.sampled_from(["CH9300762011623852957", "BR1800360305000010009795493C1", "DEUTDEFF500", "0", "1.5"]),
)


def test_every_path_of_a_text_has_verdicts() -> None:
    assert {path for _, path, _ in VERDICTS} == set(PATHS)


@settings(deadline=None, max_examples=300)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_many_texts_pass_together_exactly_when_each_passes(texts: list[str]) -> None:
    for rule, path, verdict in VERDICTS:
        said = [verdict(text) for text in texts]
        assert all_pass(verdict)(texts) == (said == [None] * len(texts)), (rule.name, path)
        assert all(one is None or one.endswith(".") for one in said)


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_a_text_that_a_strict_rule_passes_gives_general_rules_nothing_to_say(text: str) -> None:
    for strict, path, verdict in VERDICTS:
        if strict.strict and verdict(text) is None:
            general = [each for rule, at, each in VERDICTS if rule.general and at == path]
            assert [each(text) for each in general] == [None] * len(general), (strict.name, path)


def test_general_rules_come_behind_the_strict_ones_that_spare_them() -> None:
    for table in (HEADER_RULES, BLOCK_RULES, TRANSACTION_RULES):
        general = [isinstance(rule, ValueRule) and rule.general for rule in table]
        assert general == sorted(general)


def slowly(text: str) -> str | None:
    try:
        return (
            None if Iban.parse(text).compact == text else "An IBAN is written in capitals and without blanks."
        )
    except InvalidIban as fault:
        return fault.message


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10_000), st.data())
def test_an_iban_of_any_country_is_told_as_by_the_registry(seed: int, data: st.DataObject) -> None:
    text = str(schwifty.IBAN.random(random=random.Random(seed)))
    assert fault_of_iban(text) is None
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("0189AZa ²٣"))
    for damaged in (
        text[:at] + other + text[at + 1 :],
        text[:at] + text[at + 1 :],
        text + "\n",
        text.lower(),
    ):
        assert fault_of_iban(damaged) == slowly(damaged)


@given(TEXTS)
def test_any_text_is_an_iban_exactly_when_the_registry_says_so(text: str) -> None:
    assert fault_of_iban(text) == slowly(text)


@pytest.mark.parametrize("digits", ["00", "01", "99"])
def test_check_digits_beyond_those_of_the_standard_are_wrong_though_they_fit_the_sum(digits: str) -> None:
    made = [iban(f"{number:018d}") for number in range(400)]
    of_same_rest = [text for text in made if (int(text[2:4]) - int(digits)) % 97 == 0]
    assert of_same_rest
    assert all(fault_of_iban("DE" + digits + text[4:]) for text in of_same_rest)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("0.01", 1), ("119.00", 11_900), ("119", 11_900), ("119.5", 11_950), (" 1.00 ", 100), ("007.00", 700),
     ("9999999999999999.99", 999_999_999_999_999_999)],
)  # fmt: skip
def test_an_amount_is_read_to_the_cent(text: str, minor: int) -> None:
    assert cents(text) == minor


@pytest.mark.parametrize(
    "text",
    ["", ".5", "1.", "1.234", "-1.00", "+1.00", "1,00", "1e2", "١.٠٠", "1.00\n1", None, "1" * 17 + ".00"],
)
def test_what_is_no_amount_is_none(text: str | None) -> None:
    assert cents(text) is None


@settings(deadline=None)
@given(st.lists(st.lists(st.text("abcé'\0", max_size=2), max_size=5), max_size=12), st.integers(0, 10))
def test_what_came_before_is_known_in_memory_and_on_disk(calls: list[list[str]], most: int) -> None:
    known, told = seen.Seen(most_in_memory=most), set()
    for texts in calls:
        expected = []
        for position, text in enumerate(texts):
            if text in told:
                expected.append(position)
            told.add(text)
        assert known.repeated(texts) == expected
    known.close()
