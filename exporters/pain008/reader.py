"""Reads a pain.008 file of any version back into a DirectDebitMessage."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import BinaryIO, TypeVar

from exporters.pain008 import places
from exporters.pain008.fields import Fields, Part, opened
from exporters.pain008.message import (
    Address,
    Amendment,
    DirectDebitMessage,
    Party,
    PaymentBlock,
    Scheme,
    SequenceType,
    Transaction,
)
from exporters.pain008.values import day, is_true
from ledger.money import Money, UnknownCurrency, UnreadableAmount
from reconciliation.statement import UnreadableFile

_PLAIN_DECIMAL = re.compile(r"\s*[0-9.]+\s*")

_Code = TypeVar("_Code", bound=StrEnum)


class IncompleteFile(UnreadableFile):
    """The file lacks, or has in another form, what every collection needs; `path` says where."""

    def __init__(self, message: str, *, path: str) -> None:
        super().__init__(message, path=path)
        self.path = path


def read(source: bytes | BinaryIO) -> DirectDebitMessage:
    """The message in `source`; what the writer wrote comes back equal, in the characters it was written in.

    Several remittance texts are joined by a blank. An address without town and country, as version .02 has,
    is left out; an initiating party without name is empty. A creation time without zone is read as UTC.
    Counts, sums and check digits are not looked at: `check` does that. Raises UnreadableFile, of which
    IncompleteFile says what is missing where.
    """
    file = opened(source)
    header = file.header()
    return DirectDebitMessage(
        message_id=_required(header, places.MESSAGE_ID),
        created_at=_instant(header),
        initiating_party=header.fields.get("InitgPty/Nm") or "",
        blocks=tuple(_block(head, list(transactions)) for head, transactions in file.blocks()),
    )


def _block(head: Part, transactions: list[Part]) -> PaymentBlock:
    return PaymentBlock(
        payment_information_id=_required(head, places.BLOCK_ID),
        scheme=_code(_stated(head, transactions, places.SCHEME, places.SCHEME), Scheme, head),
        sequence_type=_code(
            _stated(head, transactions, places.SEQUENCE_TYPE, places.SEQUENCE_TYPE), SequenceType, head
        ),
        collect_on=_day(head, places.COLLECT_ON),
        creditor=_party(head, "Cdtr"),
        creditor_id=_stated(head, transactions, places.BLOCK_CREDITOR_ID, places.CREDITOR_ID),
        batch_booking=is_true(head.fields.get(places.BATCH_BOOKING, "true")),
        category_purpose=head.fields.get(places.CATEGORY_PURPOSE),
        ultimate_creditor=head.fields.get("UltmtCdtr/Nm"),
        transactions=tuple(_transaction(transaction) for transaction in transactions),
    )


def _transaction(part: Part) -> Transaction:
    fields = part.fields
    return Transaction(
        end_to_end_id=_required(part, places.END_TO_END_ID),
        amount=_amount(part),
        mandate_id=_required(part, places.MANDATE_ID),
        signed_on=_day(part, places.SIGNED_ON),
        debtor=_party(part, "Dbtr"),
        remittance=_remittance(fields),
        creditor_reference=fields.get(places.REFERENCE),
        instruction_id=fields.get(places.INSTRUCTION_ID),
        amendment=_amendment(fields),
        ultimate_debtor=fields.get("UltmtDbtr/Nm"),
        purpose=fields.get(places.PURPOSE),
    )


def _party(part: Part, party: str) -> Party:
    fields, bank = part.fields, f"{party}Agt/FinInstnId"
    return Party(
        name=_required(part, f"{party}/Nm"),
        iban=_required(part, f"{party}Acct/Id/IBAN"),
        bic=fields.get(f"{bank}/BICFI") or fields.get(f"{bank}/BIC"),
        address=_address(fields, f"{party}/PstlAdr"),
    )


def _address(fields: Fields, path: str) -> Address | None:
    town, country = fields.get(f"{path}/TwnNm"), fields.get(f"{path}/Ctry")
    if town is None or country is None:
        return None
    return Address(
        country=country,
        town=town,
        postcode=fields.get(f"{path}/PstCd"),
        street=fields.get(f"{path}/StrtNm"),
        building=fields.get(f"{path}/BldgNb"),
        lines=tuple(_all(fields, f"{path}/AdrLine")),
    )


def _amendment(fields: Fields) -> Amendment | None:
    if places.AMENDMENT not in fields:
        return None
    moved = places.SMNDA in (fields.get(places.ORIGINAL_OTHER), fields.get(places.OLD_PLACE_OF_SMNDA))
    return Amendment(
        original_mandate_id=fields.get(places.ORIGINAL_MANDATE_ID),
        original_creditor_id=fields.get(f"{places.ORIGINAL_CREDITOR}/{places.IDENTIFIER}"),
        original_creditor_name=fields.get(f"{places.ORIGINAL_CREDITOR}/Nm"),
        original_debtor_iban=fields.get(places.ORIGINAL_IBAN),
        same_mandate_new_debtor_agent=moved,
    )


def _remittance(fields: Fields) -> str | None:
    return " ".join(_all(fields, places.UNSTRUCTURED)) or None


def _all(fields: Fields, path: str) -> list[str]:
    """The texts of an element that may be repeated, in order."""
    return [
        text for place, text in fields.items() if text and (place == path or place.startswith(f"{path}["))
    ]


def _stated(head: Part, transactions: list[Part], in_head: str, in_transaction: str) -> str:
    """What a block says once, or all its transactions say alike: ISO 20022 allows both places."""
    text = head.fields.get(in_head)
    if text:
        return text
    said = {transaction.fields.get(in_transaction) for transaction in transactions}
    only = said.pop() if len(said) == 1 else None
    if not only:
        raise _incomplete(head, in_head)
    return only


def _required(part: Part, path: str) -> str:
    text = part.fields.get(path)
    if not text:
        raise _incomplete(part, path)
    return text


def _incomplete(part: Part, path: str) -> IncompleteFile:
    place = f"{part.path}/{path}"
    return IncompleteFile(f"The file lacks {place}, or has it in a form that cannot be read.", path=place)


def _code(text: str, codes: type[_Code], head: Part) -> _Code:
    try:
        return codes(text)
    except ValueError:
        place = places.SCHEME if codes is Scheme else places.SEQUENCE_TYPE
        raise _incomplete(head, place) from None


def _day(part: Part, path: str) -> date:
    found = day(part.fields.get(path))
    if found is None:
        raise _incomplete(part, path)
    return found


def _amount(part: Part) -> Money:
    text, currency = _required(part, places.AMOUNT), _required(part, places.CURRENCY)
    if _PLAIN_DECIMAL.fullmatch(text) is None:
        raise _incomplete(part, places.AMOUNT)
    try:
        return Money.parse(text, currency)
    except (UnreadableAmount, UnknownCurrency):
        raise _incomplete(part, places.AMOUNT) from None


def _instant(header: Part) -> datetime:
    try:
        moment = datetime.fromisoformat(_required(header, places.CREATED_AT).strip())
    except ValueError:
        raise _incomplete(header, places.CREATED_AT) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
