"""Who acts on the command line is who holds the API key, with the same rights as over HTTP."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from gateway.access import create_api_key
from gateway.commands.acting import acting
from gateway.errors import Forbidden, Unauthenticated
from gateway.roles import PERMISSIONS, Permission, Role
from gateway.runtime import Runtime


def holding(runtime: Runtime, secret: str | None) -> Runtime:
    """The product as somebody opens it who has set DUECOURSE_API_KEY to `secret`."""
    chosen = runtime.settings.model_copy(update={"api_key": secret and SecretStr(secret)})
    return Runtime(chosen, runtime.engine)


def key_of(runtime: Runtime, role: Role) -> tuple[str, str]:
    """The id and the secret of a new key."""
    act = runtime.act("test")
    key, secret = runtime.run(lambda session: create_api_key(session, name=f"a {role}", role=role, act=act))
    return key.id, secret


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_a_key_may_do_on_the_command_line_what_it_may_do_over_http(
    runtime: Runtime, role: Role, permission: Permission
) -> None:
    key_id, secret = key_of(runtime, role)
    if permission in PERMISSIONS[role]:
        assert acting(holding(runtime, secret), permission) == runtime.act(key_id)
    else:
        with pytest.raises(Forbidden, match=f"A key of role {role} may not do this"):
            acting(holding(runtime, secret), permission)


def test_without_a_key_nobody_acts(runtime: Runtime) -> None:
    with pytest.raises(Unauthenticated, match="Set DUECOURSE_API_KEY to your own API key"):
        acting(holding(runtime, None), Permission.READ)


def test_a_key_that_is_unknown_or_revoked_is_nobody_and_is_not_repeated(runtime: Runtime) -> None:
    _, revoked = key_of(runtime, Role.ADMIN)
    with runtime.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE api_keys SET revoked_at = now()")
    for secret in ("nonsense", "dc_nonsense", revoked):
        with pytest.raises(Unauthenticated) as caught:
            acting(holding(runtime, secret), Permission.READ)
        assert caught.value.message == "DUECOURSE_API_KEY holds no valid API key."
    assert revoked not in repr(holding(runtime, revoked).settings)
