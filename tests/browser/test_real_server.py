"""fynlo.js against a real server: every example of its README, and what it leaves behind, counted."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

import fynlo.web
from fynlo.demo.data import PIZZERIA
from tests.client.readme import examples
from tests.live.house import House, open_house

README = Path(fynlo.web.__file__).with_name("README.md")
FYNLO_JS = README.with_name("static") / "fynlo.js"
PATIENCE_S = 60.0
STUBS = """
const storage = new Map();
export default {
  getItem: async (key) => storage.get(key) ?? null,
  setItem: async (key, value) => void storage.set(key, value),
  removeItem: async (key) => void storage.delete(key),
  addEventListener: (listener) => (listener({ isConnected: true }), () => (globalThis.unsubscribed = true)),
};
export const AppState = {
  addEventListener: (kind, listener) => (listener("active"), { remove: () => (globalThis.removed = kind) }),
};
"""
REST_OF_THE_APP = """
delete globalThis.window;
if (feed.state !== "connected") throw new Error(feed.state);
await leave();
console.log(feed.state, globalThis.unsubscribed, globalThis.removed);
"""


@pytest.fixture(scope="module")
async def house(module_seeded_url: str) -> AsyncIterator[House]:
    async with open_house(module_seeded_url) as house:
        yield house


async def ran(node: str, script: Path, **environment: str) -> str:
    """What it printed; it has to end by itself, which it does not while anything keeps it alive."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
    process = await asyncio.create_subprocess_exec(
        # from Node 22 on it needs no flag
        *(node, "--no-warnings", "--experimental-websocket", script),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**inherited, **environment},
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    return said.decode()


def program(house: House, language: str, heading: str, folder: Path, rest: str = "") -> Path:
    """An example as a file, beside fynlo.js; packages of React Native are stubs."""
    (folder / "fynlo.mjs").write_bytes(FYNLO_JS.read_bytes())
    (folder / "stubs.mjs").write_text(STUBS)
    code = examples(README, language, house.server.url)[heading].replace("./fynlo.js", "./fynlo.mjs")
    code = re.sub(r'from "(@?react-native[^"]*)"', 'from "./stubs.mjs"', code)
    script = folder / "example.mjs"
    script.write_text(code + rest)
    return script


def test_every_example_is_run() -> None:
    assert {language: list(examples(README, language, "")) for language in ("html", "js", "jsx", "mjs")} == {
        "html": ["A kitchen display"],
        "js": ["Orders, in Node"],
        "jsx": ["React Native"],
        "mjs": ["The log, without a socket"],
    }


async def test_orders_in_node(house: House, node: str, tmp_path: Path) -> None:
    said = (await ran(node, program(house, "js", "Orders, in Node", tmp_path))).splitlines()
    assert said[0] == said[1]
    assert said[0].startswith("order ")
    assert ": " in said[2]
    assert said[3:] == ["confirmed → preparing"]


async def test_react_native(house: House, node: str, tmp_path: Path) -> None:
    said = await ran(node, program(house, "jsx", "React Native", tmp_path, REST_OF_THE_APP))
    assert said == "stopped true change\n"


async def test_the_log(house: House, node: str, tmp_path: Path) -> None:
    order = await house.order()
    assert order["id"] in await ran(node, program(house, "mjs", "The log, without a socket", tmp_path))


async def test_the_kitchen_display_follows_over_a_restart(house: House, browser: Browser) -> None:
    page = await _kitchen(house, browser)
    try:
        await page.get_by_text("online", exact=True).wait_for()
        first = await house.order()
        await page.get_by_text(f"#{first['number']} confirmed").wait_for()
        await asyncio.to_thread(house.server.stop)
        await page.get_by_text("offline, trying again").wait_for()
        await asyncio.to_thread(house.server.start)
        await asyncio.to_thread(house.server.await_ready)
        second = await house.order()
        await page.get_by_text(f"#{second['number']} confirmed").wait_for(timeout=PATIENCE_S * 1000)
        assert await page.get_by_text(f"#{first['number']} ").count() == 1
    finally:
        await page.context.close()


async def _kitchen(house: House, browser: Browser) -> Page:
    """The example, in a page of the server's own origin; the policy of its pages allows no inline script."""
    page = await (await browser.new_context(bypass_csp=True)).new_page()
    await page.goto(f"{house.server.url}/web/base.css")
    await page.set_content(examples(README, "html", house.server.url)["A kitchen display"])
    return page


async def test_nothing_is_left_in_node(house: House, node: str) -> None:
    session = await house.session()
    said = await ran(
        node,
        Path(__file__).with_name("left.mjs"),
        FYNLO_URL=house.server.url,
        FYNLO_TOKEN=session.token,
        FYNLO_RESTAURANT=str(PIZZERIA.id),
    )
    assert all(count > 0 for count in json.loads(said).values()), "there is something to leave"
