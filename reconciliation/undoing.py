"""Undo: what a line was matched to is taken back, and the books are as if it had never been decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from ledger import allocations, audit, other_money, payments, recorded_payments, states
from ledger.acts import Act
from ledger.database import among, expire_rows
from ledger.errors import Conflict, NotFound
from ledger.models import Allocation, BankAccount, Payment
from ledger.other_money import OtherKind, OtherMoney
from ledger.texts import checked_text
from reconciliation import memory_origins, undo_obstacles, worklist
from reconciliation.models import (
    LINE,
    LineState,
    Match,
    MatchMemory,
    MatchPart,
    PartKind,
    PayerMemory,
    StatementFile,
    StatementLine,
    StatementRecord,
)

CAUSE = "match.undone"


class MatchNotFound(NotFound):
    """There is no such match."""


class CannotUndo(Conflict):
    """What a line was matched to cannot be taken back now, or not like this; the message says what to do first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """A match that was taken back: its line waits again.

    `memory_ids` are the payer memories that only it had taught, and which count no more; `decided_with` are those
    that helped to decide it, and still count.
    """

    match_id: str
    line_id: str
    payment_ids: tuple[str, ...] = ()
    allocation_ids: tuple[str, ...] = ()
    memory_ids: tuple[str, ...] = ()
    decided_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A match that stands as before, and why in a sentence."""

    match_id: str
    line_id: str
    because: str


@dataclass(frozen=True, slots=True)
class Undoing:
    """What was undone, and what could not be."""

    undone: tuple[Undone, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(slots=True)
class _Standing:
    """A standing match whose line is locked, with its parts and the payments they name."""

    match: Match
    line: StatementLine
    creditor_id: str
    parts: list[MatchPart] = field(default_factory=list)

    def payment_ids(self) -> list[str]:
        return [str(part.object_id) for part in self.parts if part.kind == PartKind.PAYMENT]


def get_match(session: Session, match_id: str) -> Match:
    """A match, standing or undone. Raises MatchNotFound."""
    found = session.get(Match, match_id)
    if found is None:
        raise MatchNotFound(f"There is no match {match_id[:40]}.", field="match_id")
    return found


def undo_match(session: Session, match_id: str, *, because: str, act: Act) -> Undoing:
    """Take back what one line became, and with a transfer its other leg; one that is undone already stays so.

    Allocations of its payments are reversed, by whomever they were made, with what was granted beside them; the
    payments are cancelled, one that was recorded before the line is in transit again. Other money is in suspense
    again, and the line waits, held by who undoes it. Lines are locked before payments, credit notes and invoices,
    each in id order. Raises MatchNotFound, UnreadableText, or
    CannotUndo; nothing is changed then.
    """
    get_match(session, match_id)
    done = undo_matches(session, [match_id], because=because, act=act)
    for refused in done.refused:
        raise CannotUndo(refused.because, field="match_id")
    return done


def undo_line(session: Session, line_id: str, *, because: str, act: Act) -> Undoing:
    """`undo_match` of the match that a line has; one that was only ignored by a person waits again.

    Raises LineNotFound or CannotUndo, also for a line that was never money.
    """
    checked_text(because, field="because", longest=200)
    worklist.get_line(session, line_id)
    line = _lock_lines(session, [line_id])[line_id]
    match = session.scalars(select(Match).where(Match.line_id == line_id, Match.undone_at.is_(None))).first()
    if match is not None:
        return undo_match(session, match.id, because=because, act=act)
    if line.state == LineState.IGNORED:
        account = session.get_one(BankAccount, line.bank_account_id)
        reason = undo_obstacles.never_money(line, account.currency)
        if reason is not None:
            raise CannotUndo(reason, field="line_id")
        _let_wait(session, [line.id], because=because, act=act)
    return Undoing()


def undo_import(session: Session, file_id: str, *, because: str, act: Act) -> Undoing:
    """Take back every standing match of the lines that a file brought, or that the files in an archive did.

    What cannot be undone stays and is listed with its reason. Raises StatementFileNotFound or UnreadableText.
    """
    worklist.get_file(session, file_id)
    of_file = or_(StatementFile.id == file_id, StatementFile.archive_id == file_id)
    query = (
        select(Match.id)
        .join(StatementLine, StatementLine.id == Match.line_id)
        .join(StatementRecord, StatementRecord.id == StatementLine.statement_id)
        .join(StatementFile, StatementFile.id == StatementRecord.file_id)
        .where(of_file, Match.undone_at.is_(None))
    )
    return undo_matches(session, session.scalars(query).all(), because=because, act=act)


def undo_matches(session: Session, match_ids: Iterable[str], *, because: str, act: Act) -> Undoing:
    """Take back each of these matches that can be; the others stay, with their reasons. Raises UnreadableText."""
    checked_text(because, field="because", longest=200)
    session.flush()
    legs = _legs(session, match_ids)
    standing = _lock_standing(session, {*match_ids, *legs, *legs.values()})
    held = payments.lock(session, [one for match in standing.values() for one in match.payment_ids()])
    reasons = {
        match_id: reason
        for match_id, one in standing.items()
        if (reason := undo_obstacles.find(session, one.parts, held)) is not None
    }
    for leg, other in legs.items():
        if other in reasons:
            reasons.setdefault(leg, f"Its other leg cannot be undone. {reasons[other]}")
    sound = [one for match_id, one in standing.items() if match_id not in reasons]
    refused = [
        Refused(match_id, standing[match_id].line.id, reasons[match_id])
        for match_id in sorted(reasons)
        if match_id in standing
    ]
    return Undoing(tuple(_take_back(session, sound, held, because=because, act=act)), tuple(refused))


def _legs(session: Session, match_ids: Iterable[str]) -> dict[str, str]:
    """By match, and the other way round, the standing match of a transfer's other leg."""
    rows = session.execute(_LEGS, {"ids": sorted(set(match_ids))})
    pairs = [(row.one, row.other) for row in rows]
    return {one: other for pair in pairs for one, other in (pair, pair[::-1])}


