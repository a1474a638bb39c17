"""Whoever watches the year complains of debits that must not leave the house, and of nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from exporters.letters.pre_notification import compose
from exporters.pain008.message import DirectDebitMessage
from gateway.sandbox.books import Invoice
from gateway.sandbox.kinds import Kind, Level
from gateway.sandbox.record import Taken
from gateway.sandbox.watch import TOLD_BY, Watch
from ledger.money import Money
from tests.factories import letters, pain008
from tests.factories.pain008 import COLLECT_ON

NUMBER = "RE-2026-00042"
SENT_ON = date(2026, 12, 1)
WANTS_A_NOTICE, READS_INVOICES = "K-10003", "K-10001"


def bill(customer: str = READS_INVOICES, *, days: int = 14, due_on: date = COLLECT_ON) -> dict[str, Invoice]:
    return {
        NUMBER: Invoice(
            external_id="ERP-1", number=NUMBER, customer_external_id=customer, total=Money(11_900, "EUR"),
            issued_on=due_on - timedelta(days=days), due_on=due_on,
        )
    }  # fmt: skip


def a_file(collect_on: date = COLLECT_ON) -> DirectDebitMessage:
    one = pain008.transaction(end_to_end_id=f"{NUMBER}-K3M9QX")
    return pain008.message(pain008.block(one, collect_on=collect_on))


def answer(reason: str | None, *, known_on: date = SENT_ON) -> Taken:
    return Taken(
        message_id="MSG-1", end_to_end_id=f"{NUMBER}-K3M9QX", amount_minor=11_900, collect_on=COLLECT_ON,
        known_on=known_on, kind=Kind.RETURN if reason else Kind.PAID, level=Level.TRANSACTION, reason=reason,
    )  # fmt: skip


def complaints(watch: Watch, *, on: date = SENT_ON, bills: dict[str, Invoice] | None = None) -> list[str]:
    before = len(watch.complaints)
    watch.look(a_file(), bills or bill(), on, announced=bills is not None)
    return watch.complaints[before:]


def test_ordinary_file_is_let_through() -> None:
    watch = Watch()
    watch.answered([answer("AM04"), answer("MD06"), answer(None)], a_file())
    assert complaints(watch, on=SENT_ON + TOLD_BY * 2, bills=bill()) == []
    assert watch.seen == 1


@pytest.mark.parametrize(("reason", "word"), [("MD07", "dead"), ("MD01", "no mandate"), ("AC04", "closed")])
def test_debit_that_the_bank_forbade_is_noticed_once_it_was_told(reason: str, word: str) -> None:
    watch = Watch()
    watch.answered([answer(reason)], a_file())
    assert complaints(watch, on=SENT_ON + TOLD_BY) == []
    (complaint,) = complaints(watch, on=SENT_ON + TOLD_BY + timedelta(days=1))
    assert word in complaint
    assert complaint.startswith(f"{NUMBER}-K3M9QX: ")


def test_new_account_is_no_closed_one() -> None:
    watch = Watch()
    watch.answered([answer("AC04")], a_file())
    block = a_file().blocks[0]
    (one,) = block.transactions
    moved = replace(one, debtor=replace(one.debtor, iban=pain008.iban("120300009999999999")))
    later = pain008.message(replace(block, transactions=(moved,)))
    watch.look(later, bill(), SENT_ON + TOLD_BY * 2, announced=False)
    assert watch.complaints == []


def test_debit_on_an_ended_mandate_is_noticed_at_once() -> None:
    watch = Watch()
    watch.cancelled("MANDATE-1", SENT_ON)
    (complaint,) = complaints(watch)
    assert "the mandate ended on 2026-12-01" in complaint


def test_invoice_announces_its_debit_fourteen_days_before() -> None:
    assert complaints(Watch(), bills=bill(days=14)) == []
    (complaint,) = complaints(Watch(), bills=bill(days=13))
    assert "its invoice announced it only on" in complaint


def test_debit_on_another_day_than_the_invoice_said_needs_a_notice() -> None:
    (complaint,) = complaints(Watch(), bills=bill(due_on=COLLECT_ON - timedelta(days=7), days=30))
    assert "without a notice of that day" in complaint


@pytest.mark.parametrize(
    ("days", "said", "fine"),
    [(14, COLLECT_ON, True), (13, COLLECT_ON, False), (20, COLLECT_ON + timedelta(days=1), False)],
)
def test_notice_names_the_day_and_goes_out_in_time(days: int, said: date, fine: bool) -> None:
    watch = Watch()
    notice = letters.notice(collect_on=said, invoice_number=NUMBER)
    watch.mailed(compose(notice), COLLECT_ON - timedelta(days=days))
    assert (complaints(watch, bills=bill(WANTS_A_NOTICE)) == []) is fine


def test_notice_of_another_invoice_is_none() -> None:
    watch = Watch()
    watch.mailed(compose(letters.notice(collect_on=COLLECT_ON, invoice_number="RE-2026-00043")), SENT_ON)
    assert len(complaints(watch, bills=bill(WANTS_A_NOTICE))) == 1
