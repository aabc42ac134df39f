"""/webhooks: who may have them, what they may be, and what is told of them. What is sent: tests/faults."""

import base64
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from msgspec import UNSET, UnsetType

from fynlo.demo.data import PIZZERIA, RIVAL
from tests.serving import ServerProcess

from .house import Database, Json, Person, line, next_page, refused
from .test_events_list import forgotten, head
from .test_orders_list import FRIES
from .wire import Exact

URL = "https://pos.example/hooks?from=fynlo"


class Disabled(Exact):
    at: datetime
    reason: str


class Missed(Exact):
    after: int
    upto: int
    at: datetime


class DeadLetter(Exact):
    seq: int
    type: str
    attempts: int
    last_status: int | None
    last_error: str | None
    dead_at: datetime


class Webhook(Exact):
    id: UUID
    restaurant_id: UUID
    url: str
    types: tuple[str, ...]
    active: bool
    disabled: Disabled | None
    epoch: UUID
    seq: int
    head: int
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    delivered_at: datetime | None
    missed: Missed | None
    dead_letter_count: int
    dead_letters: tuple[DeadLetter, ...]
    created_by: UUID | None
    created_at: datetime
    secret: str | UnsetType = UNSET


@pytest.fixture(scope="module")
def server(module_seeded_url: str) -> Any:
    """One that sends nothing: what is told here is what was written here."""
    with ServerProcess(module_seeded_url, FYNLO_WEBHOOKS="0") as server:
        server.await_ready()
        yield server


@pytest.fixture(scope="module")
def strict(module_seeded_url: str) -> Any:
    """One that is not in development."""
    with ServerProcess(
        module_seeded_url, FYNLO_WEBHOOKS="0", FYNLO_DEVELOPMENT="0", FYNLO_SECRET="x" * 40
    ) as server:
        server.await_ready()
        yield server


def webhook(answer: httpx.Response, status: int = 200) -> Webhook:
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return msgspec.json.decode(answer.content, type=Webhook)


async def added(person: Person, url: str = URL, **fields: Any) -> Webhook:
    return webhook(await person.post("/webhooks", {"restaurant_id": PIZZERIA.id, "url": url, **fields}), 201)


async def changed(person: Person, which: Webhook, **fields: Any) -> Webhook:
    return webhook(await person.client.patch(f"/webhooks/{which.id}", json=fields))


async def listed(person: Person, **query: Any) -> list[Webhook]:
    answer = await person.get("/webhooks", restaurant_id=PIZZERIA.id, **query)
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=list[Webhook])


async def found(person: Person, which: Webhook) -> Webhook:
    (one,) = [one for one in await listed(person, limit=100) if one.id == which.id]
    return one


def without_secret(which: Webhook) -> Webhook:
    return msgspec.structs.replace(which, secret=UNSET)


@pytest.fixture(scope="module")
async def standing(manager: Person) -> Webhook:
    return await added(manager)


async def test_a_webhook_begins_at_the_head_and_shows_its_secret_once(
    manager: Person, waiter: Person, database: Database
) -> None:
    await waiter.order(line(FRIES))
    new = await added(manager, types=["order.*", "menu.updated"])
    assert (new.url, new.types, new.active, new.disabled) == (URL, ("order.*", "menu.updated"), True, None)
    assert (new.seq, new.attempts, new.dead_letter_count) == (head(database), 0, 0)
    assert manager.signed_in is not None
    assert new.created_by == manager.signed_in.user.id
    assert isinstance(new.secret, str)
    assert new.secret.startswith("whsec_")
    assert len(base64.b64decode(new.secret.removeprefix("whsec_"))) == 32
    again = await manager.get("/webhooks", restaurant_id=PIZZERIA.id, limit=100)
    assert new.secret not in again.text
    assert await found(manager, new) == without_secret(new)
    other = await added(manager)
    assert other.secret != new.secret
    assert other.types == ()


async def test_a_retried_request_makes_one_webhook_and_shows_the_same_secret(manager: Person) -> None:
    before = len(await listed(manager, limit=100))
    body = {"restaurant_id": PIZZERIA.id, "url": URL}
    first = await manager.post("/webhooks", body, key="one-webhook")
    second = await manager.post("/webhooks", body, key="one-webhook")
    assert second.headers["idempotent-replayed"] == "true"
    assert second.content == first.content
    assert len(await listed(manager, limit=100)) == before + 1


