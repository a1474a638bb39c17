"""Results as Markdown tables: medians, how far the rounds lie apart, ratios to the floor, and growth."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.comparison import Case, Comparison
from benchmarks.measuring import Sample
from benchmarks.running import Results

_NOTHING = "-"


def table(comparison: Comparison, results: Results) -> str:
    """One row for each size and case, sizes ascending."""
    heads = (
        comparison.unit,
        "case",
        "rounds",
        "s",
        "±",
        "per s",
        "per CPU s",
        "peak MB",
        "CPU",
        "x floor",
        "growth",
    )
    sizes = sorted({size for size, _ in results})
    rows = []
    for case in comparison.cases:
        smaller: int | None = None
        for size in sizes:
            if (size, case.name) in results:
                rows.append((size, _row(comparison, case, results, size, smaller)))
                smaller = size
    rows.sort(key=lambda row: row[0])
    return _aligned([heads, *(cells for _, cells in rows)])


def _row(
    comparison: Comparison, case: Case, results: Results, size: int, smaller: int | None
) -> tuple[str, ...]:
    samples = results[size, case.name]
    seconds = median(sample.seconds for sample in samples)
    if samples[-1].stopped:
        return f"{size:,}", case.name, str(len(samples)), f"> {seconds:.0f}", *[_NOTHING] * 7
    return (
        f"{size:,}", case.name, str(len(samples)), f"{seconds:.3f}", _spread(samples),
        f"{comparison.work_at(size) / seconds:,.0f}", _per_cpu_second(samples, comparison.work_at(size)),
        _figure([sample.peak_mb for sample in samples], "{:.1f}"), _cpu(samples),
        _to_floor(case, results, size), _growth(comparison, case, results, size, smaller),
    )  # fmt: skip


def _spread(samples: Sequence[Sample]) -> str:
    """Half the distance between the quickest and the slowest round, in percent of the median."""
    seconds = [sample.seconds for sample in samples]
    return f"{(max(seconds) - min(seconds)) / 2 / median(seconds):.0%}" if len(seconds) > 1 else _NOTHING


def _per_cpu_second(samples: Sequence[Sample], work: int) -> str:
    """How many a second of computing deals with: what a busy machine changes least."""
    return _figure([work / one.cpu_seconds if one.cpu_seconds else None for one in samples], "{:,.0f}")


def _cpu(samples: Sequence[Sample]) -> str:
    """How much of the time the measured process itself computed."""
    shares = [None if one.cpu_seconds is None else one.cpu_seconds / one.seconds for one in samples]
    return _figure(shares, "{:.0%}")


def _figure(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return form.format(median(known)) if known else _NOTHING


def _to_floor(case: Case, results: Results, size: int) -> str:
    """The median over the rounds of time by the floor's time in the same round."""
    if case.floor is None:
        return _NOTHING
    pairs = zip(results[size, case.name], results[size, case.floor], strict=False)  # by round
    return f"{median(ours.seconds / floor.seconds for ours, floor in pairs):.2f}"


def _growth(comparison: Comparison, case: Case, results: Results, size: int, smaller: int | None) -> str:
    """Time for one at this size by time for one at the next smaller size: 1.00 grows in proportion."""
    if smaller is None:
        return _NOTHING
    here, there = (
        median(sample.seconds for sample in results[some, case.name]) / comparison.work_at(some)
        for some in (size, smaller)
    )
    return f"{here / there:.2f}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Texts to the left, figures to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    is_text = [column == 1 for column in range(len(widths))]
    rule = [
        "-" * width if text else "-" * (width - 1) + ":" for width, text in zip(widths, is_text, strict=True)
    ]
    lines = []
    for row in (rows[0], rule, *rows[1:]):
        cells = zip(row, widths, is_text, strict=True)
        lines.append(" | ".join(cell.ljust(wide) if text else cell.rjust(wide) for cell, wide, text in cells))
    return "\n".join(f"| {line} |" for line in lines)
