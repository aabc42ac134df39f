import assert from "node:assert/strict";
import test from "node:test";

import { Feed, FeedStopped, NotLoggedIn, ProblemError, ServerClock, Unreachable } from "../../fynlo/web/static/fynlo.js";
import { Clock, EPOCH, Network, settled, sockets, Tokens } from "./fakes.mjs";

const JITTER = 0.25;

function feed(options = {}) {
  const clock = new Clock();
  const tokens = new Tokens();
  const net = new Network();
  const made = sockets();
  const it = new Feed("https://fynlo.test/", "r", tokens, {
    WebSocket: made.WebSocket, clock, random: () => JITTER, network: net, ...options,
  });
  const told = [];
  for (const kind of ["event", "connected", "disconnected", "resync", "stopped"])
    it.on(kind, (notice) => told.push([kind, notice]));
  const of = (kind) => told.filter(([k]) => k === kind).map(([, notice]) => notice);
  return { feed: it, clock, tokens, network: net, made, told, of, seqs: () => of("event").map(({ seq }) => seq) };
}

/** Opens and authenticates the latest socket. */
async function up(world, fields) {
  await settled();
  world.made.last.open();
  world.made.last.authenticated(fields);
  await settled();
}

async function started(options, fields) {
  const world = feed(options);
  world.connected = world.feed.connect();
  await up(world, fields);
  return world;
}

test("the first message authenticates; the token is not in the address", async () => {
  const { made, connected, feed: it } = await started({ socket: "kitchen", stationIds: ["s"] }, { seq: 57 });
  assert.equal(made.last.address, "wss://fynlo.test/api/v1/websocket/ws/kitchen/r");
  assert.deepEqual(made.last.sent, [{ type: "authenticate", token: "t0", restaurant_id: "r", station_ids: ["s"] }]);
  await connected;
  assert.deepEqual(it.position, { epoch: EPOCH, seq: 57 });
  assert.equal(it.connect(), connected, "a second connect changes nothing");
  assert.equal(made.opened.length, 1);
});

test("it resumes with last_seq and epoch, and what is known comes once", async () => {
  const world = await started({ position: { epoch: EPOCH, seq: 3 } }, { seq: 5, recovered: true, replayed: 2 });
  assert.deepEqual([world.made.last.sent[0].last_seq, world.made.last.sent[0].epoch], [3, EPOCH]);
  for (const seq of [4, 5, 5, 4, 6]) world.made.last.event(seq);
  world.made.last.drop();
  await world.clock.pass(1_250);
  world.made.last.open();
  assert.equal(world.made.last.sent[0].last_seq, 6);
  world.made.last.authenticated({ seq: 7, recovered: true, replayed: 1 });
  world.made.last.event(6);
  world.made.last.event(7);
  assert.deepEqual(world.seqs(), [4, 5, 6, 7]);
  assert.deepEqual(world.of("resync"), []);
});

test("a gap in prev_seq asks for a snapshot and goes on; a filtered seq is no gap", async () => {
  const world = await started({}, { seq: 10 });
  world.made.last.event(14, 10);
  assert.deepEqual(world.of("resync"), []);
  world.made.last.event(20, 17);
  assert.deepEqual(world.of("resync"), [{ reason: "gap", position: { epoch: EPOCH, seq: 20 } }]);
  assert.deepEqual(world.told.at(-2)[0], "resync");
  world.made.last.event(21);
  assert.deepEqual(world.seqs(), [14, 20, 21]);
  assert.equal(world.of("resync").length, 1);
});

test("after a resync it goes on from where the server says", async () => {
  const world = await started({ position: { epoch: "e0", seq: 90 } }, { epoch: "e2", seq: 4, recovered: false });
  world.made.last.say({ type: "resync", reason: "epoch_changed", seq: 4, epoch: "e2" });
  world.made.last.event(5);
  assert.deepEqual(world.of("resync").map(({ reason }) => reason), ["epoch_changed"]);
  assert.deepEqual(world.seqs(), [5]);
  assert.deepEqual(world.feed.position, { epoch: "e2", seq: 5 });
});

