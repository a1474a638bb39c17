"""What goes into a payback batch: waiting refunds, or collections that are given back; and when it can go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import audit, creditors, cut_offs, payments, refunds, states
from ledger.acts import Act
from ledger.business_days import add_business_days, is_business_day
from ledger.database import among
from ledger.errors import Conflict, Rejected
from ledger.identifiers import new_id
from ledger.models import BankAccount, Refund
from ledger.states import RefundState
from mandates import batches, paybacks, reversals, terms
from mandates.models import Debit, PaymentBlock
from mandates.payback_models import PaybackBatch, PaybackKind, PaybackRefund, ReversalReason
from mandates.states import PaybackState

FURTHEST_DAYS_AHEAD = 15  # DFÜ agreement, Anlage 3: banks need not take an order for a later day


class NothingToPayBack(Rejected):
    """There is nothing for this payback batch."""


class NotTogether(Rejected):
    """Things of two creditors, accounts or files cannot be in one payback batch."""


class PayeeUnknown(Conflict):
    """Nobody knows to which account this refund goes."""


class InBatch(Conflict):
    """A refund is in one payback batch at a time."""


class NotWaiting(Conflict):
    """Only a refund that has not left, and was not given up, is put into a payback batch."""


class NoSuchDay(Rejected):
    """The bank cannot execute transfers on this day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWishes:
    """What a batch of refunds is to hold; without an account it leaves the one that all the payments came into."""

    refund_ids: Sequence[str]
    bank_account_id: str | None = None
    execute_on: date | None = None
    accept_provisional: bool = False


def draft_refunds(session: Session, wishes: RefundWishes, *, act: Act) -> PaybackBatch:
    """Put waiting refunds into a new batch, to be executed on the first day the bank can, or on `execute_on`.

    Raises NothingToPayBack, RefundNotFound, NotWaiting, InBatch, PayeeUnknown, NotTogether, NoSuchDay or what
    `creditors.bank_account` raises.
    """
    if not wishes.refund_ids:
        raise NothingToPayBack("Name the refunds that are to be paid.", field="refund_ids")
    chosen = list(refunds.lock(session, wishes.refund_ids).values())
    _require_waiting(session, chosen)
    account = _account_of(session, chosen, wishes.bank_account_id)
    payback = _new(
        session, PaybackKind.REFUNDS, account, [refund.amount_minor for refund in chosen], act,
        execute_on=_execution_day(account, wishes.execute_on, act),
        accept_provisional=wishes.accept_provisional,
    )  # fmt: skip
    session.add_all(PaybackRefund(payback_id=payback.id, refund_id=refund.id) for refund in chosen)
    session.flush()
    if wishes.accept_provisional:
        audit.record(session, "payback_batch.provisional_accepted", payback.id, act=act)
    return payback


def draft_reversals(
    session: Session,
    *,
    debit_ids: Sequence[str] = (),
    batch_id: str | None = None,
    reason: ReversalReason,
    act: Act,
) -> PaybackBatch:
    """Put reversals of single debits, or of all that can be reversed of a debit batch, into a new batch.

    All of them went out in one file, because a pain.007 refers to one. Raises NothingToPayBack, BatchNotFound,
    DebitNotFound, NotReversible, NotTogether or AlreadyReversed.
    """
    wanted = list(debit_ids) if batch_id is None else _reversible_of(session, batch_id)
    if not wanted:
        raise NothingToPayBack(
            "There is no debit to reverse.", field="debit_ids" if batch_id is None else "batch_id"
        )
    debits = reversals.lock_debits(session, wanted)
    reversals.require_reversible(session, debits, today=act.today)
    origins = _batches_of(session, debits)
    accounts = {debit.bank_account_id for debit in debits}
    if len(origins) != 1 or len(accounts) != 1:
        raise NotTogether(
            "The debits went out in several files, or into several accounts: make one payback batch for each.",
            field="debit_ids",
        )
    payback = _new(
        session, PaybackKind.REVERSALS, session.get_one(BankAccount, accounts.pop()),
        [debit.amount_minor for debit in debits], act, batch_id=origins.pop(),
    )  # fmt: skip
    reversals.order(session, debits, payback_id=payback.id, reason=reason, act=act)
    return payback


