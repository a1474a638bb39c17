"""What processes a cluster has: those of its server, and those that a killed server left behind."""

from __future__ import annotations

import time
from pathlib import Path

from ledger.embedded_programs import PATIENCE_SECONDS, pg_ctl
from ledger.embedded_user import EmbeddedServerFailed, ServerUser

_PROCESSES = Path("/proc")


def is_noted(cluster: Path) -> bool:
    """Whether a server wrote its notes for this very folder: a copy of a data folder has those of the original."""
    try:
        return Path((cluster / "postmaster.pid").read_text().split("\n")[1]).samefile(cluster)
    except (OSError, IndexError):
        return False


def make_way(user: ServerUser, cluster: Path, socket_lock: Path) -> None:
    """Wait for the last processes of a server that was killed, and remove the notes of its process id.

    PostgreSQL takes any living process of its user for its old server, even one that got the same number since, as
    happens when a container is restarted. Where the system does not tell who runs what, PostgreSQL decides alone.
    Raises EmbeddedServerFailed when the last processes do not end.
    """
    if not (_PROCESSES / "self" / "exe").exists():
        return
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := _servers_of(cluster):
        if _noted_pid(cluster) in left:  # it lives, but somebody removed its socket
            pg_ctl(user, cluster, "-m", "fast", "stop")
        elif time.monotonic() > deadline:
            raise EmbeddedServerFailed(
                f"Process {min(left)} of a server that was killed still uses the database."
            )
        else:
            time.sleep(0.05)
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    socket_lock.unlink(missing_ok=True)


def _servers_of(cluster: Path) -> set[int]:
    """The processes of PostgreSQL that have this cluster open: each has it as its working folder."""
    home = cluster.resolve()
    found = set()
    for process in _PROCESSES.glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == home and (process / "exe").readlink().match("bin/postgres*"):
                found.add(int(process.name))
        except OSError:
            continue  # it has just ended, or is none of ours
    return found


def _noted_pid(cluster: Path) -> int | None:
    try:
        return int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
