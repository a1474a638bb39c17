"""Money that people give back in a year: what was collected and transferred, and what was transferred too much."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from exporters import paybacks, stored_files
from gateway.runtime import Runtime
from ledger.acts import Act
from ledger.errors import DuecourseError
from ledger.models import Method, Payment
from ledger.states import PaymentState
from mandates import reversals
from mandates.models import Debit, PaymentBlock
from mandates.payback_drafting import RefundWishes
from mandates.payback_models import PaybackBatch, ReversalReason
from reconciliation import refund_orders

_Result = TypeVar("_Result")


@dataclass
class PayingBack:
    """The clerk drafts, the manager approves and releases; `count` says how often, and what was refused."""

    runtime: Runtime
    count: Counter[str] = field(default_factory=Counter)

    def reversals(self, *, clerk: Act, manager: Act) -> Iterator[bytes]:
        """The pain.007 files for debits whose invoice somebody had paid already, as long as that can be done."""
        by_file: dict[str, list[str]] = defaultdict(list)
        with self.runtime.sessions() as session:
            for debit, batch_id in session.execute(
                select(Debit, PaymentBlock.batch_id)
                .join(Payment, Payment.id == Debit.payment_id)
                .join(PaymentBlock, PaymentBlock.id == Debit.block_id)
                .where(
                    Payment.state == PaymentState.PROVISIONAL,
                    Payment.unallocated_minor == Payment.amount_minor,
                )
                .order_by(Debit.id)
            ):
                if reversals.why_not(debit, clerk.today) is None:
                    by_file[batch_id].append(debit.id)
        for debit_ids in by_file.values():
            content = self._reverse(debit_ids, clerk, manager)
            if content is not None:
                yield content

    def refunds(self, *, clerk: Act, manager: Act) -> Iterator[bytes]:
        """The pain.001 file of what customers transferred too much, and of what was collected too much for good."""
        asked = [
            refund_id
            for payment_id, minor in self._too_much()
            if (refund_id := self._ask(payment_id, minor, clerk)) is not None
        ]
        if asked:
            content = self._send(
                "refunds sent",
                lambda session: paybacks.draft_refunds(session, RefundWishes(refund_ids=asked), act=clerk)[0],
                manager,
            )
            if content is not None:
                yield content

    def _reverse(self, debit_ids: list[str], clerk: Act, manager: Act) -> bytes | None:
        def draft(session: Session) -> PaybackBatch:
            return paybacks.draft_reversals(
                session, debit_ids=debit_ids, reason=ReversalReason.DUPLICATE, act=clerk
            )[0]

        return self._send("reversals sent", draft, manager)

    def _too_much(self) -> list[tuple[str, int]]:
        """Payments that are final and more than what was owed, with what of them is nobody's."""
        with self.runtime.sessions() as session:
            rows = session.execute(
                select(Payment.id, Payment.unallocated_minor)
                .where(
                    Payment.state == PaymentState.FINAL,
                    Payment.unallocated_minor > 0,
                    Payment.method.in_((Method.TRANSFER, Method.DIRECT_DEBIT)),
                )
                .order_by(Payment.id)
            )
            return [(row[0], row[1]) for row in rows]

    def _ask(self, payment_id: str, minor: int, act: Act) -> str | None:
        def deed(session: Session) -> str:
            return refund_orders.request(
                session, payment_id=payment_id, amount_minor=minor, reason="paid too much", act=act
            ).id

        return self._do("refunds asked for", deed)

    def _send(self, what: str, draft: Callable[[Session], PaybackBatch], manager: Act) -> bytes | None:
        payback_id = self._do(f"{what}: drafted", lambda session: draft(session).id)
        if payback_id is None:
            return None

        def released(session: Session) -> bytes:
            paybacks.approve(session, payback_id, act=manager)
            _, stored = paybacks.release(session, payback_id, act=manager)
            return stored_files.download(session, stored.id, act=manager).content

        return self._do(what, released)

    def _do(self, what: str, deed: Callable[[Session], _Result]) -> _Result | None:
        """Do it and count it; what the product refuses changes nothing and is counted by its reason."""
        try:
            done = self.runtime.run(deed)
        except DuecourseError as refusal:
            self.count[f"{what}, but refused: {refusal.code}"] += 1
            return None
        self.count[what] += 1
        return done
