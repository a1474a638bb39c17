"""The states of mandates, debits and batches, and their legal moves."""

from __future__ import annotations

from enum import StrEnum

from ledger.states import Machine, moves


class MandateState(StrEnum):
    """The life of a mandate."""

    DRAFT = "draft"
    INVITED = "invited"
    SIGNED = "signed"
    PENDING_BANK = "pending_bank"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CONSUMED = "consumed"


class DebitState(StrEnum):
    """The life of a debit. It is live while scheduled, batched or submitted."""

    SCHEDULED = "scheduled"
    BATCHED = "batched"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    COLLECTED = "collected"
    RETURNED = "returned"
    REFUNDED = "refunded"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class BatchState(StrEnum):
    """The life of a batch."""

    DRAFT = "draft"
    APPROVED = "approved"
    RELEASED = "released"
    ACCEPTED = "accepted"
    PARTLY_REJECTED = "partly_rejected"
    REJECTED = "rejected"
    BOOKED = "booked"
    CLOSED = "closed"


class ReversalState(StrEnum):
    """The life of a reversal: the order to give a collected debit back, from its draft to its booking."""

    BATCHED = "batched"
    SENT = "sent"
    BOOKED = "booked"
    CANCELLED = "cancelled"


class PaybackState(StrEnum):
    """The life of a payback batch."""

    DRAFT = "draft"
    APPROVED = "approved"
    RELEASED = "released"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    BOOKED = "booked"
    CLOSED = "closed"


class NoticeState(StrEnum):
    """Whether a notice is out. One that failed waits for a person; one that no longer fits its debit is superseded."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    SUPERSEDED = "superseded"


LIVE = (DebitState.SCHEDULED, DebitState.BATCHED, DebitState.SUBMITTED)
FAILED = (DebitState.REJECTED, DebitState.RETURNED, DebitState.REFUNDED)

MANDATE = Machine(
    noun="mandate",
    table="mandates",
    column="state",
    moves=moves(
        {
            MandateState.DRAFT: (MandateState.INVITED, MandateState.SIGNED, MandateState.CANCELLED),
            MandateState.INVITED: (MandateState.SIGNED, MandateState.CANCELLED, MandateState.EXPIRED),
            MandateState.SIGNED: (
                MandateState.PENDING_BANK,
                MandateState.ACTIVE,
                MandateState.CANCELLED,
            ),
            MandateState.PENDING_BANK: (
                MandateState.ACTIVE,
                MandateState.CANCELLED,
                MandateState.EXPIRED,
            ),
            MandateState.ACTIVE: (
                MandateState.SUSPENDED,
                MandateState.CANCELLED,
                MandateState.EXPIRED,
                MandateState.CONSUMED,
            ),
            MandateState.SUSPENDED: (
                MandateState.ACTIVE,
                MandateState.CANCELLED,
                MandateState.EXPIRED,
            ),
            MandateState.CANCELLED: (),
            MandateState.EXPIRED: (),
            # A one-off mandate whose only debit was rejected was never collected on.
            MandateState.CONSUMED: (MandateState.ACTIVE,),
        }
    ),
)

DEBIT = Machine(
    noun="debit",
    table="debits",
    column="state",
    moves=moves(
        {
            DebitState.SCHEDULED: (DebitState.BATCHED, DebitState.CANCELLED),
            DebitState.BATCHED: (DebitState.SUBMITTED, DebitState.SCHEDULED, DebitState.CANCELLED),
            DebitState.SUBMITTED: (DebitState.COLLECTED, DebitState.REJECTED, DebitState.CANCELLED),
            DebitState.COLLECTED: (DebitState.SETTLED, DebitState.RETURNED, DebitState.REFUNDED),
            # Without a valid mandate a debit can be claimed back for 13 months, long after its window closed.
            DebitState.SETTLED: (DebitState.RETURNED, DebitState.REFUNDED),
            DebitState.REJECTED: (),
            DebitState.RETURNED: (),
            DebitState.REFUNDED: (),
            DebitState.CANCELLED: (),
        }
    ),
)

BATCH = Machine(
    noun="batch",
    table="batches",
    column="state",
    moves=moves(
        {
            BatchState.DRAFT: (BatchState.APPROVED, BatchState.CLOSED),
            BatchState.APPROVED: (BatchState.RELEASED, BatchState.DRAFT),
            BatchState.RELEASED: (
                BatchState.ACCEPTED,
                BatchState.PARTLY_REJECTED,
                BatchState.REJECTED,
                BatchState.BOOKED,
            ),
            # Banks look at a file in several steps: what passed the first one may fail as a whole at a later one.
            BatchState.ACCEPTED: (BatchState.PARTLY_REJECTED, BatchState.REJECTED, BatchState.BOOKED),
            BatchState.PARTLY_REJECTED: (BatchState.REJECTED, BatchState.BOOKED, BatchState.CLOSED),
            BatchState.BOOKED: (BatchState.CLOSED,),
            BatchState.REJECTED: (BatchState.CLOSED,),
            BatchState.CLOSED: (),
        }
    ),
)

REVERSAL = Machine(
    noun="reversal",
    table="debit_reversals",
    column="state",
    moves=moves(
        {
            ReversalState.BATCHED: (ReversalState.SENT, ReversalState.CANCELLED),
            ReversalState.SENT: (ReversalState.BOOKED, ReversalState.CANCELLED),
            ReversalState.BOOKED: (),
            ReversalState.CANCELLED: (),
        }
    ),
)

PAYBACK = Machine(
    noun="payback_batch",
    table="payback_batches",
    column="state",
    moves=moves(
        {
            PaybackState.DRAFT: (PaybackState.APPROVED, PaybackState.CLOSED),
            PaybackState.APPROVED: (PaybackState.RELEASED, PaybackState.DRAFT),
            PaybackState.RELEASED: (PaybackState.ACCEPTED, PaybackState.REJECTED, PaybackState.BOOKED),
            PaybackState.ACCEPTED: (PaybackState.REJECTED, PaybackState.BOOKED),
            PaybackState.REJECTED: (),
            PaybackState.BOOKED: (),
            PaybackState.CLOSED: (),
        }
    ),
)

NOTICE = Machine(
    noun="notice",
    table="pre_notifications",
    column="state",
    moves=moves(
        {
            NoticeState.QUEUED: (NoticeState.SENT, NoticeState.FAILED, NoticeState.SUPERSEDED),
            NoticeState.SENT: (NoticeState.SUPERSEDED,),
            NoticeState.FAILED: (NoticeState.SUPERSEDED,),
            NoticeState.SUPERSEDED: (),
        }
    ),
)
