"""duecourse terms | account | mandate: how a creditor collects, when its bank takes files, what a mandate says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from gateway.commands.acting import acting, do
from gateway.commands.output import AsJson, amount, house, print_json, table
from gateway.roles import Permission
from ledger import collecting_accounts, creditors, cut_offs
from ledger.acts import Act
from ledger.models import BankAccount
from mandates import amending, reason_policies, suspending
from mandates import terms as agreed
from mandates.amending import Changes
from mandates.models import AnnouncedBy, Mandate
from mandates.reason_codes import NextStep
from mandates.terms import Terms

_KEY = "Set DUECOURSE_API_KEY to your own key."
terms = typer.Typer(no_args_is_help=True, help=f"How a creditor collects. {_KEY}")
account = typer.Typer(no_args_is_help=True, help=f"Until when a bank takes files, and how far ahead. {_KEY}")
mandate = typer.Typer(no_args_is_help=True, help=f"Mandates. {_KEY}")
Owner = Annotated[str | None, typer.Option("--creditor", help="Its id, where there are several.")]


@terms.command("show")
def show_terms(creditor: Owner = None, as_json: AsJson = False) -> None:
    """The terms of a creditor. Example: duecourse terms show"""
    with house() as runtime:
        acting(runtime, Permission.READ)
        with runtime.sessions() as session:
            found = agreed.of(session, creditors.only_one(session, creditor).id)
    _print_terms(found, as_json)


@terms.command("set")
def set_terms(
    creditor: Owner = None,
    announced_by: Annotated[AnnouncedBy | None, typer.Option(help="Who tells customers of a debit.")] = None,
    notice_days: Annotated[int | None, typer.Option(help="Calendar days between notice and debit.")] = None,
    not_before_due: Annotated[bool | None, typer.Option(help="Collect nothing before it is due.")] = None,
    largest_debit: Annotated[
        int | None, typer.Option(help="Limit of one debit in cents, 0 for none.")
    ] = None,
    largest_debtor_day: Annotated[int | None, typer.Option(help="Of a customer and day, 0 for none.")] = None,
    largest_file: Annotated[int | None, typer.Option(help="Of one file, 0 for none.")] = None,
    two_persons: Annotated[
        bool | None, typer.Option(help="Without it one person may send a batch alone; every batch says so.")
    ] = None,
    most_retries: Annotated[int | None, typer.Option(help="How often a debit is tried again.")] = None,
    retry_after_days: Annotated[int | None, typer.Option(help="Calendar days until then.")] = None,
    most_failures: Annotated[int | None, typer.Option(help="In a row, then the mandate rests.")] = None,
    charge_return_fee: Annotated[bool | None, typer.Option(help="Bill the bank's fee.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change terms; what is not named stays. Example: duecourse terms set --notice-days 5 --largest-file 50000000"""
    wanted: dict[str, Any] = {
        "announced_by": announced_by, "notice_days": notice_days, "not_before_due": not_before_due,
        "two_persons": two_persons, "most_retries": most_retries, "retry_after_days": retry_after_days,
        "most_failures": most_failures, "charge_return_fee": charge_return_fee,
    }  # fmt: skip
    wanted = {name: value for name, value in wanted.items() if value is not None}
    limits = zip(agreed.LIMITS, (largest_debit, largest_debtor_day, largest_file), strict=True)
    wanted |= {name: value or None for name, value in limits if value is not None}
    with house() as runtime:
        act = acting(runtime, Permission.SET_UP)
        changed = runtime.run(
            lambda session: agreed.change(
                session, creditors.only_one(session, creditor).id, act=act, **wanted
            )
        )
    _print_terms(changed, as_json)


def _print_terms(found: Terms, as_json: bool) -> None:
    values = asdict(found)
    if as_json:
        print_json({**values, "announced_by": str(found.announced_by)})
        return
    rows = [
        (name.replace("_minor", "").replace("_", " "), _term(name, value)) for name, value in values.items()
    ]
    table("Terms", ["", ""], rows)


def _term(name: str, value: Any) -> str:
    if name in agreed.LIMITS:
        return "no limit" if value is None else amount(value)
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


@terms.command("reason-code")
def set_reason_code(
    code: Annotated[str, typer.Argument(help="As AM04.")],
    step: Annotated[
        NextStep | None, typer.Option(help="What follows; without it, what follows as usual.")
    ] = None,
    creditor: Owner = None,
    as_json: AsJson = False,
) -> None:
    """Choose what follows when debits of a creditor fail with a code, or take that choice back.

    Example: duecourse terms reason-code MS03 --step stop
    """

    def work(session: Session, act: Act) -> reason_policies.Rule:
        owner = creditors.only_one(session, creditor).id
        if step is None:
            return reason_policies.forget(session, owner, code, act=act)
        return reason_policies.choose(session, owner, code, step, act=act)

    rule = do(Permission.SET_UP, work)
    facts = {
        "code": rule.row.code,
        "meaning": rule.row.meaning,
        "step": str(rule.step),
        "chosen": rule.chosen,
    }
    if as_json:
        print_json(facts)
    else:
        table("Reason code", ["", ""], facts.items())


@account.command("dates")
def show_dates(
    bank_account_id: Annotated[str, typer.Argument(help="Its id: bac_...", metavar="ACCOUNT")],
    as_json: AsJson = False,
) -> None:
    """The earliest and latest collection date of a file that is uploaded now.

    Example: duecourse account dates bac_01jz3q5v9yfk2a8m4t6w7x1c0d
    """
    with house() as runtime:
        act = acting(runtime, Permission.READ)
        with runtime.sessions() as session:
            cut_off = cut_offs.of(creditors.get_bank_account(session, bank_account_id))
    first = cut_offs.earliest(cut_off, act.at)
    facts = {
        "earliest": first.isoformat(), "latest": cut_offs.latest(cut_off, act.at).isoformat(),
        "upload_before": cut_offs.upload_before(cut_off, first).isoformat(),
    }  # fmt: skip
    if as_json:
        print_json(facts)
    else:
        table("Collection dates", ["", ""], [(name.replace("_", " "), day) for name, day in facts.items()])


