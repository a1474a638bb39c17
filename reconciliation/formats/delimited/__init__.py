"""Tables (CSV) as banks export them: layouts, proposals, and the reader."""

from reconciliation.formats.delimited.reader import (
    BadLayout,
    Layout,
    LayoutDrifted,
    Proposal,
    Question,
    UnknownLayout,
    fragment,
    identify,
    propose,
    read,
)

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
