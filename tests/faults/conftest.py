"""A house for each module, and a neighbour where one is asked for, on a database of their own."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from fynlo.db.embedded import EmbeddedPostgres
from fynlo.db.migrations import apply
from fynlo.demo.seed import seed
from tests.cluster import Cluster, own_postgres
from tests.db.test_ops import ask
from tests.live.house import House, open_house

from .shop import Shop, open_shop


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


@pytest.fixture(scope="module")
async def whole(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """A shop whose server is as it is served."""
    async with open_shop(cluster, tmp_path_factory.mktemp("whole"), careful=True) as shop:
        yield shop


@pytest.fixture(scope="module")
async def careless(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """One whose server lacks the guards (careless.py)."""
    async with open_shop(cluster, tmp_path_factory.mktemp("careless"), careful=False, workers=1) as shop:
        yield shop


@pytest.fixture
async def shop(whole: Shop) -> AsyncIterator[Shop]:
    """The whole one; after the test its sums agree."""
    yield whole
    assert await ask(whole.database.url, "sums") == []
