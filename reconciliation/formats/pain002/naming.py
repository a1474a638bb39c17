"""Recognises a bank's answer to a payment order (pain.002), and which kind of order it answers.

Source: ISO 20022 CustomerPaymentStatusReport, pain.002.001.03 to .14, and the national variants of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from reconciliation.formats import xml
from reconciliation.statement import UnreadableFile

NAME = "pain.002"
ROOTS = (
    "CstmrPmtStsRpt",
    "pain.002.001.02",
)  # the second is that of the second version and of DK's variant of it
_VERSION = re.compile(r"pain\.002\.[0-9]{3}\.[0-9]{2}")


class Order(StrEnum):
    """What a report answers: direct debits, transfers, reversals of debits, or what it does not say."""

    DEBITS = "debits"
    TRANSFERS = "transfers"
    REVERSALS = "reversals"
    OTHER = "other"
    UNSTATED = "unstated"


_ORDERS = {"pain.008": Order.DEBITS, "pain.001": Order.TRANSFERS, "pain.007": Order.REVERSALS}


def identify(head: bytes) -> str | None:
    """The version, such as "pain.002.001.10", if `head` begins a status report, else None.

    Where the namespace does not tell a version it is "pain.002".
    """
    try:
        return named(xml.opening(head))
    except UnreadableFile:
        return None


def named(names: Iterable[xml.Name]) -> str | None:
    """The version that the first elements of a file tell: by the root element, else by a namespace."""
    names = tuple(names)
    versions = (_VERSION.search(name.namespace) for name in names)
    version = next((found[0] for found in versions if found is not None), None)
    is_report = any(name.local == ROOTS[0] for name in names)
    return version or (NAME if is_report else None)


def answered(message_name: str | None) -> Order:
    """The kind of order that an OrgnlMsgNmId names: banks write it in full, in short or in capitals."""
    if message_name is None:
        return Order.UNSTATED
    return _ORDERS.get(message_name[:8].lower(), Order.OTHER)
