"""How the tables (CSV) of each account are laid out, as people confirmed it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.errors import DuecourseError
from ledger.models import BankAccount
from reconciliation.models import StatementFile


def standing(session: Session, chosen: BankAccount | None) -> Sequence[Any]:
    return ()


def remember_refusal(session: Session, file: StatementFile, refusal: DuecourseError, *, act: Act) -> None:
    pass
