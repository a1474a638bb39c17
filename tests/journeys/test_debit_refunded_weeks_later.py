"""A customer claims a debit back seven weeks after it was paid: the invoice is open again, and collected anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from exporters.pain008.reader import read
from gateway import jobs
from gateway.runtime import Runtime
from gateway.sandbox import bank
from tests.conftest import Clock
from tests.factories.api import Caller
from tests.factories.journey import CAMT_053, TODAY, Story


def test_money_claimed_back_within_eight_weeks_reopens_its_invoice(
    admin: Caller,
    erp: Caller,
    treasury: Caller,
    second_treasurer: Caller,
    work: Callable[[], None],
    runtime: Runtime,
    clock: Clock,
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    claimed, kept = story.invoice(7_197, mandate=True), story.invoice(4_950, mandate=True)
    batch = story.collect()
    debit = erp.all("/v1/debits", invoice_id=claimed["id"])[0]
    answer = bank.simulate(
        read(story.file_of(batch)), outcomes={debit["end_to_end_id"]: "MD06"}, account_opening=story.balance
    )
    first, last = answer.of_format(CAMT_053)
    assert first.on == date(2026, 11, 19)
    assert timedelta(0) < last.on - first.on <= timedelta(weeks=8, days=5)

    treasury.upload(first.content)
    work()
    assert [story.status(one) for one in (claimed, kept)] == ["paid_provisional", "paid_provisional"]
    clock.forward(days=(last.on - TODAY).days)
    assert jobs.settle_debits(runtime) == 0
    treasury.upload(last.content)
    work()

    assert erp.get(f"/v1/debits/{debit['id']}")["state"] == "refunded"
    shown = erp.get(f"/v1/invoices/{claimed['id']}")
    assert (shown["collection_status"], shown["open_minor"]) == ("disputed", 7_197)
    told = erp.get("/v1/events", object_id=debit["id"])["data"][-1]
    assert (told["type"], told["reason_code"], told["origin"]) == ("debit.refunded", "MD06", "bank")
    assert story.status(kept) == "paid_provisional"

    clock.forward(weeks=9)
    assert jobs.settle_debits(runtime) == 1
    assert story.status(kept) == "paid"
    assert erp.get(f"/v1/invoices/{claimed['id']}")["open_minor"] == 7_197
