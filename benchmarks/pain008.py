"""Writing pain.008.001.08 from rows and checking it, beside sepaxml and bare string templates."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from lxml import etree
from sepaxml import SepaDD

from benchmarks import data
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from exporters.pain008 import schema
from exporters.pain008.check import check
from exporters.pain008.checked import write_checked
from exporters.pain008.message import (
    DirectDebitMessage,
    Party,
    PaymentBlock,
    Scheme,
    SequenceType,
    Streamed,
    Transaction,
)
from exporters.pain008.writer import write
from ledger.money import Money

_TEMPLATE = "floor: bare string template"
_FLOOR = "floor: template, XSD in pieces"
_OURS = "exporters.pain008.checked.write_checked"
_WARM_UP = 3  # collections written before the clock starts, so that schemas and tables are there
_AT_ONCE = 500

_OPENING = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"><CstmrDrctDbtInitn>"""
_GROUP = (
    "<GrpHdr><MsgId>{0.message_id}</MsgId><CreDtTm>{0.created_at:%Y-%m-%dT%H:%M:%SZ}</CreDtTm>"
    "<NbOfTxs>{0.transaction_count}</NbOfTxs><CtrlSum>{1}</CtrlSum>"
    "<InitgPty><Nm>{0.initiating_party}</Nm></InitgPty></GrpHdr>"
)
_BLOCK = (
    "<PmtInf><PmtInfId>{0.payment_information_id}</PmtInfId><PmtMtd>DD</PmtMtd><BtchBookg>true</BtchBookg>"
    "<NbOfTxs>{2}</NbOfTxs><CtrlSum>{1}</CtrlSum><PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl>"
    "<LclInstrm><Cd>{0.scheme}</Cd></LclInstrm><SeqTp>{0.sequence_type}</SeqTp></PmtTpInf>"
    "<ReqdColltnDt>{0.collect_on}</ReqdColltnDt><Cdtr><Nm>{0.creditor.name}</Nm></Cdtr>"
    "<CdtrAcct><Id><IBAN>{0.creditor.iban}</IBAN></Id></CdtrAcct>"
    "<CdtrAgt><FinInstnId><BICFI>{0.creditor.bic}</BICFI></FinInstnId></CdtrAgt><ChrgBr>SLEV</ChrgBr>"
    "<CdtrSchmeId><Id><PrvtId><Othr><Id>{0.creditor_id}</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm></Othr>"
    "</PrvtId></Id></CdtrSchmeId>"
)
_TRANSACTION = (
    "<DrctDbtTxInf><PmtId><EndToEndId>%s</EndToEndId></PmtId>"
    '<InstdAmt Ccy="EUR">%d.%02d</InstdAmt><DrctDbtTx><MndtRltdInf><MndtId>%s</MndtId>'
    "<DtOfSgntr>%s</DtOfSgntr></MndtRltdInf></DrctDbtTx><DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr>"
    "</FinInstnId></DbtrAgt><Dbtr><Nm>%s</Nm></Dbtr><DbtrAcct><Id><IBAN>%s</IBAN></Id></DbtrAcct>"
    "<RmtInf><Ustrd>%s</Ustrd></RmtInf></DrctDbtTxInf>"
)
_CLOSING = "</PmtInf></CstmrDrctDbtInitn></Document>"


class Row(NamedTuple):
    """A collection as a query gives it."""

    end_to_end_id: str
    amount_minor: int
    mandate_reference: str
    signed_on: date
    debtor_name: str
    debtor_iban: str
    remittance: str


def _prepare(setting: Setting, size: int) -> None:
    """The rows, one a line, which every case reads as it goes."""
    for count in {size, _WARM_UP}:
        with _place(setting, count).open("w", encoding="utf-8") as file:
            for number in range(1, count + 1):
                file.write("\t".join(map(str, _row(number))) + "\n")
    for name, count in (("few.xml", _WARM_UP), ("file.xml", size)):
        with (setting.folder / name).open("wb") as out:
            write(_message(setting, count), out=out)


