"""Who acts on the command line: the API key in DUECOURSE_API_KEY, with the rights it has over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from gateway import access
from gateway.commands.output import house
from gateway.errors import Unauthenticated
from gateway.models import ApiKey
from gateway.roles import Permission
from gateway.runtime import Runtime
from ledger.acts import Act

_Result = TypeVar("_Result")


def acting(runtime: Runtime, permission: Permission) -> Act:
    """The deed that a command does now, in the name of the key in DUECOURSE_API_KEY.

    A command that one person drafts and another approves must know who types it; the key tells, as the header
    Authorization does over HTTP. Raises Unauthenticated without a valid key, Forbidden where its role lacks
    `permission`.
    """

    def caller(session: Session) -> ApiKey:
        secret = runtime.settings.api_key
        if secret is None:
            raise Unauthenticated(
                "Set DUECOURSE_API_KEY to your own API key: this command must know who acts."
            )
        try:
            key = access.authenticate(session, secret.get_secret_value())
        except Unauthenticated:
            raise Unauthenticated("DUECOURSE_API_KEY holds no valid API key.") from None
        access.require(key, permission)
        return key

    return runtime.act(runtime.run(caller).id)


def do(permission: Permission, work: Callable[[Session, Act], _Result]) -> _Result:
    """One piece of work in the name of the key in DUECOURSE_API_KEY, committed at the end. Raises as `acting` does."""
    with house() as runtime:
        act = acting(runtime, permission)
        return runtime.run(lambda session: work(session, act))
