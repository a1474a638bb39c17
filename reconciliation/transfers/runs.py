"""A run over every credit that waits, in parts that any number of workers share; the books do not depend on how many.

A round first finds: each part is a stretch of lines, and what is certain about each is noted down, nothing else
written. Then it applies: each part is a share of the customers, the surest first and then by the day of the booking.
An invoice belongs to one customer, so two parts never want the same one; what touches several customers comes behind,
in a part of its own. Rounds follow until one applies nothing; then what still waits gets its proposals and reason.

A part is a row of match_work. Whoever locks it does it in that transaction, and marks it done; if a worker dies the
lock falls, and another does the part. Who waits for the others to finish a stage waits for these locks.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.database import copy_rows
from ledger.identifiers import new_id
from reconciliation import matches
from reconciliation.transfers import applying, finding, learning, settling
from reconciliation.transfers import terms as matching_terms
from reconciliation.transfers.applying import Decision
from reconciliation.transfers.candidates import Credit, credits_where
from reconciliation.transfers.finding import Finding, Proposed

PART = 2_000  # lines of a part
MOST_ROUNDS = 6
_FORGOTTEN_AFTER = timedelta(days=1)
_SHARES = 256  # of the customers, by a hash of their ids
_SEVERAL = _SHARES  # the share of what touches several customers

_WAITS = """
lines.state IN ('new', 'unexplained', 'proposed') AND lines.amount_minor > 0 AND NOT lines.reversal
AND lines.return_reason IS NULL AND NOT lines.provisional AND (
    NOT EXISTS (
        SELECT 1 FROM statements WHERE statements.id = lines.statement_id
        AND statements.break_minor IS NOT NULL AND statements.accepted_at IS NULL
    ) OR EXISTS (
        SELECT 1 FROM line_sightings JOIN statements ON statements.id = line_sightings.statement_id
        WHERE line_sightings.line_id = lines.id AND line_sightings.counts AND statements.balanced
    )
)
"""


# Another run may hold a credit of our own debits just now: whatever it says, it is no customer's transfer.
_NOT_OURS = (
    "lines.batch_payment_information_id IS NULL AND lines.batch_message_id IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM debits WHERE debits.end_to_end_id = lines.end_to_end_id)"
)


@dataclass
class Applied:
    """What one part, or one chunk, came to."""

    by_row: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)

    def add(self, other: Applied) -> None:
        """Count another part in."""
        self.by_row += other.by_row
        self.waiting += other.waiting


# --- one part ---


def find_and_apply(session: Session, some: Sequence[Credit], *, act: Act) -> Applied:
    """A whole run over a few credits in the session's transaction: round after round, then what waits is settled."""
    done = Applied()
    rest = list(some)
    findings: list[Finding] = []
    for _ in range(MOST_ROUNDS):
        findings = look(session, rest)
        by_id = {credit.id: credit for credit in rest}
        shares = sorted({share_of(one) for one in findings if one.certain is not None})
        taken: set[str] = set()
        for share in shares:
            own = [one for one in findings if one.certain is not None and share_of(one) == share]
            taken |= apply_findings(session, own, by_id, done, act=act)
        rest = [credit for credit in rest if credit.id not in taken]
        if not taken:
            break
    done.waiting += Counter(settling.settle(session, findings, act=act).values())
    return done


def look(session: Session, some: Sequence[Credit]) -> list[Finding]:
    """What is certain about these credits, and what can be proposed; nothing is written."""
    terms = {one: matching_terms.of(session, one) for one in sorted({credit.creditor_id for credit in some})}
    rejected = finding.rejected_readings(session, [credit.id for credit in some])
    return finding.find(session, some, terms=terms, rejected=rejected)


def apply_findings(
    session: Session, findings: Sequence[Finding], by_id: dict[str, Credit], done: Applied, *, act: Act
) -> set[str]:
    """Apply findings in the order of their certainty; gives the lines that were explained.

    What another has changed since it was found, and what a surer finding has just taken, is left for the next round.
    """
    lines = {
        row.id for row in session.execute(_LOCK_LINES, {"ids": sorted(one.credit_id for one in findings)})
    }
    now = applying.still_open(session, (each for one in findings for each in one.seen))
    touched: set[str] = set()
    decisions: list[tuple[Finding, Decision]] = []
    for one in sorted(findings, key=lambda one: (one.grade, *_turn(by_id[one.credit_id]))):
        stands = all(now.get(each) == open_minor for each, open_minor in one.seen.items())
        if one.certain is None or one.credit_id not in lines or not stands or touched & one.seen.keys():
            continue
        touched |= one.seen.keys()
        decisions.append((one, _decision(one, one.certain, by_id[one.credit_id])))
    explained = applying.apply(session, [decision for _, decision in decisions], act=act)
    made = matches.write(session, explained, act=act)
    settling.supersede(session, list(explained), act=act)
    learning.learn(
        session, [(one, by_id[one.credit_id], made[one.credit_id]) for one, _ in decisions], act=act
    )
    done.by_row += Counter(str(one.row) for one, _ in decisions)
    return set(explained)


