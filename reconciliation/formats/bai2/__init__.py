"""BAI2 balance reports."""

from reconciliation.formats.bai2.reader import fragment, identify, read

__all__ = ["fragment", "identify", "read"]
