"""Writes camt.054.001.08, the bank's notification that itemises a lump booking; it states no balances."""

from __future__ import annotations

from typing import BinaryIO

from gateway.sandbox.camt053 import Statement, group_header, write_account, write_entry
from gateway.sandbox.elements import document, instant

FORMAT = "camt.054.001.08"


def write(stream: BinaryIO, statement: Statement, *, message_id: str, notification_id: str) -> None:
    """One camt.054.001.08 document with the lumps that `statement` does not itemise, each with all its parts.

    The file is in UTF-8. An entry keeps the number (NtryRef) and the bank reference it has on the statement.
    Raises ValueError for text that XML cannot hold.
    """
    with document(stream, message=FORMAT, root="BkToCstmrDbtCdtNtfctn") as xml:
        group_header(xml, message_id=message_id, created_at=statement.created_at)
        with xml.inside("Ntfctn"):
            xml.leaf("Id", notification_id)
            xml.leaf("CreDtTm", instant(statement.created_at))
            write_account(xml, statement.account, owner=statement.owner)
            for number, entry in enumerate(statement.entries, start=1):
                if entry.parts and not entry.itemised:
                    write_entry(xml, entry, number=number, itemised=True)
