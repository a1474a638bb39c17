"""The chain of an account's statements: the balance it should have, gaps, and what was there before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import journal, outbox
from ledger.acts import Act
from ledger.database import expire_rows
from ledger.journal import Booking, Place
from ledger.models import AccountKind, BankAccount
from reconciliation import running_balances
from reconciliation.identity import family
from reconciliation.running_balances import COUNTED, Path

# Statements with both balances; only these can follow one another. `place` is their order within a day.
PROVED = "kind = 'statement' AND opening_minor IS NOT NULL AND closing_minor IS NOT NULL"
ORDER = "closes_on NULLS FIRST, place NULLS FIRST, id"
_LAST = "closes_on DESC NULLS LAST, place DESC NULLS LAST, id DESC"

# The balance an account should have: its last closing balance, and what came later without any balance.
EXPECTED_BALANCE = f"""
    SELECT coalesce((
        SELECT closing_minor FROM statements
        WHERE bank_account_id = accounts.id AND {PROVED} ORDER BY {_LAST} LIMIT 1
    ), 0) + coalesce((
        SELECT sum(lines.amount_minor) FROM statement_lines AS lines
        JOIN statements ON statements.id = lines.statement_id
        WHERE statements.bank_account_id = accounts.id AND {COUNTED}
        AND (statements.closing_minor IS NULL OR statements.opening_minor IS NULL)
        AND lines.booked_on > coalesce((
            SELECT max(closes_on) FROM statements
            WHERE bank_account_id = accounts.id AND {PROVED}
        ), '-infinity')
    ), 0)
"""  # noqa: S608 - put together from constants


@dataclass(slots=True)
class Link:
    """A statement with both balances, as it stands in the chain of its account.

    `own` are its lines of the day on which it closes, as ids with amounts; `day_minor` is the sum of all lines of
    that day up to its closing balance, `place` its order among the links of the day. `base_minor` is the closing
    balance less every line up to it: the same for every link unless lines are missing between two, or one does not
    add up.
    """

    row: Any
    own: dict[str, int] = field(default_factory=dict)
    day_minor: int = 0
    place: int = 0
    base_minor: int = 0
    gap_minor: int | None = None
    sequence_problem: str | None = None

    @property
    def begins_before_its_day(self) -> bool:
        """Whether it reaches back before the day on which it closes, so that no statement of that day precedes it."""
        return self.row.from_on is not None and self.row.from_on < self.row.closes_on


def bring_forward(session: Session, account: BankAccount, statement_id: str, *, act: Act) -> None:
    """Make the journal's bank account agree with the last closing balance, because of a new statement.

    What the lines at hand do not explain - the balance before the first statement, and gaps until the missing
    statement arrives - stands on the account `brought_forward`.
    """
    session.flush()
    expected = session.execute(
        text(f"SELECT ({EXPECTED_BALANCE}) FROM bank_accounts AS accounts WHERE accounts.id = :account"),  # noqa: S608 - a constant
        {"account": account.id},
    ).scalar_one()
    bank = Place(account.creditor_id, AccountKind.BANK, account.currency, account.id)
    brought = Place(account.creditor_id, AccountKind.BROUGHT_FORWARD, account.currency, account.id)
    booking = Booking(
        kind="brought_forward", object_id=statement_id, posted_on=act.today, debit=bank, credit=brought,
        amount_minor=int(expected) - journal.balance_minor(session, bank),
    )  # fmt: skip
    journal.post(session, [booking], act=act)


# --- the chain ---

_STATEMENTS = f"""
SELECT id, format, sequence, sequence_number, from_on, closes_on, opening_minor, closing_minor,
    coalesce(break_minor, 0) AS break_minor, base_minor, place, gap_minor, sequence_problem
