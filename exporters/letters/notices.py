"""From the queue of notices to their messages: what is not written yet is written, once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased, undefer

from exporters.letters.languages import language_of
from exporters.letters.pre_notification import DebitNotice, compose
from ledger.acts import Act
from ledger.database import among
from ledger.models import Creditor, Customer, Invoice
from ledger.money import Money
from mandates.models import Debit, Mandate, PreNotification

_SHOWN_OF_IBAN = 4


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose address the messages carry, and where customers may ask (an address, a telephone number)."""

    address: str
    contact: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way to the mail server; its repr names nobody."""

    notice_id: str
    attempt: int
    recipient: str
    content: bytes

    def __repr__(self) -> str:
        return f"Outgoing({self.notice_id}, attempt {self.attempt})"


def write(
    session: Session, notices: Sequence[PreNotification], *, sender: Sender, act: Act
) -> list[Outgoing]:
    """The messages of claimed notices; those that have no bytes yet get them, and keep them for ever."""
    ids = [notice.id for notice in notices]
    for row in session.execute(_FACTS.where(among(PreNotification.id, ids))):
        notice: PreNotification = row.PreNotification
        if notice.content is None:
            notice.message_id = f"{notice.id}@{sender.address.rpartition('@')[2]}"
            notice.content = compose(_letter(row, notice, sender, act))
            notice.sha256 = hashlib.sha256(notice.content).hexdigest()
    session.flush()
    return [
        Outgoing(notice.id, notice.attempts, str(notice.recipient), bytes(notice.content or b""))
        for notice in notices
    ]


_EARLIER = aliased(PreNotification)
_FACTS = (
    select(
        PreNotification, Mandate.reference, Mandate.iban, Mandate.debtor_name, Mandate.debtor_country,
        Invoice.number, Customer.country, Creditor,
        exists()
        .where(
            _EARLIER.debit_id == PreNotification.debit_id, _EARLIER.id != PreNotification.id,
            (_EARLIER.content.is_not(None)) | (_EARLIER.sent_at.is_not(None)),
        )
        .label("replaces"),
    )
    .join(Debit, Debit.id == PreNotification.debit_id)
    .join(Mandate, Mandate.id == Debit.mandate_id)
    .join(Invoice, Invoice.id == Debit.invoice_id)
    .join(Customer, Customer.id == Invoice.customer_id)
    .join(Creditor, Creditor.id == Debit.creditor_id)
    .options(undefer(PreNotification.content))
)  # fmt: skip


def _letter(row: Any, notice: PreNotification, sender: Sender, act: Act) -> DebitNotice:
    creditor: Creditor = row.Creditor
    return DebitNotice(
        message_id=str(notice.message_id), at=act.at, sender=sender.address, contact=sender.contact,
        recipient=str(notice.recipient), language=language_of(row.country or row.debtor_country or row.iban[:2]),
        debtor_name=row.debtor_name, creditor_name=creditor.name,
        creditor_identifier=creditor.creditor_identifier or "", creditor_address=_address(creditor),
        mandate_reference=row.reference, invoice_number=row.number,
        amount=Money(notice.amount_minor, notice.currency), collect_on=notice.collect_on,
        account_end=row.iban[-_SHOWN_OF_IBAN:], replaces=row.replaces,
    )  # fmt: skip


def _address(creditor: Creditor) -> tuple[str, ...]:
    town = " ".join(part for part in (creditor.postcode, creditor.town) if part)
    return tuple(line for line in (creditor.street, town) if line)
