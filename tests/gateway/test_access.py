"""Who may do what: one row for every route, one column for every kind of caller."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update

from gateway import access
from gateway.access import create_api_key
from gateway.models import ApiKey
from gateway.roles import PERMISSIONS, Permission, Role
from gateway.runtime import Runtime
from ledger.texts import UnreadableText
from tests.factories.api import Caller

# What the empty books answer to a request that is well formed but names nothing that exists.
# "-" stands for 401, "x" for 403; every route has a row, or the last test of this file fails.
#
#                                                     admin treasury erp auditor none wrong
TABLE = """
GET  /v1/creditors                                     200   200   200   200    -    -
POST /v1/creditors                                     422    x     x     x     -    -
GET  /v1/creditors/{creditor_id}                       404   404   404   404    -    -
PATCH /v1/creditors/{creditor_id}                      422    x     x     x     -    -
GET  /v1/creditors/{creditor_id}/terms                 404   404   404   404    -    -
PATCH /v1/creditors/{creditor_id}/terms                404    x     x     x     -    -
GET  /v1/creditors/{creditor_id}/matching-terms        404   404   404   404    -    -
PUT  /v1/creditors/{creditor_id}/matching-terms        422    x     x     x     -    -
POST /v1/creditors/{creditor_id}/matching-terms/dry-run 422  422   422   422    -    -
GET  /v1/creditors/{creditor_id}/matching-terms/history 404  404   404   404    -    -
GET  /v1/bank-accounts                                 200   200   200   200    -    -
POST /v1/bank-accounts                                 422    x     x     x     -    -
GET  /v1/bank-accounts/{bank_account_id}               404   404   404   404    -    -
PATCH /v1/bank-accounts/{bank_account_id}              404    x     x     x     -    -
GET  /v1/bank-accounts/{bank_account_id}/collection-dates 404 404  404   404    -    -
GET  /v1/customers                                     200   200   200   200    -    -
POST /v1/customers                                     422   422   422    x     -    -
GET  /v1/customers/{customer_id}                       404   404   404   404    -    -
POST /v1/customers/{customer_id}/stop-automatic        422   422   422    x     -    -
POST /v1/customers/{customer_id}/resume-automatic      422   422    x     x     -    -
PATCH /v1/customers/{customer_id}                      404   404   404    x     -    -
GET  /v1/invoices                                      200   200   200   200    -    -
POST /v1/invoices                                      422   422   422    x     -    -
POST /v1/invoices/bulk                                 200   200   200    x     -    -
GET  /v1/invoices/{invoice_id}                         404   404   404   404    -    -
POST /v1/invoices/{invoice_id}/pre-notified            422   422   422    x     -    -
POST /v1/invoices/{invoice_id}/write-off               422   422    x     x     -    -
GET  /v1/exports/allocations                           200   200   200   200    -    -
GET  /v1/exports/lines                                 200   200   200   200    -    -
GET  /v1/credit-notes                                  200   200   200   200    -    -
POST /v1/credit-notes                                  422   422   422    x     -    -
GET  /v1/credit-notes/{credit_note_id}                 404   404   404   404    -    -
GET  /v1/mandates                                      200   200   200   200    -    -
POST /v1/mandates                                      422   422   422    x     -    -
GET  /v1/mandates/{mandate_id}                         404   404   404   404    -    -
POST /v1/mandates/{mandate_id}/activate                404   404   404    x     -    -
POST /v1/mandates/{mandate_id}/cancel                  422   422   422    x     -    -
POST /v1/mandates/{mandate_id}/suspend                 422   422   422    x     -    -
POST /v1/mandates/{mandate_id}/resume                  422   422   422    x     -    -
POST /v1/mandates/{mandate_id}/amend                   422   422   422    x     -    -
GET  /v1/mandates/{mandate_id}/amendments              404   404   404   404    -    -
GET  /v1/debits                                        200   200   200   200    -    -
POST /v1/debits                                        422   422   422    x     -    -
POST /v1/debits/due                                    422   422   422    x     -    -
GET  /v1/debits/{debit_id}                             404   404   404   404    -    -
POST /v1/debits/{debit_id}/cancel                      422   422   422    x     -    -
GET  /v1/debits/{debit_id}/notice                      404   404   404   404    -    -
POST /v1/debits/{debit_id}/notice                      422   422   422    x     -    -
GET  /v1/debits/{debit_id}/notice/message              404   404   404   404    -    -
POST /v1/debits/{debit_id}/retry                       422   422   422    x     -    -
POST /v1/debits/{debit_id}/clear                       422   422   422    x     -    -
GET  /v1/debit-batches                                 200   200   200   200    -    -
POST /v1/debit-batches                                 404   404    x     x     -    -
GET  /v1/debit-batches/{batch_id}                      404   404   404   404    -    -
GET  /v1/debit-batches/{batch_id}/findings             404   404   404   404    -    -
GET  /v1/debit-batches/{batch_id}/debits               404   404   404   404    -    -
POST /v1/debit-batches/{batch_id}/take-out             422   422    x     x     -    -
POST /v1/debit-batches/{batch_id}/approve              404   404    x     x     -    -
POST /v1/debit-batches/{batch_id}/release              404   404    x     x     -    -
POST /v1/debit-batches/{batch_id}/discard              422   422    x     x     -    -
POST /v1/debit-batches/{batch_id}/not-taken            422   422    x     x     -    -
GET  /v1/debit-batches/{batch_id}/file                 404   404    x     x     -    -
GET  /v1/payback-batches                               200   200   200   200    -    -
POST /v1/payback-batches                               422   422    x     x     -    -
GET  /v1/payback-batches/{payback_id}                  404   404   404   404    -    -
GET  /v1/payback-batches/{payback_id}/findings         404   404   404   404    -    -
POST /v1/payback-batches/{payback_id}/approve          404   404    x     x     -    -
POST /v1/payback-batches/{payback_id}/release          404   404    x     x     -    -
POST /v1/payback-batches/{payback_id}/discard          422   422    x     x     -    -
POST /v1/payback-batches/{payback_id}/not-taken        422   422    x     x     -    -
GET  /v1/payback-batches/{payback_id}/file             404   404    x     x     -    -
GET  /v1/files                                         200   200   200   200    -    -
GET  /v1/files/{file_id}                               404   404   404   404    -    -
GET  /v1/files/{file_id}/content                       404   404    x     x     -    -
POST /v1/statements                                    422   422    x     x     -    -
GET  /v1/statements                                    200   200   200   200    -    -
GET  /v1/statements/{statement_id}                     404   404   404   404    -    -
POST /v1/statements/{statement_id}/accept              422   422    x     x     -    -
GET  /v1/statement-files                               200   200   200   200    -    -
GET  /v1/statement-files/{file_id}                     404   404   404   404    -    -
POST /v1/statement-files/{file_id}/layout              422   422    x     x     -    -
GET  /v1/statement-layouts                             200   200   200   200    -    -
POST /v1/statement-layouts/{layout_id}/revoke          404   404    x     x     -    -
GET  /v1/status-reports                                200   200   200   200    -    -
GET  /v1/status-reports/{report_id}                    404   404   404   404    -    -
GET  /v1/line-rules                                    200   200   200   200    -    -
POST /v1/line-rules                                    422   422    x     x     -    -
POST /v1/line-rules/dry-run                            422   422    x     x     -    -
GET  /v1/line-rules/{rule_id}                          404   404   404   404    -    -
POST /v1/line-rules/{rule_id}/revoke                   422   422    x     x     -    -
GET  /v1/statement-lines                               200   200   200   200    -    -
GET  /v1/statement-lines/{line_id}                     404   404   404   404    -    -
GET  /v1/statement-lines/{line_id}/raw                 404   404   404   404    -    -
POST /v1/statement-lines/{line_id}/split               422   422    x     x     -    -
POST /v1/statement-lines/{line_id}/put-on-account      422   422    x     x     -    -
POST /v1/statement-lines/{line_id}/assign              422   422    x     x     -    -
POST /v1/statement-lines/{line_id}/refund              422   422    x     x     -    -
POST /v1/statement-lines/{line_id}/ignore              422   422    x     x     -    -
POST /v1/statement-lines/{line_id}/mark                422   422    x     x     -    -
POST /v1/statement-lines/{line_id}/mark-transfer       404   404    x     x     -    -
GET  /v1/proposals                                     200   200   200   200    -    -
GET  /v1/proposals/{proposal_id}                       404   404   404   404    -    -
POST /v1/proposals/{proposal_id}/confirm               404   404    x     x     -    -
POST /v1/proposals/{proposal_id}/reject                422   422    x     x     -    -
GET  /v1/open-items                                    200   200   200   200    -    -
POST /v1/payments                                      422   422    x     x     -    -
GET  /v1/matches/{match_id}                            404   404   404   404    -    -
POST /v1/matches/{match_id}/undo                       422   422    x     x     -    -
POST /v1/statement-files/{file_id}/undo-matching       422   422    x     x     -    -
POST /v1/statement-lines/{line_id}/undo                422   422    x     x     -    -
POST /v1/statement-lines/{line_id}/release             404   404    x     x     -    -
GET  /v1/payer-memories                                200   200   200   200    -    -
POST /v1/payer-memories                                422   422    x     x     -    -
GET  /v1/payer-memories/{memory_id}                    404   404   404   404    -    -
POST /v1/payer-memories/{memory_id}/revoke             422   422    x     x     -    -
POST /v1/payments/{payment_id}/withdraw                422   422    x     x     -    -
GET  /v1/payments                                      200   200   200   200    -    -
GET  /v1/payments/{payment_id}                         404   404   404   404    -    -
POST /v1/allocations                                   422   422    x     x     -    -
GET  /v1/allocations                                   200   200   200   200    -    -
GET  /v1/allocations/{allocation_id}                   404   404   404   404    -    -
POST /v1/allocations/{allocation_id}/reverse           422   422    x     x     -    -
POST /v1/refunds                                       422   422    x     x     -    -
GET  /v1/refunds                                       200   200   200   200    -    -
GET  /v1/refunds/{refund_id}                           404   404   404   404    -    -
POST /v1/refunds/{refund_id}/cancel                    422   422    x     x     -    -
GET  /v1/reason-codes                                  200   200   200   200    -    -
PUT  /v1/creditors/{creditor_id}/reason-codes/{code}   404    x     x     x     -    -
DELETE /v1/creditors/{creditor_id}/reason-codes/{code} 404    x     x     x     -    -
GET  /v1/reports/cash-at-risk                          200   200   200   200    -    -
GET  /v1/events                                        200   200   200   200    -    -
GET  /healthz                                          200   200   200   200   200  200
GET  /readyz                                           200   200   200   200   200  200
"""

CALLERS = ("admin", "treasury", "erp", "auditor", "none", "wrong")
SOMEBODY_ELSES = "cus_01jz3q5v9yfk2a8m4t6w7x1c0d"


def rows() -> Iterator[tuple[str, str, list[int]]]:
    for line in TABLE.strip().splitlines():
        method, path, *answers = line.split()
        yield method, path, [{"-": 401, "x": 403}.get(answer) or int(answer) for answer in answers]


def routes(app: FastAPI) -> set[tuple[str, str]]:
    """Everything that answers, whether or not it stands in the OpenAPI document."""
    return {
        (method, context.path)
        for router in app.routes
        if hasattr(router, "effective_candidates")
        for context in router.effective_candidates()
        for method in context.methods
    }


def test_every_route_answers_every_role_as_the_table_says(
    client: TestClient, admin: Caller, treasury: Caller, erp: Caller, auditor: Caller
) -> None:
    headers = {
        "admin": admin.headers, "treasury": treasury.headers, "erp": erp.headers, "auditor": auditor.headers,
        "none": {}, "wrong": {"Authorization": "Bearer dc_" + "A" * 43},
    }  # fmt: skip
    different, not_problems = {}, []
    for number, (method, path, answers) in enumerate(rows()):
        address = (
            path[: path.find("{")] + SOMEBODY_ELSES + path[path.find("}") + 1 :] if "{" in path else path
        )
        for caller, expected in zip(CALLERS, answers, strict=True):
            sent = (
                {**headers[caller], "Idempotency-Key": f"{number}"}
                if method in ("POST", "PATCH")
                else headers[caller]
            )
            body = (
                {"json": {}}
                if method in ("POST", "PATCH") and not path.endswith(("/bulk", "/statements"))
                else {}
            )
            reply = client.request(method, address, headers=sent, **body)
            if reply.status_code != expected:
                different[method, path, caller] = reply.status_code
            if reply.status_code >= 400 and reply.headers["content-type"] != "application/problem+json":
                not_problems.append((method, path, caller))
    assert different == {}
    assert not_problems == []


def test_every_route_has_a_row_in_the_table(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    listed = [(method, path) for method, path, _ in rows()]
    assert len(listed) == len(set(listed))
    assert routes(app) == set(listed)


def test_without_a_key_the_reply_says_what_to_send(client: TestClient) -> None:
    reply = client.get("/v1/invoices")
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert reply.json()["code"] == "unauthenticated"
    assert "Authorization: Bearer dc_" in reply.json()["detail"]


NO_KEYS = [
    "",
    "Bearer",
    "Bearer ",
    "Basic ZXJwOmVycA==",
    "Bearer sk_live_1",
    "dc_1",
    "Bearer dc_",
    "Bearer dc_é",
]


def test_anything_but_a_key_of_ours_is_no_key(client: TestClient) -> None:
    for authorization in NO_KEYS:
        reply = client.get("/v1/invoices", headers={"Authorization": authorization.encode("latin-1")})
        assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")


def test_what_a_role_lacks_is_named(auditor: Caller) -> None:
    refused = auditor.post("/v1/customers", {"name": "Erika Beispiel"}, status=403)
    assert refused["code"] == "forbidden"
    assert refused["detail"] == "A key of role auditor may not do this; it needs the permission sell."
    assert auditor.get("/v1/customers")["data"] == []


def test_a_revoked_key_opens_nothing(runtime: Runtime, erp: Caller) -> None:
    assert erp.get("/v1/customers") == {"data": [], "next": None}

    now = runtime.act("test").at
    runtime.run(lambda session: session.execute(update(ApiKey).values(revoked_at=now)))

    assert erp.get("/v1/customers", status=401)["detail"] == "This API key is not valid."


def test_the_secret_of_a_key_is_256_random_bits_and_never_stored(runtime: Runtime) -> None:
    act = runtime.act("test")
    key, secret = runtime.run(lambda session: create_api_key(session, name="erp", role=Role.ERP, act=act))
    assert secret.startswith("dc_")
    assert len(secret) == len("dc_") + 43
    assert secret not in (key.id, key.name, key.secret_hash)
    with runtime.sessions() as session:
        assert access.authenticate(session, secret).id == key.id


def test_a_key_has_a_readable_name(runtime: Runtime) -> None:
    act = runtime.act("test")
    for name in ("", "  ", "x" * 101, "a\0b"):
        with pytest.raises(UnreadableText) as refused, runtime.sessions() as session:
            create_api_key(session, name=name, role=Role.ERP, act=act)
        assert refused.value.field == "name"


def test_every_role_may_read_and_only_the_admin_may_set_up() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert {role for role in Role if Permission.READ in PERMISSIONS[role]} == set(Role)
    assert {role for role in Role if Permission.SET_UP in PERMISSIONS[role]} == {Role.ADMIN}
    assert {role for role in Role if Permission.SETTLE in PERMISSIONS[role]} == {Role.ADMIN, Role.TREASURY}
    assert PERMISSIONS[Role.AUDITOR] == {Permission.READ}
