"""The three camt messages about an account: their names, root elements and what each is for.

Source: ISO 20022 bank-to-customer cash management, camt.052, .053 and .054, versions 001.01 to 001.14.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from reconciliation.formats import xml
from reconciliation.statement import StatementKind

ENTRY = "Ntry"


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of camt message: its root element and the element of one statement within it."""

    name: str
    root: str
    statement: str
    kind: StatementKind


MESSAGES = (
    Message("camt.052", "BkToCstmrAcctRpt", "Rpt", StatementKind.REPORT),
    Message("camt.053", "BkToCstmrStmt", "Stmt", StatementKind.STATEMENT),
    Message("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn", StatementKind.NOTIFICATION),
)
GROUP = "GrpHdr"

# The first version wrote its number behind the name of the root element.
_BY_ROOT = {root: message for message in MESSAGES for root in (message.root, message.root + "V01")}
_VERSION = re.compile(r"(camt\.05[234])\.[0-9]{3}\.[0-9]{2}")


def named(names: Iterable[xml.Name]) -> str | None:
    """The camt version that the first elements of a file tell: by the root element, else by a namespace."""
    names = tuple(names)
    for name in names:
        if (message := _BY_ROOT.get(name.local)) is not None:
            return version(name.namespace, message)
    versions = (_VERSION.search(name.namespace) for name in names)
    return next((found[0] for found in versions if found is not None), None)


def version(namespace: str, message: Message) -> str:
    """Such as "camt.053.001.08"; only "camt.053" where the namespace does not tell."""
    found = _VERSION.search(namespace)
    return found[0] if found is not None and found[1] == message.name else message.name


def is_version(format_name: str) -> bool:
    return _VERSION.fullmatch(format_name) is not None


def message_of(element: etree._Element | None) -> Message | None:
    """Which message `element` is a statement of; None where it stands anywhere else."""
    parent = None if element is None else element.getparent()
    if element is None or parent is None:
        return None
    return statement_at(xml.Name.of(parent).local, xml.Name.of(element).local)


def statement_at(root: str, name: str) -> Message | None:
    """The message whose statements are elements of `name` directly below elements of name `root`."""
    message = _BY_ROOT.get(root)
    return message if message is not None and message.statement == name else None
