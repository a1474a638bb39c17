"""What matches and people teach about who pays for whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import creditors
from ledger.acts import Act
from ledger.customers import CustomerNotFound
from ledger.errors import Rejected
from ledger.models import AllocationKind, Customer
from ledger.party_names import name_key
from reconciliation import by_hand, memory_reports, payer_memory
from reconciliation.models import Match, MemoryKind, PayerMemory, StatementLine
from reconciliation.payer_memory import Learnt, MemoryNotFound, NothingToLearn, PaysForMany
from reconciliation.transfers.reading import Reading, Share
from tests.factories.bank import take_in, transfer
from tests.factories.books import OUR_IBAN, Books, debtor_iban
from tests.factories.collecting import refused
from tests.factories.paying import bank_of

ACCOUNT = debtor_iban(700_001)

Showing = Callable[[Customer], Learnt]


@pytest.fixture
def showing(books: Books) -> Showing:
    """What a match shows of a customer: that ACCOUNT paid for it."""

    def shown(customer: Customer) -> Learnt:
        return Learnt(
            creditor_id=books.creditor.id, kind=MemoryKind.ACCOUNT, payer=ACCOUNT, customer_id=customer.id
        )

    return shown


PAYER = 88_001  # number of the payer in the bank of the tests


def decided(books: Books, customer: Customer, amount_minor: int = 5_000) -> tuple[StatementLine, Match]:
    """A line from the account of PAYER that a person gave to a customer."""
    content = bank_of(books).book(transfer(amount_minor, day=books.act.today, payer=PAYER))[0]
    report = take_in(books.session, content, books.act)
    line = books.session.scalars(
        select(StatementLine).where(StatementLine.statement_id == report.statement_ids[0])
    ).one()
    by_hand.record_payment(books.session, line_id=line.id, customer_id=customer.id, act=books.act)
    query = select(Match).where(Match.line_id == line.id)
    return line, books.session.scalars(query).one()


def standing(session: Session) -> set[tuple[str, str, str]]:
    rows = session.scalars(select(PayerMemory).where(PayerMemory.revoked_at.is_(None)))
    return {(one.kind, one.account or one.name_key or one.payer_id or "", one.customer_id) for one in rows}


def test_what_a_match_shows_is_learnt_once(
    session: Session, books: Books, act: Act, showing: Showing
) -> None:
    customer = books.customer()
    made = payer_memory.learn(session, [showing(customer), showing(customer)], act=act)
    assert len(made) == 1
    assert payer_memory.learn(session, [showing(customer)], act=act) == []
    (known,) = payer_memory.remembered(session, books.creditor.id, accounts=[ACCOUNT])
    assert (known.memory_id, known.payer, known.customer_id) == (made[0], ACCOUNT, customer.id)
    assert ACCOUNT not in repr(known)
    session.commit()


def test_another_creditors_memory_is_not_ours(
    session: Session, books: Books, act: Act, showing: Showing
) -> None:
    payer_memory.learn(session, [showing(books.customer())], act=act)
    other = creditors.create(session, name="Andere GmbH", country="DE", act=act)
    assert payer_memory.remembered(session, other.id, accounts=[ACCOUNT]) == []


def test_a_customers_own_account_and_ours_need_no_memory(
    session: Session, books: Books, act: Act, showing: Showing
) -> None:
    own = books.customer(iban=ACCOUNT)
    signer = books.customer()
    books.mandate(signer, iban=ACCOUNT)
    ours = Learnt(
        creditor_id=books.creditor.id, kind=MemoryKind.ACCOUNT, payer=OUR_IBAN, customer_id=own.id
    )  # fmt: skip
    assert payer_memory.learn(session, [showing(own), showing(signer), ours], act=act) == []


def test_an_account_that_pays_for_more_than_five_customers_teaches_nothing(
    session: Session, books: Books, act: Act, showing: Showing
) -> None:
    crowd = [books.customer(f"Kunde {number}") for number in range(9)]
    assert len(payer_memory.learn(session, [showing(one) for one in crowd[:5]], act=act)) == 5
    assert len(payer_memory.remembered(session, books.creditor.id, accounts=[ACCOUNT])) == 5
    made = payer_memory.learn(session, [showing(one) for one in crowd[5:]], act=act)
    assert len(made) == 1
    assert payer_memory.remembered(session, books.creditor.id, accounts=[ACCOUNT]) == []
    (sixth,) = made
    memory = payer_memory.get(session, sixth)
    assert memory_reports.origins(session, [memory])[sixth].pays_for_many
    with refused(session, PaysForMany, "account"):
        payer_memory.teach(
            session, creditor_id=books.creditor.id, customer_id=crowd[8].id, account=ACCOUNT, act=act
        )


def test_nothing_automatic_learns_again_what_was_revoked(
    session: Session, books: Books, act: Act, showing: Showing
) -> None:
    customer = books.customer()
    made = payer_memory.learn(session, [showing(customer)], act=act)
    assert payer_memory.end(session, made, because="it was somebody else", act=act) == made
    assert payer_memory.end(session, made, because="once more", act=act) == []
    assert payer_memory.learn(session, [showing(customer)], act=act) == []
    memory = payer_memory.get(session, made[0])
    assert (memory.revoked_by, memory.revoked_because) == ("treasury", "it was somebody else")
    again = payer_memory.teach(
        session, creditor_id=books.creditor.id, customer_id=customer.id, account=ACCOUNT, act=act
    )
    assert again.id != made[0]
    session.commit()


def test_a_person_teaches_the_account_and_the_name_on_the_line(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer("Muster AG")
    line, match = decided(books, customer)
    payer_memory.learn_from_person(
        session, line=line, reading=Reading(customer.id), match_id=match.id, act=act
    )
    assert standing(session) == {
        ("account", str(line.counterparty_account), customer.id),
        ("name", name_key(line.counterparty_name or ""), customer.id),
    }
    origins = memory_reports.origins(session, session.scalars(select(PayerMemory)).all())
    assert {(one.line_id, one.rule, one.decided) for one in origins.values()} == {(line.id, "by_hand", 0)}
    session.commit()


def test_a_customer_that_pays_anothers_invoice_pays_for_it(session: Session, books: Books, act: Act) -> None:
    line, match = decided(books, parent := books.customer("Mutter GmbH"))
    child = books.customer("Tochter GmbH")
    invoice = books.invoice(5_000, customer=child)
    reading = Reading(parent.id, (Share(invoice.id, AllocationKind.PAYMENT, 5_000),))
    payer_memory.learn_from_person(session, line=line, reading=reading, match_id=match.id, act=act)
    assert ("pays_for", parent.id, child.id) in standing(session)
    (known,) = payer_memory.remembered(session, books.creditor.id, payers=[parent.id])
    assert (known.kind, known.customer_id) == (MemoryKind.PAYS_FOR, child.id)


def test_whose_own_account_it_is_pays_for_the_customer(session: Session, books: Books, act: Act) -> None:
    child = books.customer("Tochter GmbH")
    parent = books.customer("Mutter GmbH", iban=debtor_iban(500_000 + PAYER))
    line, match = decided(books, child)
    payer_memory.learn_from_person(session, line=line, reading=Reading(child.id), match_id=match.id, act=act)
    assert standing(session) == {("pays_for", parent.id, child.id)}


def test_a_name_is_remembered_in_any_spelling(session: Session, books: Books, act: Act) -> None:
    customer = books.customer("Muster AG")
    payer_memory.teach(
        session,
        creditor_id=books.creditor.id,
        customer_id=customer.id,
        name="Müller  Hausverwaltung",
        act=act,
    )
    (known,) = payer_memory.remembered(
        session, books.creditor.id, name_keys=[name_key("hausverwaltung MÜLLER")]
    )
    assert known.customer_id == customer.id


def test_the_same_is_taught_once(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    wish = {
        "creditor_id": books.creditor.id,
        "customer_id": customer.id,
        "account": " de02 1203 ",
        "act": act,
    }
    first = payer_memory.teach(session, **wish)
    assert (payer_memory.teach(session, **wish).id, str(first.account)) == (first.id, "DE021203")


def test_what_cannot_be_taught_is_refused(session: Session, books: Books, act: Act) -> None:
    customer, creditor_id = books.customer("Muster AG"), books.creditor.id
    with refused(session, Rejected, "account"):
        payer_memory.teach(session, creditor_id=creditor_id, customer_id=customer.id, act=act)
    with refused(session, CustomerNotFound, "customer_id"):
        payer_memory.teach(
            session, creditor_id=creditor_id, customer_id=customer.id, payer_id="cus_0", act=act
        )
    with refused(session, NothingToLearn, "name"):
        payer_memory.teach(
            session, creditor_id=creditor_id, customer_id=customer.id, name="muster ag", act=act
        )
    with refused(session, NothingToLearn, "payer_id"):
        payer_memory.teach(
            session, creditor_id=creditor_id, customer_id=customer.id, payer_id=customer.id, act=act
        )
    with pytest.raises(MemoryNotFound):
        payer_memory.get(session, "mem_0")


def test_a_memory_tells_what_it_has_decided(
    session: Session, books: Books, act: Act, showing: Showing
) -> None:
    customer = books.customer()
    (memory_id,) = payer_memory.learn(session, [showing(customer)], act=act)
    line, match = decided(books, customer)
    payer_memory.used(session, [(match.id, memory_id), (match.id, memory_id)])
    payer_memory.used(session, [])
    (told,) = memory_reports.decided(session, memory_id)
    assert (told.match_id, told.line_id, told.amount_minor, told.undone_at) == (
        match.id,
        line.id,
        5_000,
        None,
    )
    assert memory_reports.origins(session, [payer_memory.get(session, memory_id)])[memory_id].decided == 1
    session.commit()
