"""A bank's answer to a payment order: CustomerPaymentStatusReport (pain.002) in every version banks send."""

from reconciliation.formats.pain002.naming import NAME, Order, answered, identify, named
from reconciliation.formats.pain002.reader import read
from reconciliation.formats.pain002.report import (
    ACCEPTED,
    PARTLY,
    REJECTED,
    BlockStatus,
    Count,
    FileStatus,
    Item,
    Reason,
    TransactionStatus,
)

__all__ = [
    "ACCEPTED", "NAME", "PARTLY", "REJECTED", "BlockStatus", "Count", "FileStatus", "Item", "Order", "Reason",
    "TransactionStatus", "answered", "identify", "named", "read",
]  # fmt: skip
