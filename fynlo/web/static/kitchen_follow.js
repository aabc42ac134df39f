// @ts-check
/**
 * Follows one restaurant: a snapshot of its open orders, then its feed, then again a snapshot wherever the
 * feed says that something was missed. What is shown stays until the next truth is there.
 */

import { NotLoggedIn, ProblemError, systemClock } from "./fynlo.js";
import { Board, OPEN } from "./kitchen_board.js";

/** @typedef {import("./kitchen_board.js").Change} Change */

/**
 * @typedef {object} State
 * @property {"connecting" | "live" | "away" | "stopped"} phase  away: what is shown may be old
 * @property {number} since  by the follower's clock
 * @property {"unauthenticated" | "refused" | ""} why  of `stopped`: log in again, or choose another restaurant
 */

const LONGEST_RETRY_MS = 30_000;
/** How often a press of a button is tried anew on an order that others change at the same time. */
const PRESSES = 4;
/** What the server's close says about this restaurant; any other refusal is worth another try. */
const NOT_ALLOWED = 4004;

export class Following {
  #api;
  #restaurantId;
  #options;
  #clock;
  #random;
  /** @type {import("./fynlo.js").Feed | null} */
  #feed = null;
  /** @type {any} */
  #retry = null;
  #failures = 0;
  #reading = false;
  /** A snapshot is owed: the feed has said so, and none has been read since. */
  #owed = true;
  #connected = false;
  #answering = true;
  #over = false;
  /** Whether the first snapshot is there: what hung before we looked is no news. */
  #begun = false;

  board;
  /** @type {State} */
  state;

  /**
   * @param {import("./fynlo.js").ApiClient} api
   * @param {string} restaurantId
   * @param {{onChanges: (changes: Change[], first: boolean) => void, onState: (state: State) => void,
   *   onMenu?: () => void, shows?: (line: import("./kitchen_board.js").Line) => boolean,
   *   clock?: import("./fynlo.js").Clock, random?: () => number}} options
   *   `onChanges` is told `first` for what hung there before this screen looked, `onMenu` that the menu has
   *   changed; `shows` tells which lines are this screen's
   */
  constructor(api, restaurantId, options) {
    this.#api = api;
    this.#restaurantId = restaurantId;
    this.#options = options;
    this.board = new Board(options.shows);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.state = { phase: "connecting", since: this.#clock.now(), why: "" };
  }

  start() {
    void this.#read();
  }

  /** Leaves nothing behind. */
  async stop() {
    this.#over = true;
    this.#clock.clearTimeout(this.#retry);
    await this.#feed?.disconnect();
  }

  /** Tries at once whatever waits: the network is back. */
  retryNow() {
    if (this.#retry === null) return;
    this.#clock.clearTimeout(this.#retry);
    this.#retry = null;
    void this.#read();
  }

  /**
   * Moves an order on. Where it has changed in the meantime, its present state is drawn, and the wish stands
   * for as long as it still makes sense.
   * @param {string} orderId @param {string} status
   * @returns {Promise<void>} throws what the server refuses it with
   */
  async press(orderId, status) {
    const wished = this.board.order(orderId)?.status;
    for (let n = 1; ; n++) {
      const order = this.board.order(orderId);
      if (!order || order.status !== wished) return; // somebody else has moved it: that is on the screen now
      try {
        this.#tell(this.board.answer(await this.#api.setStatus(order, status)));
        return;
      } catch (error) {
        if (!(error instanceof ProblemError) || this.#over) throw error;
        if (error.status === 412 && error.current && n < PRESSES) {
          this.#tell(this.board.answer(error.current));
          continue;
        }
        if (error.status === 409) await this.#readOne(orderId);
        throw error;
      }
    }
  }

  /** @param {string} orderId */
  async #readOne(orderId) {
    try {
      this.#tell(this.board.answer(await this.#api.order(orderId)));
    } catch {
      // the feed brings it, too
    }
  }

  async #read() {
    if (this.#over || this.#reading) return;
    this.#reading = true;
    this.#owed = false;
    try {
      const { items, position } = await this.#api.orders(this.#restaurantId, { status: OPEN });
      if (this.#over) return;
      if (position === null) throw new Error("the orders came without their place in the feed");
      this.#failures = 0;
      const first = !this.#begun;
      this.#begun = true;
      this.#tell(this.board.snapshot(items, position), first);
      if (this.#feed) this.#feed.continueFrom(position);
      else this.#follow(position);
    } catch (error) {
      if (this.#over) return;
      const refused = error instanceof ProblemError && [403, 404].includes(error.status);
      if (error instanceof NotLoggedIn || (error instanceof ProblemError && error.status === 401))
        return this.#stopped("unauthenticated");
      if (refused) return this.#stopped("refused");
      this.#owed = true;
      this.#again(error instanceof ProblemError ? error.retryAfterMs : null);
    } finally {
      this.#reading = false;
      this.#show();
    }
    if (this.#owed && this.#retry === null) void this.#read();
  }

  /** @param {number | null} [afterMs] */
  #again(afterMs = null) {
    const wait = Math.min(1_000 * 2 ** this.#failures++, LONGEST_RETRY_MS) + this.#random() * 1_000;
    this.#clock.clearTimeout(this.#retry);
    this.#retry = this.#clock.setTimeout(() => {
      this.#retry = null;
      void this.#read();
    }, afterMs ?? wait);
  }

  /** @param {import("./fynlo.js").Position} position */
  #follow(position) {
    const feed = this.#api.feed(this.#restaurantId, { socket: "kitchen", position });
    this.#feed = feed;
    feed.on("event", (event) => this.#tell(this.board.event(event)));
    feed.on("menu.updated", () => this.#options.onMenu?.());
    feed.on("connected", () => {
      this.#connected = this.#answering = true;
      this.retryNow(); // a snapshot that waits for the server need not wait any longer
      this.#show();
    });
    feed.on("silent", ({ missed }) => {
      this.#answering = missed === 0;
      this.#show();
    });
    feed.on("disconnected", () => {
      this.#connected = false;
      this.#show();
    });
    feed.on("resync", () => {
      this.#owed = true;
      this.#show();
      if (this.#retry === null) void this.#read();
    });
    feed.on("stopped", ({ reason, code }) => {
      this.#connected = false;
      if (this.#over) return;
      if (reason === "unauthenticated") this.#stopped("unauthenticated");
      else if (code === NOT_ALLOWED) this.#stopped("refused");
      else {
        // nobody stands by a wall: begin again, with a snapshot
        this.#feed = null;
        this.#owed = true;
        this.#again(LONGEST_RETRY_MS);
        this.#show();
      }
    });
    void feed.connect();
  }

  /** @param {"unauthenticated" | "refused"} why */
  #stopped(why) {
    void this.stop();
    this.state = { phase: "stopped", since: this.#clock.now(), why };
    this.#options.onState(this.state);
  }

  #show() {
    if (this.#over) return;
    const live = this.#connected && this.#answering && !this.#owed && !this.#reading;
    const phase = live ? "live" : this.state.phase === "connecting" && !this.#failures ? "connecting" : "away";
    if (phase === this.state.phase) return;
    // who never came up has been away from the start
    const since = this.state.phase === "connecting" && phase === "away" ? this.state.since : this.#clock.now();
    this.state = { phase, since, why: "" };
    this.#options.onState(this.state);
  }

  /** @param {Change[]} changes @param {boolean} [first] */
  #tell(changes, first = false) {
    if ((changes.length || first) && !this.#over) this.#options.onChanges(changes, first);
  }
}
