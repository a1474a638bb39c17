"""The three bases of every refusal: what is missing, what clashes, what is wrong in itself."""

from __future__ import annotations


class DuecourseError(Exception):
    """A refusal with a stable code, a plain sentence and, where known, the field at fault."""

    def __init__(self, message: str, *, field: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.facts = facts

    @property
    def code(self) -> str:
        """The error's own name in lower case with underscores; users script against it."""
        name = type(self).__name__
        return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


class NotFound(DuecourseError):
    """Something asked for does not exist."""


class Conflict(DuecourseError):
    """The wish is well formed, but the state of the books does not allow it now."""


class Rejected(DuecourseError):
    """The input is wrong in itself and will never be accepted as it is."""
