"""Changes of a mandate after its signature, and what of them the debtor's bank still has to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import audit, outbox, states
from ledger.acts import Act
from ledger.banking import Bic, Iban
from ledger.database import expire_rows, violated
from ledger.identifiers import new_id
from ledger.models import Customer
from ledger.texts import checked_text
from mandates import lifecycle
from mandates.lifecycle import MandateRejected, ReferenceTaken
from mandates.models import Debit, Mandate, MandateAmendment, Scheme
from mandates.states import MandateState

# While a customer's bank has not confirmed a business mandate, the paper can still be replaced by another one.
_AMENDABLE = (MandateState.ACTIVE, MandateState.SUSPENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What becomes different; None stays as it is. With another IBAN the BIC is the one given, or none.

    `confirmed_by_bank` matters to B2B only: the debtor's bank must know the new account before the next debit.
    """

    reference: str | None = None
    iban: str | None = None
    bic: str | None = None
    debtor_name: str | None = None
    confirmed_by_bank: bool = False


def amend(session: Session, mandate_id: str, changes: Changes, *, reason: str, act: Act) -> Mandate:
    """Change a mandate as the customer asked; the next file tells the debtor's bank (EPC016-06, section 4.6).

    A new signature is not needed by the scheme; the evidence of the customer's instruction is `reason`. The debtor's
    address is taken from the customer again. A batch that was drafted before can no longer be released. Raises
    MandateNotFound, InvalidIban, InvalidBic, MandateRejected naming the field, ReferenceTaken, or IllegalMove for a
    mandate that is neither active nor suspended.
    """
    mandate = _lock(session, mandate_id)
    if mandate.state not in _AMENDABLE:
        raise states.IllegalMove(
            f"Mandate {mandate_id} is {mandate.state}; only an active or suspended one can be amended."
        )
    before = (mandate.reference, mandate.debtor_name, str.__str__(mandate.iban))
    changed = _apply(session, mandate, changes)
    if not changed:
        raise MandateRejected("Nothing would change.", field="iban")
    session.add(
        MandateAmendment(
            id=new_id("amd"), mandate_id=mandate_id, reference_before=before[0], debtor_name_before=before[1],
            iban_before=before[2], reason=checked_text(reason, field="reason", longest=200),
            amended_at=act.at, amended_by=act.actor,
        )
    )  # fmt: skip
    _flush(session)
    audit.record(session, "mandate.amended", mandate_id, act=act, changed=changed)
    data = {"customer_id": mandate.customer_id, "reference": mandate.reference, "changed": changed}
    outbox.emit(session, outbox.NewEvent(type="mandate.amended", object_id=mandate_id, act=act, data=data))
    return mandate


def history(session: Session, mandate_id: str) -> list[MandateAmendment]:
    """The changes of a mandate, the latest last. Raises MandateNotFound."""
    lifecycle.get(session, mandate_id)
    query = select(MandateAmendment).where(MandateAmendment.mandate_id == mandate_id)
    return list(session.scalars(query.order_by(MandateAmendment.id)))


def note_presented(session: Session, accepted: Sequence[Debit]) -> None:
    """The debtors' banks took these collections, and with them whatever the file said of the mandates.

    What differed is not told again. One that is booked after a later one tells nothing new, and one that is rejected
    before settlement does not count (EPC130-08: the amendment is repeated until a collection with it was accepted).
    """
    mandate_ids = sorted({debit.mandate_id for debit in accepted})
    session.execute(text(_PRESENTED), {"ids": [debit.id for debit in accepted]})
    expire_rows(session, "mandates", mandate_ids, _PRESENTED_COLUMNS)


_PRESENTED_COLUMNS = (
    "presented_reference", "presented_iban", "presented_creditor_identifier", "presented_creditor_name",
)  # fmt: skip
_PRESENTED = """
UPDATE mandates SET presented_reference = latest.mandate_reference, presented_iban = latest.debtor_iban,
    presented_creditor_identifier = latest.creditor_identifier, presented_creditor_name = latest.creditor_name
FROM (
    SELECT DISTINCT ON (mandate_id)
        id, collect_on, mandate_id, mandate_reference, debtor_iban, creditor_identifier, creditor_name
    FROM debits WHERE id = ANY(:ids) ORDER BY mandate_id, collect_on DESC, id DESC
) AS latest WHERE mandates.id = latest.mandate_id AND NOT EXISTS (
    SELECT 1 FROM debits AS later WHERE later.mandate_id = latest.mandate_id
    AND later.state IN ('collected', 'settled', 'returned', 'refunded')
    AND (later.collect_on, later.id) > (latest.collect_on, latest.id)
)
"""


def _lock(session: Session, mandate_id: str) -> Mandate:
    lifecycle.get(session, mandate_id)
    return session.scalars(
        select(Mandate)
        .where(Mandate.id == mandate_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _apply(session: Session, mandate: Mandate, changes: Changes) -> list[str]:
    """Write what changes and give the names of what did."""
    changed = ["address"] if _take_address(session, mandate) else []
    if changes.reference is not None and changes.reference != mandate.reference:
        lifecycle.require_reference(changes.reference)
        mandate.reference = changes.reference
        changed.append("reference")
    if changes.debtor_name is not None and changes.debtor_name != mandate.debtor_name:
        mandate.debtor_name = checked_text(
            changes.debtor_name, field="debtor_name", longest=lifecycle.LONGEST_NAME
        )
        changed.append("debtor_name")
    if changes.iban is not None:
        changed += _move(session, mandate, Iban.parse(changes.iban), changes)
    elif changes.bic is not None and changes.bic != mandate.bic:
        mandate.bic = Bic.parse(changes.bic).compact
        changed.append("bic")
    if changed:
        mandate.version += 1
    return changed


def _take_address(session: Session, mandate: Mandate) -> bool:
    """The debtor's address is the customer's as it is now; whether that changed anything."""
    customer = session.get_one(Customer, mandate.customer_id)
    now = (customer.country, customer.street, customer.postcode, customer.town)
    was = (mandate.debtor_country, mandate.debtor_street, mandate.debtor_postcode, mandate.debtor_town)
    mandate.debtor_country, mandate.debtor_street, mandate.debtor_postcode, mandate.debtor_town = now
    return now != was


def _move(session: Session, mandate: Mandate, iban: Iban, changes: Changes) -> list[str]:
    if iban.compact == mandate.iban:
        return []
    customer = session.get_one(Customer, mandate.customer_id)
    lifecycle.require_account(iban, customer)
    if mandate.scheme == Scheme.B2B and not changes.confirmed_by_bank:
        raise MandateRejected(
            "The customer's bank must confirm that it knows the new account of a business mandate.",
            field="confirmed_by_bank",
        )
    mandate.iban = iban.compact
    mandate.bic = Bic.parse(changes.bic).compact if changes.bic else None
    return ["iban"]


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        if violated(error) != "uq_mandates_creditor_id_reference":
            raise
        raise ReferenceTaken(
            "The creditor already has a mandate with this reference.", field="reference"
        ) from error
