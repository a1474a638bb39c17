"""The standing bank's other half: transfers that we order by pain.001, as it reads and books them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from gateway.sandbox import transaction_codes as codes
from gateway.sandbox.entries import Entry
from gateway.sandbox.habits import CURRENCY
from ledger.money import Money, total
from reconciliation.formats import xml
from reconciliation.statement import Batch, Party, UnreadableFile

INITIATION = "CstmrCdtTrfInitn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One transfer of a pain.001 as its bank reads it."""

    end_to_end_id: str
    amount: Money
    payee: Party = field(repr=False)
    remittance: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """A pain.001 with one payment block: the account it is drawn on, its day and its transfers."""

    message_id: str
    payment_information_id: str
    account: str = field(repr=False)
    execute_on: date
    batch_booking: bool
    orders: tuple[Order, ...]


def read(content: bytes) -> Orders:
    """The orders in the bytes of a pain.001. Raises UnreadableFile for any other file, or one that lacks something."""
    root = xml.parse(content)
    block = root.find(f"{{*}}{INITIATION}/{{*}}PmtInf")
    if block is None:
        raise UnreadableFile("The file is no pain.001 with a payment block.")
    return Orders(
        message_id=_text(root, f"{INITIATION}/GrpHdr/MsgId"),
        payment_information_id=_text(block, "PmtInfId"),
        account=_text(block, "DbtrAcct/Id/IBAN"),
        execute_on=date.fromisoformat(_text(block, "ReqdExctnDt/Dt")),
        batch_booking=_optional(block, "BtchBookg") != "false",
        orders=tuple(_order(one) for one in block.iterfind("{*}CdtTrfTxInf")),
    )


def entries(file: Orders, *, on: date) -> Iterator[Entry]:
    """What is booked of a file on the T2 day `on`: one lump, or each transfer by itself, as the file asks."""
    singles = [_booked(file, order, on) for order in file.orders]
    if file.batch_booking and len(singles) > 1:
        yield _lump(file, singles, on)
    else:
        yield from singles


def _booked(file: Orders, order: Order, on: date) -> Entry:
    return Entry(
        amount=-order.amount,
        booked_on=on,
        valued_on=on,
        code=codes.TRANSFER_OUT,
        counterparty=order.payee,
        remittance=order.remittance,
        end_to_end_id=order.end_to_end_id,
        batch=Batch(message_id=file.message_id, payment_information_id=file.payment_information_id),
        account=file.account,
    )


def _lump(file: Orders, singles: Sequence[Entry], on: date) -> Entry:
    return Entry(
        amount=total((entry.amount for entry in singles), CURRENCY),
        booked_on=on,
        valued_on=on,
        code=codes.TRANSFERS_OUT,
        batch=Batch(
            message_id=file.message_id, payment_information_id=file.payment_information_id, count=len(singles)
        ),
        account=file.account,
    )


def _order(element: etree._Element) -> Order:
    amount = element.find("{*}Amt/{*}InstdAmt")
    if amount is None or amount.text is None:
        raise UnreadableFile("A transfer has no amount.")
    return Order(
        end_to_end_id=_text(element, "PmtId/EndToEndId"),
        amount=Money.parse(amount.text, amount.get("Ccy", "")),
        payee=Party(
            name=_text(element, "Cdtr/Nm"),
            iban=_text(element, "CdtrAcct/Id/IBAN"),
            bic=_optional(element, "CdtrAgt/FinInstnId/BICFI"),
        ),
        remittance=_optional(element, "RmtInf/Ustrd"),
    )


def _text(element: etree._Element, path: str) -> str:
    found = _optional(element, path)
    if not found:
        raise UnreadableFile(f"The file lacks {path}.")
    return found


def _optional(element: etree._Element, path: str) -> str | None:
    return element.findtext("/".join(f"{{*}}{step}" for step in path.split("/")))
