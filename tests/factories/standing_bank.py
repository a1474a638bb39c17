"""A standing bank with one account of ours, and what it hands out, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from exporters.pain008.message import DirectDebitMessage
from gateway.sandbox.habits import Habits
from gateway.sandbox.standing_bank import Bank, Wish
from gateway.sandbox.statements import AnswerFile
from ledger.cut_offs import CutOff
from ledger.money import Money
from reconciliation.formats import camt
from reconciliation.statement import Account, Line, gather
from tests.factories import pain008
from tests.factories.pain008 import CREDITOR_IBAN

CAMT053, PAIN002 = "camt.053.001.08", "pain.002.001.10"
IN_TIME = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)  # the T2 day before COLLECT_ON, 11:00 in Berlin
TOO_LATE = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)  # 14:00 in Berlin
FIVE = pain008.many(5)
FIRST, SECOND, THIRD = "INV-2026-000001", "INV-2026-000002", "INV-2026-000003"
OPENING = 1_000_000


def a_bank(habits: Habits = Habits(), **changes: Any) -> Bank:
    plain: dict[str, Any] = {
        "account": Account(iban=CREDITOR_IBAN, currency="EUR"),
        "owner": "Musterwerk GmbH",
        "opening": Money(OPENING, "EUR"),
        "cut_off": CutOff(time=time(14), zone=ZoneInfo("Europe/Berlin"), extra_days=0, days_ahead=14),
        "seed": 1,
        "habits_on": lambda _on: habits,
    }
    return Bank(**(plain | changes))


def hand_in(
    bank: Bank,
    message: DirectDebitMessage = FIVE,
    *,
    at: datetime = IN_TIME,
    outcomes: Mapping[str, str] | None = None,
    **wishes: Any,
) -> Any:
    wish = Wish(outcomes=outcomes or {}, **wishes)
    return bank.hand_in(pain008.written(message), at=at, wishes=lambda _message: wish)


def lines(files: list[AnswerFile]) -> list[Line]:
    return [
        line
        for file in files
        if file.format == CAMT053
        for whole in gather(camt.read(BytesIO(file.content)))
        for line in whole.lines
    ]


def amounts(files: list[AnswerFile]) -> list[int]:
    return [line.amount.minor for line in lines(files)]


def to_the_end(bank: Bank, after: date = IN_TIME.date()) -> list[AnswerFile]:
    files, day = bank.close(after), after
    while (following := bank.next_day(day)) is not None:
        day = following
        files += bank.close(day)
    return files
