"""Mandates from their signature to their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import creditors, customers, outbox, states
from ledger.acts import Act
from ledger.banking import Bic, CreditorIdentifier, Iban, is_eea_country, is_sepa_country
from ledger.database import violated
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.models import Creditor, Customer
from ledger.sepa_text import is_sepa_reference
from mandates.models import Mandate, MandateType, Scheme
from mandates.states import MANDATE, MandateState

LONGEST_NAME = 70  # EPC130-08: names have at most 70 characters


class MandateNotFound(NotFound):
    """There is no such mandate."""


class ReferenceTaken(Conflict):
    """The creditor already has a mandate with this reference."""


class MandateRejected(Rejected):
    """The mandate is wrong in itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMandate:
    """A mandate that the customer has signed. Without a `reference` one is made from the mandate's id.

    Without a `debtor_name` the customer's is taken, cut at the 70 characters that SEPA allows.
    `confirmed_by_bank` matters to B2B only: the debtor's bank must know the mandate before the first debit.
    The `original` facts are those of a mandate that another creditor, or we ourselves elsewhere, used before: as the
    debtor's bank knows it. What differs goes into the first file as an amendment (EPC130-08, AmdmntInfDtls).
    """

    creditor_id: str
    customer_id: str
    iban: str
    signed_on: date
    scheme: Scheme = Scheme.CORE
    type: MandateType = MandateType.RECURRENT
    reference: str | None = None
    debtor_name: str | None = None
    bic: str | None = None
    signed_at_place: str | None = None
    confirmed_by_bank: bool = False
    original_reference: str | None = None
    original_creditor_identifier: str | None = None
    original_creditor_name: str | None = None
    original_iban: str | None = None

    @property
    def was_used_before(self) -> bool:
        """Whether a debtor's bank knows the mandate with other facts than ours."""
        known = (
            self.original_reference, self.original_creditor_identifier, self.original_creditor_name,
            self.original_iban,
        )  # fmt: skip
        return any(fact is not None for fact in known)


def record_signed(session: Session, facts: SignedMandate, *, act: Act) -> Mandate:
    """A mandate that was signed elsewhere: active at once, or waiting for the customer's bank (EPC222-07).

    Raises CreditorNotFound, CustomerNotFound, InvalidIban, InvalidBic, MandateRejected naming the field, or
    ReferenceTaken.
    """
    creditor = creditors.get(session, facts.creditor_id)
    customer = customers.get(session, facts.customer_id)
    if creditor.creditor_identifier is None:
        raise MandateRejected("The creditor has no creditor identifier.", field="creditor_id")
    mandate = _draft(facts, customer, act)
    _presented(facts, creditor, mandate)
    session.add(mandate)
    try:
        session.flush()
    except IntegrityError as error:
        if violated(error) != "uq_mandates_creditor_id_reference":
            raise
        raise ReferenceTaken(
            "The creditor already has a mandate with this reference.", field="reference"
        ) from error
    states.born(session, [mandate.id], MandateState.SIGNED, noun="mandate", act=act)
    outbox.emit(session, _event(mandate, "mandate.signed", act))
    if facts.scheme == Scheme.B2B and not facts.confirmed_by_bank:
        states.move(session, MANDATE, [mandate.id], MandateState.PENDING_BANK, act=act)
        return mandate
    return activate(session, mandate.id, act=act)


def activate(session: Session, mandate_id: str, *, act: Act) -> Mandate:
    """Debits may be drawn from now on; for B2B because the customer's bank confirmed.

    A mandate that was active before is none of this: a used or resting one does not become new by being activated.
    Raises MandateNotFound or IllegalMove.
    """
    mandate = get(session, mandate_id)
    if mandate.state in (MandateState.CONSUMED, MandateState.SUSPENDED):
        raise states.IllegalMove(f"Mandate {mandate_id} is {mandate.state} and cannot be activated.")
    states.move(session, MANDATE, [mandate_id], MandateState.ACTIVE, act=act)
    outbox.emit(session, _event(mandate, "mandate.activated", act))
    return mandate


def cancel(session: Session, mandate_id: str, *, reason: str, act: Act) -> Mandate:
    """End a mandate for good; nothing can be drawn on it any more.

    What is scheduled on it already is left to `mandates.cancelling`. Raises MandateNotFound or IllegalMove.
    """
    mandate = get(session, mandate_id)
    states.move(session, MANDATE, [mandate_id], MandateState.CANCELLED, act=act, reason=reason)
    outbox.emit(session, _event(mandate, "mandate.cancelled", act))
    return mandate


