"""Pairing a kitchen display by its code, in two browsers, against a running server."""

import re

import pytest
from playwright.async_api import Page, expect

from .house import PASSWORD, House, Json, Screens, Till
from .test_kitchen import RECOVERS_MS, WITHIN_A_SECOND, live, ticket

CODE = re.compile(r"^[A-Z]{4}[A-Z]{4}$")


async def shown_code(page: Page) -> str:
    """The code on a screen, once there is one."""
    await expect(page.locator("#pair-code")).to_have_text(CODE, timeout=RECOVERS_MS)
    return (await page.locator("#pair-code").inner_text()).replace("\n", "")


async def unpaired(screens: Screens) -> Page:
    """A screen that shows a code."""
    page = await screens.page()
    await page.goto("/kitchen")
    await page.get_by_role("button", name="Pair this screen").click()
    await shown_code(page)
    return page


async def approve(office: Page, screen: Page, name: str, stations: tuple[str, ...] = ()) -> None:
    await office.get_by_label("Code on the screen").fill((await shown_code(screen)).lower())
    await office.get_by_role("button", name="Look it up").click()
    await expect(office.locator("#asked")).to_contain_text("kitchen display")
    await office.get_by_label("Name").fill(name)
    for station in stations:
        await office.get_by_label(station).check()
    await office.get_by_role("button", name="Approve").click()
    await expect(office.locator("#outcome")).to_contain_text(f"{name} is paired")


async def revoke(office: Page, name: str) -> None:
    await office.get_by_role("button", name=f"Revoke {name}", exact=True).click()
    await office.get_by_role("button", name=f"Revoke {name} now").click()
    await expect(office.get_by_role("button", name=f"Revoke {name}", exact=True)).to_have_count(0)


async def signed_in(screens: Screens, path: str = "/pair", email: str = "manager@demo.fynlo.test") -> Page:
    page = await screens.page()
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.goto(path)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    return page


@pytest.fixture
async def office(screens: Screens) -> Page:
    """The manager's phone."""
    page = await signed_in(screens)
    await expect(page.locator("#office")).to_be_visible()
    return page


async def test_a_screen_is_paired_and_comes_back_by_itself_until_it_is_revoked(
    screens: Screens, office: Page, house: House, till: Till
) -> None:
    screen = await unpaired(screens)
    await expect(screen.locator("#pair-address")).to_have_text(f"127.0.0.1:{house.port}/pair")
    await expect(screen.locator("#pair-left")).to_contain_text("Good for 14:")
    code = await shown_code(screen)
    await screen.reload()
    assert await shown_code(screen) == code, "a manager may be typing it"
    await approve(office, screen, "Pass")
    await live(screen)
    await expect(screen.locator("#device")).to_have_text("Pass")
    first = await till.order()
    await expect(ticket(screen, first)).to_be_visible(timeout=WITHIN_A_SECOND)

    await screen.reload()
    await expect(ticket(screen, first)).to_be_visible()
    await live(screen)

    await house.stop()
    await expect(screen.locator("#outage")).to_be_visible(timeout=RECOVERS_MS)
    await house.start()
    await live(screen)
    again = await house.till("manager@demo.fynlo.test")
    second = await again.order()
    await again.client.aclose()
    await expect(ticket(screen, second)).to_be_visible(timeout=WITHIN_A_SECOND)

    await office.reload()
    await expect(office.locator("#devices")).to_contain_text("Kitchen display · all stations")
    await revoke(office, "Pass")
    await shown_code(screen)
    await expect(screen.locator(".ticket")).to_have_count(0)
    await screen.reload()
    await shown_code(screen)  # it asks for a code, not for a password


