"""Where each version of pain.002 keeps its fields.

Source: the ISO 20022 schemas of pain.002.001.03 to .14, and DK's pain.002.002.02 and .003.03. What changed between
them stands side by side: BICOrBEI became AnyBIC with .04; parties of the original transaction are wrapped in Pty
since .09; the mandate is one of two kinds since .11; in the second version the reasons are named StsOrgtr and
StsRsn, and a transaction names its block itself.
"""

from __future__ import annotations

from reconciliation.formats.camt.tables import amount, day, packed
from reconciliation.formats.tables import Attributes, Each, Look, Record, Table, texts
from reconciliation.statement import UnreadableFile

LONGEST = 140  # no field of a bank is longer, whatever its schema allows; texts of reasons are


def _short(field: str) -> Look:
    """Keeps a text that no bank writes longer than LONGEST; the first that is not blank wins."""

    def keep(text: str, _: Attributes, record: Record) -> None:
        value = text.strip()
        if len(value) > LONGEST:
            raise UnreadableFile(f"A field is longer than {LONGEST} characters.")
        if value:
            record.setdefault(field, value)

    return keep


def _number(field: str) -> Look:
    """Keeps a count; what is no number of transactions is passed over, for nothing follows from it."""

    def keep(text: str, _: Attributes, record: Record) -> None:
        value = text.strip()
        if value.isascii() and value.isdigit() and len(value) <= 15:
            record.setdefault(field, int(value))

    return keep


_ORIGINATOR: Table = {
    "Nm": _short("party"),
    "Id": {"OrgId": dict.fromkeys(("BIC", "BICOrBEI", "AnyBIC"), _short("bank"))},
    "Pty": {"Nm": _short("party"), "Id": {"OrgId": {"AnyBIC": _short("bank")}}},
}
_CODE: Table = {"Cd": _short("code"), "Prtry": _short("proprietary")}
_REASON: Table = {
    "Orgtr": _ORIGINATOR,
    "StsOrgtr": _ORIGINATOR,
    "Rsn": _CODE,
    "StsRsn": _CODE,
    "AddtlInf": texts("information"),
    "AddtlStsRsnInf": texts("information"),
}
_COUNT: Table = {"DtldNbOfTxs": _number("count"), "DtldSts": _short("status")}
_SHARED: Table = {
    "OrgnlNbOfTxs": _number("original_count"),
    "StsRsnInf": Each("reasons", _REASON),
    "NbOfTxsPerSts": Each("counts", _COUNT),
}
_NAME: Table = {"Nm": _short("debtor_name")}
_MANDATE: Table = {"MndtId": _short("mandate_id")}

HEADER: Table = {"MsgId": _short("message_id"), "CreDtTm": _short("created")}
GROUP: Table = {
    **_SHARED,
    "OrgnlMsgId": _short("original_message_id"),
    "NtwkFileNm": _short("original_message_id"),
    "OrgnlMsgNmId": _short("original_message_name"),
    "GrpSts": _short("status"),
}
BLOCK: Table = {
    **_SHARED,
    "OrgnlPmtInfId": _short("payment_information_id"),
    "PmtInfSts": _short("status"),
}
TRANSACTION: Table = {
    "StsId": _short("status_id"),
    "OrgnlPmtInfId": _short("payment_information_id"),
    "OrgnlInstrId": _short("instruction_id"),
    "OrgnlEndToEndId": _short("end_to_end_id"),
    "TxSts": _short("status"),
    "StsRsnInf": Each("reasons", _REASON),
    "AcctSvcrRef": _short("bank_reference"),
    "OrgnlTxRef": {
        "Amt": {"InstdAmt": amount("amount")},
        "ReqdColltnDt": day("collect_on"),
        "MndtRltdInf": {**_MANDATE, "DrctDbtMndt": _MANDATE},
        "Dbtr": {**_NAME, "Pty": _NAME},
        "DbtrAcct": {"Id": {"IBAN": packed("debtor_iban")}},
    },
}
