"""Whose request it is behind proxies: what `Forwarded` (RFC 7239) and `X-Forwarded-*` may be believed. Pure.

Anybody can send these headers. So they count only from a peer that FYNLO_TRUSTED_PROXIES names, and are read
from the right, where each trusted proxy wrote down whom it heard: the first address that is no trusted proxy
is the client, and what stands left of it is the client's own word, worth nothing.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from msgspec import Struct

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

HEADERS = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
)  # names as ASGI gives them
_REMEMBERED_BYTES = 512  # longer headers are read each time: they are nobody's usual ones
_HOPS = 32  # no chain of proxies is longer; what stands further to the left is not read
_V6_SITE = 64  # bits of an IPv6 address that name a site; the rest is one machine's to choose

_NODE = re.compile(r"(?P<v4>\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?|\[(?P<v6>[0-9A-Fa-f:.]+)\](?::\d{1,5})?")
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR = re.compile(rf'({_WORD})=(?:({_WORD})|"((?:[^"\\]|\\.)*)")')
_SPACE = re.compile(r"[ \t]*")
_HOST = re.compile(r"[A-Za-z0-9._-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")


class Client(Struct, frozen=True):
    """Who asks: the address, and the scheme and host they used where a proxy says so."""

    address: str
    scheme: str | None = None
    host: str | None = None


class _Hop(Struct, frozen=True):
    """What one proxy wrote down of whom it heard. None: it does not say, or nothing usable."""

    address: Address | None
    scheme: str | None = None
    host: str | None = None


def networks(names: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks (`10.0.0.0/8`, `2001:db8::1`) as networks.

    Raises ValueError, saying why, for one that is none or that holds every address.
    """
    found = []
    for name in names:
        network = ip_network(name)
        if network.prefixlen == 0:
            raise ValueError(f"{name!r} is everybody: anyone could then choose the address they come from")
        found.append(network)
    return tuple(found)


def site(address: str) -> str:
    """What to count an address under: IPv6 by its /64, whose lower half anybody there may choose."""
    return _site(address) if ":" in address else address


@lru_cache(maxsize=4_096)
def _site(address: str) -> str:
    found = _address(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found) >> _V6_SITE << _V6_SITE, _V6_SITE)))
    return str(found or address)


class Proxies:
    """The proxies that are believed."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._trusted = tuple(trusted)
        self._seen = lru_cache(maxsize=4_096)(self._find)

    def __bool__(self) -> bool:
        return bool(self._trusted)

    def client(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> Client:
        """Who asks, given who is connected and the headers of the request, names in lower case."""
        told = tuple((name, value) for name, value in headers if name in HEADERS)
        if sum(len(value) for _, value in told) > _REMEMBERED_BYTES:
            return self._find(peer, told)
        return self._seen(peer, told)

    def _find(self, peer: str, told: tuple[tuple[bytes, bytes], ...]) -> Client:
        connected = _address(peer)
        if connected is None:
            return Client(peer)
        if not told or not self._trusts(connected):
            return Client(str(connected))
        values: dict[bytes, list[str]] = {}
        for name, value in told:
            values.setdefault(name, []).append(value.decode("latin-1"))
        standard = _forwarded(values.get(b"forwarded", ()))
        usual = _x_forwarded(values)
        if not standard or not usual:
            return self._walk(connected, standard or usual)
        if b"x-forwarded-for" not in values:
            return self._walk(connected, standard)
        by_standard, by_usual = self._walk(connected, standard), self._walk(connected, usual)
        if by_standard.address != by_usual.address:
            # One of the two came through from the client, and nobody can tell which: neither is believed.
            return Client(str(connected))
        return Client(
            by_usual.address, by_standard.scheme or by_usual.scheme, by_standard.host or by_usual.host
        )

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _walk(self, connected: Address, hops: list[_Hop]) -> Client:
        """From the nearest proxy outwards, as long as those who were heard are trusted themselves."""
        client = Client(str(connected))
        for hop in reversed(hops):
            if hop.address is None:
                # It heard somebody without an address: the scheme and host are known, but no more of whom.
                return Client(client.address, hop.scheme or client.scheme, hop.host or client.host)
            client = Client(str(hop.address), hop.scheme or client.scheme, hop.host or client.host)
            if not self._trusts(hop.address):
                break
        return client


def _address(text: str) -> Address | None:
    """An address without port, brackets and zone; IPv4 within IPv6 as IPv4."""
    text = text.strip()
    if (match := _NODE.fullmatch(text)) is not None:
        text = match["v4"] or match["v6"]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _scheme(text: str | None) -> str | None:
    found = (text or "").strip().lower()
    return {"https": "https", "wss": "https", "http": "http", "ws": "http"}.get(found)


def _host(text: str | None) -> str | None:
    found = (text or "").strip()
    return found if _HOST.fullmatch(found) else None


def _split(values: Iterable[str]) -> list[str]:
    """The elements of a list header, however many lines it came in; an empty one is none (RFC 9110, 5.6.1)."""
    return [part for value in values for part in map(str.strip, value.split(",")) if part][-_HOPS:]


def _x_forwarded(values: dict[bytes, list[str]]) -> list[_Hop]:
    addresses = _split(values.get(b"x-forwarded-for", ()))
    schemes = _split(values.get(b"x-forwarded-proto", ()))
    hosts = _split(values.get(b"x-forwarded-host", ()))
    if not addresses and not schemes and not hosts:
        return []
    if not addresses:
        # A proxy that says how it was reached, but not by whom.
        return [_Hop(None, _scheme(schemes[-1] if schemes else None), _host(hosts[-1] if hosts else None))]
    return [
        _Hop(_address(address), _scheme(_beside(schemes, place)), _host(_beside(hosts, place)))
        for place, address in enumerate(addresses, start=-len(addresses))
    ]


def _beside(values: list[str], place: int) -> str | None:
    """The value of the same hop, counted from the right; a proxy may also keep one for all."""
    if len(values) >= -place:
        return values[place]
    return values[0] if len(values) == 1 else None


def _forwarded(values: Iterable[str]) -> list[_Hop]:
    """The elements of RFC 7239; none at all where the header is malformed anywhere."""
    found = []
    try:
        for element in list(_elements(",".join(values)))[-_HOPS:]:
            node = element.get("for")
            found.append(_Hop(_address(node) if node else None, _scheme(element.get("proto")),
                              _host(element.get("host"))))  # fmt: skip
    except ValueError:
        return []
    return found


def _elements(text: str) -> Iterator[dict[str, str]]:
    """Each element as its pairs. Raises ValueError where the text is no such list."""
    at, element = 0, dict[str, str]()
    while (at := _space(text, at)) < len(text):
        if (pair := _PAIR.match(text, at)) is not None:
            name = pair[1].lower()
            if name in element:
                raise ValueError(f"{name} twice in one element")
            element[name] = pair[2] if pair[2] is not None else re.sub(r"\\(.)", r"\1", pair[3])
            at = _space(text, pair.end())
        if at < len(text):
            if text[at] not in ",;":
                raise ValueError("neither a comma nor a semicolon after a pair")
            if text[at] == "," and element:
                yield element
                element = {}
            at += 1
    if element:
        yield element


def _space(text: str, at: int) -> int:
    """Where the white space that may stand here ends."""
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()
