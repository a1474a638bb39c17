"""Writes a ReversalMessage as pain.007; the templates are indented like the XML they stand for.

Order of elements: CustomerPaymentReversalV09 of ISO 20022 (2019). Its schema is not in any package registry; the
order was read in V08 and V10 as pyiso20022 generates them from the schemas, between which these parts are the same
but for the mandate: V10 wraps it in DrctDbtMndt, V08 and V09 do not. Parties stand in Pty (Party40Choice).
The German banks' subset of V09 requires OrgnlTxRef with MndtId and DtOfSgntr on every TxInf, as the crate `sepa`
0.8 found by validating against it; EPC130-08 knows neither RvslPmtInfId nor a reversal of a whole group.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from exporters.pain007.message import (
    Collection,
    Line,
    LinesOfBlock,
    Party,
    ReversalMessage,
    WholeBlock,
)
from exporters.pain008 import values
from exporters.pain008.characters import to_sepa
from exporters.pain008.parts import compact
from exporters.pain008.values import Unwritable
from ledger.money import Money
from ledger.sepa_text import is_sepa_reference

VERSION = "pain.007.001.09"
NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{VERSION}"
NAME_LENGTH = 70
LARGEST_MINOR = 99_999_999_999  # EPC130-08: 999,999,999.99 EUR
REASONS = frozenset({"AM05", "MS02", "MS03"})  # EPC173-14, codes of the column "Reversal"
_AT_ONCE = 500  # lines given out in one piece of bytes

_OPENING = compact("""
    <Document xmlns="%(namespace)s">
      <CstmrPmtRvsl>
        <GrpHdr>
          <MsgId>%(message_id)s</MsgId>
          <CreDtTm>%(created_at)s</CreDtTm>
          <NbOfTxs>%(count)d</NbOfTxs>
          <CtrlSum>%(sum)s</CtrlSum>
          <GrpRvsl>false</GrpRvsl>
          <InitgPty>
            <Nm>%(initiating_party)s</Nm>
          </InitgPty>
          %(creditor_agent)s
        </GrpHdr>
        <OrgnlGrpInf>
          <OrgnlMsgId>%(original_message_id)s</OrgnlMsgId>
          <OrgnlMsgNmId>%(original_version)s</OrgnlMsgNmId>
        </OrgnlGrpInf>
""")

_WHOLE_BLOCK = compact("""
        <OrgnlPmtInfAndRvsl>
          <OrgnlPmtInfId>%(payment_information_id)s</OrgnlPmtInfId>
          <OrgnlNbOfTxs>%(count)d</OrgnlNbOfTxs>
          <OrgnlCtrlSum>%(sum)s</OrgnlCtrlSum>
          <PmtInfRvsl>true</PmtInfRvsl>
          <RvslRsnInf>
            <Rsn>
              <Cd>%(reason)s</Cd>
            </Rsn>
          </RvslRsnInf>
        </OrgnlPmtInfAndRvsl>
""")

_HEAD_OF_LINES = compact("""
        <OrgnlPmtInfAndRvsl>
          <OrgnlPmtInfId>%s</OrgnlPmtInfId>
          <PmtInfRvsl>false</PmtInfRvsl>
""")

_LINE = compact("""
          <TxInf>
            <RvslId>%(reversal_id)s</RvslId>
            <OrgnlEndToEndId>%(end_to_end_id)s</OrgnlEndToEndId>
            <OrgnlInstdAmt Ccy="EUR">%(amount)s</OrgnlInstdAmt>
            <RvsdInstdAmt Ccy="EUR">%(amount)s</RvsdInstdAmt>
            <ChrgBr>SLEV</ChrgBr>
            <RvslRsnInf>
              <Rsn>
                <Cd>%(reason)s</Cd>
              </Rsn>
            </RvslRsnInf>
            <OrgnlTxRef>
              <ReqdColltnDt>%(collect_on)s</ReqdColltnDt>
              <CdtrSchmeId>
                <Id>
                  <PrvtId>
                    <Othr>
                      <Id>%(creditor_id)s</Id>
                      <SchmeNm>
                        <Prtry>SEPA</Prtry>
                      </SchmeNm>
                    </Othr>
                  </PrvtId>
                </Id>
              </CdtrSchmeId>
              <PmtTpInf>
                <SvcLvl>
                  <Cd>SEPA</Cd>
                </SvcLvl>
                <LclInstrm>
                  <Cd>%(scheme)s</Cd>
                </LclInstrm>
                <SeqTp>%(sequence_type)s</SeqTp>
              </PmtTpInf>
              <MndtRltdInf>
                <MndtId>%(mandate_id)s</MndtId>
                <DtOfSgntr>%(signed_on)s</DtOfSgntr>
              </MndtRltdInf>
              <Dbtr>
                <Pty>
                  <Nm>%(debtor)s</Nm>
                </Pty>
              </Dbtr>
              <DbtrAcct>
                <Id>
                  <IBAN>%(debtor_iban)s</IBAN>
                </Id>
              </DbtrAcct>
              %(debtor_agent)s
              %(creditor_agent)s
              <Cdtr>
                <Pty>
                  <Nm>%(creditor)s</Nm>
                </Pty>
              </Cdtr>
              <CdtrAcct>
                <Id>
                  <IBAN>%(creditor_iban)s</IBAN>
                </Id>
              </CdtrAcct>
            </OrgnlTxRef>
          </TxInf>
