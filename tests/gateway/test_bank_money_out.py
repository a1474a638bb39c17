"""The standing bank gives money back by order of ours: transfers of a pain.001, reversals of a pain.007."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from exporters import pain001
from exporters.pain007.message import Collection, Line, LinesOfBlock, Party, WholeBlock
from exporters.pain008.message import Transaction
from gateway.sandbox.standing_bank import Bank
from ledger.business_days import add_business_days
from ledger.money import Money
from reconciliation.statement import UnreadableFile
from tests.factories import pain007, pain008
from tests.factories.pain008 import COLLECT_ON, CREDITOR_IBAN
from tests.factories.standing_bank import (
    FIRST,
    FIVE,
    OPENING,
    SECOND,
    a_bank,
    amounts,
    hand_in,
    lines,
    to_the_end,
)

MORNING = datetime(2026, 12, 3, 9, 0, tzinfo=UTC)  # the T2 day after the collection
AFTER_CUT_OFF = datetime(2026, 12, 3, 14, 0, tzinfo=UTC)
NEXT_DAY = date(2026, 12, 4)


def transfers(*minors: int, batch_booking: bool = True, execute_on: date = MORNING.date()) -> bytes:
    message = pain001.TransferMessage(
        message_id="PB-1",
        created_at=MORNING,
        payment_information_id="PI-1",
        execute_on=execute_on,
        payer=pain001.Party(name="Musterwerk GmbH", iban=CREDITOR_IBAN),
        batch_booking=batch_booking,
        transfers=tuple(
            pain001.Transfer(
                end_to_end_id=f"RF-{number}",
                amount=Money(minor, "EUR"),
                payee=pain001.Party(name=f"Erika Beispiel {number}", iban=pain008.DEBTOR_IBAN),
                remittance=f"Refund {number}",
            )
            for number, minor in enumerate(minors, start=1)
        ),
    )
    return pain001.write(message)


def test_transfers_leave_as_a_lump_that_names_their_block():
    bank = a_bank()
    assert bank.hand_in_transfers(transfers(1_000, 250), at=MORNING)
    (line,) = lines(bank.close(MORNING.date()))
    assert line.amount.minor == -1_250
    assert line.batch is not None
    assert (line.batch.payment_information_id, line.batch.message_id, line.batch.count) == ("PI-1", "PB-1", 2)
    assert bank.balance.minor == OPENING - 1_250
    assert bank.record.transferred == {"RF-1": 1_000, "RF-2": 250}


def test_transfers_leave_one_by_one_where_the_file_asks_for_it():
    bank = a_bank()
    bank.hand_in_transfers(transfers(1_000, 250, batch_booking=False), at=MORNING)
    booked = lines(bank.close(MORNING.date()))
    assert [(line.amount.minor, line.end_to_end_id) for line in booked] == [(-1_000, "RF-1"), (-250, "RF-2")]
    assert booked[0].counterparty.iban == pain008.DEBTOR_IBAN
    assert booked[0].remittance == "Refund 1"


@pytest.mark.parametrize(
    ("at", "execute_on", "booked_on"),
    [
        (MORNING, date(2026, 12, 3), date(2026, 12, 3)),
        (AFTER_CUT_OFF, date(2026, 12, 3), date(2026, 12, 4)),
        (MORNING, date(2026, 12, 5), date(2026, 12, 7)),
    ],
)
def test_transfers_are_executed_on_the_first_day_that_can_be_met(
    at: datetime, execute_on: date, booked_on: date
):
    bank = a_bank()
    bank.hand_in_transfers(transfers(1_000, execute_on=execute_on), at=at)
    (line,) = lines(to_the_end(bank))
    assert line.booked_on == booked_on


def test_file_of_transfers_is_executed_once():
    bank = a_bank()
    assert bank.hand_in_transfers(transfers(1_000), at=MORNING)
    assert not bank.hand_in_transfers(transfers(1_000), at=MORNING)
    assert amounts(to_the_end(bank)) == [-1_000]


def test_other_file_is_no_order():
    with pytest.raises(UnreadableFile):
        a_bank().hand_in_transfers(pain008.written(FIVE), at=MORNING)


def reversal(*of: Transaction, block: str = "BLOCK-1", reason: str = "AM05") -> bytes:
    ours = FIVE.blocks[0]
    return pain007.written(
        pain007.message(
            LinesOfBlock(
                payment_information_id=block,
                lines=tuple(
                    Line(
                        reversal_id=f"RVS-{one.end_to_end_id}",
                        end_to_end_id=one.end_to_end_id,
                        amount=one.amount,
                        reason=reason,
                        collection=Collection(
                            collect_on=ours.collect_on,
                            creditor_id=ours.creditor_id,
                            scheme=ours.scheme,
                            sequence_type=ours.sequence_type,
                            mandate_id=one.mandate_id,
                            signed_on=one.signed_on,
                            debtor=Party(name=one.debtor.name, iban=one.debtor.iban),
                            creditor=Party(name=ours.creditor.name, iban=ours.creditor.iban),
                        ),
                    )
                    for one in of
                ),
            ),
            message_id="PB-7",
            created_at=MORNING,
            creditor_bic=None,
            original_message_id="MSG-1",
        )
    )


def collected(second: str = "paid") -> Bank:
    bank = a_bank()
    hand_in(bank, outcomes={SECOND: second})
    bank.close(COLLECT_ON)
    return bank


SECOND_ONE = FIVE.blocks[0].transactions[1]


def test_reversal_takes_one_collection_off_the_account_without_a_fee():
    bank = collected()
    assert bank.hand_in_reversals(reversal(SECOND_ONE), at=MORNING) == []
    (line,) = lines(to_the_end(bank, MORNING.date()))
    assert (line.amount.minor, line.booked_on, line.end_to_end_id) == (-102, NEXT_DAY, SECOND)
    assert (line.return_reason, line.transaction_code) == (None, "PMNT/IDDT/RCDD")
    taken = bank.record.of("MSG-1", SECOND)
    assert (taken.kept_minor, taken.returned_minor, taken.costs_minor) == (0, 102, 0)
    assert (taken.reason, taken.reversed_on) == ("AM05", NEXT_DAY)
    assert bank.balance.minor == OPENING + 515 - 102


def test_reversal_of_a_whole_block_takes_all_of_it():
    bank = collected()
    whole = WholeBlock(payment_information_id="BLOCK-1", count=5, control_sum_minor=515, reason="MS02")
    content = pain007.written(
        pain007.message(whole, message_id="PB-8", created_at=MORNING, original_message_id="MSG-1")
    )
    assert bank.hand_in_reversals(content, at=MORNING) == []
    assert sum(amounts(to_the_end(bank, MORNING.date()))) == -515
    assert bank.record.kept_minor == 0


def test_reversed_collection_does_not_come_back_as_well():
    bank = collected("MD06:refund+10")
    bank.hand_in_reversals(reversal(SECOND_ONE), at=MORNING)
    assert amounts(to_the_end(bank, MORNING.date())) == [-102]


def test_what_came_back_already_is_not_reversed():
    bank = collected("AM04:return+1")
    bank.close(add_business_days(COLLECT_ON, 1))
    refused = bank.hand_in_reversals(reversal(SECOND_ONE), at=MORNING)
    assert refused == [f"{SECOND}: there is nothing to reverse."]
    assert to_the_end(bank, MORNING.date()) == []


def test_reversal_of_a_stranger_or_with_a_fault_is_refused():
    bank = collected()
    stranger = replace(SECOND_ONE, end_to_end_id="NOBODY")
    assert bank.hand_in_reversals(reversal(stranger), at=MORNING) == ["NOBODY: there is nothing to reverse."]
    too_late = datetime(2026, 12, 14, 9, 0, tzinfo=UTC)
    assert bank.hand_in_reversals(reversal(SECOND_ONE), at=too_late) != []
    assert bank.record.of("MSG-1", FIRST).kept_minor == 101
    assert to_the_end(bank, MORNING.date()) == []
