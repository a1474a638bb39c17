"""duecourse batch: draft direct debits into a file, look at what speaks against it, approve, release, fetch it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from exporters import debit_batches, pre_flight, stored_files
from exporters.pre_flight import Finding, Severity
from gateway.api.debit_batches import BatchOut, shown
from gateway.commands.acting import do as _do
from gateway.commands.output import AsJson, amount, out, print_json, table
from gateway.roles import Permission
from ledger import creditors
from ledger.acts import Act
from ledger.database import among
from mandates import batches
from mandates.models import Batch, Debit, Scheme

app = typer.Typer(
    no_args_is_help=True,
    help="Batches of direct debits. Set DUECOURSE_API_KEY to your own key: one drafts, another approves and releases.",
)
BatchId = Annotated[str, typer.Argument(help="Its id: bat_...", metavar="BATCH")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit trail.")]


def _show(batch: BatchOut, *, as_json: bool, done: str | None = None) -> None:
    if as_json:
        print_json(batch.model_dump(mode="json"))
        return
    persons = "one person alone may send it" if batch.one_person else "two persons"
    facts = [
        ("state", batch.state), ("scheme", batch.scheme), ("debits", batch.debit_count),
        ("sum", amount(batch.total_minor, batch.currency)), ("upload before", _local(batch.upload_before)),
        ("persons", persons), ("drafted by", batch.drafted_by), ("edited by", batch.edited_by or "-"),
        ("approved by", batch.approved_by or "-"), ("released by", batch.released_by or "-"),
        ("file", batch.file.name if batch.file else "-"), ("SHA-256", batch.file.sha256 if batch.file else "-"),
    ]  # fmt: skip
    table(f"Batch {batch.id}" + (f", {done}" if done else ""), ["", ""], facts)
    blocks = [
        (
            one.collect_on,
            one.sequence_type,
            one.debit_count,
            amount(one.total_minor),
            one.payment_information_id,
        )
        for one in batch.blocks
    ]
    table("Payment blocks", ["collected on", "sequence", "debits", "sum", "PmtInfId"], blocks, numbers=(2, 3))


def _local(instant: datetime | None) -> str:
    return "-" if instant is None else instant.strftime("%Y-%m-%d %H:%M UTC")


@app.command()
def draft(
    creditor: Annotated[str | None, typer.Option(help="Its id, where there are several.")] = None,
    scheme: Annotated[Scheme, typer.Option(case_sensitive=False)] = Scheme.CORE,
    collect_until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    account: Annotated[str | None, typer.Option(help="Id of the bank account to collect into.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put the scheduled debits of one scheme into a batch with its file. Example: duecourse batch draft --scheme B2B"""

    def work(session: Session, act: Act) -> tuple[BatchOut, list[Finding]]:
        owner = creditors.only_one(session, creditor)
        batch, _ = debit_batches.draft(
            session, creditor_id=owner.id, scheme=scheme, bank_account_id=account, act=act,
            collect_until=None if collect_until is None else collect_until.date(),
        )  # fmt: skip
        return shown(session, batch), pre_flight.examine(session, batch, act=act)

    batch, found = _do(Permission.SETTLE, work)
    _show(batch, as_json=as_json, done="drafted")
    if not as_json:
        _show_findings(found)


@app.command("list")
def list_batches(as_json: AsJson = False) -> None:
    """The newest batches. Example: duecourse batch list"""

    def work(session: Session, act: Act) -> list[BatchOut]:
        newest = session.scalars(select(Batch).order_by(Batch.id.desc()).limit(50))
        return [shown(session, batch) for batch in newest]

    found = _do(Permission.READ, work)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [
        (one.id, one.state, one.scheme, one.debit_count, amount(one.total_minor), _local(one.upload_before))
        for one in found
    ]
    table("Batches", ["id", "state", "scheme", "debits", "sum", "upload before"], rows, numbers=(3, 4))


@app.command()
def show(batch_id: BatchId, as_json: AsJson = False) -> None:
    """A batch, its blocks and its file. Example: duecourse batch show bat_01jz3q5v9yfk2a8m4t6w7x1c0d"""
    batch = _do(Permission.READ, lambda session, act: shown(session, batches.get(session, batch_id)))
    _show(batch, as_json=as_json)


@app.command()
def findings(batch_id: BatchId, as_json: AsJson = False) -> None:
    """What a bank would refuse, what is above a limit, what looks like a mistake; exit 1 for an error.

    Example: duecourse batch findings bat_01jz3q5v9yfk2a8m4t6w7x1c0d
    """

    def work(session: Session, act: Act) -> list[tuple[Finding, str | None]]:
        found = pre_flight.examine(session, batches.get(session, batch_id), act=act)
        asked = {one.debit_id for one in found if one.debit_id}
        rows = session.execute(select(Debit.id, Debit.end_to_end_id).where(among(Debit.id, asked)))
        names = {row[0]: row[1] for row in rows}
        return [(one, names.get(one.debit_id or "")) for one in found]

    found = _do(Permission.READ, work)
    if as_json:
        print_json([{**_as_json(one), "end_to_end_id": name} for one, name in found])
    else:
        _show_findings([one for one, _ in found], {one.debit_id: name for one, name in found})
    if any(one.severity is Severity.ERROR for one, _ in found):
        raise typer.Exit(1)


