"""The invented company is pushed into an empty database, as an ERP would do it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from gateway import invoice_import
from gateway.sandbox.books import Company, Invoice
from ledger import creditors, customers
from ledger.acts import Act
from mandates import lifecycle, terms
from mandates.lifecycle import SignedMandate
from mandates.models import AnnouncedBy, MandateType, Scheme


def found(
    session: Session, made: Company, *, act: Act, announced_by: AnnouncedBy = AnnouncedBy.DUECOURSE
) -> str:
    """Creditor and account, customers, invoices in bulk, then signed mandates; gives the creditor's id.

    `announced_by` is who tells the customers of their debits.
    """
    us = made.creditor
    creditor = creditors.create(
        session, name=us.name, country=us.country, creditor_identifier=us.creditor_id,
        street=us.street, postcode=us.postcode, town=us.town, act=act,
    )  # fmt: skip
    terms.change(session, creditor.id, announced_by=announced_by, act=act)
    creditors.open_bank_account(
        session, creditor_id=creditor.id, name="Main account", iban=us.iban, bic=us.bic, act=act
    )
    known = {
        one.external_id: customers.create(
            session,
            customers.CustomerFacts(
                name=one.name, external_id=one.external_id, email=one.email, country=one.country,
                street=one.street, postcode=one.postcode, town=one.town,
            ),
            act=act,
        ).id
        for one in made.customers
    }  # fmt: skip
    rows = ((position, row_of(one)) for position, one in enumerate(made.invoices, start=1))
    invoice_import.import_rows(session, rows, act=act)
    for mandate in made.mandates:
        lifecycle.record_signed(
            session,
            SignedMandate(
                creditor_id=creditor.id, customer_id=known[mandate.customer_external_id],
                iban=mandate.debtor_iban, signed_on=mandate.signed_on, scheme=Scheme(mandate.scheme),
                type=MandateType.RECURRENT, reference=mandate.reference, debtor_name=mandate.debtor_name,
                confirmed_by_bank=True,
            ),
            act=act,
        )  # fmt: skip
    return creditor.id


def row_of(bill: Invoice) -> dict[str, object]:
    """An invoice as a row of the ERP's file."""
    return {
        "external_id": bill.external_id, "number": bill.number, "currency": bill.total.currency,
        "customer_external_id": bill.customer_external_id, "total_minor": bill.total.minor,
        "issued_on": str(bill.issued_on), "due_on": str(bill.due_on),
    }  # fmt: skip
