"""Alive is the process; ready is the process with a database that it understands."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from gateway.app import create_app
from gateway.runtime import Runtime


def test_a_server_with_its_database_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "mail": "not set"}


def not_ready(client: TestClient) -> None:
    assert client.get("/healthz").status_code == 200
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["code"]) == (503, "not_ready")
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["Retry-After"] == "1"


def test_a_server_whose_database_is_gone_is_alive_and_not_ready(runtime: Runtime) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with TestClient(create_app(Runtime(runtime.settings, nowhere))) as client:
        not_ready(client)
        reply = client.get("/v1/customers", headers={"Authorization": "Bearer dc_x"})
        assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")


@pytest.mark.parametrize("version", ["2020_01_01_1", "2999_01_01_1"])
def test_a_database_of_another_version_is_not_ready(
    client: TestClient, runtime: Runtime, version: str
) -> None:
    known = "SELECT version_num FROM alembic_version"
    with runtime.engine.begin() as connection:
        ours = connection.scalar(text(known))
        connection.execute(text("UPDATE alembic_version SET version_num = :new"), {"new": version})
    not_ready(client)
    with runtime.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :old"), {"old": ours})
    assert client.get("/readyz").status_code == 200
