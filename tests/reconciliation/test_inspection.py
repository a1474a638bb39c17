"""The JSON that `duecourse statement inspect` prints: exactly the keys users script against."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

from reconciliation.inspection import inspect
from tests.factories.camt import (
    ACCOUNT,
    Entry,
    Part,
    Stated,
    camt053,
    camt053_file,
    credit,
    lump,
    pending,
    returned,
)

STATEMENT_KEYS = [
    "file", "format", "statement_id", "sequence", "account", "from", "to", "opening_minor", "closing_minor",
    "currency", "balanced", "problems", "refused", "lines",
]  # fmt: skip
LINE_KEYS = [
    "booked_on", "valued_on", "amount_minor", "currency", "status", "counterparty", "remittance", "reference",
    "end_to_end_id", "mandate_id", "creditor_id", "bank_reference", "transaction_code", "reversal",
    "return_reason", "original_minor", "charges_minor", "interest_minor", "batch", "details",
]  # fmt: skip


def inspected(content: bytes) -> list[dict[str, Any]]:
    """What is printed, after a way through JSON as a script would read it."""
    read: list[dict[str, Any]] = json.loads(json.dumps(inspect(io.BytesIO(content), name="a.xml")))
    return read


def test_a_statement_has_exactly_the_promised_keys_and_values() -> None:
    content = camt053(
        [credit(1250)],
        opening=100_000,
        statement_id="STM-7",
        sequence="12",
        from_on=date(2026, 1, 1),
        to_on=date(2026, 1, 31),
    )
    (statement,) = inspected(content)
    lines = statement.pop("lines")
    assert [*statement, "lines"] == STATEMENT_KEYS
    assert statement == {
        "file": "a.xml",
        "format": "camt.053.001.08",
        "statement_id": "STM-7",
        "sequence": "12",
        "account": {"iban": ACCOUNT, "other": None, "currency": "EUR"},
        "from": "2026-01-01",
        "to": "2026-01-31",
        "opening_minor": 100_000,
        "closing_minor": 101_250,
        "currency": "EUR",
        "balanced": True,
        "problems": [],
        "refused": [],
    }
    assert len(lines) == 1


def test_a_credit_shows_all_that_is_known_of_it() -> None:
    entry = Entry(amount=0, bank_reference="REF-1", valued_on=date(2026, 1, 6))
    content = camt053(
        [
            credit(
                1250,
                entry=entry,
                name="Anna Beispiel",
                iban="DE02120300000000202051",
                bic="BYLADEM1001",
                remittance="Rechnung 4711",
                reference="RF18539007547034",
                end_to_end_id="E2E-1",
                mandate_id="MND-1",
                creditor_id="DE98ZZZ09999999999",
            )
        ]
    )
    (line,) = inspected(content)[0]["lines"]
    assert list(line) == LINE_KEYS
    assert line == {
        "booked_on": "2026-01-05",
        "valued_on": "2026-01-06",
        "amount_minor": 1250,
        "currency": "EUR",
        "status": "booked",
        "counterparty": {"name": "Anna Beispiel", "iban": "DE02120300000000202051", "bic": "BYLADEM1001"},
        "remittance": "Rechnung 4711",
        "reference": "RF18539007547034",
        "end_to_end_id": "E2E-1",
        "mandate_id": "MND-1",
        "creditor_id": "DE98ZZZ09999999999",
        "bank_reference": "REF-1",
        "transaction_code": "PMNT/RCDT/ESCT",
        "reversal": False,
        "return_reason": None,
        "original_minor": None,
        "charges_minor": None,
        "interest_minor": None,
        "batch": None,
        "details": [],
    }


def test_a_bare_line_shows_null_for_what_the_bank_left_out() -> None:
    (line,) = inspected(camt053([Entry(amount=-250, status="INFO")]))[0]["lines"]
    assert list(line) == LINE_KEYS
    assert (line["amount_minor"], line["status"]) == (-250, "info")
    assert line["counterparty"] == {"name": None, "iban": None, "bic": None}
    assert [line[key] for key in ("remittance", "reference", "bank_reference", "batch")] == [None] * 4


def test_a_return_shows_reason_original_and_charges() -> None:
    (line,) = inspected(camt053([returned(7197, charges=300, reason="AC04")]))[0]["lines"]
    assert (line["amount_minor"], line["original_minor"], line["charges_minor"]) == (-7497, 7197, 300)
    assert line["return_reason"] == "AC04"


def test_the_parts_of_a_lump_have_the_shape_of_lines() -> None:
    parts = [Part(amount=200, end_to_end_id="E-1"), Part(amount=300, end_to_end_id="E-2")]
    content = camt053([lump(500, payment_information_id="P-1", message_id="M-1", count=2, parts=parts)])
    (line,) = inspected(content)[0]["lines"]
    assert line["batch"] == {"payment_information_id": "P-1", "message_id": "M-1", "count": 2}
    assert [list(part) for part in line["details"]] == [LINE_KEYS, LINE_KEYS]
    assert [(part["amount_minor"], part["end_to_end_id"]) for part in line["details"]] == [
        (200, "E-1"),
        (300, "E-2"),
    ]


def test_pending_lines_are_shown_and_not_counted() -> None:
    (statement,) = inspected(camt053([credit(1250), pending(credit(99))]))
    assert [line["status"] for line in statement["lines"]] == ["booked", "pending"]
    assert statement["closing_minor"] == statement["opening_minor"] + 1250
    assert statement["balanced"] is True


def test_a_statement_that_does_not_prove_itself_says_so() -> None:
    (statement,) = inspected(camt053([credit(1250)], closing=100_000))
    assert statement["balanced"] is False
    assert len(statement["problems"]) == 1


def test_a_statement_without_balances_is_neither_proved_nor_disproved() -> None:
    balances = (("INFO", 1, date(2026, 1, 5), "EUR"),)
    (statement,) = inspected(camt053([credit(1250)], balances=balances))
    assert statement["balanced"] is None
    assert (statement["opening_minor"], statement["closing_minor"]) == (None, None)


def test_every_statement_of_a_file_is_an_object_in_its_order() -> None:
    content = camt053_file(
        [Stated(statement_id="A"), Stated(statement_id="B", other_account="0035-29", from_on=None)]
    )
    first, second = inspected(content)
    assert (first["statement_id"], second["statement_id"]) == ("A", "B")
    assert second["account"] == {"iban": None, "other": "0035-29", "currency": "EUR"}
    assert (second["from"], second["to"]) == (None, None)


def test_a_file_that_cannot_be_read_is_one_object_with_its_error() -> None:
    content = camt053([credit(1250)]).replace(b">1000.00<", b">1000,00<")
    line = content[: content.index(b">1000,00<")].count(b"\n") + 1
    assert line > 1
    assert inspected(content) == [
        {
            "file": "a.xml",
            "error": {
                "code": "unreadable_file",
                "message": "'1000,00' is not an amount: only digits and a decimal point may stand there.",
                "line": line,
            },
        }
    ]


def test_a_line_that_cannot_be_read_is_told_beside_the_others() -> None:
    content = camt053([credit(1250), credit(300)]).replace(b">12.50<", b">12,50<", 1)
    line = content[: content.index(b">12,50<")].count(b"\n") + 1
    (statement,) = inspected(content)
    reason = "'12,50' is not an amount: only digits and a decimal point may stand there."
    assert statement["refused"] == [{"position": 1, "line": line, "reason": reason}]
    assert [one["amount_minor"] for one in statement["lines"]] == [300]
    assert statement["balanced"] is False
