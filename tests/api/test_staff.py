"""Hiring, promoting, letting go: who may, what the person can do afterwards, and what is kept."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from fynlo.demo.data import PASSWORD, PIZZERIA, RIVAL
from tests.serving import ServerProcess

from .house import Database, Person, refused
from .wire import SignedIn

Json = dict[str, Any]
CHOSEN = "a long enough password"


@pytest.fixture
async def owner(server: ServerProcess) -> AsyncIterator[Person]:
    person = await Person.sign_in(server.url, "owner@demo.fynlo.test")
    yield person
    await person.client.aclose()


def address() -> str:
    return f"{uuid4().hex[:10]}@new.fynlo.test"


async def invite(by: Person, email: str, role: str = "server", **more: Any) -> Json:
    body = {"restaurant_id": PIZZERIA.id, "email": email, "name": "Noor Haddad", "role": role}
    answer = await by.post("/staff", body, **more)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: Json = answer.json()
    return found


async def accept(nobody: Person, token: str, password: str = CHOSEN) -> httpx.Response:
    return await nobody.post("/auth/invitations/accept", {"token": token, "password": password}, key=None)


async def joined(
    server: ServerProcess, by: Person, nobody: Person, role: str = "server"
) -> tuple[Json, Person]:
    invitation = await invite(by, address(), role)
    answer = await accept(nobody, invitation["token"])
    assert answer.status_code == 200, answer.text
    return invitation["staff"], Person(
        server.url, PIZZERIA, msgspec.json.decode(answer.content, type=SignedIn)
    )


async def change(by: Person, staff_id: str, role: str) -> httpx.Response:
    return await by.client.patch(f"/staff/{staff_id}", json={"role": role})


async def test_who_is_invited_chooses_a_password_and_works(manager: Person, nobody: Person) -> None:
    email = address()
    invitation = await invite(manager, email)
    assert invitation["staff"] | {"id": "", "user_id": ""} == {
        "id": "", "user_id": "", "name": "Noor Haddad", "email": email, "role": "server", "has_pin": False,
        "invited": False,
    }  # fmt: skip
    refused(
        await nobody.post("/auth/login", {"email": email, "password": CHOSEN}), 401, "invalid_credentials"
    )
    answer = await accept(nobody, invitation["token"])
    assert answer.status_code == 200, answer.text
    assert [(r["name"], r["role"]) for r in answer.json()["restaurants"]] == [(PIZZERIA.name, "server")]
    assert (await nobody.post("/auth/login", {"email": email, "password": CHOSEN})).status_code == 200


async def test_an_invitation_works_once_and_the_last_one_only(
    manager: Person, nobody: Person, database: Database
) -> None:
    email = address()
    first, second = await invite(manager, email), await invite(manager, email)
    refused(await accept(nobody, first["token"]), 401, "invitation_invalid")
    assert (await accept(nobody, second["token"])).status_code == 200
    refused(await accept(nobody, second["token"]), 401, "invitation_invalid")
    late = await invite(manager, address())
    database.run("update invitations set expires_at = now() where id = %s", late["id"])
    refused(await accept(nobody, late["token"]), 401, "invitation_invalid")
    refused(await accept(nobody, "no-token-of-ours"), 401, "invitation_invalid")


async def test_two_who_accept_at_once_are_one(manager: Person, nobody: Person) -> None:
    invitation = await invite(manager, address())
    answers = await asyncio.gather(*(accept(nobody, invitation["token"]) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5


async def test_a_retried_invitation_is_the_same_one(manager: Person, nobody: Person) -> None:
    email, key = address(), str(uuid4())
    first, again = await invite(manager, email, key=key), await invite(manager, email, key=key)
    assert first == again
    assert (await accept(nobody, first["token"])).status_code == 200


async def test_a_short_password_is_refused_and_the_invitation_stays(manager: Person, nobody: Person) -> None:
    invitation = await invite(manager, address())
    problem = refused(await accept(nobody, invitation["token"], "short"), 422, "validation_failed")
    assert problem.fields == ["password"]
    assert (await accept(nobody, invitation["token"])).status_code == 200


async def test_who_has_a_sign_in_of_their_own_is_not_in_before_they_accept(
    manager: Person, nobody: Person, rival_at_home: Person
) -> None:
    invitation = await invite(manager, "owner@rival.fynlo.test")
    assert invitation["staff"]["invited"] is True
    refused(await rival_at_home.get("/orders", restaurant_id=PIZZERIA.id), 404, "not_found")
    refused(await accept(nobody, invitation["token"], "not their password"), 401, "invalid_credentials")
    answer = await accept(nobody, invitation["token"], PASSWORD)
    assert {r["id"] for r in answer.json()["restaurants"]} == {str(PIZZERIA.id), str(RIVAL.id)}
    assert (await rival_at_home.get("/orders", restaurant_id=PIZZERIA.id)).status_code == 200
    assert (await manager.client.delete(f"/staff/{invitation['staff']['id']}")).status_code == 204
    refused(await rival_at_home.get("/orders", restaurant_id=PIZZERIA.id), 404, "not_found")


async def test_who_works_here_already_is_not_invited_again(manager: Person) -> None:
    body = {"restaurant_id": PIZZERIA.id, "email": "Server@demo.fynlo.test", "name": "x", "role": "kitchen"}
    refused(await manager.post("/staff", body), 409, "already_staff")


async def test_who_was_let_go_is_out_at_once_and_may_come_back(
    server: ServerProcess, manager: Person, nobody: Person
) -> None:
    member, person = await joined(server, manager, nobody)
    assert (await person.menu()).status_code == 200
    assert (await manager.client.delete(f"/staff/{member['id']}")).status_code == 204
    refused(await person.get("/orders", restaurant_id=PIZZERIA.id), 404, "not_found")
    refused(await manager.client.delete(f"/staff/{member['id']}"), 404, "not_found")
    again = await invite(manager, member["email"], "cashier")
    assert (again["staff"]["id"], again["staff"]["role"]) == (member["id"], "cashier")
    refused(
        await person.get("/orders", restaurant_id=PIZZERIA.id), 404, "not_found"
    )  # not before they accept
    assert (await accept(nobody, again["token"])).status_code == 200
    assert (await person.get("/orders", restaurant_id=PIZZERIA.id)).status_code == 200
    await person.client.aclose()


async def test_a_new_role_counts_from_the_next_request_on(
    server: ServerProcess, manager: Person, nobody: Person
) -> None:
    member, person = await joined(server, manager, nobody)
    refused(await person.get("/audit", restaurant_id=PIZZERIA.id), 403, "forbidden")
    answer = await change(manager, member["id"], "manager")
    assert (answer.status_code, answer.json()["role"]) == (200, "manager")
    assert (await person.get("/audit", restaurant_id=PIZZERIA.id)).status_code == 200
    await person.client.aclose()


async def test_only_owners_make_owners_and_touch_them(owner: Person, manager: Person) -> None:
    body = {"restaurant_id": PIZZERIA.id, "email": address(), "name": "x", "role": "owner"}
    refused(await manager.post("/staff", body), 403, "forbidden")
    members = {m["email"]: m for m in (await manager.get("/staff", restaurant_id=PIZZERIA.id)).json()}
    theirs = members["owner@demo.fynlo.test"]["id"]
    refused(await change(manager, theirs, "server"), 403, "forbidden")
    refused(await manager.client.delete(f"/staff/{theirs}"), 403, "forbidden")
    refused(await manager.client.put(f"/staff/{theirs}/pin", json={"pin": "123456"}), 403, "forbidden")
    refused(await change(manager, members["server@demo.fynlo.test"]["id"], "owner"), 403, "forbidden")
    refused(await change(owner, theirs, "manager"), 409, "last_owner")
    refused(await owner.client.delete(f"/staff/{theirs}"), 409, "last_owner")


async def test_of_two_owners_who_leave_at_once_one_stays(
    server: ServerProcess, owner: Person, nobody: Person, database: Database
) -> None:
    for _ in range(3):
        member, second = await joined(server, owner, nobody, "owner")
        members = {m["email"]: m["id"] for m in (await owner.get("/staff", restaurant_id=PIZZERIA.id)).json()}
        first_id = members["owner@demo.fynlo.test"]
        answers = await asyncio.gather(
            owner.client.delete(f"/staff/{member['id']}"), second.client.delete(f"/staff/{first_id}")
        )
        # the one who was quicker may be gone before the other's request is let in
        assert sorted(a.status_code for a in answers) in ([204, 404], [204, 409]), [a.text for a in answers]
        database.run("update memberships set ended_at = null where id = %s", first_id)
        database.run("update memberships set ended_at = now() where id = %s", member["id"])
        await second.client.aclose()


async def test_the_list_shows_people_by_name_and_not_to_everybody(manager: Person, waiter: Person) -> None:
    answer = await manager.get("/staff", restaurant_id=PIZZERIA.id, limit=100)
    names = [member["name"] for member in answer.json()]
    assert names == sorted(names)
    assert answer.headers["x-total-count"] == str(len(names))
    refused(await waiter.get("/staff", restaurant_id=PIZZERIA.id), 403, "forbidden")


async def test_a_pin_is_ones_own_or_a_managers_business(
    manager: Person, waiter: Person, kitchen: Person, database: Database
) -> None:
    members = {m["email"]: m["id"] for m in (await manager.get("/staff", restaurant_id=PIZZERIA.id)).json()}
    mine, cooks = members["server@demo.fynlo.test"], members["kitchen@demo.fynlo.test"]
    assert (await waiter.client.put(f"/staff/{mine}/pin", json={"pin": "482913"})).status_code == 204
    refused(await waiter.client.put(f"/staff/{cooks}/pin", json={"pin": "482913"}), 403, "forbidden")
    assert (await manager.client.put(f"/staff/{cooks}/pin", json={"pin": "775533"})).status_code == 204
    for pin in ("12345", "1234567890123", "12345a", ""):
        refused(await waiter.client.put(f"/staff/{mine}/pin", json={"pin": pin}), 422, "validation_failed")
    assert all(h.startswith("$argon2id$") for (h,) in database.rows("select pin_hash from pins"))


async def test_a_changed_password_ends_the_other_sign_ins_and_keeps_this_one(
    server: ServerProcess, manager: Person, nobody: Person
) -> None:
    member, person = await joined(server, manager, nobody)
    login = {"email": member["email"], "password": CHOSEN}
    elsewhere = (await nobody.post("/auth/login", login)).json()
    wrong = {"current": "not this one", "new": "another long password"}
    refused(await person.post("/auth/password", wrong, key=None), 422, "wrong_password")
    short = {"current": CHOSEN, "new": "short"}
    assert refused(await person.post("/auth/password", short, key=None), 422, "validation_failed").fields == [
        "new"
    ]
    right = {"current": CHOSEN, "new": "another long password"}
    assert (await person.post("/auth/password", right, key=None)).status_code == 204
    assert (await person.get("/auth/me")).status_code == 200
    headers = {"authorization": f"Bearer {elsewhere['access_token']}"}
    refused(await nobody.get("/auth/me", headers), 401, "session_ended")
    refused(await nobody.post("/auth/login", login), 401, "invalid_credentials")
    assert (await nobody.post("/auth/login", login | {"password": right["new"]})).status_code == 200
    await person.client.aclose()


async def invite_to_rival(by: Person, email: str, role: str = "server") -> Json:
    body = {"restaurant_id": RIVAL.id, "email": email, "name": "Somebody", "role": role}
    answer = await by.post("/staff", body)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def test_an_invitation_opens_no_other_restaurant_of_who_has_no_password_yet(
    owner: Person, nobody: Person, rival_at_home: Person, database: Database
) -> None:
    email = address()
    ours = await invite(owner, email, "manager")
    theirs = await invite_to_rival(rival_at_home, email)
    answer = await accept(nobody, theirs["token"])
    assert answer.status_code == 200, answer.text
    assert [r["id"] for r in answer.json()["restaurants"]] == [str(RIVAL.id)]
    headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
    refused(await nobody.get("/staff", headers, restaurant_id=PIZZERIA.id), 404, "not_found")
    login = await nobody.post("/auth/login", {"email": email, "password": CHOSEN})
    assert [r["id"] for r in login.json()["restaurants"]] == [str(RIVAL.id)]
    # Here they are who they were, with their PIN and all; the address is another's, who is invited like anybody.
    assert (
        await owner.client.put(f"/staff/{ours['staff']['id']}/pin", json={"pin": "482913"})
    ).status_code == 204
    refused(await accept(nobody, ours["token"]), 401, "invitation_invalid")
    again = await invite(owner, email, "manager")
    assert again["staff"]["invited"] is True
    assert again["staff"]["id"] != ours["staff"]["id"]
    refused(await nobody.get("/staff", headers, restaurant_id=PIZZERIA.id), 404, "not_found")
    answer = await accept(nobody, again["token"])
    assert {r["id"] for r in answer.json()["restaurants"]} == {str(PIZZERIA.id), str(RIVAL.id)}
    assert (await nobody.get("/staff", headers, restaurant_id=PIZZERIA.id)).status_code == 200
    actors = database.rows(
        "select distinct actor::text from audit_log where entity_id = %s and action = 'invitation.changed'",
        theirs["id"],
    )
    assert actors == [(answer.json()["user"]["id"],)]


async def test_of_two_restaurants_that_invite_one_who_accepts_both_at_once_is_in_one(
    owner: Person, nobody: Person, rival_at_home: Person
) -> None:
    for _ in range(3):
        email = address()
        invitations = await invite(owner, email), await invite_to_rival(rival_at_home, email)
        answers = await asyncio.gather(*(accept(nobody, each["token"]) for each in invitations))
        assert sorted(answer.status_code for answer in answers) == [200, 401], [a.text for a in answers]
        login = await nobody.post("/auth/login", {"email": email, "password": CHOSEN})
        assert len(login.json()["restaurants"]) == 1


async def test_a_manager_cannot_make_less_of_an_owner_by_inviting_them_again(
    owner: Person, manager: Person, nobody: Person, database: Database
) -> None:
    for email in (address(), "owner@rival.fynlo.test"):  # without a sign-in, and with one
        invitation = await invite(owner, email, "owner")
        for role in ("server", "owner"):
            body = {"restaurant_id": PIZZERIA.id, "email": email.upper(), "name": "x", "role": role}
            refused(await manager.post("/staff", body), 403, "forbidden")
        password = PASSWORD if invitation["staff"]["invited"] else CHOSEN
        answer = await accept(nobody, invitation["token"], password)
        assert answer.status_code == 200, answer.text
        assert "owner" in {r["role"] for r in answer.json()["restaurants"] if r["id"] == str(PIZZERIA.id)}
        assert (await owner.client.delete(f"/staff/{invitation['staff']['id']}")).status_code == 204


async def test_an_address_that_grows_in_small_letters_is_refused(manager: Person) -> None:
    body = {
        "restaurant_id": PIZZERIA.id,
        "email": "\u0130" * 300 + "@new.fynlo.test",
        "name": "x",
        "role": "server",
    }
    assert refused(await manager.post("/staff", body), 422, "validation_failed").fields == ["email"]


async def test_what_a_manager_knows_of_somebody_is_worth_nothing_once_they_are_an_owner(
    owner: Person, manager: Person, nobody: Person
) -> None:
    invitation = await invite(manager, address())
    path = f"/staff/{invitation['staff']['id']}"
    assert (await manager.client.put(f"{path}/pin", json={"pin": "482913"})).status_code == 204
    answer = await change(owner, invitation["staff"]["id"], "owner")
    assert (answer.json()["role"], answer.json()["has_pin"]) == ("owner", False)
    refused(await accept(nobody, invitation["token"]), 401, "invitation_invalid")
    again = await invite(owner, invitation["staff"]["email"], "owner")
    assert (await accept(nobody, again["token"])).status_code == 200
    # What an owner chose stays.
    assert (await owner.client.put(f"{path}/pin", json={"pin": "482913"})).status_code == 204
    for role in ("manager", "owner"):
        assert (await change(owner, invitation["staff"]["id"], role)).json()["has_pin"] is True
    assert (await owner.client.delete(path)).status_code == 204
