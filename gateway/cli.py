"""The command line `duecourse`: every command is wired here."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer
from sqlalchemy.exc import InterfaceError, OperationalError

from gateway.commands import (
    bank,
    batches,
    business,
    debits,
    demo,
    exports,
    line_decisions,
    line_rules,
    matching_terms,
    memories,
    notices,
    paybacks,
    payments,
    reports,
    running,
    setting_up,
    statements,
)
from ledger.errors import DuecourseError

app = typer.Typer(
    name="duecourse",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Self-hosted banking and payments gateway: mandates, pain.008, bank statements, matching, collection.",
)
app.command("demo")(demo.demo)
for command in (
    running.serve,
    running.worker,
    running.migrate,
    running.doctor,
    business.verify,
    business.match,
):
    app.command(command.__name__)(command)
app.command("reason-codes")(reports.reason_codes)
app.add_typer(statements.app, name="statement")
app.add_typer(line_decisions.app, name="line")
app.add_typer(memories.app, name="memory")
app.add_typer(business.invoice, name="invoice")
app.add_typer(business.pain008, name="pain008")
app.add_typer(debits.app, name="debit")
app.add_typer(batches.app, name="batch")
app.add_typer(line_rules.app, name="rule")
app.add_typer(notices.app, name="notice")
app.add_typer(paybacks.app, name="payback")
setting_up.terms.add_typer(matching_terms.app, name="matching")
app.add_typer(setting_up.terms, name="terms")
app.add_typer(setting_up.account, name="account")
app.add_typer(setting_up.mandate, name="mandate")
app.add_typer(payments.app, name="payment")
app.add_typer(payments.allocation, name="allocation")
app.add_typer(reports.app, name="report")
app.add_typer(exports.app, name="export")
app.add_typer(bank.app, name="bank")
app.add_typer(running.api_key, name="api-key")


def main() -> None:
    """Run a command: exit 0 done, 1 refused with one clear line on standard error, 2 misuse."""
    try:
        app()
    except DuecourseError as refusal:
        _refuse(refusal.message)
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
    except (OperationalError, InterfaceError):
        _refuse("The database does not answer any more. What was not reported as done was not done.")


def _refuse(why: str) -> NoReturn:
    sys.stderr.write(f"duecourse: {' '.join(why.split())}\n")
    sys.exit(1)
