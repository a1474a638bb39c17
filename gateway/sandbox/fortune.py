"""The world around the company in a year: what debtors' banks answer, what customers pay and tell by themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from exporters.pain008.message import DirectDebitMessage, PaymentBlock, Scheme, Transaction
from gateway.sandbox.bank_day import DECK, Day, own_business, pays, strangers_transfers
from gateway.sandbox.books import Company, Invoice
from gateway.sandbox.entries import Entry, Truth
from gateway.sandbox.kinds import Kind, Level
from gateway.sandbox.lives import Life
from gateway.sandbox.record import Taken
from gateway.sandbox.standing_bank import Wish
from ledger.business_days import roll_forward

# Shares in a thousand collections. That one in twenty comes back is what direct-debit consultants call usual;
# how they divide is invented.
_REJECTS, _RETURNS, _LATE_RETURNS, _REFUNDS, _UNAUTHORISED = 6, 34, 3, 9, 2
_FILES_REFUSED, _BLOCKS_REFUSED = 25, 25  # in a thousand files
_FILE_CODES = ("FF01", "AM16", "DS0H", "TM01", "AG02", "CH21")  # DS0H: the signer may not do it, so far
_BLOCK_CODES = ("DT01", "CH11", "TM01", "AG02", "BE05")
_RETURN_CODES: Mapping[Scheme, Mapping[str, int]] = {
    Scheme.CORE: {"AM04": 60, "MS03": 22, "MS02": 6, "AC06": 4, "SL01": 4, "AC01": 2, "AG01": 1, "XY99": 1},
    Scheme.B2B: {"AM04": 60, "MS03": 25, "MD01": 10, "SL01": 5},
}
_REJECT_CODES = {"AM04": 30, "AC06": 20, "MS03": 20, "AC01": 15, "SL01": 10, "BE05": 5}

_PAYS_AFTER_RETURN, _PAYS_WHILE_COLLECTED = 450, 4  # in a thousand
_PAYS_AT_ALL = 930  # in a thousand invoices of those who pay by transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something a customer tells us on a day: a new account, or that the mandate ends."""

    customer_external_id: str
    new_iban: str | None = field(default=None, repr=False)
    cancels: bool = False


