"""What a bank's answer (pain.002) says of our payback batches: taken, or rejected as a whole or in parts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import refunds
from ledger.acts import Act
from ledger.models import Refund
from ledger.states import RefundState
from mandates import paybacks, reversals
from mandates.models import Debit, PaymentBlock
from mandates.payback_models import DebitReversal, PaybackBatch
from mandates.states import PaybackState, ReversalState
from reconciliation import report_items
from reconciliation.formats.identifiers import known_reference
from reconciliation.formats.pain002 import (
    ACCEPTED,
    REJECTED,
    BlockStatus,
    FileStatus,
    Reason,
    TransactionStatus,
)

_AT_THE_BANK = (PaybackState.RELEASED, PaybackState.ACCEPTED)


class Listener:
    """Hears the items of a file of reports in their order, and lets the payback batches they name follow.

    Rejected are only refunds and reversals that wait for the bank: a refund is cancelled and its payment has the
    money again, a reversal is cancelled and its debit stays collected. A file that the bank calls a duplicate says
    nothing of the first one. What is said twice, late or of something else changes nothing.
    """

    def __init__(self, session: Session, *, act: Act) -> None:
        self._session, self._act = session, act
        self._head: FileStatus | None = None
        self._block: BlockStatus | None = None
        self._payback: PaybackBatch | None = None
        self._refused: dict[str, str] = {}  # names of transactions and blocks -> reason code
        self._whole: str | None = None  # the reason code of the whole file
        self._taken = False

    def hear(self, item: FileStatus | BlockStatus | TransactionStatus) -> None:
        """One more item of the file."""
        match item:
            case FileStatus():
                self.finish()
                self._begin(item)
            case BlockStatus() if self._payback is not None:
                self._block = item
                self._level(item)
            case TransactionStatus() if self._payback is not None:
                self._transaction(item)

    def finish(self) -> None:
        """The report that was heard last is over: apply what it says."""
        payback, self._payback = self._payback, None
        if payback is None:
            return
        self._reject(payback)
        if self._taken:
            paybacks.note_accepted(self._session, payback.id, act=self._act)
        paybacks.note_done(self._session, [payback.id], act=self._act)

    def _begin(self, head: FileStatus) -> None:
        self._head, self._block, self._refused, self._whole, self._taken = head, None, {}, None, False
        name = known_reference(head.original_message_id)
        if name is None:
            return
        self._payback = self._session.scalars(
            select(PaybackBatch).where(PaybackBatch.message_id == name, PaybackBatch.state.in_(_AT_THE_BANK))
        ).first()
        if self._payback is not None:
            self._level(head)

    def _level(self, told: FileStatus | BlockStatus) -> None:
        """What the file or one of its blocks says as a whole."""
        self._taken = self._taken or told.status in ACCEPTED
        if not report_items.rejects_each(told.status, told.reasons, told.counts):
            return
        if isinstance(told, FileStatus):
            self._whole = _code(told.reasons)
        elif told.payment_information_id is not None:
            self._refused[told.payment_information_id] = _code(told.reasons)

    def _transaction(self, one: TransactionStatus) -> None:
        block, head = self._block, self._head
        status = report_items.inherited(
            one.status, block.status if block else None, head.status if head else None
        )
        above = (block.reasons if block else ()) or (head.reasons if head else ())
        if status == REJECTED and not (not one.reasons and report_items.sent_twice(above)):
            for name in filter(None, (one.end_to_end_id, one.instruction_id)):
                self._refused[name] = _code(one.reasons or above)

    def _reject(self, payback: PaybackBatch) -> None:
        if not self._refused and self._whole is None:
            return
        for refund in self._locked_refunds(payback):
            code = self._said_of(refund.end_to_end_id, str(payback.payment_information_id))
            if code is not None:
                refunds.cancel(
                    self._session, refund.id, reason=f"rejected by the bank: {code}",
                    cause="refund.rejected", act=self._act,
                )  # fmt: skip
        for reversal, debit in self._locked_reversals(payback):
            block = self._session.get_one(PaymentBlock, str(debit.block_id))
            code = self._said_of(debit.end_to_end_id, reversal.reference, block.payment_information_id)
            if code is not None:
                reversals.reject(self._session, reversal, debit, code=code, act=self._act)

    def _said_of(self, *names: str) -> str | None:
        """Why the transaction with these names is rejected: by its own name, its block's, or with the whole file."""
        return next((self._refused[name] for name in names if name in self._refused), self._whole)

    def _locked_refunds(self, payback: PaybackBatch) -> list[Refund]:
        held = paybacks.refunds_of(self._session, payback.id)
        locked = refunds.lock(self._session, [refund.id for refund in held])
        return [one for one in locked.values() if one.state == RefundState.REQUESTED]

    def _locked_reversals(self, payback: PaybackBatch) -> list[tuple[DebitReversal, Debit]]:
        ordered = reversals.of_payback(self._session, payback.id)
        reversals.lock_debits(self._session, [debit.id for _, debit in ordered])
        for reversal, _ in ordered:
            self._session.refresh(reversal)
        return [(one, debit) for one, debit in ordered if one.state == ReversalState.SENT]


def _code(reasons: Sequence[Reason]) -> str:
    """The first code of a rejection, as it stands."""
    return next((one.code for one in reasons if one.code is not None), "no reason given")[:35]
