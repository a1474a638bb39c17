"""The tables of legal moves: every state has its row, ends are ends, and nothing leads out of the table."""

from __future__ import annotations

from enum import StrEnum

import pytest

from ledger.states import Machine
from mandates.states import (
    BATCH,
    DEBIT,
    LIVE,
    MANDATE,
    NOTICE,
    BatchState,
    DebitState,
    MandateState,
    NoticeState,
)

MACHINES = [(MANDATE, MandateState), (DEBIT, DebitState), (BATCH, BatchState), (NOTICE, NoticeState)]
ENDS = {
    "mandate": {"cancelled", "expired"},
    "debit": {"rejected", "returned", "refunded", "cancelled"},
    "batch": {"closed"},
    "notice": {"superseded"},
}


@pytest.mark.parametrize(("machine", "states"), MACHINES)
def test_every_state_has_its_row_and_leads_to_states_only(machine: Machine, states: type[StrEnum]) -> None:
    assert set(machine.moves) == set(states)
    assert {to for following in machine.moves.values() for to in following} <= set(states)
    assert all(state not in following for state, following in machine.moves.items())


@pytest.mark.parametrize(("machine", "states"), MACHINES)
def test_only_the_ends_lead_nowhere_and_every_state_can_end(machine: Machine, states: type[StrEnum]) -> None:
    ends = {state for state, following in machine.moves.items() if not following}
    assert ends == ENDS[machine.noun]
    can_end = set(ends)
    while more := {state for state, following in machine.moves.items() if following & can_end} - can_end:
        can_end |= more
    assert can_end == set(states)


def test_a_debit_is_live_until_the_bank_has_answered() -> None:
    assert set(LIVE) == {DebitState.SCHEDULED, DebitState.BATCHED, DebitState.SUBMITTED}


def test_a_debit_in_a_released_file_can_only_end_by_what_the_bank_says() -> None:
    assert DEBIT.moves["submitted"] == {"collected", "rejected", "cancelled"}
    assert DEBIT.before("submitted") == ["batched"]


def test_a_one_off_mandate_is_free_again_only_for_the_debit_that_was_rejected() -> None:
    assert MANDATE.moves["consumed"] == {"active"}


def test_a_batch_can_be_rejected_as_a_whole_until_something_of_it_is_booked() -> None:
    assert BATCH.before("rejected") == ["released", "accepted", "partly_rejected"]


def test_a_batch_is_released_only_from_approved() -> None:
    assert BATCH.before("released") == ["approved"]
    assert BATCH.before("approved") == ["draft"]


def test_collected_money_can_come_back_even_long_after_it_was_settled() -> None:
    assert DEBIT.before("returned") == ["collected", "settled"]
    assert DEBIT.before("refunded") == ["collected", "settled"]
