"""/v1/creditors and /v1/bank-accounts: who we are, and where we are paid."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import Id
from gateway.session import CurrentSession, Reader, SetterUp, TransactionalRoute
from ledger import creditors
from ledger.models import BankAccount, Creditor

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


class BankAccountIn(BaseModel):
    """An account of a creditor: by IBAN, or by its bank's own number where it has none."""

    model_config = ConfigDict(extra="forbid")

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


@router.post("/bank-accounts", status_code=201)
def open_bank_account(body: BankAccountIn, session: CurrentSession, act: SetterUp) -> BankAccountOut:
    return BankAccountOut.model_validate(creditors.open_bank_account(session, **body.model_dump(), act=act))


@router.get("/bank-accounts")
def list_bank_accounts(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[BankAccountOut]:
    return page(session, select(BankAccount), BankAccount.id, cursor, BankAccountOut.model_validate)


@router.get("/bank-accounts/{bank_account_id}")
def get_bank_account(bank_account_id: Id, session: CurrentSession, act: Reader) -> BankAccountOut:
    return BankAccountOut.model_validate(creditors.get_bank_account(session, bank_account_id))
