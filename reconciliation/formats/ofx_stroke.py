"""Reads one transaction of the usual shape in one stroke; any other is left to whoever goes leaf by leaf."""

from __future__ import annotations

import re

_OPEN_LEAF = re.compile(r"<([A-Z][A-Z0-9.]*)>([^<]*)")
_CLOSED_LEAF = re.compile(r"<([A-Z][A-Z0-9.]*)>([^<]*)</\1>\s*(?=<|\Z)")

# The leaves of nearly every transaction (OFX 1.6, section 11.4.2.1), and how each is closed.
_KNOWN = frozenset(
    "TRNTYPE DTPOSTED DTUSER DTAVAIL TRNAMT FITID CHECKNUM REFNUM NAME MEMO SIC SRVRTID".split()
)
_ENDS = {name: f"/{name}" for name in _KNOWN}

# What a transaction may hold besides leaves.
_PARTS = ("PAYEE", "BANKACCTTO", "CCACCTTO", "CURRENCY", "ORIGCURRENCY")


def usual(body: str) -> dict[str, str] | None:
    """The leaves between the tags of a STMTTRN by name, those of an aggregate within it as "PAYEE.NAME".

    None where it is not nothing but leaves and such aggregates, all leaves closed or none, and no two of a name.
    """
    return _known(body) or _flat(body) or _with_parts(body)


def _known(body: str) -> dict[str, str] | None:
    """The same for a transaction of nothing but the best known leaves, which needs no search for patterns.

    Names and texts take turns; where a stray `<` or `>` disturbs that, some text stands in the place of a name.
    """
    parts = body.replace(">", "<").split("<")
    step = 4 if "</" in body else 2
    names = parts[1::step]
    if not _KNOWN.issuperset(names) or len(parts) != step * len(names) + 1 or parts[0].strip():
        return None
    if step == 4 and ([*map(_ENDS.get, names)] != parts[3::4] or "".join(parts[4::4]).strip()):
        return None
    fields = dict(zip(names, parts[2::step]))  # noqa: B905 - as long as each other by the count of parts
    return fields if len(fields) == len(names) else None


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