async def test_a_screen_shows_its_stations_only_and_follows_when_they_change(
    screens: Screens, office: Page, house: House, till: Till
) -> None:
    stations = (await till.client.get("/stations", params={"restaurant_id": till.restaurant})).json()
    made_at = {}
    for station in stations:
        found = [
            p
            for p in till._menu
            if p["station_id"] == station["id"]
            and not p["variants"]
            and not p["open_price"]
            and all(g["min_selections"] == 0 for g in p["modifier_groups"])
        ]
        if found:
            made_at[station["name"]] = found[0]
    (here, mine), (there, other) = list(made_at.items())[:2]
    screen = await unpaired(screens)
    await approve(office, screen, "Grill screen", (here,))
    await live(screen)
    both = await till.order({"product_id": mine["id"]}, {"product_id": other["id"]})
    elsewhere = await till.order({"product_id": other["id"]})
    await expect(ticket(screen, both)).to_contain_text(mine["name"])
    await expect(ticket(screen, both).locator(".line")).to_have_count(1)
    await expect(ticket(screen, elsewhere)).to_have_count(0)
    await office.get_by_role("button", name="Change Grill screen").click()
    await office.locator("#devices").get_by_label("Name").fill("Both")
    await office.locator("#devices").get_by_label(there).check()
    await office.get_by_role("button", name="Save").click()
    await expect(office.locator("#devices")).to_contain_text("Both")
    await screen.reload()
    await expect(ticket(screen, both).locator(".line")).to_have_count(2)
    await expect(ticket(screen, elsewhere)).to_be_visible()
    await expect(screen.locator("#device")).to_have_text("Both")
    await revoke(office, "Both")


async def test_a_screen_that_is_turned_away_says_so_and_begins_again(screens: Screens, office: Page) -> None:
    screen = await unpaired(screens)
    code = await shown_code(screen)
    await office.get_by_label("Code on the screen").fill(code)
    await office.get_by_role("button", name="Look it up").click()
    await office.get_by_role("button", name="Turn it away").click()
    await expect(office.locator("#outcome")).to_contain_text("turned away")
    await expect(screen.get_by_role("alert")).to_contain_text("turned away", timeout=RECOVERS_MS)
    await screen.get_by_role("button", name="Show another code").click()
    assert await shown_code(screen) != code


async def test_a_code_that_runs_out_makes_way_for_another_by_itself(screens: Screens) -> None:
    page = await screens.page()
    codes = iter(["BCDF-GHJK", "LMNP-QRST", "VWXZ-BCDF"])

    async def begin(route):  # type: ignore[no-untyped-def]
        code = next(codes)
        await route.fulfill(
            json={
                "device_code": code,
                "user_code": code,
                "verification_uri": f"{screens.url}/pair",
                "verification_uri_complete": "",
                "expires_in": 2,
                "interval": 1,
            }
        )

    asked: list[Json] = []

    async def poll(route):  # type: ignore[no-untyped-def]
        asked.append(route.request.post_data_json)
        error = "authorization_pending" if len(asked) == 1 else "expired_token"
        problem = {"type": "x", "title": "x", "status": 400, "detail": "x", "code": error, "error": error}
        await route.fulfill(status=400, json=problem)

    await page.route("**/api/v1/auth/device", begin)
    await page.route("**/api/v1/auth/device/token", poll)
    await page.goto("/kitchen")
    await page.get_by_role("button", name="Pair this screen").click()
    await expect(page.locator("#pair-code")).to_have_text("BCDFGHJK")
    await expect(page.locator("#pair-code")).to_have_text("LMNPQRST", timeout=RECOVERS_MS)
    await page.get_by_role("button", name="Log in by e-mail instead").click()
    await expect(page.get_by_label("E-mail")).to_be_visible()


@pytest.mark.slow
async def test_a_screen_that_shows_a_code_outlives_a_restart(
    screens: Screens, house: House, office: Page
) -> None:
    screen = await unpaired(screens)
    code = await shown_code(screen)
    await house.stop()
    await expect(screen.get_by_role("alert")).to_contain_text("does not answer", timeout=RECOVERS_MS)
    await house.start()
    assert await shown_code(screen) == code
    await approve(office, screen, "After the restart")
    await expect(screen.locator("#kitchen")).to_be_visible(timeout=RECOVERS_MS * 2)
    await live(screen)
    await revoke(office, "After the restart")


