"""Transfers between bank accounts of one creditor: both legs are matched at once, each naming the other's line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import other_money
from ledger.acts import Act
from ledger.database import among
from ledger.models import BankAccount, Creditor
from ledger.other_money import OtherMoney
from ledger.party_names import name_key, same
from reconciliation import booking_codes, in_books, own_accounts
from reconciliation.automatic import AUTOMATIC
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting
from reconciliation.own_pairs import DAYS_APART, Leg, pair

RULE = "own_transfer"
MOST_STEPS = 100  # from leg to leg, while more of the same amount turn up; beyond them nothing is clear
_WAITS = StatementLine.state.in_((LineState.NEW, LineState.UNEXPLAINED, LineState.PROPOSED))
_NO_NAMES = frozenset(
    {"NOTPROVIDED", "NOT PROVIDED", "NOREF", "NONREF"}
)  # EPC rule books and SWIFT: none was given

NOT_YET = "It is a transfer to or from our account {name}. The other leg has not come yet."
UNCLEAR = "It is a transfer to or from our account {name}, and several other legs fit equally well."
IN_WORK = "It is a transfer to or from our account {name}. The other leg is just being looked at."
OTHER_CREDITOR = (
    "It went to account {name} of another creditor of ours, so it is no transfer between own accounts."
)


@dataclass(frozen=True, slots=True)
class _Account:
    """A bank account of ours, and the key of the name that its transfers carry."""

    id: str
    creditor_id: str
    name: str
    currency: str
    iban: str | None
    number: str | None
    holder: str

    def is_named(self, number: str) -> bool:
        if number in (self.iban, self.number):
            return True
        return self.iban is not None and own_accounts.holds(self.iban, number)


class _Accounts:
    """Every bank account of ours, found by its number in whatever way a bank writes it."""

    def __init__(self, accounts: Iterable[_Account]) -> None:
        self.by_id = {account.id: account for account in accounts}
        self._named: dict[str, tuple[_Account, ...]] = {}

    def named(self, line: StatementLine) -> tuple[_Account, ...]:
        """The accounts of ours that a line names as its counterparty's, but for its own."""
        number = "".join((line.counterparty_account or "").split()).upper()
        if not number:
            return ()
        if number not in self._named:
            self._named[number] = tuple(one for one in self.by_id.values() if one.is_named(number))
        return tuple(one for one in self._named[number] if one.id != line.bank_account_id)

    def beside(self, line: StatementLine) -> frozenset[str]:
        """The other accounts of the line's creditor in its currency."""
        own = self.by_id[line.bank_account_id]
        return frozenset(
            one.id
            for one in self.by_id.values()
            if one.id != own.id and (one.creditor_id, one.currency) == (own.creditor_id, line.currency)
        )

    def leg(self, line: StatementLine) -> Leg | None:
        """The line as a leg of a transfer; None where it can be none."""
        if line.held_at is not None or line.takes_back or line.details or line.batch_payment_information_id:
            return None
        named = frozenset(one.id for one in self.named(line)) & self.beside(line)
        if not named and (line.counterparty_account or not self._is_silent(line)):
            return None
        end_to_end_id = line.end_to_end_id or ""
        return Leg(
            line_id=line.id, account_id=line.bank_account_id, names=named, amount_minor=line.amount_minor,
            currency=line.currency, booked_on=line.booked_on,
            end_to_end_id="" if end_to_end_id.upper() in _NO_NAMES else end_to_end_id,
            text="".join((line.remittance or "").casefold().split()),
        )  # fmt: skip

    def _is_silent(self, line: StatementLine) -> bool:
        """Whether a line without an account can be the other leg: it names nobody but us, and is no other business."""
        holder = self.by_id[line.bank_account_id].holder
        return (
            (not line.counterparty_name or same(name_key(line.counterparty_name), holder))
            and not line.batch_message_id
            and booking_codes.taken(line.transaction_code) is None
            and not booking_codes.is_debit_credit(line.transaction_code)
        )


def explain(
    session: Session, lines: Sequence[StatementLine], creditor_of: Mapping[str, str], *, act: Act
) -> dict[str, Outcome]:
    """Match transfers between own accounts; gives an outcome for each line that names an account of ours.

    The other leg may be none of `lines`. It is then locked, and its outcome is among those given. Only lines that
    name an account of ours are begun with: each transfer has one.
    """
    accounts = _accounts(session)
    if len(accounts.by_id) < 2:
        return {}
    naming = [line for line in in_books.only(session, lines) if line.held_at is None and not line.takes_back]
    naming = [line for line in naming if accounts.named(line)]
    begun = {line.id: line for line in naming if accounts.leg(line) is not None}
    known = _gather(session, begun, accounts)
    pairing = pair(leg for line in known.values() if (leg := accounts.leg(line)) is not None)
    wanted = [two for two in pairing.pairs if begun.keys() & {leg.line_id for leg in two}]
    held = _lock(session, wanted, {line.id for line in lines})
    outcomes: dict[str, Outcome] = {
        line.id: waits for line in naming if (waits := _waiting(line, accounts, pairing.unclear)) is not None
    }
    found: list[OtherMoney] = []
    for out, back in wanted:
        for leg, other in ((out, back), (back, out)):
            if {out.line_id, back.line_id} <= held:
                outcomes[leg.line_id] = _explained(leg, other, accounts)
                found.append(_money(leg, accounts))
            elif leg.line_id in begun:
                outcomes[leg.line_id] = Waiting(
                    IN_WORK.format(name=_quoted(accounts.by_id[other.account_id])), follows=True
                )
    other_money.book(session, found, act=act)
    return outcomes


