"""What reading costs at the least: loops that only find the bookings, and loops that make a bare record of each.

They check little, prove nothing and know one dialect: bounds to compare with, and no readers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

from lxml import etree

Record = dict[str, Any]

# --- camt.053 ---

_NAMESPACE = "{urn:iso:std:iso:20022:tech:xsd:camt.053.001.08}"
_ENTRY = f"{_NAMESPACE}Ntry"


def _entries(path: Path) -> Iterator[etree._Element]:
    """Every entry is parsed and dropped."""
    for _, element in etree.iterparse(path, events=("end",), tag=_ENTRY):
        yield element
        element.clear()
        parent = element.getparent()
        while parent is not None and parent[0] is not element:
            del parent[0]


def empty_iterparse(path: Path) -> int:
    return sum(1 for _ in _entries(path))


def camt_records(path: Path) -> int:
    """One pass over the leaves of each entry; those of the details by the names of parent and leaf."""
    count, cut = 0, len(_NAMESPACE)
    for entry in _entries(path):
        record: Record = {}
        for leaf in entry.iter():
            if leaf.text and not len(leaf):
                parent = leaf.getparent()
                above = "" if parent is None else parent.tag[cut:]
                record.setdefault(f"{above}/{leaf.tag[cut:]}", leaf.text)
        record["amount"] = Decimal(record["Ntry/Amt"])
        record["booked"] = date.fromisoformat(record["BookgDt/Dt"])
        record["valued"] = date.fromisoformat(record["ValDt/Dt"])
        count += 1
    return count


# --- formats of lines ---


def lines_of(path: Path, mark: bytes) -> int:
    """How many lines begin with `mark`."""
    with path.open("rb") as file:
        return sum(line.startswith(mark) for line in file)


_LINE_61 = re.compile(r"(\d{6})(\d{4})?(R?[CD])([A-Z])?(\d+,\d*)([NFS]\w{3})([^/]*)(?://(.*))?")
_FIELD_86 = re.compile(r"\?(\d\d)([^?]*)")
_SEPA_TAG = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA)\+")


def mt940_records(path: Path) -> int:
    """:61: by one pattern, :86: joined and split into its fields and SEPA tags."""
    count = 0
    record: Record = {}
    text = ""
    with path.open(encoding="ascii") as file:
        for line in file:
            if line[0] not in ":-":
                text += line[:-1]
                continue
            if text:
                _field_86(text, record)
                text = ""
            if line.startswith(":61:"):
                record = _line_61(line[4:-1])
                count += 1
            elif line.startswith(":86:"):
                text = line[4:-1]
    return count


def _line_61(text: str) -> Record:
    found = _LINE_61.match(text)
    if found is None:
        raise ValueError("no :61:")
    day, sign = found[1], 1 if found[3] in ("C", "RD") else -1
    return {
        "valued": date(2000 + int(day[:2]), int(day[2:4]), int(day[4:])),
        "minor": sign * int(found[5].replace(",", "")), "code": found[6], "reference": found[7], "bank": found[8],
    }  # fmt: skip


def _field_86(text: str, record: Record) -> None:
    fields = dict(_FIELD_86.findall(text))
    purpose = "".join(value for name, value in fields.items() if "20" <= name <= "29")
    first, *tags = _SEPA_TAG.split(purpose)
    record.update(fields, text=first, **dict(zip(tags[::2], tags[1::2], strict=True)))


# --- OFX ---

_TRANSACTION = re.compile(r"<STMTTRN>(.*?)</STMTTRN>", re.DOTALL)
_LEAF = re.compile(r"<([A-Z0-9.]+)>([^<\r\n]+)")


def ofx_records(path: Path) -> int:
    """The leaves of each transaction by one pattern, over the whole text in memory."""
    count = 0
    for found in _TRANSACTION.finditer(path.read_text(encoding="utf-8")):
        record: Record = dict(_LEAF.findall(found[1]))
        day = record["DTPOSTED"]
        record["amount"] = Decimal(record["TRNAMT"])
        record["booked"] = date(int(day[:4]), int(day[4:6]), int(day[6:8]))
        record["NAME"], record["MEMO"] = unescape(record["NAME"]), unescape(record["MEMO"])
        count += 1
    return count


# --- CSV, QIF, BAI2 ---


def csv_rows(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file, delimiter=";")) - 1


def csv_records(path: Path) -> int:
    """A dictionary of each row, its dates and amounts read."""
    count = 0
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            record: Record = dict(row)
            day, month, year = record["Buchungstag"].split(".")
            record["booked"] = date(int(year), int(month), int(day))
            record["amount"] = Decimal(record["Betrag"].replace(",", "."))
            record["balance"] = Decimal(record["Saldo nach Buchung"].replace(",", "."))
            count += 1
    return count


def qif_records(path: Path) -> int:
    """A dictionary of each record by its letters."""
    count = 0
    record: Record = {}
    with path.open(encoding="utf-8") as file:
        next(file)
        for line in file:
            if line[0] != "^":
                record[line[0]] = line[1:-1]
                continue
            day, month, year = record["D"].split("/")
            record["booked"] = date(int(year), int(month), int(day))
            record["amount"] = Decimal(record["T"])
            record = {}
            count += 1
    return count


def bai2_records(path: Path) -> int:
    """The fields of each 16 record, its amount read."""
    count = 0
    with path.open(encoding="ascii") as file:
        for line in file:
            if line.startswith("16,"):
                _, code, amount, _, bank, customer, text = line.rstrip("\n/").split(",", 6)
                sign = 1 if int(code) < 400 else -1
                record = {"minor": sign * int(amount), "bank": bank, "customer": customer, "text": text}
                count += len(record) > 0
    return count
