"""Writes a layout of a bank as a short table: a title a line, and behind "=" what its column tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciliation.formats.delimited.layout import Column, Layout
from reconciliation.formats.delimited.words import Role

BLANK = "(blank)"  # stands for a title that is empty or one blank


def profile(name: str, table: str, *, source: str, **facts: Any) -> Layout:
    """The layout of that table; `source` is where it was seen and when."""
    return Layout(name=name, columns=tuple(_columns(table)), source=source, **facts).checked()


def _columns(table: str) -> Iterator[Column]:
    for line in table.strip().splitlines():
        title, _, role = (part.strip() for part in line.partition(" = "))
        yield Column(title=" " if title == BLANK else title, role=Role(role) if role else None)
