"""What only a whole file shows: counts, sums, doubled identifiers, mixed schemes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from exporters.pain008 import places
from exporters.pain008.fields import Fields, Part
from exporters.pain008.findings import Finding, Severity
from exporters.pain008.values import cents

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

    def add(self, minor: int | None) -> None:
        self.count += 1
        self.minor += minor or 0


@dataclass(slots=True)
class Totals:
    """Takes a file's parts in order and yields what they say of each other."""

    whole: Tally = field(default_factory=Tally)
    _block: Tally = field(default_factory=Tally)
    _block_ids: set[str] = field(default_factory=set)
    _end_to_end_ids: set[str] = field(default_factory=set)
    _schemes: set[str] = field(default_factory=set)
    _without_creditor: bool = False

    def begin(self, block: Part) -> Iterator[Finding]:
        """A block begins: its identifier and its scheme."""
        self._block = Tally()
        self._without_creditor = False
        identifier = block.fields.get(places.BLOCK_ID)
        if identifier in self._block_ids:
            yield _finding(
                "payment_information_id_unique",
                block,
                places.BLOCK_ID,
                "Another block of the file has this identifier.",
            )
        self._block_ids.add(identifier or "")
        yield from self._scheme(block)

    def add(self, transaction: Part, block: Fields) -> Iterator[Finding]:
        """A collection of the block that began last."""
        fields = transaction.fields
        minor = cents(fields.get(places.AMOUNT))
        self.whole.add(minor)
        self._block.add(minor)
        if places.BLOCK_CREDITOR_ID not in block and places.CREDITOR_ID not in fields:
            self._without_creditor = True
        identifier = fields.get(places.END_TO_END_ID)
        if identifier in self._end_to_end_ids:
            yield _finding(
                "end_to_end_id_unique",
                transaction,
                places.END_TO_END_ID,
                "Another collection has this EndToEndId.",
            )
        if identifier is not None and identifier != places.NOT_PROVIDED:
            self._end_to_end_ids.add(identifier)
        yield from self._scheme(transaction)

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

    def close(self, header: Part) -> Iterator[Finding]:
        """The file is over: what its header announced."""
        yield from _announced(header, self.whole)

    def _scheme(self, part: Part) -> Iterator[Finding]:
        scheme = part.fields.get(places.SCHEME)
        if scheme is None or scheme in self._schemes:
            return
        self._schemes.add(scheme)
        if len(self._schemes) > 1:
            yield _finding("one_scheme", part, places.SCHEME, "A file must not mix CORE and B2B collections.")


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
