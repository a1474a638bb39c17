"""Writes bookings as camt.053 statements and camt.052 reports, version 08."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks import data
from benchmarks.bookings import OPENING_MINOR, Booking, Kind, decimal

_STATEMENT = ("camt.053.001.08", "BkToCstmrStmt", "Stmt", "CLBD")
_REPORT = ("camt.052.001.08", "BkToCstmrAcctRpt", "Rpt", "ITBD")
_FAMILIES = {
    Kind.RECEIVED: ("PMNT", "RCDT", "ESCT"),
    Kind.PAID: ("PMNT", "ICDT", "ESCT"),
    Kind.RETURNED: ("PMNT", "IDDT", "UPDD"),
    Kind.FEE: ("ACMT", "MDOP", "CHRG"),
}


def write(
    path: Path,
    bookings: Iterable[Booking],
    *,
    opening: int = OPENING_MINOR,
    number: int = 1,
    report: bool = False,
) -> int:
    """One statement, or one report of the day, of OUR_IBAN whose balances prove its bookings; gives the closing."""
    bookings = list(bookings)
    closing = opening + sum(one.minor for one in bookings)
    name, root, part, closing_kind = _REPORT if report else _STATEMENT
    first, last = bookings[0].day, bookings[-1].day
    with path.open("w", encoding="utf-8") as out:
        out.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{name}"><{root}>'
            f"<GrpHdr><MsgId>BENCH-{number}</MsgId><CreDtTm>{last}T18:00:00Z</CreDtTm></GrpHdr>"
            f"<{part}><Id>STM-{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>"
            f"<FrToDt><FrDtTm>{first}T00:00:00Z</FrDtTm><ToDtTm>{last}T23:59:59Z</ToDtTm></FrToDt>"
            f"<Acct><Id><IBAN>{data.OUR_IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
            f"{_balance('OPBD', opening, first)}{_balance(closing_kind, closing, last)}\n"
        )
        out.writelines(_entry(one) for one in bookings)
        out.write(f"</{part}></{root}></Document>\n")
    return closing


def _balance(kind: str, minor: int, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amount(minor)}<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _amount(minor: int) -> str:
    sign = "CRDT" if minor >= 0 else "DBIT"
    return f'<Amt Ccy="EUR">{decimal(abs(minor))}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def _entry(of: Booking) -> str:
    domain, family, sub_family = _FAMILIES[of.kind]
    return (
        f"<Ntry><NtryRef>{of.number}</NtryRef>{_amount(of.minor)}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{of.day}</Dt></BookgDt><ValDt><Dt>{of.day}</Dt></ValDt>"
        f"<AcctSvcrRef>{of.bank_reference}</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn>"
        f"</BkTxCd>{_details(of)}</Ntry>\n"
    )


def _details(of: Booking) -> str:
    if of.kind is Kind.FEE:
        return f"<AddtlNtryInf>{of.text}</AddtlNtryInf>"
    references = f"<EndToEndId>{of.end_to_end_id or 'NOTPROVIDED'}</EndToEndId>"
    if of.mandate_id:
        references += f"<MndtId>{of.mandate_id}</MndtId>"
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if of.kind is Kind.RETURNED else ""
    return (
        f"<NtryDtls><TxDtls><Refs>{references}</Refs>{_parties(of)}"
        f"<RmtInf><Ustrd>{escape(of.text)}</Ustrd></RmtInf>{reason}</TxDtls></NtryDtls>"
    )


def _parties(of: Booking) -> str:
    role = "Cdtr" if of.kind is Kind.PAID else "Dbtr"
    return (
        f"<RltdPties><{role}><Pty><Nm>{escape(of.name or '')}</Nm></Pty></{role}>"
        f"<{role}Acct><Id><IBAN>{of.iban}</IBAN></Id></{role}Acct></RltdPties>"
        f"<RltdAgts><{role}Agt><FinInstnId><BICFI>{data.OUR_BIC}</BICFI></FinInstnId></{role}Agt></RltdAgts>"
    )
