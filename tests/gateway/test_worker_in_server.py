"""The server with its own worker: what is uploaded is matched behind the request, in the same process."""

from __future__ import annotations

from fastapi.testclient import TestClient

from gateway.app import create_app
from gateway.roles import Role
from gateway.runtime import Runtime
from tests.conftest import caller_of
from tests.factories.journey import Story, transfer

PATIENCE = 2_000  # looks at the books; each is a request, so this is bounded by work and not by a clock


def test_a_statement_is_matched_by_the_worker_in_the_server(runtime: Runtime) -> None:
    with TestClient(create_app(runtime, worker=True)) as client:
        admin, erp, one, two = (
            caller_of(client, runtime, role) for role in (Role.ADMIN, Role.ERP, Role.TREASURY, Role.TREASURY)
        )
        story = Story(admin, erp, one, two)
        invoice = story.invoice(23_990)
        story.bank_books(transfer(23_990, f"Rechnung {invoice['number']}"))
        assert any(story.status(invoice) == "paid" for _ in range(PATIENCE))
