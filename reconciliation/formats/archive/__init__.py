"""ZIP and GZIP archives of bank files."""

from reconciliation.formats.archive.reader import (
    MOST_BYTES,
    MOST_MEMBERS,
    Member,
    PassedOver,
    described,
    identify,
    members,
)

__all__ = ["MOST_BYTES", "MOST_MEMBERS", "Member", "PassedOver", "described", "identify", "members"]
