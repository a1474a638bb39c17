"""Counts the lines of one file that cannot be read, and gives up on a file that has too many of them."""

from __future__ import annotations

from reconciliation.formats.tally import Tally
from reconciliation.statement import RefusedLine, UnreadableFile

MOST_REFUSED = 1000  # with more of them a file is not what it claims to be


class Refusals:
    """The refused lines of all statements of one file."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, line: RefusedLine, tally: Tally) -> RefusedLine:
        """`line`, counted in the `tally` of its statement. Raises UnreadableFile beyond MOST_REFUSED."""
        self._count += 1
        if self._count > MOST_REFUSED:
            raise UnreadableFile(
                f"More than {MOST_REFUSED} lines of the file cannot be read.", line=line.line
            )
        tally.refuse(line)
        return line
