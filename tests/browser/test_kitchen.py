"""The kitchen display in a browser, against a running server."""

import re

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.live.house import eventually

from .house import PASSWORD, House, Json, Screens, Till

WITHIN_A_SECOND = 1_000
RECOVERS_MS = 20_000


async def log_in(page: Page, email: str) -> None:
    """From an empty browser to the live tickets."""
    await page.goto("/kitchen")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await live(page)


async def live(page: Page) -> None:
    await expect(page.locator("#connection")).to_have_attribute("data-phase", "live", timeout=RECOVERS_MS)


def ticket(page: Page, order: Json) -> Locator:
    return page.locator(f'[data-order="{order["id"]}"]')


@pytest.fixture
async def kitchen(screens: Screens) -> Page:
    """The screen of the demo restaurant's manager."""
    page = await screens.page()
    await log_in(page, "manager@demo.fynlo.test")
    return page


async def test_a_wrong_password_is_said_and_the_right_one_goes_on(screens: Screens) -> None:
    page = await screens.page()
    await page.goto("/kitchen")
    await page.get_by_label("E-mail").fill("kitchen@demo.fynlo.test")
    await page.get_by_label("Password").fill("not it")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_contain_text("password")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await live(page)


async def test_an_order_appears_within_a_second(kitchen: Page, till: Till) -> None:
    sized = till.product(lambda product: product["variants"])
    variant = sized["variants"][-1]
    chosen = till.product(lambda product: any(group["modifiers"] for group in product["modifier_groups"]))
    modifier = next(group["modifiers"][0] for group in chosen["modifier_groups"] if group["modifiers"])
    of_chosen = {"variant_id": chosen["variants"][0]["id"]} if chosen["variants"] else {}
    order = await till.order(
        {"product_id": sized["id"], "variant_id": variant["id"], "quantity": 3, "notes": "no salt"},
        {
            "product_id": chosen["id"],
            **of_chosen,
            "modifiers": [{"modifier_id": modifier["id"]}],
            "course": 2,
        },
        customer_name="Aisha",
        notes="At eight",
    )
    card = ticket(kitchen, order)
    await expect(card).to_be_visible(timeout=WITHIN_A_SECOND)
    shown = [str(order["number"]), "Takeaway", "Aisha", "At eight", "no salt", "Course 1", "Course 2"]
    shown += [sized["name"], variant["name"], chosen["name"], modifier["name"]]
    for text in shown:
        await expect(card).to_contain_text(text)
    await expect(card.locator(".line").first.locator(".quantity")).to_have_text("3")
    await expect(card.locator(".elapsed")).to_have_text(re.compile(r"^0:\d\d$"))
    await expect(kitchen.locator("#announcer")).to_contain_text(f"New: Order {order['number']}")


async def test_what_is_drawn_is_acknowledged(kitchen: Page, till: Till, house: House) -> None:
    async def tracked() -> list[Json]:
        worst = (await till.client.get(f"{house.url}/health/websocket")).json()["screens"]["worst"]
        return [row for row in worst if row["kind"] == "kitchen" and row["acknowledged_at"]]

    order = await till.order()
    await expect(ticket(kitchen, order)).to_be_visible(timeout=WITHIN_A_SECOND)

    async def current() -> bool:
        return [(row["lag_events"], row["lag_s"], row["stale"]) for row in await tracked()] == [(0, 0, False)]

    await eventually(current)


async def test_tickets_hang_oldest_first(kitchen: Page, till: Till) -> None:
    orders = [await till.order() for _ in range(3)]
    await expect(ticket(kitchen, orders[-1])).to_be_visible()
    hanging = [await card.get_attribute("data-order") for card in await kitchen.locator("#rail > li").all()]
    assert [id_ for id_ in hanging if id_ in {order["id"] for order in orders}] == [o["id"] for o in orders]


async def test_a_change_of_status_moves_the_ticket(kitchen: Page, till: Till) -> None:
    order = await till.order()
    card = ticket(kitchen, order)
    order = await till.move(order, "preparing")
    await expect(card).to_have_attribute("data-status", "preparing", timeout=WITHIN_A_SECOND)
    order = await till.move(order, "ready")
    await expect(kitchen.locator("#lane").locator(card)).to_be_visible(timeout=WITHIN_A_SECOND)
    order = await till.move(order, "preparing")
    await expect(kitchen.locator("#rail").locator(card)).to_be_visible(timeout=WITHIN_A_SECOND)
    await till.move(order, "cancelled", reason="the guest left")
    await expect(card).to_have_count(0, timeout=WITHIN_A_SECOND)
    await expect(kitchen.locator("#notices")).to_contain_text(f"Order {order['number']}")


async def test_a_line_added_later_is_marked(kitchen: Page, till: Till) -> None:
    order = await till.order()
    card = ticket(kitchen, order)
    await expect(card.locator(".line")).to_have_count(1)
    await till.add(order, till.line(notes="and this"))
    await expect(card.locator(".line[data-added]")).to_contain_text("and this", timeout=WITHIN_A_SECOND)
    await expect(card.locator(".line")).to_have_count(2)


@pytest.mark.parametrize("older", [True, False])
async def test_a_merged_order_goes_and_its_lines_say_where_they_were(
    kitchen: Page, till: Till, older: bool
) -> None:
    first, second = await till.order(), await till.order(till.line(notes="from there"))
    stays, goes = (first, second) if older else (second, first)
    await expect(ticket(kitchen, second)).to_be_visible()
    await till.merge(goes, into=stays)
    await expect(ticket(kitchen, goes)).to_have_count(0, timeout=WITHIN_A_SECOND)
    marks = ticket(kitchen, stays).locator(".line[data-added] .mark")
    await expect(marks).to_have_text([f"From {goes['number']}"], timeout=WITHIN_A_SECOND)


