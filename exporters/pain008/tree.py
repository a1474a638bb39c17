"""Checks a file that lies in memory as a whole tree: every file can be read so, and small ones are."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date

from lxml import etree

from exporters.pain008 import schema
from exporters.pain008.characters import Characters
from exporters.pain008.fields import File, opened
from exporters.pain008.findings import Finding
from exporters.pain008.judge import Judge
from exporters.pain008.profiles import Profile, nearest, taking
from exporters.pain008.report import Report, error, of_version
from reconciliation.statement import UnreadableFile

PREFIXED = re.compile(rb"</?[A-Za-z_][A-Za-z0-9_.-]*:")


def check(source: bytes, *, chosen: Profile | None, characters: Characters, today: date | None) -> Report:
    """Everything a bank would refuse in the file, in the order of the layers. Nothing in it makes this raise."""
    try:
        file = opened(source)
    except UnreadableFile as fault:
        refusal = error("unreadable_file", "", fault.message)
        return Report(version=None, transactions=0, control_sum_minor=0, findings=(refusal,))
    held_to = taking(chosen or nearest(file.version), characters)
    with closing(Judge(held_to, today)) as judge:
        found = [
            *_encoding(source, file.root),
            *of_version(file.version, chosen),
            *_schema(file),
            *_rules(file, judge),
        ]
        return Report(
            version=file.version,
            transactions=judge.totals.whole.count,
            control_sum_minor=judge.totals.whole.minor,
            findings=tuple(found),
        )


def _rules(file: File, judge: Judge) -> Iterator[Finding]:
    header = file.header()
    judge.header(header)
    for block, transactions in file.blocks():
        judge.begin(block)
        for transaction in transactions:
            judge.transaction(transaction)
        judge.end(block)
    judge.finish(header)
    return judge.findings()


def _encoding(source: bytes, root: etree._Element) -> Iterator[Finding]:
    """UTF-8 without byte order mark, default namespace only (DFÜ agreement, Anlage 3, V26.11)."""
    if source.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield error("byte_order_mark", "", "The file begins with a byte order mark; it must not.")
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() != "UTF-8":
        yield error("encoding", "", "The file must be encoded in UTF-8.")
    if PREFIXED.search(source):
        yield error("namespace_prefix", "", "Elements must use the default namespace, without prefixes.")


def _schema(file: File) -> Iterator[Finding]:
    if file.version in schema.SCHEMAS:
        yield from schema.findings(schema.errors(file.root, file.version))
