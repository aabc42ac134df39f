"""Order statuses, modifier limits and business days."""

from datetime import UTC, date, datetime, time
from itertools import product
from uuid import UUID
from zoneinfo import ZoneInfoNotFoundError

import pytest

from fynlo.orders.rules import (
    CLOSED,
    SETTABLE,
    STATUSES,
    OrderStatus,
    SelectionGroup,
    business_date,
    selection_problems,
    transition_allowed,
)

ALLOWED: dict[OrderStatus, set[OrderStatus]] = {
    "pending": {"confirmed", "preparing", "ready", "completed", "cancelled"},
    "confirmed": {"preparing", "ready", "completed", "cancelled"},
    "preparing": {"ready", "completed", "cancelled"},
    "ready": {"preparing", "completed", "cancelled"},
    "completed": set(),
    "cancelled": set(),
    "merged": set(),
}


@pytest.mark.parametrize(("current", "target"), list(product(STATUSES, STATUSES)))
def test_transitions(current: OrderStatus, target: OrderStatus) -> None:
    assert transition_allowed(current, target) is (target in ALLOWED[current])


def test_closed_statuses_lead_nowhere_and_the_others_somewhere() -> None:
    assert set(STATUSES) == set(ALLOWED)
    assert {status for status in STATUSES if not ALLOWED[status]} == CLOSED


def test_what_may_be_asked_for_is_what_some_status_leads_to() -> None:
    assert set().union(*ALLOWED.values()) == SETTABLE


def uuid(n: int) -> UUID:
    return UUID(int=n)


SIZE = SelectionGroup(uuid(1), "Size", 1, 1, frozenset({uuid(11), uuid(12)}))
EXTRAS = SelectionGroup(uuid(2), "Extras", 0, 3, frozenset({uuid(21), uuid(22)}))
DIPS = SelectionGroup(uuid(3), "Dips", 2, 2, frozenset({uuid(31), uuid(32)}))
WITHOUT = SelectionGroup(uuid(4), "Without", 0, None, frozenset({uuid(41)}))


@pytest.mark.parametrize(
    ("groups", "chosen", "problems"),
    [
        ([], {}, []),
        ([SIZE], {uuid(11): 1}, []),
        ([SIZE], {}, ["Choose at least 1 of Size."]),
        ([SIZE], {uuid(11): 1, uuid(12): 1}, ["Choose at most 1 of Size; 2 were chosen."]),
        ([SIZE], {uuid(11): 2}, ["Choose at most 1 of Size; 2 were chosen."]),
        ([EXTRAS], {}, []),
        ([EXTRAS], {uuid(21): 3}, []),
        ([EXTRAS], {uuid(21): 3, uuid(22): 1}, ["Choose at most 3 of Extras; 4 were chosen."]),
        ([DIPS], {uuid(31): 1}, ["Choose at least 2 of Dips; 1 was chosen."]),
        ([DIPS], {uuid(31): 1, uuid(32): 1}, []),
        ([WITHOUT], {uuid(41): 999}, []),
        (
            [SIZE, EXTRAS],
            {uuid(21): 4},
            ["Choose at least 1 of Size.", "Choose at most 3 of Extras; 4 were chosen."],
        ),
        ([SIZE, EXTRAS], {uuid(11): 1, uuid(99): 7}, []),
    ],
)
def test_selections(groups: list[SelectionGroup], chosen: dict[UUID, int], problems: list[str]) -> None:
    assert selection_problems(groups, chosen) == problems


FOUR = time(4)
MIDNIGHT = time(0)
LONDON, NEW_YORK = "Europe/London", "America/New_York"


@pytest.mark.parametrize(
    ("at", "tz", "cutoff", "day"),
    [
        # winter: the clock shows UTC
        ("2026-11-24T03:59:59.999999", LONDON, FOUR, "2026-11-23"),
        ("2026-11-24T04:00:00", LONDON, FOUR, "2026-11-24"),
        ("2026-11-24T01:30:00", LONDON, FOUR, "2026-11-23"),
        # summer: an hour ahead of it
        ("2026-07-01T02:59:59", LONDON, FOUR, "2026-06-30"),
        ("2026-07-01T03:00:00", LONDON, FOUR, "2026-07-01"),
        # a cutoff at midnight is the calendar day, where the restaurant is
        ("2026-06-30T22:59:59", LONDON, MIDNIGHT, "2026-06-30"),
        ("2026-06-30T23:00:00", LONDON, MIDNIGHT, "2026-07-01"),
        ("2027-01-01T04:59:59", NEW_YORK, MIDNIGHT, "2026-12-31"),
        ("2027-01-01T05:00:00", NEW_YORK, MIDNIGHT, "2027-01-01"),
        ("2027-01-01T08:59:59", NEW_YORK, FOUR, "2026-12-31"),
        # London, 29 March 2026: 01:00 becomes 02:00, a trading day of 23 hours ends at 03:00 UTC
        ("2026-03-29T02:59:59", LONDON, FOUR, "2026-03-28"),
        ("2026-03-29T03:00:00", LONDON, FOUR, "2026-03-29"),
        # London, 25 October 2026: 02:00 becomes 01:00, 25 hours, ends at 04:00 UTC
        ("2026-10-25T00:30:00", LONDON, FOUR, "2026-10-24"),
        ("2026-10-25T01:30:00", LONDON, FOUR, "2026-10-24"),
        ("2026-10-25T03:59:59", LONDON, FOUR, "2026-10-24"),
        ("2026-10-25T04:00:00", LONDON, FOUR, "2026-10-25"),
        # New York, 8 March 2026: 02:00 becomes 03:00; 04:00 is 08:00 UTC, a day before it was 09:00
        ("2026-03-07T08:59:59", NEW_YORK, FOUR, "2026-03-06"),
        ("2026-03-08T07:59:59", NEW_YORK, FOUR, "2026-03-07"),
        ("2026-03-08T08:00:00", NEW_YORK, FOUR, "2026-03-08"),
        # a cutoff the clock never shows that night: the day begins with the first time after it
        ("2026-03-08T06:59:59", NEW_YORK, time(2, 30), "2026-03-07"),
        ("2026-03-08T07:00:00", NEW_YORK, time(2, 30), "2026-03-08"),
        # New York, 1 November 2026: 02:00 becomes 01:00
        ("2026-11-01T05:30:00", NEW_YORK, FOUR, "2026-10-31"),
        ("2026-11-01T08:59:59", NEW_YORK, FOUR, "2026-10-31"),
        ("2026-11-01T09:00:00", NEW_YORK, FOUR, "2026-11-01"),
        # a cutoff that the clock shows twice that night: the day has begun with the first
        ("2026-11-01T05:29:59", NEW_YORK, time(1, 30), "2026-10-31"),
        ("2026-11-01T05:30:00", NEW_YORK, time(1, 30), "2026-11-01"),
        ("2026-11-01T06:15:00", NEW_YORK, time(1, 30), "2026-11-01"),
    ],
)
def test_business_dates(at: str, tz: str, cutoff: time, day: str) -> None:
    assert business_date(datetime.fromisoformat(at).replace(tzinfo=UTC), tz, cutoff) == date.fromisoformat(
        day
    )


def test_a_naive_instant_has_no_business_date() -> None:
    with pytest.raises(ValueError, match="time zone"):
        business_date(datetime.fromisoformat("2026-11-24T12:00:00"), LONDON, FOUR)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        business_date(datetime(2026, 11, 24, 12, tzinfo=UTC), "Europe/Londinium", FOUR)
