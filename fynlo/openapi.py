"""The OpenAPI 3.1 document, made of what each route declares of itself and of the Structs it takes and gives.

A route says `opt=described(Operation(...))`; its docstring is the description. Bodies are decoded by the
handlers themselves, after it is known whose the request is, which is why the document is made here and not
by the framework.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from fynlo.errors import PROBLEM_JSON, Problem
from fynlo.examples import EXAMPLES
from fynlo.identity.rules import Permission, roles_of

_REF = "#/components/schemas/{name}"

_HEADERS: Mapping[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "description": "1 to 255 visible ASCII characters, new for each request and the same for its retries. "
        "The first answer is kept for 30 days and given again, with `Idempotent-Replayed: true`.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    "If-Match": {
        "description": 'The version you have seen, as the ETag gives it: `"7"`. Weak tags and `*` are refused.',
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "description": "The ETag of the answer you have; an unchanged one is a 304.",
        "schema": {"type": "string"},
    },
}
_ANSWER_HEADERS: Mapping[str, str] = {
    "ETag": "Names this state of the answer.",
    "Content-Disposition": "The file's name, where it is one.",
    "Fynlo-Feed": "`epoch:seq`, a position of the feed that this answer includes; follow the feed from there.",
    "Location": "The path of what was made.",
    "Link": "RFC 8288: where the other pages of this list are.",
    "X-Total-Count": "How many there are on all pages.",
    "Idempotent-Replayed": "`true` where this is the first answer to the key, given again.",
    "X-Request-Id": "Names the request in the logs; yours, if you sent one.",
}
_PROBLEMS: Mapping[int, str] = {
    400: "The request cannot be read (`malformed_body`), or misses what makes a retry safe "
    "(`idempotency_key_required`).",
    401: "No token (`unauthorized`), or one that cannot be used: `token_expired` (refresh it), `token_invalid`, "
    "`session_ended` (sign in again).",
    403: "The role may not do this (`forbidden`).",
    404: "Absent, or another restaurant's (`not_found`).",
    406: "What `Accept` asks for is not to be had here (`not_acceptable`).",
    408: "The body did not come in time (`request_timeout`).",
    409: "The state does not allow it; the code says why. `idempotency_in_flight`: the first request with this key "
    "still runs; ask again after Retry-After seconds.",
    410: "No longer kept (`events_gone`).",
    412: "Changed in the meantime (`version_conflict`); the order as it is stands under `current`.",
    413: "The body is too large (`too_large`).",
    415: "The body is not JSON (`unsupported_media_type`).",
    422: "The content cannot be used (`validation_failed`); `errors` names the fields. `idempotency_mismatch`: the key "
    "was used for another body.",
    428: "Say which version you have seen, with If-Match (`version_required`).",
    429: "Too many requests or failed attempts (`too_many_requests`); wait for Retry-After seconds.",
    500: "A failure on the server's side (`internal_error`).",
    503: "Busy, or the database is away (`unavailable`); try again after Retry-After seconds.",
}


class Operation(Struct, frozen=True, kw_only=True):
    """What a route declares.

    needs          the permission it asks for; "signed in" for any token, "public" for none
    without_money  what a 200 is for who may not see money, where that is another Struct
    problems       the statuses it refuses with besides those that every route of its kind can have
    media          the media types that it answers in besides JSON, for who accepts them
    """

    tag: str
    summary: str
    needs: Permission | str
    body: Any = None
    query: Any = None
    answers: Mapping[int, Any]
    without_money: Any = None
    takes: Sequence[str] = ()
    gives: Sequence[str] = ()
    problems: Sequence[int] = ()
    media: tuple[str, ...] = ()

    @property
    def public(self) -> bool:
        return self.needs == "public"


def described(operation: Operation) -> dict[str, Any]:
    """The `opt` of a route."""
    return {"operation": operation}


def operation_of(handler: HTTPRouteHandler) -> Operation | None:
    """What the route has declared."""
    found: Operation | None = handler.opt.get("operation")
    return found


def public_paths(handlers: Iterable[HTTPRouteHandler]) -> set[str]:
    """The paths that need no token."""
    return {
        path
        for handler in handlers
        for path in handler.paths
        if (operation := operation_of(handler)) is not None and operation.public
    }


def other_media(handlers: Iterable[HTTPRouteHandler]) -> dict[str, tuple[str, ...]]:
    """The paths that answer in other media types than JSON, too, with these."""
    return {
        path: operation.media
        for handler in handlers
        for path in handler.paths
        if (operation := operation_of(handler)) is not None and operation.media
    }


def _schema_types(operations: Iterable[Operation]) -> list[Any]:
    types: dict[Any, None] = {Problem: None}
    for operation in operations:
        for kind in (operation.body, operation.query, operation.without_money, *operation.answers.values()):
            if kind is not None:
                types[kind] = None
    return list(types)


def _parameters(path: str, operation: Operation) -> tuple[str, list[dict[str, Any]]]:
    """The path as OpenAPI writes it, and its parameters."""
    found: list[dict[str, Any]] = []
    parts = []
    for part in path.split("/"):
        if part.startswith("{"):
            name, _, kind = part.strip("{}").partition(":")
            schema = {"type": "string", "format": "uuid"} if kind == "uuid" else {"type": "string"}
            found.append({"name": name, "in": "path", "required": True, "schema": schema})
            part = f"{{{name}}}"
        parts.append(part)
    if operation.query is not None:
        (schema,), components = msgspec.json.schema_components([operation.query], ref_template=_REF)
        shape = components[schema["$ref"].rsplit("/", 1)[1]]
        for name, field in shape["properties"].items():
            required = name in shape.get("required", ())
            found.append({"name": name, "in": "query", "required": required, "schema": _ecma(_plain(field))})
    found += [
        {"name": name, "in": "header", "required": name == "If-Match" and 428 in operation.problems, **_HEADERS[name]}
        for name in operation.takes
    ]  # fmt: skip
    return "/".join(parts), found


def _ecma(value: Any) -> Any:
    """A schema whose patterns end as JSON Schema's regular expressions do, by `$`: they know no `\\Z`."""
    if isinstance(value, dict):
        return {
            name: inner.replace(r"\Z", "$") if name == "pattern" and isinstance(inner, str) else _ecma(inner)
            for name, inner in value.items()
        }
    return [_ecma(inner) for inner in value] if isinstance(value, list) else value


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """A query parameter's schema: there is no null in a query string."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        return {**kinds[0]}
    return {name: value for name, value in field.items() if not (name == "default" and value is None)}


def _answers(operation: Operation, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    headers = {
        name: {"description": _ANSWER_HEADERS[name], "schema": {"type": "string"}}
        for name in ("X-Request-Id", *operation.gives)
    }
    answers: dict[str, Any] = {}
    for status, kind in operation.answers.items():
        answers[str(status)] = {"description": HTTPStatus(status).phrase, "headers": headers}
        if kind is not None:
            schema = schemas[kind]
            if status == HTTPStatus.OK and operation.without_money is not None:
                schema = {"anyOf": [schema, schemas[operation.without_money]]}
            answers[str(status)]["content"] = {
                "application/json": {"schema": schema},
                **{media: {"schema": {"type": "string"}} for media in operation.media},
            }
    refused = {500, 503, *operation.problems}
    refused |= set() if operation.public else {401, 429}
    refused |= {400, 408, 413, 415, 422} if operation.body is not None else set()
    refused |= {422} if operation.query is not None else set()
    refused |= {406} if operation.media else set()
    for status in sorted(refused):
        answers[str(status)] = {
            "description": _PROBLEMS[status],
            "content": {PROBLEM_JSON: {"schema": schemas[Problem]}},
        }
    return answers


def _for_whom(needs: str) -> str:
    if needs == "public":
        return "Needs no token."
    if needs == "signed in":
        return "For everybody who is signed in."
    return f"For {', '.join(roles_of(cast('Permission', needs)))} (`{needs}`)."


def document(handlers: Iterable[HTTPRouteHandler], *, version: str) -> dict[str, Any]:
    """The document for these routes; those that declare no Operation are left out."""
    routes = [
        (handler, path, operation)
        for handler in handlers
        for path in sorted(handler.paths)
        if (operation := operation_of(handler)) is not None
    ]
    types = _schema_types(operation for _, _, operation in routes)
    found, components = msgspec.json.schema_components(types, ref_template=_REF)
    schemas = dict(zip(types, found, strict=True))
    for component in components.values():
        if "description" in component:
            component["description"] = inspect.cleandoc(component["description"])
    paths: dict[str, dict[str, Any]] = {}
    for handler, declared, operation in routes:
        path, parameters = _parameters(declared, operation)
        for method in sorted(handler.http_methods):
            if method not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                continue
            entry: dict[str, Any] = {
                "operationId": handler.fn.__name__,
                "tags": [operation.tag],
                "summary": operation.summary,
                "description": f"{inspect.getdoc(handler.fn) or ''}\n\n{_for_whom(operation.needs)}",
                "parameters": parameters,
                "responses": _answers(operation, schemas),
                "security": [] if operation.public else [{"bearer": []}],
                "x-permission": operation.needs,
            }
            if operation.body is not None:
                content: dict[str, Any] = {"schema": schemas[operation.body]}
                if examples := EXAMPLES.get(f"{method} {path}"):
                    content["examples"] = {name: {"value": value} for name, value in examples.items()}
                entry["requestBody"] = {"required": True, "content": {"application/json": content}}
            paths.setdefault(path, {})[method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fynlo",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _ecma(components),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


_ABOUT = """\
The backend of a restaurant's point of sale.