test("a resume that failed is told even if the connection breaks before the resync", async () => {
  const world = await started({ position: { epoch: "e0", seq: 90 } }, { seq: 4, recovered: false });
  world.made.last.drop();
  await world.clock.pass(1_250);
  world.made.last.open();
  assert.equal(world.made.last.sent[0].last_seq, 90, "the old position stays until the loss is told");
  world.made.last.authenticated({ seq: 4, recovered: false });
  world.made.last.event(5, 4);
  assert.deepEqual(world.told.slice(-2).map(([kind]) => kind), ["resync", "event"]);
});

test("what a snapshot includes is not told again, and is no gap", async () => {
  const world = await started({}, { seq: 10 });
  world.feed.continueFrom({ epoch: EPOCH, seq: 12 });
  world.feed.continueFrom({ epoch: "another", seq: 99 });
  for (const seq of [11, 12, 13]) world.made.last.event(seq);
  world.feed.continueFrom({ epoch: EPOCH, seq: 17 });
  world.made.last.event(19, 14); // 15 to 18 are not for this socket
  assert.deepEqual(world.seqs(), [13, 19]);
  assert.deepEqual(world.of("resync"), []);
});

test("reconnects follow the schedule: 1, 2, 4, 8, 16, 30, 30 s and jitter", async () => {
  const world = feed();
  world.feed.connect();
  const delays = [];
  for (let n = 0; n < 8; n++) {
    await settled();
    world.made.last.drop();
    delays.push(world.clock.due);
    await world.clock.pass(world.clock.due[0]);
  }
  assert.deepEqual(delays, [1, 2, 4, 8, 16, 30, 30, 30].map((s) => [s * 1_000 + JITTER * 1_000]));
  assert.deepEqual(world.of("disconnected").map(({ retryInMs }) => [retryInMs]), delays);
  await up(world);
  world.made.last.drop();
  assert.deepEqual(world.clock.due, [1_250], "an authenticated connection starts it anew");
  assert.equal(world.made.opened.length, 9, "one socket at a time");
});

test("going_away says when to come back", async () => {
  const world = await started();
  world.made.last.say({ type: "going_away", retry_after_ms: 3_210 });
  world.made.last.drop(1012);
  assert.deepEqual(world.clock.due, [3_210]);
  await world.clock.pass(3_210);
  assert.equal(world.made.opened.length, 2);
});

for (const [code, remedy] of [
  [1012, "retry"], [1009, "stop"], [4000, "stop"], [4001, "stop"], [4002, "retry"], [4003, "refresh"],
  [4004, "stop"], [4005, "refresh"], [4006, "retry"], [4008, "retry"], [4009, "late"], [4029, "late"],
  [1006, "retry"], [1011, "retry"],
]) {
  test(`close ${code}: ${remedy}`, async () => {
    const world = await started();
    world.made.last.say({ type: "auth_error", code: "why", message: "because" });
    world.made.last.drop(code);
    if (remedy === "stop") {
      assert.equal(world.feed.state, "stopped");
      assert.deepEqual(world.of("stopped").map(({ reason, code }) => [reason, code]), [["refused", code]]);
      assert.equal(world.clock.timers.size, 0);
      return;
    }
    assert.deepEqual(world.clock.due, [remedy === "late" ? 30_250 : 1_250]);
    await world.clock.pass(world.clock.due[0]);
    world.made.last.open();
    assert.equal(world.made.last.sent[0].token, remedy === "refresh" ? "t1" : "t0");
    assert.deepEqual(world.tokens.asked, remedy === "refresh" ? ["t0"] : []);
  });
}

test("a session that is over stops it; a refresh without an answer does not", async () => {
  const world = await started();
  world.tokens.failures.push(new Unreachable("away"));
  world.made.last.drop(4005);
  await world.clock.pass(1_250);
  assert.equal(world.feed.state, "waiting");
  await world.clock.pass(2_250);
  assert.deepEqual(world.tokens.asked, ["t0", "t0"]);
  await up(world);
  world.tokens.failures.push(new ProblemError(401, { code: "refresh_invalid", detail: "Sign in again." }, null));
  world.made.last.drop(4005);
  await world.clock.pass(1_250);
  assert.deepEqual(world.of("stopped"), [{ reason: "unauthenticated", detail: "Sign in again.", code: null }]);
  const without = feed();
  without.tokens.failures.push(new NotLoggedIn("log in first"));
  await assert.rejects(without.feed.connect(), FeedStopped);
});

