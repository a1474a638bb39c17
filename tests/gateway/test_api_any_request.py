"""Whatever a caller sends to any route, the reply is an answer or a refusal, never a failure of ours."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.api import Caller
from tests.factories.books import OUR_IBAN, debtor_iban
from tests.factories.journey import Story, transfer
from tests.gateway.test_access import rows

HOSTILE = [
    "", " ", "\0", "a\0b", "x" * 5_000, "' OR 1=1 --", "%00", "..", "../../etc/passwd", "\ud800", "ﷺ" * 50, "💶",
    "<script>", "=1+1", "9" * 400, "-1", "NaN", "null", "2026-13-01", "0001-01-01", "9999-12-31", "1e999",
]  # fmt: skip
REQUESTS = 1_200
PREFIXES = {
    "creditor_id": "crd_", "customer_id": "cus_", "invoice_id": "inv_", "mandate_id": "mnd_", "payment_id": "pay_",
    "source_id": "pay_", "statement_line_id": "lin_", "allocation_id": "all_", "debit_id": "deb_",
    "batch_id": "bat_", "file_id": "fil_", "line_id": "lin_", "statement_id": "stm_", "bank_account_id": "bac_",
    "proposal_id": "prp_", "payback_id": "pbk_", "refund_id": "ref_", "refund_ids": "ref_", "debit_ids": "deb_",
}  # fmt: skip


def operations(story: Story) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and body schema of every route, as the API describes itself."""
    told = story.erp.client.get("/openapi.json").json()
    found = []
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            found.append((method.upper(), path, told["components"]["schemas"].get(name, {})))
    return found


def ids(story: Story) -> list[str]:
    """Ids of things that exist, of every kind."""
    lists = (
        "creditors", "bank-accounts", "customers", "invoices", "mandates", "debits", "debit-batches", "files",
        "statements", "statement-files", "statement-lines", "payments", "allocations", "refunds", "payback-batches",
    )  # fmt: skip
    return [one["id"] for name in lists for one in story.treasury.all(f"/v1/{name}")]


def values(known: list[str]) -> st.SearchStrategy[Any]:
    """Anything that JSON can say."""
    some = st.sampled_from([*known, *HOSTILE, OUR_IBAN, 1, 12_000, True, "2026-11-20"])
    return st.one_of(
        some,
        st.integers(),
        st.floats(),
        st.booleans(),
        st.none(),
        st.text(max_size=50),
        st.lists(some, max_size=3),
        st.dictionaries(st.sampled_from(["invoice_id", "amount_minor", "x"]), some, max_size=3),
    )


# What an ERP or a treasurer would send in a field of this name; ids are taken from what is there.
SENSIBLE: dict[str, list[Any]] = {
    "name": ["Erika Beispiel", "Max Mustermann"], "country": ["DE", "FR", "CH"], "currency": ["EUR", "CHF", "JPY"],
    "iban": [OUR_IBAN, debtor_iban(77), debtor_iban(78), "CH9300762011623852957"],
    "creditor_identifier": ["DE98ZZZ09999999999"], "bic": ["BYLADEM1001"], "scheme": ["CORE", "B2B"],
    "type": ["recurrent", "one_off"], "reason": ["a reason", "AM05"], "total_minor": [1, 12_000, 10**14],
    "amount_minor": [1, 4_950, 7_000, 12_000], "issued_on": ["2026-11-01"], "due_on": ["2026-11-18", "2027-01-31"],
    "due_until": ["2026-11-18", "2100-12-31"], "collect_on": ["2026-11-20", "2026-12-25", "2100-12-31"],
    "collect_until": ["2026-11-20", "1999-12-31"], "signed_on": ["2025-06-01", "1900-01-01", "2026-11-18"],
    "allocations": [[]], "discount_days": [0, 14], "discount_percent": ["2.5", 2], "batch_booking": [True, False],
    "confirmed_by_bank": [True, False], "other_number": ["4711"], "notice_days": [0, 14],
    "pre_notified_on": ["2026-11-17"], "on": ["2026-11-18"],
    "kind": ["pain.001", "pain.007"], "received_on": ["2026-11-18", "2026-11-02"], "discount_minor": [0, 360],
    "method": ["transfer", "other"],
    "payee_name": ["Erika Beispiel"], "payee_iban": [debtor_iban(77)], "execute_on": ["2026-11-20", "2026-11-18"],
    "accept_provisional": [True, False],
}  # fmt: skip


