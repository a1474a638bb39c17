"""Writes camt.053 statements as banks do, and camt.052 and .054 too, in the versions .02 to .14.

    camt053([credit(1250, name="Anna Beispiel", remittance="RE-2026-0815")], opening=100_000)

Amounts are minor units of a currency with two decimals. The closing balance is what opening and booked
entries make, unless it is given. The same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from xml.sax.saxutils import escape

VERSIONS = ("02", "04", "08", "13")
EVERY_VERSION = tuple(f"{number:02d}" for number in range(2, 15))

# The root element of each message, the element of one statement, and that of its page number.
MESSAGES = {
    "camt.052": ("BkToCstmrAcctRpt", "Rpt", "RptPgntn"),
    "camt.053": ("BkToCstmrStmt", "Stmt", "StmtPgntn"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn", "NtfctnPgntn"),
}

ACCOUNT = "DE89370400440532013000"
DAY = date(2026, 1, 5)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One transaction (TxDtls): who, what for, and its references. `amount` is signed; None leaves it out.

    The party is the debtor of a credit and the creditor of a debit, or the debtor of a returned collection.
    `charges` and `interest` are taken by the bank on top of `original`.
    """

    amount: int | None = None
    currency: str | None = None
    name: str | None = None
    iban: str | None = None
    bic: str | None = None
    remittance: str | Sequence[str] = ()
    reference: str | None = None
    documents: Sequence[str] = ()
    end_to_end_id: str | None = None
    mandate_id: str | None = None
    creditor_id: str | None = None
    bank_reference: str | None = None
    payment_information_id: str | None = None
    reason: str | None = None
    reason_text: str | None = None
    original: int | None = None
    charges: int | None = None
    interest: int | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One booking (Ntry); `amount` is signed. `batch` is (payment information id, message id, count)."""

    amount: int
    currency: str | None = None
    booked_on: date | None = DAY
    valued_on: date | None = None
    status: str = "BOOK"
    bank_reference: str | None = None
    code: str = "PMNT/RCDT/ESCT"
    is_reversal: bool | None = None
    batch: tuple[str | None, str | None, int | None] | None = None
    parts: tuple[Part, ...] = ()
    information: str | None = None


@dataclass(frozen=True, kw_only=True)
class Stated:
    """One statement (Stmt). `balances` replaces both balances by (type, signed amount, day, currency).

    `page` is the number of its page (from version .03) and whether it is the last.
    """

    entries: tuple[Entry, ...] = ()
    account: str = ACCOUNT
    other_account: str | None = None
    currency: str = "EUR"
    opening: int = 100_000
    closing: int | None = None
    balances: tuple[tuple[str, int, date, str], ...] | None = None
    statement_id: str = "STM-2026-0001"
    sequence: str | None = "1"
    from_on: date | None = DAY
    to_on: date | None = DAY
    copy: str | None = None
    page: tuple[int, bool] | None = None
    has_summary: bool = False


def credit(
    amount: int, *, entry: Entry | None = None, booked_on: date | None = DAY, **facts: object
) -> Entry:
    """Money that came in as one transfer of `amount`; `facts` are fields of Part."""
    return _single(amount, entry or Entry(amount=0), booked_on, facts)


def debit(amount: int, *, entry: Entry | None = None, booked_on: date | None = DAY, **facts: object) -> Entry:
    """Money that went out as one transfer of `amount`, given without a sign."""
    return _single(-amount, entry or Entry(amount=0, code="PMNT/ICDT/ESCT"), booked_on, facts)


def returned(
    original: int, *, reason: str = "AC04", charges: int = 0, interest: int = 0, **facts: object
) -> Entry:
    """A collection of `original` that came back, booked as one debit with the bank's `charges` and `interest`."""
    amount = -original - charges - interest
    part = Part(
        amount=amount,
        original=original,
        charges=charges or None,
        interest=interest or None,
        reason=reason,
        **facts,
    )  # type: ignore[arg-type]
    return Entry(amount=amount, code="PMNT/IDDT/UPDD", parts=(part,))


