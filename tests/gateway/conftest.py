"""The API as a client sees it, and the command line as a shell does: arguments in; status, output and errors out."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gateway.app import create_app
from gateway.cli import main
from gateway.commands import output
from gateway.logs import ToStandardError
from gateway.runtime import Runtime
from gateway.session import turnstile
from tests.conftest import Clock

_APPLICATION: list[FastAPI] = []  # building it takes longer than most tests do


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    """The application over HTTP, on the books of this test; jobs are worked on when a test asks for it."""
    if not _APPLICATION:
        _APPLICATION.append(create_app(runtime))
    app = _APPLICATION[0]
    app.state.runtime, app.state.turnstile = runtime, turnstile(runtime.settings.threads)
    with TestClient(app) as client:
        yield client


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine(Protocol):
    def __call__(self, *arguments: str | Path, code: int = 0) -> Done: ...


@pytest.fixture
def dry(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CommandLine]:
    """Commands run in an empty folder, on a wide terminal, with no setting but the defaults."""
    for name in [name for name in os.environ if name.startswith("DUECOURSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(output.out, "width", 300)

    def run(*arguments: str | Path, code: int = 0) -> Done:
        monkeypatch.setattr("sys.argv", ["duecourse", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        done = Done(int(left.value.code or 0), *capsys.readouterr())
        assert done.code == code, done
        return done

    on_sigterm = signal.getsignal(signal.SIGTERM)
    yield run
    signal.signal(signal.SIGTERM, on_sigterm)
    for handler in logging.root.handlers[:]:
        if isinstance(handler, ToStandardError):
            logging.root.removeHandler(handler)
    structlog.reset_defaults()


@pytest.fixture
def cli(dry: CommandLine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Commands run on the test's own database."""
    monkeypatch.setenv("DUECOURSE_DATABASE_URL", database_url)
    return dry
