"""Writes lines as camt.053 statements, version 08, whose balances prove them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from xml.sax.saxutils import escape

from benchmarks.bookings import decimal
from benchmarks.cash.facts import Line

_KINDS = {True: "<Cd>SCOR</Cd>", False: "<Prtry>BBA</Prtry>"}
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def statement(
    iban: str, lines: Sequence[Line], *, opening: int, number: int, first: date, last: date
) -> tuple[bytes, int]:
    """One statement of the account from `first` to `last`, and its closing balance in cents."""
    closing = opening + sum(line.amount_minor for line in lines)
    name = f"{iban[-4:]}-{number}"
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_NAMESPACE}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>YEAR-{name}</MsgId><CreDtTm>{last}T20:00:00Z</CreDtTm></GrpHdr>"
        f"<Stmt><Id>STM-{name}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>"
        f"<FrToDt><FrDtTm>{first}T00:00:00Z</FrDtTm><ToDtTm>{last}T23:59:59Z</ToDtTm></FrToDt>"
        f"<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{_balance('OPBD', opening, first)}{_balance('CLBD', closing, last)}\n"
        f"{''.join(map(_entry, lines))}</Stmt></BkToCstmrStmt></Document>\n"
    )
    return text.encode(), closing


def _balance(kind: str, minor: int, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amount(minor)}<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _amount(minor: int) -> str:
    sign = "CRDT" if minor >= 0 else "DBIT"
    return f'<Amt Ccy="EUR">{decimal(abs(minor))}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def _entry(line: Line) -> str:
    domain, family, sub_family = line.code.split("/")
    return (
        f"<Ntry>{_amount(line.amount_minor)}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{line.booked_on}</Dt></BookgDt><ValDt><Dt>{line.booked_on}</Dt></ValDt>"
        f"<AcctSvcrRef>{line.key}</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"{_details(line) if line.name else f'<AddtlNtryInf>{escape(line.text)}</AddtlNtryInf>'}</Ntry>\n"
    )


def _details(line: Line) -> str:
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if line.returns else ""
    return (
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{escape(line.end_to_end_id)}</EndToEndId></Refs>"
        f"{_parties(line)}{_remittance(line)}{reason}</TxDtls></NtryDtls>"
    )


def _parties(line: Line) -> str:
    """The other side: the debtor of a credit, the creditor of a debit; the other way round in a return."""
    role = "Dbtr" if (line.amount_minor > 0) is (line.returns is None) else "Cdtr"
    return (
        f"<RltdPties><{role}><Pty><Nm>{escape(line.name)}</Nm></Pty></{role}>"
        f"<{role}Acct><Id><IBAN>{line.iban}</IBAN></Id></{role}Acct></RltdPties>"
    )


def _remittance(line: Line) -> str:
    unstructured = "".join(f"<Ustrd>{escape(piece)}</Ustrd>" for piece in line.pieces if piece)
    structured = (
        ""
        if line.reference is None
        else f"<Strd><CdtrRefInf><Tp><CdOrPrtry>{_KINDS[line.reference[:2] == 'RF']}</CdOrPrtry></Tp>"
        f"<Ref>{line.reference}</Ref></CdtrRefInf></Strd>"
    )
    return f"<RmtInf>{unstructured}{structured}</RmtInf>" if unstructured or structured else ""
