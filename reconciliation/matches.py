"""Writing down what lines became: the match, its parts, the state of the line, and the audit record."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy.orm import Session

from ledger import audit, states
from ledger.acts import Act
from ledger.database import copy_rows
from ledger.identifiers import new_id
from reconciliation.models import LINE
from reconciliation.outcomes import Explained

_COLUMNS = ("id", "line_id", "rule", "decided_by", "decided_at", "evidence", "line_rule_id")


def write(session: Session, explained: Mapping[str, Explained], *, act: Act) -> dict[str, str]:
    """Keep what each line became, by line id, and move the lines; gives the id of each line's match."""
    if not explained:
        return {}
    made: dict[str, str] = {}
    matches, parts = [], []
    by_state: dict[str, list[str]] = defaultdict(list)
    for line_id, found in explained.items():
        match_id = made[line_id] = new_id("mat")
        evidence = json.dumps(found.evidence)
        matches.append((match_id, line_id, found.rule, act.actor, act.at, evidence, found.line_rule_id))
        parts += [(match_id, str(part.kind), part.object_id, part.amount_minor) for part in found.parts]
        by_state[found.state].append(line_id)
        audit.record(session, "match.made", match_id, act=act, line=line_id, rule=found.rule)
    copy_rows(session, "matches", _COLUMNS, matches)
    copy_rows(session, "match_parts", ("match_id", "kind", "object_id", "amount_minor"), parts)
    for state in sorted(by_state):
        states.move(session, LINE, by_state[state], state, act=act, clearing="waiting_because")
    return made
