// @ts-check
/**
 * The browser client of a Fynlo server: REST calls that survive a bad network, and the live feed.
 *
 * One module without dependencies, for pages, React Native and Node. Everything it needs of its
 * surroundings can be given instead: `fetch`, `WebSocket` (Node has one from 22 on), `clock`, `random`,
 * `storage`, `network`. fynlo/web/README.md has whole programs, all parameters, and what is guaranteed.
 *
 *     import { ApiClient } from "/web/fynlo.js";
 *
 *     const api = new ApiClient("https://pos.example.com", { storage: localStorage });
 *     await api.login("kitchen@example.com", "secret");
 *     const { restaurants } = await api.me();
 *     const open = { status: ["confirmed", "preparing", "ready"] };
 *     const orders = await api.orders(restaurants[0].id, open);
 *     show(orders.items);
 *     const feed = api.feed(restaurants[0].id, { socket: "kitchen", position: orders.position });
 *     feed.on("event", (event) => event.data.order && draw(event.data.order));
 *     feed.on("resync", async () => { // events wait for what this returns
 *       const again = await api.orders(restaurants[0].id, open);
 *       show(again.items);
 *       feed.continueFrom(again.position);
 *     });
 *     feed.on("disconnected", ({ retryInMs }) => showOffline(retryInMs));
 *     feed.on("connected", showOnline);
 *     await feed.connect();
 *
 * Times are milliseconds unless a name says otherwise. What the server sends keeps the server's field names.
 *
 * @module fynlo
 */

const API = "/api/v1";
const TIMEOUT_MS = 15_000;
/** Whoever then tries anew is still within the 10 s in which the spent refresh token works. */
const REFRESH_TIMEOUT_MS = 5_000;
/** A token is replaced this long before it expires; after half its life if it lives less than two minutes. */
const EARLY_MS = 60_000;
const TRIES = 3;
/** Whose request is asked to wait longer than this is told so at once (`ProblemError.retryAfterMs`); a feed
 * waits for no longer. */
const LONGEST_RETRY_AFTER_MS = 60_000;
const LONGEST_BACKOFF_MS = 30_000;
/** How long a socket may take to open, and then the server to answer `authenticate`. */
const OPEN_WITHIN_MS = 10_000;
const ACK_EVERY_MS = 1_000;
/** How long a connection must last for the next reconnect to be a first one again. */
const HELD_AFTER_MS = 10_000;
/** RFC 8628: what `slow_down` adds to the time between two polls, and that time where none was told. */
const SLOWER_MS = 5_000;
const POLL_EVERY_S = 5;
/** A code that was approved in its last moment still gets its tokens for a minute. */
const CODE_GRACE_MS = 60_000;
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
/** What these codes refuse with 401 is not the token. */
const NOT_THE_TOKEN = ["invalid_pin", "invalid_credentials"];
/** How many events may wait for a listener before a snapshot takes their place. */
const QUEUE = 1_000;

/**
 * @typedef {object} Clock
 * @property {() => number} now  milliseconds since 1970; rises steadily, even if the screen's clock is set
 * @property {(run: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 *
 * @typedef {object} Storage  `localStorage`, or one whose methods return promises (React Native)
 * @property {(key: string) => string | null | Promise<string | null>} getItem
 * @property {(key: string, value: string) => any} setItem
 * @property {(key: string) => any} removeItem
 *
 * @typedef {object} Network  tells `online`; `window` in a browser
 * @property {(type: string, listener: () => void) => void} addEventListener
 * @property {(type: string, listener: () => void) => void} removeEventListener
 *
 * @typedef {object} Position  a place in a restaurant's feed
 * @property {string} epoch
 * @property {number} seq
 *
 * @typedef {object} TokenSource  what a client needs to know about tokens
 * @property {() => Promise<string>} token  one that is good for a while
 * @property {(failed: string) => Promise<string>} refresh  one other than `failed`, which the server refused
 * @property {() => Promise<void>} settle  resolves when nothing of this source is under way
 *
 * @typedef {{id: string, email: string, name: string}} User
 * @typedef {{id: string, name: string, role: string, permissions?: string[]}} Membership
 * @typedef {{access_token: string, refresh_token: string, expires_in: number, user: User,
 *   restaurants: Membership[]}} Login
 *
 * @typedef {object} DeviceCode  what a screen shows to be paired (RFC 8628, 3.2); times in seconds
 * @property {string} device_code  the screen's secret
 * @property {string} user_code  to be shown
 * @property {string} verification_uri  where somebody types it
 * @property {string} verification_uri_complete
 * @property {number} expires_in
 * @property {number} [interval]
 *
 * @typedef {{id: string, kind: "kitchen" | "till", name: string, station_ids: string[], created_at: string,
 *   created_by: string, last_seen_at: string | null}} Device
 * @typedef {Login & {device: Device}} PairedLogin
 * @typedef {{user_code: string, kind: "kitchen" | "till", name: string, created_at: string,
 *   expires_at: string}} WaitingDevice
 *
 * @typedef {object} Snapshot  a list, and a place in the feed that it is known to include
 * @property {any[]} items
 * @property {Position | null} position
 *
 * @typedef {object} LoggedEvent  an event as the log keeps it
 * @property {number} seq
 * @property {string} type
 * @property {string} entity_id  the order, ticket, table or product it is about
 * @property {string} timestamp
 * @property {string | null} actor  the person whose request it was; null: done in the database
 * @property {any} data
 *
 * @typedef {object} FeedEvent
 * @property {string} type  `order.created`, …
 * @property {number} seq
 * @property {number} prevSeq
 * @property {Position} position
 * @property {string} restaurantId
 * @property {string} timestamp
 * @property {any} data
 */

/** @type {Clock} */
export const systemClock = (() => {
  const steady = globalThis.performance ?? Date;
  const zero = Date.now() - steady.now();
  return {
    now: () => zero + steady.now(),
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => clearTimeout(timer),
  };
})();

// What goes wrong: ClientError, of which ProblemError (the server refused), Unreachable (it did not answer),
// BadAnswer (it answered something else than Fynlo does), NotLoggedIn, PairingEnded and FeedStopped.

export class ClientError extends Error {
  /** @param {string} message @param {unknown} [cause] */
  constructor(message, cause) {
    super(message);
    this.name = "ClientError";
    if (cause !== undefined) this.cause = cause;
  }
}

// Names are given as text: a bundler that shortens those of classes would shorten these.

/** No answer came: a write may or may not have happened. */
export class Unreachable extends ClientError {
  name = "Unreachable";
}

/** The server, or something before it, answered what Fynlo does not. */
export class BadAnswer extends ClientError {
  name = "BadAnswer";
}

/** There is no session, or it has ended: log in. */
export class NotLoggedIn extends ClientError {
  name = "NotLoggedIn";
}

/** The code of a screen gives no tokens any more: begin anew. */
export class PairingEnded extends ClientError {
  name = "PairingEnded";

  /** @param {"access_denied" | "expired_token"} reason @param {string} message @param {unknown} [cause] */
  constructor(reason, message, cause) {
    super(message, cause);
    this.reason = reason;
  }
}

/** A refusal as the server explains it (RFC 9457). */
export class ProblemError extends ClientError {
  name = "ProblemError";

