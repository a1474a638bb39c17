"""duecourse bank simulate | year: the bank's part, played on a file or for a year of business days."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from gateway import logs, settings
from gateway.commands.fresh_folder import fresh
from gateway.commands.output import AsJson, amount, out, print_json, table
from gateway.runtime import open_runtime
from gateway.sandbox import bank
from gateway.sandbox import year as story
from gateway.sandbox.bank import Booking, Fees, Habits, Itemised, Reports, Returns
from gateway.sandbox.habits import CURRENCY
from gateway.sandbox.outcomes import USUAL_RETURN_RATE
from gateway.sandbox.statements import AnswerFile
from gateway.sandbox.year import YearReport
from ledger.money import Money

app = typer.Typer(no_args_is_help=True, help="The bank simulator.")

_COMING_BACK = "What becomes of the collections"
_BOOKING = "How the bank books"
_TELLING = "How the bank reports and delivers"


@app.command("simulate")
def simulate(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="PAIN008")],
    to: Annotated[Path, typer.Option("--out", help="Folder for the bank's files.")],
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            help="END_TO_END_ID=AM04, or =AM04:late_return, =MS02:reject, =AC04:return+23 (T2 days), =paid.",
            rich_help_panel=_COMING_BACK,
        ),
    ] = None,
    reject_file: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Refuse the whole file.", rich_help_panel=_COMING_BACK),
    ] = None,
    reject_block: Annotated[
        list[str] | None,
        typer.Option(metavar="PMTINFID=CODE", help="Refuse a payment block.", rich_help_panel=_COMING_BACK),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Also let some collections come back, by this seed.", rich_help_panel=_COMING_BACK
        ),
    ] = None,
    booking: Annotated[
        Booking,
        typer.Option(help="Lumps, over several blocks too, or single credits.", rich_help_panel=_BOOKING),
    ] = Booking.AS_FILE_SAYS,
    itemised: Annotated[
        Itemised, typer.Option(help="Where the parts of a lump stand.", rich_help_panel=_BOOKING)
    ] = Itemised.NOTIFICATION,
    net_rejects: Annotated[
        bool,
        typer.Option(
            "--net-rejects", help="Leave rejects out of the credit; else they are credited and debited.",
            rich_help_panel=_BOOKING,
        ),
    ] = False,
    returns: Annotated[
        Returns, typer.Option(help="A day's returns one by one or together.", rich_help_panel=_BOOKING)
    ] = Returns.SINGLE,
    fees: Annotated[
        Fees, typer.Option(help="Where the fee of a return stands.", rich_help_panel=_BOOKING)
    ] = Fees.INSIDE,
    fee: Annotated[
        int, typer.Option(min=0, help="Fee of a return, in cents.", rich_help_panel=_BOOKING)
    ] = bank.USUAL_RETURN_FEE.minor,
    interest: Annotated[
        int, typer.Option(min=0, help="Interest of a return, in cents.", rich_help_panel=_BOOKING)
    ] = 0,
    reports: Annotated[
        Reports, typer.Option(help="What a pain.002 says.", rich_help_panel=_TELLING)
    ] = Reports.NEGATIVES,
    report_version: Annotated[
        str, typer.Option(help="pain.002.001.03 to .14.", rich_help_panel=_TELLING)
    ] = Habits().report_version,
    twice: Annotated[
        bool,
        typer.Option(
            "--twice", help="Every file comes again: the same bytes, or in a new message.",
            rich_help_panel=_TELLING,
        ),
    ] = False,
    out_of_order: Annotated[
        bool, typer.Option("--out-of-order", help="List them shuffled.", rich_help_panel=_TELLING)
    ] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Play the bank: the pain.002, camt.054 and camt.053 it would send for a pain.008 file.

    A file that breaks a rule is refused as a whole, as the bank's own check would do it.

    Example: duecourse bank simulate collection.xml --out answers --outcome RE-2026-0815-K3M9QX=AM04
    """
    habits = Habits(
        booking=booking, itemised=itemised, net_rejects=net_rejects, returns=returns, fees=fees,
        return_fee=Money(fee, CURRENCY), interest=Money(interest, CURRENCY), reports=reports,
        report_version=report_version, twice=Decimal(twice), out_of_order=out_of_order,
    )  # fmt: skip
    answer = bank.answer(
        file.read_bytes(),
        outcomes=_pairs(outcome, "--outcome", "END_TO_END_ID=CODE"),
        reject_file=reject_file,
        reject_blocks=_pairs(reject_block, "--reject-block", "PMTINFID=CODE"),
        seed=seed or 0,
        return_rate=USUAL_RETURN_RATE if seed is not None else Decimal(0),
        habits=habits,
    )
    to.mkdir(parents=True, exist_ok=True)
    for made in answer.files:
        (to / made.name).write_bytes(made.content)
    _show(answer.files, to, as_json=as_json)
    if answer.refusal is not None and not as_json:
        out.print(f"The bank took nothing of the file: {answer.refusal.reason}. {answer.refusal.explanation}")


