"""The database: pool, named queries, row folding, migrations, and an embedded server for development."""
