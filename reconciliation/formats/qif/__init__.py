"""QIF files of Quicken."""

from reconciliation.formats.qif.reader import fragment, identify, read

__all__ = ["fragment", "identify", "read"]
