"""The PostgreSQL that Duecourse starts by itself: private to one operating-system user, reached by socket only."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shlex
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from ledger import embedded_programs
from ledger.embedded_processes import is_noted, make_way
from ledger.embedded_programs import PATIENCE_SECONDS, ProgramFailed
from ledger.embedded_user import EmbeddedServerFailed as EmbeddedServerFailed
from ledger.embedded_user import ServerUser, make_service_home
from ledger.private_files import made_private, sync_folder, write_private

SUPERUSER = "duecourse"
PORT = 5432  # only part of the socket's file name: the server listens on no network address
LONGEST_SOCKET_PATH = 103  # sun_path holds 104 bytes on the strictest system, its closing NUL among them

# Room for the indexes of a million invoices, and fewer checkpoints, after each of which pages are written whole.
_ROOM = {"shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}
# Error texts of PostgreSQL may quote the row at fault; neither rows nor statements belong in a log file.
_PRIVATE_LOG = {"log_error_verbosity": "terse", "log_min_error_statement": "panic"}


class EmbeddedServer:
    """One PostgreSQL cluster below `data_dir`, shared by every Duecourse process that opens the same folder.

    The first process starts the server and the last one to leave stops it; processes are counted by a shared file
    lock, which the kernel releases however they end. After `kill -9` the server runs on, and the next process finds
    it, or starts it again. Every method raises EmbeddedServerFailed with the reason.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self._settings = settings
        self._presence: int | None = None

    @property
    def password_file(self) -> Path:
        return self.data_dir / "database.password"

    def start(self) -> None:
        """Make the cluster if there is none, start the server if it does not run, and count this process in."""
        if self._presence is not None:
            return
        self._take_data_dir()
        with self._startup_lock():
            cluster = self._find_cluster() or self._create_cluster()
            self._require_password()
            if not self._is_running(cluster):
                self._launch(cluster)
            self._presence = os.open(self.data_dir / "database.users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._presence, fcntl.LOCK_SH)

    def stop(self) -> None:
        """Count this process out; the last one out stops the server and waits until it has closed its files."""
        if self._presence is None:
            return
        with self._startup_lock():
            try:
                fcntl.flock(self._presence, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._shut_down("fast")
            except BlockingIOError:
                pass  # another process still uses the server
            finally:
                os.close(self._presence)
                self._presence = None

    def destroy(self) -> None:
        """Stop the server whoever uses it, and remove the cluster with everything in it."""
        if not self.data_dir.exists():
            return
        with self._startup_lock():
            if (self._location() / "PG_VERSION").exists():
                self._shut_down("immediate")
            shutil.rmtree(self._location(), ignore_errors=True)
            shutil.rmtree(self._socket_dir(), ignore_errors=True)
            for name in ("database.password", "database.location", "database.socket"):
                (self.data_dir / name).unlink(missing_ok=True)

    def url(self, database: str = "duecourse") -> str:
        """The address of `database` for SQLAlchemy with psycopg 3; it holds the password, so never log it."""
        password = quote(self.password_file.read_text().strip(), safe="")
        socket = quote(str(self._socket_dir()), safe="")
        return f"postgresql+psycopg://{SUPERUSER}:{password}@/{database}?host={socket}&port={PORT}"

    def _take_data_dir(self) -> None:
        """Make the folder if there is none, and let nobody else write or look into it."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            facts = self.data_dir.stat()
            if os.geteuid() not in (0, facts.st_uid) or facts.st_mode & stat.S_ISVTX:
                raise EmbeddedServerFailed(
                    f"The data folder {self.data_dir} belongs to somebody else. Name a folder of your own."
                )
            self.data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
        except OSError as error:
            raise EmbeddedServerFailed(
                f"The data folder {self.data_dir} cannot be used: {error.strerror}."
            ) from error

    def _find_cluster(self) -> Path | None:
        """The cluster, if it was made before. Raises EmbeddedServerFailed when it is lost or out of reach."""
        cluster = self._location()
        if (cluster / "PG_VERSION").exists():
            if not ServerUser.owning(cluster).reaches(cluster):
                raise EmbeddedServerFailed(
                    f"The server's user cannot reach the database in {cluster} any more. "
                    "Let others pass through the folders above it (chmod o+x)."
                )
            return cluster
        if cluster != self._inside():
            raise EmbeddedServerFailed(f"The database was kept in {cluster}, and is not there any more.")
        return None

    def _location(self) -> Path:
        """Where the cluster lies or will lie: below the data folder, unless its user could not reach it there."""
        pointer = self.data_dir / "database.location"
        return Path(pointer.read_text()) if pointer.exists() else self._inside()

    def _create_cluster(self) -> Path:
        """Made under another name and renamed when it is whole; what an earlier attempt left behind is removed."""
        user = ServerUser.choose()
        place = self.data_dir if user.reaches(self._inside()) else make_service_home()
        for leftover in self.data_dir.glob("postgres.unfinished-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        password = secrets.token_urlsafe(32)
        write_private(self.password_file, password)
        unfinished = Path(tempfile.mkdtemp(prefix="postgres.unfinished-", dir=place))
        user.give(unfinished)
        with tempfile.NamedTemporaryFile("w", prefix="database.handed-over-", dir=place) as handed_over:
            handed_over.write(password)
            handed_over.flush()
            user.give(Path(handed_over.name))
            _initdb(user, unfinished, Path(handed_over.name))
        if place == self.data_dir:
            unfinished.rename(self._inside())
            sync_folder(place)
            return self._inside()
        cluster = unfinished.rename(place / secrets.token_hex(8))
        sync_folder(place)
        write_private(self.data_dir / "database.location", str(cluster))
        return cluster

    def _launch(self, cluster: Path) -> None:
        user = ServerUser.owning(cluster)
        socket_dir = _choose_socket_dir(cluster)
        if not made_private(socket_dir, user.uid):
            raise EmbeddedServerFailed(
                f"The socket folder {socket_dir} belongs to somebody else or is open to others."
            )
        user.give(socket_dir)
        write_private(self.data_dir / "database.socket", str(socket_dir))
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": '"{}"'.format(str(socket_dir).replace('"', '""')),
            "unix_socket_permissions": "0700",
            "port": str(PORT),
            "max_connections": "100",
            **_ROOM,
            **_PRIVATE_LOG,
            **self._settings,
        }
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        make_way(user, cluster, socket_dir / f".s.PGSQL.{PORT}.lock")
        _start(user, cluster, options)

    def _is_running(self, cluster: Path) -> bool:
        """Whether its server takes connections; one that is just starting or stopping is waited for."""
        if not is_noted(cluster):
            return False
        address = make_conninfo(host=str(self._socket_dir()), port=PORT, dbname="postgres").encode()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := PGconn.ping(address)) == Ping.REJECT:
            if time.monotonic() > deadline:
                raise EmbeddedServerFailed("The embedded PostgreSQL is neither up nor down for minutes now.")
            time.sleep(0.05)
        return answer == Ping.OK

    def _shut_down(self, mode: str) -> None:
        cluster = self._find_cluster()
        if cluster is not None and self._is_running(cluster):
            try:
                embedded_programs.pg_ctl(ServerUser.owning(cluster), cluster, "-m", mode, "stop")
            except ProgramFailed as error:
                raise EmbeddedServerFailed(f"The embedded PostgreSQL does not stop: {error}") from error

    def _inside(self) -> Path:
        return self.data_dir / "postgres"

    def _socket_dir(self) -> Path:
        """Where the server that was launched last has its socket."""
        written = self.data_dir / "database.socket"
        return Path(written.read_text()) if written.exists() else _choose_socket_dir(self._inside())

    def _require_password(self) -> None:
        if not self.password_file.exists():
            raise EmbeddedServerFailed(f"The database's password is not in {self.password_file} any more.")

    @contextmanager
    def _startup_lock(self) -> Iterator[None]:
        descriptor = os.open(self.data_dir / "database.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _initdb(user: ServerUser, folder: Path, password_file: Path) -> None:
    try:
        embedded_programs.run(
            user, folder, "initdb", "-U", SUPERUSER, "--pwfile", str(password_file),
            "--auth=scram-sha-256", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
        )  # fmt: skip
    except ProgramFailed as error:
        raise EmbeddedServerFailed(f"The database could not be made: {error}") from error


def _start(user: ServerUser, cluster: Path, options: str) -> None:
    log = cluster / "server.log"
    size = log.stat().st_size if log.exists() else 0
    try:
        embedded_programs.pg_ctl(user, cluster, "-l", log.name, "-o", options, "start")
    except ProgramFailed as error:
        reason = _complaints(log, size) or str(error)
        raise EmbeddedServerFailed(f"The embedded PostgreSQL does not start: {reason}") from error


def _complaints(log: Path, offset: int) -> str:
    """What the server gave up on, from its log after `offset` bytes; these lines hold no rows."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(offset)
        lines = file.read().decode(errors="replace").splitlines()
    return " ".join(line.split("FATAL:", 1)[1].strip() for line in lines if "FATAL:" in line)


def _choose_socket_dir(cluster: Path) -> Path:
    """Beside the cluster; in the folder for temporary files where that path is too long or has a comma in it.

    libpq takes what a comma separates for several folders.
    """
    beside = cluster.with_name(f"{cluster.name}.socket")
    name = hashlib.sha256(os.fsencode(cluster.resolve())).hexdigest()[:16]
    short = f"duecourse-{os.geteuid()}-{name}"
    for folder in (beside, Path(tempfile.gettempdir()) / short):
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH and "," not in str(folder):
            return folder
    return Path("/tmp") / short  # noqa: S108 - made for its owner only, and refused if it is another's