_LEGS = text(
    """
    SELECT own.id AS one, others.id AS other FROM matches AS own
    JOIN match_parts AS parts ON parts.match_id = own.id AND parts.kind = 'transfer'
    JOIN matches AS others ON others.line_id = parts.object_id AND others.undone_at IS NULL
    WHERE own.id = ANY(:ids)
    UNION
    SELECT own.id, others.id FROM matches AS own
    JOIN match_parts AS parts ON parts.object_id = own.line_id AND parts.kind = 'transfer'
    JOIN matches AS others ON others.id = parts.match_id AND others.undone_at IS NULL
    WHERE own.id = ANY(:ids)
    """
)


def _lock_lines(session: Session, line_ids: Iterable[str]) -> dict[str, StatementLine]:
    rows = session.scalars(
        select(StatementLine)
        .where(among(StatementLine.id, line_ids))
        .order_by(StatementLine.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {line.id: line for line in rows}


def _lock_standing(session: Session, match_ids: Iterable[str]) -> dict[str, _Standing]:
    """Those of the matches that stand once their lines are locked, in id order."""
    wanted = set(match_ids)
    lines = _lock_lines(session, session.scalars(select(Match.line_id).where(among(Match.id, wanted))))
    matches = session.scalars(
        select(Match)
        .where(among(Match.id, wanted), Match.undone_at.is_(None))
        .order_by(Match.id)
        .execution_options(populate_existing=True)
    )
    accounts = {line.bank_account_id for line in lines.values()}
    rows = session.execute(
        select(BankAccount.id, BankAccount.creditor_id).where(among(BankAccount.id, accounts))
    )
    creditors = {row[0]: row[1] for row in rows}
    standing = {
        match.id: _Standing(match, line := lines[match.line_id], creditors[line.bank_account_id])
        for match in matches
    }
    parts = select(MatchPart).where(among(MatchPart.match_id, standing)).order_by(MatchPart.id)
    for part in session.scalars(parts):
        standing[part.match_id].parts.append(part)
    return standing


def _take_back(
    session: Session,
    sound: Sequence[_Standing],
    held: Mapping[str, Payment],
    *,
    because: str,
    act: Act,
) -> list[Undone]:
    if not sound:
        return []
    given = _take_back_payments(
        session, [held[one] for match in sound for one in match.payment_ids()], because, act
    )
    other_money.unbook(session, _other_money(sound, act), act=act)
    for one in sound:
        match = one.match
        match.undone_at, match.undone_by, match.undone_because = act.at, act.actor, because
        audit.record(session, "match.undone", match.id, act=act, why=because, line=one.line.id)
    _let_wait(session, [one.line.id for one in sound], because=because, act=act)
    ids = [one.match.id for one in sound]
    why = "The match that taught it was undone."
    forgotten = memory_origins.forget(session, ids, because=why, act=act)
    helped = _helped(session, ids)
    return [
        Undone(
            match_id=one.match.id, line_id=one.match.line_id, payment_ids=tuple(one.payment_ids()),
            allocation_ids=tuple(given_id for payment in one.payment_ids() for given_id in given[payment]),
            memory_ids=tuple(forgotten[one.match.id]), decided_with=tuple(helped[one.match.id]),
        )
        for one in sound
    ]  # fmt: skip


def _take_back_payments(
    session: Session, made: Sequence[Payment], because: str, act: Act
) -> defaultdict[str, list[str]]:
    """Cancel what the lines made, once nothing is given of it or beside it; by payment, the ids of what was given.

    A payment that was recorded before its line came is in transit again, and what it gives stands.
    """
    recorded = [payment.id for payment in made if payment.recorded_at is not None]
    of_lines = [payment.id for payment in made if payment.recorded_at is None]
    given: defaultdict[str, list[str]] = defaultdict(list)
    for one in allocations.standing_of(session, of_lines):
        given[str(one.payment_id or one.beside_payment_id)].append(one.id)
    ids = [allocation_id for together in given.values() for allocation_id in together]
    if ids:
        allocations.reverse(session, ids, because=because, on=act.today, act=act, cause=CAUSE)
    payments.cancel(session, of_lines, on=act.today, because=because, act=act, cause=CAUSE)
    recorded_payments.unmeet(session, recorded, on=act.today, because=because, act=act, cause=CAUSE)
    return given


def _other_money(sound: Sequence[_Standing], act: Act) -> list[OtherMoney]:
    return [
        OtherMoney(
            kind=part.kind, creditor_id=one.creditor_id, currency=one.line.currency,
            amount_minor=part.amount_minor, object_id=one.line.id, on=act.today,
        )
        for one in sound
        for part in one.parts
        if part.kind in set(OtherKind)
    ]  # fmt: skip


def _let_wait(session: Session, line_ids: Sequence[str], *, because: str, act: Act) -> None:
    """The lines wait again, held by who decides it."""
    states.move(session, LINE, line_ids, LineState.UNEXPLAINED, act=act, reason=because)
    session.execute(
        text(
            "UPDATE statement_lines SET held_at = :at, held_by = :by, waiting_because = :because "
            "WHERE id = ANY(:ids)"
        ),
        {
            "ids": sorted(line_ids), "at": act.at, "by": act.actor,
            "because": f"What it was matched to was undone: {because}",
        },
    )  # fmt: skip
    expire_rows(session, "statement_lines", line_ids)


def _helped(session: Session, match_ids: Sequence[str]) -> defaultdict[str, list[str]]:
    """By match, the memories that helped to decide it and still count."""
    rows = session.execute(
        select(MatchMemory.match_id, MatchMemory.memory_id)
        .join(PayerMemory, PayerMemory.id == MatchMemory.memory_id)
        .where(among(MatchMemory.match_id, match_ids), PayerMemory.revoked_at.is_(None))
        .order_by(MatchMemory.memory_id)
    )
    helped: defaultdict[str, list[str]] = defaultdict(list)
    for match_id, memory_id in rows:
        helped[match_id].append(memory_id)
    return helped


def undo_allocation(session: Session, allocation_id: str, *, because: str, act: Act) -> Allocation:
    """Take back one allocation; the line of its payment is held, so that nothing automatic gives the money away again.

    Raises AllocationNotFound when it does not stand, or UnreadableText.
    """
    found = allocations.get(session, allocation_id)
    payment_id = found.payment_id or found.beside_payment_id
    held = _lock_lines(session, [] if payment_id is None else _lines_of(session, payment_id))
    taken_back = allocations.reverse(
        session, [allocation_id], because=because, on=act.today, act=act, cause="allocation.reversed"
    )
    for line in held.values():
        line.held_at, line.held_by = act.at, act.actor
    session.flush()
    return taken_back[0]


def _lines_of(session: Session, payment_id: str) -> list[str]:
    """The line that brought a payment, if one did."""
    return list(
        session.scalars(
            select(Match.line_id)
            .join(MatchPart, MatchPart.match_id == Match.id)
            .where(
                MatchPart.object_id == payment_id,
                MatchPart.kind == PartKind.PAYMENT,
                Match.undone_at.is_(None),
            )
        )
    )


def release(session: Session, line_id: str, *, act: Act) -> StatementLine:
    """Give a line that a person holds back to what runs by itself; one that nobody holds stays as it is.

    Raises LineNotFound.
    """
    worklist.get_line(session, line_id)
    line = _lock_lines(session, [line_id])[line_id]
    if line.held_at is not None:
        line.held_at = line.held_by = None
        audit.record(session, "statement_line.released", line.id, act=act)
        session.flush()
    return line
