"""Where each version of the camt messages keeps its fields, and how amounts, signs and dates are read.

Source: the ISO 20022 schemas of camt.052, .053 and .054, versions 001.02 to 001.13. What changed between them
stands side by side: a status is a text before .07 and a choice since; a party is flat before .07 and wrapped
in Pty or Agt since; BIC became BICFI with .03; charges are flat in .02 and records since.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from lxml import etree

from ledger.errors import Rejected
from ledger.money import Money
from reconciliation.formats.tables import Each, Look, Record, Table, Text, texts
from reconciliation.formats.xml import line_of
from reconciliation.statement import UnreadableFile

_ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE = re.compile(
    rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]+)?)?{_ZONE}"
)
_SIGNS = {"CRDT": 1, "DBIT": -1}


@lru_cache(maxsize=256)
def money(digits: str, currency: str) -> Money:
    """A decimal as XML writes it, which knows no comma, and without a minus, as Money. Raises Rejected."""
    if "," in digits or "-" in digits:
        raise UnreadableFile(
            f"{digits[:40]!r} is not an amount: only digits and a decimal point may stand there."
        )
    return Money.parse(digits, currency)


def amount(field: str) -> Look:
    """Keeps an amount and its Ccy attribute as Money; a second one under the same field is refused."""

    def keep(element: etree._Element, record: Record) -> None:
        currency = element.get("Ccy")
        if currency is None:
            raise UnreadableFile("An amount has no currency.", line=line_of(element))
        if field in record:
            raise UnreadableFile("An amount is stated twice.", line=line_of(element))
        try:
            record[field] = money((element.text or "").strip(), currency)
        except Rejected as refusal:
            raise UnreadableFile(refusal.message, line=line_of(element)) from None

    return keep


def sign(field: str) -> Look:
    """Keeps +1 for CRDT and -1 for DBIT; anything else, or a second mark, is refused."""

    def keep(element: etree._Element, record: Record) -> None:
        found = _SIGNS.get((element.text or "").strip())
        if found is None:
            raise UnreadableFile("An amount is marked neither CRDT nor DBIT.", line=line_of(element))
        if field in record:
            raise UnreadableFile("An amount is marked as CRDT or DBIT twice.", line=line_of(element))
        record[field] = found

    return keep


def day(field: str) -> Look:
    """Keeps a date as it is written, whatever its time and zone; a day that does not exist is refused."""

    def keep(element: etree._Element, record: Record) -> None:
        written = (element.text or "").strip()
        if not written or field in record:
            return
        try:
            record[field] = _date(written)
        except ValueError:
            raise UnreadableFile(f"{written[:40]!r} is not a date.", line=line_of(element)) from None

    return keep


@lru_cache(maxsize=256)
def _date(written: str) -> date:
    found = _DATE.fullmatch(written)
    return date.fromisoformat("" if found is None else found[1])


def packed(field: str) -> Look:
    """Keeps a number that people write with blanks, such as an IBAN, without them."""

    def keep(element: etree._Element, record: Record) -> None:
        value = "".join((element.text or "").split())
        if value:
            record.setdefault(field, value)

    return keep


def _mark(field: str) -> Look:
    def keep(_: etree._Element, record: Record) -> None:
        record[field] = True

    return keep


# --- parts that several elements share ---

_FAMILY = {"Cd": Text("code_family"), "SubFmlyCd": Text("code_sub_family")}
_CODE: Table = {
    "Domn": {"Cd": Text("code_domain"), "Fmly": _FAMILY},
    "Prtry": {"Cd": Text("code_proprietary")},
}

_SCHEME_ID: Table = {"Id": Text("id"), "SchmeNm": {"Cd": Text("code"), "Prtry": Text("scheme")}}

_CHARGE: Table = {"Amt": amount("amount"), "CdtDbtInd": sign("sign"), "ChrgInclInd": Text("is_included")}
_CHARGES = Each(
    "charges", {**_CHARGE, "TtlChrgsAndTaxAmt": amount("total"), "Rcrd": Each("records", _CHARGE)}
)


def _dated(field: str) -> Table:
    return {".": day(field), "Dt": day(field), "DtTm": day(field)}


def _account(field: str) -> Table:
    return {"Id": {"IBAN": packed(field), "Othr": {"Id": Text(field)}}}


def _agent(prefix: str) -> Table:
    bic = Text(prefix + "_bic")
    return {"FinInstnId": {"BIC": bic, "BICFI": bic, "Nm": Text(prefix + "_bank")}}


def _party(prefix: str) -> Table:
    flat: Table = {
        "Nm": Text(prefix + "_name"),
        "Id": {
            "PrvtId": {"Othr": Each(prefix + "_private_ids", _SCHEME_ID)},
            "OrgId": {"Othr": Each(prefix + "_organisation_ids", _SCHEME_ID)},
        },
    }
    return {**flat, "Pty": flat, "Agt": _agent(prefix + "_agent")}


# --- one transaction of an entry (TxDtls) ---

TRANSACTION: Table = {
    "Refs": {
        "MsgId": Text("message_id"),
        "AcctSvcrRef": Text("bank_reference"),
        "PmtInfId": Text("payment_information_id"),
        "EndToEndId": Text("end_to_end_id"),
        "MndtId": Text("mandate_id"),
    },
    "Amt": amount("amount"),
    "CdtDbtInd": sign("sign"),
    "AmtDtls": {"InstdAmt": {"Amt": amount("instructed")}, "TxAmt": {"Amt": amount("transacted")}},
    "BkTxCd": _CODE,
    "Chrgs": _CHARGES,
    "RltdPties": {
        "Dbtr": _party("debtor"),
        "DbtrAcct": _account("debtor_account"),
        "UltmtDbtr": _party("ultimate_debtor"),
        "Cdtr": _party("creditor"),
        "CdtrAcct": _account("creditor_account"),
        "UltmtCdtr": _party("ultimate_creditor"),
    },
    "RltdAgts": {"DbtrAgt": _agent("debtor"), "CdtrAgt": _agent("creditor")},
    "RmtInf": {
        "Ustrd": texts("remittance"),
        "Strd": {
            "RfrdDocInf": {"Nb": texts("documents")},
            "CdtrRefInf": {"Ref": texts("references")},
            "AddtlRmtInf": texts("remarks"),
        },
    },
    "RtrInf": {
        ".": _mark("returned"),
        "Rsn": {"Cd": Text("reason"), "Prtry": Text("reason")},
        "AddtlInf": texts("return_remarks"),
    },
    "AddtlTxInf": Text("information"),
}

# --- one entry (Ntry) ---

ENTRY: Table = {
    "Amt": amount("amount"),
    "CdtDbtInd": sign("sign"),
    "RvslInd": Text("reversal"),
    "Sts": {".": Text("status"), "Cd": Text("status"), "Prtry": Text("status")},
    "BookgDt": _dated("booked_on"),
    "ValDt": _dated("valued_on"),
    "AcctSvcrRef": Text("bank_reference"),
    "BkTxCd": _CODE,
    "Chrgs": _CHARGES,
    "NtryDtls": {
        "Btch": Each(
            "batches",
            {
                "MsgId": Text("message_id"),
                "PmtInfId": Text("payment_information_id"),
                "NbOfTxs": Text("count"),
            },
        ),
        "TxDtls": Each("parts", TRANSACTION),
    },
    "AddtlNtryInf": Text("information"),
}

# --- one statement (Stmt), but for its entries ---

_TOTALS: Table = {"NbOfNtries": Text("count"), "Sum": Text("sum")}

STATEMENT: Table = {
    "Id": Text("id"),
    "StmtPgntn": {"LastPgInd": Text("last_page")},
    "ElctrncSeqNb": Text("electronic_sequence"),
    "LglSeqNb": Text("legal_sequence"),
    "FrToDt": {"FrDtTm": day("from_on"), "ToDtTm": day("to_on")},
    "CpyDplctInd": Text("copy"),
    "Acct": {
        "Id": {"IBAN": packed("iban"), "Othr": {"Id": Text("other")}},
        "Ccy": Text("currency"),
        "Svcr": _agent("servicer"),
    },
    "Bal": Each(
        "balances",
        {
            "Tp": {"CdOrPrtry": {"Cd": Text("kind"), "Prtry": Text("kind")}},
            "Amt": amount("amount"),
            "CdtDbtInd": sign("sign"),
            "Dt": _dated("on"),
        },
    ),
    "TxsSummry": {
        "TtlNtries": Each("declared_all", _TOTALS),
        "TtlCdtNtries": Each("declared_credits", _TOTALS),
        "TtlDbtNtries": Each("declared_debits", _TOTALS),
    },
}
