// @ts-check
/**
 * The browser client of a Fynlo server: REST calls that survive a bad network, and the live feed.
 *
 * One module without dependencies, for pages, React Native and Node 20. Everything it needs of its
 * surroundings can be given instead: `fetch`, `WebSocket`, `clock`, `random`, `storage`, `network`.
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
 *     feed.on("resync", async () => {
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
/** Who is asked to wait longer than this is told so at once (`ProblemError.retryAfterMs`). */
const LONGEST_RETRY_AFTER_MS = 60_000;
const LONGEST_BACKOFF_MS = 30_000;
/** How long a socket may take to open, and then the server to answer `authenticate`. */
const OPEN_WITHIN_MS = 10_000;
const ACK_EVERY_MS = 1_000;

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
 * @typedef {object} Snapshot  a list, and a place in the feed that it is known to include
 * @property {any[]} items
 * @property {Position | null} position
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
  const zero = Date.now() - performance.now();
  return {
    now: () => zero + performance.now(),
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => clearTimeout(timer),
  };
})();

// What goes wrong: ClientError, of which ProblemError (the server refused), Unreachable (it did not answer),
// BadAnswer (it answered something else than Fynlo does), NotLoggedIn and FeedStopped.

export class ClientError extends Error {
  /** @param {string} message @param {unknown} [cause] */
  constructor(message, cause) {
    super(message);
    this.name = new.target.name;
    if (cause !== undefined) this.cause = cause;
  }
}

export class Unreachable extends ClientError {}
export class BadAnswer extends ClientError {}
export class NotLoggedIn extends ClientError {}

