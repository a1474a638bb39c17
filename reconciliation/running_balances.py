"""Which booking of a day is which, by the balance after each: so twins are told from repetitions.

Lines that agree in all facts are known again as long as nothing speaks against it, and a bank may book the same
payment twice. Where statements prove themselves, each line has a balance before and one after it. Listed in one
order, the bookings of a day lead from balance to balance without a break. If what several statements tell of a
day forms such a path, then every step of it is a booking of its own, whichever statements tell of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import audit, journal
from ledger.acts import Act
from ledger.database import expire_rows
from ledger.identifiers import new_id
from ledger.models import BankAccount
from reconciliation.booking import Sides
from reconciliation.identity import Facts, facts_of, may_be_same, strong_reference
from reconciliation.models import Fate, LineState

# Lines that move the balance of their account.
COUNTED = "lines.status = 'booked' AND NOT lines.provisional AND lines.currency = accounts.currency"

_STATEMENTS = """
SELECT count(*) FROM statements
WHERE bank_account_id = :account AND kind = 'statement' AND balanced AND closes_on >= :since
"""

# What statements that prove themselves say of the days that several of them tell of.
_TOLD = f"""
WITH told AS (
    SELECT lines.booked_on AS day, sightings.statement_id, sightings.position, sightings.line_id,
        lines.amount_minor AS minor, sightings.family, sightings.bank_reference,
        (lines.statement_id, lines.position) = (statements.id, sightings.position) AS is_home,
        CASE WHEN statements.descending
            THEN statements.closing_minor - sightings.moved_minor + lines.amount_minor
            ELSE statements.opening_minor + sightings.moved_minor
        END AS after,
        count(*) OVER (PARTITION BY lines.booked_on, sightings.statement_id) AS own,
        count(*) OVER (PARTITION BY lines.booked_on) AS every
    FROM statements
    JOIN line_sightings AS sightings ON sightings.statement_id = statements.id AND sightings.counts
    JOIN statement_lines AS lines ON lines.id = sightings.line_id
    JOIN bank_accounts AS accounts ON accounts.id = lines.bank_account_id
    WHERE statements.bank_account_id = :account AND statements.kind = 'statement' AND statements.balanced
    AND statements.closes_on >= :since
    AND lines.booked_on >= :since AND lines.amount_minor <> 0 AND {COUNTED}
)
SELECT day, statement_id, position, line_id, minor, after, is_home, family, bank_reference FROM told WHERE own < every
ORDER BY day, statement_id, position
"""  # noqa: S608 - put together from constants


@dataclass(slots=True)
class Step:
    """One booking on the way: the balance after it, and every mention of it in a statement."""

    minor: int
    after: int
    told: list[Any] = field(default_factory=list)

    @property
    def before(self) -> int:
        return self.after - self.minor

    @property
    def home(self) -> str | None:
        """The line that one of these mentions brought, if there is one."""
        return next((row.line_id for row in self.told if row.is_home), None)


@dataclass(frozen=True, slots=True)
class Path:
    """The bookings of a day in a row from the balance at its start; they add up to `minor`."""

    start: int
    places: Mapping[int, int]
    minor: int

    def place(self, balance: int) -> int | None:
        """How many bookings of the day lead to a balance; None where none does."""
        return 0 if balance == self.start and balance not in self.places else self.places.get(balance)


def separate(session: Session, account: BankAccount, since: date, *, act: Act) -> dict[date, Path]:
    """Give every booking of a day a line of its own; gives the days whose bookings are known in a row.

    Only days on or after `since` that several statements tell of are looked at.
    """
    session.flush()
    if (session.scalar(text(_STATEMENTS), {"account": account.id, "since": since}) or 0) < 2:
        return {}
    rows = session.execute(text(_TOLD), {"account": account.id, "since": since}).all()
    paths: dict[date, Path] = {}
    for day, told in groupby(rows, key=lambda row: row.day):
        mentions = list(told)
        steps = _steps(mentions)
        start = _start(steps)
        if start is None or _is_one_in_two(steps):
            continue
        lines = {row.line_id for row in mentions}
        if len(lines) < len(steps):
            if _stays_as_it_is(mentions, start):
                continue
            _assign(session, account, steps, act)
        paths[day] = Path(start, _places(steps, start), sum(step.minor for step in steps))
    return paths


# --- the path ---


def _steps(rows: Sequence[Any]) -> list[Step]:
    """The different bookings. One that a statement lists twice at one balance is two."""
    found: dict[tuple[int, int, int], Step] = {}
    seen: Counter[tuple[str, int, int]] = Counter()
    for row in rows:
        seen[row.statement_id, row.minor, row.after] += 1
        key = (row.minor, row.after, seen[row.statement_id, row.minor, row.after])
        found.setdefault(key, Step(row.minor, row.after)).told.append(row)
    return list(found.values())


def _start(steps: Sequence[Step]) -> int | None:
    """The balance from which one way leads through all steps, or None where there is no such way (Euler 1736)."""
    leaving: Counter[int] = Counter()
    for step in steps:
        leaving[step.before] += 1
        leaving[step.after] -= 1
    uneven = {balance: surplus for balance, surplus in leaving.items() if surplus}
    if sorted(uneven.values()) != [-1, 1] or not _is_connected(steps):
        return None
    return next(balance for balance, surplus in uneven.items() if surplus == 1)


def _is_connected(steps: Sequence[Step]) -> bool:
    near: dict[int, set[int]] = defaultdict(set)
    for step in steps:
        near[step.before].add(step.after)
        near[step.after].add(step.before)
    reached, waiting = set(), [steps[0].before]
    while waiting:
        balance = waiting.pop()
        if balance not in reached:
            reached.add(balance)
            waiting += near[balance]
    return len(reached) == len(near)


def _places(steps: Sequence[Step], start: int) -> dict[int, int]:
    """After how many steps each balance is reached, for the last time where it is more than once."""
    leaving: dict[int, list[int]] = defaultdict(list)
    for step in steps:
        leaving[step.before].append(step.after)
    way: list[int] = []
    waiting = [start]
    while waiting:  # Hierholzer 1873: the way comes out backwards
        here = waiting[-1]
        if leaving[here]:
            waiting.append(leaving[here].pop())
        else:
            way.append(waiting.pop())
    return {balance: place for place, balance in enumerate(reversed(way))}


# --- whether the path is needed ---


@dataclass(slots=True)
class _Segment:
    """What one statement tells of a day: its lines with their amounts, between two balances."""

    lines: dict[str, int]
    begins: int
    ends: int

    @classmethod
    def of(cls, mentions: Sequence[Any]) -> _Segment:
        first, last = mentions[0], mentions[-1]
        if len(mentions) > 1 and mentions[1].after - mentions[1].minor != first.after:
            first, last = last, first  # the newest line first
        lines = {row.line_id: row.minor for row in mentions}
        return cls(lines, first.after - first.minor, last.after)


def _stays_as_it_is(mentions: Sequence[Any], start: int) -> bool:
    """Whether the lines as they are account for the balance at which every statement begins.

    Only where they do not is a repetition proved to be a booking of its own.
    """
    told: dict[str, list[Any]] = defaultdict(list)
    for row in mentions:
        told[row.statement_id].append(row)
    segments = [_Segment.of(rows) for rows in told.values()]
    return all(_is_accounted_for(segment, segments, start) for segment in segments)


def _is_one_in_two(steps: Sequence[Step]) -> bool:
    """Whether the bank's own reference says that two steps are one booking, so that they are no way at all."""
    seen: dict[tuple[str, str], int] = {}
    for number, step in enumerate(steps):
        for row in step.told:
            reference = strong_reference(row.bank_reference)
            if reference and seen.setdefault((row.family, reference), number) != number:
                return True
    return False


