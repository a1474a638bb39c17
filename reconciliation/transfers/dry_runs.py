"""What other terms would decide: the credits of a period looked at again with the terms in force and with others.

Nothing is written. A credit that was matched by itself is looked at as if it, and it alone, were not matched. Both
terms see the same books, so whatever is decided otherwise is due to the terms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger.errors import Rejected
from reconciliation.transfers import finding, terms
from reconciliation.transfers.candidates import Credit, credits_where
from reconciliation.transfers.certainty import STANDARD, Terms
from reconciliation.transfers.finding import Finding, Proposed
from reconciliation.transfers.reading import Reading

MOST_LINES = 20_000
_PART = 2_000  # lines looked at together

_OF_THE_PERIOD = (
    "accounts.creditor_id = :creditor_id AND lines.booked_on BETWEEN :since AND :until AND lines.amount_minor > 0 "
    "AND lines.held_at IS NULL"
)
_WAITING = f"{_OF_THE_PERIOD} AND lines.state IN ('new', 'unexplained', 'proposed')"
_MATCHED = (
    f"{_OF_THE_PERIOD} AND EXISTS (SELECT 1 FROM matches "  # noqa: S608 - put together from constants
    "WHERE matches.line_id = lines.id "
    "AND matches.undone_at IS NULL AND matches.rule = ANY(:rows))"
)
_GIVEN = text(
    """
    SELECT matches.line_id, given.invoice_id, given.credit_note_id, given.amount_minor, invoices.customer_id
    FROM matches
    JOIN match_parts AS parts ON parts.match_id = matches.id AND parts.kind = 'payment'
    JOIN LATERAL (
        SELECT invoice_id, credit_note_id, amount_minor FROM allocations
        WHERE payment_id = parts.object_id AND reversed_at IS NULL
        UNION ALL
        SELECT invoice_id, credit_note_id, amount_minor FROM allocations
        WHERE beside_payment_id = parts.object_id AND reversed_at IS NULL
    ) AS given ON true
    JOIN invoices ON invoices.id = given.invoice_id
    WHERE matches.line_id = ANY(:ids) AND matches.undone_at IS NULL
    """
)


class TooManyLines(Rejected):
    """The period has more credits than one dry run looks at."""


class Change(StrEnum):
    """How a credit would be decided otherwise: applied instead of waiting, the reverse, or read in another way."""

    APPLIED = "applied"
    WAITS = "waits"
    OTHERWISE = "otherwise"


@dataclass(frozen=True, slots=True)
class Decided:
    """What terms say of a credit: the row that its best reading meets, whether that is applied, and why."""

    row: str | None
    applied: Reading | None
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A credit that the terms decide otherwise; `is_matched` says that it has been matched by itself."""

    line_id: str
    booked_on: date
    amount_minor: int
    currency: str
    is_matched: bool
    before: Decided
    after: Decided

    @property
    def change(self) -> Change:
        if self.before.applied is None:
            return Change.APPLIED
        return Change.WAITS if self.after.applied is None else Change.OTHERWISE


@dataclass(frozen=True, slots=True)
class DryRun:
    """How many credits of the period, both days included, were looked at, and which are decided otherwise."""

    since: date
    until: date
    matched_lines: int
    waiting_lines: int
    differences: tuple[Difference, ...]

    def count(self, change: Change) -> int:
        """How many credits are decided otherwise in this manner."""
        return sum(one.change == change for one in self.differences)


def last_month(today: date) -> tuple[date, date]:
    """The first and last day of the month before the one of `today`."""
    until = today.replace(day=1) - timedelta(days=1)
    return until.replace(day=1), until


