import assert from "node:assert/strict";
import test from "node:test";

import { ApiClient, NotLoggedIn, PairingEnded, ProblemError, TokenManager, Unreachable } from "../../fynlo/web/static/fynlo.js";
import { answer, Clock, network, pair as tokens, problem, Storage } from "./fakes.mjs";

const URL = "http://fynlo.test";
const CODE = { device_code: "secret", user_code: "BCDF-GHJK", verification_uri: `${URL}/pair`, expires_in: 900, interval: 5 };
const PENDING = () => problem(400, "authorization_pending");

/** A device that polls; `at` lists the seconds at which it did. */
function polling(handler, { code = CODE, ...options } = {}) {
  const clock = new Clock();
  const began = clock.now();
  const at = [];
  const net = network((request, n) => {
    at.push((clock.now() - began) / 1000);
    return handler(request, n);
  });
  const storage = new Storage();
  const session = new TokenManager(URL, { fetch: net.fetch, clock, storage });
  const told = [];
  const paired = session.pair(code, { onPoll: (error) => told.push(error.code ?? error.name), ...options });
  paired.catch(() => {});
  return { clock, at, requests: net.requests, session, storage, told, paired };
}

test("it asks every interval, and has the device's session when the code is approved", async () => {
  const { clock, at, requests, session, storage, told, paired } = polling((_, n) => (n < 3 ? PENDING() : tokens(1)));
  await clock.pass(15_000);
  assert.equal((await paired).access_token, "a1");
  assert.deepEqual(at, [5, 10, 15]);
  assert.deepEqual(told, ["authorization_pending", "authorization_pending"]);
  assert.deepEqual(requests[0].body, {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: "secret",
  });
  assert.equal(requests[0].headers.Authorization, undefined);
  assert.equal(await session.token(), "a1");
  assert.equal(clock.timers.size, 0);
  const again = new TokenManager(URL, { fetch: network(() => tokens(9)).fetch, clock, storage });
  assert.equal(await again.token(), "a1", "the next page goes on with it");
});

test("slow_down adds five seconds, for good; without an interval it is five", async () => {
  const { interval: _, ...code } = CODE;
  const answers = [PENDING, () => problem(400, "slow_down"), PENDING, () => problem(400, "slow_down"), PENDING, PENDING];
  const { clock, at } = polling((_, n) => answers[n - 1](), { code });
  await clock.pass(60_000);
  assert.deepEqual(at, [5, 10, 20, 30, 45, 60]);
});

test("while nothing answers it asks less and less often, and goes on when something does", async () => {
  const { clock, at, paired, told } = polling((_, n) => (n <= 4 ? new TypeError("away") : n === 5 ? PENDING() : tokens(1)));
  await clock.pass(80_000);
  assert.equal((await paired).access_token, "a1");
  assert.deepEqual(at, [5, 10, 20, 40, 70, 75]);
  assert.equal(told[0], "Unreachable");
});

test("a server that is overloaded is asked again when it says", async () => {
  const { clock, at, paired } = polling((_, n) => (n === 1 ? problem(503, "unavailable", { "Retry-After": "12" }) : tokens(1)));
  await clock.pass(20_000);
  await paired;
  assert.deepEqual(at, [5, 17]);
});

for (const [code, reason] of [["access_denied", "access_denied"], ["expired_token", "expired_token"], ["invalid_grant", "expired_token"]])
  test(`${code} ends it`, async () => {
    const { clock, at, paired } = polling(() => problem(400, code));
    await clock.pass(60_000);
    await assert.rejects(paired, (error) => error instanceof PairingEnded && error.reason === reason);
    assert.equal(at.length, 1);
    assert.equal(clock.timers.size, 0);
  });

test("a code that ran out while nothing answered is given up a minute later", async () => {
  const { clock, at, paired } = polling(() => new TypeError("away"));
  await clock.pass(959_000);
  assert.ok(at.at(-1) > 900);
  await clock.pass(40_000);
  await assert.rejects(paired, { name: "PairingEnded", reason: "expired_token" });
  assert.equal(clock.timers.size, 0);
});

test("who gives up asks no more", async () => {
  const ending = new AbortController();
  const { clock, at, paired } = polling(PENDING, { signal: ending.signal });
  await clock.pass(6_000);
  ending.abort();
  await assert.rejects(paired, Unreachable);
  await clock.pass(60_000);
  assert.equal(at.length, 1);
  assert.equal(clock.timers.size, 0);
});

test("any other refusal reaches the caller", async () => {
  const { clock, paired } = polling(() => problem(422, "validation_failed"));
  await clock.pass(5_000);
  await assert.rejects(paired, { status: 422 });
});

test("a page whose session has ended leaves alone what another page has begun since", async () => {
  const storage = new Storage();
  const clock = new Clock();
  const session = new TokenManager(URL, { fetch: network((_, n) => tokens(n)).fetch, clock, storage });
  await session.login("k@x.test", "p");
  const other = JSON.stringify({ ...JSON.parse(storage.getItem("fynlo.session")), user: "the screen, paired anew" });
  storage.setItem("fynlo.session", other);
  await session.forget();
  assert.equal(storage.getItem("fynlo.session"), other);
  storage.items.clear();
  await session.login("k@x.test", "p");
  await session.forget();
  assert.equal(storage.items.size, 0);
});

function device(handler) {
  const clock = new Clock();
  const net = network((request, n) => (request.url.endsWith("/auth/login") ? tokens(1) : handler(request, n)));
  return { api: new ApiClient(URL, { fetch: net.fetch, clock }), clock, requests: net.requests };
}

test("a wrong PIN is given once: it is no reason to renew the device's token", async () => {
  const { api, requests } = device(() => problem(401, "invalid_pin"));
  await api.login("till@x.test", "p");
  await assert.rejects(api.signInByPin("s", "000000"), (error) => error instanceof ProblemError && error.code === "invalid_pin");
  assert.deepEqual(requests.map(({ url }) => url.split("/api/v1")[1]), ["/auth/login", "/auth/pin"]);
});

test("a PIN gives a client of that person, until its token is over", async () => {
  const { api, clock, requests } = device(({ url }) =>
    answer(200, url.endsWith("/auth/pin") ? { access_token: "person", expires_in: 900 } : {}));
  await api.login("till@x.test", "p");
  const person = await api.signInByPin("s", "482913");
  await person.me();
  assert.equal(requests.at(-1).headers.Authorization, "Bearer person");
  await api.me();
  assert.equal(requests.at(-1).headers.Authorization, "Bearer a1");
  await clock.pass(900_000);
  await assert.rejects(person.me(), NotLoggedIn);
});
