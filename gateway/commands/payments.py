"""duecourse payment record | list | withdraw, allocation list | reverse, invoice write-off: a clerk's work by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.api import invoices as told_invoices
from gateway.api import payments as told
from gateway.api.invoices import WriteOffIn
from gateway.api.payments import AllocationOut, PaymentIn, PaymentOut, ShareIn
from gateway.api.shapes import Reason
from gateway.commands import business
from gateway.commands.acting import do
from gateway.commands.output import AsJson, amount, print_json, table
from gateway.roles import Permission
from ledger import invoices, payments
from ledger.acts import Act
from ledger.models import Allocation, Method, Payment
from ledger.recorded_payments import IN_TRANSIT

app = typer.Typer(
    no_args_is_help=True, help="Payments. Set DUECOURSE_API_KEY to your own key: what you do is kept with it."
)
allocation = typer.Typer(no_args_is_help=True, help="What pays which invoice.")
NEWEST = 50
_Shape = TypeVar("_Shape", bound=BaseModel)
PaymentId = Annotated[str, typer.Argument(help="Its id: pay_...", metavar="PAYMENT")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit trail.")]


@app.command("record")
def record_payment(
    customer_id: Annotated[str, typer.Argument(help="Whose money: cus_...", metavar="CUSTOMER")],
    amount_minor: Annotated[int, typer.Option("--amount", help="In cents.")],
    received_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    pays: Annotated[
        list[str] | None,
        typer.Option(
            help="INVOICE=CENTS, or INVOICE=CENTS+DISCOUNT; may be repeated. The rest is on account."
        ),
    ] = None,
    method: Annotated[Method, typer.Option()] = Method.TRANSFER,
    currency: Annotated[str, typer.Option()] = "EUR",
    reference: Annotated[str | None, typer.Option(help="What its line will say.")] = None,
    account: Annotated[
        str | None, typer.Option(help="Id of the bank account on which it should come.")
    ] = None,
    creditor_id: Annotated[str | None, typer.Option(help="Whose money it is; else the only one's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Record a payment that no statement shows yet; its line will meet it, and nothing is counted twice.

    Example: duecourse payment record cus_01jz3q5v9yfk2a8m4t6w7x1c0d --amount 11640 --received-on 2026-11-18
    """
    said = {
        "customer_id": customer_id, "amount_minor": amount_minor, "received_on": received_on.date().isoformat(),
        "method": method, "currency": currency, "reference": reference, "bank_account_id": account,
        "creditor_id": creditor_id, "allocations": [_share(one) for one in pays or []],
    }  # fmt: skip
    wish = _read(PaymentIn, said)

    def work(session: Session, act: Act) -> PaymentOut:
        return told.record_payment(wish, session, act)

    _show_payment(do(Permission.SETTLE, work), as_json=as_json)


@app.command("list")
def list_payments(
    in_transit: Annotated[
        bool, typer.Option("--in-transit", help="Only recorded ones that no statement shows yet.")
    ] = False,
    customer_id: Annotated[str | None, typer.Option(help="Of this customer.")] = None,
    as_json: AsJson = False,
) -> None:
    """The newest payments. Example: duecourse payment list --in-transit"""

    def work(session: Session, act: Act) -> list[PaymentOut]:
        query = select(Payment).order_by(Payment.id.desc()).limit(NEWEST)
        if in_transit:
            query = query.where(IN_TRANSIT)
        if customer_id is not None:
            query = query.where(Payment.customer_id == customer_id)
        return [PaymentOut.model_validate(one) for one in session.scalars(query)]

    found = do(Permission.READ, work)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [
        (
            one.id, one.state, one.received_on, amount(one.amount_minor, one.currency),
            amount(one.unallocated_minor, one.currency),
        )
        for one in found
    ]  # fmt: skip
    table("Payments", ["id", "state", "received on", "amount", "on account"], rows, numbers=(3, 4))


@app.command("withdraw")
def withdraw_payment(payment_id: PaymentId, reason: Why, as_json: AsJson = False) -> None:
    """A recorded payment never came: what it paid is open again.

    Example: duecourse payment withdraw pay_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "cheque bounced"
    """
    because = _read(Reason, {"reason": reason})

    def work(session: Session, act: Act) -> PaymentOut:
        payments.get(session, payment_id)
        return told.withdraw_payment(payment_id, because, session, act)

    _show_payment(do(Permission.SETTLE, work), as_json=as_json)