async def test_what_is_left_out_of_a_change_stays(manager: Person) -> None:
    new = await added(manager, types=["order.created"])
    moved = await changed(manager, new, url="https://elsewhere.example/")
    assert moved == msgspec.structs.replace(without_secret(new), url="https://elsewhere.example/")
    narrowed = await changed(manager, new, types=[])
    assert (narrowed.url, narrowed.types) == ("https://elsewhere.example/", ())
    paused = await changed(manager, new, active=False)
    assert (paused.active, paused.disabled) == (False, None)
    # another URL does not resume what somebody has paused
    assert (await changed(manager, new, url=URL)).active is False
    assert (await changed(manager, new, active=True)).active is True
    assert await changed(manager, new) == await found(manager, new)


async def test_a_new_secret_is_shown_once_and_the_old_ones_are_kept_for_a_day(
    manager: Person, database: Database
) -> None:
    new = await added(manager)
    secrets = [new.secret]
    for _ in range(2):
        rotated = await changed(manager, new, rotate_secret=True)
        assert isinstance(rotated.secret, str)
        secrets.append(rotated.secret)
    assert len(set(secrets)) == 3
    row = database.rows(
        "select secret, old_secrets, old_secrets_until - now() between interval '23 h' and interval '24 h'"
        " from webhooks where id = %s",
        new.id,
    )
    assert row == [(secrets[2], [secrets[1], secrets[0]], True)]
    database.run("update webhooks set old_secrets_until = now() where id = %s", new.id)
    rotated = await changed(manager, new, rotate_secret=True)
    assert database.value("select old_secrets from webhooks where id = %s", new.id) == [secrets[2]]
    assert (await found(manager, new)).secret is UNSET
    assert (await changed(manager, new, types=[])).secret is UNSET


async def test_a_deleted_webhook_is_gone_and_its_secrets_are_forgotten(
    manager: Person, database: Database
) -> None:
    new = await added(manager)
    await changed(manager, new, rotate_secret=True)
    answer = await manager.client.delete(f"/webhooks/{new.id}")
    assert (answer.status_code, answer.text) == (204, "")
    assert new.id not in [one.id for one in await listed(manager, limit=100)]
    row = database.rows("select secret, old_secrets, active from webhooks where id = %s", new.id)
    assert row == [(None, [], False)]
    refused(await manager.client.delete(f"/webhooks/{new.id}"), 404, "not_found")
    refused(await manager.client.patch(f"/webhooks/{new.id}", json={"active": True}), 404, "not_found")
    refused(await manager.post(f"/webhooks/{new.id}/replay", {"after": 0}), 404, "not_found")


async def test_a_list_comes_in_pages_oldest_first(manager: Person) -> None:
    for _ in range(3):
        await added(manager)
    whole = await listed(manager, limit=100)
    assert [one.created_at for one in whole] == sorted(one.created_at for one in whole)
    answer = await manager.get("/webhooks", restaurant_id=PIZZERIA.id, limit=2)
    assert answer.headers["x-total-count"] == str(len(whole))
    seen = msgspec.json.decode(answer.content, type=list[Webhook])
    while path := next_page(answer):
        answer = await manager.client.get(path)
        seen += msgspec.json.decode(answer.content, type=list[Webhook])
    assert seen == whole


async def test_owners_and_managers_have_webhooks_and_nobody_else(
    server: ServerProcess, manager: Person, waiter: Person, kitchen: Person
) -> None:
    owner = await Person.sign_in(server.url, "owner@demo.fynlo.test")
    cashier = await Person.sign_in(server.url, "cashier@demo.fynlo.test")
    new = await added(owner)
    body = {"restaurant_id": PIZZERIA.id, "url": URL}
    for person in (waiter, cashier, kitchen):
        refused(await person.get("/webhooks", restaurant_id=PIZZERIA.id), 403, "forbidden")
        refused(await person.post("/webhooks", body), 403, "forbidden")
        refused(await person.client.patch(f"/webhooks/{new.id}", json={"active": False}), 403, "forbidden")
        refused(await person.client.delete(f"/webhooks/{new.id}"), 403, "forbidden")
        refused(await person.post(f"/webhooks/{new.id}/replay", {"after": 0}), 403, "forbidden")
    assert await found(manager, new) == without_secret(new)
    await owner.client.aclose()
    await cashier.client.aclose()


