"""Writes transfers of ours as pain.001 through sepaxml, with our own ids and instants, and checked by its schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib import resources

from lxml import etree
from sepaxml import SepaTransfer

from exporters.pain008.characters import to_sepa
from exporters.pain008.values import BIC, IBAN, Unwritable, instant, shaped
from ledger.money import Money
from ledger.sepa_text import is_sepa_reference
from reconciliation.formats import xml

# EPC132-08 (2025): the version of the credit-transfer rulebook in force until November 2027.
VERSION = "pain.001.001.09"
NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{VERSION}"
NAME_LENGTH = 70
REMITTANCE_LENGTH = 140
LARGEST_MINOR = 99_999_999_999  # EPC125-05: 999,999,999.99 EUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A name with its account; `iban` is compact, `bic` is left out inside the EEA."""

    name: str
    iban: str
    bic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer (CdtTrfTxInf). `amount` is in EUR and above zero, `remittance` unstructured text."""

    end_to_end_id: str
    amount: Money
    payee: Party
    remittance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferMessage:
    """One file with one PmtInf. Ids are unique for ever, `created_at` is aware; all come from the caller."""

    message_id: str
    created_at: datetime
    payment_information_id: str
    execute_on: date
    payer: Party
    batch_booking: bool
    transfers: tuple[Transfer, ...]


def write(message: TransferMessage) -> bytes:
    """The file; the same message gives the same bytes.

    Names and texts are put into the characters every bank takes; ids are written as they are. Raises Unwritable
    for what has no form in the file, ValueError for a `created_at` without time zone.
    """
    if not message.transfers:
        raise Unwritable("A file needs at least one transfer.", field="transfers")
    made = SepaTransfer(_configuration(message.payer), schema=VERSION, clean=False)
    for number, transfer in enumerate(message.transfers):
        try:
            made.add_payment(_payment(transfer, message.execute_on))
        except Unwritable as fault:
            raise fault.within(f"transfers[{number}]") from fault
    root = xml.parse(made.export(validate=False))
    _make_ours(root, message)
    etree.cleanup_namespaces(root)
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    if not fits_schema(content):
        raise Unwritable("The file does not fit the schema of pain.001.", field="message")
    return content


def fits_schema(content: bytes) -> bool:
    """Whether the bytes are a pain.001 of our version, by the schema of ISO 20022 that sepaxml ships."""
    return _schema().validate(xml.parse(content))


@lru_cache
def _schema() -> etree.XMLSchema:
    source = resources.files("sepaxml").joinpath("schemas", f"{VERSION}.xsd")
    return etree.XMLSchema(xml.parse(source.read_bytes()))


def _configuration(payer: Party) -> dict[str, object]:
    facts: dict[str, object] = {
        "name": _text(payer.name, NAME_LENGTH, "payer.name"),
        "IBAN": shaped(payer.iban, IBAN, "payer.iban"),
        "batch": True,
        "currency": "EUR",
    }
    return facts | _bic(payer, "payer.bic")


def _payment(transfer: Transfer, execute_on: date) -> dict[str, object]:
    amount = transfer.amount
    if amount.currency != "EUR" or not 0 < amount.minor <= LARGEST_MINOR:
        raise Unwritable("A transfer is in EUR, from 0.01 to 999999999.99.", field="amount")
    facts: dict[str, object] = {
        "name": _text(transfer.payee.name, NAME_LENGTH, "payee.name"),
        "IBAN": shaped(transfer.payee.iban, IBAN, "payee.iban"),
        "amount": amount.minor,
        "execution_date": execute_on,
        "description": _text(transfer.remittance, REMITTANCE_LENGTH, "remittance"),
        "endtoend_id": _reference(transfer.end_to_end_id, "end_to_end_id"),
    }
    return facts | _bic(transfer.payee, "payee.bic")


def _bic(party: Party, field: str) -> dict[str, object]:
    return {} if party.bic is None else {"BIC": shaped(party.bic, BIC, field)}


def _text(value: str, limit: int, field: str) -> str:
    written = to_sepa(value)[:limit].rstrip()
    if not written:
        raise Unwritable("A text must hold more than blanks.", field=field)
    return written


def _reference(value: str, field: str) -> str:
    if not is_sepa_reference(value):
        raise Unwritable("An identifier has 1 to 35 of the characters that every bank takes.", field=field)
    return value


def _make_ours(root: etree._Element, message: TransferMessage) -> None:
    """Put ours in the place of what sepaxml takes from chance and clock, and of what it leaves empty."""
    _set(root, "GrpHdr/MsgId", _reference(message.message_id, "message_id"))
    _set(root, "GrpHdr/CreDtTm", instant(message.created_at))
    _set(root, "PmtInf/PmtInfId", _reference(message.payment_information_id, "payment_information_id"))
    _set(root, "PmtInf/BtchBookg", "true" if message.batch_booking else "false")
    if message.payer.bic is None:  # an empty FinInstnId says nothing; the rulebooks have a word for it
        other = etree.SubElement(_element(root, "PmtInf/DbtrAgt/FinInstnId"), f"{{{NAMESPACE}}}Othr")
        etree.SubElement(other, f"{{{NAMESPACE}}}Id").text = "NOTPROVIDED"


def _set(root: etree._Element, path: str, value: str) -> None:
    _element(root, path).text = value


def _element(root: etree._Element, path: str) -> etree._Element:
    steps = "/".join(f"{{{NAMESPACE}}}{step}" for step in ("CstmrCdtTrfInitn", *path.split("/")))
    (found,) = root.findall(steps)
    return found
