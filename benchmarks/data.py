"""Invented people, invoices and direct debits; the same number always gives the same record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

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


# --- direct debits ---


def message(count: int) -> DirectDebitMessage:
    """One block of `count` collections, no two alike."""
    block = PaymentBlock(
        payment_information_id="BENCH-BLOCK-1", scheme=Scheme.CORE, sequence_type=SequenceType.RCUR,
        collect_on=COLLECT_ON, creditor=Party(name=CREDITOR_NAME, iban=OUR_IBAN, bic=OUR_BIC),
        creditor_id=CREDITOR_IDENTIFIER,
        transactions=tuple(transaction(number) for number in range(1, count + 1)),
    )  # fmt: skip
    return DirectDebitMessage(
        message_id="BENCH-MESSAGE-1", created_at=ACT.at, initiating_party=CREDITOR_NAME, blocks=(block,)
    )


def transaction(number: int) -> Transaction:
    """A collection that no bank refuses; a different one for each number."""
    return Transaction(
        end_to_end_id=f"{invoice_number(number)}-{number % 1_000_000:06d}",
        amount=Money(total_minor(number), "EUR"),
        mandate_id=f"M-{number:08d}",
        signed_on=TODAY - timedelta(days=30 + number % 700),
        debtor=Party(name=name(number), iban=iban(number)),
        remittance=f"Rechnung {invoice_number(number)}",
    )
