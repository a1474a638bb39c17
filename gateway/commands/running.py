"""duecourse serve | worker | migrate | doctor | api-key create: running and looking after the product."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from types import FrameType
from typing import Annotated, NoReturn

import typer
import uvicorn
from sqlalchemy import text

from gateway import access, jobs, logs, mail, notice_sending, settings
from gateway.commands.output import AsJson, house, out, print_json, table
from gateway.roles import Role
from gateway.runtime import Runtime, open_runtime
from gateway.settings import Settings
from ledger.errors import DuecourseError, Rejected

JOB_CONNECTIONS = 10  # what a worker and a few commands beside the server need
LONGEST_FAREWELL = 20  # seconds that requests under way have to end when the server is asked to stop


class CannotListen(Rejected):
    """The address belongs to another program, or is none of this machine."""


api_key = typer.Typer(no_args_is_help=True, help="Keys for the API.")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Do not work on jobs in this process.")
    ] = False,
    reload: Annotated[bool, typer.Option("--reload", help="Start anew when the code changes.")] = False,
) -> None:
    """Serve the API, and work on jobs in the same process. Example: duecourse serve --port 8000"""
    given = {"host": host, "port": port, "work_in_server": False if no_worker else None}
    chosen = settings.load(**{name: value for name, value in given.items() if value is not None})
    if reload:
        os.environ["DUECOURSE_WORK_IN_SERVER"] = str(chosen.work_in_server)
        uvicorn.run(
            "gateway.app:from_environment", factory=True, host=chosen.host, port=chosen.port, reload=True
        )
    else:
        run_server(chosen)


def run_server(chosen: Settings) -> None:
    """Serve until asked to stop by SIGINT or SIGTERM; requests and jobs under way are finished, then all is closed.

    Raises CannotListen, SchemaNotCurrent, or what `open_runtime` raises.
    """
    logs.set_up(chosen.log_level)
    signal.signal(signal.SIGTERM, _leave)
    with _listening(chosen.host, chosen.port) as door, open_runtime(chosen) as runtime:
        runtime.require_current_schema()
        app = import_module("gateway.app").create_app(runtime, worker=chosen.work_in_server)
        out.print(f"Duecourse listens on http://{_address(door)}/docs")
        server = uvicorn.Server(
            uvicorn.Config(
                app, access_log=False, log_config=None, log_level="warning", server_header=False,
                timeout_graceful_shutdown=LONGEST_FAREWELL,
            )
        )  # fmt: skip
        with suppress(KeyboardInterrupt):
            server.run(sockets=[door])


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """Unwind, so that the embedded database is stopped; the web server has finished its requests before."""
    raise SystemExit(0)


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except socket.gaierror as error:
        why = error.strerror
    except OSError as error:
        why = os.strerror(error.errno or 0)
    raise CannotListen(f"Cannot listen on {host}, port {port}: {why}.")


def _address(door: socket.socket) -> str:
    host, port = door.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def worker() -> None:
    """Work on jobs, beside any number of other workers. Example: duecourse worker"""
    with house() as runtime:
        asyncio.run(_until_asked_to_stop(runtime))


async def _until_asked_to_stop(runtime: Runtime) -> None:
    working = asyncio.create_task(jobs.keep_working(runtime))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, working.cancel)
    with suppress(asyncio.CancelledError):
        await working


def migrate() -> None:
    """Bring the database to the schema of this version. Example: duecourse migrate"""
    with house(current=False) as runtime:
        runtime.migrate()
    out.print("The database is up to date.")


@dataclass(frozen=True, slots=True)
class _Check:
    """One thing the doctor looked at: fine or not, and what to do."""

    what: str
    fine: bool
    says: str


def doctor(as_json: AsJson = False) -> None:
    """Look at the settings and the database, and explain what is misconfigured. Example: duecourse doctor"""
    checks = list(_examine())
    if as_json:
        print_json([{"check": one.what, "fine": one.fine, "says": one.says} for one in checks])
    else:
        table(
            "Doctor", ["", "looked at", "found"], [("ok" if c.fine else "!!", c.what, c.says) for c in checks]
        )
    if not all(one.fine for one in checks):
        raise typer.Exit(1)


def _examine() -> Iterator[_Check]:
    for name in settings.unknown(os.environ):
        yield _Check("settings", False, f"{name} is no setting and changes nothing; is it misspelt?")
    try:
        chosen = settings.load()
    except DuecourseError as error:
        yield _Check("settings", False, error.message)
        return
    kind = "external (DUECOURSE_DATABASE_URL)" if chosen.database_url else f"embedded in {chosen.data_dir}"
    yield _Check("database", True, kind)
    yield _Check("time zone", True, f"the treasury's day begins at midnight in {chosen.time_zone}")
    try:
        with open_runtime(chosen) as runtime:
            yield from _examine_database(runtime)
    except DuecourseError as error:
        yield _Check("connection", False, error.message)


def _examine_database(runtime: Runtime) -> Iterator[_Check]:
    for look in (_connections, _version, _durability):
        yield look(runtime)
    schema = _schema(runtime)
    yield schema
    if schema.fine:
        yield _keys(runtime)
        yield _queue(runtime)
        yield _mail(runtime)


def _connections(runtime: Runtime) -> _Check:
    most, wanted = int(_ask(runtime, "SHOW max_connections")), runtime.settings.threads
    if wanted + JOB_CONNECTIONS > most:
        says = f"DUECOURSE_THREADS is {wanted}, but the server takes {most} connections"
        return _Check("connection", False, f"{says}, {JOB_CONNECTIONS} of them for jobs and commands.")
    return _Check("connection", True, f"answers; {wanted} connections for requests, {most} in all")


def _version(runtime: Runtime) -> _Check:
    return _Check("server version", True, f"PostgreSQL {_ask(runtime, 'SHOW server_version')}")


def _schema(runtime: Runtime) -> _Check:
    try:
        runtime.require_current_schema()
    except DuecourseError as error:
        return _Check("schema", False, error.message)
    return _Check("schema", True, "up to date")


def _durability(runtime: Runtime) -> _Check:
    """A commit that was acknowledged must survive a power cut."""
    settings = {
        name: _ask(runtime, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")
    }
    lax = [f"{name} is off" for name, value in settings.items() if value == "off"]
    return _Check(
        "durability", not lax, "; ".join(lax) or "commits reach the disk before they are acknowledged"
    )


def _keys(runtime: Runtime) -> _Check:
    count = int(_ask(runtime, "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL"))
    if not count:
        return _Check(
            "API keys", True, "none yet; make one with: duecourse api-key create --name me --role admin"
        )
    return _Check("API keys", True, f"{count} valid")


def _queue(runtime: Runtime) -> _Check:
    failed = int(_ask(runtime, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'"))
    waiting = int(_ask(runtime, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"))
    return _Check("jobs", not failed, f"{waiting} waiting, {failed} failed")


def _mail(runtime: Runtime) -> _Check:
    left = notice_sending.waiting(runtime)
    notices = f"{left['queued']} notices queued, {left['failed']} wait for a person"
    if not notice_sending.is_configured(runtime):
        return _Check("mail", not left["queued"], f"no mail server (DUECOURSE_SMTP_HOST); {notices}")
    try:
        with mail.open_line(runtime.settings):
            return _Check("mail", True, f"the mail server answers; {notices}")
    except DuecourseError as error:
        return _Check("mail", False, f"{error.message} {notices}")


def _ask(runtime: Runtime, question: str) -> str:
    with runtime.sessions() as session:
        return str(session.execute(text(question)).scalar_one())


@api_key.command("create")
def create_api_key(
    name: Annotated[str, typer.Option(help="Who or what will use it.")],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    as_json: AsJson = False,
) -> None:
    """Make a key for the API; its secret is shown once. Example: duecourse api-key create --name erp --role erp"""
    with house() as runtime:
        act = runtime.act("command line")
        key, secret = runtime.run(
            lambda session: access.create_api_key(session, name=name, role=role, act=act)
        )
    if as_json:
        print_json({"id": key.id, "name": key.name, "role": key.role, "secret": secret})
    else:
        out.print(f"{key.id} ({key.role}). Keep this secret, it is not shown again:")
        out.print(secret, soft_wrap=True)
