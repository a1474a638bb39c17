"""How the tables (CSV) of each account are laid out: proposed by a file, confirmed by a person, kept until revoked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import audit, creditors, outbox
from ledger.acts import Act
from ledger.errors import Conflict, DuecourseError, NotFound
from ledger.identifiers import new_id
from ledger.models import BankAccount
from reconciliation.formats.delimited import Layout, LayoutDrifted, Proposal, UnknownLayout
from reconciliation.models import FileState, StatementFile, StatementLayout


class LayoutNotFound(NotFound):
    """There is no such layout."""


class NothingToConfirm(Conflict):
    """The file was not refused for its layout, so there is none to confirm."""


def standing(session: Session, chosen: BankAccount | None, *, revoked: bool = False) -> Sequence[Layout]:
    """The confirmed layouts of an account, the latest first; of every account where none is chosen.

    With `revoked` also those that describe no new file: they still describe those that were read by them.
    """
    query = select(StatementLayout)
    if not revoked:
        query = query.where(StatementLayout.revoked_at.is_(None))
    if chosen is not None:
        query = query.where(StatementLayout.bank_account_id == chosen.id)
    return [
        Layout.from_json(kept.layout) for kept in session.scalars(query.order_by(StatementLayout.id.desc()))
    ]


def remember_refusal(session: Session, file: StatementFile, refusal: DuecourseError, *, act: Act) -> None:
    """Keep the proposal with a file that was refused for its layout; a layout that has drifted is an alarm."""
    if isinstance(refusal, UnknownLayout | LayoutDrifted):
        file.proposal = refusal.proposal.to_json()
    if isinstance(refusal, LayoutDrifted):
        data = {"layout": refusal.layout, "missing": len(refusal.missing), "added": len(refusal.added)}
        outbox.emit(
            session,
            outbox.NewEvent(
                type="statement.layout_drifted", object_id=file.id, act=act, origin="bank", data=data
            ),
        )


def confirm(
    session: Session,
    file: StatementFile,
    *,
    bank_account_id: str,
    answers: Mapping[str, str],
    roles: Mapping[str, str | None],
    name: str | None,
    act: Act,
) -> StatementLayout:
    """Keep the layout that a file proposes, with a person's answers, for the account it is about.

    A layout of the same columns that was confirmed before is revoked. Raises NothingToConfirm,
    BankAccountNotFound or BadLayout.
    """
    if file.proposal is None or file.state != FileState.REFUSED:
        raise NothingToConfirm(f"File {file.id} was not refused for its layout.")
    account = creditors.get_bank_account(session, bank_account_id)
    layout = Proposal.from_json(file.proposal).confirmed(answers, name=name, roles=roles)
    for earlier in session.scalars(
        select(StatementLayout)
        .where(
            StatementLayout.bank_account_id == account.id,
            StatementLayout.signature == layout.signature,
            StatementLayout.revoked_at.is_(None),
        )
        .with_for_update()
    ):
        earlier.revoked_at = act.at
    session.flush()
    kept = StatementLayout(
        id=new_id("lay"), bank_account_id=account.id, signature=layout.signature, layout=layout.to_json(),
        confirmed_at=act.at, confirmed_by=act.actor,
    )  # fmt: skip
    session.add(kept)
    session.flush()
    audit.record(session, "statement_layout.confirmed", kept.id, act=act, account=account.id, file=file.id)
    return kept


def revoke(session: Session, layout_id: str, *, act: Act) -> StatementLayout:
    """Let a layout describe no file any more; what was read by it stays. Raises LayoutNotFound."""
    kept = session.get(StatementLayout, layout_id, with_for_update=True)
    if kept is None:
        raise LayoutNotFound(f"There is no layout {layout_id[:40]}.")
    if kept.revoked_at is None:
        kept.revoked_at = act.at
        audit.record(session, "statement_layout.revoked", kept.id, act=act)
    return kept