def _is_accounted_for(segment: _Segment, segments: Sequence[_Segment], start: int) -> bool:
    """Whether the lines of other statements before this one make up the balance at which it begins."""
    before = segment.begins - start
    if before == 0 or _sum_without(_chain(segment, segments), segment) == before:
        return True
    return any(_sum_without(other.lines, segment) == before for other in segments)


def _chain(segment: _Segment, segments: Sequence[_Segment]) -> dict[str, int]:
    """The lines of the statements that end, one after another, where this one begins."""
    lines: dict[str, int] = {}
    waiting, seen = segment.begins, {id(segment)}
    while True:
        earlier = next((one for one in segments if one.ends == waiting and id(one) not in seen), None)
        if earlier is None:
            return lines
        seen.add(id(earlier))
        lines |= earlier.lines
        waiting = earlier.begins


def _sum_without(lines: Mapping[str, int], segment: _Segment) -> int:
    return sum(minor for line_id, minor in lines.items() if line_id not in segment.lines)


# --- a line for every step ---

_ALIKE = """
SELECT lines.id, lines.amount_minor, bank_reference, end_to_end_id, mandate_reference, counterparty_account,
    reference, batch_payment_information_id, counterparty_name, remittance
FROM statement_lines AS lines JOIN bank_accounts AS accounts ON accounts.id = lines.bank_account_id
WHERE lines.bank_account_id = :account AND lines.booked_on = :day AND lines.amount_minor = ANY(:amounts)
"""
_LINES = f"{_ALIKE} AND {COUNTED} ORDER BY lines.id"
_ANNOUNCED = f"""
{_ALIKE} AND lines.provisional AND lines.lump_id IS NULL AND lines.status = 'booked'
AND lines.currency = accounts.currency ORDER BY lines.id
"""

