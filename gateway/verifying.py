"""All invariants of all floors, proved in one go and shown with their figures."""

from __future__ import annotations

from typing import Any

from exporters.invariants import INVARIANTS as FILES
from gateway.runtime import Runtime
from ledger import verify as books
from ledger.verify import Finding
from mandates.invariants import INVARIANTS as MANDATES
from reconciliation.invariants import INVARIANTS as STATEMENTS

INVARIANTS = (*books.INVARIANTS, *STATEMENTS, *MANDATES, *FILES)


def verify(runtime: Runtime) -> list[Finding]:
    """What every invariant says now, in one consistent view."""
    with runtime.sessions() as session:
        return list(books.run(session, INVARIANTS))


def as_json(finding: Finding) -> dict[str, Any]:
    """One finding for machines."""
    return {
        "invariant": finding.invariant.name, "sentence": finding.invariant.sentence,
        "figure": finding.figure, "unit": finding.invariant.unit,
        "breaches": finding.breaches, "holds": finding.holds,
    }  # fmt: skip
