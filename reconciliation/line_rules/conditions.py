"""Conditions of a rule: what a line must say, read strictly, asked quickly, and told in sentences.

There are no regular expressions: one that is written without care can take longer than the life of the machine.
`like` takes `*` for any text and `?` for one character, and is found in one pass over the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from ledger.errors import Rejected
from ledger.identifiers import is_id
from ledger.money import Money, checked_currency
from ledger.texts import checked_text

LONGEST_VALUE = 140  # characters, as one line of a remittance has
SHORTEST_WORD = 2  # characters of a text that a rule looks for: a single letter stands everywhere
MOST_CONDITIONS = 20
MOST_WILDCARDS = 20


class UnreadableRule(Rejected):
    """A condition of a rule cannot be understood, or is no condition at all."""


class Field(StrEnum):
    """What of a line a condition looks at. Text is the remittance; an amount is looked at without its sign."""

    TEXT = "text"
    COUNTERPARTY_NAME = "counterparty_name"
    COUNTERPARTY_ACCOUNT = "counterparty_account"
    TRANSACTION_CODE = "transaction_code"
    AMOUNT = "amount"
    DIRECTION = "direction"
    BANK_ACCOUNT = "bank_account"


class How(StrEnum):
    """How a condition looks at it."""

    CONTAINS = "contains"
    BEGINS = "begins"
    EQUALS = "equals"
    LIKE = "like"
    BETWEEN = "between"


_OF_TEXTS = frozenset({How.CONTAINS, How.BEGINS, How.EQUALS, How.LIKE})
_OF_NUMBERS = frozenset({How.BEGINS, How.EQUALS})
_ALLOWED: Mapping[Field, frozenset[How]] = MappingProxyType(
    {
        Field.TEXT: _OF_TEXTS,
        Field.COUNTERPARTY_NAME: _OF_TEXTS,
        Field.COUNTERPARTY_ACCOUNT: _OF_NUMBERS,
        Field.TRANSACTION_CODE: _OF_NUMBERS,
        Field.AMOUNT: frozenset({How.BETWEEN}),
        Field.DIRECTION: frozenset({How.EQUALS}),
        Field.BANK_ACCOUNT: frozenset({How.EQUALS}),
    }
)

# One of these a rule must have: all others alone would take customers' money, too.
_TELLING = frozenset(
    {Field.TEXT, Field.COUNTERPARTY_NAME, Field.COUNTERPARTY_ACCOUNT, Field.TRANSACTION_CODE}
)
_KEYS = frozenset({"field", "how", "value"})
_AMOUNT_KEYS = frozenset({"field", "how", "from_minor", "to_minor", "currency"})
_NOUNS: Mapping[Field, str] = MappingProxyType(
    {
        Field.TEXT: "The text",
        Field.COUNTERPARTY_NAME: "The counterparty's name",
        Field.COUNTERPARTY_ACCOUNT: "The counterparty's account",
        Field.TRANSACTION_CODE: "The code of the booking",
    }
)
_VERBS: Mapping[How, str] = MappingProxyType(
    {How.CONTAINS: "contains", How.BEGINS: "begins with", How.EQUALS: "is", How.LIKE: "is like"}
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at in a line, folded once: texts in small letters and single blanks, numbers without blanks.

    `amount_minor` is signed as the line is.
    """

    text: str
    counterparty_name: str
    counterparty_account: str
    transaction_code: str
    amount_minor: int
    currency: str
    bank_account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition. Of an amount the bounds are minor units of `currency`, both included, None for no bound."""

    field: Field
    how: How
    value: str = ""
    from_minor: int | None = None
    to_minor: int | None = None
    currency: str = ""


Asked = Callable[[Facts], bool]


def facts(
    *,
    remittance: str | None,
    counterparty_name: str | None,
    counterparty_account: str | None,
    transaction_code: str | None,
    amount_minor: int,
    currency: str,
    bank_account_id: str,
) -> Facts:
    """What rules look at in a line with these columns."""
    return Facts(
        text=fold(remittance or ""), counterparty_name=fold(counterparty_name or ""),
        counterparty_account=_squeeze(counterparty_account or ""),
        transaction_code=_squeeze(transaction_code or ""),
        amount_minor=amount_minor, currency=currency, bank_account=bank_account_id,
    )  # fmt: skip


def fold(text: str) -> str:
    """A text as rules compare it: small letters, compatible forms of characters (NFKC), one blank between words."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _squeeze(number: str) -> str:
    return "".join(number.split()).upper()


