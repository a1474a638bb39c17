"""duecourse terms matching: what makes a match certain for a creditor, set and tried out."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from sqlalchemy.orm import Session

from gateway.api import matching_terms as told
from gateway.commands.acting import do
from gateway.commands.output import AsJson, amount, out, print_json, table
from gateway.roles import Permission
from ledger import creditors
from ledger.acts import Act
from reconciliation.transfers import dry_runs, terms
from reconciliation.transfers.certainty import Row, Terms, UnreadableTerms
from reconciliation.transfers.dry_runs import Change, Decided, DryRun

app = typer.Typer(
    no_args_is_help=True, help="What makes a match certain. Set DUECOURSE_API_KEY to your own key."
)
Owner = Annotated[str | None, typer.Option("--creditor", help="Its id, where there are several.")]
Table = Annotated[
    str | None,
    typer.Argument(metavar="[FILE]", help="The whole table as `show --json` prints it; - reads it here."),
]
Charge = Annotated[int | None, typer.Option(help="A bank's charge that is borne by us, in cents.")]
Grace = Annotated[int | None, typer.Option(help="Days that a discount counts longer than agreed.")]
Wait = Annotated[list[str], typer.Option(help="A row whose readings wait for a person; repeat it.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of the booking; else last month.")]
Apply = Annotated[list[str], typer.Option(help="A row whose readings are applied; repeat it.")]


@app.command("show")
def show(creditor: Owner = None, as_json: AsJson = False) -> None:
    """The table in force. Example: duecourse terms matching show"""

    def work(session: Session, act: Act) -> Terms:
        return terms.of(session, creditors.only_one(session, creditor).id)

    _print(do(Permission.READ, work), as_json)


@app.command("set")
def set_table(
    file: Table = None,
    creditor: Owner = None,
    charge: Charge = None,
    grace_days: Grace = None,
    wait: Wait = [],  # noqa: B006 - typer reads the default and never changes it
    apply: Apply = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Put another table in force from the next run on; without FILE only what is named changes.

    Example: duecourse terms matching set --grace-days 3 --wait account_and_sum
    """

    def work(session: Session, act: Act) -> Terms:
        owner = creditors.only_one(session, creditor).id
        wanted = _wanted(terms.of(session, owner), file, charge, grace_days, wait, apply)
        return terms.replace(session, owner, wanted, act=act)

    _print(do(Permission.SET_UP, work), as_json)


@app.command("dry-run")
def try_table(
    file: Table = None,
    creditor: Owner = None,
    charge: Charge = None,
    grace_days: Grace = None,
    wait: Wait = [],  # noqa: B006
    apply: Apply = [],  # noqa: B006
    since: Day = None,
    until: Day = None,
    as_json: AsJson = False,
) -> None:
    """What another table would have decided otherwise last month, and why; nothing is written.

    Example: duecourse terms matching dry-run --wait account_and_sum --since 2026-10-01
    """

    def work(session: Session, act: Act) -> DryRun:
        owner = creditors.only_one(session, creditor).id
        wanted = _wanted(terms.of(session, owner), file, charge, grace_days, wait, apply)
        first, last = dry_runs.last_month(act.today)
        return dry_runs.dry_run(
            session, owner, wanted,
            since=first if since is None else since.date(), until=last if until is None else until.date(),
        )  # fmt: skip

    run = do(Permission.READ, work)
    if as_json:
        print_json(told.tried(run).model_dump(mode="json"))
    else:
        _print_run(run)


@app.command("history")
def show_history(creditor: Owner = None, as_json: AsJson = False) -> None:
    """Every table that was set, by whom and when, and what it changed. Example: duecourse terms matching history"""

    def work(session: Session, act: Act) -> list[dict[str, Any]]:
        found, before = [], Terms()
        for row in session.scalars(terms.history(creditors.only_one(session, creditor).id).order_by("id")):
            after = Terms.from_json(row.content)
            changed = terms.changes(before, after)
            found.append(
                {"id": row.id, "set_at": row.set_at.isoformat(), "set_by": row.set_by, "changed": changed}
            )
            before = after
        return found

    found = do(Permission.READ, work)
    if as_json:
        print_json(found)
        return
    rows = [(one["set_at"][:16].replace("T", " "), one["set_by"], _listed(one["changed"])) for one in found]
    table("Tables that were set", ["when (UTC)", "by", "changed"], rows)


def _wanted(
    now: Terms, file: str | None, charge: int | None, grace: int | None, wait: list[str], apply: list[str]
) -> Terms:
    """The table that a command asks for. Raises UnreadableTerms."""
    found = now if file is None else _read(file)
    unknown = sorted({*wait, *apply} - found.by_name.keys())
    if unknown:
        raise UnreadableTerms(f"The table has no row {unknown[0][:60]!r}.", field="rows")
    return replace(
        found,
        charge_minor=found.charge_minor if charge is None else charge,
        grace_days=found.grace_days if grace is None else grace,
        rows=tuple(_switched(row, wait, apply) for row in found.rows),
    )


def _switched(row: Row, wait: list[str], apply: list[str]) -> Row:
    if row.name in wait or row.name in apply:
        return replace(row, applied=row.name in apply)
    return row


def _read(file: str) -> Terms:
    text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    try:
        return told.TermsShape.model_validate_json(text).read()
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise UnreadableTerms(f"{file} is no table of certainty: {where}: {first['msg']}") from None


def _print(found: Terms, as_json: bool) -> None:
    if as_json:
        print_json(found.to_json())
        return
    rows = [
        (
            row.name, row.grade, "\n".join(" or ".join(sorted(group)) for group in row.needs),
            ", ".join(sorted(row.despite)), "applied" if row.applied else "waits",
        )
        for row in found.rows
    ]  # fmt: skip
    table(
        "What makes a match certain", ["row", "grade", "needs each of", "despite", "then"], rows, numbers=[1]
    )
    tolerated = [("bank's charge up to", amount(found.charge_minor)), ("days of grace", found.grace_days)]
    table("What is tolerated", ["", ""], tolerated)


def _print_run(run: DryRun) -> None:
    looked_at = f"{run.matched_lines} matched and {run.waiting_lines} waiting credits"
    out.print(f"{looked_at} from {run.since} to {run.until}; nothing was written.")
    if not run.differences:
        out.print("None of them would be decided otherwise.")
        return
    said = {
        Change.APPLIED: "would be applied",
        Change.WAITS: "would wait",
        Change.OTHERWISE: "read otherwise",
    }
    out.print(", ".join(f"{run.count(change)} {words}" for change, words in said.items()) + ".")
    rows = [
        (
            one.line_id, one.booked_on, amount(one.amount_minor, one.currency), _said(one.before), _said(one.after),
            " ".join(one.after.because),
        )
        for one in run.differences
    ]  # fmt: skip
    table("Decided otherwise", ["line", "booked", "amount", "now", "then", "because"], rows, numbers=[2])


def _said(one: Decided) -> str:
    return "waits" if one.applied is None else f"applied by {one.row}"


def _listed(changed: dict[str, Any]) -> str:
    """What a table changed, as a person reads it."""
    return "; ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in changed.items())


def _value(value: Any) -> str:
    if value is True:
        return "yes"
    return " to ".join(map(str, value)) if all(isinstance(one, int) for one in value) else ", ".join(value)
