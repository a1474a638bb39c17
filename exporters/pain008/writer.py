"""Writes a DirectDebitMessage as pain.008; the templates are indented like the XML they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from exporters.pain008 import parts, values
from exporters.pain008.characters import LATIN, Characters
from exporters.pain008.message import DirectDebitMessage, PaymentBlock, Transaction
from exporters.pain008.parts import compact, positional
from exporters.pain008.profiles import DEFAULT, Profile, taking
from exporters.pain008.values import Unwritable

_AT_ONCE = 500  # transactions given out in one piece of bytes


_OPENING = compact("""
    <Document xmlns="%(namespace)s">
      <CstmrDrctDbtInitn>
        <GrpHdr>
          <MsgId>%(message_id)s</MsgId>
          <CreDtTm>%(created_at)s</CreDtTm>
          <NbOfTxs>%(count)d</NbOfTxs>
          <CtrlSum>%(sum)s</CtrlSum>
          <InitgPty>
            <Nm>%(initiating_party)s</Nm>
          </InitgPty>
        </GrpHdr>
""")

_BLOCK = compact("""
        <PmtInf>
          <PmtInfId>%(payment_information_id)s</PmtInfId>
          <PmtMtd>DD</PmtMtd>
          <BtchBookg>%(batch_booking)s</BtchBookg>
          <NbOfTxs>%(count)d</NbOfTxs>
          <CtrlSum>%(sum)s</CtrlSum>
          <PmtTpInf>
            <SvcLvl>
              <Cd>SEPA</Cd>
            </SvcLvl>
            <LclInstrm>
              <Cd>%(scheme)s</Cd>
            </LclInstrm>
            <SeqTp>%(sequence_type)s</SeqTp>
            %(category_purpose)s
          </PmtTpInf>
          <ReqdColltnDt>%(collect_on)s</ReqdColltnDt>
          <Cdtr>
            <Nm>%(creditor)s</Nm>
            %(address)s
          </Cdtr>
          <CdtrAcct>
            <Id>
              <IBAN>%(iban)s</IBAN>
            </Id>
          </CdtrAcct>
          <CdtrAgt>
            <FinInstnId>%(agent)s</FinInstnId>
          </CdtrAgt>
          %(ultimate_creditor)s
          <ChrgBr>SLEV</ChrgBr>
          <CdtrSchmeId>
            %(creditor_id)s
          </CdtrSchmeId>
""")

_TRANSACTION = positional(
    compact("""
          <DrctDbtTxInf>
            <PmtId>
              %(instruction_id)s
              <EndToEndId>%(end_to_end_id)s</EndToEndId>
            </PmtId>
            <InstdAmt Ccy="EUR">%(amount)s</InstdAmt>
            <DrctDbtTx>
              <MndtRltdInf>
                <MndtId>%(mandate_id)s</MndtId>
                <DtOfSgntr>%(signed_on)s</DtOfSgntr>
                %(amendment)s
              </MndtRltdInf>
            </DrctDbtTx>
            <DbtrAgt>
              <FinInstnId>%(agent)s</FinInstnId>
            </DbtrAgt>
            <Dbtr>
              <Nm>%(debtor)s</Nm>
              %(address)s
            </Dbtr>
            <DbtrAcct>
              <Id>
                <IBAN>%(iban)s</IBAN>
              </Id>
            </DbtrAcct>
            %(ultimate_debtor)s
            %(purpose)s
            %(remittance)s
          </DrctDbtTxInf>
