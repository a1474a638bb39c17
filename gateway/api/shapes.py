"""Shapes that several nouns share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.invoice_import import SEEN as SEEN
from gateway.invoice_import import Day as Day

# An id of ours: three letters and the 26 characters of a UUID (ledger.identifiers).
Id = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{3}_[0-9a-z]{26}$"),
    Field(examples=["inv_01jz3q5v9yfk2a8m4t6w7x1c0d"]),
]

# Minor units as JSON has them: a number, never a text, a decimal or a truth value.
Minor = Annotated[int, Field(strict=True)]


# A small count, as days are; what range is meant, the domain says.
Whole = Annotated[int, Field(strict=True, ge=0, le=1_000)]


class Reason(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=200, pattern=SEEN)


class FileOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    name: str
    sha256: str
    size: int
    batch_id: str | None
    payback_id: str | None
    created_at: datetime
    released_at: datetime | None
