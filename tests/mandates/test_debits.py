"""Debits from the wish to collect up to the batch: what they say, what they hold, and how they end early."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from ledger import creditors, customers
from ledger.acts import Act
from ledger.creditors import BankAccountNotFound
from ledger.errors import DuecourseError
from ledger.invoices import InvoiceNotFound
from ledger.models import Event
from ledger.sepa_text import is_sepa_reference
from ledger.states import IllegalMove
from mandates import batches, debits, lifecycle
from mandates.collectable import (
    AlreadyCollecting,
    InvoiceNotOpen,
    MandateNotActive,
    MandateUsed,
    NotCollectable,
    Wish,
)
from mandates.dating import DateImpossible
from mandates.debits import DebitNotFound
from mandates.lifecycle import MandateNotFound
from mandates.models import Debit, MandateType
from tests.factories.books import Books
from tests.factories.collecting import (
    days_later,
    events,
    invoice_of,
    on,
    refused,
    reload,
    schedule,
    scheduled,
    second_creditor,
)
from tests.factories.paying import pay


def test_a_debit_says_what_the_bank_must_know(session: Session, books: Books, act: Act) -> None:
    invoice, mandate = books.collectable(12_000, number="RE-2026-0815")
    debit = schedule(books, invoice, mandate)
    session.commit()
    reload(session, debit)
    assert (debit.amount_minor, debit.currency, debit.collect_on) == (12_000, "EUR", date(2026, 11, 19))
    assert (debit.invoice_id, debit.mandate_id) == (invoice.id, mandate.id)
    assert (debit.creditor_id, debit.bank_account_id) == (books.creditor.id, books.account.id)
    assert (debit.state, debit.sequence_type, debit.block_id, debit.payment_id) == (
        "scheduled", "RCUR", None, None,
    )  # fmt: skip
    (told,) = session.query(Event).where(Event.object_id == debit.id)
    assert (told.type, told.actor) == ("debit.scheduled", "treasury")
    assert told.data == {
        "invoice_id": invoice.id, "mandate_id": mandate.id, "amount_minor": 12_000, "currency": "EUR",
        "collect_on": "2026-11-19", "wished_on": "2026-11-17",
        "moved_because": "it is the first day that a file sent now can have",
    }  # fmt: skip


def test_the_name_of_a_debit_at_the_bank_begins_with_the_invoice_number_where_banks_take_it(
    session: Session, books: Books
) -> None:
    plain = scheduled(books, number="RE-2026-0815")
    odd = scheduled(books, number="Rechnung № 7 / 2026")
    long = scheduled(books, number="R" * 60)
    spaced = scheduled(books, number="RE 2026 0815")
    assert plain.end_to_end_id.startswith("RE-2026-0815-")
    names = [debit.end_to_end_id for debit in (plain, odd, long, spaced)]
    assert all(is_sepa_reference(name) and " " not in name for name in names)
    assert len(set(names)) == 4
    session.commit()


def test_the_same_invoice_collected_again_has_another_name_at_the_bank(
    session: Session, books: Books, act: Act
) -> None:
    invoice, mandate = books.collectable(number="RE-2026-0815")
    first = schedule(books, invoice, mandate)
    debits.cancel(session, first.id, reason="wrong date", act=act)
    second = schedule(books, invoice, mandate)
    session.commit()
    assert first.end_to_end_id != second.end_to_end_id


def test_an_invoice_is_held_while_it_is_collected_and_free_when_that_ends(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    session.commit()
    assert (invoice_of(session, debit).hold, invoice_of(session, debit).collection_status) == (
        "collecting", "collecting",
    )  # fmt: skip
    debits.cancel(session, debit.id, reason="customer pays by transfer", act=act)
    session.commit()
    assert (invoice_of(session, debit).hold, invoice_of(session, debit).collection_status) == (
        None,
        "overdue",
    )
    reload(session, debit)
    assert debit.state == "cancelled"


def test_a_debit_is_cancelled_once_and_not_when_it_is_in_a_batch(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    batches.draft(session, creditor_id=books.creditor.id, act=act)
    with refused(session, IllegalMove) as caught:
        debits.cancel(session, debit.id, reason="too late", act=act)
    assert "batched" in caught.value.message
    other = scheduled(books)
    debits.cancel(session, other.id, reason="wrong", act=act)
    with refused(session, IllegalMove):
        debits.cancel(session, other.id, reason="again", act=act)
    with refused(session, DebitNotFound, "debit_id"):
        debits.cancel(session, "deb_nobody", reason="what", act=act)
    session.commit()


def test_in_bulk_every_wish_has_its_outcome_and_a_refused_one_hinders_no_other(
    session: Session, books: Books, act: Act
) -> None:
    good, mandate = books.collectable(1_000)
    also_good, its_mandate = books.collectable(2_000)
    paid, paid_mandate = books.collectable(3_000)
    pay(books, paid, 3_000)
    ended, ended_mandate = books.collectable(4_000)
    lifecycle.cancel(session, ended_mandate.id, reason="moved", act=act)
    one_off_customer = books.customer()
    one_off = books.mandate(one_off_customer, type=MandateType.ONE_OFF)
    two = [books.invoice(5_000, customer=one_off_customer) for _ in range(2)]

    wishes: list[tuple[Wish, type[DuecourseError] | None]] = [
        (Wish(invoice_id=good.id, mandate_id=mandate.id), None),
        (Wish(invoice_id=good.id, mandate_id=mandate.id), AlreadyCollecting),
        (Wish(invoice_id=paid.id, mandate_id=paid_mandate.id), InvoiceNotOpen),
        (Wish(invoice_id=ended.id, mandate_id=ended_mandate.id), MandateNotActive),
        (Wish(invoice_id=ended.id, mandate_id=mandate.id), NotCollectable),
        (Wish(invoice_id="inv_nobody", mandate_id=mandate.id), InvoiceNotFound),
        (Wish(invoice_id=also_good.id, mandate_id="mnd_nobody"), MandateNotFound),
        (Wish(invoice_id=two[0].id, mandate_id=one_off.id), None),
        (Wish(invoice_id=two[1].id, mandate_id=one_off.id), MandateUsed),
        (Wish(invoice_id=also_good.id, mandate_id=its_mandate.id, collect_on=act.today), DateImpossible),
        (Wish(invoice_id=also_good.id, mandate_id=its_mandate.id), None),
    ]
    outcomes = debits.schedule_many(session, [wish for wish, _ in wishes], act=act)
    session.commit()

    assert [outcome.refusal and type(outcome.refusal) for outcome in outcomes] == [
        error for _, error in wishes
    ]
    made = {debits.get(session, str(one.debit_id)).amount_minor for one in outcomes if one.debit_id}
    assert made == {1_000, 5_000, 2_000}
    assert session.query(Debit).count() == 3


def test_nothing_wished_is_nothing_done(session: Session, books: Books, act: Act) -> None:
    assert debits.schedule_many(session, [], act=act) == []


def test_the_account_to_collect_into_must_be_ours_and_a_sepa_account(
    session: Session, books: Books, act: Act
) -> None:
    invoice, mandate = books.collectable()
    _, foreign = second_creditor(books)
    own = {
        "dollars": creditors.open_bank_account(
            session, creditor_id=books.creditor.id, name="USD", iban="DE02500105170137075030",
            currency="USD", act=act,
        ),
        "no_iban": creditors.open_bank_account(
            session, creditor_id=books.creditor.id, name="Old", other_number="4711", act=act
        ),
        "savings": creditors.open_bank_account(
            session, creditor_id=books.creditor.id, name="Second", iban="DE02500105170137075030", act=act
        ),
    }  # fmt: skip
    wish = Wish(invoice_id=invoice.id, mandate_id=mandate.id)

    def refusal(account_id: str) -> tuple[type[DuecourseError], str | None]:
        (outcome,) = debits.schedule_many(session, [wish], act=act, bank_account_id=account_id)
        assert outcome.refusal is not None
        return type(outcome.refusal), outcome.refusal.field

    assert refusal(foreign.id) == (BankAccountNotFound, "bank_account_id")
    assert refusal("bac_nobody") == (BankAccountNotFound, "bank_account_id")
    for name in ("dollars", "no_iban"):
        error, field = refusal(own[name].id)
        assert (issubclass(error, DuecourseError), field) == (True, "bank_account_id")
    (made,) = debits.schedule_many(session, [wish], act=act, bank_account_id=own["savings"].id)
    session.commit()
    assert debits.get(session, str(made.debit_id)).bank_account_id == own["savings"].id


@pytest.mark.parametrize("part", [4_000, 12_000])
def test_a_debit_whose_invoice_was_paid_meanwhile_is_stale(
    session: Session, books: Books, act: Act, part: int
) -> None:
    debit, sound = scheduled(books, 12_000), scheduled(books, 500)
    pay(books, invoice_of(session, debit), part)
    assert debits.drop_stale(session, creditor_id=books.creditor.id, act=act) == 1
    session.commit()
    reload(session, debit, sound)
    assert (debit.state, sound.state) == ("cancelled", "scheduled")
    expected = "paid" if part == 12_000 else "partly_paid"
    assert invoice_of(session, debit).collection_status == expected
    assert invoice_of(session, debit).hold is None


def test_a_debit_whose_mandate_ended_is_stale(session: Session, books: Books, act: Act) -> None:
    debit, sound = scheduled(books), scheduled(books)
    lifecycle.cancel(session, debit.mandate_id, reason="moved", act=act)
    assert debits.drop_stale(session, creditor_id=books.creditor.id, act=act) == 1
    session.commit()
    reload(session, debit, sound)
    assert (debit.state, sound.state) == ("cancelled", "scheduled")


def test_a_debit_whose_mandate_falls_asleep_before_it_can_be_collected_is_stale(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    lifecycle.get(session, debit.mandate_id).last_collection_on = date(2023, 11, 23)
    session.flush()
    assert debits.drop_stale(session, creditor_id=books.creditor.id, act=on(act, date(2026, 11, 19))) == 0
    assert debits.drop_stale(session, creditor_id=books.creditor.id, act=on(act, date(2026, 11, 20))) == 1
    session.commit()
    reload(session, debit)
    assert debit.state == "cancelled"


def test_a_debit_of_a_customer_who_was_stopped_is_stale(session: Session, books: Books, act: Act) -> None:
    stopped, other = scheduled(books), scheduled(books)
    customers.stop_automatic(session, [invoice_of(session, stopped).customer_id], because="deceased", act=act)
    assert debits.drop_stale(session, creditor_id=books.creditor.id, act=act) == 1
    session.commit()
    reload(session, stopped, other)
    assert (stopped.state, other.state) == ("cancelled", "scheduled")
    assert invoice_of(session, stopped).collection_status == "overdue"


def test_nothing_is_stale_where_nothing_changed(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books)
    assert debits.drop_stale(session, creditor_id=books.creditor.id, act=days_later(act, 100)) == 0
    assert debits.drop_stale(session, creditor_id="crd_nobody", act=act) == 0
    session.commit()
    assert events(session, debit.id) == ["debit.scheduled"]
