"""Whose request it is: what forwarded headers may be believed, and from whom."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fynlo.proxies import Client, Proxies, networks, site

PROXY, INNER, CLIENT, LIAR = "10.0.0.1", "10.0.0.2", "203.0.113.7", "198.51.100.66"
PROXIES = Proxies(networks(["10.0.0.0/24", "192.0.2.1", "2001:db8:1::/48"]))


def client(peer: str = PROXY, **headers: str | list[str]) -> Client:
    """Who asks, with headers such as `x_forwarded_for=…`; a list comes in several lines."""
    lines = [
        (name.replace("_", "-").encode(), value.encode("latin-1"))
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return PROXIES.client(peer, [(b"host", b"backend:8000"), *lines])


def address(peer: str = PROXY, **headers: str | list[str]) -> str:
    return client(peer, **headers).address


def test_a_peer_that_is_not_trusted_says_nothing_that_counts() -> None:
    for header in ("x_forwarded_for", "forwarded", "x_forwarded_proto", "x_forwarded_host"):
        value = f"for={LIAR};proto=https;host=pos.example" if header == "forwarded" else LIAR
        assert client(CLIENT, **{header: value}) == Client(CLIENT)


def test_nobody_is_trusted_unless_it_is_said() -> None:
    nobody = Proxies(())
    assert not nobody
    assert nobody.client("127.0.0.1", [(b"x-forwarded-for", LIAR.encode())]) == Client("127.0.0.1")


def test_a_trusted_peer_says_who_asks() -> None:
    assert address(x_forwarded_for=CLIENT) == CLIENT
    assert address(forwarded=f"for={CLIENT}") == CLIENT
    assert address() == PROXY


def test_what_the_client_wrote_itself_is_not_believed() -> None:
    assert address(x_forwarded_for=f"{LIAR}, {CLIENT}") == CLIENT
    assert address(x_forwarded_for=[LIAR, CLIENT]) == CLIENT
    assert address(x_forwarded_for=f"{LIAR}, 10.0.0.9, {CLIENT}") == CLIENT
    assert address(forwarded=f"for={LIAR}, for={CLIENT}") == CLIENT
    assert address(forwarded=[f"for={LIAR}", f"for={CLIENT}"]) == CLIENT


def test_a_chain_of_trusted_proxies_is_walked_to_its_end() -> None:
    assert address(x_forwarded_for=f"{LIAR}, {CLIENT}, {INNER}") == CLIENT
    assert address(x_forwarded_for=f"{CLIENT}, 192.0.2.1, {INNER}") == CLIENT
    assert address(forwarded=f'for={CLIENT}, for="[2001:db8:1::5]:443", for={INNER}') == CLIENT
    assert address(x_forwarded_for=f"{CLIENT}, 192.0.2.2, {INNER}") == "192.0.2.2"


def test_a_client_inside_the_trusted_network_is_the_outermost_hop() -> None:
    assert address(x_forwarded_for=f"10.0.0.77, {INNER}") == "10.0.0.77"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("203.0.113.7:49152", CLIENT),
        ("2001:db8::17", "2001:db8::17"),
        ("[2001:db8::17]", "2001:db8::17"),
        ("[2001:DB8:0::17]:49152", "2001:db8::17"),
        ("::ffff:203.0.113.7", CLIENT),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_addresses_come_with_ports_and_brackets_and_in_both_families(written: str, meant: str) -> None:
    assert address(x_forwarded_for=written) == meant
    assert address(forwarded=f'for="{written}"') == meant


def test_a_peer_that_ipv6_carries_is_the_ipv4_it_is() -> None:
    assert address("::ffff:10.0.0.1", x_forwarded_for=CLIENT) == CLIENT
    assert address("2001:db8:1::9", x_forwarded_for=CLIENT) == CLIENT
    assert address("2001:db8:2::9", x_forwarded_for=CLIENT) == "2001:db8:2::9"


@pytest.mark.parametrize(
    "value",
    ["", ",", " , ,", "unknown", "_hidden", "999.1.2.3", "1.2.3", "203.0.113.7:", "203.0.113.7:123456",
     "[2001:db8::1", "2001:db8::1::2", "\xff\xfe", "'or 1=1", "0x7f.1", "localhost", "10.0.0.0/8", "-", "%"],
)  # fmt: skip
def test_garbage_is_whom_the_proxy_did_not_know(value: str) -> None:
    assert address(x_forwarded_for=value) == PROXY
    assert address(x_forwarded_for=f"{LIAR}, {value}") in (PROXY, LIAR if not value.strip(" ,") else PROXY)
    assert address(x_forwarded_for=f"{value}, {CLIENT}") == CLIENT


@pytest.mark.parametrize(
    "value",
    ["for", "for=", "=", ";;;", f"for={LIAR} for={LIAR}", f'for="{LIAR}', f'for="{LIAR}", for="[::1', 'for="\\',
     f"for={LIAR};for={CLIENT}", "for=unknown", "for=_secret", "by=10.0.0.1", f"for={LIAR}; =x", "for=2001:db8::1",
     f"for={LIAR}\x00", f'for="{LIAR}"x'],
)  # fmt: skip
def test_a_malformed_forwarded_tells_nothing(value: str) -> None:
    assert address(forwarded=value) == PROXY
    assert address(forwarded=value, x_forwarded_for=CLIENT) in (CLIENT, PROXY)


def test_a_client_cannot_hide_in_a_quotation_that_the_proxy_closes() -> None:
    # what it sent, and what a proxy appended that quotes IPv6
    assert address(forwarded=f'for="{LIAR}, for="[2001:db8::17]:4711"') == PROXY


def test_where_the_two_ways_to_say_it_disagree_neither_is_believed() -> None:
    assert address(forwarded=f"for={LIAR}", x_forwarded_for=CLIENT) == PROXY
    assert address(forwarded=f"for={CLIENT}", x_forwarded_for=LIAR) == PROXY
    both = client(
        forwarded=f"for={CLIENT};proto=https", x_forwarded_for=CLIENT, x_forwarded_host="pos.example"
    )
    assert both == Client(CLIENT, "https", "pos.example")


def test_the_scheme_and_the_host_are_those_that_the_client_used() -> None:
    assert client(x_forwarded_for=CLIENT, x_forwarded_proto="https").scheme == "https"
    assert client(x_forwarded_for=CLIENT, x_forwarded_proto="WSS").scheme == "https"
    assert client(x_forwarded_proto="https", x_forwarded_host="pos.example") == Client(
        PROXY, "https", "pos.example"
    )
    chain = client(
        x_forwarded_for=f"{LIAR}, {CLIENT}, {INNER}", x_forwarded_proto="http, https, http",
        x_forwarded_host="liar.example, pos.example, inner:8080",
    )  # fmt: skip
    assert chain == Client(CLIENT, "https", "pos.example")
    one = client(x_forwarded_for=f"{CLIENT}, {INNER}", x_forwarded_proto="https")
    assert one == Client(CLIENT, "https")
    standard = client(forwarded=f'For="{CLIENT}:5";Proto=HTTPS;Host="pos.example:8443";by=_x, for={INNER}')
    assert standard == Client(CLIENT, "https", "pos.example:8443")
    nearest = client(forwarded=f"for={CLIENT}, for={INNER};proto=https;host=pos.example")
    assert nearest == Client(CLIENT, "https", "pos.example")


@pytest.mark.parametrize("value", ["", "ftp", "https:", "h\xfcttp", "javascript", "https http"])
def test_a_scheme_that_is_none_is_not_taken(value: str) -> None:
    assert client(x_forwarded_for=CLIENT, x_forwarded_proto=value) == Client(CLIENT)
    assert client(x_forwarded_for=CLIENT, x_forwarded_host="a b\r\nx: y") == Client(CLIENT)


@given(
    st.sampled_from(["forwarded", "x_forwarded_for", "x_forwarded_proto", "x_forwarded_host"]),
    st.one_of(
        st.text(st.characters(codec="latin-1")),
        st.lists(st.sampled_from(["for=", '"', ",", ";", "[", "]", ":", " ", "1.2.3.4", "::1", "\\", "proto"]))
        .map("".join),
    ),
)  # fmt: skip
def test_nothing_that_is_sent_raises(header: str, value: str) -> None:
    assert client(**{header: value}).address


def test_a_long_header_is_read_in_no_time() -> None:
    began = time.perf_counter()
    for value in (
        " " * 200_000,
        "a" * 200_000,
        "for=" * 50_000,
        ",;" * 100_000,
        '"' * 200_000,
        "10.0.0.9," * 5_000,
    ):
        client(forwarded=value)
        client(x_forwarded_for=value)
    assert time.perf_counter() - began < 10


def test_a_peer_without_an_address_stays_what_it_is() -> None:
    assert address("unknown", x_forwarded_for=CLIENT) == "unknown"


@pytest.mark.parametrize("name", ["", "everybody", "10.0.0.1/8", "10.0.0.0/33", "0.0.0.0/0", "::/0", "*"])
def test_a_network_that_is_none_or_everybody_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        networks([name])


def test_ipv6_is_counted_by_its_site() -> None:
    assert site("2001:db8:5:6:1::1") == site("2001:db8:5:6:ffff::2") == "2001:db8:5:6::/64"
    assert site("2001:db8:5:7::1") != site("2001:db8:5:6::1")
    assert site("::ffff:203.0.113.7") == site(CLIENT) == CLIENT
    assert site("unknown") == "unknown"
