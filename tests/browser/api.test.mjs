import assert from "node:assert/strict";
import test from "node:test";

import { ApiClient, lowest, NotLoggedIn, ProblemError, ServerClock, Unreachable, uuid, withAvailability } from "../../fynlo/web/static/fynlo.js";
import { answer, Clock, Network, network, pair, problem, settled, sockets, Storage, Tokens } from "./fakes.mjs";

const URL = "http://fynlo.test";
const ORDER = { id: "o1", version: 7 };

function client(handler, options = {}) {
  const clock = new Clock();
  const net = network(handler);
  const tokens = new Tokens();
  const api = new ApiClient(URL, { fetch: net.fetch, clock, tokens, ...options });
  return { api, clock, tokens, requests: net.requests };
}

/** How long the client waited before each try. */
async function waits(clock, promise) {
  const seen = [];
  let over = false;
  const ended = promise.catch((error) => error).finally(() => (over = true));
  for (;;) {
    await settled();
    if (over) return { seen, result: await ended };
    seen.push(clock.due[0]);
    await clock.pass(clock.due[0]);
  }
}

test("a read is tried three times: 1 s, then 2 s", async () => {
  const { api, clock, requests } = client(() => problem(503, "unavailable"));
  const { seen, result } = await waits(clock, api.restaurants());
  assert.deepEqual(seen, [1_000, 2_000]);
  assert.equal(requests.length, 3);
  assert.equal(result.status, 503);
  assert.equal(clock.timers.size, 0);
});

test("Retry-After is obeyed, in seconds and as a date, unless it asks for more than a minute", async () => {
  const { api, clock } = client((_, n) =>
    n === 1 ? problem(429, "too_many_requests", { "retry-after": "7" })
    : n === 2 ? problem(503, "unavailable", {
        "retry-after": "Mon, 23 Nov 2026 12:00:09 GMT", date: "Mon, 23 Nov 2026 12:00:00 GMT" })
    : answer(200, []));
  assert.deepEqual((await waits(clock, api.restaurants())).seen, [7_000, 9_000]);
  const patient = client(() => problem(429, "too_many_requests", { "retry-after": "900" }));
  const { seen, result } = await waits(patient.clock, patient.api.restaurants());
  assert.deepEqual(seen, []);
  assert.equal(result.retryAfterMs, 900_000);
});

