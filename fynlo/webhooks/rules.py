"""What may be an endpoint, which events it gets, and when a delivery is tried again. Pure."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 4 * 3_600.0
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def url_problem(url: str, *, plain_http: bool, private_addresses: bool) -> str | None:
    """Why a URL cannot be an endpoint, as the end of a sentence; None where it can."""
    if not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        return "must be plain ASCII without spaces; encode what is not (%C3%A9, xn--…)"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not plain_http):
        return "must begin with https://"
    if not host:
        return "names no host"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or a password; what is sent is signed instead"
    if "#" in url:
        return "must not have a fragment (#…): it is never sent"
    if not private_addresses and (_literal(host) is not None or host == "localhost") and not is_public(host):
        return f"leads to {host}, which is no public address"
    return None


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def is_public(address: str) -> bool:
    """Whether an address is one of the internet: not private, loopback or link-local, multicast or reserved,
    nor an IPv6 address that leads to such an IPv4 one (RFC 4291, RFC 3056, RFC 4380, RFC 6052)."""
    found = _literal(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found.teredo is not None:
            inner = found.teredo[1]
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            found = inner
        elif found.is_site_local:
            return False
    return found is not None and found.is_global and not found.is_multicast and not found.is_reserved


def unknown_type(wanted: str, known: Sequence[str]) -> bool:
    """Whether this is neither a type of event nor a group of them, such as `order.*`."""
    return wanted not in known and wanted not in {f"{name.partition('.')[0]}.*" for name in known}


def wants(types: Sequence[str], type: str) -> bool:
    """Whether an endpoint with these types is sent events of this one; none at all stands for every type."""
    return not types or type in types or f"{type.partition('.')[0]}.*" in types


def delay_s(attempts: int, dice: float, retry_after_s: float | None = None) -> float:
    """Seconds until the next attempt after so many have failed: 1, 2, 4 … up to 4 hours, less up to half of it
    by `dice` (0 to 1), so that endpoints do not all come at once; at least what the receiver asked for."""
    longest: float = min(FIRST_DELAY_S * 2 ** min(attempts - 1, 30), LONGEST_DELAY_S)
    return max(longest * (1 - dice / 2), min(retry_after_s or 0.0, LONGEST_DELAY_S))


def next_attempt_s(
    attempts: int, failing_for_s: float, for_s: float, dice: float, retry_after_s: float | None = None
) -> float | None:
    """Seconds until an event is tried again that has been failing for so long; None where that was enough.

    The last attempt is made when `for_s` have passed since the first.
    """
    left = for_s - failing_for_s
    return None if left <= 0 else min(delay_s(attempts, dice, retry_after_s), left)
