"""duecourse line list | show | suggest, and what a person decides about a line: confirm, split, mark, refund."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from sqlalchemy.orm import Session

from gateway.api import line_decisions as decisions
from gateway.api import open_items as items
from gateway.api import proposals, statements
from gateway.api.line_decisions import (
    CustomerIn,
    LineRefundIn,
    MarkIn,
    SplitIn,
    SplitShareIn,
    TransferIn,
)
from gateway.api.paging import Cursor
from gateway.api.proposals import ProposalOut
from gateway.api.shapes import Reason
from gateway.api.statements import LineInList, LineWithMatch
from gateway.commands.acting import do
from gateway.commands.lines import LineId, Why
from gateway.commands.lines import app as app
from gateway.commands.output import AsJson, amount, notes, print_json, table
from gateway.roles import Permission
from ledger.acts import Act
from ledger.models import AllocationKind
from reconciliation import open_items, worklist
from reconciliation import proposals as proposed

CustomerId = Annotated[str, typer.Option("--customer", help="Whose money it is: cus_...")]
ProposalId = Annotated[str, typer.Argument(help="Its id: prp_...", metavar="PROPOSAL")]
OptionalWhy = Annotated[str | None, typer.Option("--reason", help="Why; it is kept with the line.")]
Shares = Annotated[list[str] | None, typer.Option(help="INVOICE=CENTS; may be repeated.")]


@app.command("list")
def list_lines(
    state: Annotated[str, typer.Option(help="waiting, or one state of lines.")] = "waiting",
    account: Annotated[str | None, typer.Option(help="Of one bank account: bac_...")] = None,
    customer: Annotated[str | None, typer.Option(help="Of one customer: cus_...")] = None,
    text: Annotated[str | None, typer.Option("-q", "--text", help="What the line says.")] = None,
    least: Annotated[int | None, typer.Option(help="In cents, signed.")] = None,
    most: Annotated[int | None, typer.Option(help="In cents, signed.")] = None,
    first_on: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    last_on: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"])] = None,
    order: Annotated[str, typer.Option(help="age, -age, amount, -amount or id.")] = "age",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """What waits for a person, each line with its best proposal or the reason why there is none.

    Example: duecourse line list --order=-amount --text Muster
    """
    if state not in statements.WANTED_STATES:
        raise typer.BadParameter(f"It is one of {', '.join(statements.WANTED_STATES)}.", param_hint="--state")
    if order not in statements.LINE_ORDERS:
        raise typer.BadParameter(f"It is one of {', '.join(statements.LINE_ORDERS)}.", param_hint="--order")

    def work(session: Session, act: Act) -> list[LineInList]:
        return statements.list_lines(
            session, act, Cursor(limit=limit, after=None), state=state, bank_account_id=account,  # type: ignore[arg-type]
            least_minor=least, most_minor=most, first_on=_day(first_on), last_on=_day(last_on), q=text,
            customer_id=customer, order=order, expand="proposals",  # type: ignore[arg-type]
        ).data  # fmt: skip

    found = do(Permission.READ, work)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    table(
        f"{len(found)} lines", ["line", "booked on", "amount", "from", "says", "state", "proposed, or why it waits"],
        [
            (
                one.id, one.booked_on, amount(one.amount_minor, one.currency), one.counterparty_name or "",
                one.remittance or "", one.state, _best(one),
            )
            for one in found
        ],
        numbers=[2],
    )  # fmt: skip


@app.command()
def show(line_id: LineId, as_json: AsJson = False) -> None:
    """A line, what it became, and every proposal with what speaks for and against it.

    Example: duecourse line show lin_01jz3q5v9yfk2a8m4t6w7x1c0d
    """
    _tell(do(Permission.READ, lambda session, act: statements.shown_line(session, line_id)), as_json=as_json)


@app.command()
def suggest(
    line_id: LineId,
    text: Annotated[
        str | None, typer.Option("-q", "--text", help="A name or number, instead of who stands on the line.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What is open of whoever the line may come from: invoices and credit notes with due days and discounts.

    Example: duecourse line suggest lin_01jz3q5v9yfk2a8m4t6w7x1c0d
    """

    def work(session: Session, act: Act) -> list[items.OpenItemOut]:
        line = worklist.get_line(session, line_id)
        said = text or line.counterparty_name
        found = [] if not said else open_items.meant(session, said, limit=200)
        return [items.out(one) for one in found]

    found = do(Permission.READ, work)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    table(
        f"{len(found)} open", ["id", "number", "customer", "open", "due on", "discount"],
        [
            (
                one.id, one.number, f"{one.customer_name} ({one.customer_id})", amount(one.open_minor, one.currency),
                one.due_on or "", _discount(one),
            )
            for one in found
        ],
        numbers=[3],
    )  # fmt: skip