def share_of(one: Finding) -> int:
    """The share of the customers that a certain finding is applied with."""
    if len(one.customers) != 1:
        return _SEVERAL
    return zlib.crc32(one.customers[0].encode()) % _SHARES


def _turn(credit: Credit) -> tuple[Any, ...]:
    return credit.booked_on, credit.identity, credit.id


def _decision(one: Finding, certain: Proposed, credit: Credit) -> Decision:
    return Decision(
        line_id=credit.id, bank_account_id=credit.bank_account_id, creditor_id=credit.creditor_id,
        amount_minor=credit.amount_minor, currency=credit.currency, booked_on=credit.booked_on,
        reading=certain.reading, rule=str(one.row), decided_by=str(one.row),
        evidence=tuple(support.sentence for support in certain.supports),
    )  # fmt: skip


_LOCK_LINES = text(
    "SELECT id FROM statement_lines WHERE id = ANY(:ids) AND state IN ('new', 'unexplained', 'proposed') "
    "AND held_at IS NULL ORDER BY id FOR UPDATE"
)


# --- many parts ---


def begin(session: Session, *, act: Act) -> str:
    """A new run; gives its id. What died more than a day ago is cleared away."""
    forgotten = session.scalars(
        text("SELECT id FROM match_runs WHERE ended_at IS NULL AND began_at < :before"),
        {"before": act.at - _FORGOTTEN_AFTER},
    )
    for one in forgotten.all():
        end(session, one, act=act)
    run_id = new_id("run")
    session.execute(
        text("INSERT INTO match_runs (id, began_at) VALUES (:id, :at)"), {"id": run_id, "at": act.at}
    )
    return run_id


def plan_finding(session: Session, run_id: str, stage: int, *, passing_over: Sequence[str]) -> int:
    """Lay out the parts that look at every waiting credit but these; gives how many parts."""
    starts = list(session.scalars(_STARTS, {"part": PART}))
    ends = [*starts[1:], *([None] if starts else [])]
    over = sorted(passing_over)
    tasks = [
        {
            "task": _FIND, "from": start, "until": end,
            "not": [one for one in over if start <= one and (end is None or one < end)],
        }
        for start, end in zip(starts, ends, strict=True)
    ]  # fmt: skip
    return _lay_out(session, run_id, stage, tasks)


def plan_applying(session: Session, run_id: str, stage: int, *, found: int, several: bool = False) -> int:
    """Lay out the parts that apply what `found`, the stage of the finding, holds; gives how many parts."""
    first, last = (_SEVERAL, _SEVERAL) if several else (0, _SHARES - 1)
    shares = session.execute(
        text(
            "SELECT share, count(*) AS many FROM match_findings "
            "WHERE run_id = :run AND stage = :stage AND share BETWEEN :first AND :last GROUP BY share ORDER BY share"
        ),
        {"run": run_id, "stage": found, "first": first, "last": last},
    )
    tasks: list[dict[str, Any]] = []
    many = PART
    for row in shares:
        if many + row.many > PART:
            tasks.append({"task": _APPLY, "found": found, "from": row.share, "until": row.share + 1})
            many = 0
        tasks[-1]["until"] = row.share + 1
        many += row.many
    return _lay_out(session, run_id, stage, tasks)


def plan_settling(session: Session, run_id: str, stage: int, *, found: int) -> int:
    """Lay out the parts that let wait what the last finding could not decide."""
    rows = session.execute(
        text("SELECT task FROM match_work WHERE run_id = :run AND stage = :stage ORDER BY part"),
        {"run": run_id, "stage": found},
    )
    return _lay_out(session, run_id, stage, [{**row.task, "task": _SETTLE, "found": found} for row in rows])


def do_part(session: Session, run_id: str, *, act: Act, wait: bool = False) -> bool:
    """Do one part of the run that nobody has done and, unless we `wait`, that nobody is doing; False if there is none.

    The part is done, and marked so, when the session's transaction commits.
    """
    row = session.execute(_CLAIM_WAITING if wait else _CLAIM, {"run": run_id}).first()
    if row is None:
        return False
    outcome = _DOES[row.task["task"]](session, run_id, row.stage, row.task, act)
    session.execute(
        _DONE,
        {
            "run": run_id, "stage": row.stage, "part": row.part,
            "outcome": json.dumps({"by_row": outcome.by_row, "waiting": outcome.waiting}),
        },
    )  # fmt: skip
    return True


