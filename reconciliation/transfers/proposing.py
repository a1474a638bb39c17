"""Every way to read one credit that the evidence supports, with what speaks for and against each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from string import ascii_uppercase

from ledger.invoice_numbers import compact
from ledger.models import AllocationKind
from ledger.money import Money
from reconciliation.transfers import discounts, evidence, numbers, sets
from reconciliation.transfers.candidates import (
    MOST_ITEMS_LOOKED_AT,
    Bill,
    Credit,
    Known,
    Note,
    OpenItems,
    Payer,
)
from reconciliation.transfers.certainty import Terms
from reconciliation.transfers.closing import (
    closing,
    fits,
    instalment,
    note_item,
    payments,
    place_among,
    short,
)
from reconciliation.transfers.evidence import Evidence, Objection, Support
from reconciliation.transfers.naming import Named, named_in, ordered
from reconciliation.transfers.numbers import Mention
from reconciliation.transfers.payers import BY_ACCOUNT, Payers
from reconciliation.transfers.reading import Reading, Share
from reconciliation.transfers.sets import Item, ItemSet, Taken, Way

_SHORTEST_REFERENCE = 4  # characters of a recorded payment's reference that a text is searched for
_MOST_DISCOUNTED = 6  # invoices of one payment whose discounts are tried one by one
_LARGEST_RATE_PERCENT = 2  # by which a bank's exchange may differ
_ROUNDED = 100  # a minor unit by which a payer rounds, in hundredths
_LARGEST_DISCOUNT_PERCENT = 5  # a payer who deducts more than that has not meant a discount


# What says plainly which invoice is meant; anything else can be the payer's own number.
_PLAINLY = frozenset({Evidence.REFERENCE, Evidence.NUMBER})


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading with its evidence, and the memories it rests on."""

    reading: Reading
    supports: tuple[Support, ...]
    doubts: tuple[Objection, ...] = ()
    memories: tuple[str, ...] = ()