def _place(setting: Setting, count: int) -> Path:
    return setting.folder / f"rows-{count}.tsv"


def _row(number: int) -> Row:
    one = data.transaction(number)
    return Row(
        one.end_to_end_id, one.amount.minor, one.mandate_id, one.signed_on, one.debtor.name,
        one.debtor.iban, one.remittance or "",
    )  # fmt: skip


def _rows(setting: Setting, count: int) -> Iterator[Row]:
    with _place(setting, count).open(encoding="utf-8") as file:
        for line in file:
            end_to_end_id, minor, mandate, signed_on, name, iban, text = line[:-1].split("\t")
            yield Row(end_to_end_id, int(minor), mandate, date.fromisoformat(signed_on), name, iban, text)


@lru_cache
def _total(count: int) -> int:
    return sum(data.total_minor(number) for number in range(1, count + 1))


def _message(setting: Setting, count: int) -> DirectDebitMessage:
    """The message of the rows, which are read when it is written."""
    rows = map(_transaction, _rows(setting, count))
    block = PaymentBlock(
        payment_information_id="BENCH-BLOCK-1", scheme=Scheme.CORE, sequence_type=SequenceType.RCUR,
        collect_on=data.COLLECT_ON,
        creditor=Party(name=data.CREDITOR_NAME, iban=data.OUR_IBAN, bic=data.OUR_BIC),
        creditor_id=data.CREDITOR_IDENTIFIER,
        transactions=Streamed(rows, count=count, control_sum_minor=_total(count)),
    )  # fmt: skip
    return DirectDebitMessage(
        message_id="BENCH-MESSAGE-1", created_at=data.ACT.at, initiating_party=data.CREDITOR_NAME,
        blocks=(block,),
    )  # fmt: skip


def _transaction(row: Row) -> Transaction:
    return Transaction(
        end_to_end_id=row.end_to_end_id,
        amount=Money(row.amount_minor, "EUR"),
        mandate_id=row.mandate_reference,
        signed_on=row.signed_on,
        debtor=Party(name=row.debtor_name, iban=row.debtor_iban),
        remittance=row.remittance,
    )


@contextmanager
def _written(
    writing: Callable[[Setting, int, io.BufferedWriter], None], setting: Setting, size: int
) -> Iterator[Work]:
    """Times `writing`, which writes the file of so many rows to disk."""
    path = setting.folder / "out.xml"

    def run(count: int = size) -> None:
        with path.open("wb") as out:
            writing(setting, count, out)

    run(_WARM_UP)
    _total(size)
    yield Work(run)
    with path.open("rb") as made:
        written = sum(piece.count(b"<EndToEndId>") for piece in made)
    require(written == size, f"{size} collections")


def _ours(setting: Setting, count: int, out: io.BufferedWriter) -> None:
    write(_message(setting, count), out=out)


def _ours_checked(setting: Setting, count: int, out: io.BufferedWriter) -> None:
    report = write_checked(_message(setting, count), out=out, today=data.TODAY)
    require(report.accepted and report.transactions == count, "an accepted file")


def _template(setting: Setting, count: int, out: io.BufferedWriter) -> None:
    """Values are put into the text as they are: nothing is checked or converted."""
    for piece in _pieces(setting, count):
        out.write(piece.encode())


def _template_and_schema(setting: Setting, count: int, out: io.BufferedWriter) -> None:
    """The same, each piece held against the schema as a document of its own."""
    compiled = schema.compiled("pain.008.001.08")
    pieces = _pieces(setting, count)
    head = next(pieces)
    out.write(head.encode())
    for piece in pieces:
        if piece != _CLOSING:
            compiled.assertValid(etree.fromstring((head + piece + _CLOSING).encode()))
        out.write(piece.encode())


