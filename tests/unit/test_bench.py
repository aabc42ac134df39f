"""`fynlo bench`, as far as it needs no server."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode

from fynlo.commands.bench.branches import branch_id, moved
from fynlo.commands.bench.floor import event
from fynlo.commands.bench.house import Done, done
from fynlo.commands.bench.report import Figure
from fynlo.commands.bench.screens import Seen
from fynlo.commands.bench.statements import BRANCH, RANDOM, branches_from, choose, in_branch, script
from fynlo.commands.bench.wire import Frame, frames, text_frame, written_at
from fynlo.demo.data import PIZZERIA


def sent(*payloads: bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    """Messages as a server sends them."""
    return b"".join(WebSocketFrame(opcode, payload).serialize(mask=False) for payload in payloads)


# -- frames


@given(
    st.lists(st.binary(max_size=300) | st.sampled_from([b"x" * 125, b"x" * 126, b"x" * 65_536]), max_size=8)
)
def test_frames_of_every_length_are_found(payloads: list[bytes]) -> None:
    data = sent(*payloads)
    found, rest = frames(data)
    assert [data[frame.start : frame.end] for frame in found] == payloads
    assert rest == len(data)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.data())
def test_a_frame_that_comes_in_pieces_is_found_when_it_is_whole(
    payloads: list[bytes], drawn: st.DataObject
) -> None:
    data = sent(*payloads)
    cut = drawn.draw(st.integers(0, len(data)))
    first, at = frames(data[:cut])
    second, rest = frames(data[at:])
    read = [data[frame.start : frame.end] for frame in first]
    read += [data[at:][frame.start : frame.end] for frame in second]
    assert read == payloads
    assert at + rest == len(data)


def test_a_close_is_told_from_a_text() -> None:
    found, _ = frames(sent(b"{}") + sent(b"\x03\xf4", opcode=Opcode.CLOSE))
    assert [frame.opcode for frame in found] == [1, 8]


@pytest.mark.parametrize("length", [0, 125, 126, 2_000])
def test_what_a_screen_says_is_masked_and_readable(length: int) -> None:
    text = text_frame("x" * length)
    assert text[1] & 0x80
    unmasked = text[0:1] + bytes([text[1] & 0x7F]) + text[2:]
    found, _ = frames(unmasked[: -length - 4] + unmasked[len(unmasked) - length :])
    assert [frame.end - frame.start for frame in found] == [length]


def test_the_time_of_an_event_is_read_and_a_pong_has_none() -> None:
    at = datetime(2026, 11, 23, 19, 0, 0, 123_456, tzinfo=UTC)
    text = b'{"type":"order.updated","seq":5,"timestamp":"2026-11-23T19:00:00.123456Z","data":{}}'
    assert written_at(text, Frame(1, 0, len(text))) == at.timestamp()
    assert written_at(text, Frame(1, 0, 30)) is None
    pong = b'{"type":"pong","timestamp":0,"seq":5}'
    assert written_at(pong, Frame(1, 0, len(pong))) is None


def test_the_floor_sends_what_looks_like_an_event() -> None:
    text = event("x" * 100).encode()
    assert written_at(text, Frame(1, 0, len(text))) is not None
    assert len(text) == len(event("")) + 100


# -- branches and their statements


def test_a_branch_has_ids_of_its_own_and_the_original_s_otherwise() -> None:
    original = msgspec.json.encode(PIZZERIA).decode()
    first, second = (moved(original, number) for number in branches_from(2))
    ids = [set(map(str, _ids(text))) for text in (original, first, second)]
    assert len(ids[0]) == len(ids[1]) == len(ids[2])
    assert not ids[1] & ids[2]
    assert moved(first, branches_from(2)[1]) == second
    assert branch_id(10_000_001) == UUID(f"10000001{str(PIZZERIA.id)[8:]}")


def test_what_is_no_id_stays_as_it_is() -> None:
    assert moved("12345678 and 1234567890-ab", 10_000_001) == "12345678 and 1234567890-ab"


def test_a_script_chooses_the_branch_and_makes_its_ids() -> None:
    product, other = UUID(f"{BRANCH}-0000-4000-8000-000000000007"), uuid4()
    recorded = [
        (
            "select %(one)s, %(both)s, %(many)s, %(amount)s",
            {"one": product, "both": f"{BRANCH}/{RANDOM}", "many": [product, other], "amount": 7},
        )
    ]
    text, variables = script(recorded, branches=50)
    assert choose(50) in text
    assert "random(10000001, 10000050)" in text
    assert f"(replace(:p0_one::text, '{BRANCH}', :branch::text)::uuid)" in text
    assert f"replace(replace(:p0_both::text, '{RANDOM}', :r::text), '{BRANCH}', :branch::text)" in text
    assert f"array[replace('{product}', '{BRANCH}', :branch::text), '{other}']::uuid[]" in text
    assert variables == {"p0_one": str(product), "p0_both": f"{BRANCH}/{RANDOM}", "p0_amount": "7"}


def test_an_id_in_the_chosen_branch() -> None:
    assert in_branch(UUID(int=7)) == "(:branch::text || '-0000-0000-0000-000000000007')::uuid"


# -- what is reported


def test_what_pgbench_says_at_its_end() -> None:
    said = """transaction type: script.sql
number of clients: 8
number of transactions per client: 50
number of transactions actually processed: 400/400
number of failed transactions: 0 (0.000%)
latency average = 1.234 ms
tps = 201.718281 (without initial connection time)
"""
    assert done(said) == Done(400, 201.718281)
    assert done(said.replace("400/400", "399")) == Done(399, 201.718281)


def test_what_was_seen_a_second() -> None:
    assert Seen(1_000, 0, 0.5, []).rate == 2_000
    assert Seen(1, 0, 0.0, []).rate == 0


def test_an_aim_is_a_median_or_a_ratio() -> None:
    times = Figure("p50", "ms", [1.0, 9.0, 2.0], [1.0, 1.0, 1.0], at_most=2.0)
    assert (times.ratio, times.met, times.aim) == (2.0, True, "≤ 2, met")
    rates = Figure("coalesced", "orders/s", [79.0], [100.0], at_least=0.8)
    assert (rates.ratio, rates.met, rates.aim) == (0.79, False, "≥ 80%, missed")
    plain = Figure("size", "bytes", [7])
    assert (plain.ratio, plain.met, plain.aim) == (None, None, "")
    assert msgspec.json.decode(msgspec.json.encode(rates), type=Figure) == rates


def _ids(text: str) -> list[UUID]:
    found = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, str) and len(value) == 36 and value.count("-") == 4:
            found.append(UUID(value))

    walk(msgspec.json.decode(text))
    return found