def outcome_of(session: Session, run_id: str, stage: int) -> Applied:
    """What a stage came to."""
    whole = Applied()
    rows = session.execute(
        text("SELECT outcome FROM match_work WHERE run_id = :run AND stage = :stage AND done"),
        {"run": run_id, "stage": stage},
    )
    for row in rows:
        whole.add(Applied(Counter(row.outcome["by_row"]), Counter(row.outcome["waiting"])))
    return whole


def end(session: Session, run_id: str, *, act: Act) -> None:
    """The run is over: its work is cleared away."""
    for table in ("match_findings", "match_work"):
        session.execute(text(f"DELETE FROM {table} WHERE run_id = :run"), {"run": run_id})  # noqa: S608 - a constant
    session.execute(
        text("UPDATE match_runs SET ended_at = :at WHERE id = :run"), {"at": act.at, "run": run_id}
    )


def is_over(session: Session, run_id: str) -> bool:
    """Whether a run has ended; one that never was is over."""
    row = session.execute(text("SELECT ended_at FROM match_runs WHERE id = :run"), {"run": run_id}).first()
    return row is None or row.ended_at is not None


def count_waiting(session: Session, most: int) -> int:
    """How many credits wait, counted up to `most`."""
    return int(session.execute(_COUNTED, {"most": most}).scalar_one())


_COUNTED = text(
    "SELECT count(*) FROM ("  # noqa: S608 - put together from constants
    f"SELECT 1 FROM statement_lines AS lines WHERE {_WAITS} LIMIT :most) AS waiting"
)
_FIND, _APPLY, _SETTLE = "find", "apply", "settle"
_STARTS = text(
    "SELECT id FROM (SELECT lines.id, row_number() OVER (ORDER BY lines.id) - 1 AS place "  # noqa: S608 - constants
    f"FROM statement_lines AS lines WHERE {_WAITS}) AS waiting WHERE place % :part = 0 ORDER BY id"
)
_CLAIMED = (
    "SELECT stage, part, task FROM match_work WHERE run_id = :run AND NOT done ORDER BY stage, part LIMIT 1"
)
_CLAIM = text(f"{_CLAIMED} FOR UPDATE SKIP LOCKED")
_CLAIM_WAITING = text(f"{_CLAIMED} FOR UPDATE")
_DONE = text(
    "UPDATE match_work SET done = true, outcome = CAST(:outcome AS jsonb) "
    "WHERE run_id = :run AND stage = :stage AND part = :part"
)


def _lay_out(session: Session, run_id: str, stage: int, tasks: Sequence[dict[str, Any]]) -> int:
    columns = ("run_id", "stage", "part", "task")
    rows = ((run_id, stage, part, json.dumps(task)) for part, task in enumerate(tasks, start=1))
    copy_rows(session, "match_work", columns, rows)
    return len(tasks)


def _find(session: Session, run_id: str, stage: int, task: dict[str, Any], act: Act) -> Applied:
    some = _credits(session, task)
    rows = (
        (run_id, stage, one.credit_id, -1 if one.certain is None else share_of(one), finding.to_text(one))
        for one in look(session, some)
    )
    copy_rows(session, "match_findings", ("run_id", "stage", "line_id", "share", "body"), rows)
    return Applied()


def _apply(session: Session, run_id: str, stage: int, task: dict[str, Any], act: Act) -> Applied:
    rows = session.execute(
        text(
            "SELECT line_id, body FROM match_findings WHERE run_id = :run AND stage = :stage "
            "AND share >= :from AND share < :until"
        ),
        {"run": run_id, "stage": task["found"], "from": task["from"], "until": task["until"]},
    )
    findings = [finding.from_text(row.line_id, row.body) for row in rows]
    some = credits_where(session, "lines.id = ANY(:ids)", ids=[one.credit_id for one in findings])
    done = Applied()
    apply_findings(session, findings, {credit.id: credit for credit in some}, done, act=act)
    return done


def _settle(session: Session, run_id: str, stage: int, task: dict[str, Any], act: Act) -> Applied:
    rows = session.execute(
        text(
            "SELECT line_id, body FROM match_findings WHERE run_id = :run AND stage = :stage "
            "AND line_id >= :from AND (CAST(:until AS text) IS NULL OR line_id < :until)"
        ),
        {"run": run_id, "stage": task["found"], "from": task["from"], "until": task["until"]},
    )
    findings = [finding.from_text(row.line_id, row.body) for row in rows]
    return Applied(waiting=Counter(settling.settle(session, findings, act=act).values()))


def _credits(session: Session, task: dict[str, Any]) -> list[Credit]:
    return credits_where(
        session,
        f"{_WAITS} AND lines.id >= :from AND (CAST(:until AS text) IS NULL OR lines.id < :until) "
        f"AND NOT lines.id = ANY(:not) AND {_NOT_OURS}",
        **{"from": task["from"], "until": task["until"], "not": task["not"]},
    )


_DOES = {_FIND: _find, _APPLY: _apply, _SETTLE: _settle}
