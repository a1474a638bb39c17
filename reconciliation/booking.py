"""Writing statements into the books: their lines in bulk, against suspense."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, func
from sqlalchemy.orm import Session

from ledger import journal
from ledger.acts import Act
from ledger.database import copy_rows
from ledger.errors import Rejected
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, BankAccount
from reconciliation import identity, stored_lines
from reconciliation.identity import SHOWN, Told
from reconciliation.models import Fate, LineSighting, LineState, StatementLine, StatementRecord
from reconciliation.statement import Header, Line, LineStatus, RefusedLine, Statement, StatementKind
from reconciliation.stored_lines import Key, Promotion, StoredLine

_LINE_COLUMNS = (
    "id", "statement_id", "bank_account_id", "position", "identity", "state", "waiting_because", "status",
    "booked_on", "valued_on", "amount_minor", "currency",
    "counterparty_name", "counterparty_account", "counterparty_bic", "remittance", "reference",
    "end_to_end_id", "mandate_reference", "creditor_identifier", "bank_reference", "transaction_code",
    "reversal", "return_reason", "original_minor", "charges_minor", "interest_minor",
    "batch_payment_information_id", "batch_message_id", "batch_count", "details", "provisional",
)  # fmt: skip
_SIGHTING_COLUMNS = (
    "statement_id", "position", "line_id", "fate", "family", "counts", "moved_minor", "bank_reference", "digest",
    "reason",
)  # fmt: skip


def _lengths(table: FromClause, names: Sequence[str]) -> list[tuple[int, str, int]]:
    """Place, name and length of those columns that hold a text of limited length."""
    lengths = [getattr(table.c[name].type, "length", None) for name in names]
    return [
        (place, names[place].replace("_", " "), length)
        for place, length in enumerate(lengths)
        if length is not None
    ]


_HEAD_COLUMNS = ("bank_statement_id", "sequence", "copy")
_LONGEST_OF_HEAD = _lengths(StatementRecord.__table__, _HEAD_COLUMNS)
_LONGEST_OF_LINE = _lengths(StatementLine.__table__, _LINE_COLUMNS)
_LONGEST_OF_SIGHTING = _lengths(LineSighting.__table__, _SIGHTING_COLUMNS)
_LARGEST_SUM = 10**17  # minor units; what is larger is no money, and bigint has room for more


class TooLong(Rejected):
    """A field of a statement is longer than any bank's field is."""


class TooLarge(Rejected):
    """The lines of a statement add up to more than there is money."""


class WrongCurrency(Rejected):
    """The statement is in another currency than its account."""


ANNOUNCED = "The bank told of it during the day; it counts once the statement books it."


def exclusive(subject: str) -> ColumnElement[Any]:
    """A lock on a subject of imports, held until the transaction ends: whoever else asks for it waits."""
    return func.pg_advisory_xact_lock(func.hashtextextended(f"statement:{subject}", 0))


def exclusive_at_once(subject: str) -> ColumnElement[Any]:
    """Whether the lock of `exclusive` is ours now, without waiting for it."""
    return func.pg_try_advisory_xact_lock(func.hashtextextended(f"statement:{subject}", 0))


@dataclass
class Run:
    """Statements of one file that tell of different bookings: none repeats a line of another."""

    statement_ids: set[str] = field(default_factory=set)
    has_history: bool | None = None  # whether the account had any line before
    names: set[tuple[str | None, str | None]] = field(default_factory=set)
    known_ids: set[str] = field(default_factory=set)
    occurrences: Counter[bytes] = field(default_factory=Counter)

    def goes_on_with(self, header: Header) -> bool:
        """Whether a further statement tells of other bookings: a notification, or a statement of another number.

        Reports of a day may repeat what earlier ones told; a statement without a name or number may be the same.
        """
        name = (header.statement_id, header.sequence)
        is_other = name != (None, None) and name not in self.names
        return header.kind is StatementKind.NOTIFICATION or (
            is_other and header.kind is StatementKind.STATEMENT
        )


@dataclass(slots=True)
class _Arrival:
    """A line of the chunk that is being written; `stored` is the line in the books that it is, if it is known."""

    line: Line
    day: date
    told: Told
    stored: StoredLine | None = None
    line_id: str = ""
    name: str = ""

    @property
    def key(self) -> Key:
        return self.day, self.line.amount.minor, self.line.amount.currency

    @property
    def is_sure(self) -> bool:
        """Whether more than day and amount show that it is the stored line."""
        return self.stored is not None and (identity.agreement(self.stored.known, self.told) or 0) >= SHOWN

    def fate(self, *, can_book: bool) -> Fate:
        if self.stored is None:
            return Fate.NEW
        books_it = can_book and self.line.status is LineStatus.BOOKED and not self.stored.is_final
        return Fate.PROMOTED if books_it else Fate.KNOWN


