// @ts-check
/**
 * What hangs on the kitchen's rail: the open orders of one restaurant, from snapshots, events and answers that
 * come in any order. An older version never replaces a newer one, and an order that was closed stays closed.
 */

/** @typedef {import("./fynlo.js").Position} Position */

/**
 * @typedef {object} Line
 * @property {string} id
 * @property {string} [product_id]
 * @property {string} name
 * @property {string | null} variant_name
 * @property {number} quantity
 * @property {number} course
 * @property {string | null} notes
 * @property {"held" | "sent" | "voided"} status
 * @property {{modifier_id: string, name: string, quantity: number}[]} modifiers
 *
 * @typedef {object} Order  as the kitchen sees it
 * @property {string} id
 * @property {number} number
 * @property {string} type
 * @property {string} status
 * @property {number} version
 * @property {string | null} table_id
 * @property {string | null} [table_name]
 * @property {number | null} covers
 * @property {string | null} customer_name
 * @property {string | null} notes
 * @property {string} placed_at
 * @property {string} updated_at
 * @property {Line[]} items
 *
 * @typedef {object} Ticket
 * @property {Order} order
 * @property {Line[]} lines  what the kitchen has been told: held lines are not there
 * @property {ReadonlySet<string>} added  lines that came after the ticket did
 * @property {ReadonlyMap<string, number>} moved  of these, the lines that hung on another ticket, with its number: they
 *   were merged into this order, and may be cooking already
 * @property {string | null} readySince  RFC 3339
 *
 * @typedef {object} Change
 * @property {"opened" | "changed" | "closed"} kind
 * @property {Ticket} ticket
 * @property {string} [from]  the status before, where that changed
 * @property {string[]} [added]  lines that are new with this change
 * @property {string[]} [voided]
 */

/** What a snapshot asks for. */
export const OPEN = Object.freeze(["pending", "confirmed", "preparing", "ready"]);

/** Closed orders are remembered, so that nothing old brings one back; this many suffice for any delay. */
const REMEMBERED = 2_000;

/**
 * @typedef {object} Entry
 * @property {Order} order
 * @property {Position} at  where in the feed this was learnt, as far as that is known
 * @property {Set<string>} added
 * @property {Map<string, number>} moved
 * @property {string | null} readySince
 */

export class Board {
  /** @type {Map<string, Entry>} */
  #open = new Map();
  /** @type {Map<string, Position>} */
  #closed = new Map();
  /** Lines of orders that were merged into others, and those orders' numbers. @type {Map<string, number>} */
  #merged = new Map();

  #shows;

  /** @param {(line: Line) => boolean} [shows] what hangs here; by default everything */
  constructor(shows = () => true) {
    this.#shows = shows;
  }