def _show(files: Sequence[AnswerFile], to: Path, *, as_json: bool) -> None:
    shown = [{"file": str(to / made.name), "format": made.format, "on": made.on} for made in files]
    if as_json:
        print_json(shown)
    else:
        table(
            "The bank's files",
            ["day", "format", "file"],
            [(one["on"], one["format"], one["file"]) for one in shown],
        )


def _pairs(texts: Sequence[str] | None, option: str, form: str) -> dict[str, str]:
    pairs = {}
    for text in texts or ():
        name, equals, code = text.rpartition("=")
        if not (equals and name and code):
            raise typer.BadParameter(f"{text[:60]!r} is not {form}.", param_hint=option)
        pairs[name] = code
    return pairs


@app.command("year")
def year(
    directory: Annotated[Path, typer.Option("--dir", help="Where the database goes: a new folder.")],
    seed: Annotated[int, typer.Option(help="Another company, another year.")] = 1,
    customers: Annotated[int, typer.Option(min=1, help="How many customers the company has.")] = 500,
    months: Annotated[int, typer.Option(min=1, max=24, help="For how long invoices are issued.")] = 12,
    trouble: Annotated[int, typer.Option(min=1, max=10, help="How many times as often things go wrong.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Play a year of business days against the standing bank, then compare its record with the books, to the cent.

    Exit 1 if anything differs, naming it. Example: duecourse bank year --dir year --seed 1
    """
    folder = fresh(directory.absolute(), mark=YEAR_MARK)
    chosen = settings.load(database_url=None, data_dir=folder / "data")
    logs.set_up("warning")
    with open_runtime(chosen, server_settings=_INVENTED) as runtime:
        report = story.run(
            runtime, seed=seed, customers=customers, months=months, trouble=trouble,
            say=(lambda _line: None) if as_json else (lambda line: out.print(f"· {line}")),
        )  # fmt: skip
    if as_json:
        print_json(_as_json(report))
    else:
        _show_year(report)
    if not report.holds:
        raise typer.Exit(1)


YEAR_MARK = ".duecourse-year"

# Nothing of it has to survive the machine, and waiting for the disk would take most of the time.
_INVENTED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _as_json(report: YearReport) -> dict[str, object]:
    return {
        "seed": report.seed, "customers": report.customers, "months": report.months, "days": report.days,
        "until": report.until, "count": dict(report.count), "debits": dict(report.agreement.states),
        "figures": {
            what: {"bank_minor": bank_says, "books_minor": books_say}
            for what, (bank_says, books_say) in report.agreement.figures.items()
        },
        "waiting": dict(report.agreement.waiting),
        "invariants": {one.invariant.name: one.breaches for one in report.findings},
        "differences": report.differences,
    }  # fmt: skip


def _show_year(report: YearReport) -> None:
    table(
        f"{report.days} business days, then until {report.until}",
        ["what happened", "how often"], sorted(report.count.items()), numbers=(1,),
    )  # fmt: skip
    table("Debits at the end", ["state", "debits"], report.agreement.states.most_common(), numbers=(1,))
    table(
        "Lines that wait for a person", ["what they are", "lines"],
        report.agreement.waiting.most_common(), numbers=(1,),
    )  # fmt: skip
    table(
        "Bank and books",
        ["", "the bank says", "the books say"],
        [(what, amount(a), amount(b)) for what, (a, b) in report.agreement.figures.items()],
        numbers=(1, 2),
    )
    holding = sum(one.holds for one in report.findings)
    out.print(
        f"{holding} of {len(report.findings)} invariants hold. Seed {report.seed}: {report.seconds:.0f} seconds."
    )
    for difference in report.differences:
        out.print(f"! {difference}", soft_wrap=True)