def lump(
    amount: int,
    *,
    payment_information_id: str | None,
    message_id: str | None = None,
    count: int | None = None,
    parts: Iterable[Part] = (),
    booked_on: date | None = DAY,
) -> Entry:
    """One credit for a whole block of direct debits, itemised by `parts` or not at all."""
    return Entry(
        amount=amount,
        booked_on=booked_on,
        code="PMNT/IDDT/ESDD",
        batch=(payment_information_id, message_id, count),
        parts=tuple(parts),
    )


def fee(amount: int, *, information: str = "Kontoführung", booked_on: date | None = DAY) -> Entry:
    """What the bank takes for itself, given without a sign; nothing is said of it but `information`."""
    return Entry(amount=-amount, booked_on=booked_on, code="ACMT/MDOP/CHRG", information=information)


def pending(entry: Entry) -> Entry:
    """The same entry, announced and not yet booked."""
    return replace(entry, status="PDNG", booked_on=None)


def camt053(entries: Iterable[Entry] = (), *, version: str = "08", **about: object) -> bytes:
    """A file with one statement; `about` are fields of Stated."""
    return camt053_file([Stated(entries=tuple(entries), **about)], version=version)  # type: ignore[arg-type]


def camt053_file(statements: Iterable[Stated], *, version: str = "08", message_id: str = "MSG-1") -> bytes:
    """A file with several statements, in UTF-8."""
    return camt_file("camt.053", statements, version=version, message_id=message_id)


def camt_file(
    message: str, statements: Iterable[Stated], *, version: str = "08", message_id: str = "MSG-1"
) -> bytes:
    """A file of one of MESSAGES with several statements, in UTF-8. A camt.054 never has balances."""
    writer = _Writer(int(version), message)
    body = _el(
        MESSAGES[message][0],
        _el("GrpHdr", _el("MsgId", message_id), _el("CreDtTm", "2026-01-05T18:00:00")),
        *(writer.statement(stated) for stated in statements),
    )
    namespace = f"urn:iso:std:iso:20022:tech:xsd:{message}.001.{version}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace}">{body}</Document>\n'.encode()
    )


def _single(amount: int, entry: Entry, booked_on: date | None, facts: dict[str, object]) -> Entry:
    part = Part(amount=amount, **facts)  # type: ignore[arg-type]
    return replace(entry, amount=amount, booked_on=booked_on, parts=(part,))


# --- XML: an element without content is left out ---


class _Xml(str):
    """Finished XML, not to be escaped again."""

    __slots__ = ()


def _el(name: str, *content: str | None, ccy: str | None = None) -> _Xml:
    inner = "".join(piece if isinstance(piece, _Xml) else escape(piece) for piece in content if piece)
    attribute = "" if ccy is None else f' Ccy="{ccy}"'
    end = "\n" if len(content) > 1 else ""
    return _Xml(f"<{name}{attribute}>{end}{inner}</{name}>\n") if inner else _Xml("")


def _amount(name: str, minor: int | None, currency: str) -> _Xml:
    return _Xml("") if minor is None else _el(name, _decimal(minor), ccy=currency)


def _decimal(minor: int) -> str:
    whole, cents = divmod(abs(minor), 100)
    return f"{whole}.{cents:02d}"


def _sign(minor: int | None) -> _Xml:
    return _Xml("") if minor is None else _el("CdtDbtInd", "CRDT" if minor >= 0 else "DBIT")


def _day(name: str, day: date | None) -> _Xml:
    return _Xml("") if day is None else _el(name, _el("Dt", day.isoformat()))


def _flag(name: str, value: bool | None) -> _Xml:
    return _Xml("") if value is None else _el(name, str(value).lower())


