"""One message to one endpoint: what counts as taken, how long is waited, and which address is gone to."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fynlo.webhooks.sending import READ_BYTES, Outcome, Sender

from .receiver import Answer, Delivery, receiving


@pytest.fixture
def sender() -> Iterator[Sender]:
    """One that may go anywhere, and waits for half a second."""
    sender = Sender(plain_http=True, private_addresses=True, timeout_s=0.5)
    yield sender
    sender.close()


@pytest.fixture
def guarded() -> Iterator[Sender]:
    sender = Sender(plain_http=True, private_addresses=False, timeout_s=5)
    yield sender
    sender.close()


async def post(sender: Sender, url: str) -> Outcome:
    async with sender.client() as client:
        return await sender.post(client, url, {}, b'{"seq":1}')


def leads_to(monkeypatch: pytest.MonkeyPatch, **names: list[str]) -> list[str]:
    """Names lead to these addresses, one answer after another; returns what is looked up."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_options: Any) -> list[Any]:
        asked.append(host)
        answers = names[host.partition(".")[0]]
        address = answers[min(asked.count(host), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr("fynlo.webhooks.sending.socket.getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    ("status", "taken"), [(200, True), (204, True), (299, True), (302, False), (404, False), (500, False)]
)
async def test_only_2xx_is_taken(sender: Sender, status: int, taken: bool) -> None:
    async def answer(_delivery: Delivery) -> Answer:
        return status, {"location": "/elsewhere"}

    async with receiving(answer) as receiver:
        outcome = await post(sender, receiver.url)
        assert (outcome.status, outcome.taken, outcome.gone) == (status, taken, False)
        assert (outcome.error is None) == taken
        assert len(receiver.deliveries) == 1


async def test_an_answer_that_does_not_come_is_not_waited_for(sender: Sender) -> None:
    never = asyncio.Event()

    async def answer(_delivery: Delivery) -> Answer:
        await never.wait()
        return 200

    async with receiving(answer) as receiver:
        assert await post(sender, receiver.url) == Outcome(None, "No answer within 0.5 s.")
        assert len(receiver.deliveries) == 1


async def test_an_answer_that_does_not_end_is_not_read_to_its_end(sender: Sender) -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * READ_BYTES)
                await writer.drain()
                sent += READ_BYTES
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        outcome = await post(sender, f"http://127.0.0.1:{port}/")
    finally:
        server.close()
    assert outcome.taken
    assert sent < 50_000_000, "what the kernel's buffers hold, and no more"


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"])
async def test_an_answer_that_is_none_is_a_failure(sender: Sender, said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        outcome = await post(sender, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    finally:
        server.close()
    assert outcome.status is None
    assert outcome.error is not None
    assert outcome.error.startswith("RemoteProtocolError")


async def test_how_long_the_receiver_wants_to_be_left_alone_is_heard(sender: Sender) -> None:
    async def answer(delivery: Delivery) -> Answer:
        return 429, {"retry-after": delivery.path.removeprefix("/")}

    async with receiving(answer) as receiver:
        base = f"http://127.0.0.1:{receiver.port}/"
        assert (await post(sender, base + "120")).retry_after_s == 120
        for unusable in ("soon", "-1", "99999999", ""):
            assert (await post(sender, base + unusable)).retry_after_s is None


async def test_a_guarded_sender_goes_to_no_private_address(
    guarded: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads_to(monkeypatch, inside=["127.0.0.1"], metadata=["169.254.169.254"], lan=["10.0.0.7"])
    async with receiving() as receiver:
        for host in ("inside.example", "metadata.example", "lan.example"):
            outcome = await post(guarded, f"http://{host}:{receiver.port}/")
            assert outcome.status is None
            assert outcome.error is not None
            assert outcome.error.endswith("which is no public address.")
        assert "127.0.0.1" in ((await post(guarded, receiver.url)).error or "")
        assert receiver.deliveries == []


async def test_it_goes_to_the_address_that_was_checked_under_the_name_that_was_meant(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A name server that answers otherwise a moment later: what counts is the answer that was looked at.
    asked = leads_to(monkeypatch, rebound=["127.0.0.1", "203.0.113.9"])
    async with receiving() as receiver:
        outcome = await post(sender, f"http://rebound.example:{receiver.port}/hooks")
        assert outcome.taken
        assert asked == ["rebound.example"], "it was looked up again to connect"
        assert receiver.deliveries[0].headers["host"] == f"rebound.example:{receiver.port}"


async def test_a_host_whose_first_address_is_away_is_reached_at_the_next(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as receiver:

        def look_up(_host: str, port: int, **_options: Any) -> list[Any]:
            return [(0, 0, 0, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

        monkeypatch.setattr("fynlo.webhooks.sending.socket.getaddrinfo", look_up)
        assert (await post(sender, f"http://two.example:{receiver.port}/")).taken


async def test_plain_http_is_for_development(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = Sender(plain_http=False, private_addresses=True, timeout_s=1)
    async with receiving() as receiver:
        assert (await post(strict, receiver.url)).error == "The URL must begin with https://."
        assert receiver.deliveries == []
    strict.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A directory with the certificate of pos.example, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=pos.example",
         "-addext", "subjectAltName=DNS:pos.example"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    return tmp_path


async def test_the_certificate_is_held_to_the_name_and_not_to_the_address(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    leads_to(monkeypatch, pos=["127.0.0.1"], other=["127.0.0.1"])
    async with receiving(tls=ours) as receiver:
        unknown = await post(sender, f"https://pos.example:{receiver.port}/")
        assert "CERTIFICATE_VERIFY_FAILED" in (unknown.error or "")
        monkeypatch.setitem(
            sender.__dict__, "_tls", ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        )
        assert (await post(sender, f"https://pos.example:{receiver.port}/")).taken
        other = await post(sender, f"https://other.example:{receiver.port}/")
        assert "Hostname mismatch" in (other.error or "")
        assert len(receiver.deliveries) == 1
