/** What a feed and a client leave to Node after they have ended, counted against a real server. Prints JSON. */
import assert from "node:assert/strict";

import { ApiClient } from "../../fynlo/web/static/fynlo.js";

const { FYNLO_URL: url, FYNLO_TOKEN: token, FYNLO_RESTAURANT: restaurant } = process.env;

/** What keeps Node alive, but for its own pipes. */
function held() {
  return process.getActiveResourcesInfo().filter((kind) => /Timeout|Immediate|TCP|TLS|Connect|Request/.test(kind)).sort();
}

async function until(holds, what) {
  for (let n = 0; n < 1_000; n++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`${what}: ${held()}`);
}

/** @type {Record<string, {token?: string, reach?: (feed: any, api: any) => Promise<void>}>} */
const phases = {
  connecting: {},
  live: {
    async reach(feed) {
      await feed.connect();
      feed.online(); // with a ping under way
    },
  },
  "waiting to reconnect": { token: "refused", reach: (feed) => until(() => feed.state === "waiting", "its refusal") },
};

const before = held();
const seen = {};
for (const [phase, { token: given = token, reach }] of Object.entries(phases)) {
  const tokens = { token: async () => given, refresh: async () => given, settle: async () => {} };
  const api = new ApiClient(url, { tokens });
  const feed = api.feed(restaurant);
  feed.connect().catch(() => {});
  await reach?.(feed, api);
  await new Promise((resolve) => setImmediate(resolve));
  seen[phase] = held().length - before.length;
  await api.close();
  assert.equal(feed.state, "stopped");
  await until(() => held().join() === before.join(), `after ${phase}`);
}
console.log(JSON.stringify(seen));
