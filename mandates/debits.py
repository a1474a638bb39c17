"""Debits: collections of invoices scheduled on a mandate, up to the moment they are put into a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, insert, or_, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import cut_offs, invoices, outbox, states
from ledger.acts import Act
from ledger.database import among, violated
from ledger.errors import DuecourseError, NotFound
from ledger.identifiers import new_id
from ledger.models import BankAccount, Customer, Invoice
from ledger.sepa_text import is_sepa_reference
from ledger.states import CollectionStatus
from mandates import pre_notifications
from mandates.collectable import (
    DORMANT_AFTER_YEARS,
    ENDED,
    AlreadyCollecting,
    Desk,
    Taken,
    Wish,
)
from mandates.models import Debit, Mandate, MandateType
from mandates.states import DEBIT, DebitState, MandateState


class DebitNotFound(NotFound):
    """There is no such debit."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What became of one wish: the debit's id, or the reason why not."""

    debit_id: str | None = None
    refusal: DuecourseError | None = None


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

    Refused are debits of an unknown invoice or mandate, on a mandate that is not active, dormant or a used
    one-off, on an invoice that has nothing open or is being collected already, that do not belong together,
    that are not in EUR or too large, or on a date that is too early for the bank or for the notice to the
    customer. A date that is no T2 day rolls forward, and the debit says so. The status of the invoices becomes
    `collecting`, and the customers are told (mandates.pre_notifications).
    """
    desk = Desk.of(session, wishes, bank_account_id=bank_account_id)
    rows: list[dict[str, object]] = []
    outcomes = []
    for wish in wishes:
        try:
            taken = desk.decide(wish, act)
        except DuecourseError as refusal:
            outcomes.append(Scheduled(refusal=refusal))
        else:
            rows.append(_row(taken, wish, act))
            desk.take(taken)
            outcomes.append(Scheduled(str(rows[-1]["id"])))
    _write(session, rows, act=act)
    return outcomes


def require_collectable(session: Session, wish: Wish, *, act: Act) -> None:
    """Raises the reason why a debit would be refused, and changes nothing."""
    Desk.of(session, [wish]).decide(wish, act)


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
    get(session, debit_id)
    debit = session.scalars(
        select(Debit).where(Debit.id == debit_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if debit.state != DebitState.SCHEDULED:
        raise states.IllegalMove(f"Debit {debit_id} is {debit.state}; only a scheduled one can be cancelled.")
    drop(session, [debit], reason=reason, act=act)
    return debit


def drop(session: Session, doomed: Sequence[Debit], *, reason: str, act: Act) -> None:
    """Cancel scheduled debits, lift the hold of their invoices, and let their notices stand no longer."""
    states.move(session, DEBIT, [debit.id for debit in doomed], DebitState.CANCELLED, act=act, reason=reason)
    invoices.hold(session, [debit.invoice_id for debit in doomed], None, act=act, cause="debit.cancelled")
    pre_notifications.withdraw(session, [debit.id for debit in doomed], reason=reason, act=act)


def drop_stale(session: Session, *, creditor_id: str, act: Act) -> int:
    """Cancel the creditor's scheduled debits that may not be collected any more; gives how many.

    Stale is a debit whose amount is no longer what is open on its invoice, one whose mandate is not active, or
    will be dormant on the day of the collection, and one of a customer from whom nothing is collected by itself.
    """
    last_use = func.coalesce(Mandate.last_collection_on, Mandate.signed_on)
    dormant_on = last_use + text(f"interval '{DORMANT_AFTER_YEARS} years'")
    stale = session.scalars(
        select(Debit)
        .join(Mandate, Mandate.id == Debit.mandate_id)
        .join(Invoice, Invoice.id == Debit.invoice_id)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(
            Debit.creditor_id == creditor_id,
            Debit.state == DebitState.SCHEDULED,
            or_(
                Customer.automatic_stopped_at.is_not(None),
                Invoice.open_minor != Debit.amount_minor,
                Invoice.collection_status.in_(ENDED),
                Mandate.state != MandateState.ACTIVE,
                dormant_on <= func.greatest(Debit.collect_on, _first_file(session, creditor_id, act)),
            ),
        )
        .order_by(Debit.id)
        .with_for_update(of=Debit)
        .execution_options(populate_existing=True)
    ).all()
    drop(session, stale, reason="invoice, mandate or customer has changed", act=act)
    return len(stale)


def drop_undrawable(session: Session, debit_ids: Iterable[str], *, act: Act) -> None:
    """Cancel those of these scheduled debits whose mandate has ended or rests, or whose customer was stopped."""
    doomed = session.scalars(
        select(Debit)
        .join(Mandate, Mandate.id == Debit.mandate_id)
        .join(Customer, Customer.id == Mandate.customer_id)
        .where(
            among(Debit.id, debit_ids),
            Debit.state == DebitState.SCHEDULED,
            (Mandate.state != MandateState.ACTIVE) | Customer.automatic_stopped_at.is_not(None),
        )
        .order_by(Debit.id)
        .with_for_update(of=Debit)
        .execution_options(populate_existing=True)
    ).all()
    drop(session, doomed, reason="mandate or customer has changed", act=act)


def _first_file(session: Session, creditor_id: str, act: Act) -> date:
    """The first collection date that a file of the creditor can still have, whatever account it is for."""
    accounts = session.scalars(
        select(BankAccount).where(
            BankAccount.creditor_id == creditor_id,
            BankAccount.currency == "EUR",
            BankAccount.iban.is_not(None),
        )
    )
    return max((cut_offs.earliest(cut_offs.of(account), act.at) for account in accounts), default=act.today)


def _row(taken: Taken, wish: Wish, act: Act) -> dict[str, object]:
    invoice, mandate, dated = taken.invoice, taken.mandate, taken.dated
    debit_id = new_id("deb")
    return {
        "id": debit_id,
        "creditor_id": invoice.creditor_id,
        "invoice_id": invoice.id,
        "mandate_id": mandate.id,
        "bank_account_id": taken.account.id,
        "amount_minor": invoice.open_minor,
        "currency": invoice.currency,
        "collect_on": dated.collect_on,
        "wished_on": dated.wished_on,
        "moved_because": dated.moved_because,
        "sequence_type": "OOFF" if mandate.type == MandateType.ONE_OFF else "RCUR",
        "end_to_end_id": _end_to_end_id(invoice.number, debit_id),
        "state": str(DebitState.SCHEDULED),
        "retry_of": wish.retry_of,
        "attempt": wish.attempt,
        "created_at": act.at,
    }


def _end_to_end_id(number: str, debit_id: str) -> str:
    """The invoice number with six characters that make it unique, as people and machines both read it."""
    readable = f"{number}-{debit_id[-6:].upper()}"
    sound = is_sepa_reference(readable) and " " not in readable
    return readable if sound else f"D{debit_id.removeprefix('deb_').upper()}"


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
            "collect_on": str(row["collect_on"]), "wished_on": str(row["wished_on"]),
            "moved_because": row["moved_because"],
            **({"retry_of": row["retry_of"], "attempt": row["attempt"]} if row["retry_of"] else {}),
        }  # fmt: skip
        event = outbox.NewEvent(type="debit.scheduled", object_id=str(row["id"]), act=act, data=data)
        outbox.emit(session, event)
    ours = pre_notifications.announcing(session, (str(row["creditor_id"]) for row in rows))
    pre_notifications.announce(
        session, [str(row["id"]) for row in rows if row["creditor_id"] in ours], act=act
    )
