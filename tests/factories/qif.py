"""Writes small QIF files: sections of records, each line a letter and its text."""

from __future__ import annotations


def record(
    amount: str = "12.50", on: str = "24/11/2026", *more: str, payee: str | None = "Anna Amsel"
) -> list[str]:
    """The lines of one booking; `more` are further ones, such as "MInvoice RE-1"."""
    return [f"D{on}", f"T{amount}", *([] if payee is None else [f"P{payee}"]), *more, "^"]


def account(name: str = "Girokonto", kind: str = "Bank", *more: str) -> list[str]:
    """The block that names the account of the section behind it."""
    return ["!Account", f"N{name}", f"T{kind}", *more, "^"]


def section(*records: list[str], kind: str = "Bank") -> list[str]:
    return [f"!Type:{kind}", *(line for one in records for line in one)]


def qif(*parts: list[str], line_end: str = "\n", encoding: str = "utf-8") -> bytes:
    """A file of sections and account blocks in this order."""
    return "".join(f"{line}{line_end}" for part in parts for line in part).encode(encoding)