def dry_run(session: Session, creditor_id: str, wanted: Terms, *, since: date, until: date) -> DryRun:
    """What `wanted` would decide otherwise than the terms in force, of the credits booked from `since` to `until`.

    Looked at are those that wait, and those that a row matched by itself; never what a person has decided. Credits are
    looked at one by one: of several that want the same invoice only one would get it. Raises UnreadableTerms, and
    TooManyLines above MOST_LINES credits.
    """
    terms.require_sound(wanted)
    period = {"creditor_id": creditor_id, "since": since, "until": until}
    waiting = credits_where(session, _WAITING, **period)
    matched = credits_where(session, _MATCHED, **period, rows=_rows_ever(session, creditor_id))
    if len(waiting) + len(matched) > MOST_LINES:
        raise TooManyLines(
            f"The period has {len(waiting) + len(matched)} credits; a dry run looks at {MOST_LINES} at most.",
            field="since",
        )
    both = (terms.of(session, creditor_id), wanted)
    found = [
        *(one for part in _parts(waiting) for one in _compared(session, part, both, {}, is_matched=False)),
        *_of_matched(session, matched, both),
    ]
    found.sort(key=lambda one: (one.booked_on, one.line_id))
    return DryRun(since, until, len(matched), len(waiting), tuple(found))


def _rows_ever(session: Session, creditor_id: str) -> list[str]:
    """The names of all rows by which a credit of the creditor can have been matched."""
    names = {row.name for row in STANDARD}
    for kept in session.scalars(terms.history(creditor_id)):
        names |= {row["name"] for row in kept.content["rows"]}
    return sorted(names)


def _of_matched(
    session: Session, matched: Sequence[Credit], both: tuple[Terms, Terms]
) -> Iterator[Difference]:
    """In rounds, so that no customer has two credits in one: only what the one gave is open again."""
    given, customers = _given(session, [credit.id for credit in matched])
    rounds: dict[int, list[Credit]] = defaultdict(list)
    had: dict[str, int] = defaultdict(int)
    for credit in matched:
        own = customers[credit.id]
        turn = max((had[customer] for customer in own), default=0)
        had.update((customer, turn + 1) for customer in own)
        rounds[turn].append(credit)
    for turn in sorted(rounds):
        for part in _parts(rounds[turn]):
            back: dict[str, int] = defaultdict(int)
            for credit in part:
                for object_id, minor in given[credit.id].items():
                    back[object_id] += minor
            yield from _compared(session, part, both, back, is_matched=True)


def _given(
    session: Session, line_ids: Sequence[str]
) -> tuple[Mapping[str, Mapping[str, int]], Mapping[str, set[str]]]:
    """By line id what was given to each invoice and taken from each credit note, and the customers they belong to."""
    given: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    customers: dict[str, set[str]] = defaultdict(set)
    for row in session.execute(_GIVEN, {"ids": list(line_ids)}):
        given[row.line_id][row.invoice_id] += row.amount_minor
        if row.credit_note_id is not None:
            given[row.line_id][row.credit_note_id] += row.amount_minor
        customers[row.line_id].add(row.customer_id)
    return given, customers


def _parts(some: Sequence[Credit]) -> Iterator[Sequence[Credit]]:
    return (some[at : at + _PART] for at in range(0, len(some), _PART))


def _compared(
    session: Session,
    part: Sequence[Credit],
    both: tuple[Terms, Terms],
    given_back: Mapping[str, int],
    *,
    is_matched: bool,
) -> Iterator[Difference]:
    rejected = finding.rejected_readings(session, [credit.id for credit in part])
    before, after = (
        finding.find(
            session,
            part,
            terms={credit.creditor_id: one for credit in part},
            rejected=rejected,
            given_back=given_back,
        )
        for one in both
    )
    for credit, old, new in zip(part, before, after, strict=True):
        if _reading(old) != _reading(new):
            facts = (credit.id, credit.booked_on, credit.amount_minor, credit.currency, is_matched)
            yield Difference(*facts, _decided(old), _decided(new))


def _reading(found: Finding) -> str | None:
    return None if found.certain is None else found.certain.reading.digest


def _decided(found: Finding) -> Decided:
    if found.certain is not None:
        return Decided(found.row, found.certain.reading, _sentences([found.certain]))
    met = found.proposals[0].certainty if found.proposals else None
    left = (f"Row {met} is left to a person.",) if met is not None else ()
    return Decided(met, None, (*left, found.because))


def _sentences(some: Iterable[Proposed]) -> tuple[str, ...]:
    return tuple(support.sentence for one in some for support in one.supports)