_BOOK = """
UPDATE statement_lines SET provisional = false, statement_id = :statement, position = :position,
    waiting_because = NULL
WHERE id = :id
"""
_IS_PROMOTED = f"""
UPDATE line_sightings SET fate = '{Fate.PROMOTED}' WHERE statement_id = :statement AND position = :position
"""  # noqa: S608 - a constant
_COUNT_PROMOTED = "UPDATE statements SET promoted_count = promoted_count + 1 WHERE id = :statement"

_COPIED = (
    "bank_account_id", "status", "booked_on", "valued_on", "amount_minor", "currency", "counterparty_name",
    "counterparty_account", "counterparty_bic", "remittance", "reference", "end_to_end_id", "mandate_reference",
    "creditor_identifier", "transaction_code", "reversal", "return_reason", "original_minor", "charges_minor",
    "interest_minor",
    "batch_payment_information_id", "batch_message_id", "batch_count", "details",
)  # fmt: skip
_COPY = f"""
INSERT INTO statement_lines (id, statement_id, position, identity, state, bank_reference, {", ".join(_COPIED)})
SELECT :id, sightings.statement_id, sightings.position, :identity, '{LineState.NEW}', sightings.bank_reference,
    {", ".join(_COPIED)}
FROM statement_lines AS lines, line_sightings AS sightings
WHERE lines.id = :line AND sightings.statement_id = :statement AND sightings.position = :position
"""  # noqa: S608 - put together from constants

_POINT = "UPDATE line_sightings SET line_id = :id WHERE statement_id = :statement AND position = :position"
_IS_NEWS = (
    f"UPDATE line_sightings SET fate = '{Fate.NEW}' WHERE statement_id = :statement AND position = :position"  # noqa: S608 - a constant
)
_COUNT = (
    "UPDATE statements SET new_count = new_count + 1, known_count = known_count - 1 WHERE id = :statement"
)


