"""A layout as it seems to be, for a person to confirm, and the alarms that carry one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciliation.formats.delimited.layout import BadLayout, Column, Layout, Signs, unchecked
from reconciliation.formats.delimited.words import Role
from reconciliation.formats.written import DateOrder, DecimalMark
from reconciliation.statement import UnreadableFile

CURRENCY = "currency"  # what a question may be about without an answer being needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the file does not prove: `about` is the field of the layout, or the role, that an answer sets."""

    about: str
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A layout as it seems to be, in sentences what of it is sure, and the questions that only a person can answer."""

    layout: Layout
    sure: tuple[str, ...] = ()
    asks: tuple[Question, ...] = ()

    def confirmed(
        self,
        answers: Mapping[str, str] | None = None,
        *,
        name: str | None = None,
        roles: Mapping[str, str | None] | None = None,
    ) -> Layout:
        """The layout to keep, with `answers` by what each question is about and other `roles` by column title.

        Raises BadLayout where a question is left open, an answer is none of its choices or no layout results.
        """
        answers = answers or {}
        layout = self.layout if name is None else replace(self.layout, name=name)
        layout = replace(layout, columns=_with_roles(layout.columns, roles or {}))
        for question in self.asks:
            answer = answers.get(question.about)
            if answer is None:
                if question.about == CURRENCY:
                    continue  # then whoever has the file read has to know it
                raise BadLayout(f"The question is still open: {question.text}", field=question.about)
            layout = _answered(layout, question, answer)
        return layout.checked()

    def to_json(self) -> dict[str, Any]:
        """The proposal as values that JSON knows."""
        return {
            "layout": self.layout.to_json(),
            "sure": list(self.sure),
            "asks": [
                {"about": question.about, "text": question.text, "choices": list(question.choices)}
                for question in self.asks
            ],
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Proposal:
        """The proposal that `to_json` gave; its layout may still lack what it asks for. Raises BadLayout."""
        try:
            layout = unchecked(plain["layout"])
            asks = tuple(
                Question(about=one["about"], text=one["text"], choices=tuple(one["choices"]))
                for one in plain["asks"]
            )
            return cls(layout=layout, sure=tuple(plain["sure"]), asks=asks)
        except (KeyError, TypeError, ValueError):
            raise BadLayout("The proposal is not one that was written here.") from None


def _with_roles(columns: Sequence[Column], roles: Mapping[str, str | None]) -> tuple[Column, ...]:
    unknown = set(roles) - {column.title for column in columns}
    if unknown:
        raise BadLayout("A meaning is given for a column that the file does not have.", field="columns")
    try:
        wished = {title: None if role is None else Role(role) for title, role in roles.items()}
    except ValueError:
        raise BadLayout("A column is given a meaning that does not exist.", field="columns") from None
    return tuple(
        replace(column, role=wished[column.title]) if column.title in wished else column for column in columns
    )


def _answered(layout: Layout, question: Question, answer: str) -> Layout:
    if question.choices and answer not in question.choices:
        raise BadLayout(f"{answer[:20]!r} is no answer to: {question.text}", field=question.about)
    match question.about:
        case "date_order":
            return replace(layout, date_order=DateOrder(answer))
        case "decimal_mark":
            return replace(layout, decimal_mark=DecimalMark(answer))
        case "signs":
            return replace(layout, signs=Signs(answer))
        case "inverted":
            return replace(layout, inverted=answer == "yes")
        case "currency":
            return replace(layout, currency=answer)
        case Role.BOOKED_ON | Role.AMOUNT:
            return replace(layout, columns=_with_roles(layout.columns, {answer: question.about}))
    return layout


class UnknownLayout(UnreadableFile):
    """A table that no layout describes; `proposal` is how it seems to be, for a person to confirm."""

    def __init__(self, message: str, proposal: Proposal, *, line: int | None = None) -> None:
        super().__init__(message, line=line, proposal=proposal.to_json())
        self.proposal = proposal


class LayoutDrifted(UnreadableFile):
    """A table that is nearly of a known layout but not quite: `missing` and `added` are the titles that differ.

    `proposal` is how the table seems to be now, for a person who finds that the bank has changed it. `why` says what
    differs where the titles do not.
    """

    def __init__(
        self,
        layout: str,
        *,
        missing: Sequence[str],
        added: Sequence[str],
        proposal: Proposal,
        line: int | None = None,
        why: str | None = None,
    ) -> None:
        parts = [] if why is None else [why]
        if missing:
            parts.append(f"without {_listed(missing)}")
        if added:
            parts.append(f"with {_listed(added)}")
        differs = " and ".join(parts) or "with its columns in another order"
        super().__init__(
            f"The columns are nearly those of the layout {layout!r}, but {differs}: the bank may have changed it, "
            f"so nothing is read before a person has confirmed the new layout.",
            line=line,
            layout=layout,
            missing=list(missing),
            added=list(added),
            proposal=proposal.to_json(),
        )
        self.layout = layout
        self.missing = tuple(missing)
        self.added = tuple(added)
        self.proposal = proposal


_LONGEST_TITLE = 60
_MOST_TITLES = 8


def _listed(titles: Sequence[str]) -> str:
    shown = ", ".join(repr(title[:_LONGEST_TITLE]) for title in titles[:_MOST_TITLES])
    return shown if len(titles) <= _MOST_TITLES else f"{shown} and {len(titles) - _MOST_TITLES} more"
