"""A house for each module, on a database of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.live.house import House, open_house


@pytest.fixture(scope="module")
async def house(module_seeded_url: str) -> AsyncIterator[House]:
    async with open_house(module_seeded_url) as house:
        yield house
