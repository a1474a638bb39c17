"""The steps that bring a database to the schema of the code; Alembic runs them in order."""
