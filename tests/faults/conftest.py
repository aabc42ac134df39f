"""A house for each module, and a neighbour where one is asked for, on a database of their own."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from fynlo.db.embedded import EmbeddedPostgres
from fynlo.db.migrations import apply
from fynlo.demo.seed import seed
from tests.cluster import own_postgres
from tests.live.house import House, open_house


@pytest.fixture(scope="module")
async def house(module_seeded_url: str) -> AsyncIterator[House]:
    async with open_house(module_seeded_url) as house:
        yield house


@pytest.fixture(scope="module")
async def neighbour(module_seeded_url: str) -> AsyncIterator[House]:
    """A second server on the same database, as on another host."""
    async with open_house(module_seeded_url) as other:
        yield other


@pytest.fixture(scope="module")
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    """One that is ours to restart, with the demo."""
    with own_postgres() as server:
        await apply(server.url())
        async with await psycopg.AsyncConnection.connect(server.url(), autocommit=True) as conn:
            await seed(conn)
        yield server