@dataclass
class World:
    """Everything that is neither the company nor its bank; the same calls give the same world for a seed."""

    company: Company
    lives: Mapping[str, Life]
    seed: int
    trouble: int = 1  # how many times as often something goes wrong
    is_still: bool = False  # nothing happens any more but what was planned
    bills: dict[str, Invoice] = field(default_factory=dict)
    _attempts: Counter[str] = field(default_factory=Counter)
    _transfers: dict[date, list[tuple[Invoice, Truth]]] = field(default_factory=lambda: defaultdict(list))
    _news: dict[date, list[News]] = field(default_factory=lambda: defaultdict(list))
    _ended: dict[str, date] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for number, life in self.lives.items():
            if life.closes_on is not None and life.tells_before and life.mandate is not None:
                self._tell_new_account(number, life.closes_on - timedelta(days=20))
            if life.cancels_on is not None and life.mandate is not None:
                self._news[life.cancels_on].append(News(customer_external_id=number, cancels=True))

    def billed(self, bill: Invoice) -> None:
        """A customer got an invoice; who does not pay by debit plans a transfer."""
        self.bills[bill.number] = bill
        if self._pays_by_himself(bill):
            chance = self._dice("pays", bill.number)
            if chance.randrange(1000) < _PAYS_AT_ALL:
                days = round(chance.triangular(-6, 40, 1))
                self._plan(bill, chance.choice(DECK), bill.due_on + timedelta(days=days))

    def wishes(self, message: DirectDebitMessage) -> Wish:
        """What becomes of a file: refused as a whole, block by block, or decided collection by collection."""
        first = message.blocks[0]
        chance = self._dice("file", message.created_at.date(), first.scheme)
        lot, code = chance.randrange(1000), chance.choice(_FILE_CODES)
        files, blocks_too = _FILES_REFUSED * self.trouble, _BLOCKS_REFUSED * self.trouble
        if lot < files:
            return Wish(outcomes={}, reject_file=code)
        blocks = {}
        if lot < files + blocks_too:
            blocks[chance.choice(message.blocks).payment_information_id] = chance.choice(_BLOCK_CODES)
        outcomes = {
            transaction.end_to_end_id: self._outcome(block, transaction)
            for block in message.blocks
            if block.payment_information_id not in blocks
            for transaction in block.transactions
        }
        return Wish(outcomes=outcomes, reject_blocks=blocks)

    def notice(self, taken: Iterable[Taken]) -> None:
        """The customers see what became of their collections, and some of them act."""
        for one in taken:
            bill = self.bills[number_of(one.end_to_end_id)]
            chance = self._dice("reaction", one.end_to_end_id[: -len("-XXXXXX")], self._attempts[bill.number])
            if one.kind is Kind.PAID:
                if chance.randrange(1000) < _PAYS_WHILE_COLLECTED * self.trouble:
                    self._plan(bill, Truth.EXACT, one.collect_on - timedelta(days=chance.randint(0, 1)))
            elif one.level is Level.TRANSACTION:
                self._react(one, bill, chance)

    def transfers(self, on: date) -> list[Entry]:
        """What customers and strangers transfer on the T2 day `on`."""
        chance = self._dice("transfers", on)
        day = Day(on, frozenset(self.bills), chance)
        planned = [one for past in sorted(self._transfers) if past <= on for one in self._transfers.pop(past)]
        entries = [
            entry
            for bill, truth in planned
            for entry in pays(self.lives[bill.customer_external_id].customer, [bill], truth, day)
        ]
        if self.is_still:
            return entries
        if chance.randrange(10) == 0:
            entries += list(strangers_transfers(day))[: chance.randint(1, 3)]
        if on.day <= 3 and roll_forward(on.replace(day=1)) == on:
            entries += own_business(self.company.creditor, day)
        return entries

    def news(self, on: date) -> Iterator[News]:
        """What customers have told us until the day `on` and we have not written down yet."""
        for day in sorted(self._news):
            if day <= on:
                yield from self._news.pop(day)

    @property
    def is_quiet(self) -> bool:
        """Whether nobody plans a transfer any more."""
        return not self._transfers

    def learn(self, message: DirectDebitMessage) -> None:
        """Customers also get invoices that only the company makes: for the bank's fee of a return, `-R1` and so on."""
        on = message.created_at.date()
        for block in message.blocks:
            for one in block.transactions:
                number = number_of(one.end_to_end_id)
                if number not in self.bills:
                    failed = self.bills[number.rpartition("-R")[0]]
                    self.bills[number] = replace(
                        failed, number=number, total=one.amount, issued_on=on, due_on=on
                    )

    def _pays_by_himself(self, bill: Invoice) -> bool:
        life = self.lives[bill.customer_external_id]
        ended = min(filter(None, (life.cancels_on, self._ended.get(bill.customer_external_id))), default=None)
        return life.mandate is None or (ended is not None and ended <= bill.issued_on)

    def _outcome(self, block: PaymentBlock, transaction: Transaction) -> str:
        bill = self.bills[number_of(transaction.end_to_end_id)]
        life = self.lives[bill.customer_external_id]
        self._attempts[bill.number] += 1
        chance = self._dice("outcome", bill.number, self._attempts[bill.number])
        if life.dies_on is not None and block.collect_on >= life.dies_on:
            return f"MD07:return+{self._days(block, chance)}"
        closed = life.closes_on is not None and block.collect_on >= life.closes_on
        if closed and transaction.debtor.iban == life.customer.iban:
            return "AC04:reject" if chance.randrange(10) == 0 else "AC04:return+1"
        return self._luck(block, chance)

    def _luck(self, block: PaymentBlock, chance: Random) -> str:
        lot = chance.randrange(1000)
        core = block.scheme is Scheme.CORE
        for share, outcome in (
            (_REJECTS, f"{_drawn(_REJECT_CODES, chance)}:reject"),
            (_RETURNS, f"{_drawn(_RETURN_CODES[block.scheme], chance)}:return+{self._days(block, chance)}"),
            (_LATE_RETURNS, f"AM04:late_return+{chance.randint(12, 30)}"),
            (_REFUNDS if core else 0, f"MD06:refund+{chance.randint(2, 40)}"),
            (_UNAUTHORISED if core else 0, f"MD01:refund+{chance.randint(42, 280)}"),
        ):
            if lot < share * self.trouble:
                return outcome
            lot -= share * self.trouble
        return Kind.PAID

    def _days(self, block: PaymentBlock, chance: Random) -> int:
        return chance.randint(1, 5 if block.scheme is Scheme.CORE else 3)

    def _react(self, one: Taken, bill: Invoice, chance: Random) -> None:
        life = self.lives[bill.customer_external_id]
        if one.reason == "AC04" and life.mandate is not None:
            self._tell_new_account(
                bill.customer_external_id, one.known_on + timedelta(days=chance.randint(3, 15))
            )
        if one.reason == "MD01":
            self._ended[bill.customer_external_id] = one.known_on
        if one.reason != "MD07" and chance.randrange(1000) < _PAYS_AFTER_RETURN:
            self._plan(bill, Truth.EXACT, one.known_on + timedelta(days=chance.randint(3, 25)))

    def _tell_new_account(self, number: str, on: date) -> None:
        if number not in self._told:
            self._told.add(number)
            self._news[on].append(News(customer_external_id=number, new_iban=self.lives[number].new_iban))

    def _plan(self, bill: Invoice, truth: Truth, on: date) -> None:
        self._transfers[on].append((bill, Truth.EXACT if truth is Truth.TWO_INVOICES else truth))

    def _dice(self, *about: object) -> Random:
        return Random("/".join(map(str, (self.seed, *about))))  # noqa: S311 - a repeatable game, no secret


def number_of(end_to_end_id: str) -> str:
    """The invoice number that our EndToEndId begins with."""
    return end_to_end_id.rpartition("-")[0]


def _drawn(weights: Mapping[str, int], chance: Random) -> str:
    return chance.choices(tuple(weights), tuple(weights.values()))[0]
