"""The controls: the judge condemns a record from which anything was taken, to which anything was added."""

from collections.abc import Callable

import msgspec
import pytest

from .oracle import Place, Record, verdict

LOG: list[Place] = [("e", seq) for seq in range(1, 21)]
ORDERS = {"a": {"id": "a", "version": 17}, "b": {"id": "b", "version": 3}}


def told() -> Record:
    """A client that began at 5 and was told everything since."""
    record = Record(("e", 5), picture={"b": {"id": "b", "version": 3}})
    for epoch, seq in LOG[5:]:
        order = {"id": "a", "version": seq - 3}
        record.take(epoch, {"seq": seq, "prev_seq": seq - 1, "data": {"order": order}}, record.place[1])
    return record


def test_a_whole_record_is_fine() -> None:
    assert verdict(told(), LOG, ORDERS) == []


def _without_first(record: Record) -> None:
    del record.seen[0]


def _without_one(record: Record) -> None:
    del record.seen[7]


def _without_last(record: Record) -> None:
    del record.seen[-1]


def _twice(record: Record) -> None:
    record.seen.insert(4, record.seen[3])


def _swapped(record: Record) -> None:
    record.seen[2], record.seen[3] = record.seen[3], record.seen[2]


def _of_another_epoch(record: Record) -> None:
    record.seen[2] = ("f", record.seen[2][1])


def _one_too_many(record: Record) -> None:
    record.seen.append(("e", 21))


def _old_order(record: Record) -> None:
    record.picture["a"] = {"id": "a", "version": 16}


def _lost_order(record: Record) -> None:
    del record.picture["b"]


def _invented_order(record: Record) -> None:
    record.picture["c"] = {"id": "c", "version": 1}


@pytest.mark.parametrize(
    "spoil",
    [
        _without_first,
        _without_one,
        _without_last,
        _twice,
        _swapped,
        _of_another_epoch,
        _one_too_many,
        _old_order,
        _lost_order,
        _invented_order,
    ],
)
def test_a_spoilt_record_is_condemned(spoil: Callable[[Record], None]) -> None:
    record = msgspec.convert(msgspec.to_builtins(told()), Record)
    spoil(record)
    assert verdict(record, LOG, ORDERS) != []


def test_an_event_that_does_not_follow_on_is_noted_as_it_comes() -> None:
    record = told()
    record.take("e", {"seq": 22, "prev_seq": 21, "data": {}}, record.place[1])
    assert "says 21 came before it, not 20" in record.problems[0]


def test_a_log_with_a_hole_is_condemned_even_if_the_client_has_all_of_it() -> None:
    record = told()
    log = [place for place in LOG if place[1] != 12]
    record.seen = [place for place in record.seen if place[1] != 12]
    assert verdict(record, log, ORDERS) == ["the log itself has a hole"]
