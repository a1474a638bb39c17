"""Proposals in tests, written down as a run of matching does."""

from __future__ import annotations

from ledger import states
from ledger.identifiers import new_id
from ledger.models import AllocationKind, Invoice
from reconciliation.models import LINE, LineState, Proposal, ProposalState, StatementLine
from reconciliation.transfers.reading import Reading, Share
from tests.factories.books import Books


def pays(invoice: Invoice, amount_minor: int | None = None) -> Share:
    """Money of the line for an invoice: what is open of it, unless said otherwise."""
    return Share(invoice.id, AllocationKind.PAYMENT, amount_minor or invoice.open_minor)


def proposed(
    books: Books,
    line: StatementLine,
    reading: Reading,
    *,
    rank: int = 1,
    because: str = "Only the amount speaks for it.",
) -> Proposal:
    """An open proposal of a line, which waits for a person's word from then on."""
    proposal = Proposal(
        id=new_id("prp"), line_id=line.id, rank=rank, state=ProposalState.OPEN, digest=reading.digest,
        reading=reading.to_json(),
        supports=[{"evidence": "open_amount", "sentence": "Exactly the open amount was paid."}],
        contradicts=[{"evidence": "other_payer", "sentence": "The payer is not known to us."}],
        because=because, proposed_at=books.act.at,
    )  # fmt: skip
    books.session.add(proposal)
    books.session.flush()
    if line.state != LineState.PROPOSED:
        states.move(books.session, LINE, [line.id], LineState.PROPOSED, act=books.act)
        books.session.refresh(line)
    return proposal


def full(invoice: Invoice) -> Reading:
    """The reading that the whole of an invoice was paid by its customer."""
    return Reading(invoice.customer_id, (pays(invoice),))