test("max_attempts reconnects in a row, then an event", async () => {
  const world = feed({ maxAttempts: 2 });
  const connected = assert.rejects(world.feed.connect(), { reason: "max_attempts" });
  for (let n = 0; n < 3; n++) {
    await settled();
    world.made.last.drop();
    await world.clock.pass(60_000);
  }
  await connected;
  assert.equal(world.made.opened.length, 3);
  assert.equal(world.of("disconnected").length, 2);
});

test("a network that comes back is tried at once, and only once", async () => {
  const world = feed();
  world.feed.connect();
  for (let n = 0; n < 5; n++) {
    await settled();
    world.made.last.drop();
    await world.clock.pass(world.clock.due[0]);
  }
  world.made.last.drop();
  assert.equal(world.feed.state, "waiting");
  world.network.online();
  world.network.online();
  await settled();
  assert.equal(world.made.opened.length, 7);
  assert.deepEqual(world.clock.due, [10_000], "what is left is the time to open");
});

test("a ping every 30 s; three pongs missed reconnect, one that comes in time starts over", async () => {
  const world = await started();
  const socket = world.made.last;
  const silences = [];
  world.feed.on("silent", ({ missed }) => silences.push(missed));
  const pong = () => socket.say({ type: "pong", timestamp: socket.said("ping").at(-1).timestamp, seq: 0, epoch: EPOCH });
  await world.clock.pass(29_999);
  assert.equal(socket.said("ping").length, 0);
  await world.clock.pass(1);
  assert.equal(socket.said("ping").length, 1);
  await world.clock.pass(5_000);
  pong(); // too late
  await world.clock.pass(30_000);
  assert.deepEqual(silences, [1, 2]);
  await world.clock.pass(25_000);
  assert.equal(socket.said("ping").length, 3);
  pong();
  assert.deepEqual(silences, [1, 2, 0]);
  await world.clock.pass(94_999);
  assert.equal(world.feed.state, "connected");
  await world.clock.pass(1);
  assert.equal(world.feed.state, "waiting");
  assert.equal(socket.closed, true);
  assert.equal(socket.handlers, 0);
});

test("the heartbeat's terms are the server's", async () => {
  const world = await started({}, { heartbeat: { interval_s: 2, timeout_s: 1, max_missed: 1 } });
  await world.clock.pass(3_000);
  assert.equal(world.made.last.said("ping").length, 1);
  assert.equal(world.feed.state, "waiting");
});

test("a heartbeat shows a loss: a head not reached one heartbeat later, or another epoch", async () => {
  const world = await started({}, { seq: 5 });
  const beat = async (seq, epoch = EPOCH) => {
    await world.clock.pass(30_000);
    const { timestamp } = world.made.last.said("ping").at(-1);
    world.made.last.say({ type: "pong", timestamp, seq, epoch });
  };
  await beat(6);
  world.made.last.event(6);
  await beat(7);
  assert.equal(world.feed.state, "connected", "it may be under way");
  await beat(7);
  assert.equal(world.feed.state, "waiting");
  await world.clock.pass(1_250);
  await up(world, { seq: 7, recovered: true, replayed: 1 });
  await beat(7, "e9");
  assert.equal(world.feed.state, "waiting");
});

test("on the kitchen's socket a head beyond is no loss: it is not shown everything", async () => {
  const world = await started({ socket: "kitchen" }, { seq: 5 });
  for (let n = 0; n < 3; n++) {
    await world.clock.pass(30_000);
    world.made.last.say({ type: "pong", timestamp: world.made.last.said("ping").at(-1).timestamp, seq: 99, epoch: EPOCH });
  }
  assert.equal(world.feed.state, "connected");
});

test("a heartbeat tells the server's time", async () => {
  const clock = new Clock();
  const serverClock = new ServerClock(clock);
  const world = await started({ clock, serverClock });
  await clock.pass(30_000);
  const at = new Date(clock.now() + 7_200_000);
  world.made.last.say({
    type: "pong", timestamp: world.made.last.said("ping")[0].timestamp, seq: 0, epoch: EPOCH, server_time: at.toISOString(),
  });
  assert.equal(serverClock.now(), at.getTime());
});