def get(session: Session, mandate_id: str) -> Mandate:
    """Raises MandateNotFound."""
    found = session.get(Mandate, mandate_id)
    if found is None:
        raise MandateNotFound(f"There is no mandate {mandate_id[:40]}.", field="mandate_id")
    return found


def active_for(session: Session, *, creditor_id: str, customer_id: str) -> Mandate | None:
    """The customer's newest active mandate with this creditor, a one-off one only if there is no other."""
    return session.scalars(
        select(Mandate)
        .where(
            Mandate.creditor_id == creditor_id,
            Mandate.customer_id == customer_id,
            Mandate.state == MandateState.ACTIVE,
        )
        .order_by(Mandate.type.desc(), Mandate.id.desc())
        .limit(1)
    ).first()


def _draft(facts: SignedMandate, customer: Customer, act: Act) -> Mandate:
    mandate_id = new_id("mnd")
    iban = Iban.parse(facts.iban)
    _require_sound(facts, customer, iban, act.today)
    return Mandate(
        id=mandate_id,
        creditor_id=facts.creditor_id,
        customer_id=facts.customer_id,
        reference=facts.reference or f"M{mandate_id.removeprefix('mnd_').upper()}",
        scheme=facts.scheme,
        type=facts.type,
        state=MandateState.SIGNED,
        debtor_name=facts.debtor_name or customer.name[:LONGEST_NAME].rstrip(),
        iban=iban.compact,
        bic=Bic.parse(facts.bic).compact if facts.bic else None,
        debtor_country=customer.country,
        debtor_street=customer.street,
        debtor_postcode=customer.postcode,
        debtor_town=customer.town,
        signed_on=facts.signed_on,
        signed_at_place=facts.signed_at_place,
        created_at=act.at,
    )


def require_account(iban: Iban, customer: Customer) -> None:
    """Raises MandateRejected for an account that SEPA cannot debit, or only with an address that is not known."""
    if not is_sepa_country(iban.country):
        raise MandateRejected("The account is outside the SEPA area and cannot be debited.", field="iban")
    if not is_eea_country(iban.country) and not (customer.town and customer.country):
        # EPC rulebooks: the creditor must supply the address of a debtor with a bank outside the EEA.
        raise MandateRejected(
            "The account is outside the EEA, so the customer's address (town and country) is needed.",
            field="customer_id",
        )


def require_reference(reference: str, field: str = "reference") -> None:
    """Raises MandateRejected for what is no reference of SEPA (EPC230-15)."""
    if not is_sepa_reference(reference):
        raise MandateRejected(
            "A mandate reference has 1 to 35 of the letters, digits and marks that SEPA knows.", field=field
        )


def _require_sound(facts: SignedMandate, customer: Customer, iban: Iban, today: date) -> None:
    require_account(iban, customer)
    if facts.signed_on > today:
        raise MandateRejected("A mandate is not signed in the future.", field="signed_on")
    if facts.reference is not None:
        require_reference(facts.reference)
    if facts.original_reference is not None:
        require_reference(facts.original_reference, "original_reference")
    _require_short(facts.debtor_name, "debtor_name")
    _require_short(facts.original_creditor_name, "original_creditor_name")
    _require_short(facts.signed_at_place, "signed_at_place")


def _presented(facts: SignedMandate, creditor: Creditor, mandate: Mandate) -> None:
    """What the debtor's bank knows of a mandate that was used before we had it; nothing of a new one."""
    if not facts.was_used_before:
        return
    identifier, old_iban = facts.original_creditor_identifier, facts.original_iban
    mandate.presented_reference = facts.original_reference or mandate.reference
    mandate.presented_creditor_name = facts.original_creditor_name or creditor.name
    mandate.presented_creditor_identifier = (
        creditor.creditor_identifier if identifier is None else CreditorIdentifier.parse(identifier).compact
    )
    mandate.presented_iban = (
        mandate.iban if old_iban is None else Iban.parse(old_iban, field="original_iban").compact
    )


def _require_short(said: str | None, field: str) -> None:
    if said is not None and not (said.strip() and len(said) <= LONGEST_NAME):
        raise MandateRejected(f"This has 1 to {LONGEST_NAME} characters, not only blanks.", field=field)


def _event(mandate: Mandate, kind: str, act: Act) -> outbox.NewEvent:
    data = {"customer_id": mandate.customer_id, "reference": mandate.reference, "scheme": mandate.scheme}
    return outbox.NewEvent(type=kind, object_id=mandate.id, act=act, data=data)