""")

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_END_OF_BLOCK = b"</OrgnlPmtInfAndRvsl>\n"
_CLOSING = b"</CstmrPmtRvsl></Document>\n"


def write(message: ReversalMessage, *, out: BinaryIO) -> None:
    """Write `message` to `out` in UTF-8 without byte order mark; the same message gives the same bytes.

    Raises Unwritable for what has no form in the file, and ValueError for a `created_at` without time zone; what
    is in `out` by then is no file.
    """
    for piece in pieces(message):
        out.write(piece)


def pieces(message: ReversalMessage) -> Iterator[bytes]:
    """The file of `write` in pieces of some hundred lines, for whoever sends while writing."""
    yield (_DECLARATION + _opening(message) + "\n").encode()
    for number, block in enumerate(message.blocks):
        try:
            yield from _block(block)
        except Unwritable as fault:
            raise fault.within(f"blocks[{number}]") from fault
    yield _CLOSING


def _opening(message: ReversalMessage) -> str:
    if not message.blocks:
        raise Unwritable("A file needs at least one payment block.", field="blocks")
    return _OPENING % {
        "namespace": NAMESPACE,
        "message_id": _reference(message.message_id, "message_id"),
        "created_at": values.instant(message.created_at),
        "count": message.count,
        "sum": values.decimal(message.control_sum_minor),
        "initiating_party": _name(message.initiating_party, "initiating_party"),
        "creditor_agent": _agent("CdtrAgt", message.creditor_bic, "creditor_bic"),
        "original_message_id": _reference(message.original_message_id, "original_message_id"),
        "original_version": _reference(message.original_version, "original_version"),
    }


def _block(block: LinesOfBlock | WholeBlock) -> Iterator[bytes]:
    if block.count < 1:
        raise Unwritable("A payment block needs at least one collection.", field="lines")
    name = _reference(block.payment_information_id, "payment_information_id")
    if isinstance(block, WholeBlock):
        yield (_WHOLE_BLOCK % {
            "payment_information_id": name, "count": block.count,
            "sum": values.decimal(block.control_sum_minor), "reason": _reason(block.reason),
        }).encode() + b"\n"  # fmt: skip
        return
    yield (_HEAD_OF_LINES % name).encode() + b"\n"
    for first in range(0, block.count, _AT_ONCE):
        yield "".join(_lines(block, first)).encode()
    yield _END_OF_BLOCK


def _lines(block: LinesOfBlock, first: int) -> Iterator[str]:
    for number, line in enumerate(block.lines[first : first + _AT_ONCE], start=first):
        try:
            yield _line(line) + "\n"
        except Unwritable as fault:
            raise fault.within(f"lines[{number}]") from fault


def _line(line: Line) -> str:
    return _LINE % {
        "reversal_id": _reference(line.reversal_id, "reversal_id"),
        "end_to_end_id": _reference(line.end_to_end_id, "end_to_end_id"),
        "amount": _amount(line.amount),
        "reason": _reason(line.reason),
        **_collection(line.collection),
    }


def _collection(said: Collection) -> dict[str, str]:
    return {
        "collect_on": said.collect_on.isoformat(),
        "creditor_id": _reference(said.creditor_id, "collection.creditor_id"),
        "scheme": str(said.scheme),
        "sequence_type": str(said.sequence_type),
        "mandate_id": _reference(said.mandate_id, "collection.mandate_id"),
        "signed_on": said.signed_on.isoformat(),
        **_party("debtor", "DbtrAgt", said.debtor),
        **_party("creditor", "CdtrAgt", said.creditor),
    }


def _party(role: str, agent: str, party: Party) -> dict[str, str]:
    field = f"collection.{role}"
    return {
        role: _name(party.name, f"{field}.name"),
        f"{role}_iban": values.shaped(party.iban, values.IBAN, f"{field}.iban"),
        f"{role}_agent": _agent(agent, party.bic, f"{field}.bic"),
    }


def _agent(element: str, bic: str | None, field: str) -> str:
    """The agent where its BIC is known; it is optional everywhere, so no sign stands for a missing one."""
    if bic is None:
        return ""
    written = values.shaped(bic, values.BIC, field)
    return f"<{element}><FinInstnId><BICFI>{written}</BICFI></FinInstnId></{element}>"


def _name(value: str, field: str) -> str:
    written = to_sepa(value)[:NAME_LENGTH].rstrip()
    if not written:
        raise Unwritable("A name must hold more than blanks.", field=field)
    return written


def _reference(value: str, field: str) -> str:
    """An identifier exactly as it is: the bank finds the collection by it, character by character."""
    if not is_sepa_reference(value):
        raise Unwritable("An identifier has 1 to 35 of the characters that every bank takes.", field=field)
    return value


def _amount(money: Money) -> str:
    if money.currency != "EUR" or not 0 < money.minor <= LARGEST_MINOR:
        raise Unwritable("A reversal is in EUR, from 0.01 to 999999999.99.", field="amount")
    return values.decimal(money.minor)


def _reason(code: str) -> str:
    if code not in REASONS:
        raise Unwritable("A reversal has one of the reasons AM05, MS02 and MS03.", field="reason")
    return code
