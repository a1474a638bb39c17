"""duecourse statement inspect | import | confirm-layout: read bank statements, with or without the books."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import jobs, statement_import
from gateway.api.matches import undo_import
from gateway.api.shapes import Reason
from gateway.commands import statement_reports
from gateway.commands.acting import do
from gateway.commands.lines import show_undoing
from gateway.commands.output import AsJson, house, print_json, progress
from gateway.roles import Permission
from gateway.runtime import Runtime
from ledger.errors import Rejected
from ledger.money import checked_currency
from reconciliation import inspection, reading
from reconciliation.formats.delimited.words import Role
from reconciliation.importing import ImportReport
from reconciliation.receiving import Wishes

app = typer.Typer(no_args_is_help=True, help="Bank statements: what they say, and taking them in.")

Files = Annotated[
    list[Path],
    typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="Statement files or archives."),
]
ACTOR = "command line"


def _date_order(name: str | None) -> str | None:
    return _known(name, reading.date_order)


def _currency(code: str | None) -> str | None:
    return _known(code, checked_currency)


def _known(value: str | None, checked: Callable[[str], object]) -> str | None:
    """A value of an option that the books know too; another one is misuse, like a misspelt option."""
    try:
        if value is not None:
            checked(value)
    except Rejected as misuse:
        raise typer.BadParameter(misuse.message) from None
    return value


DateOrder = Annotated[
    str | None,
    typer.Option(callback=_date_order, help="DMY, MDY or YMD, for QIF files whose dates fit several orders."),
]


@app.command("inspect")
def inspect(
    files: Files,
    currency: Annotated[
        str | None,
        typer.Option(callback=_currency, help="The account's currency, for files that name none."),
    ] = None,
    date_order: DateOrder = None,
    as_json: AsJson = False,
) -> None:
    """Read statements without a database and print what was understood.

    Example: duecourse statement inspect camt053.xml --json
    """
    known = reading.Known(currency=currency, date_order=reading.date_order(date_order))
    found: list[dict[str, Any]] = []
    with progress(_size(files), "reading") as advance:
        for path in files:
            with _Bar(advance, path.stat().st_size) as bar, _opened(path, bar) as stream:
                found += inspection.inspect(stream, name=str(path), known=known)
    if as_json:
        print_json(found)
    else:
        statement_reports.show_statements(found)
    if statement_reports.failed(found):
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
    with house() as runtime:
        with progress(_size(files), "importing") as advance:
            for path in files:
                with _Bar(advance, path.stat().st_size) as bar:
                    content = path.read_bytes()
                    done.append(
                        statement_import.bring(
                            runtime, content, name=path.name, actor=ACTOR, wishes=wishes, progress=bar.told
                        )
                    )
        _match_and_tell(runtime, done, as_json=as_json)


@app.command("undo-matching")
def undo_matching(
    file_id: Annotated[str, typer.Argument(help="The id of a statement file: sfl_...", metavar="FILE_ID")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit trail.")],
    as_json: AsJson = False,
) -> None:
    """Take back every match of the lines that a file brought; what cannot be undone is told with its reason.

    Example: duecourse statement undo-matching sfl_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "the terms were wrong"
    """
    done = do(
        Permission.SETTLE, lambda session, act: undo_import(file_id, Reason(reason=reason), session, act)
    )
    show_undoing(done, as_json=as_json)


@app.command("confirm-layout")
def confirm_layout(
    file_id: Annotated[
        str,
        typer.Argument(metavar="FILE_ID", help="The refused file (sfl_...), as `statement import` names it."),
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

    A column that is not to be read has no meaning: --role Notiz=

    Example: duecourse statement confirm-layout sfl_01... --account bac_01... --answer date_order=DMY
    """
    answers = _pairs(answer)
    roles = {title: _role(meaning) for title, meaning in _pairs(role).items()}
    with house() as runtime:
        act = runtime.act(ACTOR)
        _, done = runtime.run(
            lambda session: statement_import.confirm_layout(
                session, file_id, bank_account_id=account, answers=answers, roles=roles, act=act
            )
        )  # fmt: skip
        _match_and_tell(runtime, [done], as_json=as_json)


def _match_and_tell(runtime: Runtime, done: list[ImportReport], *, as_json: bool) -> None:
    """Match what came, and say what became of it; exits with 1 where a file was refused."""
    matched = jobs.match_everything(runtime, actor=ACTOR)
    if as_json:
        files = [statement_reports.as_json(one) for one in done]
        print_json({"files": files, "matching": statement_reports.matching(matched)})
    else:
        ids = [id_ for one in done for report in (one, *one.members) for id_ in report.statement_ids]
        held_back = runtime.run(lambda session: statement_import.held_back(session, ids))
        statement_reports.show_import(done, matched, held_back)
    if any(one.failed for one in done):
        raise typer.Exit(1)


def _pairs(words: list[str] | None) -> dict[str, str]:
    pairs = [word.rpartition("=") for word in words or ()]
    if not all(equals for _, equals, _ in pairs):
        raise typer.BadParameter("Write it as name=value.")
    return {name: value for name, _, value in pairs}


def _role(meaning: str) -> Role | None:
    try:
        return Role(meaning) if meaning else None
    except ValueError:
        raise typer.BadParameter(f"A column's meaning is one of {', '.join(Role)}, or nothing.") from None


def _size(files: list[Path]) -> int:
    return sum(path.stat().st_size for path in files)


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


class _Told(io.FileIO):
    """A file that tells how far it has been read."""

    def __init__(self, path: Path, bar: _Bar) -> None:
        super().__init__(path)
        self._bar = bar

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        self._bar.told(self.tell(), 0)
        return count


def _opened(path: Path, bar: _Bar) -> io.BufferedReader:
    return io.BufferedReader(_Told(path, bar), 1 << 18)
