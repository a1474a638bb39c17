"""MT940 statements and MT942 interim reports of SWIFT."""

from reconciliation.formats.mt940.reader import fragment, identify, read

__all__ = ["fragment", "identify", "read"]