# --- reading and writing ---


def read(rows: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """The conditions that `rows` say, each a JSON object; all of them must hold together.

    {"field": "text", "how": "contains", "value": "Entgelt"} or {"field": "amount", "how": "between",
    "from_minor": 100, "to_minor": null, "currency": "EUR"}. Raises UnreadableRule, UnreadableText or UnknownCurrency.
    """
    if not 1 <= len(rows) <= MOST_CONDITIONS:
        raise UnreadableRule(f"A rule has 1 to {MOST_CONDITIONS} conditions.", field="conditions")
    found = tuple(_read_one(row) for row in rows)
    if not any(one.field in _TELLING for one in found):
        raise UnreadableRule(
            "A rule needs a condition on the text, the counterparty or the code of the booking: "
            "without one it would take customers' money, too.",
            field="conditions",
        )
    return found


def _read_one(row: Mapping[str, Any]) -> Condition:
    field, how = _word(Field, row.get("field"), "field"), _word(How, row.get("how"), "how")
    if how not in _ALLOWED[field]:
        raise UnreadableRule(
            f"A condition on {field} asks {_listed(_ALLOWED[field])}, not {how}.", field="conditions"
        )
    keys = _AMOUNT_KEYS if field is Field.AMOUNT else _KEYS
    said = {name for name, value in row.items() if value is not None}
    if said - keys:
        raise UnreadableRule(f"A condition on {field} has only {_listed(keys)}.", field="conditions")
    return _amount(row) if field is Field.AMOUNT else _of_value(field, how, row.get("value"))


def _word(kind: type[Any], value: object, name: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise UnreadableRule(
            f"The {name} of a condition is one of {_listed(kind)}.", field="conditions"
        ) from None


def _listed(words: Any) -> str:
    return ", ".join(sorted(str(word) for word in words))


def _amount(row: Mapping[str, Any]) -> Condition:
    low, high = row.get("from_minor"), row.get("to_minor")
    for bound in (low, high):
        if bound is not None and (type(bound) is not int or not 0 <= bound < 2**63):
            raise UnreadableRule(
                "Bounds of an amount are whole minor units, not below zero: the sign is the direction.",
                field="conditions",
            )
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        raise UnreadableRule("An amount needs a bound, and the lower one first.", field="conditions")
    currency = row.get("currency")
    if not isinstance(currency, str):
        raise UnreadableRule("A condition on an amount names its currency.", field="conditions")
    checked_currency(currency, field="conditions")
    return Condition(field=Field.AMOUNT, how=How.BETWEEN, from_minor=low, to_minor=high, currency=currency)


def _of_value(field: Field, how: How, value: object) -> Condition:
    if not isinstance(value, str):
        raise UnreadableRule(f"A condition on {field} needs a text as its value.", field="conditions")
    checked_text(value, field="conditions", longest=LONGEST_VALUE)
    if field is Field.DIRECTION and value not in ("in", "out"):
        raise UnreadableRule("The direction is in or out.", field="conditions")
    if field is Field.BANK_ACCOUNT and not is_id(value, "bac"):
        raise UnreadableRule("A bank account is named by its id: bac_...", field="conditions")
    if how is How.LIKE:
        _check_pattern(value)
    elif len(fold(value)) < SHORTEST_WORD:
        raise UnreadableRule(
            f"What a rule looks for has at least {SHORTEST_WORD} characters.", field="conditions"
        )
    return Condition(field=field, how=how, value=value.strip())


def _check_pattern(pattern: str) -> None:
    wild = pattern.count("*") + pattern.count("?")
    if len(fold(pattern)) - wild < SHORTEST_WORD or wild > MOST_WILDCARDS:
        raise UnreadableRule(
            f"A pattern has at least {SHORTEST_WORD} characters besides * and ?, "
            f"and at most {MOST_WILDCARDS} of those.",
            field="conditions",
        )


def written(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """The JSON objects that `read` reads as these conditions."""
    return [
        {
            "field": str(one.field), "how": str(one.how), "from_minor": one.from_minor, "to_minor": one.to_minor,
            "currency": one.currency,
        }
        if one.field is Field.AMOUNT
        else {"field": str(one.field), "how": str(one.how), "value": one.value}
        for one in conditions
    ]  # fmt: skip


# --- asking ---


def all_of(conditions: Sequence[Condition]) -> Asked:
    """A question that is true of the facts for which every condition holds."""
    questions = tuple(_question(one) for one in conditions)
    return lambda line: all(question(line) for question in questions)


def _question(one: Condition) -> Asked:
    match one.field:
        case Field.AMOUNT:
            return _between(one)
        case Field.DIRECTION:
            return (
                (lambda line: line.amount_minor > 0)
                if one.value == "in"
                else (lambda line: line.amount_minor < 0)
            )
        case Field.BANK_ACCOUNT:
            return lambda line: line.bank_account == one.value
        case Field.TEXT:
            holds = _test(one.how, fold(one.value))
            return lambda line: holds(line.text)
        case Field.COUNTERPARTY_NAME:
            holds = _test(one.how, fold(one.value))
            return lambda line: holds(line.counterparty_name)
        case Field.COUNTERPARTY_ACCOUNT:
            holds = _test(one.how, _squeeze(one.value))
            return lambda line: holds(line.counterparty_account)
        case Field.TRANSACTION_CODE:
            holds = _test(one.how, _squeeze(one.value))
            return lambda line: holds(line.transaction_code)


def _between(one: Condition) -> Asked:
    low = 0 if one.from_minor is None else one.from_minor
    high = 2**63 if one.to_minor is None else one.to_minor
    return lambda line: line.currency == one.currency and low <= abs(line.amount_minor) <= high


def _test(how: How, value: str) -> Callable[[str], bool]:
    match how:
        case How.CONTAINS:
            return lambda text: value in text
        case How.BEGINS:
            return lambda text: text.startswith(value)
        case How.LIKE:
            return pattern(value)
        case _:
            return lambda text: text == value


def pattern(wild: str) -> Callable[[str], bool]:
    """Whether a whole text is like `wild`, where `*` stands for any text and `?` for one character.

    What stands between two stars is looked for once, leftmost first, so the time is at most the length of the text
    times that of the pattern.
    """
    first, *rest = (re.compile(re.escape(piece).replace(r"\?", "."), re.DOTALL) for piece in wild.split("*"))
    if not rest:
        return lambda text: first.fullmatch(text) is not None
    *between, last = rest
    shortest_end = len(wild.rsplit("*", 1)[1])

    def holds(text: str) -> bool:
        found = first.match(text)
        for piece in between:
            if found is None:
                return False
            found = piece.search(text, found.end())
        end = len(text) - shortest_end
        return found is not None and end >= found.end() and last.match(text, end) is not None

    return holds


# --- telling ---


def sentences(conditions: Sequence[Condition]) -> tuple[str, ...]:
    """What holds of a line that meets these conditions, in the rule's own words; an account is not repeated."""
    return tuple(_sentence(one) for one in conditions)


def _sentence(one: Condition) -> str:
    match one.field:
        case Field.AMOUNT:
            return _amount_sentence(one)
        case Field.DIRECTION:
            return "Money came in." if one.value == "in" else "Money went out."
        case Field.BANK_ACCOUNT:
            return "It is on the account that the rule is for."
        case Field.COUNTERPARTY_ACCOUNT:
            return "The counterparty's account is as the rule says."
        case _:
            return f'{_NOUNS[one.field]} {_VERBS[one.how]} "{one.value}".'


def _amount_sentence(one: Condition) -> str:
    low = None if one.from_minor is None else Money(one.from_minor, one.currency)
    high = None if one.to_minor is None else Money(one.to_minor, one.currency)
    if low is None:
        return f"The amount is at most {high}."
    if high is None:
        return f"The amount is at least {low}."
    return f"The amount is {low}." if low == high else f"The amount is between {low} and {high}."
