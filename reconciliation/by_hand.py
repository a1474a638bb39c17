"""What a person decides about a waiting line: whose money it is, what it pays, or that it is no payment at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger import audit, creditors, customers, other_money, payments
from ledger.acts import Act
from ledger.allocations import OverAllocated
from ledger.errors import Rejected
from ledger.models import AllocationKind, Payment, Refund
from ledger.money import Money
from ledger.other_money import OtherKind, OtherMoney
from ledger.refunds import Payee
from ledger.texts import checked_text
from reconciliation import payer_memory, refund_orders, waiting_lines
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Part
from reconciliation.transfers import applying, reading
from reconciliation.transfers.applying import Decision
from reconciliation.transfers.reading import Reading
from reconciliation.waiting_lines import LineNotFound as LineNotFound
from reconciliation.waiting_lines import LineNotWaiting as LineNotWaiting

RULE = "by_hand"
IGNORED_RULE = "ignored_by_hand"
DECIDED = "A person decided."
_WORDS = {
    OtherKind.FEE: "a fee of the bank", OtherKind.INTEREST: "interest", OtherKind.PAYOUT: "a payout of a provider",
    OtherKind.TAX: "tax", OtherKind.SALARY: "a salary", OtherKind.OTHER: "no business of our customers",
}  # fmt: skip
MARKS = frozenset(_WORDS)


class SumsDiffer(Rejected):
    """Shares of the money and the part on account are exactly the amount of the line."""


class WrongShare(Rejected):
    """A share does not say what its kind needs."""


class NotTheOtherLeg(Rejected):
    """The legs of a transfer have opposite amounts of one currency, on two accounts of one creditor."""


class NobodyToRemember(Rejected):
    """A line without account and name shows nobody who could be remembered."""


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a payment that one invoice gets; above zero."""

    invoice_id: str
    amount_minor: int


def split(session: Session, *, line_id: str, reading: Reading, act: Act) -> str:
    """Make a waiting credit a payment of the reading's customer and give it as the reading says; gives the match id.

    Besides the line's money the shares may use credit notes of the customer, discounts, fees that we bear and
    write-offs, each of these with a reason. Raises LineNotFound, LineNotWaiting, SumsDiffer, WrongShare,
    CustomerNotFound, or what applying.apply raises; nothing is changed then.
    """
    line = waiting_lines.lock_waiting_credit(session, line_id)
    return give(session, line, reading, act=act)


def record_payment(
    session: Session, *, line_id: str, customer_id: str, shares: Sequence[Share] = (), act: Act
) -> Payment:
    """Make a waiting credit a payment of a customer, and allocate `shares` of it; the rest is on account.

    Raises LineNotFound, LineNotWaiting, CustomerNotFound, or what ledger.allocations.allocate raises.
    """
    line = waiting_lines.lock_waiting_credit(session, line_id)
    rest = line.amount_minor - sum(share.amount_minor for share in shares)
    if rest < 0:
        raise OverAllocated(f"Line {line_id} brings less than that.", field="amount_minor")
    given = tuple(reading.Share(one.invoice_id, AllocationKind.PAYMENT, one.amount_minor) for one in shares)
    give(session, line, Reading(customer_id, given, rest), act=act)
    return _payment_of(session, line)


def put_on_account(session: Session, *, line_id: str, customer_id: str, act: Act) -> str:
    """Make a waiting credit a payment of a customer that no invoice gets anything of; gives the match id.

    Raises LineNotFound, LineNotWaiting or CustomerNotFound.
    """
    line = waiting_lines.lock_waiting_credit(session, line_id)
    return give(session, line, Reading(customer_id, (), line.amount_minor), act=act)


