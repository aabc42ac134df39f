"""Pairing and devices: the polling by a clock that is turned by hand, everything else against a real server."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from fynlo.client import ApiClient, NotLoggedIn, PairingEnded, ProblemError
from fynlo.demo.data import PASSWORD, PIZZERIA
from tests.live.house import House, open_house

PLACE = str(PIZZERIA.id)
MANAGER = "manager@demo.fynlo.test"


class Answers:
    """A server that gives a code, and these answers to the polls; `at` is when it was asked, in seconds."""

    def __init__(self, *answers: str | Exception) -> None:
        self.now = 0.0
        self.at: list[float] = []
        self._answers = list(answers)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/auth/device"):
            code = {"device_code": "secret", "user_code": "BCDF-GHJK", "expires_in": 900, "interval": 5}
            where = {"verification_uri": "http://x/pair", "verification_uri_complete": "http://x/pair?c"}
            return httpx.Response(200, json=code | where)
        assert "authorization" not in request.headers
        self.at.append(self.now)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if answer != "approved":
            return httpx.Response(400, json={"code": answer, "error": answer, "detail": answer})
        device = {"id": "d", "kind": "kitchen", "name": "Pass", "created_at": "2026-11-25T12:00:00Z"}
        tokens = {"access_token": "a", "refresh_token": "r", "expires_in": 900}
        user = {"id": "u", "email": None, "name": "Pass"}
        return httpx.Response(200, json=tokens | {"user": user, "device": device})

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def client(self, on_rotate: Callable[[str], None] | None = None) -> ApiClient:
        return ApiClient(
            "http://fynlo.test",
            transport=httpx.MockTransport(self),
            sleep=self.sleep,
            clock=lambda: self.now,
            on_rotate=on_rotate,
        )


async def paired(answers: Answers, kept: list[str] | None = None) -> str:
    """The device's token, once it is paired."""
    async with answers.client((kept if kept is not None else []).append) as api:
        device = (await api.pair(await api.begin_pairing("kitchen", "Kitchen display"))).device
        assert (device.name, device.station_ids) == ("Pass", ())
        return await api.tokens.token()


async def test_it_asks_every_interval_until_the_code_is_approved() -> None:
    answers = Answers("authorization_pending", "authorization_pending", "approved")
    kept: list[str] = []
    assert await paired(answers, kept) == "a"
    assert answers.at == [5, 10, 15]
    assert kept == ["r"]


async def test_slow_down_adds_five_seconds_for_good() -> None:
    answers = Answers("slow_down", "authorization_pending", "slow_down", "authorization_pending", "approved")
    await paired(answers)
    assert answers.at == [5, 15, 25, 40, 55]


async def test_while_nothing_answers_it_asks_less_often_and_goes_on() -> None:
    away = httpx.ConnectError("away")
    answers = Answers(away, away, away, away, "authorization_pending", "approved")
    await paired(answers)
    assert answers.at == [5, 10, 20, 40, 70, 75]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("access_denied", "access_denied"),
        ("expired_token", "expired_token"),
        ("invalid_grant", "expired_token"),
    ],
)
async def test_a_code_that_is_over_ends_it(answer: str, reason: str) -> None:
    answers = Answers(answer)
    with pytest.raises(PairingEnded) as ended:
        await paired(answers)
    assert ended.value.reason == reason
    assert len(answers.at) == 1


async def test_a_code_that_ran_out_while_nothing_answered_is_given_up_a_minute_later() -> None:
    answers = Answers(httpx.ConnectError("away"))
    with pytest.raises(PairingEnded):
        await paired(answers)
    assert 960 <= answers.at[-1] < 1_000


async def test_any_other_refusal_reaches_the_caller() -> None:
    with pytest.raises(ProblemError, match="validation_failed"):
        await paired(Answers("validation_failed"))


@pytest.fixture(scope="module")
async def house(module_seeded_url: str) -> AsyncIterator[House]:
    async with open_house(module_seeded_url) as house:
        yield house


@pytest.fixture
async def manager(house: House) -> AsyncIterator[ApiClient]:
    async with ApiClient(house.server.url) as api:
        await api.login(MANAGER, PASSWORD)
        yield api


async def at_once(seconds: float) -> None:
    """Nobody waits for a code that was approved already."""


async def join(api: ApiClient, manager: ApiClient, kind: str, name: str) -> None:
    code = await api.begin_pairing("till" if kind == "till" else "kitchen", name)
    await manager.approve_device(PLACE, code.user_code)
    await api.pair(code)


async def test_a_display_is_paired_looked_at_changed_and_revoked(house: House, manager: ApiClient) -> None:
    stations = await manager.stations(PLACE)
    assert [station.name for station in stations] == [station.name for station in PIZZERIA.stations]
    kept: list[str] = []
    async with ApiClient(house.server.url, sleep=at_once, on_rotate=kept.append) as display:
        code = await display.begin_pairing("kitchen", "Kitchen display")
        waiting = await manager.waiting_device(PLACE, code.user_code)
        assert (waiting.kind, waiting.name) == ("kitchen", "Kitchen display")
        made = await manager.approve_device(PLACE, code.user_code, name="Grill", station_ids=[stations[0].id])
        assert (await display.pair(code)).device == made
        assert await display.device() in await manager.devices(PLACE)
        assert (await display.me()).user.email is None
        assert (await display.orders(PLACE, at_most=1)).position is not None
        await manager.change_device(made.id, name="Cold", station_ids=[])
        assert ((await display.device()).name, (await display.device()).station_ids) == ("Cold", ())
    async with ApiClient(house.server.url, refresh_token=kept[-1]) as later:  # after a restart
        assert (await later.device()).id == made.id
        await manager.revoke_device(made.id)
        with pytest.raises(ProblemError) as refused:
            await later.device()
        assert refused.value.status == 401
    assert made.id not in {device.id for device in await manager.devices(PLACE)}


async def test_a_display_that_is_turned_away_is_told(house: House, manager: ApiClient) -> None:
    async with ApiClient(house.server.url, sleep=at_once) as display:
        code = await display.begin_pairing("kitchen", "Pass")
        await manager.deny_device(PLACE, code.user_code)
        with pytest.raises(PairingEnded, match="turned away"):
            await display.pair(code)
        with pytest.raises(NotLoggedIn):
            await display.me()


async def test_a_pin_gives_a_client_of_that_person(house: House, manager: ApiClient) -> None:
    me = (await manager.me()).user
    staff = await manager.request("GET", "/staff", params={"restaurant_id": PLACE})
    mine = next(member["id"] for member in staff if member["user_id"] == me.id)
    await manager.request("PUT", f"/staff/{mine}/pin", body={"pin": "482913"})
    asked: list[str] = []
    async with ApiClient(
        house.server.url, sleep=at_once, observe=lambda exchange: asked.append(exchange.path)
    ) as till:
        await join(till, manager, "till", "Till 1")
        asked.clear()
        with pytest.raises(ProblemError, match="invalid_pin"):
            await till.sign_in_by_pin(mine, "000000")
        assert asked == ["/auth/pin"], "a wrong PIN is given once"
        async with await till.sign_in_by_pin(mine, "482913") as person:
            assert (await person.me()).user == me
            assert (await till.me()).user != me
            assert (await person.device()).name == "Till 1"
            with pytest.raises(NotLoggedIn):
                await person.tokens.refresh(await person.tokens.token())