  /** Tickets, oldest first. @returns {Ticket[]} */
  get tickets() {
    return [...this.#open.values()]
      .filter((entry) => this.#hangs(entry))
      .map((entry) => this.#ticketOf(entry))
      .sort(
        ({ order: a }, { order: b }) =>
          Date.parse(a.placed_at) - Date.parse(b.placed_at) || a.number - b.number,
      );
  }

  /** The order as it is known here. @param {string} id @returns {Order | null} */
  order(id) {
    return this.#open.get(id)?.order ?? null;
  }

  /** An event of the feed; one without an order changes nothing.
   * @param {import("./fynlo.js").FeedEvent} event @returns {Change[]} */
  event({ data, position, timestamp }) {
    return data?.order ? this.#apply(data.order, position, timestamp) : [];
  }

  /** An order that came as an answer, outside of the feed. @param {Order} order @returns {Change[]} */
  answer(order) {
    const known = this.#open.get(order.id);
    return known ? this.#apply(order, known.at, order.updated_at) : [];
  }

  /**
   * All open orders, as they were at `position` or later.
   * @param {Order[]} orders @param {Position} position @returns {Change[]}
   */
  snapshot(orders, position) {
    const changes = orders.flatMap((order) => this.#apply(order, position, order.updated_at));
    const present = new Set(orders.map(({ id }) => id));
    for (const [id, entry] of this.#open) {
      // what was learnt after the snapshot was taken need not be in it
      const newer = entry.at.epoch === position.epoch && entry.at.seq > position.seq;
      if (!present.has(id) && !newer) changes.push(...this.#close(entry, position));
    }
    return changes;
  }

  /** @param {Order} order */
  #linesOf(order) {
    // of an order that was never sent the kitchen has been told nothing, voided lines included
    return order.items.filter(
      (line) =>
        (line.status === "sent" || (line.status === "voided" && order.status !== "pending")) && this.#shows(line),
    );
  }

  /** @param {Entry} entry @returns {Ticket} */
  #ticketOf({ order, added, moved, readySince }) {
    return { order, lines: this.#linesOf(order), added: new Set(added), moved: new Map(moved), readySince };
  }

  /** @param {Entry | undefined} entry */
  #hangs(entry) {
    return entry !== undefined && this.#linesOf(entry.order).length > 0;
  }

  /** @param {Order} order @param {Position} at @param {string} time @returns {Change[]} */
  #apply(order, at, time) {
    const known = this.#open.get(order.id);
    // another epoch is another history: the database was restored, and versions begin where it was
    const sameHistory = known?.at.epoch === at.epoch;
    if (known && sameHistory && order.version < known.order.version) return [];
    if (this.#closed.get(order.id)?.epoch === at.epoch) return [];
    const position = known && sameHistory && known.at.seq > at.seq ? known.at : at;
    if (!OPEN.includes(order.status)) {
      if (known && order.status === "merged") this.#leave(known.order);
      // one that is merged has no lines any more: whether there is a ticket to take down is seen from before
      if (known) return this.#close({ ...known, order, at: position }, position, known.order.status, this.#hangs(known));
      this.#remember(order.id, position);
      return [];
    }
    const before = new Map((known ? this.#linesOf(known.order) : []).map((line) => [line.id, line]));
    const lines = this.#linesOf(order);
    const added = before.size ? lines.filter(({ id }) => !before.has(id)).map(({ id }) => id) : [];
    const ready = order.status === "ready";
    /** @type {Entry} */
    const entry = {
      order,
      at: position,
      added: new Set([...(ready ? [] : (known?.added ?? [])), ...added]),
      moved: new Map([...(ready ? [] : (known?.moved ?? [])), ...this.#whence(order.id, added)]),
      readySince: ready ? (known?.readySince ?? time) : null,
    };
    this.#open.set(order.id, entry);
    if (!this.#hangs(entry)) return known && this.#hangs(known) ? [{ kind: "closed", ticket: this.#ticketOf(known) }] : [];
    const ticket = this.#ticketOf(entry);
    if (!this.#hangs(known)) return [{ kind: "opened", ticket }];
    const voided = lines.filter(({ id, status }) => status === "voided" && before.get(id)?.status === "sent");
    const from = known?.order.status;
    return [
      {
        kind: "changed",
        ticket,
        added,
        voided: voided.map(({ id }) => id),
        ...(from === order.status ? {} : { from }),
      },
    ];
  }

  /** Which of these lines hung on another ticket, and on which. Of two orders that are merged either is told of first.
   * @param {string} orderId @param {string[]} lines @returns {Iterable<[string, number]>} */
  *#whence(orderId, lines) {
    if (!lines.length) return;
    for (const id of lines) {
      const number = this.#merged.get(id);
      if (number !== undefined) yield [id, number];
    }
    for (const { order } of this.#open.values()) {
      if (order.id === orderId) continue;
      for (const { id, status } of order.items) if (status === "sent" && lines.includes(id)) yield [id, order.number];
    }
  }

  /** @param {Entry} entry @param {Position} at @param {string} [from] @param {boolean} [hung] @returns {Change[]} */
  #close(entry, at, from = entry.order.status, hung = this.#hangs(entry)) {
    this.#open.delete(entry.order.id);
    this.#remember(entry.order.id, at);
    return hung ? [{ kind: "closed", ticket: this.#ticketOf(entry), from }] : [];
  }

  /** @param {Order} order  that was merged into another, as it was before */
  #leave({ items, number }) {
    for (const { id, status } of items) if (status === "sent") this.#merged.set(id, number);
    for (const oldest of this.#merged.keys()) {
      if (this.#merged.size <= REMEMBERED) break;
      this.#merged.delete(oldest);
    }
  }

  /** @param {string} id @param {Position} at */
  #remember(id, at) {
    this.#closed.set(id, at);
    for (const oldest of this.#closed.keys()) {
      if (this.#closed.size <= REMEMBERED) break;
      this.#closed.delete(oldest);
    }
  }
}
