from datetime import date, timedelta
from ledger import creditors, customers, invoices, credit_notes, allocations, refunds, payments
from ledger.customers import CustomerFacts
from ledger.invoices import InvoiceFacts
from ledger.models import *
from mandates import lifecycle, debits, batches, returns
from mandates.lifecycle import SignedMandate
from mandates.debits import Wish
from ledger.acts import Act
import dataclasses
from sqlalchemy import select
def test_smoke(session, act):
    crd = creditors.create(session, name="Muster GmbH", country="DE", creditor_identifier="DE98ZZZ09999999999", act=act)
    acc = creditors.open_bank_account(session, creditor_id=crd.id, name="main", iban="DE02120300000000202051", act=act)
    cus = customers.create(session, CustomerFacts(name="Erika Beispiel", external_id="K1"), act=act)
    inv = invoices.issue(session, InvoiceFacts(creditor_id=crd.id, customer_id=cus.id, number="RE-2026-1", currency="EUR", total_minor=12000, issued_on=date(2026,11,1), due_on=date(2026,11,15), external_id="X1"), act=act)
    assert invoices.issue(session, InvoiceFacts(creditor_id=crd.id, customer_id=cus.id, number="RE-2026-1", currency="EUR", total_minor=12000, issued_on=date(2026,11,1), due_on=date(2026,11,15), external_id="X1"), act=act) is inv
    m = lifecycle.record_signed(session, SignedMandate(creditor_id=crd.id, customer_id=cus.id, iban="DE02100500000054540402", signed_on=date(2026,1,1)), act=act)
    d = debits.schedule(session, Wish(invoice_id=inv.id, mandate_id=m.id), act=act)
    session.commit()
    assert inv.collection_status == "collecting" or session.refresh(inv) or inv.collection_status=="collecting"
    b = batches.draft(session, creditor_id=crd.id, act=act)
    session.commit()
    act2 = dataclasses.replace(act, actor="boss")
    batches.approve(session, b.id, act=act2)
    batches.release(session, b.id, act=act2)
