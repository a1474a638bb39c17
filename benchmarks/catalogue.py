"""The comparisons there are, each loaded only where it is run."""

from __future__ import annotations

from importlib import import_module

from benchmarks.comparison import Comparison

MODULES = {
    "camt053": "benchmarks.camt053",
    "pain008": "benchmarks.pain008",
    "import": "benchmarks.importing",
    "match": "benchmarks.matching",
    "issue": "benchmarks.issuing",
    "schedule": "benchmarks.scheduling",
    "draft": "benchmarks.drafting",
    "allocate": "benchmarks.allocating",
    "http": "benchmarks.serving",
}

NAMES = tuple(MODULES)


def load(name: str) -> Comparison:
    """The comparison called `name`, one of NAMES."""
    found: Comparison = import_module(MODULES[name]).COMPARISON
    return found
