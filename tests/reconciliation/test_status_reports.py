"""The bank's answers: whatever level they speak at, only what is refused is rejected, once, and nothing is lost."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.models import Event
from mandates import batches
from mandates.models import Mandate
from reconciliation import importing, matching
from reconciliation.models import StatementFile, StatusReport, StatusReportItem
from tests.factories.answering import answers, items_of, outcomes, reports_of, single, taken_back
from tests.factories.books import Books
from tests.factories.collecting import (
    days_later,
    events,
    invoice_of,
    reload,
    schedule,
    scheduled,
    second,
    sent,
)
from tests.factories.pain002 import Block, Tx, Why, report


def queued(session: Session) -> list[str]:
    return list(session.scalars(text("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo'")))


def test_a_rejected_debit_frees_its_invoice_and_tells_why(session: Session, books: Books, act: Act) -> None:
    world = answers(books, 12_000, 700)
    refused, silent = world.debits
    done = world.take_in(world.rejects(refused, code="AC04"))
    assert outcomes(done) == [{"rejected": 1}]
    assert world.states() == ["rejected", "submitted"]
    assert (refused.reason_code, refused.failed_on, refused.payment_id) == ("AC04", act.today, None)
    assert invoice_of(session, refused).collection_status == "overdue"
    assert invoice_of(session, refused).open_minor == 12_000
    assert invoice_of(session, silent).collection_status == "collecting"
    assert world.batch.state == "partly_rejected"
    assert events(session, refused.id)[-1] == "debit.rejected"
    (told,) = session.scalars(select(Event).where(Event.type == "debit.rejected"))
    assert (told.reason_code, told.origin, told.data["amount_minor"]) == ("AC04", "bank", 12_000)
    assert events(session, world.batch.id)[-1] == "batch.partly_rejected"
    (kept,) = reports_of(session)
    assert (kept.batch_id, kept.answers, kept.item_count, kept.outcomes) == (
        world.batch.id, "debits", 1, {"rejected": 1},
    )  # fmt: skip
    assert events(session, kept.id) == ["status_report.received"]
    assert matching.JOB in queued(session)


def test_a_whole_file_that_is_refused_without_any_transaction_rejects_every_debit(
    session: Session, books: Books, act: Act
) -> None:
    """OCA/account-payment account_payment_return_import_iso20022 read transactions only: nothing was imported."""
    world = answers(books, 100, 200, 400)
    done = world.take_in(world.report(status="RJCT", code="FF01"))
    assert outcomes(done) == [{"rejected": 3}]
    assert world.states() == ["rejected"] * 3
    assert {debit.reason_code for debit in world.debits} == {"FF01"}
    assert world.batch.state == "rejected"
    assert events(session, world.batch.id)[-1] == "batch.rejected"
    assert items_of(session) == [("file", "rejected", debit.id) for debit in world.debits]
    assert [invoice_of(session, debit).open_minor for debit in world.debits] == [100, 200, 400]
    again = [
        schedule(books, invoice_of(session, one), session.get_one(Mandate, one.mandate_id))
        for one in world.debits
    ]
    assert [one.state for one in again] == ["scheduled"] * 3


def test_a_refused_block_rejects_its_debits_and_no_others(session: Session, books: Books, act: Act) -> None:
    """The same reader of OCA's ignored a block that is refused as a whole."""
    early, late = scheduled(books, 100), scheduled(books, 200, collect_on=date(2026, 11, 23))
    batch, _ = sent(books)
    blocks = {one.collect_on: one.payment_information_id for one in batches.blocks_of(session, batch.id)}
    content = report(
        Block(blocks[date(2026, 11, 23)], status="RJCT", code="DT01"), original_message_id=batch.message_id
    )
    (done,) = (importing.import_file(session, content, name="a.xml", act=act),)
    session.commit()
    reload(session, early, late, batch)
    assert (early.state, late.state, late.reason_code, batch.state) == (
        "submitted", "rejected", "DT01", "partly_rejected",
    )  # fmt: skip
    assert done.answers[0].outcomes == {"rejected": 1}
    assert items_of(session) == [("block", "rejected", late.id)]


