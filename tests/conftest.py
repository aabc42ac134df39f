"""What every test may ask for: a real Postgres, and a database of its own on it.

`database_url`        the schema and no rows; a superuser's URL
`seeded_url`          with the demo restaurants
`module_seeded_url`   the same for all tests of a module
`cluster`             the server itself; restart another
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import msgspec
import pytest

from .cluster import Cluster, running

_SERVER = pytest.StashKey[ExitStack]()
_CLUSTER = pytest.StashKey[Cluster]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    # One server for all workers, owned by the process that outlives them.
    stash = node.config.stash
    if _SERVER not in stash:
        stash[_SERVER] = ExitStack()
        stash[_CLUSTER] = stash[_SERVER].enter_context(running())
    node.workerinput["cluster"] = msgspec.to_builtins(stash[_CLUSTER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SERVER in config.stash:
        config.stash[_SERVER].close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The seeds that were played, whatever came of it and whichever worker it was."""
    for report in [r for outcome in ("passed", "failed") for r in terminalreporter.getreports(outcome)]:
        for name, seed in report.user_properties:
            if name == "seed" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid}: {seed}")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The Postgres of this run, on which each test has databases of its own. Not to be restarted."""
    given = getattr(request.config, "workerinput", {}).get("cluster")
    if given is not None:
        yield msgspec.convert(given, Cluster)
        return
    with running() as own:
        yield own


@pytest.fixture
def database_url(cluster: Cluster) -> Iterator[str]:
    """A superuser's URL of a database with the schema and no rows."""
    with cluster.database(cluster.migrated()) as url:
        yield url


@pytest.fixture
def seeded_url(cluster: Cluster) -> Iterator[str]:
    """A superuser's URL of a database with the demo restaurants."""
    with cluster.database(cluster.seeded()) as url:
        yield url


@pytest.fixture(scope="module")
def module_seeded_url(cluster: Cluster) -> Iterator[str]:
    """The same for all tests of a module: only where none minds what another left behind."""
    with cluster.database(cluster.seeded()) as url:
        yield url