async def test_another_restaurants_webhooks_are_not_there(
    manager: Person, rival_at_home: Person, database: Database
) -> None:
    new = await added(manager)
    there = await rival_at_home.client.patch(f"/webhooks/{new.id}", json={"active": False})
    nowhere = await rival_at_home.client.patch(f"/webhooks/{uuid4()}", json={"active": False})
    assert refused(there, 404, "not_found").detail == refused(nowhere, 404, "not_found").detail
    refused(await rival_at_home.client.delete(f"/webhooks/{new.id}"), 404, "not_found")
    refused(await rival_at_home.post(f"/webhooks/{new.id}/replay", {"after": 0}), 404, "not_found")
    body = {"restaurant_id": PIZZERIA.id, "url": URL}
    refused(await rival_at_home.post("/webhooks", body), 404, "not_found")
    theirs = await rival_at_home.get("/webhooks", restaurant_id=RIVAL.id)
    assert theirs.json() == []
    assert await found(manager, new) == without_secret(new)
    assert database.value("select count(*) from webhooks where restaurant_id = %s", RIVAL.id) == 0


@pytest.mark.parametrize(
    "url",
    [
        "", "pos.example", "/hooks", "ftp://pos.example/", "https://", "https:///x", "https://a b.example/",
        "https://pos.example/\r\nX-Evil: 1", "https://user@pos.example/", "https://user:word@pos.example/",
        "https://pos.example/#x", "https://pos.example/#", "https://pos.example:x/", "https://pos.example:99999/",
        "https://[::1/", "https://münchen.example/", f"https://pos.example/{'x' * 2000}", 7, None,
    ],
)  # fmt: skip
async def test_a_url_that_cannot_be_an_endpoint_is_refused(
    manager: Person, standing: Webhook, url: Any
) -> None:
    before = await listed(manager, limit=100)
    answer = await manager.post("/webhooks", {"restaurant_id": PIZZERIA.id, "url": url})
    assert refused(answer, 422, "validation_failed").fields == ["url"]
    patched = await manager.client.patch(f"/webhooks/{standing.id}", json={"url": url})
    assert refused(patched, 422, "validation_failed").fields == ["url"]
    assert await listed(manager, limit=100) == before


async def test_in_production_an_endpoint_is_https_and_public(strict: ServerProcess, manager: Person) -> None:
    person = await Person.sign_in(strict.url, "manager@demo.fynlo.test")
    body: Json = {"restaurant_id": PIZZERIA.id}
    for url in (
        "http://pos.example/", "https://127.0.0.1/", "https://localhost/", "https://10.1.2.3/x", "https://[::1]/",
        "https://169.254.169.254/latest/meta-data", "https://[::ffff:192.168.0.1]/", "https://[fe80::1]:8443/",
    ):  # fmt: skip
        answer = await person.post("/webhooks", body | {"url": url})
        assert refused(answer, 422, "validation_failed").fields == ["url"], url
    # the controls: a public one there, and in development all of them
    assert (await person.post("/webhooks", body | {"url": "https://8.8.8.8/"})).status_code == 201
    assert (await manager.post("/webhooks", body | {"url": "http://127.0.0.1:9/"})).status_code == 201
    await person.client.aclose()


@pytest.mark.parametrize(
    ("types", "field"),
    [
        (["order.created", "order.eaten"], "types[1]"),
        (["orders.*"], "types[0]"),
        (["*"], "types[0]"),
        (["order."], "types[0]"),
        (["order.created.*"], "types[0]"),
        ("order.created", "types"),
        (["x" * 101], "types[0]"),
    ],
)
async def test_a_type_that_no_event_has_is_refused(manager: Person, types: Any, field: str) -> None:
    answer = await manager.post("/webhooks", {"restaurant_id": PIZZERIA.id, "url": URL, "types": types})
    assert refused(answer, 422, "validation_failed").fields == [field]


