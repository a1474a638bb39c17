"""Asking for a refund: who gets the money is known for certain, or must be said."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.banking import InvalidBic, InvalidIban
from ledger.database import AccountNumber
from ledger.errors import DuecourseError
from ledger.models import Payment, Refund
from ledger.payments import NotHeld
from ledger.refunds import NotEnoughLeft, Payee
from ledger.states import IllegalMove
from ledger.texts import UnreadableText
from mandates.models import Mandate
from reconciliation import refund_orders
from reconciliation.models import MatchPart, StatementLine
from reconciliation.refund_orders import PayeeNeeded
from tests.factories.bank import match, take_in_all
from tests.factories.books import Books, debtor_iban
from tests.factories.collecting import at_once, events, refused, reload, scheduled, sent
from tests.factories.paying import bank_of
from tests.factories.paying_back import collected, free, paid, refund

SAID = Payee(name="Max Beispiel", iban=debtor_iban(77))


def payee_of(waiting: Refund) -> tuple[str | None, str | None, str | None]:
    return waiting.payee_name, waiting.payee_iban, waiting.payee_bic


def test_a_debit_goes_back_to_the_debtor_of_its_mandate(session: Session, books: Books) -> None:
    _, (debit,) = collected(books, 12_000)
    mandate = session.get_one(Mandate, debit.mandate_id)
    waiting = refund(books, 5_000, payment=free(books, debit))
    session.commit()
    session.refresh(waiting)
    assert payee_of(waiting) == (mandate.debtor_name, mandate.iban, mandate.bic)
    assert isinstance(waiting.payee_iban, AccountNumber)
    assert str(waiting.payee_iban) not in repr(waiting.payee_iban)


def test_a_transfer_goes_back_to_whom_its_line_names(session: Session, books: Books) -> None:
    payment = paid(books, 12_000)
    line = session.query(StatementLine).one()
    waiting = refund(books, 3_100, payment=payment)
    session.commit()
    assert payee_of(waiting) == (line.counterparty_name, line.counterparty_account, None)
    assert payee_of(waiting)[1] is not None


@pytest.mark.parametrize(
    "facts",
    [
        {"counterparty_name": None}, {"counterparty_account": None}, {"counterparty_account": "1234567890"},
        {"counterparty_account": "DE00120300000000202051"}, {"counterparty_name": "Erika\x07"},
    ],
)  # fmt: skip
def test_whom_nobody_knows_for_certain_must_be_said(
    session: Session, books: Books, facts: dict[str, str | None]
) -> None:
    payment = paid(books, 12_000)
    line = session.query(StatementLine).one()
    for name, value in facts.items():
        setattr(line, name, value)
    session.flush()
    with refused(session, PayeeNeeded, "payee_iban"):
        refund(books, 3_100, payment=payment)
    assert payee_of(refund(books, 3_100, payment=payment, payee=SAID))[:2] == (SAID.name, SAID.iban)
    session.rollback()


def test_money_of_two_lines_has_no_certain_payer(session: Session, books: Books, act: Act) -> None:
    payment, other = paid(books, 12_000), paid(books, 500)
    assert refund_orders.payer_of(session, payment) is not None
    part = session.query(MatchPart).filter(MatchPart.object_id == payment.id).one()
    standing = session.query(MatchPart).filter(MatchPart.object_id == other.id).one()
    session.add(MatchPart(match_id=standing.match_id, kind=part.kind, object_id=payment.id, amount_minor=500))
    session.flush()
    assert refund_orders.payer_of(session, payment) is None
    session.rollback()


def test_what_a_person_says_goes_before_what_the_line_says(session: Session, books: Books) -> None:
    waiting = refund(books, 3_100, payee=SAID)
    session.commit()
    assert payee_of(waiting) == ("Max Beispiel", debtor_iban(77), None)


@pytest.mark.parametrize(
    ("facts", "error", "field"),
    [
        ({"name": " "}, UnreadableText, "payee_name"),
        ({"name": "E" * 71}, UnreadableText, "payee_name"),
        ({"iban": "DE00120300000000202051"}, InvalidIban, "payee_iban"),
        ({"bic": "NOTPROVIDED"}, InvalidBic, "payee_bic"),
    ],
)
def test_a_payee_that_cannot_exist_is_refused(
    facts: dict[str, str], error: type[DuecourseError], field: str
) -> None:
    said = {"name": "Max Beispiel", "iban": debtor_iban(77), "bic": "COBADEFF"}
    with pytest.raises(error) as caught:
        Payee.parse(**{**said, **facts})
    assert caught.value.field == field
    assert Payee.parse(**{**said, "iban": "de02 1203 0000 0000 2020 51"}).iban == "DE02120300000000202051"


def test_a_refund_that_is_given_up_gives_the_payment_its_money_again(
    session: Session, books: Books, act: Act
) -> None:
    payment = paid(books, 12_000)
    waiting = refund(books, 3_100, payment=payment)
    refund_orders.cancel(session, waiting.id, reason="the customer keeps it as credit", act=act)
    session.commit()
    reload(session, payment, waiting)
    assert (waiting.state, payment.refunded_minor, payment.unallocated_minor) == ("cancelled", 0, 12_000)
    assert events(session, waiting.id) == ["refund.cancelled"]
    with refused(session, IllegalMove):
        refund_orders.cancel(session, waiting.id, reason="again", act=act)


def test_a_refund_asked_for_before_the_return_is_given_up_and_the_return_booked(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 12_000)
    _, message = sent(books)
    credited, returned = bank_of(books).answer(message, outcomes={debit.end_to_end_id: "AM04"})
    take_in_all(session, [credited], act)
    match(session, act)
    reload(session, debit)
    waiting = refund(books, 12_000, payment=free(books, debit))
    take_in_all(session, [returned], act)
    report = match(session, act)
    assert [why for why in report.waiting if "were refunded already" in why] != []
    refund_orders.cancel(session, waiting.id, reason="the bank took it back", act=act)
    assert dict(match(session, act).by_rule) == {"returned_debit": 1}
    session.commit()
    reload(session, debit, waiting)
    assert (debit.state, waiting.state) == ("returned", "cancelled")


def test_a_refund_asked_for_after_the_return_is_refused(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 12_000)
    _, message = sent(books)
    take_in_all(session, bank_of(books).answer(message, outcomes={debit.end_to_end_id: "AM04"}), act)
    match(session, act)
    reload(session, debit)
    with refused(session, NotHeld, "payment_id"):
        refund(books, 12_000, payment=session.get_one(Payment, debit.payment_id))


@pytest.mark.race
def test_a_refund_and_a_return_at_once_take_the_money_of_one(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    debit = scheduled(books, 12_000)
    _, message = sent(books)
    credited, returned = bank_of(books).answer(message, outcomes={debit.end_to_end_id: "AM04"})
    take_in_all(session, [credited], act)
    match(session, act)
    reload(session, debit)
    payment_id = free(books, debit).id
    take_in_all(session, [returned], act)
    session.commit()

    def ask(one: Session) -> int:
        refund_orders.request(one, payment_id=payment_id, amount_minor=12_000, reason="paid twice", act=act)
        return 1

    done = at_once(engine, [ask, lambda one: match(one, act).by_rule.total()] * 4)
    assert sum(result for result in done if isinstance(result, int)) == 1
    assert all(isinstance(result, int | NotHeld | NotEnoughLeft) for result in done)
    payment = session.get_one(Payment, payment_id, populate_existing=True)
    assert payment.returned_minor + payment.refunded_minor == 12_000
