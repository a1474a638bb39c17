"""Invented bank files, direct debits and invoices; the same number always gives the same record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

from exporters.pain008.message import (
    DirectDebitMessage,
    Party,
    PaymentBlock,
    Scheme,
    SequenceType,
    Transaction,
)
from ledger.acts import Act
from ledger.money import Money

TODAY = date(2026, 11, 18)
ACT = Act(actor="benchmark", at=datetime(2026, 11, 18, 8, 0, tzinfo=UTC), today=TODAY)
COLLECT_ON = date(2026, 11, 25)

CREDITOR_NAME = "Quellwerk Muster GmbH"
CREDITOR_IDENTIFIER = "DE98ZZZ09999999999"
OUR_IBAN = "DE02120300000000202051"
OUR_BIC = "BYLADEM1001"

_BANK_CODE = "99999999"  # given to no bank
_OPENING_MINOR = 1_000_000_00
_SPAN_DAYS = 28  # bookings of a statement lie in the four weeks before TODAY
_AT_ONCE = 1_000

_GIVEN = ("Erika", "Jörg", "Małgorzata", "François", "Ana", "Søren", "Zoë", "Max", "Chloé", "Özlem", "Ida")
_FAMILY = (
    "Beispiel",
    "Weißmüller",
    "Nowak",
    "Lefèvre",
    "Muster",
    "Åberg",
    "Kern & Sohn OHG",
    "Probst",
    "Díaz",
)


def iban(number: int) -> str:
    """A German IBAN of no known bank with valid check digits (ISO 13616); a different one for each number."""
    bban = f"{_BANK_CODE}{number:010d}"
    check = 98 - int(f"{bban}131400") % 97  # 1314 are the letters DE as digits
    return f"DE{check:02d}{bban}"


def name(number: int) -> str:
    """A person or firm, with the accents and signs that names have."""
    return f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[number % len(_FAMILY)]}"


def invoice_number(number: int) -> str:
    return f"RE-2026-{number:07d}"


def total_minor(number: int) -> int:
    """What invoice `number` is about, in cents: from 5.00 to about 2,500.00 EUR, hardly two alike."""
    return 500 + number * 7_919 % 250_007


# --- bank statements ---


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking: its signed amount in cents and its XML."""

    minor: int
    xml: str


def mixed_entries(count: int) -> Iterator[Entry]:
    """Of ten bookings seven come in; the others are a payment, a returned debit and a fee. No two are alike."""
    chance = Random("mixed")
    for number in range(1, count + 1):
        minor = chance.randrange(100, 500_000)
        kind = number % 10
        if kind == 7:
            yield _paid(number, minor)
        elif kind == 8:
            yield _returned(number, minor)
        elif kind == 9:
            yield _fee(number, minor % 2_000 + 1)
        else:
            yield _received(number, minor, _text(number, chance))


def naming_entries(count: int, *, of: int) -> Iterator[Entry]:
    """Transfers that pay `count` of the invoices 1 to `of`, a different one each, in mixed order."""
    chance = Random("naming")
    for position, number in enumerate(chance.sample(range(1, of + 1), count), start=1):
        yield _received(position, total_minor(number), _text(number, chance))


def write_camt053(path: Path, entries: Iterable[Entry], *, message_id: str = "BENCH-1") -> None:
    """A camt.053.001.08 with one statement of OUR_IBAN whose balances prove its entries."""
    entries = list(entries)
    closing = _OPENING_MINOR + sum(entry.minor for entry in entries)
    first = TODAY - timedelta(days=_SPAN_DAYS)
    with path.open("w", encoding="utf-8") as out:
        out.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
            f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>{TODAY}T18:00:00Z</CreDtTm></GrpHdr>"
            f"<Stmt><Id>STM-1</Id><ElctrncSeqNb>1</ElctrncSeqNb>"
            f"<FrToDt><FrDtTm>{first}T00:00:00Z</FrDtTm><ToDtTm>{TODAY}T23:59:59Z</ToDtTm></FrToDt>"
            f"<Acct><Id><IBAN>{OUR_IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
            f"{_balance('OPBD', _OPENING_MINOR, first)}{_balance('CLBD', closing, TODAY)}\n"
        )
        remaining = iter(entries)
        while some := list(islice(remaining, _AT_ONCE)):
            out.write("".join(entry.xml for entry in some))
        out.write("</Stmt></BkToCstmrStmt></Document>\n")


