"""duecourse debit: collect what is due, see what failed, try again, give up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from credit_control import collecting, follow_ups
from gateway.commands.acting import do
from gateway.commands.output import AsJson, amount, print_json, table
from gateway.roles import Permission
from ledger import creditors
from ledger.acts import Act
from mandates import debits, effects
from mandates.models import Debit
from mandates.reason_codes import NextStep, look_up
from mandates.states import DebitState

app = typer.Typer(
    no_args_is_help=True, help="Direct debits of invoices. Set DUECOURSE_API_KEY to your own key."
)
DebitId = Annotated[str, typer.Argument(help="Its id: deb_...", metavar="DEBIT")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit trail.")]


@app.command()
def due(
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Invoices due by this day.")],
    creditor: Annotated[str | None, typer.Option(help="Its id, where there are several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Schedule a debit for each due invoice that may be collected; the others are told with their reason.

    Example: duecourse debit due --until 2026-12-01
    """

    def work(session: Session, act: Act) -> collecting.CollectingReport:
        owner = creditors.only_one(session, creditor)
        return collecting.collect_due(session, creditor_id=owner.id, due_until=until.date(), act=act)

    done = do(Permission.SELL, work)
    if as_json:
        print_json({"scheduled": len(done.debit_ids), "debit_ids": done.debit_ids, "refused": done.refused})
        return
    table(f"{len(done.debit_ids)} debits scheduled", ["not collected", "because"], done.refused.items())


@app.command("list")
def list_debits(
    state: Annotated[DebitState | None, typer.Option(help="Only those in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """The newest debits, with what failed ones wait for. Example: duecourse debit list --state rejected"""

    def work(session: Session, act: Act) -> list[dict[str, Any]]:
        query = select(Debit).order_by(Debit.id.desc()).limit(100)
        found = session.scalars(query if state is None else query.where(Debit.state == state))
        return [_facts(one) for one in found]

    found = do(Permission.READ, work)
    if as_json:
        print_json(found)
        return
    rows = [
        (one["end_to_end_id"], one["state"], amount(one["amount_minor"]), one["collect_on"],
         one["reason_code"] or "", _follows(one))
        for one in found
    ]  # fmt: skip
    table(
        "Debits",
        ["EndToEndId", "state", "amount", "collected on", "reason", "what follows"],
        rows,
        numbers=(2,),
    )


@app.command()
def retry(debit_id: DebitId, reason: Why, as_json: AsJson = False) -> None:
    """Have a failed debit tried again, whatever its reason code says.

    Example: duecourse debit retry deb_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "the customer called"
    """
    made = do(
        Permission.SELL,
        lambda session, act: _facts(follow_ups.retry(session, debit_id, because=reason, act=act)),
    )
    _show(made, as_json)


@app.command()
def cancel(debit_id: DebitId, reason: Why, as_json: AsJson = False) -> None:
    """Give up a scheduled debit; its invoice can be collected otherwise.

    Example: duecourse debit cancel deb_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "paid by card"
    """
    gone = do(
        Permission.SELL, lambda session, act: _facts(debits.cancel(session, debit_id, reason=reason, act=act))
    )
    _show(gone, as_json)


def _follows(one: dict[str, Any]) -> str:
    """What was done about a failed debit, or what it waits for; why another day than wished for, otherwise."""
    if one["next_step"] is None:
        return one["moved_because"] or ""
    return one["followed_up"] or effects.of(look_up(one["reason_code"]), NextStep(one["next_step"])).debit


def _show(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
    else:
        table("Debit", ["", ""], [(name.replace("_", " "), value) for name, value in facts.items() if value])


def _facts(debit: Debit) -> dict[str, Any]:
    return {
        "id": debit.id, "end_to_end_id": debit.end_to_end_id, "state": debit.state,
        "amount_minor": debit.amount_minor, "currency": debit.currency, "collect_on": str(debit.collect_on),
        "invoice_id": debit.invoice_id, "mandate_id": debit.mandate_id, "reason_code": debit.reason_code,
        "next_step": debit.next_step, "followed_up": debit.followed_up, "moved_because": debit.moved_because,
    }  # fmt: skip
