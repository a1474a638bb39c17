"""What an ERP says of an invoice, and when that is sound in itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ledger import audit
from ledger.errors import Rejected
from ledger.money import LARGEST_MINOR, checked_currency
from ledger.references import StructuredReference
from ledger.texts import check_optional, checked_text

LONGEST_DISCOUNT_DAYS = 365
MOST_INSTALMENTS = 60


class InvoiceRejected(Rejected):
    """The invoice is wrong in itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """A part of an invoice that may be paid by itself: until when, and how much, in minor units above zero."""

    due_on: date
    amount_minor: int

    @classmethod
    def several(cls, said: Iterable[Mapping[str, Any]] | None) -> tuple[Instalment, ...] | None:
        """Those of an invoice, from mappings with `due_on` and `amount_minor`; None where it has none."""
        return None if said is None else tuple(cls(**one) for one in said)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFacts:
    """What the ERP says of an invoice. `total_minor` is above zero, in minor units of `currency`.

    `pre_notified_on` is the day on which it was mailed, where its text announces the debit; it is not part of what the
    invoice says, so that the same invoice may be pushed before and after.
    """

    creditor_id: str
    customer_id: str
    number: str
    currency: str
    total_minor: int
    issued_on: date
    due_on: date
    external_id: str | None = None
    reference: str | None = None
    purchase_order: str | None = None
    discount_days: int | None = None
    discount_percent: Decimal | None = None
    pre_notified_on: date | None = None
    instalments: tuple[Instalment, ...] | None = None

    @property
    def key(self) -> str:
        """A fingerprint of everything said, to tell a repeated invoice from a changed one."""
        said: dict[str, object] = {
            name: _said(value)
            for name, value in asdict(self).items()
            if name not in ("pre_notified_on", "instalments")
        }
        if self.instalments is not None:  # an invoice without any says what it said before there were some
            said["instalments"] = [f"{one.due_on} {one.amount_minor}" for one in self.instalments]
        return hashlib.sha256(audit.canonical(said).encode()).hexdigest()


def _said(value: object) -> str | None:
    """One fact as text; 2, 2.0 and 2.00 percent are the same fact."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return None if value is None else str(value)


def require_sound(facts: InvoiceFacts) -> None:
    """Raises InvoiceRejected, UnreadableText, UnknownCurrency or InvalidReference, each with the field at fault."""
    checked_text(facts.number, field="number", longest=60)
    if facts.number != facts.number.strip():
        raise InvoiceRejected("The number has blanks at its ends.", field="number")
    check_optional(
        asdict(facts), {"creditor_id": 40, "customer_id": 40, "external_id": 100, "purchase_order": 60}
    )
    checked_currency(facts.currency)
    _require_amount(facts.total_minor)
    if facts.due_on < facts.issued_on:
        raise InvoiceRejected("An invoice is not due before it is issued.", field="due_on")
    if facts.reference is not None:
        StructuredReference.parse(facts.reference)
    _require_discount(facts.discount_days, facts.discount_percent)
    if facts.instalments is not None:
        _require_instalments(facts, facts.instalments)


def _require_instalments(facts: InvoiceFacts, instalments: tuple[Instalment, ...]) -> None:
    """They add up to the total, none is nothing, and each is due after the one before."""
    if len(instalments) > MOST_INSTALMENTS:
        raise InvoiceRejected(f"An invoice has at most {MOST_INSTALMENTS} instalments.", field="instalments")
    if any(one.amount_minor <= 0 for one in instalments):
        raise InvoiceRejected("Each instalment is above zero.", field="instalments")
    if sum(one.amount_minor for one in instalments) != facts.total_minor:
        raise InvoiceRejected("The instalments do not add up to the total.", field="instalments")
    days = [one.due_on for one in instalments]
    if days != sorted(set(days)) or days[0] < facts.issued_on:
        raise InvoiceRejected(
            "Instalments are due one after another, none before the invoice is issued.", field="instalments"
        )


def _require_amount(total_minor: int) -> None:
    if total_minor <= 0:
        raise InvoiceRejected(
            "The total of an invoice is above zero; what is owed to the customer is a credit note.",
            field="total_minor",
        )
    if total_minor > LARGEST_MINOR:
        raise InvoiceRejected("The total is larger than any amount of money.", field="total_minor")


def _require_discount(days: int | None, percent: Decimal | None) -> None:
    if days is not None and not 0 <= days <= LONGEST_DISCOUNT_DAYS:
        raise InvoiceRejected(f"A discount is for 0 to {LONGEST_DISCOUNT_DAYS} days.", field="discount_days")
    if percent is not None and not (percent.is_finite() and 0 <= percent < 100):
        raise InvoiceRejected("A discount is 0 percent or more, and below 100.", field="discount_percent")
    if percent is not None and round(percent, 2) != percent:
        raise InvoiceRejected("A discount has at most two decimals.", field="discount_percent")
