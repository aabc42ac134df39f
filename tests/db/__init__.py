"""Tests of the SQL: schema, policies, triggers, queries, migrations."""