async def test_a_replay_sets_the_cursor_back_to_what_is_kept(
    manager: Person, waiter: Person, database: Database
) -> None:
    for _ in range(6):
        await waiter.order(line(FRIES))
    new = await added(manager)
    database.run(
        "update webhooks set active = false, disabled_at = now(), disabled_reason = 'failing', attempts = 3,"
        " dead_in_a_row = 5, next_attempt_at = now() + interval '1 h' where id = %s",
        new.id,
    )
    stopped = await found(manager, new)
    assert stopped.disabled is not None
    assert (stopped.active, stopped.disabled.reason) == (False, "failing")
    again = webhook(await manager.post(f"/webhooks/{new.id}/replay", {"after": 2}))
    assert (again.seq, again.active, again.disabled, again.attempts) == (2, True, None, 0)
    assert again.next_attempt_at is None
    refused(
        await manager.post(f"/webhooks/{new.id}/replay", {"after": head(database) + 1}), 409, "ahead_of_head"
    )
    async with forgotten(database, 4):
        refused(await manager.post(f"/webhooks/{new.id}/replay", {"after": 2}), 410, "events_gone")
        assert (await found(manager, new)).seq == 2
        oldest = webhook(await manager.post(f"/webhooks/{new.id}/replay", {"after": 0}))
        assert oldest.seq == 4
    for after in (-1, "x", None, 2**63):
        answer = await manager.post(f"/webhooks/{new.id}/replay", {"after": after})
        assert refused(answer, 422, "validation_failed").fields == ["after"]


@pytest.mark.parametrize("change", [{"active": True}, {"url": "https://mended.example/"}])
async def test_a_disabled_webhook_goes_on_where_it_stopped_once_it_is_mended(
    manager: Person, database: Database, change: Json
) -> None:
    new = await added(manager)
    database.run(
        "update webhooks set active = false, disabled_at = now(), disabled_reason = 'gone', seq = 1,"
        " last_status = 410, last_error = 'Answered 410.' where id = %s",
        new.id,
    )
    mended = await changed(manager, new, **change)
    assert (mended.active, mended.disabled, mended.seq) == (True, None, 1)


async def test_dead_letters_are_counted_and_the_newest_shown(manager: Person, database: Database) -> None:
    new = await added(manager)
    database.run(
        "insert into webhook_dead_letters (restaurant_id, webhook_id, epoch, seq, type, attempts, last_status,"
        " last_error, dead_at) select restaurant_id, id, epoch, n, 'order.created', 21, 500, 'Answered 500.',"
        " now() + n * interval '1 s' from webhooks, generate_series(1, 12) n where id = %s",
        new.id,
    )
    shown = await found(manager, new)
    assert shown.dead_letter_count == 12
    assert [letter.seq for letter in shown.dead_letters] == list(range(12, 2, -1))
    assert (shown.dead_letters[0].attempts, shown.dead_letters[0].last_status) == (21, 500)


async def test_a_restaurant_has_so_many_and_no_more(rival_at_home: Person) -> None:
    body = {"restaurant_id": RIVAL.id, "url": URL}
    made = [await rival_at_home.post("/webhooks", body) for _ in range(50)]
    assert {answer.status_code for answer in made} == {201}
    refused(await rival_at_home.post("/webhooks", body), 409, "too_many_webhooks")
    await rival_at_home.client.delete(f"/webhooks/{made[0].json()['id']}")
    assert (await rival_at_home.post("/webhooks", body)).status_code == 201


async def test_what_somebody_changes_is_audited_without_the_secrets(
    manager: Person, database: Database
) -> None:
    new = await added(manager)
    await changed(manager, new, url="https://audited.example/", rotate_secret=True)
    await changed(manager, new, active=True)
    entries = database.rows(
        "select action, actor, after::text from audit_log where entity_id = %s order by id", new.id
    )
    assert manager.signed_in is not None
    assert [(action, actor) for action, actor, _ in entries] == [
        ("webhook.added", manager.signed_in.user.id),
        ("webhook.changed", manager.signed_in.user.id),
    ]
    assert "audited.example" in entries[1][2]
    assert not any("whsec" in text for _, _, text in entries)
