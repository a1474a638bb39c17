"""Mandates that rest for a while: nothing is drawn on them, and a person lets them go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.models import StateChange
from ledger.states import IllegalMove
from mandates import batches, cancelling, debits, lifecycle, suspending
from mandates.collectable import MandateNotActive, Wish
from mandates.lifecycle import MandateNotFound
from mandates.models import Mandate
from tests.factories.books import Books
from tests.factories.collecting import drafted, events, invoice_of, refused, reload, scheduled


def test_a_suspended_mandate_loses_its_scheduled_debits_and_takes_no_new_ones_until_it_is_resumed(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    mandate = session.get_one(Mandate, debit.mandate_id)
    mandate.failures_in_a_row = 2
    suspending.suspend(session, mandate.id, reason="asked for by telephone", act=act)
    reload(session, debit, mandate)
    assert (debit.state, mandate.state) == ("cancelled", "suspended")
    assert invoice_of(session, debit).collection_status == "overdue"
    wish = Wish(invoice_id=debit.invoice_id, mandate_id=mandate.id)
    with refused(session, MandateNotActive, "mandate_id"):
        debits.schedule(session, wish, act=act)
    with refused(session, IllegalMove):
        suspending.suspend(session, mandate.id, reason="again", act=act)

    suspending.resume(session, mandate.id, reason="agreed", act=act)
    debits.schedule(session, wish, act=act)
    session.commit()
    reload(session, mandate)
    assert (mandate.state, mandate.failures_in_a_row) == ("active", 0)
    assert events(session, mandate.id)[-2:] == ["mandate.suspended", "mandate.resumed"]
    last = session.query(StateChange).where(StateChange.object_id == mandate.id).order_by(StateChange.id)
    assert [one.reason for one in last][-2:] == ["asked for by telephone", "agreed"]


def test_only_a_suspended_mandate_is_resumed(session: Session, books: Books, act: Act) -> None:
    mandate = books.mandate(books.customer())
    with refused(session, IllegalMove):
        suspending.resume(session, mandate.id, reason="what for", act=act)
    for ask in (suspending.suspend, suspending.resume):
        with refused(session, MandateNotFound, "mandate_id"):
            ask(session, "mnd_nobody", reason="who", act=act)


def test_activating_is_no_way_round_the_person_who_resumes(session: Session, books: Books, act: Act) -> None:
    mandate = books.mandate(books.customer())
    suspending.suspend(session, mandate.id, reason="three returns", act=act)
    with refused(session, IllegalMove):
        lifecycle.activate(session, mandate.id, act=act)
    session.commit()
    assert mandate.state == "suspended"


@pytest.mark.parametrize("end", [cancelling.cancel, suspending.suspend])
@pytest.mark.parametrize("all_of_it", [True, False])
def test_a_debit_that_leaves_its_batch_is_cancelled_where_its_mandate_ended_meanwhile(
    session: Session, books: Books, act: Act, end: Callable[..., Mandate], all_of_it: bool
) -> None:
    debit, other = scheduled(books), scheduled(books)
    batch = drafted(books)
    end(session, debit.mandate_id, reason="moved", act=act)
    if all_of_it:
        batches.discard(session, batch.id, reason="too late", act=act)
    else:
        batches.take_out(session, batch.id, [debit.id], reason="ended", act=act)
    reload(session, debit, other)
    assert (debit.state, other.state) == ("cancelled", "scheduled" if all_of_it else "batched")
    assert invoice_of(session, debit).collection_status == "overdue"
    session.rollback()


def test_a_stopped_customer_loses_what_is_scheduled(session: Session, books: Books, act: Act) -> None:
    debit, other = scheduled(books), scheduled(books)
    customer = suspending.stop_customer(
        session, invoice_of(session, debit).customer_id, because="deceased", act=act
    )
    session.commit()
    reload(session, debit, other)
    assert (debit.state, other.state, customer.automatic_stopped_because) == (
        "cancelled", "scheduled", "deceased",
    )  # fmt: skip
