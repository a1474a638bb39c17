"""Changed mandates: what changes, what stays on record, and what of it the debtor's bank is still to be told."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from exporters import debit_batches
from exporters.pain008.message import Amendment, DirectDebitMessage
from ledger import creditors
from ledger.acts import Act
from ledger.banking import InvalidIban
from ledger.errors import DuecourseError
from ledger.states import IllegalMove
from mandates import amending, lifecycle, releasing
from mandates.amending import Changes
from mandates.lifecycle import MandateRejected, ReferenceTaken
from mandates.models import Batch, Mandate, MandateType, Scheme
from tests.factories.bank import match, take_in_all
from tests.factories.books import Books, debtor_iban
from tests.factories.collecting import (
    approved,
    at_once,
    events,
    message_of,
    refused,
    release,
    released,
    schedule,
    second,
    sent,
)
from tests.factories.failing import collect
from tests.factories.paying import bank_of

SAME_BANK, OTHER_BANK = debtor_iban(4_711), "DE02120300000000202051"
WHY = "letter of 17 November"


def told(message: DirectDebitMessage) -> Amendment | None:
    """The amendment of the only collection of a file."""
    (block,) = message.blocks
    (transaction,) = block.transactions
    return transaction.amendment


def collect_again(books: Books, mandate: Mandate) -> DirectDebitMessage:
    """Another invoice of the mandate's customer goes to the bank."""
    invoice = books.invoice(customer=books.session.get_one(lifecycle.Customer, mandate.customer_id))
    schedule(books, invoice, mandate)
    return sent(books)[1]


def accept(books: Books, message: DirectDebitMessage) -> None:
    """The bank credits what a file collects."""
    take_in_all(books.session, bank_of(books).answer(message), books.act)
    match(books.session, books.act)


@pytest.fixture
def known(session: Session, books: Books) -> Mandate:
    """A mandate that the debtor's bank knows from an accepted collection."""
    mandate = books.mandate(books.customer(), reference="M-1", iban=debtor_iban(815))
    message = collect_again(books, mandate)
    assert told(message) is None
    accept(books, message)
    session.commit()
    assert (mandate.presented_reference, mandate.presented_iban) == ("M-1", debtor_iban(815))
    return mandate


def amend(books: Books, mandate: Mandate, **changes: object) -> Mandate:
    return amending.amend(books.session, mandate.id, Changes(**changes), reason=WHY, act=books.act)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "amendment"),
    [
        ({"iban": SAME_BANK}, Amendment(original_debtor_iban=debtor_iban(815))),
        ({"iban": OTHER_BANK}, Amendment(same_mandate_new_debtor_agent=True)),
        ({"reference": "M-2"}, Amendment(original_mandate_id="M-1")),
        (
            {"reference": "M-2", "iban": SAME_BANK},
            Amendment(original_mandate_id="M-1", original_debtor_iban=debtor_iban(815)),
        ),
        ({"debtor_name": "Erika Neuername"}, None),
    ],
)
def test_the_next_file_tells_what_has_changed_with_its_original_value(
    session: Session, books: Books, known: Mandate, changes: dict[str, str], amendment: Amendment | None
) -> None:
    amend(books, known, **changes)
    message = collect_again(books, known)
    session.commit()
    assert told(message) == amendment


def test_a_changed_creditor_is_told_by_every_mandate_that_banks_know(
    session: Session, books: Books, known: Mandate, act: Act
) -> None:
    creditors.change(
        session, books.creditor.id, name="Muster Wind AG", creditor_identifier="DE09ZZZ00000000001",
        reason="merged", act=act,
    )  # fmt: skip
    message = collect_again(books, known)
    assert told(message) == Amendment(
        original_creditor_name="Muster Energie GmbH", original_creditor_id="DE98ZZZ09999999999"
    )
    assert message.blocks[0].creditor.name == "Muster Wind AG"
    accept(books, message)
    fresh = books.mandate(books.customer())
    first = collect_again(books, fresh)
    session.commit()
    assert told(first) is None


def test_an_amendment_is_repeated_until_a_collection_with_it_is_accepted(
    session: Session, books: Books, known: Mandate
) -> None:
    amend(books, known, iban=OTHER_BANK)
    changed = Amendment(same_mandate_new_debtor_agent=True)
    first = collect_again(books, known)
    again = collect_again(books, known)
    assert (told(first), told(again)) == (changed, changed)
    accept(books, again)
    after = collect_again(books, known)
    session.commit()
    assert told(after) is None
    assert known.presented_iban == OTHER_BANK


def test_a_change_back_before_anybody_was_told_is_none(
    session: Session, books: Books, known: Mandate
) -> None:
    amend(books, known, iban=OTHER_BANK)
    amend(books, known, iban=debtor_iban(815))
    message = collect_again(books, known)
    session.commit()
    assert told(message) is None
    before = [(one.iban_before, one.reason, one.amended_by) for one in amending.history(session, known.id)]
    assert before == [(debtor_iban(815), WHY, "treasury"), (OTHER_BANK, WHY, "treasury")]


def test_a_mandate_taken_over_from_another_creditor_tells_what_its_bank_knows(
    session: Session, books: Books
) -> None:
    mandate = books.mandate(
        books.customer(), reference="M-9", original_reference="OLD/77",
        original_creditor_identifier="DE09ZZZ00000000001", original_creditor_name="Alte Werke KG",
    )  # fmt: skip
    message = collect_again(books, mandate)
    session.commit()
    assert told(message) == Amendment(
        original_mandate_id="OLD/77", original_creditor_id="DE09ZZZ00000000001",
        original_creditor_name="Alte Werke KG",
    )  # fmt: skip


