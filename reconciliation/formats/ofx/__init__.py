"""OFX statements, SGML and XML."""

from reconciliation.formats.ofx.reader import fragment, identify, read

__all__ = ["fragment", "identify", "read"]
