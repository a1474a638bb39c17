"""Which of our bank accounts a statement is about, in whatever way its bank writes the number."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import creditors
from ledger.acts import Act
from ledger.banking import Iban, InvalidIban
from ledger.errors import Rejected
from ledger.models import BankAccount
from reconciliation import booking
from reconciliation.statement import Account, Header

_ACCOUNT_NUMBER = ((0, "account number", 64),)
_SHORTEST_NUMBER = 7  # digits of a national number that can be told apart within the end of an IBAN
_LONGEST_NUMBER = 10
_PARTS = re.compile(r"[0-9A-Z]+")


class UnknownAccount(Rejected):
    """The statement is about an account that is not among our bank accounts."""


class AccountNotNamed(UnknownAccount):
    """The file does not say which account it is about, so whoever brings it has to."""


class WrongAccount(Rejected):
    """The file is about another account than the one it was brought for."""


def resolve(
    session: Session, header: Header, *, chosen: BankAccount | None, open_for: str | None, act: Act
) -> BankAccount:
    """The bank account of a statement: the one it names, else the one `chosen` by whoever brings it.

    With `open_for` (a creditor's id) an account that nobody knows is opened for that creditor. Raises
    UnknownAccount, AccountNotNamed, WrongAccount or TooLong.
    """
    named = header.account.iban or header.account.other
    if named is None:
        return _require_chosen(chosen)
    found = find(session, header)
    if chosen is not None:
        _require_same(chosen, found, header.account)
        return chosen
    if found is not None:
        return found
    if open_for is None:
        raise UnknownAccount(
            "The statement is about an account that is not among the bank accounts. "
            "Add the account first, name the one that is meant, or let the import open it."
        )
    return _open(session, header, open_for, act)


def find(session: Session, header: Header) -> BankAccount | None:
    """The account with the number that the statement names, or with the IBAN that holds it."""
    account = header.account
    found = creditors.find_bank_account(
        session, iban=account.iban, other_number=account.other, currency=header.currency
    )
    number = account.other or account.iban
    if found is not None or number is None or is_iban(number):
        return found
    held = [
        one
        for one in session.scalars(select(BankAccount).where(BankAccount.iban.is_not(None)))
        if one.iban is not None and holds(one.iban, number)
        and header.currency in (None, one.currency)
    ]  # fmt: skip
    return held[0] if len(held) == 1 else None


def holds(iban: str, number: str) -> bool:
    """Whether a national number is that of an IBAN: bank code and account ("37040044/532013000"), or the account.

    The account number stands at the end of the IBAN, filled up with zeros (ISO 13616 registry).
    """
    bban, parts = iban[4:], _PARTS.findall(number.upper())
    if not parts or len(parts) > 2:
        return False
    account = parts[-1].lstrip("0")
    if len(parts) == 1 and not (parts[0].isdigit() and _SHORTEST_NUMBER <= len(account) <= _LONGEST_NUMBER):
        return len(parts[0]) > _LONGEST_NUMBER and parts[0] == bban
    bank = parts[0] if len(parts) == 2 else ""
    return (
        bban.startswith(bank)
        and bool(account)
        and bban[len(bank) :][-_LONGEST_NUMBER:].lstrip("0") == account
    )


def is_iban(number: str) -> bool:
    try:
        Iban.parse(number)
    except InvalidIban:
        return False
    return True


def _require_chosen(chosen: BankAccount | None) -> BankAccount:
    if chosen is None:
        raise AccountNotNamed(
            "The file does not say which account it is about. Name the bank account when you bring it.",
            field="bank_account_id",
        )
    return chosen


def require_one(names: set[str], header: Header) -> None:
    """Raises WrongAccount where a file that was brought for one account tells of another number, too."""
    names |= {name for name in (header.account.iban or header.account.other,) if name is not None}
    if len(names) > 1:
        raise WrongAccount(
            "The file is about several accounts: bring it without naming one.", field="bank_account_id"
        )


def _require_same(chosen: BankAccount, found: BankAccount | None, account: Account) -> None:
    """A bank's own number may be unknown; an account that is surely another one is refused."""
    is_other = found is not None and found.id != chosen.id
    number = account.iban or account.other or ""
    if is_other or (found is None and chosen.iban is not None and is_iban(number)):
        raise WrongAccount(
            "The file is about another account than the one it was brought for.", field="bank_account_id"
        )


def _open(session: Session, header: Header, creditor_id: str, act: Act) -> BankAccount:
    account = header.account
    if header.currency is None:
        raise UnknownAccount("The statement does not say the currency of its account; add the account first.")
    number = account.iban or account.other
    booking.require_short((number,), _ACCOUNT_NUMBER, "The statement")
    session.execute(select(booking.exclusive("accounts")))
    iban = Iban.parse(account.iban).compact if account.iban and is_iban(account.iban) else None
    return find(session, header) or creditors.open_bank_account(
        session, creditor_id=creditor_id, name="opened by a statement", iban=iban,
        other_number=None if iban else number, currency=header.currency, act=act,
    )  # fmt: skip
