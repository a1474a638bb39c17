"""Prefixed ids that sort by the time they were made: `inv_01h…`, `mnd_01h…`, `pay_01h…`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from typeid import TypeID
from typeid.base32 import encode
from typeid.errors import TypeIDException
from uuid_utils import uuid7

# What a person sees in a log line tells which table to look in. The prefixes are part of the outer contract.
PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "allocation": "all",
        "api_key": "key",
        "bank_account": "bac",
        "batch": "bat",
        "credit_note": "cdn",
        "creditor": "crd",
        "customer": "cus",
        "debit": "deb",
        "event": "evt",
        "invoice": "inv",
        "journal_entry": "ent",
        "line_rule": "rul",
        "mandate": "mnd",
        "mandate_amendment": "amd",
        "match": "mat",
        "match_run": "run",
        "matching_terms": "mtt",
        "payback_batch": "pbk",
        "payer_memory": "mem",
        "payment": "pay",
        "payment_block": "blk",
        "pre_notification": "ntc",
        "proposal": "prp",
        "refund": "ref",
        "reversal": "rvs",
        "statement": "stm",
        "statement_layout": "lay",
        "statement_file": "sfl",
        "statement_line": "lin",
        "status_report": "rep",
        "stored_file": "fil",
    }
)

_KNOWN = frozenset(PREFIXES.values())


def new_id(prefix: str) -> str:
    """A fresh id: `prefix`, an underscore and 26 characters of a UUID version 7 (TypeID 0.3).

    Ids made later sort later, to the millisecond. Raises ValueError unless `prefix` is one of PREFIXES.
    """
    if prefix not in _KNOWN:
        raise ValueError(f"{prefix!r} is no prefix of ids")
    return f"{prefix}_{encode(uuid7().bytes)}"  # a TypeID object takes three times as long


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the form of an id with this prefix; it says nothing about such a row existing."""
    try:
        return TypeID.from_string(text).prefix == prefix
    except TypeIDException:
        return False
