"""duecourse statement inspect | import: read bank statements, with or without the books."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import jobs, statement_import
from gateway.commands.output import AsJson, amount, house, out, print_json, progress, table
from reconciliation import importing, inspection, layouts, reading, worklist
from reconciliation.importing import ImportReport
from reconciliation.matching import MatchReport
from reconciliation.receiving import Wishes

app = typer.Typer(no_args_is_help=True, help="Bank statements: what they say, and taking them in.")

Files = Annotated[
    list[Path], typer.Argument(exists=True, dir_okay=False, help="Statement files or archives.")
]
DateOrder = Annotated[
    str | None, typer.Option(help="DMY, MDY or YMD, for QIF files whose dates fit several orders.")
]
ACTOR = "command line"


@app.command("inspect")
def inspect(
    files: Files,
    currency: Annotated[
        str | None, typer.Option(help="The account's currency, for files that name none.")
    ] = None,
    date_order: DateOrder = None,
    as_json: AsJson = False,
) -> None:
    """Read statements without a database and print what was understood.

    Example: duecourse statement inspect camt053.xml --json
    """
    known = reading.Known(currency=currency, date_order=reading.date_order(date_order))
    found: list[dict[str, Any]] = []
    with progress(sum(path.stat().st_size for path in files), "reading") as advance:
        for path in files:
            with path.open("rb") as stream:
                found += inspection.inspect(stream, name=str(path), known=known)
            advance(path.stat().st_size)
    if as_json:
        print_json(found)
    else:
        _show(found)
    if any("error" in one for one in found):
        raise typer.Exit(1)


@app.command("import")
def import_(
    files: Files,
    account: Annotated[
        str | None, typer.Option(help="The bank account (id) of files that do not name theirs.")
    ] = None,
    open_accounts_of: Annotated[
        str | None, typer.Option(help="Open accounts not known yet for this creditor (id).")
    ] = None,
    date_order: DateOrder = None,
    as_json: AsJson = False,
) -> None:
    """Store statement files, prove their balances, drop what is known, and match the new lines.

    Example: duecourse statement import 2026-11-*.xml november.zip
    """
    wishes = Wishes(account, open_accounts_of, date_order)
    done = []
    with house() as runtime, progress(sum(path.stat().st_size for path in files), "importing") as advance:
        for path in files:
            with _Bar(advance, path.stat().st_size) as bar:
                done.append(
                    statement_import.bring(
                        runtime,
                        path.read_bytes(),
                        name=path.name,
                        actor=ACTOR,
                        wishes=wishes,
                        progress=bar.told,
                    )
                )
        matched = jobs.match_everything(runtime, actor=ACTOR)
    if as_json:
        print_json({"files": [_as_json(one) for one in done], "matching": _matching(matched)})
    else:
        _show_import(done, matched)
    if any(one.failed for one in done):
        raise typer.Exit(1)


@app.command("confirm-layout")
def confirm_layout(
    file_id: Annotated[
        str, typer.Argument(help="The refused file (sfl_...), as `statement import` names it.")
    ],
    account: Annotated[str, typer.Option(help="The bank account (id) the table is about.")],
    answer: Annotated[
        list[str] | None, typer.Option(help="An answer to what is asked, as about=answer. Repeatable.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="Another meaning of a column, as title=meaning. Repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Confirm how a table (CSV) is laid out, keep that for its account, and import the file by it.

    Example: duecourse statement confirm-layout sfl_01... --account bac_01... --answer date_order=DMY
    """
    with house() as runtime:
        act = runtime.act(ACTOR)

        def work(session: Any) -> ImportReport:
            file = worklist.get_file(session, file_id)
            kept = layouts.confirm(
                session, file, bank_account_id=account, answers=_pairs(answer), roles=dict(_pairs(role)),
                name=None, act=act,
            )  # fmt: skip
            file.bank_account_id = kept.bank_account_id
            return importing.take_in(session, file, act=act)

        done = runtime.run(work)
        matched = jobs.match_everything(runtime, actor=ACTOR)
    if as_json:
        print_json({"files": [_as_json(done)], "matching": _matching(matched)})
    else:
        _show_import([done], matched)
    if done.failed:
        raise typer.Exit(1)


def _pairs(words: list[str] | None) -> dict[str, str]:
    pairs = [word.rpartition("=") for word in words or ()]
    if not all(equals for _, equals, _ in pairs):
        raise typer.BadParameter("Write it as name=value.")
    return {name: value for name, _, value in pairs}


class _Bar:
    """Moves the bar by what is read of one file, and at its end by the rest of it."""

    def __init__(self, advance: Any, size: int) -> None:
        self._advance, self._size, self._done = advance, size, 0

    def told(self, bytes_read: int, _lines: int) -> None:
        reached = min(bytes_read, self._size)
        self._advance(max(0, reached - self._done))
        self._done = max(self._done, reached)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._advance(self._size - self._done)


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
        "known": done.known, "promoted": done.promoted, "refused": done.refused,
        "problems": list(done.problems), "error": error,
        "members": [_as_json(member) for member in done.members],
    }  # fmt: skip


def _matching(report: MatchReport) -> dict[str, Any]:
    return {"looked_at": report.looked_at, "matched": dict(report.by_rule), "waiting": dict(report.waiting)}


def _fate(done: ImportReport) -> str:
    if done.refusal is not None:
        return f"refused: {done.refusal.message}"
    if done.duplicate:
        return "known already, nothing changed"
    if done.members:
        return f"unpacked, {len(done.members)} inside"
    return "; ".join(("imported", *done.problems))


def _rows(done: list[ImportReport], prefix: str = "") -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for one in done:
        counts = (one.imported, one.known, one.refused)
        rows.append((prefix + one.name, one.format or "", *counts, _fate(one)))
        rows += _rows(list(one.members), prefix + "  ")
    return rows


def _show_import(done: list[ImportReport], matched: MatchReport) -> None:
    table(
        "Files", ["file", "format", "new lines", "known", "refused", "what happened"], _rows(done),
        numbers=(2, 3, 4),
    )  # fmt: skip
    for one in _flat(done):
        if one.refusal is not None and one.refusal.code in ("unknown_layout", "layout_drifted"):
            _show_proposal(one)
    rules = [
        *matched.by_rule.most_common(),
        *((f"waiting: {why}", n) for why, n in matched.waiting.most_common()),
    ]
    if rules:
        table("Lines", ["explained by", "lines"], rules, numbers=(1,))


def _flat(done: list[ImportReport]) -> list[ImportReport]:
    return [one for report in done for one in (report, *_flat(list(report.members)))]


def _show_proposal(done: ImportReport) -> None:
    """What a table of unknown layout seems to be, and the command that confirms it."""
    proposal = getattr(done.refusal, "proposal", None)
    if proposal is None:
        return
    rows = [(column.title, column.role or "passed over") for column in proposal.layout.columns]
    table(f"{done.name}: how it seems to be laid out", ["column", "meaning"], rows)
    for question in proposal.asks:
        choices = f" ({', '.join(question.choices)})" if question.choices else ""
        out.print(f"  {question.about}: {question.text}{choices}")
    answers = "".join(f" --answer {question.about}=..." for question in proposal.asks)
    out.print(
        f"Confirm it with: duecourse statement confirm-layout {done.file_id} --account bac_...{answers}\n"
    )


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
