"""The comparisons there are, each loaded only where it is run."""

from __future__ import annotations

from importlib import import_module

from benchmarks.comparison import Comparison

_PLACES = {
    "camt053": "benchmarks.reading:CAMT053",
    "mt940": "benchmarks.reading:MT940",
    "ofx": "benchmarks.reading:OFX",
    "csv": "benchmarks.reading:CSV",
    "qif": "benchmarks.reading:QIF",
    "bai2": "benchmarks.reading:BAI2",
    "pain008": "benchmarks.pain008:COMPARISON",
    "pain008-million": "benchmarks.pain008:MILLION",
    "import": "benchmarks.importing:CAMT053",
    "import-mt940": "benchmarks.importing:MT940",
    "import-ofx": "benchmarks.importing:OFX",
    "import-csv": "benchmarks.importing:CSV",
    "import-known": "benchmarks.importing_again:KNOWN",
    "import-announced": "benchmarks.importing_again:ANNOUNCED",
    "import-daily": "benchmarks.importing_again:DAILY",
    "import-history": "benchmarks.importing_again:HISTORY",
    "match": "benchmarks.matching:COMPARISON",
    "issue": "benchmarks.issuing:COMPARISON",
    "schedule": "benchmarks.scheduling:COMPARISON",
    "draft": "benchmarks.drafting:COMPARISON",
    "allocate": "benchmarks.allocating:COMPARISON",
    "http": "benchmarks.serving:COMPARISON",
}

NAMES = tuple(_PLACES)


def module(name: str) -> str:
    """The module that has the comparison called `name`."""
    return _PLACES[name].partition(":")[0]


def load(name: str) -> Comparison:
    """The comparison called `name`, one of NAMES."""
    found: Comparison = getattr(import_module(module(name)), _PLACES[name].partition(":")[2])
    return found
