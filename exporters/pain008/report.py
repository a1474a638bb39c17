"""What a check says of one file, for machines and for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from exporters.pain008.findings import Finding, Severity
from exporters.pain008.profiles import PROFILES, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found in one file; `control_sum_minor` adds up the readable amounts, in EUR cents."""

    version: str | None
    transactions: int
    control_sum_minor: int
    findings: tuple[Finding, ...]

    @property
    def accepted(self) -> bool:
        """Whether a bank would take the file; warnings do not stop it."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    def as_json(self, file: str) -> dict[str, Any]:
        """The report on `file` in the shape that `pain008 check --json` prints."""
        return {
            "file": file,
            "version": self.version,
            "accepted": self.accepted,
            "transactions": self.transactions,
            "control_sum_minor": self.control_sum_minor,
            "findings": [
                {
                    "rule": finding.rule,
                    "severity": finding.severity.value,
                    "path": finding.path,
                    "transaction": finding.transaction,
                    "message": finding.message,
                }
                for finding in self.findings
            ],
        }


def of_version(version: str | None, chosen: Profile | None) -> Iterator[Finding]:
    """The version of the rulebooks of 2025 is pain.008.001.08; some banks still take pain.008.001.02."""
    if chosen is not None and version != chosen.name:
        yield error("version", "/Document", f"The file is not of the version {chosen.name}.")
    elif version is None or version not in PROFILES:
        yield error("version", "/Document", "SEPA banks take pain.008.001.08 and no version like this one.")
    elif PROFILES[version].retiring:
        message = f"Many banks no longer take {version}; pain.008.001.08 is the version to send."
        yield Finding(
            rule="version", severity=Severity.WARNING, path="/Document", transaction=None, message=message
        )


def error(rule: str, path: str, message: str) -> Finding:
    """A finding about the whole file or its form."""
    return Finding(rule=rule, severity=Severity.ERROR, path=path, transaction=None, message=message)
