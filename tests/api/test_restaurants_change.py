"""Founding a restaurant and changing its settings."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from fynlo.demo.data import PIZZERIA, RIVAL

from .house import Database, Person, line, refused

NEW = {"name": "Brasserie du Coin", "timezone": "Europe/Paris", "currency": "EUR"}


async def change(by: Person, place: Any = PIZZERIA, **fields: Any) -> Any:
    return await by.client.patch(f"/restaurants/{place.id}", json=fields)


async def test_who_founds_a_restaurant_owns_it(waiter: Person) -> None:
    charge = {"percentage": "12.5", "taxable": True, "auto_from_covers": 6}
    body = {**NEW, "day_cutoff": "05:30", "prices_include_tax": False, "service_charge": charge}
    answer = await waiter.post("/restaurants", body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made | {"id": ""} == {
        **body, "id": "", "role": "owner", "tax_rounding": "half_up", "tax_scope": "bucket",
        "discount_limit": "20",
    }  # fmt: skip
    assert answer.headers["location"] == f"/api/v1/restaurants/{made['id']}"
    assert (await waiter.get(f"/restaurants/{made['id']}")).json() == made  # the very next request knows it
    assert (await waiter.get("/audit", restaurant_id=made["id"])).status_code == 200
    assert (await waiter.get("/orders", restaurant_id=made["id"])).json() == []


async def test_the_same_key_is_the_same_restaurant(manager: Person, database: Database) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(*(manager.post("/restaurants", NEW, key=key) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    refused(await manager.post("/restaurants", {**NEW, "name": "x"}, key=key), 422, "idempotency_mismatch")
    assert (await manager.post("/restaurants", NEW)).json()["id"] != answers[0].json()["id"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"currency": "gbp"}, "currency"),
        ({"name": ""}, "name"),
        ({"day_cutoff": "24:00"}, "day_cutoff"),
        ({"service_charge": {"percentage": "100.5"}}, "service_charge.percentage"),
        ({"service_charge": {"percentage": "-1"}}, "service_charge.percentage"),
        ({"tax_scope": "order"}, "tax_scope"),
        ({"discount_limit": "100.1"}, "discount_limit"),
        ({"id": str(uuid4())}, "id"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    manager: Person, database: Database, wrong: dict[str, Any], field: str
) -> None:
    before = database.value("select count(*) from restaurants")
    problem = refused(await manager.post("/restaurants", {**NEW, **wrong}), 422, "validation_failed")
    assert problem.fields == [field]
    assert database.value("select count(*) from restaurants") == before
    problem = refused(await change(manager, **wrong), 422, "validation_failed")
    assert problem.fields == [field]


async def test_settings_change_for_orders_to_come_and_not_for_those_that_are_open(
    manager: Person, waiter: Person
) -> None:
    before = await waiter.order(line("Skin-on fries"), type="dine_in", covers=8)
    old = (await manager.get(f"/restaurants/{PIZZERIA.id}")).json()
    charge = {"percentage": "10", "taxable": False, "auto_from_covers": 1}
    answer = await change(manager, service_charge=charge, tax_rounding="half_even", discount_limit="7.50")
    assert answer.status_code == 200, answer.text
    assert answer.json() == old | {
        "service_charge": charge, "tax_rounding": "half_even", "discount_limit": "7.5",
    }  # fmt: skip
    assert (await waiter.read(before.id)).totals == before.totals
    after = await waiter.order(line("Skin-on fries"), type="dine_in", covers=2)
    assert after.totals.service_charge == after.totals.subtotal // 10
    answer = await change(manager, service_charge=None, tax_rounding=old["tax_rounding"])
    assert answer.json()["service_charge"] is None
    await change(manager, service_charge=old["service_charge"])


async def test_the_currency_stays_once_there_are_orders(manager: Person, waiter: Person) -> None:
    await waiter.order(line("Skin-on fries"))
    refused(await change(manager, currency="EUR"), 409, "currency_fixed")
    assert (await change(manager, currency="GBP")).status_code == 200
    fresh = (await manager.post("/restaurants", NEW)).json()
    answer = await manager.client.patch(f"/restaurants/{fresh['id']}", json={"currency": "CHF"})
    assert answer.json()["currency"] == "CHF"


async def test_who_may_not_changes_nothing(waiter: Person, rival: Person, rival_at_home: Person) -> None:
    refused(await change(waiter, name="Mine"), 403, "forbidden")
    refused(await change(rival, name="Mine"), 404, "not_found")
    assert (await change(rival_at_home, RIVAL, name="Rival Burgers")).status_code == 200