@allocation.command("list")
def list_allocations(
    invoice_id: Annotated[str, typer.Argument(help="Of this invoice: inv_...", metavar="INVOICE")],
    as_json: AsJson = False,
) -> None:
    """What closes an invoice, and what did before it was reversed.

    Example: duecourse allocation list inv_01jz3q5v9yfk2a8m4t6w7x1c0d
    """

    def work(session: Session, act: Act) -> list[AllocationOut]:
        invoices.get(session, invoice_id)
        query = select(Allocation).where(Allocation.invoice_id == invoice_id).order_by(Allocation.id)
        return [AllocationOut.model_validate(one) for one in session.scalars(query)]

    found = do(Permission.READ, work)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [
        (
            one.id, one.kind, amount(one.amount_minor, one.currency), one.decided_by,
            one.reversed_because or one.reason or " ".join(one.evidence),
            "reversed" if one.reversed_at else "stands",
        )
        for one in found
    ]  # fmt: skip
    table("Allocations", ["id", "kind", "amount", "decided by", "because", ""], rows, numbers=(2,))


@allocation.command("reverse")
def reverse_allocation(
    allocation_id: Annotated[str, typer.Argument(help="Its id: all_...", metavar="ALLOCATION")],
    reason: Why,
    as_json: AsJson = False,
) -> None:
    """Take an allocation, discount or write-off back: the invoice has that much open again.

    Example: duecourse allocation reverse all_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "meant for another invoice"
    """
    because = _read(Reason, {"reason": reason})

    def work(session: Session, act: Act) -> AllocationOut:
        return told.reverse_allocation(allocation_id, because, session, act)

    _show_allocation(do(Permission.SETTLE, work), as_json=as_json)


@business.invoice.command("write-off")
def write_off(
    invoice_id: Annotated[str, typer.Argument(help="Its id: inv_...", metavar="INVOICE")],
    amount_minor: Annotated[int, typer.Option("--amount", help="In cents, of what is open.")],
    reason: Why,
    as_json: AsJson = False,
) -> None:
    """Give up what is open of an invoice, or a part of it; `allocation reverse` takes that back.

    Example: duecourse invoice write-off inv_01jz3q5v9yfk2a8m4t6w7x1c0d --amount 3 --reason "rounding"
    """
    wish = _read(WriteOffIn, {"amount_minor": amount_minor, "reason": reason})

    def work(session: Session, act: Act) -> AllocationOut:
        return told_invoices.write_off(invoice_id, wish, session, act)

    _show_allocation(do(Permission.SETTLE, work), as_json=as_json)


def _share(said: str) -> dict[str, Any]:
    """INVOICE=CENTS or INVOICE=CENTS+DISCOUNT."""
    invoice_id, _, amounts = said.partition("=")
    paid, _, discount = amounts.partition("+")
    if not paid.isdecimal() or (discount and not discount.isdecimal()):
        raise typer.BadParameter(
            f"{said!r} is not INVOICE=CENTS or INVOICE=CENTS+DISCOUNT.", param_hint="--pays"
        )
    share = {"invoice_id": invoice_id, "amount_minor": int(paid), "discount_minor": int(discount or 0)}
    return _read(ShareIn, share).model_dump()


def _read(shape: type[_Shape], said: dict[str, Any]) -> _Shape:
    try:
        return shape.model_validate(said)
    except ValueError as fault:
        raise typer.BadParameter(str(fault).splitlines()[2].strip()) from None


def _show_payment(payment: PaymentOut, *, as_json: bool) -> None:
    shown = payment.model_dump(mode="json")
    if as_json:
        print_json(shown)
        return
    names = ("id", "state", "received_on", "amount_minor", "allocated_minor", "unallocated_minor", "currency")
    table("Payment", ["", ""], [(name.replace("_", " "), shown[name]) for name in names])


def _show_allocation(made: AllocationOut, *, as_json: bool) -> None:
    shown = made.model_dump(mode="json")
    if as_json:
        print_json(shown)
        return
    names = ("id", "kind", "invoice_id", "amount_minor", "currency", "reason", "reversed_because")
    rows = [(name.replace("_", " "), shown[name]) for name in names if shown[name] is not None]
    table("Allocation", ["", ""], rows)
