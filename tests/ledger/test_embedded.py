"""The PostgreSQL that comes along: nobody else gets in, and no crash loses what was committed."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from ledger.embedded import LONGEST_SOCKET_PATH, EmbeddedServer, EmbeddedServerFailed
from ledger.embedded_user import SERVICE_HOME, SERVICE_USER
from tests.conftest import FAST
from tests.factories.postgres import (
    ask,
    kill_and_wait,
    own_folder,
    plain_url,
    server_pid,
    user_of,
    wait_until_started,
)

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder in which nothing was made yet."""
    with own_folder() as folder:
        yield folder


@pytest.fixture
def made_dir(made: Path, data_dir: Path) -> Path:
    """A folder with a cluster of its own, whose server is not running."""
    subprocess.run(["cp", "-a", f"{made}/.", data_dir], check=True)
    return data_dir


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A cluster to make copies of, which is quicker than making each anew."""
    with own_folder() as folder:
        server = EmbeddedServer(folder, settings=FAST)
        server.start()
        server.stop()
        yield folder


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedServer]:
    """One server for the tests that only look."""
    with own_folder() as folder:
        server = EmbeddedServer(folder, settings=FAST)
        server.start()
        yield server
        server.stop()


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _socket_dir(server: EmbeddedServer) -> Path:
    return Path(ask(server, "SHOW unix_socket_directories")[0].strip('"'))


def _is_up(server: EmbeddedServer) -> bool:
    try:
        return ask(server, "SELECT 1") == [1]
    except psycopg.OperationalError:
        return False


def _keep_some_money(server: EmbeddedServer) -> None:
    ask(server, "CREATE TABLE money (minor bigint)")
    ask(server, "INSERT INTO money VALUES (12000), (345)")


def _money(server: EmbeddedServer) -> list[int]:
    return ask(server, "SELECT minor FROM money ORDER BY minor")


def test_only_the_owner_reads_the_password(running: EmbeddedServer) -> None:
    assert _mode(running.password_file) == 0o600
    assert running.password_file.stat().st_uid == os.geteuid()
    assert len(running.password_file.read_text()) >= 32


def test_only_the_server_enters_its_socket_folder_and_its_cluster(running: EmbeddedServer) -> None:
    assert _mode(_socket_dir(running)) == 0o700
    assert _mode(running.data_dir / "postgres") == 0o700
    assert ask(running, "SHOW unix_socket_permissions") == ["0700"]


def test_every_way_in_asks_for_the_password(running: EmbeddedServer) -> None:
    assert set(ask(running, "SELECT auth_method FROM pg_hba_file_rules")) == {"scram-sha-256"}
    assert ask(running, "SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL") == [0]


def test_a_wrong_password_is_refused(running: EmbeddedServer) -> None:
    wrong = plain_url(running).replace(running.password_file.read_text(), "guessed")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_no_password_is_refused(running: EmbeddedServer) -> None:
    none = plain_url(running).replace(f":{running.password_file.read_text()}@", "@")
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(none)


def test_no_network_address_is_listened_on(running: EmbeddedServer) -> None:
    """The server's sockets are looked up in the kernel's lists: one in the file system, none of TCP."""
    pid = server_pid(running.data_dir / "postgres")
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {link.removeprefix("socket:[").rstrip("]") for link in links if link.startswith("socket:")}
    assert inodes & _inodes(Path("/proc/net/unix"), 6)
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        assert not inodes & _inodes(Path("/proc/net") / protocol, 9)
    assert ask(running, "SHOW listen_addresses") == [""]


def _inodes(table: Path, column: int) -> set[str]:
    return {line.split()[column] for line in table.read_text().splitlines()[1:]}


@only_root
@pytest.mark.parametrize(
    "place", ["database.password", "postgres.socket/.s.PGSQL.5432", "postgres/PG_VERSION"]
)
def test_another_user_of_the_machine_reaches_nothing(running: EmbeddedServer, place: str) -> None:
    nobody = pwd.getpwnam("nobody")
    done = subprocess.run(
        ["cat", str(running.data_dir / place)],
        user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "Permission denied" in done.stderr


@only_root
def test_root_has_the_server_run_by_another_user(running: EmbeddedServer) -> None:
    pid = server_pid(running.data_dir / "postgres")
    assert Path(f"/proc/{pid}").stat().st_uid == pwd.getpwnam(SERVICE_USER).pw_uid != 0


def test_an_error_leaves_no_row_in_the_server_log(running: EmbeddedServer) -> None:
    ask(running, "CREATE TABLE secrets (word text PRIMARY KEY)")
    ask(running, "INSERT INTO secrets VALUES ('Erika Beispiel')")
    with pytest.raises(psycopg.errors.UniqueViolation, match="Erika Beispiel"):
        ask(running, "INSERT INTO secrets VALUES ('Erika Beispiel')")
    log = (running.data_dir / "postgres" / "server.log").read_text()
    assert "secrets_pkey" in log
    assert "Erika" not in log


def test_a_data_path_of_over_200_characters_works(data_dir: Path) -> None:
    long = data_dir / "/".join(["ein-langer-ordnername-für-die-bücher"] * 6)
    assert len(str(long)) > 200
    server = EmbeddedServer(long, settings=FAST)
    server.start()
    assert ask(server, "SELECT 1") == [1]
    socket = _socket_dir(server)
    assert len(os.fsencode(socket / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
    assert _mode(socket) == 0o700
    server.stop()


def test_a_data_path_with_odd_characters_works(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir / "50%, \"Müller & Söhne\" 'GmbH' @home", settings=FAST)
    server.start()
    assert ask(server, "SELECT 1") == [1]
    server.stop()


def test_processes_that_keep_temporary_files_elsewhere_meet_at_one_socket(data_dir: Path) -> None:
    long = data_dir / ("b" * 200)
    other = data_dir / "tmp"
    other.mkdir(mode=0o711)
    with user_of(long, TMPDIR=str(other)) as process:
        wait_until_started(process)
        server = EmbeddedServer(long)
        server.start()
        assert _socket_dir(server).parent == other
        server.stop()


def test_money_committed_before_the_program_was_killed_is_there_afterwards(made_dir: Path) -> None:
    with user_of(made_dir) as process:
        wait_until_started(process)
        server = EmbeddedServer(made_dir)
        _keep_some_money(server)
        pid = server_pid(made_dir / "postgres")
        process.kill()
        process.wait()
    assert _money(server) == [345, 12000]
    server.start()
    assert server_pid(made_dir / "postgres") == pid
    server.stop()
    assert not _is_up(server)


def test_money_committed_before_the_server_was_killed_is_there_afterwards(made_dir: Path) -> None:
    server = EmbeddedServer(made_dir)
    server.start()
    _keep_some_money(server)
    before = server_pid(made_dir / "postgres")
    kill_and_wait(before, signal.SIGKILL)
    again = EmbeddedServer(made_dir)
    again.start()
    assert _money(again) == [345, 12000]
    assert server_pid(made_dir / "postgres") != before
    again.stop()
    assert _is_up(server)
    server.stop()
    assert not _is_up(server)


def test_a_killed_server_is_started_again_once_its_last_query_has_ended(made_dir: Path) -> None:
    """A busy process of the killed server notices late that it is an orphan; the next start waits for it."""
    server = EmbeddedServer(made_dir, settings=FAST)
    server.start()
    query = "SELECT count(*) FROM generate_series(1, 15000000)"
    with closing(psycopg.connect(plain_url(server))) as connection, connection.cursor() as cursor:
        backend = Path(f"/proc/{connection.info.backend_pid}")
        busy = threading.Thread(target=_outlive_the_server, args=(cursor, query))
        busy.start()
        working = "SELECT count(*) FROM pg_stat_activity WHERE query = %s AND state = 'active'"
        while ask(server, working, query) != [1]:
            pass
        kill_and_wait(server_pid(made_dir / "postgres"), signal.SIGKILL)
        assert (backend / "exe").exists()
        again = EmbeddedServer(made_dir, settings=FAST)
        again.start()
        assert not (backend / "exe").exists()
        busy.join()
    assert ask(again, "SELECT 1") == [1]
    again.stop()
    server.stop()


def _outlive_the_server(cursor: psycopg.Cursor[tuple[int]], query: LiteralString) -> None:
    with suppress(psycopg.OperationalError):
        cursor.execute(query)


def test_a_server_whose_socket_was_cleared_away_is_started_anew(made_dir: Path) -> None:
    server = EmbeddedServer(made_dir, settings=FAST)
    server.start()
    _keep_some_money(server)
    (_socket_dir(server) / ".s.PGSQL.5432").unlink()
    again = EmbeddedServer(made_dir, settings=FAST)
    again.start()
    assert _money(again) == [345, 12000]
    again.stop()
    server.stop()


def test_a_process_number_given_to_another_program_does_not_keep_the_server_down(made_dir: Path) -> None:
    """After a restart of a container the old server's number soon belongs to something else."""
    server = EmbeddedServer(made_dir, settings=FAST)
    server.start()
    note = made_dir / "postgres" / "postmaster.pid"
    lines = note.read_text().split("\n")
    kill_and_wait(int(lines[0]), signal.SIGKILL)
    owner = note.stat()
    with subprocess.Popen(
        ["cat"], stdin=subprocess.PIPE, cwd="/", **_as_user(owner.st_uid, owner.st_gid)
    ) as other:
        note.write_text("\n".join([str(other.pid), *lines[1:]]))
        again = EmbeddedServer(made_dir, settings=FAST)
        again.start()
        assert ask(again, "SELECT 1") == [1]
        assert other.poll() is None
        other.kill()
    again.stop()
    server.stop()


