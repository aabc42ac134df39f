"""Checks: cases worked by hand, and that they add up whatever is ordered, voided and paid afterwards."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import count
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fynlo.errors import Invalid
from fynlo.orders.splitting import (
    Check,
    CheckPart,
    Split,
    SplitLine,
    kept,
    rebalanced,
    share_within,
    split_amounts,
    split_equal,
    split_items,
)

PIZZA, SALAD, WINE = (UUID(int=number) for number in (1, 2, 3))
ONE, TWO, THREE, FOUR = (UUID(int=number) for number in (101, 102, 103, 104))

quickly = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
thoroughly = settings(max_examples=3_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def units(item: UUID, quantity: int) -> CheckPart:
    return CheckPart(item, quantity=quantity)


def share(item: UUID, fraction: str) -> CheckPart:
    return CheckPart(item, share=fraction)


def test_odd_pennies_of_an_equal_split_fall_on_the_first() -> None:
    assert split_equal(1000, 3) == Split((334, 333, 333))
    assert split_equal(1, 2) == Split((1, 0))


@pytest.mark.parametrize("ways", [-1, 0, 1, 100])
def test_an_order_is_split_2_to_99_ways(ways: int) -> None:
    with pytest.raises(Invalid) as caught:
        split_equal(1000, ways)
    assert caught.value.code == "validation_failed"


def test_amounts_below_what_is_due_leave_a_remainder() -> None:
    assert split_amounts(1000, [400, 250]) == Split((400, 250), 350)
    assert split_amounts(1000, [400, 600]) == Split((400, 600), 0)


def test_amounts_above_what_is_due_do_not_fit() -> None:
    with pytest.raises(Invalid, match="come to 1001, and 1000 is due") as caught:
        split_amounts(1000, [400, 601])
    assert caught.value.code == "split_mismatch"
    with pytest.raises(Invalid, match=r"amounts\[1\]") as caught:
        split_amounts(1000, [400, 0])
    assert caught.value.code == "validation_failed"


DINNER = {PIZZA: SplitLine(1000, 1), SALAD: SplitLine(700, 2), WINE: SplitLine(2000, 1)}


def test_lines_are_split_by_quantity_and_by_share_and_the_rest_is_the_remainder() -> None:
    checks = [
        [units(PIZZA, 1), share(WINE, "1/3")],  # 1000 + 666.67
        [units(SALAD, 1), share(WINE, "1/3")],  # 350 + 666.67
        [share(WINE, "1/3")],
    ]
    assert split_items(3700, DINNER, checks) == Split((1667, 1017, 666), 350)


def test_where_less_is_due_than_the_lines_come_to_everybody_owes_less_in_proportion() -> None:
    checks = [[units(PIZZA, 1)], [units(SALAD, 2)], [units(WINE, 1)]]
    assert split_items(370, DINNER, checks) == Split((100, 70, 200), 0)


def test_what_costs_nothing_leaves_all_that_is_due_to_the_remainder() -> None:
    free = {PIZZA: SplitLine(0, 1)}
    assert split_items(0, free, [[units(PIZZA, 1)]]) == Split((0,), 0)
    assert split_items(5, free, [[units(PIZZA, 1)]]) == Split((0,), 5)


@pytest.mark.parametrize(
    "checks",
    [
        [[units(SALAD, 3)]],
        [[units(SALAD, 1)], [units(SALAD, 1), units(SALAD, 1)]],
        [[share(WINE, "1/3")], [share(WINE, "334/500")]],
        [[units(SALAD, 1)], [share(SALAD, "501/1000")]],
    ],
)
def test_more_than_all_of_a_line_cannot_be_split(checks: list[list[CheckPart]]) -> None:
    with pytest.raises(Invalid, match="more of this line") as caught:
        split_items(3700, DINNER, checks)
    assert caught.value.code == "split_mismatch"


@pytest.mark.parametrize(
    ("checks", "field"),
    [([[units(PIZZA, 1)], []], "checks[1]"), ([[units(PIZZA, 1), units(ONE, 1)]], "checks[0][1].item_id")],
)
def test_a_check_is_of_lines_that_count(checks: list[list[CheckPart]], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        split_items(3700, DINNER, checks)
    assert (caught.value.code, caught.value.errors[0].field) == ("validation_failed", field)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1/0", "0/3", "4/3", "1/1001", "-1/3", " 1/3", "1/3 ", "1.5/3", "٣/٤", "1/3/5", "1/-3", "½"],
)
def test_a_share_is_a_fraction_of_at_most_all(text: str) -> None:
    with pytest.raises(ValueError, match="a share is a fraction"):
        share(PIZZA, text)


def test_a_part_is_read_from_json_with_what_is_wrong_about_it() -> None:
    def read(fields: str) -> CheckPart:
        return msgspec.json.decode(f'{{"item_id": "{PIZZA}", {fields}}}', type=CheckPart)

    assert read('"share": "2/6"').portion(7) == Fraction(1, 3)
    assert read('"quantity": 2').portion(6) == Fraction(1, 3)
    assert msgspec.json.decode(msgspec.json.encode(units(PIZZA, 2))) == {"item_id": str(PIZZA), "quantity": 2}
    for wrong in ('"share": "4/3"', '"quantity": 0', '"quantity": 1, "share": "1/1"', '"share": null'):
        with pytest.raises(msgspec.ValidationError):
            read(wrong)


def test_a_new_split_leaves_the_checks_that_something_was_paid_on() -> None:
    before = [
        Check(ONE, 1000, 1000, (units(PIZZA, 1),)),
        Check(TWO, 700, 0, (units(SALAD, 2),)),
        Check(THREE, 500, 200, (share(WINE, "1/4"),)),
        Check(FOUR, 1500, 100, remainder=True),
    ]
    assert kept(before) == [
        Check(ONE, 1000, 1000, (units(PIZZA, 1),)),
        Check(THREE, 200, 200),
        Check(FOUR, 100, 100),
    ]


def test_a_line_paid_on_its_check_is_not_split_again() -> None:
    standing = [Check(ONE, 1000, 1000, (units(PIZZA, 1),))]
    checks = [[units(SALAD, 2)], [share(WINE, "1/2")]]
    assert split_items(2700, DINNER, checks, standing=standing) == Split((700, 1000), 1000)
    with pytest.raises(Invalid, match="more of this line"):
        split_items(2700, DINNER, [[share(PIZZA, "1/1000")]], standing=standing)


def test_what_was_paid_on_part_of_a_check_is_off_its_lines_when_they_are_split_again() -> None:
    standing = [Check(ONE, 1000, 400, (units(PIZZA, 1),)), Check(TWO, 1000, 1000, (share(WINE, "1/2"),))]
    checks = [[share(PIZZA, "1/2")], [units(SALAD, 2)], [share(WINE, "1/4")]]
    # the pizza's 600 left by halves, the wine's other half by quarters
    assert split_items(2300, DINNER, checks, standing=standing) == Split((300, 700, 500), 800)


def test_after_an_equal_split_was_paid_in_part_every_line_owes_less() -> None:
    standing = [Check(ONE, 1850, 1850)]
    checks = [[units(PIZZA, 1)], [units(SALAD, 2), units(WINE, 1)]]
    assert split_items(1850, DINNER, checks, standing=standing) == Split((500, 1350), 0)
    # whoever had the pizza then paid the half that was left of it, and is done
    done = [*standing, Check(TWO, 500, 500, (units(PIZZA, 1),))]
    assert split_items(1350, DINNER, [[units(SALAD, 2)]], standing=done) == Split((350,), 1000)


HALVES = [
    Check(ONE, 500, 0, (share(PIZZA, "1/2"), units(SALAD, 1))),
    Check(TWO, 500, 0, (share(PIZZA, "1/2"),)),
]


def test_an_order_without_checks_has_none_to_balance() -> None:
    assert rebalanced([], 700) == []


def test_what_is_due_beyond_the_checks_falls_on_the_remainder_made_where_there_is_none() -> None:
    grown = rebalanced(HALVES, 1300, remainder_id=THREE)
    assert grown == [*HALVES, Check(THREE, 300, 0, remainder=True)]
    assert rebalanced(grown, 1310)[2] == Check(THREE, 310, 0, remainder=True)
    made = rebalanced(HALVES, 1001)
    assert made[2].total == 1
    assert made[2].remainder


def test_a_voided_line_comes_off_the_checks_that_hold_it_by_their_portions() -> None:
    checks = [
        Check(ONE, 900, 0, (share(PIZZA, "1/3"),)),
        Check(TWO, 700, 0, (share(PIZZA, "2/3"),)),
        Check(THREE, 700, 0, remainder=True),
    ]
    assert [check.total for check in rebalanced(checks, 1400, PIZZA)] == [600, 100, 700]
    # the second cannot bear its 1000, so the first bears more, and then the remainder
    assert [check.total for check in rebalanced(checks, 800, PIZZA)] == [100, 0, 700]
    assert [check.total for check in rebalanced(checks, 600, PIZZA)] == [0, 0, 600]


def test_portions_by_quantity_and_by_share_of_a_voided_line_are_compared() -> None:
    checks = [Check(ONE, 900, 0, (units(SALAD, 1),)), Check(TWO, 900, 0, (share(SALAD, "3/4"),))]
    assert [check.total for check in rebalanced(checks, 1400, SALAD, voided_of=4)] == [800, 600]


def test_other_deficits_come_off_the_remainder_then_off_the_last_and_never_off_what_is_paid() -> None:
    checks = [
        Check(ONE, 500, 0),
        Check(TWO, 200, 0, remainder=True),
        Check(THREE, 500, 450),
        Check(FOUR, 500, 0),
    ]
    assert [check.total for check in rebalanced(checks, 1150)] == [500, 100, 500, 500]
    assert [check.total for check in rebalanced(checks, 990)] == [500, 0, 500, 440]
    assert [check.total for check in rebalanced(checks, 540)] == [500, 0, 490, 0]
    assert [check.total for check in rebalanced(checks, 0)] == [0, 0, 450, 0]


def test_a_check_paid_beyond_its_total_grows_to_that_and_the_others_owe_less() -> None:
    paid = [Check(ONE, 500, 800), Check(TWO, 500, 0)]
    assert rebalanced(paid, 200) == [Check(ONE, 800, 800), Check(TWO, 200, 0)]


def test_shares_within_room_pass_on_what_one_cannot_bear() -> None:
    assert share_within(100, [1, 1, 2], [10, 100, 40]) == [10, 50, 40]
    assert share_within(100, [1, 1, 0], [10, 20, 500]) == [10, 20, 0]
    assert share_within(100, [0, 0], [10, 20]) == [0, 0]


ITEMS = [UUID(int=number) for number in range(1, 6)]
lines_of = st.dictionaries(
    st.sampled_from(ITEMS), st.builds(SplitLine, st.integers(0, 9000), st.integers(1, 12)), min_size=1
)


@st.composite
def assignments(draw: st.DrawFn) -> tuple[dict[UUID, SplitLine], list[list[CheckPart]]]:
    """Lines, and checks of portions of them that fit."""
    lines = draw(lines_of)
    checks: list[list[CheckPart]] = [[] for _ in range(draw(st.integers(1, 4)))]
    for id_, line in lines.items():
        if draw(st.booleans()):
            ways = draw(st.integers(1, 13))
            for _ in range(draw(st.integers(0, ways))):
                draw(st.sampled_from(checks)).append(share(id_, f"1/{ways}"))
        else:
            left = line.quantity
            while left and draw(st.booleans()):
                quantity = draw(st.integers(1, left))
                draw(st.sampled_from(checks)).append(units(id_, quantity))
                left -= quantity
    return lines, [check for check in checks if check]


def exact(lines: dict[UUID, SplitLine], parts: Sequence[CheckPart]) -> Fraction:
    return sum(
        (lines[part.item_id].payable * part.portion(lines[part.item_id].quantity) for part in parts),
        Fraction(0),
    )


def check_split_is_exact(case: tuple[dict[UUID, SplitLine], list[list[CheckPart]]]) -> None:
    lines, checks = case
    due = sum(line.payable for line in lines.values())
    got = split_items(due, lines, checks)
    assert sum(got.totals) + got.remainder == due
    assert all(abs(total - exact(lines, parts)) < 1 for total, parts in zip(got.totals, checks, strict=True))
    less = split_items(due // 3, lines, checks)
    assert sum(less.totals) + less.remainder == due // 3


@quickly
@given(assignments())
def test_checks_of_lines_add_up_and_are_within_a_penny_of_what_their_lines_cost(
    case: tuple[dict[UUID, SplitLine], list[list[CheckPart]]],
) -> None:
    check_split_is_exact(case)


@quickly
@given(st.integers(0, 100_000), st.integers(2, 99))
def test_equal_checks_add_up_and_differ_by_a_penny_at_most(due: int, ways: int) -> None:
    got = split_equal(due, ways).totals
    assert sum(got) == due
    assert max(got) - min(got) <= 1


def check_any_evening(data: st.DataObject) -> None:
    """An order that is split, grows, shrinks, is paid by check or not, unpaid, and split again."""
    lines, parts = data.draw(assignments())
    total = sum(line.payable for line in lines.values())
    paid = 0
    ids = (UUID(int=number) for number in count(1000))
    checks: list[Check] = []

    def due() -> int:
        return max(0, total - paid)

    def split() -> list[Check]:
        settled = {part.item_id for check in kept(checks) for part in check.items}
        asked = [each for each in parts if not any(part.item_id in settled for part in each)]
        got = split_items(due(), lines, asked, standing=checks)
        made = [
            Check(next(ids), amount, 0, tuple(each)) for amount, each in zip(got.totals, asked, strict=True)
        ]
        if got.remainder:
            made.append(Check(next(ids), got.remainder, 0, remainder=True))
        return kept(checks) + made

    checks = split()
    for _ in range(data.draw(st.integers(0, 8))):
        what = data.draw(st.sampled_from(["more", "less", "void", "pay", "pay check", "unpay", "split"]))
        voided = None
        if what == "more":
            total += data.draw(st.integers(1, 3000))
        elif what == "less":
            total -= data.draw(st.integers(0, total))
        elif what == "void":
            voided = data.draw(st.sampled_from(ITEMS))
            total -= min(total, lines[voided].payable if voided in lines else 0)
        elif what == "pay" and due():
            amount = data.draw(st.integers(1, due()))
            paid += amount
        elif what == "pay check" and checks and due():
            index = data.draw(st.integers(0, len(checks) - 1))
            amount = data.draw(st.integers(1, due()))
            paid += amount
            checks[index] = msgspec.structs.replace(checks[index], paid=checks[index].paid + amount)
        elif what == "unpay" and checks:
            index = data.draw(st.integers(0, len(checks) - 1))
            paid -= checks[index].paid
            checks[index] = msgspec.structs.replace(checks[index], paid=0)
        elif what == "split":
            checks = split()
        now = {check.id: check for check in checks}
        checks = rebalanced(checks, due(), voided, voided_of=lines[voided].quantity if voided in lines else 1)
        assert sum(check.due for check in checks) == (due() if checks else 0)
        assert all(check.due >= 0 for check in checks)
        assert [check.id for check in checks][: len(now)] == list(now)
        assert all(check.paid == now[check.id].paid for check in checks if check.id in now)
        assert sum(check.remainder for check in checks) <= 1
        assert rebalanced(checks, due()) == checks


@quickly
@given(st.data())
def test_checks_add_up_to_what_is_due_through_any_evening(data: st.DataObject) -> None:
    check_any_evening(data)


@pytest.mark.slow
@pytest.mark.timeout(600)
@thoroughly
@given(st.data())
def test_checks_add_up_to_what_is_due_through_thousands_of_evenings(data: st.DataObject) -> None:
    check_any_evening(data)


@pytest.mark.slow
@pytest.mark.timeout(600)
@thoroughly
@given(assignments())
def test_thousands_of_splits_by_line_are_exact(
    case: tuple[dict[UUID, SplitLine], list[list[CheckPart]]],
) -> None:
    check_split_is_exact(case)