def _assign(session: Session, account: BankAccount, steps: Sequence[Step], act: Act) -> None:
    """Give each step a line of its own: the one it brought, else one that it may be, else a new one."""
    homes = {home for step in steps if (home := step.home) is not None}
    lost = [step for step in steps if step.home is None]
    lines = _lines(session, account, lost) if lost else {}
    free = [line_id for line_id in lines if line_id not in homes]
    for step in steps:
        line_id = step.home or _free_line(step, lines, free)
        if line_id is None:
            line_id = _promoted(session, account, step, lines, act) or _new_line(session, account, step, act)
        elif step.home is None:
            free.remove(line_id)
        _point(session, step.told, line_id)


def _free_line(step: Step, lines: Mapping[str, tuple[int, Facts]], free: Sequence[str]) -> str | None:
    """A line that no statement with balances brought: the one the step was taken for, else one that says the same."""
    told = [row.line_id for row in step.told]
    meant = lines[told[0]][1]
    alike = (
        line_id
        for line_id in sorted(free, key=lambda line_id: line_id not in told)
        if lines[line_id][0] == step.minor and (line_id in told or may_be_same(lines[line_id][1], meant))
    )
    return next(alike, None)


def _lines(session: Session, account: BankAccount, steps: Sequence[Step]) -> dict[str, tuple[int, Facts]]:
    """Amount and facts of every line of the day with the amount of one of the steps."""
    asked = {
        "account": account.id,
        "day": steps[0].told[0].day,
        "amounts": sorted({step.minor for step in steps}),
    }
    return {row.id: (row.amount_minor, _facts(row)) for row in session.execute(text(_LINES), asked)}


def _facts(row: Any) -> Facts:
    return facts_of(
        bank_reference=row.bank_reference, end_to_end_id=row.end_to_end_id, mandate=row.mandate_reference,
        account=row.counterparty_account, reference=row.reference, block=row.batch_payment_information_id,
        name=row.counterparty_name, text=row.remittance,
    )  # fmt: skip


def _point(session: Session, told: Iterable[Any], line_id: str) -> None:
    moved = [
        {"id": line_id, "statement": row.statement_id, "position": row.position}
        for row in told
        if row.line_id != line_id
    ]
    if moved:
        session.execute(text(_POINT), moved)


def _promoted(
    session: Session,
    account: BankAccount,
    step: Step,
    lines: Mapping[str, tuple[int, Facts]],
    act: Act,
) -> str | None:
    """A line that was only announced and may be this booking: the first statement of it books it."""
    row = step.told[0]
    asked = {"account": account.id, "day": row.day, "amounts": [step.minor]}
    announced = session.execute(text(_ANNOUNCED), asked).all()
    meant = lines[row.line_id][1]
    line_id = next((one.id for one in announced if may_be_same(_facts(one), meant)), None)
    if line_id is not None:
        place = {"id": line_id, "statement": row.statement_id, "position": row.position}
        session.execute(text(_BOOK), place)
        session.execute(text(_IS_PROMOTED), place)
        session.execute(text(_COUNT_PROMOTED), place)
        expire_rows(session, "statements", [row.statement_id], ("promoted_count",))
        journal.post(session, [Sides.of(account).line(line_id, row.day, row.minor)], act=act)
    return line_id


def _new_line(session: Session, account: BankAccount, step: Step, act: Act) -> str:
    """A line with the facts of the one for which the booking was taken, brought by the first statement of it."""
    row, new = step.told[0], new_id("lin")
    place = {"id": new, "statement": row.statement_id, "position": row.position}
    session.execute(text(_COPY), {**place, "line": row.line_id, "identity": new})
    session.execute(text(_POINT), place)
    session.execute(text(_IS_NEWS), place)
    session.execute(text(_COUNT), place)
    expire_rows(session, "statements", [row.statement_id], ("new_count", "known_count"))
    journal.post(session, [Sides.of(account).line(new, row.day, row.minor)], act=act)
    audit.record(
        session, "statement_line.told_apart", new, act=act, twin=row.line_id, statement=row.statement_id
    )
    return new
