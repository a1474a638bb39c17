"""Settings come from the environment; what cannot be meant is named, and never silently replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway import settings
from gateway.settings import Misconfigured, Settings, SmtpSecurity


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DUECOURSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_it_runs_on_a_laptop() -> None:
    chosen = settings.load()
    assert (chosen.database_url, chosen.data_dir) == (None, Path("duecourse-data"))
    assert (chosen.host, chosen.port, chosen.threads) == ("127.0.0.1", 8000, 20)
    assert (chosen.time_zone, chosen.max_upload_bytes) == ("Europe/Berlin", 64 * 1024 * 1024)
    assert chosen.work_in_server is True


def test_the_environment_goes_before_the_file_and_arguments_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("DUECOURSE_PORT=7001\nDUECOURSE_THREADS=7\nDUECOURSE_HOST=::1\n")
    monkeypatch.setenv("DUECOURSE_PORT", "7002")
    assert (settings.load().port, settings.load().threads) == (7002, 7)
    assert settings.load(port=7003).port == 7003


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUECOURSE_DATABASE_URL", "")
    monkeypatch.setenv("DUECOURSE_PORT", "")
    assert (settings.load().database_url, settings.load().port) == (None, 8000)


def test_every_variable_at_fault_is_named_and_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PORT": "70000",
        "THREADS": "201",
        "MAX_UPLOAD_BYTES": "0",
        "WORK_IN_SERVER": "maybe",
    }.items():
        monkeypatch.setenv(f"DUECOURSE_{name}", value)
    with pytest.raises(Misconfigured) as refused:
        settings.load()
    faults = refused.value.message.split("; ")
    assert [fault.split(":")[0] for fault in faults] == [
        "DUECOURSE_PORT", "DUECOURSE_THREADS", "DUECOURSE_MAX_UPLOAD_BYTES", "DUECOURSE_WORK_IN_SERVER",
    ]  # fmt: skip
    assert not any(value in refused.value.message for value in ("70000", "maybe"))


def test_the_password_of_the_database_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUECOURSE_DATABASE_URL", "postgresql://duecourse:geheim@db/duecourse")
    chosen = settings.load()
    assert "geheim" not in repr(chosen) + str(chosen)
    assert chosen.database_url is not None
    assert "geheim" in chosen.database_url.get_secret_value()


def test_misspelt_variables_are_found() -> None:
    names = ["DUECOURSE_PORT", "duecourse_host", "DUECOURSE_DATABSE_URL", "DUECOURSE_", "PATH"]
    assert settings.unknown(names) == ["DUECOURSE_", "DUECOURSE_DATABSE_URL"]


def test_every_setting_has_a_default() -> None:
    assert [name for name, field in Settings.model_fields.items() if field.is_required()] == []


def test_without_a_mail_server_nothing_is_sent() -> None:
    chosen = settings.load()
    assert (chosen.smtp_host, chosen.smtp_from, chosen.smtp_security) == (None, None, SmtpSecurity.STARTTLS)


def test_a_mail_server_has_the_usual_port_of_its_protection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUECOURSE_SMTP_HOST", "mail.example.org")
    monkeypatch.setenv("DUECOURSE_SMTP_FROM", "billing@EXÄMPLE.org")
    for security, port in (("starttls", 587), ("tls", 465), ("none", 25)):
        monkeypatch.setenv("DUECOURSE_SMTP_SECURITY", security)
        assert settings.load().smtp_port_or_usual == port
    monkeypatch.setenv("DUECOURSE_SMTP_PORT", "2525")
    assert settings.load().smtp_port_or_usual == 2525
    assert settings.load().smtp_from == "billing@xn--exmple-cua.org"


@pytest.mark.parametrize(
    ("set_to", "fault"),
    [
        ({"HOST": "mail.example.org"}, "DUECOURSE_SMTP_FROM"),
        ({"HOST": "mail.example.org", "FROM": "Billing <billing@example.org>"}, "DUECOURSE_SMTP_FROM"),
        ({"SECURITY": "none", "PASSWORD": "geheim"}, "DUECOURSE_SMTP_PASSWORD"),
        ({"SECURITY": "ssl"}, "DUECOURSE_SMTP_SECURITY"),
        ({"PORT": "0"}, "DUECOURSE_SMTP_PORT"),
        ({"CA_FILE": "/nowhere/authority.pem"}, "DUECOURSE_SMTP_CA_FILE"),
        ({"TIMEOUT_SECONDS": "0"}, "DUECOURSE_SMTP_TIMEOUT_SECONDS"),
    ],
)
def test_a_mail_server_that_cannot_be_meant_is_named(
    set_to: dict[str, str], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in set_to.items():
        monkeypatch.setenv(f"DUECOURSE_SMTP_{name}", value)
    with pytest.raises(Misconfigured) as refused:
        settings.load()
    assert refused.value.message.startswith(f"{fault}: ")
    assert "geheim" not in refused.value.message


def test_the_password_of_the_mail_server_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUECOURSE_SMTP_PASSWORD", "geheim")
    assert "geheim" not in repr(settings.load())
