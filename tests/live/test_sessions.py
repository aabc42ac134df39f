"""A socket lives as long as its token, its session and its place in the team."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fynlo.demo.data import PIZZERIA

from .house import CASHIER, COOK, MANAGER, OWNER, WAITER, House, Json, Screen, Session, eventually, open_house

REVOKED_WITHIN_S = 2.0


@pytest.fixture(scope="module")
async def neighbour(module_seeded_url: str) -> AsyncIterator[House]:
    """A second server process on the same database."""
    async with open_house(module_seeded_url) as other:
        yield other


async def logout(house: House, session: Session, everywhere: bool = False) -> None:
    answer = await house.rest.post(
        "/auth/logout-everywhere" if everywhere else "/auth/logout", headers=session.headers
    )
    assert answer.status_code == 204


async def test_the_end_of_a_token_is_told_once_and_then_closes_the_socket(house: House) -> None:
    session = await house.session()
    async with house.screen() as other, house.screen(token=session.lasting(3)) as screen:
        told = await screen.hear(2)
        assert told["type"] == "token_expiring"
        assert 0 <= told["expires_in"] <= 3
        assert await screen.await_close(within_s=5) == 4005
        await other.head()  # whose token lasts
    assert screen.types() == ["authenticated", "token_expiring"]
    assert "token_expiring" not in other.types()


async def test_a_new_token_keeps_the_socket_and_counts_from_then_on(house: House) -> None:
    session = await house.session()
    async with house.screen(token=session.lasting(2)) as screen:
        await screen.await_type("token_expiring")
        await screen.say("reauthenticate", token=session.lasting(5))
        answer = await screen.await_type("reauthenticated")
        assert 2 < answer["token_expires_in"] <= 5
        assert (await screen.hear(2))["type"] == "token_expiring"  # of the new one
        await asyncio.sleep(2)  # the first token has expired
        order = await house.order()
        await screen.await_order(order["id"], 1)
        assert await screen.await_close(within_s=5) == 4005


async def test_a_new_token_must_be_good_and_the_same_persons(house: House) -> None:
    session = await house.session()
    for wrong, code, said in (
        ("no.such.token", 4003, "token_invalid"),
        (session.lasting(-1), 4003, "token_expired"),
        ((await house.session(CASHIER)).token, 4003, "user_mismatch"),
    ):
        async with house.screen() as screen:
            await screen.say("reauthenticate", token=wrong)
            assert await screen.await_close() == code
        assert (screen.heard[-1]["type"], screen.heard[-1]["code"]) == ("auth_error", said)


@pytest.mark.parametrize("everywhere", [False, True])
async def test_signing_out_closes_the_sockets_of_that_session_in_every_process(
    house: House, neighbour: House, everywhere: bool
) -> None:
    session, other = await house.login(WAITER), await house.login(WAITER)
    async with (
        house.screen(token=session.token) as here,
        neighbour.screen(token=session.token) as there,
        neighbour.screen(token=other.token) as elsewhere,
        house.screen(OWNER) as owner,
    ):
        await logout(house, session, everywhere)
        async with asyncio.timeout(REVOKED_WITHIN_S):
            assert await here.await_close() == 4005
            assert await there.await_close() == 4005
        if everywhere:
            assert await elsewhere.await_close(REVOKED_WITHIN_S) == 4005
        else:
            await elsewhere.head()
        await owner.head()
    async with neighbour.dial() as late:
        await late.say("authenticate", token=session.token)
        assert await late.await_close() == 4003
        assert late.heard[0]["code"] == "session_ended"


async def test_who_no_longer_works_here_is_closed_with_4005_in_every_process(
    house: House, neighbour: House
) -> None:
    cook = await house.session(COOK)
    async with (
        house.screen(COOK, kind="kitchen") as here,
        neighbour.screen(token=cook.token, kind="kitchen") as there,
        neighbour.screen(OWNER) as owner,
    ):
        async with house.psql() as conn:
            await conn.execute(
                "delete from memberships where user_id = %s and restaurant_id = %s",
                (cook.user_id, PIZZERIA.id),
            )
        async with asyncio.timeout(REVOKED_WITHIN_S):
            assert await here.await_close() == 4005
            assert await there.await_close() == 4005
        await owner.head()
    async with neighbour.dial() as late:
        await late.say("authenticate", token=cook.token)
        assert await late.await_close() == 4004


async def test_who_may_see_less_from_now_on_is_closed_and_comes_back_to_less(house: House) -> None:
    cashier = await house.session(CASHIER)
    async with house.screen(CASHIER) as screen, house.screen(CASHIER, kind="kitchen") as kitchen:
        async with house.psql() as conn:
            await conn.execute(
                "update memberships set role = 'server' where user_id = %s", (cashier.user_id,)
            )
            order = await house.order()
            assert "totals" in (await screen.await_order(order["id"]))["data"]["order"], "he sees the same"
            await conn.execute(
                "update memberships set role = 'kitchen' where user_id = %s", (cashier.user_id,)
            )
        assert await screen.await_close(REVOKED_WITHIN_S) == 4005
        await kitchen.head()  # which shows no money anyway
    async with house.screen(CASHIER) as screen:
        order = await house.order()
        assert "totals" not in (await screen.await_order(order["id"]))["data"]["order"]


async def test_a_revocation_whose_hint_was_lost_is_found_when_the_listener_is_back(house: House) -> None:
    session = await house.login(OWNER)
    async with house.screen(token=session.token) as screen, house.psql() as conn:
        await conn.execute("alter table sessions disable trigger user")
        try:
            await conn.execute("update sessions set revoked_at = now() where id = %s", (session.id,))
        finally:
            await conn.execute("alter table sessions enable trigger user")
        await screen.head()
        await conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'fynlo-listener' and datname = current_database()"
        )
        assert await screen.await_close() == 4005


async def paired(house: House, kind: str) -> Json:
    """The answer that a device of this kind gets once the owner has approved it."""
    answer = await house.rest.post("/auth/device", json={"kind": kind, "name": "Pass"})
    code = answer.json()
    await house.post("/devices/approve", user_code=code["user_code"], restaurant_id=str(PIZZERIA.id))
    answer = await house.rest.post("/auth/device/token", json={"device_code": code["device_code"]})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def staff_id(house: House, email: str) -> str:
    members = await house.get("/staff", restaurant_id=str(PIZZERIA.id), limit=100)
    return next(str(member["id"]) for member in members if member["email"] == email)


async def by_pin(house: House, device: Json, email: str) -> str:
    """The access token of somebody who signed in on the device."""
    who, owner = await staff_id(house, email), (await house.session()).headers
    answer = await house.rest.put(f"/staff/{who}/pin", json={"pin": "482913"}, headers=owner)
    assert answer.status_code == 204, answer.text
    headers = {"authorization": f"Bearer {device['access_token']}"}
    answer = await house.rest.post("/auth/pin", json={"staff_id": who, "pin": "482913"}, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def refuses(house: House, token: str, path: str, status: int) -> None:
    """Within the time that a revocation may take this is what the token gets."""
    headers = {"authorization": f"Bearer {token}"}

    async def refused() -> bool:
        answer = await house.rest.get(path, params={"restaurant_id": str(PIZZERIA.id)}, headers=headers)
        return answer.status_code == status

    await eventually(refused, REVOKED_WITHIN_S)


async def closed(*screens: Screen) -> None:
    async with asyncio.timeout(REVOKED_WITHIN_S):
        for screen in screens:
            assert await screen.await_close() == 4005


async def test_a_revoked_device_is_closed_in_every_process_with_who_signed_in_on_it(
    house: House, neighbour: House
) -> None:
    device, other = await paired(house, "till"), await paired(house, "till")
    own, elsewhere, waiter = device["access_token"], other["access_token"], await house.session(WAITER)
    theirs = await by_pin(house, device, WAITER)
    async with (
        house.screen(token=own) as here,
        neighbour.screen(token=own) as there,
        neighbour.screen(token=theirs) as person,
        neighbour.screen(token=elsewhere) as another,
        neighbour.screen(token=waiter.token) as by_password,
    ):
        path, owner = f"/devices/{device['device']['id']}", (await house.session()).headers
        assert (await house.rest.delete(path, headers=owner)).status_code == 204
        await closed(here, there, person)
        for token in (own, theirs):
            await refuses(neighbour, token, "/menu", 401)
        await another.head()
        await by_password.head()


@pytest.mark.parametrize("how", ["let go", "another role"])
async def test_who_was_let_go_or_sees_less_is_closed_in_every_process_on_devices_too(
    house: House, neighbour: House, how: str
) -> None:
    till = await paired(house, "till")
    who, owner = await staff_id(house, MANAGER), (await house.session()).headers
    theirs, manager = await by_pin(house, till, MANAGER), await house.login(MANAGER)
    async with (
        house.screen(token=manager.token) as here,
        neighbour.screen(token=manager.token) as there,
        neighbour.screen(token=theirs) as on_the_till,
        neighbour.screen(token=till["access_token"]) as the_till,
    ):
        if how == "let go":
            answer = await house.rest.delete(f"/staff/{who}", headers=owner)
        else:
            answer = await house.rest.patch(f"/staff/{who}", json={"role": "kitchen"}, headers=owner)
        assert answer.is_success, answer.text
        try:
            await closed(here, there, on_the_till)
            for token in (manager.token, theirs):
                await refuses(neighbour, token, "/audit", 404 if how == "let go" else 403)
            await the_till.head()
        finally:
            async with house.psql() as conn:
                await conn.execute(
                    "update memberships set role = 'manager', ended_at = null where id = %s", (who,)
                )
