"""duecourse serve | worker | migrate | doctor | api-key create: running and looking after the product."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import typer
import uvicorn
from sqlalchemy import text

from gateway import access, jobs
from gateway.commands.output import AsJson, house, out, print_json, table
from gateway.roles import Role
from gateway.runtime import Runtime, open_runtime
from gateway.settings import Settings
from ledger.errors import DuecourseError

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
    settings = Settings()
    with open_runtime(settings) as runtime:
        runtime.require_current_schema()
    os.environ["DUECOURSE_WORK_IN_SERVER"] = str(not no_worker)
    run_server(host or settings.host, port or settings.port, reload=reload)


def run_server(host: str, port: int, *, reload: bool = False) -> None:
    """Serve until asked to stop; the application describes itself from the environment."""
    out.print(f"Duecourse listens on http://{host}:{port}/docs")
    uvicorn.run(
        "gateway.app:from_environment", factory=True, host=host, port=port, reload=reload,
        access_log=False, log_level="warning", server_header=False,
    )  # fmt: skip


def worker() -> None:
    """Work on jobs, beside any number of other workers. Example: duecourse worker"""
    with house() as runtime:
        asyncio.run(_until_asked_to_stop(runtime))


async def _until_asked_to_stop(runtime: Runtime) -> None:
    working = asyncio.create_task(jobs.run_worker(runtime))
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
    checks = list(_examine(Settings()))
    if as_json:
        print_json([{"check": one.what, "fine": one.fine, "says": one.says} for one in checks])
    else:
        table(
            "Doctor", ["", "looked at", "found"], [("ok" if c.fine else "!!", c.what, c.says) for c in checks]
        )
    if not all(one.fine for one in checks):
        raise typer.Exit(1)


def _examine(settings: Settings) -> Iterator[_Check]:
    kind = (
        "external (DUECOURSE_DATABASE_URL)" if settings.database_url else f"embedded in {settings.data_dir}"
    )
    yield _Check("database", True, kind)
    yield _Check("time zone", True, f"the treasury's day begins at midnight in {settings.time_zone}")
    try:
        with open_runtime(settings) as runtime:
            yield _Check("connection", True, f"answers; {settings.threads} connections")
            for look in (_version, _schema, _durability, _keys, _queue):
                yield look(runtime)
    except DuecourseError as error:
        yield _Check("connection", False, error.message)


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
