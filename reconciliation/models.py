"""The tables of arrivals: statement files as they came, statements, their lines, and what each line became."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import AccountNumberType, Base, Identifier, Instant
from ledger.models import one_of
from ledger.money import Money
from ledger.states import Machine, moves
from reconciliation.formats.pain002.naming import Order
from reconciliation.statement import LineStatus, StatementKind


class FileState(StrEnum):
    """What became of a file.

    Received: its bytes are stored, and it waits to be read. Imported: its lines are in the books. Refused: nothing
    but its bytes and the reason was kept. Unpacked: it is an archive, and each member is a file of its own.
    Handed on: it is a bank's answer to an order, not a statement, and was read as a status report.
    """

    RECEIVED = "received"
    IMPORTED = "imported"
    REFUSED = "refused"
    UNPACKED = "unpacked"
    HANDED_ON = "handed_on"


class Fate(StrEnum):
    """What one line of one statement was when it came: the first word of a booking, or one more of a known one.

    A promoted line was announced before and is booked by this statement.
    """

    NEW = "new"
    KNOWN = "known"
    PROMOTED = "promoted"
    REFUSED = "refused"


class LineState(StrEnum):
    """What became of a line."""

    NEW = "new"
    MATCHED = "matched"
    PARTLY_MATCHED = "partly_matched"
    PROPOSED = "proposed"
    UNEXPLAINED = "unexplained"
    IGNORED = "ignored"
    RETURNED_DEBIT = "returned_debit"
    BATCH_BOOKING = "batch_booking"
    PAYOUT = "payout"


_WAITING = (LineState.NEW, LineState.PROPOSED, LineState.UNEXPLAINED)
_EXPLAINED = (
    LineState.MATCHED,
    LineState.PARTLY_MATCHED,
    LineState.RETURNED_DEBIT,
    LineState.BATCH_BOOKING,
    LineState.PAYOUT,
)

# A line waits until it is explained or set aside, and may be looked at anew when that is undone.
LINE = Machine(
    noun="statement_line",
    table="statement_lines",
    column="state",
    moves=moves(
        {
            **{
                state: (*(other for other in _WAITING if other != state), *_EXPLAINED, LineState.IGNORED)
                for state in _WAITING
            },
            **dict.fromkeys(_EXPLAINED, (LineState.UNEXPLAINED,)),
            # What was only announced is looked at like any other line once it is booked.
            LineState.IGNORED: (LineState.UNEXPLAINED, LineState.NEW),
        }
    ),
)


class StatementFile(Base):
    """The bytes of a file as the bank made them, stored once whatever becomes of it."""

    __tablename__ = "statement_files"
    __table_args__ = (one_of("state", FileState), UniqueConstraint("sha256"))

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))
    format: Mapped[str | None] = mapped_column(String(70))
    refusal_code: Mapped[str | None] = mapped_column(String(60))
    refusal: Mapped[str | None] = mapped_column(String(500))
    refusal_line: Mapped[int | None]
    received_at: Mapped[datetime] = mapped_column(Instant)
    received_by: Mapped[str] = mapped_column(String(100))
    archive_id: Mapped[str | None] = mapped_column(ForeignKey("statement_files.id"), index=True)
    bank_account_id: Mapped[str | None] = mapped_column(ForeignKey("bank_accounts.id"))
    open_accounts_of: Mapped[str | None] = mapped_column(ForeignKey("creditors.id"))
    proposal: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    unopened: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB)
    member_ids: Mapped[list[str] | None] = mapped_column(JSONB)
    date_order: Mapped[str | None] = mapped_column(String(20))


class FileProgress(Base):
    """How far the reading of a large file has come; written beside the transaction that imports it."""

    __tablename__ = "statement_file_progress"

    file_id: Mapped[str] = mapped_column(ForeignKey("statement_files.id"), primary_key=True)
    bytes_read: Mapped[int] = mapped_column(BigInteger)
    lines_read: Mapped[int]
    at: Mapped[datetime] = mapped_column(Instant)


class StatementLayout(Base):
    """How the tables (CSV) of one account are laid out, as a person confirmed it."""

    __tablename__ = "statement_layouts"
    __table_args__ = (
        Index(
            "uq_statement_layouts_one_standing",
            "bank_account_id",
            text("md5(signature)"),
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    bank_account_id: Mapped[str] = mapped_column(ForeignKey("bank_accounts.id"))
    signature: Mapped[str] = mapped_column(String(2000))
    layout: Mapped[dict[str, Any]] = mapped_column(JSONB)
    confirmed_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_by: Mapped[str] = mapped_column(String(100))
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class StatementRecord(Base):
    """One statement of one account, with its proof.

    `break_minor` is closing less opening less booked lines, where that is not zero; a person accepts it with a
    reason. `gap_minor` is what is missing between the closing balance before and this opening balance. `base_minor`
    is the closing balance less every line up to it, `place` the order among the statements of a day: both are kept by
    `balances`. A `descending` statement lists its newest line first.
    """

    __tablename__ = "statements"
    __table_args__ = (
        one_of("kind", StatementKind),
        CheckConstraint(
            "(accepted_at IS NULL) = (accepted_by IS NULL) "
            "AND (accepted_at IS NULL) = (accepted_because IS NULL)",
            name="accepted_with_reason",
        ),
        Index("ix_statements_chain", "bank_account_id", "closes_on"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("statement_files.id"), index=True)
    bank_account_id: Mapped[str] = mapped_column(ForeignKey("bank_accounts.id"))
    format: Mapped[str] = mapped_column(String(70))
    bank_statement_id: Mapped[str | None] = mapped_column(String(100))
    sequence: Mapped[str | None] = mapped_column(String(40))
    sequence_number: Mapped[int | None] = mapped_column(BigInteger)
    from_on: Mapped[date | None]
    to_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    currency: Mapped[str] = mapped_column(String(3))
    opening_minor: Mapped[int | None] = mapped_column(BigInteger)
    closing_minor: Mapped[int | None] = mapped_column(BigInteger)
    booked_minor: Mapped[int] = mapped_column(BigInteger)
    gap_minor: Mapped[int | None] = mapped_column(BigInteger)
    line_count: Mapped[int]
    new_count: Mapped[int]
    known_count: Mapped[int]
    balanced: Mapped[bool | None]
    problems: Mapped[list[str]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(String(20), server_default="statement")
    copy: Mapped[str | None] = mapped_column(String(10))
    refused_count: Mapped[int] = mapped_column(server_default="0")
    break_minor: Mapped[int | None] = mapped_column(BigInteger)
    base_minor: Mapped[int | None] = mapped_column(BigInteger)
    place: Mapped[int | None]
    descending: Mapped[bool] = mapped_column(server_default="false")
    sequence_problem: Mapped[str | None] = mapped_column(String(200))
    accepted_at: Mapped[datetime | None] = mapped_column(Instant)
    accepted_by: Mapped[str | None] = mapped_column(String(100))
    accepted_because: Mapped[str | None] = mapped_column(String(300))
    promoted_count: Mapped[int] = mapped_column(server_default="0")

    @property
    def told_problems(self) -> list[str]:
        """Everything a person should know of it: its own problems, and those of its place among the others."""
        gap = [] if self.gap_minor is None else [_gap_sentence(Money(self.gap_minor, self.currency))]
        number = [] if self.sequence_problem is None else [self.sequence_problem]
        return [*self.problems, *gap, *number]


def _gap_sentence(gap: Money) -> str:
    return f"Lines of {gap} are missing before it, or lines of {-gap} are too many: the balances do not meet."


class StatementLine(Base):
    """One booked (or announced) movement of an account. `identity` tells it apart from every other of the account.

    `statement_id` is the statement that books it, or the first that told of it while none does. A `provisional`
    line was told by a report or notification of the running day and is not in the books until a statement brings
    it. A line with a `lump_id` is no booking of its own but a part of that one. Once a line is held (`held_at`) a
    person has decided about it, and what runs by itself only proposes.
    """

    __tablename__ = "statement_lines"
    __table_args__ = (
        one_of("state", LineState),
        one_of("status", LineStatus),
        UniqueConstraint("bank_account_id", "identity"),
        Index("ix_statement_lines_statement_id", "statement_id", "position"),
        Index(
            "ix_statement_lines_waiting",
            "id",
            postgresql_where=text("state IN ('new', 'unexplained', 'proposed')"),
        ),
        Index("ix_statement_lines_end_to_end_id", "end_to_end_id"),
        Index("ix_statement_lines_facts", "bank_account_id", "booked_on", "amount_minor"),
        Index(
            "ix_statement_lines_valued",
            "bank_account_id",
            "valued_on",
            "amount_minor",
            postgresql_where=text("valued_on <> booked_on"),
        ),
        Index(
            "ix_statement_lines_provisional",
            "bank_account_id",
            "booked_on",
            postgresql_where=text("provisional AND lump_id IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    statement_id: Mapped[str] = mapped_column(ForeignKey("statements.id"))
    bank_account_id: Mapped[str] = mapped_column(ForeignKey("bank_accounts.id"))
    position: Mapped[int]
    identity: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    waiting_because: Mapped[str | None] = mapped_column(String(300))
    status: Mapped[str] = mapped_column(String(10))
    booked_on: Mapped[date]
    valued_on: Mapped[date | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    counterparty_name: Mapped[str | None] = mapped_column(String(300))
    counterparty_account: Mapped[str | None] = mapped_column(AccountNumberType)
    counterparty_bic: Mapped[str | None] = mapped_column(String(40))
    remittance: Mapped[str | None]
    reference: Mapped[str | None] = mapped_column(String(140))
    end_to_end_id: Mapped[str | None] = mapped_column(String(140))
    mandate_reference: Mapped[str | None] = mapped_column(String(140))
    creditor_identifier: Mapped[str | None] = mapped_column(String(140))
    bank_reference: Mapped[str | None] = mapped_column(String(140))
    transaction_code: Mapped[str | None] = mapped_column(String(60))
    reversal: Mapped[bool]
    return_reason: Mapped[str | None] = mapped_column(String(140))
    original_minor: Mapped[int | None] = mapped_column(BigInteger)
    charges_minor: Mapped[int | None] = mapped_column(BigInteger)
    interest_minor: Mapped[int | None] = mapped_column(BigInteger)
    batch_payment_information_id: Mapped[str | None] = mapped_column(String(140))
    batch_message_id: Mapped[str | None] = mapped_column(String(140))
    batch_count: Mapped[int | None] = mapped_column(BigInteger)
    details: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(server_default="1")
    provisional: Mapped[bool] = mapped_column(server_default="false")
    lump_id: Mapped[str | None] = mapped_column(ForeignKey("statement_lines.id"))
    held_at: Mapped[datetime | None] = mapped_column(Instant)
    held_by: Mapped[str | None] = mapped_column(String(100))

    @property
    def takes_back(self) -> bool:
        """Whether it undoes an earlier booking: a return, a refund by the bank, or a reversal."""
        return self.reversal or self.return_reason is not None


class LineSighting(Base):
    """One line of one statement: which stored line it is, and whether it was news. Of every line there is one.

    `family` is the format without its version, `counts` whether this statement says it is booked and of the
    account's currency, `moved_minor` the sum of what counts in the statement up to and with this line, `digest`
    what the statement says of the line in 16 bytes.
    """

    __tablename__ = "line_sightings"
    __table_args__ = (
        one_of("fate", Fate),
        CheckConstraint("(fate = 'refused') = (line_id IS NULL)", name="refused_or_stored"),
    )

    statement_id: Mapped[str] = mapped_column(ForeignKey("statements.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[str | None] = mapped_column(ForeignKey("statement_lines.id"), index=True)
    fate: Mapped[str] = mapped_column(String(10))
    family: Mapped[str] = mapped_column(String(20))
    counts: Mapped[bool]
    moved_minor: Mapped[int] = mapped_column(BigInteger)
    bank_reference: Mapped[str | None] = mapped_column(String(140))
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    reason: Mapped[str | None] = mapped_column(String(500))


class Match(Base):
    """What a line became: by which rule or person, and why."""

    __tablename__ = "matches"
    __table_args__ = (
        Index(
            "uq_matches_one_standing_per_line",
            "line_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    line_id: Mapped[str] = mapped_column(ForeignKey("statement_lines.id"))
    rule: Mapped[str] = mapped_column(String(60))
    decided_by: Mapped[str] = mapped_column(String(100))
    decided_at: Mapped[datetime] = mapped_column(Instant)
    evidence: Mapped[list[str]] = mapped_column(JSONB)
    line_rule_id: Mapped[str | None] = mapped_column(ForeignKey("line_rules.id"))
    undone_at: Mapped[datetime | None] = mapped_column(Instant)
    undone_by: Mapped[str | None] = mapped_column(String(100))
    undone_because: Mapped[str | None] = mapped_column(String(200))


class PartKind(StrEnum):
    """What a part of a line can be.

    A rejected debit that the bank credited all the same, or the booking by which it takes that back, is neither a
    payment nor a return: no money stays. A transfer names the line that is its other leg, once that is known; a
    payout, tax, a salary and what else is no business of our customers name nothing.
    """

    PAYMENT = "payment"
    RETURNED_DEBIT = "returned_debit"
    REJECTED_DEBIT = "rejected_debit"
    FEE = "fee"
    INTEREST = "interest"
    REFUND = "refund"
    TRANSFER = "transfer"
    PAYOUT = "payout"
    TAX = "tax"
    SALARY = "salary"
    OTHER = "other"


class MatchPart(Base):
    """A part of a matched line, signed as the line is; the parts of a match add up to its line."""

    __tablename__ = "match_parts"
    __table_args__ = (
        one_of("kind", PartKind),
        CheckConstraint(
            "kind NOT IN ('payment', 'returned_debit', 'rejected_debit', 'refund') OR object_id IS NOT NULL",
            name="names_its_object",
        ),
        Index("ix_match_parts_match_id", "match_id"),
        Index("ix_match_parts_object_id", "object_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    match_id: Mapped[str] = mapped_column(ForeignKey("matches.id"))
    kind: Mapped[str] = mapped_column(String(20))
    object_id: Mapped[str | None] = mapped_column(Identifier)
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class ProposalState(StrEnum):
    """What became of a proposal. Superseded: it was not made again, or the line was explained otherwise."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class Proposal(Base):
    """A match of a waiting line that nobody has confirmed: who pays what, and what speaks for and against it.

    `reading` is {"customer_id", "shares": [{"invoice_id" or "credit_note_id", "kind", "amount_minor"}],
    "on_account_minor"}; `digest` tells it apart from the others of its line. `supports` and `contradicts` are lists
    of {"evidence", "sentence"}; `certainty` names the row of the table of certainty that it meets, if any, and
    `because` says why it waits.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        one_of("state", ProposalState),
        Index(
            "uq_proposals_one_of_a_kind",
            "line_id",
            "digest",
            unique=True,
            postgresql_where=text("state IN ('open', 'rejected')"),
        ),
        Index("ix_proposals_line_id", "line_id"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    line_id: Mapped[str] = mapped_column(ForeignKey("statement_lines.id"))
    rank: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))
    digest: Mapped[str] = mapped_column(String(32))
    reading: Mapped[dict[str, Any]] = mapped_column(JSONB)
    supports: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    contradicts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    certainty: Mapped[str | None] = mapped_column(String(60))
    because: Mapped[str | None] = mapped_column(String(300))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(String(100))
    decided_because: Mapped[str | None] = mapped_column(String(200))


class MemoryKind(StrEnum):
    """What a payer memory says: this account, or this name, pays for the customer; or one customer pays for another."""

    ACCOUNT = "account"
    NAME = "name"
    PAYS_FOR = "pays_for"


class PayerMemory(Base):
    """What was learnt from a match: who pays for `customer_id`. It counts until it is revoked."""

    __tablename__ = "payer_memories"
    __table_args__ = (
        one_of("kind", MemoryKind),
        CheckConstraint(
            "CASE kind WHEN 'account' THEN account IS NOT NULL AND name_key IS NULL AND payer_id IS NULL "
            "WHEN 'name' THEN name_key IS NOT NULL AND account IS NULL AND payer_id IS NULL "
            "ELSE payer_id IS NOT NULL AND account IS NULL AND name_key IS NULL END",
            name="one_payer",
        ),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by_whom"),
        Index(
            "uq_payer_memories_one_standing",
            "creditor_id",
            "customer_id",
            "kind",
            text("coalesce(account, name_key, payer_id)"),
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index(
            "ix_payer_memories_account",
            "account",
            postgresql_where=text("revoked_at IS NULL AND account IS NOT NULL"),
        ),
        Index(
            "ix_payer_memories_name",
            "name_key",
            postgresql_where=text("revoked_at IS NULL AND name_key IS NOT NULL"),
        ),
        Index(
            "ix_payer_memories_payer",
            "payer_id",
            postgresql_where=text("revoked_at IS NULL AND payer_id IS NOT NULL"),
        ),
        Index("ix_payer_memories_revoked", "customer_id", postgresql_where=text("revoked_at IS NOT NULL")),
        Index("ix_payer_memories_match_id", "match_id"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    kind: Mapped[str] = mapped_column(String(10))
    account: Mapped[str | None] = mapped_column(AccountNumberType)
    name_key: Mapped[str | None] = mapped_column(String(140))
    payer_id: Mapped[str | None] = mapped_column(ForeignKey("customers.id"))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    match_id: Mapped[str | None] = mapped_column(ForeignKey("matches.id"))
    learnt_at: Mapped[datetime] = mapped_column(Instant)
    learnt_by: Mapped[str] = mapped_column(String(100))
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_by: Mapped[str | None] = mapped_column(String(100))
    revoked_because: Mapped[str | None] = mapped_column(String(200))


class MatchMemory(Base):
    """A match that was decided with the help of a memory."""

    __tablename__ = "match_memories"

    match_id: Mapped[str] = mapped_column(ForeignKey("matches.id"), primary_key=True)
    memory_id: Mapped[str] = mapped_column(ForeignKey("payer_memories.id"), primary_key=True, index=True)


class LineRule(Base):
    """A rule that treasury wrote: lines that meet every condition are `becomes`, and no customer's payment.

    `conditions` are as reconciliation.line_rules reads them, and all of them must hold. Rules are asked by priority,
    the smallest first, then by id.
    """

    __tablename__ = "line_rules"
    __table_args__ = (
        CheckConstraint(
            "becomes IN ('fee', 'interest', 'payout', 'tax', 'salary', 'other', 'ignored')", name="becomes"
        ),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by_whom"),
        Index("ix_line_rules_creditor_id", "creditor_id", postgresql_where=text("revoked_at IS NULL")),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    name: Mapped[str] = mapped_column(String(60))
    priority: Mapped[int]
    becomes: Mapped[str] = mapped_column(String(10))
    conditions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    written_at: Mapped[datetime] = mapped_column(Instant)
    written_by: Mapped[str] = mapped_column(String(100))
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_by: Mapped[str | None] = mapped_column(String(100))


class MatchingTerms(Base):
    """How sure a match must be for a creditor, and what it tolerates; the newest row is in force."""

    __tablename__ = "matching_terms"
    __table_args__ = (Index("ix_matching_terms_creditor_id", "creditor_id", "id"),)

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    set_at: Mapped[datetime] = mapped_column(Instant)
    set_by: Mapped[str] = mapped_column(String(100))


class MatchRun(Base):
    """One run over everything that waits; its work lies in `match_work` while it goes on."""

    __tablename__ = "match_runs"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    began_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class MatchWork(Base):
    """A part of a run: whoever holds the row's lock does it, and marks it done in the same transaction."""

    __tablename__ = "match_work"

    run_id: Mapped[str] = mapped_column(ForeignKey("match_runs.id"), primary_key=True)
    stage: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    task: Mapped[dict[str, Any]] = mapped_column(JSONB)
    done: Mapped[bool] = mapped_column(server_default="false")
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class MatchFinding(Base):
    """What was found about a line of a run before anything is applied; it may be lost, and is then found again."""

    __tablename__ = "match_findings"
    __table_args__ = (
        Index("ix_match_findings_in_turn", "run_id", "stage", "share"),
        {"prefixes": ["UNLOGGED"]},
    )

    run_id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    stage: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line_id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    share: Mapped[int]
    body: Mapped[str]


