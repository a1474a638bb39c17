"""What people decide about failed debits and unread lines, each case in a transaction of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from credit_control import follow_ups
from gateway.runtime import Runtime
from gateway.sandbox.entries import Entry
from ledger.acts import Act
from ledger.database import among
from ledger.errors import DuecourseError
from ledger.models import Customer, Invoice
from mandates import amending, cancelling, suspending
from mandates.amending import Changes
from mandates.models import Debit, Mandate
from mandates.reason_codes import NextStep
from mandates.states import FAILED, MandateState
from reconciliation import by_hand
from reconciliation.by_hand import Share
from reconciliation.models import LineState, StatementLine

LEARNS_AFTER_DAYS = 10  # what a person needs to find out about a failed debit
_HELPS_PERCENT = 30  # of all calls to customers
_CLOSED = "AC04"
_LIVE_MANDATES = (MandateState.ACTIVE, MandateState.SUSPENDED)


@dataclass
class CaseWork:
    """The people who decide; `count` says how often they did what, and what the product refused them."""

    runtime: Runtime
    seed: int
    count: Counter[str] = field(default_factory=Counter)

    def move_account(self, customer_external_id: str, iban: str, *, act: Act) -> None:
        """The customer has told us a new account: the mandate is amended, and resumed if it rested."""
        changes = Changes(iban=iban, confirmed_by_bank=True)

        def deed(session: Session) -> None:
            mandate = _mandate(session, customer_external_id)
            if mandate is not None and iban != mandate.iban:
                amending.amend(session, mandate.id, changes, reason="the customer wrote to us", act=act)
                if mandate.state == MandateState.SUSPENDED:
                    suspending.resume(session, mandate.id, reason="there is a new account", act=act)

        self._do("mandates amended", deed)

    def end_mandate(self, customer_external_id: str, *, act: Act) -> None:
        """The customer wants to pay otherwise from now on."""

        def deed(session: Session) -> None:
            mandate = _mandate(session, customer_external_id)
            if mandate is not None:
                cancelling.cancel(session, mandate.id, reason="the customer cancelled it", act=act)

        self._do("mandates cancelled", deed)

    def mend_files(self, *, act: Act) -> None:
        """What failed by a fault of files is sent again, once somebody has looked."""
        for debit in self._open_cases(NextStep.OPERATIONS, act):
            self._do("failed files sent again", _retry(debit.id, act))

    def call_customers(self, *, act: Act) -> None:
        """Calls about debits that need a person: some accounts work again, some disputes are over."""
        for debit in self._open_cases(NextStep.STOP, act):
            if debit.reason_code != _CLOSED and self._helps(debit, act):
                self._do("mandates resumed", _resume(debit.mandate_id, act))
        for debit in self._open_cases(NextStep.DISPUTE, act):
            if self._helps(debit, act):
                self._do("disputes settled", _clear(debit.id, act))

    def read_lines(self, known: Mapping[str | None, Entry], *, act: Act) -> None:
        """The clerk reads transfers that no rule could: whose they are, and which invoices they pay."""
        with self.runtime.sessions() as session:
            waiting = session.execute(
                select(StatementLine.id, StatementLine.bank_reference)
                .where(
                    StatementLine.state == LineState.UNEXPLAINED,
                    ~StatementLine.provisional,
                    StatementLine.amount_minor > 0,
                )
                .order_by(StatementLine.id)
            ).all()
        for line_id, reference in waiting:
            origin = known[reference].origin if reference in known else None
            if origin is not None and origin.truth.is_customers:
                self._do("lines read by a person", _read(line_id, origin.invoices, act))

    def _open_cases(self, step: NextStep, act: Act) -> list[Debit]:
        """Failed debits that nobody has cleared, known for some days, whose invoice is still open."""
        with self.runtime.sessions() as session:
            found = session.scalars(
                select(Debit)
                .join(Invoice, Invoice.id == Debit.invoice_id)
                .where(
                    Debit.state.in_(FAILED),
                    Debit.next_step == step,
                    Debit.cleared_at.is_(None),
                    Invoice.open_minor > 0,
                )
                .order_by(Debit.id)
            ).all()
        return [
            debit
            for debit in found
            if debit.failed_on is not None and (act.today - debit.failed_on).days >= LEARNS_AFTER_DAYS
        ]

    def _helps(self, debit: Debit, act: Act) -> bool:
        """Whether a call helps: asked again each week, with the same answer for the same debit and week."""
        number, week = debit.end_to_end_id.rpartition("-")[0], act.today.isocalendar()[:2]
        lot = Random(f"call/{self.seed}/{number}/{debit.attempt}/{week}").randrange(100)  # noqa: S311 - a game
        return lot < _HELPS_PERCENT

    def _do(self, what: str, deed: Callable[[Session], None]) -> None:
        """Do it and count it; what the product refuses changes nothing and is counted by its reason."""
        try:
            self.runtime.run(deed)
        except DuecourseError as refusal:
            self.count[f"{what}, but refused: {refusal.code}"] += 1
        else:
            self.count[what] += 1


def _retry(debit_id: str, act: Act) -> Callable[[Session], None]:
    def deed(session: Session) -> None:
        follow_ups.retry(session, debit_id, because="the file was mended", act=act)

    return deed


def _clear(debit_id: str, act: Act) -> Callable[[Session], None]:
    def deed(session: Session) -> None:
        follow_ups.clear(session, debit_id, because="the customer agrees", act=act)

    return deed


def _resume(mandate_id: str, act: Act) -> Callable[[Session], None]:
    def deed(session: Session) -> None:
        if session.get_one(Mandate, mandate_id).state == MandateState.SUSPENDED:
            suspending.resume(session, mandate_id, reason="the customer says it works again", act=act)

    return deed


def _read(line_id: str, numbers: tuple[str, ...], act: Act) -> Callable[[Session], None]:
    def deed(session: Session) -> None:
        owed = session.scalars(
            select(Invoice).where(among(Invoice.number, numbers)).order_by(Invoice.number)
        ).all()
        left, shares = session.get_one(StatementLine, line_id).amount_minor, []
        for invoice in owed:
            share = min(left, invoice.open_minor)
            if share:
                shares.append(Share(invoice_id=invoice.id, amount_minor=share))
                left -= share
        by_hand.record_payment(
            session, line_id=line_id, customer_id=owed[0].customer_id, shares=shares, act=act
        )

    return deed


def _mandate(session: Session, customer_external_id: str) -> Mandate | None:
    return session.scalars(
        select(Mandate)
        .join(Customer, Customer.id == Mandate.customer_id)
        .where(Customer.external_id == customer_external_id, Mandate.state.in_(_LIVE_MANDATES))
        .order_by(Mandate.id)
    ).first()
