"""From what became of collections to the entries of an account: credits, what is taken back, and what that costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from exporters.pain008.message import DirectDebitMessage, PaymentBlock, Scheme
from gateway.sandbox import transaction_codes as codes
from gateway.sandbox.entries import Entry
from gateway.sandbox.habits import CURRENCY, Booking, Fees, Habits, Itemised, Returns
from gateway.sandbox.kinds import Kind, Level
from gateway.sandbox.outcomes import Fate
from ledger.money import Money, total
from reconciliation.statement import Batch, Party

# Reason code and the key that German banks add to the booking of a return (Textschluesselergaenzung), as far
# as public sources agree on it.
_GERMAN_RETURN_KEYS = {
    "AC01": "901",
    "AC04": "902",
    "AC06": "903",
    "AG01": "904",
    "AM04": "906",
    "AM05": "907",
    "BE04": "908",
    "MD01": "909",
    "MD02": "910",
    "MD06": "912",
    "MD07": "913",
    "MS03": "914",
    "RC01": "915",
}

_LUMP = {Scheme.CORE: codes.CORE_LUMP, Scheme.B2B: codes.B2B_LUMP}
_CREDIT = {Scheme.CORE: codes.CORE_CREDIT, Scheme.B2B: codes.B2B_CREDIT}
_RETURN = {Scheme.CORE: codes.CORE_RETURN, Scheme.B2B: codes.B2B_RETURN}
_RETURNS_LUMP = {Scheme.CORE: codes.CORE_RETURNS, Scheme.B2B: codes.B2B_RETURNS}


def is_credited(fate: Fate, habits: Habits) -> bool:
    """Whether its money is booked in at all: not when the file or block was refused, nor when rejects are netted."""
    if fate.kind is not Kind.REJECT:
        return True
    return fate.level is Level.TRANSACTION and not habits.net_rejects


def booked_back_on(fate: Fate) -> date:
    """The day of the debit that takes a credited collection back; a reject is on the day of its credit."""
    return max(fate.known_on, fate.settled_on)


def credits_of(message: DirectDebitMessage, fates: Iterable[Fate], habits: Habits) -> Iterator[Entry]:
    """The credits of one file, in its order: lumps, or each collection by itself."""
    groups: dict[tuple[object, ...], list[Fate]] = defaultdict(list)
    for fate in fates:
        if is_credited(fate, habits):
            groups[_group(fate, habits)].append(fate)
    for members in groups.values():
        singles = [_credit(message, fate) for fate in members]
        if _as_lump(members[0].block, habits):
            yield _lump(message, members[0].block, singles, habits)
        else:
            yield from singles


def debits_of(fates: Iterable[Fate], habits: Habits) -> Iterator[Entry]:
    """What the bank takes back of credited collections, with its fees, in the order given; rejects are free.

    Returns of one day, account and scheme are one booking, and fees of a day and account one more, where the
    bank has such habits.
    """
    together: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
    for fate in fates:
        back = _taken_back(fate, habits)
        key: object = (
            None if habits.returns is Returns.BATCH and fate.kind is not Kind.REJECT else len(together)
        )
        together[back.booked_on, fate.block.creditor.iban, fate.block.scheme, key].append(back)
    for (_, _, scheme, joined), members in together.items():
        if joined is None and len(members) > 1:
            yield _returns_lump(scheme, members)
        else:
            yield from members


def costs_of(fates: Iterable[Fate], habits: Habits) -> Iterator[Entry]:
    """The bookings of fees and interest that stand beside those of the returns, where the bank has that habit."""
    charged = [fate for fate in fates if fate.kind not in (Kind.PAID, Kind.REJECT)]
    if habits.fees is Fees.SEPARATE:
        for fate in charged:
            yield from _beside(fate, habits)
    elif habits.fees is Fees.DAILY:
        yield from _daily(charged, habits)


def reversal_of(fate: Fate, *, on: date) -> Entry:
    """The debit that books a reversal of ours: the whole collection, without a reason of the debtor's bank."""
    return _about(fate, codes.REVERSAL_OUT, -fate.transaction.amount, on)


def _group(fate: Fate, habits: Habits) -> tuple[object, ...]:
    if habits.booking is Booking.ACROSS_BLOCKS:
        return (fate.block.creditor.iban, fate.block.scheme, fate.settled_on)
    return (fate.block.payment_information_id,)


def _as_lump(block: PaymentBlock, habits: Habits) -> bool:
    if habits.booking is Booking.AS_FILE_SAYS:
        return block.batch_booking
    return habits.booking is not Booking.SINGLE


