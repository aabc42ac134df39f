"""The process of `screens.py`: as lean as can be, so that it is the server that is measured.

`python -m fynlo.commands.bench.crowd` opens the sockets that it is told to, and counts what comes over them.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from fynlo.commands.bench.screens import Crowd, Seen, Watch
from fynlo.commands.bench.wire import CLOSE, TEXT, frames, text_frame, upgrade, written_at

OPENED_AT_ONCE = 100
ANSWERS_WITHIN_S = 20.0
RECEIVED_AT_ONCE = 65_536
PING = text_frame('{"type":"ping","timestamp":0}')


class _Socket:
    """One open socket and the part of a frame that has come so far."""

    __slots__ = ("rest", "socket")

    def __init__(self, socket: socket.socket) -> None:
        self.socket = socket
        self.rest = b""

    def read(self) -> bytes:
        """What has come, from the beginning of a frame."""
        came = self.socket.recv(RECEIVED_AT_ONCE)
        if not came:
            raise RuntimeError("the server closed a socket")
        return self.rest + came if self.rest else came


def _open(crowd: Crowd) -> list[_Socket]:
    opened: list[_Socket] = []
    for first in range(0, len(crowd.paths), OPENED_AT_ONCE):
        batch = []
        for path in crowd.paths[first : first + OPENED_AT_ONCE]:
            one = socket.create_connection((crowd.host, crowd.port), ANSWERS_WITHIN_S)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.sendall(upgrade(path))
            batch.append(one)
        for one in batch:
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                came = one.recv(1)
                if not came:
                    raise RuntimeError(f"the server answered {answer!r}")
                answer += came
            if b" 101 " not in answer.partition(b"\r\n")[0]:
                raise RuntimeError(f"the server answered {answer!r}")
            one.sendall(text_frame(crowd.hello))
        opened += map(_Socket, batch)
        _await_answers(opened[first:])
    return opened


def _await_answers(waiting: Sequence[_Socket]) -> None:
    """One message to each."""
    for one in waiting:
        one.socket.settimeout(ANSWERS_WITHIN_S)
        while True:
            data = one.read()
            found, at = frames(data)
            one.rest = data[at:]
            for frame in found:
                _check(data, frame.opcode, frame.start, frame.end)
            if found:
                break
        one.socket.setblocking(False)


def _check(data: bytes, opcode: int, start: int, end: int) -> None:
    if opcode == CLOSE:
        code = int.from_bytes(data[start : start + 2], "big")
        raise RuntimeError(f"the server closed a socket with {code}: {data[start + 2 : end]!r}")
    if opcode != TEXT:
        raise RuntimeError(f"the server sent a frame of kind {opcode}")


def _watch(wanted: Watch, selector: selectors.BaseSelector) -> Seen:
    times: list[float] = []
    events = size = 0
    began = ended = 0.0
    until = time.time() + wanted.within_s
    now = time.time()
    while events < wanted.events and now < until:
        ready = selector.select(until - now)
        for key, _ in ready:
            one = key.data
            if one is None:  # another line was said
                return Seen(events, size, ended - began, times)
            data = one.read()
            now = time.time()
            found, at = frames(data)
            one.rest = data[at:]
            for frame in found:
                if frame.opcode != TEXT:
                    _check(data, frame.opcode, frame.start, frame.end)
                if wanted.timed:
                    written = written_at(data, frame)
                    if written is None:
                        continue
                    times.append(now - written)
                events += 1
                size += frame.end - frame.start
            if found:
                began, ended = began or now, now
        if not ready:
            now = time.time()
    return Seen(events, size, ended - began, times)


def main() -> None:
    def say(what: Any) -> None:
        os.write(1, msgspec.json.encode(what) + b"\n")

    with os.fdopen(0, "rb", buffering=0) as asked:
        opened = _open(msgspec.json.decode(asked.readline(), type=Crowd))
        selector = selectors.DefaultSelector()
        selector.register(asked, selectors.EVENT_READ)
        for one in opened:
            selector.register(one.socket, selectors.EVENT_READ, one)
        say(True)
        while line := asked.readline():
            if line == b"\n":
                continue
            wanted = msgspec.json.decode(line, type=Watch)
            for one in opened:
                one.socket.sendall(PING)
            _await_answers(opened)
            say(True)
            say(_watch(wanted, selector))


if __name__ == "__main__":
    main()