@app.command()
def confirm(proposal_id: ProposalId, as_json: AsJson = False) -> None:
    """Do what a proposal says. Example: duecourse line confirm prp_01jz3q5v9yfk2a8m4t6w7x1c0d"""
    _decide_on(proposal_id, lambda session, act: proposals.confirm(proposal_id, session, act), as_json)


@app.command()
def reject(proposal_id: ProposalId, reason: Why, as_json: AsJson = False) -> None:
    """Say that a proposal is wrong; the same is never proposed for its line again.

    Example: duecourse line reject prp_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "another customer of that name"
    """
    body = Reason(reason=reason)
    _decide_on(proposal_id, lambda session, act: proposals.reject(proposal_id, body, session, act), as_json)


@app.command()
def split(
    line_id: LineId,
    customer: CustomerId,
    pay: Shares = None,
    credit_note: Annotated[
        list[str] | None, typer.Option(help="CREDIT_NOTE:INVOICE=CENTS; may be repeated.")
    ] = None,
    discount: Shares = None,
    fee: Annotated[
        list[str] | None, typer.Option(help="A bank's fee that we bear: INVOICE=CENTS; may be repeated.")
    ] = None,
    write_off: Annotated[
        list[str] | None, typer.Option(help="INVOICE=CENTS, with --reason; may be repeated.")
    ] = None,
    on_account: Annotated[int, typer.Option(help="In cents: what no invoice gets.")] = 0,
    reason: OptionalWhy = None,
    as_json: AsJson = False,
) -> None:
    """Share a line out over invoices. What is paid and what stays on account are exactly its amount.

    Example: duecourse line split lin_01... --customer cus_01... --pay inv_01...=9800 --discount inv_01...=200
    """
    wish = _meant(
        lambda: SplitIn(
            customer_id=customer, on_account_minor=on_account,
            shares=[
                *_shares(pay, AllocationKind.PAYMENT), *_noted(credit_note),
                *_shares(discount, AllocationKind.DISCOUNT, reason), *_shares(fee, AllocationKind.FEE, reason),
                *_shares(write_off, AllocationKind.WRITE_OFF, reason),
            ],
        )
    )  # fmt: skip
    _decide(lambda session, act: decisions.split(line_id, wish, session, act), as_json)


@app.command("on-account")
def on_account(line_id: LineId, customer: CustomerId, as_json: AsJson = False) -> None:
    """Make a line a payment of a customer that no invoice gets anything of.

    Example: duecourse line on-account lin_01jz3q5v9yfk2a8m4t6w7x1c0d --customer cus_01...
    """
    wish = _meant(lambda: CustomerIn(customer_id=customer))
    _decide(lambda session, act: decisions.put_on_account(line_id, wish, session, act), as_json)


@app.command()
def assign(line_id: LineId, customer: CustomerId, as_json: AsJson = False) -> None:
    """Say whose money a line is: its payer is remembered, and it is looked at again within that customer.

    Example: duecourse line assign lin_01jz3q5v9yfk2a8m4t6w7x1c0d --customer cus_01...
    """
    wish = _meant(lambda: CustomerIn(customer_id=customer))
    _decide(lambda session, act: decisions.assign(line_id, wish, session, act), as_json)


@app.command()
def ignore(line_id: LineId, reason: Why, as_json: AsJson = False) -> None:
    """Set a line aside; its money stays in suspense. `line undo` takes that back.

    Example: duecourse line ignore lin_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "a test of the bank"
    """
    wish = _meant(lambda: Reason(reason=reason))
    _decide(lambda session, act: decisions.ignore(line_id, wish, session, act), as_json)


@app.command()
def transfer(
    line_id: LineId,
    other: Annotated[str | None, typer.Option(help="The line that is its other leg: lin_...")] = None,
    reason: OptionalWhy = None,
    as_json: AsJson = False,
) -> None:
    """Say that a line is a transfer between our own accounts.

    Example: duecourse line transfer lin_01jz3q5v9yfk2a8m4t6w7x1c0d --other lin_01...
    """
    wish = _meant(lambda: TransferIn(other_line_id=other, reason=reason))
    _decide(lambda session, act: decisions.mark_transfer(line_id, wish, session, act), as_json)


@app.command()
def mark(
    line_id: LineId,
    kind: Annotated[str, typer.Option(help="fee, interest, payout, tax, salary or other.")],
    reason: OptionalWhy = None,
    as_json: AsJson = False,
) -> None:
    """Say what a line is that no customer paid.

    Example: duecourse line mark lin_01jz3q5v9yfk2a8m4t6w7x1c0d --kind fee
    """
    wish = _meant(lambda: MarkIn.model_validate({"kind": kind, "reason": reason}))
    _decide(lambda session, act: decisions.mark(line_id, wish, session, act), as_json)


