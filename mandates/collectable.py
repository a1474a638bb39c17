"""May this invoice be collected on this mandate, on that day: everything that speaks against a debit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import creditors, invoices
from ledger.acts import Act
from ledger.database import among
from ledger.errors import Conflict, Rejected
from ledger.invoices import InvoiceNotFound
from ledger.models import BankAccount, Customer, Invoice
from ledger.states import CollectionStatus
from mandates import terms
from mandates.dating import Calendar, Dated
from mandates.lifecycle import MandateNotFound
from mandates.models import Debit, Mandate, MandateType
from mandates.states import LIVE, MandateState

DORMANT_AFTER_YEARS = 3  # EPC016-06 section 4.1: a mandate unused for 36 months must be cancelled
LARGEST_MINOR = 99_999_999_999  # EPC130-08: a collection is at most 999,999,999.99 EUR

# Invoices in these states are never collected, whatever of them is open.
ENDED = (CollectionStatus.CANCELLED, CollectionStatus.WRITTEN_OFF)


class MandateNotActive(Conflict):
    """Only an active mandate can be debited."""


class MandateDormant(Conflict):
    """Nothing was collected on the mandate for 36 months, so it may not be used any more."""


class MandateUsed(Conflict):
    """A one-off mandate serves for one debit only."""


class InvoiceNotOpen(Conflict):
    """There is nothing left to collect on the invoice."""


class AlreadyCollecting(Conflict):
    """The invoice is being collected already."""


class NotCollectable(Rejected):
    """This invoice and this mandate do not belong together, or the amount or date is impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Collect what is open on an invoice by a mandate, on `collect_on` or, without one, when it is due.

    Without `collect_on` it can be said from which day on, by `not_before`. `retry_of` is the failed debit that is
    tried again, for the `attempt`-th time counted from the first.
    """

    invoice_id: str
    mandate_id: str
    collect_on: date | None = None
    not_before: date | None = None
    retry_of: str | None = None
    attempt: int = 1


def is_dormant(mandate: Mandate, on: date) -> bool:
    """Whether on that day 36 months have passed since the last collection or, before any, the signature."""
    last = mandate.last_collection_on or mandate.signed_on
    year = last.year + DORMANT_AFTER_YEARS
    day = 28 if (last.month, last.day) == (2, 29) else last.day  # three years after a leap year is none
    return on >= date(year, last.month, day)


@dataclass(frozen=True, slots=True)
class Taken:
    """A wish that can be fulfilled: what is collected, from whom, into which account and on which day."""

    invoice: Invoice
    mandate: Mandate
    account: BankAccount
    dated: Dated


class Desk:
    """Decides a bulk of wishes, one after another; all their invoices and mandates are locked in id order."""

    def __init__(
        self,
        session: Session,
        held: dict[str, Invoice],
        known: dict[str, Mandate],
        busy: set[str],
        used: set[str],
        bank_account_id: str | None,
    ) -> None:
        self._session, self._bank_account_id = session, bank_account_id
        self._invoices, self._mandates, self._busy, self._used = held, known, busy, used
        asked = among(Customer.id, {invoice.customer_id for invoice in held.values()})
        self._customers = {one.id: one for one in session.scalars(select(Customer).where(asked))}
        self._accounts: dict[str, BankAccount] = {}
        self._calendars: dict[str, Calendar] = {}

    @classmethod
    def of(cls, session: Session, wishes: Sequence[Wish], *, bank_account_id: str | None = None) -> Desk:
        """The desk for `wishes`; invoices and mandates that do not exist are simply not there.

        Money is collected into the account named, or the creditor's first in EUR with an IBAN.
        """
        there = select(Invoice.id).where(among(Invoice.id, (wish.invoice_id for wish in wishes)))
        held = invoices.lock(session, session.scalars(there).all())
        known = _lock_mandates(session, (wish.mandate_id for wish in wishes))
        busy = select(Debit.invoice_id).where(among(Debit.invoice_id, held), Debit.state.in_(LIVE))
        one_off = (mandate.id for mandate in known.values() if mandate.type == MandateType.ONE_OFF)
        used = select(Debit.mandate_id).where(among(Debit.mandate_id, one_off), Debit.state.in_(LIVE))
        return cls(
            session, held, known, set(session.scalars(busy)), set(session.scalars(used)), bank_account_id
        )

    def decide(self, wish: Wish, act: Act) -> Taken:
        """What fulfils `wish`; raises the reason why it cannot be fulfilled."""
        invoice, mandate = self._find(wish)
        account, calendar = self._calendar(invoice.creditor_id)
        customer = self._customers[invoice.customer_id]
        dated = calendar.date_of(invoice, customer, wish.collect_on, not_before=wish.not_before, act=act)
        _require_usable(mandate, dated.collect_on)
        if (invoice.creditor_id, invoice.customer_id) != (mandate.creditor_id, mandate.customer_id):
            raise NotCollectable(
                "The mandate was given by another customer or to another creditor.", field="mandate_id"
            )
        if mandate.id in self._used:
            raise MandateUsed(
                f"Mandate {mandate.id} is good for one debit and has one already.", field="mandate_id"
            )
        if invoice.id in self._busy:
            raise AlreadyCollecting(f"Invoice {invoice.id} already has a live debit.", field="invoice_id")
        _require_open(invoice)
        return Taken(invoice, mandate, account, dated)

    def _calendar(self, creditor_id: str) -> tuple[BankAccount, Calendar]:
        if creditor_id not in self._calendars:
            account = creditors.collection_account(self._session, creditor_id, self._bank_account_id)
            self._accounts[creditor_id] = account
            self._calendars[creditor_id] = Calendar.of(account, terms.of(self._session, creditor_id))
        return self._accounts[creditor_id], self._calendars[creditor_id]

    def take(self, taken: Taken) -> None:
        """From now on the invoice has its debit, and a one-off mandate too."""
        self._busy.add(taken.invoice.id)
        if taken.mandate.type == MandateType.ONE_OFF:
            self._used.add(taken.mandate.id)

    def _find(self, wish: Wish) -> tuple[Invoice, Mandate]:
        invoice, mandate = self._invoices.get(wish.invoice_id), self._mandates.get(wish.mandate_id)
        if invoice is None:
            raise InvoiceNotFound(f"There is no invoice {wish.invoice_id[:40]}.", field="invoice_id")
        if mandate is None:
            raise MandateNotFound(f"There is no mandate {wish.mandate_id[:40]}.", field="mandate_id")
        return invoice, mandate


def _lock_mandates(session: Session, mandate_ids: Iterable[str]) -> dict[str, Mandate]:
    rows = session.scalars(
        select(Mandate)
        .where(among(Mandate.id, mandate_ids))
        .order_by(Mandate.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {mandate.id: mandate for mandate in rows}


def _require_usable(mandate: Mandate, on: date) -> None:
    if mandate.state != MandateState.ACTIVE:
        raise MandateNotActive(
            f"Mandate {mandate.id} is {mandate.state}; only an active one can be debited.", field="mandate_id"
        )
    if is_dormant(mandate, on):
        raise MandateDormant(
            f"Mandate {mandate.id} was not used for {DORMANT_AFTER_YEARS * 12} months; a new one is needed.",
            field="mandate_id",
        )


def _require_open(invoice: Invoice) -> None:
    if invoice.open_minor == 0 or invoice.collection_status in ENDED:
        raise InvoiceNotOpen(f"Invoice {invoice.id} has nothing left to collect.", field="invoice_id")
    if invoice.currency != "EUR":
        raise NotCollectable("SEPA debits are in EUR only.", field="invoice_id")
    if invoice.open_minor > LARGEST_MINOR:
        raise NotCollectable("A SEPA debit is at most 999,999,999.99 EUR.", field="invoice_id")
