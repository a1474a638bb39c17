"""Killing the server loses nothing that was acknowledged, and what was not is done once when it is sent again."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest

from tests.factories.processes import Server, created_key, database_runs, empty_folder, run

CYCLES, THREADS = 3, 4
KILL_AFTER = (10, 40)  # acknowledged invoices
NAME, IBAN, SECRETIVE = "Friederike Geheim", "DE02120300000000202051", "Friederike"


@dataclass
class Books:
    """What four callers know: what was acknowledged, and what they never got an answer for."""

    customer_id: str
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    wanted: int = 0
    enough: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def body(self, number: str) -> dict[str, Any]:
        """An invoice without an external id: only its Idempotency-Key tells that it was sent before."""
        return {
            "number": number, "customer_id": self.customer_id, "total_minor": 12_000, "issued_on": "2026-11-04",
            "due_on": "2026-12-01",
        }  # fmt: skip

    def send(self, client: httpx2.Client, number: str) -> None:
        reply = client.post("/v1/invoices", json=self.body(number), headers={"Idempotency-Key": number})
        with self.lock:
            if reply.status_code == 201:
                self.acknowledged[number] = reply.content
            else:
                self.refused.append(reply.status_code)
            if len(self.acknowledged) >= self.wanted:
                self.enough.set()


def write_until_it_dies(server: Server, secret: str, books: Books, prefix: str) -> None:
    """One caller: invoice after invoice, until there is no answer any more."""
    with server.client(secret) as client:
        for count in range(100_000):
            number = f"{prefix}-{count:04d}"
            try:
                books.send(client, number)
            except httpx2.TransportError:
                books.unanswered.append(number)
                return


def crash(server: Server, secret: str, books: Books, cycle: int, after: int) -> None:
    """Four callers write, and the server is killed when that many more invoices were acknowledged."""
    books.wanted = len(books.acknowledged) + after
    books.enough.clear()
    callers = [
        threading.Thread(target=write_until_it_dies, args=(server, secret, books, f"RE-{cycle}-{number}"))
        for number in range(THREADS)
    ]
    for caller in callers:
        caller.start()
    assert books.enough.wait(60)
    server.kill()
    for caller in callers:
        caller.join()


def provoke(server: Server, secret: str) -> None:
    """Requests that fail in every way a server may want to write down."""
    with server.client(secret) as client:
        client.post(
            "/v1/customers", json={"name": NAME, "external_id": SECRETIVE}
        )  # its external id is taken
        client.post("/v1/customers", json={"name": NAME, "iban": IBAN + "1"})
        client.get(f"/v1/customers/{NAME}", params={"external_id": NAME, "iban": IBAN})
        client.post(
            "/v1/customers", content=b"{" + NAME.encode(), headers={"Content-Type": "application/json"}
        )
        client.get(f"/{IBAN}", headers={"Authorization": f"Bearer {secret}x"})
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(f"{NAME} {IBAN}\r\n\r\n".encode())
        assert line.recv(100).startswith(b"HTTP/1.1 400")


def everything(client: httpx2.Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = client.get(path, params={"limit": 500, **({"after": after} if after else {})}).json()
        found += page["data"]
        after = page["next"]
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    with empty_folder() as folder:
        yield folder


def test_killed_three_times_the_server_loses_nothing_and_doubles_nothing(folder: Path) -> None:
    random, data_dir = Random(20261118), folder / "data"
    secret = created_key(folder, "admin", DATA_DIR=data_dir)
    server = Server("serve", folder=folder, DATA_DIR=data_dir, THREADS="8")
    with server.client(secret) as client:
        client.post("/v1/creditors", json={"name": "Muster Energie GmbH", "country": "DE"}).raise_for_status()
        customer = client.post(
            "/v1/customers", json={"name": NAME, "iban": IBAN, "external_id": SECRETIVE}
        ).json()
    books = Books(customer["id"])

    for cycle in range(CYCLES):
        crash(server, secret, books, cycle, after=random.randint(*KILL_AFTER))
        assert database_runs(data_dir)
        server = Server("serve", folder=folder, DATA_DIR=data_dir, THREADS="8")
        with server.client(secret) as client:
            there = Counter(one["number"] for one in everything(client, "/v1/invoices"))
            assert set(books.acknowledged) <= set(there)
            assert len(books.unanswered) == THREADS
            while books.unanswered:
                books.send(client, books.unanswered.pop())
            there = Counter(one["number"] for one in everything(client, "/v1/invoices"))
            assert set(there.values()) == {1}
            assert set(there) == set(books.acknowledged)

    with server.client(secret) as client:
        for number, reply in list(books.acknowledged.items())[:: len(books.acknowledged) // 20]:
            again = client.post("/v1/invoices", json=books.body(number), headers={"Idempotency-Key": number})
            assert (again.status_code, again.content) == (201, reply)
        told = client.get("/v1/events", params={"limit": 1000, "type": "invoice.created"}).json()["data"]
    assert len(told) == min(1000, len(books.acknowledged))
    assert len({event["object_id"] for event in told}) == len(told)
    assert books.refused == []
    proof = run("verify", cwd=folder, DATA_DIR=data_dir)
    assert (proof.returncode, proof.stderr) == (0, "")
    assert "all hold" in proof.stdout

    provoke(server, secret)
    assert server.stop() == 0
    assert not database_runs(data_dir)
    log, database_logs = server.errors.read_text(), list(data_dir.rglob("*.log"))
    assert database_logs
    assert log.count('"event": "request"') > len(books.acknowledged)
    assert "Traceback" not in log
    for private in (NAME, IBAN, SECRETIVE, secret):
        assert private not in log
        assert all(private.encode() not in path.read_bytes() for path in database_logs)