@app.command()
def refund(
    line_id: LineId,
    reason: Why,
    customer: Annotated[str | None, typer.Option(help="Whose money it is, where that is known.")] = None,
    payee_name: Annotated[str | None, typer.Option(help="Else it goes to whom it came from.")] = None,
    payee_iban: Annotated[str | None, typer.Option()] = None,
    payee_bic: Annotated[str | None, typer.Option(help="Outside the EEA.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a line a payment, all of which goes back; `payback draft` puts the refund into a file.

    Example: duecourse line refund lin_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "not for us"
    """
    wish = _meant(
        lambda: LineRefundIn(
            reason=reason, customer_id=customer, payee_name=payee_name, payee_iban=payee_iban,
            payee_bic=payee_bic,
        )
    )  # fmt: skip
    _decide(lambda session, act: decisions.refund(line_id, wish, session, act), as_json)


def _decide(work: Callable[[Session, Act], LineWithMatch], as_json: bool) -> None:
    _tell(do(Permission.SETTLE, work), as_json=as_json)


def _decide_on(proposal_id: str, work: Callable[[Session, Act], ProposalOut], as_json: bool) -> None:
    def whole(session: Session, act: Act) -> LineWithMatch:
        work(session, act)
        return statements.shown_line(session, proposed.get(session, proposal_id).line_id)

    _decide(whole, as_json)


def _meant(make: Callable[[], Any]) -> Any:
    """What was typed, if it can be meant at all; what cannot is misuse."""
    try:
        return make()
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        raise typer.BadParameter(f"{place}: {said}" if place else said) from None


def _shares(words: list[str] | None, kind: AllocationKind, reason: str | None = None) -> list[SplitShareIn]:
    return [
        SplitShareIn(invoice_id=invoice_id, kind=kind, amount_minor=minor, reason=reason)
        for invoice_id, minor in map(_pair, words or ())
    ]


def _noted(words: list[str] | None) -> list[SplitShareIn]:
    pairs = [(*source.partition(":")[::2], minor) for source, minor in map(_pair, words or ())]
    return [
        SplitShareIn(
            invoice_id=invoice_id, kind=AllocationKind.CREDIT_NOTE, amount_minor=minor, credit_note_id=note_id
        )
        for note_id, invoice_id, minor in pairs
    ]


def _pair(word: str) -> tuple[str, int]:
    name, equals, minor = word.partition("=")
    if not equals or not minor.isascii() or not minor.isdecimal():
        raise typer.BadParameter(f"Write {word!r} as INVOICE=CENTS.")
    return name, int(minor)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _best(line: LineInList) -> str:
    if not line.proposals:
        return line.waiting_because or ""
    best = line.proposals[0]
    more = len(line.proposals) - 1
    others = f"\nand {more} more" if more else ""
    return f"{best.id}: {_reads(best)}{others}"


def _reads(one: ProposalOut) -> str:
    """A proposal in one line: who, which invoices with how much, and what stays on account."""
    shares = [
        f"{share.invoice_number or share.invoice_id} {amount(share.amount_minor, one.currency)}"
        + ("" if share.kind == AllocationKind.PAYMENT else f" ({share.kind.replace('_', ' ')})")
        for share in one.shares
    ]
    rest = [f"on account {amount(one.on_account_minor, one.currency)}"] if one.on_account_minor else []
    return f"{one.customer_name or 'nobody'}: {', '.join([*shares, *rest]) or one.payment_id}"


def _discount(one: items.OpenItemOut) -> str:
    if one.discount is None:
        return ""
    return f"{amount(one.discount.amount_minor, one.currency)} until {one.discount.last_on}"


def _tell(line: LineWithMatch, *, as_json: bool) -> None:
    if as_json:
        print_json(line.model_dump(mode="json"))
        return
    facts = {
        "state": line.state, "booked on": line.booked_on, "amount": amount(line.amount_minor, line.currency),
        "from": line.counterparty_name or "", "says": line.remittance or "",
        "waits because": line.waiting_because or "", "held by": line.held_by or "",
    }  # fmt: skip
    table(f"Line {line.id}", ["", ""], [fact for fact in facts.items() if fact[1] != ""])
    if line.match is not None:
        notes([(f"{line.match.rule}, by {line.match.decided_by}", line.match.evidence)])
    if line.allocations:
        rows = [
            (one.invoice_id, one.kind, amount(one.amount_minor, one.currency)) for one in line.allocations
        ]
        table("What it closes", ["invoice", "kind", "amount"], rows, numbers=[2])
    notes([(f"{one.rank}. {one.id}, {one.state}: {_reads(one)}", _said(one)) for one in line.proposals])


def _said(one: ProposalOut) -> Sequence[str]:
    return [
        *(f"+ {sentence}" for sentence in one.supports),
        *(f"- {sentence}" for sentence in one.contradicts),
        *(f"! {sentence}" for sentence in one.obstacles),
    ]
