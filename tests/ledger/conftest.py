"""On this floor nobody has read a statement yet: payments come out of suspense that no line accounts for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from exporters.invariants import INVARIANTS as EXPORTED
from ledger import database
from ledger.verify import INVARIANTS as BOOKS
from ledger.verify import run
from mandates.invariants import INVARIANTS as MANDATES
from reconciliation.invariants import INVARIANTS as RECONCILED


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on the test's database; whatever was committed must leave the books in order."""
    with database.sessions(engine)() as session:
        yield session
        session.rollback()
    assert broken_invariants(engine) - {"suspense_is_unexplained_lines"} == set()


def broken_invariants(engine: Engine) -> set[str]:
    """The names of the invariants that do not hold now."""
    with database.sessions(engine)() as session:
        findings = list(run(session, (*BOOKS, *MANDATES, *RECONCILED, *EXPORTED)))
    return {finding.invariant.name for finding in findings if not finding.holds}