async def test_two_tabs_of_a_paired_screen_do_not_lock_each_other_out(
    screens: Screens, office: Page, till: Till
) -> None:
    one = await unpaired(screens)
    other = await one.context.new_page()
    await other.goto("/kitchen")
    await approve(office, one, "Twice")
    await live(one)
    await live(other)  # it hears of it by the storage they share
    both = [one, other]
    for page in both:  # as if their tokens were due at the same moment
        await page.evaluate("""() => {
          const pair = JSON.parse(localStorage.getItem("fynlo.kitchen.session"));
          localStorage.setItem("fynlo.kitchen.session", JSON.stringify({ ...pair, replaceAt: 0 }));
        }""")
    await one.reload(wait_until="commit")
    await other.reload(wait_until="commit")
    order = await till.order()
    for page in both:
        await live(page)
        await expect(ticket(page, order)).to_be_visible()
    await revoke(office, "Twice")
    for page in both:
        await shown_code(page)
        await expect(page.locator(".ticket")).to_have_count(0)


async def test_a_power_cut_does_not_bring_a_spent_token_back(screens: Screens, office: Page) -> None:
    screen = await unpaired(screens)
    await approve(office, screen, "Power")
    await live(screen)
    refreshes: list[object] = []
    screen.on(
        "request",
        lambda request: refreshes.append(request.url) if request.url.endswith("/auth/refresh") else None,
    )
    due = """() => {
      const pair = JSON.parse(localStorage.getItem("fynlo.kitchen.session"));
      const old = JSON.stringify({ ...pair, replaceAt: 0 });
      localStorage.setItem("fynlo.kitchen.session", old);
      return old;
    }"""
    lost = "(old) => localStorage.setItem('fynlo.kitchen.session', old)"
    old = await screen.evaluate(due)
    await screen.reload()
    await live(screen)
    assert len(refreshes) == 1
    await screen.evaluate(lost, old)  # as if localStorage had not been written down
    await screen.reload()
    await live(screen)
    assert len(refreshes) == 1
    # the control: without the database the spent token is all there is
    await screen.goto("/web/favicon.svg")
    await screen.evaluate(lost, old)
    await screen.evaluate("""() => new Promise((resolve) => {
      const request = indexedDB.deleteDatabase("fynlo.kitchen");
      request.onsuccess = request.onblocked = () => resolve();
    })""")
    await screen.goto("/kitchen")
    await live(screen)
    assert len(refreshes) == 2
    await revoke(office, "Power")


async def test_unpairing_asks_first_and_takes_the_other_tab_along(screens: Screens, office: Page) -> None:
    one = await unpaired(screens)
    await approve(office, one, "Unpaired")
    await live(one)
    other = await one.context.new_page()
    await other.goto("/kitchen")
    await live(other)
    await one.get_by_role("button", name="Menu").click()
    await one.get_by_role("button", name="Unpair this screen").click()
    await expect(one.locator("#kitchen")).to_be_visible()
    await one.get_by_role("button", name="Press again").click()
    await expect(one.locator("#login")).to_be_visible()
    await expect(other.locator("#kitchen")).to_be_hidden(timeout=RECOVERS_MS)
    await revoke(office, "Unpaired")


async def test_a_link_fills_the_code_in_and_approves_nothing(screens: Screens) -> None:
    screen = await unpaired(screens)
    code = await shown_code(screen)
    page = await signed_in(screens, f"/pair?user_code={code[:4]}-{code[4:]}")
    await expect(page.get_by_label("Code on the screen")).to_have_value(f"{code[:4]}-{code[4:]}")
    await expect(page.get_by_role("button", name="Look it up")).to_be_visible()
    await expect(page.get_by_role("button", name="Approve")).to_be_hidden()
    await page.get_by_label("Code on the screen").fill("BBBB-BBBB")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("No screen shows this code")


async def test_who_may_not_pair_is_told(screens: Screens) -> None:
    page = await signed_in(screens, email="server@demo.fynlo.test")
    await expect(page.get_by_role("alert")).to_contain_text("Only owners and managers")
