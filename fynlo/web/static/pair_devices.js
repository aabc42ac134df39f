// @ts-check
/** The list of what is paired: each with its name and stations to change, and to be revoked. */

import { byId, fill, h } from "./dom.js";
import { ClientError, ProblemError, Unreachable } from "./fynlo.js";

/** @typedef {import("./fynlo.js").Device} Device */
/** @typedef {{id: string, name: string}} Station */

/** A tick box for each station. @param {Station[]} stations @param {readonly string[]} chosen */
export function stationBoxes(stations, chosen) {
  return stations.map(({ id, name }) =>
    h("label", {}, h("input", { type: "checkbox", name: "station", value: id, checked: chosen.includes(id) }), name),
  );
}

/** @param {HTMLElement} within @returns {string[]} */
export function ticked(within) {
  return [...within.querySelectorAll("input[name=station]")]
    .filter((box) => /** @type {HTMLInputElement} */ (box).checked)
    .map((box) => /** @type {HTMLInputElement} */ (box).value);
}

/** One sentence for whoever stands in front of it. @param {unknown} error */
export function sentence(error) {
  if (!(error instanceof ClientError)) throw error;
  return error instanceof Unreachable ? "The server does not answer. Try again in a moment." : error.message;
}

export class Devices {
  #api;
  #restaurantId;
  #stations;
  #onRefused;
  #over = false;
  /** @type {Device[]} */
  #devices = [];
  /** @type {{id: string, as: "changing" | "revoking"} | null} */
  #open = null;

  /** @param {import("./fynlo.js").ApiClient} api @param {string} restaurantId @param {Station[]} stations
   * @param {(error: unknown) => boolean} onRefused  whether the error was dealt with: the session is over */
  constructor(api, restaurantId, stations, onRefused) {
    this.#api = api;
    this.#restaurantId = restaurantId;
    this.#stations = stations;
    this.#onRefused = onRefused;
  }

  stop() {
    this.#over = true;
  }

  async read() {
    try {
      const devices = await this.#api.devices(this.#restaurantId);
      if (this.#over) return;
      this.#devices = devices;
      this.#say("");
    } catch (error) {
      if (!this.#over && !this.#onRefused(error)) this.#say(sentence(error));
    }
    if (!this.#over) this.#draw();
  }

  #draw() {
    byId("devices-empty", HTMLElement).hidden = this.#devices.length > 0;
    fill(
      byId("devices", HTMLElement),
      this.#devices.map((device) => h("li", { "data-device": device.id }, this.#item(device))),
    );
  }

  /** @param {Device} device */
  #item(device) {
    const { name } = device;
    const row = h(
      "div",
      { class: "device" },
      h("div", {}, h("strong", {}, name), h("p", { class: "quiet" }, this.#facts(device))),
      h("button", { type: "button", "aria-label": `Change ${name}`, onclick: () => this.#show(device, "changing") }, "Change"),
      h("button", { type: "button", class: "danger", "aria-label": `Revoke ${name}`, onclick: () => this.#show(device, "revoking") }, "Revoke"),
    );
    if (this.#open?.id !== device.id) return [row];
    return [row, this.#open.as === "changing" ? this.#form(device) : this.#question(device)];
  }

  /** @param {Device} device */
  #facts({ kind, station_ids, last_seen_at, created_at }) {
    const names = this.#stations.filter(({ id }) => station_ids.includes(id)).map(({ name }) => name);
    const shows = kind === "till" ? "Till" : `Kitchen display · ${names.join(", ") || "all stations"}`;
    // a device renews its tokens some minutes before they expire: it is seen about every quarter of an hour
    const seen = last_seen_at ? `last seen ${ago(last_seen_at)}` : `paired ${ago(created_at)}`;
    return `${shows} · ${seen}`;
  }

  /** @param {Device} device @param {"changing" | "revoking"} as */
  #show(device, as) {
    const closes = this.#open?.id === device.id && this.#open.as === as;
    this.#open = closes ? null : { id: device.id, as };
    this.#draw();
    const item = byId("devices", HTMLElement).querySelector(`[data-device="${device.id}"]`);
    /** @type {HTMLElement | null | undefined} */ (item?.querySelector("form input, .sure button, button"))?.focus();
  }

  /** @param {Device} device */
  #form(device) {
    const name = h("input", { name: "name", value: device.name, maxlength: 200, required: true });
    const boxes = h("div", { class: "stations" }, stationBoxes(this.#stations, device.station_ids));
    const kitchen = device.kind === "kitchen" && this.#stations.length > 0;
    return h(
      "form",
      {
        method: "post",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          const change = { name: name.value.trim(), ...(kitchen ? { stationIds: ticked(boxes) } : {}) };
          void this.#do(() => this.#api.changeDevice(device.id, change));
        },
      },
      h("label", {}, "Name ", name),
      kitchen && h("fieldset", {}, h("legend", {}, "Stations that it shows"), h("p", { class: "quiet" }, "None ticked: all of them."), boxes),
      h("p", { class: "buttons" }, h("button", { class: "primary", type: "submit" }, "Save")),
    );
  }

  /** @param {Device} device */
  #question(device) {
    return h(
      "div",
      { class: "sure" },
      h("p", {}, `${device.name} shows nothing any more from that moment on, and whoever signed in on it by PIN is out. It can be paired again with a new code.`),
      h(
        "p",
        { class: "buttons" },
        h("button", { type: "button", onclick: () => this.#show(device, "revoking") }, "Keep it"),
        h("button", { type: "button", class: "danger", onclick: () => void this.#do(() => this.#revoke(device.id)) }, `Revoke ${device.name} now`),
      ),
    );
  }

  /** @param {string} id */
  async #revoke(id) {
    try {
      await this.#api.revokeDevice(id);
    } catch (error) {
      // somebody else was faster, or the answer to the first try was lost
      if (!(error instanceof ProblemError && error.status === 404)) throw error;
    }
  }

  /** @param {() => Promise<unknown>} work */
  async #do(work) {
    try {
      await work();
    } catch (error) {
      if (!this.#over && !this.#onRefused(error)) this.#say(sentence(error));
      return;
    }
    this.#open = null;
    if (!this.#over) await this.read();
  }

  /** @param {string} text */
  #say(text) {
    byId("devices-problem", HTMLElement).textContent = text;
  }
}

/** @param {string} time RFC 3339 */
function ago(time) {
  const minutes = Math.round((Date.now() - Date.parse(time)) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `on ${new Date(time).toLocaleDateString()}`;
}
