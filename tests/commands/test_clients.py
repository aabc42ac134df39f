"""`fynlo simulate`, `fynlo watch` and `fynlo bench` against real servers."""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.rows import TupleRow

from fynlo.demo.data import PASSWORD, PIZZERIA
from tests.serving import ServerProcess

from .command import WITHIN_S, command, run, said

MANAGER = "manager@demo.fynlo.test"


@pytest.fixture(scope="module")
def server(module_seeded_url: str) -> Iterator[ServerProcess]:
    with ServerProcess(module_seeded_url) as server:
        server.await_ready()
        yield server


SERVICE = ("--orders-per-minute", 600, "--minutes", 0.05)


def test_a_simulated_service_is_proven_to_the_penny(server: ServerProcess) -> None:
    done = run("simulate", "--url", server.url, *SERVICE, "--seed", 3, "--losses", 0.1, "--close-day")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "each seen on the feed once and in order" in done.stdout
    assert "sums, log, stock, drawer and reports agree" in done.stdout
    assert "not added up" not in done.stdout
    assert "Z 1 of" in done.stdout


def test_what_somebody_changes_behind_its_back_is_not_proven(
    server: ServerProcess, module_seeded_url: str
) -> None:
    """A waiter's service, with a manager's word for what is not theirs to do."""
    approver = next(member.id for member in PIZZERIA.memberships if member.role == "manager")
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=20) as manager:
        token = manager.post("/auth/login", json={"email": MANAGER, "password": PASSWORD}).json()[
            "access_token"
        ]
        chosen = manager.put(
            f"/staff/{approver}/pin", json={"pin": "118822"}, headers={"authorization": f"Bearer {token}"}
        )
        assert chosen.status_code == 204, chosen.text
    waiter = ("--email", "server@demo.fynlo.test", "--password", PASSWORD)
    approved = ("--approver", approver, "--pin", "118822")
    calm = ("--seed", 5, "--duplicates", 0, "--losses", 0)
    playing = subprocess.Popen(
        command("simulate", "--url", server.url, *SERVICE, *waiter, *approved, *calm),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with psycopg.connect(module_seeded_url, autocommit=True) as psql:
            began = psql.execute("select clock_timestamp()").fetchone()
            changed = [awaited(psql, change, began) for change in TAMPERED]
        said, _ = playing.communicate(timeout=WITHIN_S)
    finally:
        playing.kill()
        playing.communicate()
    assert playing.returncode == 1, said
    assert "Not proven" in said
    for id in changed:
        assert id in said, f"{id} was changed: {said}"


COMPLETED = """select o.id from orders o where o.status = 'completed' and o.created_at > %s and o.total > 0"""
TAMPERED = (
    f"update payments set amount = amount + 100 where id = (select p.id from payments p where p.state = 'captured'"
    f" and p.method = 'card' and p.z_id is null and p.order_id in ({COMPLETED}) limit 1) returning id",
    f"update order_items set total = total + 1 where id = (select i.id from order_items i where i.status = 'sent'"
    f" and i.order_id in ({COMPLETED}) order by i.id desc limit 1) returning id",
    "update products set stock = stock + 1 where id = (select id from products"
    " where availability = 'counted' and now() > %s limit 1) returning id",
)


def awaited(psql: psycopg.Connection[TupleRow], change: str, began: TupleRow | None) -> str:
    """Makes a change as soon as there is something to change; what it changed."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if found := psql.execute(change.encode(), began).fetchone():
            return str(found[0])
        time.sleep(0.05)
    raise AssertionError(f"there was nothing to change: {change}")


def test_a_wrong_login_is_one_line(server: ServerProcess) -> None:
    done = run("watch", "--url", server.url, "--email", MANAGER, "--password", "not it")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "password is wrong" in done.stderr


def test_watch_writes_each_event_as_a_line_and_ends_on_ctrl_c(server: ServerProcess) -> None:
    watching = subprocess.Popen(
        command("watch", "--url", server.url, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert watching.stdout is not None
    assert watching.stderr is not None
    try:
        while "connected at" not in watching.stderr.readline():
            assert watching.poll() is None
        with httpx.Client(base_url=f"{server.url}/api/v1", timeout=20) as till:
            login = till.post("/auth/login", json={"email": MANAGER, "password": PASSWORD}).json()
            order = till.post(
                "/orders",
                json={"restaurant_id": str(PIZZERIA.id), "type": "takeaway", "items": []},
                headers={"authorization": f"Bearer {login['access_token']}", "idempotency-key": "watched"},
            ).json()
        event = json.loads(watching.stdout.readline())
        assert event["type"] == "order.created"
        assert event["data"]["order"]["id"] == order["id"]
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0
    finally:
        watching.kill()
        watching.communicate()


SMALL_FEED = ("--sockets", 20, "--idle", 200, "--writers", 2)
ONE_PART = (*SMALL_FEED, "--part", "room")


@pytest.mark.parametrize(
    ("what", "figures", "sizes"),
    [
        ("menu", 4, ()),
        ("orders", 4, ()),
        ("feed", 1, ONE_PART),
        pytest.param("feed", 21, SMALL_FEED, marks=pytest.mark.slow),
    ],
)
def test_a_bench_stands_beside_its_floor(
    what: str, figures: int, sizes: tuple[object, ...], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    done = run("bench", what, "--rounds", 1, "--seconds", 0.3, "--json", report, *sizes)
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_bytes())
    assert found["bench"] == what
    beside = [figure for figure in found["figures"] if figure["floors"]]
    assert len(beside) == figures
    assert all(figure["ratio"] > 0 for figure in beside)


def test_a_bench_says_when_it_may_not_open_so_many_sockets() -> None:
    limited = "ulimit -n 1000; exec " + shlex.join(command("bench", "feed"))
    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=WITHIN_S)
    assert done.returncode == 1
    assert "5,500 open files and 1,000 are allowed" in said(done)