async def test_held_lines_are_not_shown(kitchen: Page, till: Till) -> None:
    held = await till.order(send=False)
    sent = await till.order()
    await expect(ticket(kitchen, sent)).to_be_visible()
    await expect(ticket(kitchen, held)).to_have_count(0)


async def test_what_guests_write_is_text(kitchen: Page, till: Till) -> None:
    markup = "<img src=x onerror=alert(1)><b>bold</b>"
    order = await till.order(till.line(notes=markup), customer_name=markup)
    await expect(ticket(kitchen, order).locator(".guest")).to_have_text(markup)
    await expect(ticket(kitchen, order).locator("img, b")).to_have_count(0)


async def test_buttons_move_the_order(kitchen: Page, till: Till) -> None:
    order = await till.order()
    card = ticket(kitchen, order)
    await card.get_by_role("button", name="Start").click()
    await expect(card).to_have_attribute("data-status", "preparing")
    await card.get_by_role("button", name="Ready").click()
    await expect(card).to_have_attribute("data-status", "ready")
    assert (await till.read(order))["status"] == "ready"
    await card.get_by_role("button", name="Done").click()
    await expect(kitchen.locator("#notices")).to_contain_text(f"Order {order['number']}")
    assert (await till.read(order))["status"] == "ready", "what is unpaid is not done"


async def test_a_press_on_what_has_changed_carries_on(kitchen: Page, till: Till) -> None:
    order = await till.order()
    card = ticket(kitchen, order)
    await expect(card).to_be_visible()

    async def add_first(route: Route) -> None:
        await till.add(order, till.line())
        await route.continue_()

    await kitchen.route(f"**/orders/{order['id']}/status", add_first, times=1)
    await card.get_by_role("button", name="Start").click()
    await expect(card).to_have_attribute("data-status", "preparing")
    await expect(card.locator(".line")).to_have_count(2)


async def test_who_may_only_look_has_no_buttons(screens: Screens, till: Till) -> None:
    page = await screens.page()
    await log_in(page, "kitchen@demo.fynlo.test")
    order = await till.order()
    await expect(ticket(page, order)).to_be_visible(timeout=WITHIN_A_SECOND)
    await expect(page.locator("#pass button")).to_have_count(0)


async def test_nothing_shows_money(kitchen: Page, till: Till) -> None:
    order = await till.order(till.line(quantity=2))
    await expect(ticket(kitchen, order)).to_be_visible()
    shown = await kitchen.locator("#kitchen").inner_text()
    assert not re.search(r"[£€$]|GBP|\d+\.\d\d", shown)


async def test_two_restaurants_see_only_their_own(
    kitchen: Page, till: Till, house: House, screens: Screens
) -> None:
    rival_page = await screens.page()
    await log_in(rival_page, "owner@rival.fynlo.test")
    rival_till = await house.till("owner@rival.fynlo.test")
    ours, theirs = await till.order(), await rival_till.order()
    await rival_till.client.aclose()
    await expect(ticket(kitchen, ours)).to_be_visible(timeout=WITHIN_A_SECOND)
    await expect(ticket(rival_page, theirs)).to_be_visible(timeout=WITHIN_A_SECOND)
    await expect(ticket(kitchen, theirs)).to_have_count(0)
    await expect(ticket(rival_page, ours)).to_have_count(0)


async def test_a_reload_goes_on_without_a_login(kitchen: Page, till: Till) -> None:
    order = await till.order()
    await kitchen.reload()
    await expect(ticket(kitchen, order)).to_be_visible()
    await live(kitchen)
    await expect(kitchen.locator("#login")).to_be_hidden()


async def test_logging_out_forgets_the_session(kitchen: Page) -> None:
    await kitchen.get_by_role("button", name="Menu").click()
    await kitchen.get_by_role("button", name="Log out").last.click()
    await expect(kitchen.locator("#login")).to_be_visible()
    assert await kitchen.evaluate("localStorage.length") == 0
    await kitchen.reload()
    await expect(kitchen.locator("#login")).to_be_visible()


async def test_a_server_that_restarts_costs_no_ticket_and_no_reload(
    kitchen: Page, till: Till, house: House
) -> None:
    before = await till.order()
    await expect(ticket(kitchen, before)).to_be_visible()
    await kitchen.evaluate("window.stillThere = true")
    await house.stop()
    await expect(kitchen.locator("#connection")).to_contain_text("Reconnecting")
    await expect(kitchen.locator("#outage")).to_be_visible(timeout=RECOVERS_MS)
    await expect(ticket(kitchen, before)).to_be_visible()
    await kitchen.context.set_offline(True)  # so that it is away while the order is made
    await house.start()
    again = await house.till("manager@demo.fynlo.test")
    meanwhile = await again.order()
    moved = await again.move(before, "ready")
    await again.client.aclose()
    await kitchen.context.set_offline(False)
    await expect(ticket(kitchen, meanwhile)).to_be_visible(timeout=RECOVERS_MS)
    await expect(ticket(kitchen, moved)).to_have_attribute("data-status", "ready", timeout=RECOVERS_MS)
    await live(kitchen)
    await expect(kitchen.locator("#outage")).to_be_hidden()
    assert await kitchen.evaluate("window.stillThere") is True
