"""The tables and functions of the job queue, as Procrastinate 3.10 ships them.

Locks: none but on objects it creates. A newer Procrastinate brings its own migrations, to be run in a step of ours.
"""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "2026_11_22_3_jobs"
down_revision = "2026_11_22_2_guards"


def upgrade() -> None:
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("the migration has no connection")
    connection.execute(SchemaManager.get_schema(), prepare=False)
