"""Lists come in pages: everything once, in order, and nothing is missed while others write."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gateway.runtime import Runtime
from ledger import customers
from ledger.customers import CustomerFacts
from tests.factories.api import Caller

WRITERS, EACH = 8, 12


def people(runtime: Runtime, count: int) -> list[str]:
    """That many customers, made in one transaction; their ids in the order in which they were made."""
    act = runtime.act("test")

    def make(session: Session) -> list[str]:
        facts = (
            CustomerFacts(name="Erika Beispiel", external_id=f"K-{number:03d}") for number in range(count)
        )
        return [customers.create(session, one, act=act).id for one in facts]

    return runtime.run(make)


def test_120_customers_in_pages_of_50_come_once_each_and_in_order(runtime: Runtime, erp: Caller) -> None:
    made, seen, sizes = people(runtime, 120), [], []
    after: dict[str, str] = {}
    while True:
        page = erp.get("/v1/customers", limit=50, **after)
        seen += [one["external_id"] for one in page["data"]]
        sizes.append(len(page["data"]))
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert sizes == [50, 50, 20]
    assert seen == [f"K-{number:03d}" for number in range(120)]
    assert [one["id"] for one in erp.all("/v1/customers")] == made


@pytest.mark.parametrize(("count", "pages"), [(0, [0]), (2, [2]), (3, [2, 1]), (4, [2, 2])])
def test_the_last_page_says_that_it_is_the_last(
    runtime: Runtime, erp: Caller, count: int, pages: list[int]
) -> None:
    people(runtime, count)
    sizes, after = [], {}
    for _ in pages:
        page = erp.get("/v1/customers", limit=2, **after)
        sizes.append(len(page["data"]))
        after = {"after": page["next"]}
    assert sizes == pages
    assert after == {"after": None}


def test_a_page_has_50_unless_said_otherwise_and_500_at_most(runtime: Runtime, erp: Caller) -> None:
    people(runtime, 51)
    assert len(erp.get("/v1/customers")["data"]) == 50
    assert len(erp.get("/v1/customers", limit=500)["data"]) == 51
    for limit in (0, -1, 501, "many"):
        assert erp.get("/v1/customers", limit=limit, status=422)["field"] == "limit"


def test_a_filter_holds_on_every_page(runtime: Runtime, erp: Caller) -> None:
    people(runtime, 3)
    assert [one["external_id"] for one in erp.all("/v1/customers", external_id="K-001")] == ["K-001"]
    assert erp.all("/v1/customers", external_id="K-999") == []


def test_a_reader_of_events_who_has_caught_up_can_ask_again(erp: Caller) -> None:
    assert erp.get("/v1/events") == {"data": [], "next": "0"}
    assert erp.get("/v1/events", after=77) == {"data": [], "next": "77"}


def invoice(customer_id: str, number: str) -> dict[str, Any]:
    return {
        "number": number, "customer_id": customer_id, "total_minor": 12_000, "issued_on": "2026-11-04",
        "due_on": "2026-11-18",
    }  # fmt: skip


@pytest.mark.race
def test_no_event_appears_behind_the_cursor_while_eight_write(
    runtime: Runtime, admin: Caller, erp: Caller
) -> None:
    admin.post("/v1/creditors", {"name": "Muster Energie GmbH", "country": "DE"})
    customer_id = people(runtime, 1)[0]
    writing = threading.Event()
    writing.set()

    def write(writer: int) -> list[str]:
        numbers = [f"RE-{writer}-{number:02d}" for number in range(EACH)]
        return [erp.post("/v1/invoices", invoice(customer_id, number))["id"] for number in numbers]

    def follow() -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        after = "0"
        while True:
            last_round = not writing.is_set()
            page = erp.get("/v1/events", limit=7, after=after)
            seen += page["data"]
            after = page["next"]
            if last_round and not page["data"]:
                return seen

    with ThreadPoolExecutor(WRITERS + 1) as threads:
        following = threads.submit(follow)
        try:
            made = [one for many in threads.map(write, range(WRITERS)) for one in many]
        finally:
            writing.clear()
        seen = following.result()
    positions = [event["position"] for event in seen]
    assert len(made) == WRITERS * EACH
    assert positions == list(range(1, len(seen) + 1))
    assert sorted(event["object_id"] for event in seen if event["type"] == "invoice.created") == sorted(made)


def test_events_are_counted_per_object_and_can_be_chosen(
    runtime: Runtime, admin: Caller, erp: Caller
) -> None:
    admin.post("/v1/creditors", {"name": "Muster Energie GmbH", "country": "DE"})
    customer_id = people(runtime, 1)[0]
    first, second = (erp.post("/v1/invoices", invoice(customer_id, f"RE-{n}")) for n in (1, 2))
    told = erp.get("/v1/events", object_id=second["id"])["data"]
    assert [(event["type"], event["sequence"], event["position"]) for event in told] == [
        ("invoice.created", 1, 2)
    ]
    assert told[0]["actor"].startswith("key_")
    assert told[0]["data"] == {
        "number": "RE-2", "customer_id": customer_id, "total_minor": 12_000, "currency": "EUR",
        "collection_status": "due",
    }  # fmt: skip
    assert [event["object_id"] for event in erp.get("/v1/events", type="invoice.created")["data"]] == [
        first["id"], second["id"],
    ]  # fmt: skip
    assert erp.get("/v1/events", type="invoice.paid")["data"] == []
