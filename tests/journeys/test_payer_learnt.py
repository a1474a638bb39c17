"""The seventh story: what is known of a payer decides, says so, and all of it can be taken back at once."""

from __future__ import annotations

from collections.abc import Callable

from tests.factories.api import Caller
from tests.factories.books import debtor_iban
from tests.factories.journey import Story, transfer

NUMBER = 41  # of the property manager's account


def test_a_known_payer_needs_nobody_until_that_is_revoked(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    invoice = story.invoice(23_990)
    taught = treasury.post(
        "/v1/payer-memories",
        {
            "creditor_id": story.creditor["id"], "customer_id": invoice["customer_id"],
            "account": debtor_iban(700 + NUMBER),
        },
    )  # fmt: skip
    story.bank_books(transfer(23_990, "Miete", payer="Hausverwaltung Klein", number=NUMBER))
    work()

    assert story.status(invoice) == "paid"
    (line,) = treasury.all("/v1/statement-lines")
    decided = treasury.get(f"/v1/statement-lines/{line['id']}")["match"]
    match = treasury.get(f"/v1/matches/{decided['id']}")
    assert match["memory_ids"] == [taught["id"]]
    shown = treasury.get(f"/v1/payer-memories/{taught['id']}")
    assert (shown["decided"], [one["match_id"] for one in shown["matches"]]) == (1, [match["id"]])

    done = treasury.post(
        f"/v1/payer-memories/{taught['id']}/revoke", {"reason": "the tenant moved", "undo": True}, status=200
    )
    assert [(one["match_id"], one["amount_minor"]) for one in done["matches"]] == [(match["id"], 23_990)]
    assert [one["line_id"] for one in done["undoing"]["undone"]] == [line["id"]]
    assert story.status(invoice) == "due"
    treasury.post(f"/v1/statement-lines/{line['id']}/release", status=200)
    work()
    assert story.status(invoice) == "due"
