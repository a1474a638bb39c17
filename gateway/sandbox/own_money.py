"""What the demo's treasury has besides customers: a savings account, and rules for what no customer pays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from gateway.sandbox import statements
from gateway.sandbox import transaction_codes as codes
from gateway.sandbox.bank_day import SAVINGS_IBAN
from gateway.sandbox.books import Creditor
from gateway.sandbox.entries import Entry
from gateway.sandbox.statements import AnswerFile
from ledger import creditors
from ledger.acts import Act
from ledger.money import Money
from reconciliation.line_rules import writing
from reconciliation.line_rules.kinds import Becomes
from reconciliation.line_rules.writing import Draft
from reconciliation.statement import Account, Party

_SAVED = Money(4_000_000, "EUR")
_CAMT_053 = "camt.053.001.08"


def _if(field: str, how: str, value: str) -> dict[str, Any]:
    return {"field": field, "how": how, "value": value}


_RULES = (
    Draft(
        name="Salaries",
        becomes=Becomes.SALARY,
        conditions=(_if("transaction_code", "equals", "PMNT/ICDT/SALA"),),
    ),
    Draft(
        name="Value added tax", becomes=Becomes.TAX,
        conditions=(_if("counterparty_name", "begins", "Finanzamt"), _if("direction", "equals", "out")),
    ),
    Draft(
        name="Card payouts", becomes=Becomes.PAYOUT,
        conditions=(_if("text", "like", "Auszahlung Kartenums?tze*"), _if("direction", "equals", "in")),
    ),
)  # fmt: skip


def set_up(session: Session, creditor_id: str, *, act: Act) -> None:
    """Open the savings account and write the rules."""
    creditors.open_bank_account(
        session, creditor_id=creditor_id, name="Savings account", iban=SAVINGS_IBAN, act=act
    )
    for rule in _RULES:
        writing.write(session, creditor_id=creditor_id, draft=rule, act=act)


def savings_files(us: Creditor, entries: Sequence[Entry], on: date) -> list[AnswerFile]:
    """The savings account's own statement of the day: the other legs of what came from it."""
    legs = [
        Entry(
            amount=-entry.amount, booked_on=on, valued_on=on, code=codes.TRANSFER_OUT,
            counterparty=Party(name=us.name, iban=us.iban), remittance=entry.remittance,
        )
        for entry in entries
        if entry.counterparty.iban == SAVINGS_IBAN
    ]  # fmt: skip
    kept = statements.keep(
        Account(iban=SAVINGS_IBAN, currency="EUR"), owner=us.name, entries=legs, opening=_SAVED
    )
    return [file for day in kept for file in statements.files(day) if file.format == _CAMT_053]
