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

HOSTILE = [
    "", " ", "\0", "a\0b", "x" * 5_000, "' OR 1=1 --", "%00", "..", "../../etc/passwd", "\ud800", "ﷺ" * 50, "💶",
    "<script>", "=1+1", "9" * 400, "-1", "NaN", "null", "2026-13-01", "0001-01-01", "9999-12-31", "1e999",
]  # fmt: skip
REQUESTS = 400


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
        "statements", "statement-files", "statement-lines", "payments", "allocations",
    )  # fmt: skip
    return [one["id"] for name in lists for one in story.treasury.all(f"/v1/{name}")]


def values(known: list[str]) -> st.SearchStrategy[Any]:
    """Anything that JSON can say, with a liking for what the API might take."""
    plausible = st.sampled_from(
        [
            *known, OUR_IBAN, debtor_iban(77), "EUR", "CORE", "B2B", "one_off", "2026-11-20", "2025-06-01", "DE",
            "RE-2026-00001", "BYLADEM1001", "DE98ZZZ09999999999", 1, 12_000, True,
        ]
    )  # fmt: skip
    return st.one_of(
        plausible,
        st.sampled_from(HOSTILE),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.none(),
        st.text(max_size=50),
        st.lists(plausible, max_size=3),
        st.dictionaries(st.sampled_from(["invoice_id", "amount_minor", "x"]), plausible, max_size=3),
    )


def bodies(schema: dict[str, Any], known: list[str]) -> st.SearchStrategy[bytes]:
    """Objects with the names of the schema and any values; sometimes no object, sometimes no JSON."""
    anything = values(known)
    objects = st.dictionaries(
        st.sampled_from([*schema.get("properties", {}), "nonsense"]), anything, max_size=8
    )
    said = st.one_of(objects, objects, objects, anything, st.lists(objects, max_size=3))
    return st.one_of(said.map(lambda one: json.dumps(one).encode()), st.binary(max_size=100))


@st.composite
def requests(
    draw: st.DrawFn, routes: list[tuple[str, str, dict[str, Any]]], known: list[str]
) -> dict[str, Any]:
    method, path, schema = draw(st.sampled_from(routes))
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
    assert len(routes) == 55
    assert answered.total() >= REQUESTS
    assert {200, 404, 422} <= set(answered)