def test_a_reason_may_stand_above_what_it_is_about(session: Session, books: Books) -> None:
    world = answers(books, 100, 200)
    first, other = world.debits
    block = Block(
        world.block, [Tx(first.end_to_end_id, status=None), Tx(other.end_to_end_id, status=None, code="AC01")]
    )
    world.take_in(world.report(block, status="RJCT", code="AG02"))
    assert [(debit.state, debit.reason_code) for debit in world.debits] == [
        ("rejected", "AG02"),
        ("rejected", "AC01"),
    ]


@pytest.mark.parametrize("status", ["ACTC", "ACCP", "ACSP", "ACWC", "ACSC"])
def test_an_accepted_file_is_accepted_and_is_no_money(session: Session, books: Books, status: str) -> None:
    world = answers(books, 100, 200)
    done = world.take_in(world.report(status=status))
    assert outcomes(done) == [{"accepted": 1}]
    assert (world.batch.state, world.states()) == ("accepted", ["submitted"] * 2)
    assert events(session, world.batch.id)[-1] == "batch.accepted"


def test_a_batch_is_accepted_when_each_of_its_blocks_is(session: Session, books: Books, act: Act) -> None:
    scheduled(books, 100)
    scheduled(books, 200, collect_on=date(2026, 11, 23))
    batch, _ = sent(books)
    names = [one.payment_information_id for one in batches.blocks_of(session, batch.id)]
    for number, blocks in enumerate(([names[0]], names)):
        content = report(
            *(Block(name, status="ACCP") for name in blocks), original_message_id=batch.message_id,
            message_id=f"B-{number}",
        )  # fmt: skip
        importing.import_file(session, content, name="a.xml", act=act)
        session.commit()
        reload(session, batch)
        assert batch.state == ("released" if number == 0 else "accepted")


def test_a_transaction_that_is_called_settled_is_still_no_money(session: Session, books: Books) -> None:
    world = answers(books, 100, 200)
    told = [Tx(debit.end_to_end_id, status="ACSC") for debit in world.debits]
    done = world.take_in(world.report(Block(world.block, told)))
    assert outcomes(done) == [{"accepted": 2}]
    assert (world.states(), world.batch.state) == (["submitted"] * 2, "released")
    assert [debit.payment_id for debit in world.debits] == [None, None]


@pytest.mark.parametrize("status", ["PDNG", "RCVD", "PART", "ACXX"])
def test_what_is_only_noted_changes_nothing(session: Session, books: Books, status: str) -> None:
    world = answers(books, 100)
    done = world.take_in(world.report(status=status))
    assert outcomes(done) == [{"noted": 1}]
    assert (world.states(), world.batch.state) == (["submitted"], "released")


def test_no_status_anywhere_is_neither_acceptance_nor_rejection(session: Session, books: Books) -> None:
    world = answers(books, 100)
    done = world.take_in(
        world.report(Block(world.block, [Tx(world.debits[0].end_to_end_id, status=None, code="AC04")]))
    )
    assert outcomes(done) == [{"noted": 1}]
    assert (world.states(), world.batch.state) == (["submitted"], "released")


def test_in_a_partly_accepted_file_only_what_is_named_is_rejected(session: Session, books: Books) -> None:
    world = answers(books, 100, 200, 400)
    refused = world.debits[1]
    block = Block(
        world.block, [Tx(refused.end_to_end_id, code="AM04")], status="PART", counts={"RJCT": 1, "ACCP": 2}
    )
    done = world.take_in(world.report(block, status="PART"))
    assert outcomes(done) == [{"rejected": 1, "noted": 2}]
    assert world.states() == ["submitted", "rejected", "submitted"]


def test_a_refused_level_that_counts_others_as_taken_rejects_only_what_is_named(
    session: Session, books: Books
) -> None:
    world = answers(books, 100, 200)
    refused = world.debits[0]
    block = Block(
        world.block, [Tx(refused.end_to_end_id, code="AM04")], status="RJCT", counts={"RJCT": 1, "ACCP": 1}
    )
    world.take_in(world.report(block))
    assert world.states() == ["rejected", "submitted"]


def test_a_refused_block_spares_what_it_names_as_accepted(session: Session, books: Books) -> None:
    world = answers(books, 100, 200, 400)
    spared = world.debits[2]
    world.take_in(
        world.report(
            Block(world.block, [Tx(spared.end_to_end_id, status="ACCP")], status="RJCT", code="AG02")
        )
    )
    assert world.states() == ["rejected", "rejected", "submitted"]