@dataclass(frozen=True)
class _Writer:
    version: int
    message: str = "camt.053"

    def statement(self, stated: Stated) -> _Xml:
        booked = [entry for entry in stated.entries if entry.status == "BOOK"]
        closing = stated.opening + sum(entry.amount for entry in booked)
        _, name, pagination = MESSAGES[self.message]
        balances = stated.balances or (
            ("OPBD", stated.opening, stated.from_on or DAY, stated.currency),
            (
                "CLBD",
                closing if stated.closing is None else stated.closing,
                stated.to_on or DAY,
                stated.currency,
            ),
        )
        if self.message == "camt.054":
            balances = ()
        number = _el("Othr", _el("Id", stated.other_account)) or _el("IBAN", stated.account)
        return _el(
            name,
            _el("Id", stated.statement_id),
            self._page(pagination, stated.page),
            _el("ElctrncSeqNb", stated.sequence),
            _el("CreDtTm", "2026-01-05T18:00:00"),
            self._period(stated),
            _el("CpyDplctInd", stated.copy),
            _el("Acct", _el("Id", number), _el("Ccy", stated.currency)),
            *(self._balance(*balance) for balance in balances),
            self._summary(booked) if stated.has_summary else None,
            *(self._entry(entry, stated.currency) for entry in stated.entries),
        )

    def _page(self, name: str, page: tuple[int, bool] | None) -> _Xml:
        if page is None:
            return _Xml("")
        number, is_last = page
        return _el(name, _el("PgNb", str(number)), _flag("LastPgInd", is_last))

    def _period(self, stated: Stated) -> _Xml:
        if stated.from_on is None or stated.to_on is None:
            return _Xml("")
        first, last = f"{stated.from_on}T00:00:00", f"{stated.to_on}T23:59:59"
        return _el("FrToDt", _el("FrDtTm", first), _el("ToDtTm", last))

    def _balance(self, kind: str, minor: int, day: date, currency: str) -> _Xml:
        return _el(
            "Bal",
            _el("Tp", _el("CdOrPrtry", _el("Cd", kind))),
            _amount("Amt", minor, currency),
            _sign(minor),
            _day("Dt", day),
        )

    def _summary(self, booked: list[Entry]) -> _Xml:
        money_in = [entry.amount for entry in booked if entry.amount >= 0]
        money_out = [-entry.amount for entry in booked if entry.amount < 0]
        names = {"TtlNtries": money_in + money_out, "TtlCdtNtries": money_in, "TtlDbtNtries": money_out}
        totals = (
            _el(name, _el("NbOfNtries", str(len(found))), _el("Sum", _decimal(sum(found))))
            for name, found in names.items()
        )
        return _el("TxsSummry", *totals)

    def _entry(self, entry: Entry, currency: str) -> _Xml:
        currency = entry.currency or currency
        return _el(
            "Ntry",
            _amount("Amt", entry.amount, currency),
            _sign(entry.amount),
            _flag("RvslInd", entry.is_reversal),
            _el("Sts", entry.status if self.version < 7 else _el("Cd", entry.status)),
            _day("BookgDt", entry.booked_on),
            _day("ValDt", entry.valued_on or entry.booked_on),
            _el("AcctSvcrRef", entry.bank_reference),
            self._code(entry.code),
            _el(
                "NtryDtls",
                self._batch(entry),
                *(self._part(part, entry, currency) for part in entry.parts),
            ),
            _el("AddtlNtryInf", entry.information),
        )

    def _code(self, code: str) -> _Xml:
        domain, family, sub_family = code.split("/")
        below = _el("Fmly", _el("Cd", family), _el("SubFmlyCd", sub_family))
        return _el("BkTxCd", _el("Domn", _el("Cd", domain), below))

    def _batch(self, entry: Entry) -> _Xml:
        if entry.batch is None:
            return _Xml("")
        block, message, count = entry.batch
        number = None if count is None else str(count)
        return _el("Btch", _el("MsgId", message), _el("PmtInfId", block), _el("NbOfTxs", number))

    def _part(self, part: Part, entry: Entry, currency: str) -> _Xml:
        currency = part.currency or currency
        amount = entry.amount if part.amount is None else part.amount
        return _el(
            "TxDtls",
            self._references(part),
            None if self.version < 3 else _amount("Amt", amount, currency),
            None if self.version < 3 else _sign(amount),
            self._amounts(part, currency),
            self._charges(part, currency),
            self._interest(part, currency),
            self._parties(part, amount),
            self._agents(part, amount),
            self._remittance(part),
            self._return(part),
        )

    def _references(self, part: Part) -> _Xml:
        return _el(
            "Refs",
            _el("AcctSvcrRef", part.bank_reference),
            _el("PmtInfId", part.payment_information_id),
            _el("EndToEndId", part.end_to_end_id),
            _el("MndtId", part.mandate_id),
        )

    def _amounts(self, part: Part, currency: str) -> _Xml:
        return _el(
            "AmtDtls",
            _el("InstdAmt", _amount("Amt", part.original, currency)),
            _el("TxAmt", _amount("Amt", part.amount, currency)),
        )

    def _charges(self, part: Part, currency: str) -> _Xml:
        if part.charges is None:
            return _Xml("")
        charge = (_amount("Amt", part.charges, currency), _sign(-1))
        return _el("Chrgs", *charge) if self.version < 3 else _el("Chrgs", _el("Rcrd", *charge))

    def _interest(self, part: Part, currency: str) -> _Xml:
        if part.interest is None:
            return _Xml("")
        taken = (_amount("Amt", part.interest, currency), _sign(-1))
        return _el("Intrst", *taken) if self.version < 3 else _el("Intrst", _el("Rcrd", *taken))

    def _parties(self, part: Part, amount: int) -> _Xml:
        role = self._role(part, amount)
        number = _el("Id", _el("IBAN", part.iban))
        found = {
            role: _el(role, self._party(_el("Nm", part.name), part.creditor_id if role == "Cdtr" else None)),
            role + "Acct": _el(role + "Acct", number),
        }
        if role == "Dbtr":
            found["Cdtr"] = _el("Cdtr", self._party(_Xml(""), part.creditor_id))
        return _el("RltdPties", *(found.get(name) for name in ("Dbtr", "DbtrAcct", "Cdtr", "CdtrAcct")))

    def _party(self, name: _Xml, creditor_id: str | None) -> _Xml:
        scheme = _el("SchmeNm", _el("Prtry", "SEPA"))
        identity = _el("Othr", _el("Id", creditor_id), scheme) if creditor_id else None
        flat = _Xml(name + _el("Id", _el("PrvtId", identity)))
        return flat if self.version < 7 else _el("Pty", flat)

    def _agents(self, part: Part, amount: int) -> _Xml:
        bic = _el("BIC" if self.version < 3 else "BICFI", part.bic)
        return _el("RltdAgts", _el(self._role(part, amount) + "Agt", _el("FinInstnId", bic)))

    def _role(self, part: Part, amount: int) -> str:
        return "Dbtr" if amount >= 0 or part.reason or part.reason_text else "Cdtr"

    def _remittance(self, part: Part) -> _Xml:
        pieces = (part.remittance,) if isinstance(part.remittance, str) else part.remittance
        scor = _el("Tp", _el("CdOrPrtry", _el("Cd", "SCOR")))
        reference = _el("CdtrRefInf", scor, _el("Ref", part.reference)) if part.reference else None
        documents = (_el("RfrdDocInf", _el("Nb", number)) for number in part.documents)
        return _el("RmtInf", *(_el("Ustrd", piece) for piece in pieces), _el("Strd", *documents, reference))

    def _return(self, part: Part) -> _Xml:
        return _el("RtrInf", _el("Rsn", _el("Cd", part.reason)), _el("AddtlInf", part.reason_text))
