"""duecourse statement inspect | import: read bank statements, with or without the books."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import jobs
from gateway.commands.output import AsJson, amount, house, out, print_json, progress, table
from gateway.runtime import Runtime
from ledger import creditors
from reconciliation import importing, inspection
from reconciliation.importing import ImportReport
from reconciliation.matching import MatchReport
from reconciliation.receiving import Wishes

app = typer.Typer(no_args_is_help=True, help="Bank statements: what they say, and taking them in.")

Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Statement files.")]


@app.command("inspect")
def inspect(files: Files, as_json: AsJson = False) -> None:
    """Read statements without a database and print what was understood.

    Example: duecourse statement inspect camt053.xml --json
    """
    found: list[dict[str, Any]] = []
    for path in files:
        with path.open("rb") as stream:
            found += inspection.inspect(stream, name=str(path))
    if as_json:
        print_json(found)
    else:
        _show(found)
    if any("error" in one for one in found):
        raise typer.Exit(1)


@app.command("import")
def import_(
    files: Files,
    open_accounts_of: Annotated[
        str | None, typer.Option(help="Open accounts not known yet for this creditor (id).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Store statement files, prove their balances, drop what is known, and match the new lines.

    Example: duecourse statement import 2026-11-*.xml
    """
    with house() as runtime, progress(sum(path.stat().st_size for path in files)) as bar:
        done = []
        for path in files:
            done.append(_import(runtime, path, open_accounts_of))
            bar.advance(bar.task_ids[0], path.stat().st_size)
        matched = jobs.match_everything(runtime, actor="command line")
    if as_json:
        print_json({"files": [_as_json(one) for one in done], "matching": _matching(matched)})
    else:
        _show_import(done, matched)
    if any(one.refusal for one in done):
        raise typer.Exit(1)


def _import(runtime: Runtime, path: Path, owner: str | None) -> ImportReport:
    content, act = path.read_bytes(), runtime.act("command line")

    def work(session: Any) -> ImportReport:
        known = creditors.get(session, owner).id if owner else None
        return importing.import_file(
            session, content, name=path.name, act=act, wishes=Wishes(open_accounts_of=known)
        )

    return runtime.run(work)


def _as_json(done: ImportReport) -> dict[str, Any]:
    error = None
    if done.refusal is not None:
        error = {
            "code": done.refusal.code, "message": done.refusal.message,
            "line": getattr(done.refusal, "line", None),
        }  # fmt: skip
    return {
        "file": done.name, "file_id": done.file_id, "sha256": done.sha256, "duplicate": done.duplicate,
        "format": done.format, "statements": list(done.statement_ids), "imported": done.imported,
        "known": done.known, "problems": list(done.problems), "error": error,
    }  # fmt: skip


def _matching(report: MatchReport) -> dict[str, Any]:
    return {"looked_at": report.looked_at, "matched": dict(report.by_rule), "waiting": dict(report.waiting)}


def _fate(done: ImportReport) -> str:
    if done.refusal is not None:
        return f"refused: {done.refusal.message}"
    if done.duplicate:
        return "known already, nothing changed"
    return "; ".join(("imported", *done.problems))


def _show_import(done: list[ImportReport], matched: MatchReport) -> None:
    rows = [(one.name, one.format or "", one.imported, one.known, _fate(one)) for one in done]
    table("Files", ["file", "format", "new lines", "known", "what happened"], rows, numbers=(2, 3))
    rules = [
        *matched.by_rule.most_common(),
        *((f"waiting: {why}", n) for why, n in matched.waiting.most_common()),
    ]
    if rules:
        table("Lines", ["explained by", "lines"], rules, numbers=(1,))


def _show(found: list[dict[str, Any]]) -> None:
    rows: list[tuple[object, ...]] = []
    for one in found:
        if "error" in one:
            place = f", line {one['error']['line']}" if one["error"]["line"] else ""
            rows.append((one["file"], "", "", "", "", f"cannot be read{place}: {one['error']['message']}"))
            continue
        proof = {True: "balances prove", False: "does not balance", None: "no balances"}[one["balanced"]]
        currency = one["currency"]
        opening, closing = one["opening_minor"], one["closing_minor"]
        rows.append(
            (
                one["file"], one["format"], len(one["lines"]),
                "" if opening is None else amount(opening, currency),
                "" if closing is None else amount(closing, currency),
                "; ".join((proof, *one["problems"])),
            )
        )  # fmt: skip
    table(
        "Statements", ["file", "format", "lines", "opening", "closing", "what was understood"], rows,
        numbers=(2, 3, 4),
    )  # fmt: skip
    out.print()