@pytest.mark.parametrize("code", ["AM05", "DUPL", "DU01"])
def test_a_file_refused_as_sent_twice_leaves_the_first_one_alone(
    session: Session, books: Books, code: str
) -> None:
    """Whoever uploads a file a second time gets it refused by its MsgId; the first one is collected all the same."""
    world = answers(books, 100, 200)
    told = [Tx(debit.end_to_end_id) for debit in world.debits]
    world.take_in(
        world.report(status="RJCT", code=code),
        world.report(Block(world.block, told), status="RJCT", code=code),
    )
    assert (world.states(), world.batch.state) == (["submitted"] * 2, "released")
    assert {item.outcome for item in session.scalars(select(StatusReportItem))} == {"noted"}


def test_codes_are_kept_as_the_bank_writes_them(session: Session, books: Books) -> None:
    world = answers(books, 100, 200, 400, 800)
    own, words, unknown, sentence = world.debits
    told = [
        Tx(own.end_to_end_id, why=[Why(proprietary="RJ-4711/B")]),
        Tx(words.end_to_end_id, why=[Why(information=["Konto", "erloschen"])]),
        Tx(unknown.end_to_end_id, code="ZZ99"),
        Tx(sentence.end_to_end_id, why=[Why(proprietary="Konto nicht gefunden")]),
    ]
    world.take_in(world.report(Block(world.block, told)))
    assert [debit.reason_code for debit in world.debits] == ["RJ-4711/B", "NARR", "ZZ99", "NARR"]
    kept = session.scalars(select(StatusReportItem).order_by(StatusReportItem.position)).all()
    assert [item.reason_code for item in kept] == ["RJ-4711/B", "NARR", "ZZ99", "Konto nicht gefunden"]
    assert kept[1].reasons[0]["information"] == ["Konto", "erloschen"]
    assert kept[0].reasons[0]["proprietary"] is True


# --- which debit is meant ---


def test_with_only_an_end_to_end_id_the_amount_decides(session: Session, books: Books) -> None:
    world = answers(books, 100, 200, 400)
    sure, unsure, other = (debit.end_to_end_id for debit in world.debits)
    block = Block(
        "NOTPROVIDED", [Tx(sure, code="AC04", amount=100), Tx(unsure, code="AC04"), Tx(other, amount=401)]
    )
    done = world.take_in(report(block, original_message_id="NOTPROVIDED"))
    assert outcomes(done) == [{"rejected": 1, "unknown": 1, "other_amount": 1}]
    assert world.states() == ["rejected", "submitted", "submitted"]
    (kept,) = reports_of(session)
    assert kept.batch_id == world.batch.id


def test_within_our_block_the_end_to_end_id_is_enough(session: Session, books: Books) -> None:
    world = answers(books, 100)
    block = Block(world.block, [Tx(world.debits[0].end_to_end_id, code="AC04")])
    world.take_in(report(block, original_message_id="NOTPROVIDED"))
    assert world.states() == ["rejected"]


def test_another_amount_is_never_rejected(session: Session, books: Books) -> None:
    world = answers(books, 12_000)
    (debit,) = world.debits
    world.take_in(world.report(Block(world.block, [Tx(debit.end_to_end_id, code="AC04", amount=11_999)])))
    assert world.states() == ["submitted"]
    (item,) = session.scalars(select(StatusReportItem))
    assert (item.outcome, item.debit_id) == ("other_amount", debit.id)
    assert item.because == f"Debit {debit.id} asks for 120.00 EUR, the bank speaks of 119.99 EUR."


def test_a_debit_of_another_file_than_the_one_answered_is_not_meant(
    session: Session, books: Books, act: Act
) -> None:
    world = answers(books, 100)
    elsewhere = answers(books, 700)
    told = Tx(world.debits[0].end_to_end_id, code="AC04", amount=100)
    done = elsewhere.take_in(elsewhere.report(Block("NOTPROVIDED", [told])))
    assert outcomes(done) == [{"unknown": 1}]
    assert world.states() == ["submitted"]