class StatementWriter:
    """Writes one statement: its row when it opens, its lines chunk by chunk, its proof when it ends.

    The caller holds the lock of the account (`account_locks`), so that one file after another finds out what is known.
    """

    def __init__(
        self, session: Session, file_id: str, header: Header, account: BankAccount, run: Run, act: Act
    ) -> None:
        self.account = account
        self._session, self._run, self._act = session, run, act
        self._family = identity.family(header.format)
        self._sides, self._currency = Sides.of(account), account.currency
        # What it lists as booked is money; a report of the running day or a notification only announces.
        self._books = header.kind is StatementKind.STATEMENT
        self._days: list[date] = []
        self._listed: tuple[date, date] | None = None  # the days of the first and the last booked line
        self._undated: list[str] = []
        # Announced lines often have no date; they are no money, so the day of the statement will do.
        self._own_day = header.to_on or header.from_on or act.today
        require_short((header.statement_id, header.sequence, header.copy), _LONGEST_OF_HEAD, "The statement")
        self.record = StatementRecord(
            id=new_id("stm"), file_id=file_id, bank_account_id=account.id, format=header.format,
            bank_statement_id=header.statement_id, sequence=header.sequence,
            sequence_number=_number(header.sequence), from_on=header.from_on, to_on=header.to_on,
            currency=account.currency, booked_minor=0, line_count=0, new_count=0, known_count=0,
            promoted_count=0, refused_count=0, problems=[], kind=header.kind, copy=header.copy, created_at=act.at,
        )  # fmt: skip
        self._statement_id, self._account_id = self.record.id, account.id
        run.statement_ids.add(self.record.id)
        if run.has_history is None:
            run.has_history = stored_lines.any_of(session, account.id)
        run.names.add((header.statement_id, header.sequence))
        session.add(self.record)
        session.flush()

    def add(self, lines: Sequence[Line | RefusedLine]) -> None:
        """Store and post the lines that are not in the books yet, and write down what became of each.

        Raises TooLong or TooLarge.
        """
        dated = [self._dated(line) for line in lines]
        refused = [line for line in dated if isinstance(line, RefusedLine)]
        arrivals = [self._arrival(line) for line in dated if isinstance(line, Line)]
        self._recognise(arrivals)
        fates = [(arrival, arrival.fate(can_book=self._books)) for arrival in arrivals]
        for arrival, fate in fates:
            if fate is not Fate.NEW:
                self._row(arrival)  # what does not fit is refused, known or not
        self._store([arrival for arrival, fate in fates if fate is Fate.NEW])
        self._promote([arrival for arrival, fate in fates if fate is Fate.PROMOTED])
        stored_lines.fill(
            self._session,
            (
                (arrival.stored, stored_lines.said_of(arrival.line))
                for arrival, fate in fates
                if fate is Fate.KNOWN and arrival.stored is not None and arrival.is_sure
            ),
        )
        self._sight(fates, refused)
        self._count(fates, len(refused))

    def finish(self, statement: Statement) -> None:
        """Write down the balances and what they prove.

        Raises WrongCurrency.
        """
        record = self.record
        if statement.currency != record.currency:
            raise WrongCurrency(
                f"The statement is in {statement.currency}, but its account is kept in {record.currency}."
            )
        record.opening_minor = statement.opening.amount.minor if statement.opening else None
        record.closing_minor = statement.closing.amount.minor if statement.closing else None
        if record.opening_minor is not None and record.closing_minor is not None:
            difference = record.closing_minor - record.opening_minor - record.booked_minor
            record.balanced, record.break_minor = not difference, difference or None
        listed = self._listed
        record.descending = statement.newest_first or (listed is not None and listed[0] > listed[1])
        record.problems = [*statement.problems, *self._undated, *self._copied()]
        # A bank may state a period that begins after its first line; the chain goes by the lines.
        record.from_on = min(filter(None, (record.from_on, *self._days)), default=None)
        record.closes_on = (
            (statement.closing.on if statement.closing else None)
            or record.to_on
            or max(self._days, default=self._own_day)
        )
        self._session.flush()

    def _copied(self) -> list[str]:
        record = self.record
        if record.copy is None or not record.new_count:
            return []
        return [f"It is marked as a copy, but {record.new_count} of its lines had not come before."]

    def _dated(self, line: Line | RefusedLine) -> Line | RefusedLine:
        """The line, or its refusal where it is booked but the bank does not say when."""
        if isinstance(line, RefusedLine) or line.status is not LineStatus.BOOKED:
            return line
        if line.booked_on is not None or line.valued_on is not None:
            return line
        refusal = RefusedLine(position=line.position, reason="It is booked, but has no date.")
        self._undated.append(str(refusal))
        return refusal

    # --- what is known ---

    def _arrival(self, line: Line) -> _Arrival:
        day = line.booked_on or line.valued_on or self._own_day
        told = Told(facts=identity.NO_FACTS, digest=identity.digest(line, day), family=self._family)
        return _Arrival(line, day, told)

    def _recognise(self, arrivals: Sequence[_Arrival]) -> None:
        """Find out which lines are in the books already, each day and amount by itself."""
        groups: dict[Key, list[_Arrival]] = defaultdict(list)
        for arrival in arrivals:
            groups[arrival.key].append(arrival)
        if not self._run.has_history:
            found: dict[Key, list[StoredLine]] = {}
        else:
            found = self._find(arrivals, groups)
        for key, group in groups.items():
            candidates = self._candidates(found, key, group) if found else []
            if candidates:
                self._recognise_group(group, candidates)
            self._name(group, {stored.row.identity for stored in found.get(key, ())})

    def _find(
        self, arrivals: Sequence[_Arrival], groups: dict[Key, list[_Arrival]]
    ) -> dict[Key, list[StoredLine]]:
        other_days = {
            (arrival.line.valued_on, *arrival.key[1:])
            for arrival in arrivals
            if arrival.line.valued_on is not None and arrival.line.valued_on != arrival.day
        }
        return stored_lines.find(
            self._session, self._account_id, groups.keys() | other_days, own=self._run.statement_ids
        )

    def _candidates(
        self, found: dict[Key, list[StoredLine]], key: Key, group: Sequence[_Arrival]
    ) -> list[StoredLine]:
        """The lines of this day and amount, and those of a day on which one of the group is valued."""
        near = {stored.row.id: stored for stored in found.get(key, ())}
        for day in {arrival.line.valued_on for arrival in group} - {None, key[0]}:
            for stored in found.get((day, *key[1:]), ()):  # type: ignore[arg-type]
                if not stored.is_final or not stored.told_by(self._family):
                    near.setdefault(stored.row.id, stored.on_another_day())
        return [stored for stored in near.values() if self._may_be_met(stored)]

    def _may_be_met(self, stored: StoredLine) -> bool:
        is_part = stored.row.lump_id is not None and self._books
        return not is_part and stored.row.id not in self._run.known_ids

    def _recognise_group(self, group: Sequence[_Arrival], candidates: Sequence[StoredLine]) -> None:
        for arrival in group:
            arrival.told.facts = identity.facts_of_line(arrival.line)
        pairs = identity.recognise(
            [stored.known for stored in candidates], [arrival.told for arrival in group]
        )
        for place, candidate in pairs.items():
            arrival = group[place]
            arrival.stored = candidates[candidate]
            arrival.line_id = arrival.stored.row.id
            self._run.known_ids.add(arrival.line_id)

    def _name(self, group: Sequence[_Arrival], taken: set[str]) -> None:
        """Give each new line the name by which the account holds it once."""
        for arrival in group:
            if arrival.stored is not None:
                continue
            told, count = arrival.told.digest, self._run.occurrences
            count[told] += 1
            while identity.identity(told, count[told]) in taken:
                count[told] += 1
            arrival.name, arrival.line_id = identity.identity(told, count[told]), new_id("lin")

    # --- what is written ---

    def _store(self, new: Sequence[_Arrival]) -> None:
        copy_rows(self._session, "statement_lines", _LINE_COLUMNS, map(self._row, new))
        if self._books:
            self._post(new)

    def _promote(self, promoted: Sequence[_Arrival]) -> None:
        announced = []
        for arrival in promoted:
            if arrival.stored is not None:
                state, because = self._first_state(arrival.line)
                is_sure = arrival.is_sure
                announced.append(
                    Promotion(arrival.stored, arrival.line, arrival.day, state, because, is_sure)
                )
        stored_lines.book(self._session, announced, statement_id=self.record.id, act=self._act)
        self._post(promoted)

    def _post(self, arrivals: Sequence[_Arrival]) -> None:
        bookings = [
            self._sides.line(arrival.line_id, arrival.day, arrival.line.amount.minor)
            for arrival in arrivals
            if self._counts(arrival.line)
        ]
        journal.post(self._session, bookings, act=self._act)

    def _sight(self, fates: Sequence[tuple[_Arrival, Fate]], refused: Sequence[RefusedLine]) -> None:
        statement_id, own = self.record.id, self._family
        rows: list[tuple[Any, ...]] = []
        moved = self.record.booked_minor
        for arrival, fate in fates:
            line, counts = arrival.line, self._counts(arrival.line)
            moved += line.amount.minor if counts else 0
            rows.append(
                (
                    statement_id, line.position, arrival.line_id, str(fate), own, counts, moved,
                    line.bank_reference, arrival.told.digest, None,
                )
            )  # fmt: skip
        rows += [
            (
                statement_id,
                line.position,
                None,
                str(Fate.REFUSED),
                own,
                False,
                moved,
                None,
                None,
                str(line)[:500],
            )
            for line in refused
        ]
        copy_rows(self._session, "line_sightings", _SIGHTING_COLUMNS, rows)
        self.record.booked_minor = moved

    def _count(self, fates: Sequence[tuple[_Arrival, Fate]], refused: int) -> None:
        record = self.record
        new = sum(fate is Fate.NEW for _, fate in fates)
        record.promoted_count += sum(fate is Fate.PROMOTED for _, fate in fates)
        record.line_count += len(fates) + refused
        record.new_count += new
        record.known_count += len(fates) - new
        record.refused_count += refused
        if abs(record.booked_minor) > _LARGEST_SUM:
            raise TooLarge("The lines add up to more than any amount of money.")
        days = [arrival.day for arrival, _ in fates if arrival.line.status is LineStatus.BOOKED]
        if days:
            first, last = (self._listed or days)[0], days[-1]
            self._listed = (first, last)
            days += self._days
            self._days = [min(days), max(days)]

    def _counts(self, line: Line) -> bool:
        """Only what is booked, in the currency of the account, moves its balance."""
        return line.status is LineStatus.BOOKED and line.amount.currency == self._currency

    def _row(self, arrival: _Arrival) -> tuple[Any, ...]:
        line = arrival.line
        state, because = self._first_state(line)
        batch = line.batch
        row = (
            arrival.line_id, self._statement_id, self._account_id, line.position, arrival.name, state, because,
            str(line.status), arrival.day, line.valued_on, line.amount.minor, line.amount.currency,
            line.counterparty.name, line.counterparty.iban, line.counterparty.bic, line.remittance,
            line.reference, line.end_to_end_id, line.mandate_id, line.creditor_id, line.bank_reference,
            line.transaction_code, line.reversal, line.return_reason,
            line.original.minor if line.original else None, line.charges.minor if line.charges else None,
            line.interest.minor if line.interest else None,
            batch.payment_information_id if batch else None, batch.message_id if batch else None,
            batch.count if batch else None, stored_lines.details_of(line), not self._books,
        )  # fmt: skip
        require_short(row, _LONGEST_OF_LINE, f"Line {line.position}")
        return row

    def _first_state(self, line: Line) -> tuple[str, str | None]:
        if line.status is not LineStatus.BOOKED:
            return LineState.IGNORED, f"The bank says {line.status}: not booked, so not money yet."
        if line.amount.currency != self._currency:
            return LineState.IGNORED, "The line is in another currency than its account."
        if not line.amount:
            return LineState.IGNORED, "No money moved."
        return LineState.NEW, None if self._books else ANNOUNCED


@dataclass(frozen=True, slots=True)
class Sides:
    """Where the lines of a bank account are booked: the bank against suspense, until somebody explains them."""

    bank: Place
    suspense: Place

    @classmethod
    def of(cls, account: BankAccount) -> Sides:
        return cls(
            Place(account.creditor_id, AccountKind.BANK, account.currency, account.id),
            Place(account.creditor_id, AccountKind.SUSPENSE, account.currency),
        )

    def line(self, line_id: str, day: date, amount_minor: int) -> Booking:
        """What a booked line is in the journal."""
        return Booking(
            kind="statement_line", object_id=line_id, posted_on=day, debit=self.bank, credit=self.suspense,
            amount_minor=amount_minor,
        )  # fmt: skip


def require_short(row: Sequence[Any], limits: Sequence[tuple[int, str, int]], place: str) -> None:
    """Raises TooLong unless every text of `row` fits; `limits` are its indexes, names and greatest lengths."""
    for index, name, longest in limits:
        if row[index] is not None and len(row[index]) > longest:
            raise TooLong(f"{place}: the {name} is longer than {longest} characters.")


def _number(sequence: str | None) -> int | None:
    return int(sequence) if sequence is not None and sequence.isdecimal() and len(sequence) <= 18 else None
