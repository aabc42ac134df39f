"""`fynlo feed status` and `fynlo feed rotate-epoch`, as processes, against a known log."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from fynlo.demo.data import PIZZERIA, RIVAL
from tests.serving import ServerProcess

from .command import run, said


@contextmanager
def login(url: str, *grants: str) -> Iterator[str]:
    """The URL of a login with these roles, gone afterwards."""
    name = f"login_{uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"create role {name} login password 'x'".encode())
        for role in grants:
            conn.execute(f"grant {role} to {name}".encode())
        try:
            place = urlsplit(url)
            host = f"{place.hostname}:{place.port}"
            yield urlunsplit(place._replace(netloc=f"{name}:x@{host}"))
        finally:
            conn.execute(f"drop owned by {name}; drop role {name}".encode())


def write(url: str, count: int, age: str = "0 s") -> None:
    """So many events of the pizzeria, written that long ago."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            "with log as (update feed_heads h set seq = h.seq + %(n)s where restaurant_id = %(place)s returning seq)"
            " insert into order_events (restaurant_id, seq, type, entity_id, data, created_at)"
            " select %(place)s, log.seq - %(n)s + n, 'order.updated', %(place)s, '{}', now() - %(age)s::interval"
            " from log, generate_series(1, %(n)s) n",
            {"place": PIZZERIA.id, "n": count, "age": age},
        )


