// @ts-check
/** Draws tickets. */

import { fill, h } from "./dom.js";

/** @typedef {import("./kitchen_board.js").Ticket} Ticket */
/** @typedef {import("./kitchen_board.js").Line} Line */

/** Seconds after which a ticket is pressing, and late. */
export const WARN_AFTER_S = 8 * 60;
export const LATE_AFTER_S = 15 * 60;

/** @type {Record<string, string>} */
const TYPES = { dine_in: "Dine in", takeaway: "Takeaway", delivery: "Delivery" };

/** @type {Record<string, string>} */
const STATES = { preparing: "Cooking", ready: "Ready" };

/**
 * What can be done next, by status: the label, and the status that it leads to.
 * @type {Record<string, [string, string][]>}
 */
const ACTIONS = {
  pending: [["Start", "preparing"], ["Ready", "ready"]],
  confirmed: [["Start", "preparing"], ["Ready", "ready"]],
  preparing: [["Ready", "ready"]],
  ready: [["Done", "completed"]],
};

/** @param {import("./kitchen_board.js").Order} order where it goes */
export function place({ type, table_name }) {
  return table_name ? `Table ${table_name}` : (TYPES[type] ?? type);
}

/** Time gone by: `0:07`, `12:40`, `1 h 05`. @param {number} ms */
export function elapsed(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 3600) return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  const hours = Math.floor(s / 3600);
  return hours < 24
    ? `${hours} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** What a screen reader says about a ticket. @param {Ticket} ticket */
export function spoken({ order, lines }) {
  const count = lines.filter(({ status }) => status === "sent").reduce((sum, line) => sum + line.quantity, 0);
  return `Order ${order.number}, ${place(order)}, ${count} ${count === 1 ? "item" : "items"}`;
}

/** One ticket on the screen. */
export class Card {
  #elapsed = h("span", { class: "elapsed", "aria-hidden": "true" });
  /** @type {Ticket | null} */
  #drawn = null;
  /** @type {any} */
  #flash;

  /** @param {((orderId: string, status: string) => Promise<void>) | null} press null: this person only looks */
  constructor(press) {
    this.element = h("li", { class: "ticket" });
    this.press = press;
  }

  /** @param {Ticket} ticket */
  draw(ticket) {
    const { order, lines } = ticket;
    this.#drawn = ticket;
    const { element } = this;
    const held = element.contains(document.activeElement) && document.activeElement?.tagName === "BUTTON";
    element.dataset.order = order.id;
    element.dataset.number = String(order.number);
    element.dataset.status = order.status;
    element.setAttribute("aria-label", spoken(ticket));
    fill(
      element,
      h(
        "header",
        { class: "ticket-head" },
        h("span", { class: "number" }, order.number),
        h("span", { class: "place" }, place(order)),
        this.#elapsed,
        h(
          "p",
          { class: "facts" },
          h("span", { class: "state" }, STATES[order.status] ?? "To start"),
          order.table_name && order.type !== "dine_in" && h("span", {}, TYPES[order.type] ?? order.type),
          order.customer_name && h("span", { class: "guest" }, order.customer_name),
          order.covers && h("span", {}, `${order.covers} ${order.covers === 1 ? "cover" : "covers"}`),
        ),
      ),
      order.notes && h("p", { class: "note order-note" }, order.notes),
      courses(ticket),
      this.press && this.#buttons(order),
    );
    if (held) element.querySelector("button")?.focus();
  }

  /** @param {import("./kitchen_board.js").Order} order */
  #buttons(order) {
    return h(
      "footer",
      { class: "actions" },
      (ACTIONS[order.status] ?? []).map(([label, status]) =>
        h(
          "button",
          {
            type: "button",
            "data-action": status,
            "aria-label": `${label}: order ${order.number}`,
            onclick: () => void this.#pressed(order.id, status),
          },
          label,
        ),
      ),
    );
  }

  /** @param {string} orderId @param {string} status */
  async #pressed(orderId, status) {
    const buttons = this.element.querySelectorAll("button");
    for (const button of buttons) button.setAttribute("aria-disabled", "true");
    if (this.element.dataset.busy !== undefined) return;
    this.element.dataset.busy = "";
    try {
      await this.press?.(orderId, status);
    } finally {
      delete this.element.dataset.busy;
      for (const button of this.element.querySelectorAll("button")) button.removeAttribute("aria-disabled");
    }
  }

  /** The time that has gone by. @param {number} now the server's time */
  tick(now) {
    if (!this.#drawn) return;
    const { order, readySince } = this.#drawn;
    const since = Date.parse(order.status === "ready" && readySince ? readySince : order.placed_at);
    const text = elapsed(now - since);
    if (this.#elapsed.textContent !== text) this.#elapsed.textContent = text;
    const waited = (now - since) / 1000;
    const age =
      order.status === "ready" ? "ready" : waited >= LATE_AFTER_S ? "late" : waited >= WARN_AFTER_S ? "warn" : "fresh";
    if (this.element.dataset.age !== age) this.element.dataset.age = age;
  }

  /** Draws the eye. @param {"new" | "changed"} how */
  flash(how) {
    clearTimeout(this.#flash);
    delete this.element.dataset.flash;
    void this.element.offsetWidth; // lets the animation begin anew
    this.element.dataset.flash = how;
    this.#flash = setTimeout(() => delete this.element.dataset.flash, 8_000);
  }
}

/** Lines under their course, where there are several. @param {Ticket} ticket */
function courses({ lines, added, moved }) {
  /** @param {Line} line */
  const markOf = ({ id, status }) => {
    if (status === "voided") return "Void";
    return added.has(id) ? (moved.has(id) ? `From ${moved.get(id)}` : "Added") : "";
  };
  const numbers = [...new Set(lines.map(({ course }) => course))].sort((a, b) => a - b);
  return numbers.map((course) => [
    numbers.length > 1 && h("h3", { class: "course" }, `Course ${course}`),
    h(
      "ul",
      { class: "lines" },
      lines.filter((line) => line.course === course).map((line) => drawLine(line, markOf(line))),
    ),
  ]).flat();
}

/** @param {Line} line @param {string} mark */
function drawLine(line, mark) {
  const voided = line.status === "voided";
  const what = [
    h("span", { class: "name" }, line.name),
    line.variant_name && " ",
    line.variant_name && h("span", { class: "variant" }, line.variant_name),
  ];
  return h(
    "li",
    { class: "line", "data-line": line.id, "data-voided": voided, "data-added": mark !== "" && !voided },
    h("span", { class: "quantity", "data-many": line.quantity > 1 }, line.quantity),
    h(
      "div",
      { class: "what" },
      h("p", { class: "dish" }, voided ? h("s", {}, what) : what),
      mark && h("span", { class: "mark" }, mark),
      line.modifiers.length > 0 &&
        h(
          "ul",
          { class: "modifiers" },
          line.modifiers.map(({ name, quantity }) => h("li", {}, quantity > 1 ? `${name} × ${quantity}` : name)),
        ),
      line.notes && h("p", { class: "note" }, line.notes),
    ),
  );
}
