"""From scheduled debits to the file at the bank: what it says, that it is checked, and that it leaves once."""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from exporters import debit_batches, pre_flight, stored_files
from exporters.debit_batches import BankWouldRefuse
from exporters.models import StoredFile
from exporters.pain008.check import check
from exporters.pain008.message import Address, DirectDebitMessage, Transaction
from exporters.pain008.reader import read
from exporters.stored_files import FileDamaged, FileNotFound, NotReleased
from ledger.acts import Act
from ledger.database import violated
from ledger.models import BankAccount, Creditor, Invoice
from ledger.money import Money
from ledger.states import IllegalMove
from mandates import batches, releasing
from mandates.batches import NothingToCollect, SecondPersonNeeded
from mandates.models import Batch, Debit, Mandate, MandateType, PaymentBlock, Scheme
from tests.factories.books import Books
from tests.factories.collecting import (
    approve,
    approved,
    at_once,
    days_later,
    drafted,
    invoice_of,
    message_of,
    on,
    refused,
    release,
    reload,
    schedule,
    scheduled,
    second,
)
from tests.factories.paying import pay


def collection_of_every_kind(books: Books) -> None:
    """Two days, one-off and recurrent, debtors inside and outside of the EEA."""
    scheduled(books, 12_000, number="RE-2026-0815")
    scheduled(books, 1, number="Rechnung № 7")
    scheduled(books, 99_999_999_999, collect_on=date(2026, 12, 1))
    once = books.customer("Jörg Müller-Lüdenscheidt & Söhne „Bau“")
    schedule(books, books.invoice(2_345, customer=once), books.mandate(once, type=MandateType.ONE_OFF))
    swiss = books.customer("Urs Beispiel", country="CH", town="Bern", postcode="3011", street="Gasse 7")
    schedule(
        books, books.invoice(500, customer=swiss),
        books.mandate(swiss, iban="CH9300762011623852957", bic="UBSWCHZH80A"),
    )  # fmt: skip


def test_the_file_says_of_every_collection_what_the_database_holds(session: Session, books: Books) -> None:
    collection_of_every_kind(books)
    batch, file = debit_batches.draft(session, creditor_id=books.creditor.id, act=books.act)
    session.commit()
    session.expire_all()
    said = read(stored_files.get(session, file.id).content)

    creditor = session.get_one(Creditor, batch.creditor_id)
    assert (said.message_id, said.created_at) == (batch.message_id, books.act.at)
    assert said.initiating_party == creditor.name
    assert (said.transaction_count, said.control_sum_minor) == (batch.debit_count, batch.total_minor)
    assert (batch.debit_count, batch.total_minor) == (5, 12_000 + 1 + 99_999_999_999 + 2_345 + 500)
    blocks = session.scalars(select(PaymentBlock).where(PaymentBlock.batch_id == batch.id)).all()
    assert len(said.blocks) == len(blocks) == 3
    for block in blocks:
        require_block(session, said, batch, block)
    assert file.name == f"{batch.message_id}.xml"


def require_block(session: Session, said: DirectDebitMessage, batch: Batch, block: PaymentBlock) -> None:
    """The file's block with this name says what the rows of the block and its debits say."""
    (found,) = (one for one in said.blocks if one.payment_information_id == block.payment_information_id)
    account = session.get_one(BankAccount, block.bank_account_id)
    creditor = session.get_one(Creditor, account.creditor_id)
    assert (found.scheme, found.sequence_type, found.collect_on) == (
        batch.scheme, block.sequence_type, block.collect_on,
    )  # fmt: skip
    assert (found.creditor.name, found.creditor.iban, found.creditor.bic) == (
        creditor.name, account.iban, account.bic,
    )  # fmt: skip
    assert (found.creditor_id, found.batch_booking) == (creditor.creditor_identifier, block.batch_booking)
    assert (len(found.transactions), found.control_sum_minor) == (block.debit_count, block.total_minor)
    by_name = {one.end_to_end_id: one for one in found.transactions}
    debits = session.scalars(select(Debit).where(Debit.block_id == block.id)).all()
    assert len(by_name) == len(debits)
    for debit in debits:
        require_transaction(session, by_name[debit.end_to_end_id], debit)


