"""The connection pool and the transaction of a request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import psycopg_pool
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from fynlo.errors import Unavailable

log = structlog.get_logger(__name__)

Connection = AsyncConnection[TupleRow]
Pool = psycopg_pool.AsyncConnectionPool[Connection]

LOCK_TIMEOUT_MS = 5_000  # how long a request waits for another's lock: the contract's 5 s for a running key
STATEMENT_TIMEOUT_MS = 15_000
APPLICATION_ROLE = "fynlo_app"


async def _configure(conn: Connection) -> None:
    # One round trip a new connection. The role owns nothing and bypasses nothing, whoever logged in.
    await conn.execute(
        f"set role {APPLICATION_ROLE}; set timezone = 'UTC'; set lock_timeout = {LOCK_TIMEOUT_MS};"
        f" set statement_timeout = {STATEMENT_TIMEOUT_MS};"
        " set idle_in_transaction_session_timeout = 30000"
    )


def create_pool(
    database_url: str,
    size: int,
    *,
    timeout_s: float = 3.0,
    connection_class: type[Connection] = Connection,
) -> Pool:
    """A closed pool of autocommit connections working as fynlo_app; open it in the lifespan."""
    return psycopg_pool.AsyncConnectionPool(
        database_url,
        min_size=min(2, size),
        max_size=size,
        max_waiting=size * 32,
        timeout=timeout_s,
        open=False,
        name="fynlo",
        configure=_configure,
        kwargs={"autocommit": True, "application_name": "fynlo", "prepare_threshold": 2},
        connection_class=connection_class,
    )


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """A connection of the pool.

    Raises Unavailable (503) where none can be had in time or the database is away.
    """
    try:
        async with pool.connection() as conn:
            yield conn
    except (psycopg_pool.PoolTimeout, psycopg_pool.TooManyRequests) as exc:
        raise Unavailable("The server is busy; send the same request again in a second.") from exc
    except (psycopg.errors.AdminShutdown, psycopg.errors.CannotConnectNow, psycopg.InterfaceError) as exc:
        raise _away(exc) from exc
    except psycopg.OperationalError as exc:
        if exc.sqlstate is None or exc.sqlstate.startswith(("08", "57P")):
            raise _away(exc) from exc
        if exc.sqlstate in ("55P03", "57014"):
            raise Unavailable(
                "Somebody else is changing this; send the same request again in a second."
            ) from exc
        raise


def _away(exc: Exception) -> Unavailable:
    log.warning("database_away", error=str(exc).strip())
    return Unavailable("The database is away; send the same request again in a second.")


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A connection in a READ COMMITTED transaction: commits at the end, rolls back on any error."""
    async with connection(pool) as conn, conn.transaction():
        yield conn
