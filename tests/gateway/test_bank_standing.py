"""The standing bank: it takes files in time, keeps account and record, and hands out what it has to say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from exporters.pain008.message import Amendment, DirectDebitMessage
from gateway.sandbox import transaction_codes as codes
from gateway.sandbox.entries import Entry
from gateway.sandbox.habits import Booking, Fees, Habits, Returns
from gateway.sandbox.standing_bank import Late, Lateness, Wish
from gateway.sandbox.statements import AnswerFile
from ledger.business_days import add_business_days
from ledger.money import Money
from reconciliation.statement import UnreadableFile
from tests.factories import pain008
from tests.factories.bank_files import all_of, one, root
from tests.factories.pain008 import COLLECT_ON
from tests.factories.standing_bank import (
    CAMT053,
    FIVE,
    IN_TIME,
    OPENING,
    PAIN002,
    SECOND,
    THIRD,
    TOO_LATE,
    a_bank,
    amounts,
    hand_in,
    lines,
    to_the_end,
)


def reason_of(files: list[AnswerFile]) -> tuple[str | None, ...]:
    """What the only report says at the level of file and of block."""
    (report,) = [root(file.content) for file in files if file.format == PAIN002]
    return (
        one(report, "OrgnlGrpInfAndSts/StsRsnInf/Rsn/Cd"),
        one(report, "OrgnlPmtInfAndSts/StsRsnInf/Rsn/Cd"),
    )


def test_collections_are_credited_on_their_day_and_stand_on_the_account():
    bank = a_bank()
    assert hand_in(bank) is None
    assert bank.close(IN_TIME.date()) == []
    assert bank.next_day(IN_TIME.date()) == COLLECT_ON
    files = bank.close(COLLECT_ON)
    assert amounts(files) == [515]
    assert bank.balance == Money(OPENING + 515, "EUR")
    assert bank.record.kept_minor == 515
    assert {taken.credited_on for taken in bank.record} == {COLLECT_ON}


def test_return_leaves_account_and_record_alike():
    bank = a_bank(Habits(interest=Money(4, "EUR")))
    hand_in(bank, outcomes={SECOND: "AC04:return+3", THIRD: "AM04:return+1"})
    files = to_the_end(bank)
    assert amounts(files) == [515, -103 - 304, -102 - 304]
    assert bank.balance.minor == OPENING + 515 - 205 - 608
    record = bank.record
    assert (record.kept_minor, record.returned_minor, record.costs_minor) == (310, 205, 608)
    taken = record.of("MSG-1", SECOND)
    assert (taken.reason, taken.back_on) == ("AC04", add_business_days(COLLECT_ON, 3))


def test_gross_reject_is_no_return_and_costs_nothing():
    bank = a_bank()
    hand_in(bank, outcomes={SECOND: "AC01:reject"})
    assert amounts(to_the_end(bank)) == [515, -102]
    assert (bank.record.kept_minor, bank.record.returned_minor, bank.record.costs_minor) == (413, 0, 0)
    assert bank.record.of("MSG-1", SECOND).rejected


def test_returns_of_several_files_come_in_one_booking():
    bank = a_bank(Habits(returns=Returns.BATCH, fees=Fees.SEPARATE))
    hand_in(bank, outcomes={SECOND: "AM04:return+1"})
    other = replace(
        pain008.many(7), message_id="MSG-2",
        blocks=(replace(pain008.many(7).blocks[0], transactions=pain008.many(7).blocks[0].transactions[5:]),),
    )  # fmt: skip
    hand_in(bank, other, outcomes={"INV-2026-000006": "AM04:return+1"})
    assert amounts(to_the_end(bank)) == [515, 213, -102 - 106, -300, -300]


@pytest.mark.parametrize(("at", "code"), [(IN_TIME, None), (TOO_LATE, "TM01")])
def test_block_that_comes_after_the_cut_off_is_refused(at: datetime, code: str | None):
    bank = a_bank()
    hand_in(bank, at=at)
    files = to_the_end(bank)
    assert bank.record.kept_minor == (515 if code is None else 0)
    if code is not None:
        assert reason_of(files) == (None, code)


def test_patient_bank_moves_a_late_block_to_the_first_day_it_can():
    bank = a_bank(late=Late.SHIFT)
    hand_in(bank, at=TOO_LATE)
    (line,) = lines(to_the_end(bank))
    assert (line.amount.minor, line.booked_on) == (515, date(2026, 12, 3))


@pytest.mark.parametrize(("collect_on", "kept"), [(date(2026, 12, 15), 515), (date(2026, 12, 16), 0)])
def test_block_too_far_ahead_is_refused(collect_on: date, kept: int):
    bank = a_bank()
    hand_in(bank, pain008.message(replace(FIVE.blocks[0], collect_on=collect_on)))
    files = to_the_end(bank)
    assert bank.record.kept_minor == kept
    if not kept:
        assert reason_of(files) == (None, "CH03")


def test_file_is_taken_once():
    bank = a_bank()
    hand_in(bank)
    refusal = hand_in(bank)
    assert refusal.reason == "AM05"
    files = to_the_end(bank)
    assert reason_of(files) == ("AM05", None)
    assert amounts(files) == [515]


def test_file_refused_for_a_fault_may_come_again_mended():
    bank = a_bank()
    content = pain008.written(FIVE)
    bad = content.replace(b"<CtrlSum>5.15</CtrlSum>", b"<CtrlSum>5.16</CtrlSum>")
    refusal = bank.hand_in(bad, at=IN_TIME, wishes=lambda _message: Wish(outcomes={}))
    assert refusal is not None
    assert refusal.reason == "AM16"
    assert hand_in(bank) is None
    assert bank.record.kept_minor == 0
    to_the_end(bank)
    assert bank.record.kept_minor == 515


def test_what_is_no_file_is_not_answered():
    with pytest.raises(UnreadableFile):
        a_bank().hand_in(b"garbage", at=IN_TIME, wishes=lambda _message: Wish(outcomes={}))


def test_file_refused_as_a_whole_books_nothing():
    bank = a_bank()
    hand_in(bank, reject_file="FF01")
    files = to_the_end(bank)
    assert [file.format for file in files] == [PAIN002]
    assert bank.balance.minor == OPENING
    assert {(taken.rejected, taken.reason, taken.level) for taken in bank.record} == {(True, "FF01", "file")}


def test_other_bookings_stand_on_the_statement_of_their_day():
    bank = a_bank()
    hand_in(bank)
    bank.book(
        Entry(
            amount=Money(-1_250, "EUR"), booked_on=COLLECT_ON, valued_on=COLLECT_ON, code=codes.FEE,
            remittance="Kontoführung",
        )
    )  # fmt: skip
    assert amounts(bank.close(COLLECT_ON)) == [515, -1_250]
    assert bank.balance.minor == OPENING + 515 - 1_250


def test_statements_are_numbered_and_chained_over_files_and_months():
    bank = a_bank()
    hand_in(bank, outcomes={SECOND: "AC04:return+2", THIRD: "MD06:refund+30"})
    states = [
        (statement.findtext("{*}ElctrncSeqNb"), [one(balance, "Amt") for balance in all_of(statement, "Bal")])
        for file in to_the_end(bank)
        if file.format == CAMT053
        for statement in all_of(root(file.content), "Stmt")
    ]
    assert states == [
        ("1", ["10000.00", "10005.15"]), ("2", ["10005.15", "10001.13"]), ("3", ["10001.13", "9997.10"]),
    ]  # fmt: skip


# What the debtors' banks know.


def moved(iban: str, amendment: Amendment | None, message_id: str) -> DirectDebitMessage:
    plain = FIVE.blocks[0].transactions[0]
    debtor = replace(plain.debtor, iban=iban)
    later = replace(plain, debtor=debtor, amendment=amendment, end_to_end_id=f"{message_id}-1")
    return replace(
        pain008.message(pain008.block(later, payment_information_id=f"P-{message_id}")), message_id=message_id
    )


NEW_IBAN = pain008.iban("120300009999999999")
SMNDA = Amendment(same_mandate_new_debtor_agent=True)


def test_new_account_without_an_amendment_comes_back():
    bank = a_bank()
    hand_in(bank)
    hand_in(bank, moved(NEW_IBAN, None, "MSG-2"))
    to_the_end(bank)
    taken = bank.record.of("MSG-2", "MSG-2-1")
    assert (taken.reason, taken.kept_minor) == ("MD01", 0)
    assert bank.debtor_banks.surprises == ["MSG-2-1"]


@pytest.mark.parametrize(
    "amendment", [SMNDA, Amendment(original_debtor_iban=FIVE.blocks[0].transactions[0].debtor.iban)]
)
def test_new_account_with_an_amendment_is_taken_and_known_from_then_on(amendment: Amendment):
    bank = a_bank()
    hand_in(bank)
    hand_in(bank, moved(NEW_IBAN, amendment, "MSG-2"))
    hand_in(bank, moved(NEW_IBAN, None, "MSG-3"))
    to_the_end(bank)
    assert bank.debtor_banks.surprises == []
    assert bank.debtor_banks.amended == 1
    assert bank.record.of("MSG-3", "MSG-3-1").kept_minor == 101


def test_amendment_of_a_rejected_collection_is_not_learnt():
    bank = a_bank()
    hand_in(bank)
    hand_in(bank, moved(NEW_IBAN, SMNDA, "MSG-2"), reject_file="FF01")
    hand_in(bank, moved(NEW_IBAN, None, "MSG-3"))
    assert bank.debtor_banks.surprises == ["MSG-3-1"]


# Deliveries.


def test_files_come_late_and_twice_but_all_come():
    def play(lateness: Lateness) -> list[AnswerFile]:
        bank = a_bank(Habits(booking=Booking.SINGLE), lateness=lateness)
        message = pain008.many(200)
        outcomes = {
            f"INV-2026-{n:06d}": f"AM04:return+{1 + n % 5}" if n % 10 else "AC01:reject" for n in range(1, 61)
        }
        hand_in(bank, message, outcomes=outcomes)
        return to_the_end(bank)

    plain = play(Lateness())
    disturbed = play(Lateness(twice=Decimal("0.5"), late=Decimal("0.5")))
    assert {file.content for file in plain} <= {file.content for file in disturbed}
    assert len(plain) < len(disturbed) < 2 * len(plain) + 1
    assert [file.on for file in disturbed] != sorted(file.on for file in disturbed)
    assert disturbed == play(Lateness(twice=Decimal("0.5"), late=Decimal("0.5")))
