"""Takes the parts of a file in order, holds each against the rules, and keeps what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from exporters.pain008 import places
from exporters.pain008.fields import Part
from exporters.pain008.findings import Case, Finding, Setting, Severity, findings
from exporters.pain008.plans import Plans
from exporters.pain008.profiles import Profile
from exporters.pain008.rules import BLOCK_RULES, HEADER_RULES, TRANSACTION_RULES
from exporters.pain008.totals import Totals
from exporters.pain008.values import day

# A file that is wrong everywhere is explained well enough by this many findings of one rule.
MOST = 1_000


class Judge:
    """One file before the rules. Without `today`, rules that ask what day it is say nothing. To be closed."""

    def __init__(self, profile: Profile, today: date | None) -> None:
        self.totals = Totals()
        self.setting = Setting(profile, today)
        self.plans = Plans(TRANSACTION_RULES)
        self._found: list[Finding] = []
        self._counts: Counter[tuple[str, Severity]] = Counter()

    def header(self, part: Part) -> None:
        """The GrpHdr."""
        self.keep(findings(HEADER_RULES, Case(part.path, part.fields, self.setting)))

    def begin(self, block: Part) -> None:
        """The head of a PmtInf, whose collections follow."""
        self.setting = replace(self.setting, collect_on=day(block.fields.get(places.COLLECT_ON)))
        self.keep(findings(BLOCK_RULES, Case(block.path, block.fields, self.setting)))
        self.keep(self.totals.begin(block))

    def transaction(self, part: Part) -> None:
        """A collection by itself."""
        case = Case(part.path, part.fields, self.setting)
        if not self.plans.of(self.setting, part.fields).is_clean(case):
            self.explain(part)
        self.keep(self.totals.one(part))

    def explain(self, part: Part) -> None:
        """A collection of which some rule has something to say."""
        self.keep(findings(TRANSACTION_RULES, Case(part.path, part.fields, self.setting)))

    def end(self, block: Part) -> None:
        """The block that began last is over."""
        self.keep(self.totals.end(block))

    def finish(self, header: Part) -> None:
        """The file is over."""
        self.keep(self.totals.finish(header))

    def keep(self, found: Iterable[Finding]) -> None:
        """Remember findings, of each rule only the first thousand."""
        for finding in found:
            kind = (finding.rule, finding.severity)
            self._counts[kind] += 1
            if self._counts[kind] <= MOST:
                self._found.append(finding)

    def findings(self) -> Iterator[Finding]:
        """What was kept, in the order of the file, and how much more there was."""
        yield from self._found
        for (rule, severity), count in self._counts.items():
            if count > MOST:
                message = f"{count - MOST} more findings of this rule are not listed."
                yield Finding(rule=rule, severity=severity, path="", transaction=None, message=message)

    def close(self) -> None:
        """Let go of what was remembered of the file."""
        self.totals.close()
