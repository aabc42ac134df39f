import assert from "node:assert/strict";
import test from "node:test";

import { NotLoggedIn, ProblemError, TokenManager, Unreachable } from "../../fynlo/web/static/fynlo.js";
import { answer, Clock, network, pair, problem, settled, Storage } from "./fakes.mjs";

const URL = "http://fynlo.test";

function session(handler, options = {}) {
  const clock = new Clock();
  const net = network(handler);
  const tokens = new TokenManager(URL, { fetch: net.fetch, clock, ...options });
  const refreshes = () => net.requests.filter(({ url }) => url.endsWith("/auth/refresh"));
  return { clock, tokens, requests: net.requests, refreshes };
}

test("a token is used until a minute before it expires, then replaced", async () => {
  const { clock, tokens, refreshes } = session((_, n) => pair(n));
  await tokens.login("k@x.test", "p");
  await clock.pass(839_000);
  assert.equal(await tokens.token(), "a1");
  assert.equal(refreshes().length, 0);
  await clock.pass(1_000);
  assert.equal(await tokens.token(), "a2");
  assert.deepEqual(refreshes().map(({ body }) => body), [{ refresh_token: "r1" }]);
  assert.equal(clock.timers.size, 0);
});

test("a token that lives less than two minutes is used for half of its life", async () => {
  const { clock, tokens, refreshes } = session((_, n) => pair(n, 10));
  await tokens.login("k@x.test", "p");
  await clock.pass(4_999);
  assert.equal(await tokens.token(), "a1");
  await clock.pass(1);
  assert.equal(await tokens.token(), "a2");
  assert.equal(refreshes().length, 1);
});

test("a hundred callers during a refresh make one refresh call and all get its token", async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const { clock, tokens, refreshes } = session(async (_, n) => {
    if (n > 1) await held;
    return pair(n);
  });
  await tokens.login("k@x.test", "p");
  await clock.pass(900_000);
  const callers = Array.from({ length: 100 }, (_, i) => (i % 2 ? tokens.token() : tokens.refresh("a1")));
  await settled();
  release();
  assert.deepEqual(new Set(await Promise.all(callers)), new Set(["a2"]));
  assert.equal(refreshes().length, 1);
});

test("a failed refresh reaches every waiter, and the next call tries anew", async () => {
  const { clock, tokens, refreshes } = session((_, n) => (n === 2 ? problem(503, "unavailable") : pair(n)));
  await tokens.login("k@x.test", "p");
  await clock.pass(900_000);
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => tokens.token()));
  assert.ok(results.every(({ reason }) => reason instanceof ProblemError && reason.status === 503));
  assert.equal(refreshes().length, 1);
  assert.equal(await tokens.token(), "a3");
  assert.equal(refreshes().length, 2);
});

test("a refresh that gets no answer is given up after 5 s", async () => {
  const { clock, tokens } = session((_, n) => (n === 2 ? null : pair(n)));
  await tokens.login("k@x.test", "p");
  await clock.pass(900_000);
  const waiting = assert.rejects(tokens.token(), Unreachable);
  await settled();
  assert.deepEqual(clock.due, [5_000]);
  await clock.pass(5_000);
  await waiting;
  assert.equal(clock.timers.size, 0);
});

test("a refused token is replaced once, however many were refused with it", async () => {
  const { tokens, refreshes } = session((_, n) => pair(n));
  await tokens.login("k@x.test", "p");
  assert.equal(await tokens.refresh("a1"), "a2");
  assert.equal(await tokens.refresh("a1"), "a2");
  assert.equal(refreshes().length, 1);
});

test("a refused token is handed out to nobody while none can be had; one that is stale replaces none", async () => {
  const { clock, tokens } = session((_, n) => (n === 2 ? new TypeError("away") : pair(n)));
  await tokens.login("k@x.test", "p");
  await assert.rejects(tokens.refresh("a1"), Unreachable);
  assert.equal(await tokens.token(), "a3");
  await clock.pass(900_000);
  assert.equal(await tokens.refresh("a1"), "a4");
});

