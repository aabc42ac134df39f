"""Sockets through a proxy that is trusted: whose they are, and which pages may open them."""

import pytest
from websockets.exceptions import InvalidStatus

from .house import House

ENVIRONMENT = {"FYNLO_TRUSTED_PROXIES": "127.0.0.1", "FYNLO_MAX_UNAUTHENTICATED_SOCKETS": "1"}
TOO_MANY = 4009


def through(address: str, **more: str) -> dict[str, str]:
    return {"X-Forwarded-For": address, **{name.replace("_", "-"): value for name, value in more.items()}}


async def test_sockets_are_counted_by_the_address_of_who_is_behind_the_proxy(house: House) -> None:
    async with (
        house.dial(additional_headers=through("203.0.113.1")),
        house.dial(additional_headers=through("203.0.113.2")),
        house.dial(additional_headers=through("198.51.100.66, 203.0.113.1")) as third,
    ):
        assert await third.await_close() == TOO_MANY


@pytest.mark.parametrize(
    ("origin", "headers"),
    [
        ("https://pos.example", {"X_Forwarded_Host": "pos.example", "X_Forwarded_Proto": "https"}),
        ("https://pos.example", {"X_Forwarded_Host": "pos.example:443", "X_Forwarded_Proto": "wss"}),
        ("https://POS.example:8443", {"X_Forwarded_Host": "pos.example:8443"}),
        ("https://pos.example", {"Forwarded": "for=203.0.113.3;host=pos.example;proto=https"}),
    ],
)
async def test_a_page_that_came_over_tls_to_the_proxy_is_our_own(
    house: House, origin: str, headers: dict[str, str]
) -> None:
    async with house.dial(additional_headers={**through("203.0.113.3", **headers), "Origin": origin}):
        pass


@pytest.mark.parametrize(
    ("origin", "headers"),
    [
        ("http://pos.example", {"X_Forwarded_Host": "pos.example", "X_Forwarded_Proto": "https"}),
        ("https://evil.example", {"X_Forwarded_Host": "pos.example", "X_Forwarded_Proto": "https"}),
        ("https://pos.example", {"X_Forwarded_Proto": "https"}),
        ("https://pos.example:x", {"X_Forwarded_Host": "pos.example"}),
        ("https://[", {"X_Forwarded_Host": "pos.example"}),
    ],
)
async def test_a_page_of_another_origin_or_without_tls_is_not(
    house: House, origin: str, headers: dict[str, str]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with house.dial(additional_headers={**through("203.0.113.4", **headers), "Origin": origin}):
            pass
    assert refused.value.response.status_code == 403