class Level(StrEnum):
    """Where in a status report a status stands: it is said of the file, of a payment block, or of a transaction."""

    FILE = "file"
    BLOCK = "block"
    TRANSACTION = "transaction"


class ItemOutcome(StrEnum):
    """What became of one thing that a status report says.

    Rejected: the debit is rejected by it. Accepted: the bank took the order, which is no money yet. Credited: the bank
    rejects what it has credited already, so that another booking will take it back. Already: it was rejected or
    came back before. Noted: nothing follows from it. Unknown: it names nothing of ours. Other amount: it names
    a debit of ours with another amount. Other order: it answers something else than direct debits.
    """

    REJECTED = "rejected"
    ACCEPTED = "accepted"
    CREDITED = "credited"
    ALREADY = "already"
    NOTED = "noted"
    UNKNOWN = "unknown"
    OTHER_AMOUNT = "other_amount"
    OTHER_ORDER = "other_order"


class StatusReport(Base):
    """A bank's answer to one of our files, the `position`-th of the file that it came in.

    `outcomes` counts its items by what became of them; `batch_id` is ours that it answers.
    """

    __tablename__ = "status_reports"
    __table_args__ = (
        one_of("answers", Order),
        UniqueConstraint("file_id", "position"),
        Index("ix_status_reports_batch_id", "batch_id"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("statement_files.id"))
    position: Mapped[int]
    format: Mapped[str] = mapped_column(String(70))
    answers: Mapped[str] = mapped_column(String(10))
    message_id: Mapped[str | None] = mapped_column(String(140))
    made_at: Mapped[str | None] = mapped_column(String(140))
    original_message_id: Mapped[str | None] = mapped_column(String(140))
    original_message_name: Mapped[str | None] = mapped_column(String(140))
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id"))
    status: Mapped[str | None] = mapped_column(String(140))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    item_count: Mapped[int] = mapped_column(server_default="0")
    outcomes: Mapped[dict[str, int]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Instant)


class StatusReportItem(Base):
    """One thing that a status report says, and what became of it; what is said of a file or block as a whole stands
    once for each debit that it rejects."""

    __tablename__ = "status_report_items"
    __table_args__ = (
        one_of("level", Level),
        one_of("outcome", ItemOutcome),
        CheckConstraint(
            "outcome NOT IN ('rejected', 'credited', 'already') OR debit_id IS NOT NULL",
            name="names_its_debit",
        ),
        Index("ix_status_report_items_debit_id", "debit_id"),
    )

    report_id: Mapped[str] = mapped_column(ForeignKey("status_reports.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(String(12))
    payment_information_id: Mapped[str | None] = mapped_column(String(140))
    end_to_end_id: Mapped[str | None] = mapped_column(String(140))
    status_id: Mapped[str | None] = mapped_column(String(140))
    status: Mapped[str | None] = mapped_column(String(140))
    reason_code: Mapped[str | None] = mapped_column(String(140))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    collect_on: Mapped[date | None]
    mandate_reference: Mapped[str | None] = mapped_column(String(140))
    debit_id: Mapped[str | None] = mapped_column(ForeignKey("debits.id"))
    outcome: Mapped[str] = mapped_column(String(12))
    because: Mapped[str | None] = mapped_column(String(300))
