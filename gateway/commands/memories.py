"""duecourse memory: what was learnt about who pays for whom, teaching it by hand, and taking it back."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.api.payer_memories import MemoryIn, MemoryOut, RevocationIn, RevokedOut, revoke, shown, teach
from gateway.commands.acting import do
from gateway.commands.lines import show_undoing
from gateway.commands.output import AsJson, amount, print_json, table
from gateway.roles import Permission
from ledger import creditors
from ledger.acts import Act
from reconciliation.models import PayerMemory

app = typer.Typer(
    no_args_is_help=True,
    help="Who pays for whom, as matches and people taught it. Set DUECOURSE_API_KEY to your own key.",
)
MemoryId = Annotated[str, typer.Argument(help="Its id: mem_...", metavar="MEMORY")]


@app.command("list")
def list_memories(
    customer: Annotated[str | None, typer.Option(help="Only what is known of this customer: cus_...")] = None,
    as_json: AsJson = False,
) -> None:
    """The newest memories: who pays for whom, since which match, and how much it decided.

    Example: duecourse memory list --customer cus_01jz3q5v9yfk2a8m4t6w7x1c0d
    """

    def work(session: Session, act: Act) -> list[MemoryOut]:
        query = select(PayerMemory).order_by(PayerMemory.id.desc()).limit(100)
        if customer is not None:
            query = query.where(PayerMemory.customer_id == customer)
        return shown(session, list(session.scalars(query)))

    found = do(Permission.READ, work)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [
        (one.id, one.kind, _payer(one), one.customer_id, one.match_id or "by hand", one.learnt_by, one.decided,
         _counts(one))
        for one in found
    ]  # fmt: skip
    columns = ["id", "kind", "who pays", "for customer", "learnt from", "by", "decided", "counts"]
    table("Payer memories", columns, rows, numbers=(6,))


@app.command("teach")
def teach_memory(
    customer: Annotated[str, typer.Option(help="For whom is paid: cus_...")],
    account: Annotated[str | None, typer.Option(help="The account that pays.")] = None,
    name: Annotated[str | None, typer.Option(help="The name that pays, as it stands on statements.")] = None,
    payer: Annotated[str | None, typer.Option(help="The customer that pays: cus_...")] = None,
    creditor: Annotated[str | None, typer.Option(help="Its id, where there are several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say that an account, a name or another customer pays for a customer.

    Example: duecourse memory teach --customer cus_01jz3q5v9yfk2a8m4t6w7x1c0d --account DE02120300000000202051
    """

    def work(session: Session, act: Act) -> MemoryOut:
        owner = creditors.only_one(session, creditor)
        try:
            wish = MemoryIn(
                creditor_id=owner.id, customer_id=customer, account=account, name=name, payer_id=payer
            )
        except ValueError:
            raise typer.BadParameter(
                "Name one customer, and one account, name or customer that pays."
            ) from None
        return teach(wish, session, act)

    made = do(Permission.SETTLE, work)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        table(f"Memory {made.id}", ["", ""], [("who pays", _payer(made)), ("for customer", made.customer_id)])


@app.command("revoke")
def revoke_memory(
    memory_id: MemoryId,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit trail.")],
    undo: Annotated[bool, typer.Option("--undo", help="Undo too what it has decided.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a memory decide nothing any more, and see what it had decided.

    Example: duecourse memory revoke mem_01jz3q5v9yfk2a8m4t6w7x1c0d --reason "the tenant moved" --undo
    """

    def work(session: Session, act: Act) -> RevokedOut:
        return revoke(memory_id, RevocationIn(reason=reason, undo=undo), session, act)

    done = do(Permission.SETTLE, work)
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    rows = [
        (one.match_id, one.line_id, amount(one.amount_minor, one.currency), one.decided_by, one.decided_at)
        for one in done.matches
    ]
    table(
        f"Memory {memory_id}, revoked: it had decided", ["match", "line", "amount", "by", "at"], rows,
        numbers=(2,),
    )  # fmt: skip
    if undo:
        show_undoing(done.undoing, as_json=False)


def _payer(memory: MemoryOut) -> str:
    return memory.account or memory.name_key or memory.payer_id or ""


def _counts(memory: MemoryOut) -> str:
    if memory.revoked_at is not None:
        return f"no, revoked: {memory.revoked_because}"
    return "no, the account pays for many" if memory.pays_for_many else "yes"
