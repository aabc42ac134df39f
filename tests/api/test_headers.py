"""What answers carry for browsers: on pages, on the API, and for pages of other origins (CORS)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from fynlo.demo.data import PASSWORD, PIZZERIA
from fynlo.settings import SettingsError, from_environment
from tests.serving import ServerProcess

from .house import API, Database, Person, line, refused, soon

POS, TILL, EVIL = "https://pos.example", "http://till.local:8080", "https://evil.example"
WAITER = "server@demo.fynlo.test"
PAGES = ("/", "/kitchen", "/schema")
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}


@pytest.fixture(scope="module")
def open_server(module_seeded_url: str) -> Iterator[ServerProcess]:
    """Pages of two other origins may use it, and it stands behind a proxy on this machine."""
    with ServerProcess(
        module_seeded_url,
        FYNLO_ALLOWED_ORIGINS=f"{POS}, {TILL}/",
        FYNLO_TRUSTED_PROXIES="127.0.0.0/8",
        FYNLO_REQUESTS_PER_ADDRESS="1",
    ) as server:
        server.await_ready()
        yield server


@pytest.fixture
async def page(open_server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    """What a script of the named origin sends."""
    headers = {"origin": POS}
    async with httpx.AsyncClient(base_url=open_server.url, headers=headers, timeout=30) as client:
        yield client


async def token(client: httpx.AsyncClient) -> dict[str, str]:
    answer = await client.post(f"{API}/auth/login", json={"email": WAITER, "password": PASSWORD})
    shown(answer, 200)
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def shown(answer: httpx.Response, status: int, origin: str = POS) -> None:
    """The answer has this status, and the script of the origin gets to read it and its headers."""
    assert answer.status_code == status, answer.text
    assert answer.headers.get_list("access-control-allow-origin") == [origin]
    assert "origin" in [name.strip().lower() for name in answer.headers["vary"].split(",")]
    assert "access-control-allow-credentials" not in answer.headers
    exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert {
        "etag",
        "link",
        "x-total-count",
        "fynlo-feed",
        "x-request-id",
        "retry-after",
        "ratelimit",
    } <= exposed
    assert {"ratelimit-policy", "idempotent-replayed"} <= exposed


@pytest.mark.parametrize("path", [*PAGES, "/web/kitchen.js", "/web/base.css"])
async def test_a_page_runs_its_own_files_only_and_stands_in_no_frame(
    server: ServerProcess, path: str
) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.get(path)
    policy = {
        part.split()[0]: part.split()[1:] for part in answer.headers["content-security-policy"].split(";")
    }
    assert policy["default-src"] == ["'self'"]
    for directive in ("object-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy[directive] == ["'none'"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "strict-transport-security" not in answer.headers  # came without TLS


async def test_every_answer_of_the_api_is_what_it_says_it_is(
    waiter: Person, nobody: Person, server: ServerProcess
) -> None:
    for answer in (
        await waiter.menu(),
        await waiter.get("/nothing"),
        await nobody.get("/restaurants"),
        await nobody.client.get(f"{server.url}/health/live"),
        await nobody.client.get(f"{server.url}/schema/openapi.json"),
        await nobody.client.get(f"{server.url}/nothing"),
    ):
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert "strict-transport-security" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


async def test_over_tls_browsers_are_told_to_stay_with_it(page: httpx.AsyncClient) -> None:
    for headers in ({"x-forwarded-proto": "https"}, {"forwarded": "for=203.0.113.7;proto=https"}):
        for path in ("/kitchen", f"{API}/restaurants"):
            answer = await page.get(path, headers=headers)
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in (await page.get("/kitchen")).headers


async def test_who_is_not_trusted_does_not_say_it_came_over_tls(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.get("/kitchen", headers={"x-forwarded-proto": "https"})
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(
    "value", ["", ",", '"', "for=", "\xff", "1" * 3_000, "a=b;;c", "for=[::1", ",".join("1" * 900)]
)
async def test_malformed_forwarded_headers_do_no_harm(page: httpx.AsyncClient, value: str) -> None:
    for name in ("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"):
        answer = await page.get(f"{API}/restaurants", headers=[(name.encode(), value.encode("latin-1"))])
        refused(answer, 401, "unauthorized")


@pytest.mark.parametrize("origin", [POS, TILL])
@pytest.mark.parametrize("path", ["/orders", "/auth/login", "/nothing"])
async def test_a_preflight_of_a_named_origin_needs_no_token(
    page: httpx.AsyncClient, origin: str, path: str
) -> None:
    answer = await page.options(f"{API}{path}", headers={**PREFLIGHT, "origin": origin})
    shown(answer, 204, origin)
    assert answer.content == b""
    methods = {name.strip() for name in answer.headers["access-control-allow-methods"].split(",")}
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= methods
    taken = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key", "if-match", "if-none-match"} <= taken
    assert 0 < int(answer.headers["access-control-max-age"]) <= 7_200


@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", "", "http://pos.example", f"{POS}.evil.example", f"{POS}:8443", f"{POS}/", "*", "\xff"],
)
async def test_pages_of_other_origins_are_not_let_in(page: httpx.AsyncClient, origin: str) -> None:
    headers: Any = [(b"origin", origin.encode("latin-1"))]
    preflight = [(name.encode(), value.encode()) for name, value in PREFLIGHT.items()]
    asked = await page.options(f"{API}/orders", headers=[*headers, *preflight])
    assert "FYNLO_ALLOWED_ORIGINS" in refused(asked, 403, "forbidden").detail
    for answer in (asked, await page.get("/kitchen", headers=headers)):
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "Origin"  # a cache must not give it to a page that may


async def test_a_script_reads_answers_and_refusals_alike(page: httpx.AsyncClient, database: Database) -> None:
    mine = await token(page)
    menu = await page.get(f"{API}/menu", params={"restaurant_id": str(PIZZERIA.id)}, headers=mine)
    shown(menu, 200)
    assert menu.headers["vary"] == "Authorization, Origin"
    known = {**mine, "if-none-match": menu.headers["etag"]}
    shown(await page.get(f"{API}/menu", params={"restaurant_id": str(PIZZERIA.id)}, headers=known), 304)
    shown(await page.get(f"{API}/restaurants"), 401)
    shown(await page.get(f"{API}/nothing", headers=mine), 404)
    shown(await page.get("/nothing"), 404)
    shown(await page.get("/health/live"), 200)
    shown(await page.post(f"{API}/orders", content=b" " * 2_000_000, headers=mine), 413)
    shown(await page.get(f"{API}/restaurants", headers={**mine, "accept": "text/html"}), 406)
    database.run("alter table tables rename to tables_away")
    try:
        away = await page.get(f"{API}/tables", params={"restaurant_id": str(PIZZERIA.id)}, headers=mine)
    finally:
        database.run("alter table tables_away rename to tables")
    shown(away, 500)
    for _ in range(40):
        elsewhere = {"x-forwarded-for": "203.0.113.7"}
        limited = await page.post(f"{API}/auth/refresh", json={"refresh_token": "x"}, headers=elsewhere)
        if limited.status_code != 401:
            break
    shown(limited, 429)


async def test_who_sends_no_origin_is_told_nothing_about_origins(open_server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=open_server.url) as client:
        answer = await client.get(f"{API}/restaurants")
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "Origin"


async def test_without_named_origins_there_is_no_cors(nobody: Person) -> None:
    headers = {**PREFLIGHT, "origin": POS}
    answer = await nobody.client.options("/orders", headers=headers)
    refused(answer, 401, "unauthorized")
    assert "access-control-allow-origin" not in answer.headers


async def test_tokens_are_not_kept_by_caches(waiter: Person, nobody: Person) -> None:
    login = await nobody.post("/auth/login", {"email": WAITER, "password": PASSWORD})
    refresh = await nobody.post("/auth/refresh", {"refresh_token": login.json()["refresh_token"]})
    for answer in (login, refresh, await waiter.get("/auth/me")):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"


async def test_a_body_of_another_length_than_it_says_does_no_harm(
    waiter: Person, server: ServerProcess
) -> None:
    body = b'{"restaurant_id": 17}'
    head = f"POST {API}/orders HTTP/1.1\r\nHost: x\r\nAuthorization: {waiter.client.headers['authorization']}\r\n"
    head += "Content-Type: application/json\r\nIdempotency-Key: k1\r\n"
    for length, status in ((len(body), b"422"), (len(body) - 1, b"400"), (-1, b"400"), ("x", b"400")):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"{head}Content-Length: {length}\r\n\r\n".encode() + body)
        assert (await reader.readline()).split()[1] == status, length
        writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"{head}Content-Length: {len(body) + 1}\r\n\r\n".encode() + body)
    writer.write_eof()  # what was promised does not come
    assert b" 200 " not in await reader.read(200)
    writer.close()
    assert (await waiter.order(line("Skin-on fries"))).status == "confirmed"


@pytest.mark.parametrize("length", ["Content-Length: 100", "Transfer-Encoding: chunked"])
async def test_who_vanishes_halfway_through_a_body_does_not_hold_a_place(
    module_seeded_url: str, length: str
) -> None:
    with ServerProcess(module_seeded_url, FYNLO_BODY_WITHIN_S="3", FYNLO_MAX_IN_FLIGHT="2") as server:
        server.await_ready()
        head = (
            f"POST {API}/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
        )
        begun = "1\r\n{\r\n" if "chunked" in length else "{"
        halves = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
        for _, writer in halves:
            writer.write((head + begun).encode())
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:

            async def status() -> int:
                return (await client.get(f"{API}/restaurants")).status_code

            async def full() -> bool:
                return await status() == 503

            async def free() -> bool:
                return await status() == 401

            await soon(full, within_s=5)  # the control: they did hold their places
            await soon(free, within_s=10)
        for reader, writer in halves:
            said = await asyncio.wait_for(reader.read(), 10)  # to its end: the connection is closed
            assert said.startswith(b"HTTP/1.1 408 ")
            assert b'"code":"request_timeout"' in said
            writer.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FYNLO_ALLOWED_ORIGINS", "*"),
        ("FYNLO_ALLOWED_ORIGINS", "pos.example"),
        ("FYNLO_ALLOWED_ORIGINS", "https://pos.example/till"),
        ("FYNLO_ALLOWED_ORIGINS", "https://*.example"),
        ("FYNLO_ALLOWED_ORIGINS", "null"),
        ("FYNLO_ALLOWED_ORIGINS", "https://user@pos.example"),
        ("FYNLO_ALLOWED_ORIGINS", "https://pos.example:x"),
        ("FYNLO_TRUSTED_PROXIES", "everybody"),
        ("FYNLO_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("FYNLO_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.1/8"),
        ("FYNLO_REQUESTS_PER_PERSON", "0"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    usual = {"FYNLO_DATABASE_URL": "postgresql://127.0.0.1:1/none", "FYNLO_DEVELOPMENT": "1"}
    with pytest.raises(SettingsError, match=name):
        from_environment({**usual, name: value})


def test_origins_are_compared_as_browsers_write_them() -> None:
    usual = {"FYNLO_DATABASE_URL": "postgresql://127.0.0.1:1/none", "FYNLO_DEVELOPMENT": "1"}
    given = "HTTPS://Pos.Example:443/ , http://[2001:DB8::1]:8080,"
    found = from_environment({**usual, "FYNLO_ALLOWED_ORIGINS": given}).allowed_origins
    assert found == ("https://pos.example", "http://[2001:db8::1]:8080")
