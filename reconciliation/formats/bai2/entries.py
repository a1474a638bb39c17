"""One transaction of a BAI2 file as a Line: its type code, its amount, and the references and text behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bai2.constants import FundsType
from bai2.exceptions import NotSupportedYetException, ParsingException
from bai2.models import Record as LibraryRecord
from bai2.parsers import TransactionDetailParser

from ledger.money import Money
from reconciliation.formats.bai2 import values
from reconciliation.formats.bai2.values import Meaning
from reconciliation.formats.identifiers import creditor_reference
from reconciliation.statement import Line, LineStatus, UnreadableFile


class Oddity(StrEnum):
    """What can be strange about a transaction that is readable all the same."""

    TOTAL = "total"
    NO_MONEY = "no_money"


ODDITIES = {
    Oddity.TOTAL: "{} with the type code of a balance or a total, not counted.",
    Oddity.NO_MONEY: "{} that only informs, not counted.",
}


class _Detail(TransactionDetailParser):  # type: ignore[misc]  # the library has no types
    """The library's own reading, but for type codes that its table lacks and the standard leaves to the banks."""

    head_fields_config = (("type_code", str), ("amount", int), ("funds_type", FundsType))


class _At:
    """The place in the file that the library's parser asks for: one record, and no further one."""

    def __init__(self, fields: list[str]) -> None:
        self.current_record = LibraryRecord(_Detail.model.code, fields)

    def advance(self) -> None:
        """There is nothing behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction that is read: the line, whether it is a credit, and what the control total counts of it."""

    line: Line
    is_credit: bool


def transaction(
    fields: list[str],
    *,
    currency: str,
    booked_on: date,
    counts: bool,
    position: int,
    oddities: Counter[Oddity],
) -> Transaction:
    """The transaction of one record in an account kept in `currency`; of what only informs nothing `counts`.

    Raises UnreadableFile, without a line number, where its code, amount or day cannot be read.
    """
    code = fields[0].strip()
    means = values.meaning(code)
    size = _size(fields, means)
    detail = _detail(fields)
    status = _status(means, oddities) if counts else LineStatus.INFO
    text, customer = _text(detail.text), _text(detail.customer_reference)
    line = Line(
        amount=Money(-size if means.is_credit is False else size, currency),
        status=status,
        booked_on=booked_on,
        valued_on=_valued_on(detail),
        remittance=_remittance(text, customer),
        reference=None if customer is None else creditor_reference(customer),
        bank_reference=_text(detail.bank_reference),
        transaction_code=code,
        position=position,
    )
    return Transaction(line=line, is_credit=means.is_credit is not False)


def _size(fields: list[str], means: Meaning) -> int:
    """The amount, which the code gives its direction. Raises UnreadableFile."""
    size = values.amount(fields[1] if len(fields) > 1 else "", "The amount of a line")
    if size is None and means.is_credit is None:
        return 0  # a line of text only, which is no money
    if size is None:
        raise UnreadableFile("A line has no amount.")
    if size < 0:
        raise UnreadableFile("The amount of a line has a sign, but its type code says if money came or went.")
    return size


def _detail(fields: list[str]) -> _Detail:
    """What the library reads in a transaction. Raises UnreadableFile."""
    try:
        return _Detail(_At(_complete(fields)), check_integrity=False).parse()  # type: ignore[no-any-return]
    except (ValueError, LookupError, ParsingException, NotSupportedYetException):
        raise UnreadableFile("The day or the parts of a line's amount cannot be read.") from None


def _complete(fields: list[str]) -> list[str]:
    """All the fields the standard knows, for banks leave out the last ones, and of an amount's parts any."""
    size = values.availability(fields[2:])
    whole = [field.strip() for field in fields[: 5 + size]]
    whole += [""] * (5 + size - len(whole))
    if whole[2] == FundsType.value_dated.value:
        values.day(whole[3])
        whole[4] = ""  # the time of day, which no line has
    else:
        whole[3 : 3 + size] = [part or "0" for part in whole[3 : 3 + size]]
    return [*whole, *fields[5 + size :]]


def _status(means: Meaning, oddities: Counter[Oddity]) -> LineStatus:
    if means.is_credit is None:
        oddities[Oddity.NO_MONEY] += 1
    elif not means.is_detail:
        oddities[Oddity.TOTAL] += 1
    else:
        return LineStatus.BOOKED
    return LineStatus.INFO


def _valued_on(detail: _Detail) -> date | None:
    if detail.funds_type is not FundsType.value_dated:
        return None
    found = detail.availability["date"]
    return found if isinstance(found, date) else None


def _text(value: str | None) -> str | None:
    return None if value is None else " ".join(value.split()) or None


def _remittance(text: str | None, customer: str | None) -> str | None:
    """The text, and the customer's reference where the text does not repeat it and it is no structured one."""
    return " ".join(_pieces(text, customer)) or None


def _pieces(text: str | None, customer: str | None) -> Iterator[str]:
    if text is not None:
        yield text
    if customer is not None and customer not in (text or "").split() and creditor_reference(customer) is None:
        yield customer
