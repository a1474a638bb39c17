"""Transfers that name an invoice: its whole number in the text, exactly its open amount, no other invoice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import allocations, payments
from ledger.acts import Act
from ledger.allocations import Wish
from ledger.models import Method
from ledger.money import Money
from ledger.payments import Receipt
from reconciliation.evidence import whole_tokens
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting

RULE = "invoice_number"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An invoice whose number stands in a text."""

    id: str
    number: str
    customer_id: str
    currency: str
    open_minor: int


_NAMED = text(
    """
    SELECT upper(number) AS key, id, number, customer_id, currency, open_minor FROM invoices
    WHERE creditor_id = :creditor_id AND upper(number) = ANY(:tokens)
    ORDER BY id FOR UPDATE
    """
)


def explain(
    session: Session, lines: Sequence[StatementLine], creditor_of: Mapping[str, str], *, act: Act
) -> dict[str, Outcome]:
    """Pay the invoices that these booked credits name; gives an outcome for each line that names one.

    `creditor_of` maps bank account ids to creditor ids. Lines compete in the order given: an invoice is paid
    once. What comes back of our own money pays nothing.
    """
    received = [line for line in lines if line.amount_minor > 0 and not line.takes_back]
    tokens = {line.id: whole_tokens(line.remittance) for line in received}
    named = _named(session, received, tokens, creditor_of)
    taken: set[str] = set()
    chosen: list[tuple[StatementLine, _Candidate]] = []
    outcomes: dict[str, Outcome] = {}
    for line in received:
        candidates = [
            candidate
            for token in sorted(tokens[line.id])
            for candidate in named.get((creditor_of[line.bank_account_id], token), ())
        ]
        found = _decide(line, candidates, taken)
        if isinstance(found, Waiting):
            outcomes[line.id] = found
        elif found is not None:
            taken.add(found.id)
            chosen.append((line, found))
    outcomes.update(_apply(session, chosen, creditor_of, act))
    return outcomes


def _named(
    session: Session,
    received: Sequence[StatementLine],
    tokens: Mapping[str, set[str]],
    creditor_of: Mapping[str, str],
) -> dict[tuple[str, str], list[_Candidate]]:
    """Candidates by creditor and token, locked in id order: one query per creditor for all lines together."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for line in received:
        wanted[creditor_of[line.bank_account_id]] |= tokens[line.id]
    named: dict[tuple[str, str], list[_Candidate]] = defaultdict(list)
    for creditor_id, some in sorted(wanted.items()):
        for row in session.execute(_NAMED, {"creditor_id": creditor_id, "tokens": sorted(some)}):
            candidate = _Candidate(row.id, row.number, row.customer_id, row.currency, row.open_minor)
            named[(creditor_id, row.key)].append(candidate)
    return named


def _decide(
    line: StatementLine, candidates: Sequence[_Candidate], taken: set[str]
) -> _Candidate | Waiting | None:
    if not candidates:
        return None
    if len(candidates) > 1:
        return Waiting(f"The text names {len(candidates)} invoices.")
    only = candidates[0]
    if only.open_minor == 0 or only.id in taken:
        return Waiting(f"The text names invoice {only.number}, which has nothing open.")
    if only.currency != line.currency:
        return Waiting(f"The text names invoice {only.number}, which is in {only.currency}.")
    if only.open_minor != line.amount_minor:
        return Waiting(
            f"The text names invoice {only.number}, but it has {Money(only.open_minor, only.currency)} open "
            f"and the amount is {Money(line.amount_minor, line.currency)}."
        )
    return only


def _apply(
    session: Session,
    chosen: Sequence[tuple[StatementLine, _Candidate]],
    creditor_of: Mapping[str, str],
    act: Act,
) -> dict[str, Outcome]:
    receipts = [
        Receipt(
            creditor_id=creditor_of[line.bank_account_id], bank_account_id=line.bank_account_id,
            customer_id=invoice.customer_id, method=Method.TRANSFER, currency=line.currency,
            amount_minor=line.amount_minor, received_on=line.booked_on,
        )
        for line, invoice in chosen
    ]  # fmt: skip
    made = payments.receive(session, receipts, act=act, cause="statement_line.matched")
    outcomes: dict[str, Outcome] = {}
    wishes = []
    for (line, invoice), payment_id in zip(chosen, made, strict=True):
        evidence = (
            f"The text names invoice {invoice.number}.",
            "Exactly its open amount was paid.",
            "No other invoice is named.",
        )
        wishes.append(
            Wish(
                source_id=payment_id, invoice_id=invoice.id, amount_minor=line.amount_minor,
                allocated_on=line.booked_on, decided_by=RULE, evidence=evidence,
            )
        )  # fmt: skip
        outcomes[line.id] = Explained(
            rule=RULE, state=LineState.MATCHED, evidence=evidence,
            parts=(Part(PartKind.PAYMENT, line.amount_minor, payment_id),),
        )  # fmt: skip
    allocations.allocate(session, wishes, act=act, cause="statement_line.matched")
    return outcomes
