"""A socket lives as long as its token, its session and its place in the team."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fynlo.demo.data import PIZZERIA

from .house import CASHIER, COOK, OWNER, WAITER, House, Session, open_house

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
