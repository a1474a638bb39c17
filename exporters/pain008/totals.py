"""What only a whole file shows: counts, sums, doubled identifiers, mixed schemes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exporters.pain008 import places
from exporters.pain008.fields import Part
from exporters.pain008.findings import Finding, Severity
from exporters.pain008.seen import Seen
from exporters.pain008.values import all_cents, cents

# Rule -> where it is written.
SOURCES = {
    "transaction_count": "EPC130-08 and EPC131-08, NbOfTxs at both levels; pain.002 reasons AM19 and AM20",
    "control_sum": "EPC130-08 and EPC131-08, CtrlSum at both levels; pain.002 reasons AM16 and AM17",
    "end_to_end_id_unique": "EPC130-08 and EPC131-08, EndToEndId",
    "payment_information_id_unique": "EPC130-08 and EPC131-08, PmtInfId",
    "creditor_identifier_given": "EPC130-08 and EPC131-08, CdtrSchmeId on the block or on every transaction",
    "one_scheme": "EPC016-06 and EPC222-07; pain.002 reason CH22",
}


@dataclass(slots=True)
class Tally:
    """Collections counted and their readable amounts added up, in EUR cents."""

    count: int = 0
    minor: int = 0

    def add(self, count: int, minor: int) -> None:
        self.count += count
        self.minor += minor


class Totals:
    """Takes a file's parts in order and yields what they say of each other; to be closed."""

    def __init__(self) -> None:
        self.whole = Tally()
        self._block = Tally()
        self._block_ids = Seen()
        self._end_to_end_ids = Seen()
        self._schemes: set[str] = set()
        self._names_creditor = False
        self._without_creditor = False

    def begin(self, block: Part) -> Iterator[Finding]:
        """A block begins: its identifier and its scheme."""
        self._block = Tally()
        self._names_creditor = places.BLOCK_CREDITOR_ID in block.fields
        self._without_creditor = False
        if self._block_ids.repeated([block.fields.get(places.BLOCK_ID) or ""]):
            yield _finding(
                "payment_information_id_unique",
                block,
                places.BLOCK_ID,
                "Another block of the file has this identifier.",
            )
        yield from self.scheme(block)

    def add(self, amounts: Sequence[str], end_to_end_ids: Sequence[str]) -> list[int]:
        """Collections of the block that began last: the positions of EndToEndIds that others had before.

        Those that have no EndToEndId, or say so, are left out of `end_to_end_ids`.
        """
        minor = sum(minor or 0 for minor in all_cents(tuple(amounts)))
        self.whole.add(len(amounts), minor)
        self._block.add(len(amounts), minor)
        return self._end_to_end_ids.repeated(end_to_end_ids)

    def one(self, transaction: Part) -> Iterator[Finding]:
        """A single collection, with all that it says of scheme and creditor."""
        fields = transaction.fields
        identifier = fields.get(places.END_TO_END_ID)
        given = [] if identifier in (None, places.NOT_PROVIDED) else [identifier or ""]
        if self.add([fields.get(places.AMOUNT) or ""], given):
            yield repeated_id(transaction)
        self.creditor(is_named=places.CREDITOR_ID in fields)
        yield from self.scheme(transaction)

    def creditor(self, *, is_named: bool) -> None:
        """Whether a collection names its creditor's identifier itself."""
        if not (is_named or self._names_creditor):
            self._without_creditor = True

    def scheme(self, part: Part) -> Iterator[Finding]:
        """The scheme that a block or a collection names."""
        scheme = part.fields.get(places.SCHEME)
        if scheme is None or scheme in self._schemes:
            return
        self._schemes.add(scheme)
        if len(self._schemes) > 1:
            yield _finding("one_scheme", part, places.SCHEME, "A file must not mix CORE and B2B collections.")

    def end(self, block: Part) -> Iterator[Finding]:
        """The block is over: what its head announced."""
        if self._without_creditor:
            yield _finding(
                "creditor_identifier_given",
                block,
                places.BLOCK_CREDITOR,
                "The creditor identifier is missing.",
            )
        yield from _announced(block, self._block)

    def finish(self, header: Part) -> Iterator[Finding]:
        """The file is over: what its header announced."""
        yield from _announced(header, self.whole)

    def close(self) -> None:
        """Let go of what was remembered."""
        self._block_ids.close()
        self._end_to_end_ids.close()


def repeated_id(transaction: Part) -> Finding:
    """Says of a collection that its EndToEndId was there before."""
    return _finding(
        "end_to_end_id_unique", transaction, places.END_TO_END_ID, "Another collection has this EndToEndId."
    )


def _announced(part: Part, tally: Tally) -> Iterator[Finding]:
    count, total = part.fields.get(places.COUNT), part.fields.get(places.SUM)
    if count is None or count.strip() != str(tally.count):
        yield _finding(
            "transaction_count",
            part,
            places.COUNT,
            f"There are {tally.count} transactions; the file says otherwise or nothing.",
        )
    if cents(total) != tally.minor:
        yield _finding(
            "control_sum", part, places.SUM, "The amounts do not add up to the control sum, or it is missing."
        )


def _finding(rule: str, part: Part, path: str, message: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.ERROR,
        path=f"{part.path}/{path}",
        transaction=part.fields.get(places.END_TO_END_ID),
        message=message,
    )