def require_transaction(session: Session, said: Transaction, debit: Debit) -> None:
    mandate = session.get_one(Mandate, debit.mandate_id)
    invoice = session.get_one(Invoice, debit.invoice_id)
    assert said.amount == Money(debit.amount_minor, "EUR") == Money(invoice.open_minor, invoice.currency)
    assert (said.mandate_id, said.signed_on) == (mandate.reference, mandate.signed_on)
    assert (said.debtor.iban, said.debtor.bic) == (mandate.iban, mandate.bic)
    names = {"Jörg Müller-Lüdenscheidt & Söhne „Bau“": "Joerg Mueller-Luedenscheidt + Soehne 'Bau'"}
    assert said.debtor.name == names.get(mandate.debtor_name, mandate.debtor_name)
    bern = Address(country="CH", town="Bern", postcode="3011", street="Gasse 7")
    assert said.debtor.address == (bern if mandate.iban.startswith("CH") else None)
    assert said.remittance == {"Rechnung № 7": "Rechnung No 7"}.get(invoice.number, invoice.number)
    assert (said.amendment, said.creditor_reference, said.instruction_id) == (None, None, None)


def test_the_bank_finds_nothing_to_refuse(session: Session, books: Books) -> None:
    collection_of_every_kind(books)
    _, file = debit_batches.draft(session, creditor_id=books.creditor.id, act=books.act)
    report = check(file.content, today=books.act.today)
    session.commit()
    assert (report.accepted, report.version, report.findings) == (True, "pain.008.001.08", ())
    assert (report.transactions, report.control_sum_minor) == (5, 100_000_014_845)


def test_a_business_batch_is_a_file_of_its_own(session: Session, books: Books) -> None:
    firm = books.customer("Beispiel AG")
    schedule(books, books.invoice(900, customer=firm), books.mandate(firm, scheme=Scheme.B2B))
    scheduled(books, 500)
    for scheme, total in ((Scheme.B2B, 900), (Scheme.CORE, 500)):
        batch, file = debit_batches.draft(
            session, creditor_id=books.creditor.id, scheme=scheme, act=books.act
        )
        said = read(file.content)
        assert {block.scheme for block in said.blocks} == {scheme}
        assert (said.control_sum_minor, batch.total_minor) == (total, total)
    session.commit()


def test_only_the_days_asked_for_are_in_the_file(session: Session, books: Books) -> None:
    scheduled(books, 100)
    scheduled(books, 200, collect_on=date(2026, 12, 1))
    batch = drafted(books, collect_until=date(2026, 11, 30))
    session.commit()
    assert batch.total_minor == 100


def test_a_file_that_a_bank_would_refuse_is_never_approved(session: Session, books: Books, act: Act) -> None:
    scheduled(books, 100)
    odd = scheduled(books, 200)
    broken = session.get_one(Mandate, odd.mandate_id)
    broken.iban = "DE00120300000000202051"
    session.flush()
    batch = drafted(books)
    with refused(session, BankWouldRefuse) as caught:
        approve(session, batch.id, act=second(act))
    assert str(broken.iban) not in caught.value.message
    found = pre_flight.examine(session, batch, act=act)
    assert [(one.rule, one.severity, one.debit_id) for one in found] == [("account_iban", "error", odd.id)]
    debit_batches.take_out(session, batch.id, [odd.id], reason="wrong account", act=act)
    approve(session, batch.id, act=second(act))
    broken.iban = "DE02120300000000202051"
    session.commit()
    reload(session, odd, batch)
    assert (odd.state, batch.state, batch.total_minor) == ("scheduled", "approved", 100)


def test_nothing_scheduled_makes_no_file(session: Session, books: Books) -> None:
    with refused(session, NothingToCollect, "creditor_id"):
        drafted(books)
    assert session.query(StoredFile).count() == 0


def test_batch_and_file_are_released_together_and_once(session: Session, books: Books, act: Act) -> None:
    debit, batch = scheduled(books), approved(books)
    file = stored_files.of_batch(session, batch.id)
    with refused(session, NotReleased):
        stored_files.download(session, file.id, act=act)
    with refused(session, SecondPersonNeeded):
        release(session, batch.id, act=act)
    release(session, batch.id, act=second(act))
    with refused(session, IllegalMove):
        release(session, batch.id, act=second(act))
    session.commit()
    reload(session, batch, file, debit)
    assert (batch.state, debit.state) == ("released", "submitted")
    assert (file.released_at, file.released_by) == (batch.released_at, batch.released_by)
    assert message_of(session, batch, act).message_id == batch.message_id


