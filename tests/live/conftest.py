"""A house for each module; `ENVIRONMENT` in a module is what its server is configured with."""

from collections.abc import AsyncIterator

import pytest

from .house import House, open_house


@pytest.fixture(scope="module")
async def house(request: pytest.FixtureRequest, module_seeded_url: str) -> AsyncIterator[House]:
    async with open_house(module_seeded_url, **getattr(request.module, "ENVIRONMENT", {})) as house:
        yield house
