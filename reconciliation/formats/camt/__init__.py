"""The camt messages of ISO 20022: account reports, statements and notifications."""

from reconciliation.formats.camt.reader import fragment, identify, read

__all__ = ["fragment", "identify", "read"]
