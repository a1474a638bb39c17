"""Steps that a creditor chooses itself: for any code, except where the table knows better; all of it audited."""

from __future__ import annotations

import json

import pytest
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.creditors import CreditorNotFound
from ledger.models import AuditRecord
from mandates import reason_policies
from mandates.reason_codes import BY_CODE, NextStep
from mandates.reason_policies import PolicyNotFound, PolicyRefused
from tests.factories.books import Books
from tests.factories.collecting import refused, second_creditor


def step_of(session: Session, creditor_id: str | None, code: str) -> tuple[str, bool]:
    (rule,) = (one for one in reason_policies.rules(session, creditor_id) if one.row.code == code)
    return rule.step, rule.chosen


def test_a_chosen_step_holds_for_its_creditor_until_it_is_taken_back(
    session: Session, books: Books, act: Act
) -> None:
    ours, (other, _) = books.creditor.id, second_creditor(books)
    assert step_of(session, ours, "AC06") == ("stop", False)
    reason_policies.choose(session, ours, "AC06", NextStep.RETRY, act=act)
    reason_policies.choose(session, ours, "AC06", NextStep.DISPUTE, act=act)
    assert step_of(session, ours, "AC06") == ("dispute", True)
    assert step_of(session, other.id, "AC06") == step_of(session, None, "AC06") == ("stop", False)
    back = reason_policies.forget(session, ours, "AC06", act=act)
    assert (back.step, back.chosen) == ("stop", False)
    assert step_of(session, ours, "AC06") == ("stop", False)
    with refused(session, PolicyNotFound, "code"):
        reason_policies.forget(session, ours, "AC06", act=act)
    session.commit()
    kept = session.query(AuditRecord).where(AuditRecord.action == "reason_policy.changed")
    steps = [(json.loads(one.body)["before"], json.loads(one.body)["after"]) for one in kept]
    assert steps == [("stop", "retry"), ("retry", "dispute"), ("dispute", "stop")]


def test_a_code_of_ones_own_bank_is_listed_among_the_others(session: Session, books: Books, act: Act) -> None:
    assert [one.row.code for one in reason_policies.rules(session, books.creditor.id)] == sorted(BY_CODE)
    reason_policies.choose(session, books.creditor.id, "X-99", NextStep.OPERATIONS, act=act)
    assert step_of(session, books.creditor.id, "X-99") == ("operations", True)
    assert len(reason_policies.rules(session, books.creditor.id)) == len(BY_CODE) + 1


@pytest.mark.parametrize(("code", "step"), [
    ("MD07", NextStep.RETRY), ("MD07", NextStep.STOP), ("MD01", NextStep.RETRY), ("MD06", NextStep.RETRY),
    ("MS02", NextStep.RETRY), ("AC04", NextStep.RETRY), ("AM05", NextStep.RETRY),
])  # fmt: skip
def test_what_would_take_money_wrongly_cannot_be_chosen_and_the_refusal_says_why(
    session: Session, books: Books, act: Act, code: str, step: NextStep
) -> None:
    with refused(session, PolicyRefused, "step") as caught:
        reason_policies.choose(session, books.creditor.id, code, step, act=act)
    row = BY_CODE[code]
    assert caught.value.message == row.fixed or caught.value.message == row.never_retried


@pytest.mark.parametrize("step", NextStep)
def test_a_death_has_one_step_only(session: Session, books: Books, act: Act, step: NextStep) -> None:
    if step == NextStep.END:
        assert reason_policies.choose(session, books.creditor.id, "MD07", step, act=act).step == "end"
    else:
        with refused(session, PolicyRefused, "step"):
            reason_policies.choose(session, books.creditor.id, "MD07", step, act=act)


def test_only_codes_of_known_creditors_are_taken(session: Session, books: Books, act: Act) -> None:
    for wrong in ("", "A B", "A" * 36, "AM04\n", "ÄÖ"):
        with refused(session, PolicyRefused, "code"):
            reason_policies.choose(session, books.creditor.id, wrong, NextStep.STOP, act=act)
    with refused(session, CreditorNotFound, "creditor_id"):
        reason_policies.choose(session, "crd_nobody", "AM04", NextStep.STOP, act=act)
    with refused(session, CreditorNotFound, "creditor_id"):
        reason_policies.forget(session, "crd_nobody", "AM04", act=act)
