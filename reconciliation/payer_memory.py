"""Who pays for whom, as matches and people have taught it: learnt, looked up, used and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from ledger import audit, creditors, customers
from ledger.acts import Act
from ledger.database import AccountNumber
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.models import BankAccount, Customer, Invoice
from ledger.party_names import name_key
from ledger.texts import checked_text
from reconciliation.models import MemoryKind, PayerMemory, StatementLine
from reconciliation.transfers.reading import Reading

MOST_CUSTOMERS = 5  # an account that pays for more of them is a payment service's, or as good as one


class MemoryNotFound(NotFound):
    """There is no such payer memory."""


class NothingToLearn(Rejected):
    """The books know this without being told."""


class PaysForMany(Conflict):
    """The account pays for so many customers that it says nothing about any of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """`payer` pays for the customer: an account number, a name key or a customer's id, as `kind` says.

    `match_id` is the match that showed it; None for what a person says without one.
    """

    creditor_id: str
    kind: MemoryKind
    payer: str
    customer_id: str
    match_id: str | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """A memory that counts: `payer` pays for the customer; `match_id` is None where a person taught it by hand."""

    memory_id: str
    kind: MemoryKind
    payer: str
    customer_id: str
    match_id: str | None
    learnt_by: str


def learn(session: Session, learnt: Sequence[Learnt], *, act: Act) -> list[str]:
    """Keep what automatic matches have shown, in one statement; gives the ids of what is new.

    Left out is what the books know already (an account that is the customer's own, in its data or on a mandate),
    what is one of our accounts, what anybody ever revoked, and a further customer of an account that pays for more
    than five: it is a payment service's.
    """
    return _keep(session, learnt, act=act, by_person=False)


def learn_from_person(
    session: Session, *, line: StatementLine, reading: Reading, match_id: str | None, act: Act
) -> list[str]:
    """Keep what a person's decision about `line` shows; gives the ids of what is new.

    The account and the name on the line pay for the reading's customer. That customer pays for those whose
    invoices it closes, and so does the one whose own account it came from.
    """
    if reading.customer_id is None:
        return []
    creditor_id = session.scalars(
        select(BankAccount.creditor_id).where(BankAccount.id == line.bank_account_id)
    ).one()
    owners = _owners(session, line.counterparty_account) - {reading.customer_id}
    found: list[tuple[MemoryKind, str, str]] = [
        (MemoryKind.PAYS_FOR, owner, reading.customer_id) for owner in sorted(owners)
    ]
    if line.counterparty_account and not owners:
        found.append((MemoryKind.ACCOUNT, line.counterparty_account, reading.customer_id))
    if line.counterparty_name and not owners:
        found.append((MemoryKind.NAME, name_key(line.counterparty_name), reading.customer_id))
    found += [
        (MemoryKind.PAYS_FOR, reading.customer_id, other)
        for other in _billed(session, reading)
        if other != reading.customer_id
    ]
    learnt = [
        Learnt(creditor_id=creditor_id, kind=kind, payer=payer, customer_id=customer_id, match_id=match_id)
        for kind, payer, customer_id in found
    ]
    return _keep(session, learnt, act=act, by_person=True)


def _owners(session: Session, account: str | None) -> set[str]:
    """The customers whose own account it is."""
    if not account:
        return set()
    return set(session.scalars(select(Customer.id).where(Customer.iban == account)))


def _billed(session: Session, reading: Reading) -> list[str]:
    """The customers whose invoices the reading closes, in id order."""
    wanted = {share.invoice_id for share in reading.shares}
    query = select(Invoice.customer_id).where(Invoice.id.in_(wanted)).distinct()
    return sorted(session.scalars(query)) if wanted else []


def teach(
    session: Session,
    *,
    creditor_id: str,
    customer_id: str,
    account: str | None = None,
    name: str | None = None,
    payer_id: str | None = None,
    act: Act,
) -> PayerMemory:
    """Let a person say that an account, a name or another customer pays for a customer; the same again changes nothing.

    Raises Rejected unless exactly one of the three is given, CreditorNotFound, CustomerNotFound, UnreadableText,
    NothingToLearn, or PaysForMany.
    """
    creditors.get(session, creditor_id)
    customers.get(session, customer_id)
    kind, payer = _said(account, name, payer_id)
    if kind == MemoryKind.PAYS_FOR:
        customers.get(session, payer)
    wish = Learnt(creditor_id=creditor_id, kind=kind, payer=payer, customer_id=customer_id)
    _keep(session, [wish], act=act, by_person=True)
    found = _standing(session, wish)
    if found is not None:
        return found
    if kind == MemoryKind.ACCOUNT and _customers_of(session, creditor_id, payer) > MOST_CUSTOMERS:
        raise PaysForMany(f"This account pays for more than {MOST_CUSTOMERS} customers.", field="account")
    raise NothingToLearn("That is known already, or it is one of our own accounts.", field=_FIELDS[kind])


