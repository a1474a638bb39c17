"""Servers of a test's own: where they lie, how to reach them, and other processes that use them."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from ledger.embedded import EmbeddedServer

_PROGRAM = """
import sys
from pathlib import Path
from ledger.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print("started", flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for a server of the test's own, gone afterwards with everything that was started in it."""
    folder = Path(tempfile.mkdtemp(prefix="duecourse-own-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        for lock in sorted(folder.rglob("database.lock")):
            EmbeddedServer(lock.parent).destroy()
        shutil.rmtree(folder)


@contextmanager
def user_of(data_dir: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that started the server, or found it, and uses it until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(data_dir)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2], env={**os.environ, **environment}, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def wait_until_started(process: subprocess.Popen[str]) -> None:
    """Until the process says that the server is up."""
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"


def ask(
    server: EmbeddedServer, statement: LiteralString, *values: Any, database: str = "postgres"
) -> list[Any]:
    """The first column of what one statement gives, in a connection and transaction of its own."""
    with psycopg.connect(plain_url(server, database)) as connection:
        cursor = connection.execute(statement, values)
        return [row[0] for row in cursor] if cursor.description else []


def plain_url(server: EmbeddedServer, database: str = "postgres") -> str:
    """The address of the server as the driver itself takes it."""
    return server.url(database).replace("postgresql+psycopg", "postgresql")


def server_pid(cluster: Path) -> int:
    """The process id of the running server."""
    return int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])


def kill_and_wait(pid: int, signal: int) -> None:
    """Send a signal to a process that is not our child, and wait until it has ended."""
    descriptor = os.pidfd_open(pid)
    try:
        os.kill(pid, signal)
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        assert ended.poll(60_000)
    finally:
        os.close(descriptor)