def test_a_mandate_amended_after_the_draft_keeps_the_file_in_the_house(
    session: Session, books: Books, known: Mandate, act: Act
) -> None:
    schedule(books, books.invoice(customer=session.get_one(lifecycle.Customer, known.customer_id)), known)
    batch = approved(books)
    amend(books, known, iban=OTHER_BANK)
    with refused(session, releasing.MandateChanged):
        release(session, batch.id, act=second(act))
    session.commit()


def test_an_amendment_is_an_event_without_an_account_in_it(
    session: Session, books: Books, known: Mandate
) -> None:
    amend(books, known, iban=OTHER_BANK)
    session.commit()
    assert events(session, known.id)[-1] == "mandate.amended"


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"iban": "DE02120300000000202052"}, InvalidIban, "iban"),
        ({"iban": "US33000000000000000000"}, DuecourseError, "iban"),
        ({"reference": "M//1"}, MandateRejected, "reference"),
        ({}, MandateRejected, "iban"),
        ({"iban": debtor_iban(815), "reference": "M-1"}, MandateRejected, "iban"),
        ({"iban": "CH9300762011623852957"}, MandateRejected, "customer_id"),  # outside the EEA, no address
    ],
)
def test_what_no_mandate_can_say_is_refused(
    session: Session, books: Books, known: Mandate, changes: dict[str, str], error: type, field: str
) -> None:
    with pytest.raises(error) as caught, session.begin_nested():
        amend(books, known, **changes)
    assert caught.value.field == field
    assert amending.history(session, known.id) == []


def test_two_mandates_of_a_creditor_never_share_a_reference(
    session: Session, books: Books, known: Mandate
) -> None:
    other = books.mandate(books.customer(), reference="M-7")
    session.commit()
    with refused(session, ReferenceTaken, "reference"):
        amend(books, other, reference="M-1")


def test_a_business_mandate_moves_only_with_the_word_of_the_bank(session: Session, books: Books) -> None:
    firm = books.mandate(books.customer("Beispiel AG"), scheme=Scheme.B2B)
    with refused(session, MandateRejected, "confirmed_by_bank"):
        amend(books, firm, iban=OTHER_BANK)
    assert amend(books, firm, iban=OTHER_BANK, confirmed_by_bank=True).iban == OTHER_BANK
    session.commit()


def test_what_has_ended_is_not_amended(session: Session, books: Books, act: Act) -> None:
    mandate = books.mandate(books.customer(), type=MandateType.ONE_OFF)
    lifecycle.cancel(session, mandate.id, reason="moved", act=act)
    with refused(session, IllegalMove):
        amend(books, mandate, iban=OTHER_BANK)
    session.commit()


@pytest.mark.race
def test_a_mandate_amended_while_its_batch_is_released_is_told_as_it_was_or_not_at_all(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    for _ in range(4):
        mandate = books.mandate(books.customer())
        schedule(
            books, books.invoice(customer=session.get_one(lifecycle.Customer, mandate.customer_id)), mandate
        )
        batch_id, mandate_id, before = approved(books).id, mandate.id, str.__str__(mandate.iban)
        session.commit()
        change = partial(
            amending.amend, mandate_id=mandate_id, changes=Changes(iban=OTHER_BANK), reason=WHY, act=act
        )

        def let_go(one: Session, batch_id: str = batch_id) -> str:
            return debit_batches.release(one, batch_id, act=second(act))[0].id

        done = at_once(engine, [let_go, lambda one, change=change: change(one).id])
        session.expire_all()
        batch = session.get_one(Batch, batch_id)
        assert done[1] == mandate_id
        if batch.state == "released":
            assert message_of(session, batch, act).blocks[0].transactions[0].debtor.iban == before
        else:
            assert type(done[0]) is releasing.MandateChanged
        session.commit()


def test_what_is_under_way_already_is_what_the_bank_will_know(session: Session, books: Books) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    before = str.__str__(mandate.iban)
    first = schedule(books, books.invoice(10_000, customer=customer), mandate)
    released(books)
    amend(books, mandate, iban=SAME_BANK)
    schedule(books, books.invoice(20_000, customer=customer), mandate)
    batch = approved(books)
    collect(books, first)
    release(session, batch.id, act=second(books.act))
    said = told(message_of(session, batch, books.act))
    session.rollback()
    assert said == Amendment(original_debtor_iban=before)


def test_an_older_collection_that_is_booked_later_takes_nothing_back(session: Session, books: Books) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    made = []
    for number in range(3):
        if number == 2:
            amend(books, mandate, iban=SAME_BANK)
        made.append(schedule(books, books.invoice(100 + number, customer=customer), mandate))
        released(books)
        if number == 0:
            collect(books, made[0])
    collect(books, made[2])
    collect(books, made[1])
    session.refresh(mandate)
    known = str.__str__(mandate.presented_iban)
    session.rollback()
    assert known == SAME_BANK


@pytest.mark.parametrize(
    "changes", [{"iban": SAME_BANK}, {"debtor_name": "Max Muster"}, {"reference": "M-77"}]
)
def test_whatever_of_a_mandate_changed_its_batch_is_not_released(
    session: Session, books: Books, act: Act, changes: dict[str, str]
) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    schedule(books, books.invoice(customer=customer), mandate)
    batch = approved(books)
    amend(books, mandate, **changes)
    with refused(session, releasing.MandateChanged):
        release(session, batch.id, act=second(act))
    session.commit()
