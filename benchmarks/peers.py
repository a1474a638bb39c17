"""Other readers of bank files: an environment that holds them, and cases that run them as processes of their own."""

from __future__ import annotations

import hashlib
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks import peer_process
from benchmarks.comparison import Case, Setting, TookTooLong, Work, require

_REQUIREMENTS = Path(__file__).with_name("peers.txt")
_ENVIRONMENT = Path(__file__).parent.parent / ".bench-venv"
_INSTALL_SECONDS = 600
_START_SECONDS = 60
PATIENCE_SECONDS = 30  # for one run of a peer; some take time by the square of the size


class NoPeers(Exception):
    """The peers could not be installed; says why."""


def installed(environment: Path = _ENVIRONMENT) -> Path:
    """The Python of the peers' environment, made at the first call and when the list of peers has changed.

    Raises NoPeers, for example where the registry is not reached.
    """
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    python, stamp = environment / "bin" / "python", environment / "peers.sha256"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    _run(sys.executable, "-m", "venv", "--clear", str(environment))
    _run(
        str(python), "-m", "pip", "install", "--quiet", "--no-input", "--retries", "1",
        "--requirement", str(_REQUIREMENTS),
    )  # fmt: skip
    stamp.write_text(wanted)
    return python


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout or "").strip().splitlines()[-1:] or ["no reason given"]
        raise NoPeers(last[0]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoPeers(str(error)) from error


def case(peer: str, file: str, warm_up: str, *, floor: str) -> Case:
    """Reading `file` of the setting's folder with `peer`, one of the names in peer_process."""
    return Case(name=peer, ready=partial(_read, peer, file, warm_up), floor=floor, is_peer=True)


@contextmanager
def _read(peer: str, file: str, warm_up: str, setting: Setting, size: int) -> Iterator[Work]:
    require(setting.peers is not None, "peers that are installed")
    answers: list[str] = []
    process = subprocess.Popen(
        [str(setting.peers), peer_process.__file__, peer],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=setting.folder,
    )  # fmt: skip
    try:
        answers.append(_asked(process, setting.folder / warm_up, _START_SECONDS))
        require(answers[-1].isdigit(), f"{peer} reads a small file; it said {answers[-1]!r}")
        yield Work(
            lambda: answers.append(_asked(process, setting.folder / file, PATIENCE_SECONDS)), process.pid
        )
        require(answers[-1] == str(size), f"{size} bookings by {peer}; it said {answers[-1]!r}")
    finally:
        process.kill()
        process.communicate()


def _asked(process: subprocess.Popen[bytes], file: Path, patience: float) -> str:
    """The answer about one file. Raises TookTooLong."""
    if process.stdin is None or process.stdout is None:
        raise TypeError("a peer is started with pipes")
    process.stdin.write(f"{file}\n".encode())
    process.stdin.flush()
    if not select.select([process.stdout], [], [], patience)[0]:
        raise TookTooLong(patience)
    return process.stdout.readline().decode().rstrip("\n")