def _as_user(uid: int, gid: int) -> dict[str, object]:
    return {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}


def test_the_last_process_to_leave_stops_the_server(made_dir: Path) -> None:
    with user_of(made_dir) as process:
        wait_until_started(process)
        server = EmbeddedServer(made_dir)
        server.start()
        pid = server_pid(made_dir / "postgres")
        server.stop()
        assert _is_up(server)
        assert server_pid(made_dir / "postgres") == pid
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0
    assert not _is_up(server)


def test_processes_that_start_at_once_share_one_server(data_dir: Path) -> None:
    with user_of(data_dir) as one, user_of(data_dir) as two, user_of(data_dir) as three:
        for process in (one, two, three):
            wait_until_started(process)
        server = EmbeddedServer(data_dir)
        assert ask(server, "SELECT 1") == [1]
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait() == 0
        assert _is_up(server)


def test_a_cluster_whose_making_was_killed_is_made_anew(data_dir: Path) -> None:
    with user_of(data_dir) as process:
        while not list(data_dir.glob("postgres.unfinished-*/*")):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        while _lives(process.pid):
            pass
    assert not (data_dir / "postgres").exists()
    server = EmbeddedServer(data_dir, settings=FAST)
    server.start()
    assert ask(server, "SELECT 1") == [1]
    assert list(data_dir.glob("postgres.unfinished-*")) == []
    server.stop()


