"""`fynlo dev`: from nothing to a server that takes orders, and back to nothing."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from fynlo.db.embedded import free_port
from tests.cluster import Cluster

from .command import command, run, said

MARK = "FYNLO_TEST_MARK"


class Dev:
    """A running `fynlo dev`."""

    def __init__(self, process: subprocess.Popen[str], lines: list[str], took_s: float) -> None:
        self.process = process
        self.lines = lines
        self.took_s = took_s

    @property
    def url(self) -> str:
        return self.lines[-1].removeprefix("ready ")

    @property
    def database_url(self) -> str:
        return next(line.split()[1] for line in self.lines if line.startswith("database"))


@contextmanager
def dev(folder: Path, *arguments: object) -> Iterator[Dev]:
    began = time.monotonic()
    log = folder.parent / "dev.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            command("dev", "--port", free_port(), "--data-dir", folder, *arguments),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, MARK: str(folder)},
        )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("ready "):
                break
        else:
            raise AssertionError(log.read_text())
        yield Dev(process, lines, time.monotonic() - began)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)
        process.stdout.close()


def processes_of(folder: Path) -> list[int]:
    """What runs with the mark that `dev` was started with, which all that it starts inherits."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                marked = f"{MARK}={folder}".encode() in (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if marked:
                found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dev") / "data"


def test_it_serves_says_where_and_leaves_nothing_running(folder: Path) -> None:
    with dev(folder) as running:
        assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+", running.lines[-1])
        assert sum("fynlo-demo" in line for line in running.lines) == 6
        assert not any("\x1b" in line for line in running.lines)
        answer = httpx.get(f"{running.url}/health/ready").json()
        assert answer["status"] == "ready", answer
        assert set(answer["checks"]) == {"database", "migrations", "durability", "feed"}
        with psycopg.connect(running.database_url) as conn:
            assert conn.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (
                True,
            )
            assert conn.execute("select count(*) from restaurants").fetchone() == (2,)
            conn.execute("update restaurants set name = 'Kept' where name = 'Rival Burgers'")
        assert (
            len(processes_of(folder)) >= 4
        )  # itself, Valkey, the server, its worker; Postgres hides its own
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0
    assert processes_of(folder) == []


def test_a_second_start_has_the_data_of_the_first(folder: Path) -> None:
    with dev(folder) as running, psycopg.connect(running.database_url) as conn:
        names = conn.execute("select name from restaurants order by name").fetchall()
        assert ("Kept",) in names
        in_use = run("dev", "--port", free_port(), "--data-dir", folder)
        assert in_use.returncode == 1
        assert "in use by process" in said(in_use)
        assert httpx.get(f"{running.url}/health/live").status_code == 200


def test_fresh_throws_it_away_and_no_seed_leaves_it_empty(folder: Path) -> None:
    with dev(folder, "--fresh", "--no-seed") as running, psycopg.connect(running.database_url) as conn:
        assert conn.execute("select count(*) from restaurants").fetchone() == (0,)
        assert not any("fynlo-demo" in line for line in running.lines)


def test_a_taken_port_is_said(tmp_path: Path, folder: Path) -> None:
    with dev(folder) as running:
        port = running.url.rsplit(":", 1)[1]
        taken = run("dev", "--port", port, "--data-dir", tmp_path / "other")
        assert taken.returncode == 1
        assert "choose another port" in said(taken)


def test_kill_9_of_it_leaves_no_server_behind(folder: Path) -> None:
    with dev(folder) as running:
        running.process.kill()
        running.process.wait()
        deadline = time.monotonic() + 30
        while processes_of(folder) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert processes_of(folder) == []


def test_serve_refuses_the_development_secret(database_url: str) -> None:
    known = "fynlo-development-secret-not-for-production"
    refused = run("serve", "--port", free_port(), FYNLO_DATABASE_URL=database_url, FYNLO_SECRET=known)
    assert refused.returncode == 1
    assert "FYNLO_SECRET" in refused.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FYNLO_DATABASE_URL", ""),
        ("FYNLO_DATABASE_URL", "mysql://x"),
        ("FYNLO_REDIS_URL", "http://x"),
        ("FYNLO_SECRET", "short"),
        ("FYNLO_POOL_SIZE", "many"),
        ("FYNLO_WORKERS", "0"),
        ("FYNLO_MENU_CACHE", "perhaps"),
        ("FYNLO_LOG_LEVEL", "loud"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(database_url: str, name: str, value: str) -> None:
    good = {"FYNLO_DATABASE_URL": database_url, "FYNLO_SECRET": "x" * 32}
    refused = run("serve", "--port", free_port(), **{**good, name: value})
    assert refused.returncode != 0
    assert name in refused.stderr


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    """A superuser's URL of a database with nothing in it."""
    with cluster.database() as url:
        yield url


def test_migrate_and_seed_by_hand(empty_url: str) -> None:
    pending = run("migrate", "status", "--database-url", empty_url)
    assert pending.returncode == 1
    assert "pending" in pending.stdout
    applied = run("migrate", "apply", FYNLO_DATABASE_URL=empty_url)
    assert applied.returncode == 0, applied.stderr
    assert "applied migrations/0001_identity.sql" in applied.stdout
    assert run("migrate", "status", "--database-url", empty_url).returncode == 0
    assert "nothing to apply" in run("migrate", "apply", "--database-url", empty_url).stdout
    assert "added Forno & Fig" in run("seed", "--database-url", empty_url).stdout
    assert "there already" in run("seed", "--database-url", empty_url).stdout


def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    away = run("migrate", "apply", "--database-url", f"postgresql://x:y@127.0.0.1:{free_port()}/z")
    assert away.returncode == 1
    assert "Traceback" not in away.stderr
