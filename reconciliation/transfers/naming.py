"""Which invoices a credit names, each with the best evidence for it, and which numbers name none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.invoice_numbers import compact
from reconciliation.transfers import evidence
from reconciliation.transfers.candidates import Bill, Known
from reconciliation.transfers.evidence import Objection, Support
from reconciliation.transfers.numbers import How, Mention, as_written
from reconciliation.transfers.payers import Payers

_SHORTEST_LOOSE = 5  # digits of a number without its prefix that need no known payer


@dataclass(frozen=True, slots=True)
class Named:
    """An invoice that the credit names, and how."""

    bill: Bill
    support: Support
    doubts: tuple[Objection, ...] = ()


def named_in(
    mentions: Sequence[Mention], references: Sequence[str], known: Known, payers: Payers
) -> tuple[list[Named], list[Mention]]:
    """The invoices that the credit names, each once with its best evidence, and the numbers that name none."""
    found: dict[str, Named] = {}
    unknown: list[Mention] = []
    for reference in references:
        for bill in known.by_reference.get(reference, ()):
            found.setdefault(bill.id, Named(bill, evidence.reference_given(bill.number)))
    for mention in mentions:
        bills = _meant(mention, known.by_core.get(mention.core, ()), payers)
        if not bills and mention.fits and not mention.called_otherwise:
            unknown.append(mention)
        for bill in bills:
            how = as_written(mention, bill.number)
            doubts = (*_doubted(mention, how), *((evidence.another_fits(),) if len(bills) > 1 else ()))
            support = (
                evidence.number_named(bill.number)
                if how == How.WHOLE
                else evidence.number_loosely_named(bill.number, mention.text)
            )
            if bill.id not in found or (found[bill.id].doubts and not doubts):
                found[bill.id] = Named(bill, support, doubts)
    return list(found.values()), unknown


def _meant(mention: Mention, bills: Sequence[Bill], payers: Payers) -> list[Bill]:
    """Of the invoices with this core those whose number is written, or else those of the payer, or else all."""
    if len(bills) < 2:
        return list(bills)
    written = compact(mention.text)
    exact = [bill for bill in bills if compact(bill.number) == written]
    if len(exact) == 1:
        return exact
    own = {payer.customer_id for payer in payers.all()}
    of_payer = [bill for bill in bills if bill.customer_id in own]
    return of_payer if len(of_payer) == 1 else list(bills)


def _doubted(mention: Mention, how: How) -> list[Objection]:
    doubts = []
    if mention.called_otherwise or (how == How.OTHER_PREFIX and not mention.called_invoice):
        doubts.append(evidence.called_otherwise(mention.text))
    if (
        not mention.called_invoice
        and how not in (How.WHOLE, How.LISTED, How.RANGED)
        and len(mention.core) < _SHORTEST_LOOSE
    ):
        doubts.append(evidence.number_short(mention.text))
    return doubts


def ordered(orders: Sequence[str], known: Known) -> list[Named]:
    return [
        Named(bill, evidence.order_named(bill.number, bill.purchase_order or order))
        for order in orders
        for bill in known.by_order.get(order, ())
    ]
