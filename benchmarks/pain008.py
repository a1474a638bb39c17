"""Writing pain.008.001.08 and checking it, beside sepaxml and a bare string template."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sepaxml import SepaDD

from benchmarks import data
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from exporters.pain008.check import Report, check
from exporters.pain008.message import DirectDebitMessage
from exporters.pain008.writer import write

_FLOOR = "floor: bare string template"
_WARM_UP = 3  # collections written before the clock starts, so that schemas and tables are there

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


def _prepare(setting: Setting, size: int) -> None:
    """Messages are made in memory by each case."""


@contextmanager
def _made(make: Callable[[DirectDebitMessage], bytes], setting: Setting, size: int) -> Iterator[Work]:
    """Times `make`, which gives the file of a message."""
    message, made = data.message(size), b""
    make(data.message(_WARM_UP))

    def run() -> None:
        nonlocal made
        made = make(message)

    yield Work(run)
    require(made.count(b"<EndToEndId>") == size, f"{size} collections")


@contextmanager
def _streamed(
    transfer: Callable[[DirectDebitMessage, io.BufferedWriter], None], setting: Setting, size: int
) -> Iterator[Work]:
    """Times `transfer`, which writes the file of a message to disk as it goes."""
    message, path = data.message(size), setting.folder / "out.xml"

    def run(of: DirectDebitMessage = message) -> None:
        with path.open("wb") as out:
            transfer(of, out)

    run(data.message(_WARM_UP))
    yield Work(run)
    require(path.read_bytes().count(b"<EndToEndId>") == size, f"{size} collections")


def _template(message: DirectDebitMessage, out: io.BufferedWriter) -> None:
    """Values are put into the text as they are: nothing is checked, converted or escaped."""
    total = f"{message.control_sum_minor // 100}.{message.control_sum_minor % 100:02d}"
    out.write((_OPENING + _GROUP.format(message, total)).encode())
    for block in message.blocks:
        out.write(_BLOCK.format(block, total, len(block.transactions)).encode())
        for one in block.transactions:
            values = (
                one.end_to_end_id, *divmod(one.amount.minor, 100), one.mandate_id, one.signed_on,
                one.debtor.name, one.debtor.iban, one.remittance,
            )  # fmt: skip
            out.write((_TRANSACTION % values).encode())
    out.write(_CLOSING.encode())


def _ours(message: DirectDebitMessage, out: io.BufferedWriter) -> None:
    write(message, out=out)


def _ours_checked(message: DirectDebitMessage) -> bytes:
    """As a batch is drafted: written to memory, then held against the schema and every rule."""
    out = io.BytesIO()
    write(message, out=out)
    content = out.getvalue()
    report: Report = check(content, today=data.TODAY)
    require(report.accepted and report.transactions == message.transaction_count, "an accepted file")
    return content


def _sepaxml(message: DirectDebitMessage, *, validate: bool) -> bytes:
    """Both add the same collections; sepaxml takes dictionaries, so making those is part of using it."""
    (block,) = message.blocks
    config = {
        "name": block.creditor.name, "IBAN": block.creditor.iban, "BIC": block.creditor.bic, "batch": True,
        "creditor_id": block.creditor_id, "currency": "EUR",
    }  # fmt: skip
    writer = SepaDD(config, schema="pain.008.001.08")
    for one in block.transactions:
        writer.add_payment(
            {
                "name": one.debtor.name, "IBAN": one.debtor.iban, "amount": one.amount.minor,
                "type": str(block.sequence_type), "collection_date": block.collect_on,
                "mandate_id": one.mandate_id, "mandate_date": one.signed_on,
                "description": one.remittance, "endtoend_id": one.end_to_end_id,
            }
        )  # fmt: skip
    exported: bytes = writer.export(validate=validate)
    return exported


COMPARISON = Comparison(
    name="pain008",
    title="Writing pain.008.001.08, and checking it against schema and rules",
    unit="collections",
    small=(1_000, 10_000),
    full=(1_000, 10_000, 100_000),
    prepare=_prepare,
    cases=(
        Case(name=_FLOOR, ready=partial(_streamed, _template)),
        Case(name="exporters.pain008.writer.write", ready=partial(_streamed, _ours), floor=_FLOOR),
        Case(name="write, then check.check", ready=partial(_made, _ours_checked), floor=_FLOOR),
        Case(name="sepaxml, no validation", ready=partial(_made, partial(_sepaxml, validate=False)), floor=_FLOOR),
        Case(
            name="sepaxml, its validation", ready=partial(_made, partial(_sepaxml, validate=True)), floor=_FLOOR,
            largest=10_000,
        ),
    ),
)  # fmt: skip
