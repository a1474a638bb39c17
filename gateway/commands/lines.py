"""duecourse line: take back what a line became, and give a held line back to what matches by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from gateway.api.matches import HoldOut, UndoingOut, release, undo_line
from gateway.api.shapes import Reason
from gateway.commands.acting import do
from gateway.commands.output import AsJson, print_json, table
from gateway.roles import Permission
from ledger.acts import Act

app = typer.Typer(
    no_args_is_help=True,
    help="Lines of statements. Set DUECOURSE_API_KEY to your own key: it says who decides.",
)
LineId = Annotated[str, typer.Argument(help="Its id: lin_...", metavar="LINE")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit trail.")]


@app.command("undo")
def undo(line_id: LineId, reason: Why, as_json: AsJson = False) -> None:
    """Take back what a line became; it waits, and nothing automatic explains it until it is released.

    Example: duecourse line undo lin_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "it was for the other invoice"
    """

    def work(session: Session, act: Act) -> UndoingOut:
        return undo_line(line_id, Reason(reason=reason), session, act)

    show_undoing(do(Permission.SETTLE, work), as_json=as_json)


@app.command("release")
def release_line(line_id: LineId, as_json: AsJson = False) -> None:
    """Give a line that a person holds back to what matches by itself.

    Example: duecourse line release lin_01jz3q5v9yfk2a8m4t6w7x1c0d
    """

    def work(session: Session, act: Act) -> HoldOut:
        return release(line_id, session, act)

    done = do(Permission.SETTLE, work)
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        table(f"Line {done.id}, released", ["", ""], [("state", done.state)])


def show_undoing(done: UndoingOut, *, as_json: bool) -> None:
    """What was undone, and what could not be, with reasons."""
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    rows = [
        (one.line_id, one.match_id, _many(one.payment_ids), _many(one.allocation_ids), _many(one.memory_ids))
        for one in done.undone
    ]
    columns = ["line", "match", "payments cancelled", "allocations reversed", "memories taken back"]
    table(f"{len(rows)} undone", columns, rows)
    if done.refused:
        kept = [(one.line_id, one.match_id, one.because) for one in done.refused]
        table(f"{len(kept)} stand as before", ["line", "match", "because"], kept)


def _many(ids: Sequence[str]) -> str:
    return "\n".join(ids) or "-"
