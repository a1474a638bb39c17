"""duecourse payback: draft refunds or reversals into a file, see what speaks against it, approve, release, fetch."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from exporters import payback_findings, paybacks, stored_files
from exporters.payback_findings import Finding
from gateway.api.paybacks import PaybackIn, PaybackOut, draft_payback_batch, shown
from gateway.commands.acting import do
from gateway.commands.output import AsJson, amount, out, print_json, table
from gateway.roles import Permission
from ledger.acts import Act
from ledger.refunds import Payee
from mandates import paybacks as batches
from mandates.payback_models import PaybackBatch, PaybackKind, ReversalReason
from reconciliation import refund_orders

app = typer.Typer(
    no_args_is_help=True,
    help="Money that goes back. Set DUECOURSE_API_KEY to your own key: one drafts, another approves and releases.",
)
PaybackId = Annotated[str, typer.Argument(help="Its id: pbk_...", metavar="PAYBACK")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit trail.")]


@app.command("refund")
def request_refund(
    payment_id: Annotated[str, typer.Argument(help="Whose money goes back: pay_...", metavar="PAYMENT")],
    amount_minor: Annotated[int, typer.Option("--amount", help="In cents, of what no invoice has.")],
    reason: Why,
    payee_name: Annotated[str | None, typer.Option(help="Else it goes to whom it came from.")] = None,
    payee_iban: Annotated[str | None, typer.Option()] = None,
    payee_bic: Annotated[str | None, typer.Option(help="Outside the EEA.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set money of a payment aside that goes back; `payback draft` puts it into a file.

    Example: duecourse payback refund pay_01jz3q5v9yfk2a8m4t6w7x1c0d --amount 1250 --reason "paid twice"
    """
    if (payee_name is None) != (payee_iban is None) or (payee_bic is not None and payee_iban is None):
        raise typer.BadParameter("A payee has a name and an IBAN.", param_hint="--payee-name")
    named = payee_name is not None and payee_iban is not None
    payee = Payee.parse(name=payee_name or "", iban=payee_iban or "", bic=payee_bic) if named else None

    def work(session: Session, act: Act) -> dict[str, object]:
        made = refund_orders.request(
            session, payment_id=payment_id, amount_minor=amount_minor, reason=reason, payee=payee, act=act
        )
        return {
            "id": made.id,
            "state": made.state,
            "amount_minor": made.amount_minor,
            "currency": made.currency,
        }

    facts = do(Permission.SETTLE, work)
    if as_json:
        print_json(facts)
    else:
        table("Refund", ["", ""], [(name.replace("_", " "), value) for name, value in facts.items()])


