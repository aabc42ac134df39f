"""The pages as a browser's cache, its policy and its parser meet them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from fynlo.web.pages import page_routes

STATIC = Path(__file__).parent.parent.parent / "fynlo" / "web" / "static"
FILES = sorted(path.name for path in STATIC.iterdir())
PAGES = {"/": "index.html", "/kitchen": "kitchen.html", "/pair": "pair.html", "/schema": "schema.html"}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    with TestClient(Litestar(page_routes(), openapi_config=None)) as client:
        yield client


@pytest.mark.parametrize("path", [*PAGES, *(f"/web/{name}" for name in FILES)])
def test_a_file_is_sent_as_it_lies(client: TestClient[Litestar], path: str) -> None:
    answer = client.get(path)
    name = PAGES.get(path) or path.removeprefix("/web/")
    assert answer.status_code == 200
    assert answer.content == (STATIC / name).read_bytes()
    assert answer.headers["content-type"] == TYPES[Path(name).suffix]
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_an_unchanged_file_is_a_304(client: TestClient[Litestar]) -> None:
    etag = client.get("/kitchen").headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = client.get("/kitchen", headers={"if-none-match": known})
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["etag"] == etag
        assert answer.headers["cache-control"] == "no-cache"
    assert client.get("/kitchen", headers={"if-none-match": '"other"'}).status_code == 200


def test_head_has_the_headers_and_no_body(client: TestClient[Litestar]) -> None:
    answer = client.head("/web/fynlo.js")
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-length"] == str((STATIC / "fynlo.js").stat().st_size)
    assert answer.headers["etag"] == client.get("/web/fynlo.js").headers["etag"]


@pytest.mark.parametrize(
    "path", ["nothing.js", "../pages.py", "%2e%2e/pages.py", "..%2fpages.py", "fynlo.js/", "static/fynlo.js"]
)
def test_nothing_else_is_served(client: TestClient[Litestar], path: str) -> None:
    assert b"page_routes" not in client.get(f"/web/{path}").content
    if not path.endswith("/"):
        assert client.get(f"/web/{path}").status_code == 404


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".html")])
def test_nothing_runs_inline_or_comes_from_elsewhere(name: str) -> None:
    text = (STATIC / name).read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", text)
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert links
    assert all(link.startswith("/") and not link.startswith("//") for link in links)
    known = {f"/web/{file}" for file in FILES} | set(PAGES)
    known |= {"/health/ready", "/metrics", "/schema/openapi.json"}
    assert set(links) <= known


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js")])
def test_text_is_never_read_as_markup(name: str) -> None:
    text = (STATIC / name).read_text()
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert not re.search(ways, text)
    for source in re.findall(r'from "([^"]+)"', text):
        assert source.removeprefix("./").removeprefix("/web/") in FILES
