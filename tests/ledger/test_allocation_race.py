"""Eight threads give away the same money at once: with the locks nothing is given twice, without them everything is."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from ledger import allocations, database, grants, invoices, payments
from ledger.acts import Act
from ledger.allocations import OverAllocated
from ledger.database import violated
from ledger.identifiers import new_id
from ledger.invoices import InvoiceFacts
from ledger.models import AllocationKind
from ledger.payments import NotHeld, StillAllocated
from ledger.states import IllegalMove
from tests.factories.books import Books
from tests.factories.money import receive, wish
from tests.ledger.conftest import broken_invariants

THREADS = 8
PAYMENTS = 200
AMOUNT = 10_000

pytestmark = pytest.mark.race

Pair = tuple[str, str]
Deed = Callable[[Session, Pair, Callable[[], object]], bool]


@dataclass(frozen=True)
class Table:
    """200 payments of 100.00 and 200 invoices of 100.00, which belong together pair by pair."""

    engine: Engine
    books: Books
    pairs: tuple[Pair, ...]

    def over_allocated(self, noun: str) -> int:
        """Of how many payments or invoices more was given than there is, counted from the allocations alone."""
        with self.engine.connect() as connection:
            return len(
                connection.execute(
                    text(
                        f"SELECT {noun}_id FROM allocations WHERE reversed_at IS NULL "
                        f"GROUP BY {noun}_id HAVING sum(amount_minor) > {AMOUNT}"
                    )
                ).all()
            )

    def given(self) -> Counter[str]:
        """How often each payment was given to an invoice."""
        with self.engine.connect() as connection:
            return Counter(connection.scalars(text("SELECT payment_id FROM allocations")))


@pytest.fixture
def table(engine: Engine, act: Act) -> Table:
    with database.sessions(engine)() as session:
        books = Books(session, act)
        customer_id = books.customer().id
        facts = [
            InvoiceFacts(
                creditor_id=books.creditor.id, customer_id=customer_id, number=f"RE-{number}", currency="EUR",
                total_minor=AMOUNT, issued_on=act.today, due_on=act.today,
            )
            for number in range(PAYMENTS)
        ]  # fmt: skip
        invoice_ids = [str(one.invoice_id) for one in invoices.issue_many(session, facts, act=act)]
        payment_ids = receive(books, *([AMOUNT] * PAYMENTS))
        session.commit()
        return Table(engine, books, tuple(zip(payment_ids, invoice_ids, strict=True)))


def _compete(
    table: Table, deed: Deed, pairs_of: Callable[[int], Sequence[Pair]] | None = None
) -> Counter[str]:
    """Turn by turn all threads go for a pair at once, the same one unless said otherwise; what became of it all."""
    start = threading.Barrier(THREADS)

    def work(number: int) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        for pair in table.pairs if pairs_of is None else pairs_of(number):
            start.wait(timeout=60)
            outcomes[_attempt(table.engine, deed, pair, start)] += 1
        return outcomes

    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(work, range(THREADS)), start=Counter())


def _attempt(engine: Engine, deed: Deed, pair: Pair, start: threading.Barrier) -> str:
    with database.sessions(engine)() as session:
        try:
            done = deed(session, pair, lambda: start.wait(timeout=60))
            session.commit()
        except (OverAllocated, StillAllocated, NotHeld, IllegalMove):
            return "refused"
        except IntegrityError as error:
            return f"refused by {violated(error)}"
        except OperationalError:
            return "deadlock"
    return "given" if done else "seen to be gone"


def _report(what: str, table: Table, outcomes: Counter[str]) -> None:
    figures = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    sys.stdout.write(
        f"\n{what}: {figures}; over-allocated: {table.over_allocated('payment')} of {PAYMENTS} payments, "
        f"{table.over_allocated('invoice')} of {PAYMENTS} invoices\n"
    )


def _naively(session: Session, pair: Pair, meet: Callable[[], object]) -> bool:
    """Look how much is left, then give it: what everybody writes first. All have looked before anybody gives."""
    payment_id, invoice_id = pair
    left = text("SELECT unallocated_minor FROM payments WHERE id = :id")
    still_open = text("SELECT open_minor FROM invoices WHERE id = :id")
    enough = (
        session.execute(left, {"id": payment_id}).scalar_one() >= AMOUNT
        and session.execute(still_open, {"id": invoice_id}).scalar_one() >= AMOUNT
    )
    meet()
    if enough:
        session.execute(
            text(
                "INSERT INTO allocations (id, kind, payment_id, invoice_id, currency, amount_minor, allocated_on, "
                "decided_by, evidence, created_at) VALUES "
                "(:id, 'payment', :payment_id, :invoice_id, 'EUR', :amount, now(), 'naive', '[]', now())"
            ),
            {"id": new_id("all"), "payment_id": payment_id, "invoice_id": invoice_id, "amount": AMOUNT},
        )
    return enough


def _properly(table: Table) -> Deed:
    def give(session: Session, pair: Pair, meet: Callable[[], object]) -> bool:
        allocations.allocate(
            session, [wish(table.books, *pair, AMOUNT)], act=table.books.act, cause="line.matched"
        )
        return True

    return give


def test_eight_threads_give_every_payment_exactly_once(table: Table) -> None:
    outcomes = _compete(table, _properly(table))
    _report("with ledger.allocations", table, outcomes)
    assert outcomes == {"given": 200, "refused": 1_400}
    assert table.over_allocated("payment") == 0
    assert table.over_allocated("invoice") == 0
    assert table.given() == dict.fromkeys((payment_id for payment_id, _ in table.pairs), 1)
    assert broken_invariants(table.engine) == {"suspense_is_unexplained_lines"}


def test_a_payment_wanted_for_eight_invoices_pays_one_of_them(table: Table) -> None:
    payment_ids, invoice_ids = zip(*table.pairs, strict=True)
    outcomes = _compete(
        table,
        _properly(table),
        lambda number: [(payment_ids[turn], invoice_ids[8 * turn + number]) for turn in range(25)],
    )
    assert outcomes == {"given": 25, "refused": 175}
    assert table.given() == dict.fromkeys(payment_ids[:25], 1)


def test_an_invoice_wanted_by_eight_payments_is_paid_by_one_of_them(table: Table) -> None:
    payment_ids, invoice_ids = zip(*table.pairs, strict=True)
    outcomes = _compete(
        table,
        _properly(table),
        lambda number: [(payment_ids[8 * turn + number], invoice_ids[turn]) for turn in range(25)],
    )
    assert outcomes == {"given": 25, "refused": 175}
    assert table.over_allocated("invoice") == 0


def test_without_locks_and_checks_every_payment_is_given_eight_times(table: Table) -> None:
    """That the test above would see it: the same race, run by naive code on tables without their CHECKs."""
    with table.engine.begin() as connection:
        connection.execute(text("ALTER TABLE payments DROP CONSTRAINT ck_payments_not_over_allocated"))
        connection.execute(text("ALTER TABLE invoices DROP CONSTRAINT ck_invoices_not_over_allocated"))
    outcomes = _compete(table, _naively)
    _report("naively, without the CHECKs", table, outcomes)
    assert outcomes == {"given": 1_600}
    assert table.over_allocated("payment") == 200
    assert table.over_allocated("invoice") == 200
    assert {"payments_not_over_allocated", "invoices_not_over_allocated"} <= broken_invariants(table.engine)


def test_without_locks_the_checks_refuse_what_would_be_too_much(table: Table) -> None:
    """The second line of defence: no cent is given twice, but people see refusals of the database."""
    outcomes = _compete(table, _naively)
    _report("naively, with the CHECKs", table, outcomes)
    assert outcomes == {"given": 200, "refused by ck_payments_not_over_allocated": 1_400}
    assert table.over_allocated("payment") == 0
    assert table.over_allocated("invoice") == 0


def test_threads_that_take_overlapping_handfuls_crosswise_never_lock_each_other_out(table: Table) -> None:
    """Each thread gives away handfuls of five that overlap those of its neighbours, every other thread backwards."""
    start = threading.Barrier(THREADS)

    def work(number: int) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        pairs = table.pairs[number:] + table.pairs[:number]
        handfuls = [pairs[place : place + 5] for place in range(0, PAYMENTS, 5)]
        start.wait(timeout=60)
        for handful in handfuls:
            ordered = handful if number % 2 else handful[::-1]
            outcomes += _give_what_is_left(table, ordered)
        return outcomes

    with ThreadPoolExecutor(THREADS) as threads:
        outcomes: Counter[str] = sum(threads.map(work, range(THREADS)), start=Counter())
    _report("in handfuls, crosswise", table, outcomes)
    assert outcomes["deadlock"] == 0
    assert outcomes["given"] == 200
    assert table.over_allocated("payment") == 0
    assert table.over_allocated("invoice") == 0
    assert table.given() == dict.fromkeys((payment_id for payment_id, _ in table.pairs), 1)


def _give_what_is_left(table: Table, handful: Sequence[Pair]) -> Counter[str]:
    """Give the payments of a handful that are left, in one call; look again when somebody was faster."""
    outcomes: Counter[str] = Counter()
    while True:
        with database.sessions(table.engine)() as session:
            left = set(
                session.scalars(
                    text("SELECT id FROM payments WHERE unallocated_minor > 0 AND id = ANY(:ids)"),
                    {"ids": [payment_id for payment_id, _ in handful]},
                )
            )
            wishes = [wish(table.books, *pair, AMOUNT) for pair in handful if pair[0] in left]
            try:
                allocations.allocate(session, wishes, act=table.books.act, cause="line.matched")
                session.commit()
            except (OverAllocated, StillAllocated, NotHeld, IllegalMove):
                outcomes["refused"] += 1
                continue
            except OperationalError:
                outcomes["deadlock"] += 1
                continue
        outcomes["given"] += len(wishes)
        return outcomes


def test_a_write_off_and_a_payment_that_go_for_one_invoice_close_it_once(table: Table) -> None:
    """Half of the threads write the whole invoice off, half pay it, all with money that is left."""
    payment_ids, invoice_ids = zip(*table.pairs, strict=True)

    def give_or_give_up(session: Session, pair: Pair, meet: Callable[[], object]) -> bool:
        payment_id, invoice_id = pair
        if payment_id:
            return _properly(table)(session, pair, meet)
        given_up = grants.Grant(
            invoice_id=invoice_id, kind=AllocationKind.WRITE_OFF, amount_minor=AMOUNT,
            granted_on=table.books.act.today, decided_by="treasury", reason="a race",
        )  # fmt: skip
        grants.grant(session, [given_up], act=table.books.act, cause="test")
        return True

    outcomes = _compete(
        table,
        give_or_give_up,
        lambda number: [
            ("" if number % 2 else payment_ids[4 * turn + number // 2], invoice_ids[turn])
            for turn in range(25)
        ],
    )
    _report("write-offs against payments", table, outcomes)
    assert outcomes == {"given": 25, "refused": 175}
    assert table.over_allocated("invoice") == 0
    assert broken_invariants(table.engine) == {"suspense_is_unexplained_lines"}


def test_reversing_what_was_granted_beside_a_payment_and_cancelling_it_never_lock_each_other_out(
    table: Table,
) -> None:
    """One half allocates and grants beside a payment, the other cancels it: either comes first, never both."""

    def settle_or_cancel(session: Session, pair: Pair, meet: Callable[[], object]) -> bool:
        kind, payment_id, invoice_id = (*pair[0].split(" "), pair[1])
        act = table.books.act
        if kind == "cancel":
            payments.cancel(session, [payment_id], on=act.today, because="a race", act=act, cause="test")
            return True
        beside = grants.Grant(
            invoice_id=invoice_id, kind=AllocationKind.DISCOUNT, amount_minor=1, granted_on=act.today,
            decided_by="treasury", beside_payment_id=payment_id,
        )  # fmt: skip
        (made,) = grants.grant(session, [beside], act=act, cause="test")
        allocations.reverse(session, [made], because="a race", on=act.today, act=act, cause="test")
        grants.grant(session, [beside], act=act, cause="test")
        return True

    def attempts(number: int) -> Sequence[Pair]:
        kind = "cancel" if number == 0 else "grant"
        return [(f"{kind} {payment_id}", invoice_id) for payment_id, invoice_id in table.pairs[:25]]

    outcomes = _compete(table, settle_or_cancel, attempts)
    _report("grants beside what is cancelled", table, outcomes)
    assert outcomes["deadlock"] == 0
    with table.engine.connect() as connection:
        wrong = connection.execute(
            text(
                "SELECT count(*) FROM allocations JOIN payments ON payments.id = beside_payment_id "
                "WHERE reversed_at IS NULL AND payments.state = 'cancelled'"
            )
        )
        assert wrong.scalar_one() == 0
    assert broken_invariants(table.engine) == {"suspense_is_unexplained_lines"}
