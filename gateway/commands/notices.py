"""duecourse notice send: what is due is sent now, not by the next job."""

from __future__ import annotations

import typer

from gateway import notice_sending
from gateway.commands.output import AsJson, house, out, print_json, table
from gateway.mail import Fate

app = typer.Typer(no_args_is_help=True, help="Notices that tell customers of their debits.")
_WORDS = {
    Fate.TAKEN: "taken by the mail server",
    Fate.DEFERRED: "to be tried again later",
    Fate.REFUSED: "refused for ever, a person has to look",
}


@app.callback()
def _notices() -> None:
    """Notices that tell customers of their debits."""


@app.command("send")
def send(as_json: AsJson = False) -> None:
    """Send every notice that is due now. Exit 1 when the mail server cannot be used. Example: duecourse notice send"""
    with house() as runtime:
        report = notice_sending.send_due(runtime, actor="command line")
        left = notice_sending.waiting(runtime)
    if as_json:
        counted = {str(fate): report.by_fate[fate] for fate in Fate}
        print_json({**counted, "waiting": left, "trouble": report.trouble})
    else:
        rows = [(words, report.by_fate[fate]) for fate, words in _WORDS.items()]
        rows += [("still queued", left["queued"]), ("failed, wait for a person", left["failed"])]
        table("Notices", ["what", "how many"], rows, numbers=[1])
        if report.trouble is not None:
            out.print(report.trouble)
    if report.trouble is not None:
        raise typer.Exit(1)
