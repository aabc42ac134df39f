"""A real browser, Node, and a real server."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from .house import House, Screens, Till

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _found(commands: tuple[str, ...], what: str) -> str:
    """The first of these commands that there is. Without one the test is skipped; under CI it fails."""
    for path in filter(None, map(shutil.which, commands)):
        return path
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed, and CI must not skip these tests")
    pytest.skip(f"{what} is not installed")


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node."""
    return _found(("node",), "Node (20 or newer)")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium."""
    path = _found(CHROMIUM, "Chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A running server."""
    house = House(tmp_path_factory.mktemp("house"))
    await house.start()
    yield house
    await house.stop()


@pytest.fixture
async def screens(browser: Browser, house: House) -> AsyncIterator[Screens]:
    """Opens pages on the running server; an error on any of them fails the test."""
    screens = Screens(browser, house.url)
    yield screens
    await screens.close()
    assert screens.faults == []


@pytest.fixture
async def till(house: House) -> AsyncIterator[Till]:
    """The till of the demo restaurant's manager."""
    till = await house.till("manager@demo.fynlo.test")
    yield till
    await till.client.aclose()
