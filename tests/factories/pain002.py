"""Writes status reports (pain.002) as banks do, in the versions .03 to .14 and DK's .002.02 and .003.03.

    report(Block("PI1", [Tx("E2E-1", code="AC04", amount=1250)]), original_message_id="MSG-1")

Whatever has no content is left out. The same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

EVERY_VERSION = (*(f"001.{number:02d}" for number in range(3, 15)), "003.03", "002.02")
_OLD = "002.02"  # DK's variant of the second version: no blocks, and other names of reasons


@dataclass(frozen=True)
class Why:
    """A reason: a code of ISO's or the bank's own, words, and the BIC or the name of who decided."""

    code: str | None = None
    proprietary: str | None = None
    information: Sequence[str] = ()
    bank: str | None = None
    party: str | None = None


@dataclass(frozen=True)
class Tx:
    """One transaction (TxInfAndSts); `amount` in minor units."""

    end_to_end_id: str | None = None
    status: str | None = "RJCT"
    code: str | None = None
    why: Sequence[Why] = ()
    amount: int | None = None
    currency: str = "EUR"
    instruction_id: str | None = None
    status_id: str | None = None
    bank_reference: str | None = None
    collect_on: date | None = None
    mandate_id: str | None = None
    debtor: str | None = None
    iban: str | None = None


@dataclass(frozen=True)
class Block:
    """One payment block (OrgnlPmtInfAndSts)."""

    payment_information_id: str | None
    transactions: Sequence[Tx] = ()
    status: str | None = None
    code: str | None = None
    why: Sequence[Why] = ()
    counts: Mapping[str, int] | None = None


def report(*blocks: Block, version: str = "001.10", **about: object) -> bytes:
    """A file with one report; `about` as in `body`."""
    namespace = f"urn:iso:std:iso:20022:tech:xsd:pain.002.{version}"
    inner = body(*blocks, version=version, **about)  # type: ignore[arg-type]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace}">{inner}</Document>\n'.encode()
    )


def body(
    *blocks: Block,
    version: str = "001.10",
    message_id: str | None = "BANK-1",
    created: str | None = "2026-11-18T09:00:00",
    original_message_id: str | None = "MSG-1",
    original_message_name: str | None = "pain.008.001.08",
    original_count: int | None = None,
    status: str | None = None,
    code: str | None = None,
    why: Sequence[Why] = (),
    counts: Mapping[str, int] | None = None,
) -> str:
    """The report itself, to be put into a document of that version."""
    write = _Writer(version)
    root = "pain.002.001.02" if version == _OLD else "CstmrPmtStsRpt"
    group = _el(
        "OrgnlGrpInfAndSts",
        _el("OrgnlMsgId", original_message_id),
        _el("OrgnlMsgNmId", original_message_name),
        _el("OrgnlNbOfTxs", None if original_count is None else str(original_count)),
        _el("GrpSts", status),
        write.reasons(code, why),
        _counts(counts),
    ) or _Xml("<OrgnlGrpInfAndSts/>")
    header = _el("GrpHdr", _el("MsgId", message_id), _el("CreDtTm", created))
    return _el(root, header, group, *(write.block(block) for block in blocks))


class _Xml(str):
    """Finished XML, not to be escaped again."""

    __slots__ = ()


def _el(name: str, *content: str | None, ccy: str | None = None) -> _Xml:
    inner = "".join(piece if isinstance(piece, _Xml) else escape(piece) for piece in content if piece)
    attribute = "" if ccy is None else f' Ccy="{ccy}"'
    return _Xml(f"<{name}{attribute}>{inner}</{name}>") if inner else _Xml("")


def _joined(pieces: Iterable[_Xml]) -> _Xml:
    return _Xml("".join(pieces))


def _counts(counts: Mapping[str, int] | None) -> _Xml:
    return _joined(
        _el("NbOfTxsPerSts", _el("DtldNbOfTxs", str(count)), _el("DtldSts", status))
        for status, count in (counts or {}).items()
    )


@dataclass(frozen=True)
class _Writer:
    version: str

    @property
    def _number(self) -> int:
        return int(self.version[-2:])

    def block(self, block: Block) -> _Xml:
        if self.version == _OLD:
            name = block.payment_information_id
            return _joined(self._transaction(one, name) for one in block.transactions)
        return _el(
            "OrgnlPmtInfAndSts",
            _el("OrgnlPmtInfId", block.payment_information_id),
            _el("PmtInfSts", block.status),
            self.reasons(block.code, block.why),
            _counts(block.counts),
            *(self._transaction(one, None) for one in block.transactions),
        )

    def reasons(self, code: str | None, why: Sequence[Why]) -> _Xml:
        stated = (*why, Why(code)) if code else why
        return _joined(self._reason(one) for one in stated)

    def _reason(self, why: Why) -> _Xml:
        is_old = self.version == _OLD
        bic = "BIC" if is_old else "BICOrBEI" if self._number < 4 else "AnyBIC"
        bank = _el("Id", _el("OrgId", _el(bic, why.bank)))
        return _el(
            "StsRsnInf",
            _el("StsOrgtr" if is_old else "Orgtr", _el("Nm", why.party), bank),
            _el("StsRsn" if is_old else "Rsn", _el("Cd", why.code), _el("Prtry", why.proprietary)),
            *(_el("AddtlInf", words) for words in why.information),
        )

    def _transaction(self, one: Tx, block: str | None) -> _Xml:
        return _el(
            "TxInfAndSts",
            _el("StsId", one.status_id),
            _el("OrgnlPmtInfId", block),
            _el("OrgnlInstrId", one.instruction_id),
            _el("OrgnlEndToEndId", one.end_to_end_id),
            _el("TxSts", one.status),
            self.reasons(one.code, one.why),
            _el("AcctSvcrRef", one.bank_reference),
            self._original(one),
        )

    def _original(self, one: Tx) -> _Xml:
        amount = None if one.amount is None else f"{one.amount // 100}.{one.amount % 100:02d}"
        mandate = _el("MndtId", one.mandate_id)
        debtor = _el("Nm", one.debtor)
        return _el(
            "OrgnlTxRef",
            _el("Amt", _el("InstdAmt", amount, ccy=one.currency)),
            _el("ReqdColltnDt", one.collect_on.isoformat() if one.collect_on else None),
            _el("MndtRltdInf", mandate if self._number < 11 else _el("DrctDbtMndt", mandate)),
            _el("Dbtr", debtor if self._number < 9 else _el("Pty", debtor)),
            _el("DbtrAcct", _el("Id", _el("IBAN", one.iban))),
        )