def _as_json(one: Finding) -> dict[str, str | None]:
    return {
        "rule": one.rule, "severity": str(one.severity), "message": one.message, "debit_id": one.debit_id,
        "before": one.before, "after": one.after,
    }  # fmt: skip


def _show_findings(found: list[Finding], names: dict[str | None, str | None] | None = None) -> None:
    if not found:
        out.print("Nothing speaks against this batch.")
        return
    rows = [
        (
            one.severity, one.rule, (names or {}).get(one.debit_id) or one.debit_id or "the whole batch",
            one.message if one.after is None else f"{one.message} {one.before} -> {one.after}",
        )
        for one in found
    ]  # fmt: skip
    table("Findings", ["severity", "rule", "debit", "what and why"], rows)


@app.command("take-out")
def take_out(
    batch_id: BatchId,
    debit_ids: Annotated[list[str], typer.Argument(help="Debits that leave: deb_...", metavar="DEBIT...")],
    reason: Why,
    as_json: AsJson = False,
) -> None:
    """Take debits out of a batch: its approval is void, its file is replaced, and you can no longer approve it.

    Example: duecourse batch take-out bat_01jz3q5v9yfk2a8m4t6w7x1c0d deb_01jz3q5v9yfk2a8m4t6w7x1c0e --reason "disputed"
    """
    batch = _do(
        Permission.SETTLE,
        lambda session, act: shown(
            session, debit_batches.take_out(session, batch_id, debit_ids, reason=reason, act=act)[0]
        ),
    )
    _show(batch, as_json=as_json, done="edited")


@app.command()
def approve(
    batch_id: BatchId,
    sha256: Annotated[str | None, typer.Option(help="The hash of the file you looked at.")] = None,
    total: Annotated[
        int | None, typer.Option(help="The total in cents, asked for where a file is unusually large.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Agree to a batch that somebody else drafted. Example: duecourse batch approve bat_01jz3q5v9yfk2a8m4t6w7x1c0d"""
    batch = _do(
        Permission.SETTLE,
        lambda session, act: shown(
            session,
            debit_batches.approve(session, batch_id, sha256=sha256, confirmed_total_minor=total, act=act),
        ),
    )
    _show(batch, as_json=as_json, done="approved")


@app.command()
def release(batch_id: BatchId, as_json: AsJson = False) -> None:
    """Let a batch go, once. Example: duecourse batch release bat_01jz3q5v9yfk2a8m4t6w7x1c0d"""
    batch = _do(
        Permission.SETTLE,
        lambda session, act: shown(session, debit_batches.release(session, batch_id, act=act)[0]),
    )
    _show(batch, as_json=as_json, done="released")


@app.command()
def discard(batch_id: BatchId, reason: Why, as_json: AsJson = False) -> None:
    """Give up a batch that was not released; its debits are scheduled again.

    Example: duecourse batch discard bat_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "wrong day"
    """
    batch = _do(
        Permission.SETTLE,
        lambda session, act: shown(session, batches.discard(session, batch_id, reason=reason, act=act)),
    )
    _show(batch, as_json=as_json, done="discarded")


@app.command("not-taken")
def not_taken(batch_id: BatchId, reason: Why, as_json: AsJson = False) -> None:
    """Say that the bank never took a released file: what still waits is cancelled and can be collected again.

    Example: duecourse batch not-taken bat_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "the upload had failed"
    """
    batch = _do(
        Permission.SETTLE,
        lambda session, act: shown(
            session, debit_batches.not_taken(session, batch_id, reason=reason, act=act)
        ),
    )
    _show(batch, as_json=as_json, done="given up")


@app.command()
def file(
    batch_id: BatchId, to: Annotated[Path, typer.Option("--out", help="Folder to write it to.")] = Path()
) -> None:
    """Write the pain.008 of a released batch, hashed again; the download is written down.

    Example: duecourse batch file bat_01jz3q5v9yfk2a8m4t6w7x1c0d --out to-the-bank
    """

    def work(session: Session, act: Act) -> tuple[str, bytes, str]:
        stored = stored_files.download(session, stored_files.of_batch(session, batch_id).id, act=act)
        return stored.name, stored.content, stored.sha256

    name, content, sha256 = _do(Permission.SETTLE, work)
    to.mkdir(parents=True, exist_ok=True)
    (to / name).write_bytes(content)
    out.print(f"{to / name}\nSHA-256 {sha256}", soft_wrap=True)