@st.composite
def sensible(draw: st.DrawFn, schema: dict[str, Any], known: list[str]) -> dict[str, Any]:
    """An object of the schema that is often right, and otherwise wrong in one place or two."""
    said = {}
    for name in schema.get("properties", {}):
        if name not in schema.get("required", []) and draw(st.booleans()):
            continue
        mine = [one for one in known if one.startswith(PREFIXES.get(name, "-"))]
        good = (
            st.sampled_from(mine or SENSIBLE.get(name, []))
            if mine or name in SENSIBLE
            else st.text("AB1-", max_size=8)
        )
        if name.endswith("_ids"):
            good = st.lists(good, max_size=2)
        said[name] = draw(values(known) if draw(st.integers(0, 9)) == 9 else good)
    return said


def bodies(schema: dict[str, Any], known: list[str]) -> st.SearchStrategy[bytes]:
    """Objects of the schema, objects with its names and any values, and what is no object or no JSON at all."""
    anything = values(known)
    objects = st.dictionaries(
        st.sampled_from([*schema.get("properties", {}), "nonsense"]), anything, max_size=8
    )
    said = st.one_of(
        sensible(schema, known), sensible(schema, known), sensible(schema, known), objects, anything
    )
    written = said.map(lambda one: json.dumps(one).encode())
    return st.one_of(written, written, written, st.binary(max_size=100))


@st.composite
def requests(
    draw: st.DrawFn, routes: list[tuple[str, str, dict[str, Any]]], known: list[str]
) -> dict[str, Any]:
    writing = [route for route in routes if route[2]]
    method, path, schema = draw(st.sampled_from([*routes, *writing, *writing, *writing]))
    while "{" in path:
        name = draw(
            st.one_of(st.sampled_from(known), st.sampled_from(HOSTILE), st.text(min_size=1, max_size=30))
        )
        written = quote(name.encode(errors="replace"), safe="") or "%20"
        path = path[: path.find("{")] + written + path[path.find("}") + 1 :]
    names = [
        "limit",
        "after",
        "state",
        "invoice_id",
        "customer_id",
        "number",
        "external_id",
        "object_id",
        "type",
    ]
    query = draw(
        st.dictionaries(st.sampled_from(names), st.one_of(st.sampled_from(HOSTILE), st.text()), max_size=3)
    )
    sent: dict[str, Any] = {"method": method, "url": path}
    sent["params"] = {name: value.encode(errors="replace") for name, value in query.items()}
    if method == "POST":
        sent["content"] = draw(bodies(schema, known))
        kind = draw(
            st.sampled_from(["application/json"] * 8 + ["multipart/form-data; boundary=x", "text/plain"])
        )
        sent["headers"] = {
            "Content-Type": kind,
            "Idempotency-Key": draw(st.text("abc", min_size=1, max_size=3)),
        }
    return sent


@pytest.fixture
def story(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Any
) -> Iterator[Story]:
    """Something of every kind is there: a released batch, a draft, open invoices, a waiting line, a payment."""
    story = Story(admin, erp, treasury, second_treasurer)
    story.invoice(12_000, mandate=True)
    story.collect()
    paid = story.invoice(4_950)
    story.bank_books(transfer(4_950, f"Rechnung {paid['number']}"), transfer(7_000, "Danke", number=2))
    work()
    open_one = story.invoice(8_000, mandate=True)
    story.erp.post("/v1/debits", {"invoice_id": open_one["id"]})
    story.treasury.post("/v1/debit-batches", {})
    yield story
    work()


def test_no_request_makes_the_server_fail(story: Story) -> None:
    """The books are proved again when the test is over: what was accepted left them in order."""
    routes, known, answered = operations(story), ids(story), Counter[int]()

    @settings(max_examples=REQUESTS, suppress_health_check=list(HealthCheck))
    @given(requests(routes, known))
    def ask(sent: dict[str, Any]) -> None:
        headers = {**story.admin.headers, **sent.pop("headers", {})}
        reply = story.admin.client.request(**sent, headers=headers)
        answered[reply.status_code] += 1
        assert reply.status_code < 500, (sent, reply.text)
        if reply.status_code >= 400:
            assert reply.headers["content-type"] == "application/problem+json"
            assert OUR_IBAN not in reply.text

    ask()
    assert len(routes) == len(list(rows()))
    assert answered.total() >= REQUESTS
    assert {200, 201, 404, 409, 422} <= set(answered)