  /** @param {number} status @param {any} problem @param {number | null} retryAfterMs */
  constructor(status, problem, retryAfterMs) {
    super(problem?.detail || `the server answered ${status}`);
    this.status = status;
    /** @type {string} what to tell problems apart by */
    this.code = problem?.code ?? "";
    /** @type {string} one sentence that says what to do */
    this.detail = this.message;
    /** @type {{field: string, message: string}[]} */
    this.errors = problem?.errors ?? [];
    /** @type {any} on `version_conflict`, the order as it is */
    this.current = problem?.current ?? null;
    /** @type {string | null} */
    this.requestId = problem?.request_id ?? null;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The feed has ended and will not come back by itself; `reason` as in the event `stopped`. */
export class FeedStopped extends ClientError {
  name = "FeedStopped";

  /** @param {string} reason @param {string} detail @param {number | null} code */
  constructor(reason, detail, code) {
    super(`the feed stopped (${reason})${detail ? `: ${detail}` : ""}`);
    this.reason = reason;
    this.detail = detail;
    this.code = code;
  }
}

/** A UUID, version 4: for ids made offline and idempotency keys. Also where the page came without TLS. */
export function uuid(random = Math.random) {
  const bytes = new Uint8Array(16);
  if (random === Math.random && globalThis.crypto?.getRandomValues) globalThis.crypto.getRandomValues(bytes);
  else bytes.forEach((_, i) => (bytes[i] = Math.floor(random() * 256)));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * The server's time, whatever the screen's clock says: from heartbeats where there are some, else from the
 * Date of answers, which is good to half a second.
 */
export class ServerClock {
  #offset = 0;
  #error = Infinity;
  #at = -Infinity;

  /** @param {Clock} [clock] */
  constructor(clock = systemClock) {
    this.clock = clock;
  }

  /** Milliseconds since 1970 on the server, now. */
  now() {
    return this.clock.now() + this.#offset;
  }

  /**
   * The server's clock showed `time` (milliseconds, give or take `error`) between sending and receiving.
   * @param {number} time @param {number} sentAt @param {number} receivedAt @param {number} [error]
   */
  observe(time, sentAt, receivedAt, error = 0) {
    const total = error + (receivedAt - sentAt) / 2;
    // clocks drift and machines sleep: what was exact is trusted less as it ages
    const known = this.#error + (receivedAt - this.#at) / 100;
    if (!Number.isFinite(time) || total > known) return;
    this.#offset = time - (sentAt + receivedAt) / 2;
    this.#error = total;
    this.#at = receivedAt;
  }
}

/** One exchange at a time with the server at `url`, without any thought of who is logged in. */
class Wire {
  /** @type {Set<() => void>} ends each request, and each wait for another try */
  #underWay = new Set();
  #closed = false;

  /** @param {string} url @param {Options} options */
  constructor(url, options) {
    this.url = url.replace(/\/+$/, "");
    /** @type {typeof fetch} */
    this.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
    this.clock = options.clock ?? systemClock;
    this.serverClock = options.serverClock ?? new ServerClock(this.clock);
  }

  /**
   * Answers with a 2xx or a 304, within `timeoutMs` from connecting to the last byte. Throws ProblemError
   * for any other answer, Unreachable for none.
   *
   * @param {string} method @param {string} path
   * @param {{body?: string, headers?: Record<string, string>, timeoutMs?: number}} [request]
   */
  async send(method, path, { body, headers = {}, timeoutMs = TIMEOUT_MS } = {}) {
    if (this.#closed) throw new Unreachable(`${method} ${path} was not sent: this client is closed`);
    const abort = new AbortController();
    const end = () => abort.abort();
    this.#underWay.add(end);
    const timer = this.clock.setTimeout(end, timeoutMs);
    const sentAt = this.clock.now();
    /** @type {Response} */
    let response;
    /** @type {string} */
    let text;
    try {
      response = await this.fetch(this.url + API + path, {
        method,
        body,
        headers: {
          Accept: "application/json",
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        signal: abort.signal,
        cache: "no-store",
        credentials: "omit",
      });
      this.serverClock.observe(
        Date.parse(response.headers.get("date") ?? "") + 500,
        sentAt,
        this.clock.now(),
        500,
      );
      text = await response.text();
    } catch (error) {
      const late = abort.signal.aborted && !this.#closed;
      const why = late ? `nothing within ${timeoutMs / 1000} s` : this.#closed ? "closed" : String(error);
      throw new Unreachable(`${method} ${path} got no answer: ${why}`, error);
    } finally {
      this.clock.clearTimeout(timer);
      this.#underWay.delete(end);
    }
    const ok = response.ok || response.status === 304;
    /** @type {any} */
    let data = null;
    try {
      if (text) data = JSON.parse(text);
    } catch (error) {
      if (ok) throw new BadAnswer(`${method} ${path} did not answer JSON`, error);
    }
    if (!ok) throw new ProblemError(response.status, data, retryAfter(response.headers));
    return new Answer(response.status, response.headers, data);
  }

  /** @param {number} ms @param {AbortSignal} [signal]
   * @returns {Promise<void>} cut short by `close` and by the signal */
  rest(ms, signal) {
    return new Promise((resolve) => {
      const end = () => {
        this.clock.clearTimeout(timer);
        this.#underWay.delete(end);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = this.clock.setTimeout(end, ms);
      this.#underWay.add(end);
      signal?.addEventListener("abort", end);
      if (signal?.aborted) end();
    });
  }

  get closed() {
    return this.#closed;
  }

  /** Ends what is under way; nothing is sent any more. */
  close() {
    this.#closed = true;
    for (const end of [...this.#underWay]) end();
  }
}

/** What the server answered. */
export class Answer {
  /** @param {number} status @param {Headers} headers @param {any} data */
  constructor(status, headers, data) {
    this.status = status;
    this.headers = headers;
    this.data = data;
  }

  /** @returns {Position | null} where a feed continues that is built on this answer */
  get position() {
    const [, epoch, seq] = /^(.+):(\d+)$/.exec(this.headers.get("fynlo-feed") ?? "") ?? [];
    return epoch === undefined ? null : { epoch, seq: Number(seq) };
  }

  /** The path of the next page, below the API's root (RFC 8288, `rel="next"`). */
  get next() {
    for (const link of (this.headers.get("link") ?? "").split(/,\s*(?=<)/)) {
      const [, target] = /^<([^>]*)>\s*;.*\brel="?next"?/.exec(link) ?? [];
      // the host is the one we asked, however a proxy calls it
      if (target) return target.replace(/^https?:\/\/[^/]+/, "").replace(/^.*?\/api\/v1(?=\/)/, "");
    }
    return null;
  }
}

/**
 * The position that all of several answers include: where a feed begins that is built on all of them. Null if
 * one has none. Of different epochs it is the first: a feed that resumes there is told to start over.
 * @param {...(Position | null)} positions @returns {Position | null}
 */
export function lowest(...positions) {
  let found = positions[0] ?? null;
  for (const position of positions) {
    if (position === null || found === null) return null;
    if (position.epoch !== found.epoch) return positions[0];
    if (position.seq < found.seq) found = position;
  }
  return found;
}

/**
 * These products as they are after an event of the feed: `inventory.*` says what is left of one product or of one
 * modifier, wherever that is offered. Any other event changes nothing.
 * @param {readonly any[]} products @param {{type: string, data: any}} event @returns {any[]}
 */
export function withAvailability(products, { type, data }) {
  if (!type.startsWith("inventory.")) return [...products];
  const changed = (/** @type {any} */ one, /** @type {string | undefined} */ id) =>
    one.id === id ? { ...one, availability: data.availability } : one;
  return products.map((product) => {
    if (data.product_id) return changed(product, data.product_id);
    const offered = product.modifier_groups.some((/** @type {any} */ group) =>
      group.modifiers.some((/** @type {any} */ modifier) => modifier.id === data.modifier_id));
    if (!offered) return product;
    const groups = product.modifier_groups.map((/** @type {any} */ group) => ({
      ...group,
      modifiers: group.modifiers.map((/** @type {any} */ modifier) => changed(modifier, data.modifier_id)),
    }));
    return { ...product, modifier_groups: groups };
  });
}

/** @param {Headers} headers Retry-After is seconds or a date (RFC 9110, 10.2.3) */
function retryAfter(headers) {
  const value = headers.get("retry-after");
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const wait = Date.parse(value) - (Date.parse(headers.get("date") ?? "") || Date.now());
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}

/** Milliseconds until another try makes sense after failure n (from 0); null if it would not help. */
function waitBeforeRetry(/** @type {unknown} */ error, /** @type {number} */ n) {
  const backoff = Math.min(2 ** n, 10) * 1000;
  if (error instanceof Unreachable) return backoff;
  if (!(error instanceof ProblemError)) return null;
  const passes = [429, 502, 503, 504].includes(error.status);
  if (!passes && !(error.status === 409 && error.code === "idempotency_in_flight")) return null;
  if (error.retryAfterMs === null) return backoff;
  return error.retryAfterMs <= LONGEST_RETRY_AFTER_MS ? error.retryAfterMs : null;
}

/** @param {Record<string, string | number | readonly string[] | null | undefined>} values */
function queryString(values) {
  const pairs = Object.entries(values).flatMap(([name, value]) =>
    value === null || value === undefined
      ? []
      : [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`),
  );
  return pairs.length ? `?${pairs.join("&")}` : "";
}

/**
 * The tokens of one session, always fresh, refreshed once however many callers wait.
 *
 * A refresh token buys the next pair and is then spent, so there is never more than one refresh under way:
 * callers meanwhile wait for it and all get its result, be that a token or the failure. After a failure the
 * next call tries anew. With `storage` a session outlives the page, and pages that share it share its tokens.
 *
 * @implements {TokenSource}
 */
export class TokenManager {
  #wire;
  #storage;
  #key;
  /** @type {{access: string, refresh: string, expiresAt: number, replaceAt: number, user: string} | null} */
  #pair = null;
  /** @type {{email: string, password: string} | null} */
  #credentials = null;
  /** @type {Promise<string> | null} */
  #underWay = null;

  /**
   * @param {string} url
   * @param {Options & {storageKey?: string}} [options]
   */
  constructor(url, options = {}) {
    this.#wire = new Wire(url, options);
    this.#storage = options.storage ?? null;
    this.#key = options.storageKey ?? "fynlo.session";
  }

  /**
   * Begins a session. Throws ProblemError: 401 for wrong credentials, 429 after too many wrong ones.
   *
   * With `keep` the credentials stay in memory (nowhere else), to log in again by itself when the server
   * will not refresh any more: for a screen on a wall.
   *
   * @param {string} email @param {string} password @param {{keep?: boolean}} [options]
   * @returns {Promise<Login>}
   */
  async login(email, password, { keep = false } = {}) {
    await this.settle(); // a refresh of the session before must not end after this login
    const login = await this.#exchange("/auth/login", { email, password }, TIMEOUT_MS);
    this.#credentials = keep ? { email, password } : null;
    return login;
  }

  /** Asks for a code for this device, see `pair`. @param {"kitchen" | "till"} kind
   * @param {string} name what the approver is shown first @returns {Promise<DeviceCode>} */
  async beginPairing(kind, name) {
    const { data } = await this.#wire.send("POST", "/auth/device", { body: JSON.stringify({ kind, name }) });
    if (!(data?.device_code && data.user_code && data.expires_in > 0))
      throw new BadAnswer("POST /auth/device answered without a code");
    return data;
  }

  /**
   * Polls until the code is approved (RFC 8628, 3.4 and 3.5), and begins the device's session. It goes on while
   * the server is away. Throws PairingEnded when the code was denied or has expired, Unreachable when `signal`
   * or `close` ended it.
   *
   * @param {DeviceCode} code
   * @param {{signal?: AbortSignal, onPoll?: (error: ClientError) => void}} [options]
   *   `onPoll` is told why a poll brought no tokens
   * @returns {Promise<PairedLogin>}
   */
  async pair({ device_code, expires_in, interval = POLL_EVERY_S }, { signal, onPoll = () => {} } = {}) {
    const wire = this.#wire;
    const end = wire.clock.now() + expires_in * 1000;
    let every = interval * 1000;
    let wait = every;
    let unanswered = 0;
    for (;;) {
      await wire.rest(wait, signal);
      if (signal?.aborted || wire.closed) throw new Unreachable("pairing was given up here");
      try {
        await this.settle();
        const login = await this.#exchange(
          "/auth/device/token",
          { grant_type: DEVICE_GRANT, device_code },
          TIMEOUT_MS,
        );
        this.#credentials = null;
        return /** @type {PairedLogin} */ (login);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (error instanceof ProblemError) {
          unanswered = 0;
          if (error.code === "slow_down") every += SLOWER_MS;
          else if (error.code === "access_denied") throw new PairingEnded("access_denied", error.detail, error);
          else if (error.code === "expired_token" || error.code === "invalid_grant")
            throw new PairingEnded("expired_token", error.detail, error);
          else if (error.code !== "authorization_pending" && error.status < 500 && error.status !== 429) throw error;
          wait = Math.max(every, error.retryAfterMs ?? 0);
        } else {
          // less often while nothing answers, as the RFC asks for
          wait = Math.max(every, Math.min(every * 2 ** unanswered++, LONGEST_BACKOFF_MS));
        }
        if (wire.clock.now() >= end + CODE_GRACE_MS)
          throw new PairingEnded("expired_token", "The code is too old; begin again.", error);
        onPoll(error);
      }
    }
  }

  /** Whether there is a session to continue; it may have ended on the server. */
  async restore() {
    await this.#adopt();
    return this.#pair !== null;
  }

  /** Ends what is under way; the session stays, where it is stored. */
  close() {
    this.#wire.close();
  }

  /** Drops tokens and credentials, stored ones too; what follows throws NotLoggedIn. */
  async forget() {
    await this.settle(); // what it brings must not come back
    const user = this.#pair?.user;
    this.#pair = this.#credentials = null;
    await this.#stored(async (storage) => {
      const stored = parsed(await storage.getItem(this.#key));
      // another page may have begun a session of somebody else since: that one is not ours to drop
      if (user === undefined || !stored?.user || stored.user === user) await storage.removeItem(this.#key);
    });
  }

  /** A token with a minute to live at least. Throws NotLoggedIn, ProblemError or Unreachable. */
  async token() {
    if (this.#pair && this.#wire.clock.now() < this.#pair.replaceAt) return this.#pair.access;
    return this.#refreshed(null);
  }

  /**
   * A token other than `failed`: the one at hand if that is newer and good, else a refreshed one.
   * @param {string} failed
   */
  async refresh(failed) {
    if (!this.#pair) return this.#refreshed(failed);
    if (this.#pair.access !== failed) return this.token();
    this.#pair.replaceAt = 0; // to nobody any more
    return this.#refreshed(failed);
  }

  /** Resolves when a refresh that is under way has ended, however. It has its time limit. */
  async settle() {
    await this.#underWay?.catch(() => {});
  }

  /** @param {string | null} failed */
  #refreshed(failed) {
    this.#underWay ??= this.#refresh(failed).finally(() => (this.#underWay = null));
    return this.#underWay;
  }

  /** @param {string | null} failed @returns {Promise<string>} */
  async #refresh(failed) {
    if (await this.#adopt()) {
      const pair = this.#pair;
      if (pair && pair.access !== failed && this.#wire.clock.now() < pair.replaceAt) return pair.access;
    }
    if (this.#pair) {
      try {
        const spent = { refresh_token: this.#pair.refresh };
        return (await this.#exchange("/auth/refresh", spent, REFRESH_TIMEOUT_MS)).access_token;
      } catch (error) {
        if (!(error instanceof ProblemError && error.status === 401 && this.#credentials)) throw error;
      }
    }
    if (!this.#credentials) throw new NotLoggedIn("there is no session: log in first");
    return (await this.#exchange("/auth/login", this.#credentials, TIMEOUT_MS)).access_token;
  }

  /** @param {string} path @param {object} body @param {number} timeoutMs @returns {Promise<Login>} */
  async #exchange(path, body, timeoutMs) {
    const askedAt = this.#wire.clock.now();
    const { data } = await this.#wire.send("POST", path, { body: JSON.stringify(body), timeoutMs });
    if (!(data?.access_token && data.refresh_token && data.expires_in > 0))
      throw new BadAnswer(`POST ${path} answered without tokens`);
    // counted from the question: the answer may have been slow
    const life = data.expires_in * 1000;
    this.#pair = {
      access: data.access_token,
      refresh: data.refresh_token,
      expiresAt: askedAt + life,
      replaceAt: askedAt + life - Math.min(EARLY_MS, life / 2),
      user: data.user?.id ?? "",
    };
    await this.#stored((storage) => storage.setItem(this.#key, JSON.stringify(this.#pair)));
    return data;
  }

  /** Takes over what another page has stored since: using our older refresh token would end the session. */
  async #adopt() {
    const stored = parsed(await this.#stored((storage) => storage.getItem(this.#key)));
    if (!stored?.access || !stored.refresh) return false;
    if (this.#pair && (stored.user !== this.#pair.user || !(stored.expiresAt > this.#pair.expiresAt))) return false;
    this.#pair = stored;
    return true;
  }

  /** Storage may be forbidden or full; the session then lives as long as the page. */
  async #stored(/** @type {(storage: Storage) => any} */ use) {
    try {
      return this.#storage === null ? null : await use(this.#storage);
    } catch {
      return null;
    }
  }
}

/** @param {string | null} text @returns {any} null where it is somebody else's value */
function parsed(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}

/**
 * The token of somebody who gave their PIN on a device: not renewed, the PIN is asked again.
 * @implements {TokenSource}
 */
class ShortTokens {
  #token;
  #expiresAt;
  #clock;

  /** @param {string} token @param {number} expiresAt @param {Clock} clock */
  constructor(token, expiresAt, clock) {
    this.#token = token;
    this.#expiresAt = expiresAt;
    this.#clock = clock;
  }

  async token() {
    if (this.#clock.now() >= this.#expiresAt) throw new NotLoggedIn("the sign-in by PIN has ended: give the PIN again");
    return this.#token;
  }

  /** @param {string} _failed @returns {Promise<string>} */
  async refresh(_failed) {
    this.#expiresAt = -Infinity;
    return this.token();
  }

  async settle() {}
}

/**
 * @typedef {object} Options
 * @property {typeof fetch} [fetch]
 * @property {any} [WebSocket]  a constructor like the browser's
 * @property {Clock} [clock]
 * @property {() => number} [random]  0 up to 1
 * @property {Storage | null} [storage]  where a session is kept between pages
 * @property {Network | null} [network]
 * @property {ServerClock} [serverClock]
 */

/**
 * One server, one person. Every request has 15 s. Reads are tried up to three times, and so are writes: each
 * call makes one Idempotency-Key and keeps it over its tries, so an order is created once however often the
 * answer is lost. A 401 makes it refresh the token and ask once more before it reaches the caller.
 *
 * Methods throw ProblemError where the server refuses, Unreachable where it does not answer, NotLoggedIn
 * before a login.
 */
export class ApiClient {
  #wire;
  #options;
  #random;
  /** @type {Set<Feed>} those that run */
  #feeds = new Set();
  /** @type {Map<string, {etag: string, items: any[]}>} pages of menus */
  #menus = new Map();

  /**
   * @param {string} [url]  scheme, host and port; by default where the page came from
   * @param {Options & {storageKey?: string, tokens?: TokenSource}} [options]  `tokens` if they come from
   *   elsewhere than this server's login (an external issuer)
   */
  constructor(url = globalThis.location?.origin ?? "", options = {}) {
    this.#wire = new Wire(url, options);
    this.#options = { ...options, serverClock: this.#wire.serverClock };
    this.#random = options.random ?? Math.random;
    const session = options.tokens ? null : new TokenManager(this.#wire.url, this.#options);
    /** The session of this client; null where tokens come from elsewhere. */
    this.session = session;
    /** @type {TokenSource} */
    this.tokens = options.tokens ?? /** @type {TokenManager} */ (session);
    this.serverClock = this.#wire.serverClock;
  }

  /**
   * Any request. A POST outside /auth gets an Idempotency-Key, made here unless given, and is tried again
   * under it; other writes are sent once.
   *
   * @param {string} method
   * @param {string} path  below /api/v1
   * @param {{query?: Record<string, any>, body?: any, headers?: Record<string, string>,
   *   idempotencyKey?: string}} [request]
   * @returns {Promise<Answer>}
   */
  async request(method, path, { query = {}, body, headers = {}, idempotencyKey } = {}) {
    const key = method === "POST" && !path.startsWith("/auth/") ? (idempotencyKey ?? uuid(this.#random)) : null;
    const target = path + queryString(query);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sent = { ...headers, ...(key === null ? {} : { "Idempotency-Key": key }) };
    const tries = key !== null || method === "GET" ? TRIES : 1;
    const send = (/** @type {string} */ token) =>
      this.#wire.send(method, target, { body: text, headers: { ...sent, Authorization: `Bearer ${token}` } });
    let refreshed = false;
    const attempt = async () => {
      const token = await this.tokens.token();
      try {
        return await send(token);
      } catch (error) {
        if (!(error instanceof ProblemError && error.status === 401) || refreshed) throw error;
        if (NOT_THE_TOKEN.includes(error.code)) throw error;
      }
      refreshed = true;
      return send(await this.tokens.refresh(token));
    };
    for (let n = 0; ; n++) {
      try {
        return await attempt();
      } catch (error) {
        const wait = this.#wire.closed ? null : waitBeforeRetry(error, n);
        if (wait === null || n === tries - 1) throw error;
        await this.#wire.rest(wait);
      }
    }
  }

  /**
   * Ends its feeds, its requests (they throw Unreachable) and its waits. A token refresh ends first, for its
   * token may have been spent; the session goes on, for another client to restore.
   */
  async close() {
    this.#wire.close();
    await Promise.all([...this.#feeds].map((feed) => feed.disconnect()));
    await this.tokens.settle();
    this.session?.close();
  }

  /** Begins a session, see `TokenManager.login`.
   * @param {string} email @param {string} password @param {{keep?: boolean}} [options] */
  login(email, password, options) {
    return this.#own().login(email, password, options);
  }

  // devices: they have a session of their own, which renews itself for as long as they are in use

  /** A code for this device to show, see `TokenManager.pair`.
   * @param {"kitchen" | "till"} kind @param {string} name what the approver is shown first */
  beginPairing(kind, name) {
    return this.#own().beginPairing(kind, name);
  }

  /** Waits until the code is approved, and begins the device's session, see `TokenManager.pair`.
   * @param {DeviceCode} code @param {{signal?: AbortSignal, onPoll?: (error: ClientError) => void}} [options] */
  pair(code, options) {
    return this.#own().pair(code, options);
  }

  #own() {
    if (!this.session) throw new NotLoggedIn("the tokens of this client come from elsewhere: log in there");
    return this.session;
  }

  /** The paired device that this client is. @returns {Promise<Device>} */
  async device() {
    return (await this.request("GET", "/auth/me/device")).data;
  }

  /**
   * On a paired device: a client of the person whose PIN it is, for as long as an access token lives; then it
   * throws NotLoggedIn. Throws ProblemError `invalid_pin` and, after too many, `too_many_requests`.
   * @param {string} staffId @param {string} pin @returns {Promise<ApiClient>}
   */
  async signInByPin(staffId, pin) {
    const { clock } = this.#wire;
    const askedAt = clock.now();
    const { data } = await this.request("POST", "/auth/pin", { body: { staff_id: staffId, pin } });
    const tokens = new ShortTokens(data.access_token, askedAt + data.expires_in * 1000, clock);
    return new ApiClient(this.#wire.url, { ...this.#options, storage: null, tokens });
  }

  /** What a code would pair. @param {string} restaurantId @param {string} userCode
   * @returns {Promise<WaitingDevice>} */
  async waitingDevice(restaurantId, userCode) {
    const query = { restaurant_id: restaurantId, user_code: userCode };
    return (await this.request("GET", "/devices/waiting", { query })).data;
  }

  /** @param {string} restaurantId @param {string} userCode
   * @param {{name?: string, stationIds?: string[]}} [options]  no `stationIds`: every station
   * @returns {Promise<Device>} */
  async approveDevice(restaurantId, userCode, { name, stationIds } = {}) {
    const body = { restaurant_id: restaurantId, user_code: userCode, name, station_ids: stationIds };
    return (await this.request("POST", "/devices/approve", { body })).data;
  }

  /** @param {string} restaurantId @param {string} userCode */
  async denyDevice(restaurantId, userCode) {
    await this.request("POST", "/devices/deny", { body: { restaurant_id: restaurantId, user_code: userCode } });
  }

  /** Those that were not revoked, by name. @param {string} restaurantId @returns {Promise<Device[]>} */
  async devices(restaurantId) {
    return (await this.#all("/devices", { restaurant_id: restaurantId })).items;
  }

  /** What is left out stays. @param {string} id @param {{name?: string, stationIds?: string[]}} change
   * @returns {Promise<Device>} */
  async changeDevice(id, { name, stationIds }) {
    return (await this.request("PATCH", `/devices/${id}`, { body: { name, station_ids: stationIds } })).data;
  }

  /** Ends the device's session and those of who signed in on it. @param {string} id */
  async revokeDevice(id) {
    await this.request("DELETE", `/devices/${id}`);
  }

  /** Ends the session here, and on the server if that can be reached; its sockets close. */
  async logout() {
    try {
      await this.request("POST", "/auth/logout");
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
    } finally {
      await this.session?.forget();
    }
  }

  /** Ends every session of this person, on all devices. Throws Unreachable or ProblemError if the server was
   * not told; this client has forgotten its own session all the same. */
  async logoutEverywhere() {
    try {
      await this.request("POST", "/auth/logout-everywhere");
    } catch (error) {
      const over = error instanceof NotLoggedIn || (error instanceof ProblemError && error.status === 401);
      if (!over) throw error;
    } finally {
      await this.session?.forget();
    }
  }

  /** Who is logged in, and their permissions by restaurant.
   * @returns {Promise<{user: User, restaurants: Membership[]}>} */
  async me() {
    return (await this.request("GET", "/auth/me")).data;
  }

  /** @returns {Promise<any[]>} the restaurants this person works for */
  async restaurants() {
    return (await this.request("GET", "/restaurants")).data;
  }

  /** @param {string} id @returns {Promise<any>} a restaurant and its settings */
  async restaurant(id) {
    return (await this.request("GET", `/restaurants/${id}`)).data;
  }

  /** A page (from 1, of up to 100) of what is on the menu; one that has not changed costs the server a 304.
   * @param {string} restaurantId @param {{category?: string, page?: number, limit?: number}} [options]
   * @returns {Promise<Snapshot>} */
  async menu(restaurantId, options = {}) {
    const { items, position } = await this.#menuPage(restaurantId, options);
    return { items, position };
  }

  /** The whole menu. @param {string} restaurantId @param {{category?: string}} [options]
   * @returns {Promise<Snapshot>} */
  async menuAll(restaurantId, options = {}) {
    const items = [];
    /** @type {Position | null} */
    let position = null;
    for (let page = 1; ; page++) {
      const found = await this.#menuPage(restaurantId, { ...options, page, limit: 100 });
      items.push(...found.items);
      position = page === 1 ? found.position : lowest(position, found.position);
      if (!found.items.length || items.length >= found.total) return { items, position };
    }
  }

  /** @param {string} restaurantId @param {{category?: string, page?: number, limit?: number}} options */
  async #menuPage(restaurantId, options) {
    const query = { restaurant_id: restaurantId, ...options };
    const key = queryString(query);
    const known = this.#menus.get(key);
    /** @type {Record<string, string>} */
    const headers = known ? { "If-None-Match": known.etag } : {};
    const answer = await this.request("GET", "/menu", { query, headers });
    const items = answer.status === 304 && known ? known.items : answer.data;
    const etag = answer.headers.get("etag");
    if (etag) this.#menus.set(key, { etag, items });
    return { items, position: answer.position, total: Number(answer.headers.get("x-total-count") ?? 0) };
  }

  /** Says how a product or modifier is sold from now on: 86 it, or count it.
   * @param {"product" | "modifier"} kind @param {string} id
   * @param {{state: "in_stock" | "counted" | "out_of_stock", quantity?: number, until?: string,
   *   low_stock_at?: number | null}} availability
   * @returns {Promise<any>} */
  async setAvailability(kind, id, availability) {
    return (await this.request("PUT", `/${kind}s/${id}/availability`, { body: availability })).data;
  }

  /** @param {string} restaurantId @returns {Promise<any[]>} in the kitchen's order */
  async stations(restaurantId) {
    return (await this.#all("/stations", { restaurant_id: restaurantId })).items;
  }

  /** @param {string} restaurantId @returns {Promise<Snapshot>} */
  async tables(restaurantId) {
    return this.#all("/tables", { restaurant_id: restaurantId });
  }

  /**
   * All orders that match, newest first, page by page. The position is the lowest of its pages'.
   * @param {string} restaurantId
   * @param {{status?: readonly string[], business_date?: string, table_id?: string, payment_status?: string}}
   *   [filter]
   * @returns {Promise<Snapshot>}
   */
  async orders(restaurantId, filter = {}) {
    return this.#all("/orders", { restaurant_id: restaurantId, ...filter });
  }

  /** A list, followed to its end. @param {string} path @param {object} query @returns {Promise<Snapshot>} */
  async #all(path, query) {
    let answer = await this.request("GET", path, { query: { ...query, limit: 100 } });
    /** @type {any[]} */
    const items = [...answer.data];
    let position = answer.position;
    for (let next = answer.next; next !== null; next = answer.next) {
      answer = await this.request("GET", next);
      items.push(...answer.data);
      position = lowest(position, answer.position);
    }
    return { items, position };
  }

  /** @param {string} id @returns {Promise<any>} */
  async order(id) {
    return (await this.request("GET", `/orders/${id}`)).data;
  }

  /** @param {object} order as POST /orders takes it @param {{idempotencyKey?: string}} [options]
   * @returns {Promise<any>} */
  async createOrder(order, options = {}) {
    return (await this.request("POST", "/orders", { body: order, ...options })).data;
  }

  /** Appends lines; `send: false` holds them.
   * @param {string} orderId @param {object[]} items
   * @param {{send?: boolean, idempotencyKey?: string}} [options] @returns {Promise<any>} */
  async addItems(orderId, items, { send, idempotencyKey } = {}) {
    return (await this.request("POST", `/orders/${orderId}/items`, { body: { items, send }, idempotencyKey }))
      .data;
  }

  /**
   * Moves an order on, from the version that the caller has seen. Throws ProblemError 412 with the order as
   * it is under `current` if it has changed since.
   * @param {{id: string, version: number}} order @param {string} status
   * @param {{reason?: string, idempotencyKey?: string}} [options] @returns {Promise<any>}
   */
  async setStatus(order, status, { reason, idempotencyKey } = {}) {
    return (
      await this.request("POST", `/orders/${order.id}/status`, {
        body: { status, reason },
        headers: { "If-Match": `"${order.version}"` },
        idempotencyKey,
      })
    ).data;
  }

  /**
   * The event log after a position, or from the oldest event kept, in pages of up to `limit` (1,000) events:
   * `for await (const { items, position } of api.events(restaurant, after))`. Keep the position of each page
   * once it is dealt with: that is where to go on, here or with a feed. It ends at the end of the log.
   *
   * Throws ProblemError: `events_gone` where what follows `after` is no longer kept, `epoch_changed` and
   * `ahead_of_head` where `after` is of another log, as after a restore; all three ask for a snapshot.
   *
   * @param {string} restaurantId @param {Position | null} [after] @param {{limit?: number}} [options]
   * @returns {AsyncGenerator<{items: LoggedEvent[], position: Position | null}, void, void>}
   */
  async *events(restaurantId, after = null, { limit = 200 } = {}) {
    const query = { restaurant_id: restaurantId, limit, after: after?.seq ?? 0, epoch: after?.epoch };
    let answer = await this.request("GET", "/events", { query });
    for (;;) {
      yield { items: answer.data, position: answer.position };
      if (answer.next === null) return;
      answer = await this.request("GET", answer.next);
    }
  }

  /**
   * Who did what, newest first, read page by page as you go on. Times are RFC 3339.
   * @param {string} restaurantId
   * @param {{action?: string, actor?: string, entity_id?: string, since?: string, until?: string}} [filter]
   * @returns {AsyncGenerator<any, void, void>}
   */
  async *audit(restaurantId, filter = {}) {
    const query = { restaurant_id: restaurantId, limit: 100, ...filter };
    let answer = await this.request("GET", "/audit", { query });
    for (;;) {
      yield* answer.data;
      if (answer.next === null) return;
      answer = await this.request("GET", answer.next);
    }
  }

  /** The feed of a restaurant, not yet connected.
   * @param {string} restaurantId @param {FeedOptions} [options] */
  feed(restaurantId, options = {}) {
    const all = { ...this.#options, ...options };
    return new Feed(this.#wire.url, restaurantId, this.tokens, all, this.#feeds);
  }
}

/** Timers by name: setting one again replaces it, and all can be cleared at once. */
class Timers {
  /** @type {Map<string, any>} */
  #running = new Map();

  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
  }

  /** @param {string} name @param {number} ms @param {() => void} run */
  set(name, ms, run) {
    this.clear(name);
    const timer = this.clock.setTimeout(() => {
      this.#running.delete(name);
      run();
    }, ms);
    this.#running.set(name, timer);
  }

  /** @param {string} name */
  has(name) {
    return this.#running.has(name);
  }

  /** @param {string} [name] all of them without a name */
  clear(name) {
    for (const [known, timer] of name === undefined ? [...this.#running] : [[name, this.#running.get(name)]]) {
      if (timer !== undefined) this.clock.clearTimeout(timer);
      this.#running.delete(/** @type {string} */ (known));
    }
  }
}

/**
 * Where a client stands in a restaurant's feed, over all its connections: what it has, what it drops, how it
 * knows of a loss.
 */
class Cursor {
  /** @type {Position | null} */
  #unrecovered = null;
  /** @type {number | null} */
  #earlierHead = null;
  #suspected = false;

  /** @param {Position | null} position @param {boolean} seesAll  a filtered socket never reaches the head */
  constructor(position, seesAll) {
    this.position = position;
    this.seesAll = seesAll;
  }

  /** A connection begins. @param {any} frame */
  authenticated(frame) {
    // the head was beyond us and yet nothing was missing: this role is not shown everything
    if (this.#suspected && frame.recovered && !frame.replayed) this.seesAll = false;
    this.#suspected = false;
    this.#earlierHead = null;
    this.#unrecovered = null;
    const head = { epoch: frame.epoch, seq: frame.seq };
    if (this.position === null) this.position = head;
    // The old position stays until the loss is told: if this connection breaks before, the next one is
    // refused its resume again.
    else if (!frame.recovered) this.#unrecovered = head;
  }

  /** The server can not replay: goes on from where it says. @param {Position | null} position */
  startOver(position) {
    this.#unrecovered = this.#earlierHead = null;
    this.position = position;
  }

  /**
   * What to tell about an event: `known` if nothing, and why a snapshot is needed first.
   * @param {any} frame @returns {{known: boolean, resync: {reason: string, position: Position} | null}}
   */
  take(frame) {
    /** @type {{reason: string, position: Position} | null} */
    let resync = null;
    if (this.#unrecovered) {
      resync = { reason: "not_recovered", position: this.#unrecovered };
      this.startOver(this.#unrecovered);
    }
    if (this.position === null) throw new Error("an event came before the connection was authenticated");
    if (frame.seq <= this.position.seq) return { known: true, resync };
    // prev_seq is what the server sent just before. Beyond what we have: it did not reach us. Below (a
    // snapshot moved us ahead): nothing is missing.
    const { epoch } = this.position;
    if (frame.prev_seq > this.position.seq) resync ??= { reason: "gap", position: { epoch, seq: frame.prev_seq } };
    this.position = { epoch, seq: frame.seq };
    return { known: false, resync };
  }

  /** Whether a heartbeat shows a loss: another epoch, or a head not reached one heartbeat later.
   * @param {any} pong */
  behind(pong) {
    if (this.position === null || this.#unrecovered) return false;
    if (pong.epoch && pong.epoch !== this.position.epoch) return true;
    const lost = this.seesAll && this.#earlierHead !== null && this.#earlierHead > this.position.seq;
    this.#earlierHead = typeof pong.seq === "number" ? pong.seq : null;
    this.#suspected = lost;
    return lost;
  }

  /** A snapshot includes everything up to here. One of another epoch tells nothing: numbers can't be compared,
   * and a resync comes when the epoch of the feed changes. @param {Position} position */
  continueFrom(position) {
    const mine = this.position;
    if (mine === null || (position.epoch === mine.epoch && position.seq > mine.seq)) this.position = position;
  }
}

/**
 * What to do about a connection that ended, by its close code (a bare drop has 1005 or 1006): what is not
 * here passes by itself and is retried.
 * @type {Record<number, "stop" | "refresh" | "late">}
 */
const REMEDIES = {
  1009: "stop",
  4000: "stop",
  4001: "stop",
  4003: "refresh",
  4004: "stop",
  4005: "refresh",
  4009: "late",
  4029: "late",
};

/**
 * @typedef {object} Ended
 * @property {string} reason
 * @property {number | null} code  null: a bare drop, or this client gave it up
 * @property {boolean} held  it had been up for so long that all is well with the server
 * @property {number | null} retryAfterMs
 */

/** Speaks the protocol over one socket, from opening to its end. */
class Connection {
  #socket;
  #timers;
  #feed;
  #heartbeat = { interval_s: 30, timeout_s: 5, max_missed: 3 };
  #missed = 0;
  #pingedAt = 0;
  /** An unanswered ping ends it: there is a reason to doubt it. */
  #doubted = false;
  /** @type {number | null} */
  #upSince = null;
  /** @type {number | null} */
  #retryAfterMs = null;
  #refusal = "";
  /** The last seq that came, the last that was shown of all, and the last that was acknowledged. */
  #received = 0;
  #shown = 0;
  #shownAt = 0;
  #acknowledged = 0;
  #over = false;

  /** @param {Link} feed @param {any} socket @param {string} token */
  constructor(feed, socket, token) {
    this.#feed = feed;
    this.#socket = socket;
    this.#timers = new Timers(feed.clock);
    this.token = token;
    this.#timers.set("open", OPEN_WITHIN_MS, () => this.end("the socket did not open"));
    socket.onopen = () => {
      this.#timers.set("open", OPEN_WITHIN_MS, () => this.end("no answer to authenticate"));
      const hello = feed.hello();
      this.#received = hello.last_seq ?? 0;
      this.#send({ type: "authenticate", token, ...hello });
    };
    socket.onmessage = (/** @type {{data: any}} */ message) => this.#receive(message.data);
    socket.onclose = (/** @type {{code?: number, reason?: string}} */ close) => {
      // 1006 and 1015 are never sent: they stand for a connection that broke
      const code = close?.code && ![1006, 1015].includes(close.code) ? close.code : null;
      const said = (code !== null && code >= 4000 && this.#refusal) || close?.reason;
      this.end(said || (code ? `closed with ${code}` : "the connection dropped"), code);
    };
    socket.onerror = () => {}; // a close follows and says more
  }

  /** Ends it, once: no timer, handler or open socket stays. @param {string} reason
   * @param {number | null} [code] the server's close code */
  end(reason, code = null) {
    if (this.#over) return;
    this.drop();
    const held = this.#upSince !== null && this.#feed.clock.now() - this.#upSince >= HELD_AFTER_MS;
    this.#feed.ended({ reason, code, held, retryAfterMs: this.#retryAfterMs });
  }

  /** As `end`, telling nobody. */
  drop() {
    this.#over = true;
    this.#timers.clear();
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    try {
      socket.close(1000);
    } catch {
      // one that never opened may refuse
    }
  }

  /** Pings at once; without an answer to this one the connection is given up. */
  probe() {
    if (this.#upSince === null) return;
    this.#doubted = true;
    this.#ping();
  }

  /** Everything up to `seq` has been shown. Tells the server at once, then at most once a second, and of what
   * it has sent only: a snapshot may be ahead of that.
   * @param {number} seq */
  shown(seq) {
    if (seq > this.#shown) {
      this.#shown = seq;
      this.#shownAt = this.#feed.clock.now();
    }
    if (!this.#timers.has("ack")) this.#acknowledge();
  }

  #acknowledge() {
    const seq = Math.min(this.#shown, this.#received);
    if (seq <= this.#acknowledged || this.#upSince === null || this.#over) return;
    this.#acknowledged = seq;
    const held = Math.round(this.#feed.clock.now() - this.#shownAt); // how long it has been on the screen
    this.#send(held > 0 ? { type: "ack", seq, held_ms: held } : { type: "ack", seq });
    this.#timers.set("ack", ACK_EVERY_MS, () => this.#acknowledge());
  }

  /** @param {object} message */
  #send(message) {
    try {
      this.#socket.send(JSON.stringify(message));
    } catch {
      // the close that follows says how it ended
    }
  }

  /** @param {any} data */
  #receive(data) {
    try {
      const frame = JSON.parse(data);
      if (typeof frame.type === "string" && frame.type.includes(".")) {
        this.#received = frame.seq;
        this.#feed.event(frame);
        // what a snapshot had before may be acknowledged now
        if (!this.#timers.has("ack")) this.#acknowledge();
      } else this.#control(frame);
    } catch (error) {
      this.end(`unreadable message: ${error}`);
    }
  }

  /** @param {any} frame */
  #control(frame) {
    switch (frame.type) {
      case "authenticated":
        this.#timers.clear("open");
        this.#upSince = this.#feed.clock.now();
        if (!frame.recovered) this.#received = 0;
        this.#acknowledged = this.#received;
        this.#heartbeat = { ...this.#heartbeat, ...frame.heartbeat };
        this.#timers.set("ping", this.#heartbeat.interval_s * 1000, () => this.#ping());
        this.#feed.authenticated(frame);
        break;
      case "pong":
        this.#pong(frame);
        break;
      case "resync":
        this.#received = frame.seq;
        this.#shown = 0; // what follows may be numbered anew
        this.#feed.resync(frame.reason, { epoch: frame.epoch, seq: frame.seq });
        break;
      case "token_expiring":
        void this.#reauthenticate();
        break;
      case "going_away":
        if (frame.retry_after_ms >= 0) this.#retryAfterMs = frame.retry_after_ms;
        break;
      case "auth_error":
      case "error":
        this.#refusal = `${frame.code}: ${frame.message}`;
        break;
    }
  }

  #ping() {
    const { interval_s, timeout_s, max_missed } = this.#heartbeat;
    this.#timers.set("ping", interval_s * 1000, () => this.#ping());
    this.#pingedAt = this.#feed.clock.now();
    this.#timers.set("pong", timeout_s * 1000, () => {
      this.#missed += 1;
      this.#feed.silent(this.#missed);
      if (this.#missed >= max_missed || this.#doubted) this.end(`${this.#missed} heartbeats without an answer`);
    });
    this.#send({ type: "ping", timestamp: this.#pingedAt });
  }

  /** @param {any} frame */
  #pong(frame) {
    if (frame.timestamp === this.#pingedAt && this.#timers.has("pong")) {
      this.#timers.clear("pong");
      if (this.#missed) this.#feed.silent(0);
      this.#missed = 0;
      this.#doubted = false;
      this.#feed.serverTime(frame.server_time, this.#pingedAt);
    }
    if (this.#feed.cursor.behind(frame)) this.end("the heartbeat shows events that did not come");
  }

  /** A new token before the old one expires; without one, expiry closes the socket (4005). */
  async #reauthenticate() {
    try {
      const token = await this.#feed.tokens.refresh(this.token);
      if (this.#over) return;
      this.token = token;
      this.#send({ type: "reauthenticate", token });
    } catch (error) {
      this.#refusal = `no new token: ${error}`;
    }
  }
}

/**
 * What a connection needs of its feed.
 * @typedef {object} Link
 * @property {Clock} clock
 * @property {Cursor} cursor
 * @property {TokenSource} tokens
 * @property {() => {last_seq?: number}} hello
 * @property {(frame: any) => void} authenticated
 * @property {(frame: any) => void} event
 * @property {(reason: string, position: Position) => void} resync
 * @property {(missed: number) => void} silent
 * @property {(time: any, sentAt: number) => void} serverTime
 * @property {(ended: Ended) => void} ended
 */

/**
 * @typedef {object} FeedOptions
 * @property {"pos" | "kitchen"} [socket]  "pos" (default) sees every event; "kitchen" what a kitchen needs,
 *   without money
 * @property {Position | null} [position]  where to resume, from a snapshot or a stored event; without it the
 *   feed starts with what happens next
 * @property {string[]} [stationIds]  narrows kitchen.* to these stations
 * @property {number} [maxAttempts]  reconnects in a row before it gives up; without it, never
 */

/** @typedef {{kind: "event" | "resync", notice: any}} Waiting  a notice that is told in order */

/**
 * One restaurant's feed, over one socket at a time. Nothing is lost: it resumes where it was after every
 * break, and tells `resync` where the server can't replay or a gap shows; then read again what the screen is
 * built on and call `continueFrom`. Nothing comes twice: what is known already is dropped. It ends only when
 * the session is over, when the server refuses for good, after `maxAttempts`, or by `disconnect`.
 *
 * Listeners (`on`) are called with
 *
 * | kind | |
 * | --- | --- |
 * | an event's type, and `event` for all | FeedEvent |
 * | `resync` | `{reason, position}`; what follows is newer than `position` |
 * | `connected` | `{connectionId, position, recovered, replayed}` |
 * | `disconnected` | `{code, reason, retryInMs, attempt}`; code null where no close frame came |
 * | `silent` | `{missed}`: heartbeats without an answer so far, 0 when one comes again |
 * | `stopped` | `{reason, detail, code}`; reason unauthenticated, refused, max_attempts or disconnected |
 *
 * Events and `resync` come in order, one at a time: a listener that returns a promise is waited for, and what
 * comes meanwhile comes after it, unless the snapshot it took has it. A `resync` whose listener fails is told
 * again after a while. Of more than 1,000 events that wait, a `resync` (`overrun`) takes the place. What is
 * told of the connection does not wait.
 */
export class Feed {
  #address;
  #restaurantId;
  #tokens;
  #options;
  #clock;
  #random;
  #timers;
  #cursor;
  #network;
  #running;
  /** @type {Map<string, Set<(notice: any) => any>>} */
  #listeners = new Map();
  /** @type {Connection | null} */
  #connection = null;
  /** Changes with every start and end: what was begun before belongs to nobody. */
  #run = 0;
  #attempt = 0;
  /** @type {string | null} a token that the server refused */
  #refused = null;
  /** @type {{promise: Promise<void>, resolve: () => void, reject: (error: Error) => void} | null} */
  #ready = null;
  /** Changes with every end: what was handed out before is nobody's concern any more. */
  #life = 0;
  /** @type {Waiting[]} what is to be told, in order */
  #queue = [];
  /** Whether a listener is at work, or a resync waits to be told again. */
  #busy = false;
  #failures = 0;
  /** @type {Position | null} the last event handed out, or the snapshot that has it */
  #position;

  /** @type {"idle" | "connecting" | "connected" | "waiting" | "stopped"} */
  state = "idle";

  /**
   * @param {string} url @param {string} restaurantId @param {TokenSource} tokens
   * @param {Options & FeedOptions} [options]
   * @param {Set<Feed>} [running]  it is in there while it runs
   */
  constructor(url, restaurantId, tokens, options = {}, running = new Set()) {
    const socket = options.socket ?? "pos";
    const base = url.replace(/\/+$/, "").replace(/^http/, "ws");
    this.#address = `${base}${API}/websocket/ws/${socket}/${restaurantId}`;
    this.#restaurantId = restaurantId;
    this.#tokens = tokens;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#timers = new Timers(this.#clock);
    this.#position = options.position ?? null;
    this.#cursor = new Cursor(this.#position, socket === "pos");
    const surroundings = /** @type {any} */ (globalThis);
    this.#network =
      options.network === undefined && typeof surroundings.addEventListener === "function"
        ? /** @type {Network} */ (surroundings)
        : (options.network ?? null);
    this.#running = running;
  }

  /** @returns {Position | null} the last event handed out; null before the first connection. What a later
   * start can continue from. */
  get position() {
    return this.#position;
  }

  /** How many listeners there are. */
  get listening() {
    return [...this.#listeners.values()].reduce((sum, of) => sum + of.size, 0);
  }

  /** Calls `listener` for a kind of notice, see above. Returns what takes it away again.
   * @param {string} kind @param {(notice: any) => any} listener */
  on(kind, listener) {
    const known = this.#listeners.get(kind);
    if (known) known.add(listener);
    else this.#listeners.set(kind, new Set([listener]));
    return () => this.off(kind, listener);
  }

  /** @param {string} kind @param {(notice: any) => any} listener one that is not there is no error */
  off(kind, listener) {
    const known = this.#listeners.get(kind);
    known?.delete(listener);
    if (known?.size === 0) this.#listeners.delete(kind);
  }

  /**
   * Starts the feed; resolves when it is connected. It keeps trying for as long as that takes, and calling
   * it again changes nothing. Rejects with FeedStopped if the feed ends instead.
   * @returns {Promise<void>}
   */
  connect() {
    if (this.#ready && this.state !== "stopped") return this.#ready.promise;
    let resolve = () => {};
    /** @type {(error: Error) => void} */
    let reject = () => {};
    /** @type {Promise<void>} */
    const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
    promise.catch(() => {}); // who only listens to `stopped` need not wait for this
    this.#ready = { promise, resolve, reject };
    this.#attempt = 0;
    this.#refused = null;
    this.#running.add(this);
    this.#network?.addEventListener("online", this.#online);
    void this.#open();
    return promise;
  }

  /** Ends the feed. Nothing of it is left when this resolves: no timer, open socket or listener. */
  async disconnect() {
    if (this.#ready && this.state !== "stopped") this.#stop("disconnected", "", null);
    this.#listeners.clear();
    await this.#tokens.settle();
  }

  /** After a snapshot: what it includes is not told again. @param {Position | null} position */
  continueFrom(position) {
    if (!position) return;
    this.#cursor.continueFrom(position);
    // one of another epoch tells nothing, see there
    if (position.epoch !== this.#cursor.position?.epoch || this.#isKnown(position)) return;
    this.#position = position;
    this.#showed(position);
  }

  /**
   * The network is back, or the app came to the foreground: ends the wait before a reconnect, and an open
   * connection has to answer a ping within 5 s or is given up. Browsers say so by themselves (`online`).
   */
  online() {
    if (this.state === "connected") this.#connection?.probe();
    if (this.state !== "waiting") return;
    this.#timers.clear("retry");
    void this.#open();
  }

  #online = () => this.online();

  async #open() {
    this.state = "connecting";
    const run = ++this.#run;
    /** @type {string} */
    let token;
    try {
      const refused = this.#refused;
      token = await (refused === null ? this.#tokens.token() : this.#tokens.refresh(refused));
    } catch (error) {
      if (run === this.#run) this.#withoutToken(error);
      return;
    }
    if (run !== this.#run) return;
    this.#refused = null;
    const WebSocket = this.#options.WebSocket ?? /** @type {any} */ (globalThis).WebSocket;
    try {
      if (!WebSocket) throw new Error("there is no WebSocket here: give one as an option");
      const socket = new WebSocket(this.#address);
      this.#connection = new Connection(this.#link(), socket, token);
    } catch (error) {
      this.#ended({ reason: `no connection: ${error}`, code: null, held: false, retryAfterMs: null });
    }
  }

  /** @param {unknown} error */
  #withoutToken(error) {
    const refusal = error instanceof ProblemError && error.status < 500 && error.status !== 429;
    if (error instanceof NotLoggedIn || refusal) {
      this.#stop("unauthenticated", /** @type {Error} */ (error).message, null);
    } else {
      const retryAfterMs = error instanceof ProblemError ? error.retryAfterMs : null;
      this.#ended({ reason: `no token: ${error}`, code: null, held: false, retryAfterMs });
    }
  }

  /** @returns {Link} */
  #link() {
    const cursor = this.#cursor;
    return {
      clock: this.#clock,
      cursor,
      tokens: this.#tokens,
      hello: () => ({
        restaurant_id: this.#restaurantId,
        ...(cursor.position ? { last_seq: cursor.position.seq, epoch: cursor.position.epoch } : {}),
        ...(this.#options.stationIds?.length ? { station_ids: this.#options.stationIds } : {}),
      }),
      authenticated: (frame) => {
        cursor.authenticated(frame);
        this.#position ??= cursor.position;
        this.state = "connected";
        this.#ready?.resolve();
        this.#tell("connected", {
          connectionId: frame.connection_id,
          position: cursor.position,
          recovered: Boolean(frame.recovered),
          replayed: frame.replayed ?? 0,
        });
      },
      event: (frame) => this.#event(frame),
      resync: (reason, position) => {
        cursor.startOver(position);
        this.#enqueue("resync", { reason, position });
      },
      silent: (missed) => this.#tell("silent", { missed }),
      serverTime: (time, sentAt) => {
        const at = typeof time === "number" ? time * (time < 1e11 ? 1000 : 1) : Date.parse(time);
        this.#options.serverClock?.observe(at, sentAt, this.#clock.now());
      },
      ended: (ended) => this.#ended(ended),
    };
  }

  /** @param {any} frame */
  #event(frame) {
    const { known, resync } = this.#cursor.take(frame);
    if (resync) this.#enqueue("resync", resync);
    if (known) return;
    /** @type {FeedEvent} */
    const event = {
      type: frame.type,
      seq: frame.seq,
      prevSeq: frame.prev_seq,
      position: /** @type {Position} */ (this.#cursor.position),
      restaurantId: frame.restaurant_id,
      timestamp: frame.timestamp,
      data: frame.data,
    };
    this.#enqueue("event", event);
  }

  /** @param {"event" | "resync"} kind @param {any} notice */
  #enqueue(kind, notice) {
    if (kind === "event" && this.#queue.length >= QUEUE) {
      const position = { epoch: notice.position.epoch, seq: notice.prevSeq };
      this.#queue = [{ kind: "resync", notice: { reason: "overrun", position } }];
    }
    this.#queue.push({ kind, notice });
    if (!this.#busy) this.#deliver();
  }

  /** Hands out what waits, for as long as no listener has to be waited for. */
  #deliver() {
    const life = this.#life;
    this.#busy = true;
    for (;;) {
      const next = this.#queue.shift();
      if (!next) break;
      if (next.kind === "event" && this.#isKnown(next.notice.position)) continue;
      const results = this.#hand(next);
      if (life !== this.#life) return; // a listener has ended the feed
      if (results.some((result) => typeof result !== "boolean")) {
        void Promise.all(results).then((went) => {
          if (life === this.#life && this.#handled(next, went.every(Boolean))) this.#deliver();
        });
        return;
      }
      if (!this.#handled(next, results.every(Boolean))) return;
    }
    this.#busy = false;
  }

  /** @param {Position} position whether a snapshot has it */
  #isKnown(position) {
    return this.#position?.epoch === position.epoch && position.seq <= this.#position.seq;
  }

  /** @param {Waiting} waiting */
  #hand({ kind, notice }) {
    if (kind === "resync") return this.#tell("resync", notice);
    this.#position = notice.position;
    return [...this.#tell(notice.type, notice), ...this.#tell("event", notice)];
  }

  /** Its listeners are through. Whether to go on. @param {Waiting} waiting @param {boolean} well */
  #handled({ kind, notice }, well) {
    if (kind === "event") {
      this.#showed(notice.position);
    } else if (well) {
      this.#failures = 0;
      if (!this.#isKnown(notice.position)) this.#position = notice.position;
    } else {
      this.#queue.unshift({ kind, notice });
      const wait = Math.min(1000 * 2 ** Math.min(this.#failures++, 5), LONGEST_BACKOFF_MS);
      this.#timers.set("resync", wait + this.#random() * 1000, () => this.#deliver());
      return false;
    }
    return true;
  }

  /** @param {Position} position */
  #showed(position) {
    if (position.epoch === this.#cursor.position?.epoch) this.#connection?.shown(position.seq);
  }

  /** @param {Ended} ended */
  #ended({ reason, code, held, retryAfterMs }) {
    const remedy = code === null ? undefined : REMEDIES[code];
    const token = this.#connection?.token ?? null;
    this.#connection = null;
    if (remedy === "stop") return this.#stop("refused", reason, code);
    if (remedy === "refresh") this.#refused = token;
    this.#attempt = held ? 1 : this.#attempt + 1;
    if (this.#attempt > (this.#options.maxAttempts ?? Infinity))
      return this.#stop("max_attempts", reason, code);
    const doubled = 1000 * 2 ** Math.min(this.#attempt - 1, 5);
    const backoff = remedy === "late" ? LONGEST_BACKOFF_MS : Math.min(doubled, LONGEST_BACKOFF_MS);
    const retryInMs =
      retryAfterMs === null
        ? backoff + this.#random() * 1000
        : // asked to come back soon, again and again: then not sooner than the schedule says
          Math.max(Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS), this.#attempt > 1 ? backoff : 0);
    this.state = "waiting";
    this.#timers.set("retry", retryInMs, () => void this.#open());
    this.#tell("disconnected", { code, reason, retryInMs, attempt: this.#attempt });
  }

  /** @param {string} reason @param {string} detail @param {number | null} code */
  #stop(reason, detail, code) {
    this.state = "stopped";
    this.#run += 1;
    this.#life += 1;
    this.#timers.clear();
    this.#connection?.drop();
    this.#connection = null;
    // what waits to be told is told by the next start: it resumes after what was handed out
    this.#queue = [];
    this.#busy = false;
    this.#cursor.startOver(this.#position);
    this.#network?.removeEventListener("online", this.#online);
    this.#running.delete(this);
    this.#ready?.reject(new FeedStopped(reason, detail, code));
    this.#tell("stopped", { reason, detail, code });
  }

  /** To every listener in turn; one that fails is reported and stops nobody else. Which of them went well, or
   * will have. @param {string} kind @param {any} notice @returns {(boolean | Promise<boolean>)[]} */
  #tell(kind, notice) {
    const failed = (/** @type {unknown} */ error) => {
      console.error(`fynlo: a listener of ${kind} failed`, error);
      return false;
    };
    return [...(this.#listeners.get(kind) ?? [])].map((listener) => {
      if (!this.#listeners.get(kind)?.has(listener)) return true; // taken away by one before it
      try {
        const result = listener(notice);
        return typeof result?.then === "function" ? Promise.resolve(result).then(() => true, failed) : true;
      } catch (error) {
        return failed(error);
      }
    });
  }
}
