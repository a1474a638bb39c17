"""duecourse report cash-at-risk | reason-codes: what could come back, and what follows when it does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from credit_control import cash_at_risk
from gateway.api import reason_codes as told_codes
from gateway.api import reports as told
from gateway.commands.output import AsJson, amount, house, out, print_json, table
from ledger import creditors
from mandates import reason_policies

app = typer.Typer(no_args_is_help=True, help="Figures about what is collected.")

Creditor = Annotated[str | None, typer.Option("--creditor-id", help="Only this creditor.")]


@app.command("cash-at-risk")
def cash_at_risk_report(
    creditor_id: Creditor = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Today or a later day.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show collected money that could still come back, by the last day on which it could and by scheme.

    Example: duecourse report cash-at-risk
    """
    with house() as runtime:
        today = runtime.act("command line").today
        day = as_of.date() if as_of is not None else None
        found = runtime.run(
            lambda session: cash_at_risk.report(session, today=today, as_of=day, creditor_id=creditor_id)
        )
    if as_json:
        print_json(told.shown(found).model_dump(mode="json"))
        return
    rows: list[tuple[object, ...]] = [
        (one.reversible_until, one.scheme, one.at_risk.count, amount(one.at_risk.amount_minor, "EUR"))
        for one in found.days
    ]
    rows.append(("in all", "", found.total.count, amount(found.total.amount_minor, "EUR")))
    table(f"Cash at risk on {found.as_of}", ["until", "scheme", "debits", "amount"], rows, numbers=(2, 3))
    out.print(
        f"Beyond it, {found.unauthorised.count} debits of {amount(found.unauthorised.amount_minor, 'EUR')} are final, "
        f"and younger than the {cash_at_risk.UNAUTHORISED_MONTHS} months for claims without a mandate."
    )


def reason_codes(creditor_id: Creditor = None, as_json: AsJson = False) -> None:
    """Show what follows from each reason for which a debit fails; a creditor's own choices are marked with *.

    Example: duecourse reason-codes
    """
    with house() as runtime:
        rules = runtime.run(lambda session: reason_policies.rules(session, _known(session, creditor_id)))
    if as_json:
        print_json([told_codes.shown(rule).model_dump(mode="json") for rule in rules])
        return
    rows = [
        (
            rule.row.code,
            rule.row.meaning,
            f"{rule.step}{' *' if rule.chosen else ''}",
            ", ".join(rule.row.used_in),
        )
        for rule in rules
    ]
    table("Reason codes", ["code", "meaning", "step", "used in"], rows)


def _known(session: Session, creditor_id: str | None) -> str | None:
    return None if creditor_id is None else creditors.get(session, creditor_id).id
