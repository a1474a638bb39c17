"""API keys: made once, kept as hashes, each with a role."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.errors import Forbidden, Unauthenticated
from gateway.models import ApiKey
from gateway.roles import PERMISSIONS, Permission, Role
from ledger import audit
from ledger.acts import Act
from ledger.identifiers import new_id
from ledger.texts import checked_text

PREFIX = "dc_"


def create_api_key(session: Session, *, name: str, role: Role, act: Act) -> tuple[ApiKey, str]:
    """A new key and its secret (256 random bits), which is shown once and never stored. Raises UnreadableText."""
    checked_text(name, field="name", longest=100)
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(id=new_id("key"), name=name, role=role, secret_hash=_hash(secret), created_at=act.at)
    session.add(key)
    session.flush()
    audit.record(session, "api_key.created", key.id, act=act, role=str(role))
    return key, secret


def authenticate(session: Session, secret: str | None) -> ApiKey:
    """The valid key with this secret, as an `Authorization: Bearer` header brings it. Raises Unauthenticated."""
    if secret is None or not secret.startswith(PREFIX):
        raise Unauthenticated("Send the header Authorization: Bearer dc_... with a valid API key.")
    key = session.scalars(
        select(ApiKey).where(ApiKey.secret_hash == _hash(secret), ApiKey.revoked_at.is_(None))
    ).first()
    if key is None:
        raise Unauthenticated("This API key is not valid.")
    return key


def require(key: ApiKey, permission: Permission) -> None:
    """Raises Forbidden unless the key's role has the permission."""
    if permission not in PERMISSIONS[Role(key.role)]:
        raise Forbidden(f"A key of role {key.role} may not do this; it needs the permission {permission}.")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
