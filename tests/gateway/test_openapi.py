"""The API describes itself completely, and its page needs no other machine."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.gateway.test_access import rows


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    reply = client.get("/openapi.json")
    assert reply.status_code == 200
    told: dict[str, Any] = reply.json()
    return told


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def references(part: Any) -> list[str]:
    """Every `$ref` below `part`."""
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [one for value in part.values() for one in references(value)]
    return [one for value in part for one in references(value)] if isinstance(part, list) else []


def test_the_document_is_openapi_3_1_and_complete_in_itself(document: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert {"title", "version", "description"} <= set(document["info"])
    wanted = {one.removeprefix("#/components/schemas/") for one in references(document)}
    assert wanted <= set(document["components"]["schemas"])
    assert wanted


def test_every_operation_has_a_name_a_tag_and_a_summary(document: dict[str, Any]) -> None:
    found = operations(document)
    assert len(found) == len(list(rows()))
    assert all(operation.get("summary") or operation.get("description") for _, _, operation in found)
    assert all(operation.get("tags") for _, _, operation in found)
    names = [operation["operationId"] for _, _, operation in found]
    assert len(set(names)) == len(names)


def test_every_part_of_a_path_is_described(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        described = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert described == set(re.findall(r"{(\w+)}", path))


def test_everything_but_health_needs_a_key(document: dict[str, Any]) -> None:
    open_doors = [path for _, path, operation in operations(document) if not operation.get("security")]
    assert open_doors == ["/healthz", "/readyz"]
    scheme = document["components"]["securitySchemes"]["HTTPBearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_refusals_are_described_as_what_they_are(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        assert set(operation["responses"]) <= {"200", "201", "202", "4XX"}, path
        content = operation["responses"]["4XX"]["content"]
        assert list(content) == ["application/problem+json"]
        assert content["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


def test_where_a_key_is_needed_against_doing_it_twice_it_says_so(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        takes = {one["name"] for one in operation.get("parameters", []) if one["in"] == "header"}
        wanted = method != "get" and path != "/v1/statements"
        assert takes == ({"idempotency-key"} if wanted else set()), path


def test_amounts_are_whole_numbers_everywhere(document: dict[str, Any]) -> None:
    amounts = {
        f"{name}.{field}": about
        for name, schema in document["components"]["schemas"].items()
        for field, about in schema.get("properties", {}).items()
        if field.endswith("_minor")
    }
    assert len(amounts) > 20
    for about in amounts.values():
        kinds = {one["type"] for one in about.get("anyOf", [about])}
        assert kinds in ({"integer"}, {"integer", "null"})


def test_the_page_loads_nothing_from_other_machines(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "https://" not in page.text
    assert "http://" not in page.text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) >= 3
    for address in loaded:
        assert address.startswith("/static-offline-docs/")
        assert client.get(address).status_code == 200
