"""What went wrong elsewhere with files of collections, each told once and tried here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from credit_control import collecting
from exporters import debit_batches, stored_files
from exporters.models import FileDownload, StoredFile
from exporters.pain008.reader import read
from ledger.acts import Act
from ledger.errors import DuecourseError
from mandates import debits, lifecycle
from mandates.collectable import Wish
from mandates.drafting import NothingToCollect
from mandates.models import Debit, Mandate
from tests.factories.books import OUR_IBAN, Books, debtor_iban
from tests.factories.collecting import (
    at_once,
    drafted,
    message_of,
    refused,
    released,
    scheduled,
    second,
)


@pytest.mark.race
def test_santander_2021_a_run_that_is_started_twice_makes_one_file(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    """On 25 December 2021 a scheduling fault made 75,000 payments twice."""
    for number in range(1, 9):
        books.collectable(number)
    creditor_id, until = books.creditor.id, act.today
    session.commit()

    def night(one: Session, act: Act = act) -> str:
        collecting.collect_due(one, creditor_id=creditor_id, due_until=until, act=act)
        return debit_batches.draft(one, creditor_id=creditor_id, act=act)[1].id

    done = at_once(engine, [night] * 8)
    assert sum(isinstance(one, str) for one in done) == 1
    assert {type(one) for one in done if not isinstance(one, str)} == {NothingToCollect}
    again = replace(act, at=act.at + timedelta(seconds=1))
    with refused(session, NothingToCollect, "creditor_id"):
        night(session, again)
    session.commit()
    (file,) = session.scalars(select(StoredFile))
    message = read(file.content)
    assert (message.transaction_count, message.control_sum_minor) == (8, 36)
    assert session.scalar(select(func.count()).select_from(Debit)) == 8


def test_cardnet_2018_the_file_of_one_day_is_not_taken_for_that_of_the_next(
    session: Session, books: Books, act: Act
) -> None:
    """In August 2018 the settlement file of the 29th was sent twice, and that of the 30th never."""
    scheduled(books, 100)
    first = released(books)
    scheduled(books, 200)
    drafted(books)  # still waits: the list of batches says so
    by = second(act)
    once = stored_files.download(session, stored_files.of_batch(session, first.id).id, act=by)
    stored_files.download(session, once.id, act=act)
    session.commit()
    fetched = session.execute(select(FileDownload.by, FileDownload.sha256).order_by(FileDownload.id))
    assert [tuple(row) for row in fetched] == [(by.actor, once.sha256), (act.actor, once.sha256)]
    files = session.scalars(select(StoredFile).order_by(StoredFile.id)).all()
    assert [(read(one.content).control_sum_minor, one.released_at is None) for one in files] == [
        (100, False), (200, True),
    ]  # fmt: skip
    assert len({read(one.content).message_id for one in files}) == 2


def test_civisepa_an_invoice_that_is_at_the_bank_is_collected_again_by_no_way(
    session: Session, books: Books, act: Act
) -> None:
    """CiviSEPA 1.6.0 collected instalments again after their group was closed; Dolibarr debited a client twice."""
    invoice, mandate = books.collectable(12_000)
    wish = Wish(invoice_id=invoice.id, mandate_id=mandate.id)
    collecting.collect_invoice(session, invoice_id=invoice.id, act=act)
    released(books)
    session.commit()
    ways = [
        lambda: debits.schedule(session, wish, act=act),
        lambda: collecting.collect_invoice(session, invoice_id=invoice.id, act=act),
        lambda: collecting.collect_invoice(session, invoice_id=invoice.id, mandate_id=mandate.id, act=act),
    ]
    for way in ways:
        with pytest.raises(DuecourseError), session.begin_nested():
            way()
    due = collecting.collect_due(session, creditor_id=books.creditor.id, due_until=act.today, act=act)
    (outcome,) = debits.schedule_many(session, [wish], act=act)
    session.commit()
    assert (due.debit_ids, outcome.debit_id) == ([], None)
    assert session.scalar(select(func.count()).select_from(Debit)) == 1


def test_oca_1336_and_1131_two_mandates_of_one_debtor_stay_two_and_no_account_is_ours(
    session: Session, books: Books, act: Act
) -> None:
    """OCA/bank-payment merged two mandates of one debtor, and wrote the creditor's account as the debtor's."""
    customer = books.customer()
    wanted = {}
    for number, iban in enumerate((debtor_iban(71), debtor_iban(72)), start=1):
        mandate = books.mandate(customer, iban=iban, reference=f"M-{number}")
        invoice = books.invoice(500, customer=customer)
        debit = debits.schedule(session, Wish(invoice_id=invoice.id, mandate_id=mandate.id), act=act)
        wanted[debit.end_to_end_id] = (f"M-{number}", iban, 500)
    batch = released(books)
    said = message_of(session, batch, act)
    session.commit()
    found = {
        one.end_to_end_id: (one.mandate_id, one.debtor.iban, one.amount.minor)
        for block in said.blocks
        for one in block.transactions
    }
    assert found == wanted
    assert {block.creditor.iban for block in said.blocks} == {OUR_IBAN}
    assert OUR_IBAN not in {iban for _, iban, _ in found.values()}


@pytest.mark.race
def test_a_mandate_cancelled_while_its_batch_is_released_ends_before_or_after_it(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    for _ in range(6):
        debit = scheduled(books)
        batch = debit_batches.draft(session, creditor_id=books.creditor.id, act=act)[0]
        debit_batches.approve(session, batch.id, act=second(act))
        batch_id, mandate_id, debit_id = batch.id, debit.mandate_id, debit.id
        session.commit()
        end = partial(lifecycle.cancel, mandate_id=mandate_id, reason="moved", act=act)
        let_go, ended = at_once(
            engine,
            [
                lambda one, batch_id=batch_id: debit_batches.release(one, batch_id, act=second(act))[0].id,
                lambda one, end=end: end(one).id,
            ],
        )
        session.expire_all()
        debit, mandate = session.get_one(Debit, debit_id), session.get_one(Mandate, mandate_id)
        assert (ended, mandate.state) == (mandate_id, "cancelled")
        # Either the file was out first, or nothing of it leaves.
        assert (let_go == batch_id) == (debit.state == "submitted")
        assert debit.state in ("submitted", "batched")
        if debit.state == "batched":
            assert isinstance(let_go, DuecourseError)
        session.commit()