_FIELDS = {MemoryKind.ACCOUNT: "account", MemoryKind.NAME: "name", MemoryKind.PAYS_FOR: "payer_id"}


def _said(account: str | None, name: str | None, payer_id: str | None) -> tuple[MemoryKind, str]:
    given = [
        (kind, value)
        for kind, value in (
            (MemoryKind.ACCOUNT, account), (MemoryKind.NAME, name), (MemoryKind.PAYS_FOR, payer_id),
        )
        if value is not None
    ]  # fmt: skip
    if len(given) != 1:
        raise Rejected("Say which one pays: an account, a name or another customer.", field="account")
    kind, value = given[0]
    if kind == MemoryKind.ACCOUNT:
        compact = "".join(checked_text(value, field="account", longest=64).split()).upper()
        return kind, compact
    if kind == MemoryKind.NAME:
        key = name_key(checked_text(value, field="name", longest=140))
        return kind, checked_text(key, field="name", longest=140)
    return kind, value


def _standing(session: Session, wish: Learnt) -> PayerMemory | None:
    column = {
        MemoryKind.ACCOUNT: PayerMemory.account, MemoryKind.NAME: PayerMemory.name_key,
        MemoryKind.PAYS_FOR: PayerMemory.payer_id,
    }[wish.kind]  # fmt: skip
    return session.scalars(
        select(PayerMemory).where(
            PayerMemory.creditor_id == wish.creditor_id, PayerMemory.customer_id == wish.customer_id,
            column == wish.payer, PayerMemory.revoked_at.is_(None),
        )
    ).first()  # fmt: skip


def _customers_of(session: Session, creditor_id: str, account: str) -> int:
    rows = session.execute(
        text(
            "SELECT count(*) FROM payer_memories WHERE account = :account AND creditor_id = :creditor_id "
            "AND revoked_at IS NULL"
        ),
        {"account": account, "creditor_id": creditor_id},
    )
    return int(rows.scalar_one())


_KEEP = text(
    """
    WITH wanted AS (
        SELECT * FROM unnest(
            CAST(:ids AS text[]), CAST(:creditors AS text[]), CAST(:kinds AS text[]), CAST(:payers AS text[]),
            CAST(:customers AS text[]), CAST(:matches AS text[])
        ) AS told (id, creditor_id, kind, payer, customer_id, match_id)
    ), news AS (
        SELECT * FROM wanted WHERE payer <> '' AND NOT (kind = 'pays_for' AND payer = customer_id)
        AND NOT EXISTS (
            SELECT FROM payer_memories AS known
            WHERE known.creditor_id = wanted.creditor_id AND known.customer_id = wanted.customer_id
            AND known.kind = wanted.kind AND coalesce(known.account, known.name_key, known.payer_id) = wanted.payer
            AND known.revoked_at IS NULL
        )
        AND (:by_person OR NOT EXISTS (
            SELECT FROM payer_memories AS known
            WHERE known.creditor_id = wanted.creditor_id AND known.customer_id = wanted.customer_id
            AND known.kind = wanted.kind AND coalesce(known.account, known.name_key, known.payer_id) = wanted.payer
            AND known.revoked_at IS NOT NULL
        ))
        AND NOT EXISTS (
            SELECT FROM customers WHERE customers.id = wanted.customer_id
            AND (wanted.kind = 'account' AND customers.iban = wanted.payer
                OR wanted.kind = 'name' AND customers.name_key = wanted.payer)
        )
        AND NOT (kind = 'account' AND (
            EXISTS (SELECT FROM bank_accounts WHERE bank_accounts.iban = wanted.payer)
            OR EXISTS (
                SELECT FROM mandates
                WHERE mandates.iban = wanted.payer AND mandates.customer_id = wanted.customer_id
            )
        ))
    ), counted AS (
        SELECT news.*, row_number() OVER (PARTITION BY creditor_id, kind, payer ORDER BY id) + (
            SELECT count(*) FROM payer_memories AS known
            WHERE known.account = news.payer AND known.creditor_id = news.creditor_id AND known.revoked_at IS NULL
        ) AS turn
        FROM news
    )
    INSERT INTO payer_memories
        (id, creditor_id, kind, account, name_key, payer_id, customer_id, match_id, learnt_at, learnt_by)
    SELECT id, creditor_id, kind,
        CASE WHEN kind = 'account' THEN payer END, CASE WHEN kind = 'name' THEN payer END,
        CASE WHEN kind = 'pays_for' THEN payer END, customer_id, match_id, :at, :actor
    FROM counted WHERE kind <> 'account' OR turn <= :most + 1
    ORDER BY creditor_id, customer_id, kind, payer
    ON CONFLICT DO NOTHING
    RETURNING id, kind, customer_id, match_id
    """
)