@pytest.mark.race
def test_eight_hands_draft_at_once_and_one_file_is_written(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    for number in range(1, 11):
        scheduled(books, number)
    creditor_id = books.creditor.id
    session.commit()
    draft = partial(debit_batches.draft, creditor_id=creditor_id, act=act)
    done = at_once(engine, [lambda one: draft(one)[1].id] * 8)
    assert sum(isinstance(result, str) for result in done) == 1
    assert sum(type(result) is NothingToCollect for result in done) == 7
    (file,) = session.scalars(select(StoredFile))
    assert read(file.content).control_sum_minor == 55


@pytest.mark.race
def test_eight_hands_release_at_once_and_the_file_leaves_once(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    scheduled(books)
    batch_id = approved(books).id
    session.commit()
    done = at_once(engine, [lambda one: release(one, batch_id, act=second(act)).id] * 8)
    assert [result for result in done if result == batch_id] == [batch_id]
    assert sum(type(result) is IllegalMove for result in done) == 7


def test_the_bytes_that_leave_are_those_of_the_draft_whatever_changed_since(
    session: Session, books: Books, act: Act
) -> None:
    debit, batch = scheduled(books), drafted(books)
    before = stored_files.of_batch(session, batch.id).content
    invoice_of(session, debit).number = "RE-NEW"
    books.account.batch_booking = False
    approve(session, batch.id, act=second(act))
    release(session, batch.id, act=second(act))
    session.commit()
    session.expire_all()
    file = stored_files.of_batch(session, batch.id)
    assert stored_files.download(session, file.id, act=act).content == before
    assert session.query(StoredFile).count() == 1


def test_a_batch_has_one_file_for_ever(session: Session, books: Books, act: Act) -> None:
    scheduled(books)
    batch = drafted(books)
    session.commit()
    with pytest.raises(IntegrityError) as caught:
        stored_files.store(session, b"another", kind="pain.008", name="again.xml", batch_id=batch.id, act=act)
    assert violated(caught.value) == "uq_stored_files_one_standing"
    session.rollback()


def test_a_damaged_file_stops_the_release_of_its_batch(session: Session, books: Books, act: Act) -> None:
    scheduled(books)
    batch = approved(books)
    session.commit()
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(text("UPDATE stored_files SET content = set_byte(content, 500, 0)"))
    with refused(session, FileDamaged):
        release(session, batch.id, act=second(act))
    session.rollback()
    reload(session, batch)
    assert batch.state == "approved"


def test_a_batch_without_file_is_not_released(session: Session, books: Books, act: Act) -> None:
    scheduled(books)
    batch = batches.draft(session, creditor_id=books.creditor.id, act=act)
    batches.approve(session, batch.id, act=second(act))
    with refused(session, FileNotFound, "batch_id"):
        release(session, batch.id, act=second(act))


def test_a_discarded_batch_keeps_its_file_and_never_lets_it_go(
    session: Session, books: Books, act: Act
) -> None:
    scheduled(books)
    first = approved(books)
    batches.discard(session, first.id, reason="wrong day", act=act)
    again = drafted(books)
    session.commit()
    files = {file.batch_id: file for file in session.scalars(select(StoredFile))}
    assert set(files) == {first.id, again.id}
    with refused(session, IllegalMove):
        release(session, first.id, act=second(act))
    with refused(session, NotReleased):
        stored_files.download(session, files[first.id].id, act=act)
    assert read(files[first.id].content).message_id != read(files[again.id].content).message_id


def test_a_file_drafted_too_early_for_its_release_stays(session: Session, books: Books, act: Act) -> None:
    scheduled(books)
    batch = approved(books)
    with refused(session, releasing.TooLate):
        release(session, batch.id, act=second(days_later(act, 1)))
    session.commit()
    assert stored_files.of_batch(session, batch.id).released_at is None


def test_a_file_says_the_dates_that_can_still_be_met(session: Session, books: Books, act: Act) -> None:
    scheduled(books)
    friday = on(act, date(2026, 11, 20))
    _, file = debit_batches.draft(session, creditor_id=books.creditor.id, act=friday)
    session.commit()
    assert [block.collect_on for block in read(file.content).blocks] == [date(2026, 11, 23)]


def test_an_invoice_paid_after_the_draft_keeps_its_file_in_the_house(
    session: Session, books: Books, act: Act
) -> None:
    debit, batch = scheduled(books, 12_000), approved(books)
    pay(books, invoice_of(session, debit), 12_000)
    with refused(session, releasing.InvoiceChanged):
        release(session, batch.id, act=second(act))
    session.commit()
    assert stored_files.of_batch(session, batch.id).released_at is None
