"""Where webhooks may go, which events they get, and how long is waited after a failure."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from fynlo.events.models import EVENT_TYPES
from fynlo.webhooks import signing
from fynlo.webhooks.rules import LONGEST_DELAY_S, delay_s, is_public, next_attempt_s, unknown_type, wants

DAY_S = 86_400.0


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::127.0.0.1", "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2001:0:4136:e378:8000:63bf:80ff:fffe", "localhost", "",
    ],
)  # fmt: skip
def test_an_address_that_is_not_of_the_internet_is_seen_as_such(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_an_address_of_the_internet_is_seen_as_such(address: str) -> None:
    assert is_public(address)


def test_types_are_names_or_groups_of_them() -> None:
    assert wants((), "order.created")
    assert wants(("order.*",), "order.created")
    assert wants(("menu.updated", "order.created"), "order.created")
    assert not wants(("menu.updated", "payment.*"), "order.created")
    assert not any(unknown_type(name, EVENT_TYPES) for name in (*EVENT_TYPES, "order.*", "kitchen.*"))
    assert all(unknown_type(name, EVENT_TYPES) for name in ("", "*", "order", "order.", "order.*.*", "x.*"))


@given(attempts=st.integers(1, 10_000), dice=st.floats(0, 1), asked=st.none() | st.floats(0, 1e9))
def test_waits_double_up_to_four_hours_and_are_never_together(
    attempts: int, dice: float, asked: float | None
) -> None:
    whole = min(2.0 ** min(attempts - 1, 30), LONGEST_DELAY_S)
    waited = delay_s(attempts, dice, asked)
    assert max(whole / 2, min(asked or 0, LONGEST_DELAY_S)) <= waited <= max(whole, asked or 0)
    assert waited <= LONGEST_DELAY_S


@given(dice=st.floats(0, 1), took_s=st.floats(0, 10))
def test_an_event_is_tried_for_a_day_and_the_last_time_when_it_is_over(dice: float, took_s: float) -> None:
    elapsed, attempts = 0.0, 0
    while True:
        attempts += 1
        wait = next_attempt_s(attempts, elapsed if attempts > 1 else 0.0, DAY_S, dice)
        if wait is None:
            break
        elapsed += wait + took_s
    assert DAY_S <= elapsed <= DAY_S + took_s + 1e-6
    assert 17 <= attempts <= 32


def test_each_secret_signs_as_the_standards_own_library_does() -> None:
    secrets = [signing.new_secret(), signing.new_secret()]
    assert len(base64.b64decode(secrets[0].removeprefix("whsec_"))) == 32
    made = signing.headers("msg_1", 1_700_000_000, '{"größe":1}'.encode(), secrets)
    assert made["webhook-id"] == "msg_1"
    assert made["webhook-timestamp"] == "1700000000"
    signatures = made["webhook-signature"].split(" ")
    assert len(signatures) == 2
    at = datetime.fromtimestamp(1_700_000_000, UTC)
    for secret, signature in zip(secrets, signatures, strict=True):
        assert Webhook(secret).sign("msg_1", at, '{"größe":1}') == signature
