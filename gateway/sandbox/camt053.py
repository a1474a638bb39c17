"""Writes camt.053.001.08, the bank's statement of an account, and the entries it shares with camt.054."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import BinaryIO

from gateway.sandbox.elements import Elements, document, instant
from gateway.sandbox.entries import Entry
from gateway.sandbox.transaction_codes import TransactionCode
from ledger.money import Money, total
from reconciliation.statement import Account, Party

FORMAT = "camt.053.001.08"

# Ustrd takes 140 characters; a longer text goes on in the next one (Max140Text of the schema).
LONGEST_USTRD = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One account on one bank day: what it held at the opening, and what was booked."""

    statement_id: str
    sequence: int
    account: Account = field(repr=False)
    owner: str = field(repr=False)
    on: date
    created_at: datetime
    opening: Money
    entries: tuple[Entry, ...]

    @property
    def closing(self) -> Money:
        """The opening balance and every entry; raises CurrencyMismatch if one is in another currency."""
        return self.opening + total((entry.amount for entry in self.entries), self.opening.currency)


def write(
    stream: BinaryIO, statements: Sequence[Statement], *, message_id: str, created_at: datetime
) -> None:
    """One camt.053.001.08 document with `statements` in their order, in UTF-8; `created_at` is aware.

    Every entry is written as booked (BOOK). Raises ValueError for text that XML cannot hold.
    """
    with document(stream, message=FORMAT, root="BkToCstmrStmt") as xml:
        group_header(xml, message_id=message_id, created_at=created_at)
        for statement in statements:
            _statement(xml, statement)


def group_header(xml: Elements, *, message_id: str, created_at: datetime) -> None:
    """`GrpHdr` as camt.053 and camt.054 have it."""
    with xml.inside("GrpHdr"):
        xml.leaf("MsgId", message_id)
        xml.leaf("CreDtTm", instant(created_at))


def _statement(xml: Elements, statement: Statement) -> None:
    with xml.inside("Stmt"):
        xml.leaf("Id", statement.statement_id)
        with xml.inside("StmtPgntn"):
            xml.leaf("PgNb", "1")
            xml.leaf("LastPgInd", "true")
        xml.leaf("ElctrncSeqNb", str(statement.sequence))
        xml.leaf("CreDtTm", instant(statement.created_at))
        with xml.inside("FrToDt"):
            xml.leaf("FrDtTm", f"{statement.on.isoformat()}T00:00:00")
            xml.leaf("ToDtTm", f"{statement.on.isoformat()}T23:59:59")
        write_account(xml, statement.account, owner=statement.owner)
        _balance(xml, "OPBD", statement.opening, statement.on)
        _balance(xml, "CLBD", statement.closing, statement.on)
        _summary(xml, statement)
        for number, entry in enumerate(statement.entries, start=1):
            write_entry(xml, entry, number=number, itemised=entry.itemised)


def write_account(xml: Elements, account: Account, *, owner: str) -> None:
    """`Acct`: the account by IBAN with currency, owner and bank."""
    with xml.inside("Acct"):
        with xml.inside("Id"):
            xml.leaf("IBAN", account.iban)
        xml.leaf("Ccy", account.currency)
        with xml.inside("Ownr"):
            xml.leaf("Nm", owner)
        if account.bic is not None:
            with xml.inside("Svcr", "FinInstnId"):
                xml.leaf("BICFI", account.bic)


def _balance(xml: Elements, kind: str, amount: Money, on: date) -> None:
    with xml.inside("Bal"):
        with xml.inside("Tp", "CdOrPrtry"):
            xml.leaf("Cd", kind)
        xml.amount("Amt", amount)
        xml.sign(amount)
        xml.day("Dt", on)


def _summary(xml: Elements, statement: Statement) -> None:
    received = [entry.amount for entry in statement.entries if entry.amount.minor >= 0]
    paid = [entry.amount for entry in statement.entries if entry.amount.minor < 0]
    with xml.inside("TxsSummry"):
        with xml.inside("TtlNtries"):
            xml.leaf("NbOfNtries", str(len(statement.entries)))
        _count_and_sum(xml, "TtlCdtNtries", received, statement.opening.currency)
        _count_and_sum(xml, "TtlDbtNtries", paid, statement.opening.currency)


def _count_and_sum(xml: Elements, tag: str, amounts: Sequence[Money], currency: str) -> None:
    with xml.inside(tag):
        xml.leaf("NbOfNtries", str(len(amounts)))
        xml.leaf("Sum", abs(total(amounts, currency)).decimal())


def write_entry(xml: Elements, entry: Entry, *, number: int, itemised: bool) -> None:
    """`Ntry`, the `number`-th of its statement; the parts of a lump are written only if `itemised`."""
    with xml.inside("Ntry"):
        xml.leaf("NtryRef", str(number))
        xml.amount("Amt", entry.amount)
        xml.sign(entry.amount)
        with xml.inside("Sts"):
            xml.leaf("Cd", "BOOK")
        xml.day("BookgDt", entry.booked_on)
        xml.day("ValDt", entry.valued_on)
        xml.leaf("AcctSvcrRef", entry.bank_reference)
        bank_transaction_code(xml, "BkTxCd", entry.code)
        with xml.inside("NtryDtls"):
            _details(xml, entry, itemised=itemised)
        xml.leaf("AddtlNtryInf", entry.code.text)


def bank_transaction_code(xml: Elements, tag: str, code: TransactionCode) -> None:
    """`BkTxCd`: the ISO code, and the national one under the issuer DK."""
    domain, family, sub_family = code.levels
    with xml.inside(tag):
        with xml.inside("Domn"):
            xml.leaf("Cd", domain)
            with xml.inside("Fmly"):
                xml.leaf("Cd", family)
                xml.leaf("SubFmlyCd", sub_family)
        with xml.inside("Prtry"):
            xml.leaf("Cd", code.national)
            xml.leaf("Issr", "DK")


