/** What fynlo.js runs on in these tests: time, network and storage turned by hand. */

export const EPOCH = "e1";

/** Lets everything run that is ready to run. */
export async function settled() {
  for (let i = 0; i < 40; i++) await Promise.resolve();
}

/** Time that stands still until `pass`. */
export class Clock {
  time = 1_700_000_000_000;
  /** @type {Map<number, {due: number, run: () => void}>} */
  timers = new Map();
  #id = 0;

  now = () => this.time;

  setTimeout = (run, ms) => {
    this.timers.set(++this.#id, { due: this.time + ms, run });
    return this.#id;
  };

  clearTimeout = (id) => void this.timers.delete(id);

  /** Milliseconds from now at which timers are due, in order. */
  get due() {
    return [...this.timers.values()].map(({ due }) => due - this.time).sort((a, b) => a - b);
  }

  /** Runs what is due within `ms`, each at its time. */
  async pass(ms) {
    const end = this.time + ms;
    for (;;) {
      await settled();
      const next = [...this.timers].filter(([, { due }]) => due <= end).sort(([, a], [, b]) => a.due - b.due)[0];
      if (!next) break;
      this.timers.delete(next[0]);
      this.time = Math.max(this.time, next[1].due);
      next[1].run();
    }
    this.time = end;
    await settled();
  }
}

/** A `WebSocket` constructor; `opened` lists what it made. */
export function sockets() {
  const opened = [];
  class Socket {
    onopen = null;
    onmessage = null;
    onclose = null;
    onerror = null;
    closed = false;
    sent = [];

    constructor(address) {
      this.address = address;
      opened.push(this);
    }

    send(text) {
      this.sent.push(JSON.parse(text));
    }

    close() {
      this.closed = true;
    }

    /** What the client said, of one type. */
    said(type) {
      return this.sent.filter((message) => message.type === type);
    }

    get handlers() {
      return [this.onopen, this.onmessage, this.onclose, this.onerror].filter(Boolean).length;
    }

    // the server's side

    open() {
      this.onopen?.({});
    }

    say(message) {
      this.onmessage?.({ data: JSON.stringify(message) });
    }

    authenticated(fields = {}) {
      this.say({
        type: "authenticated", connection_id: "c", restaurant_id: "r", epoch: EPOCH, seq: 0,
        recovered: false, replayed: 0, token_expires_in: 900,
        heartbeat: { interval_s: 30, timeout_s: 5, max_missed: 3 }, ...fields,
      });
    }

    event(seq, prevSeq = seq - 1, fields = {}) {
      this.say({
        type: "order.updated", seq, prev_seq: prevSeq, restaurant_id: "r",
        timestamp: "2026-11-23T12:00:00Z", data: { order: { id: `o${seq}` } }, ...fields,
      });
    }

    drop(code = 1006, reason = "") {
      this.onclose?.({ code, reason });
    }
  }
  return { WebSocket: Socket, opened, get last() { return opened.at(-1); } };
}

/** A token source that hands out t0, and the next after each refusal. `failures` come first. */
export class Tokens {
  n = 0;
  asked = [];
  failures = [];

  async token() {
    if (this.failures.length) throw this.failures.shift();
    return `t${this.n}`;
  }

  async refresh(failed) {
    this.asked.push(failed);
    if (this.failures.length) throw this.failures.shift();
    this.n += 1;
    return `t${this.n}`;
  }

  async settle() {}
}

/** `online` events, and who listens to them. */
export class Network {
  listeners = [];
  addEventListener = (type, listener) => void this.listeners.push([type, listener]);
  removeEventListener = (type, listener) => {
    this.listeners = this.listeners.filter(([t, l]) => t !== type || l !== listener);
  };
  online = () => this.listeners.forEach(([type, listener]) => type === "online" && listener());
}

/** A storage as browsers have it. */
export class Storage {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
  removeItem = (key) => void this.items.delete(key);
}

/** A response as `fetch` gives it. */
export function answer(status, body = null, headers = {}) {
  const text = body === null ? "" : JSON.stringify(body);
  return new Response(status === 204 || status === 304 ? null : text, { status, headers });
}

/**
 * A `fetch` that takes its answers from `handler(request, n)`: a Response, an Error to throw, or null for no
 * answer at all. `requests` lists what was asked.
 */
export function network(handler) {
  const requests = [];
  async function fetch(url, { method, headers, body, signal }) {
    const request = { url, method, headers, body: body === undefined ? undefined : JSON.parse(body) };
    requests.push(request);
    const result = await handler(request, requests.length);
    if (result instanceof Error) throw result;
    if (result !== null) return result;
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  }
  return { fetch, requests };
}

/** What POST /auth/login and /auth/refresh answer; `n` tells pairs apart. */
export function pair(n, expiresIn = 900) {
  return answer(200, {
    access_token: `a${n}`, refresh_token: `r${n}`, token_type: "Bearer", expires_in: expiresIn,
    user: { id: "u", email: "kitchen@demo.fynlo.test", name: "K" }, restaurants: [],
  });
}

export function problem(status, code, headers = {}, more = {}) {
  return answer(status, { type: `/problems/${code}`, title: "", status, code, detail: `${code}.`, ...more }, headers);
}
