"""How a credit can be read: whose money it is, which invoices it closes and how, and what stays on account."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.models import AllocationKind


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """What closes a part of an invoice, in minor units above zero.

    A payment's share is a part of the line's own money, a credit note's comes out of `credit_note_id`; a discount, a
    write-off and a bank's fee close without money.
    """

    invoice_id: str
    kind: AllocationKind
    amount_minor: int
    credit_note_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a credit. The payment shares and `on_account_minor` together are its whole amount.

    `payment_id` is a payment that was recorded before, and which this line brings; its shares are given already.
    """

    customer_id: str | None
    shares: tuple[Share, ...] = ()
    on_account_minor: int = 0
    payment_id: str | None = None

    @property
    def money_minor(self) -> int:
        """What of the line's money the reading accounts for."""
        return self.on_account_minor + sum(
            share.amount_minor for share in self.shares if share.kind == AllocationKind.PAYMENT
        )

    @property
    def digest(self) -> str:
        """32 characters that two readings share if and only if they say the same."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:32]

    def to_json(self) -> dict[str, Any]:
        """As it is stored in a proposal and told over HTTP; the order of shares does not matter."""
        return {
            "customer_id": self.customer_id,
            "shares": [_told(share) for share in sorted(self.shares, key=_order)],
            "on_account_minor": self.on_account_minor,
            **({} if self.payment_id is None else {"payment_id": self.payment_id}),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Reading:
        """What `to_json` gave."""
        return cls(
            customer_id=told["customer_id"],
            shares=tuple(
                Share(
                    invoice_id=share["invoice_id"], kind=AllocationKind(share["kind"]),
                    amount_minor=share["amount_minor"], credit_note_id=share.get("credit_note_id"),
                    reason=share.get("reason"),
                )
                for share in told["shares"]
            ),
            on_account_minor=told["on_account_minor"],
            payment_id=told.get("payment_id"),
        )  # fmt: skip


def _order(share: Share) -> tuple[str, str, str, int]:
    return share.invoice_id, share.kind, share.credit_note_id or "", share.amount_minor


def _told(share: Share) -> dict[str, Any]:
    optional = {"credit_note_id": share.credit_note_id, "reason": share.reason}
    return {
        "invoice_id": share.invoice_id, "kind": str(share.kind), "amount_minor": share.amount_minor,
        **{name: value for name, value in optional.items() if value is not None},
    }  # fmt: skip