/** A refusal as the server explains it (RFC 9457). */
export class ProblemError extends ClientError {
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
    const abort = new AbortController();
    const timer = this.clock.setTimeout(() => abort.abort(), timeoutMs);
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
      const why = abort.signal.aborted ? `nothing within ${timeoutMs / 1000} s` : String(error);
      throw new Unreachable(`${method} ${path} got no answer: ${why}`, error);
    } finally {
      this.clock.clearTimeout(timer);
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

  /** Whether there is a session to continue; it may have ended on the server. */
  async restore() {
    await this.#adopt();
    return this.#pair !== null;
  }

  /** Drops tokens and credentials, stored ones too; what follows throws NotLoggedIn. */
  async forget() {
    await this.settle(); // what it brings must not come back
    this.#pair = this.#credentials = null;
    await this.#stored((storage) => storage.removeItem(this.#key));
  }

  /** A token with a minute to live at least. Throws NotLoggedIn, ProblemError or Unreachable. */
  async token() {
    if (this.#pair && this.#wire.clock.now() < this.#pair.replaceAt) return this.#pair.access;
    return this.#refreshed(null);
  }

  /**
   * A token other than `failed`: the one at hand if that is newer already, else a refreshed one.
   * @param {string} failed
   */
  async refresh(failed) {
    if (this.#pair && this.#pair.access !== failed) return this.#pair.access;
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
    const text = await this.#stored((storage) => storage.getItem(this.#key));
    try {
      const stored = JSON.parse(text ?? "null");
      if (!stored?.access || !stored.refresh) return false;
      if (this.#pair && (stored.user !== this.#pair.user || !(stored.expiresAt > this.#pair.expiresAt)))
        return false;
      this.#pair = stored;
      return true;
    } catch {
      return false; // somebody else's value
    }
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
    for (let n = 0; ; n++) {
      try {
        return await this.#authorized(method, target, text, sent);
      } catch (error) {
        const wait = waitBeforeRetry(error, n);
        if (wait === null || n === tries - 1) throw error;
        await new Promise((resolve) => this.#wire.clock.setTimeout(() => resolve(null), wait));
      }
    }
  }

  /**
   * @param {string} method @param {string} path @param {string | undefined} body
   * @param {Record<string, string>} headers
   */
  async #authorized(method, path, body, headers) {
    const ask = (/** @type {string} */ token) =>
      this.#wire.send(method, path, { body, headers: { ...headers, Authorization: `Bearer ${token}` } });
    const token = await this.tokens.token();
    try {
      return await ask(token);
    } catch (error) {
      if (!(error instanceof ProblemError && error.status === 401)) throw error;
      return ask(await this.tokens.refresh(token));
    }
  }

  /** Begins a session, see `TokenManager.login`.
   * @param {string} email @param {string} password @param {{keep?: boolean}} [options] */
  login(email, password, options) {
    if (!this.session) throw new NotLoggedIn("the tokens of this client come from elsewhere: log in there");
    return this.session.login(email, password, options);
  }

  /** Ends the session here, and on the server if that can be reached. */
  async logout() {
    try {
      await this.request("POST", "/auth/logout");
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
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

  /** A page (from 1, of up to 100) of what is on the menu.
   * @param {string} restaurantId @param {{category?: string, page?: number, limit?: number}} [options]
   * @returns {Promise<Snapshot>} */
  async menu(restaurantId, options = {}) {
    const answer = await this.request("GET", "/menu", { query: { restaurant_id: restaurantId, ...options } });
    return { items: answer.data, position: answer.position };
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
      const other = answer.position;
      if (other && position && other.epoch === position.epoch && other.seq < position.seq) position = other;
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

  /** The feed of a restaurant, not yet connected.
   * @param {string} restaurantId @param {FeedOptions} [options] */
  feed(restaurantId, options = {}) {
    return new Feed(this.#wire.url, restaurantId, this.tokens, { ...this.#options, ...options });
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

  /** The server can not replay: goes on from where it says. @param {Position} position */
  startOver(position) {
    this.#unrecovered = this.#earlierHead = null;
    this.position = position;
  }

  /**
   * What to tell about an event: `known` if nothing, and why a snapshot is needed first.
   * @param {any} frame @returns {{known: boolean, resync: string | null}}
   */
  take(frame) {
    /** @type {string | null} */
    let resync = null;
    if (this.#unrecovered) {
      this.startOver(this.#unrecovered);
      resync = "not_recovered";
    }
    if (this.position === null) throw new Error("an event came before the connection was authenticated");
    if (frame.seq <= this.position.seq) return { known: true, resync };
    // prev_seq is what the server sent just before. Beyond what we have: it did not reach us. Below (a
    // snapshot moved us ahead): nothing is missing.
    if (frame.prev_seq > this.position.seq) resync ??= "gap";
    this.position = { epoch: this.position.epoch, seq: frame.seq };
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
 * @property {number | null} code
 * @property {boolean} authenticated
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
  #authenticated = false;
  /** @type {number | null} */
  #retryAfterMs = null;
  #refusal = "";
  #ackPending = 0;
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
      this.#send({ type: "authenticate", token, ...feed.hello() });
    };
    socket.onmessage = (/** @type {{data: any}} */ message) => this.#receive(message.data);
    socket.onclose = (/** @type {{code?: number, reason?: string}} */ close) => {
      const code = close?.code ?? null;
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
    this.#feed.ended({ reason, code, authenticated: this.#authenticated, retryAfterMs: this.#retryAfterMs });
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

  /** Events up to `seq` have been shown. Tells the server at once, then at most once a second.
   * @param {number} seq */
  shown(seq) {
    this.#ackPending = seq;
    if (!this.#timers.has("ack")) this.#acknowledge();
  }

  #acknowledge() {
    if (!this.#ackPending) return;
    this.#send({ type: "ack", seq: this.#ackPending });
    this.#ackPending = 0;
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
      if (typeof frame.type === "string" && frame.type.includes(".")) this.#feed.event(frame, this);
      else this.#control(frame);
    } catch (error) {
      this.end(`unreadable message: ${error}`);
    }
  }

  /** @param {any} frame */
  #control(frame) {
    switch (frame.type) {
      case "authenticated":
        this.#timers.clear("open");
        this.#authenticated = true;
        this.#heartbeat = { ...this.#heartbeat, ...frame.heartbeat };
        this.#timers.set("ping", this.#heartbeat.interval_s * 1000, () => this.#ping());
        this.#feed.authenticated(frame);
        break;
      case "pong":
        this.#pong(frame);
        break;
      case "resync":
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
      if (this.#missed >= max_missed) this.end(`${this.#missed} heartbeats without an answer`);
    });
    this.#send({ type: "ping", timestamp: this.#pingedAt });
  }

  /** @param {any} frame */
  #pong(frame) {
    if (frame.timestamp === this.#pingedAt && this.#timers.has("pong")) {
      this.#timers.clear("pong");
      if (this.#missed) this.#feed.silent(0);
      this.#missed = 0;
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
 * @property {() => object} hello
 * @property {(frame: any) => void} authenticated
 * @property {(frame: any, connection: Connection) => void} event
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

/**
 * One restaurant's feed, over one socket at a time. Nothing is lost: it resumes where it was after every
 * break, and tells `resync` where the server can't replay or a gap shows; then read again what the screen is
 * built on and call `continueFrom`. Nothing comes twice: what is known already is dropped. It ends only when
 * the session is over, when the server refuses for good, after `maxAttempts`, or by `disconnect`.
 *
 * Listeners (`on`) are called in the order of events, with
 *
 * | kind | |
 * | --- | --- |
 * | an event's type, and `event` for all | FeedEvent |
 * | `connected` | `{connectionId, position, recovered, replayed}` |
 * | `disconnected` | `{code, reason, retryInMs, attempt}`; code null where no close frame came |
 * | `resync` | `{reason, position}` |
 * | `silent` | `{missed}`: heartbeats without an answer so far, 0 when one comes again |
 * | `stopped` | `{reason, detail, code}`; reason unauthenticated, refused, max_attempts or disconnected |
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
  /** @type {Map<string, Set<(notice: any) => void>>} */
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

  /** @type {"idle" | "connecting" | "connected" | "waiting" | "stopped"} */
  state = "idle";

  /**
   * @param {string} url @param {string} restaurantId @param {TokenSource} tokens
   * @param {Options & FeedOptions} [options]
   */
  constructor(url, restaurantId, tokens, options = {}) {
    const socket = options.socket ?? "pos";
    const base = url.replace(/\/+$/, "").replace(/^http/, "ws");
    this.#address = `${base}${API}/websocket/ws/${socket}/${restaurantId}`;
    this.#restaurantId = restaurantId;
    this.#tokens = tokens;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#timers = new Timers(this.#clock);
    this.#cursor = new Cursor(options.position ?? null, socket === "pos");
    const surroundings = /** @type {any} */ (globalThis);
    this.#network =
      options.network === undefined && typeof surroundings.addEventListener === "function"
        ? /** @type {Network} */ (surroundings)
        : (options.network ?? null);
  }

  /** @returns {Position | null} the last event handed out; null before the first connection */
  get position() {
    return this.#cursor.position;
  }

  /** How many listeners there are. */
  get listening() {
    return [...this.#listeners.values()].reduce((sum, of) => sum + of.size, 0);
  }

  /** Calls `listener` for a kind of notice, see above. Returns what takes it away again.
   * @param {string} kind @param {(notice: any) => void} listener */
  on(kind, listener) {
    const known = this.#listeners.get(kind);
    if (known) known.add(listener);
    else this.#listeners.set(kind, new Set([listener]));
    return () => this.off(kind, listener);
  }

  /** @param {string} kind @param {(notice: any) => void} listener one that is not there is no error */
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
    this.#network?.addEventListener("online", this.#online);
    void this.#open();
    return promise;
  }

  /** Ends the feed. Nothing of it is left when this resolves: no timer, socket or listener. */
  async disconnect() {
    if (this.#ready && this.state !== "stopped") this.#stop("disconnected", "", null);
    this.#listeners.clear();
    await this.#tokens.settle();
  }

  /** After a snapshot: what it includes is not told again. @param {Position | null} position */
  continueFrom(position) {
    if (position) this.#cursor.continueFrom(position);
  }

  /** Ends the wait before a reconnect, if there is one: for apps that hear that the network is back. */
  retryNow() {
    if (this.state !== "waiting") return;
    this.#timers.clear("retry");
    void this.#open();
  }

  #online = () => this.retryNow();

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
      const socket = new WebSocket(this.#address);
      this.#connection = new Connection(this.#link(), socket, token);
    } catch (error) {
      this.#ended({ reason: `no connection: ${error}`, code: null, authenticated: false, retryAfterMs: null });
    }
  }

  /** @param {unknown} error */
  #withoutToken(error) {
    const refusal = error instanceof ProblemError && error.status < 500 && error.status !== 429;
    if (error instanceof NotLoggedIn || refusal) {
      this.#stop("unauthenticated", /** @type {Error} */ (error).message, null);
    } else {
      const retryAfterMs = error instanceof ProblemError ? error.retryAfterMs : null;
      this.#ended({ reason: `no token: ${error}`, code: null, authenticated: false, retryAfterMs });
    }
  }

  /** @returns {Link} */
  #link() {
    return {
      clock: this.#clock,
      cursor: this.#cursor,
      tokens: this.#tokens,
      hello: () => ({
        restaurant_id: this.#restaurantId,
        ...(this.position ? { last_seq: this.position.seq, epoch: this.position.epoch } : {}),
        ...(this.#options.stationIds?.length ? { station_ids: this.#options.stationIds } : {}),
      }),
      authenticated: (frame) => {
        this.#cursor.authenticated(frame);
        this.state = "connected";
        this.#ready?.resolve();
        this.#tell("connected", {
          connectionId: frame.connection_id,
          position: this.position,
          recovered: Boolean(frame.recovered),
          replayed: frame.replayed ?? 0,
        });
      },
      event: (frame, connection) => this.#event(frame, connection),
      resync: (reason, position) => {
        this.#cursor.startOver(position);
        this.#tell("resync", { reason, position });
      },
      silent: (missed) => this.#tell("silent", { missed }),
      serverTime: (time, sentAt) => {
        const at = typeof time === "number" ? time * (time < 1e11 ? 1000 : 1) : Date.parse(time);
        this.#options.serverClock?.observe(at, sentAt, this.#clock.now());
      },
      ended: (ended) => this.#ended(ended),
    };
  }

  /** @param {any} frame @param {Connection} connection */
  #event(frame, connection) {
    const { known, resync } = this.#cursor.take(frame);
    const position = /** @type {Position} */ (this.position);
    if (resync) this.#tell("resync", { reason: resync, position });
    if (known) return;
    /** @type {FeedEvent} */
    const event = {
      type: frame.type,
      seq: frame.seq,
      prevSeq: frame.prev_seq,
      position,
      restaurantId: frame.restaurant_id,
      timestamp: frame.timestamp,
      data: frame.data,
    };
    this.#tell(event.type, event);
    this.#tell("event", event);
    if (connection === this.#connection) connection.shown(event.seq);
  }

  /** @param {Ended} ended */
  #ended({ reason, code, authenticated, retryAfterMs }) {
    const remedy = code === null ? undefined : REMEDIES[code];
    const token = this.#connection?.token ?? null;
    this.#connection = null;
    if (remedy === "stop") return this.#stop("refused", reason, code);
    if (remedy === "refresh") this.#refused = token;
    this.#attempt = authenticated ? 1 : this.#attempt + 1;
    if (this.#attempt > (this.#options.maxAttempts ?? Infinity))
      return this.#stop("max_attempts", reason, code);
    const backoff = remedy === "late" ? LONGEST_BACKOFF_MS : 1000 * 2 ** Math.min(this.#attempt - 1, 30);
    const retryInMs = retryAfterMs ?? Math.min(backoff, LONGEST_BACKOFF_MS) + this.#random() * 1000;
    this.state = "waiting";
    this.#timers.set("retry", retryInMs, () => void this.#open());
    this.#tell("disconnected", { code, reason, retryInMs, attempt: this.#attempt });
  }

  /** @param {string} reason @param {string} detail @param {number | null} code */
  #stop(reason, detail, code) {
    this.state = "stopped";
    this.#run += 1;
    this.#timers.clear();
    this.#connection?.drop();
    this.#connection = null;
    this.#network?.removeEventListener("online", this.#online);
    this.#ready?.reject(new FeedStopped(reason, detail, code));
    this.#tell("stopped", { reason, detail, code });
  }

  /** To every listener in turn; one that throws is reported and stops nobody else.
   * @param {string} kind @param {any} notice */
  #tell(kind, notice) {
    for (const listener of [...(this.#listeners.get(kind) ?? [])]) {
      if (!this.#listeners.get(kind)?.has(listener)) continue; // taken away by one before it
      try {
        listener(notice);
      } catch (error) {
        console.error(`fynlo: a listener of ${kind} failed`, error);
      }
    }
  }
}
