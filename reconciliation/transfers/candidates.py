"""What the books know about the credits of a chunk: invoices they name, customers who may have paid, open items.

Everything is fetched for many credits at once through an index, never by a scan nor by a query for each credit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import recorded_payments
from ledger.models import AllocationKind
from ledger.party_names import name_key
from ledger.recorded_payments import InTransit
from reconciliation.payer_memory import MOST_CUSTOMERS
from reconciliation.transfers import evidence
from reconciliation.transfers.evidence import Support
from reconciliation.transfers.reading import Reading

MOST_ITEMS_LOOKED_AT = 200  # of one customer; who has more open is not searched for sets
_SHORTEST_NAME = 4  # letters by which a name is looked for
_NAME_PREFIX = 12  # as the index of customers.name_key


@dataclass(frozen=True, slots=True)
class Credit:
    """A booked credit that waits. Amounts in minor units; `held` says that a person has decided about it."""

    id: str
    bank_account_id: str
    creditor_id: str
    amount_minor: int
    currency: str
    booked_on: date
    paid_on: date
    name: str | None
    account: str | None
    remittance: str | None
    reference: str | None
    end_to_end_id: str | None
    identity: str
    charges_minor: int | None
    is_converted: bool
    is_held: bool
    home_country: str


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice as matching sees it."""

    id: str
    number: str
    core: str
    customer_id: str
    currency: str
    total_minor: int
    open_minor: int
    issued_on: date
    due_on: date
    discount_days: int | None
    discount_percent: Decimal | None
    purchase_order: str | None
    instalments: Sequence[Mapping[str, Any]] | None
    payable: bool

    @property
    def is_open(self) -> bool:
        return self.open_minor > 0 and self.payable


@dataclass(frozen=True, slots=True)
class Note:
    """An open credit note."""

    id: str
    number: str
    customer_id: str
    currency: str
    open_minor: int
    issued_on: date


@dataclass(frozen=True, slots=True)
class Payer:
    """A customer who may have paid, what speaks for that, and the memory that says so, if one does."""

    customer_id: str
    support: Support
    memory_id: str | None = None


@dataclass(slots=True)
class OpenItems:
    """What one customer has open with one creditor."""

    bills: list[Bill] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


