"""Whatever is imported, matched, decided, undone and given back in whatever order: every euro is where it should be.

A model of a few numbers follows each step, and the whole of `duecourse verify` runs after it. More and longer stories
are told with DUECOURSE_STORIES and DUECOURSE_STEPS (`make stories`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from ledger import database, refunds
from ledger.acts import Act
from ledger.embedded import EmbeddedServer
from ledger.identifiers import new_id
from ledger.models import AccountKind, Allocation, AllocationKind, Invoice
from ledger.other_money import OtherKind
from reconciliation import by_hand, undoing
from reconciliation.by_hand import Share
from reconciliation.models import LineState, Match, MatchPart, StatementLine
from reconciliation.transfers import reading
from reconciliation.transfers.reading import Reading
from reconciliation.undoing import CannotUndo
from tests.conftest import TEMPLATE, admin_of, require_clean_books
from tests.factories import money
from tests.factories.bank import Bank, match, payment_out, take_in, transfer
from tests.factories.books import Books
from tests.factories.granting import grant
from tests.factories.undo import figures

STORIES = int(os.environ.get("DUECOURSE_STORIES", "4"))
STEPS = int(os.environ.get("DUECOURSE_STEPS", "16"))
IS_LONG = "DUECOURSE_STORIES" in os.environ  # then each time other stories
TODAY = date(2026, 11, 18)
ACT = Act(actor="treasury", at=datetime(2026, 11, 18, 8, 0, tzinfo=UTC), today=TODAY)
WHY = "it was somebody else's"
AMOUNTS = (1_000, 2_500, 2_500, 4_000)
GRANTED = (AllocationKind.DISCOUNT, AllocationKind.WRITE_OFF, AllocationKind.FEE)

_One = TypeVar("_One")
Picks = st.integers(min_value=0, max_value=30)


@dataclass
class Euros:
    """What should be where, in cents: kept by hand beside the books."""

    waiting: dict[str, int] = field(default_factory=dict)  # by line, not explained or set aside
    open: dict[str, int] = field(default_factory=dict)  # by invoice
    notes: dict[str, int] = field(default_factory=dict)  # by credit note, what is left of it
    left: dict[str, int] = field(default_factory=dict)  # by payment, what nobody has
    leaving: dict[str, tuple[str, int]] = field(default_factory=dict)  # by refund, its payment and amount
    gone: dict[str, int] = field(default_factory=dict)  # by payment, what has left
    lines: dict[str, str] = field(default_factory=dict)  # by line, the payment that it brought
    other: set[str] = field(default_factory=set)  # lines that are no customer's payment, or set aside
    held: set[str] = field(default_factory=set)  # lines that a person decided about

    def sums(self) -> tuple[int, int, int, int]:
        """Receivable, unapplied, refunds set aside, suspense, as the journal signs them."""
        return (
            sum(self.open.values()) - sum(self.notes.values()), -sum(self.left.values()),
            -sum(amount for _, amount in self.leaving.values()), -sum(self.waiting.values()),
        )  # fmt: skip


class Decisions(RuleBasedStateMachine):
    """One company with two customers; steps are taken in any order, each in a transaction of its own."""

    engine: Engine
    close: Callable[[], None]

    def __init__(self) -> None:
        super().__init__()
        self.session: Session = database.sessions(self.engine)()
        self.books = Books(self.session, ACT)
        self.customers = [self.books.customer(name) for name in ("Erika Beispiel", "Muster AG")]
        self.bank = Bank()
        self.euros = Euros()
        self.numbers: dict[str, str] = {}
        self.files: list[str] = []
        self.known: set[str] = set()  # allocations that the model has taken in
        self.decided: dict[str, set[str]] = {}  # by line, the allocations that a person's decision made
        self.given_back: set[str] = set()  # and those that it has followed back
        self.session.commit()

    def teardown(self) -> None:
        self.session.close()
        self.close()

    # --- what comes from outside ---

    @rule(amount=st.sampled_from(AMOUNTS), who=Picks)
    def an_invoice_is_issued(self, amount: int, who: int) -> None:
        made = self.books.invoice(amount, customer=_pick(self.customers, who))
        self.euros.open[made.id], self.numbers[made.id] = amount, made.number
        self.session.commit()

    @rule(amount=st.sampled_from((500, 1_000)), who=Picks)
    def a_credit_note_is_given(self, amount: int, who: int) -> None:
        note = money.credit_note(self.books, amount, customer=_pick(self.customers, who))
        self.euros.notes[note.id] = amount
        self.session.commit()

    @rule(
        amounts=st.lists(st.sampled_from(AMOUNTS), min_size=1, max_size=2), names=st.booleans(), which=Picks
    )
    def money_comes(self, amounts: list[int], names: bool, which: int) -> None:
        """Two lines may name the same invoice, or none; the amounts may be anything."""
        named = self.numbers[_pick(sorted(self.numbers), which)] if names and self.numbers else "Zahlung"
        self._take_in(
            *(transfer(amount, named, day=TODAY, payer=place) for place, amount in enumerate(amounts))
        )

    @precondition(lambda self: self.euros.leaving)
    @rule(which=Picks)
    def a_refund_leaves(self, which: int) -> None:
        refund_id = _pick(sorted(self.euros.leaving), which)
        refund = refunds.get(self.session, refund_id)
        self._take_in(payment_out(refund.amount_minor, day=TODAY, end_to_end_id=refund.end_to_end_id))
        self._match()

    # --- what runs by itself ---

    @rule()
    def everything_is_matched(self) -> None:
        """No run touches what is held, and another right after changes nothing."""
        self._match()
        before = figures(self.session)
        match(self.session, ACT)
        self.session.commit()
        assert figures(self.session) == before

    # --- what people decide ---

    @precondition(lambda self: self.euros.waiting)
    @rule(which=Picks, whose=Picks, part=st.sampled_from((1, 2)))
    def a_person_confirms(self, which: int, whose: int, part: int) -> None:
        """The whole of an open invoice, or half of it, as far as the money goes."""
        line = self._waiting(which)
        if line is None or line.amount_minor < 0:
            return
        bills = [one for one in sorted(self.euros.open) if self.euros.open[one] >= part]
        shares, customer = [], _pick(self.customers, whose)
        if bills:
            bill = _pick(bills, whose)
            shares = [Share(bill, min(self.euros.open[bill] // part, line.amount_minor))]
        by_hand.record_payment(self.session, line_id=line.id, customer_id=customer.id, shares=shares, act=ACT)
        self._follow([line.id])

    @precondition(lambda self: self.euros.waiting and any(self.euros.open.values()))
    @rule(which=Picks, whose=Picks, kind=st.sampled_from(GRANTED))
    def a_person_splits(self, which: int, whose: int, kind: AllocationKind) -> None:
        """The money goes to one invoice; a credit note and a grant close what it leaves open."""
        line = self._waiting(which)
        bill = self._invoice(_pick([one for one, open_ in sorted(self.euros.open.items()) if open_], whose))
        if line is None or line.amount_minor < 0:
            return
        paid = min(line.amount_minor, bill.open_minor)
        shares = [reading.Share(bill.id, AllocationKind.PAYMENT, paid)]
        rest = bill.open_minor - paid
        for note, left in sorted(self.euros.notes.items()):
            if rest and left and self._owner("credit_notes", note) == bill.customer_id:
                netted = min(left, rest)
                shares.append(reading.Share(bill.id, AllocationKind.CREDIT_NOTE, netted, credit_note_id=note))
                rest -= netted
        if rest:
            shares.append(reading.Share(bill.id, kind, rest, reason="not worth a letter"))
        wanted = Reading(bill.customer_id, tuple(shares), line.amount_minor - paid)
        by_hand.split(self.session, line_id=line.id, reading=wanted, act=ACT)
        self._follow([line.id])

    @precondition(lambda self: self.euros.waiting)
    @rule(which=Picks, kind=st.sampled_from(sorted(by_hand.MARKS)))
    def a_person_says_that_it_is_no_payment(self, which: int, kind: OtherKind) -> None:
        line = self._waiting(which)
        if line is None:
            return
        by_hand.mark(self.session, line_id=line.id, kind=kind, act=ACT)
        del self.euros.waiting[line.id]
        self.euros.other.add(line.id)
        self.session.commit()

    @precondition(lambda self: self.euros.waiting)
    @rule(which=Picks)
    def a_person_ignores(self, which: int) -> None:
        line = self._waiting(which)
        if line is None:
            return
        by_hand.ignore(self.session, line_id=line.id, reason="not ours", act=ACT)
        self.euros.other.add(line.id)
        self.session.commit()

    @precondition(lambda self: self.euros.waiting)
    @rule(which=Picks)
    def a_person_sends_it_back(self, which: int) -> None:
        line = self._waiting(which)
        if line is None or line.amount_minor < 0:
            return
        made = by_hand.refund(self.session, line_id=line.id, reason="not ours", act=ACT)
        amount = self.euros.waiting.pop(line.id)
        self.euros.lines[line.id], self.euros.left[made.payment_id] = made.payment_id, 0
        self.euros.leaving[made.id] = (made.payment_id, amount)
        self.session.commit()

    @precondition(lambda self: any(self.euros.left.values()) and any(self.euros.open.values()))
    @rule(which=Picks, whose=Picks, beside=st.booleans())
    def a_person_allocates(self, which: int, whose: int, beside: bool) -> None:
        """What is left of a payment goes to an invoice; what that leaves open may be granted beside it."""
        payment = _pick([one for one, left in sorted(self.euros.left.items()) if left], which)
        bill = _pick([one for one, open_ in sorted(self.euros.open.items()) if open_], whose)
        amount = min(self.euros.left[payment], self.euros.open[bill])
        money.allocate(self.books, (payment, bill, amount))
        if beside and self.euros.open[bill] > amount:
            rest = self.euros.open[bill] - amount
            grant(self.books, self._invoice(bill), _pick(GRANTED, whose), rest, beside_payment_id=payment)
        self._follow([])

    @precondition(lambda self: any(self.euros.notes.values()))
    @rule(which=Picks)
    def a_credit_note_is_netted(self, which: int) -> None:
        note_id = _pick([one for one, left in sorted(self.euros.notes.items()) if left], which)
        customer = self._owner("credit_notes", note_id)
        bills = [
            one for one, open_ in sorted(self.euros.open.items())
            if open_ and self._owner("invoices", one) == customer
        ]  # fmt: skip
        if not bills:
            return
        bill = _pick(bills, which)
        amount = min(self.euros.notes[note_id], self.euros.open[bill])
        money.allocate(self.books, (note_id, bill, amount))
        self._follow([])

    @precondition(lambda self: any(self.euros.left.values()))
    @rule(which=Picks, part=st.sampled_from((1, 2)))
    def a_refund_is_asked_for(self, which: int, part: int) -> None:
        payment = _pick([one for one, left in sorted(self.euros.left.items()) if left], which)
        amount = max(1, self.euros.left[payment] // part)
        made = refunds.request(
            self.session, payment_id=payment, amount_minor=amount, reason="too much", act=ACT
        )
        self.euros.left[payment] -= amount
        self.euros.leaving[made.id] = (payment, amount)
        self.session.commit()

    @precondition(lambda self: self.euros.leaving)
    @rule(which=Picks)
    def a_refund_is_given_up(self, which: int) -> None:
        refund = _pick(sorted(self.euros.leaving), which)
        refunds.cancel(self.session, refund, reason="no", cause="test", act=ACT)
        payment, amount = self.euros.leaving.pop(refund)
        self.euros.left[payment] += amount
        self.session.commit()

    # --- what is taken back ---

    @precondition(lambda self: self.euros.lines or self.euros.other)
    @rule(which=Picks)
    def a_line_is_undone(self, which: int) -> None:
        line = _pick(sorted({*self.euros.lines, *self.euros.other}), which)
        kept = self._goes_back(self.euros.lines.get(line))
        try:
            undoing.undo_line(self.session, line, because=WHY, act=ACT)
        except CannotUndo:
            assert kept
            self.session.rollback()
            return
        assert not kept
        self._undone(line)
        self.session.commit()

    @precondition(lambda self: self.files)
    @rule(which=Picks)
    def an_import_is_undone(self, which: int) -> None:
        file = _pick(self.files, which)
        done = undoing.undo_import(self.session, file, because=WHY, act=ACT)
        for one in done.undone:
            self._undone(one.line_id)
        for refused in done.refused:
            payment = self.euros.lines.get(refused.line_id)
            assert payment is None or self._goes_back(payment)
        self.session.commit()

    @rule(which=Picks)
    def an_allocation_is_taken_back(self, which: int) -> None:
        standing = self._standing()
        if not standing:
            return
        one = _pick(standing, which)
        undoing.undo_allocation(self.session, one.id, because=WHY, act=ACT)
        self._give_back(one)
        payment = one.payment_id or one.beside_payment_id
        self.euros.held |= {line for line, made in self.euros.lines.items() if made == payment}
        self.session.commit()

    @precondition(lambda self: self.euros.held)
    @rule(which=Picks)
    def a_line_is_released(self, which: int) -> None:
        line = _pick(sorted(self.euros.held), which)
        undoing.release(self.session, line, act=ACT)
        self.euros.held.discard(line)
        self.session.commit()

    # --- what always holds ---

    @invariant()
    def the_books_say_what_the_model_says(self) -> None:
        kinds = (
            AccountKind.RECEIVABLE, AccountKind.UNAPPLIED, AccountKind.REFUND_CLEARING, AccountKind.SUSPENSE,
        )  # fmt: skip
        assert tuple(money.balance_minor(self.books, kind) for kind in kinds) == self.euros.sums()
        rows = self.session.execute(text("SELECT id, open_minor FROM invoices"))
        assert {row.id: row.open_minor for row in rows} == self.euros.open
        self.session.commit()

    @invariant()
    def verify_finds_nothing(self) -> None:
        require_clean_books(self.engine)

    # --- how it is followed ---

    def _take_in(self, *entries: object) -> None:
        for content in self.bank.book(*entries):  # type: ignore[arg-type]
            self.files.append(take_in(self.session, content, ACT).file_id)
        rows = self.session.execute(text("SELECT id, amount_minor, state FROM statement_lines"))
        self.euros.waiting = {row.id: row.amount_minor for row in rows if row.id not in self._explained()}
        self.session.commit()

    def _explained(self) -> set[str]:
        rows = self.session.scalars(select(Match.line_id).join(MatchPart, MatchPart.match_id == Match.id).where(
            Match.undone_at.is_(None)
        ))  # fmt: skip
        return set(rows)

    def _match(self) -> None:
        """What a run applies is followed; it may only take what is left, and only of lines that nobody holds."""
        match(self.session, ACT)
        applied = self._follow(list(self.euros.waiting))
        assert not applied & self.euros.held

    def _follow(self, lines: Sequence[str]) -> set[str]:
        """Let the model know what became of these lines that waited; gives those of them that are explained."""
        self.session.commit()
        rows = self.session.execute(
            select(Match.line_id, MatchPart.kind, MatchPart.object_id, MatchPart.amount_minor)
            .join(MatchPart, MatchPart.match_id == Match.id)
            .where(Match.undone_at.is_(None), Match.line_id.in_(lines))
        ).all()
        for row in rows:
            assert self.euros.waiting.pop(row.line_id) == row.amount_minor
            if row.kind == "payment":
                self.euros.lines[row.line_id] = row.object_id
                self.euros.left[row.object_id] = row.amount_minor
            else:
                payment, amount = self.euros.leaving.pop(row.object_id)
                self.euros.gone[payment] = self.euros.gone.get(payment, 0) + amount
        news = [one for one in self._standing() if one.id not in self.known]
        for one in news:
            self._take(one, -1)
        self.known |= {one.id for one in news}
        if len(lines) == 1:
            self.decided[lines[0]] = {one.id for one in news}
        assert min([0, *self.euros.left.values(), *self.euros.open.values(), *self.euros.notes.values()]) == 0
        return {row.line_id for row in rows}

    def _goes_back(self, payment: str | None) -> bool:
        """Whether a part of a payment went back, or is to."""
        return payment in self.euros.gone or any(payment == one for one, _ in self.euros.leaving.values())

    def _undone(self, line: str) -> None:
        payment = self.euros.lines.pop(line, None)
        self.euros.other.discard(line)
        self.euros.held.add(line)
        self.session.expire_all()
        self.euros.waiting[line] = self.session.get_one(StatementLine, line).amount_minor
        assert not self.decided.pop(line, set()) & {one.id for one in self._standing()}
        if payment is None:
            return
        reversed_now = self.session.scalars(
            select(Allocation).where(
                (Allocation.payment_id == payment) | (Allocation.beside_payment_id == payment),
                Allocation.reversed_because == WHY, Allocation.id.not_in(self.given_back),
            )
        ).all()  # fmt: skip
        for one in reversed_now:
            self._give_back(one)
        assert self.euros.left.pop(payment) == self.euros.waiting[line]

    def _give_back(self, one: Allocation) -> None:
        self.given_back.add(one.id)
        self._take(one, 1)

    def _take(self, one: Allocation, sign: int) -> None:
        self.euros.open[one.invoice_id] += sign * one.amount_minor
        if one.payment_id is not None:
            self.euros.left[one.payment_id] += sign * one.amount_minor
        if one.credit_note_id is not None:
            self.euros.notes[one.credit_note_id] += sign * one.amount_minor

    def _waiting(self, which: int) -> StatementLine | None:
        """One of the lines that nobody has explained, unless somebody set it aside."""
        self.session.expire_all()
        line = self.session.get_one(StatementLine, _pick(sorted(self.euros.waiting), which))
        return None if line.state == LineState.IGNORED else line

    def _standing(self) -> list[Allocation]:
        self.session.expire_all()
        query = select(Allocation).where(Allocation.reversed_at.is_(None)).order_by(Allocation.id)
        return list(self.session.scalars(query))

    def _owner(self, table: str, thing: str) -> str:
        query = text(f"SELECT customer_id FROM {table} WHERE id = :id")
        return str(self.session.execute(query, {"id": thing}).scalar_one())

    def _invoice(self, invoice_id: str) -> Invoice:
        return self.session.get_one(Invoice, invoice_id)


def _pick(things: Sequence[_One], number: int) -> _One:
    return things[number % len(things)]


def test_every_euro_is_where_it_should_be_whatever_is_decided(server: EmbeddedServer) -> None:
    def story() -> Decisions:
        """A story in a database of its own."""
        name = f"test_{new_id('evt')}"
        with admin_of(server).connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
        engine = database.connect(server.url(name), connections=4)

        def close() -> None:
            engine.dispose()
            with admin_of(server).connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

        return type("Story", (Decisions,), {"engine": engine, "close": staticmethod(close)})()

    run_state_machine_as_test(
        story,
        settings=settings(
            max_examples=STORIES, stateful_step_count=STEPS, deadline=None, derandomize=not IS_LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