def _accounts(session: Session) -> _Accounts:
    rows = session.execute(
        select(BankAccount, Creditor.name).join(Creditor, Creditor.id == BankAccount.creditor_id)
    )
    return _Accounts(
        _Account(
            one.id, one.creditor_id, one.name, one.currency, one.iban, one.other_number, name_key(holder)
        )
        for one, holder in rows
    )


def _gather(
    session: Session, begun: Mapping[str, StatementLine], accounts: _Accounts
) -> dict[str, StatementLine]:
    """The lines that may be legs of one transfer with these, and with those again, until no more turn up.

    They are asked for by account, day and amount, which is one index; a line that is in `begun` is not read anew.
    """
    known, frontier = dict(begun), list(begun.values())
    for _ in range(MOST_STEPS):
        rows = [key for line in frontier for key in _probes(line, accounts)]
        if not rows:
            break
        places, days, amounts = zip(*sorted(set(rows)), strict=True)
        ids = session.scalars(
            _NEAR, {"accounts": list(places), "days": list(days), "amounts": list(amounts)}
        ).all()
        new = session.scalars(
            select(StatementLine).where(among(StatementLine.id, set(ids) - known.keys()), *AUTOMATIC)
        ).all()
        frontier = [line for line in in_books.only(session, new) if accounts.leg(line) is not None]
        known |= {line.id: line for line in frontier}
    else:
        return {}
    return known


_NEAR = text(
    "SELECT lines.id FROM unnest(CAST(:accounts AS text[]), CAST(:days AS date[]), CAST(:amounts AS bigint[])) "
    "AS near (account, day, amount) JOIN statement_lines AS lines ON lines.bank_account_id = near.account "
    "AND lines.booked_on = near.day AND lines.amount_minor = near.amount "
    "WHERE lines.state IN ('new', 'unexplained', 'proposed') AND lines.held_at IS NULL"
)


def _probes(line: StatementLine, accounts: _Accounts) -> list[tuple[str, object, int]]:
    """Account, day and amount of everything that could be the other leg of a line."""
    leg = accounts.leg(line)
    if leg is None:
        return []
    places = leg.names or accounts.beside(line)
    days = [line.booked_on + timedelta(days=days) for days in range(-DAYS_APART, DAYS_APART + 1)]
    return [(place, day, -line.amount_minor) for place in places for day in days]


def _lock(session: Session, pairs: Sequence[tuple[Leg, Leg]], locked: set[str]) -> set[str]:
    """The legs that are locked and still wait: those of `locked`, and others that are locked here.

    Who holds the earlier line of a pair waits for whoever holds the later one, and never the other way round, so no
    two workers wait for each other.
    """
    held = {leg.line_id for two in pairs for leg in two} & locked
    for two in pairs:
        ids = sorted(leg.line_id for leg in two if leg.line_id not in locked)
        for line_id in ids:
            earlier = line_id < min(leg.line_id for leg in two if leg.line_id != line_id)
            query = (
                select(StatementLine)
                .where(StatementLine.id == line_id, _WAITS, StatementLine.held_at.is_(None))
                .with_for_update(skip_locked=earlier)
                .execution_options(populate_existing=True)
            )
            if session.scalars(query).first() is not None:
                held.add(line_id)
    return held


def _waiting(line: StatementLine, accounts: _Accounts, unclear: frozenset[str]) -> Waiting | None:
    """Why a line that names an account of ours waits; None where it may be something else as well.

    Money from another creditor of ours may pay an invoice.
    """
    own = accounts.by_id[line.bank_account_id]
    ours = [one for one in accounts.named(line) if one.creditor_id == own.creditor_id]
    if not ours:
        if line.amount_minor > 0:
            return None
        return Waiting(OTHER_CREDITOR.format(name=_quoted(accounts.named(line)[0])))
    sentence = UNCLEAR if line.id in unclear else NOT_YET
    return Waiting(sentence.format(name=_quoted(ours[0])), follows=True)


def _explained(leg: Leg, other: Leg, accounts: _Accounts) -> Explained:
    evidence = [
        f"The other leg was booked on {other.booked_on.isoformat()} on our account "
        f"{_quoted(accounts.by_id[other.account_id])}.",
        "It is the same amount with the opposite sign.",
        "Each leg names the account of the other one."
        if leg.names and other.names
        else "One leg names the account of the other one, and none names a third.",
    ]
    if leg.end_to_end_id and leg.end_to_end_id == other.end_to_end_id:
        evidence.append("Both carry the same EndToEndId.")
    return Explained(
        rule=RULE, state=LineState.MATCHED, evidence=tuple(evidence),
        parts=(Part(PartKind.TRANSFER, leg.amount_minor, other.line_id),),
    )  # fmt: skip


def _money(leg: Leg, accounts: _Accounts) -> OtherMoney:
    return OtherMoney(
        kind=PartKind.TRANSFER, creditor_id=accounts.by_id[leg.account_id].creditor_id, currency=leg.currency,
        amount_minor=leg.amount_minor, object_id=leg.line_id, on=leg.booked_on,
    )  # fmt: skip


def _quoted(account: _Account) -> str:
    return f'"{account.name}"'
