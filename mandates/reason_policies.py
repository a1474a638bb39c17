"""What a creditor does about a reason code where it is not what the table says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ledger import audit, creditors
from ledger.acts import Act
from ledger.database import among
from ledger.errors import NotFound, Rejected
from mandates.models import ReasonPolicy
from mandates.reason_codes import BY_CODE, NextStep, ReasonCode, look_up

_CODE = re.compile(r"[A-Za-z0-9._-]{1,35}")


class PolicyRefused(Rejected):
    """No creditor may choose this step for this reason code."""


class PolicyNotFound(NotFound):
    """The creditor has not chosen a step of its own for this reason code."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows from one code for one creditor; `chosen` tells that it is not what the table says."""

    row: ReasonCode
    step: NextStep
    chosen: bool


def rules(session: Session, creditor_id: str | None = None) -> list[Rule]:
    """Every code of the table and every other one the creditor has chosen a step for, in the order of codes."""
    own = {} if creditor_id is None else steps(session, [creditor_id])
    chosen = {code: step for (_, code), step in own.items()}
    return [
        Rule(row := look_up(code), chosen.get(code, row.step), code in chosen)
        for code in sorted({*BY_CODE, *chosen})
    ]


def steps(session: Session, creditor_ids: Iterable[str]) -> dict[tuple[str, str], NextStep]:
    """What these creditors have chosen themselves, by creditor id and code."""
    rows = session.execute(
        select(ReasonPolicy.creditor_id, ReasonPolicy.code, ReasonPolicy.step).where(
            among(ReasonPolicy.creditor_id, creditor_ids)
        )
    )
    return {(row.creditor_id, row.code): NextStep(row.step) for row in rows}


def choose(session: Session, creditor_id: str, code: str, step: NextStep, *, act: Act) -> Rule:
    """From now on failures with `code` are followed by `step` for this creditor.

    Any code may be named, also one only this creditor's bank uses. Raises CreditorNotFound or PolicyRefused.
    """
    creditors.get(session, creditor_id)
    row = _require_free(code, step)
    before = steps(session, [creditor_id]).get((creditor_id, code), row.step)
    changed = {"step": str(step), "changed_at": act.at, "changed_by": act.actor}
    session.execute(
        insert(ReasonPolicy)
        .values(creditor_id=creditor_id, code=code, **changed)
        .on_conflict_do_update(index_elements=["creditor_id", "code"], set_=changed)
    )
    _record(session, creditor_id, code, before, step, act)
    return Rule(row, step, chosen=True)


def forget(session: Session, creditor_id: str, code: str, *, act: Act) -> Rule:
    """What the table says holds again. Raises CreditorNotFound or PolicyNotFound."""
    creditors.get(session, creditor_id)
    policy = session.get(ReasonPolicy, (creditor_id, code), with_for_update=True)
    if policy is None:
        raise PolicyNotFound(f"No other step was chosen for {code[:35]}.", field="code")
    row = look_up(code)
    _record(session, creditor_id, code, NextStep(policy.step), row.step, act)
    session.delete(policy)
    session.flush()
    return Rule(row, row.step, chosen=False)


def _require_free(code: str, step: NextStep) -> ReasonCode:
    if not _CODE.fullmatch(code):
        raise PolicyRefused("A reason code has 1 to 35 letters, digits, dots and dashes.", field="code")
    row = look_up(code)
    if row.fixed is not None and step != row.step:
        raise PolicyRefused(row.fixed, field="step")
    if row.never_retried is not None and step == NextStep.RETRY:
        raise PolicyRefused(row.never_retried, field="step")
    return row


def _record(
    session: Session, creditor_id: str, code: str, before: NextStep, after: NextStep, act: Act
) -> None:
    audit.record(
        session,
        "reason_policy.changed",
        creditor_id,
        act=act,
        reason=code,
        before=str(before),
        after=str(after),
    )
