"""Batches: what goes out together, the two persons it takes, and everything that stops a release."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from ledger import creditors
from ledger.acts import Act
from ledger.creditors import CreditorNotFound
from ledger.models import StateChange
from ledger.sepa_text import is_sepa_reference
from ledger.states import IllegalMove
from mandates import batches, debits, lifecycle, rejections, returns
from mandates.batches import BatchNotFound, NothingToCollect, SecondPersonNeeded
from mandates.models import Batch, Debit, Mandate, MandateType, Scheme
from mandates.rejections import NothingWaits, TooSoon
from mandates.releasing import InvoiceChanged, MandateGone, TooLate
from tests.factories.books import Books
from tests.factories.collecting import (
    approve,
    approved,
    days_later,
    drafted,
    events,
    invoice_of,
    on,
    refused,
    release,
    released,
    reload,
    schedule,
    scheduled,
    second,
    second_creditor,
)
from tests.factories.notices import all_sent, announcing
from tests.factories.paying import pay

MONDAY = date(2026, 11, 23)


def state_of(session: Session, *things: Debit | Batch | Mandate) -> list[str]:
    reload(session, *things)
    return [thing.state for thing in things]


def test_a_batch_holds_every_scheduled_debit_once_and_adds_up(session: Session, books: Books) -> None:
    made = [scheduled(books, amount) for amount in (12_000, 4_550, 1)]
    batch = drafted(books)
    session.commit()
    assert (batch.debit_count, batch.total_minor, batch.currency) == (3, 16_551, "EUR")
    assert (batch.state, batch.scheme, batch.drafted_by) == ("draft", "CORE", "treasury")
    assert is_sepa_reference(batch.message_id)
    assert batches.debits_of(session, batch.id) == sorted(made, key=lambda debit: debit.id)
    assert state_of(session, *made) == ["batched", "batched", "batched"]
    with refused(session, NothingToCollect, "creditor_id"):
        drafted(books)


def test_debits_of_one_day_and_sequence_share_a_payment_block_and_accounts_have_files_of_their_own(
    session: Session, books: Books, act: Act
) -> None:
    other = creditors.open_bank_account(
        session, creditor_id=books.creditor.id, name="Second", iban="DE02500105170137075030",
        batch_booking=False, act=act,
    )  # fmt: skip
    scheduled(books, 100)
    scheduled(books, 200)
    scheduled(books, 400, collect_on=MONDAY)
    invoice, mandate = books.collectable(800)
    debits.schedule_many(
        session, [debits.Wish(invoice_id=invoice.id, mandate_id=mandate.id)], act=act,
        bank_account_id=other.id,
    )  # fmt: skip
    customer = books.customer()
    schedule(
        books, books.invoice(1_600, customer=customer), books.mandate(customer, type=MandateType.ONE_OFF)
    )
    batch, elsewhere = drafted(books), drafted(books)
    session.commit()

    blocks = [*batches.blocks_of(session, batch.id), *batches.blocks_of(session, elsewhere.id)]
    thursday = date(2026, 11, 19)
    found = {
        (block.bank_account_id, block.sequence_type, block.collect_on): (
            block.debit_count, block.total_minor, block.batch_booking,
        )
        for block in blocks
    }  # fmt: skip
    assert found == {
        (books.account.id, "RCUR", thursday): (2, 300, True),
        (books.account.id, "RCUR", MONDAY): (1, 400, True),
        (books.account.id, "OOFF", thursday): (1, 1_600, True),
        (other.id, "RCUR", thursday): (1, 800, False),
    }
    names = {block.payment_information_id for block in blocks}
    assert len(names) == 4
    assert all(is_sepa_reference(name) for name in names)
    assert (batch.bank_account_id, batch.debit_count, batch.total_minor) == (books.account.id, 4, 2_300)
    assert (elsewhere.bank_account_id, elsewhere.debit_count, elsewhere.total_minor) == (other.id, 1, 800)


def test_a_batch_is_of_one_scheme(session: Session, books: Books) -> None:
    scheduled(books, 100)
    firm = books.customer("Beispiel AG")
    schedule(books, books.invoice(200, customer=firm), books.mandate(firm, scheme=Scheme.B2B))
    core, business = drafted(books), drafted(books, scheme=Scheme.B2B)
    session.commit()
    assert (core.scheme, core.total_minor, business.scheme, business.total_minor) == ("CORE", 100, "B2B", 200)


def test_a_batch_is_of_one_creditor(session: Session, books: Books, act: Act) -> None:
    scheduled(books)
    other, _ = second_creditor(books)
    with refused(session, NothingToCollect, "creditor_id"):
        batches.draft(session, creditor_id=other.id, act=act)
    with refused(session, CreditorNotFound, "creditor_id"):
        batches.draft(session, creditor_id="crd_nobody", act=act)


def test_only_what_is_collected_by_the_day_asked_for_goes_out(session: Session, books: Books) -> None:
    early, late = scheduled(books, 100), scheduled(books, 200, collect_on=MONDAY)
    with refused(session, NothingToCollect, "creditor_id"):
        drafted(books, collect_until=date(2026, 11, 18))
    batch = drafted(books, collect_until=date(2026, 11, 22))
    session.commit()
    assert batches.debits_of(session, batch.id) == [early]
    assert state_of(session, late) == ["scheduled"]


def test_a_date_that_passed_while_the_debit_waited_moves_to_the_first_possible_one(
    session: Session, books: Books, act: Act
) -> None:
    waiting, future = scheduled(books), scheduled(books, collect_on=date(2026, 12, 1))
    friday = on(act, date(2026, 11, 20))
    batches.draft(session, creditor_id=books.creditor.id, act=friday)
    session.commit()
    reload(session, waiting, future)
    assert (waiting.collect_on, future.collect_on) == (MONDAY, date(2026, 12, 1))


def test_a_debit_whose_invoice_was_paid_or_mandate_ended_is_left_out_and_cancelled(
    session: Session, books: Books
) -> None:
    paid, ended, sound = scheduled(books, 12_000), scheduled(books, 500), scheduled(books, 7)
    pay(books, invoice_of(session, paid), 12_000)
    lifecycle.cancel(session, ended.mandate_id, reason="moved", act=books.act)
    batch = drafted(books)
    session.commit()
    assert (batch.debit_count, batch.total_minor) == (1, 7)
    assert state_of(session, paid, ended, sound) == ["cancelled", "cancelled", "batched"]
    assert invoice_of(session, paid).collection_status == "paid"
    assert invoice_of(session, ended).collection_status == "overdue"


def test_nothing_goes_out_when_everything_scheduled_is_stale(session: Session, books: Books) -> None:
    debit = scheduled(books)
    lifecycle.cancel(session, debit.mandate_id, reason="moved", act=books.act)
    with refused(session, NothingToCollect, "creditor_id"):
        drafted(books)
    assert state_of(session, debit) == ["scheduled"]


def test_who_drafts_a_batch_can_neither_approve_nor_release_it(
    session: Session, books: Books, act: Act
) -> None:
    scheduled(books)
    batch = drafted(books)
    with refused(session, SecondPersonNeeded):
        approve(session, batch.id, act=act)
    approve(session, batch.id, act=second(act))
    with refused(session, SecondPersonNeeded):
        release(session, batch.id, act=act)
    release(session, batch.id, act=second(act))
    session.commit()
    reload(session, batch)
    people = (batch.drafted_by, batch.approved_by, batch.released_by)
    assert people == ("treasury", "second treasurer", "second treasurer")
    assert (batch.approved_at, batch.released_at) == (act.at, act.at)


def test_a_release_submits_the_debits_and_notes_the_use_of_the_mandates(
    session: Session, books: Books, act: Act
) -> None:
    debit, later = scheduled(books, 12_000), scheduled(books, 400, collect_on=MONDAY)
    batch = released(books)
    session.commit()
    assert state_of(session, batch, debit, later) == ["released", "submitted", "submitted"]
    mandates = [session.get_one(Mandate, one.mandate_id) for one in (debit, later)]
    reload(session, *mandates)
    assert [mandate.last_collection_on for mandate in mandates] == [date(2026, 11, 19), MONDAY]
    assert state_of(session, *mandates) == ["active", "active"]
    assert events(session, debit.id) == ["debit.scheduled", "debit.submitted"]
    assert events(session, batch.id) == ["batch.approved", "batch.released"]
    assert invoice_of(session, debit).collection_status == "collecting"
    changes = session.query(StateChange).where(StateChange.object_id == batch.id).order_by(StateChange.id)
    assert [(change.from_state, change.to_state) for change in changes] == [
        (None, "draft"), ("draft", "approved"), ("approved", "released"),
    ]  # fmt: skip


def test_a_mandate_drawn_on_twice_remembers_the_later_collection(session: Session, books: Books) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    schedule(books, books.invoice(customer=customer), mandate, collect_on=MONDAY)
    schedule(books, books.invoice(customer=customer), mandate)
    released(books)
    session.commit()
    reload(session, mandate)
    assert mandate.last_collection_on == MONDAY


def test_a_one_off_mandate_is_consumed_by_the_release(session: Session, books: Books) -> None:
    customer = books.customer()
    mandate = books.mandate(customer, type=MandateType.ONE_OFF)
    debit = schedule(books, books.invoice(customer=customer), mandate)
    approved(books)
    assert state_of(session, mandate) == ["active"]
    (batch,) = session.query(Batch)
    release(session, batch.id, act=second(books.act))
    session.commit()
    assert state_of(session, mandate, debit) == ["consumed", "submitted"]
    assert debit.sequence_type == "OOFF"


def test_a_batch_moves_only_in_the_legal_order(session: Session, books: Books, act: Act) -> None:
    scheduled(books)
    batch, by = drafted(books), second(act)
    with refused(session, IllegalMove):
        release(session, batch.id, act=by)
    approve(session, batch.id, act=by)
    with refused(session, IllegalMove):
        approve(session, batch.id, act=by)
    release(session, batch.id, act=by)
    for again in (release, approve):
        with refused(session, IllegalMove):
            again(session, batch.id, act=by)
    with refused(session, IllegalMove):
        batches.discard(session, batch.id, reason="changed my mind", act=by)
    session.commit()
    assert state_of(session, batch) == ["released"]


def test_an_unknown_batch_is_not_found(session: Session, books: Books, act: Act) -> None:
    for ask in (approve, release):
        with refused(session, BatchNotFound, "batch_id"):
            ask(session, "bat_nobody", act=act)
    with refused(session, BatchNotFound, "batch_id"):
        batches.discard(session, "bat_nobody", reason="what", act=act)


def test_a_discarded_batch_gives_its_debits_back_to_the_next(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    first = approved(books)
    batches.discard(session, first.id, reason="wrong day", act=act)
    assert state_of(session, first, debit) == ["closed", "scheduled"]
    assert debit.block_id is None
    assert invoice_of(session, debit).collection_status == "collecting"
    next_one = drafted(books)
    session.commit()
    assert (next_one.debit_count, next_one.total_minor) == (1, 12_000)
    assert next_one.message_id != first.message_id
    assert batches.debits_of(session, first.id) == []
    with refused(session, IllegalMove):
        approve(session, first.id, act=second(act))


def test_a_batch_whose_dates_can_no_longer_be_met_is_not_released(
    session: Session, books: Books, act: Act
) -> None:
    scheduled(books, collect_on=MONDAY)
    scheduled(books, collect_on=date(2026, 12, 1))
    batch = approved(books)
    with refused(session, TooLate) as caught:
        release(session, batch.id, act=second(days_later(act, 3)))
    assert "2026-11-23" in caught.value.message
    assert "2026-11-24" in caught.value.message
    assert state_of(session, batch) == ["approved"]
    release(session, batch.id, act=second(days_later(act, 2)))
    session.commit()
    assert state_of(session, batch) == ["released"]


def test_a_batch_with_a_mandate_that_ended_meanwhile_is_not_released(
    session: Session, books: Books, act: Act
) -> None:
    debit, sound = scheduled(books), scheduled(books)
    batch = approved(books)
    lifecycle.cancel(session, debit.mandate_id, reason="moved", act=act)
    with refused(session, MandateGone):
        release(session, batch.id, act=second(act))
    batches.discard(session, batch.id, reason="a mandate ended", act=act)
    again = drafted(books)
    session.commit()
    assert batches.debits_of(session, again.id) == [sound]
    assert state_of(session, debit) == ["cancelled"]


def test_an_invoice_paid_after_the_draft_is_not_collected_a_second_time(
    session: Session, books: Books, act: Act
) -> None:
    paid, sound = scheduled(books, 12_000), scheduled(books, 500)
    batch = approved(books)
    pay(books, invoice_of(session, paid), 12_000)
    with refused(session, InvoiceChanged):
        release(session, batch.id, act=second(act))
    batches.discard(session, batch.id, reason="an invoice was paid", act=act)
    again = drafted(books)
    session.commit()
    assert (again.total_minor, state_of(session, paid, sound)) == (500, ["cancelled", "batched"])
    assert invoice_of(session, paid).collection_status == "paid"


def test_a_batch_is_booked_when_the_last_of_its_debits_is(session: Session, books: Books, act: Act) -> None:
    debit, other = scheduled(books), scheduled(books, collect_on=MONDAY)
    batch = released(books)

    def credit(one: Debit) -> None:
        returns.collect(
            session,
            [returns.Credit(debit=one, on=one.collect_on, decided_by="test", evidence=())],
            act=act,
        )

    credit(debit)
    assert state_of(session, batch) == ["released"]
    credit(other)
    assert state_of(session, batch) == ["booked"]
    session.rollback()


def test_a_debit_that_waits_for_its_notice_does_not_hide_those_into_another_account(
    session: Session, books: Books, act: Act
) -> None:
    other = creditors.open_bank_account(
        session, creditor_id=books.creditor.id, name="Second", iban="DE02500105170137075030", act=act
    )
    announcing(books, days=1)
    waits = scheduled(books, 100)  # without an address nobody can be told
    customer = books.customer(email="erika@example.org")
    invoice, mandate = books.invoice(200, customer=customer), books.mandate(customer)
    wish = debits.Wish(invoice_id=invoice.id, mandate_id=mandate.id, collect_on=MONDAY)
    debits.schedule_many(session, [wish], act=act, bank_account_id=other.id)
    all_sent(session, act=act)
    batch = drafted(books)
    session.commit()
    assert (batch.bank_account_id, batch.total_minor, waits.state) == (other.id, 200, "scheduled")


def test_a_file_that_never_reached_the_bank_is_given_up_once_its_money_should_be_here(
    session: Session, books: Books, act: Act
) -> None:
    debit, once = scheduled(books, 100), books.customer()
    mandate = books.mandate(once, type=MandateType.ONE_OFF)
    schedule(books, books.invoice(200, customer=once), mandate)
    batch = released(books)
    late = second(on(act, date(2026, 11, 24)))  # three T2 days after the 19th
    with refused(session, TooSoon, "batch_id"):
        rejections.not_taken(session, batch.id, reason="the upload failed", act=second(on(act, MONDAY)))
    with refused(session, SecondPersonNeeded):
        rejections.not_taken(session, batch.id, reason="the upload failed", act=on(act, late.today))
    rejections.not_taken(session, batch.id, reason="the upload failed", act=late)
    session.commit()
    reload(session, batch, debit, mandate)
    assert (batch.state, debit.state, mandate.state) == ("rejected", "cancelled", "active")
    assert invoice_of(session, debit).collection_status == "overdue"
    books.act = on(act, late.today)
    schedule(books, invoice_of(session, debit), session.get_one(Mandate, debit.mandate_id))
    with refused(session, NothingWaits, "batch_id"):
        rejections.not_taken(session, batch.id, reason="again", act=late)
    session.commit()
