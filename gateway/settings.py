"""What can be set from outside: environment variables that start with DUECOURSE_, or a .env file."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting has a default that works on a laptop."""

    model_config = SettingsConfigDict(env_prefix="DUECOURSE_", env_file=".env", extra="ignore")

    database_url: SecretStr | None = Field(
        default=None,
        description="An external PostgreSQL, 14 or newer. Without it one is started in data_dir.",
    )
    data_dir: Path = Field(default=Path("duecourse-data"), description="Where the embedded PostgreSQL lives.")
    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = Field(
        default=20, ge=2, le=200, description="Requests at once; also the size of the connection pool."
    )
    time_zone: str = Field(default="Europe/Berlin", description="Where the treasury's calendar day begins.")
    max_upload_bytes: int = Field(
        default=64 * 1024 * 1024, description="The largest statement file taken in."
    )
    work_in_server: bool = Field(default=True, description="Whether the server also works on jobs.")
    log_level: str = "info"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        ZoneInfo(value)
        return value
