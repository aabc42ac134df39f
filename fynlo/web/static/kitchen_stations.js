// @ts-check
/**
 * Which lines a screen with stations of its own shows. An order's lines say what they are, the menu says where
 * that is made. What nobody knows the station of is shown everywhere: rather twice than not at all. At an expo
 * station everything comes together, so everything is shown.
 */

import { systemClock } from "./fynlo.js";

/** How soon a menu is read again: a change comes with others, and an unknown dish may stay unknown. */
const SOON_MS = 1_000;
const LATER_MS = 30_000;

export class Stations {
  #api;
  #restaurantId;
  #onChange;
  #clock;
  /** @type {Map<string, string | null>} stations by product */
  #of = new Map();
  /** @type {ReadonlySet<string>} empty: all of them */
  #wanted;
  #expo = /** @type {ReadonlySet<string>} */ (new Set());
  /** @type {any} */
  #timer = null;
  #over = false;

  /** @param {import("./fynlo.js").ApiClient} api @param {string} restaurantId @param {readonly string[]} wanted
   * @param {{onChange: () => void, clock?: import("./fynlo.js").Clock}} options  what is shown may differ now */
  constructor(api, restaurantId, wanted, { onChange, clock = systemClock }) {
    this.#api = api;
    this.#restaurantId = restaurantId;
    this.#onChange = onChange;
    this.#clock = clock;
    this.#wanted = new Set(wanted);
    if (this.#wanted.size) void this.#read();
  }

  stop() {
    this.#over = true;
    this.#clock.clearTimeout(this.#timer);
  }

  /** @param {readonly string[]} wanted */
  change(wanted) {
    if (wanted.length === this.#wanted.size && wanted.every((id) => this.#wanted.has(id))) return;
    this.#wanted = new Set(wanted);
    if (this.#wanted.size) void this.#read();
    this.#onChange();
  }

  /** Whether a line is this screen's. @param {{product_id?: string}} line */
  shows({ product_id }) {
    if (!this.#wanted.size || product_id === undefined) return true;
    for (const id of this.#wanted) if (this.#expo.has(id)) return true;
    const station = this.#of.get(product_id);
    if (station === undefined) this.#readIn(LATER_MS);
    return station === undefined || station === null || this.#wanted.has(station);
  }

  /** The menu has changed. */
  menuChanged() {
    if (this.#wanted.size) this.#readIn(SOON_MS);
  }

  /** @param {number} ms */
  #readIn(ms) {
    if (this.#timer !== null || this.#over) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = null;
      void this.#read();
    }, ms);
  }

  async #read() {
    try {
      const [{ items }, stations] = await Promise.all([
        this.#api.menuAll(this.#restaurantId),
        this.#api.stations(this.#restaurantId),
      ]);
      if (this.#over) return;
      this.#expo = new Set(stations.filter(({ kind }) => kind === "expo").map(({ id }) => id));
      // what was taken off the menu is still cooked where it was
      for (const { id, station_id } of items) this.#of.set(id, station_id ?? null);
      this.#onChange();
    } catch {
      this.#readIn(LATER_MS); // until then everything is shown that was
    }
  }
}
