"""What a real mail server answers, and what it means for one message and for all others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.mail import Fate, MailUnavailable, Verdict, open_line
from gateway.settings import Settings, SmtpSecurity
from tests.factories.mail_server import (
    PASSWORD,
    USER,
    MailServer,
    certificate,
    serving,
    settings_of,
)

ERIKA, OTTO = "erika@example.org", "otto@example.org"
CONTENT = b"Subject: Ank\r\n\r\n.\r\n..zwei Punkte\r\nEnde\r\n"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with serving(MailServer()) as server:
        yield server


def send(settings: Settings, *recipients: str) -> list[Verdict]:
    with open_line(settings) as line:
        return [line.send(recipient, CONTENT) for recipient in recipients]


def trouble(settings: Settings, *recipients: str) -> str:
    """What is said where no message can be sent."""
    with pytest.raises(MailUnavailable) as raised:
        send(settings, *(recipients or (ERIKA,)))
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    return raised.value.message


def test_many_messages_go_over_one_connection_byte_for_byte(server: MailServer) -> None:
    assert send(settings_of(server), ERIKA, OTTO, ERIKA) == [Verdict(Fate.TAKEN)] * 3
    assert server.taken == [(ERIKA, CONTENT), (OTTO, CONTENT), (ERIKA, CONTENT)]
    assert server.connections == 1


def test_a_recipient_refused_for_ever_does_not_hinder_the_next(server: MailServer) -> None:
    server.to_recipients[ERIKA] = ["550 5.1.1 <erika@example.org> is unknown to Erika Beispiel"]
    assert send(settings_of(server), ERIKA, OTTO) == [
        Verdict(Fate.REFUSED, "The mail server answered 550 5.1.1 to the recipient."),
        Verdict(Fate.TAKEN),
    ]
    assert server.recipients == [OTTO]


def test_a_greylisted_recipient_is_taken_the_second_time(server: MailServer) -> None:
    server.to_recipients[ERIKA] = ["451 4.7.1 Greylisted, come back in 300 seconds", None]
    assert send(settings_of(server), ERIKA, OTTO, ERIKA) == [
        Verdict(Fate.DEFERRED, "The mail server answered 451 4.7.1 to the recipient."),
        Verdict(Fate.TAKEN),
        Verdict(Fate.TAKEN),
    ]
    assert server.recipients == [OTTO, ERIKA]


@pytest.mark.parametrize(
    ("answer", "fate", "codes"),
    [
        ("452 4.3.1 disk full", Fate.DEFERRED, "452 4.3.1"),
        ("450", Fate.DEFERRED, "450"),
        ("554 5.7.1 looks like spam from erika@example.org", Fate.REFUSED, "554 5.7.1"),
        ("552 too big for 5.1.1", Fate.REFUSED, "552"),
    ],
)
def test_the_answer_to_the_message_itself_counts_too(
    server: MailServer, answer: str, fate: Fate, codes: str
) -> None:
    server.to_messages = [answer, None]
    first, second = send(settings_of(server), ERIKA, OTTO)
    assert first == Verdict(fate, f"The mail server answered {codes} to the message.")
    assert second == Verdict(Fate.TAKEN)


@pytest.mark.parametrize("code", ["530 5.7.0", "535 5.7.8", "421 4.3.2"])
def test_what_is_about_us_is_no_verdict_about_the_recipient(server: MailServer, code: str) -> None:
    server.to_recipients[ERIKA] = [f"{code} log in first"]
    assert trouble(settings_of(server), ERIKA) == f"The mail server answered {code} to the recipient."


def test_a_sender_that_may_not_send_stops_everything(server: MailServer) -> None:
    server.to_senders = ["553 5.7.1 not your domain"]
    assert trouble(settings_of(server)) == "The mail server answered 553 5.7.1 to our sender."
    assert server.taken == []


def test_nobody_listens(server: MailServer) -> None:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        server.port = free.getsockname()[1]
        assert trouble(settings_of(server)) == "The mail server refused the connection."


def test_a_name_that_leads_nowhere(server: MailServer) -> None:
    assert trouble(settings_of(server, smtp_host="mail.invalid")) == "The mail server cannot be reached."


def test_a_server_that_says_nothing_is_waited_for_only_so_long(server: MailServer) -> None:
    with socket.create_server(("localhost", 0)) as silent:
        server.port = silent.getsockname()[1]
        said = trouble(settings_of(server, smtp_timeout_seconds=0.2))
    assert said in ("The mail server did not answer in time.", "The mail server ended the connection.")


def test_a_line_that_goes_dead_after_the_message(server: MailServer) -> None:
    server.hang_up = lambda content: True
    assert trouble(settings_of(server)) == "The mail server ended the connection."


def test_a_line_that_goes_dead_between_two_messages(server: MailServer) -> None:
    server.to_recipients[OTTO] = ["421 closing"]
    with open_line(settings_of(server)) as line:
        assert line.send(ERIKA, CONTENT) == Verdict(Fate.TAKEN)
        for _ in range(2):
            with pytest.raises(MailUnavailable):
                line.send(OTTO, CONTENT)
    assert server.recipients == [ERIKA]


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
def test_the_password_goes_over_tls_to_a_server_that_is_trusted(
    security: SmtpSecurity, tmp_path: Path
) -> None:
    context, authority = certificate(tmp_path)
    kind: dict[str, Any] = {security.value: context}
    login = {"smtp_user": USER, "smtp_password": PASSWORD, "smtp_ca_file": authority}
    with serving(MailServer(), **kind) as server:
        assert send(settings_of(server, smtp_security=security, **login), ERIKA) == [Verdict(Fate.TAKEN)]
        assert server.taken == [(ERIKA, CONTENT)]
        wrong = {**login, "smtp_password": "falsch"}
        said = trouble(settings_of(server, smtp_security=security, **wrong))
        assert said == "The mail server answered 535 5.7.8 to our login."
        nobody = {"smtp_ca_file": authority}
        said = trouble(settings_of(server, smtp_security=security, **nobody))
        assert said == "The mail server answered 530 5.7.0 to our sender."
        assert len(server.taken) == 1


def test_a_certificate_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    with serving(MailServer(), starttls=context) as server:
        settings = settings_of(
            server, smtp_security=SmtpSecurity.STARTTLS, smtp_user=USER, smtp_password=PASSWORD
        )
        assert trouble(settings) == "The certificate of the mail server is not trusted."
        assert server.taken == []


def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path, host="mail.example.org")
    with serving(MailServer(), starttls=context) as server:
        settings = settings_of(server, smtp_security=SmtpSecurity.STARTTLS, smtp_ca_file=authority)
        assert trouble(settings) == "The certificate of the mail server is not trusted."


def test_nothing_is_said_in_clear_where_tls_was_asked_for(server: MailServer) -> None:
    settings = settings_of(
        server, smtp_security=SmtpSecurity.STARTTLS, smtp_user=USER, smtp_password=PASSWORD
    )
    assert (
        trouble(settings) == "The mail server does not offer what the settings ask for: STARTTLS or a login."
    )
    assert trouble(settings_of(server, smtp_security=SmtpSecurity.TLS)) == (
        "The mail server does not speak TLS as the settings say."
    )
    assert server.taken == []