_BILL_COLUMNS = """
    invoices.id, invoices.number, invoices.number_core, invoices.customer_id, invoices.currency,
    invoices.total_minor, invoices.open_minor, invoices.issued_on, invoices.due_on, invoices.discount_days,
    invoices.discount_percent, invoices.purchase_order, invoices.instalments,
    invoices.collection_status NOT IN ('cancelled', 'written_off') AS payable
"""
_BY_CORE = text(
    f"SELECT {_BILL_COLUMNS}, NULL AS key FROM invoices "  # noqa: S608 - put together from constants
    "WHERE creditor_id = :creditor_id AND number_core = ANY(:keys)"
)
_BY_REFERENCE = text(
    f"SELECT {_BILL_COLUMNS}, reference AS key FROM invoices "  # noqa: S608 - put together from constants
    "WHERE creditor_id = :creditor_id AND reference IS NOT NULL AND reference = ANY(:keys)"
)
_BY_ORDER = text(
    f"SELECT {_BILL_COLUMNS}, purchase_order_key AS key FROM invoices "  # noqa: S608 - put together from constants
    "WHERE creditor_id = :creditor_id AND purchase_order IS NOT NULL AND purchase_order_key = ANY(:keys)"
)
_OPEN_BILLS = text(
    f"SELECT {_BILL_COLUMNS}, NULL AS key FROM invoices "  # noqa: S608 - put together from constants
    "WHERE customer_id = ANY(:keys) AND open_minor > 0 AND creditor_id = :creditor_id "
    "AND collection_status NOT IN ('cancelled', 'written_off') ORDER BY customer_id, due_on, id"
)
_CLOSED_BILLS = text(
    f"SELECT {_BILL_COLUMNS}, NULL AS key FROM invoices "  # noqa: S608 - put together from constants
    "WHERE id = ANY(:keys) AND open_minor = 0 AND collection_status NOT IN ('cancelled', 'written_off') ORDER BY id"
)
_NOTE_COLUMNS = "id, number, customer_id, currency, open_minor, issued_on"
_OPEN_NOTES = text(
    f"SELECT {_NOTE_COLUMNS} FROM credit_notes "  # noqa: S608 - put together from constants
    "WHERE customer_id = ANY(:keys) AND open_minor > 0 AND creditor_id = :creditor_id ORDER BY customer_id, id"
)
_CLOSED_NOTES = text(
    f"SELECT {_NOTE_COLUMNS} FROM credit_notes WHERE id = ANY(:keys) AND open_minor = 0 ORDER BY id"  # noqa: S608 - as above
)
_ACCOUNTS = text(
    """
    SELECT iban AS key, id AS customer_id, 'own' AS how, NULL AS memory_id FROM customers WHERE iban = ANY(:keys)
    UNION ALL
    SELECT iban, customer_id, 'mandate', NULL FROM mandates
    WHERE iban = ANY(:keys) AND creditor_id = :creditor_id AND state NOT IN ('draft', 'invited')
    UNION ALL
    SELECT account, customer_id, 'remembered', id FROM payer_memories
    WHERE account = ANY(:keys) AND revoked_at IS NULL AND creditor_id = :creditor_id
    """
)
_NAMES = text(
    "SELECT id, name_key FROM customers WHERE \"left\"(name_key::text, 12) = ANY(:keys) AND name_key <> ''"
)
_REMEMBERED_NAMES = text(
    "SELECT name_key, customer_id, id FROM payer_memories "
    "WHERE name_key = ANY(:keys) AND revoked_at IS NULL AND creditor_id = :creditor_id"
)
_PAYS_FOR = text(
    "SELECT payer_id, customer_id, id FROM payer_memories "
    "WHERE payer_id = ANY(:keys) AND revoked_at IS NULL AND creditor_id = :creditor_id"
)
# Of the last five payments of a customer those that gave to invoices, and whether each closed what was due first.
_PAYS_OLDEST = text(
    """
    SELECT customers.id AS customer_id
    FROM unnest(CAST(:keys AS text[])) AS customers(id)
    CROSS JOIN LATERAL (
        SELECT id, received_on FROM payments
        WHERE payments.customer_id = customers.id AND payments.creditor_id = :creditor_id
        ORDER BY received_on DESC, id DESC LIMIT 5
    ) AS last
    JOIN allocations ON allocations.payment_id = last.id AND allocations.reversed_at IS NULL
    JOIN invoices ON invoices.id = allocations.invoice_id
    GROUP BY customers.id
    HAVING count(DISTINCT last.id) >= 3 AND bool_and(NOT EXISTS (
        SELECT 1 FROM invoices AS older
        WHERE older.customer_id = customers.id AND older.creditor_id = :creditor_id
        AND older.due_on < invoices.due_on AND older.issued_on <= last.received_on
        AND (older.open_minor > 0 OR EXISTS (
            SELECT 1 FROM allocations AS later WHERE later.invoice_id = older.id
            AND later.reversed_at IS NULL AND later.allocated_on > last.received_on
        ))
    ))
    """
)
# What was granted beside the last three payments of a customer that had something granted, where it is always the same.
_DEDUCTS = text(
    """
    SELECT customers.id AS customer_id, min(last.kind) AS kind, min(last.amount_minor) AS amount_minor
    FROM unnest(CAST(:keys AS text[])) AS customers(id)
    CROSS JOIN LATERAL (
        SELECT allocations.kind, allocations.amount_minor FROM allocations
        JOIN payments ON payments.id = allocations.beside_payment_id
        WHERE payments.customer_id = customers.id AND payments.creditor_id = :creditor_id
        AND allocations.reversed_at IS NULL AND allocations.kind IN ('fee', 'write_off')
        ORDER BY payments.received_on DESC, allocations.id DESC LIMIT 3
    ) AS last
    GROUP BY customers.id
    HAVING count(*) >= 2 AND min(last.amount_minor) = max(last.amount_minor) AND min(last.kind) = max(last.kind)
    """
)
_NUMBERS = text("SELECT id, number_key, external_id FROM customers WHERE number_key = ANY(:keys)")
_NAME_KEYS = text("SELECT id, name_key FROM customers WHERE id = ANY(:keys)")


_GIVEN_IN_TRANSIT = text(
    "SELECT payment_id, invoice_id FROM allocations WHERE payment_id = ANY(:keys) AND reversed_at IS NULL"
)


