"""A hub at a real Postgres, without a server around it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fynlo.demo.data import PIZZERIA
from fynlo.live.hub import Hub
from fynlo.live.notifier import Notifier
from fynlo.live.room import Frame, Room

from .house import eventually


@asynccontextmanager
async def open_hub(
    url: str, *, notifier: Notifier | None = None, on_reset: Callable[[Room], None] = lambda _room: None
) -> AsyncIterator[tuple[Hub, list[Frame]]]:
    """The hub of a process, which listens and follows the pizzeria, and the events that it has been told."""
    came: list[Frame] = []
    hub = Hub(url, url, on_event=came.append, on_reset=on_reset, notifier=notifier)
    hub.start()
    try:
        await eventually(lambda: hub.listener.listening)
        await hub.room(PIZZERIA.id)
        yield hub, came
    finally:
        await hub.stop()
