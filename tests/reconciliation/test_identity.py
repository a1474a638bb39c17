"""A booking is known again in other words; two are not taken for one where something tells them apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import Money
from reconciliation import identity
from reconciliation.identity import Facts, Known, Sighting, Told, agreement, recognise
from reconciliation.statement import Batch, Line, Party

DAY = date(2026, 11, 18)
IBAN, OTHER = "DE89370400440532013000", "DE02120300000000202051"


def line(minor: int = 1_250, **said: object) -> Line:
    plain: dict[str, object] = {"amount": Money(minor, "EUR"), "booked_on": DAY, "position": 1}
    return Line(**(plain | said))  # type: ignore[arg-type]


def known(one: Line, family: str = "camt.053", **more: object) -> Known:
    facts = identity.facts_of_line(one)
    day = DAY if more.get("same_day", True) else date(2026, 11, 17)
    seen = Sighting(family, facts.bank_reference, identity.digest(one, day))
    return Known(line_id="lin_1", facts=facts, source=family, sightings=[seen], **more)  # type: ignore[arg-type]


def told(one: Line, family: str = "camt.053") -> Told:
    return Told(identity.facts_of_line(one), identity.digest(one, DAY), family)


FULL = line(
    counterparty=Party(name="Anna Beispiel", iban=IBAN), remittance="Rechnung RE-2026-0815 vom 1. November",
    end_to_end_id="E2E-4711-0001", mandate_id="M-1", bank_reference="BANK2026111800001",
)  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (FULL, FULL),
        (FULL, replace(FULL, bank_reference="QUITE-ANOTHER-BANK-SYSTEM")),
        (FULL, line()),
        (FULL, line(remittance="Rechnung RE-2026-0815")),
        (FULL, line(remittance="GUTSCHRIFT Anna Beispiel RechnungRE-2026-0815vom1.November")),
        (FULL, line(end_to_end_id="E2E-4711-0001"[:12])),
        (line(counterparty=Party(iban=IBAN)), line(counterparty=Party(iban="0532013000"))),
        (
            line(counterparty=Party(name="Müller & Söhne GmbH")),
            line(counterparty=Party(name="MULLER & SOHNE")),
        ),
        (line(end_to_end_id="NOTPROVIDED"), FULL),
    ],
)
def test_two_sources_tell_of_one_booking_in_their_own_words(first: Line, second: Line) -> None:
    assert agreement(known(first, "camt.053"), told(second, "mt940")) is not None
    assert agreement(known(second, "mt940"), told(first, "camt.053")) is not None


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("end_to_end_id", "E2E-4711-0002"), ("mandate_id", "M-2"), ("reference", "RF18539007547034"),
        ("counterparty", Party(iban=OTHER)), ("remittance", "Rechnung RE-2026-0816 vom 1. November"),
        ("remittance", "Beitrag"), ("batch", Batch(payment_information_id="P-2")),
    ],
)  # fmt: skip
def test_what_is_surely_different_is_another_booking(change: str, value: object) -> None:
    first = replace(FULL, reference="RF712348231", batch=Batch(payment_information_id="P-1"))
    other = replace(first, bank_reference=None, **{change: value})
    assert agreement(known(first, "camt.053"), told(other, "mt940")) is None


def test_the_banks_own_reference_decides_within_a_family_of_formats() -> None:
    other = replace(FULL, bank_reference="BANK2026111800002")
    assert agreement(known(FULL), told(other)) is None
    assert agreement(known(FULL), told(other, "mt940")) is not None
    assert agreement(known(FULL), told(replace(other, bank_reference=None))) is not None


@pytest.mark.parametrize("number", ["1", "00000000", "12345", "NONREF", None, ""])
def test_a_running_number_within_a_file_is_no_reference(number: str | None) -> None:
    assert identity.strong_reference(number) == ""
    once, again = line(bank_reference=number), line(bank_reference="2")
    assert agreement(known(once, "ofx"), told(again, "ofx")) is not None


def test_within_a_family_other_words_are_another_booking() -> None:
    first, second = line(remittance="Rate 1 von 12"), line(remittance="Rate 2 von 12")
    assert agreement(known(first), told(second)) is None
    assert agreement(known(first, "csv"), told(second, "mt940")) is None
    named = line(counterparty=Party(name="Anna Beispiel")), line(counterparty=Party(name="Otto Muster"))
    assert agreement(known(named[0]), told(named[1])) is None
    assert agreement(known(named[0], "csv"), told(named[1], "mt940")) is None
    paid = [replace(one, counterparty=Party(name=one.counterparty.name, iban=IBAN)) for one in named]
    assert agreement(known(paid[0], "csv"), told(paid[1], "mt940")) == 0


def test_on_another_day_only_what_is_sure_is_the_same() -> None:
    assert (
        agreement(known(line(remittance="Danke"), same_day=False), told(line(remittance="Danke"), "csv"))
        is None
    )
    assert agreement(known(FULL, same_day=False), told(replace(FULL, valued_on=DAY), "csv")) is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("camt.053.001.08", "camt.053"), ("camt.052.001.02", "camt.052"), ("mt940", "mt940"),
        ("csv.sparkasse-camt", "csv"), ("ofx.102", "ofx"), ("qif", "qif"), ("bai2", "bai2"),
    ],
)  # fmt: skip
def test_a_family_is_a_format_without_its_version(name: str, expected: str) -> None:
    assert identity.family(name) == expected


def test_each_known_line_is_met_once() -> None:
    twins = [known(line(remittance="Beitrag")), known(line(remittance="Beitrag"))]
    three = [told(line(remittance="Beitrag"))] * 3
    assert recognise(twins, three) == {0: 0, 1: 1}


def test_equal_words_come_before_a_vague_agreement() -> None:
    vague, exact = known(line(), "ofx"), known(FULL)
    assert recognise([vague, exact], [told(FULL)]) == {0: 1}
    assert recognise([vague, exact], [told(line(), "mt940"), told(FULL)]) == {1: 1, 0: 0}


def test_as_many_as_can_be_are_known_again() -> None:
    """The vague line could be either one; the other can only be the first."""
    first, second = known(line(remittance="Rechnung 4711")), known(line(remittance="Rechnung 4712"))
    said = [told(line(), "ofx"), told(line(remittance="Rechnung 4711"), "ofx")]
    assert recognise([first, second], said) == {0: 1, 1: 0}
    assert recognise([second, first], said) == {0: 0, 1: 1}


def test_a_thousand_equal_amounts_are_told_apart_by_what_they_say() -> None:
    lines = [
        line(
            end_to_end_id=f"E2E-{number:08d}",
            counterparty=Party(name="X", iban=OTHER),
            remittance=f"R {number}",
        )
        for number in range(400)
    ]
    pairs = recognise([known(one) for one in lines], [told(one, "mt940") for one in reversed(lines)])
    assert pairs == {place: 399 - place for place in range(400)}
    silent = recognise([known(line(), "camt.053") for _ in lines], [told(line(), "mt940") for _ in lines])
    assert sorted(silent.values()) == list(range(400))


_SOME = st.builds(
    line,
    remittance=st.sampled_from([None, "Rechnung 4711", "Rechnung 4712", "Danke"]),
    end_to_end_id=st.sampled_from([None, "E2E-00000001", "E2E-00000002"]),
    bank_reference=st.sampled_from([None, "BANK-00001", "BANK-00002"]),
)


@given(st.lists(_SOME, max_size=6), st.permutations(range(6)))
def test_the_same_lines_in_any_order_are_all_known_again(lines: list[Line], order: list[int]) -> None:
    shuffled = [lines[place] for place in order if place < len(lines)]
    pairs = recognise([known(one) for one in lines], [told(one) for one in shuffled])
    assert len(pairs) == len(set(pairs.values())) == len(lines)


@given(st.lists(_SOME, max_size=5), st.lists(_SOME, max_size=5))
def test_no_line_is_used_twice_and_none_that_contradicts(stored: list[Line], said: list[Line]) -> None:
    before, after = [known(one) for one in stored], [told(one, "mt940") for one in said]
    pairs = recognise(before, after)
    assert len(set(pairs.values())) == len(pairs)
    assert all(agreement(before[pairs[place]], after[place]) is not None for place in pairs)


def test_a_digest_holds_every_fact() -> None:
    variants = [
        FULL, replace(FULL, remittance="other"), replace(FULL, bank_reference=None), replace(FULL, valued_on=DAY),
        replace(FULL, counterparty=Party(name="Anna Beispiel", iban=OTHER)), replace(FULL, return_reason="AC04"),
        replace(FULL, amount=Money(1_251, "EUR")), replace(FULL, amount=Money(1_250, "USD")),
    ]  # fmt: skip
    assert len({identity.digest(one, DAY) for one in variants}) == len(variants)
    assert identity.digest(FULL, DAY) != identity.digest(FULL, date(2026, 11, 19))
    assert len(identity.identity(identity.digest(FULL, DAY), 1)) == 40


def test_no_facts_contradict_nothing() -> None:
    assert identity.may_be_same(Facts(), identity.facts_of_line(FULL))
    assert Facts() == identity.NO_FACTS