def first_execution_day(account: BankAccount, at: datetime) -> date:
    """The first T2 day on which transfers are executed whose file is uploaded at the aware instant `at`.

    A transfer needs none of the days that lie between the banks of a debit (EPC125-05, section 4.2: executed on
    the day it is received, if that is before the cut-off).
    """
    return add_business_days(cut_offs.earliest(cut_offs.of(account), at), -1)


def _execution_day(account: BankAccount, wanted: date | None, act: Act) -> date:
    first = first_execution_day(account, act.at)
    if wanted is None:
        return first
    if not is_business_day(wanted):
        raise NoSuchDay("The bank does not execute transfers on this day.", field="execute_on")
    if wanted < first:
        raise NoSuchDay(f"The first possible day is {first.isoformat()}.", field="execute_on")
    if (wanted - act.today).days > FURTHEST_DAYS_AHEAD:
        raise NoSuchDay(
            f"A bank takes orders for at most {FURTHEST_DAYS_AHEAD} days ahead.", field="execute_on"
        )
    return wanted


def _require_waiting(session: Session, chosen: Sequence[Refund]) -> None:
    for refund in chosen:
        if refund.state != RefundState.REQUESTED:
            raise NotWaiting(f"Refund {refund.id} is {refund.state}.", field="refund_ids")
        if refund.payee_iban is None:
            raise PayeeUnknown(
                f"Refund {refund.id} has no payee: cancel it and request it again with one.",
                field="refund_ids",
            )
        if refund.currency != "EUR":
            raise NotTogether(
                f"Refund {refund.id} is in {refund.currency}; SEPA is EUR only.", field="refund_ids"
            )
        holder = paybacks.batch_holding(session, refund.id)
        if holder is not None:
            raise InBatch(f"Refund {refund.id} is in payback batch {holder}.", field="refund_ids")


def _account_of(session: Session, chosen: Sequence[Refund], wanted: str | None) -> BankAccount:
    owners = {refund.creditor_id for refund in chosen}
    if len(owners) != 1:
        raise NotTogether("The refunds are of several creditors.", field="refund_ids")
    if wanted is None:
        came_into = {payments.get(session, refund.payment_id).bank_account_id for refund in chosen}
        wanted = came_into.pop() if len(came_into) == 1 else None
    if wanted is None:
        raise NotTogether(
            "The payments came into several accounts: say from which the refunds leave.",
            field="bank_account_id",
        )
    return creditors.collection_account(session, owners.pop(), wanted)


def _reversible_of(session: Session, batch_id: str) -> list[str]:
    batches.get(session, batch_id)
    return [debit.id for debit in batches.debits_of(session, batch_id) if debit.state in reversals.REVERSIBLE]


def _batches_of(session: Session, debits: Sequence[Debit]) -> set[str]:
    blocks = {debit.block_id for debit in debits if debit.block_id is not None}
    return set(session.scalars(select(PaymentBlock.batch_id).where(among(PaymentBlock.id, blocks))))


def _new(
    session: Session,
    kind: PaybackKind,
    account: BankAccount,
    amounts: Sequence[int],
    act: Act,
    **more: Any,
) -> PaybackBatch:
    if account.currency != "EUR" or account.iban is None:
        raise NotTogether("SEPA payments leave an account in EUR with an IBAN.", field="bank_account_id")
    payback_id = new_id("pbk")
    name = payback_id.removeprefix("pbk_").upper()
    payback = PaybackBatch(
        id=payback_id, creditor_id=account.creditor_id, bank_account_id=account.id, kind=kind,
        state=PaybackState.DRAFT, message_id=f"PB{name}",
        payment_information_id=f"PP{name}" if kind == PaybackKind.REFUNDS else None,
        part_count=len(amounts), total_minor=sum(amounts), currency="EUR",
        one_person=not terms.of(session, account.creditor_id).two_persons,
        drafted_by=act.actor, created_at=act.at, **more,
    )  # fmt: skip
    session.add(payback)
    session.flush()
    states.born(
        session,
        [payback_id],
        PaybackState.DRAFT,
        noun="payback_batch",
        act=act,
        reason=paybacks.persons(payback),
    )
    return payback
