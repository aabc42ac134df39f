"""A server to look at, the till that feeds it, the pages that show it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

PASSWORD = "fynlo-demo"
PATIENCE_S = 30.0

Json = dict[str, Any]


class House:
    """A server of its own with the demo's two restaurants, which can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._tokens: dict[str, str] = {}

    async def start(self) -> None:
        """Returns when it is ready; TimeoutError with its output otherwise."""
        output = self._folder / f"server-{uuid4()}.log"
        with output.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(Path(sys.executable).with_name("fynlo"), "dev", "--port", str(self.port)),
                *("--data-dir", self._folder / "data"),
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "FYNLO_PAIRING_INTERVAL_S": "1"},
            )
        try:
            async with asyncio.timeout(PATIENCE_S * 2):
                while f"ready {self.url}" not in output.read_text():
                    if self._process.returncode is not None:
                        raise ChildProcessError(output.read_text())
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError(output.read_text()) from None

    async def stop(self) -> None:
        """Ends it and all it has started."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(self._process.wait(), PATIENCE_S)

    async def till(self, email: str) -> "Till":
        """Somebody's till: REST, logged in."""
        client = httpx.AsyncClient(base_url=f"{self.url}/api/v1", timeout=PATIENCE_S)
        return await Till.open(client, email)


class Till:
    """What a POS app does, over REST."""

    def __init__(self, client: httpx.AsyncClient, restaurant: str, menu: list[Json]) -> None:
        self.client = client
        self.restaurant = restaurant
        self._menu = menu

    @classmethod
    async def open(cls, client: httpx.AsyncClient, email: str) -> "Till":
        login = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
        login.raise_for_status()
        client.headers["authorization"] = f"Bearer {login.json()['access_token']}"
        restaurant = login.json()["restaurants"][0]["id"]
        menu = await client.get("/menu", params={"restaurant_id": restaurant, "limit": 100})
        menu.raise_for_status()
        return cls(client, restaurant, menu.json())

    def product(self, suits: Callable[[Json], object] = bool) -> Json:
        """A product whose modifiers may all be left out, and that suits."""
        return next(
            product
            for product in self._menu
            if suits(product)
            and not product["open_price"]
            and all(group["min_selections"] == 0 for group in product["modifier_groups"])
        )

    def line(self, **fields: object) -> Json:
        """A line of a plain product."""
        return {"product_id": self.product(lambda product: not product["variants"])["id"], **fields}

    async def order(self, *lines: Json, **fields: object) -> Json:
        """Makes an order and returns it."""
        body = {
            "restaurant_id": self.restaurant,
            "type": "takeaway",
            "items": lines or [self.line()],
            **fields,
        }
        return await self._post("/orders", body)

    async def add(self, order: Json, *lines: Json) -> Json:
        """Appends lines and returns the order."""
        return await self._post(f"/orders/{order['id']}/items", {"items": lines})

    async def move(self, order: Json, status: str, **fields: object) -> Json:
        """Moves the order on, from the version given, and returns it."""
        match = {"if-match": f'"{order["version"]}"'}
        return await self._post(f"/orders/{order['id']}/status", {"status": status, **fields}, match)

    async def merge(self, other: Json, *, into: Json) -> Json:
        return await self._post(
            f"/orders/{into['id']}/merge",
            {"order_id": other["id"], "version": other["version"]},
            {"If-Match": f'"{into["version"]}"'},
        )

    async def read(self, order: Json) -> Json:
        """The order as it is now."""
        answer = await self.client.get(f"/orders/{order['id']}")
        answer.raise_for_status()
        return dict(answer.json())

    async def _post(self, path: str, body: object, headers: dict[str, str] | None = None) -> Json:
        answer = await self.client.post(
            path, json=body, headers={"idempotency-key": str(uuid4()), **(headers or {})}
        )
        assert answer.is_success, answer.text
        return dict(answer.json())


# What the page's Content-Security-Policy stopped, on the console, where it counts as a fault.
_TELL_OF_VIOLATIONS = """addEventListener("securitypolicyviolation", (stopped) =>
  console.error(`policy: ${stopped.effectiveDirective} stopped ${stopped.blockedURI}`))"""


class Screens:
    """Browser pages, and what went wrong on them."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self.url = url
        self.faults: list[str] = []
        self._contexts: list[BrowserContext] = []

    async def page(self) -> Page:
        """A page of somebody of their own: nothing is shared with the other pages."""
        context = await self._browser.new_context(
            base_url=self.url, viewport={"width": 1280, "height": 720}, reduced_motion="reduce"
        )
        self._contexts.append(context)
        page = await context.new_page()
        await page.add_init_script(_TELL_OF_VIOLATIONS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._said)
        return page

    def _said(self, message: ConsoleMessage) -> None:
        # a refused request or a server that is away is logged by the browser itself
        if (
            message.type == "error"
            and "Failed to load" not in message.text
            and "WebSocket" not in message.text
        ):
            self.faults.append(message.text)

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()
