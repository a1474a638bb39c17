"""Fees and interest that stand by themselves: what a bank takes or gives for itself, by the code of the booking."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from ledger import other_money
from ledger.acts import Act
from ledger.database import among
from ledger.models import Creditor
from ledger.other_money import OtherMoney
from mandates.models import Debit
from mandates.states import DebitState
from reconciliation import booking_codes, in_books
from reconciliation.booking_codes import Taken
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting

RULE = "bank_charge"

# Banks book the fee of a return on the day of the return or on the next banking day, which is three days after a
# Friday; the return may stand in a later file than its fee, and tells only then whose fee it is.
DAYS_FOR_ITS_RETURN = 3

# A fee that says what it is for, in none of these words for a return, is not that of one.
_OF_A_RETURN = re.compile(
    r"r(?:ü|ue|u)ck|storn|retour|return|reject|unpaid|impay|rejet|insolut|devol|impag|zwrot|odrzuc|r-trans",
    re.IGNORECASE,
)
_PARTS = {Taken.CHARGES: PartKind.FEE, Taken.INTEREST: PartKind.INTEREST}
_SENTENCES = {
    (Taken.CHARGES, False): "The code of the booking says that the bank takes a fee for itself.",
    (Taken.CHARGES, True): "The code of the booking says that the bank gives a fee back.",
    (Taken.INTEREST, False): "The code of the booking says that the bank takes interest.",
    (Taken.INTEREST, True): "The code of the booking says that the bank pays interest.",
}
_MAY_COME_BACK = (DebitState.SUBMITTED, DebitState.COLLECTED, DebitState.RETURNED, DebitState.REFUNDED)


def explain(
    session: Session, lines: Sequence[StatementLine], creditor_of: Mapping[str, str], *, act: Act
) -> dict[str, Outcome]:
    """Book fees and interest that name no debit of ours; gives an outcome for each such line.

    Where the creditor has debits that may come back, a fee that carries the bank's reference and does not say that it
    is for something else waits some days for the return that may share the reference.
    """
    charges = {
        line.id: (line, what)
        for line in in_books.only(session, lines)
        if line.held_at is None
        and line.return_reason is None
        and line.original_minor is None
        and (what := booking_codes.taken(line.transaction_code)) is not None
    }
    early = [line for line, _ in charges.values() if _is_early(line, act)]
    collecting = _collecting(session, {creditor_of[line.bank_account_id] for line in early})
    outcomes: dict[str, Outcome] = {
        line.id: Waiting(
            "It is a fee of the bank, and a return that it belongs to may still come: "
            f"it is booked from {(line.booked_on + timedelta(days=DAYS_FOR_ITS_RETURN)).isoformat()} on.",
            follows=True,
        )
        for line in early
        if creditor_of[line.bank_account_id] in collecting
    }
    found: list[OtherMoney] = []
    for line, what in charges.values():
        if line.id in outcomes:
            continue
        found.append(
            OtherMoney(
                kind=_PARTS[what], creditor_id=creditor_of[line.bank_account_id], currency=line.currency,
                amount_minor=line.amount_minor, object_id=line.id, on=line.booked_on,
            )
        )  # fmt: skip
        outcomes[line.id] = Explained(
            rule=RULE, state=LineState.MATCHED, parts=(Part(_PARTS[what], line.amount_minor),),
            evidence=(_SENTENCES[what, line.amount_minor > 0],),
        )  # fmt: skip
    other_money.book(session, found, act=act)
    return outcomes


def _is_early(line: StatementLine, act: Act) -> bool:
    """Whether the return that a charge belongs to may still be on its way."""
    return (
        line.amount_minor < 0
        and line.bank_reference is not None
        and (not line.remittance or _OF_A_RETURN.search(line.remittance) is not None)
        and act.today < line.booked_on + timedelta(days=DAYS_FOR_ITS_RETURN)
    )


def _collecting(session: Session, creditor_ids: set[str]) -> set[str]:
    """Those of these creditors that have debits which may come back, or just did."""
    if not creditor_ids:
        return set()
    may_come_back = exists().where(Debit.creditor_id == Creditor.id, Debit.state.in_(_MAY_COME_BACK))
    return set(session.scalars(select(Creditor.id).where(among(Creditor.id, creditor_ids), may_come_back)))
