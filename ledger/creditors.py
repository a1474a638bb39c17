"""Creditors, our own companies, and the bank accounts they are paid on."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import audit
from ledger.acts import Act
from ledger.banking import Bic, CreditorIdentifier, Iban, is_sepa_country
from ledger.database import violated
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.models import BankAccount, Creditor
from ledger.money import checked_currency


class CreditorNotFound(NotFound):
    """There is no such creditor."""


class BankAccountNotFound(NotFound):
    """There is no such bank account."""


class AlreadyKnown(Conflict):
    """A creditor with this identifier, or a bank account with this number, is already there."""


class UnknownCountry(Rejected):
    """A creditor lives in a country of the SEPA area."""


def create(
    session: Session,
    *,
    name: str,
    country: str,
    creditor_identifier: str | None = None,
    street: str | None = None,
    postcode: str | None = None,
    town: str | None = None,
    act: Act,
) -> Creditor:
    """A new creditor. Raises InvalidCreditorIdentifier, UnknownCountry or AlreadyKnown."""
    if not is_sepa_country(country):
        raise UnknownCountry(f"{country[:2]!r} is no country of the SEPA area.", field="country")
    identifier = CreditorIdentifier.parse(creditor_identifier).compact if creditor_identifier else None
    creditor = Creditor(
        id=new_id("crd"), name=name, creditor_identifier=identifier, country=country,
        street=street, postcode=postcode, town=town, currency="EUR", created_at=act.at,
    )  # fmt: skip
    session.add(creditor)
    _flush_or_known(session)
    audit.record(session, "creditor.created", creditor.id, act=act)
    return creditor


def get(session: Session, creditor_id: str) -> Creditor:
    """Raises CreditorNotFound."""
    found = session.get(Creditor, creditor_id)
    if found is None:
        raise CreditorNotFound(f"There is no creditor {creditor_id[:40]}.", field="creditor_id")
    return found


def only_one(session: Session, creditor_id: str | None = None) -> Creditor:
    """The creditor named, or the only one there is. Raises CreditorNotFound when that is not clear."""
    if creditor_id is not None:
        return get(session, creditor_id)
    some = session.scalars(select(Creditor).order_by(Creditor.id).limit(2)).all()
    if len(some) != 1:
        raise CreditorNotFound(
            "Name the creditor: there is none yet." if not some else "Name the creditor: there are several.",
            field="creditor_id",
        )
    return some[0]


def open_bank_account(
    session: Session,
    *,
    creditor_id: str,
    name: str,
    iban: str | None = None,
    other_number: str | None = None,
    bic: str | None = None,
    currency: str = "EUR",
    batch_booking: bool = True,
    act: Act,
) -> BankAccount:
    """A new bank account of a creditor, by IBAN or, where it has none, by its bank's own number.

    Raises CreditorNotFound, InvalidIban, InvalidBic, UnknownCurrency or AlreadyKnown.
    """
    get(session, creditor_id)
    if not iban and not other_number:
        raise Rejected("A bank account needs an IBAN or another number.", field="iban")
    account = BankAccount(
        id=new_id("bac"), creditor_id=creditor_id, name=name,
        iban=Iban.parse(iban).compact if iban else None, other_number=other_number,
        bic=Bic.parse(bic).compact if bic else None,
        currency=checked_currency(currency), batch_booking=batch_booking, created_at=act.at,
    )  # fmt: skip
    session.add(account)
    _flush_or_known(session)
    audit.record(session, "bank_account.created", account.id, act=act, creditor=creditor_id)
    return account


def get_bank_account(session: Session, bank_account_id: str) -> BankAccount:
    """Raises BankAccountNotFound."""
    found = session.get(BankAccount, bank_account_id)
    if found is None:
        raise BankAccountNotFound(
            f"There is no bank account {bank_account_id[:40]}.", field="bank_account_id"
        )
    return found


def find_bank_account(
    session: Session, *, iban: str | None, other_number: str | None, currency: str | None
) -> BankAccount | None:
    """The account a statement is about; by number, and by currency where one number has several."""
    number = iban or other_number
    if number is None:
        return None
    found = session.scalars(
        select(BankAccount)
        .where(or_(BankAccount.iban == number, BankAccount.other_number == number))
        .order_by(BankAccount.id)
    ).all()
    if currency is not None:
        found = [account for account in found if account.currency == currency]
    return found[0] if len(found) == 1 else None


def collection_account(session: Session, creditor_id: str, bank_account_id: str | None = None) -> BankAccount:
    """The account named, or the creditor's first in EUR with an IBAN. Raises BankAccountNotFound."""
    if bank_account_id is not None:
        account = get_bank_account(session, bank_account_id)
        if account.creditor_id == creditor_id:
            return account
        raise BankAccountNotFound(
            "This bank account belongs to another creditor.", field="bank_account_id"
        )
    first = session.scalars(
        select(BankAccount)
        .where(
            BankAccount.creditor_id == creditor_id,
            BankAccount.currency == "EUR",
            BankAccount.iban.is_not(None),
        )
        .order_by(BankAccount.id)
        .limit(1)
    ).first()
    if first is None:
        raise BankAccountNotFound(
            "The creditor has no EUR account with an IBAN to collect into.", field="bank_account_id"
        )
    return first


def _flush_or_known(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        constraint = violated(error)
        if not constraint.startswith("uq_"):
            raise
        field = constraint.removeprefix("uq_creditors_").removeprefix("uq_bank_accounts_")
        raise AlreadyKnown("This is already there.", field=field.split("_currency")[0]) from error
