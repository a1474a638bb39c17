"""Where each version of the camt messages keeps its fields, and how amounts, signs and dates are read.

Source: the ISO 20022 schemas of camt.052, .053 and .054, versions 001.01 to 001.14. What changed between them
stands side by side: a status is a text before .07 and a choice since; a party is flat before .07 and wrapped
in Pty or Agt since; BIC became BICFI with .03; charges are flat up to .02 and records since; .01 has no NtryDtls
and names some elements otherwise.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from ledger import currencies
from ledger.money import Money
from reconciliation.formats import drafts
from reconciliation.formats.tables import Attributes, Each, Look, Record, Table, Text, texts
from reconciliation.statement import UnreadableFile

_ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE = re.compile(
    rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:[.:][0-9]+)?)?{_ZONE}"
)
_OF_CENTS = frozenset(currency for currency in currencies.KNOWN if currencies.decimals(currency) == 2)
_SIGNS = {"CRDT": 1, "DBIT": -1}


@lru_cache(maxsize=256)
def money(digits: str, currency: str) -> Money:
    """A decimal as XML writes it, which knows no comma, and without a minus, as Money. Raises Rejected."""
    whole, _, cents = digits.partition(".")
    if (
        len(cents) == 2
        and len(whole) < 12
        and currency in _OF_CENTS
        and (whole + cents).isdecimal()
        and digits.isascii()
    ):
        return drafts.money(
            int(whole + cents), currency
        )  # the usual way of writing it, without a closer look
    if "," in digits or "-" in digits:
        raise UnreadableFile(
            f"{digits[:40]!r} is not an amount: only digits and a decimal point may stand there."
        )
    return Money.parse(digits, currency)


def amount(field: str) -> Look:
    """Keeps an amount and its Ccy attribute as Money; a second one under the same field is refused."""

    def keep(text: str, attributes: Attributes, record: Record) -> None:
        currency = attributes.get("Ccy")
        if currency is None:
            raise UnreadableFile("An amount has no currency.")
        if field in record:
            raise UnreadableFile("An amount is stated twice.")
        record[field] = money(text.strip(), currency)

    return keep


def sign(field: str) -> Look:
    """Keeps +1 for CRDT and -1 for DBIT; anything else, or a second mark, is refused."""

    def keep(text: str, _: Attributes, record: Record) -> None:
        found = _SIGNS.get(text) or _SIGNS.get(text.strip())
        if found is None:
            raise UnreadableFile("An amount is marked neither CRDT nor DBIT.")
        if field in record:
            raise UnreadableFile("An amount is marked as CRDT or DBIT twice.")
        record[field] = found

    return keep


def day(field: str) -> Look:
    """Keeps a date as it is written, whatever its time and zone; a day that does not exist is refused."""

    def keep(text: str, _: Attributes, record: Record) -> None:
        if field not in record and (found := _date(text)) is not None:
            record[field] = found

    return keep


@lru_cache(maxsize=1024)
def _date(text: str) -> date | None:
    written = text.strip()
    if not written:
        return None
    found = _DATE.fullmatch(written)
    try:
        return date.fromisoformat("" if found is None else found[1])
    except ValueError:
        raise UnreadableFile(f"{written[:40]!r} is not a date.") from None


def packed(field: str) -> Look:
    """Keeps a number that people write with blanks, such as an IBAN, without them."""

    def keep(text: str, _: Attributes, record: Record) -> None:
        value = "".join(text.split())
        if value:
            record.setdefault(field, value)

    return keep


def _mark(field: str) -> Look:
    def keep(_: str, __: Attributes, record: Record) -> None:
        record[field] = True

    return keep


# --- parts that several elements share ---

_FAMILY = {"Cd": Text("code_family"), "SubFmlyCd": Text("code_sub_family")}
_CODE: Table = {
    "Domn": {"Cd": Text("code_domain"), "Fmly": _FAMILY},
    "Prtry": {"Cd": Text("code_proprietary")},
}

_SCHEME_ID: Table = {"Id": Text("id"), "SchmeNm": {"Cd": Text("code"), "Prtry": Text("scheme")}}

# Charges and interest are built alike: flat in .01 and .02, records since.
_CHARGE: Table = {"Amt": amount("amount"), "CdtDbtInd": sign("sign"), "ChrgInclInd": Text("is_included")}
_CHARGES: Table = {**_CHARGE, "TtlChrgsAndTaxAmt": amount("total"), "Rcrd": Each("records", _CHARGE)}
_INTEREST: Table = {**_CHARGE, "TtlIntrstAndTaxAmt": amount("total"), "Rcrd": Each("records", _CHARGE)}

_AMOUNTS: Table = {"InstdAmt": {"Amt": amount("instructed")}, "TxAmt": {"Amt": amount("transacted")}}


def _dated(field: str) -> Table:
    return {".": day(field), "Dt": day(field), "DtTm": day(field)}


def _number(iban: str, other: str) -> Table:
    """An account by its IBAN or by another number, which .01 writes as BBAN, UPIC or PrtryAcct."""
    own = Text(other)
    return {"IBAN": packed(iban), "Othr": {"Id": own}, "BBAN": own, "UPIC": own, "PrtryAcct": {"Id": own}}


def _account(field: str) -> Table:
    return {"Id": _number(field, field)}


def _agent(prefix: str) -> Table:
    bic, name = Text(prefix + "_bic"), Text(prefix + "_bank")
    flat: Table = {"BIC": bic, "BICFI": bic, "Nm": name}
    return {"FinInstnId": {**flat, "CmbndId": flat, "NmAndAdr": {"Nm": name}}}


def _party(prefix: str) -> Table:
    flat: Table = {
        "Nm": Text(prefix + "_name"),
        "Id": {
            "PrvtId": {
                "Othr": Each(prefix + "_private_ids", _SCHEME_ID),
                "OthrId": Each(prefix + "_private_ids", {"Id": Text("id"), "IdTp": Text("scheme")}),
            },
            "OrgId": {"Othr": Each(prefix + "_organisation_ids", _SCHEME_ID)},
        },
    }
    return {**flat, "Pty": flat, "Agt": _agent(prefix + "_agent")}


# --- one transaction of an entry (TxDtls) ---

_REFERENCE: Table = {
    "Tp": {"CdOrPrtry": {"Cd": Text("type"), "Prtry": Text("type")}},
    "CdtrRefTp": {"Cd": Text("type"), "Prtry": Text("type")},
    "Ref": Text("reference"),
    "CdtrRef": Text("reference"),
}

_REASON: Table = {"Cd": Text("reason"), "Prtry": Text("reason")}

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
    "AmtDtls": _AMOUNTS,
    "BkTxCd": _CODE,
    "Chrgs": Each("charges", _CHARGES),
    "Intrst": Each("interest", _INTEREST),
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
            "RfrdDocInf": {"Nb": texts("documents"), "RfrdDocNb": texts("documents")},
            "CdtrRefInf": Each("references", _REFERENCE),
            "AddtlRmtInf": texts("remarks"),
        },
    },
    "RtrInf": {
        ".": _mark("returned"),
        "Rsn": _REASON,
        "RtrRsn": _REASON,
        "AddtlInf": texts("return_remarks"),
        "AddtlRtrRsnInf": texts("return_remarks"),
    },
    "AddtlTxInf": Text("information"),
}

# --- one entry (Ntry); .01 has batch and transactions directly below it ---

_DETAILS: Table = {
    "Btch": Each(
        "batches",
        {"MsgId": Text("message_id"), "PmtInfId": Text("payment_information_id"), "NbOfTxs": Text("count")},
    ),
    "TxDtls": Each("parts", TRANSACTION),
}

ENTRY: Table = {
    "Amt": amount("amount"),
    "CdtDbtInd": sign("sign"),
    "RvslInd": Text("reversal"),
    "Sts": {".": Text("status"), "Cd": Text("status"), "Prtry": Text("status")},
    "BookgDt": _dated("booked_on"),
    "ValDt": _dated("valued_on"),
    "AcctSvcrRef": Text("bank_reference"),
    "BkTxCd": _CODE,
    "AmtDtls": _AMOUNTS,
    "Chrgs": Each("charges", _CHARGES),
    "Intrst": Each("interest", _INTEREST),
    "NtryDtls": _DETAILS,
    **_DETAILS,
    "AddtlNtryInf": Text("information"),
}

# --- one statement (Stmt), report (Rpt) or notification (Ntfctn), but for its entries ---

_TOTALS: Table = {"NbOfNtries": Text("count"), "Sum": Text("sum")}

_PAGE: Table = {"PgNb": Text("page"), "LastPgInd": Text("last_page")}

_BALANCE_TYPE: Table = {"Cd": Text("kind"), "Prtry": Text("kind")}

STATEMENT: Table = {
    "Id": Text("id"),
    "StmtPgntn": _PAGE,
    "RptPgntn": _PAGE,
    "NtfctnPgntn": _PAGE,
    "ElctrncSeqNb": Text("electronic_sequence"),
    "LglSeqNb": Text("legal_sequence"),
    "FrToDt": {"FrDtTm": day("from_on"), "ToDtTm": day("to_on")},
    "CpyDplctInd": Text("copy"),
    "Acct": {"Id": _number("iban", "other"), "Ccy": Text("currency"), "Svcr": _agent("servicer")},
    "Bal": Each(
        "balances",
        {
            "Tp": {**_BALANCE_TYPE, "CdOrPrtry": _BALANCE_TYPE},
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

# --- what stands before all statements (GrpHdr): the page of the whole message ---

GROUP: Table = {"MsgPgntn": _PAGE}