class Sight:
    """One credit, what it says, and what is known of it."""

    def __init__(
        self,
        credit: Credit,
        *,
        mentions: Sequence[Mention],
        strays: Sequence[str],
        tails: Sequence[str],
        references: Sequence[str],
        orders: Sequence[str],
        payers: Payers,
        known: Known,
        terms: Terms,
    ) -> None:
        self._credit, self._known, self._terms, self._payers = credit, known, terms, payers
        self._strays, self._tails = strays, tails
        self._named, self._unknown = named_in(mentions, references, known, payers)
        self._ordered = ordered(orders, known)

    @property
    def named_customers(self) -> set[str]:
        """The customers whose invoices are named."""
        return {one.bill.customer_id for one in (*self._named, *self._ordered)}

    def readings(self) -> list[Candidate]:
        """The readings by what is named, or else by who pays; in no order."""
        found = list(self._recorded())
        found += self._by_names(self._named)
        if not found and self._ordered:
            found = list(self._by_names(self._ordered))
        found += self._by_payers()
        return _distinct(found)

    def _recorded(self) -> Iterator[Candidate]:
        """Payments in transit of this amount: the one whose reference it carries, or the payer's oldest.

        Those of several customers are all proposed, and so is one that was given to other invoices than are named.
        """
        credit = self._credit
        same = [
            one
            for one in self._known.in_transit.get(credit.amount_minor, ())
            if one.currency == credit.currency and one.bank_account_id in (None, credit.bank_account_id)
        ]
        named = [one for one in same if one.reference and _carries(credit, one.reference)]
        payers = {payer.customer_id for payer in self._payers.all()} | self.named_customers
        meant = {
            one.customer_id: one
            for one in reversed(named or [one for one in same if one.customer_id in payers])
        }
        shared = [evidence.another_fits()] if len(meant) > 1 else []
        for one in list(meant.values())[: sets.MOST_SHOWN]:
            reading = Reading(one.customer_id, (), credit.amount_minor, one.payment_id)
            standing, _, memories = self._payers.stand([one.customer_id or ""], self._known)
            doubts = (*shared, *self._named_besides(self._known.given_in_transit.get(one.payment_id)))
            yield Candidate(reading, (evidence.recorded_before(), *standing), doubts, memories)

    def _named_besides(self, given: set[str] | None) -> list[Objection]:
        """Open invoices that the credit names, where a recorded payment was given to none of them."""
        still_open = [one.bill for one in self._named if one.bill.is_open]
        if not given or not still_open or any(one.bill.id in given for one in self._named):
            return []
        return [evidence.other_invoice_named(bill.number) for bill in still_open]

    # --- by what is named ---

    def _by_names(self, named: Sequence[Named]) -> Iterator[Candidate]:
        own = [one for one in named if one.bill.currency == self._credit.currency]
        payable = [one for one in own if one.bill.is_open]
        if payable:
            yield from self._pays(payable)
        elif own:
            yield self._pays_again(own)
        else:
            yield from (self._in_other_currency(one) for one in named)

    def _pays(self, named: Sequence[Named]) -> Iterator[Candidate]:
        amount, whole = self._credit.amount_minor, sum(one.bill.open_minor for one in named)
        if whole == amount:
            yield self._candidate(named, payments(named), [fits(named)])
            return
        reduced = list(self._reduced(named))
        yield from reduced
        if reduced:
            return
        if len(named) > 1:
            some = list(self._some_of(named))
            yield from some
            if some:
                return
        if amount < whole:
            yield from self._less(named, whole - amount)
        else:
            yield from self._more(named, amount - whole)

    def _reduced(self, named: Sequence[Named]) -> Iterator[Candidate]:
        """All that is named, less discounts in time and less credit notes of the customers, in any combination."""
        customers = {one.bill.customer_id for one in named}
        notes = [note for customer in sorted(customers) for note in self._notes(customer)]
        offers = [self._discounts(one.bill) for one in named[:_MOST_DISCOUNTED]]
        if not notes and all(offer == (0,) for offer in offers):
            return
        found = list(self._reduced_by([offer[:2] for offer in offers], named, notes))
        yield from found or self._reduced_by(offers, named, notes)

    def _reduced_by(
        self, offers: Sequence[tuple[int, ...]], named: Sequence[Named], notes: Sequence[Note]
    ) -> Iterator[Candidate]:
        ways = _ways_together(offers, named)
        bundle = Item(
            "named", named[0].bill.due_on, named[0].bill.number, tuple(Way(total) for total in ways)
        )
        items = [bundle, *(note_item(note) for note in notes)][: sets.MOST_ITEMS]
        found = sets.search(items, self._credit.amount_minor)
        by_key = {note.id: note for note in notes}
        for one in found.sets:
            total = next(part.way.amount_minor for part in one.parts if part.item.key == "named")
            taken = [by_key[part.item.key] for part in one.parts if part.item.key != "named"]
            is_only = found.unique and len(ways[total]) == 1
            for off in ways[total][: sets.MOST_SHOWN]:
                yield self._with_reductions(named, off, taken, is_only=is_only)

    def _discounts(self, bill: Bill) -> tuple[int, ...]:
        """What may be deducted from an invoice on the day of the credit: nothing, or its discount and a cent around."""
        offer = self._offer(bill)
        if offer is None or discounts.days_late(
            offer, paid_on=self._credit.paid_on, grace_days=self._terms.grace_days
        ):
            return (0,)
        return (0, offer.amount_minor, offer.amount_minor + 1, max(offer.amount_minor - 1, 1))

    def _offer(self, bill: Bill) -> discounts.Discount | None:
        if bill.discount_days is None or bill.open_minor != bill.total_minor:
            return None
        return discounts.offered(
            issued_on=bill.issued_on, total_minor=bill.total_minor, discount_days=bill.discount_days,
            discount_percent=bill.discount_percent,
        )  # fmt: skip

    def _with_reductions(
        self, named: Sequence[Named], off: Sequence[int], notes: Sequence[Note], *, is_only: bool
    ) -> Candidate:
        shares, supports = [], []
        left = {note.id: note.open_minor for note in notes}
        for one, discount in zip(named, off, strict=True):
            shares += closing(one.bill, discount, notes, left)
            if discount:
                supports += self._discount_sentence(one.bill, discount)
        if notes:
            supports.append(evidence.credit_note_deducted([note.number for note in notes]))
        doubts = [] if is_only else [evidence.another_fits()]
        return self._candidate(named, shares, supports, doubts)

    def _discount_sentence(self, bill: Bill, minor: int) -> list[Support]:
        offer = self._offer(bill)
        return [] if offer is None else [evidence.discount_taken(Money(minor, bill.currency), offer.last_on)]

    def _some_of(self, named: Sequence[Named]) -> Iterator[Candidate]:
        """Some of what is named, where these alone make the amount."""
        by_id = {one.bill.id: one for one in named}
        found = sets.search(
            [self._item(one.bill) for one in by_id.values()][: sets.MOST_ITEMS], self._credit.amount_minor
        )
        for one in found.sets:
            chosen = [by_id[part.item.key] for part in one.parts]
            off = [by_id[part.item.key].bill.open_minor - part.way.amount_minor for part in one.parts]
            doubts = self._left_out(chosen, [left for left in named if left not in chosen])
            doubts += [] if found.unique else [evidence.another_fits()]
            shares = [
                share
                for taken, less in zip(chosen, off, strict=True)
                for share in closing(taken.bill, less, (), {})
            ]
            yield self._candidate(chosen, shares, [fits(chosen)], doubts)

    def _left_out(self, chosen: Sequence[Named], left: Sequence[Named]) -> list[Objection]:
        """What speaks against leaving these out: nothing, where the payer has the others and none of these.

        An order may be billed in several invoices, of which each can be paid by itself.
        """
        own = {payer.customer_id for payer in self._payers.all()}
        is_own = all(one.bill.customer_id in own for one in chosen)
        return [
            evidence.other_invoice_named(one.bill.number)
            for one in left
            if one.support.evidence != Evidence.PURCHASE_ORDER
            and not (is_own and one.bill.customer_id not in own)
        ]

    def _less(self, named: Sequence[Named], missing: int) -> Iterator[Candidate]:
        """Less than what is named: a bank's charge, an instalment, or a part."""
        currency = self._credit.currency
        if self._bears_charge(named, missing):
            shares = [*payments(named[:-1]), *short(named[-1].bill, missing, AllocationKind.FEE)]
            yield self._candidate(named, shares, [evidence.charge_deducted(Money(missing, currency))])
            return
        usual = list(self._deducted(named, missing))
        yield from usual
        if len(named) > 1:
            yield self._candidate(
                named,
                self._fill(named),
                [evidence.part_paid(Money(missing, currency))],
                [evidence.another_fits()],
            )
            return
        bill, amount = named[0].bill, self._credit.amount_minor
        part = [Share(bill.id, AllocationKind.PAYMENT, amount)]
        due_on = instalment(bill, amount)
        if due_on is not None:
            yield self._candidate(named, part, [evidence.instalment_paid(due_on)])
            return
        objections = [*self._judged(bill), *self._fits_elsewhere(named)]
        objections += [evidence.another_fits()] if usual else []
        yield self._candidate(named, part, [evidence.part_paid(Money(missing, currency))], objections)
        if self._judged(bill):
            granted = closing(bill, missing, (), {})
            yield self._candidate(
                named,
                granted,
                [Support(Evidence.PART, "The deduction is granted all the same.")],
                [*objections, evidence.another_fits()],
            )

    def _deducted(self, named: Sequence[Named], missing: int) -> Iterator[Candidate]:
        """All that is named, less what the customer has kept back before and was granted."""
        customers = {one.bill.customer_id for one in named}
        kind, usual = self._known.deducts.get(min(customers), (AllocationKind.FEE, 0))
        if len(customers) == 1 and missing == usual:
            reason = "As deducted before." if kind == AllocationKind.WRITE_OFF else None
            shares = [*payments(named[:-1]), *short(named[-1].bill, missing, kind, reason)]
            yield self._candidate(
                named, shares, [evidence.usually_deducts(Money(missing, self._credit.currency))]
            )

    def _fits_elsewhere(self, named: Sequence[Named]) -> list[Objection]:
        """A doubt where the amount is just what other open invoices of the payer or the customers are about."""
        ids = {one.bill.id for one in named}
        customers = {one.bill.customer_id for one in named} | {one.customer_id for one in self._payers.all()}
        amount = self._credit.amount_minor
        for bill in (bill for customer in sorted(customers) for bill in self._bills(customer)):
            if bill.id not in ids and amount in {bill.open_minor - off for off in self._discounts(bill)}:
                return [evidence.fits_others()]
        return []

    def _unread(self, named: Sequence[Named]) -> list[Objection]:
        """A doubt where digits of the form of ours stand in the text that nobody has read."""
        read = {one.bill.core for one in (*named, *self._named)}
        return [evidence.number_unknown(stray) for stray in self._strays if stray.lstrip("0") not in read][:1]

    def _judged(self, bill: Bill) -> list[Objection]:
        """What is wrong with a deduction that looks like a discount."""
        offer = self._offer(bill)
        missing = bill.open_minor - self._credit.amount_minor
        if offer is None or missing * 100 > bill.total_minor * _LARGEST_DISCOUNT_PERCENT + _ROUNDED:
            return []
        judged = discounts.judge(
            offer, paid_minor=self._credit.amount_minor, paid_on=self._credit.paid_on,
            paid_before_minor=bill.total_minor - bill.open_minor, grace_days=self._terms.grace_days,
        )  # fmt: skip
        if judged.verdict == discounts.Verdict.LATE:
            return [evidence.discount_late(judged.days_late)]
        return [evidence.discount_wrong()]

    def _bears_charge(self, named: Sequence[Named], missing: int) -> bool:
        """Whether what is missing can be a bank's charge, and no discount that somebody took."""
        credit = self._credit
        if credit.is_converted:
            return missing * 100 <= credit.amount_minor * _LARGEST_RATE_PERCENT and (
                missing <= self._terms.charge_minor
            )
        if credit.charges_minor:
            return missing == abs(credit.charges_minor)
        is_foreign = (
            credit.account is not None
            and credit.account[:2].isalpha()
            and credit.account[:2] != credit.home_country
        )
        has_terms = any(one.bill.discount_days is not None for one in named)
        whole = credit.amount_minor + missing
        may_be_discount = has_terms and missing * 100 <= whole * _LARGEST_DISCOUNT_PERCENT + _ROUNDED
        return (
            is_foreign
            and not may_be_discount
            and missing <= self._terms.charge_minor
            and missing * 10 <= credit.amount_minor
        )

    def _fill(self, named: Sequence[Named]) -> list[Share]:
        """The amount over what is named, those due first."""
        left, shares = self._credit.amount_minor, []
        for one in sorted(named, key=lambda one: (one.bill.due_on, one.bill.id)):
            given = min(left, one.bill.open_minor)
            if given:
                shares.append(Share(one.bill.id, AllocationKind.PAYMENT, given))
            left -= given
        return shares

    def _more(self, named: Sequence[Named], over: int) -> Iterator[Candidate]:
        """More than what is named: other open items as well, or money on account."""
        customers = {one.bill.customer_id for one in named}
        ids = {one.bill.id for one in named}
        others = [bill for customer in customers for bill in self._bills(customer) if bill.id not in ids]
        fitting = [bill for bill in others if bill.open_minor == over]
        for bill in fitting[: sets.MOST_SHOWN]:
            also = [*payments(named), Share(bill.id, AllocationKind.PAYMENT, bill.open_minor)]
            yield self._candidate(named, also, [evidence.sum_paid(len(named) + 1)], [evidence.another_fits()])
        too_much = over > sum(one.bill.open_minor for one in named) and len(others) > 0
        doubts = [evidence.rest_fits_others()] if fitting else [evidence.much_is_over()] if too_much else []
        doubts += [*self._fits_elsewhere(named), *self._unread(named)]
        supports = [evidence.overpaid(Money(over, self._credit.currency))]
        yield self._candidate(named, payments(named), supports, doubts, on_account=over)

    def _pays_again(self, named: Sequence[Named]) -> Candidate:
        """Everything named is paid already: the money is the customer's, and pays nothing."""
        supports = [evidence.paid_already(one.bill.number) for one in named[:3]]
        doubts = [*self._fits_elsewhere(named), *self._unread(named)]
        return self._candidate(named, [], supports, doubts, on_account=self._credit.amount_minor)

    def _in_other_currency(self, one: Named) -> Candidate:
        return self._candidate(
            [one], [], [], [evidence.other_currency(one.bill.currency)], on_account=self._credit.amount_minor
        )

    def _candidate(
        self,
        named: Sequence[Named],
        shares: Sequence[Share],
        supports: Sequence[Support],
        doubts: Sequence[Objection] = (),
        *,
        on_account: int = 0,
    ) -> Candidate:
        """A reading by what is named, with who pays as further evidence."""
        customers = sorted({one.bill.customer_id for one in named})
        standing, against, memories = self._payers.stand(customers, self._known)
        is_loose = not any(one.support.evidence in _PLAINLY for one in named)
        if against and (self._is_payers_own(customers) or (is_loose and self._payers.by_account)):
            against = [
                evidence.account_of_another() if self._payers.by_account else evidence.name_of_another()
            ]
        also = [
            evidence.number_unknown(mention.text) for mention in self._unknown if not mention.called_otherwise
        ]
        return Candidate(
            Reading(customers[0] if len(customers) == 1 else self._payers.only(), tuple(shares), on_account),
            (*(one.support for one in named), *supports, *standing),
            (*(doubt for one in named for doubt in one.doubts), *doubts, *against, *also, *self._converted()),
            memories,
        )

    def _is_payers_own(self, customers: Sequence[str]) -> bool:
        """Whether the payer, another customer than those named, has items of just this amount."""
        for payer in self._payers.all():
            if payer.customer_id in customers:
                continue
            items = [self._item(bill) for bill in self._bills(payer.customer_id)]
            if items and sets.search(items[: sets.MOST_ITEMS], self._credit.amount_minor).sets:
                return True
        return False

    def _converted(self) -> list[Objection]:
        return [evidence.converted()] if self._credit.is_converted else []

    # --- by who pays ---

    def _by_payers(self) -> Iterator[Candidate]:
        payers = self._payers.all()
        for payer in payers:
            yield from self._near(payer)
            yield from self._sets_of([payer])
        together = [payer for payer in payers if payer.support.evidence in BY_ACCOUNT]
        if len({payer.customer_id for payer in together}) > 1:
            yield from self._sets_of(together)
        if len({payer.customer_id for payer in payers}) == 1:
            yield from self._rest_of(payers[0])

    def _near(self, payer: Payer) -> Iterator[Candidate]:
        """A number with a typing error, or without its beginning, that is one of the payer's open invoices."""
        named = {one.bill.id for one in self._named}
        by_core = {bill.core: bill for bill in self._bills(payer.customer_id) if bill.id not in named}
        by_body = {compact(bill.number).lstrip(ascii_uppercase): bill for bill in by_core.values()}
        for stray in self._strays:
            near = {by_core[core].id: by_core[core] for core in numbers.near(stray, by_core)}
            near |= {by_body[body].id: by_body[body] for body in numbers.near(stray, by_body)}
            close = list(near.values())
            supports = [evidence.number_nearly_named(bill.number, stray) for bill in close]
            yield from self._meant(close, supports, stray)
        for tail in self._tails:
            close = [by_core[core] for core in numbers.ending(tail, by_core)]
            supports = [evidence.number_partly_named(bill.number, tail) for bill in close]
            yield from self._meant(close, supports, tail)

    def _meant(self, close: Sequence[Bill], supports: Sequence[Support], said: str) -> Iterator[Candidate]:
        """What `said` can mean, each with the doubt that it is right as it stands, or that there are others."""
        right = [
            evidence.other_invoice_named(one.bill.number)
            for one in self._named
            if one.bill.core == said.lstrip("0")
        ]
        doubts = (*right[:1], *((evidence.another_fits(),) if len(close) > 1 else ()))
        for bill, support in zip(close, supports, strict=True):
            for found in self._pays([Named(bill, support, doubts)]):
                yield found if _is_neighbour(said, bill) else self._but_for(found, said)

    def _but_for(self, candidate: Candidate, stray: str) -> Candidate:
        """The candidate without the doubt that `stray` is no invoice's: it is a slip for this one's."""
        own = {mention.text for mention in self._unknown if mention.core == stray.lstrip("0")}
        slip = [evidence.number_unknown(text) for text in own]
        kept = tuple(one for one in candidate.doubts if one not in slip)
        return Candidate(candidate.reading, candidate.supports, kept, candidate.memories)

    def _sets_of(self, payers: Sequence[Payer]) -> Iterator[Candidate]:
        customers = sorted({payer.customer_id for payer in payers})
        bills = [bill for customer in customers for bill in self._bills(customer)]
        notes = [note for customer in customers for note in self._notes(customer)]
        if not bills:
            return
        if len(bills) + len(notes) > MOST_ITEMS_LOOKED_AT:
            return
        items = [*(self._item(bill) for bill in bills), *(note_item(note) for note in notes)]
        found = sets.search(items, self._credit.amount_minor)
        for one in found.sets:
            yield self._of_set(one, found, items, bills, notes, customers)

    def _of_set(
        self,
        one: ItemSet,
        found: sets.Found,
        items: Sequence[Item],
        bills: Sequence[Bill],
        notes: Sequence[Note],
        customers: Sequence[str],
    ) -> Candidate:
        by_id = {bill.id: bill for bill in bills}
        by_note = {note.id: note for note in notes}
        taken = [(by_id[part.item.key], part.way) for part in one.parts if part.item.is_invoice]
        credited = [by_note[part.item.key] for part in one.parts if not part.item.is_invoice]
        left = {note.id: note.open_minor for note in credited}
        shares, supports = [], []
        for bill, way in taken:
            off = bill.open_minor - way.amount_minor
            shares += closing(bill, off, credited, left)
            if off:
                supports += self._discount_sentence(bill, off)
        if credited:
            supports.append(evidence.credit_note_deducted([note.number for note in credited]))
        if not supports:
            supports.append(evidence.open_amount_paid() if len(taken) == 1 else evidence.sum_paid(len(taken)))
        supports += place_among(one, items, is_only=found.unique and found.complete)
        supports += self._habit(customers, supports)
        meant = sorted({bill.customer_id for bill, _ in taken})
        standing, against, memories = self._payers.stand(meant, self._known)
        doubts = [*against, *self._contradicted({bill.id for bill, _ in taken})]
        doubts += [] if found.unique else [evidence.another_fits()]
        doubts += [] if found.complete else [evidence.too_many_items(len(items))]
        doubts += [
            evidence.issued_after_payment(bill.issued_on)
            for bill, _ in taken
            if bill.issued_on > self._credit.booked_on
        ]
        doubts += self._payers.shared(meant)
        reading = Reading(meant[0] if len(meant) == 1 else self._payers.only(), tuple(shares))
        return Candidate(reading, (*standing, *supports), (*doubts, *self._converted()), memories)

    def _habit(self, customers: Sequence[str], supports: Sequence[Support]) -> list[Support]:
        """That the payer does what the payer always does, where the items are those due first."""
        is_oldest = any(support.evidence == Evidence.OLDEST_FIRST for support in supports)
        does_so = all(customer in self._known.pays_oldest for customer in customers)
        return [evidence.usually_pays_oldest()] if is_oldest and does_so else []

    def _contradicted(self, taken: set[str]) -> list[Objection]:
        """Numbers in the text that are not of these invoices."""
        elsewhere = [one for one in self._named if one.bill.id not in taken]
        return [
            *(evidence.other_invoice_named(one.bill.number) for one in elsewhere),
            *(
                evidence.number_unknown(mention.text)
                for mention in self._unknown
                if not mention.called_otherwise
            ),
        ]

    def _rest_of(self, payer: Payer) -> Iterator[Candidate]:
        """What is left when no set fits: a part of what is due first, or money on account."""
        amount, customer = self._credit.amount_minor, payer.customer_id
        standing, against, memories = self._payers.stand([customer], self._known)
        bills = sorted(self._bills(customer), key=lambda bill: (bill.due_on, bill.id))
        doubts = (*against, *self._contradicted(set()), *self._converted())
        if bills and amount < sum(bill.open_minor for bill in bills):
            left, shares = amount, []
            for bill in bills:
                given = min(left, bill.open_minor)
                if given:
                    shares.append(Share(bill.id, AllocationKind.PAYMENT, given))
                left -= given
            stays = sum(bill.open_minor for bill in bills) - amount
            supports = (
                *standing,
                evidence.part_paid(Money(stays, self._credit.currency)),
                evidence.oldest_first(len(shares)),
            )
            yield Candidate(Reading(customer, tuple(shares)), supports, doubts, memories)
        yield Candidate(Reading(customer, (), amount), tuple(standing), doubts, memories)

    # --- open items ---

    def _bills(self, customer_id: str) -> list[Bill]:
        items = self._known.items.get(customer_id) or OpenItems()
        return [bill for bill in items.bills if bill.currency == self._credit.currency]

    def _notes(self, customer_id: str) -> list[Note]:
        items = self._known.items.get(customer_id) or OpenItems()
        return [note for note in items.notes if note.currency == self._credit.currency]

    def _item(self, bill: Bill) -> Item:
        full = Way(bill.open_minor)
        less = [Way(bill.open_minor - off, Taken.DISCOUNTED) for off in self._discounts(bill)[1:2]]
        return Item(bill.id, bill.due_on, bill.number, (full, *less))


