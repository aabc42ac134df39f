"""The pages and what they load, read once and answered from memory."""

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath
from types import MappingProxyType

import msgspec
from litestar import HttpMethod, Response, route
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.http import AnyRequest, unchanged

# Litestar adds the charset to text.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

# Scripts, styles, requests and sockets go to this server only; nothing inline runs, and nobody frames a page.
_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_HEADERS = {
    # Asked again at every load, mostly a 304: an updated server never meets yesterday's script.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    # What no page of ours uses, a script that got in could not use either. Wake lock and full screen are used.
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
}


class Page(msgspec.Struct, frozen=True):
    """A file as it is sent; `etag` is strong (RFC 9110, 8.8.3)."""

    body: bytes
    content_type: str
    etag: str


def load(folder: Traversable) -> Mapping[str, Page]:
    """The files right in this folder, by name. Raises KeyError for one of unknown type."""
    return MappingProxyType({file.name: _page(file) for file in folder.iterdir() if file.is_file()})


def _page(file: Traversable) -> Page:
    body = file.read_bytes()
    return Page(body, _TYPES[PurePath(file.name).suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _answer(request: AnyRequest, page: Page) -> Response[bytes]:
    headers = {**_HEADERS, "ETag": page.etag}
    if unchanged(request.headers.get("if-none-match"), page.etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(page.body, headers=headers, media_type=page.content_type)


def page_routes() -> list[HTTPRouteHandler]:
    """Handlers for the pages and, under /web, for what they load. No token is needed for any of them."""
    pages = load(files("fynlo.web") / "static")

    def page_route(path: str, name: str) -> HTTPRouteHandler:
        page = pages[name]

        @route(
            path,
            http_method=[HttpMethod.GET, HttpMethod.HEAD],
            name=f"page {path}",
            opt={"public": True},
            include_in_schema=False,
            sync_to_thread=False,
        )
        def show(request: AnyRequest) -> Response[bytes]:
            return _answer(request, page)

        return show

    @route(
        "/web/{path:path}",
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        name="page files",
        opt={"public": True},
        include_in_schema=False,
        sync_to_thread=False,
    )
    def file(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
        page = pages.get(path.removeprefix("/"))
        if page is None:
            raise NotFoundException(f"There is no {path}.")
        return _answer(request, page)

    return [
        page_route("/", "index.html"),
        page_route("/kitchen", "kitchen.html"),
        page_route("/pair", "pair.html"),
        page_route("/schema", "schema.html"),
        file,
    ]