def _pieces(setting: Setting, count: int) -> Iterator[str]:
    message = _message(setting, count)
    (block,) = message.blocks
    total = f"{_total(count) // 100}.{_total(count) % 100:02d}"
    yield _OPENING + _GROUP.format(message, total) + _BLOCK.format(block, total, count)
    rows = _rows(setting, count)
    while some := list(islice(rows, _AT_ONCE)):
        yield "".join([_filled(row) for row in some])
    yield _CLOSING


def _filled(row: Row) -> str:
    return _TRANSACTION % (
        row.end_to_end_id, *divmod(row.amount_minor, 100), row.mandate_reference, row.signed_on,
        row.debtor_name.replace("&", "&amp;"), row.debtor_iban, row.remittance,
    )  # fmt: skip


def _sepaxml(setting: Setting, count: int, out: io.BufferedWriter, *, validate: bool) -> None:
    """sepaxml takes dictionaries, so making those is part of using it."""
    config = {
        "name": data.CREDITOR_NAME, "IBAN": data.OUR_IBAN, "BIC": data.OUR_BIC, "batch": True,
        "creditor_id": data.CREDITOR_IDENTIFIER, "currency": "EUR",
    }  # fmt: skip
    writer = SepaDD(config, schema="pain.008.001.08")
    for row in _rows(setting, count):
        writer.add_payment(
            {
                "name": row.debtor_name, "IBAN": row.debtor_iban, "amount": row.amount_minor, "type": "RCUR",
                "collection_date": data.COLLECT_ON, "mandate_id": row.mandate_reference,
                "mandate_date": row.signed_on, "description": row.remittance,
                "endtoend_id": row.end_to_end_id,
            }
        )  # fmt: skip
    out.write(writer.export(validate=validate))


@contextmanager
def _checked(setting: Setting, size: int) -> Iterator[Work]:
    """Times checking a file that lies on disk."""
    accepted = 0

    def run() -> None:
        nonlocal accepted
        report = check(setting.folder / "file.xml", today=data.TODAY)
        accepted = report.transactions if report.accepted else 0

    check(setting.folder / "few.xml", today=data.TODAY)
    yield Work(run)
    require(accepted == size, f"{size} collections that a bank would take")


_PLAIN = Case(name=_TEMPLATE, ready=partial(_written, _template))
_WITH_SCHEMA = Case(name=_FLOOR, ready=partial(_written, _template_and_schema))
_WRITE = Case(name="exporters.pain008.writer.write", ready=partial(_written, _ours), floor=_TEMPLATE)
_WRITE_CHECKED = Case(name=_OURS, ready=partial(_written, _ours_checked), floor=_FLOOR)
_CHECK = Case(name="exporters.pain008.check.check", ready=_checked, floor=_FLOOR)

COMPARISON = Comparison(
    name="pain008",
    title="Writing pain.008.001.08 from rows, checking it against schema and rules, and both in one pass",
    unit="collections",
    small=(1_000, 10_000),
    full=(1_000, 10_000, 100_000),
    prepare=_prepare,
    cases=(
        _PLAIN, _WITH_SCHEMA, _WRITE, _WRITE_CHECKED, _CHECK,
        Case(
            name="sepaxml, no validation", ready=partial(_written, partial(_sepaxml, validate=False)),
            floor=_FLOOR,
        ),
        Case(
            name="sepaxml, its validation", ready=partial(_written, partial(_sepaxml, validate=True)),
            floor=_FLOOR, largest=10_000,
        ),
    ),
)  # fmt: skip

# The largest file that any bank might be sent. The default run only shows that the case works.
MILLION = Comparison(
    name="pain008-million",
    title="A file of a million collections: written and checked in one pass, and checked on disk",
    unit="collections",
    small=(10_000,),
    full=(100_000, 1_000_000),
    prepare=_prepare,
    cases=(_WITH_SCHEMA, _WRITE_CHECKED, _CHECK),
)