""")
)

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_END_OF_BLOCK = "\n</PmtInf>"
_CLOSING = "\n</CstmrDrctDbtInitn></Document>\n"


def write(
    message: DirectDebitMessage, *, out: BinaryIO, profile: Profile = DEFAULT, characters: Characters = LATIN
) -> None:
    """Write `message` to `out` in UTF-8 without byte order mark; the same message gives the same bytes.

    Names and texts are put into `characters` and cut at the length the rulebook gives them (EPC217-08,
    EPC130-08); identifiers are written as they are. The transactions of a block are gone through once, a few
    hundred at a time. Raises Unwritable for what does not fit, also when other transactions came than were
    announced, and ValueError for a `created_at` without time zone; what is in `out` by then is no file.
    """
    for piece in pieces(message, profile=profile, characters=characters):
        out.write(piece)


def pieces(
    message: DirectDebitMessage, *, profile: Profile = DEFAULT, characters: Characters = LATIN
) -> Iterator[bytes]:
    """The file of `write` in pieces of some hundred transactions, for whoever sends while writing."""
    profile = taking(profile, characters)
    yield (_DECLARATION + _opening(message, profile)).encode()
    for number, block in enumerate(message.blocks):
        try:
            yield from _block(block, profile)
        except Unwritable as fault:
            raise fault.within(f"blocks[{number}]") from fault
    yield _CLOSING.encode()


def _opening(message: DirectDebitMessage, profile: Profile) -> str:
    if not message.blocks:
        raise Unwritable("A file needs at least one payment block.", field="blocks")
    return _OPENING % {
        "namespace": profile.namespace,
        "message_id": values.reference(message.message_id, profile, "message_id"),
        "created_at": values.instant(message.created_at),
        "count": message.transaction_count,
        "sum": values.decimal(message.control_sum_minor),
        "initiating_party": values.name(message.initiating_party, profile, "initiating_party"),
    }


def _block(block: PaymentBlock, profile: Profile) -> Iterator[bytes]:
    if not len(block.transactions):
        raise Unwritable("A payment block needs at least one transaction.", field="transactions")
    yield b"\n" + _head(block, profile).encode()
    count = minor = 0
    lines: list[str] = []
    for transaction in block.transactions:
        lines.append(_line(transaction, count, profile))
        count += 1
        minor += transaction.amount.minor
        if len(lines) == _AT_ONCE:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()
    if (count, minor) != (len(block.transactions), block.control_sum_minor):
        raise Unwritable(
            f"{count} transactions over {values.decimal(minor)} came, and others were announced.",
            field="transactions",
        )
    yield _END_OF_BLOCK.encode()


def _head(block: PaymentBlock, profile: Profile) -> str:
    creditor = block.creditor
    return _BLOCK % {
        "payment_information_id": values.reference(
            block.payment_information_id, profile, "payment_information_id"
        ),
        "batch_booking": "true" if block.batch_booking else "false",
        "count": len(block.transactions),
        "sum": values.decimal(block.control_sum_minor),
        "scheme": block.scheme,
        "sequence_type": block.sequence_type,
        "category_purpose": parts.category_purpose(block.category_purpose),
        "collect_on": block.collect_on.isoformat(),
        "creditor": values.name(creditor.name, profile, "creditor.name"),
        "address": parts.address(creditor.address, profile, "creditor.address"),
        "iban": values.shaped(creditor.iban, values.IBAN, "creditor.iban"),
        "agent": parts.agent(creditor, profile, "creditor.bic"),
        "ultimate_creditor": parts.ultimate_creditor(block.ultimate_creditor, profile),
        "creditor_id": parts.scheme_identification(block.creditor_id, profile, "creditor_id"),
    }


def _line(transaction: Transaction, number: int, profile: Profile) -> str:
    try:
        return _transaction(transaction, profile)
    except Unwritable as fault:
        raise fault.within(f"transactions[{number}]") from fault


def _transaction(transaction: Transaction, profile: Profile) -> str:
    debtor = transaction.debtor
    return "\n" + _TRANSACTION % (
        parts.instruction_id(transaction.instruction_id, profile),
        values.reference(transaction.end_to_end_id, profile, "end_to_end_id"),
        values.amount(transaction.amount, profile, "amount"),
        values.reference(transaction.mandate_id, profile, "mandate_id"),
        transaction.signed_on.isoformat(),
        parts.amendment(transaction.amendment, profile),
        parts.agent(debtor, profile, "debtor.bic"),
        values.name(debtor.name, profile, "debtor.name"),
        parts.address(debtor.address, profile, "debtor.address"),
        values.shaped(debtor.iban, values.IBAN, "debtor.iban"),
        parts.ultimate_debtor(transaction.ultimate_debtor, profile),
        parts.purpose(transaction.purpose),
        parts.remittance(transaction, profile),
    )
