"""Debits of ours as banks name them: by EndToEndId, by the PmtInfId of their block, by the MsgId of their file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.database import among
from mandates.models import Batch, Debit, PaymentBlock
from mandates.states import DebitState


class Due(NamedTuple):
    """Where and when blocks are credited: on which account of ours, on which day."""

    bank_account_id: str
    collect_on: date


@dataclass(frozen=True, slots=True)
class NamedBlock:
    """A payment block of ours with all its debits, in id order."""

    payment_information_id: str
    message_id: str
    due: Due
    debits: tuple[Debit, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """Debits by EndToEndId, and whole blocks: each by its PmtInfId, and those of a file by its MsgId."""

    by_end_to_end_id: dict[str, Debit] = field(default_factory=dict)
    by_block: dict[str, NamedBlock] = field(default_factory=dict)
    by_message: dict[str, list[NamedBlock]] = field(default_factory=dict)
    by_due: dict[Due, list[NamedBlock]] = field(default_factory=dict)


def find(
    session: Session,
    *,
    end_to_end_ids: Iterable[str] = (),
    payment_information_ids: Iterable[str] = (),
    message_ids: Iterable[str] = (),
    due: Iterable[Due] = (),
) -> Named:
    """Our debits with these names, locked in id order; those of others are simply not there.

    Of the blocks that are only `due` those are given that have debits waiting for the bank.
    """
    blocks = _blocks(session, payment_information_ids, message_ids, due)
    by_name = session.scalars(select(Debit.id).where(among(Debit.end_to_end_id, end_to_end_ids)))
    in_blocks = session.scalars(select(Debit.id).where(among(Debit.block_id, blocks)))
    debits = session.scalars(
        select(Debit)
        .where(among(Debit.id, [*by_name, *in_blocks]))
        .order_by(Debit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    named = Named(by_end_to_end_id={debit.end_to_end_id: debit for debit in debits})
    members: dict[str | None, list[Debit]] = defaultdict(list)
    for debit in debits:
        members[debit.block_id].append(debit)
    for block_id, (block, message_id) in blocks.items():
        place = Due(block.bank_account_id, block.collect_on)
        _add(named, NamedBlock(block.payment_information_id, message_id, place, tuple(members[block_id])))
    return named


def _add(named: Named, block: NamedBlock) -> None:
    named.by_block[block.payment_information_id] = block
    named.by_message.setdefault(block.message_id, []).append(block)
    named.by_due.setdefault(block.due, []).append(block)


def _blocks(
    session: Session, payment_information_ids: Iterable[str], message_ids: Iterable[str], due: Iterable[Due]
) -> dict[str, tuple[PaymentBlock, str]]:
    """The blocks and the MsgId of each, by id and in its order. Of a file all blocks are given or none."""
    names = select(PaymentBlock.batch_id).where(
        among(PaymentBlock.payment_information_id, payment_information_ids)
    )
    files = select(Batch.id).where(among(Batch.message_id, message_ids))
    batches = {*session.scalars(names), *session.scalars(files), *_waiting_batches(session, set(due))}
    rows = session.execute(
        select(PaymentBlock, Batch.message_id)
        .join(Batch, Batch.id == PaymentBlock.batch_id)
        .where(among(PaymentBlock.batch_id, batches))
        .order_by(PaymentBlock.id)
    )
    return {block.id: (block, message_id) for block, message_id in rows}


def _waiting_batches(session: Session, due: set[Due]) -> set[str]:
    if not due:
        return set()
    rows = session.execute(
        select(PaymentBlock.batch_id, PaymentBlock.bank_account_id, PaymentBlock.collect_on)
        .join(Debit, Debit.block_id == PaymentBlock.id)
        .where(
            Debit.state == DebitState.SUBMITTED,
            among(PaymentBlock.bank_account_id, (one.bank_account_id for one in due)),
            PaymentBlock.collect_on.in_({one.collect_on for one in due}),
        )
        .distinct()
    )
    return {row.batch_id for row in rows if Due(row.bank_account_id, row.collect_on) in due}
