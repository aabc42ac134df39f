"""What is refused before there is a socket."""

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from fynlo.demo.data import PIZZERIA

from .house import House

ENVIRONMENT = {"FYNLO_ALLOWED_ORIGINS": "https://pos.example.com, https://till.example.com/"}


async def refused(house: House, **how: Any) -> InvalidStatus:
    with pytest.raises(InvalidStatus) as caught:
        async with house.dial(**how):
            pass
    return caught.value


@pytest.mark.parametrize("query", ["?token={}", "?Token={}", "?access_token={}", "?a=1&token={}", "?token="])
async def test_a_token_in_the_address_is_refused_even_a_good_one(house: House, query: str) -> None:
    good = (await house.session()).token
    error = await refused(house, query=query.format(good))
    assert error.response.status_code == 400
    assert b"first message" in error.response.body
    assert error.response.headers["content-type"].startswith("application/problem+json")
    async with house.dial(query="?screen=3"):
        pass  # it was the token


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://pos.example.com.evil.example",
        "https://pos.example.com:8443",
        "http://pos.example.com",
        "null",
        "",
    ],
)
async def test_a_page_of_a_foreign_origin_is_refused(house: House, origin: str) -> None:
    error = await refused(house, additional_headers={"Origin": origin})
    assert error.response.status_code == 403


async def test_pages_of_our_own_and_of_named_origins_and_apps_without_one_are_let_in(house: House) -> None:
    own = f"http://127.0.0.1:{house.server.port}"
    token = (await house.session()).token
    for origin in (None, own, "https://pos.example.com", "https://till.example.com"):
        async with house.dial(origin=origin) as screen:
            await screen.say("authenticate", token=token)
            assert (await screen.hear())["type"] == "authenticated"


async def test_there_are_two_sockets_and_no_third(house: House) -> None:
    for kind in ("bar", "pos/x", "", "POS"):
        error = await refused(house, kind=kind)
        assert error.response.status_code == 404
    for kind in ("pos", "kitchen"):
        async with house.dial(PIZZERIA.id, kind):
            pass


async def test_an_ordinary_request_to_a_socket_is_no_server_error(house: House) -> None:
    answer = await house.rest.get(f"/websocket/ws/pos/{PIZZERIA.id}", headers=(await house.session()).headers)
    assert answer.status_code in (404, 426)
