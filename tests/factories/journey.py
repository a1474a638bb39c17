"""A story told through the API: an ERP that bills, two treasurers who collect, and a bank that answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any

from exporters.pain008.reader import read
from gateway.sandbox import bank, statements, transaction_codes
from gateway.sandbox.entries import Entry
from gateway.sandbox.statements import AnswerFile
from ledger.money import Money
from reconciliation.statement import Account, Party
from tests.factories.api import Caller
from tests.factories.books import CREDITOR_IDENTIFIER, OUR_IBAN, debtor_iban

CAMT_053 = "camt.053.001.08"
TODAY = date(2026, 11, 18)  # a Wednesday; the clock of the tests stands there unless a story moves it


@dataclass
class Story:
    """One creditor with one account, filled in as the story goes on. The bank keeps its own balance."""

    admin: Caller
    erp: Caller
    treasury: Caller
    second_treasurer: Caller
    balance: Money = field(default_factory=lambda: Money(1_000_000, "EUR"))
    sequence: int = 1
    _count: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.creditor: dict[str, Any] = self.admin.post(
            "/v1/creditors",
            {"name": "Muster Energie GmbH", "country": "DE", "creditor_identifier": CREDITOR_IDENTIFIER},
        )
        # The ERP announces the debits; stories about notices change the terms.
        self.admin.patch(f"/v1/creditors/{self.creditor['id']}/terms", {"announced_by": "erp"})
        self.account: dict[str, Any] = self.admin.post(
            "/v1/bank-accounts", {"creditor_id": self.creditor["id"], "name": "Main", "iban": OUR_IBAN}
        )

    def customer(self, name: str = "Erika Beispiel") -> dict[str, Any]:
        return self.erp.post("/v1/customers", {"name": name, "external_id": f"K-{next(self._count)}"})

    def invoice(self, total_minor: int, *, mandate: bool = False, due_on: date = TODAY) -> dict[str, Any]:
        """An invoice of a new customer, with an active mandate if the story collects it."""
        number = next(self._count)
        customer = self.customer()
        if mandate:
            self.erp.post(
                "/v1/mandates",
                {"customer_id": customer["id"], "iban": debtor_iban(number), "signed_on": "2025-06-01"},
            )
        body = {
            "number": f"RE-2026-{number:05d}", "external_id": f"ERP-{number}", "customer_id": customer["id"],
            "total_minor": total_minor, "issued_on": str(due_on - timedelta(days=14)), "due_on": str(due_on),
        }  # fmt: skip
        return self.erp.post("/v1/invoices", body)

    def status(self, invoice: Mapping[str, Any]) -> str:
        return self.erp.get(f"/v1/invoices/{invoice['id']}")["collection_status"]

    def collect(self) -> dict[str, Any]:
        """Schedule what is due, draft a batch, let a second person approve and release it."""
        self.erp.post("/v1/debits/due", {"due_until": str(TODAY)})
        batch = self.treasury.post("/v1/debit-batches", {})
        self.second_treasurer.post(f"/v1/debit-batches/{batch['id']}/approve", status=200)
        return self.second_treasurer.post(f"/v1/debit-batches/{batch['id']}/release", status=200)

    def file_of(self, batch: Mapping[str, Any]) -> bytes:
        """The released pain.008, as treasury downloads it."""
        caller = self.second_treasurer
        reply = caller.client.get(f"/v1/debit-batches/{batch['id']}/file", headers=caller.headers)
        assert reply.status_code == 200, reply.text
        return reply.content

    def bank_answers(
        self,
        batch: Mapping[str, Any],
        *,
        outcomes: Mapping[str, str] | None = None,
        booking: bank.Booking = bank.Booking.AS_FILE_SAYS,
    ) -> tuple[AnswerFile, ...]:
        """The bank books the file; treasury uploads every statement. Gives the files."""
        answer = bank.simulate(
            read(self.file_of(batch)), outcomes=outcomes or {}, booking=booking,
            account_opening=self.balance, first_sequence=self.sequence,
        )  # fmt: skip
        return self._upload(answer.of_format(CAMT_053), answer.statements)

    def bank_books(self, *entries: Entry) -> tuple[AnswerFile, ...]:
        """The bank books other entries, and treasury uploads the statement. Gives the files."""
        kept = statements.keep(
            Account(iban=OUR_IBAN, currency="EUR"), owner="Muster Energie GmbH", entries=entries,
            opening=self.balance, first_sequence=self.sequence,
        )  # fmt: skip
        made = tuple(file for one in kept for file in statements.files(one) if file.format == CAMT_053)
        return self._upload(made, kept)

    def _upload(self, files: Sequence[AnswerFile], kept: Sequence[Any]) -> tuple[AnswerFile, ...]:
        self.balance, self.sequence = kept[-1].closing, kept[-1].sequence + 1
        for outcome in self.treasury.upload(*(file.content for file in files)):
            assert outcome["error"] is None, outcome
        return tuple(files)


def transfer(
    amount_minor: int, remittance: str, *, on: date = TODAY, payer: str = "Max Mustermann", number: int = 1
) -> Entry:
    """A credit transfer from a customer's account."""
    return Entry(
        amount=Money(amount_minor, "EUR"), booked_on=on, code=transaction_codes.TRANSFER_IN,
        counterparty=Party(name=payer, iban=debtor_iban(700 + number)), remittance=remittance,
    )  # fmt: skip
