"""A house for each module, and a neighbour where one is asked for, on a database of their own."""

from collections.abc import AsyncIterator

import pytest

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
