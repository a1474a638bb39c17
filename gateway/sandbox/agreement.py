"""Bank and books side by side: whatever differs, to the cent, as sentences with figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.sandbox.entries import Entry, Truth
from gateway.sandbox.record import Taken
from gateway.sandbox.standing_bank import Bank
from gateway.sandbox.transaction_codes import RETURN_FEE, RETURN_INTEREST
from ledger import journal
from ledger.journal import Place
from ledger.models import AccountKind, BankAccount, Invoice, Refund
from ledger.money import Money
from ledger.states import RefundState
from mandates.models import Debit
from mandates.reason_codes import REFUNDS
from mandates.states import DebitState
from reconciliation import bank_charges
from reconciliation.models import LineState, Match, StatementLine

_COSTS = (RETURN_FEE.iso, RETURN_INTEREST.iso)
_COLLECTED = (DebitState.COLLECTED, DebitState.SETTLED)


@dataclass
class Agreement:
    """The figures of both sides in EUR cents, and every difference.

    `waiting` counts unexplained lines by their truth, `states` the debits that the bank saw.
    """

    figures: dict[str, tuple[int, int]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    waiting: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)

    @property
    def holds(self) -> bool:
        return not self.differences

    def compare(self, what: str, bank: int, books: int) -> None:
        """Note one figure of both sides."""
        self.figures[what] = (bank, books)
        if bank != books:
            self.differences.append(f"{what}: the bank says {_eur(bank)}, the books say {_eur(books)}.")


def compare(session: Session, bank: Bank, *, creditor_id: str) -> Agreement:
    """Everything the bank recorded against everything in the books, when all its files have been taken in."""
    found = Agreement()
    _balance(session, bank, creditor_id, found)
    _debits(session, bank, found)
    _transfers(session, bank, creditor_id, found)
    _lines(session, bank, creditor_id, found)
    found.differences += [
        f"{one}: a mandate changed without an amendment in the file." for one in bank.debtor_banks.surprises
    ]
    return found


def _balance(session: Session, bank: Bank, creditor_id: str, found: Agreement) -> None:
    account_id = session.scalars(select(BankAccount.id).where(BankAccount.iban == bank.account.iban)).one()
    place = Place(creditor_id, AccountKind.BANK, bank.balance.currency, account_id)
    found.compare("balance of the account", bank.balance.minor, journal.balance_minor(session, place))


def _debits(session: Session, bank: Bank, found: Agreement) -> None:
    rows = session.execute(
        select(Debit, Invoice.number, Invoice.total_minor)
        .join(Invoice, Invoice.id == Debit.invoice_id)
        .order_by(Debit.id)
    ).all()
    books = {debit.end_to_end_id: debit for debit, _, _ in rows}
    kept: dict[str, int] = defaultdict(int)
    totals = {number: total for _, number, total in rows}
    number_of = {debit.end_to_end_id: number for debit, number, _ in rows}
    sums: Counter[str] = Counter()
    for taken in bank.record:
        debit = books.get(taken.end_to_end_id)
        if debit is None:
            found.differences.append(
                f"{taken.end_to_end_id}: the bank collected it, the books do not know it."
            )
            continue
        kept[number_of[taken.end_to_end_id]] += taken.kept_minor
        found.differences += _about(taken, debit)
        found.states[debit.state] += 1
        sums["kept"] += debit.amount_minor if debit.state in _COLLECTED else 0
        sums["back"] += debit.amount_minor if debit.state in (DebitState.RETURNED, DebitState.REFUNDED) else 0
    found.compare("collected and kept", bank.record.kept_minor, sums["kept"])
    found.compare("returned and refunded", bank.record.returned_minor, sums["back"])
    found.differences += _twice(bank, kept, totals)


def _about(taken: Taken, debit: Debit) -> Iterator[str]:
    expected = _expected(taken)
    if debit.amount_minor != taken.amount_minor:
        yield (
            f"{taken.end_to_end_id}: the bank collected {_eur(taken.amount_minor)}, "
            f"the books {_eur(debit.amount_minor)}."
        )
    if debit.state not in expected:
        yield (
            f"{taken.end_to_end_id}: {taken.kind} {taken.reason or ''} at the bank "
            f"(credited {taken.credited_on}, back {taken.back_on}), {debit.state} in the books."
        )
    elif taken.reason is not None and debit.state not in _COLLECTED and debit.reason_code != taken.reason:
        yield (
            f"{taken.end_to_end_id}: the bank's reason is {taken.reason}, the books have {debit.reason_code}."
        )


def _expected(taken: Taken) -> tuple[str, ...]:
    if taken.rejected:
        return (DebitState.REJECTED,)
    if taken.credited_on is None:
        return (DebitState.SUBMITTED,)
    if taken.reversed_on is not None:
        return (DebitState.REFUNDED,)
    if taken.back_on is None:
        return _COLLECTED
    return (DebitState.REFUNDED,) if taken.reason in REFUNDS else (DebitState.RETURNED,)


def _twice(bank: Bank, kept: dict[str, int], totals: dict[str, int]) -> Iterator[str]:
    for number, minor in kept.items():
        if minor > totals[number]:
            yield f"{number}: {_eur(minor)} were collected of an invoice of {_eur(totals[number])}."
    for end_to_end_id, several in bank.record.taken.items():
        if sum(not one.rejected for one in several) > 1:
            yield f"{end_to_end_id}: it was collected {len(several)} times."


def _transfers(session: Session, bank: Bank, creditor_id: str, found: Agreement) -> None:
    """What left by order of ours: each refund once, with its amount."""
    paid = {
        refund.end_to_end_id: refund.amount_minor
        for refund in session.scalars(
            select(Refund).where(Refund.creditor_id == creditor_id, Refund.state == RefundState.PAID)
        )
    }
    found.compare("refunds paid out", sum(bank.record.transferred.values()), sum(paid.values()))
    for name in sorted(set(paid) | set(bank.record.transferred)):
        at_bank, in_books = bank.record.transferred[name], paid.get(name, 0)
        if at_bank != in_books:
            found.differences.append(
                f"{name}: the bank transferred {_eur(at_bank)}, the books paid {_eur(in_books)} out."
            )


def _costs_of_the_account(session: Session, bank: Bank) -> int:
    """What the bank took for the account itself, and no return: booked by its code alone."""
    rows = session.execute(
        select(StatementLine.bank_reference, StatementLine.amount_minor)
        .join(Match, Match.line_id == StatementLine.id)
        .where(Match.rule == bank_charges.RULE, Match.undone_at.is_(None))
    )
    taken = 0
    for reference, amount_minor in rows:
        entry = bank.booked_by_reference.get(reference)
        if entry is not None and entry.origin is not None:
            taken -= amount_minor
    return taken


def _lines(session: Session, bank: Bank, creditor_id: str, found: Agreement) -> None:
    """What nobody explained stands in suspense; of it only what no rule can know may be there."""
    known = bank.booked_by_reference
    lines = session.scalars(
        select(StatementLine).where(
            StatementLine.state.in_((LineState.NEW, LineState.UNEXPLAINED, LineState.PROPOSED))
        )
    ).all()
    waiting_costs = 0
    for line in lines:
        entry = known.get(line.bank_reference)
        if entry is None:
            found.differences.append(f"A line of {_eur(line.amount_minor)} was never booked by the bank.")
        elif entry.origin is not None:
            found.waiting[_truth(entry)] += 1
        elif entry.code.iso in _COSTS:
            found.waiting["fee or interest beside a return"] += 1
            waiting_costs -= line.amount_minor
        else:
            found.differences.append(
                f"{line.end_to_end_id or line.batch_payment_information_id}: a line of {_eur(line.amount_minor)} "
                f"on {line.booked_on} is ours and was not explained: {line.waiting_because}"
            )
    costs = sum(_booked(session, kind, creditor_id) for kind in (AccountKind.FEE, AccountKind.INTEREST))
    other_costs = _costs_of_the_account(session, bank)
    found.compare("costs of returns", bank.record.costs_minor, costs - other_costs + waiting_costs)
    suspense = -_booked(session, AccountKind.SUSPENSE, creditor_id)
    counted = sum(line.amount_minor for line in lines if not line.provisional)
    found.compare("suspense and its lines", counted, suspense)


def _booked(session: Session, kind: AccountKind, creditor_id: str) -> int:
    return journal.balance_minor(session, Place(creditor_id, kind, "EUR"))


def _truth(entry: Entry) -> str:
    return str(entry.origin.truth) if entry.origin is not None else str(Truth.UNKNOWN_PAYER)


def _eur(minor: int) -> str:
    return str(Money(minor, "EUR"))
