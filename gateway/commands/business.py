"""duecourse invoice import | match | pain008 check | verify: the daily work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exporters.pain008.characters import LATIN, UnknownCharacters
from exporters.pain008.characters import by_name as characters_by_name
from exporters.pain008.check import check
from exporters.pain008.profiles import UnknownProfile
from gateway import clock, invoice_import, jobs, verifying
from gateway.commands.output import AsJson, amount, house, out, print_json, table
from ledger.verify import Finding

invoice = typer.Typer(no_args_is_help=True, help="Invoices of the ERP.")
pain008 = typer.Typer(no_args_is_help=True, help="Direct-debit files.")


@invoice.command("import")
def import_invoices(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], as_json: AsJson = False
) -> None:
    """Take in invoices from CSV or JSON Lines; rows with a total below zero are credit notes.

    Good rows are kept, bad ones reported with line and reason. Example: duecourse invoice import invoices.csv
    """
    content = file.read_bytes()
    with house() as runtime:
        act = runtime.act("command line")
        report = runtime.run(
            lambda session: invoice_import.import_rows(session, invoice_import.rows_of(content), act=act)
        )
    counts = {"created": report.created, "unchanged": report.unchanged, "refused": report.refused}
    if as_json:
        rows = [outcome.as_json() for outcome in report.outcomes]
        print_json({**counts, "unknown_columns": sorted(report.unknown_columns), "rows": rows})
    else:
        table("Invoices", ["outcome", "rows"], counts.items(), numbers=(1,))
        for name in sorted(report.unknown_columns):
            out.print(f"The column {name!r} is not known and was not read.")
        refused = [
            (one.row, one.refusal.field or "", one.refusal.message) for one in report.outcomes if one.refusal
        ]
        if refused:
            table("Refused", ["line", "field", "reason"], refused, numbers=(0,))
    if report.refused:
        raise typer.Exit(1)


def match(as_json: AsJson = False) -> None:
    """Match every statement line that still waits. Example: duecourse match"""
    with house() as runtime:
        done = jobs.match_everything(runtime, actor="command line")
    if as_json:
        print_json(
            {"looked_at": done.looked_at, "matched": dict(done.by_rule), "waiting": dict(done.waiting)}
        )
        return
    rows = [*done.by_rule.most_common(), *((f"waiting: {why}", n) for why, n in done.waiting.most_common())]
    table(f"{done.looked_at} lines looked at", ["explained by", "lines"], rows, numbers=(1,))


@pain008.command("check")
def check_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    profile: Annotated[str | None, typer.Option(help="Check against this profile.")] = None,
    characters: Annotated[
        str, typer.Option(help="What the bank takes: latin, german or french.")
    ] = LATIN.name,
    as_json: AsJson = False,
) -> None:
    """Say what a bank would refuse in any pain.008 file: schema and rules, with place and plain reason.

    Example: duecourse pain008 check collection.xml
    """
    try:
        taken = characters_by_name(characters)
        report = check(file, profile=profile, characters=taken, today=clock.now().date())
    except UnknownProfile as misuse:
        raise typer.BadParameter(misuse.message, param_hint="--profile") from None
    except UnknownCharacters as misuse:
        raise typer.BadParameter(misuse.message, param_hint="--characters") from None
    if as_json:
        print_json(report.as_json(str(file)))
    else:
        verdict = "would be accepted" if report.accepted else "would be refused"
        out.print(
            f"{file}: {report.version or 'no known version'}, {report.transactions} transactions, {verdict}."
        )
        rows = [
            (one.severity, one.rule, one.path, one.transaction or "", one.message) for one in report.findings
        ]
        if rows:
            table("Findings", ["severity", "rule", "path", "transaction", "reason"], rows)
    if not report.accepted:
        raise typer.Exit(1)


def verify(as_json: AsJson = False) -> None:
    """Prove every invariant of the books; exit 1 on a breach. Example: duecourse verify"""
    with house() as runtime:
        findings = verifying.verify(runtime)
    if as_json:
        print_json([verifying.as_json(finding) for finding in findings])
    else:
        show_findings(findings)
    if not all(finding.holds for finding in findings):
        raise typer.Exit(1)


def show_findings(findings: list[Finding]) -> None:
    """Every invariant with its figure; a breach is not to be overlooked."""
    rows = [
        ("holds" if one.holds else f"BROKEN {one.breaches}x", one.invariant.sentence, figure_of(one))
        for one in findings
    ]
    broken = sum(not one.holds for one in findings)
    title = (
        f"{len(findings)} invariants, {broken} broken" if broken else f"{len(findings)} invariants, all hold"
    )
    table(title, ["", "what always holds", "figure"], rows, numbers=(2,))


def figure_of(finding: Finding) -> str:
    """A figure with its unit; sums of money in euro style."""
    unit = finding.invariant.unit
    if unit.startswith("minor units"):
        return (
            f"{amount(finding.figure, 'EUR').removesuffix(' EUR')} {unit.removeprefix('minor units').strip()}"
        )
    return f"{finding.figure:,} {unit}".replace(",", " ")
