"""The customers of an invented creditor: consumers, families, namesakes, companies, parents and their children."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from benchmarks.cash import names
from benchmarks.cash.facts import Customer

_LINES_A_CUSTOMER = 6
_FEWEST = 80
_COUNTRY = {"de": "DE", "en": "GB", "fr": "FR", "nl": "NL", "it": "IT"}
_PRICES = (9_99, 14_90, 19_99, 24_90, 29_99, 39_00, 49_90, 59_00, 79_00, 119_00)
_TERMS = (
    (10, Decimal(2)),
    (10, Decimal(2)),
    (14, Decimal(2)),
    (14, Decimal(3)),
    (10, Decimal(3)),
    (8, Decimal(2)),
)


def gathered(rng: Random, *, lines: int) -> list[Customer]:
    """As many customers as pay `lines` a year, about half of them companies; the same for the same `rng`."""
    crowd: list[Customer] = []
    taken = rng.randrange(10_000, 60_000)
    for index in range(max(_FEWEST, lines // _LINES_A_CUSTOMER)):
        taken += rng.randrange(1, 4)
        crowd.append(
            _company(rng, index, taken, crowd) if rng.random() < 0.45 else _consumer(rng, index, taken, crowd)
        )
    return crowd


def iban(country: str, number: int) -> str:
    """An IBAN of an invented bank with valid check digits (ISO 13616); a different one for each number."""
    bban = {"DE": "99999999", "GB": "XBNK999999", "FR": "9999999999", "NL": "XBNK", "IT": "X9999999999"}.get(
        country, "99999"
    ) + f"{number:0{_DIGITS.get(country, 12)}d}"  # fmt: skip
    as_digits = "".join(str(int(sign, 36)) for sign in f"{bban}{country}00")
    return f"{country}{98 - int(as_digits) % 97:02d}{bban}"


_DIGITS = {"DE": 10, "GB": 8, "FR": 13, "NL": 10, "IT": 12}


def _consumer(rng: Random, index: int, taken: int, crowd: list[Customer]) -> Customer:
    """A person: sometimes the namesake of another, or one of a family with one account."""
    language = rng.choice(names.LANGUAGES)
    name, account = names.person(rng, language), iban(_COUNTRY[language], index + 1)
    luck = rng.random()
    other = rng.choice(crowd) if crowd else None
    if other is not None and not other.is_company and luck < 0.06:
        language = other.language
        if luck < 0.025:
            name = other.name
        else:
            name, account = names.person(rng, language, other.name.partition(" ")[2]), other.account
    return Customer(
        index=index, number=_number(taken, index), name=name, language=language, country=_COUNTRY[language],
        is_company=False, account=account, is_known=rng.random() < 0.5,
        subscription_minor=rng.choice(_PRICES) if rng.random() < 0.5 else None,
    )  # fmt: skip


def _company(rng: Random, index: int, taken: int, crowd: list[Customer]) -> Customer:
    """A company: some have a discount, some a parent that pays for them, some sit abroad."""
    language = rng.choice(names.LANGUAGES)
    days, percent = rng.choice(_TERMS) if rng.random() < 0.35 else (None, None)
    parents = [one for one in crowd[-60:] if one.is_company and one.parent is None]
    parent = rng.choice(parents) if parents and rng.random() < 0.1 else None
    name = names.company(rng, language)
    if parent is not None and rng.random() < 0.4:  # a daughter with her mother's name
        name = f"{parent.name.partition(' ')[0]} {name.partition(' ')[2]}"
    country = rng.choice(("US", "CH")) if language == "en" and rng.random() < 0.4 else _COUNTRY[language]
    return Customer(
        index=index, number=_number(taken, index), name=name, language=language, country=country,
        is_company=True, account=iban(country, index + 1), is_known=rng.random() < 0.55,
        subscription_minor=rng.choice(_PRICES) if rng.random() < 0.08 else None,
        discount_days=days, discount_percent=percent, parent=None if parent is None else parent.index,
    )  # fmt: skip


def _number(taken: int, index: int) -> str:
    return f"D{taken}" if index % 2 else f"{taken}"
