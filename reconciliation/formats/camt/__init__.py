"""The camt messages of ISO 20022: account reports, statements and notifications."""

from reconciliation.formats.camt.fragment import fragment
from reconciliation.formats.camt.reader import identify, read

__all__ = ["fragment", "identify", "read"]
