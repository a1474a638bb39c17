"""How Alembic reaches the database: on the connection that the caller hands over."""

from __future__ import annotations

from alembic import context

import credit_control.models
import exporters.models
import gateway.models
import mandates.models
import mandates.payback_models
import reconciliation.models
from ledger.database import Base

# Importing them adds their tables to the metadata.
_FLOORS = (
    mandates.models,
    mandates.payback_models,
    reconciliation.models,
    credit_control.models,
    exporters.models,
    gateway.models,
)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    transaction_per_migration=True,
    include_object=lambda item, name, kind, reflected, other: (
        not (kind == "table" and (name or "").startswith("procrastinate_"))
    ),
)
with context.begin_transaction():
    context.run_migrations()
