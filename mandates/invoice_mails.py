"""An invoice whose own e-mail announced its debit: the ERP that sent it says so, also after the debit was scheduled."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import audit, invoices
from ledger.acts import Act
from ledger.errors import Rejected
from ledger.models import Invoice
from mandates import pre_notifications
from mandates.models import Debit
from mandates.states import DebitState


class MailRejected(Rejected):
    """The invoice cannot have been mailed on that day."""


def record(session: Session, invoice_id: str, *, on: date, act: Act) -> Invoice:
    """The invoice was mailed `on` that day and announced its debit; a scheduled one is told by it, if that is enough.

    Raises InvoiceNotFound, or MailRejected for a day to come or one before the invoice was issued.
    """
    invoice = invoices.get(session, invoice_id)
    if not invoice.issued_on <= on <= act.today:
        raise MailRejected("An invoice is mailed after it was issued, and not on a day to come.", field="on")
    scheduled = session.scalars(
        select(Debit.id)
        .where(Debit.invoice_id == invoice_id, Debit.state == DebitState.SCHEDULED)
        .order_by(Debit.id)
        .with_for_update()
    ).all()
    invoice = invoices.lock(session, [invoice_id])[invoice_id]
    before = invoice.pre_notified_on
    invoice.pre_notified_on, invoice.version = on, invoice.version + 1
    audit.record(
        session, "invoice.pre_notified", invoice_id, act=act, on=on.isoformat(),
        before=None if before is None else before.isoformat(),
    )  # fmt: skip
    pre_notifications.announce(session, scheduled, act=act)
    return invoice