def _lives(group: int) -> bool:
    """Whether a process of the group is still about: what was killed ends a moment later."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_copy_of_the_data_folder_is_another_database(data_dir: Path) -> None:
    original = EmbeddedServer(data_dir / "original", settings=FAST)
    original.start()
    _keep_some_money(original)
    original.stop()
    subprocess.run(["cp", "-a", data_dir / "original", data_dir / "copy"], check=True)
    original.start()
    copy = EmbeddedServer(data_dir / "copy", settings=FAST)
    copy.start()
    ask(copy, "DELETE FROM money")
    assert (_money(original), _money(copy)) == ([345, 12000], [])
    copy.stop()
    assert _is_up(original)
    original.stop()


def test_one_folder_by_two_names_is_one_database(data_dir: Path) -> None:
    (data_dir / "other").mkdir()
    server = EmbeddedServer(data_dir / "books", settings=FAST)
    server.start()
    pid = server_pid(data_dir / "books" / "postgres")
    again = EmbeddedServer(data_dir / "other" / ".." / "books", settings=FAST)
    again.start()
    assert server_pid(data_dir / "books" / "postgres") == pid
    again.stop()
    assert _is_up(server)
    server.stop()


def test_starting_and_stopping_twice_counts_once(made_dir: Path) -> None:
    server = EmbeddedServer(made_dir, settings=FAST)
    server.stop()
    server.start()
    server.start()
    server.stop()
    assert not _is_up(server)
    server.stop()


def test_leaving_a_server_that_was_killed_is_no_error(made_dir: Path) -> None:
    server = EmbeddedServer(made_dir, settings=FAST)
    server.start()
    kill_and_wait(server_pid(made_dir / "postgres"), signal.SIGKILL)
    server.stop()
    assert not _is_up(server)


def test_a_server_that_does_not_start_says_why(made_dir: Path) -> None:
    server = EmbeddedServer(made_dir, settings={"shared_buffers": "plenty"})
    with pytest.raises(
        EmbeddedServerFailed, match='does not start: invalid value for parameter "shared_buffers"'
    ):
        server.start()


def test_a_lost_password_is_said_and_not_replaced(made_dir: Path) -> None:
    server = EmbeddedServer(made_dir, settings=FAST)
    server.start()
    server.stop()
    server.password_file.rename(made_dir / "elsewhere")
    with pytest.raises(EmbeddedServerFailed, match=r"password is not in .*database\.password any more"):
        server.start()
    (made_dir / "elsewhere").rename(server.password_file)
    server.start()
    server.stop()


def test_a_folder_that_belongs_to_everybody_is_refused() -> None:
    with pytest.raises(EmbeddedServerFailed, match="belongs to somebody else"):
        EmbeddedServer(Path("/tmp")).start()


def test_a_data_path_that_is_a_file_is_refused(data_dir: Path) -> None:
    (data_dir / "file").write_text("")
    with pytest.raises(EmbeddedServerFailed, match="cannot be used: File exists"):
        EmbeddedServer(data_dir / "file").start()


def test_a_socket_folder_put_there_by_somebody_else_is_refused(made_dir: Path) -> None:
    (made_dir / "postgres.socket").chmod(0o755)
    with pytest.raises(EmbeddedServerFailed, match="or is open to others"):
        EmbeddedServer(made_dir, settings=FAST).start()


def test_a_destroyed_database_can_be_made_anew(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir, settings=FAST)
    server.start()
    _keep_some_money(server)
    EmbeddedServer(data_dir).destroy()
    assert not server.password_file.exists()
    again = EmbeddedServer(data_dir, settings=FAST)
    again.start()
    assert ask(again, "SELECT count(*) FROM pg_tables WHERE tablename = 'money'") == [0]
    again.stop()
    server.stop()


@only_root
def test_a_folder_out_of_reach_of_the_server_user_is_kept_elsewhere(data_dir: Path) -> None:
    private = data_dir / "private"
    private.mkdir(mode=0o700)
    server = EmbeddedServer(private / "data", settings=FAST)
    server.start()
    _keep_some_money(server)
    cluster = Path((private / "data" / "database.location").read_text())
    assert cluster.parent == SERVICE_HOME
    assert _mode(cluster) == 0o700
    server.stop()
    private.chmod(0o711)
    server.start()
    assert _money(server) == [345, 12000]
    server.stop()


@only_root
def test_a_database_kept_elsewhere_that_is_lost_is_not_replaced_by_an_empty_one(data_dir: Path) -> None:
    private = data_dir / "private"
    private.mkdir(mode=0o700)
    server = EmbeddedServer(private / "data", settings=FAST)
    server.start()
    server.stop()
    cluster = Path((private / "data" / "database.location").read_text())
    hidden = cluster.rename(cluster.with_name(f"{cluster.name}.hidden"))
    with pytest.raises(EmbeddedServerFailed, match="is not there any more"):
        server.start()
    hidden.rename(cluster)
    server.start()
    server.stop()


@only_root
def test_a_database_that_went_out_of_reach_is_not_replaced_by_an_empty_one(data_dir: Path) -> None:
    above = data_dir / "above"
    above.mkdir(mode=0o711)
    server = EmbeddedServer(above / "data", settings=FAST)
    server.start()
    server.stop()
    above.chmod(0o700)
    with pytest.raises(EmbeddedServerFailed, match="cannot reach the database"):
        server.start()
    above.chmod(0o711)
    server.start()
    server.stop()
