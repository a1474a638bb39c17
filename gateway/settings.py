"""What can be set from outside: environment variables that start with DUECOURSE_, or a .env file."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ledger.email_addresses import UnusableAddress, mail_address
from ledger.errors import Rejected

PREFIX = "DUECOURSE_"


class Misconfigured(Rejected):
    """A setting has a value that cannot be meant."""


class SmtpSecurity(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


# RFC 6409 (submission), RFC 8314 (submission over TLS), RFC 5321.
_USUAL_PORTS = {SmtpSecurity.STARTTLS: 587, SmtpSecurity.TLS: 465, SmtpSecurity.NONE: 25}


class Settings(BaseSettings):
    """Every setting has a default that works on a laptop."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="An external PostgreSQL, 14 or newer. Without it one is started in data_dir.",
    )
    api_key: SecretStr | None = Field(
        default=None, description="Who acts on the command line where it matters: an API key, dc_..."
    )
    data_dir: Path = Field(default=Path("duecourse-data"), description="Where the embedded PostgreSQL lives.")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    threads: int = Field(
        default=20, ge=2, le=200, description="Requests at once; also the size of the connection pool."
    )
    time_zone: str = Field(default="Europe/Berlin", description="Where the treasury's calendar day begins.")
    max_upload_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1, description="The largest statement file taken in."
    )
    import_at_once_bytes: int = Field(
        default=2 * 1024 * 1024, ge=0, description="Larger uploads are answered at once and read by a worker."
    )
    work_in_server: bool = Field(default=True, description="Whether the server also works on jobs.")
    smtp_security: SmtpSecurity = Field(
        default=SmtpSecurity.STARTTLS,
        description="starttls, tls, or none for a mail server on the same machine.",
    )
    smtp_host: str | None = Field(
        default=None, description="The mail server; without one notices of debits stay queued."
    )
    smtp_port: int | None = Field(default=None, ge=1, le=65535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str | None = Field(
        default=None, validate_default=True, description="The address that messages are sent from."
    )
    smtp_contact: str | None = Field(
        default=None,
        max_length=200,
        description="Where customers may ask; the sender's address unless given.",
    )
    smtp_ca_file: Path | None = Field(
        default=None,
        description="Certificate authorities of the mail server, if the machine does not know them.",
    )
    smtp_timeout_seconds: float = Field(default=20, gt=0, le=60)
    log_level: str = "info"

    @property
    def smtp_port_or_usual(self) -> int:
        """The port of the mail server."""
        return self.smtp_port or _USUAL_PORTS[self.smtp_security]

    @field_validator("smtp_password")
    @classmethod
    def _login_over_tls(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("smtp_security") == SmtpSecurity.NONE:
            raise ValueError(
                "A password is only sent over TLS: set DUECOURSE_SMTP_SECURITY to starttls or tls."
            )
        return value

    @field_validator("smtp_from")
    @classmethod
    def _sender(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            if info.data.get("smtp_host") is not None:
                raise ValueError("A mail server needs the address that messages are sent from.")
            return None
        try:
            return mail_address(value)
        except UnusableAddress as unusable:
            raise ValueError(unusable.message) from None

    @field_validator("smtp_ca_file")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("There is no such file.")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("There is no such time zone. One is written like Europe/Berlin.") from None
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in logging.getLevelNamesMapping():
            raise ValueError("A log level is debug, info, warning or error.")
        return value


def load(**chosen: Any) -> Settings:
    """The settings of the environment, but for those `chosen`.

    Raises Misconfigured, which names every variable at fault and repeats no value.
    """
    try:
        return Settings(**chosen)
    except ValidationError as error:
        faults = [
            f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_input=False)
        ]
        raise Misconfigured("; ".join(faults)) from None


def unknown(names: Iterable[str]) -> list[str]:
    """Which of these environment variables look like settings and are none: a misspelt one changes nothing."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return sorted(name for name in names if name.upper().startswith(PREFIX) and name.upper() not in known)
