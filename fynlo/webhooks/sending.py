"""One signed message to one endpoint: where it may go, how long it may take, what counts as taken."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cached_property

import httpx
from msgspec import Struct

from fynlo import __version__

from .rules import is_public, url_problem

READ_BYTES = 4_096  # of an answer, whose content nobody looks at
ADDRESSES = 3  # of a host, tried one after the other
RESOLVERS = 8


class Outcome(Struct, frozen=True):
    """What came of a delivery: the status that was answered, or why there was none."""

    status: int | None
    error: str | None = None
    retry_after_s: float | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == 410


class _Refused(Exception):
    """The endpoint may not be asked; the text says why."""


class Sender:
    """Sends to endpoints. Redirects are not followed, proxies and the environment's credentials not used.

    plain_http         http:// is allowed: for development
    private_addresses  so are addresses that are not of the internet
    """

    def __init__(self, *, plain_http: bool, private_addresses: bool, timeout_s: float) -> None:
        self._plain_http = plain_http
        self._private_addresses = private_addresses
        self._timeout_s = timeout_s
        # Its own: a name server that does not answer delays no other look-up of this process.
        self._resolvers = ThreadPoolExecutor(RESOLVERS, "webhook-resolver")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()

    def close(self) -> None:
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Connections for one endpoint. Not shared: they are kept by address, and two hosts may have the same."""
        async with httpx.AsyncClient(
            verify=self._tls,
            trust_env=False,
            follow_redirects=False,
            timeout=self._timeout_s,
            headers={
                "User-Agent": f"Fynlo/{__version__}",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
            },
        ) as client:
            yield client

    async def post(
        self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: bytes
    ) -> Outcome:
        """Sends a body of JSON. Whatever goes wrong is an outcome, too."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(client, url, headers, body)
        except TimeoutError:
            return Outcome(None, f"No answer within {self._timeout_s:g} s.")
        except _Refused as refused:
            return Outcome(None, str(refused))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as exc:
            return Outcome(None, f"{type(exc).__name__}: {exc}"[:500])

    async def _post(
        self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: bytes
    ) -> Outcome:
        problem = url_problem(url, plain_http=self._plain_http, private_addresses=self._private_addresses)
        if problem is not None:
            raise _Refused(f"The URL {problem}.")
        target = httpx.URL(url)
        host = target.raw_host.decode()
        addresses = await self._addresses(host, target.port or (443 if target.scheme == "https" else 80))
        for n, address in enumerate(addresses, 1):
            # To the address that was checked: a name may lead elsewhere a moment later. The certificate is
            # still held to the name.
            request = client.build_request(
                "POST",
                target.copy_with(host=address),
                headers={**headers, "Content-Type": "application/json", "Host": target.netloc.decode()},
                content=body,
                extensions={"sni_hostname": host},
            )
            try:
                response = await client.send(request, stream=True)
            except httpx.ConnectError:
                if n == len(addresses):
                    raise
                continue
            try:
                return await self._answer(response)
            finally:
                await response.aclose()
        raise AssertionError("unreachable")

    async def _addresses(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        allowed = [a for a in addresses if self._private_addresses or is_public(a)]
        if not allowed:
            raise _Refused(f"{host} leads to {', '.join(addresses[:3])}, which is no public address.")
        return allowed[:ADDRESSES]

    async def _answer(self, response: httpx.Response) -> Outcome:
        read = 0
        async for chunk in response.aiter_raw():  # to its end where it is short, which keeps the connection
            read += len(chunk)
            if read > READ_BYTES:
                break
        status = response.status_code
        if 200 <= status < 300:
            return Outcome(status)
        error = f"Answered {status}"
        if 300 <= status < 400:
            error += "; redirects are not followed, set the URL that is meant"
        wait = response.headers.get("retry-after", "")
        return Outcome(status, f"{error}.", float(wait) if wait.isdigit() and len(wait) < 7 else None)