def status(url: str, *arguments: object, **environment: str) -> Any:
    done = run("feed", "status", "--json", *arguments, FYNLO_DATABASE_URL=url, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ours(found: Any) -> Any:
    (row,) = [row for row in found["restaurants"] if row["id"] == str(PIZZERIA.id)]
    return row


def test_status_tells_a_known_log(seeded_url: str) -> None:
    before = ours(status(seeded_url))
    now = datetime.now(UTC)
    write(seeded_url, 3, "2 hours")
    write(seeded_url, 2, "1 hour")
    # A new log has no partition for the month before: what is said to be older than this one stands in the default.
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    before_it = sum(n for n, hours in ((3, 2), (2, 1)) if now - timedelta(hours=hours) < month)
    with psycopg.connect(seeded_url, autocommit=True) as conn:
        conn.execute(
            "update feed_heads set floor_seq = seq - 4 where restaurant_id = %s returning epoch::text",
            (PIZZERIA.id,),
        )
        rows = conn.execute("select epoch::text from feed_heads where restaurant_id = %s", (PIZZERIA.id,))
        ((epoch,),) = rows.fetchall()
    found = status(seeded_url, FYNLO_REPLAY_DAYS="3", FYNLO_KEEP_EVENTS_MONTHS="24")
    row = ours(found)
    assert row["name"] == PIZZERIA.name
    assert (row["seq"], row["floor_seq"], row["epoch"]) == (before["seq"] + 5, before["seq"] + 1, epoch)
    assert (row["replayable"], row["missing"]) == (4, 0)
    assert 3_600 <= row["newest_age_s"] < 3_700
    assert row["replay_from"] < row["newest_at"]
    assert (found["replay_days"], found["keep_events_months"]) == (3, 24)
    assert (found["log"]["months"], found["log"]["default_events"]) == (4, before_it)
    assert found["log"]["bytes"] > 0
    assert found["log"]["oldest_month"].startswith("order_events_2")
    assert found["listeners"] == []
    assert found["notification_queue_usage"] < 0.01  # the instance's, on which others notify, too


def test_status_tells_a_head_that_the_log_does_not_reach(seeded_url: str) -> None:
    with psycopg.connect(seeded_url, autocommit=True) as conn:
        conn.execute("update feed_heads set seq = seq + 2 where restaurant_id = %s", (PIZZERIA.id,))
        conn.execute(
            "insert into order_events (restaurant_id, seq, type, entity_id, data, created_at)"
            " values (%s, 0, 'x', %s, '{}', '2001-01-01')",
            (PIZZERIA.id, PIZZERIA.id),
        )
    found = status(seeded_url)
    assert ours(found)["missing"] == 2
    assert found["log"]["default_events"] == 1


def test_status_of_one_restaurant(seeded_url: str) -> None:
    assert [row["id"] for row in status(seeded_url, "--restaurant", RIVAL.id)["restaurants"]] == [
        str(RIVAL.id)
    ]
    unknown = run("feed", "status", "--restaurant", uuid4(), FYNLO_DATABASE_URL=seeded_url)
    assert unknown.returncode == 1
    assert "there is no restaurant" in said(unknown)


def test_status_for_people_has_it_all(seeded_url: str) -> None:
    done = run("feed", "status", FYNLO_DATABASE_URL=seeded_url)
    assert done.returncode == 0, done.stderr
    for expected in (
        PIZZERIA.name,
        str(PIZZERIA.id),
        "Screens",
        "Listeners",
        "none",
        "7 days",
        "13 months",
        "0 events",
    ):
        assert expected in done.stdout


def test_the_login_that_serves_sees_its_own_listeners_and_another_only_that_there_is_one(
    seeded_url: str,
) -> None:
    with (
        login(seeded_url, "fynlo_app") as serving,
        login(seeded_url, "fynlo_app") as another,
        login(seeded_url) as stranger,
    ):
        with ServerProcess(serving, FYNLO_LISTEN_URL=serving) as server:
            server.await_ready()
            ((session,), (hidden,)) = (status(url)["listeners"] for url in (serving, another))
            everything = status(seeded_url)["listeners"]
        assert session["since"] is not None
        assert session["address"] == "127.0.0.1"
        assert everything == [session]
        assert hidden == {"pid": session["pid"], "login": session["login"], "address": None, "since": None}
        refused = run("feed", "status", FYNLO_DATABASE_URL=stranger)
        assert refused.returncode == 1
        assert "grant fynlo_app" in said(refused)


# -- a new epoch


def epochs(url: str) -> dict[str, str]:
    return {row["id"]: row["epoch"] for row in status(url)["restaurants"]}


def test_rotating_asks_first(seeded_url: str) -> None:
    before = epochs(seeded_url)
    unasked = run("feed", "rotate-epoch", FYNLO_DATABASE_URL=seeded_url)
    assert unasked.returncode == 1
    assert "Every screen" in unasked.stdout
    assert epochs(seeded_url) == before


def test_rotating_gives_every_restaurant_a_new_epoch_and_says_which(seeded_url: str) -> None:
    before = epochs(seeded_url)
    done = run("feed", "rotate-epoch", "--yes", FYNLO_DATABASE_URL=seeded_url)
    assert done.returncode == 0, done.stderr
    after = epochs(seeded_url)
    assert set(after.values()).isdisjoint(before.values())
    assert len(set(after.values())) == len(after) == 2
    assert all(id in done.stdout and epoch in done.stdout for id, epoch in after.items())


def test_rotating_one_leaves_the_others_alone(seeded_url: str) -> None:
    before = epochs(seeded_url)
    done = run("feed", "rotate-epoch", "--yes", "--restaurant", RIVAL.id, FYNLO_DATABASE_URL=seeded_url)
    assert done.returncode == 0, done.stderr
    after = epochs(seeded_url)
    assert {id for id, epoch in after.items() if epoch != before[id]} == {str(RIVAL.id)}
    unknown = run("feed", "rotate-epoch", "--yes", "--restaurant", uuid4(), FYNLO_DATABASE_URL=seeded_url)
    assert unknown.returncode == 1
    assert "there is no restaurant" in said(unknown)
    assert epochs(seeded_url) == after


@pytest.mark.parametrize("grants", [(), ("fynlo_app",), ("fynlo_readonly",)])
def test_rotating_takes_the_owner(seeded_url: str, grants: tuple[str, ...]) -> None:
    before = epochs(seeded_url)
    with login(seeded_url, *grants) as url:
        refused = run("feed", "rotate-epoch", "--yes", FYNLO_DATABASE_URL=url)
    assert refused.returncode == 1
    assert "a member of fynlo_owner" in said(refused)
    assert epochs(seeded_url) == before
    with login(seeded_url, "fynlo_owner") as url:
        assert run("feed", "rotate-epoch", "--yes", FYNLO_DATABASE_URL=url).returncode == 0
    assert epochs(seeded_url) != before


def test_a_database_of_an_older_release_is_said(cluster: Any) -> None:
    with cluster.database() as url:
        old = run("feed", "status", FYNLO_DATABASE_URL=url)
    assert old.returncode == 1
    assert "fynlo migrate apply" in said(old)


def test_status_for_people_has_the_screens_with_the_stale_ones_first(seeded_url: str) -> None:
    person = PIZZERIA.memberships[0].person
    with psycopg.connect(seeded_url, autocommit=True) as conn:
        conn.execute(
            "insert into fynlo.processes (id, host, pid, leased_until)"
            " values ('00000000-0000-0000-0000-000000000001', 'pass-1', 4711, now() + interval '1 hour')"
        )
        conn.execute(
            "insert into screens (restaurant_id, connection_id, process_id, kind, user_id, connected_at, sent_seq,"
            " acknowledged_seq, acknowledged_at, waiting, waiting_since, stale)"
            " select %s, gen_random_uuid(), '00000000-0000-0000-0000-000000000001', kind, %s,"
            " now() - interval '3 hours', 57, seq, now() - interval '90 s', waiting,"
            " case when waiting > 0 then now() - interval '80 s' end, waiting > 0"
            " from (values ('pos', 57, 0), ('kitchen', 41, 16)) as found (kind, seq, waiting)",
            (PIZZERIA.id, person.id),
        )
    done = run("feed", "status", FYNLO_DATABASE_URL=seeded_url)
    assert done.returncode == 0, done.stderr
    shown = [line for line in done.stdout.splitlines() if "pass-1" in line]
    for line, expected in zip(
        shown,
        (("kitchen", "41, 1 min 3", "16", "STALE 8"), ("pos", "57, 1 min 3", "0", " 0.0 s")),
        strict=True,
    ):
        for part in (PIZZERIA.name, person.email, "pass-1 4711", "3 h", *expected):
            assert part in line, (part, line)
    assert len(status(seeded_url)["screens"]) == 2
    assert status(seeded_url, "--restaurant", RIVAL.id)["screens"] == []