test("a write keeps its idempotency key over its tries, and each call has its own", async () => {
  const { api, clock, requests } = client((_, n) => (n < 3 ? new TypeError("network") : answer(201, ORDER)));
  await waits(clock, api.createOrder({ items: [] }));
  await waits(clock, api.createOrder({ items: [] }));
  const keys = requests.map(({ headers }) => headers["Idempotency-Key"]);
  assert.equal(new Set(keys.slice(0, 3)).size, 1);
  assert.notEqual(keys[3], keys[0]);
  assert.match(keys[0], /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("an idempotency key in flight is tried again; no other 4xx is", async () => {
  const { api, clock } = client((_, n) =>
    n === 1 ? problem(409, "idempotency_in_flight", { "retry-after": "1" }) : answer(201, ORDER));
  assert.deepEqual((await waits(clock, api.createOrder({}))).seen, [1_000]);
  for (const [status, code] of [[400, "malformed_body"], [403, "forbidden"], [409, "id_conflict"], [422, "validation_failed"]]) {
    const { api, clock, requests } = client(() => problem(status, code));
    const { result } = await waits(clock, api.createOrder({}));
    assert.equal(result.code, code);
    assert.equal(requests.length, 1);
  }
});

test("what carries no idempotency key is sent once", async () => {
  const { api, clock, requests } = client(() => new TypeError("network"));
  const { result } = await waits(clock, api.request("PATCH", "/orders/o1", { body: {} }));
  assert.ok(result instanceof Unreachable);
  assert.equal(requests.length, 1);
});

test("a request has 15 s", async () => {
  const { api, clock } = client(() => null);
  const waiting = assert.rejects(api.request("PATCH", "/orders/o1", { body: {} }), /15 s/);
  await settled();
  assert.deepEqual(clock.due, [15_000]);
  await clock.pass(15_000);
  await waiting;
});

test("a 401 forces one refresh and asks once more", async () => {
  const { api, tokens, requests } = client(({ headers }) =>
    headers.Authorization === "Bearer t0" ? problem(401, "unauthorized") : answer(200, []));
  await api.restaurants();
  assert.deepEqual(tokens.asked, ["t0"]);
  assert.equal(requests.length, 2);
  const refused = client(() => problem(401, "unauthorized"));
  await assert.rejects(refused.api.restaurants(), ProblemError);
  assert.equal(refused.requests.length, 2);
});

test("a call refreshes once over all its tries", async () => {
  const { api, clock, tokens } = client((_, n) => (n === 2 ? problem(503, "unavailable") : problem(401, "unauthorized")));
  const { result } = await waits(clock, api.createOrder({}));
  assert.equal(result.status, 401);
  assert.deepEqual(tokens.asked, ["t0"]);
});

test("a hundred requests that are refused at once make one refresh", async () => {
  let refuse;
  const refused = new Promise((resolve) => (refuse = resolve));
  const { api, requests } = client(async ({ url, headers }, n) => {
    if (url.endsWith("/login")) return pair(1);
    if (url.endsWith("/refresh")) return pair(2);
    if (headers.Authorization !== "Bearer a1") return answer(200, []);
    if (n === 101) refuse();
    await refused;
    return problem(401, "token_invalid");
  }, { tokens: undefined });
  await api.login("k@x.test", "p");
  await Promise.all(Array.from({ length: 100 }, () => api.restaurants()));
  assert.equal(requests.filter(({ url }) => url.endsWith("/refresh")).length, 1);
  assert.equal(requests.length, 202);
});

test("closing ends feeds, requests, waits and what else there is", async () => {
  const made = sockets();
  const net = new Network();
  const { api, clock } = client(({ url }) => (url.endsWith("/orders") ? new TypeError("away") : null), {
    WebSocket: made.WebSocket, network: net,
  });
  const feeds = [api.feed("r"), api.feed("r2")];
  const ends = [
    ...feeds.map((feed) => assert.rejects(feed.connect(), { reason: "disconnected" })),
    assert.rejects(api.restaurants(), /closed/),
    assert.rejects(api.createOrder({}), /closed/),
  ];
  await settled();
  assert.deepEqual(clock.due, [1_000, 10_000, 10_000, 15_000]);
  await api.close();
  await Promise.all(ends);
  assert.equal(clock.timers.size, 0);
  assert.equal(net.listeners.length, 0);
  assert.ok(made.opened.every(({ closed, handlers }) => closed && handlers === 0));
  await assert.rejects(api.restaurants(), { name: "Unreachable" });
});

test("a menu that has not changed comes from memory, with its place in the feed; the whole is read in pages", async () => {
  const products = Array.from({ length: 150 }, (_, id) => ({ id }));
  const { api, requests } = client(({ url, headers }, n) => {
    const head = { etag: '"m1"', "x-total-count": "150", "fynlo-feed": `e1:${40 + n}` };
    const page = Number(new globalThis.URL(url).searchParams.get("page"));
    if (headers["If-None-Match"] === '"m1"') return answer(304, null, head);
    return answer(200, products.slice((page - 1) * 100, page * 100), head);
  });
  assert.deepEqual(await api.menuAll("r"), { items: products, position: { epoch: "e1", seq: 41 } });
  assert.deepEqual(await api.menuAll("r"), { items: products, position: { epoch: "e1", seq: 43 } });
  assert.deepEqual(requests.map(({ headers }) => headers["If-None-Match"]), [undefined, undefined, '"m1"', '"m1"']);
});

test("the log and the audit are read page by page", async () => {
  const link = (path) => ({ link: `<${path}>; rel="next"`, "fynlo-feed": "e1:43" });
  const { api, requests } = client((_, n) =>
    n % 2 ? answer(200, [{ seq: 42 }], link("/api/v1/next?after=43")) : answer(200, [], { "fynlo-feed": "e1:50" }));
  const pages = [];
  for await (const page of api.events("r", { epoch: "e1", seq: 41 })) pages.push(page);
  assert.deepEqual(pages, [
    { items: [{ seq: 42 }], position: { epoch: "e1", seq: 43 } }, { items: [], position: { epoch: "e1", seq: 50 } },
  ]);
  assert.deepEqual(requests.map(({ url }) => url), [
    `${URL}/api/v1/events?restaurant_id=r&limit=200&after=41&epoch=e1`, `${URL}/api/v1/next?after=43`,
  ]);
  const entries = [];
  for await (const entry of api.audit("r", { action: "order.cancelled" })) entries.push(entry);
  assert.equal(entries.length, 1);
});

test("the lowest of several positions", () => {
  const [one, two, other] = [{ epoch: "e1", seq: 5 }, { epoch: "e1", seq: 4 }, { epoch: "e2", seq: 1 }];
  assert.deepEqual([lowest(one, two), lowest(one, other), lowest(one, null), lowest()], [two, one, null, null]);
});

test("a menu that is shown follows what the feed says is left", () => {
  const olives = { id: "m", availability: { state: "in_stock" } };
  const pizza = { id: "p", availability: { state: "in_stock" }, modifier_groups: [{ id: "g", modifiers: [olives] }] };
  const fries = { id: "f", availability: { state: "in_stock" }, modifier_groups: [] };
  const out = { state: "out_of_stock", quantity: 0 };
  const sold = { type: "inventory.out_of_stock", data: { product_id: "f", availability: out } };
  assert.deepEqual(withAvailability([pizza, fries], sold), [pizza, { ...fries, availability: out }]);
  const [after, same] = withAvailability([pizza, fries], { ...sold, data: { modifier_id: "m", availability: out } });
  assert.deepEqual(after.modifier_groups[0].modifiers, [{ id: "m", availability: out }]);
  assert.deepEqual([after.availability, same], [pizza.availability, fries]);
  assert.equal(pizza.modifier_groups[0].modifiers[0], olives, "what was given stays as it was");
  assert.deepEqual(withAvailability([pizza], { type: "order.created", data: { product_id: "p" } }), [pizza]);
});

test("who 86s says so", async () => {
  const { api, requests } = client(() => answer(200, { id: "f", availability: { state: "out_of_stock" } }));
  assert.equal((await api.setAvailability("product", "f", { state: "out_of_stock" })).id, "f");
  const [{ method, url, body }] = requests;
  assert.deepEqual([method, url, body], ["PUT", `${URL}/api/v1/products/f/availability`, { state: "out_of_stock" }]);
});

test("a status is set from the version that was seen; a conflict brings the order as it is", async () => {
  const { api, requests } = client((_, n) =>
    n === 1 ? answer(200, ORDER) : problem(412, "version_conflict", {}, { current: { ...ORDER, version: 9 } }));
  await api.setStatus(ORDER, "ready");
  assert.equal(requests[0].headers["If-Match"], '"7"');
  assert.deepEqual(requests[0].body, { status: "ready" });
  await assert.rejects(api.setStatus(ORDER, "ready"), (error) => error.current.version === 9);
});

test("all pages are read, and the position is the lowest of theirs", async () => {
  const { api, requests } = client((_, n) =>
    n === 1
      ? answer(200, [{ id: 1 }], {
          "fynlo-feed": "e1:12",
          link: '</api/v1/orders?x=1>; rel="prev", <https://proxy.example/api/v1/orders?cursor=a%3Db>; rel="next"',
        })
      : answer(200, [{ id: 2 }], { "fynlo-feed": "e1:9" }));
  const orders = await api.orders("r", { status: ["pending", "ready"] });
  assert.deepEqual(orders, { items: [{ id: 1 }, { id: 2 }], position: { epoch: "e1", seq: 9 } });
  assert.deepEqual(requests.map(({ url }) => url), [
    `${URL}/api/v1/orders?restaurant_id=r&status=pending&status=ready&limit=100`,
    `${URL}/api/v1/orders?cursor=a%3Db`,
  ]);
});

test("logging out forgets the session even if the server is away", async () => {
  const storage = new Storage();
  const { api, clock } = client(({ url }) => (url.endsWith("/auth/login") ? pair(1) : new TypeError("away")), {
    tokens: undefined, storage,
  });
  await api.login("k@x.test", "p");
  assert.equal(storage.items.size, 1);
  await waits(clock, api.logout());
  assert.equal(storage.items.size, 0);
  await assert.rejects(api.me(), NotLoggedIn);
});

test("the server's time comes from heartbeats, from the Date of answers without them", () => {
  const clock = new Clock();
  const server = new ServerClock(clock);
  const date = clock.now() + 3_600_000;
  server.observe(date + 500, clock.now(), clock.now(), 500);
  assert.equal(server.now(), date + 500);
  clock.time += 40;
  server.observe(date + 120, clock.now() - 40, clock.now()); // halfway: the clock showed this 20 ms ago
  assert.equal(server.now(), date + 140);
  clock.time += 1_000;
  server.observe(date, clock.now(), clock.now(), 500); // coarser than what is known
  assert.equal(server.now(), date + 1_140);
  server.observe(NaN, clock.now(), clock.now());
  assert.equal(server.now(), date + 1_140);
});

test("logging out everywhere says when the server was not told", async () => {
  const { api } = client(({ url }) => (url.endsWith("/login") ? pair(1) : new TypeError("away")), { tokens: undefined });
  await api.login("k@x.test", "p");
  await assert.rejects(api.logoutEverywhere(), Unreachable);
  await assert.rejects(api.me(), NotLoggedIn);
});

test("ids can be made where there is no crypto", () => {
  assert.equal(uuid(() => 0.5), "80808080-8080-4080-8080-808080808080");
});
