"""Structured logs: one JSON line per event, and only fields that are known to be harmless."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

# Whatever is not in this list never reaches a log: no names, account numbers, references, tokens or texts.
ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "request_id", "method", "route", "status", "milliseconds", "key_id",
        "error", "where", "task", "job_id", "lines", "matched", "waiting", "file_id", "count", "host", "port",
        "version",
    }
)  # fmt: skip


def only_allowed(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that keeps the fields in ALLOWED and counts what it left out."""
    kept = {name: value for name, value in event.items() if name in ALLOWED}
    if len(kept) != len(event):
        kept["count"] = len(event) - len(kept)
    return kept


_HOUSE = Path(__file__).resolve().parents[1]
_FLOORS = frozenset({"gateway", "exporters", "credit_control", "reconciliation", "mandates", "ledger"})


def where(error: BaseException) -> str:
    """The way an error took through our own code, innermost last: files, lines and functions, no values."""
    steps = []
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(_HOUSE) and path.relative_to(_HOUSE).parts[0] in _FLOORS:
            steps.append(f"{path.relative_to(_HOUSE)}:{frame.lineno} {frame.name}")
    return " > ".join(steps[-5:])


class Bare(logging.Formatter):
    """What other libraries log, as one JSON line without their words, which may quote rows, addresses or names.

    Only the web server's own words are kept: it says which address it cannot listen on.
    """

    def format(self, record: logging.LogRecord) -> str:
        told = {"event": record.name, "level": record.levelname.lower()}
        told["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        if record.exc_info and record.exc_info[1] is not None:
            told |= {"error": type(record.exc_info[1]).__name__, "where": where(record.exc_info[1])}
        elif record.name.startswith("uvicorn"):
            told["says"] = record.getMessage()
        return json.dumps(told)


class ToStandardError(logging.Handler):
    """Writes each record to what is standard error at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")


def set_up(level: str) -> None:
    """Log as JSON lines to standard error from `level` upwards; other libraries from warnings upwards."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    handler = ToStandardError()
    handler.setFormatter(Bare())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
