"""What `duecourse statement` prints: what was understood of each file, and what became of it in the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from gateway.commands import answer_reports
from gateway.commands.output import amount, notes, out, table
from reconciliation.formats.archive import PassedOver
from reconciliation.formats.delimited import LayoutDrifted, Proposal, Question, UnknownLayout
from reconciliation.importing import ImportReport
from reconciliation.matching import MatchReport

PASSED_OVER = "passed_over"  # the code of what an archive holds besides files, such as a folder
_ANSWERED_BY_ACCOUNT = "currency"  # what nobody has to answer who names the bank account

# --- inspect ---


def failed(found: Sequence[dict[str, Any]]) -> bool:
    """Whether a file could not be read; what is no file of an archive does not count."""
    return any(one["error"]["code"] != PASSED_OVER for one in found if "error" in one)


def show_statements(found: Sequence[dict[str, Any]]) -> None:
    """A table of statements, and below it what is to be said at length of each."""
    table(
        "Statements", ["file", "format", "lines", "opening", "closing", "result"],
        [_row(one) for one in found], numbers=(2, 3, 4),
    )  # fmt: skip
    notes((one["file"], said) for one in found if (said := _said(one)))
    for one in found:
        if "proposal" in one.get("error", {}):
            _show_proposal(one["file"], Proposal.from_json(one["error"]["proposal"]))


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    if "error" in one:
        return _refused_row(one)
    return answer_reports.row(one) if answer_reports.is_answer(one) else _statement_row(one)


def _statement_row(one: dict[str, Any]) -> tuple[object, ...]:
    proof = {True: "balances prove", False: "does not balance", None: "no balances"}[one["balanced"]]
    opening, closing = one["opening_minor"], one["closing_minor"]
    return (
        one["file"], one["format"], len(one["lines"]) + len(one["refused"]),
        "" if opening is None else amount(opening, one["currency"]),
        "" if closing is None else amount(closing, one["currency"]), proof,
    )  # fmt: skip


def _refused_row(one: dict[str, Any]) -> tuple[object, ...]:
    error = one["error"]
    place = f", line {error['line']}" if error["line"] else ""
    result = "passed over" if error["code"] == PASSED_OVER else f"cannot be read{place}"
    return (one["file"], "", "", "", "", result)


def _said(one: dict[str, Any]) -> list[str]:
    if "error" in one:
        return [] if one["error"]["code"] == PASSED_OVER else [one["error"]["message"]]
    return answer_reports.said(one) if answer_reports.is_answer(one) else list(one["problems"])


# --- import ---


def as_json(done: ImportReport) -> dict[str, Any]:
    """What became of one file, for machines."""
    return {
        "file": done.name, "file_id": done.file_id, "sha256": done.sha256, "duplicate": done.duplicate,
        "format": done.format, "statements": list(done.statement_ids), "imported": done.imported,
        "known": done.known, "promoted": done.promoted, "refused": done.refused,
        "problems": _problems(done), "error": _error(done),
        "answers": [answer_reports.as_json(answer) for answer in done.answers],
        "members": [as_json(member) for member in done.members],
    }  # fmt: skip


def _problems(done: ImportReport) -> list[str]:
    return [done.refusal.message] if isinstance(done.refusal, PassedOver) else list(done.problems)


def _error(done: ImportReport) -> dict[str, Any] | None:
    refusal = done.refusal
    if refusal is None or isinstance(refusal, PassedOver):
        return None
    error = {"code": refusal.code, "message": refusal.message, "line": getattr(refusal, "line", None)}
    if isinstance(refusal, UnknownLayout | LayoutDrifted):
        error["proposal"] = refusal.proposal.to_json()
    return error


def matching(report: MatchReport) -> dict[str, Any]:
    """What a matching did, for machines."""
    return {"looked_at": report.looked_at, "matched": dict(report.by_rule), "waiting": dict(report.waiting)}


def show_import(done: Sequence[ImportReport], matched: MatchReport, held_back: Sequence[str]) -> None:
    """Tables of files and of lines, and between them what is to be said at length of each file."""
    table(
        "Files", ["file", "format", "new", "known", "refused", "what happened"], list(_rows(done)),
        numbers=(2, 3, 4),
    )  # fmt: skip
    out.print(Text(f"{_summary(done)}\n"))
    notes(_remarks(done, held_back))
    for name, one in _flat(done):
        if isinstance(one.refusal, UnknownLayout | LayoutDrifted):
            _show_proposal(name, one.refusal.proposal, one.file_id)
    rules = [
        *matched.by_rule.most_common(),
        *((f"waiting: {why}", n) for why, n in matched.waiting.most_common()),
    ]
    if rules:
        table("Lines", ["explained by", "lines"], rules, numbers=(1,))


def _rows(done: Sequence[ImportReport], indent: str = "") -> Iterator[tuple[object, ...]]:
    for one in done:
        read = bool(one.statement_ids or one.members)
        counts = (one.imported, one.known, one.refused) if read else ("", "", "")
        yield (indent + one.name, one.format or "", *counts, _fate(one))
        yield from _rows(one.members, indent + "  ")


def _summary(done: Sequence[ImportReport]) -> str:
    """What happened to how many files and lines; an archive counts as the files in it."""
    files = [one for _, one in _flat(done) if not one.members]
    fates = Counter(_fate(one).partition(",")[0] for one in files)
    lines = {
        "new": sum(one.imported for one in files), "known": sum(one.known for one in files),
        "refused": sum(one.refused for one in files),
    }  # fmt: skip
    return f"Files: {_counted(fates)}. Lines: {_counted(lines)}."


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def _fate(done: ImportReport) -> str:
    if isinstance(done.refusal, PassedOver):
        return "passed over"
    if done.refusal is not None:
        line = getattr(done.refusal, "line", None)
        return "refused" if line is None else f"refused, line {line}"
    if done.duplicate:
        return "known already, nothing changed"
    if done.members:
        return "unpacked"
    return "imported" if done.statement_ids else "the bank's answer to an order"


def _remarks(done: Sequence[ImportReport], held_back: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for name, one in _flat(done):
        said = [*map(answer_reports.remark, one.answers), *one.problems]
        if one.refusal is not None and not isinstance(one.refusal, PassedOver):
            said.append(one.refusal.message)
        said += [_WAITS.format(id=which) for which in one.statement_ids if which in held_back]
        if said:
            yield name, said


_WAITS = "Its lines wait until this is accepted: POST /v1/statements/{id}/accept"  # fits into 100 columns


def _flat(done: Sequence[ImportReport], folder: str = "") -> Iterator[tuple[str, ImportReport]]:
    for one in done:
        yield folder + one.name, one
        yield from _flat(one.members, f"{folder}{one.name}/")


# --- layouts ---


def _show_proposal(name: str, proposal: Proposal, file_id: str | None = None) -> None:
    """How a table of unknown layout seems to be, what only a person can tell, and the command that confirms it."""
    rows = [(column.title, column.role or "passed over") for column in proposal.layout.columns]
    table(f"{name}: how it seems to be laid out", ["column", "meaning"], rows)
    asked = [question for question in proposal.asks if question.about != _ANSWERED_BY_ACCOUNT]
    said = {"What the file proves": proposal.sure, "To be answered": [_question(one) for one in asked]}
    notes((about, sentences) for about, sentences in said.items() if sentences)
    if file_id is None:
        out.print("`duecourse statement import` tells how to confirm it.\n")
        return
    answers = "".join(f" --answer {one.about}=..." for one in asked)
    command = f"duecourse statement confirm-layout {file_id} --account bac_...{answers}"
    out.print(Text("Confirm it with"), Text(f"  {command}\n"), sep="\n", soft_wrap=True)


def _question(question: Question) -> str:
    choices = f" ({', '.join(question.choices)})" if question.choices else ""
    return f"{question.about}: {question.text}{choices}"
