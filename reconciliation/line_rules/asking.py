"""The written rules of a creditor, asked about lines that nothing of our own explains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import other_money
from ledger.acts import Act
from ledger.database import among
from ledger.other_money import OtherMoney
from reconciliation import in_books
from reconciliation.line_rules import conditions, kinds
from reconciliation.line_rules.conditions import Asked, Facts
from reconciliation.line_rules.kinds import Becomes
from reconciliation.models import LineRule, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part

RULE = "written_rule"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule made ready to be asked many times."""

    id: str
    becomes: Becomes
    holds: Asked
    evidence: tuple[str, ...]


def explain(
    session: Session, lines: Sequence[StatementLine], creditor_of: Mapping[str, str], *, act: Act
) -> dict[str, Outcome]:
    """Book what the rules say of the lines that meet one; gives an outcome for each of these.

    `creditor_of` maps bank account ids to creditor ids. Of several rules the one with the smallest priority decides,
    of equal ones the one that was written first. A line that a person holds is left alone.
    """
    rules = standing(session, set(creditor_of.values()))
    if not rules:
        return {}
    outcomes: dict[str, Outcome] = {}
    found: list[OtherMoney] = []
    for line in in_books.only(session, lines):
        creditor_id = creditor_of[line.bank_account_id]
        rule = first(rules.get(creditor_id, ()), facts(line)) if line.held_at is None else None
        if rule is None:
            continue
        part = kinds.PARTS[rule.becomes]
        if part is not None:
            found.append(
                OtherMoney(
                    kind=part, creditor_id=creditor_id, currency=line.currency,
                    amount_minor=line.amount_minor, object_id=line.id, on=line.booked_on,
                )
            )  # fmt: skip
        outcomes[line.id] = Explained(
            rule=RULE, state=kinds.STATES[rule.becomes], line_rule_id=rule.id, evidence=rule.evidence,
            parts=() if part is None else (Part(part, line.amount_minor),),
        )  # fmt: skip
    other_money.book(session, found, act=act)
    return outcomes


def standing(session: Session, creditor_ids: Iterable[str]) -> dict[str, list[Compiled]]:
    """By creditor, the rules that are not revoked, in the order in which they are asked."""
    rules: dict[str, list[Compiled]] = {}
    for rule in session.scalars(
        select(LineRule)
        .where(among(LineRule.creditor_id, creditor_ids), LineRule.revoked_at.is_(None))
        .order_by(LineRule.priority, LineRule.id)
    ):
        read = conditions.read(rule.conditions)
        becomes = Becomes(rule.becomes)
        rules.setdefault(rule.creditor_id, []).append(
            Compiled(
                rule.id, becomes, conditions.all_of(read),
                (kinds.sentence(rule.name, becomes), *conditions.sentences(read)),
            )
        )  # fmt: skip
    return rules


def first(rules: Sequence[Compiled], line: Facts) -> Compiled | None:
    """The rule that decides about a line, if any."""
    return next((rule for rule in rules if rule.holds(line)), None)


def facts(line: StatementLine) -> Facts:
    """What rules look at in a stored line."""
    return conditions.facts(
        remittance=line.remittance, counterparty_name=line.counterparty_name,
        counterparty_account=line.counterparty_account, transaction_code=line.transaction_code,
        amount_minor=line.amount_minor, currency=line.currency, bank_account_id=line.bank_account_id,
    )  # fmt: skip
