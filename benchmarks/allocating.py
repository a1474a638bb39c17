"""Allocating payments one by one, each in a transaction of its own, by one thread and by eight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import psycopg
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benchmarks import books, crowds, data
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from ledger import allocations, payments
from ledger.allocations import Wish
from ledger.database import in_transaction
from ledger.models import Allocation, BankAccount, Invoice, Method, Payment
from ledger.payments import Receipt
from reconciliation.formats.tally import counted

_ONE, _MANY = 1, 8
_FLOOR = "floor: one row and a commit each, {}"


def _prepare(setting: Setting, size: int) -> None:
    with books.sessions(setting) as sessions, sessions() as session:
        creditor = books.open_creditor(session)
        account_id = session.scalars(select(BankAccount.id)).one()
        customers = books.add_customers(session, size)
        facts = books.invoice_facts(creditor.id, customers, range(size))
        books.issue(session, facts)
        receipts = [
            Receipt(
                creditor_id=creditor.id, bank_account_id=account_id, customer_id=one.customer_id,
                method=Method.TRANSFER, currency="EUR", amount_minor=one.total_minor, received_on=data.TODAY,
            )
            for one in facts
        ]  # fmt: skip
        payments.receive(session, receipts, act=data.ACT, cause="benchmark")
        session.commit()


def _wishes(session: Session) -> list[Wish]:
    """Each payment is for the invoice of its customer."""
    found = session.execute(
        select(Payment.id, Invoice.id, Payment.amount_minor)
        .join(Invoice, Invoice.customer_id == Payment.customer_id)
        .order_by(Payment.id)
    )
    return [
        Wish(
            source_id=row[0], invoice_id=row[1], amount_minor=row[2], allocated_on=data.TODAY,
            decided_by="benchmark", evidence=("The customer has one invoice.",),
        )
        for row in found
    ]  # fmt: skip


@contextmanager
def _allocated(threads: int, setting: Setting, size: int) -> Iterator[Work]:
    def allocate(wish: Wish) -> None:
        in_transaction(
            sessions, lambda session: allocations.allocate(session, [wish], act=data.ACT, cause="benchmark")
        )

    with books.sessions(setting, connections=threads) as sessions:
        with sessions() as session:
            wishes = _wishes(session)
            allocations.allocate(session, wishes[:1], act=data.ACT, cause="benchmark")
            session.rollback()
        yield Work(lambda: crowds.share(wishes, [allocate] * threads))
        with sessions() as session:
            require(session.scalar(select(func.count(Allocation.id))) == size, f"{size} allocations")


@contextmanager
def _committed(threads: int, setting: Setting, size: int) -> Iterator[Work]:
    """The least a durable payment costs: a row is written and its commit waits for the disk."""
    address = setting.database_url.replace("postgresql+psycopg://", "postgresql://", 1)

    def insert(connection: psycopg.Connection, number: int) -> None:
        connection.execute("INSERT INTO bare (number, amount_minor) VALUES (%s, %s)", (number, number))
        connection.commit()

    with ExitStack() as stack:
        connections = [stack.enter_context(psycopg.connect(address)) for _ in range(threads)]
        connections[0].execute("CREATE TABLE bare (number bigint, amount_minor bigint)")
        connections[0].commit()
        workers: list[Callable[[int], object]] = [partial(insert, one) for one in connections]
        yield Work(lambda: crowds.share(range(size), workers))
        written = connections[0].execute("SELECT count(*) FROM bare").fetchone()
        require(written == (size,), f"{size} rows")


COMPARISON = Comparison(
    name="allocate",
    title="Allocating payments, each locked, booked and committed by itself",
    unit="payments",
    small=(200,),
    full=(200, 2_000),
    prepare=_prepare,
    needs_database=True,
    cases=tuple(
        case
        for threads in (_ONE, _MANY)
        for case in (
            Case(name=_FLOOR.format(counted(threads, "thread")), ready=partial(_committed, threads)),
            Case(
                name=f"ledger.allocations.allocate, {counted(threads, 'thread')}",
                ready=partial(_allocated, threads),
                floor=_FLOOR.format(counted(threads, "thread")),
            ),
        )
    ),
)
