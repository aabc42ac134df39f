import assert from "node:assert/strict";
import test from "node:test";

import { ApiClient, ProblemError } from "../../fynlo/web/static/fynlo.js";
import { Following } from "../../fynlo/web/static/kitchen_follow.js";
import { answer, Clock, EPOCH, network, problem, settled, sockets, Tokens } from "./fakes.mjs";
import { order } from "./orders.mjs";

/** A server with `orders` at `seq`; `down` answers nothing, `next` answers the next request. */
function kitchen() {
  const server = { orders: [order(1)], seq: 5, epoch: EPOCH, down: false, next: [] };
  const clock = new Clock();
  const tokens = new Tokens();
  const made = sockets();
  const net = network((request) => {
    if (server.down) return new TypeError("connection refused");
    if (server.next.length) return server.next.shift()(request);
    return answer(200, server.orders, { "fynlo-feed": `${server.epoch}:${server.seq}` });
  });
  const api = new ApiClient("http://fynlo.test", {
    fetch: net.fetch, WebSocket: made.WebSocket, clock, random: () => 0, tokens, network: null,
  });
  const phases = [];
  const changes = [];
  const following = new Following(api, "r", {
    clock, random: () => 0,
    onState: ({ phase, why }) => phases.push(why ? `${phase}: ${why}` : phase),
    onChanges: (more, first) => changes.push([first, more.map(({ kind, ticket }) => `${kind} ${ticket.order.number}`)]),
  });
  const world = {
    server, clock, tokens, made, following, phases, changes, requests: net.requests,
    numbers: () => following.board.tickets.map(({ order }) => order.number),
    async up(fields = {}) {
      await settled();
      made.last.open();
      made.last.authenticated({ seq: server.seq, recovered: true, ...fields });
      await settled();
    },
    say: (seq, of, prev = seq - 1) => made.last.event(seq, prev, { data: { order: of } }),
  };
  return world;
}

async function live() {
  const world = kitchen();
  world.following.start();
  await world.up();
  return world;
}

test("a snapshot, then the feed from there", async () => {
  const world = await live();
  assert.match(world.requests[0].url, /restaurant_id=r&status=pending&status=confirmed&status=preparing&status=ready/);
  assert.match(world.made.last.address, /\/ws\/kitchen\/r$/);
  assert.deepEqual([world.made.last.sent[0].last_seq, world.made.last.sent[0].epoch], [5, EPOCH]);
  world.say(6, order(2));
  assert.deepEqual(world.numbers(), [1, 2]);
  assert.deepEqual(world.phases, ["live"]);
  assert.deepEqual(world.changes, [[true, ["opened 1"]], [false, ["opened 2"]]]);
});

test("an empty kitchen is told, too", async () => {
  const world = kitchen();
  world.server.orders = [];
  world.following.start();
  await world.up();
  assert.deepEqual(world.changes, [[true, []]]);
});

test("a server that restarts is waited for; what came meanwhile is replayed, without a snapshot", async () => {
  const world = await live();
  world.made.last.drop(1012);
  assert.deepEqual(world.phases, ["live", "away"]);
  assert.deepEqual(world.numbers(), [1], "what hangs stays");
  await world.clock.pass(1_000);
  await world.up({ seq: 6, replayed: 1 });
  world.say(6, order(2));
  assert.deepEqual(world.numbers(), [1, 2]);
  assert.equal(world.phases.at(-1), "live");
  assert.equal(world.requests.length, 1);
});

test("a gap is closed by a snapshot, and it is not live before that", async () => {
  const world = await live();
  world.server.orders = [order(1), order(2), order(3)];
  world.server.seq = 12;
  world.say(9, order(3), 8);
  assert.equal(world.phases.at(-1), "away");
  await settled();
  assert.deepEqual(world.phases, ["live", "away", "live"]);
  assert.deepEqual(world.numbers(), [1, 2, 3]);
  world.say(12, order(2, { version: 9 }), 9);
  assert.equal(world.following.board.order("o2").version, 1, "what the snapshot includes is not told again");
});

test("a resync whose snapshot fails is tried until there is one; another one meanwhile is not forgotten", async () => {
  const world = await live();
  world.server.down = true;
  const resync = (seq) => world.made.last.say({ type: "resync", reason: "below_floor", seq, epoch: EPOCH });
  resync(20);
  await world.clock.pass(3_000); // the client's own tries
  assert.equal(world.phases.at(-1), "away");
  resync(30);
  world.server.down = false;
  world.server.orders = [order(7)];
  world.server.seq = 30;
  await world.clock.pass(5_000);
  assert.deepEqual(world.numbers(), [7]);
  assert.equal(world.phases.at(-1), "live");
});