class Known:
    """What was fetched for the credits of one creditor; grows as more is asked for.

    `given_back` is what is taken to be open besides, in minor units by the id of an invoice or credit note.
    """

    def __init__(
        self, session: Session, creditor_id: str, given_back: Mapping[str, int] | None = None
    ) -> None:
        self._session, self._creditor_id = session, creditor_id
        self._given_back = given_back or {}
        self.by_core: dict[str, list[Bill]] = defaultdict(list)
        self.by_reference: dict[str, list[Bill]] = defaultdict(list)
        self.by_order: dict[str, list[Bill]] = defaultdict(list)
        self.by_account: dict[str, list[Payer]] = defaultdict(list)
        self.by_name: dict[str, list[tuple[str, str]]] = defaultdict(
            list
        )  # name prefix: customer, its name key
        self.by_remembered_name: dict[str, list[Payer]] = defaultdict(list)
        self.by_number: dict[str, list[Payer]] = defaultdict(list)
        self.pays_for: dict[str, list[Payer]] = defaultdict(list)
        self.items: dict[str, OpenItems] = {}
        self.name_keys: dict[str, str] = {}
        self.pays_oldest: set[str] = set()  # customers whose last payments closed what was due first
        self.deducts: dict[str, tuple[AllocationKind, int]] = {}  # what customers always keep back, by id
        self.in_transit: dict[int, list[InTransit]] = defaultdict(list)  # by amount
        self.given_in_transit: dict[str, set[str]] = defaultdict(
            set
        )  # by payment, the invoices it is given to
        self.open_of: dict[
            str, int
        ] = {}  # what invoices, credit notes and payments in transit have open, by id
        self.customer_of: dict[str, str] = {}

    def fetch_in_transit(self, amounts_minor: Iterable[int]) -> None:
        """The payments of these amounts that were recorded before their statement line."""
        found = recorded_payments.waiting_for(
            self._session, self._creditor_id, amounts_minor=set(amounts_minor)
        )
        for payment in found:
            self.in_transit[payment.amount_minor].append(payment)
            self.open_of[payment.payment_id] = payment.amount_minor
            self.customer_of[payment.payment_id] = payment.customer_id or ""
        for row in self._rows(_GIVEN_IN_TRANSIT, (payment.payment_id for payment in found)):
            self.given_in_transit[row.payment_id].add(row.invoice_id)

    def seen(self, reading: Reading) -> dict[str, int]:
        """What the invoices, credit notes and recorded payments of a reading had open when they were fetched."""
        if reading.payment_id is not None:
            return {reading.payment_id: self.open_of[reading.payment_id]}
        wanted = {share.invoice_id for share in reading.shares}
        wanted |= {share.credit_note_id for share in reading.shares if share.credit_note_id is not None}
        return {one: self.open_of[one] for one in sorted(wanted)}

    def _bill(self, row: Any) -> Bill:
        bill = Bill(*row[:14])
        if bill.id in self._given_back:
            bill = replace(bill, open_minor=bill.open_minor + self._given_back[bill.id])
        self.open_of[bill.id], self.customer_of[bill.id] = bill.open_minor, bill.customer_id
        return bill

    def _note(self, row: Any) -> Note:
        note = Note(*row)
        if note.id in self._given_back:
            note = replace(note, open_minor=note.open_minor + self._given_back[note.id])
        self.open_of[note.id], self.customer_of[note.id] = note.open_minor, note.customer_id
        return note

    def fetch_named(self, cores: Iterable[str], references: Iterable[str], accounts: Iterable[str]) -> None:
        """The invoices behind numbers and references, and the customers behind accounts."""
        for row in self._rows(_BY_CORE, cores):
            self.by_core[row.number_core].append(self._bill(row))
        for row in self._rows(_BY_REFERENCE, references):
            self.by_reference[row.key].append(self._bill(row))
        for row in self._rows(_ACCOUNTS, accounts):
            self.by_account[row.key].append(Payer(row.customer_id, _HOW_KNOWN[row.how](), row.memory_id))
        for account, payers in self.by_account.items():
            if sum(payer.memory_id is not None for payer in payers) > MOST_CUSTOMERS:
                self.by_account[account] = [payer for payer in payers if payer.memory_id is None]
        named = (
            bill.customer_id
            for found in (self.by_core, self.by_reference)
            for many in found.values()
            for bill in many
        )
        self._fetch_name_keys(named)

    def fetch_payers(self, names: Iterable[str], numbers: Iterable[str], orders: Iterable[str]) -> None:
        """The customers behind names and customer numbers, and the invoices behind purchase orders."""
        keys = {key for key in map(name_key, names) if key}
        for row in self._rows(_NAMES, {prefix for key in keys for prefix in prefixes(key)}):
            self.by_name[row.name_key[:_NAME_PREFIX]].append((row.id, row.name_key))
            self.name_keys[row.id] = row.name_key
        for row in self._rows(_REMEMBERED_NAMES, keys):
            self.by_remembered_name[row.name_key].append(
                Payer(row.customer_id, evidence.name_remembered(), row.id)
            )
        for row in self._rows(_NUMBERS, numbers):
            payer = Payer(row.id, evidence.customer_number_named(row.external_id))
            self.by_number[row.number_key].append(payer)
        for row in self._rows(_BY_ORDER, orders):
            self.by_order[row.key].append(self._bill(row))

    def fetch_pays_for(self, customer_ids: Iterable[str]) -> None:
        """The customers for whom these customers pay."""
        for row in self._rows(_PAYS_FOR, customer_ids):
            self.pays_for[row.payer_id].append(Payer(row.customer_id, evidence.pays_for_customer(), row.id))

    def fetch_habits(self, customer_ids: Iterable[str]) -> None:
        """How these customers usually pay."""
        wanted = set(customer_ids)
        self.pays_oldest |= {row.customer_id for row in self._rows(_PAYS_OLDEST, wanted)}
        for row in self._rows(_DEDUCTS, wanted):
            self.deducts[row.customer_id] = AllocationKind(row.kind), row.amount_minor

    def fetch_items(self, customer_ids: Iterable[str]) -> None:
        """What these customers have open."""
        wanted = set(customer_ids) - self.items.keys()
        for customer_id in wanted:
            self.items[customer_id] = OpenItems()
        closed = self._given_back.keys()
        for row in (*self._rows(_OPEN_BILLS, wanted), *self._rows(_CLOSED_BILLS, closed)):
            if row.customer_id in wanted:
                self.items[row.customer_id].bills.append(self._bill(row))
        for row in (*self._rows(_OPEN_NOTES, wanted), *self._rows(_CLOSED_NOTES, closed)):
            if row.customer_id in wanted:
                self.items[row.customer_id].notes.append(self._note(row))
        self._fetch_name_keys(wanted)

    def _fetch_name_keys(self, customer_ids: Iterable[str]) -> None:
        for row in self._rows(_NAME_KEYS, set(customer_ids) - self.name_keys.keys()):
            self.name_keys[row.id] = row.name_key

    def _rows(self, query: Any, keys: Iterable[str]) -> Iterable[Any]:
        wanted = sorted(set(keys))
        if not wanted:
            return ()
        given = {"keys": wanted, "creditor_id": self._creditor_id}
        named = {name: given[name] for name in query._bindparams}
        return self._session.execute(query, named)


