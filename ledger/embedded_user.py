"""Whom the embedded PostgreSQL runs as: ourselves, or a service user when we are root, whom PostgreSQL refuses."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import Rejected

SERVICE_USER = "duecourse-db"
SERVICE_HOME = Path("/var/lib/duecourse")  # for what the service user cannot reach where it lies


class EmbeddedServerFailed(Rejected):
    """The embedded PostgreSQL could not be set up or started."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The ids of whoever runs the server; `other` when that is not the present user."""

    uid: int
    gid: int
    other: bool

    @classmethod
    def choose(cls) -> ServerUser:
        """The present user, or for root the service user, who is made if need be. Raises EmbeddedServerFailed."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), other=False)
        entry = _service_user() or _create_service_user()
        return cls(entry.pw_uid, entry.pw_gid, other=True)

    @classmethod
    def owning(cls, cluster: Path) -> ServerUser:
        """Who the server of an existing cluster must run as: its owner. Raises EmbeddedServerFailed."""
        facts = cluster.stat()
        if os.geteuid() not in (0, facts.st_uid):
            raise EmbeddedServerFailed(f"The database in {cluster} belongs to another user of this machine.")
        if facts.st_uid == 0:
            raise EmbeddedServerFailed(f"The database in {cluster} belongs to root, as whom no server runs.")
        return cls(facts.st_uid, facts.st_gid, other=os.geteuid() == 0)

    def reaches(self, path: Path) -> bool:
        """Whether this user may enter every folder above `path`."""
        return not self.other or all(self._may_enter(parent) for parent in path.resolve().parents)

    def give(self, path: Path) -> None:
        """Make this user the owner of `path`."""
        if self.other:
            os.chown(path, self.uid, self.gid)

    def as_process(self) -> dict[str, Any]:
        """How `subprocess` starts a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.other else {}

    def _may_enter(self, folder: Path) -> bool:
        facts = folder.stat()
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & stat.S_IXUSR)
        if facts.st_gid == self.gid:
            return bool(facts.st_mode & stat.S_IXGRP)
        return bool(facts.st_mode & stat.S_IXOTH)


def make_service_home() -> Path:
    """The folder for what the service user could not reach elsewhere; everybody may pass through it."""
    SERVICE_HOME.mkdir(parents=True, exist_ok=True)
    SERVICE_HOME.chmod(0o711)
    return SERVICE_HOME


def _service_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return None


def _create_service_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = done.stderr.strip()
    except OSError as error:
        reason = f"useradd: {error.strerror}"
    made = _service_user()  # by us, or by another process at the same moment
    if made is None:
        raise EmbeddedServerFailed(
            f"PostgreSQL does not run as root, and the user {SERVICE_USER} could not be made ({reason}). "
            "Start Duecourse as an ordinary user, or make that user first."
        )
    return made
