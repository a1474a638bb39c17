"""The program as its users run it: a process of its own, with a database of its own, that can be killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from ledger.embedded import EmbeddedServer

PROGRAM = Path(sys.executable).with_name("duecourse")
PATIENCE = 60  # seconds that a process has to start or to stop; tests end long before


@contextmanager
def empty_folder() -> Iterator[Path]:
    """A folder that the embedded database's own user may enter; whatever was started in it is stopped and removed."""
    folder = Path(tempfile.mkdtemp(prefix="duecourse-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for data_dir in {path.parent for path in folder.rglob("database.lock")}:
            EmbeddedServer(data_dir).destroy()
        shutil.rmtree(folder, ignore_errors=True)


def environment(**settings: str | Path) -> dict[str, str]:
    """The environment of a process: this one's without any setting of Duecourse, and then `settings`."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DUECOURSE_")}
    return {
        **plain,
        "COLUMNS": "200",
        **{f"DUECOURSE_{name}": str(value) for name, value in settings.items()},
    }


def run(*arguments: str | Path, cwd: Path, **settings: str | Path) -> subprocess.CompletedProcess[str]:
    """One command from its start to its end."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=cwd,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )


class Server:
    """`duecourse` with arguments that make it serve, on a port of its own choice; what it logs goes into a file."""

    def __init__(self, *arguments: str | Path, folder: Path, **settings: str | Path) -> None:
        self.errors = folder / "stderr.log"
        self.said: list[str] = []
        with self.errors.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, *arguments, "--port", "0"], cwd=folder, env=environment(**settings),
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        self.address = self._address()

    def _address(self) -> str:
        """Where it listens, which is the last thing it says; requests sent before it is ready wait in the queue."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line)
            if line.startswith("Duecourse listens on "):
                return line.split()[-1].removesuffix("/docs")
        raise AssertionError(f"it did not start: {''.join(self.said)}{self.errors.read_text()}")

    def client(self, secret: str = "") -> httpx2.Client:
        """A connection of its own, as one caller has it."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return httpx2.Client(base_url=self.address, headers=headers, timeout=PATIENCE)

    def kill(self) -> None:
        """The process has no time for anything."""
        self._process.kill()
        self._leave()

    def stop(self) -> int:
        """Ask it to end, as systemd and containers do; gives its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._leave()

    def _leave(self) -> int:
        code = self._process.wait(PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code


def database_runs(data_dir: Path) -> bool:
    """Whether the PostgreSQL of this data folder is there: its server removes this file as the last thing it does."""
    pointer = data_dir / "database.location"
    cluster = Path(pointer.read_text()) if pointer.exists() else data_dir / "postgres"
    return (cluster / "postmaster.pid").exists()


def created_key(folder: Path, role: str, **settings: str | Path) -> str:
    """The secret of a new API key."""

    done = run("api-key", "create", "--name", role, "--role", role, "--json", cwd=folder, **settings)
    assert done.returncode == 0, done.stderr
    secret: Any = json.loads(done.stdout)["secret"]
    return str(secret)
