"""Structured logs: one JSON line per event, and only fields that are known to be harmless."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Whatever is not in this list never reaches a log: no names, account numbers, references, tokens or texts.
ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "request_id", "method", "route", "status", "milliseconds", "key_id",
        "error", "task", "job_id", "lines", "matched", "waiting", "file_id", "count", "host", "port", "version",
    }
)  # fmt: skip


def only_allowed(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that keeps the fields in ALLOWED and counts what it left out."""
    kept = {name: value for name, value in event.items() if name in ALLOWED}
    if len(kept) != len(event):
        kept["count"] = len(event) - len(kept)
    return kept


def set_up(level: str) -> None:
    """Log as JSON lines to standard error from `level` upwards; other libraries from warnings upwards."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format='{"level":"%(levelname)s","event":"%(name)s"}'
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
