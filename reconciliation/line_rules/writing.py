"""Rules are written and revoked, each on record; a rule is never changed, so what it decided stays explained by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger import audit, creditors
from ledger.acts import Act
from ledger.creditors import BankAccountNotFound
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.texts import checked_text
from reconciliation.line_rules import conditions
from reconciliation.line_rules.conditions import Condition, Field
from reconciliation.line_rules.kinds import Becomes
from reconciliation.models import LineRule

MOST_RULES = 500  # standing ones of a creditor: each is asked about every line that waits
MOST_PRIORITY = 10_000


class LineRuleNotFound(NotFound):
    """There is no such rule."""


class LineRuleRevoked(Conflict):
    """The rule was revoked before."""


class TooManyLineRules(Conflict):
    """A creditor has as many rules as can be asked about every line."""


class BadPriority(Rejected):
    """A priority is a whole number from 0; the smallest is asked first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rule that is not written yet; its conditions are JSON objects as `conditions.read` reads them."""

    name: str
    becomes: Becomes
    conditions: Sequence[Mapping[str, Any]]
    priority: int = 100


def check(session: Session, creditor_id: str, draft: Draft) -> tuple[Condition, ...]:
    """The conditions of a draft that may be written for a creditor.

    Raises CreditorNotFound, BankAccountNotFound, UnreadableText, BadPriority, UnknownCurrency or UnreadableRule.
    """
    creditors.get(session, creditor_id)
    checked_text(draft.name, field="name", longest=60)
    if not 0 <= draft.priority <= MOST_PRIORITY:
        raise BadPriority(f"A priority is from 0 to {MOST_PRIORITY}.", field="priority")
    found = conditions.read(draft.conditions)
    for one in found:
        if one.field is Field.BANK_ACCOUNT:
            account = creditors.get_bank_account(session, one.value)
            if account.creditor_id != creditor_id:
                raise BankAccountNotFound(
                    f"Bank account {one.value} is not one of this creditor.", field="conditions"
                )
    return found


def write(session: Session, *, creditor_id: str, draft: Draft, act: Act) -> LineRule:
    """A new rule, asked from the next run of matching on; what is explained already stays so.

    Raises what `check` raises, or TooManyLineRules.
    """
    found = check(session, creditor_id, draft)
    creditors.lock(session, creditor_id)
    standing = select(func.count()).where(LineRule.creditor_id == creditor_id, LineRule.revoked_at.is_(None))
    if (session.scalar(standing) or 0) >= MOST_RULES:
        raise TooManyLineRules(f"A creditor has at most {MOST_RULES} rules. Revoke one first.")
    rule = LineRule(
        id=new_id("rul"), creditor_id=creditor_id, name=draft.name, priority=draft.priority,
        becomes=str(draft.becomes), conditions=conditions.written(found), written_at=act.at,
        written_by=act.actor,
    )  # fmt: skip
    session.add(rule)
    session.flush()
    audit.record(
        session, "line_rule.written", rule.id, act=act, creditor=creditor_id, becomes=rule.becomes,
        priority=rule.priority, conditions=len(found),
    )  # fmt: skip
    return rule


def get(session: Session, rule_id: str) -> LineRule:
    """Raises LineRuleNotFound."""
    found = session.get(LineRule, rule_id)
    if found is None:
        raise LineRuleNotFound(f"There is no rule {rule_id[:40]}.")
    return found


def revoke(session: Session, rule_id: str, *, reason: str, act: Act) -> LineRule:
    """Let a rule decide nothing more; what it decided stays.

    Raises LineRuleNotFound, LineRuleRevoked or UnreadableText.
    """
    checked_text(reason, field="reason", longest=200)
    rule = session.get(LineRule, rule_id, with_for_update=True, populate_existing=True)
    if rule is None:
        raise LineRuleNotFound(f"There is no rule {rule_id[:40]}.")
    if rule.revoked_at is not None:
        raise LineRuleRevoked(f"Rule {rule_id} was revoked before.")
    rule.revoked_at, rule.revoked_by = act.at, act.actor
    audit.record(session, "line_rule.revoked", rule.id, act=act, why=reason)
    return rule
