"""The OpenAPI document: whole, and of every route."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

import fynlo
from fynlo.app import Server
from fynlo.examples import EXAMPLES
from fynlo.http import decode
from fynlo.openapi import operation_of
from fynlo.settings import from_environment
from tests.serving import ServerProcess

from .house import Json, Person, keys, line


def handlers() -> Iterator[HTTPRouteHandler]:
    """Every handler of the application, as it is wired."""
    server = Server(
        from_environment({"FYNLO_DATABASE_URL": "postgresql://127.0.0.1:1/none", "FYNLO_DEVELOPMENT": "1"})
    )
    for route in server.asgi._app.routes:  # type: ignore[attr-defined]
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.fn.__module__.startswith("fynlo"):
                yield handler


async def document(server: ServerProcess) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{server.url}/schema/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


async def test_every_reference_resolves(server: ServerProcess) -> None:
    found = await document(server)
    assert found["openapi"] == "3.1.0"
    used = set(references(found))
    assert used
    for reference in used:
        target: Any = found
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


async def test_each_operation_has_a_name_of_its_own_and_says_what_it_does(server: ServerProcess) -> None:
    found = list(operations(await document(server)))
    names = [operation["operationId"] for _, _, operation in found]
    assert len(set(names)) == len(names)
    for path, _, operation in found:
        assert operation["summary"]
        assert operation["description"], path
        assert operation["tags"]
        in_path = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
        assert sorted(in_path) == sorted(part.strip("{}") for part in path.split("/") if part.startswith("{"))
        parameters = [(p["in"], p["name"]) for p in operation["parameters"]]
        assert len(set(parameters)) == len(parameters)
        answers = operation["responses"]
        assert any(status < "400" for status in answers)
        assert {"500", "503"} <= set(answers)
        for status, answer in answers.items():
            assert answer["description"]
            if status >= "400" and path != "/health/ready":
                assert list(answer["content"]) == ["application/problem+json"]
        assert ("401" in answers) == bool(operation["security"]) or path.startswith("/api/v1/auth/")


def test_every_route_of_the_api_declares_what_it_does() -> None:
    found = [(path, operation_of(handler)) for handler in handlers() for path in handler.paths]
    assert len(found) > 15
    silent = {path for path, operation in found if operation is None}
    assert not [path for path in silent if path.startswith("/api/")]


async def test_every_declared_route_is_in_the_document(server: ServerProcess) -> None:
    written = {(path, method.upper()) for path, method, _ in operations(await document(server))}
    declared = {
        (path.replace(":uuid}", "}"), str(method))
        for handler in handlers()
        if operation_of(handler) is not None
        for path in handler.paths
        for method in handler.http_methods
    }
    assert {entry for entry in declared if entry[1] not in ("HEAD", "OPTIONS")} == written


async def test_what_the_routes_take_and_give_is_in_the_document(server: ServerProcess) -> None:
    found = {(path, method): operation for path, method, operation in operations(await document(server))}
    status = found["/api/v1/orders/{order_id}/status", "post"]
    required = {p["name"]: p["required"] for p in status["parameters"] if p["in"] == "header"}
    assert required == {"Idempotency-Key": False, "If-Match": True}
    appended = found["/api/v1/orders/{order_id}/items", "post"]
    assert {p["name"]: p["required"] for p in appended["parameters"] if p["in"] == "header"}[
        "If-Match"
    ] is False
    assert {"403", "404", "409", "412", "428"} <= set(status["responses"])
    menu = found["/api/v1/menu", "get"]
    assert {p["name"] for p in menu["parameters"]} == {
        "restaurant_id",
        "category",
        "page",
        "limit",
        "If-None-Match",
    }
    assert {"ETag", "Fynlo-Feed", "Link", "X-Total-Count"} <= set(menu["responses"]["200"]["headers"])
    assert "schema" in set(keys(found["/api/v1/orders", "post"]["requestBody"]))
    assert found["/api/v1/auth/login", "post"]["security"] == []


ORDER = "/api/v1/orders/{order_id}"
FROM_A_VERSION = {
    (ORDER, "patch"), (f"{ORDER}/items/{{item_id}}", "patch"), (f"{ORDER}/send", "post"),
    (f"{ORDER}/items/{{item_id}}/void", "post"), (f"{ORDER}/discount", "put"),
    (f"{ORDER}/items/{{item_id}}/discount", "put"), (f"{ORDER}/service-charge", "put"), (f"{ORDER}/status", "post"),
    (f"{ORDER}/transfer", "post"), (f"{ORDER}/merge", "post"), (f"{ORDER}/checks", "post"),
}  # fmt: skip
WITHOUT_A_KEY = {"/api/v1/devices/deny"}  # the same again


async def test_the_document_says_what_needs_a_version_and_what_takes_a_key(server: ServerProcess) -> None:
    required, keyless = set(), set()
    for path, method, operation in operations(await document(server)):
        headers = {p["name"]: p["required"] for p in operation["parameters"] if p["in"] == "header"}
        if headers.get("If-Match"):
            required.add((path, method))
        if method == "post" and "Idempotency-Key" not in headers and "/auth/" not in path:
            keyless.add(path)
    assert required == FROM_A_VERSION
    assert keyless == WITHOUT_A_KEY


def patterns(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        for inner in value.values():
            yield from patterns(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from patterns(inner)


async def test_patterns_end_as_those_of_json_schema_do(server: ServerProcess) -> None:
    found = set(patterns(await document(server)))
    assert "^[0-9]{6,12}$" in found
    assert all(pattern.startswith("^") and pattern.endswith("$") for pattern in found)


def test_each_example_is_a_body_of_its_operation() -> None:
    bodies = {
        f"{method} {path.replace(':uuid}', '}')}": operation.body
        for handler in handlers()
        if (operation := operation_of(handler)) is not None
        for path in handler.paths
        for method in handler.http_methods
    }
    for route, examples in EXAMPLES.items():
        for example in examples.values():
            decode(msgspec.json.encode(example), bodies[route])


async def test_the_document_has_the_examples(server: ServerProcess) -> None:
    found = {
        f"{method.upper()} {path}": {
            name: example["value"]
            for name, example in operation["requestBody"]["content"]["application/json"]["examples"].items()
        }
        for path, method, operation in operations(await document(server))
        if "examples" in operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    }
    assert found == EXAMPLES


_RAISED = re.compile(r"code=\"([a-z_]+)\"|^    status, code = \d+, \"([a-z_]+)\"", re.MULTILINE)
NEVER_SEEN = {"conflict"}  # each that is raised says which


async def test_each_code_of_a_refusal_is_in_the_document(server: ServerProcess) -> None:
    sources = [p.read_text() for p in Path(fynlo.__file__).parent.rglob("*.py") if "client" not in p.parts]
    raised = {code for text in sources for pair in _RAISED.findall(text) for code in pair if code}
    assert {"order_closed", "idempotency_mismatch"} <= raised
    written = set(re.findall(r"`([a-z_]+)`", msgspec.json.encode(await document(server)).decode()))
    assert raised - NEVER_SEEN <= written


async def test_each_time_says_that_it_is_one(server: ServerProcess) -> None:
    components = (await document(server))["components"]["schemas"]
    fields = {
        (kind, name): msgspec.json.encode(field).decode()
        for kind, shape in components.items()
        for name, field in shape.get("properties", {}).items()
        if (name.endswith("_at") and name != "low_stock_at") or name in ("at", "timestamp", "since", "until")
    }
    assert ("Order", "created_at") in fields
    assert {field for field, schema in fields.items() if '"format":"date-time"' not in schema} == set()


def fits(value: Any, schema: Any, components: Json) -> bool:
    """Whether a value has all that its schema requires and nothing that it does not name."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        return any(fits(value, one, components) for one in schema["anyOf"])
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        return set(schema.get("required", ())) <= set(value) <= set(known) and all(
            fits(inner, known[name], components) for name, inner in value.items()
        )
    if isinstance(value, list) and "items" in schema:
        return all(fits(inner, schema["items"], components) for inner in value)
    return isinstance(value, dict | list) == (schema.get("type") in ("object", "array") or not schema)


@pytest.mark.parametrize(
    "path", ["/menu", "/tables", "/orders", "/orders/{order_id}", "/restaurants/{restaurant_id}"]
)
async def test_what_is_answered_fits_the_document_for_who_sees_money_and_who_does_not(
    server: ServerProcess, manager: Person, kitchen: Person, path: str
) -> None:
    found = await document(server)
    answer = found["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]
    schema, components = answer["content"]["application/json"]["schema"], found["components"]["schemas"]
    order = await manager.order(line("Skin-on fries"))
    place = manager.place.id
    for person in (manager, kitchen):
        listed: Json = {} if "{" in path else {"restaurant_id": place}
        body = (await person.get(path.format(order_id=order.id, restaurant_id=place), **listed)).json()
        assert fits(body, schema, components), body