def test_names_of_nobody_are_listed_and_never_lost(session: Session, books: Books) -> None:
    world = answers(books, 100)
    blocks = (
        Block(
            "PI-NOBODY",
            [Tx("E2E-NOBODY", code="AC04"), Tx("NOTPROVIDED", code="AC04"), Tx(None, code="AC04")],
        ),
        Block("PI-OTHER", status="RJCT", code="AC04"),
    )
    done = world.take_in(report(*blocks, original_message_id="NOT-OURS", status="RJCT", code="FF01"))
    assert outcomes(done) == [{"unknown": 5}]
    kept = session.scalars(select(StatusReportItem).order_by(StatusReportItem.position)).all()
    assert [(item.level, item.end_to_end_id, item.because) for item in kept] == [
        ("transaction", "E2E-NOBODY", "No debit of ours has this EndToEndId."),
        ("transaction", "NOTPROVIDED", "It does not say which transaction it is about."),
        ("transaction", None, "It does not say which transaction it is about."),
        ("block", None, "No payment block of ours that it could mean has this name."),
        ("file", None, "No batch of ours has the name of the file that it answers."),
    ]  # fmt: skip
    assert world.states() == ["submitted"]


@pytest.mark.parametrize("name", ["pain.001.001.09", "PAIN.001", "pain.007.001.09"])
def test_an_answer_to_another_order_is_kept_and_touches_no_debit(
    session: Session, books: Books, name: str
) -> None:
    """Even where it has the names of a file of ours."""
    world = answers(books, 100)
    told = Tx(world.debits[0].end_to_end_id, code="AC04", amount=100)
    done = world.take_in(
        world.report(Block(world.block, [told], status="RJCT"), status="RJCT", original_message_name=name)
    )
    assert outcomes(done) == [{"other_order": 3}]
    assert (world.states(), world.batch.state) == (["submitted"], "released")
    (kept,) = reports_of(session)
    assert (kept.batch_id, kept.answers) == (None, "transfers" if "001" in name[:8] else "reversals")


@pytest.mark.parametrize("name", [None, "PAIN.008.001.02", "pain.008", "something"])
def test_a_file_of_ours_is_known_by_its_message_id_whatever_its_kind_is_called(
    session: Session, books: Books, name: str | None
) -> None:
    world = answers(books, 100)
    world.take_in(world.report(status="RJCT", code="FF01", original_message_name=name))
    assert world.states() == ["rejected"]


# --- twice, late, and in another order ---


def test_the_same_report_twice_changes_nothing(session: Session, books: Books) -> None:
    world = answers(books, 100, 200)
    first = world.rejects(world.debits[0])
    (new, same) = world.take_in(first, first)
    assert (new.duplicate, same.duplicate, same.answers) == (False, True, ())
    renamed = world.rejects(world.debits[0], message_id="BANK-2", created="2026-11-19T10:00:00")
    done = world.take_in(renamed)
    assert outcomes(done) == [{"already": 1}]
    assert world.states() == ["rejected", "submitted"]
    assert events(session, world.debits[0].id).count("debit.rejected") == 1
    assert events(session, world.batch.id).count("batch.partly_rejected") == 1
    assert len(reports_of(session)) == 2


def test_a_debit_named_twice_in_one_report_is_rejected_once(session: Session, books: Books) -> None:
    world = answers(books, 100)
    done = world.take_in(world.rejects(world.debits[0], world.debits[0]))
    assert outcomes(done) == [{"rejected": 1, "already": 1}]
    assert events(session, world.debits[0].id).count("debit.rejected") == 1


def test_a_later_report_may_refuse_what_an_earlier_one_accepted(session: Session, books: Books) -> None:
    world = answers(books, 100, 200)
    world.take_in(world.report(status="ACTC", message_id="B-1"))
    assert world.batch.state == "accepted"
    world.take_in(world.report(status="RJCT", code="DT01", message_id="B-2"))
    assert (world.batch.state, world.states()) == ("rejected", ["rejected"] * 2)
    world.take_in(world.report(status="ACCP", message_id="B-3"))
    assert (world.batch.state, world.states()) == ("rejected", ["rejected"] * 2)


