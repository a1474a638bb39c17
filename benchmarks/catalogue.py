"""The comparisons there are, each loaded only where it is run."""

from __future__ import annotations

from importlib import import_module

from benchmarks.comparison import Comparison

_MODULES = {
    "camt053": "camt053",
    "pain008": "pain008",
    "import": "importing",
    "match": "matching",
    "issue": "issuing",
    "schedule": "scheduling",
    "draft": "drafting",
    "allocate": "allocating",
    "http": "serving",
}

NAMES = tuple(_MODULES)


def load(name: str) -> Comparison:
    """The comparison called `name`, one of NAMES."""
    found: Comparison = import_module(f"benchmarks.{_MODULES[name]}").COMPARISON
    return found
