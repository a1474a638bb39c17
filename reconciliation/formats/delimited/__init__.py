"""Tables (CSV) as banks export them: layouts, proposals, and the reader."""

from reconciliation.formats.delimited.layout import BadLayout, Layout
from reconciliation.formats.delimited.proposal import LayoutDrifted, Proposal, Question, UnknownLayout
from reconciliation.formats.delimited.reader import fragment, identify, propose, read

__all__ = [
    "BadLayout",
    "Layout",
    "LayoutDrifted",
    "Proposal",
    "Question",
    "UnknownLayout",
    "fragment",
    "identify",
    "propose",
    "read",
]