def _keep(session: Session, learnt: Sequence[Learnt], *, act: Act, by_person: bool) -> list[str]:
    """One more customer than the most is kept of an account, so that it shows itself to pay for too many."""
    first = {(one.creditor_id, one.kind, one.payer, one.customer_id): one for one in reversed(learnt)}
    wanted = list(reversed(first.values()))
    if not wanted:
        return []
    session.flush()
    rows = session.execute(
        _KEEP,
        {
            "ids": [new_id("mem") for _ in wanted], "creditors": [one.creditor_id for one in wanted],
            "kinds": [str(one.kind) for one in wanted], "payers": [str(one.payer) for one in wanted],
            "customers": [one.customer_id for one in wanted], "matches": [one.match_id for one in wanted],
            "by_person": by_person, "at": act.at, "actor": act.actor, "most": MOST_CUSTOMERS,
        },
    ).all()  # fmt: skip
    for row in rows:
        audit.record(
            session, "payer_memory.learnt", row.id, act=act, kind=row.kind, customer=row.customer_id,
            match=row.match_id,
        )  # fmt: skip
    return [str(row.id) for row in rows]


_REMEMBERED = text(
    """
    SELECT id, kind, account AS payer, customer_id, match_id, learnt_by FROM (
        SELECT *, count(*) OVER (PARTITION BY account) AS customers FROM payer_memories
        WHERE revoked_at IS NULL AND account = ANY(:accounts) AND creditor_id = :creditor_id
    ) AS counted WHERE customers <= :most
    UNION ALL
    SELECT id, kind, name_key, customer_id, match_id, learnt_by FROM payer_memories
    WHERE revoked_at IS NULL AND name_key = ANY(:name_keys) AND creditor_id = :creditor_id
    UNION ALL
    SELECT id, kind, payer_id, customer_id, match_id, learnt_by FROM payer_memories
    WHERE revoked_at IS NULL AND payer_id = ANY(:payers) AND creditor_id = :creditor_id
    ORDER BY id
    """
)


def remembered(
    session: Session,
    creditor_id: str,
    *,
    accounts: Iterable[str] = (),
    name_keys: Iterable[str] = (),
    payers: Iterable[str] = (),
) -> list[Remembered]:
    """Every memory of a creditor that counts about these accounts, names and paying customers, in id order.

    An account that pays for more than five customers says nothing about any of them: it is left out.
    """
    rows = session.execute(
        _REMEMBERED,
        {
            "creditor_id": creditor_id, "accounts": sorted(set(accounts)), "name_keys": sorted(set(name_keys)),
            "payers": sorted(set(payers)), "most": MOST_CUSTOMERS,
        },
    )  # fmt: skip
    return [_remembered(row) for row in rows.mappings()]


def _remembered(row: RowMapping) -> Remembered:
    kind = MemoryKind(row["kind"])
    payer = AccountNumber(row["payer"]) if kind == MemoryKind.ACCOUNT else str(row["payer"])
    return Remembered(row["id"], kind, payer, row["customer_id"], row["match_id"], row["learnt_by"])


_USED = text(
    "INSERT INTO match_memories (match_id, memory_id) "
    "SELECT * FROM unnest(CAST(:matches AS text[]), CAST(:memories AS text[])) ON CONFLICT DO NOTHING"
)


def used(session: Session, pairs: Sequence[tuple[str, str]]) -> None:
    """Remember which memories helped to decide which matches: pairs of match id and memory id."""
    if not pairs:
        return
    session.flush()
    ordered = sorted(set(pairs))
    session.execute(
        _USED, {"matches": [match_id for match_id, _ in ordered], "memories": [one for _, one in ordered]}
    )


def get(session: Session, memory_id: str) -> PayerMemory:
    """Raises MemoryNotFound."""
    found = session.get(PayerMemory, memory_id)
    if found is None:
        raise MemoryNotFound(f"There is no payer memory {memory_id[:40]}.", field="memory_id")
    return found


def end(session: Session, memory_ids: Iterable[str], *, because: str, act: Act) -> list[str]:
    """Let memories count no more; gives the ids of those that did, in id order. Raises UnreadableText."""
    checked_text(because, field="because", longest=200)
    session.flush()
    rows = session.scalars(
        select(PayerMemory)
        .where(PayerMemory.id.in_(set(memory_ids)), PayerMemory.revoked_at.is_(None))
        .order_by(PayerMemory.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for memory in rows:
        memory.revoked_at, memory.revoked_by, memory.revoked_because = act.at, act.actor, because
        audit.record(session, "payer_memory.revoked", memory.id, act=act, why=because)
    session.flush()
    return [memory.id for memory in rows]
