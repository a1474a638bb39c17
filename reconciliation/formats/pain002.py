"""Recognises a bank's answer to a payment order (pain.002), which is no statement and is handed on.

Source: ISO 20022 CustomerPaymentStatusReport, pain.002.001.03 to .14, and the national variants of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciliation.formats import xml
from reconciliation.statement import UnreadableFile

NAME = "pain.002"
_ROOT = "CstmrPmtStsRpt"
_VERSION = re.compile(r"pain\.002\.[0-9]{3}\.[0-9]{2}")


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
    is_report = any(name.local == _ROOT for name in names)
    return version or (NAME if is_report else None)
