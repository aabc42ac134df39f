"""The database goes and comes back: requests are told to come again, and then are answered."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fynlo.db.embedded import EmbeddedPostgres
from fynlo.db.migrations import apply
from fynlo.demo.data import PASSWORD, PIZZERIA
from tests.cluster import _seed, elsewhere
from tests.serving import ServerProcess

from .house import Person, line, refused, soon


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A Postgres that is the module's own, and durable."""
    directory = Path(tempfile.mkdtemp(prefix="fynlo-tests-"))  # not pytest's, which is closed to other users
    postgres = EmbeddedPostgres(directory)
    try:
        postgres.start()
        elsewhere(apply(postgres.url()))
        elsewhere(_seed(postgres.url()))
        yield postgres
    finally:
        postgres.stop("immediate")
        shutil.rmtree(directory, ignore_errors=True)


async def ready(server: ServerProcess) -> httpx.Response:
    async with httpx.AsyncClient(timeout=10) as client:
        return await client.get(f"{server.url}/health/ready")


async def test_a_database_that_goes_is_a_503_and_one_that_comes_back_is_found(
    postgres: EmbeddedPostgres,
) -> None:
    with ServerProcess(postgres.url()) as server:
        server.await_ready()
        answer = await ready(server)
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        waiter = await Person.sign_in(server.url, "server@demo.fynlo.test")
        made = await waiter.order(line("Skin-on fries"))

        postgres.stop("immediate")
        began = time.monotonic()
        answers = await asyncio.gather(
            waiter.get(f"/orders/{made.id}"),
            waiter.get("/orders", restaurant_id=PIZZERIA.id),
            waiter.post("/orders", waiter.new_order(line("Skin-on fries"))),
            waiter.post("/auth/login", {"email": "server@demo.fynlo.test", "password": PASSWORD}),
        )
        assert time.monotonic() - began < 10
        for answer in answers:
            refused(answer, 503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        answer = await ready(server)
        assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
        checks = answer.json()["checks"]
        assert not checks["database"]["ok"]
        assert not checks["feed"]["ok"]
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{server.url}/health/live")).status_code == 200
            began = time.monotonic()
            sockets = (await client.get(f"{server.url}/health/websocket")).json()
            assert time.monotonic() - began < 3
            assert (sockets["status"], sockets["screens"]["of"]) == ("degraded", "this process")

        postgres.start()

        async def back() -> bool:
            return (await ready(server)).status_code == 200

        await soon(back, 20)
        assert await waiter.read(made.id) == made

        async def answered() -> bool:  # connections that died are noticed when they are used
            answer = await waiter.post("/orders", waiter.new_order(line("Skin-on fries")))
            assert answer.status_code in (201, 503), answer.text
            return answer.status_code == 201

        await soon(answered, 5)
        await waiter.client.aclose()


async def test_a_server_that_starts_before_its_database_is_live_and_not_ready_until_it_comes(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.stop("fast")
    try:
        with ServerProcess(postgres.url()) as server:
            answer = await ready(server)
            assert answer.status_code == 503
            assert not answer.json()["checks"]["database"]["ok"]
            postgres.start()

            async def comes() -> bool:
                return (await ready(server)).status_code == 200

            await soon(comes, 20)
            waiter = await Person.sign_in(server.url, "server@demo.fynlo.test")
            await waiter.order(line("Skin-on fries"))
            await waiter.client.aclose()
    finally:
        if postgres._process is None:
            postgres.start()


async def test_a_database_without_its_migrations_is_named(postgres: EmbeddedPostgres) -> None:
    with ServerProcess(postgres.url("postgres")) as server:
        answer = await ready(server)
        assert answer.status_code == 503
        assert not all(check["ok"] for check in answer.json()["checks"].values())
