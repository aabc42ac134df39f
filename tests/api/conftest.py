"""A server for each module, and the people who work with it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from fynlo.db.embedded import EmbeddedValkey
from fynlo.demo.data import PIZZERIA, RIVAL
from tests.serving import ServerProcess

from .house import PIN, Database, Json, Person


@pytest.fixture(scope="module")
def database(module_seeded_url: str) -> Iterator[Database]:
    """The database of the module, as its superuser."""
    with Database(module_seeded_url) as database:
        yield database


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """A Valkey for the servers of the module to share."""
    valkey = EmbeddedValkey(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    yield valkey
    valkey.stop()


@pytest.fixture(scope="module")
def server(module_seeded_url: str) -> Iterator[ServerProcess]:
    """A server with the demo restaurants, for all tests of the module."""
    with ServerProcess(module_seeded_url) as server:
        server.await_ready()
        yield server


@pytest.fixture(scope="module")
async def manager(server: ServerProcess) -> AsyncIterator[Person]:
    person = await Person.sign_in(server.url, "manager@demo.fynlo.test")
    yield person
    await person.client.aclose()


@pytest.fixture(scope="module")
async def waiter(server: ServerProcess) -> AsyncIterator[Person]:
    person = await Person.sign_in(server.url, "server@demo.fynlo.test")
    yield person
    await person.client.aclose()


@pytest.fixture(scope="module")
async def cashier(server: ServerProcess) -> AsyncIterator[Person]:
    person = await Person.sign_in(server.url, "cashier@demo.fynlo.test")
    yield person
    await person.client.aclose()


@pytest.fixture(scope="module")
async def kitchen(server: ServerProcess) -> AsyncIterator[Person]:
    person = await Person.sign_in(server.url, "kitchen@demo.fynlo.test")
    yield person
    await person.client.aclose()


@pytest.fixture(scope="module")
async def rival(server: ServerProcess) -> AsyncIterator[Person]:
    """The owner of the other restaurant, at the door of this one."""
    person = await Person.sign_in(server.url, "owner@rival.fynlo.test", PIZZERIA)
    yield person
    await person.client.aclose()


@pytest.fixture(scope="module")
async def rival_at_home(server: ServerProcess) -> AsyncIterator[Person]:
    person = await Person.sign_in(server.url, "owner@rival.fynlo.test", RIVAL)
    yield person
    await person.client.aclose()


@pytest.fixture(scope="module")
async def nobody(server: ServerProcess) -> AsyncIterator[Person]:
    person = Person(server.url)
    yield person
    await person.client.aclose()


@pytest.fixture(scope="module")
async def approver(manager: Person) -> Json:
    """The manager's word, for another's till."""
    listed = (await manager.get("/staff", restaurant_id=manager.place.id)).json()
    (staff_id,) = [m["id"] for m in listed if m["email"].startswith("manager@")]
    assert (await manager.put(f"/staff/{staff_id}/pin", {"pin": PIN})).status_code == 204
    return {"staff_id": staff_id, "pin": PIN}
