"""Opens a stored file with what is known of its account: its format, and the items that its reader gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from ledger.errors import Rejected
from reconciliation.formats import delimited, detect, qif
from reconciliation.formats.delimited import Layout
from reconciliation.formats.written import DateOrder
from reconciliation.statement import Item


class UnknownDateOrder(Rejected):
    """A date order is one of DMY, MDY and YMD."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a file beside its bytes: its account's currency, confirmed layouts, the order of its dates."""

    currency: str | None = None
    layouts: Sequence[Layout] = ()
    date_order: DateOrder | None = None


NOTHING = Known()


def open_file(stream: BinaryIO, known: Known = NOTHING) -> tuple[str, Iterator[Item]]:
    """The format's name, and the items of a seekable stream.

    Raises NotAStatement and UnreadableFile, the latter also while iterating.
    """
    format_name, reader = detect.identified(stream.read(detect.HEAD))
    stream.seek(0)
    if reader is delimited:
        return format_name, delimited.read(stream, layouts=known.layouts, currency=known.currency)
    if reader is qif:
        return format_name, qif.read(stream, currency=known.currency, date_order=known.date_order)
    return format_name, reader.read(stream)


def fragment(stream: BinaryIO, position: int, known: Known = NOTHING) -> bytes:
    """The bytes of the line at `position` of a file that was read before. Raises NoSuchLine."""
    _, reader = detect.identified(stream.read(detect.HEAD))
    stream.seek(0)
    if reader is delimited:
        return delimited.fragment(stream, position, layouts=known.layouts)
    return reader.fragment(stream, position)


def date_order(name: str | None) -> DateOrder | None:
    """The order of days and months by its name. Raises UnknownDateOrder."""
    try:
        return None if name is None else DateOrder(name)
    except ValueError:
        orders = ", ".join(order.value for order in DateOrder)
        raise UnknownDateOrder(f"A date order is one of {orders}.", field="date_order") from None
