"""The figures of a year as Markdown: the product beside its rivals, every class, and each false application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.cash.facts import Closes, Line, Share
from benchmarks.cash.judging import Done, Verdict
from benchmarks.cash.mixes import Case
from benchmarks.cash.tallies import Result, Tally, Wrong

_NOTHING = "-"


def side_by_side(results: Mapping[str, Result]) -> str:
    """One row for each way to match: what is applied with no hands, and what is applied falsely."""
    rows = [
        (
            name, f"{one.incoming.lines:,}", _share(one.incoming.verdicts[Verdict.RIGHT], one.incoming.lines),
            _share(one.invoices_right, one.invoices), _share(one.incoming.value_right_minor, one.incoming.value_minor),
            f"{one.incoming.verdicts[Verdict.FALSE] + one.outgoing.verdicts[Verdict.FALSE]:,}",
            f"{one.incoming.verdicts[Verdict.PARTLY]:,}", f"{one.incoming.verdicts[Verdict.WAITS]:,}",
            f"{one.reversals:,}",
        )
        for name, one in results.items()
    ]  # fmt: skip
    heads = (
        "no hands",
        "incoming lines",
        "lines right",
        "invoices",
        "value",
        "false",
        "partly",
        "wait",
        "reversals",
    )
    return _table(heads, rows)


def proposals(result: Result) -> str:
    """Where the right answer stands among the proposals of the payments that wait."""
    tally = result.incoming
    rows = [
        (
            f"{tally.asked:,}", _share(tally.proposed, tally.asked), _share(tally.first, tally.asked),
            _share(tally.in_three, tally.asked),
        )
    ]  # fmt: skip
    return _table(
        ("payments that wait and could be known", "any proposal", "right one first", "among three"), rows
    )


def by_case(result: Result) -> str:
    """One row for each class, in the order of the mix."""
    rows = [_case_row(case, result.by_case[case]) for case in Case if result.by_case[case].lines]
    heads = ("class", "lines", "right", "partly", "wait", "false", "value", "right one first", "among three")
    return _table(heads, rows)


def _case_row(case: Case, tally: Tally) -> tuple[str, ...]:
    return (
        case.value, f"{tally.lines:,}", _share(tally.verdicts[Verdict.RIGHT], tally.lines),
        f"{tally.verdicts[Verdict.PARTLY]:,}", f"{tally.verdicts[Verdict.WAITS]:,}",
        f"{tally.verdicts[Verdict.FALSE]:,}",
        _share(tally.value_right_minor, tally.value_minor), _share(tally.first, tally.asked),
        _share(tally.in_three, tally.asked),
    )  # fmt: skip


def false_applications(wrong: Sequence[Wrong], *, most: int) -> str:
    """Each false application: the class, what the line says, what was done and what is true."""
    if not wrong:
        return "No false application."
    told = [f"- seed {one.seed}, {described(one.line, one.done)}" for one in wrong[:most]]
    more = [f"- and {len(wrong) - most:,} more"] if len(wrong) > most else []
    return "\n".join((*told, *more))


def described(line: Line, done: Done | None) -> str:
    """A line in one sentence, with account numbers masked."""
    truth = line.truth
    true = _told(truth.shares, truth.customer, truth.on_account_minor, (truth.nature,))
    return (
        f"{line.key} *{truth.case}*: {_euro(line.amount_minor)} of {line.booked_on} from {line.name!r} "
        f"(…{line.iban[-4:]}), {' | '.join(line.pieces)!r}"
        f"{f', reference {line.reference}' if line.reference else ''}; done: {made(done)}; true: {true}"
    )


def made(done: Done | None) -> str:
    """What was done, or proposed, in words."""
    return (
        "nothing" if done is None else _told(done.shares, done.customer, done.on_account_minor, done.natures)
    )


def _told(shares: Sequence[Share], customer: int | None, on_account: int, natures: Sequence[str]) -> str:
    parts = [
        f"{_euro(share.amount_minor)} {'' if share.closes is Closes.PAYMENT else f'{share.closes} '}on {share.invoice}"
        for share in shares
    ]
    if on_account:
        parts.append(f"{_euro(on_account)} on account of customer {customer}")
    return ", ".join(parts) or " and ".join(natures) or "nothing"


def _euro(minor: int) -> str:
    return f"{minor / 100:,.2f}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else _NOTHING


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, figures to the right."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    rule = [f"{'-' * (width - 1)}{'-' if column == 0 else ':'}" for column, width in enumerate(widths)]
    lines = []
    for row in (heads, rule, *rows):
        cells = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
