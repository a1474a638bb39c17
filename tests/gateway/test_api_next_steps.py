"""What follows a failed debit, over HTTP: the table, a creditor's own steps, retries, stops, and cash at risk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mandates.reason_codes import BY_CODE
from tests.factories.api import Caller
from tests.factories.journey import Story


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


def failed(story: Story, work: Callable[[], None], code: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """An invoice and its debit, which was collected and came back with `code`."""
    invoice = story.invoice(12_000, mandate=True)
    batch = story.collect()
    debit = story.erp.all("/v1/debits", invoice_id=invoice["id"])[0]
    story.bank_answers(batch, outcomes={debit["end_to_end_id"]: code})
    work()
    return invoice, story.erp.get(f"/v1/debits/{debit['id']}")


def test_the_table_is_told_with_meaning_effects_and_source(story: Story, auditor: Caller) -> None:
    told = {row["code"]: row for row in auditor.get("/v1/reason-codes")["data"]}
    assert set(told) == set(BY_CODE)
    assert told["AM04"] == {
        "code": "AM04", "meaning": "Not enough money on the account.", "used_in": ["reject", "return"],
        "step": "retry", "chosen_by_creditor": False,
        "effects": {
            "debit": "A new debit is scheduled by itself, as often as the creditor's terms allow, "
            "and announced like any other.",
            "mandate": "It stays active until too many debits in a row have failed.",
            "invoice": "It is open again.", "customer": "Nothing changes.",
        },
        "fee_may_be_charged_on": True, "most_retries": None, "source": "EPC173-14 v8.0",
    }  # fmt: skip
    auditor.get("/v1/reason-codes", creditor_id="crd_01jz3q5v9yfk2a8m4t6w7x1c0d", status=404)


def test_a_creditor_chooses_a_step_and_takes_it_back(
    story: Story, work: Callable[[], None], admin: Caller
) -> None:
    path = f"/v1/creditors/{story.creditor['id']}/reason-codes"
    assert admin.put(f"{path}/AC06", {"step": "retry"})["chosen_by_creditor"] is True
    refused = admin.put(f"{path}/MD07", {"step": "retry"}, status=422)
    assert (refused["code"], refused["field"]) == ("policy_refused", "step")
    assert "died" in refused["detail"]
    _, debit = failed(story, work, "AC06")
    assert debit["next_step"] == "retry"
    assert debit["followed_up"].startswith("Tried again as deb_")
    assert admin.delete(f"{path}/AC06")["step"] == "stop"
    admin.delete(f"{path}/AC06", status=404)


def test_a_debit_without_cover_is_tried_again_by_the_job(story: Story, work: Callable[[], None]) -> None:
    invoice, debit = failed(story, work, "AM04")
    new = next(one for one in story.erp.all("/v1/debits", invoice_id=invoice["id"]) if one["retry_of"])
    assert (new["retry_of"], new["attempt"], new["state"]) == (debit["id"], 2, "scheduled")
    said = story.erp.get("/v1/events", object_id=new["id"])["data"][0]
    assert (said["type"], said["data"]["retry_of"]) == ("debit.scheduled", debit["id"])
    assert story.status(invoice) == "collecting"


def test_a_refund_is_disputed_until_a_person_clears_it(story: Story, work: Callable[[], None]) -> None:
    invoice, debit = failed(story, work, "MD06")
    assert story.status(invoice) == "disputed"
    assert story.erp.post("/v1/debits", {"invoice_id": invoice["id"]}, status=409)["code"] == "gate_says_no"
    cleared = story.erp.post(f"/v1/debits/{debit['id']}/clear", {"reason": "talked"}, status=200)
    assert cleared["followed_up"] == "Cleared by a person: talked"
    assert story.status(invoice) == "overdue" or story.status(invoice) == "due"
    story.erp.post("/v1/debits", {"invoice_id": invoice["id"]})


def test_a_person_tries_a_disputed_debit_again(story: Story, work: Callable[[], None]) -> None:
    invoice, debit = failed(story, work, "MS02")
    again = story.erp.post(f"/v1/debits/{debit['id']}/retry", {"because": "she agreed"})
    assert (again["retry_of"], again["attempt"]) == (debit["id"], 1)
    assert story.status(invoice) == "collecting"


def test_a_mandate_is_suspended_and_resumed(story: Story, work: Callable[[], None]) -> None:
    _, debit = failed(story, work, "AC04")
    mandate = story.erp.get(f"/v1/mandates/{debit['mandate_id']}")
    assert (mandate["state"], mandate["failures_in_a_row"]) == ("suspended", 1)
    path = f"/v1/mandates/{mandate['id']}"
    resumed = story.erp.post(f"{path}/resume", {"reason": "new account"}, status=200)
    assert (resumed["state"], resumed["failures_in_a_row"]) == ("active", 0)
    assert story.erp.post(f"{path}/suspend", {"reason": "asked"}, status=200)["state"] == "suspended"
    assert story.erp.post(f"{path}/suspend", {"reason": "asked"}, status=409)["code"] == "illegal_move"


def test_after_a_death_nothing_happens_by_itself_until_treasury_allows_it(
    story: Story, work: Callable[[], None]
) -> None:
    invoice, _ = failed(story, work, "MD07")
    path = f"/v1/customers/{invoice['customer_id']}"
    customer = story.erp.get(path)
    assert customer["automatic_stopped_because"] == "MD07: the account holder has died"
    story.erp.post(f"{path}/resume-automatic", {"reason": "heirs"}, status=403)
    resumed = story.treasury.post(f"{path}/resume-automatic", {"reason": "heirs"}, status=200)
    assert (resumed["automatic_stopped_at"], resumed["automatic_stopped_because"]) == (None, None)
    stopped = story.erp.post(f"{path}/stop-automatic", {"reason": "asked us to"}, status=200)
    assert stopped["automatic_stopped_because"] == "asked us to"


def test_collected_money_is_at_risk_until_a_day_that_the_invoice_tells(
    story: Story, work: Callable[[], None], auditor: Caller
) -> None:
    invoice = story.invoice(12_000, mandate=True)
    story.bank_answers(story.collect())
    work()
    shown = story.erp.get(f"/v1/invoices/{invoice['id']}")
    assert (shown["collection_status"], shown["reversible_until"]) == ("paid_provisional", "2027-01-18")
    assert story.erp.all("/v1/invoices", number=invoice["number"])[0]["reversible_until"] == "2027-01-18"
    told = auditor.get("/v1/reports/cash-at-risk")
    one = {"count": 1, "amount_minor": 12_000}
    assert told == {
        "as_of": "2026-11-18", "creditor_id": None, "currency": "EUR",
        "days": [{"reversible_until": "2027-01-18", "scheme": "CORE", **one}],
        "schemes": {"CORE": one, "B2B": {"count": 0, "amount_minor": 0}}, "total": one,
        "unauthorised": {"count": 0, "amount_minor": 0, "months": 13},
    }  # fmt: skip
    assert auditor.get("/v1/reports/cash-at-risk", as_of="2027-01-18")["total"] == one
    later = auditor.get("/v1/reports/cash-at-risk", as_of="2027-01-19")
    assert (later["total"]["count"], later["unauthorised"]["amount_minor"]) == (0, 12_000)
    assert auditor.get("/v1/reports/cash-at-risk", as_of="2026-11-17", status=422)["field"] == "as_of"
    auditor.get("/v1/reports/cash-at-risk", creditor_id="crd_01jz3q5v9yfk2a8m4t6w7x1c0d", status=404)
