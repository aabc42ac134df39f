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
  assert.deepEqual(world.of("resync"), [{ reason: "gap", position: { epoch: EPOCH, seq: 17 } }]);
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
  assert.equal(world.made.opened.length, 9, "one socket at a time");
});

test("a connection that held for 10 s starts the schedule anew, one that flaps does not", async () => {
  const world = feed();
  world.feed.connect();
  const delays = [];
  for (const held of [0, 0, 9_999, 0, 0, 0, 10_000, 0]) {
    await up(world);
    await world.clock.pass(held);
    world.made.last.drop();
    delays.push(world.clock.due[0]);
    await world.clock.pass(world.clock.due[0]);
  }
  assert.deepEqual(delays, [1_250, 2_250, 4_250, 8_250, 16_250, 30_250, 1_250, 2_250]);
});

test("a server that goes away again and again is not hammered, nor waited for longer than a minute", async () => {
  const world = feed();
  world.feed.connect();
  const delays = [];
  for (const asked of [0, 0, 0, 3_600_000, -1]) {
    await up(world);
    world.made.last.say({ type: "going_away", retry_after_ms: asked });
    world.made.last.drop(1012);
    delays.push(world.clock.due[0]);
    await world.clock.pass(world.clock.due[0]);
  }
  assert.deepEqual(delays, [0, 2_000, 4_000, 60_000, 16_250]);
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
    assert.equal(world.of("disconnected")[0].code, code === 1006 ? null : code, "1006 is no code that was sent");
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
  await world.clock.pass(10_000);
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

test("online makes an open connection prove itself at once; React Native says so by the method", async () => {
  const world = await started({ network: null });
  const socket = world.made.last;
  world.feed.online();
  const [ping] = socket.said("ping");
  socket.say({ type: "pong", timestamp: ping.timestamp, seq: 0, epoch: EPOCH });
  await world.clock.pass(5_000);
  assert.equal(world.feed.state, "connected");
  world.feed.online();
  await world.clock.pass(4_999);
  assert.equal(world.feed.state, "connected");
  await world.clock.pass(1);
  assert.equal(world.feed.state, "waiting");
  world.feed.online();
  await settled();
  assert.equal(world.made.opened.length, 2);
  world.feed.online();
  assert.equal(world.made.last.sent.length, 0, "nothing is said before the first message");
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

test("an ack says for how long the newest event has been shown", async () => {
  const world = await started();
  world.made.last.event(1);
  world.made.last.event(2);
  await world.clock.pass(600);
  world.made.last.event(3);
  await world.clock.pass(400);
  assert.deepEqual(world.made.last.said("ack"), [
    { type: "ack", seq: 1 },
    { type: "ack", seq: 3, held_ms: 400 },
  ]);
  await world.clock.pass(5_000);
  world.made.last.event(4);
  assert.deepEqual(world.made.last.said("ack").at(-1), { type: "ack", seq: 4 }, "at once");
});

test("a snapshot is acknowledged as far as the server has sent it", async () => {
  const world = await started({}, { seq: 57 });
  const acks = () => world.made.last.said("ack").map(({ seq }) => seq);
  world.feed.on("resync", () => world.feed.continueFrom({ epoch: EPOCH, seq: 62 }));
  world.made.last.event(60, 59);
  assert.deepEqual(acks(), [60]);
  assert.deepEqual(world.seqs(), [], "the snapshot has it");
  assert.deepEqual(world.feed.position, { epoch: EPOCH, seq: 62 });
  for (const seq of [61, 62]) world.made.last.event(seq);
  await world.clock.pass(1_000);
  assert.deepEqual(acks(), [60, 62]);
});

test("what the server knows to be shown is not acknowledged again, nor what was shown of another epoch", async () => {
  const world = await started({}, { seq: 57 });
  world.made.last.event(58);
  world.made.last.drop();
  await world.clock.pass(1_250);
  await up(world, { seq: 58, recovered: true });
  assert.deepEqual(world.made.last.said("ack"), []);
  world.made.last.drop();
  await world.clock.pass(2_250);
  await up(world, { epoch: "e2", seq: 90, recovered: false });
  world.made.last.say({ type: "resync", reason: "epoch_changed", seq: 90, epoch: "e2" });
  assert.deepEqual(world.made.last.said("ack"), []);
  world.feed.continueFrom({ epoch: "e2", seq: 91 });
  assert.deepEqual(world.made.last.said("ack"), [{ type: "ack", seq: 90 }]);
});

test("a listener's promise is waited for: what comes meanwhile comes after it, and is acknowledged then", async () => {
  const world = await started();
  const releases = [];
  const seen = [];
  world.feed.on("order.updated", ({ seq }) => (seen.push(seq), new Promise((resolve) => releases.push(resolve))));
  for (const seq of [1, 2, 3]) world.made.last.event(seq);
  await settled();
  assert.deepEqual(seen, [1]);
  assert.deepEqual(world.made.last.said("ack"), []);
  assert.deepEqual(world.feed.position, { epoch: EPOCH, seq: 1 });
  releases.shift()();
  await settled();
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(world.made.last.said("ack").map(({ seq }) => seq), [1]);
  world.made.last.drop();
  assert.equal(world.of("disconnected").length, 1, "what is told of the connection does not wait");
  await world.clock.pass(1_250);
  world.made.last.open();
  assert.equal(world.made.last.sent[0].last_seq, 3, "what has come needs no replay");
});

test("events during a snapshot wait for it; those it has are dropped", async () => {
  const world = await started({}, { seq: 10 });
  let answered;
  world.feed.on("resync", async () => world.feed.continueFrom(await new Promise((resolve) => (answered = resolve))));
  world.made.last.event(12, 11);
  for (const seq of [13, 14, 15]) world.made.last.event(seq);
  await settled();
  assert.deepEqual(world.seqs(), []);
  answered({ epoch: EPOCH, seq: 13 });
  await settled();
  assert.deepEqual(world.seqs(), [14, 15]);
});

test("a snapshot that fails is asked for again: after 1 s, 2 s, … 30 s", async (t) => {
  t.mock.method(console, "error", () => {});
  const world = await started({ network: null }, { seq: 10 });
  await world.clock.pass(10_000);
  let failing = 7;
  const asked = [];
  const began = world.clock.now();
  world.feed.on("resync", async ({ reason }) => {
    asked.push((world.clock.now() - began) / 1_000);
    if (failing-- > 0) throw new Unreachable("away");
    assert.equal(reason, "gap");
  });
  const beats = setBeats(world);
  world.made.last.event(12, 11);
  await world.clock.pass(130_000);
  beats();
  assert.deepEqual(asked, [0, 1.25, 3.5, 7.75, 16, 32.25, 62.5, 92.75]);
  assert.deepEqual(world.seqs(), [12]);
  await world.feed.disconnect();
  assert.equal(world.clock.timers.size, 0);
});

/** Answers pings as they come. */
function setBeats(world) {
  const socket = world.made.last;
  const send = socket.send;
  socket.send = (text) => {
    send.call(socket, text);
    const { type, timestamp } = JSON.parse(text);
    if (type === "ping") socket.say({ type: "pong", timestamp, seq: 10, epoch: EPOCH });
  };
  return () => (socket.send = send);
}

test("a listener that never ends costs a snapshot, not memory without bound", async () => {
  const world = await started();
  let release;
  world.feed.on("order.updated", ({ seq }) => (seq === 1 ? new Promise((resolve) => (release = resolve)) : null));
  for (let seq = 1; seq <= 1_100; seq++) world.made.last.event(seq);
  release();
  await settled();
  assert.deepEqual(world.of("resync"), [{ reason: "overrun", position: { epoch: EPOCH, seq: 1_001 } }]);
  assert.deepEqual(world.seqs(), [1, ...Array.from({ length: 99 }, (_, n) => n + 1_002)]);
});

test("a feed that is started again tells what had been waiting", async () => {
  const world = await started({ position: { epoch: EPOCH, seq: 0 } }, { seq: 0, recovered: true });
  world.feed.on("order.updated", () => new Promise(() => {}));
  for (const seq of [1, 2, 3]) world.made.last.event(seq);
  await world.feed.disconnect();
  const seen = [];
  world.feed.on("event", ({ seq }) => seen.push(seq));
  world.feed.connect();
  await up(world, { seq: 3, recovered: true, replayed: 2 });
  assert.equal(world.made.last.sent[0].last_seq, 1);
  for (const seq of [2, 3]) world.made.last.event(seq);
  assert.deepEqual(seen, [2, 3]);
});

test("a listener may end the feed: nothing is told after that", async () => {
  const world = await started();
  const seen = [];
  world.feed.on("order.updated", ({ seq }) => (seen.push(seq), void world.feed.disconnect()));
  world.made.last.event(1);
  assert.deepEqual(seen, [1]);
  assert.equal(world.clock.timers.size, 0);
  assert.deepEqual(world.made.opened.map(({ closed, handlers }) => [closed, handlers]), [[true, 0]]);
});

test("where there is no WebSocket it says so", async () => {
  const world = feed({ WebSocket: undefined });
  const known = globalThis.WebSocket;
  delete globalThis.WebSocket;
  try {
    world.feed.connect();
    await settled();
    assert.match(world.of("disconnected")[0].reason, /give one as an option/);
  } finally {
    if (known) globalThis.WebSocket = known;
    await world.feed.disconnect();
  }
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

/** What a feed is at, and how it gets there. */
const PHASES = {
  connecting: async () => settled(),
  authenticating: async (world) => {
    await settled();
    world.made.last.open();
  },
  "connected, with a ping and an acknowledgement under way": async (world) => {
    await up(world);
    await world.clock.pass(30_000);
    world.made.last.event(1);
    world.made.last.event(2);
  },
  "waiting to reconnect": async (world) => {
    await settled();
    world.made.last.drop();
  },
  "in a snapshot": async (world) => {
    world.feed.on("resync", () => new Promise(() => {}));
    await up(world);
    world.made.last.event(3, 2);
    world.made.last.event(4);
  },
  "waiting to take the snapshot again": async (world) => {
    world.feed.on("resync", () => Promise.reject(new Error("away")));
    await up(world);
    world.made.last.event(3, 2);
    await settled();
    assert.ok(world.clock.due.includes(1_250));
  },
};

for (const [phase, reach] of Object.entries(PHASES)) {
  test(`disconnect while ${phase} leaves nothing`, async (t) => {
    t.mock.method(console, "error", () => {});
    const world = feed();
    const connected = world.feed.connect();
    connected.catch(() => {});
    await reach(world);
    assert.ok(world.clock.timers.size > 0, "there is something to leave");
    assert.equal(world.network.listeners.length, 1);
    await world.feed.disconnect();
    assert.equal(world.clock.timers.size, 0);
    assert.equal(world.network.listeners.length, 0);
    assert.equal(world.feed.listening, 0);
    assert.ok(world.made.opened.every(({ closed, handlers }) => closed && handlers === 0));
    assert.deepEqual(world.of("stopped").map(({ reason }) => reason), ["disconnected"]);
    if (/^(connecting|authenticating|waiting to reconnect)$/.test(phase))
      await assert.rejects(connected, { reason: "disconnected" });
    const before = [world.made.opened.length, world.told.length];
    await world.clock.pass(120_000);
    assert.deepEqual([world.made.opened.length, world.told.length], before);
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
