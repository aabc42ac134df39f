"""As much of RFC 6455 as a reader of many sockets needs, and what it looks at in a message."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

TEXT, CLOSE = 1, 8
_STAMP = b'"timestamp":"'
_STAMP_LENGTH = len("2026-11-23T19:00:00.123456Z")


class Frame(Struct, frozen=True, gc=False):
    """Where a frame's payload lies in what was received."""

    opcode: int
    start: int
    end: int


def frames(data: bytes) -> tuple[list[Frame], int]:
    """The whole frames that a server sent, and where the rest begins: a frame of which more is to come.

    A server masks nothing and, here, fragments nothing.
    """
    found = []
    at, size = 0, len(data)
    while size - at >= 2:
        length = data[at + 1]
        start = at + 2
        if length == 126:
            start += 2
            if size < start:
                break
            length = int.from_bytes(data[at + 2 : start], "big")
        elif length == 127:
            start += 8
            if size < start:
                break
            length = int.from_bytes(data[at + 2 : start], "big")
        if size < start + length:
            break
        found.append(Frame(data[at] & 15, start, start + length))
        at = start + length
    return found, at


def text_frame(text: str) -> bytes:
    """A client's message. Its mask is zero, which leaves the text as it is."""
    payload = text.encode()
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    return bytes([0x80 | TEXT]) + length + bytes(4) + payload


def upgrade(path: str) -> bytes:
    """The request for a socket."""
    return (
        f"GET {path} HTTP/1.1\r\nhost: bench\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n"
    ).encode()


def written_at(data: bytes, frame: Frame) -> float | None:
    """When the event was written, in Unix seconds; None where the message is no event."""
    at = data.find(_STAMP, frame.start, frame.end)
    if at < 0:
        return None
    at += len(_STAMP)
    return datetime.fromisoformat(data[at : at + _STAMP_LENGTH].decode()).timestamp()