def prefixes(key: str) -> tuple[str, ...]:
    """How the keys of names that are like this one can begin: as it is, or without one of its words."""
    words = key.split()
    shorter = (" ".join(words[:place] + words[place + 1 :]) for place in range(len(words)))
    found = dict.fromkeys(one[:_NAME_PREFIX] for one in (key, *shorter))
    return tuple(one for one in found if len(one) >= _SHORTEST_NAME)


_HOW_KNOWN = {
    "own": evidence.account_of_customer,
    "mandate": evidence.account_on_mandate,
    "remembered": evidence.account_remembered,
}


_WAITING_CREDITS = """
SELECT lines.id, lines.bank_account_id, accounts.creditor_id, lines.amount_minor, lines.currency, lines.booked_on,
    coalesce(lines.valued_on, lines.booked_on) AS paid_on, lines.counterparty_name AS name,
    lines.counterparty_account AS account, lines.remittance, lines.reference, lines.end_to_end_id, lines.identity,
    lines.charges_minor, lines.original_minor IS NOT NULL AS is_converted, lines.held_at IS NOT NULL AS is_held,
    creditors.country AS home_country
FROM statement_lines AS lines
JOIN bank_accounts AS accounts ON accounts.id = lines.bank_account_id
JOIN creditors ON creditors.id = accounts.creditor_id
WHERE {where}
ORDER BY lines.id
"""


def credits_where(session: Session, where: str, **bound: Any) -> list[Credit]:
    """The credits that a condition over statement_lines AS lines, from the code, selects; in id order."""
    query = text(_WAITING_CREDITS.format(where=where))
    return [Credit(*row) for row in session.execute(query, bound)]