test("without a session there is no token", async () => {
  const { tokens, requests } = session(() => pair(1));
  await assert.rejects(tokens.token(), NotLoggedIn);
  assert.equal(requests.length, 0);
});

test("kept credentials log in again when the server refreshes no more; others do not", async () => {
  const ended = (request, n) => (request.url.endsWith("/auth/refresh") ? problem(401, "refresh_invalid") : pair(n));
  const kept = session(ended);
  await kept.tokens.login("k@x.test", "p", { keep: true });
  assert.equal(await kept.tokens.refresh("a1"), "a3");
  const plain = session(ended);
  await plain.tokens.login("k@x.test", "p");
  await assert.rejects(plain.tokens.refresh("a1"), { status: 401 });
});

test("a stored session outlives the page, with its token while that is good", async () => {
  const storage = new Storage();
  const first = session((_, n) => pair(n), { storage });
  await first.tokens.login("k@x.test", "p");
  const second = session(() => pair(9), { storage });
  assert.equal(await second.tokens.restore(), true);
  assert.equal(await second.tokens.token(), "a1");
  assert.equal(second.requests.length, 0);
  assert.ok(![...storage.items.values()].join().includes('"p"'), "no password is stored");
});

test("pages that share a storage never spend a refresh token twice", async () => {
  const storage = new Storage();
  const one = session((_, n) => pair(n), { storage });
  await one.tokens.login("k@x.test", "p");
  const other = session(() => pair(7), { storage });
  await other.tokens.restore();
  await one.clock.pass(850_000);
  await other.clock.pass(850_000);
  assert.equal(await one.tokens.token(), "a2");
  assert.equal(await other.tokens.token(), "a2");
  assert.equal(other.requests.length, 0);
});

test("an older pair in the storage, or another person's, is left alone", async () => {
  const storage = new Storage();
  const { tokens } = session((_, n) => pair(n), { storage });
  await tokens.login("k@x.test", "p");
  const old = storage.getItem("fynlo.session");
  assert.equal(await tokens.refresh("a1"), "a2");
  const mine = JSON.parse(storage.getItem("fynlo.session"));
  storage.setItem("fynlo.session", old);
  assert.equal(await tokens.refresh("a2"), "a3");
  storage.setItem("fynlo.session", JSON.stringify({ ...mine, expiresAt: mine.expiresAt + 1e6, user: "else" }));
  assert.equal(await tokens.refresh("a3"), "a4");
});

test("a storage that is forbidden, full or asynchronous does no harm", async () => {
  const broken = () => { throw new Error("denied"); };
  const { tokens } = session((_, n) => pair(n), {
    storage: { getItem: broken, setItem: broken, removeItem: broken },
  });
  await tokens.login("k@x.test", "p");
  assert.equal(await tokens.refresh("a1"), "a2");
  const items = new Storage();
  const later = {
    getItem: async (key) => items.getItem(key),
    setItem: async (key, value) => items.setItem(key, value),
    removeItem: async (key) => items.removeItem(key),
  };
  await session((_, n) => pair(n), { storage: later }).tokens.login("k@x.test", "p");
  assert.equal(await session(() => pair(9), { storage: later }).tokens.token(), "a1");
});

test("forgetting during a refresh forgets what it brings, too", async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const storage = new Storage();
  const { tokens } = session(async (_, n) => {
    if (n > 1) await held;
    return pair(n);
  }, { storage });
  await tokens.login("k@x.test", "p", { keep: true });
  const refreshed = tokens.refresh("a1");
  const forgotten = tokens.forget();
  release();
  await Promise.all([refreshed, forgotten]);
  assert.equal(storage.items.size, 0);
  await assert.rejects(tokens.token(), NotLoggedIn);
});

test("an answer without tokens is no login", async () => {
  const { tokens } = session(() => answer(200, { access_token: "a" }));
  await assert.rejects(tokens.login("k@x.test", "p"), { name: "BadAnswer" });
});
