"""A thin cover over lxml's incremental file writer, so that a format's code is indented like its XML."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from lxml import etree

from ledger.money import Money


class Elements:
    """Writes one element after the other; what is open is on the stack of `with` blocks and nowhere else."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._depth = 0

    @contextmanager
    def inside(self, *tags: str) -> Iterator[None]:
        """Opens the elements `tags`, each in the one before, for the time of a `with` block."""
        with ExitStack() as stack:
            for tag in tags:
                stack.enter_context(self._open(tag))
            yield

    def leaf(self, tag: str, text: str | None, **attributes: str) -> None:
        """`<tag>text</tag>`; nothing at all when the text is None, as optional elements are left out."""
        if text is None:
            return
        self._indent()
        with self._file.element(tag, attributes):
            self._file.write(text)

    def amount(self, tag: str, amount: Money | None) -> None:
        """The size of `amount` with its currency, always without a sign; nothing when it is None."""
        if amount is not None:
            self.leaf(tag, abs(amount).decimal(), Ccy=amount.currency)

    def sign(self, amount: Money) -> None:
        """`CdtDbtInd`: CRDT for money in, DBIT for money out."""
        self.leaf("CdtDbtInd", "DBIT" if amount.minor < 0 else "CRDT")

    def day(self, tag: str, on: date | None) -> None:
        """A date as a choice of `Dt` inside `tag`; nothing when it is None."""
        if on is not None:
            with self.inside(tag):
                self.leaf("Dt", on.isoformat())

    @contextmanager
    def _open(self, tag: str) -> Iterator[None]:
        self._indent()
        self._depth += 1
        with self._file.element(tag):
            yield
            self._depth -= 1
            self._indent()

    def _indent(self) -> None:
        self._file.write("\n" + "  " * self._depth)


@contextmanager
def document(stream: BinaryIO, *, message: str, root: str) -> Iterator[Elements]:
    """An ISO 20022 document of the version `message` (`camt.053.001.08`) with its `root` element open.

    UTF-8 with a declaration and the default namespace, as the Deutsche Kreditwirtschaft asks for.
    """
    namespace = f"urn:iso:std:iso:20022:tech:xsd:{message}"
    with etree.xmlfile(stream, encoding="UTF-8") as file:
        file.write_declaration()
        with file.element("Document", xmlns=namespace):
            elements = Elements(file)
            with elements.inside(root):
                yield elements
            file.write("\n")
    stream.write(b"\n")


def instant(at: datetime) -> str:
    """An aware instant as ISODateTime in UTC, to the second. Raises ValueError without a time zone."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
