"""What the debtors' banks know of mandates, and whether a collection that differs from it says so."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporters.pain008.message import PaymentBlock, Transaction

# What a debtor's bank answers to a collection that does not fit the mandate it knows (EPC173-14 version 8.0).
UNKNOWN_MANDATE = "MD01:return"


@dataclass(frozen=True, slots=True)
class Known:
    """A mandate as the debtor's bank knows it from the last collection it took."""

    creditor_id: str
    mandate_id: str
    iban: str


@dataclass
class DebtorBanks:
    """All debtors' banks in one; `surprises` are the collections that changed a mandate without an amendment."""

    known: dict[tuple[str, str], Known] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)
    amended: int = 0

    def fits(self, block: PaymentBlock, transaction: Transaction) -> bool:
        """Whether a collection agrees with the known mandate, or says what has changed (EPC130-08, AmdmntInfDtls)."""
        before = self._before(block, transaction)
        if before is None or _agrees(before, block, transaction):
            return True
        self.surprises.append(transaction.end_to_end_id)
        return False

    def learn(self, block: PaymentBlock, transaction: Transaction) -> None:
        """A collection was taken: the mandate is now known as it says."""
        before = self._before(block, transaction)
        now = Known(_plain(block.creditor_id), transaction.mandate_id, transaction.debtor.iban)
        if before is not None and before != now:
            self.amended += 1
            del self.known[before.creditor_id, before.mandate_id]
        self.known[now.creditor_id, now.mandate_id] = now

    def _before(self, block: PaymentBlock, transaction: Transaction) -> Known | None:
        amendment = transaction.amendment
        creditor_id, mandate_id = block.creditor_id, transaction.mandate_id
        if amendment is not None:
            creditor_id = amendment.original_creditor_id or creditor_id
            mandate_id = amendment.original_mandate_id or mandate_id
        return self.known.get((_plain(creditor_id), mandate_id)) or self.known.get(
            (_plain(block.creditor_id), transaction.mandate_id)
        )


def _agrees(before: Known, block: PaymentBlock, transaction: Transaction) -> bool:
    amendment = transaction.amendment
    moved = amendment is not None and (
        amendment.same_mandate_new_debtor_agent or amendment.original_debtor_iban == before.iban
    )
    same_account = transaction.debtor.iban == before.iban
    told = amendment.original_mandate_id if amendment else None
    same_mandate = before.mandate_id in (transaction.mandate_id, told)
    return (same_account or moved) and same_mandate


def _plain(creditor_id: str) -> str:
    """Creditor identifiers are compared without case and blanks."""
    return creditor_id.replace(" ", "").upper()