def _details(xml: Elements, entry: Entry, *, itemised: bool) -> None:
    if entry.batch is None or entry.batch.count is None:
        _transaction(xml, entry)
        return
    with xml.inside("Btch"):
        xml.leaf("MsgId", entry.batch.message_id)
        xml.leaf("PmtInfId", entry.batch.payment_information_id)
        xml.leaf("NbOfTxs", str(entry.batch.count))
        xml.amount("TtlAmt", entry.amount)
        xml.sign(entry.amount)
    if itemised:
        for part in entry.parts:
            _transaction(xml, part)


def _transaction(xml: Elements, entry: Entry) -> None:
    with xml.inside("TxDtls"):
        _references(xml, entry)
        xml.amount("Amt", entry.amount)
        xml.sign(entry.amount)
        _amounts(xml, entry)
        bank_transaction_code(xml, "BkTxCd", entry.code)
        _charges(xml, entry)
        _parties(xml, entry)
        _agents(xml, entry)
        _remittance(xml, entry)
        _return(xml, entry)


def _references(xml: Elements, entry: Entry) -> None:
    batch = entry.batch
    with xml.inside("Refs"):
        xml.leaf("MsgId", batch.message_id if batch else None)
        xml.leaf("AcctSvcrRef", entry.bank_reference)
        xml.leaf("PmtInfId", batch.payment_information_id if batch else None)
        xml.leaf("InstrId", entry.instruction_id)
        xml.leaf("EndToEndId", entry.end_to_end_id)
        xml.leaf("MndtId", entry.mandate_id)


def _amounts(xml: Elements, entry: Entry) -> None:
    if entry.original is None:
        return
    with xml.inside("AmtDtls"):
        with xml.inside("InstdAmt"):
            xml.amount("Amt", entry.original)
        with xml.inside("TxAmt"):
            xml.amount("Amt", entry.amount)


def _charges(xml: Elements, entry: Entry) -> None:
    if not entry.charges:
        return
    with xml.inside("Chrgs"):
        xml.amount("TtlChrgsAndTaxAmt", entry.charges)
        with xml.inside("Rcrd"):
            xml.amount("Amt", entry.charges)
            xml.leaf("CdtDbtInd", "DBIT")
            xml.leaf("ChrgInclInd", "true")


def _pays(entry: Entry) -> bool:
    """Whether the counterparty is the debtor: it sent money in, or takes back a collection drawn on it."""
    return entry.amount.minor >= 0 or entry.return_reason is not None


def _parties(xml: Elements, entry: Entry) -> None:
    other = entry.counterparty
    if other.name is None and other.iban is None and entry.creditor_id is None:
        return
    with xml.inside("RltdPties"):
        if _pays(entry):
            _party(xml, "Dbtr", other)
            _party(xml, "Cdtr", Party(), creditor_id=entry.creditor_id)
        else:
            _party(xml, "Cdtr", other, creditor_id=entry.creditor_id)


def _party(xml: Elements, tag: str, party: Party, *, creditor_id: str | None = None) -> None:
    if party.name is not None or creditor_id is not None:
        with xml.inside(tag, "Pty"):
            xml.leaf("Nm", party.name)
            if creditor_id is not None:
                _creditor_identifier(xml, creditor_id)
    if party.iban is not None:
        with xml.inside(f"{tag}Acct", "Id"):
            xml.leaf("IBAN", party.iban)


def _creditor_identifier(xml: Elements, creditor_id: str) -> None:
    with xml.inside("Id", "PrvtId", "Othr"):
        xml.leaf("Id", creditor_id)
        with xml.inside("SchmeNm"):
            xml.leaf("Prtry", "SEPA")


def _agents(xml: Elements, entry: Entry) -> None:
    if entry.counterparty.bic is None:
        return
    with xml.inside("RltdAgts", "DbtrAgt" if _pays(entry) else "CdtrAgt", "FinInstnId"):
        xml.leaf("BICFI", entry.counterparty.bic)


def _remittance(xml: Elements, entry: Entry) -> None:
    if entry.remittance is None and entry.creditor_reference is None:
        return
    with xml.inside("RmtInf"):
        text = entry.remittance or ""
        for start in range(0, len(text), LONGEST_USTRD):
            xml.leaf("Ustrd", text[start : start + LONGEST_USTRD])
        if entry.creditor_reference is not None:
            with xml.inside("Strd", "CdtrRefInf"):
                with xml.inside("Tp", "CdOrPrtry"):
                    xml.leaf("Cd", "SCOR")
                xml.leaf("Ref", entry.creditor_reference)


def _return(xml: Elements, entry: Entry) -> None:
    if entry.return_reason is None:
        return
    with xml.inside("RtrInf"):
        originator(xml, entry.counterparty, debtor=entry.returned_by_debtor)
        with xml.inside("Rsn"):
            xml.leaf("Cd", entry.return_reason)


def originator(xml: Elements, party: Party, *, debtor: bool, bic_tag: str = "AnyBIC") -> None:
    """`Orgtr`: the debtor's name where it took the money back, else its bank's BIC if known (EPC173-14)."""
    if debtor and party.name is not None:
        with xml.inside("Orgtr"):
            xml.leaf("Nm", party.name)
    elif not debtor and party.bic is not None:
        with xml.inside("Orgtr", "Id", "OrgId"):
            xml.leaf(bic_tag, party.bic)
