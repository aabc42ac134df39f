// @ts-check
/** This screen as a paired device: its name and stations, which a manager may change at any time. */

import { byId } from "./dom.js";
import { ClientError, ProblemError } from "./fynlo.js";

/** @typedef {import("./fynlo.js").Device} Device */

export class OwnDevice {
  #api;
  #asked = false;
  /** @type {Device | null} null where a person is signed in */
  #device = null;

  /** @param {import("./fynlo.js").ApiClient} api */
  constructor(api) {
    this.#api = api;
  }

  get paired() {
    return this.#device !== null;
  }

  /** None: all of them. */
  get stationIds() {
    return this.#device?.station_ids ?? [];
  }

  /** Who has signed in. @param {import("./fynlo.js").User} user devices have no address */
  async read(user) {
    this.#device = null;
    if (user.email !== null) return;
    try {
      this.#device = await this.#api.device();
    } catch (error) {
      // people of another issuer may have no address either
      if (!(error instanceof ProblemError && error.status === 404)) throw error;
    }
  }

  /** Draws it as it is on the server, if that answers; what else matters of it the feed tells. */
  async refresh() {
    if (this.#device === null) return;
    try {
      this.#device = await this.#api.device();
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      return;
    }
    this.#drawName();
  }

  draw() {
    this.#drawName();
    this.#asked = false;
    byId("menu-logout", HTMLElement).textContent = this.paired ? "Unpair this screen" : "Log out";
  }

  #drawName() {
    const name = byId("device", HTMLElement);
    name.hidden = !this.paired;
    name.textContent = this.#device?.name ?? "";
    byId("menu-title", HTMLElement).textContent = this.#device?.name ?? "This screen";
  }

  /** Whether it is to be logged out, which somebody has pressed: a paired screen hangs where anybody may touch
   * it, so the first press only asks. */
  confirmed() {
    if (!this.paired || this.#asked) return true;
    this.#asked = true;
    byId("menu-logout", HTMLElement).textContent = "Press again: it will need a new code";
    return false;
  }
}
