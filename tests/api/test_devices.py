"""Pairing a device by its code (RFC 8628), what it may do, PINs on it, and revoking it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from fynlo.demo.data import PASSWORD, PIZZERIA, RIVAL
from tests.serving import ServerProcess

from .house import API, Database, Person, line, refused

Json = dict[str, Any]
RETRY = "urn:ietf:params:oauth:grant-type:device_code"


class Paired:
    """A device with its tokens."""

    def __init__(self, url: str, answer: Json) -> None:
        self.told = answer
        self.id: str = answer["device"]["id"]
        headers = {"authorization": f"Bearer {answer['access_token']}"}
        self.client = httpx.AsyncClient(base_url=f"{url}{API}", timeout=30, headers=headers)

    async def pin(self, staff_id: Any, pin: str) -> httpx.Response:
        return await self.client.post("/auth/pin", json={"staff_id": str(staff_id), "pin": pin})


async def ask(nobody: Person, kind: str = "kitchen", name: str = "Pass") -> Json:
    answer = await nobody.post("/auth/device", {"kind": kind, "name": name}, key=None)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def poll(nobody: Person, code: Json) -> httpx.Response:
    return await nobody.post(
        "/auth/device/token", {"device_code": code["device_code"], "grant_type": RETRY}, key=None
    )


async def approve(by: Person, code: Json, **more: Any) -> httpx.Response:
    body = {"user_code": code["user_code"], "restaurant_id": PIZZERIA.id, **more}
    return await by.post("/devices/approve", body, key=None)


async def pair(
    server: ServerProcess, by: Person, nobody: Person, kind: str = "kitchen", **more: Any
) -> Paired:
    code = await ask(nobody, kind)
    assert (await approve(by, code, **more)).status_code == 201
    answer = await poll(nobody, code)
    assert answer.status_code == 200, answer.text
    return Paired(server.url, answer.json())


@pytest.fixture
async def display(server: ServerProcess, manager: Person, nobody: Person) -> AsyncIterator[Paired]:
    device = await pair(server, manager, nobody)
    yield device
    await device.client.aclose()


@pytest.fixture
async def till(server: ServerProcess, manager: Person, nobody: Person) -> AsyncIterator[Paired]:
    device = await pair(server, manager, nobody, "till")
    yield device
    await device.client.aclose()


def refused_grant(answer: httpx.Response, error: str) -> None:
    assert (answer.status_code, answer.json().get("error")) == (400, error), answer.text
    assert answer.json()["code"] == error


async def test_a_screen_is_paired_by_the_code_it_shows(
    server: ServerProcess, manager: Person, nobody: Person
) -> None:
    code = await ask(nobody, name="Grill screen")
    assert code["verification_uri"] == f"{server.url}/pair"
    assert code["verification_uri_complete"] == f"{server.url}/pair?user_code={code['user_code']}"
    assert (code["expires_in"], code["interval"]) == (900, 5)
    refused_grant(await poll(nobody, code), "authorization_pending")
    station = str(PIZZERIA.stations[0].id)
    answer = await approve(
        manager, code | {"user_code": code["user_code"].lower().replace("-", " ")}, station_ids=[station]
    )
    assert answer.status_code == 201, answer.text
    device = answer.json()
    assert (device["kind"], device["name"], device["station_ids"]) == ("kitchen", "Grill screen", [station])
    answer = await poll(nobody, code)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["device"] == device
    (entry,) = (await manager.get("/audit", restaurant_id=PIZZERIA.id, action="auth.device", limit=1)).json()
    assert (entry["device_id"], entry["actor_name"]) == (device["id"], "Grill screen")
    assert [(r["id"], r["role"]) for r in told["restaurants"]] == [(str(PIZZERIA.id), "kitchen")]


async def test_what_waits_is_shown_before_it_is_approved(
    manager: Person, waiter: Person, nobody: Person
) -> None:
    code = await ask(nobody, name="Grill screen")
    asked: Json = {"restaurant_id": PIZZERIA.id, "user_code": code["user_code"].lower()}
    answer = await manager.get("/devices/waiting", **asked)
    assert answer.status_code == 200, answer.text
    shown = {name: answer.json()[name] for name in ("user_code", "kind", "name")}
    assert shown == {"user_code": code["user_code"], "kind": "kitchen", "name": "Grill screen"}
    refused_grant(await poll(nobody, code), "authorization_pending")  # looking approves nothing
    refused(await waiter.get("/devices/waiting", **asked), 403, "forbidden")
    await approve(manager, code)
    refused(await manager.get("/devices/waiting", **asked), 404, "unknown_code")


async def test_a_device_knows_its_name_and_stations_as_they_are_now(display: Paired, manager: Person) -> None:
    station = str(PIZZERIA.stations[1].id)
    await manager.client.patch(f"/devices/{display.id}", json={"name": "Cold", "station_ids": [station]})
    answer = await display.client.get("/auth/me/device")
    assert answer.status_code == 200, answer.text
    own = answer.json()
    assert (own["id"], own["name"], own["station_ids"]) == (display.id, "Cold", [station])
    refused(await manager.get("/auth/me/device"), 404, "no_device")


async def test_stations_are_listed_in_the_kitchens_order(manager: Person, kitchen: Person) -> None:
    listed = (await kitchen.get("/stations", restaurant_id=PIZZERIA.id)).json()
    assert [station["name"] for station in listed] == [station.name for station in PIZZERIA.stations]
    assert all(station["alert_after_s"]["warn"] < station["alert_after_s"]["late"] for station in listed)
    first = await manager.get("/stations", restaurant_id=PIZZERIA.id, limit=1)
    assert first.headers["x-total-count"] == str(len(PIZZERIA.stations))
    assert first.json() == listed[:1]
    beyond = await manager.get("/stations", restaurant_id=PIZZERIA.id, page=99)
    assert (beyond.json(), beyond.headers["x-total-count"]) == ([], str(len(PIZZERIA.stations)))


async def test_an_answer_that_was_lost_can_be_asked_for_again(
    manager: Person, nobody: Person, database: Database
) -> None:
    code = await ask(nobody)
    await approve(manager, code)
    first, again = await poll(nobody, code), await poll(nobody, code)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["device"] == again.json()["device"]
    database.run("update device_grants set used_at = used_at - interval '2 minutes'")
    refused_grant(await poll(nobody, code), "expired_token")


async def test_who_asks_too_often_is_told_to_slow_down(nobody: Person, database: Database) -> None:
    code = await ask(nobody)
    refused_grant(await poll(nobody, code), "authorization_pending")
    answer = await poll(nobody, code)
    refused_grant(answer, "slow_down")
    assert "every 10 s" in answer.json()["detail"]
    database.run("update device_grants set polled_at = polled_at - interval '10 seconds'")
    refused_grant(await poll(nobody, code), "authorization_pending")


async def test_what_was_denied_or_has_expired_or_never_was_gives_no_token(
    manager: Person, nobody: Person, database: Database
) -> None:
    code = await ask(nobody)
    body = {"user_code": code["user_code"], "restaurant_id": PIZZERIA.id}
    assert (await manager.post("/devices/deny", body, key=None)).status_code == 204
    refused_grant(await poll(nobody, code), "access_denied")
    refused(await approve(manager, code), 404, "unknown_code")
    late = await ask(nobody)
    database.run("update device_grants set expires_at = now()")
    refused_grant(await poll(nobody, late), "expired_token")
    refused(await approve(manager, late), 404, "unknown_code")
    refused_grant(await poll(nobody, {"device_code": "never-was"}), "invalid_grant")


async def test_one_code_pairs_one_device_however_many_approve_it(manager: Person, nobody: Person) -> None:
    code = await ask(nobody)
    answers = await asyncio.gather(*(approve(manager, code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201] + [404] * 4


async def test_only_managers_approve_and_only_with_stations_of_their_own(
    manager: Person, waiter: Person, rival_at_home: Person, nobody: Person
) -> None:
    code = await ask(nobody)
    refused(await approve(waiter, code), 403, "forbidden")
    refused(await approve(rival_at_home, code), 404, "not_found")
    problem = refused(await approve(manager, code, station_ids=[uuid4()]), 422, "validation_failed")
    assert problem.fields == ["station_ids"]
    assert (await approve(manager, code)).status_code == 201


async def test_who_guesses_codes_is_stopped(server: ServerProcess, nobody: Person) -> None:
    guesser = await Person.sign_in(server.url, "owner@demo.fynlo.test")
    for n in range(10):
        refused(await approve(guesser, {"user_code": f"BCDFGHJ{'BCDFGHJKLM'[n]}"}), 404, "unknown_code")
    refused(await approve(guesser, await ask(nobody)), 429, "too_many_requests")
    await guesser.client.aclose()


async def test_a_display_may_what_the_kitchen_may(display: Paired, waiter: Person) -> None:
    await waiter.order(line("Skin-on fries"))
    answer = await display.client.get("/orders", params={"restaurant_id": str(PIZZERIA.id)})
    assert answer.status_code == 200
    assert "totals" not in answer.text
    refused(await display.client.get("/staff", params={"restaurant_id": str(PIZZERIA.id)}), 403, "forbidden")
    body = {"restaurant_id": str(PIZZERIA.id), "items": []}
    answer = await display.client.post("/orders", json=body, headers={"idempotency-key": "k"})
    refused(answer, 403, "forbidden")
    refused(
        await display.client.post("/restaurants", json={"name": "x", "timezone": "UTC", "currency": "EUR"}),
        403,
        "forbidden",
    )


async def test_a_till_shows_and_changes_nothing_until_somebody_gives_their_pin(
    server: ServerProcess, till: Paired, waiter: Person, manager: Person
) -> None:
    place: Json = {"restaurant_id": str(PIZZERIA.id)}
    staff = {m["name"]: m for m in (await till.client.get("/staff", params=place)).json()}
    assert all(set(member) == {"id", "user_id", "name", "role", "has_pin"} for member in staff.values())
    await waiter.order(line("Skin-on fries"))
    assert "totals" in (await till.client.get("/orders", params=place)).text
    new: Json = {**place, "items": []}
    refused(await till.client.post("/orders", json=new, headers={"idempotency-key": "k1"}), 403, "forbidden")
    assert waiter.signed_in is not None
    me = staff[waiter.signed_in.user.name]
    assert (await waiter.client.put(f"/staff/{me['id']}/pin", json={"pin": "482913"})).status_code == 204
    refused(await till.pin(me["id"], "000000"), 401, "invalid_pin")
    answer = await till.pin(me["id"], "482913")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert "refresh_token" not in told
    assert told["user"]["id"] == me["user_id"]
    headers = {"authorization": f"Bearer {told['access_token']}", "idempotency-key": "k2"}
    answer = await till.client.post("/orders", json=new, headers=headers)
    assert (answer.status_code, answer.json()["created_by"]) == (201, me["user_id"])
    entries = (await manager.get("/audit", **place, limit=20)).json()
    pins = [e for e in entries if e["action"].startswith("auth.pin")]
    assert [e["action"] for e in pins] == ["auth.pin", "auth.pin_failed"]
    assert {e["device_id"] for e in pins} == {till.id}


async def test_pins_are_for_paired_devices_only(waiter: Person) -> None:
    body = {"staff_id": str(PIZZERIA.memberships[0].id), "pin": "482913"}
    refused(await waiter.post("/auth/pin", body, key=None), 403, "forbidden")


async def test_after_five_wrong_pins_the_right_one_has_to_wait_but_nobody_elses(
    till: Paired, waiter: Person, manager: Person
) -> None:
    members = {m["email"]: m["id"] for m in (await manager.get("/staff", restaurant_id=PIZZERIA.id)).json()}
    mine, theirs = members["server@demo.fynlo.test"], members["manager@demo.fynlo.test"]
    await waiter.client.put(f"/staff/{mine}/pin", json={"pin": "482913"})
    await manager.client.put(f"/staff/{theirs}/pin", json={"pin": "117733"})
    for _ in range(5):
        refused(await till.pin(mine, "999999"), 401, "invalid_pin")
    answer = await till.pin(mine, "482913")
    refused(answer, 429, "too_many_requests")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert (await till.pin(theirs, "117733")).status_code == 200


async def test_somebody_of_another_restaurant_and_nobody_at_all_have_no_pin_here(till: Paired) -> None:
    refused(await till.pin(uuid4(), "482913"), 401, "invalid_pin")


async def test_a_revoked_device_is_out_with_all_who_signed_in_on_it(
    server: ServerProcess, till: Paired, manager: Person, waiter: Person, nobody: Person
) -> None:
    members = {m["email"]: m["id"] for m in (await manager.get("/staff", restaurant_id=PIZZERIA.id)).json()}
    await waiter.client.put(f"/staff/{members['server@demo.fynlo.test']}/pin", json={"pin": "482913"})
    token = (await till.pin(members["server@demo.fynlo.test"], "482913")).json()["access_token"]
    person = {"authorization": f"Bearer {token}"}
    assert (await nobody.get("/auth/me", person)).status_code == 200
    assert (await manager.client.delete(f"/devices/{till.id}")).status_code == 204
    refused(await till.client.get("/auth/me"), 401, "session_ended")
    refused(await nobody.get("/auth/me", person), 401, "session_ended")
    refused(
        await nobody.post("/auth/refresh", {"refresh_token": till.told["refresh_token"]}, key=None),
        401,
        "refresh_invalid",
    )
    refused(await manager.client.delete(f"/devices/{till.id}"), 404, "not_found")
    assert (await waiter.get("/auth/me")).status_code == 200  # their other sign-ins stay
    listed = (await manager.get("/devices", restaurant_id=PIZZERIA.id, limit=100)).json()
    assert till.id not in {device["id"] for device in listed}


async def test_a_device_renews_itself_for_months(display: Paired, nobody: Person, database: Database) -> None:
    life = "select max(expires_at) - now() from refresh_tokens t join sessions s on s.id = t.session_id"
    assert database.value(f"{life} where s.device_id = %s", display.id) > timedelta(days=170)
    answer = await nobody.post("/auth/refresh", {"refresh_token": display.told["refresh_token"]}, key=None)
    assert answer.status_code == 200, answer.text
    assert database.value("select last_seen_at is not null from devices where id = %s", display.id)
    # the control: a person's sign-in lives for a month
    assert database.value(f"{life} where s.device_id is null") < timedelta(days=31)


async def test_a_device_is_renamed_and_given_other_stations(
    display: Paired, manager: Person, waiter: Person, rival: Person
) -> None:
    station = str(PIZZERIA.stations[1].id)
    path = f"/devices/{display.id}"
    answer = await manager.client.patch(path, json={"name": "Cold pass", "station_ids": [station]})
    assert (answer.status_code, answer.json()["name"], answer.json()["station_ids"]) == (
        200,
        "Cold pass",
        [station],
    )
    answer = await manager.client.patch(path, json={"name": "Pass"})
    assert (answer.json()["name"], answer.json()["station_ids"]) == ("Pass", [station])
    wrong = {"station_ids": [str(uuid4())]}
    assert refused(await manager.client.patch(path, json=wrong), 422, "validation_failed").fields == [
        "station_ids"
    ]
    refused(await waiter.client.patch(path, json={"name": "x"}), 403, "forbidden")
    refused(await rival.client.patch(path, json={"name": "x"}), 404, "not_found")
    listed = (await manager.get("/devices", restaurant_id=PIZZERIA.id, limit=100)).json()
    assert display.id in {device["id"] for device in listed}


async def test_no_code_and_no_pin_is_stored_as_it_is(
    server: ServerProcess, manager: Person, nobody: Person, database: Database
) -> None:
    code = await ask(nobody)
    stored = str(database.rows("select g::text from device_grants g"))
    assert code["device_code"] not in stored
    assert PASSWORD not in stored
    assert code["device_code"] not in server.log


async def pins_of(by: Person, *emails: str) -> list[str]:
    """The ids of these members of staff, who all get the PIN 482913 from somebody who may."""
    members = {m["email"]: m["id"] for m in (await by.get("/staff", restaurant_id=by.place.id)).json()}
    for email in emails:
        answer = await by.client.put(f"/staff/{members[email]}/pin", json={"pin": "482913"})
        assert answer.status_code == 204, answer.text
    return [members[email] for email in emails]


async def test_a_pin_is_good_where_its_device_stands_and_nowhere_else(
    till: Paired, manager: Person, nobody: Person, rival_at_home: Person
) -> None:
    invited = await manager.post(
        "/staff",
        {"restaurant_id": PIZZERIA.id, "email": "owner@rival.fynlo.test", "name": "x", "role": "server"},
    )
    token = invited.json()["token"]
    answer = await nobody.post("/auth/invitations/accept", {"token": token, "password": PASSWORD}, key=None)
    assert answer.status_code == 200, answer.text
    (staff_id,) = await pins_of(manager, "owner@rival.fynlo.test")
    answer = await till.pin(staff_id, "482913")
    assert answer.status_code == 200, answer.text
    assert [r["id"] for r in answer.json()["restaurants"]] == [str(PIZZERIA.id)]
    person = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert [r["id"] for r in (await nobody.get("/auth/me", person)).json()["restaurants"]] == [
        str(PIZZERIA.id)
    ]
    assert [r["id"] for r in (await nobody.get("/restaurants", person)).json()] == [str(PIZZERIA.id)]
    for path in ("/orders", "/menu", "/audit", "/staff", "/webhooks", "/events"):
        refused(await nobody.get(path, person, restaurant_id=RIVAL.id), 404, "not_found")
    refused(await nobody.get(f"/restaurants/{RIVAL.id}", person), 404, "not_found")
    elsewhere = (await rival_at_home.get("/audit", restaurant_id=RIVAL.id, action="auth.pin")).json()
    assert elsewhere == []
    out = await nobody.client.post("/auth/logout-everywhere", headers=person)
    refused(out, 403, "forbidden")
    # the control: with a password they are in both
    assert (await rival_at_home.get("/orders", restaurant_id=RIVAL.id)).status_code == 200
    assert (await nobody.get("/orders", person, restaurant_id=PIZZERIA.id)).status_code == 200
    assert (await manager.client.delete(f"/staff/{staff_id}")).status_code == 204


async def test_who_signed_in_by_pin_is_no_device_for_others(
    till: Paired, manager: Person, nobody: Person, database: Database
) -> None:
    (mine, _) = await pins_of(manager, "server@demo.fynlo.test", "cashier@demo.fynlo.test")
    token = (await till.pin(mine, "482913")).json()["access_token"]
    body = {"staff_id": mine, "pin": "482913"}
    database.run(
        "update users set email = null where email = 'server@demo.fynlo.test'"
    )  # an issuer gave none
    try:
        answer = await nobody.client.post(
            "/auth/pin", json=body, headers={"authorization": f"Bearer {token}"}
        )
    finally:
        database.run(
            "update users u set email = 'server@demo.fynlo.test' from memberships m"
            " where m.user_id = u.id and m.id = %s",
            mine,
        )
    refused(answer, 403, "forbidden")


async def test_an_approval_whose_answer_was_lost_is_answered_again(manager: Person, nobody: Person) -> None:
    code = await ask(nobody)
    body = {"user_code": code["user_code"], "restaurant_id": PIZZERIA.id}
    first, again = [await manager.post("/devices/approve", body, key=code["user_code"]) for _ in range(2)]
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    other = await ask(nobody)
    body = {"user_code": other["user_code"], "restaurant_id": PIZZERIA.id}
    refused(await manager.post("/devices/approve", body, key=code["user_code"]), 422, "idempotency_mismatch")
    for _ in range(2):
        assert (await manager.post("/devices/deny", body, key=None)).status_code == 204


async def test_whose_restaurant_it_is_comes_before_what_is_wrong_with_the_body(
    waiter: Person, rival_at_home: Person
) -> None:
    for path in ("/devices/approve", "/devices/deny"):
        body = {"restaurant_id": PIZZERIA.id, "user_code": 7, "unknown": True}
        refused(await waiter.post(path, body), 403, "forbidden")
        refused(await rival_at_home.post(path, body), 404, "not_found")
