"""/v1/creditors and /v1/bank-accounts: who we are, and where we are paid."""

from __future__ import annotations

from datetime import date, datetime, time

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import SEEN, Id, Minor, Whole
from gateway.session import CurrentSession, Reader, SetterUp, TransactionalRoute
from ledger import collecting_accounts, creditors, cut_offs
from ledger.collecting_accounts import Collecting
from ledger.models import BankAccount, Creditor
from mandates import terms
from mandates.models import AnnouncedBy

router = APIRouter(prefix="/v1", tags=["creditors"], route_class=TransactionalRoute)


class CreditorIn(BaseModel):
    """A company of ours."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=70)
    country: str = Field(pattern="^[A-Z]{2}$")
    creditor_identifier: str | None = Field(default=None, max_length=50, examples=["DE98ZZZ09999999999"])
    street: str | None = Field(default=None, max_length=70)
    postcode: str | None = Field(default=None, max_length=16)
    town: str | None = Field(default=None, max_length=35)


class CreditorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    creditor_identifier: str | None
    country: str
    street: str | None
    postcode: str | None
    town: str | None
    currency: str
    created_at: datetime


class CreditorChange(BaseModel):
    """Another name or creditor identifier. Debtors' banks are told with the next collection of each mandate."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=70)
    creditor_identifier: str | None = Field(default=None, max_length=50)
    reason: str = Field(min_length=1, max_length=200, pattern=SEEN)


class TermsOut(BaseModel):
    """How a creditor collects; limits are in EUR cents, null for none."""

    model_config = ConfigDict(from_attributes=True)

    announced_by: AnnouncedBy = Field(
        description="Who tells customers of a debit: Duecourse, or the ERP itself."
    )
    notice_days: int = Field(
        description="Calendar days between notice and debit, unless a customer agreed other."
    )
    not_before_due: bool = Field(description="Nothing is collected before its invoice is due.")
    largest_debit_minor: int | None
    largest_debtor_day_minor: int | None = Field(description="The most from one customer on one day.")
    largest_file_minor: int | None
    two_persons: bool = Field(
        description="Without it one person may draft, approve and release a batch alone."
    )
    most_retries: int = Field(description="How often a debit is tried again where its reason allows it.")
    retry_after_days: int = Field(description="Calendar days until then.")
    most_failures: int = Field(description="After so many failures in a row a mandate is suspended.")
    charge_return_fee: bool = Field(description="The bank's fee for a return is billed to the customer.")


class TermsChange(BaseModel):
    """What is left out stays as it is; a limit that is null is taken away."""

    model_config = ConfigDict(extra="forbid")

    announced_by: AnnouncedBy | None = None
    notice_days: Whole | None = None
    not_before_due: bool | None = None
    largest_debit_minor: Minor | None = None
    largest_debtor_day_minor: Minor | None = None
    largest_file_minor: Minor | None = None
    two_persons: bool | None = None
    most_retries: Whole | None = None
    retry_after_days: Whole | None = None
    most_failures: Whole | None = None
    charge_return_fee: bool | None = None


class CollectingFields(BaseModel):
    """How direct debits go to the bank of an account."""

    model_config = ConfigDict(extra="forbid")

    cut_off_time: time = Field(
        default=time(14), description="The bank takes a file as of today before this time."
    )
    cut_off_zone: str = Field(default="Europe/Berlin", max_length=40)
    cut_off_days: Whole = Field(default=0, description="T2 days the bank needs beyond the one between banks.")
    days_ahead: Whole = Field(default=14, description="Calendar days ahead that the bank takes a collection.")
    file_profile: str = Field(default="pain.008.001.08", max_length=30)
    character_profile: str = Field(default="latin", max_length=10)


class BankAccountChange(BaseModel):
    """What is left out stays as it is; batches drafted before are not touched."""

    model_config = ConfigDict(extra="forbid")

    batch_booking: bool | None = None
    cut_off_time: time | None = None
    cut_off_zone: str | None = Field(default=None, max_length=40)
    cut_off_days: Whole | None = None
    days_ahead: Whole | None = None
    file_profile: str | None = Field(default=None, max_length=30)
    character_profile: str | None = Field(default=None, max_length=10)


class CollectionDatesOut(BaseModel):
    """What a file uploaded now can collect."""

    bank_account_id: str
    earliest: date
    latest: date
    upload_before: datetime = Field(description="Until when the bank must have a file for the earliest date.")