test("acks are cumulative: at once, then one a second, then none", async () => {
  const world = await started();
  const acks = () => world.made.last.said("ack").map(({ seq }) => seq);
  world.made.last.event(1);
  assert.deepEqual(acks(), [1]);
  for (const seq of [2, 3, 4]) world.made.last.event(seq);
  assert.deepEqual(acks(), [1]);
  await world.clock.pass(1_000);
  assert.deepEqual(acks(), [1, 4]);
  await world.clock.pass(5_000);
  assert.deepEqual(acks(), [1, 4]);
  world.made.last.event(4);
  assert.deepEqual(acks(), [1, 4], "what was known is not shown again");
});

test("a token that expires is replaced on the open socket", async () => {
  const world = await started();
  world.made.last.say({ type: "token_expiring", expires_in: 60 });
  await settled();
  assert.deepEqual(world.made.last.said("reauthenticate"), [{ type: "reauthenticate", token: "t1" }]);
  world.made.last.say({ type: "reauthenticated", token_expires_in: 900 });
  world.made.last.drop(4003);
  await world.clock.pass(1_250);
  assert.deepEqual(world.tokens.asked, ["t0", "t1"], "the refused token is the latest");
});

test("a socket that does not open, or a server that does not answer, is given up after 10 s", async () => {
  const world = feed();
  world.feed.connect();
  await world.clock.pass(10_000);
  assert.equal(world.feed.state, "waiting");
  await world.clock.pass(1_250);
  world.made.last.open();
  await world.clock.pass(10_000);
  assert.equal(world.feed.state, "waiting");
  assert.ok(world.made.opened.every(({ closed, handlers }) => closed && handlers === 0));
});

test("what can't be read ends the connection; what a later server may say is passed over", async () => {
  const world = await started();
  world.made.last.say({ type: "novelty", of: "tomorrow" });
  assert.equal(world.feed.state, "connected");
  world.made.last.onmessage({ data: "{" });
  assert.equal(world.feed.state, "waiting");
});

test("a listener that throws stops nobody else; off takes one away", async (t) => {
  t.mock.method(console, "error", () => {});
  const world = await started();
  const seen = [];
  const off = world.feed.on("order.updated", () => seen.push("first"));
  world.feed.on("order.updated", () => { throw new Error("a bug of the page"); });
  world.feed.on("order.updated", () => seen.push("last"));
  world.made.last.event(1);
  off();
  world.made.last.event(2);
  assert.deepEqual(seen, ["first", "last", "last"]);
  assert.deepEqual(world.seqs(), [1, 2]);
  assert.equal(console.error.mock.callCount(), 2);
});

for (const when of ["connecting", "connected", "waiting"]) {
  test(`disconnect while ${when} leaves nothing`, async () => {
    const world = when === "connected" ? await started() : feed();
    const connected = world.feed.connect();
    await settled();
    if (when === "waiting") world.made.last.drop();
    if (when === "connected") {
      world.made.last.event(1);
      await world.clock.pass(30_000);
    }
    assert.equal(world.feed.state, when);
    assert.ok(world.clock.timers.size > 0, "there is something to leave");
    assert.equal(world.network.listeners.length, 1);
    await world.feed.disconnect();
    assert.equal(world.clock.timers.size, 0);
    assert.equal(world.network.listeners.length, 0);
    assert.equal(world.feed.listening, 0);
    assert.ok(world.made.opened.every(({ closed, handlers }) => closed && handlers === 0));
    assert.deepEqual(world.of("stopped").map(({ reason }) => reason), ["disconnected"]);
    if (when !== "connected") await assert.rejects(connected, { reason: "disconnected" });
    const before = world.made.opened.length;
    await world.clock.pass(120_000);
    assert.equal(world.made.opened.length, before);
  });
}

test("disconnect while a token is awaited opens no socket", async () => {
  const world = feed();
  let give;
  world.tokens.token = () => new Promise((resolve) => (give = resolve));
  world.feed.connect();
  await settled();
  await world.feed.disconnect();
  give("t0");
  await settled();
  assert.equal(world.made.opened.length, 0);
});