@app.command()
def draft(
    refund: Annotated[
        list[str] | None, typer.Option(help="A refund to transfer: ref_...; may be repeated.")
    ] = None,
    debit: Annotated[
        list[str] | None, typer.Option(help="A debit to reverse: deb_...; may be repeated.")
    ] = None,
    batch: Annotated[str | None, typer.Option(help="A whole batch of debits to reverse: bat_...")] = None,
    because: Annotated[
        ReversalReason | None,
        typer.Option(help="Of reversals: AM05 a duplicate, MS02 our own wish, MS03 the bank's."),
    ] = None,
    execute_on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    account: Annotated[str | None, typer.Option(help="Id of the bank account that refunds leave.")] = None,
    accept_provisional: Annotated[
        bool, typer.Option("--accept-provisional", help="Refund what the bank may still take back.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put refunds, or reversals of debits, into a batch with its file.

    Example: duecourse payback draft --debit deb_01jz3q5v9yfk2a8m4t6w7x1c0d --because AM05
    """
    if bool(refund) == bool(debit or batch):
        raise typer.BadParameter("Name refunds, or debits, or one batch of debits.")
    try:
        wish = PaybackIn(
            kind=PaybackKind.REFUNDS if refund else PaybackKind.REVERSALS, refund_ids=refund or [],
            debit_ids=debit or [], batch_id=batch, reason=because, bank_account_id=account,
            execute_on=None if execute_on is None else execute_on.date(), accept_provisional=accept_provisional,
        )  # fmt: skip
    except ValueError as fault:
        raise typer.BadParameter(_first(fault)) from None

    def work(session: Session, act: Act) -> tuple[PaybackOut, list[Finding]]:
        made = draft_payback_batch(wish, session, act)
        return made, payback_findings.examine(session, batches.get(session, made.id), act=act)

    made, found = do(Permission.SETTLE, work)
    _show(made, as_json=as_json, done="drafted")
    if not as_json:
        _show_findings(found)


@app.command("list")
def list_paybacks(as_json: AsJson = False) -> None:
    """The newest payback batches. Example: duecourse payback list"""

    def work(session: Session, act: Act) -> list[PaybackOut]:
        newest = session.scalars(select(PaybackBatch).order_by(PaybackBatch.id.desc()).limit(50))
        return [shown(session, one) for one in newest]

    found = do(Permission.READ, work)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [(one.id, one.state, one.kind, one.part_count, amount(one.total_minor)) for one in found]
    table("Payback batches", ["id", "state", "kind", "parts", "sum"], rows, numbers=(3, 4))


@app.command()
def show(payback_id: PaybackId, as_json: AsJson = False) -> None:
    """A payback batch, its file and what speaks against it.

    Example: duecourse payback show pbk_01jz3q5v9yfk2a8m4t6w7x1c0d
    """

    def work(session: Session, act: Act) -> tuple[PaybackOut, list[Finding]]:
        payback = batches.get(session, payback_id)
        return shown(session, payback), payback_findings.examine(session, payback, act=act)

    payback, found = do(Permission.READ, work)
    _show(payback, as_json=as_json)
    if not as_json:
        _show_findings(found)


@app.command()
def findings(payback_id: PaybackId, as_json: AsJson = False) -> None:
    """Money that would go twice, or nowhere; exit 1 for an error.

    Example: duecourse payback findings pbk_01jz3q5v9yfk2a8m4t6w7x1c0d
    """
    found = do(
        Permission.READ,
        lambda session, act: payback_findings.examine(session, batches.get(session, payback_id), act=act),
    )
    if as_json:
        print_json(
            [
                {"rule": one.rule, "severity": str(one.severity), "object_id": one.object_id, "message": one.message}
                for one in found
            ]
        )  # fmt: skip
    else:
        _show_findings(found)
    if any(one.severity == payback_findings.Severity.ERROR for one in found):
        raise typer.Exit(1)


@app.command()
def approve(payback_id: PaybackId, as_json: AsJson = False) -> None:
    """Agree to a payback batch that somebody else drafted.

    Example: duecourse payback approve pbk_01jz3q5v9yfk2a8m4t6w7x1c0d
    """
    payback = do(
        Permission.SETTLE,
        lambda session, act: shown(session, paybacks.approve(session, payback_id, act=act)),
    )
    _show(payback, as_json=as_json, done="approved")


@app.command()
def release(payback_id: PaybackId, as_json: AsJson = False) -> None:
    """Let a payback batch go, once. Example: duecourse payback release pbk_01jz3q5v9yfk2a8m4t6w7x1c0d"""
    payback = do(
        Permission.SETTLE,
        lambda session, act: shown(session, paybacks.release(session, payback_id, act=act)[0]),
    )
    _show(payback, as_json=as_json, done="released")


@app.command()
def discard(payback_id: PaybackId, reason: Why, as_json: AsJson = False) -> None:
    """Give up a payback batch that was not released; what it holds can be drafted again.

    Example: duecourse payback discard pbk_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "wrong day"
    """
    payback = do(
        Permission.SETTLE,
        lambda session, act: shown(session, paybacks.discard(session, payback_id, reason=reason, act=act)),
    )
    _show(payback, as_json=as_json, done="discarded")


@app.command("not-taken")
def not_taken(payback_id: PaybackId, reason: Why, as_json: AsJson = False) -> None:
    """Say that the bank never took a released file: what of it still waits is given up.

    Example: duecourse payback not-taken pbk_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "the upload had failed"
    """
    payback = do(
        Permission.SETTLE,
        lambda session, act: shown(session, paybacks.not_taken(session, payback_id, reason=reason, act=act)),
    )
    _show(payback, as_json=as_json, done="given up")


@app.command()
def file(
    payback_id: PaybackId, to: Annotated[Path, typer.Option("--out", help="Folder to write it to.")] = Path()
) -> None:
    """Write the file of a released payback batch, hashed again; the download is written down.

    Example: duecourse payback file pbk_01jz3q5v9yfk2a8m4t6w7x1c0d --out to-the-bank
    """

    def work(session: Session, act: Act) -> tuple[str, bytes, str]:
        stored = stored_files.download(session, stored_files.of_payback(session, payback_id).id, act=act)
        return stored.name, stored.content, stored.sha256

    name, content, sha256 = do(Permission.SETTLE, work)
    to.mkdir(parents=True, exist_ok=True)
    (to / name).write_bytes(content)
    out.print(f"{to / name}\nSHA-256 {sha256}", soft_wrap=True)


def _show(payback: PaybackOut, *, as_json: bool, done: str | None = None) -> None:
    if as_json:
        print_json(payback.model_dump(mode="json"))
        return
    persons = "one person alone may send it" if payback.one_person else "two persons"
    facts = [
        ("state", payback.state), ("kind", payback.kind), ("parts", payback.part_count),
        ("sum", amount(payback.total_minor, payback.currency)), ("executed on", payback.execute_on or "-"),
        ("reverses batch", payback.batch_id or "-"), ("persons", persons), ("drafted by", payback.drafted_by),
        ("approved by", payback.approved_by or "-"), ("released by", payback.released_by or "-"),
        ("file", payback.file.name if payback.file else "-"),
        ("SHA-256", payback.file.sha256 if payback.file else "-"),
    ]  # fmt: skip
    table(f"Payback batch {payback.id}" + (f", {done}" if done else ""), ["", ""], facts)


def _show_findings(found: list[Finding]) -> None:
    if not found:
        out.print("Nothing speaks against this batch.")
        return
    rows = [(one.severity, one.rule, one.object_id or "the whole batch", one.message) for one in found]
    table("Findings", ["severity", "rule", "about", "what and why"], rows)


def _first(fault: ValueError) -> str:
    """The first sentence of what a wish lacks."""
    told = getattr(fault, "errors", lambda: [{"msg": str(fault)}])()
    return str(told[0]["msg"]).removeprefix("Value error, ")
