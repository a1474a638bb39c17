"""A real mail server on this machine, that can be told to be slow, strict, greylisting or about to die."""

from __future__ import annotations

import asyncio
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from gateway.settings import Settings, SmtpSecurity

USER, PASSWORD = "duecourse", "geheim-4711"


@dataclass
class MailServer:
    """What the server took, and how it answers. Answers are given in turn; the last one stays.

    `to_recipients` are replies to RCPT by address, `to_messages` replies to the end of DATA; None is the usual one.
    `hang_up` is asked with each message before the reply to it: whether the line goes dead then.
    """

    taken: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    to_recipients: dict[str, list[str | None]] = field(default_factory=dict)
    to_messages: list[str | None] = field(default_factory=list)
    to_senders: list[str | None] = field(default_factory=list)
    hang_up: Callable[[bytes], bool] = lambda content: False
    on_message: Callable[[bytes], None] = lambda content: None
    port: int = 0
    ca_file: Path | None = None

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.taken]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = _next(self.to_senders)
        if answer is None:
            envelope.mail_from = address
        return answer or "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = _next(self.to_recipients.get(address, []))
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        self.on_message(content)
        if self.hang_up(content):
            server.transport.abort()
            return "250 nobody hears this"
        answer = _next(self.to_messages)
        if answer is None:
            self.taken.extend((recipient, content) for recipient in envelope.rcpt_tos)
        return answer or "250 OK"

    def protocol(self, **options: Any) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            # It warns of a login without TLS, and does not see the TLS of a port that knows nothing else.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(self, hostname="mail.test", enable_SMTPUTF8=False, **options)


def _next(answers: list[str | None]) -> str | None:
    return None if not answers else answers.pop(0) if len(answers) > 1 else answers[0]


def _login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=right, handled=right)


def certificate(folder: Path, *, host: str = "localhost") -> tuple[ssl.SSLContext, Path]:
    """What a server for `host` shows, and the file of the authority that vouches for it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return context, folder / "authority.pem"


@contextmanager
def serving(
    server: MailServer, *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[MailServer]:
    """Let it listen on a port of its own, in a thread of its own; over TLS it asks for a login."""
    options: dict[str, Any] = {}
    if starttls is not None:
        options = {"tls_context": starttls, "require_starttls": True}
    if starttls is not None or tls is not None:
        options |= {"authenticator": _login, "auth_required": True, "auth_require_tls": starttls is not None}
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncio.Server:
        return await loop.create_server(lambda: server.protocol(**options), "localhost", 0, ssl=tls)

    async def leave(listening: asyncio.Server) -> None:
        listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    listening = asyncio.run_coroutine_threadsafe(listen(), loop).result(30)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(leave(listening), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


def reached_at(server: MailServer, **more: Any) -> dict[str, Any]:
    """The settings that name the server, without protection unless said otherwise."""
    plain = {
        "smtp_security": SmtpSecurity.NONE, "smtp_host": "localhost", "smtp_port": server.port,
        "smtp_from": "billing@billing.example", "smtp_timeout_seconds": 5.0,
    }  # fmt: skip
    return {**plain, **more}


def settings_of(server: MailServer, **more: Any) -> Settings:
    return Settings(_env_file=None, **reached_at(server, **more))
