/** Snapshots among events, in any order: in the end the picture is the server's, and nothing came twice. */
import assert from "node:assert/strict";
import test from "node:test";

import { Feed, Unreachable } from "../../fynlo/web/static/fynlo.js";
import { Clock, settled, sockets, Tokens } from "./fakes.mjs";

const STEPS = [
  "commit", "commit", "send", "send", "send", "swallow", "drop", "lose", "restore", "answer", "refuse", "handle",
];

/** Numbers that look random and are the same each time (mulberry32). */
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A log of changes of orders, one connection that follows it, and an app that draws what it is told. */
class World {
  clock = new Clock();
  made = sockets();
  epoch = "e1";
  log = [];
  sent = 0;
  prev = 0;
  picture = {};
  seen = { epoch: "e1", seq: 0 };
  /** Snapshots under way, and events whose listener is at work. */
  asked = [];
  handling = [];
  doubles = 0;
  answered = 0;
  refused = 0;

  constructor(slow) {
    this.feed = new Feed("http://fynlo.test", "r", new Tokens(), {
      WebSocket: this.made.WebSocket, clock: this.clock, random: () => 0, network: null,
      position: { epoch: "e1", seq: 0 },
    });
    this.feed.on("event", ({ position, data: { order } }) => {
      if (position.epoch === this.seen.epoch && position.seq <= this.seen.seq) this.doubles += 1;
      this.seen = position;
      if (!(this.picture[order.id] >= order.version)) this.picture[order.id] = order.version;
      return slow ? new Promise((resolve) => this.handling.push(resolve)) : undefined;
    });
    this.feed.on("resync", async () => {
      const position = await new Promise((answer, refuse) =>
        this.asked.push({ answer, refuse, epoch: this.epoch, seq: this.log.length }));
      // the rows are read after the head, so they may hold more than the position says
      this.picture = this.truth();
      this.seen = position;
      this.feed.continueFrom(position);
    });
    this.feed.connect();
  }

  truth(seq = this.log.length) {
    const versions = {};
    for (const id of this.log.slice(0, seq)) versions[id] = (versions[id] ?? 0) + 1;
    return versions;
  }

  async comeUp(recovers = true) {
    this.feed.online();
    await settled();
    const socket = this.made.last;
    socket.open();
    const { last_seq, epoch } = socket.sent[0];
    const recovered = recovers && epoch === this.epoch && last_seq <= this.log.length;
    this.sent = this.prev = recovered ? last_seq : this.log.length;
    const heartbeat = { interval_s: 1e6, timeout_s: 5, max_missed: 3 }; // not what this is about
    socket.authenticated({ epoch: this.epoch, seq: this.log.length, recovered, heartbeat });
    if (!recovered) socket.say({ type: "resync", reason: "gap_too_large", seq: this.log.length, epoch: this.epoch });
  }

  async step(name) {
    switch (name) {
      case "commit":
        this.log.push(`o${this.log.length % 7}`);
        break;
      case "send":
        if (this.sent === this.log.length) break;
        this.sent += 1;
        this.made.last.event(this.sent, this.prev, {
          data: { order: { id: this.log[this.sent - 1], version: this.truth(this.sent)[this.log[this.sent - 1]] } },
        });
        this.prev = this.sent;
        break;
      case "swallow": // an event that the server believes to have sent
        if (this.sent < this.log.length) this.prev = this.sent += 1;
        break;
      case "drop":
        this.made.last.drop();
        await this.comeUp();
        break;
      case "lose":
        this.made.last.drop();
        await this.comeUp(false);
        break;
      case "restore": // from a backup: the last event is gone, and the numbers mean something else
        this.made.last.drop();
        this.log.pop();
        this.epoch += "'";
        await this.comeUp();
        break;
      case "answer": {
        const { answer, epoch, seq } = this.asked.shift() ?? {};
        if (!answer) break;
        this.answered += 1;
        answer(epoch === this.epoch ? { epoch, seq } : { epoch: this.epoch, seq: this.log.length });
        break;
      }
      case "refuse":
        if (this.asked.length) this.refused += 1;
        this.asked.shift()?.refuse(new Unreachable("away"));
        break;
      case "handle":
        this.handling.shift()?.();
        break;
    }
    await settled();
  }
}

for (const slow of [false, true]) {
  test(`the picture is the server's, whatever came in between (${slow ? "slow" : "quick"} listeners)`, async (t) => {
    t.mock.method(console, "error", () => {});
    let [answered, refused] = [0, 0];
    for (let seed = 1; seed <= 60; seed++) {
      const roll = dice(seed);
      const world = new World(slow);
      await world.comeUp();
      const likely = STEPS.filter((step) => !["drop", "lose", "restore"].includes(step) || roll() < 0.4); // they also mend
      const steps = Array.from({ length: 5 + Math.floor(roll() * 50) }, () => likely[Math.floor(roll() * likely.length)]);
      for (const step of steps) await world.step(step);
      [answered, refused] = [answered + world.answered, refused + world.refused];
      await world.step("commit");
      while (world.sent < world.log.length) await world.step("send");
      for (let n = 0; n < 60; n++) {
        await world.step(n % 2 ? "handle" : "answer");
        if (n % 10 === 0) await world.clock.pass(30_000); // what was refused is asked again
      }
      assert.equal(world.doubles, 0, `seed ${seed}: ${steps.join(" ")}`);
      assert.deepEqual(world.picture, world.truth(), `seed ${seed}: ${steps.join(" ")}`);
      await world.feed.disconnect();
      assert.equal(world.clock.timers.size, 0);
    }
    assert.ok(answered > 20 && refused > 10, `${answered} snapshots answered, ${refused} refused`);
  });
}