class BankAccountIn(CollectingFields):
    """An account of a creditor: by IBAN, or by its bank's own number where it has none."""

    creditor_id: Id
    name: str = Field(min_length=1, max_length=70)
    iban: str | None = Field(default=None, max_length=50, examples=["DE02120300000000202051"])
    other_number: str | None = Field(default=None, min_length=1, max_length=64)
    bic: str | None = Field(default=None, max_length=11)
    currency: str = Field(default="EUR", max_length=3)
    batch_booking: bool = True


class BankAccountOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    creditor_id: str
    name: str
    iban: str | None
    other_number: str | None
    bic: str | None
    currency: str
    batch_booking: bool
    cut_off_time: time
    cut_off_zone: str
    cut_off_days: int
    days_ahead: int
    file_profile: str
    character_profile: str
    created_at: datetime


@router.post("/creditors", status_code=201)
def create_creditor(body: CreditorIn, session: CurrentSession, act: SetterUp) -> CreditorOut:
    return CreditorOut.model_validate(creditors.create(session, **body.model_dump(), act=act))


@router.get("/creditors")
def list_creditors(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[CreditorOut]:
    return page(session, select(Creditor), Creditor.id, cursor, CreditorOut.model_validate)


@router.get("/creditors/{creditor_id}")
def get_creditor(creditor_id: Id, session: CurrentSession, act: Reader) -> CreditorOut:
    return CreditorOut.model_validate(creditors.get(session, creditor_id))


@router.patch("/creditors/{creditor_id}")
def change_creditor(
    creditor_id: Id, body: CreditorChange, session: CurrentSession, act: SetterUp
) -> CreditorOut:
    return CreditorOut.model_validate(creditors.change(session, creditor_id, **body.model_dump(), act=act))


@router.get("/creditors/{creditor_id}/terms")
def get_terms(creditor_id: Id, session: CurrentSession, act: Reader) -> TermsOut:
    return TermsOut.model_validate(terms.of(session, creditors.get(session, creditor_id).id))


@router.patch("/creditors/{creditor_id}/terms")
def change_terms(creditor_id: Id, body: TermsChange, session: CurrentSession, act: SetterUp) -> TermsOut:
    """Every change is in the audit trail."""
    wanted = body.model_dump(exclude_unset=True)
    wanted = {name: value for name, value in wanted.items() if value is not None or name in terms.LIMITS}
    return TermsOut.model_validate(terms.change(session, creditor_id, **wanted, act=act))


@router.post("/bank-accounts", status_code=201)
def open_bank_account(body: BankAccountIn, session: CurrentSession, act: SetterUp) -> BankAccountOut:
    given = body.model_dump()
    collecting = Collecting(**{name: given.pop(name) for name in CollectingFields.model_fields})
    account = creditors.open_bank_account(session, **given, collecting=collecting, act=act)
    return BankAccountOut.model_validate(account)


@router.patch("/bank-accounts/{bank_account_id}")
def change_bank_account(
    bank_account_id: Id, body: BankAccountChange, session: CurrentSession, act: SetterUp
) -> BankAccountOut:
    account = creditors.get_bank_account(session, bank_account_id)
    changed = collecting_accounts.change(session, account, **body.model_dump(exclude_none=True), act=act)
    return BankAccountOut.model_validate(changed)


@router.get("/bank-accounts/{bank_account_id}/collection-dates")
def get_collection_dates(bank_account_id: Id, session: CurrentSession, act: Reader) -> CollectionDatesOut:
    """The earliest and latest collection date of a file that is uploaded now."""
    cut_off = cut_offs.of(creditors.get_bank_account(session, bank_account_id))
    earliest = cut_offs.earliest(cut_off, act.at)
    return CollectionDatesOut(
        bank_account_id=bank_account_id, earliest=earliest, latest=cut_offs.latest(cut_off, act.at),
        upload_before=cut_offs.upload_before(cut_off, earliest),
    )  # fmt: skip


@router.get("/bank-accounts")
def list_bank_accounts(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[BankAccountOut]:
    return page(session, select(BankAccount), BankAccount.id, cursor, BankAccountOut.model_validate)


@router.get("/bank-accounts/{bank_account_id}")
def get_bank_account(bank_account_id: Id, session: CurrentSession, act: Reader) -> BankAccountOut:
    return BankAccountOut.model_validate(creditors.get_bank_account(session, bank_account_id))
