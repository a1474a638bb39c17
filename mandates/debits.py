"""Debits: collections of invoices scheduled on a mandate, up to the moment they are put into a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import creditors, invoices, outbox, states
from ledger.acts import Act
from ledger.business_days import add_business_days, roll_forward
from ledger.database import violated
from ledger.errors import Conflict, DuecourseError, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.models import Invoice
from ledger.sepa_text import is_sepa_reference
from ledger.states import CollectionStatus
from mandates.lifecycle import MandateNotFound
from mandates.models import Debit, Mandate, MandateType
from mandates.states import DEBIT, LIVE, DebitState, MandateState

DORMANT_AFTER_MONTHS = 36  # EPC016-06 section 4.1: a mandate unused for 36 months must be cancelled


class DebitNotFound(NotFound):
    """There is no such debit."""


class MandateNotActive(Conflict):
    """Only an active mandate can be debited."""


class MandateDormant(Conflict):
    """Nothing was collected on the mandate for 36 months, so it may not be used any more."""


class InvoiceNotOpen(Conflict):
    """There is nothing left to collect on the invoice."""


class AlreadyCollecting(Conflict):
    """The invoice is being collected already."""


class NotCollectable(Rejected):
    """This invoice and this mandate do not belong together, or the date is impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Collect what is open on an invoice by a mandate, on `collect_on` or, without one, when the invoice is due."""

    invoice_id: str
    mandate_id: str
    collect_on: date | None = None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What became of one wish: the debit's id, or the reason why not."""

    debit_id: str | None = None
    refusal: DuecourseError | None = None


def earliest_collection(today: date) -> date:
    """The first possible collection date: orders reach the debtor's bank one T2 day before (D-1, EPC016-06 4.3)."""
    return add_business_days(roll_forward(today), 1)


def schedule(session: Session, wish: Wish, *, act: Act) -> Debit:
    """Schedule one debit. Raises the reason why it is refused, see `schedule_many`."""
    outcome = schedule_many(session, [wish], act=act)[0]
    if outcome.refusal is not None:
        raise outcome.refusal
    return get(session, str(outcome.debit_id))


def schedule_many(
    session: Session, wishes: Sequence[Wish], *, act: Act, bank_account_id: str | None = None
) -> list[Scheduled]:
    """Schedule debits in bulk, one outcome each in the order given; a refused one does not hinder the others.

    Refused are debits on a mandate that is not active or dormant, on an invoice that has nothing open or is being
    collected already, that do not belong together, that are not in EUR, or on a date that is too early. A date that
    is no bank day rolls forward. Invoices are locked in id order; their status becomes `collecting`.
    """
    if not wishes:
        return []
    held = invoices.lock(session, [wish.invoice_id for wish in wishes])
    known = _lock_mandates(session, [wish.mandate_id for wish in wishes])
    busy = _being_collected(session, list(held))
    rows: list[dict[str, object]] = []
    outcomes = []
    for wish in wishes:
        invoice, mandate = held[wish.invoice_id], known[wish.mandate_id]
        try:
            _require_collectable(invoice, mandate, busy, _collect_on(wish, invoice, act.today))
            account = creditors.collection_account(session, invoice.creditor_id, bank_account_id)
            rows.append(_row(wish, invoice, mandate, account.id, act))
        except DuecourseError as refusal:
            outcomes.append(Scheduled(refusal=refusal))
        else:
            busy.add(invoice.id)
            outcomes.append(Scheduled(str(rows[-1]["id"])))
    _write(session, rows, act=act)
    return outcomes


def require_collectable(session: Session, wish: Wish, *, act: Act) -> None:
    """Raises the reason why a debit would be refused, and changes nothing."""
    held = invoices.lock(session, [wish.invoice_id])
    known = _lock_mandates(session, [wish.mandate_id])
    busy = _being_collected(session, list(held))
    invoice = held[wish.invoice_id]
    _require_collectable(invoice, known[wish.mandate_id], busy, _collect_on(wish, invoice, act.today))


def get(session: Session, debit_id: str) -> Debit:
    """Raises DebitNotFound."""
    found = session.get(Debit, debit_id)
    if found is None:
        raise DebitNotFound(f"There is no debit {debit_id[:40]}.", field="debit_id")
    return found


def cancel(session: Session, debit_id: str, *, reason: str, act: Act) -> Debit:
    """Give up a debit that is not in a batch yet; the invoice can be collected otherwise.

    Raises DebitNotFound or IllegalMove.
    """
    debit = get(session, debit_id)
    if debit.state != DebitState.SCHEDULED:
        raise states.IllegalMove(f"Debit {debit_id} is {debit.state}; only a scheduled one can be cancelled.")
    drop(session, [debit], reason=reason, act=act)
    return debit


def drop(session: Session, doomed: Sequence[Debit], *, reason: str, act: Act) -> None:
    """Cancel scheduled debits and lift the hold of their invoices."""
    states.move(
        session, DEBIT, [debit.id for debit in doomed], DebitState.CANCELLED, act=act, reason=reason
    )
    invoices.hold(
        session, [debit.invoice_id for debit in doomed], None, act=act, cause="debit.cancelled"
    )


