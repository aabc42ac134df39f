"""A door for feeds to connect to."""

from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import serve

from tests.client.door import Door


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    async with serve(
        door.handle, "127.0.0.1", 0, process_request=door.answer, ping_interval=None, close_timeout=1
    ) as door.server:
        yield door
