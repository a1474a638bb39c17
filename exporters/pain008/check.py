"""Says of any pain.008 file, ours or not, whether a SEPA bank would take it, and if not, why."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree

from exporters.pain008 import rules, schema
from exporters.pain008.fields import File, opened
from exporters.pain008.findings import Finding, Severity
from exporters.pain008.profiles import PROFILES, Profile, by_name, nearest
from exporters.pain008.totals import Totals
from reconciliation.statement import UnreadableFile

_PREFIXED = re.compile(rb"<[A-Za-z_][A-Za-z0-9_.-]*:")


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


def check(source: bytes, *, profile: str | None = None, today: date | None = None) -> Report:
    """Everything a bank would refuse in the file, by schema and by rule, in the order of its layers.

    Without `profile` the file is held to the rules of its own version. Without `today` nothing is said of
    dates that have passed. Nothing in the file makes it raise; an unknown `profile` raises UnknownProfile.
    """
    chosen = None if profile is None else by_name(profile)
    try:
        file = opened(source)
    except UnreadableFile as fault:
        refusal = _error("unreadable_file", "", fault.message)
        return Report(version=None, transactions=0, control_sum_minor=0, findings=(refusal,))
    totals = Totals()
    held_to = chosen or nearest(file.version)
    found = [
        *_encoding(source, file.root),
        *_version(file.version, chosen),
        *_schema(file),
        *rules.breaches(file, profile=held_to, today=today, totals=totals),
    ]
    return Report(
        version=file.version,
        transactions=totals.whole.count,
        control_sum_minor=totals.whole.minor,
        findings=tuple(found),
    )


def _encoding(source: bytes, root: etree._Element) -> Iterator[Finding]:
    """UTF-8 without byte order mark, default namespace only (DFÜ agreement, Anlage 3, V26.11)."""
    if source.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield _error("byte_order_mark", "", "The file begins with a byte order mark; it must not.")
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() != "UTF-8":
        yield _error("encoding", "", "The file must be encoded in UTF-8.")
    if _PREFIXED.search(source):
        yield _error("namespace_prefix", "", "Elements must use the default namespace, without prefixes.")


def _version(version: str | None, chosen: Profile | None) -> Iterator[Finding]:
    """The version of the rulebooks of 2025 is pain.008.001.08; some banks still take pain.008.001.02."""
    if chosen is not None and version != chosen.name:
        yield _error("version", "/Document", f"The file is not of the version {chosen.name}.")
    elif version is None or version not in PROFILES:
        yield _error("version", "/Document", "SEPA banks take pain.008.001.08 and no version like this one.")
    elif PROFILES[version].retiring:
        message = f"Many banks no longer take {version}; pain.008.001.08 is the version to send."
        yield Finding(
            rule="version", severity=Severity.WARNING, path="/Document", transaction=None, message=message
        )


def _schema(file: File) -> Iterator[Finding]:
    if file.version not in schema.SCHEMAS:
        return
    faults = schema.errors(file.root, file.version)
    for fault in faults:
        yield Finding(
            rule="schema",
            severity=Severity.ERROR,
            path=fault.path,
            transaction=fault.transaction,
            message=f"Line {fault.line}: {fault.message}",
        )
    if len(faults) == schema.MOST:
        yield _error("schema", "", f"Only the first {schema.MOST} breaches of the schema are listed.")


def _error(rule: str, path: str, message: str) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, path=path, transaction=None, message=message)