def _lock_mandates(session: Session, mandate_ids: Sequence[str]) -> dict[str, Mandate]:
    rows = session.scalars(
        select(Mandate)
        .where(Mandate.id.in_(set(mandate_ids)))
        .order_by(Mandate.id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    found = {mandate.id: mandate for mandate in rows}
    for wanted in mandate_ids:
        if wanted not in found:
            raise MandateNotFound(f"There is no mandate {wanted[:40]}.", field="mandate_id")
    return found


def _being_collected(session: Session, invoice_ids: Sequence[str]) -> set[str]:
    return set(
        session.scalars(
            select(Debit.invoice_id).where(Debit.invoice_id.in_(invoice_ids), Debit.state.in_(LIVE))
        )
    )


def _require_collectable(invoice: Invoice, mandate: Mandate, busy: set[str], on: date) -> None:
    if mandate.state != MandateState.ACTIVE:
        raise MandateNotActive(
            f"Mandate {mandate.id} is {mandate.state}; only an active one can be debited.", field="mandate_id"
        )
    if is_dormant(mandate, on):
        raise MandateDormant(
            f"Mandate {mandate.id} was not used for {DORMANT_AFTER_MONTHS} months; a new one is needed.",
            field="mandate_id",
        )
    if (invoice.creditor_id, invoice.customer_id) != (mandate.creditor_id, mandate.customer_id):
        raise NotCollectable(
            "The mandate was given by another customer or to another creditor.", field="mandate_id"
        )
    if invoice.id in busy:
        raise AlreadyCollecting(f"Invoice {invoice.id} already has a live debit.", field="invoice_id")
    if invoice.open_minor == 0 or invoice.collection_status == CollectionStatus.CANCELLED:
        raise InvoiceNotOpen(f"Invoice {invoice.id} has nothing left to collect.", field="invoice_id")
    if invoice.currency != "EUR":
        raise NotCollectable("SEPA debits are in EUR only.", field="invoice_id")


def is_dormant(mandate: Mandate, on: date) -> bool:
    """Whether on that day 36 months have passed since the last collection or, before any, since the signature."""
    last = mandate.last_collection_on or mandate.signed_on
    months = (on.year - last.year) * 12 + on.month - last.month
    return (months, on.day) >= (DORMANT_AFTER_MONTHS, last.day)


def _collect_on(wish: Wish, invoice: Invoice, today: date) -> date:
    earliest = earliest_collection(today)
    if wish.collect_on is None:
        return roll_forward(max(invoice.due_on, earliest))
    if wish.collect_on < earliest:
        raise NotCollectable(
            f"The first possible collection date is {earliest.isoformat()}.", field="collect_on"
        )
    return roll_forward(wish.collect_on)


def _row(wish: Wish, invoice: Invoice, mandate: Mandate, account_id: str, act: Act) -> dict[str, object]:
    debit_id = new_id("deb")
    return {
        "id": debit_id,
        "creditor_id": invoice.creditor_id,
        "invoice_id": invoice.id,
        "mandate_id": mandate.id,
        "bank_account_id": account_id,
        "amount_minor": invoice.open_minor,
        "currency": invoice.currency,
        "collect_on": _collect_on(wish, invoice, act.today),
        "sequence_type": "OOFF" if mandate.type == MandateType.ONE_OFF else "RCUR",
        "end_to_end_id": _end_to_end_id(invoice.number, debit_id),
        "state": str(DebitState.SCHEDULED),
        "created_at": act.at,
    }


def _end_to_end_id(number: str, debit_id: str) -> str:
    """The invoice number with six characters that make it unique, as people and machines both read it."""
    readable = f"{number}-{debit_id[-6:].upper()}"
    return readable if is_sepa_reference(readable) else f"D{debit_id.removeprefix('deb_').upper()}"


def _write(session: Session, rows: Sequence[dict[str, object]], *, act: Act) -> None:
    if not rows:
        return
    try:
        session.execute(insert(Debit), list(rows))
    except IntegrityError as error:
        if violated(error) != "uq_debits_one_live_per_invoice":
            raise
        raise AlreadyCollecting("The invoice already has a live debit.", field="invoice_id") from error
    ids = [str(row["id"]) for row in rows]
    states.born(session, ids, DebitState.SCHEDULED, noun="debit", act=act)
    invoices.hold(
        session, [str(row["invoice_id"]) for row in rows], CollectionStatus.COLLECTING,
        act=act, cause="debit.scheduled",
    )  # fmt: skip
    for row in rows:
        data = {
            "invoice_id": row["invoice_id"], "mandate_id": row["mandate_id"],
            "amount_minor": row["amount_minor"], "currency": row["currency"],
            "collect_on": str(row["collect_on"]),
        }  # fmt: skip
        event = outbox.NewEvent(type="debit.scheduled", object_id=str(row["id"]), act=act, data=data)
        outbox.emit(session, event)
