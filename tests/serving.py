"""A server as a process of its own: `fynlo serve`, as it runs in production but for its passwords."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

import httpx

from fynlo.db.embedded import free_port

SERVE = "\nfrom fynlo import server, settings\nserver.serve(settings.from_environment())\n"
STARTS_WITHIN_S = 30.0
ENDS_WITHIN_S = 30.0


class ServerProcess:
    """One `fynlo serve` on a loopback port, which it keeps when it is started again.

    `environment` overrides what the process gets: `FYNLO_REDIS_URL="redis://…"`, `FYNLO_WORKERS="2"`.
    `patched` is Python that runs in it before it serves, and thus in each worker: a shorter time limit, or
    a part taken out to show that a test notices. Where it does not come up, or ends by itself, what it logged
    is in the error. A context manager.
    """

    def __init__(
        self, database_url: str, *, port: int | None = None, patched: str = "", **environment: str
    ) -> None:
        self.port = port or free_port()
        self._command = ["-c", patched + SERVE] if patched else ["-m", "fynlo", "serve"]
        self._environment = {
            "FYNLO_DEVELOPMENT": "1",
            "FYNLO_DATABASE_URL": database_url,
            "FYNLO_PORT": str(self.port),
            "FYNLO_LOG_FORMAT": "json",
            "FYNLO_DRAIN_S": "1",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._said = ""
        self._log: Path | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process that runs the workers."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has said so far, over all its starts."""
        return self._said + (self._log.read_text(errors="replace") if self._log else "")

    def start(self) -> None:
        """Start it and wait until it answers; a database that is away does not keep it from that."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FYNLO_")}
        descriptor, name = tempfile.mkstemp(prefix="fynlo-serve-", suffix=".log")
        self._log = Path(name)
        with open(descriptor, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**inherited, **self._environment},
            )
        deadline = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._gone()
                raise RuntimeError(f"the server ended at once:\n{self.log}")
            try:
                if httpx.get(f"{self.url}/health/live", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.03)
        self.kill()
        raise RuntimeError(f"the server did not answer within {STARTS_WITHIN_S:.0f} s:\n{self.log}")

    def await_ready(self, within_s: float = 20.0) -> None:
        """Wait until it says that requests may be sent, whatever it says of durability."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            checks = httpx.get(f"{self.url}/health/ready", timeout=10).json()["checks"]
            if all(check["ok"] for name, check in checks.items() if name != "durability"):
                return
            time.sleep(0.05)
        raise RuntimeError(f"the server is not ready after {within_s:.0f} s: {checks}")

    def terminate(self) -> None:
        """Ask it to go (SIGTERM), without waiting for that."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """SIGTERM, and wait until it has drained and ended."""
        if self._process is None:
            return
        self.terminate()
        try:
            self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the server did not end on SIGTERM:\n{self.log}") from None
        self._gone()

    def kill(self) -> None:
        """SIGKILL to it and to its workers, as if the machine had gone; nobody answers when this returns."""
        if self._process is None:
            return
        if self._process.poll() is None:
            # It stands still meanwhile: else it would start others in place of its dead workers, and workers
            # that outlive it drain.
            self._process.send_signal(signal.SIGSTOP)
            os.waitpid(self.pid, os.WUNTRACED)
            for pid in self.children():
                os.kill(pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
        self._gone()
        self._await_silence()

    def children(self) -> list[int]:
        """The pids of the processes that it has started: its workers, and what Python starts beside them."""
        if sys.platform == "linux":
            found = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        else:
            found = subprocess.run(
                ["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False
            ).stdout
        return [int(pid) for pid in found.split()]

    def _await_silence(self) -> None:
        """Workers that were killed are not ours to wait for; until the kernel has closed it, the port is theirs."""
        deadline = time.monotonic() + ENDS_WITHIN_S
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                return
            time.sleep(0.03)
        raise RuntimeError(f"somebody still listens on port {self.port}:\n{self.log}")

    def _gone(self) -> None:
        self._process = None
        if self._log is not None:
            self._said = self.log
            self._log.unlink(missing_ok=True)
            self._log = None

    def __enter__(self) -> "ServerProcess":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
