"""Mandates that must not be used for now, or never again, together with what was still to be drawn on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import customers, outbox, states
from ledger.acts import Act
from ledger.database import among
from ledger.models import Customer
from mandates import debits, lifecycle
from mandates.models import Debit, Mandate
from mandates.states import MANDATE, DebitState, MandateState


def suspend(session: Session, mandate_id: str, *, reason: str, act: Act) -> Mandate:
    """No debit may be drawn on a mandate until it is resumed; its scheduled debits are cancelled.

    A batch with a debit on it can no longer be released. Raises MandateNotFound or IllegalMove.
    """
    mandate = lifecycle.get(session, mandate_id)
    withdraw(session, [mandate], MandateState.SUSPENDED, reason=reason, act=act)
    return mandate


def resume(session: Session, mandate_id: str, *, reason: str, act: Act) -> Mandate:
    """A person found that a suspended mandate may be used again; its failures are forgotten.

    Raises MandateNotFound or IllegalMove.
    """
    mandate = lifecycle.get(session, mandate_id)
    if mandate.state != MandateState.SUSPENDED:
        raise states.IllegalMove(f"Mandate {mandate_id} is {mandate.state}; only a suspended one is resumed.")
    states.move(session, MANDATE, [mandate_id], MandateState.ACTIVE, act=act, reason=reason)
    mandate.failures_in_a_row = 0
    session.flush()
    outbox.emit(session, _event(mandate, "mandate.resumed", act, None, None))
    return mandate


def stop_customer(session: Session, customer_id: str, *, because: str, act: Act) -> Customer:
    """Nothing is collected from a customer without a person any more, and what is scheduled is cancelled.

    A batch with a debit of theirs can no longer be released. Raises CustomerNotFound or UnreadableText.
    """
    customer = customers.get(session, customer_id)
    customers.stop_automatic(session, [customer_id], because=because, act=act)
    theirs = select(Mandate.id).where(Mandate.customer_id == customer_id).order_by(Mandate.id)
    drop_scheduled(session, session.scalars(theirs).all(), reason="the customer is stopped", act=act)
    return customer


def withdraw(
    session: Session,
    mandates: Sequence[Mandate],
    to: MandateState,
    *,
    reason: str,
    act: Act,
    cause: str | None = None,
    reason_code: str | None = None,
) -> None:
    """Suspend or cancel mandates, and cancel what is scheduled on them. Raises IllegalMove; nothing is changed then."""
    ids = [mandate.id for mandate in mandates]
    states.move(session, MANDATE, ids, to, act=act, reason=reason)
    for mandate in mandates:
        outbox.emit(session, _event(mandate, f"mandate.{to}", act, cause, reason_code))
    drop_scheduled(session, ids, reason=f"mandate {to}", act=act)


def drop_scheduled(session: Session, mandate_ids: Sequence[str], *, reason: str, act: Act) -> int:
    """Cancel what is scheduled on these mandates and in no batch yet; gives how many debits."""
    scheduled = session.scalars(
        select(Debit)
        .where(among(Debit.mandate_id, mandate_ids), Debit.state == DebitState.SCHEDULED)
        .order_by(Debit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    debits.drop(session, scheduled, reason=reason, act=act)
    return len(scheduled)


def _event(
    mandate: Mandate, kind: str, act: Act, cause: str | None, reason_code: str | None
) -> outbox.NewEvent:
    data = {"customer_id": mandate.customer_id, "reference": mandate.reference, "scheme": mandate.scheme}
    return outbox.NewEvent(
        type=kind, object_id=mandate.id, act=act, cause=cause, reason_code=reason_code, data=data
    )
