"""Reads one transaction of the usual shape in one stroke; any other is left to whoever goes leaf by leaf."""

from __future__ import annotations

import re

_OPEN_LEAF = re.compile(r"<([A-Z][A-Z0-9.]*)>([^<]*)")
_CLOSED_LEAF = re.compile(r"<([A-Z][A-Z0-9.]*)>([^<]*)</\1>\s*(?=<|\Z)")

# What a transaction may hold besides leaves.
_PARTS = ("PAYEE", "BANKACCTTO", "CCACCTTO", "CURRENCY", "ORIGCURRENCY")


def usual(body: str) -> dict[str, str] | None:
    """The leaves between the tags of a STMTTRN by name, those of an aggregate within it as "PAYEE.NAME".

    None where it is not nothing but leaves and such aggregates, all leaves closed or none, and no two of a name.
    """
    return _flat(body) or _with_parts(body)


def _flat(body: str) -> dict[str, str] | None:
    """The leaves of a transaction if it is nothing but leaves, all closed or none, and no two of one name."""
    is_closed = "</" in body
    leaves = (_CLOSED_LEAF if is_closed else _OPEN_LEAF).findall(body)
    if len(leaves) * (1 + is_closed) != body.count("<") or not body.lstrip().startswith("<"):
        return None
    fields = dict(leaves)
    return fields if len(fields) == len(leaves) else None


def _with_parts(body: str) -> dict[str, str] | None:
    """The same for a transaction that has, besides its leaves, aggregates of nothing but leaves."""
    inner: dict[str, str] = {}
    for name in _PARTS:
        before, opened, rest = body.partition(f"<{name}>")
        if not opened:
            continue
        inside, closed, after = rest.partition(f"</{name}>")
        leaves = _flat(inside)
        if leaves is None or not closed or after.lstrip()[:1] not in ("", "<"):
            return None
        inner.update((f"{name}.{leaf}", text) for leaf, text in leaves.items())
        body = before + after
    fields = _flat(body) if inner else None
    return None if fields is None else fields | inner