def test_the_last_debit_rejected_makes_a_batch_rejected(session: Session, books: Books) -> None:
    world = answers(books, 100, 200)
    world.take_in(world.rejects(world.debits[0]))
    assert world.batch.state == "partly_rejected"
    world.take_in(world.rejects(world.debits[1], message_id="B-2"))
    assert world.batch.state == "rejected"


def test_what_was_credited_before_is_noted_and_comes_back_by_its_booking(
    session: Session, books: Books
) -> None:
    world = answers(books, 12_000)
    (debit,) = world.debits
    world.take_in(world.statement(single(debit)))
    done = world.take_in(world.rejects(debit, code="AM04"))
    assert outcomes(done) == [{"credited": 1}]
    assert (debit.state, world.batch.state) == ("collected", "booked")
    assert matching.JOB in queued(session)
    world.take_in(world.statement(taken_back(debit, reason="AM04")))
    assert (debit.state, debit.reason_code) == ("returned", "AM04")
    late = world.take_in(world.rejects(debit, code="AM04", message_id="B-2"))
    assert outcomes(late) == [{"already": 1}]


def test_a_debit_that_was_never_sent_is_not_rejected(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 100)
    session.commit()
    content = report(Block("X", [Tx(debit.end_to_end_id, code="AC04", amount=100)]), original_message_id="Y")
    importing.import_file(session, content, name="a.xml", act=act)
    session.commit()
    reload(session, debit)
    assert debit.state == "scheduled"
    (item,) = session.scalars(select(StatusReportItem))
    assert (item.outcome, item.because) == ("noted", f"Debit {debit.id} is scheduled: it was not sent.")


def test_a_one_off_mandate_serves_again_after_its_debit_was_rejected(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer()
    mandate = books.mandate(customer, type="one_off")
    invoice = books.invoice(12_000, customer=customer)
    debit = schedule(books, invoice, mandate)
    batch, _ = sent(books)
    reload(session, mandate)
    assert mandate.state == "consumed"
    content = report(status="RJCT", code="AM04", original_message_id=batch.message_id)
    importing.import_file(session, content, name="a.xml", act=act)
    session.commit()
    reload(session, mandate, debit)
    assert (debit.state, mandate.state) == ("rejected", "active")
    again = schedule(books, invoice, mandate)
    batch, _ = sent(books)
    session.commit()
    reload(session, mandate, again)
    assert (again.state, mandate.state) == ("submitted", "consumed")


def test_the_day_of_a_rejection_is_that_of_the_report(session: Session, books: Books, act: Act) -> None:
    world = answers(books, 100, 200)
    later = days_later(second(act), 5)
    world.take_in(world.rejects(world.debits[0], created="2026-11-19T08:00:00+01:00"), act=later)
    world.take_in(world.rejects(world.debits[1], created="some day", message_id="B-2"), act=later)
    assert [debit.failed_on for debit in world.debits] == [date(2026, 11, 19), later.today]


def test_a_broken_report_is_refused_and_nothing_of_it_is_applied(
    session: Session, books: Books, act: Act
) -> None:
    world = answers(books, *range(100, 700))
    content = world.rejects(*world.debits)
    refused = importing.import_file(session, content[:-20], name="cut.xml", act=act)
    session.commit()
    assert refused.refusal is not None
    assert session.query(StatusReport).count() == 0
    assert set(world.states()) == {"submitted"}
    (file,) = session.scalars(select(StatementFile))
    assert (file.state, file.refusal) == (
        "refused",
        "The file is broken or cut off within an element's name.",
    )
    done = world.take_in(content)
    assert outcomes(done) == [{"rejected": 600}]
    assert world.batch.state == "rejected"


def test_several_reports_in_one_file_are_each_applied(session: Session, books: Books) -> None:
    first, other = answers(books, 100), answers(books, 200)
    documents = first.report(status="RJCT", code="FF01").decode(), other.report(status="ACCP").decode()
    inner = "".join(one[one.index("<CstmrPmtStsRpt>") : one.index("</Document>")] for one in documents)
    content = f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10">{inner}</Document>'
    done = first.take_in(content.encode())
    assert outcomes(done) == [{"rejected": 1}, {"accepted": 1}]
    assert (first.states(), other.states(), other.batch.state) == (["rejected"], ["submitted"], "accepted")
    assert [one.position for one in reports_of(session)] == [1, 2]
