"""The audit log: what it notes, who reads it, and that nobody changes it."""

from typing import Any

import httpx
import psycopg
import pytest

from fynlo.demo.data import PASSWORD, PIZZERIA, RIVAL
from tests.serving import ServerProcess

from .house import API, Database, Person, line, refused

FRIES = "Skin-on fries"
Json = dict[str, Any]


async def entries(person: Person, **asked: Any) -> list[Json]:
    answer = await person.get("/audit", restaurant_id=PIZZERIA.id, **asked)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()
    return found


async def login(server: ServerProcess, email: str, password: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.url) as client:
        return await client.post(f"{API}/auth/login", json={"email": email, "password": password})


async def test_signing_in_and_failing_to_is_noted_with_the_address(
    server: ServerProcess, manager: Person
) -> None:
    assert (await login(server, "cashier@demo.fynlo.test", "wrong-password-1")).status_code == 401
    assert (await login(server, "cashier@demo.fynlo.test", PASSWORD)).status_code == 200
    signed_in, failed = await entries(manager, limit=2)
    assert (failed["action"], signed_in["action"]) == ("auth.login_failed", "auth.login")
    for entry in (failed, signed_in):
        assert entry["actor_name"] == "Aisha Khan" or entry["actor_name"]
        assert entry["address"] == "127.0.0.1"
        assert entry["request_id"]


async def test_a_failure_of_somebody_unknown_is_noted_nowhere(
    server: ServerProcess, manager: Person, database: Database
) -> None:
    before = database.value("select count(*) from audit_log")
    assert (await login(server, "stranger@demo.fynlo.test", "x")).status_code == 401
    assert database.value("select count(*) from audit_log") == before


async def test_a_cancelled_order_says_who_and_what_was_before(manager: Person, waiter: Person) -> None:
    order = await waiter.order(line(FRIES))
    answer = await waiter.client.post(
        f"/orders/{order.id}/status",
        json={"status": "cancelled", "reason": "they left"},
        headers={"if-match": f'"{order.version}"'},
    )
    assert answer.status_code == 200, answer.text
    (entry,) = await entries(manager, action="order.cancelled", entity_id=order.id)
    assert waiter.signed_in is not None
    assert entry["actor"] == str(waiter.signed_in.user.id)
    assert entry["before"]["status"] == "confirmed"
    assert entry["after"] == entry["after"] | {"status": "cancelled", "status_reason": "they left"}


async def test_what_is_done_in_psql_leaves_a_trace_without_an_actor(
    manager: Person, database: Database
) -> None:
    database.run("update restaurants set day_cutoff = '05:00' where id = %s", PIZZERIA.id)
    database.run("update restaurants set day_cutoff = '04:00' where id = %s", PIZZERIA.id)
    back, there = await entries(manager, action="restaurant.changed")
    assert (there["before"], there["after"]) == ({"day_cutoff": "04:00:00"}, {"day_cutoff": "05:00:00"})
    assert back["after"] == {"day_cutoff": "04:00:00"}
    assert there["actor"] is None


@pytest.mark.parametrize(
    ("change", "of", "action", "after"),
    [
        ("products set availability = 'out_of_stock'", "product", "product.availability", "availability"),
        ("modifiers set availability = 'out_of_stock'", "modifier", "modifier.availability", "availability"),
        ("order_items set discount_amount = 100", "item", "order_item.discounted", "discount_amount"),
        ("orders set discount_amount = 100", "order", "order.discounted", "discount_amount"),
    ],
)
async def test_what_is_86ed_or_discounted_is_noted(
    manager: Person, waiter: Person, database: Database, change: str, of: str, action: str, after: str
) -> None:
    made = await waiter.order(line(FRIES))
    ids = {
        "product": made.items[0].product_id, "item": made.items[0].id, "order": made.id,
        "modifier": PIZZERIA.modifier_groups[0].modifiers[0].id,
    }  # fmt: skip
    database.run(f"update {change} where id = %s", ids[of])
    (entry,) = await entries(manager, action=action, entity_id=ids[of])
    assert set(entry["before"]) == set(entry["after"]) == {after}
    if after == "availability":
        table = change.split()[0]
        database.run(f"update {table} set availability = 'in_stock' where id = %s", ids[of])


async def test_what_changes_by_itself_is_not_noted(database: Database, manager: Person) -> None:
    before = await entries(manager, limit=1)
    database.run("update products set sort_order = sort_order + 1 where restaurant_id = %s", PIZZERIA.id)
    assert await entries(manager, limit=1) == before  # though the menu's version rose


async def test_no_secret_is_ever_noted(database: Database) -> None:
    database.run(
        "insert into pins (restaurant_id, membership_id, pin_hash) values (%s, %s, 'hush-hush')"
        " on conflict (restaurant_id, membership_id) do update set pin_hash = 'hush-hush-hush'",
        PIZZERIA.id,
        PIZZERIA.memberships[0].id,
    )
    assert database.value("select count(*) from audit_log where action like 'pin.%%'") > 0
    assert database.value("select count(*) from audit_log a where a::text like '%%hush%%'") == 0


async def test_pages_follow_each_other_without_a_gap(manager: Person) -> None:
    listed = await entries(manager, limit=100)
    assert [entry["at"] for entry in listed] == sorted((entry["at"] for entry in listed), reverse=True)
    whole = [entry["id"] for entry in listed]
    assert len(whole) > 5
    paged: list[str] = []
    address = f"{API}/audit?restaurant_id={PIZZERIA.id}&limit=2"
    while len(paged) < len(whole):
        answer = await manager.client.get(httpx.URL(str(manager.client.base_url)).join(address))
        paged += [entry["id"] for entry in answer.json()]
        address = answer.headers["link"].partition(">")[0][1:] if "link" in answer.headers else address
    assert paged[: len(whole)] == whole


async def test_only_owners_and_managers_read_it(waiter: Person, rival: Person) -> None:
    refused(await waiter.get("/audit", restaurant_id=PIZZERIA.id), 403, "forbidden")
    refused(await rival.get("/audit", restaurant_id=PIZZERIA.id), 404, "not_found")


async def test_another_restaurants_entries_are_not_shown(rival_at_home: Person) -> None:
    answer = await rival_at_home.get("/audit", restaurant_id=RIVAL.id, limit=100)
    assert answer.status_code == 200
    assert "cashier@demo" not in answer.text
    assert {entry["action"] for entry in answer.json()} <= {"auth.login", "restaurant.created", "staff.added"}


@pytest.mark.parametrize(
    "change", ["update audit_log set action = 'x'", "delete from audit_log", "truncate audit_log"]
)
async def test_nobody_changes_it_not_even_a_superuser(database: Database, change: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        database.run(change)
