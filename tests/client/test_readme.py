"""Every example of the client's README, run as it stands against a real server."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import fynlo.client
from tests.client.readme import examples
from tests.live.house import House, open_house

README = Path(fynlo.client.__file__).with_name("README.md")
PATIENCE_S = 30.0
TESTED = {
    "Log in, read the menu, order",
    "Errors",
    "A till that was offline",
    "Pay by checks, give change, give back",
    "A kitchen display",
    "Listeners",
    "The log, without a socket",
}


@pytest.fixture(scope="module")
async def house(module_seeded_url: str) -> AsyncIterator[House]:
    async with open_house(module_seeded_url) as house:
        yield house


class Program:
    """An example that runs; `said` is what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[str] = []

    async def says(self, text: str) -> str:
        """The next line that has this in it."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := (await self.process.stdout.readline()).decode():
                self.said.append(line)
                if text in line:
                    return line
        raise AssertionError(f"it ended without {text!r}: {''.join(self.said)}")

    async def ends(self) -> list[str]:
        """All it has said, once it has ended well."""
        async with asyncio.timeout(PATIENCE_S):
            rest, _ = await self.process.communicate()
        self.said += rest.decode().splitlines(keepends=True)
        assert self.process.returncode == 0, "".join(self.said)
        return self.said


@asynccontextmanager
async def running(house: House, heading: str, folder: Path) -> AsyncIterator[Program]:
    code = examples(README, "python", house.server.url)[heading]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", code),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_every_example_is_run() -> None:
    assert set(examples(README, "python", "")) == TESTED


async def test_log_in_and_order(house: House, tmp_path: Path) -> None:
    async with running(house, "Log in, read the menu, order", tmp_path) as program:
        said = await program.ends()
    assert said[0].startswith("order ")
    assert said[1] == "preparing 2\n"


async def test_errors(house: House, tmp_path: Path) -> None:
    async with running(house, "Errors", tmp_path) as program:
        first, refused = await program.ends()
    number = first.split()[1]
    assert first == f"order {number} and again order {number}\n"
    assert "request" in refused


async def test_a_till_that_was_offline(house: House, tmp_path: Path) -> None:
    async with running(house, "A till that was offline", tmp_path) as program:
        *said, again = await program.ends()
    assert [line.split()[2] for line in said] == ["confirmed", "confirmed", "ready"]
    assert again == "True [1, 2, 3]\n"


async def test_pay_by_checks(house: House, tmp_path: Path) -> None:
    async with running(house, "Pay by checks, give change, give back", tmp_path) as program:
        said = [line.rstrip() for line in await program.ends()]
    will_cost, change, state, *receipt = said
    total = int(will_cost.split()[-1]) * 9 // 10
    assert change == f"change {2_000 - (total + 1) // 2 - 50} still due {total // 2}"
    assert state == "completed partially_refunded"
    assert any(line.startswith("Refund, card (too warm)") for line in receipt)
    assert said[-1].endswith("payment.refunded")


async def test_the_kitchen_display_follows_over_a_restart_and_leaves_quietly(
    house: House, tmp_path: Path
) -> None:
    async with running(house, "A kitchen display", tmp_path) as program:
        await program.says("online")
        first = await house.order()
        await program.says(f"#{first['number']} confirmed 1 lines")
        await asyncio.to_thread(house.server.stop)
        await program.says("offline, trying again in")
        await asyncio.to_thread(house.server.start)
        await asyncio.to_thread(house.server.await_ready)
        second = await house.order()
        line = await program.says(f"#{second['number']} confirmed")
        assert line.count(f"#{first['number']} ") == 1
        program.process.terminate()
        said = await program.ends()
    assert said[-1] == "stopped: disconnected\n"


async def test_listeners(house: House, tmp_path: Path) -> None:
    async with running(house, "Listeners", tmp_path) as program:
        await program.says("listening")
        order = await house.order()
        assert (await program.ends())[-1] == f"ding: order {order['number']}\n"


async def test_the_log(house: House, tmp_path: Path) -> None:
    order = await house.order()
    async with running(house, "The log, without a socket", tmp_path) as program:
        assert order["id"] in (await program.ends())[-1]
    place = (tmp_path / "exported-to").read_text()
    async with running(house, "The log, without a socket", tmp_path) as program:
        assert await program.ends() == []
    (tmp_path / "exported-to").write_text(f"{place}0")
    async with running(house, "The log, without a socket", tmp_path) as program:
        assert "begin anew" in (await program.ends())[-1]