test("a resync during a snapshot takes another one", async () => {
  const world = await live();
  let release;
  world.server.next.push(() => new Promise((resolve) => (release = resolve)));
  world.made.last.say({ type: "resync", reason: "gap", seq: 20, epoch: EPOCH });
  await settled();
  world.made.last.say({ type: "resync", reason: "epoch_changed", seq: 3, epoch: "e2" });
  Object.assign(world.server, { epoch: "e2", seq: 3, orders: [order(8)] });
  release(answer(200, [order(1)], { "fynlo-feed": `${EPOCH}:20` }));
  await settled();
  assert.deepEqual(world.numbers(), [8]);
  assert.equal(world.phases.at(-1), "live");
});

test("a server that is away at the start is tried 1, 2, 4 … 30 s later, and at once when the network is back", async () => {
  const world = kitchen();
  world.server.down = true;
  world.following.start();
  const gaps = [];
  for (let n = 0; n < 6; n++) {
    await world.clock.pass(3_000); // the client's own tries
    gaps.push(world.clock.due[0]);
    await world.clock.pass(world.clock.due[0]);
  }
  assert.deepEqual(gaps, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
  assert.equal(world.phases.at(-1), "away");
  await world.clock.pass(3_000);
  world.server.down = false;
  world.following.retryNow();
  await world.up();
  assert.equal(world.phases.at(-1), "live");
});

test("a server that falls silent is not live before its drop is noticed", async () => {
  const world = await live();
  await world.clock.pass(34_999);
  assert.deepEqual(world.phases, ["live"]);
  await world.clock.pass(1);
  assert.deepEqual(world.phases, ["live", "away"]);
});

for (const [close, why] of [[4004, "refused"], [4000, ""]]) {
  test(`close ${close} ${why ? "asks for another restaurant" : "begins again, with a snapshot"}`, async () => {
    const world = await live();
    world.made.last.drop(close);
    if (why) {
      assert.equal(world.phases.at(-1), `stopped: ${why}`);
      assert.equal(world.clock.timers.size, 0);
      return;
    }
    assert.equal(world.phases.at(-1), "away");
    await world.clock.pass(30_000);
    await world.up();
    assert.equal(world.phases.at(-1), "live");
    assert.equal(world.requests.length, 2);
  });
}

test("a session that is over asks for a login, whoever notices", async () => {
  const ended = () => new ProblemError(401, { code: "refresh_invalid", detail: "Sign in again." }, null);
  const byFeed = await live();
  byFeed.tokens.failures.push(ended());
  byFeed.made.last.drop(4005);
  await byFeed.clock.pass(1_000);
  assert.equal(byFeed.phases.at(-1), "stopped: unauthenticated");
  assert.equal(byFeed.clock.timers.size, 0);
  const byRest = kitchen();
  byRest.tokens.failures.push(ended());
  byRest.following.start();
  await settled();
  assert.deepEqual(byRest.phases, ["stopped: unauthenticated"]);
});

test("a press moves the order, from the version that is shown", async () => {
  const world = await live();
  world.server.next.push(() => answer(200, order(1, { version: 2, status: "preparing" })));
  await world.following.press("o1", "preparing");
  const request = world.requests.at(-1);
  assert.equal(request.headers["If-Match"], '"1"');
  assert.ok(request.headers["Idempotency-Key"]);
  assert.equal(world.following.board.order("o1").status, "preparing");
});

test("a press on what has changed draws it, and is tried again while it makes sense", async () => {
  const world = await live();
  world.server.next.push(
    () => problem(412, "version_conflict", {}, { current: order(1, { version: 4, notes: "no salt" }) }),
    () => answer(200, order(1, { version: 5, status: "preparing", notes: "no salt" })),
  );
  await world.following.press("o1", "preparing");
  const presses = world.requests.slice(-2);
  assert.deepEqual(presses.map(({ headers }) => headers["If-Match"]), ['"1"', '"4"']);
  assert.equal(world.following.board.order("o1").version, 5);
  world.server.next.push(
    () => problem(412, "version_conflict", {}, { current: order(1, { version: 6, status: "ready" }) }));
  await world.following.press("o1", "ready");
  assert.equal(world.following.board.order("o1").status, "ready", "somebody else has done it");
  assert.equal(world.server.next.length, 0);
});

test("a press that is refused shows the order as it is, and why", async () => {
  const world = await live();
  world.server.next.push(
    () => problem(409, "payment_due"),
    () => answer(200, order(1, { version: 3, status: "ready" })),
  );
  await assert.rejects(world.following.press("o1", "completed"), { code: "payment_due" });
  assert.equal(world.following.board.order("o1").status, "ready");
});

test("stopping leaves nothing, whatever is under way", async () => {
  const world = await live();
  world.server.down = true;
  world.made.last.say({ type: "resync", reason: "gap", seq: 20, epoch: EPOCH });
  await world.clock.pass(3_000);
  assert.ok(world.clock.timers.size > 0, "there is something to leave");
  await world.following.stop();
  assert.equal(world.clock.timers.size, 0);
  assert.ok(world.made.opened.every(({ closed, handlers }) => closed && handlers === 0));
});
