"""What the server says of its sockets."""

from .house import House, eventually


async def figures(house: House) -> dict[str, float]:
    """The sockets' samples of /metrics."""
    text = (await house.rest.get(house.server.url + "/metrics")).text
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("fynlo_"))
    return {name: float(value) for name, value in pairs}


async def test_sockets_are_counted_as_they_come_and_go(house: House) -> None:
    async def counted() -> tuple[int, int]:
        said = (await house.rest.get(house.server.url + "/health/websocket")).json()
        return said["active_connections"], said["total_connections"]

    said = (await house.rest.get(house.server.url + "/health/websocket")).json()
    assert (said["status"], said["listener"]) == ("healthy", "listening"), "an idle server is healthy"
    active, total = await counted()
    async with house.screen(), house.screen(kind="kitchen"), house.dial():
        assert await eventually(counted) == (active + 3, total + 3)

    async def gone() -> bool:
        return await counted() == (active, total + 3)

    await eventually(gone)


async def test_the_metrics_say_how_sockets_ended_and_how_fast_orders_were_shown(house: House) -> None:
    before = await figures(house)
    async with house.screen() as screen:
        open_now = await figures(house)
        order = await house.order()
        await screen.await_order(order["id"])
    async with house.dial() as rude:
        await rude.say("nonsense")
        assert await rude.await_close() == 4001

    async def after() -> dict[str, float] | None:
        now = await figures(house)
        return now if now["fynlo_sockets"] == before["fynlo_sockets"] else None

    now = await eventually(after)
    assert open_now["fynlo_sockets"] == before["fynlo_sockets"] + 1
    assert now["fynlo_sockets_opened_total"] == before["fynlo_sockets_opened_total"] + 2
    for code in ("gone", "4001"):
        name = f'fynlo_sockets_closed_total{{code="{code}"}}'
        assert now[name] == before.get(name, 0) + 1
    name = "fynlo_feed_commit_to_send_seconds_count"
    assert now[name] == before[name] + 1
    assert now["fynlo_feed_listener_connects_total"] == 1
    assert now["fynlo_feed_listening"] == 1
