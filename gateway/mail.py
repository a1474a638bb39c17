"""The mail server: one connection for many messages, and what its answers mean."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import Unavailable
from gateway.settings import Settings, SmtpSecurity

# RFC 3463: 4.2.2 and the like, which a server may put behind its three digits.
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}")
_CLOSING = 421  # RFC 5321, section 3.8
_UNAUTHENTICATED = frozenset({530, 534, 535, 538})  # RFC 4954: about our credentials, not about the recipient
_PERMANENT = 500


class MailUnavailable(Unavailable):
    """The mail server does not answer, or serves nobody as things are."""


class Fate(StrEnum):
    """What a mail server did with one message."""

    TAKEN = "taken"
    DEFERRED = "deferred"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fate of a message, and in a sentence what the server answered: its codes, never its words."""

    fate: Fate
    says: str | None = None


class Line:
    """An open connection to the mail server."""

    def __init__(self, smtp: smtplib.SMTP, sender: str) -> None:
        self._smtp, self._sender = smtp, sender

    def send(self, recipient: str, content: bytes) -> Verdict:
        """Hand over one message (RFC 5321).

        Raises MailUnavailable where no other message can be sent either; then it is not known whether this one was.
        """
        try:
            self._smtp.sendmail(self._sender, [recipient], content)
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            return _verdict(code, words, "to the recipient")
        except smtplib.SMTPDataError as refused:
            return _verdict(refused.smtp_code, refused.smtp_error, "to the message")
        except (OSError, ValueError) as error:
            raise _unavailable(error) from None
        return Verdict(Fate.TAKEN)


@contextmanager
def open_line(settings: Settings) -> Iterator[Line]:
    """A connection as the settings describe it, closed at the end. Raises MailUnavailable."""
    sender = settings.smtp_from or ""
    try:
        smtp = _connect(settings, own_name=sender.rpartition("@")[2])
    except (OSError, ValueError) as error:
        raise _unavailable(error) from None
    try:
        yield Line(smtp, sender)
    finally:
        with suppress(OSError):
            smtp.quit()
        smtp.close()


def _connect(settings: Settings, *, own_name: str) -> smtplib.SMTP:
    host, port, patience = (
        settings.smtp_host or "",
        settings.smtp_port_or_usual,
        settings.smtp_timeout_seconds,
    )
    if settings.smtp_security == SmtpSecurity.TLS:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, own_name, timeout=patience, context=_trust(settings)
        )
    else:
        smtp = smtplib.SMTP(host, port, own_name, timeout=patience)
    try:
        if settings.smtp_security == SmtpSecurity.STARTTLS:
            smtp.starttls(context=_trust(settings))
        if settings.smtp_user is not None and settings.smtp_password is not None:
            smtp.login(settings.smtp_user, settings.smtp_password.get_secret_value())
    except BaseException:
        smtp.close()
        raise
    return smtp


def _trust(settings: Settings) -> ssl.SSLContext:
    """Certificates are verified, by the machine's authorities or by those of the settings."""
    return ssl.create_default_context(cafile=settings.smtp_ca_file)


def _verdict(code: int, words: bytes | str, whom: str) -> Verdict:
    said = f"The mail server answered {_codes(code, words)} {whom}."
    if code == _CLOSING or code in _UNAUTHENTICATED:
        raise MailUnavailable(said) from None
    return Verdict(Fate.REFUSED if code >= _PERMANENT else Fate.DEFERRED, said)


def _codes(code: int, words: bytes | str) -> str:
    raw = words if isinstance(words, bytes) else words.encode("ascii", "replace")
    enhanced = _ENHANCED.match(raw.strip())
    return f"{code} {enhanced.group().decode()}" if enhanced else str(code)


def _unavailable(error: OSError | ValueError) -> MailUnavailable:
    """What went wrong with the connection, without the words of the server or an address."""
    match error:
        case smtplib.SMTPResponseException():
            kinds = {
                smtplib.SMTPSenderRefused: "to our sender",
                smtplib.SMTPAuthenticationError: "to our login",
            }
            whom = kinds.get(type(error), "to our greeting")
            return MailUnavailable(
                f"The mail server answered {_codes(error.smtp_code, error.smtp_error)} {whom}."
            )
        case smtplib.SMTPServerDisconnected():
            return MailUnavailable("The mail server ended the connection.")
        case smtplib.SMTPNotSupportedError():
            return MailUnavailable(
                "The mail server does not offer what the settings ask for: STARTTLS or a login."
            )
        case ssl.SSLCertVerificationError():
            return MailUnavailable("The certificate of the mail server is not trusted.")
        case ssl.SSLError():
            return MailUnavailable("The mail server does not speak TLS as the settings say.")
        case TimeoutError():
            return MailUnavailable("The mail server did not answer in time.")
        case ConnectionRefusedError():
            return MailUnavailable("The mail server refused the connection.")
        case _:
            return MailUnavailable("The mail server cannot be reached.")
