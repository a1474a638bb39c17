"""duecourse rule: lines that are no customer's payment, and what they are."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.commands.acting import do
from gateway.commands.output import AsJson, amount, notes, print_json, table
from gateway.roles import Permission
from ledger import creditors, outbox
from ledger.acts import Act
from reconciliation import matching
from reconciliation.line_rules import conditions, trying, writing
from reconciliation.line_rules.conditions import Field
from reconciliation.line_rules.kinds import Becomes
from reconciliation.line_rules.trying import Trial
from reconciliation.line_rules.writing import Draft
from reconciliation.models import LineRule

app = typer.Typer(
    no_args_is_help=True,
    help="Lines that are no customer's payment: fees, payouts, taxes. Set DUECOURSE_API_KEY to your own key.",
)
Owner = Annotated[str | None, typer.Option("--creditor", help="Its id, where there are several.")]
Kind = Annotated[Becomes, typer.Option(help="What the lines are.")]
Conditions = Annotated[
    list[str],
    typer.Option(
        "--if",
        metavar="FIELD:HOW:VALUE",
        help="As text:contains:Entgelt, transaction_code:begins:PMNT/MCOP or amount:between:100..500:EUR.",
    ),
]
Priority = Annotated[int, typer.Option(help="The smallest is asked first.")]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    becomes: Kind,
    if_: Conditions,
    priority: Priority = 100,
    creditor: Owner = None,
    as_json: AsJson = False,
) -> None:
    """Write a rule; all of its conditions must hold. Try it first with: duecourse rule try

    Example: duecourse rule add "Bank fees" --becomes fee --if text:begins:Entgelt --if direction:equals:out
    """
    draft = Draft(name=name, becomes=becomes, priority=priority, conditions=[_condition(one) for one in if_])

    def work(session: Session, act: Act) -> dict[str, Any]:
        owner = creditors.only_one(session, creditor).id
        written = _facts(writing.write(session, creditor_id=owner, draft=draft, act=act))
        outbox.defer(session, matching.JOB, lock=matching.JOB)
        return written

    _show([do(Permission.SETTLE, work)], as_json, one=True)


@app.command("list")
def list_rules(
    creditor: Owner = None,
    revoked: Annotated[bool, typer.Option(help="Revoked ones, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """The rules in the order in which they are asked. Example: duecourse rule list"""

    def work(session: Session, _: Act) -> list[dict[str, Any]]:
        owner = creditors.only_one(session, creditor).id
        query = select(LineRule).where(LineRule.creditor_id == owner)
        if not revoked:
            query = query.where(LineRule.revoked_at.is_(None))
        rules = session.scalars(query.order_by(LineRule.priority, LineRule.id))
        return [_facts(rule) for rule in rules]

    _show(do(Permission.READ, work), as_json)


@app.command("revoke")
def revoke(
    rule_id: Annotated[str, typer.Argument(help="Its id: rul_...", metavar="RULE")],
    reason: Annotated[str, typer.Option(help="Why it decides nothing more.")],
    as_json: AsJson = False,
) -> None:
    """Let a rule decide nothing more; what it decided stays.

    Example: duecourse rule revoke rul_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "the bank changed its texts"
    """
    rule = do(
        Permission.SETTLE,
        lambda session, act: _facts(writing.revoke(session, rule_id, reason=reason, act=act)),
    )
    _show([rule], as_json, one=True)


@app.command("try")
def try_out(
    becomes: Kind,
    if_: Conditions,
    days: Annotated[int, typer.Option(help="Of how many days the lines are asked.")] = 90,
    creditor: Owner = None,
    as_json: AsJson = False,
) -> None:
    """Which lines of the last days a rule would have taken; nothing is written.

    Example: duecourse rule try --becomes payout --if "counterparty_name:contains:Card Payments" --days 30
    """
    draft = Draft(name="tried", becomes=becomes, conditions=[_condition(one) for one in if_])
    trial = do(
        Permission.SETTLE,
        lambda session, act: trying.try_out(
            session, creditor_id=creditors.only_one(session, creditor).id, draft=draft, days=days, act=act
        ),
    )
    if as_json:
        print_json(asdict(trial))
    else:
        _show_trial(trial)


def _condition(said: str) -> dict[str, Any]:
    """FIELD:HOW:VALUE as the JSON object of a condition; an amount is LOW..HIGH:CURRENCY, each bound may be missing."""
    field, _, rest = said.partition(":")
    how, _, value = rest.partition(":")
    if field != Field.AMOUNT:
        return {"field": field, "how": how, "value": value}
    bounds, _, currency = value.partition(":")
    low, dots, high = bounds.partition("..")
    return {
        "field": field, "how": how, "from_minor": _bound(low), "to_minor": _bound(high if dots else low),
        "currency": currency,
    }  # fmt: skip


def _bound(text: str) -> int | str | None:
    """A whole number, nothing, or the text as it is, which is then refused as any other that is no number."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text


def _facts(rule: LineRule) -> dict[str, Any]:
    return {
        "id": rule.id, "name": rule.name, "priority": rule.priority, "becomes": rule.becomes,
        "conditions": rule.conditions, "written_by": rule.written_by, "revoked_at": rule.revoked_at,
        "revoked_by": rule.revoked_by,
    }  # fmt: skip


def _show(rules: list[dict[str, Any]], as_json: bool, *, one: bool = False) -> None:
    if as_json:
        print_json(rules[0] if one else rules)
        return
    table(
        "Rules",
        ["", "name", "priority", "becomes", ""],
        [
            (
                rule["id"],
                rule["name"],
                rule["priority"],
                rule["becomes"],
                "revoked" if rule["revoked_by"] else "",
            )
            for rule in rules
        ],
        numbers=[2],
    )
    notes((str(rule["name"]), conditions.sentences(conditions.read(rule["conditions"]))) for rule in rules)


def _show_trial(trial: Trial) -> None:
    sums = ", ".join(amount(minor, currency) for currency, minor in sorted(trial.sums.items()))
    facts = {
        "lines since": trial.since.isoformat(), "looked at": trial.looked_at, "it takes": trial.count, "of": sums,
        "that wait today": trial.waiting, "that are explained otherwise": trial.explained_otherwise,
    }  # fmt: skip
    table("It would have taken", ["", ""], facts.items())
    for title, lines in (("Lines", trial.lines), ("Explained otherwise today", trial.otherwise)):
        if lines:
            rows = [
                (
                    one.line_id,
                    one.booked_on,
                    amount(one.amount_minor, one.currency),
                    one.state,
                    one.matched_by or "",
                )
                for one in lines
            ]
            table(title, ["", "booked on", "amount", "state", "matched by"], rows, numbers=[2])