def give(
    session: Session,
    line: StatementLine,
    reading: Reading,
    *,
    act: Act,
    rule: str = RULE,
    evidence: tuple[str, ...] = (DECIDED,),
    confirmed: str | None = None,
    learn: bool = True,
) -> str:
    """Apply a reading to a waiting credit that the caller has locked; gives the match id.

    What it shows about the payer is learnt unless `learn` is false. Raises what `split` raises.
    """
    _require_exact(line, reading)
    if reading.customer_id is not None:
        customers.get(session, reading.customer_id)
    account = creditors.get_bank_account(session, line.bank_account_id)
    decision = Decision(
        line_id=line.id, bank_account_id=account.id, creditor_id=account.creditor_id,
        amount_minor=line.amount_minor, currency=line.currency, booked_on=line.booked_on, reading=reading,
        rule=rule, decided_by=act.actor, evidence=evidence,
    )  # fmt: skip
    applying.still_open(session, _touched(reading))
    outcome = applying.apply(session, [decision], act=act)[line.id]
    match_id = waiting_lines.explain(session, line, outcome, act=act, confirmed=confirmed)
    if learn:
        payer_memory.learn_from_person(session, line=line, reading=reading, match_id=match_id, act=act)
    return match_id


def refund(
    session: Session,
    *,
    line_id: str,
    reason: str,
    customer_id: str | None = None,
    payee: Payee | None = None,
    act: Act,
) -> Refund:
    """Make a waiting credit a payment, and set all of it aside to go back to `payee`, or to whom it came from.

    Raises LineNotFound, LineNotWaiting, CustomerNotFound, UnreadableText, or PayeeNeeded where the line does not say
    whose account it came from.
    """
    line = waiting_lines.lock_waiting_credit(session, line_id)
    checked_text(reason, field="reason", longest=200)
    evidence = (DECIDED, f"It goes back: {reason}")
    on_account = Reading(customer_id, (), line.amount_minor)
    give(session, line, on_account, act=act, evidence=evidence, learn=False)
    return refund_orders.request(
        session, payment_id=_payment_of(session, line).id, amount_minor=line.amount_minor, reason=reason,
        payee=payee, act=act,
    )  # fmt: skip


def ignore(session: Session, *, line_id: str, reason: str, act: Act) -> str:
    """Set a waiting line aside; its money stays in suspense. Undoing takes it back. Gives the match id.

    Raises LineNotFound, LineNotWaiting or UnreadableText.
    """
    line = waiting_lines.lock_waiting(session, line_id)
    checked_text(reason, field="reason", longest=200)
    outcome = Explained(
        rule=IGNORED_RULE, state=LineState.IGNORED, parts=(), evidence=(f"A person ignored it: {reason}",)
    )
    return waiting_lines.explain(session, line, outcome, act=act, why=reason)


def mark(session: Session, *, line_id: str, kind: OtherKind, reason: str | None = None, act: Act) -> str:
    """Say that a waiting line is one of MARKS: no customer's payment. Gives the match id.

    Raises LineNotFound, LineNotWaiting, UnreadableText, or ValueError for another kind.
    """
    if kind not in MARKS:
        raise ValueError(f"a line cannot be marked as {kind}")
    line = waiting_lines.lock_waiting(session, line_id)
    _book(session, [(line, kind)], act)
    return _mark(session, line, kind, f"A person says that it is {_WORDS[kind]}", reason, act)


def mark_transfer(
    session: Session, *, line_id: str, other_line_id: str | None = None, reason: str | None = None, act: Act
) -> str:
    """Say that a waiting line is a transfer between accounts of our own; gives its match id.

    With `other_line_id` both legs are explained at once, each naming the other. Raises LineNotFound, LineNotWaiting,
    NotTheOtherLeg or UnreadableText.
    """
    wanted = [line_id] if other_line_id is None else [line_id, other_line_id]
    legs = waiting_lines.lock(session, wanted)
    for leg in legs:
        waiting_lines.require_waiting(leg)
    if other_line_id is not None:
        _require_legs(session, *legs)
    _book(session, [(leg, OtherKind.TRANSFER) for leg in legs], act)
    sentence = "A person says that it is a transfer between our own accounts"
    named = [other_line_id] if other_line_id is None else [other_line_id, line_id]
    made = [
        _mark(session, leg, OtherKind.TRANSFER, sentence, reason, act, other)
        for leg, other in zip(legs, named, strict=True)
    ]
    return made[0]