FROM statements WHERE bank_account_id = :account AND {PROVED}
"""  # noqa: S608 - put together from constants

# The last one before, of each series of statements; numbers go on within a series.
_BEFORE = f"""
SELECT * FROM (
    SELECT DISTINCT ON (substring(format FROM '^[a-z0-9]+(?:[.]05[234])?')) *
    FROM ({_STATEMENTS} AND closes_on < :since) AS earlier
    ORDER BY substring(format FROM '^[a-z0-9]+(?:[.]05[234])?'), {_LAST}
) AS last_of_series ORDER BY {ORDER}
"""  # noqa: S608 - put together from constants
_AFTER = f"{_STATEMENTS} AND closes_on >= :since"
_START = f"""
SELECT max(closes_on) FROM statements WHERE bank_account_id = :account AND {PROVED} AND closes_on <= :since
"""  # noqa: S608 - put together from constants

_DAYS = f"""
SELECT CASE WHEN lines.booked_on < :since THEN NULL ELSE lines.booked_on END AS day,
    sum(lines.amount_minor)::bigint AS minor
FROM statement_lines AS lines JOIN bank_accounts AS accounts ON accounts.id = lines.bank_account_id
WHERE lines.bank_account_id = :account AND {COUNTED} GROUP BY 1
"""  # noqa: S608 - put together from constants

_OWN = f"""
WITH recent AS MATERIALIZED (
    SELECT lines.id, lines.amount_minor, lines.booked_on
    FROM statement_lines AS lines JOIN bank_accounts AS accounts ON accounts.id = lines.bank_account_id
    WHERE lines.bank_account_id = :account AND lines.booked_on >= :first AND {COUNTED}
), told AS MATERIALIZED (
    SELECT sightings.statement_id, sightings.line_id, statements.closes_on
    FROM statements JOIN line_sightings AS sightings ON sightings.statement_id = statements.id
    WHERE statements.id = ANY(:statements) AND sightings.counts
)
SELECT told.statement_id, recent.id, recent.amount_minor
FROM told JOIN recent ON recent.id = told.line_id WHERE recent.booked_on >= told.closes_on
"""  # noqa: S608 - put together from constants

_WRITE = """
UPDATE statements SET base_minor = :base, gap_minor = :gap, place = :place, sequence_problem = :problem
WHERE id = :id
"""


def evaluate(session: Session, account: BankAccount, since: date, *, act: Act) -> None:
    """Put the statements that close on `since` or later, and those before them, into their order.

    Every booking gets a line of its own; bases and gaps are written down.
    """
    session.flush()
    start = session.scalar(text(_START), {"account": account.id, "since": since})
    asked: dict[str, Any] = {"account": account.id, "since": start or since}
    paths = running_balances.separate(session, account, asked["since"], act=act)
    links = {row.id: Link(row) for row in session.execute(text(_AFTER), asked)}
    before = [Link(row) for row in session.execute(text(_BEFORE), asked)]
    if not links:
        return
    first = min(link.row.closes_on for link in links.values())
    closing = {"account": account.id, "statements": list(links), "first": first}
    for statement_id, line_id, minor in session.execute(text(_OWN), closing):
        links[statement_id].own[line_id] = minor
    sums = {row.day: int(row.minor) for row in session.execute(text(_DAYS), asked)}
    _write(session, account, _chained(list(links.values()), before, sums, paths), act)


def _chained(
    links: Sequence[Link],
    before: Sequence[Link],
    sums: dict[date | None, int],
    paths: Mapping[date, Path],
) -> list[Link]:
    """The links in their order, with bases, gaps and missing numbers; `sums` are those of whole days."""
    ordered: list[Link] = []
    reached, days = sums.get(None, 0), sorted(day for day in sums if day is not None)
    closed = before[-1].row.closing_minor if before else None
    for day, group in groupby(sorted(links, key=_closing_day), _closing_day):
        while days and days[0] < day:
            reached += sums[days.pop(0)]
        for link in _within_day(list(group), closed, paths.get(day), sums.get(day, 0)):
            link.base_minor = link.row.closing_minor - reached - link.day_minor
            ordered.append(link)
        closed = ordered[-1].row.closing_minor
    base = before[-1].row.base_minor if before else None
    for link in ordered:
        if base is not None and base != link.base_minor:  # what a break lacked may have come with another one
            link.gap_minor = link.base_minor - link.row.break_minor - base or None
        base = link.base_minor
    _number([*before, *ordered])
    return ordered


def _closing_day(link: Link) -> date:
    day: date = link.row.closes_on
    return day


def _within_day(links: Sequence[Link], closed: int | None, path: Path | None, moved: int) -> list[Link]:
    """Statements of one closing day in their order; each knows the lines of the day up to its closing balance.

    `path` is used where it leads through everything that was `moved` on the day.
    """
    if path is not None and path.minor == moved:
        ordered = sorted(links, key=lambda link: (path.place(link.row.closing_minor) or 0, *_numbered(link)))
        for link in ordered:
            link.day_minor = link.row.closing_minor - path.start
    else:
        ordered = sorted(
            links, key=lambda link: (_depth(link, links, closed), len(link.own), *_numbered(link))
        )
        through: dict[str, int] = {}
        for link in ordered:
            through |= link.own
            link.day_minor = sum(through.values())
    for place, link in enumerate(ordered):
        link.place = place
    return ordered


def _numbered(link: Link) -> tuple[int, str]:
    return link.row.sequence_number or 0, link.row.id


def _depth(link: Link, links: Sequence[Link], closed: int | None) -> int:
    """How many statements of the day end, one after another, where this one begins; one of several days is last."""
    if link.begins_before_its_day:
        return len(links)
    seen, opening = {link.row.id}, link.row.opening_minor
    while opening != closed:
        earlier = next(
            (
                one
                for one in links
                if one.row.id not in seen
                and one.row.closing_minor == opening
                and not link.own.keys() <= one.own.keys()  # what tells of all its lines is not before it
            ),
            None,
        )
        if earlier is None:
            break
        seen.add(earlier.row.id)
        opening = earlier.row.opening_minor
    return len(seen) - 1


def _number(links: Sequence[Link]) -> None:
    """Find numbers that are missing or come twice, in each series of statements by itself."""
    series: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        if link.row.sequence_number is not None:
            series[family(link.row.format)].append(link)
    for numbered in series.values():
        for earlier, later in pairwise(numbered):
            later.sequence_problem = _misnumbered(earlier.row, later.row)


def _misnumbered(earlier: Any, later: Any) -> str | None:
    """What is odd about two numbers that follow one another; numbers begin anew with each year."""
    step = later.sequence_number - earlier.sequence_number
    if step == 1 or earlier.closes_on.year != later.closes_on.year:
        return None
    if step > 1:
        missing = step - 1
        return (
            f"Between number {earlier.sequence_number} and {later.sequence_number} {_are_missing(missing)}."
        )
    is_same = (earlier.opening_minor, earlier.closing_minor) == (later.opening_minor, later.closing_minor)
    if step == 0 and not is_same:
        return f"Number {later.sequence_number} came already, with other balances."
    return None


def _are_missing(missing: int) -> str:
    return "1 statement is missing" if missing == 1 else f"{missing} statements are missing"


def _write(session: Session, account: BankAccount, links: Sequence[Link], act: Act) -> None:
    """Write down what changed; a new gap is told, a healed one is gone."""
    changed = [link for link in links if _news(link)]
    if changed:
        session.execute(
            text(_WRITE),
            [
                {
                    "id": link.row.id, "base": link.base_minor, "gap": link.gap_minor,
                    "place": link.place, "problem": link.sequence_problem,
                }
                for link in changed
            ],
        )  # fmt: skip
        written = ("base_minor", "gap_minor", "place", "sequence_problem")
        expire_rows(session, "statements", [link.row.id for link in changed], written)
    for link in changed:
        if link.gap_minor is not None and link.gap_minor != link.row.gap_minor:
            data = {
                "gap_minor": link.gap_minor,
                "currency": account.currency,
                "bank_account_id": account.id,
            }
            outbox.emit(
                session,
                outbox.NewEvent(
                    type="statement.gap_found", object_id=link.row.id, act=act, origin="bank", data=data
                ),
            )


def _news(link: Link) -> bool:
    row = link.row
    return (link.base_minor, link.gap_minor, link.place, link.sequence_problem) != (
        row.base_minor, row.gap_minor, row.place, row.sequence_problem,
    )  # fmt: skip
