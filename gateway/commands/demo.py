"""duecourse demo: a believable company goes through the main job, and the server stays up for a look around."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from credit_control.cash_at_risk import CashAtRisk
from gateway import logs, settings, verifying
from gateway.commands.business import show_findings
from gateway.commands.fresh_folder import fresh
from gateway.commands.output import amount, out, table
from gateway.commands.running import run_server
from gateway.runtime import open_runtime
from gateway.sandbox import demo as story
from gateway.sandbox.demo import CameBack, DemoReport
from mandates.models import Scheme

MARK = ".duecourse-demo"
DEFAULT_FOLDER = Path("duecourse-demo")


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after printing what happened.")] = False,
    port: Annotated[int, typer.Option(help="Port of the server afterwards.")] = 8000,
    directory: Annotated[Path, typer.Option("--dir", help="Where database and files go.")] = DEFAULT_FOLDER,
    seed: Annotated[int, typer.Option(help="Another company, another month.")] = 1,
) -> None:
    """Run an invented company through the main job against the bank simulator, print what happened, then serve.

    Example: duecourse demo --no-serve
    """
    begun = time.monotonic()
    folder = fresh(directory.absolute(), mark=MARK)
    chosen = settings.load(database_url=None, data_dir=folder / "data", host="127.0.0.1", port=port)
    logs.set_up("warning")
    with open_runtime(chosen) as runtime:
        report = story.run(
            runtime,
            today=runtime.act("demo").today,
            seed=seed,
            folder=folder,
            say=lambda line: out.print(f"· {line}"),
        )
        findings = verifying.verify(runtime)
    _show(report)
    show_findings(findings)
    _show_paths(report, folder)
    out.print(f"Done in {time.monotonic() - begun:.0f} seconds.\n")
    if not all(finding.holds for finding in findings):
        raise typer.Exit(1)
    if not no_serve:
        run_server(chosen)


def _show(report: DemoReport) -> None:
    out.print()
    table(
        "Direct debits sent",
        ["file", "scheme", "debits", "sum", "state"],
        [
            (message, scheme, count, amount(total), state)
            for message, scheme, count, total, state in report.batches
        ],
        numbers=(2, 3),
    )
    _show_what_failed(report)
    matched, waiting = report.matching.by_rule, report.matching.waiting
    table(
        f"{report.lines} statement lines: {matched.total()} matched, {waiting.total()} waiting for a person",
        ["what became of them", "lines"],
        [
            *((_RULES.get(rule, rule), count) for rule, count in matched.most_common()),
            *((f"waiting: {why}", count) for why, count in _grouped(waiting)),
        ],
        numbers=(1,),
    )
    out.print(
        f"Against the simulator's own knowledge: {report.right} transfers matched rightly, {report.wrong} wrongly. "
        f"Importing every statement again brought {report.repeated} new lines.\n"
    )
    table(
        "Invoices by collection status",
        ["status", "invoices", "open"],
        [(status, count, amount(open_minor)) for status, count, open_minor in report.statuses],
        numbers=(1, 2),
    )


def _show_what_failed(report: DemoReport) -> None:
    """Each kind of failure once, with what followed; the first three are those the story is about."""
    kinds: dict[tuple[str, str], list[CameBack]] = {}
    for one in report.came_back:
        kinds.setdefault((one.state, one.reason_code), []).append(one)
    table(
        f"{len(report.came_back)} debits failed, and what followed by itself",
        ["debits", "what happened", "reason", "what was done", "then"],
        [
            (
                len(some),
                some[0].state,
                f"{some[0].reason_code} {some[0].meaning}",
                _done(some[0]),
                _then(some),
            )
            for some in kinds.values()
        ],
        numbers=(0,),
    )
    risk = report.at_risk
    if risk is not None:
        table(
            "Collected money that could still come back",
            ["scheme", "debits", "sum", "the last of it until"],
            [
                (scheme, total.count, amount(total.amount_minor), _last_day(risk, scheme))
                for scheme, total in risk.by_scheme.items()
            ],
            numbers=(1, 2),
        )


def _done(one: CameBack) -> str:
    """What was done about a debit, without the id of the next one."""
    return " ".join("another debit." if word.startswith("deb_") else word for word in one.followed_up.split())


def _then(some: list[CameBack]) -> str:
    """How the second tries stand, and how many mandates have ended or rest."""
    tries = Counter(one.then for one in some if one.then is not None)
    mandates = Counter(one.mandate for one in some if one.mandate != "active")
    said = [f"second try {state}: {count}" for state, count in sorted(tries.items())]
    return (
        "; ".join([*said, *(f"mandate {state}: {count}" for state, count in sorted(mandates.items()))]) or "-"
    )


def _last_day(risk: CashAtRisk, scheme: Scheme) -> str:
    days = [one.reversible_until for one in risk.days if one.scheme == scheme]
    return max(days).isoformat() if days else "-"


_RULES = {
    "payment_block": "lump credit of one of our payment blocks",
    "own_end_to_end_id": "credit with the EndToEndId of our debit",
    "returned_debit": "returned debit, invoice open again",
    "own_refund": "refund of ours leaving the account",
    "own_transfer": "transfer between own accounts, both legs",
    "written_rule": "met a rule that treasury wrote",
    "bank_charge": "the bank's fee or interest, by its code",
    "invoice_number": "transfer that names its invoices and pays them exactly",
    "invoice_number_of_payer": "number written otherwise, from a known payer",
    "loose_number": "number without its prefix or in pieces, exact amount",
    "structured_reference": "structured reference of an invoice",
    "near_number": "number with a slip, from a known payer, exact amount",
    "part_payment": "part of a named invoice, from a known payer",
    "overpayment": "more than is open; the rest stays on account",
    "paid_already": "paid twice; the second stays on account",
    "account_and_amount": "no number; account known, one invoice of just the amount",
    "account_and_sum": "no number; account known, the only set that fits",
    "name_and_amount": "no number; name known, one invoice of just the amount",
    "customer_named": "customer number or name in the text, exact amount",
    "less_discount": "named invoice less its discount in time",
    "less_credit_note": "named invoice less a credit note",
    "less_bank_charge": "named invoice less a bank's charge from abroad",
}


def _grouped(waiting: dict[str, int]) -> list[tuple[str, int]]:
    """Reasons that differ only in the invoice they name are counted together."""
    groups: dict[str, int] = {}
    for why, count in waiting.items():
        words = [word if not any(c.isdigit() for c in word) else "…" for word in why.split()]
        sentence = " ".join(words)
        groups[sentence] = groups.get(sentence, 0) + count
    return sorted(groups.items(), key=lambda group: -group[1])


def _show_paths(report: DemoReport, folder: Path) -> None:
    sent = [path for path in report.files if path.parent.name == "pain.008"]
    answers = [path for path in report.files if path.parent.name == "bank"]
    for title, paths in (("pain.008 files", sent), ("bank files", answers)):
        out.print(f"{title}:", style="bold")
        for path in paths:
            out.print(f"  {path}", soft_wrap=True)
    if report.keys is not None:
        out.print("API keys:", style="bold")
        out.print(f"  {report.keys}", soft_wrap=True)
    out.print(f"The books: DUECOURSE_DATA_DIR={folder / 'data'} duecourse verify", soft_wrap=True)