def assign(session: Session, *, line_id: str, customer_id: str, act: Act) -> list[str]:
    """Say whose money a waiting credit is, before anybody says what it pays; gives the ids of what was learnt.

    The account and the name on the line are remembered as the customer's payer, so that the next look at the line, and
    at all that come from there, looks among the customer's invoices. The line is held: it gets proposals only.
    Raises LineNotFound, LineNotWaiting, CustomerNotFound or NobodyToRemember.
    """
    line = waiting_lines.lock_waiting_credit(session, line_id)
    customers.get(session, customer_id)
    if not line.counterparty_account and not line.counterparty_name:
        raise NobodyToRemember(
            f"Line {line_id} shows neither account nor name of who paid: put it on account, or split it.",
            field="line_id",
        )
    learnt = payer_memory.learn_from_person(
        session, line=line, reading=Reading(customer_id), match_id=None, act=act
    )
    waiting_lines.hold(session, line, act=act)
    audit.record(session, "statement_line.assigned", line.id, act=act, customer=customer_id)
    return learnt


def _payment_of(session: Session, line: StatementLine) -> Payment:
    return payments.get(session, str(session.scalars(waiting_lines.payments_of(line.id)).one()))


def _touched(reading: Reading) -> set[str]:
    """The invoices and credit notes of a reading; one that was recorded before has given its money already."""
    notes = {share.credit_note_id for share in reading.shares if share.credit_note_id is not None}
    return notes | {share.invoice_id for share in reading.shares}


def _require_exact(line: StatementLine, reading: Reading) -> None:
    for share in reading.shares:
        if share.amount_minor <= 0:
            raise WrongShare("A share is above zero.", field="amount_minor")
        if (share.kind == AllocationKind.CREDIT_NOTE) != (share.credit_note_id is not None):
            raise WrongShare(
                "A share of kind credit_note names its credit note, and no other does.",
                field="credit_note_id",
            )
    if reading.on_account_minor < 0:
        raise WrongShare("The part on account is zero or more.", field="on_account_minor")
    missing = line.amount_minor - reading.money_minor
    if missing:
        said, whole = Money(reading.money_minor, line.currency), Money(line.amount_minor, line.currency)
        differs = Money(abs(missing), line.currency)
        how = f"{differs} are not accounted for" if missing > 0 else f"that is {differs} too much"
        raise SumsDiffer(
            f"Shares and the part on account come to {said}, the line to {whole}: {how}.",
            field="on_account_minor",
        )


def _book(session: Session, marked: Sequence[tuple[StatementLine, OtherKind]], act: Act) -> None:
    found = [
        OtherMoney(
            kind=kind, creditor_id=creditors.get_bank_account(session, line.bank_account_id).creditor_id,
            currency=line.currency, amount_minor=line.amount_minor, object_id=line.id, on=line.booked_on,
        )
        for line, kind in marked
    ]  # fmt: skip
    other_money.book(session, found, act=act)


def _mark(
    session: Session,
    line: StatementLine,
    kind: OtherKind,
    sentence: str,
    reason: str | None,
    act: Act,
    other: str | None = None,
) -> str:
    if reason is not None:
        checked_text(reason, field="reason", longest=200)
    outcome = Explained(
        rule=RULE, state=LineState.PAYOUT if kind == OtherKind.PAYOUT else LineState.MATCHED,
        parts=(Part(PartKind(kind), line.amount_minor, other),),
        evidence=(f"{sentence}." if reason is None else f"{sentence}: {reason}",),
    )  # fmt: skip
    return waiting_lines.explain(session, line, outcome, act=act, why=reason)


def _require_legs(session: Session, one: StatementLine, other: StatementLine) -> None:
    ours, theirs = (creditors.get_bank_account(session, leg.bank_account_id) for leg in (one, other))
    if one.currency != other.currency or one.amount_minor != -other.amount_minor:
        pair = f"{Money(one.amount_minor, one.currency)} and {Money(other.amount_minor, other.currency)}"
        raise NotTheOtherLeg(f"{pair} are no two legs of one transfer.", field="other_line_id")
    if ours.id == theirs.id or ours.creditor_id != theirs.creditor_id:
        raise NotTheOtherLeg(
            "The legs of a transfer stand on two accounts of one creditor.", field="other_line_id"
        )