@account.command("set")
def set_account(
    bank_account_id: Annotated[str, typer.Argument(help="Its id: bac_...", metavar="ACCOUNT")],
    batch_booking: Annotated[
        bool | None, typer.Option(help="One lump a block, or one credit a debit.")
    ] = None,
    cut_off_time: Annotated[datetime | None, typer.Option(formats=["%H:%M"], help="As 14:00.")] = None,
    cut_off_zone: Annotated[str | None, typer.Option(help="As Europe/Berlin.")] = None,
    cut_off_days: Annotated[int | None, typer.Option(help="T2 days the bank needs besides.")] = None,
    days_ahead: Annotated[int | None, typer.Option(help="Calendar days ahead it takes a collection.")] = None,
    file_profile: Annotated[str | None, typer.Option(help="pain.008.001.08 or .02.")] = None,
    character_profile: Annotated[str | None, typer.Option(help="latin, german or french.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change how direct debits go to the bank of an account; what is not named stays.

    Example: duecourse account set bac_01jz3q5v9yfk2a8m4t6w7x1c0d --cut-off-time 10:30
    """
    wanted: dict[str, Any] = {
        "batch_booking": batch_booking, "cut_off_zone": cut_off_zone, "cut_off_days": cut_off_days,
        "cut_off_time": None if cut_off_time is None else cut_off_time.time(), "days_ahead": days_ahead,
        "file_profile": file_profile, "character_profile": character_profile,
    }  # fmt: skip
    wanted = {name: value for name, value in wanted.items() if value is not None}
    with house() as runtime:
        act = acting(runtime, Permission.SET_UP)
        facts = runtime.run(
            lambda session: _facts(
                collecting_accounts.change(
                    session, creditors.get_bank_account(session, bank_account_id), act=act, **wanted
                )
            )
        )
    if as_json:
        print_json(facts)
    else:
        table(
            "Direct debits into this account", ["", ""], [(n.replace("_", " "), v) for n, v in facts.items()]
        )


def _facts(changed: BankAccount) -> dict[str, object]:
    return {
        "batch_booking": changed.batch_booking, "cut_off_time": changed.cut_off_time.strftime("%H:%M"),
        "cut_off_zone": changed.cut_off_zone, "cut_off_days": changed.cut_off_days,
        "days_ahead": changed.days_ahead, "file_profile": changed.file_profile,
        "character_profile": changed.character_profile,
    }  # fmt: skip


@mandate.command("amend")
def amend(
    mandate_id: Annotated[str, typer.Argument(help="Its id: mnd_...", metavar="MANDATE")],
    reason: Annotated[str, typer.Option(help="How the customer asked for it, and when.")],
    iban: Annotated[str | None, typer.Option(help="The customer's new account.")] = None,
    bic: Annotated[str | None, typer.Option(help="Its BIC, outside the EEA.")] = None,
    reference: Annotated[str | None, typer.Option(help="Another mandate reference.")] = None,
    debtor_name: Annotated[str | None, typer.Option(help="Another name of the debtor.")] = None,
    confirmed_by_bank: Annotated[bool, typer.Option(help="B2B: the bank knows the new account.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change a mandate as its customer asked; the next file tells the customer's bank.

    Example: duecourse mandate amend mnd_01jz3q5v9yfk2a8m4t6w7x1c0d --iban DE02120300000000202051 --reason "letter"
    """
    changes = Changes(
        iban=iban, bic=bic, reference=reference, debtor_name=debtor_name, confirmed_by_bank=confirmed_by_bank
    )
    with house() as runtime:
        act = acting(runtime, Permission.SELL)
        facts = runtime.run(
            lambda session: _amended(amending.amend(session, mandate_id, changes, reason=reason, act=act))
        )
    if as_json:
        print_json(facts)
    else:
        table("Mandate", ["", ""], facts.items())


@mandate.command("suspend")
def suspend(
    mandate_id: Annotated[str, typer.Argument(help="Its id: mnd_...", metavar="MANDATE")],
    reason: Annotated[str, typer.Option(help="Why it must not be used.")],
    as_json: AsJson = False,
) -> None:
    """Let a mandate rest: what is scheduled on it is cancelled, and nothing new is drawn until it is resumed.

    Example: duecourse mandate suspend mnd_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "asked for by telephone"
    """
    _move(suspending.suspend, mandate_id, reason, as_json)


@mandate.command("resume")
def resume(
    mandate_id: Annotated[str, typer.Argument(help="Its id: mnd_...", metavar="MANDATE")],
    reason: Annotated[str, typer.Option(help="Why it may be used again.")],
    as_json: AsJson = False,
) -> None:
    """Let a suspended mandate be used again; its failures in a row are forgotten.

    Example: duecourse mandate resume mnd_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "the account is free again"
    """
    _move(suspending.resume, mandate_id, reason, as_json)


def _move(move: Callable[..., Mandate], mandate_id: str, reason: str, as_json: bool) -> None:
    with house() as runtime:
        act = acting(runtime, Permission.SELL)
        facts = runtime.run(lambda session: _amended(move(session, mandate_id, reason=reason, act=act)))
    if as_json:
        print_json(facts)
    else:
        table("Mandate", ["", ""], facts.items())


def _amended(changed: Mandate) -> dict[str, object]:
    return {
        "id": changed.id,
        "state": changed.state,
        "reference": changed.reference,
        "version": changed.version,
    }
