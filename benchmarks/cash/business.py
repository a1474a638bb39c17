"""A creditor at work: issues invoices and sees money come, event by event, and knows what each line really is."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from random import Random
from typing import TypeVar

from benchmarks.cash import crowd, names, numbers
from benchmarks.cash.facts import CreditNote, Customer, Invoice, Line, Nature, Share, Truth
from benchmarks.cash.mixes import Case

_Thing = TypeVar("_Thing")
_REMEMBERED = 4_000
_TRIES = 40
_APART = 5  # days between two bills of a subscriber, so that no weekend pays both at once
TRANSFER = "PMNT/RCDT/ESCT"
ABROAD = "PMNT/RCDT/XBCT"
PAID_OUT = "PMNT/ICDT/ESCT"


@dataclass
class _Event:
    """What one event has brought so far; it happens whole or not at all."""

    invoices: list[Invoice] = field(default_factory=list)
    notes: list[CreditNote] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


class Business:
    """The state of the year. `today` is the day of the event that is going on."""

    def __init__(
        self, rng: Random, *, style: str, customers: list[Customer], first: date, last: date
    ) -> None:
        self.rng, self.customers, self.first, self.last = rng, customers, first, last
        self.today = first
        self._invoice_style, self._note_style = numbers.STYLES[style]
        self._taken: dict[str, count[int]] = defaultdict(lambda: count(rng.randrange(1, 900)))
        self._keys = count(1)
        self._accounts = count(len(customers) + 1)
        self._event = _Event()
        self.invoices: dict[tuple[int, int], list[Invoice]] = defaultdict(list)
        self.notes: dict[tuple[int, int], list[CreditNote]] = defaultdict(list)
        self.lines: dict[tuple[int, int], list[Line]] = defaultdict(list)
        self.billed: deque[Invoice] = deque(maxlen=_REMEMBERED)
        self.paid_exactly: deque[Line] = deque(maxlen=_REMEMBERED)
        self.with_rest: deque[Line] = deque(maxlen=_REMEMBERED)
        self.refunds: deque[Line] = deque(maxlen=_REMEMBERED)
        self._subscribers = deque(one for one in customers if one.subscription_minor is not None)
        self._subscribed: dict[int, date] = {}
        rng.shuffle(self._subscribers)
        others = [one for one in customers if one.subscription_minor is None]
        self._usual = [one for one in others for _ in range(3 if one.is_company else 1)]
        self._companies = [one for one in others if one.is_company]
        self._known = [one for one in self._usual if one.is_known]

    # --- who ---

    def payer(self) -> Customer:
        """Anybody; a subscriber once a month."""
        subscriber = self.subscriber() if self.rng.random() < 0.25 else None
        return subscriber or self.rng.choice(self._usual)

    def subscriber(self, *, is_known: bool = False) -> Customer | None:
        """The next one who was not billed yet this month, if there is one."""
        for _ in range(min(12, len(self._subscribers))):
            self._subscribers.rotate(-1)
            found = self._subscribers[-1]
            if (found.is_known or not is_known) and self.is_free(found):
                return found
        return None

    def is_free(self, customer: Customer) -> bool:
        """Whether a bill may go to the customer today; subscribers get one a month, and never two close together."""
        if customer.subscription_minor is None:
            return True
        last = self._subscribed.get(customer.index)
        is_free = last is None or ((self.today - last).days >= _APART and last.month != self.today.month)
        if is_free:
            self._subscribed[customer.index] = self.today
        return is_free

    def usual(self) -> Customer:
        """Anybody without a subscription."""
        return self.rng.choice(self._usual)

    def known(self) -> Customer:
        """Somebody whose account the creditor has, without a subscription."""
        return self.rng.choice(self._known)

    def company(self, wanted: Callable[[Customer], bool] = lambda _: True) -> Customer | None:
        return self.pick(self._companies, wanted)

    def pick(self, among: Iterable[_Thing], wanted: Callable[[_Thing], bool]) -> _Thing | None:
        """One of them that is wanted, if it is found in a few tries."""
        things = among if isinstance(among, (list, deque)) else list(among)
        for _ in range(_TRIES if things else 0):
            found = things[self.rng.randrange(len(things))]
            if wanted(found):
                return found
        return None

    # --- what is billed ---

    def bill(
        self,
        customer: Customer,
        *,
        total: int | None = None,
        on: date | None = None,
        order: str | None = None,
        reference: Callable[[str], str] | None = None,
    ) -> Invoice:
        """A new invoice of today, with the customer's terms."""
        issued = on or self.today
        number = self._next(self._invoice_style, issued.year)
        term = 14 if customer.subscription_minor is not None else self.rng.choice((14, 14, 30))
        invoice = Invoice(
            number=number, customer=customer.index, total_minor=total or self.amount(customer), issued_on=issued,
            due_on=issued + timedelta(days=term), discount_days=customer.discount_days,
            discount_percent=customer.discount_percent, purchase_order=order,
            reference=None if reference is None else reference(number),
        )  # fmt: skip
        self._event.invoices.append(invoice)
        return invoice

    def credit_note(self, customer: Customer, total: int) -> CreditNote:
        """A credit note of today."""
        number = self._next(self._note_style, self.today.year)
        note = CreditNote(number=number, customer=customer.index, total_minor=total, issued_on=self.today)
        self._event.notes.append(note)
        return note

    def amount(self, customer: Customer) -> int:
        """What a bill of this customer is about; shop prices for people, odd cents for companies."""
        if customer.subscription_minor is not None:
            return customer.subscription_minor
        if customer.is_company:
            return max(1_000, int(self.rng.lognormvariate(11.2, 1.2)))
        return max(5, int(self.rng.lognormvariate(4.2, 0.8))) * 100 - self.rng.choice((1, 5, 10, 50, 0, 100))

    def _next(self, style: Callable[[int, int], str], year: int) -> str:
        year_counts = style(year, 1) != style(year + 1, 1)
        return style(year, next(self._taken[f"{style(0, 1)}{year if year_counts else ''}"]))

    # --- what comes ---

    def pays(
        self,
        case: Case,
        customer: Customer,
        on: date,
        amount: int,
        text: str | tuple[str, ...],
        *,
        shares: tuple[Share, ...] = (),
        on_account: int = 0,
        payer: Customer | None = None,
        account: str | None = None,
        name: str | None = None,
        is_knowable: bool = True,
        reference: str | None = None,
        end_to_end_id: str | None = None,
    ) -> Line:
        """A line that is a customer's payment; `payer` stands on it, by default the customer itself."""
        who = payer or customer
        return self.sees(
            amount, on, text, name=name or names.as_a_bank_writes(self.rng, who.name, is_company=who.is_company),
            iban=account or who.account, reference=reference, end_to_end_id=end_to_end_id,
            code=ABROAD if who.country in ("GB", "US", "CH") else TRANSFER,
            truth=Truth(
                case=case, customer=customer.index, shares=shares, on_account_minor=on_account, is_knowable=is_knowable
            ),
        )  # fmt: skip

    def sees(
        self,
        amount: int,
        on: date,
        text: str | tuple[str, ...],
        *,
        name: str,
        iban: str,
        truth: Truth,
        code: str = TRANSFER,
        account: int = 0,
        reference: str | None = None,
        end_to_end_id: str | None = None,
        refund_of: str | None = None,
        returns: str | None = None,
    ) -> Line:
        """Any line of the statement of our `account`."""
        line = Line(
            key=f"L{next(self._keys):07d}", account=account, booked_on=on, amount_minor=amount, name=name, iban=iban,
            pieces=(text,) if isinstance(text, str) else text, end_to_end_id=end_to_end_id or self._end_to_end_id(),
            code=code, truth=truth, reference=reference, refund_of=refund_of, returns=returns,
        )  # fmt: skip
        self._event.lines.append(line)
        return line

    def not_a_payment(
        self, case: Case, nature: Nature, amount: int, text: str, *, name: str, iban: str = "", code: str
    ) -> None:
        """A line of today that no customer paid."""
        self.sees(
            amount, self.working(self.today), text, name=name, iban=iban, code=code,
            truth=Truth(case=case, nature=nature), end_to_end_id="NOTPROVIDED",
        )  # fmt: skip

    def account_nobody_knows(self, country: str = "DE") -> str:
        return crowd.iban(country, next(self._accounts))

    def usual_account(self, customer: Customer) -> str:
        """Where the customer pays from: mostly the usual account, sometimes one never seen before."""
        return customer.account if self.rng.random() < 0.92 else self.account_nobody_knows(customer.country)

    def pay_day(self, invoice: Invoice) -> date:
        """When an invoice is paid: around its due day; a subscriber pays one after the other, always as fast."""
        if self.customers[invoice.customer].subscription_minor is not None:
            return self.working(invoice.issued_on + timedelta(days=3 + invoice.customer % 12))
        days = (invoice.due_on - invoice.issued_on).days
        return self.working(
            invoice.issued_on + timedelta(days=int(self.rng.triangular(2, days + 18, days - 1)))
        )

    @staticmethod
    def working(day: date) -> date:
        """The day, or the Monday after a weekend."""
        return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)

    @staticmethod
    def discount(total: int, percent: Decimal) -> int:
        """So many percent of a total, rounded to the cent."""
        return int((Decimal(total) * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def _end_to_end_id(self) -> str:
        luck = self.rng.random()
        if luck < 0.72:
            return "NOTPROVIDED"
        if luck < 0.88:
            return f"ZV{self.today:%Y%m%d}{self.rng.randrange(10**6):06d}"
        return f"{self.rng.getrandbits(96):024X}" if luck < 0.95 else f"{self.rng.randrange(10**9)}"

    # --- events ---

    def happened(self) -> None:
        """The event of today is over: it counts, unless a line of it would stand before the year."""
        event, self._event = self._event, _Event()
        if any(line.booked_on < self.first for line in event.lines):
            return
        for invoice in event.invoices:
            self.invoices[invoice.issued_on.year, invoice.issued_on.month].append(invoice)
            self.billed.append(invoice)
        for note in event.notes:
            self.notes[note.issued_on.year, note.issued_on.month].append(note)
        for line in event.lines:
            if line.booked_on <= self.last:
                self.lines[line.booked_on.year, line.booked_on.month].append(line)
                self._remember(line)

    def _remember(self, line: Line) -> None:
        if line.truth.case in (Case.EXACT_REFERENCE, Case.STRUCTURED_REFERENCE):
            self.paid_exactly.append(line)
        elif line.truth.case in (Case.OVERPAYMENT, Case.DOUBLED_PAYMENT):
            self.with_rest.append(line)
        elif line.truth.case is Case.REFUND_SENT:
            self.refunds.append(line)
