"""Creditors, our own companies, and the bank accounts they are paid on."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import audit
from ledger.acts import Act
from ledger.banking import Bic, CreditorIdentifier, Iban, is_sepa_country
from ledger.collecting_accounts import Collecting, sound
from ledger.database import violated
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.models import BankAccount, Creditor
from ledger.money import checked_currency
from ledger.texts import check_optional, checked_text


class CreditorNotFound(NotFound):
    """There is no such creditor."""


class BankAccountNotFound(NotFound):
    """There is no such bank account."""


class AlreadyKnown(Conflict):
    """A creditor with this identifier, or a bank account with this number, is already there."""


class NoCollectionAccount(Rejected):
    """Direct debits are credited to an account in EUR that has an IBAN."""


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
    """A new creditor.

    Raises UnreadableText, InvalidCreditorIdentifier, UnknownCountry or AlreadyKnown; nothing is changed then.
    """
    checked_text(name, field="name", longest=70)
    check_optional(
        {"street": street, "postcode": postcode, "town": town}, {"street": 70, "postcode": 16, "town": 35}
    )
    if not is_sepa_country(country):
        raise UnknownCountry("A creditor lives in a country of the SEPA area.", field="country")
    identifier = (
        CreditorIdentifier.parse(creditor_identifier).compact if creditor_identifier is not None else None
    )
    creditor = Creditor(
        id=new_id("crd"), name=name, creditor_identifier=identifier, country=country,
        street=street, postcode=postcode, town=town, currency="EUR", created_at=act.at,
    )  # fmt: skip
    _add(session, creditor)
    audit.record(session, "creditor.created", creditor.id, act=act)
    return creditor


def change(
    session: Session,
    creditor_id: str,
    *,
    name: str | None = None,
    creditor_identifier: str | None = None,
    reason: str,
    act: Act,
) -> Creditor:
    """Give a creditor another name or creditor identifier; None stays as it is.

    Debtors' banks are told by the next collection on each mandate they know already (mandates.amending). Raises
    CreditorNotFound, UnreadableText, InvalidCreditorIdentifier or AlreadyKnown; nothing is changed then.
    """
    creditor = get(session, creditor_id)
    checked_text(reason, field="reason", longest=200)
    changed = []
    with session.begin_nested():
        if name is not None and name != creditor.name:
            creditor.name = checked_text(name, field="name", longest=70)
            changed.append("name")
        if creditor_identifier is not None:
            compact = CreditorIdentifier.parse(creditor_identifier).compact
            if compact != creditor.creditor_identifier:
                creditor.creditor_identifier = compact
                changed.append("creditor_identifier")
        creditor.version += 1 if changed else 0
        _add(session, creditor)
    if changed:
        audit.record(session, "creditor.changed", creditor_id, act=act, why=reason, changed=changed)
    return creditor


def get(session: Session, creditor_id: str) -> Creditor:
    """Raises CreditorNotFound."""
    found = session.get(Creditor, creditor_id)
    if found is None:
        raise CreditorNotFound(f"There is no creditor {creditor_id[:40]}.", field="creditor_id")
    return found


def lock(session: Session, creditor_id: str) -> Creditor:
    """The creditor, as it is now, locked against other changes until the transaction ends. Raises CreditorNotFound."""
    get(session, creditor_id)
    return session.scalars(
        select(Creditor)
        .where(Creditor.id == creditor_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


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
    collecting: Collecting | None = None,
    act: Act,
) -> BankAccount:
    """A new bank account of a creditor, by IBAN or, where it has none, by its bank's own number.

    Raises CreditorNotFound, UnreadableText, InvalidIban, InvalidBic, UnknownCurrency, CollectingRejected or
    AlreadyKnown; nothing is changed then.
    """
    get(session, creditor_id)
    checked_text(name, field="name", longest=70)
    check_optional({"other_number": other_number}, {"other_number": 64})
    if iban is None and other_number is None:
        raise Rejected("A bank account needs an IBAN or another number.", field="iban")
    account = BankAccount(
        id=new_id("bac"), creditor_id=creditor_id, name=name,
        iban=Iban.parse(iban).compact if iban is not None else None, other_number=other_number,
        bic=Bic.parse(bic).compact if bic is not None else None,
        currency=checked_currency(currency), batch_booking=batch_booking, created_at=act.at,
        **asdict(sound(collecting or Collecting())),
    )  # fmt: skip
    _add(session, account)
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
    """The account named, or the creditor's first in EUR with an IBAN.

    Raises BankAccountNotFound, or NoCollectionAccount when the one named cannot be credited with direct debits.
    """
    if bank_account_id is not None:
        return _require_collecting(get_bank_account(session, bank_account_id), creditor_id)
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


def _require_collecting(account: BankAccount, creditor_id: str) -> BankAccount:
    if account.creditor_id != creditor_id:
        raise BankAccountNotFound("This bank account belongs to another creditor.", field="bank_account_id")
    if account.currency != "EUR" or account.iban is None:
        raise NoCollectionAccount(
            "Direct debits are credited to an account in EUR that has an IBAN.", field="bank_account_id"
        )
    return account


# What a unique constraint says about the input: the field at fault, and the sentence.
_KNOWN = {
    "uq_creditors_creditor_identifier": (
        "creditor_identifier", "A creditor with this creditor identifier is already there.",
    ),
    "uq_bank_accounts_iban_currency": ("iban", "A bank account with this IBAN and currency is already there."),
    "uq_bank_accounts_other_number_currency": (
        "other_number", "A bank account with this number and currency is already there.",
    ),
}  # fmt: skip


def _add(session: Session, thing: Creditor | BankAccount) -> None:
    try:
        with session.begin_nested():
            session.add(thing)
    except IntegrityError as error:
        known = _KNOWN.get(violated(error))
        if known is None:
            raise
        field, message = known
        raise AlreadyKnown(message, field=field) from error
