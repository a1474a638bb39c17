"""The ways in which banks and programs write the same date or amount, where only the whole file tells which one."""

from __future__ import annotations

from enum import StrEnum


class DateOrder(StrEnum):
    """In which order a date of numbers stands: day, month and year by their first letters."""

    DMY = "DMY"
    MDY = "MDY"
    YMD = "YMD"


class DecimalMark(StrEnum):
    """What stands before the decimals."""

    COMMA = ","
    POINT = "."