def _is_neighbour(said: str, bill: Bill) -> bool:
    """Whether a number differs from the bill's in its last digit: it may as well be one that is not here yet."""
    return said[:-1].lstrip("0") == bill.core[:-1] and len(said.lstrip("0")) == len(bill.core)


def _ways_together(
    offers: Sequence[tuple[int, ...]], named: Sequence[Named]
) -> dict[int, tuple[tuple[int, ...], ...]]:
    """The totals that the named invoices can come to, the full one first, each with what is off each invoice then.

    A total may come about in several ways, which differ in the invoices whose discount is taken.
    """
    whole = sum(one.bill.open_minor for one in named)
    totals: dict[int, dict[tuple[bool, ...], tuple[int, ...]]] = {}
    for off in product(*offers):
        taken = (*off, *(0,) * (len(named) - len(off)))
        totals.setdefault(whole - sum(off), {}).setdefault(tuple(minor > 0 for minor in off), taken)
    return {total: tuple(ways.values()) for total, ways in totals.items()}


def _carries(credit: Credit, reference: str) -> bool:
    """Whether a credit carries the reference of a recorded payment: as its own, or whole in its text."""
    wanted = compact(reference)
    if not wanted or wanted in {compact(one) for one in (credit.reference, credit.end_to_end_id) if one}:
        return bool(wanted)
    whole = r"(?<![A-Z0-9])" + r"[^A-Z0-9]*".join(wanted) + r"(?![A-Z0-9])"
    return (
        len(wanted) >= _SHORTEST_REFERENCE and re.search(whole, (credit.remittance or "").upper()) is not None
    )


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each reading once, with the evidence of the candidate that came first."""
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        found.setdefault(candidate.reading.digest, candidate)
    return list(found.values())
