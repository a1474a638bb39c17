"""The rules that a treasurer writes on the first day: what is no customer's payment, told by words and codes."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ledger.acts import Act
from reconciliation.line_rules import writing
from reconciliation.line_rules.kinds import Becomes
from reconciliation.line_rules.writing import Draft


def _asks(field: str, how: str, value: str) -> dict[str, str]:
    return {"field": field, "how": how, "value": value}


def _rule(name: str, becomes: Becomes, *conditions: dict[str, str]) -> Draft:
    return Draft(name=name, becomes=becomes, conditions=conditions)


RULES = (
    _rule("Card payouts", Becomes.PAYOUT, _asks("counterparty_name", "begins", "Stripe")),
    _rule("Tax office", Becomes.TAX, _asks("counterparty_name", "contains", "Finanzamt")),
    _rule("Salaries", Becomes.SALARY, _asks("transaction_code", "begins", "PMNT/ICDT/SALA")),
    _rule(
        "Suppliers", Becomes.OTHER, _asks("direction", "equals", "out"), _asks("text", "begins", "Rechnung")
    ),
)


def write_rules(session: Session, creditor_id: str, act: Act) -> None:
    """Write all of them for the creditor."""
    for draft in RULES:
        writing.write(session, creditor_id=creditor_id, draft=draft, act=act)