def _balance(kind: str, minor: int, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amount(minor)}<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _amount(minor: int) -> str:
    sign = "CRDT" if minor >= 0 else "DBIT"
    return f'<Amt Ccy="EUR">{_decimal(abs(minor))}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def _decimal(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _entry(number: int, minor: int, family: str, details: str) -> Entry:
    day = TODAY - timedelta(days=_SPAN_DAYS - number % _SPAN_DAYS)
    domain, code, sub_family = family.split("/")
    xml = (
        f"<Ntry><NtryRef>{number}</NtryRef>{_amount(minor)}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>BANK{number:012d}</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{code}</Cd><SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn>"
        f"</BkTxCd>{details}</Ntry>\n"
    )
    return Entry(minor, xml)


def _parties(role: str, number: int) -> str:
    return (
        f"<RltdPties><{role}><Pty><Nm>{escape(name(number))}</Nm></Pty></{role}>"
        f"<{role}Acct><Id><IBAN>{iban(number)}</IBAN></Id></{role}Acct></RltdPties>"
        f"<RltdAgts><{role}Agt><FinInstnId><BICFI>{OUR_BIC}</BICFI></FinInstnId></{role}Agt></RltdAgts>"
    )


def _details(references: str, number: int, role: str, text: str, more: str = "") -> str:
    return (
        f"<NtryDtls><TxDtls><Refs>{references}</Refs>{_parties(role, number)}"
        f"<RmtInf><Ustrd>{escape(text)}</Ustrd></RmtInf>{more}</TxDtls></NtryDtls>"
    )


def _received(number: int, minor: int, text: str) -> Entry:
    references = "<EndToEndId>NOTPROVIDED</EndToEndId>"
    return _entry(number, minor, "PMNT/RCDT/ESCT", _details(references, number, "Dbtr", text))


def _paid(number: int, minor: int) -> Entry:
    references = f"<EndToEndId>OUT-{number:08d}</EndToEndId>"
    details = _details(references, number, "Cdtr", f"Lieferung {number}, vielen Dank")
    return _entry(number, -minor, "PMNT/ICDT/ESCT", details)


def _returned(number: int, minor: int) -> Entry:
    references = f"<EndToEndId>OLD-{number:08d}</EndToEndId><MndtId>M-{number:08d}</MndtId>"
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    details = _details(references, number, "Dbtr", invoice_number(number), reason)
    return _entry(number, -minor, "PMNT/IDDT/UPDD", details)


def _fee(number: int, minor: int) -> Entry:
    return _entry(number, -minor, "ACMT/MDOP/CHRG", f"<AddtlNtryInf>Kontoführung {number}</AddtlNtryInf>")


def _text(number: int, chance: Random) -> str:
    """What a payer writes beside the number of an invoice."""
    wordings = (
        "Rechnung {0} vom {1}, Kd.-Nr. {2}", "{0}", "Facture n° {0} / client {2}", "RG {0} DANKE {2}",
        "Invoice {0} dated {1}, customer {2}", "Kd {2} Re.Nr. {0} Muster {1}",
    )  # fmt: skip
    return chance.choice(wordings).format(invoice_number(number), "03.11.26", 10_000_000 + number)


# --- direct debits ---


def message(count: int) -> DirectDebitMessage:
    """One block of `count` collections, no two alike."""
    block = PaymentBlock(
        payment_information_id="BENCH-BLOCK-1", scheme=Scheme.CORE, sequence_type=SequenceType.RCUR,
        collect_on=COLLECT_ON, creditor=Party(name=CREDITOR_NAME, iban=OUR_IBAN, bic=OUR_BIC),
        creditor_id=CREDITOR_IDENTIFIER,
        transactions=tuple(_transaction(number) for number in range(1, count + 1)),
    )  # fmt: skip
    return DirectDebitMessage(
        message_id="BENCH-MESSAGE-1", created_at=ACT.at, initiating_party=CREDITOR_NAME, blocks=(block,)
    )


def _transaction(number: int) -> Transaction:
    return Transaction(
        end_to_end_id=f"{invoice_number(number)}-{number % 1_000_000:06d}",
        amount=Money(total_minor(number), "EUR"),
        mandate_id=f"M-{number:08d}",
        signed_on=TODAY - timedelta(days=30 + number % 700),
        debtor=Party(name=name(number), iban=iban(number)),
        remittance=f"Rechnung {invoice_number(number)}",
    )
