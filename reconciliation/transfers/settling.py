"""What stays of a run for a person: the proposals of each line that waits, and the reason in one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import states
from ledger.acts import Act
from ledger.database import copy_rows
from ledger.identifiers import new_id
from reconciliation.models import LINE, LineState, ProposalState
from reconciliation.transfers.finding import Finding, Proposed

_COLUMNS = (
    "id", "line_id", "rank", "state", "digest", "reading", "supports", "contradicts", "certainty", "because",
    "proposed_at",
)  # fmt: skip
_LONGEST_REASON = 300
OVERTAKEN = "What it pays has changed meanwhile; it is looked at again with the next run."


def settle(session: Session, findings: Sequence[Finding], *, act: Act) -> dict[str, str]:
    """Let these lines wait: their proposals are brought up to date, and each has its reason; gives the reasons.

    Lines that somebody has explained or ignored meanwhile are passed over. What is proposed already stays as it is,
    so that looking again changes nothing.
    """
    waiting = _lock(session, [finding.credit_id for finding in findings])
    held = [finding for finding in findings if finding.credit_id in waiting]
    _propose(session, held, act)
    reasons = {finding.credit_id: _reason(finding) for finding in held}
    _give_reasons(session, waiting, reasons)
    for state in (LineState.PROPOSED, LineState.UNEXPLAINED):
        ids = [
            one.credit_id for one in held if _state(one) == state and waiting[one.credit_id].state != state
        ]
        states.move(session, LINE, ids, state, act=act)
    return reasons


def let_wait(session: Session, reasons: Mapping[str, str], *, act: Act) -> None:
    """Let lines that are nobody's payment wait for a reason each."""
    waiting = _lock(session, list(reasons))
    _give_reasons(session, waiting, {one: because[:_LONGEST_REASON] for one, because in reasons.items()})
    new = [one for one, row in waiting.items() if row.state == LineState.NEW]
    states.move(session, LINE, new, LineState.UNEXPLAINED, act=act)


def supersede(session: Session, line_ids: Sequence[str], *, act: Act) -> None:
    """These lines were explained: what was proposed for them is of no use any more."""
    session.execute(_SUPERSEDE_OF_LINES, {"ids": sorted(line_ids), "at": act.at})


_LOCK = text(
    "SELECT id, state, waiting_because FROM statement_lines WHERE id = ANY(:ids) "
    "AND state IN ('new', 'unexplained', 'proposed') ORDER BY id FOR UPDATE"
)
_OPEN = text("SELECT id, line_id, digest, rank FROM proposals WHERE line_id = ANY(:ids) AND state = 'open'")
_SUPERSEDE = text(
    "UPDATE proposals SET state = 'superseded', decided_at = :at WHERE id = ANY(:ids) AND state = 'open'"
)
_SUPERSEDE_OF_LINES = text(
    "UPDATE proposals SET state = 'superseded', decided_at = :at WHERE line_id = ANY(:ids) AND state = 'open'"
)
_RENEW = text(
    "UPDATE proposals SET rank = new.rank, supports = new.supports, contradicts = new.contradicts, "
    "certainty = new.certainty, because = new.because "
    "FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new("
    "id text, rank integer, supports jsonb, contradicts jsonb, certainty text, because text) "
    "WHERE proposals.id = new.id AND (proposals.rank, proposals.supports, proposals.contradicts, proposals.certainty, "
    "proposals.because) IS DISTINCT FROM (new.rank, new.supports, new.contradicts, new.certainty, new.because)"
)
_REASONS = text(
    "UPDATE statement_lines SET waiting_because = new.because "
    "FROM unnest(CAST(:ids AS text[]), CAST(:reasons AS text[])) AS new(id, because) "
    "WHERE statement_lines.id = new.id"
)


def _lock(session: Session, ids: Sequence[str]) -> dict[str, Any]:
    session.flush()
    return {row.id: row for row in session.execute(_LOCK, {"ids": sorted(ids)})}


def _state(finding: Finding) -> LineState:
    return LineState.PROPOSED if _proposals(finding) else LineState.UNEXPLAINED


def _proposals(finding: Finding) -> tuple[Proposed, ...]:
    """What a person may confirm; of a certain finding that others overtook, the reading that was certain."""
    return finding.proposals if finding.certain is None else (finding.certain,)


def _reason(finding: Finding) -> str:
    return (OVERTAKEN if finding.certain is not None else finding.because)[:_LONGEST_REASON]


def _propose(session: Session, findings: Sequence[Finding], act: Act) -> None:
    standing = {
        (row.line_id, row.digest): row.id
        for row in session.execute(_OPEN, {"ids": [finding.credit_id for finding in findings]})
    }
    new, kept = [], []
    for finding in findings:
        for rank, one in enumerate(_proposals(finding), start=1):
            digest = one.reading.digest
            known = standing.pop((finding.credit_id, digest), None)
            if known is None:
                new.append(_row(finding, rank, one, digest, act))
            else:
                kept.append({"id": known, "rank": rank, **_said(finding, one)})
    if standing:
        session.execute(_SUPERSEDE, {"ids": sorted(standing.values()), "at": act.at})
    if kept:
        session.execute(_RENEW, {"rows": json.dumps(kept)})
    copy_rows(session, "proposals", _COLUMNS, new)


def _row(finding: Finding, rank: int, one: Proposed, digest: str, act: Act) -> tuple[Any, ...]:
    said = _said(finding, one)
    return (
        new_id("prp"), finding.credit_id, rank, str(ProposalState.OPEN), digest, json.dumps(one.reading.to_json()),
        json.dumps(said["supports"]), json.dumps(said["contradicts"]), said["certainty"], said["because"], act.at,
    )  # fmt: skip


def _said(finding: Finding, one: Proposed) -> dict[str, Any]:
    return {
        "supports": [{"evidence": str(each.evidence), "sentence": each.sentence} for each in one.supports],
        "contradicts": [{"evidence": str(each.doubt), "sentence": each.sentence} for each in one.doubts],
        "certainty": one.certainty,
        "because": _reason(finding),
    }


def _give_reasons(session: Session, waiting: Mapping[str, Any], reasons: Mapping[str, str]) -> None:
    changed = sorted(one for one, row in waiting.items() if row.waiting_because != reasons[one])
    if changed:
        session.execute(_REASONS, {"ids": changed, "reasons": [reasons[one] for one in changed]})