def _lump(
    message: DirectDebitMessage, block: PaymentBlock, singles: Sequence[Entry], habits: Habits
) -> Entry:
    across = habits.booking is Booking.ACROSS_BLOCKS
    return Entry(
        amount=total((entry.amount for entry in singles), CURRENCY),
        booked_on=singles[0].booked_on,
        valued_on=singles[0].valued_on,
        code=_LUMP[block.scheme],
        batch=Batch(
            message_id=message.message_id,
            payment_information_id=None if across else block.payment_information_id,
            count=len(singles),
        ),
        parts=() if habits.itemised is Itemised.NEVER else tuple(singles),
        itemised=habits.itemised is Itemised.STATEMENT,
        account=block.creditor.iban,
    )


def _credit(message: DirectDebitMessage, fate: Fate) -> Entry:
    block = fate.block
    return replace(
        _about(fate, _CREDIT[block.scheme], fate.transaction.amount, fate.settled_on),
        batch=Batch(message_id=message.message_id, payment_information_id=block.payment_information_id),
        instruction_id=fate.transaction.instruction_id,
    )


def _taken_back(fate: Fate, habits: Habits) -> Entry:
    """One debit of the original amount, with what it costs if that is inside."""
    original = fate.transaction.amount
    inside = habits.fees is Fees.INSIDE and fate.kind is not Kind.REJECT
    charges = habits.return_fee + habits.interest if inside else Money.zero(original.currency)
    return replace(
        _about(fate, _return_code(fate), -(original + charges), booked_back_on(fate)),
        return_reason=fate.reason,
        returned_by_debtor=fate.by_debtor,
        original=original,
        charges=charges or None,
    )


def _returns_lump(scheme: object, members: Sequence[Entry]) -> Entry:
    return Entry(
        amount=total((entry.amount for entry in members), CURRENCY),
        booked_on=members[0].booked_on,
        valued_on=members[0].valued_on,
        code=_RETURNS_LUMP[Scheme(str(scheme))],
        batch=Batch(count=len(members)),
        parts=tuple(members),
        itemised=True,
        account=members[0].account,
    )


def _beside(fate: Fate, habits: Habits) -> Iterator[Entry]:
    """A return's own booking of its fee and of the interest, each named after the collection."""
    for amount, code, text in (
        (habits.return_fee, codes.RETURN_FEE, "Entgelt Rücklastschrift"),
        (habits.interest, codes.RETURN_INTEREST, "Zinsausgleich Rücklastschrift"),
    ):
        if amount:
            on = booked_back_on(fate)
            yield Entry(
                amount=-amount, booked_on=on, valued_on=on, code=code, remittance=text,
                end_to_end_id=fate.transaction.end_to_end_id, mandate_id=fate.transaction.mandate_id,
                account=fate.block.creditor.iban,
            )  # fmt: skip


def _daily(charged: Iterable[Fate], habits: Habits) -> Iterator[Entry]:
    days: dict[tuple[date, str], int] = defaultdict(int)
    for fate in charged:
        days[booked_back_on(fate), fate.block.creditor.iban] += 1
    each = habits.return_fee + habits.interest
    for (on, iban), count in days.items():
        if each:
            yield Entry(
                amount=Money(-each.minor * count, each.currency), booked_on=on, valued_on=on,
                code=codes.RETURN_FEE, account=iban,
                remittance=f"Entgelte für {count} Rücklastschriften vom {on:%d.%m.%Y}",
            )  # fmt: skip


def _return_code(fate: Fate) -> codes.TransactionCode:
    code = _RETURN[fate.block.scheme]
    key = _GERMAN_RETURN_KEYS.get(fate.reason or "")
    return code if key is None else replace(code, national=f"{code.national}++{key}")


def _about(fate: Fate, code: codes.TransactionCode, amount: Money, on: date) -> Entry:
    """An entry with everything that the collection itself says."""
    transaction, debtor = fate.transaction, fate.transaction.debtor
    return Entry(
        amount=amount,
        booked_on=on,
        valued_on=on,
        code=code,
        counterparty=Party(name=debtor.name, iban=debtor.iban, bic=debtor.bic),
        remittance=transaction.remittance,
        creditor_reference=transaction.creditor_reference,
        end_to_end_id=transaction.end_to_end_id,
        mandate_id=transaction.mandate_id,
        creditor_id=fate.block.creditor_id,
        account=fate.block.creditor.iban,
    )
