"""The API viewer and the home page in a browser, against a running server."""

from playwright.async_api import expect

from .house import PASSWORD, Screens


async def test_an_operation_can_be_found_read_and_tried(screens: Screens) -> None:
    page = await screens.page()
    await page.goto("/schema")
    await page.get_by_role("searchbox").fill("get restaurants")
    operation = page.locator(".operation:visible").first
    await expect(operation.locator("summary").first).to_contain_text("/restaurants")
    await operation.locator("summary").first.click()
    await operation.get_by_role("button", name="Send").click()
    await expect(operation.locator(".answer .status")).to_contain_text("401")
    await page.get_by_text("Log in to try").click()
    await page.get_by_label("E-mail").fill("owner@demo.fynlo.test")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("#who")).to_contain_text("Olivia Marchetti")
    await operation.get_by_role("button", name="Send").click()
    await expect(operation.locator(".answer .status")).to_contain_text("200")
    await expect(operation.locator(".answer")).to_contain_text('"currency": "GBP"')


async def test_an_operation_says_what_its_body_and_its_answer_are(screens: Screens) -> None:
    page = await screens.page()
    await page.goto("/schema")
    await page.get_by_role("searchbox").fill("void a line")
    operation = page.locator(".operation:visible").first
    await operation.locator("summary").first.click()
    await expect(operation).to_contain_text("Without quantity the whole line.")
    await expect(operation).to_contain_text("The whole order.")


async def test_every_operation_opens(screens: Screens) -> None:
    page = await screens.page()
    await page.goto("/schema")
    await expect(page.locator(".operation").first).to_be_visible()
    opened = await page.evaluate(
        """() => {
            const summaries = [...document.querySelectorAll(".operation")].map((each) => each.querySelector("summary"))
            for (const summary of summaries) summary.click()
            return summaries.length
        }"""
    )
    assert opened > 80
    await expect(page.locator(".operation .try:visible")).to_have_count(opened)


async def test_the_home_page_leads_to_what_is_there(screens: Screens) -> None:
    page = await screens.page()
    await page.goto("/")
    links = [await link.get_attribute("href") for link in await page.get_by_role("link").all()]
    assert {"/kitchen", "/schema", "/health/ready", "/metrics"} <= set(links)
    for link in links:
        assert link is not None
        answer = await page.request.get(link)
        assert answer.ok, link


async def test_what_gets_into_a_page_neither_runs_nor_sends_anything_out(screens: Screens) -> None:
    page = await screens.page()
    for path in ("/", "/kitchen", "/schema"):
        await page.goto(path)
        await page.evaluate(
            """async () => {
                const script = Object.assign(document.createElement("script"), { textContent: "window.ran = true" })
                document.body.append(script, Object.assign(document.createElement("style"), { textContent: "a{}" }))
                await fetch("https://evil.example/").catch(() => {})
            }"""
        )
        assert await page.evaluate("window.ran") is None
        for directive in ("script-src-elem", "style-src-elem", "connect-src"):
            assert any(f"policy: {directive}" in fault for fault in screens.faults), screens.faults
        screens.faults.clear()
