"""Run by Alembic: the connection is handed in by `store.migrate`."""

from alembic import context

from provisioner.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