**Money** is an integer in minor units of the `currency` beside it; **percentages** are decimal strings
("12.5"); **times** are RFC 3339 in UTC. A **business date** is the restaurant's local date after its
`day_cutoff`. Prices come from the database: a client names products, never prices.

**Retries are safe.** Send an `Idempotency-Key` with every POST that changes something, new for each request
and the same for its retries; or make the `id` of an order, a line, a payment or a refund yourself. Either way a
request that arrives twice is done once. A till that was offline sends its queue to `POST /orders/batch`.

**Two at once.** An order has a `version`, also its `ETag`. A change that rests on what you have seen takes
`If-Match: "7"` and is refused with 412 and the order as it is if somebody was faster. Adding lines and paying need
none.

An order that is completed, cancelled or merged takes no more changes: `order_closed`. Refunds it takes.

**Errors** are RFC 9457 `application/problem+json`; `code` is for programs, `detail` says in one sentence what
to do, `errors` names the fields.

**Too much** is a 429: wait for `Retry-After` seconds. `RateLimit-Policy` and `RateLimit`
(draft-ietf-httpapi-ratelimit-headers) say what the limit is and what is left of it, once that is little:
`"person";r=12;t=1` is twelve more requests in a second. Logins always say how many failed attempts are left.

**The live feed.** `/api/v1/websocket/ws/pos/{restaurant_id}` and `/api/v1/websocket/ws/kitchen/{restaurant_id}`
push every event of a restaurant, in order and once. The first message authenticates:
`{"type": "authenticate", "token": "…"}`; with `last_seq` and `epoch` it resumes where a connection broke off.
Answers that a screen builds on carry `Fynlo-Feed: epoch:seq`, the position to follow from.

**The log without a socket.** `GET /api/v1/events` has the same events page by page, and a webhook has them sent to
a URL of yours: signed as standardwebhooks.com says, in order, at least once.

A role without the right to see money (kitchen) gets the same shapes without the fields that show it.
"""
