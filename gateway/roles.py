"""Who may do what: each role is a list of permissions, and every route asks for one."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What a route needs."""

    READ = "read"  # see everything but API keys
    SELL = "sell"  # customers, invoices, credit notes, mandates, debits: what an ERP pushes
    SETTLE = "settle"  # statements, payments, allocations, refunds, batches: what treasury does
    SET_UP = "set_up"  # creditors, bank accounts


class Role(StrEnum):
    """What an API key is for."""

    ADMIN = "admin"
    TREASURY = "treasury"
    ERP = "erp"
    AUDITOR = "auditor"


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.TREASURY: frozenset({Permission.READ, Permission.SELL, Permission.SETTLE}),
    Role.ERP: frozenset({Permission.READ, Permission.SELL}),
    Role.AUDITOR: frozenset({Permission.READ}),
}
