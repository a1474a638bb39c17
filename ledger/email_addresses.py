"""E-mail addresses: whether one can be written to, and how a mail server is given it."""

from __future__ import annotations

from email.errors import MessageError
from email.headerregistry import Address

import idna

from ledger.errors import Rejected

LONGEST = 254  # RFC 5321, section 4.5.3.1.3: a path has 256 octets, two of them angle brackets


class UnusableAddress(Rejected):
    """This is no e-mail address that every mail server can deliver to."""


def mail_address(text: str, *, field: str = "email") -> str:
    """The one address in `text` as ASCII (RFC 5321), its domain in the form of IDNA 2008.

    Left out are names beside the address, lists, comments, domains without a dot and local parts beyond ASCII, which
    many mail servers refuse (RFC 6531). Raises UnusableAddress, which never repeats the text.
    """
    local, at, domain = text.rpartition("@")
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
        address = Address(addr_spec=f"{local}@{ascii_domain}")
    except (idna.IDNAError, MessageError, ValueError, IndexError):
        raise _unusable(field) from None
    found = address.addr_spec
    if not at or found != f"{local}@{ascii_domain}" or "." not in ascii_domain or len(found) > LONGEST:
        raise _unusable(field)
    return found


def _unusable(field: str) -> UnusableAddress:
    return UnusableAddress("This is no e-mail address that every mail server can deliver to.", field=field)
