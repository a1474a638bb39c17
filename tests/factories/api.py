"""The API as an ERP and a treasury use it, over HTTP, with the bank simulator on the other side."""

from __future__ import annotations

import itertools
from typing import Any

from fastapi.testclient import TestClient

_keys = itertools.count(1)


class Caller:
    """One API key. Every POST carries a fresh Idempotency-Key; what is refused fails the test unless expected."""

    def __init__(self, client: TestClient, secret: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {secret}"}

    def get(self, path: str, *, status: int = 200, **query: Any) -> Any:
        reply = self.client.get(path, params=query, headers=self.headers)
        assert reply.status_code == status, reply.text
        return reply.json()

    def post(self, path: str, body: Any = None, *, status: int = 201, key: str | None = None) -> Any:
        headers = {**self.headers, "Idempotency-Key": key or f"test-{next(_keys)}"}
        reply = self.client.post(path, json=body, headers=headers)
        assert reply.status_code == status, reply.text
        return reply.json()

    def patch(self, path: str, body: Any, *, status: int = 200) -> Any:
        reply = self.client.patch(path, json=body, headers=self.headers)
        assert reply.status_code == status, reply.text
        return reply.json()

    def put(self, path: str, body: Any, *, status: int = 200) -> Any:
        reply = self.client.put(path, json=body, headers=self.headers)
        assert reply.status_code == status, reply.text
        return reply.json()

    def delete(self, path: str, *, status: int = 200) -> Any:
        reply = self.client.delete(path, headers=self.headers)
        assert reply.status_code == status, reply.text
        return reply.json()

    def upload(self, *contents: bytes, **form: str) -> list[dict[str, Any]]:
        """The outcome of each file of one upload."""
        outcomes: list[dict[str, Any]] = self.upload_raw(*contents, status=201, **form)["data"]
        return outcomes

    def upload_raw(self, *contents: bytes, status: int, **form: str) -> Any:
        """The whole reply to an upload, refused or not."""
        files = [("files", (f"{number}.xml", content)) for number, content in enumerate(contents)]
        reply = self.client.post("/v1/statements", files=files, data=form, headers=self.headers)
        assert reply.status_code == status, reply.text
        return reply.json()

    def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every page of a list."""
        found: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            page = self.get(path, **query, **({"after": after} if after else {}))
            found += page["data"]
            after = page["next"]
            if after is None:
                return found
